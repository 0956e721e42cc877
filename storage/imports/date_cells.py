"""Days in cells (日期): as Excel keeps them, as text in many forms, as bare numbers, and months where a day is missing.

A number may be a day count of Excel (45107), a day run together (20230630), or a year and month with a point, where
the point eats zeros: 2023.1 may be January or October, so it is asked again.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from calendar import monthrange
from functools import lru_cache
from typing import Final, NamedTuple

from policy.calendar import CHINA
from storage.imports.cells import BadCell, Cell, plain, quoted

FIRST_YEAR, LAST_YEAR = 1950, 2100
"""Years outside are slips of the finger."""

EPOCH: Final = datetime.date(1899, 12, 30)
"""Day 0 of Excel's count."""
FIRST_COUNT: Final = (datetime.date(FIRST_YEAR, 1, 1) - EPOCH).days
LAST_COUNT: Final = (datetime.date(LAST_YEAR, 12, 31) - EPOCH).days

FORM: Final = "请写成 2023-06-30 这样"

_parts = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})[日号]?|月)?").fullmatch
_run_together = re.compile(r"(\d{4})(\d{2})(\d{2})?").fullmatch
_clock = re.compile(r"[ T]?(\d{1,2})[:时点](\d{2})?分?(?::\d{2}(?:\.\d+)?)?$")
_iso = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch
_whole = re.compile(r"\d+").fullmatch


class Written(NamedTuple):
    """What a cell names; `day` is None where only a month is told."""

    year: int
    month: int
    day: int | None


def day(cell: Cell, _today: datetime.date) -> datetime.date:
    """Read a whole date."""
    written = _written(cell)
    if written.day is None:
        raise BadCell(f"只写了年月，请写到日，{FORM}。")
    return datetime.date(written.year, written.month, written.day)


def past_day(cell: Cell, today: datetime.date) -> datetime.date:
    """Read a day that is not ahead."""
    found = day(cell, today)
    if found > today:
        raise BadCell(f"{found} 还没到，请核对。")
    return found


def day_or_month(cell: Cell, _today: datetime.date) -> str:
    """Read a date or a month, as the dialogs store them: 2023-06-30, 2023-06."""
    if type(cell) is str and _iso(cell):
        return _iso_day(cell)
    written = _written(cell)
    if written.day is None:
        return f"{written.year}-{written.month:02d}"
    return f"{written.year}-{written.month:02d}-{written.day:02d}"


def past_day_or_month(cell: Cell, today: datetime.date) -> str:
    """As `day_or_month`, not ahead."""
    found = day_or_month(cell, today)
    if found[:10] > today.isoformat()[: len(found)]:
        raise BadCell(f"{found} 还没到，请核对。")
    return found


def last_day(cell: Cell, _today: datetime.date) -> datetime.date:
    """Read until when something holds: a month holds to its last day. 长期 is 2100-12-31."""
    if isinstance(cell, str) and plain(cell) in ("长期", "长期有效", "永久"):
        return datetime.date(LAST_YEAR, 12, 31)
    written = _written(cell)
    last = written.day or monthrange(written.year, written.month)[1]
    return datetime.date(written.year, written.month, last)


def month(cell: Cell, _today: datetime.date) -> str:
    """Read a month, “YYYY-MM”; of a date its month."""
    written = _written(cell)
    return f"{written.year}-{written.month:02d}"


def moment(cell: Cell, _today: datetime.date) -> datetime.datetime:
    """Read a day with a time of day, Beijing time: 2023-06-30 14:30, 2023年6月30日14时30分."""
    if isinstance(cell, datetime.datetime):
        return cell.replace(tzinfo=CHINA)
    if isinstance(cell, float) and FIRST_COUNT <= cell <= LAST_COUNT + 1 and not cell.is_integer():
        counted = datetime.timedelta(minutes=round(cell * 24 * 60))
        return datetime.datetime.combine(EPOCH, datetime.time(), CHINA) + counted
    if isinstance(cell, str) and (clock := _clock.search(_tight(cell))):
        hour, minute = int(clock[1]), int(clock[2] or 0)
        if hour < 24 and minute < 60:
            there = day(_tight(cell)[: clock.start()], _today)
            return datetime.datetime.combine(there, datetime.time(hour, minute), CHINA)
    raise BadCell("请写日期和时间，例如 2023-06-30 14:30。")


def _tight(cell: str) -> str:
    told = unicodedata.normalize("NFKC", plain(cell))
    return re.sub(r"\s*([-/.年月日号:时点分])\s*", r"\1", told).strip()


def _written(cell: Cell) -> Written:
    if isinstance(cell, datetime.datetime | datetime.date):
        return _checked(cell.year, cell.month, cell.day)
    if isinstance(cell, bool | datetime.time | datetime.timedelta):
        raise BadCell(f"这里要填日期，{FORM}。")
    return _of_text(cell) if isinstance(cell, str) else _of_number(float(cell))


@lru_cache(maxsize=16384)
def _iso_day(told: str) -> str:
    year, number, date = (int(part) for part in told.split("-"))
    _checked(year, number, date)
    return told


@lru_cache(maxsize=16384)
def _of_text(cell: str) -> Written:
    told = _tight(cell)
    if found := _parts(_clock.sub("", told)):
        return _checked(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)
    if _whole(told):
        return _of_number(float(told))
    raise BadCell(f"{quoted(told)}不是日期，{FORM}。")


@lru_cache(maxsize=16384)
def _of_number(number: float) -> Written:
    if FIRST_COUNT <= number < LAST_COUNT + 1:
        counted = EPOCH + datetime.timedelta(days=int(number))
        return Written(counted.year, counted.month, counted.day)
    if not number.is_integer():
        return _with_point(repr(number))
    if FIRST_YEAR <= number <= LAST_YEAR:
        raise BadCell(f"只有年份 {int(number)}，{FORM}。")
    if found := _run_together(str(int(number))):
        return _checked(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)
    raise BadCell(f"{quoted(str(int(number)))}不是日期，{FORM}。")


def _with_point(told: str) -> Written:
    year, _, digits = told.partition(".")
    if digits == "1":
        raise BadCell(f"{told} 分不清是 1 月还是 10 月，{FORM}，并把单元格设为文本。")
    if len(digits) > 2 or len(year) != 4 or not (year + digits).isdigit():
        raise BadCell(f"{quoted(told)}不是日期，{FORM}。")
    return _checked(int(year), int(digits), None)


def _checked(year: int, number: int, date: int | None) -> Written:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadCell(f"年份是 {year}，请核对，{FORM}。")
    if not 1 <= number <= 12:
        raise BadCell(f"没有 {number} 月，请核对。")
    if date is not None and not 1 <= date <= monthrange(year, number)[1]:
        raise BadCell(f"{year} 年 {number} 月没有 {date} 日，请核对。")
    return Written(year, number, date)
