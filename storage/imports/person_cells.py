"""Cells about people and firms (姓名、证件号、手机号、账号、信用代码): checked as the dialogs check them, never repeated.

What comes out is in the one stored form, so that a register and a registration by chat find each other. A sentence
never holds a name, number or phone.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from operator import mul
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.names import NOT_NAMES, person_name
from dialogs.parse.phones import mobile
from dialogs.parse.places import residence
from policy.business_codes import read_uscc
from policy.codes import Sex
from policy.identity import DocumentFault, DocumentRejected, read_document
from policy.refusal import Refused
from policy.regions import CITIES
from storage.imports.cells import BadCell, Cell, plain

MADE_A_NUMBER: Final = "Excel 把身份证号变成了数字，后三位已丢失：请把该列设为文本，再重新录入身份证号。"
MADE_A_NUMBER_TOO: Final = (
    "校验位不对，末三位又是 000：多半是 Excel 曾把身份证号变成数字，后三位已丢失。"
    "请把该列设为文本，再重新录入身份证号。"
)
LOSES_DIGITS: Final = 1e15
"""Excel keeps fifteen digits of a number; whatever follows becomes zeros."""

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS: Final = "10X98765432"
"""Of GB 11643, as in `policy.identity`."""

LONGEST_PLACE: Final = 100

ID_FAULTS: Final[Mapping[DocumentFault, str]] = {
    DocumentFault.EMPTY: "没有身份证号，请补上。",
    DocumentFault.FIFTEEN_DIGITS: "这是 15 位的老身份证号，请改填 18 位的。",
    DocumentFault.WRONG_CHARACTERS: "身份证号里有不该有的字符，请核对。",
    DocumentFault.IMPOSSIBLE_BIRTH_DATE: "身份证号里的出生日期不存在，请核对。",
    DocumentFault.FUTURE_BIRTH_DATE: "身份证号里的出生日期还没到，请核对。",
    DocumentFault.TOO_OLD: "身份证号里的出生年份太早，请核对。",
    DocumentFault.WRONG_CHECK_DIGIT: "身份证号的最后一位（校验位）对不上，多半有一位写错了，请核对。",
    DocumentFault.MASKED: "身份证号打了码，请填完整的号码。",
}
NAME_FAULTS: Final[Mapping[str, str]] = {
    "name.digits": "姓名里有数字，请核对是不是填错了列。",
    "name.too_short": "姓名太短，请写全名。",
    "name.too_long": "姓名太长，请核对。",
    "name.not_a_name": "这不像姓名，请核对是不是填错了列。",
}
PHONE_FAULTS: Final[Mapping[str, str]] = {
    "phone.masked": "手机号打了码，请填完整的号码。",
    "phone.two_numbers": "这一格有两个手机号，请只留一个。",
    "phone.landline": "这是固定电话，请填手机号。",
}

_scientific = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{2}", re.IGNORECASE).fullmatch
_idle_point = re.compile(r"([0-9]+)\.0+").fullmatch
is_mobile = re.compile(r"1[3-9][0-9]{9}").fullmatch
# Names that need no further look: short, plain Han, and no sign of a lead-in, a question, a title or thanks.
_plain_name = re.compile(
    "(?!本人|.*[如为]何)(?:[\u4e00-\u9fff](?<![我你您叫名姓免嗨什怎嘛啥吗问们想以报习证机话没不是哦啦])){2,4}"
    "(?<!谢谢)(?<!先生)(?<!女士)(?<!同学)(?<!小姐)(?<!老师)(?<!师傅)(?<!经理)(?<!主任)"
).fullmatch
_account = re.compile(r"[0-9]{8,30}").fullmatch
_signs = re.compile(r"[\s\-–—]+")


@lru_cache(maxsize=65536)
def _weighed(digits: str, place: int) -> int:
    """What digits at a place of an ID number add to the sum behind its check digit, or -1000 when they are none."""
    if not (digits.isascii() and digits.isdigit()):
        return -1000
    return sum(map(mul, WEIGHTS[place:], map(int, digits)))


@lru_cache(maxsize=65536)
def _born(digits: str, today: datetime.date) -> int:
    """As `_weighed` for a day on which somebody now living may have been born, else -1000."""
    try:
        day = datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return -1000
    return _weighed(digits, 6) if day <= today and today.year - day.year < 110 else -1000


def _is_sound(number: str, today: datetime.date) -> bool:
    """Whether a text is plainly the ID number of somebody now living: `policy.identity` would take it as it is.

    Its parts come again in every row, so what they add to the check digit is remembered.
    """
    if len(number) != 18:
        return False
    total = _weighed(number[:6], 0) + _born(number[6:14], today) + _weighed(number[14:17], 14)
    return total >= 0 and number[17] == CHECK_DIGITS[total % 11]


def id_number(cell: Cell, today: datetime.date) -> str:
    """Read the number of an identity document."""
    if cell.__class__ is str and _is_sound(cell, today):
        return cell
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if cell >= LOSES_DIGITS:
            raise BadCell(MADE_A_NUMBER)
        cell = str(int(cell))
    told = _signs.sub("", unicodedata.normalize("NFKC", plain(cell)))
    if _scientific(told):
        raise BadCell(MADE_A_NUMBER)
    try:
        return read_document(told, today).number
    except DocumentRejected as rejected:
        if rejected.reason is DocumentFault.WRONG_CHECK_DIGIT and told.endswith("000"):
            raise BadCell(MADE_A_NUMBER_TOO) from None
        if rejected.reason is DocumentFault.WRONG_LENGTH:
            count = rejected.facts.get("digits", 0)
            raise BadCell(f"身份证号要 18 位，现在是 {count} 位，请核对。") from None
        raise BadCell(ID_FAULTS[rejected.reason]) from None


def is_plain_name(told: str) -> bool:
    """Whether a text is plainly a name: `dialogs.parse.names` would take it as it is."""
    return _plain_name(told) is not None and told not in NOT_NAMES


def name(cell: Cell, today: datetime.date) -> str:
    """Read a person's name."""
    if cell.__class__ is str and is_plain_name(cell):
        return cell
    if not isinstance(cell, str):
        raise BadCell(NAME_FAULTS["name.digits"])
    try:
        return person_name(plain(cell), today)
    except Rejected as rejected:
        raise BadCell(NAME_FAULTS[rejected.key]) from None


def phone(cell: Cell, today: datetime.date) -> str:
    """Read a mobile number."""
    if cell.__class__ is str and is_mobile(cell):
        return cell
    told = plain(cell)
    if _scientific(told):
        raise BadCell("Excel 把手机号变成了科学记数，请把该列设为文本，再重新录入手机号。")
    if point := _idle_point(told):
        told = point[1]
    try:
        return mobile(told, today)
    except Rejected as rejected:
        raise BadCell(PHONE_FAULTS.get(rejected.key, "手机号要 11 位、以 1 开头，请核对。")) from None


def contact_phone(cell: Cell, _today: datetime.date) -> str:
    """Read a firm's phone: a mobile or a landline, in its plain form."""
    told = _signs.sub("", unicodedata.normalize("NFKC", plain(cell))).replace("(", "").replace(")", "")
    if point := _idle_point(told):
        told = point[1]
    if not re.fullmatch(r"\+?[0-9]{7,15}(?:[转x][0-9]{1,6})?", told):
        raise BadCell("联系电话只写一个号码，手机 11 位，固定电话加区号，例如 020-12345678。")
    return told


def uscc(cell: Cell, _today: datetime.date) -> str:
    """Read a unified social credit code."""
    if isinstance(cell, float | int) or _scientific(plain(cell)):
        raise BadCell("Excel 把统一社会信用代码变成了数字，请把该列设为文本，再重新录入。")
    try:
        return read_uscc(plain(cell))
    except Refused as refused:
        raise BadCell("".join(refused.reasons)) from None


def bank_account(cell: Cell, _today: datetime.date) -> str:
    """Read the number of a bank account."""
    if (isinstance(cell, float | int) and cell >= LOSES_DIGITS) or _scientific(plain(cell)):
        raise BadCell("Excel 把银行账号变成了数字，后几位已丢失：请把该列设为文本，再重新录入。")
    told = _signs.sub("", unicodedata.normalize("NFKC", plain(cell)))
    if not _account(told):
        raise BadCell("银行账号只有数字，8 到 30 位，请核对。")
    return told


_SEXES: Final = {"男": Sex.MALE, "男性": Sex.MALE, "女": Sex.FEMALE, "女性": Sex.FEMALE} | {
    sex.value: sex for sex in Sex
}


def sex(cell: Cell, _today: datetime.date) -> str:
    """Read 男 or 女."""
    found = _SEXES.get(plain(cell))
    if found is None:
        raise BadCell("性别请填“男”或“女”。")
    return found.value


def place(cell: Cell, today: datetime.date) -> str:
    """Read where somebody lives or comes from, as the register has it; a district of Guangdong alone gets its code."""
    told = plain(cell)
    if len(told) > LONGEST_PLACE:
        raise BadCell(f"地址太长，请控制在 {LONGEST_PLACE} 个字以内。")
    return told if _begins_clearly(told) else _place(told, today)


_CLEAR: Final = ("广东", *(city.short for city in CITIES))


def _begins_clearly(told: str) -> bool:
    return told.startswith(_CLEAR)


@lru_cache(maxsize=4096)
def _place(told: str, today: datetime.date) -> str:
    """天河区石牌街道 as “440106 石牌街道”; what is no place of Guangdong stays as it is."""
    try:
        found = residence(told, today)
    except Rejected:
        return told
    return told if found == "000000" else found
