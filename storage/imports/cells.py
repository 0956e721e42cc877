"""Cells (单元格): from what a spreadsheet holds to text, numbers, money and codes, or a sentence that says why not.

A reader takes a cell and the day it is, and returns the value or raises `BadCell`. What a cell held is repeated in
the sentence only where it cannot be personal data: columns slip, and an ID number may stand anywhere.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from dialogs.parse.folding import clean
from policy.codes import Code, Education
from policy.districts import read_city
from policy.positions import read_education_demand
from policy.refusal import Refused

Cell = str | float | int | bool | datetime.date | datetime.datetime | datetime.time | datetime.timedelta
"""What a reader of spreadsheets gives for one cell; an empty one is the empty text."""

Read = Callable[[Cell, datetime.date], Any]
"""Turns a cell into a value on a day; raises `BadCell`."""

LONGEST_QUOTED: Final = 20
HIGHEST: Final = 10**9

_quoted_formula = re.compile(r'="([^"]*)"').fullmatch
_long_number = re.compile(r"[0-9]{9}").search
_error = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)").fullmatch
_units = re.compile(r"(?:元/?月?|人|个月|个|名|月)$")
_split = re.compile(r"[、,，;；/\s]+")


class BadCell(ValueError):  # noqa: N818 - it says what the cell is
    """A cell that cannot be taken; the message is a sentence for the clerk, without personal data."""

    @property
    def reason(self) -> str:
        """What is wrong and how to mend it."""
        return str(self.args[0])


def quoted(text: str) -> str:
    """The text in quotation marks where it may be repeated, else “这一格的内容”."""
    if len(text) > LONGEST_QUOTED or _long_number(text):
        return "这一格的内容"
    return f"“{text}”"


def plain(cell: Cell) -> str:
    """What stands in a cell as text; a number without an idle “.0”. Raises `BadCell` for what looks like a formula."""
    if isinstance(cell, str):
        return cell if cell.isalnum() and cell.isascii() else _plain_text(cell)
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


@lru_cache(maxsize=16384)
def _plain_text(cell: str) -> str:
    text = clean(cell)
    if not text.startswith(("=", "#", "'")):
        return text
    if text[0] == "'":  # how our own exports keep a text from being executed
        return text[1:] if text[1:2] in ("=", "+", "-", "@") else text
    if told := _quoted_formula(text):  # the way to keep zeros in a CSV file
        return clean(told[1])
    if _error(text):
        raise BadCell(f"这一格是公式的错误值 {text}，请改成正确的内容。")
    if text.startswith("="):
        raise BadCell("这一格以“=”开头，像公式。系统不执行公式，请填公式算出来的结果。")
    return text


def text(most: int, least: int = 1) -> Read:
    """A reader of free text of so many characters."""

    def read(cell: Cell, _today: datetime.date) -> str:
        told = plain(cell)
        if not least <= len(told) <= most:
            if len(told) < least:
                raise BadCell(f"太短了，至少写 {least} 个字。")
            raise BadCell(f"太长了，有 {len(told)} 个字，请控制在 {most} 个字以内。")
        return told

    return read


def words(most: int) -> Read:
    """A reader of several words in one cell (计算机、软件工程), at most so many."""

    def read(cell: Cell, _today: datetime.date) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(word for word in _split.split(plain(cell)) if word))
        if found in (("不限",), ("无",), ("专业不限",)):
            return ()
        if len(found) > most:
            raise BadCell(f"写了 {len(found)} 个，最多 {most} 个，用顿号隔开。")
        return found

    return read


def whole(least: int, most: int = HIGHEST) -> Read:
    """A reader of whole numbers: 3, 3.0, “3人”, “１２”."""

    def read(cell: Cell, _today: datetime.date) -> int:
        number = _number(cell)
        if number != int(number):
            raise BadCell("请填整数，不要带小数。")
        if not least <= number <= most:
            raise BadCell(f"请填 {least} 到 {most} 之间的整数。")
        return int(number)

    return read


def money(cell: Cell, _today: datetime.date) -> int:
    """Read an amount in yuan (1840, 1,840.50元, ￥1840); returns fen."""
    fen = _number(cell) * 100
    if fen != int(fen):
        raise BadCell("金额最多写到分，也就是两位小数。")
    if not 0 <= fen <= HIGHEST:
        raise BadCell("金额要是 0 到 1000 万元之间的数，单位是元。")
    return int(fen)


def _number(cell: Cell) -> Decimal:
    if isinstance(cell, bool | datetime.date | datetime.time | datetime.timedelta):
        raise BadCell("这里要填数字，现在的单元格格式是日期或逻辑值，请改成“常规”再填。")
    told = unicodedata.normalize("NFKC", plain(cell)).replace(",", "").replace(" ", "").lstrip("¥￥")
    told = _units.sub("", told)
    try:
        number = Decimal(told)
    except InvalidOperation:
        raise BadCell(f"{quoted(plain(cell))}不是数字，请只填数字。") from None
    if not number.is_finite() or abs(number) > HIGHEST * 100:
        raise BadCell("数字太大了，请核对。")
    return number


_YES: Final = frozenset({"是", "有", "√", "✓", "✔", "y", "yes", "1", "true", "对"})
_NO: Final = frozenset({"否", "无", "没有", "不是", "×", "n", "no", "0", "false"})


def yes_no(cell: Cell, _today: datetime.date) -> bool:
    """Read 是 or 否."""
    told = unicodedata.normalize("NFKC", plain(cell)).lower()
    if told in _YES or told in _NO:
        return told in _YES
    raise BadCell("请填“是”或“否”。")


def code_of(codes: type[Code], others: Mapping[str, Code] | None = None, what: str = "") -> Read:
    """A reader of an entry of a code list: by label, by code, or by another word for it."""
    known = {fold(code.label): code.value for code in codes} | {
        fold(code.value): code.value for code in codes
    }
    known |= {fold(word): code.value for word, code in (others or {}).items()}
    labels = "、".join(code.label for code in codes)

    def read(cell: Cell, _today: datetime.date) -> str:
        told = plain(cell)
        found = known.get(fold(told))
        if found is None:
            raise BadCell(f"没有{quoted(told)}这种{what or '写法'}，请写其中一种：{labels}。")
        return found

    return read


@lru_cache(maxsize=4096)
def fold(told: str) -> str:
    """A short word in the form in which words of code lists are compared."""
    return "".join(unicodedata.normalize("NFKC", told).split()).lower().replace("“", "").replace("”", "")


def by_rule(read_text: Callable[[str], Any]) -> Read:
    """A reader by a function of `policy` that takes text and refuses with sentences."""

    def read(cell: Cell, _today: datetime.date) -> Any:  # noqa: ANN401 - whatever the rule gives
        told = plain(cell)
        if len(told) > LONGEST_QUOTED * 3 or _long_number(told):
            raise BadCell("内容不对，看起来像别的列，请核对是不是填错了位置。")
        try:
            found = read_text(told)
        except Refused as refused:
            raise BadCell("".join(refused.reasons)) from None
        return found.value if isinstance(found, Code) else found

    return read


city: Final[Read] = by_rule(read_city)


@lru_cache(maxsize=4096)
def _education(told: str) -> str:
    try:
        found = read_education_demand(told)
    except Refused:
        found = None
    if found is None:
        some = "、".join(level.label for level in Education if level is not Education.OTHER)
        raise BadCell(f"没看懂学历{quoted(told)}，请写其中一种：{some}。")
    return found.value


def education(cell: Cell, _today: datetime.date) -> str:
    """Read a person's highest education: 本科, 大专, 硕士研究生; returns its code."""
    return _education(plain(cell))
