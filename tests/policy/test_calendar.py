from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendar import CalendarYearMissing, ReportDue, is_workday, nth_workday, report_due

NOTICE_2040 = {date(2040, 1, 1): False, date(2040, 10, 1): False, date(2040, 9, 29): True}


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2023, 9, 28), True),
        (date(2023, 9, 29), False),  # 中秋节
        (date(2023, 10, 6), False),
        (date(2023, 10, 7), True),  # a Saturday, made up for the holiday
        (date(2023, 10, 8), True),
        (date(2023, 10, 14), False),
        (date(2026, 2, 14), True),
        (date(2026, 10, 10), True),
    ],
)
def test_holidays_and_make_up_days_are_known(day: date, works: bool) -> None:
    assert is_workday(day) is works


def test_the_reports_for_september_2023_wait_for_the_long_holiday() -> None:
    assert report_due("2023-09") == ReportDue(guangdong=date(2023, 10, 9), national=date(2023, 10, 11))


def test_the_reports_for_december_are_due_in_the_next_year() -> None:
    assert report_due("2023-12") == ReportDue(guangdong=date(2024, 1, 4), national=date(2024, 1, 8))


def test_an_override_goes_before_the_library() -> None:
    typhoon = {date(2023, 10, 9): False}
    assert report_due("2023-09", typhoon) == ReportDue(date(2023, 10, 10), date(2023, 10, 12))


def test_a_year_without_data_says_so_and_what_to_do() -> None:
    with pytest.raises(CalendarYearMissing, match=r"2040 年.*国务院办公厅") as caught:
        report_due("2040-02")
    assert caught.value.year == 2040


def test_one_entered_day_is_not_a_whole_notice() -> None:
    overrides = {date(2040, 1, 1): False}
    assert is_workday(date(2040, 1, 1), overrides) is False
    with pytest.raises(CalendarYearMissing):
        is_workday(date(2040, 1, 2), overrides)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2040, 10, 1), False),  # a Monday
        (date(2040, 9, 29), True),  # a Saturday
        (date(2040, 9, 27), True),
        (date(2040, 9, 28), True),
        (date(2040, 9, 30), False),
        (date(2040, 10, 6), False),
    ],
)
def test_an_entered_notice_stands_in_for_the_library(day: date, works: bool) -> None:
    assert is_workday(day, NOTICE_2040) is works


@pytest.mark.parametrize(("month", "n"), [(10, 0), (11, 0), (11, -1), (11, 23)])
def test_a_working_day_outside_the_month_is_refused(month: int, n: int) -> None:
    with pytest.raises(ValueError, match="no working day number"):
        nth_workday(2023, month, n)


@pytest.mark.parametrize(
    "month", ["", "2023", "2023-13", "2023-9", "2023-09-01", "九月", "202309", "2023-W1"]
)
def test_text_that_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        report_due(month)


@given(st.integers(2005, 2026), st.integers(1, 12), st.integers(1, 15))
def test_the_nth_working_day_has_n_working_days_up_to_it(year: int, month: int, n: int) -> None:
    found = nth_workday(year, month, n)
    days = [date(year, month, 1) + timedelta(days=i) for i in range(found.day)]
    assert days[-1] == found
    assert is_workday(found)
    assert sum(map(is_workday, days)) == n
