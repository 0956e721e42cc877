"""Working days in mainland China (工作日历) and the days on which reports are due.

Owns which day is a working day, make-up days (调休上班) included. The State Council announces the holidays
of a year late in the year before; the library knows them up to some year, and an operator's own table, given
as `overrides` (day → True for a working day), goes before it and stands in for it in later years.
"""

from collections.abc import Mapping
from datetime import date, timedelta, timezone
from types import MappingProxyType
from typing import Final, NamedTuple

import chinese_calendar  # type: ignore[import-untyped]  # ships no types

CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""One time zone and no summer time: whose day "today" is where nobody says otherwise."""

Overrides = Mapping[date, bool]

NO_OVERRIDES: Overrides = MappingProxyType({})


class CalendarYearMissing(LookupError):  # noqa: N818  # says what is missing
    """The holidays of a year are not known: neither in the library nor in the operator's table."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(
            f"工作日历还没有 {year} 年的放假安排。请按国务院办公厅的放假通知，"
            f"把 {year} 年的节假日和调休上班日（至少含元旦和国庆节）录入日历后再试。"
        )


class ReportDue(NamedTuple):
    """Last days for the two monthly reports (情况汇总表)."""

    guangdong: date
    national: date


def is_workday(day: date, overrides: Overrides = NO_OVERRIDES) -> bool:
    """Tell whether offices work on `day`; raises `CalendarYearMissing` when that cannot be known."""
    known = overrides.get(day)
    if known is not None:
        return known
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        if _notice_entered(day.year, overrides):
            return day.weekday() < 5
        raise CalendarYearMissing(day.year) from None


def _notice_entered(year: int, overrides: Overrides) -> bool:
    # Every yearly notice names 元旦 and 国庆节, its first and last holidays: with both entered the notice has
    # been entered, and a day it does not name follows the week. One stray entry must not pass for a notice.
    return date(year, 1, 1) in overrides and date(year, 10, 1) in overrides


def nth_workday(year: int, month: int, n: int, overrides: Overrides = NO_OVERRIDES) -> date:
    """Find the `n`-th working day of a month, counted from 1.

    Raises `ValueError` when the month has no such day, `CalendarYearMissing` when its holidays are not known.
    """
    day = date(year, month, 1)
    left = n
    while n > 0 and day.month == month:
        left -= is_workday(day, overrides)
        if left == 0:
            return day
        day += timedelta(days=1)
    raise ValueError(f"{year}-{month:02d} has no working day number {n}")


def report_due(month: str, overrides: Overrides = NO_OVERRIDES) -> ReportDue:
    """Say when the reports for `month` ("YYYY-MM") are due, both in the month after.

    Guangdong: 3rd working day, 粤人社函〔2023〕50号 三(三); its form's note says 月后3日内, 遇节假日顺延, and
    the notice is followed. National: 5th working day, 人社部发〔2023〕27号 四(四).
    Raises `ValueError` for text that is no month, `CalendarYearMissing` when the holidays are not known.
    """
    first = date.fromisoformat(f"{month}-01")
    year, following = divmod(first.year * 12 + first.month, 12)
    return ReportDue(
        guangdong=nth_workday(year, following + 1, 3, overrides),
        national=nth_workday(year, following + 1, 5, overrides),
    )
