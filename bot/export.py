"""Exports: a person's own data, and the people of the base as a list or a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from bot.my_ledger import my_ledger
from bot.private_files import open_private
from dialogs.parse.places import place_label
from policy.codes import Code, Education, HardshipKind, PositionKind, Sex, SkillLevel, Track
from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.regions import city
from storage import audit, downloads, people
from storage.database import Connection
from storage.sealing import Sealer
from storage.tables import Person

HEADERS: Final[Mapping[str, str]] = {
    "id": "编号",
    "status": "状态",
    "demo": "示例数据",
    "name": "姓名",
    "id_number": "身份证号",
    "phone": "手机号",
    "sex": "性别",
    "birth_date": "出生日期",
    "household_region": "户籍地",
    "residence": "常住地",
    "track": "人员类别",
    "outcome": "资格初判",
    "eligible_until": "资格有效至",
    "education": "学历",
    "school": "毕业院校",
    "major": "专业",
    "graduated_on": "毕业日期",
    "unemployment_registered": "失业登记",
    "circumstances": "目前情况",
    "skill_level": "技能等级",
    "hardship": "困难情况",
    "position_kinds": "意向岗位类别",
    "cities": "意向城市",
    "available_from": "可到岗日期",
    "push_consent": "同意推送",
    "channel": "报名渠道",
    "created_at": "登记时间",
    "updated_at": "更新时间",
}
"""Fields of a person in the order in which lists and spreadsheets show them."""

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "status": {
        "registered": "已登记",
        "verified": "核验通过",
        "refused": "核验不符合",
        "withdrawn": "已撤回",
        "locked": "已删除（台账留存）",
    },
    "outcome": {"eligible": "符合", "not_yet": "暂不符合", "to_verify": "待核验"},
    "unemployment_registered": {"yes": "已登记", "no": "未登记", "unsure": "不清楚"},
    "circumstances": {
        "at_school": "在校",
        "employed": "在职或参保",
        "business_licence": "有营业执照",
        "earlier_internship": "曾参加见习",
        "none": "均无",
    },
    "hardship": {"none": "无", "undisclosed": "未提供"},
    "channel": {"web": "网页", "terminal": "终端", "demo": "示例"},
}
CODES: Final[Mapping[str, type[Code]]] = {
    "track": Track,
    "education": Education,
    "skill_level": SkillLevel,
    "hardship": HardshipKind,
    "position_kinds": PositionKind,
    "sex": Sex,
}
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run by a spreadsheet program."""


def person_fields(sealer: Sealer, person: Person, *, unmask: bool) -> dict[str, Any]:
    """Every field of a person, JSON-safe; identity masked unless `unmask`. `labels` puts codes into words."""
    answers = people.answers_of(sealer, person)
    row: dict[str, Any] = {
        field: answers[field] if field in answers else getattr(person, field, None) for field in HEADERS
    }
    row["available_from"] = person.available_from.isoformat()
    row["push_consent"] = person.push_consent
    for field in ("created_at", "updated_at"):
        row[field] = getattr(person, field).isoformat(timespec="seconds")
    row["eligible_until"] = person.eligible_until.isoformat() if person.eligible_until else None
    if not unmask:
        row["name"] = mask_name(row["name"])
        row["id_number"] = mask_id_staff(row["id_number"])
        row["phone"] = mask_phone(row["phone"])
        row["birth_date"] = _year_only(row["birth_date"])
        if row["track"] == Track.YOUTH:  # the day before the 25th birthday would tell the birth date
            row["eligible_until"] = _year_only(row["eligible_until"])
        row["hardship"] = None if row["hardship"] is None else f"{_count(row['hardship'])}项（已隐藏）"
    row["labels"] = {field: label for field in HEADERS if (label := in_words(field, row[field])) is not None}
    return row


def _year_only(day: str | None) -> str | None:
    return f"{day[:4]}-**-**" if day else None


def _count(hardship: list[str]) -> int:
    return sum(1 for kind in hardship if kind not in people.NO_HARDSHIP)


def in_words(field: str, value: Any) -> str | None:  # noqa: ANN401 - any stored value
    """A code, or a list of codes, in Chinese; None where the value speaks for itself."""
    if value is None:
        return None
    if field == "residence":
        return place_label(value)
    if isinstance(value, list):
        return "、".join(in_words(field, item) or item for item in value)
    if field == "cities":
        return "服从调剂" if value == "any" else city(value).name
    if value in WORDS.get(field, {}):
        return WORDS[field][value]
    if field in CODES and value in set(CODES[field]):
        return CODES[field](value).label
    return None


def my_data(connection: Connection, sealer: Sealer, token: str, now: datetime) -> dict[str, Any] | None:
    """Everything stored of the person a one-time token was made for; None when the token is not good any more."""
    contact_id = downloads.use(connection, sealer, token, "my_data", now)
    if contact_id is None:
        return None
    found = people.stored_answers(connection, sealer, contact_id)
    status, answers = found if found else ("nothing", {})
    labels = {
        field: label for field, value in answers.items() if (label := in_words(field, value)) is not None
    }
    audit.add(connection, now, f"contact:{contact_id}", "export.taken", f"contact:{contact_id}")
    return {
        "说明": "这是见习通存着的您的全部报名和见习信息。",
        "status": status,
        "answers": {HEADERS.get(field, field): labels.get(field, value) for field, value in answers.items()},
        "history": people.history(connection, sealer, contact_id),
        "consents": people.consents_of(connection, contact_id),
        "ledger": my_ledger(connection, sealer, contact_id),
    }


def write_spreadsheet(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """People as an .xlsx with Chinese headers, all cells as text so that numbers survive; returns the row count.

    Only its owner may read the file."""
    count = 0
    options = {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    with open_private(path) as file, xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("见习对象")
        bold = book.add_format({"bold": True})
        for column, title in enumerate(HEADERS.values()):
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 0)
        for count, row in enumerate(rows, 1):
            for column, field in enumerate(HEADERS):
                sheet.write_string(count, column, _cell(field, row))
    return count


def _cell(field: str, row: Mapping[str, Any]) -> str:
    value = row["labels"].get(field, row[field])
    if value is None:
        return ""
    text = ("是" if value else "否") if isinstance(value, bool) else str(value)
    return "'" + text if text.startswith(FORMULA) else text
