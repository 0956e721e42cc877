"""Applicants for tests: who they are, and what they type from the first word to the last."""

from dataclasses import dataclass
from datetime import date

from policy.identity import check_digit

NOBODYS_REGION = "440000"
"""No place issues numbers with it, so no applicant here is anybody."""


def id_number(birth: date, order: int = 1, region: str = NOBODYS_REGION) -> str:
    """A well-formed identity number; `order` is the three digits that tell people of one day apart."""
    body = f"{region}{birth:%Y%m%d}{order:03d}"
    return body + check_digit(body)


def months_before(day: date, months: int) -> date:
    """The 15th of the month that many months ago."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 15)


def in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True, slots=True)
class Applicant:
    """One applicant; `words` is all that he or she types, in order, and ends in `done`."""

    name: str
    id_number: str
    phone: str
    words: tuple[str, ...]


def graduate(
    today: date,
    name: str = "陈晓琳",
    order: int = 1,
    phone: str = "13800000001",
    region: str = NOBODYS_REGION,
) -> Applicant:
    """Graduated five months ago, 22 years old."""
    number = id_number(date(today.year - 22, 3, 8), order, region)
    words = (
        "我要报名",
        "1",
        "都没有",
        "本科",
        in_chinese(months_before(today, 5)),
        "同意",
        name,
        number,
        phone,
        "广州市天河区",
        "广东工业大学",
        "软件工程",
        "没有",
        "1",
        "2 3",
        "广州 佛山",
        "随时",
        "要",
        "提交",
    )
    return Applicant(name, number, phone, words)


def youth(today: date, name: str = "林志强", order: int = 3, phone: str = "13800000003") -> Applicant:
    """Nineteen years old, left school after senior high school, registered as unemployed, one hardship."""
    birth = date(today.year - 19, 2, 14)
    number = id_number(birth, order)
    words = (
        "我要报名",
        "失业青年",
        "没有",
        "高中",
        in_chinese(birth),
        "办过",
        "同意",
        name,
        number,
        phone,
        "梅州市梅县区",
        "东山中学",
        "4",
        "低保",
        "都可以",
        "梅州",
        "下个月",
        "不要",
        "提交",
    )
    return Applicant(name, number, phone, words)
