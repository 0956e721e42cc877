"""Dates (日期): a day that was, a day of birth, a day to come.

Owns what each question may take: how exact an answer must be, which year a "6月30日" without one means, and
the limits of plausibility. The clock is never read: ``today`` is given. Every refusal carries ``example``.
"""

from __future__ import annotations

import calendar
import datetime
import re
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.dateforms import Written, read, spoken

EARLIEST_YEAR: Final = 1950
"""Earlier dates are taken for slips of the finger."""
MONTHS_AHEAD: Final = 12
"""A day to come may lie at most this many months ahead."""

_CLASS_YEAR = re.compile(r"届|应届")
_SPAN = re.compile(r"^\D{0,8}(?:19|20)\d\d(?!\d).{0,8}?\s*(?:-+|~+|[—–]+|至|到)\s*((?:19|20)\d\d(?:\D.*)?)$")
_AGO = re.compile(r"(\d{1,3})(?:个)?(天|日|周|星期|礼拜|月)(?:以前|之前|前)")
_NOT_YET = re.compile(
    r"(?:还|暂|尚|仍)?(?:没有?|未)(?:能|正式|有)*(?:毕业|拿|领|发|到手|下来|毕业?证|证)|快毕业|在读|在校|还在上学"
)
_FORGOTTEN = re.compile(r"忘|记不|不(?:太|大)?记得|不(?:太|大)?清楚|不知道|不确定|没印象|想不起")
_SEASON = re.compile(r"\d年(?:春|夏|秋|冬|暑|寒|年|上半|下半|初|底|末)|半年|年前|\d年多?了?$")


def past_day(text: str, today: datetime.date) -> str:
    """Read a day that has been, such as the date on a certificate: ``2023-06-30``, or ``2023-06`` for a month.

    A month without a year is the latest such month up to today. Raises ``Rejected``: ``date.need_month`` (only a
    year or class, 2023届), ``date.not_yet`` (还没拿到), ``date.forgotten`` (``month``, a month as an example),
    ``date.future``, ``date.impossible``, ``date.too_old``, ``date.ambiguous``, ``date.lunar``, ``date.unknown``.
    """
    example = f"{today.year - 1}年6月30日"
    plain = spoken(text, today, example)
    if span := _SPAN.match(plain):
        plain = span[1]  # 2019.9-2023.6, the years at school: the end is the graduation
    if _CLASS_YEAR.search(plain):
        raise Rejected("date.need_month", example=example)
    if ago := _AGO.fullmatch(plain):
        return _ago(int(ago[1]), ago[2], today)
    written = read(plain, example)
    if written is None:
        raise _no_past_day(plain, example)
    if written.month is None:
        raise Rejected("date.need_month", example=example)
    if written.year is None and (written.day or 99) <= 12 and not re.search("[月日号]", plain):
        raise Rejected("date.ambiguous", example=example)  # 6.5: the fifth of June, or May of 2006?
    year = _full_year(written.year, today) if written.year is not None else _latest(written, today)
    if year < EARLIEST_YEAR:
        raise Rejected("date.too_old", year=EARLIEST_YEAR, example=example)
    day = _day(year, written.month, written.day or 1, example)
    if day > today:
        raise Rejected("date.future", example=example)
    return day.isoformat() if written.day and not written.vague else f"{day:%Y-%m}"


def _no_past_day(plain: str, example: str) -> Rejected:
    """Say why a text is no day that has been."""
    if _FORGOTTEN.search(plain):
        return Rejected("date.forgotten", example=example, month=example[: example.index("月") + 1])
    if _NOT_YET.search(plain):
        return Rejected("date.not_yet", example=example)
    return Rejected("date.need_month" if _SEASON.search(plain) else "date.unknown", example=example)


def birth_day(text: str, today: datetime.date) -> str:
    """Read a day of birth, ``2002-03-04``.

    Raises ``Rejected``: ``date.need_day`` (year, month and day are all needed), ``date.future``,
    ``date.impossible``, ``date.too_old``, ``date.ambiguous``, ``date.lunar``, ``date.unknown``.
    """
    example = f"{today.year - 22}年3月4日"
    plain = spoken(text, today, example)
    written = read(plain, example)
    if written is None:
        partial = re.search(r"\d{1,3}(?:周|虚)?岁|后$|[年月]", plain)
        raise Rejected("date.need_day" if partial else "date.unknown", example=example)
    if written.year is None or written.month is None or written.day is None or written.vague:
        raise Rejected("date.need_day", example=example)
    year = _full_year(written.year, today)
    if year < EARLIEST_YEAR:
        raise Rejected("date.too_old", year=EARLIEST_YEAR, example=example)
    day = _day(year, written.month, written.day, example)
    if day > today:
        raise Rejected("date.future", example=example)
    return day.isoformat()


_AT_ONCE = re.compile(
    r"(?:我|可以|都|现在|就|能|到岗|上班|入职|开始|[\s,，])*"
    r"(?:随时随地|随时|马上|立马|立即|立刻|即刻|即日|现在|尽快|尽早|越快越好|都可以|都行|任何时候|什么时候都可以|什么时候都行|即时)"
    r"(?:我|可以|都|就|能|到岗|上岗|上班|入职|开始|报到|行|起|的|吧|啊|啦|呀|哦|没问题|有空|有时间|[\s,，])*"
)
_LATER = re.compile(
    r"(?=.*后|再?过)(?:再?过)?(\d{1,3}|半)(?:个?(天|日|周|星期|礼拜)|个(月))(?:之后|以后|过后|后)?(?:左右)?"
)
_WEEKDAY = re.compile(r"(下下|下|这|本)?(?:1)?个?(?:周|星期|礼拜)([1-7日天])?")
_END_OF_MONTH = re.compile(r"(?:(?:(20\d\d)年)?(1[0-2]|0?[1-9])月|这?个?月|本月|当月)[底末](?:之?前|以前)?")
_END_OF_YEAR = re.compile(r"(?:(20\d\d)年|本?年)[底末](?:之?前|以前)?")
_VAGUE_TIME = re.compile(
    r"年后|过完?年|春节|元旦|国庆|五一|5\.?1节|中秋|清明|端午|寒假|暑假|放假|毕业|年底|年末|年初|月底|月末|月初|月中|中旬|上旬|下旬"
    r"|过段时间|过一阵|过几|几天|近期|最近|这阵|周末|半年|不确定|待定|看情况|再说|以内|之内|天内|周内|月内|^(?:19|20)\d\d年?$|上半年|下半年"
)


def coming_day(text: str, today: datetime.date) -> str:
    """Read the first day on which someone can start (到岗日期), ``2026-12-01``; "随时" is today.

    A month is its first day, or today within this month, its end the last; a missing year or month is the next
    that comes. Raises ``Rejected``: ``date.need_day`` ("年后", "周末"), ``date.past``, ``date.too_far`` (``months``),
    ``date.impossible``, ``date.ambiguous``, ``date.lunar``, ``date.unknown``.
    """
    following = today + datetime.timedelta(14)
    example = f"{following.month}月{following.day}日"
    plain = spoken(text, today, example).strip()
    day = today if len(plain) < 40 and _AT_ONCE.fullmatch(plain) else _counted(plain, today)
    if day is None:
        written = read(plain, example)
        if written is None or written.vague or (written.month is None and written.day is None):
            vague = written is not None or _VAGUE_TIME.search(plain)
            raise Rejected("date.need_day" if vague else "date.unknown", example=example)
        day = _coming(written, today, example)
    if day < today:
        raise Rejected("date.past", example=example)
    if day > _months_later(today, MONTHS_AHEAD):
        raise Rejected("date.too_far", months=MONTHS_AHEAD, example=example)
    return day.isoformat()


_AROUND = re.compile(
    r"^(?:我|最快|最早|大概|大约|可以|预计|应该|要|得|等)++|(?:可以|能|到岗|上班|入职|开始|报到|上岗|吧|啊|了|起)++$"
)


def _counted(plain: str, today: datetime.date) -> datetime.date | None:
    """Read a day counted from today: 三天后, 一个月后, 下周一, 周五, 月底, 年底."""
    core = _AROUND.sub("", plain)
    if end := _END_OF_YEAR.fullmatch(core):
        return datetime.date(int(end[1] or today.year), 12, 31)
    if end := _END_OF_MONTH.fullmatch(core):
        month = int(end[2] or today.month)
        year = int(end[1] or today.year + (month < today.month))
        return datetime.date(year, month, calendar.monthrange(year, month)[1])
    if later := _LATER.fullmatch(core):
        if later[1] == "半":
            return today + datetime.timedelta(15) if later[3] else None
        amount = int(later[1])
        if later[3]:
            return _months_later(today, amount)
        return today + datetime.timedelta(amount * (1 if later[2] in "天日" else 7))
    if week := _WEEKDAY.fullmatch(core):
        monday = today - datetime.timedelta(today.weekday())
        place = "1234567".find(week[2].translate(str.maketrans("日天", "77"))) if week[2] else 0
        if week[1] in ("下", "下下"):
            return monday + datetime.timedelta(7 * len(week[1]) + place)
        if week[2] is None:
            return today if week[1] else None
        day = monday + datetime.timedelta(place)
        return day + datetime.timedelta(7) if day < today and week[1] is None else day
    return None


def _coming(written: Written, today: datetime.date, example: str) -> datetime.date:
    year, month, day = written.year, written.month, written.day
    if year is not None:
        year = year + 2000 if year < 100 else year
        if month is None:
            raise Rejected("date.need_day", example=example)
        if day is None and (year, month) == (today.year, today.month):
            return today
        return _day(year, month, day or 1, example)
    if month is None:
        return _next_day_of_month(day or 0, today, example)
    if day is None:
        return today if month == today.month else _day(today.year + (month < today.month), month, 1, example)
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(2024, month)[1]:
        raise Rejected("date.impossible", example=example)
    return _day(today.year + ((month, day) < (today.month, today.day)), month, day, example)


def _next_day_of_month(day: int, today: datetime.date, example: str) -> datetime.date:
    if not 1 <= day <= 31:
        raise Rejected("date.impossible", example=example)
    month = today.replace(day=1)
    while day > calendar.monthrange(month.year, month.month)[1] or month.replace(day=day) < today:
        month = _months_later(month, 1)
    return month.replace(day=day)


def _months_later(day: datetime.date, months: int) -> datetime.date:
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return datetime.date(day.year + years, month + 1, min(day.day, last))


def _ago(amount: int, unit: str, today: datetime.date) -> str:
    if unit == "月":
        month = _months_later(today.replace(day=1), -min(amount, 12 * (today.year - EARLIEST_YEAR)))
        return f"{month:%Y-%m}"
    return (today - datetime.timedelta(amount * (1 if unit in "天日" else 7))).isoformat()


def _full_year(year: int, today: datetime.date) -> int:
    """Give a two-digit year its century: the latest that is not beyond next year."""
    if year >= 100:
        return year
    return year + 2000 if year + 2000 <= today.year + 1 else year + 1900


def _latest(written: Written, today: datetime.date) -> int:
    return today.year - ((written.month or 1, written.day or 1) > (today.month, today.day))


def _day(year: int, month: int, day: int, example: str) -> datetime.date:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise Rejected("date.impossible", example=example) from None
