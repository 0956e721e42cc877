"""What staff have to do, and on which days they are reminded."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.reminders import (
    PROVINCE,
    bundles,
    cases,
    last_of_month,
    month_of,
    quarters,
    reports,
    shares,
    targets,
)
from policy.calendar import is_workday, report_due
from policy.regions import CITIES

GUANGZHOU, SHENZHEN = "440100", "440300"
ALL = {city.code for city in CITIES} | {PROVINCE}
NOVEMBER = "2026-11"


def marks(today: date, city: str | None, filed: dict[str, set[str]] | None = None) -> list[tuple[str, str]]:
    found = reports(today, filed or {})
    return [(duty.period, duty.mark) for duty in found if duty.city == city and duty.mark]


@pytest.mark.parametrize(
    ("today", "city", "province"),
    [
        # November's report: 3rd working day is Thursday 3 December, the 5th Monday 7 December.
        (date(2026, 11, 27), [], []),
        (date(2026, 11, 30), [(NOVEMBER, "3")], []),
        (date(2026, 12, 1), [], []),
        (date(2026, 12, 2), [(NOVEMBER, "1")], [(NOVEMBER, "3")]),
        (date(2026, 12, 3), [(NOVEMBER, "0")], []),
        (date(2026, 12, 4), [], [(NOVEMBER, "1")]),
        (date(2026, 12, 5), [], []),
        (date(2026, 12, 7), [], [(NOVEMBER, "0")]),
        (date(2026, 12, 8), [], []),
        # January's: spring festival lies in February 2026.
        (date(2026, 2, 3), [("2026-01", "1")], [("2026-01", "3")]),
    ],
)
def test_a_report_is_reminded_of_three_working_days_and_one_before_and_on_the_day(
    today: date, city: list[tuple[str, str]], province: list[tuple[str, str]]
) -> None:
    assert marks(today, GUANGZHOU) == city
    assert marks(today, None) == province


def test_what_is_filed_is_not_reminded_of_and_the_province_hears_who_is_missing() -> None:
    filed = {NOVEMBER: ALL - {SHENZHEN, PROVINCE}}
    found = list(reports(date(2026, 12, 2), filed))
    assert {duty.city for duty in found} == {SHENZHEN, None}
    [province] = [duty for duty in found if duty.city is None]
    assert "还没报送的地市：深圳。" in province.text
    assert list(reports(date(2026, 12, 2), {NOVEMBER: ALL})) == []


def test_the_words_name_the_place_the_month_and_the_day() -> None:
    [found] = [duty for duty in reports(date(2026, 12, 2), {}) if duty.city == GUANGZHOU]
    assert found.text == (
        "广州市2026年11月情况汇总表，12月3日（周四）前（还有1个工作日）报到省里。请核对后报送。"
    )
    assert found.due_on == date(2026, 12, 3)
    [late] = [duty for duty in reports(date(2026, 12, 10), {}) if duty.city == GUANGZHOU]
    assert "已经到期，请尽快" in late.text
    assert late.mark == ""


def test_a_year_whose_holidays_are_not_known_yet_is_reminded_of_by_weekdays_and_says_so() -> None:
    found = [duty for duty in reports(date(2030, 1, 3), {}) if duty.city == GUANGZHOU]
    assert [duty.mark for duty in found] == ["1"]
    assert "2030年放假安排还没录入" in found[0].text
    december = [duty for duty in reports(date(2029, 12, 31), {}) if duty.city == GUANGZHOU]
    assert [(duty.period, duty.mark) for duty in december if duty.mark] == [("2029-12", "3")]


def test_an_operators_calendar_goes_before_the_assumption() -> None:
    holidays = {date(2030, 1, day): False for day in (1, 2, 3)} | {date(2030, 10, 1): False}
    [found] = [duty for duty in reports(date(2030, 1, 4), {}, holidays) if duty.city == GUANGZHOU]
    assert found.due_on == date(2030, 1, 8)
    assert "还没录入" not in found.text


@given(st.dates(date(2024, 1, 2), date(2026, 11, 30)))
def test_a_reminder_comes_only_on_a_working_day_that_is_so_many_before_the_due_one(today: date) -> None:
    for duty in reports(today, {}):
        if not duty.mark:
            continue
        due = report_due(duty.period)
        day = due.national if duty.city is None else due.guangdong
        assert duty.due_on == day
        assert is_workday(today)
        days = [today + timedelta(days=n) for n in range(1, (day - today).days + 1)]
        assert sum(map(is_workday, days)) == int(duty.mark)


@settings(max_examples=12, deadline=None)
@given(st.dates(date(2024, 2, 1), date(2026, 10, 1)))
def test_every_city_gets_all_three_reminders_of_every_report(day: date) -> None:
    month = month_of(day)
    found = {
        duty.mark
        for after in range(20, 50)
        for duty in reports(day.replace(day=1) + timedelta(days=after), {month: ALL - {GUANGZHOU}})
        if duty.city == GUANGZHOU and duty.period == month and duty.mark
    }
    assert found == {"3", "1", "0"}


@pytest.mark.parametrize(("day", "mark"), [(19, ""), (20, "20"), (24, "20"), (25, "25"), (30, "25")])
def test_a_missing_bundle_is_reminded_of_from_the_20th_and_again_from_the_25th(day: int, mark: str) -> None:
    found = list(bundles(date(2026, 11, day), ALL - {GUANGZHOU}))
    assert [(duty.city, duty.mark) for duty in found] == [(GUANGZHOU, mark)]
    assert "11月30日（周一）前" in found[0].text


def test_the_last_day_of_a_month_is_found_in_leap_years_and_in_december() -> None:
    assert last_of_month(date(2028, 2, 1)) == date(2028, 2, 29)
    assert last_of_month(date(2026, 12, 31)) == date(2026, 12, 31)
    assert month_of(date(2027, 1, 31), 1) == "2026-12"


def test_a_reminder_given_again_has_the_same_key_and_the_next_one_another() -> None:
    first, second = (next(iter(bundles(date(2026, 11, day), ()))) for day in (20, 24))
    third = next(iter(bundles(date(2026, 11, 25), ())))
    assert first.key == second.key == f"bundle:{first.city}:2026-11:20"
    assert third.key != first.key


def test_too_few_demonstrative_positions_are_told_in_the_words_of_the_rule() -> None:
    found = list(shares(date(2026, 11, 20), {GUANGZHOU: ("还差1个。",), SHENZHEN: ()}))
    assert [(duty.city, duty.text) for duty in found] == [(GUANGZHOU, "广州市的示范性岗位不够：还差1个。")]


@pytest.mark.parametrize(
    ("today", "mark"),
    [
        (date(2026, 10, 20), ""),
        (date(2026, 12, 1), "1"),
        (date(2026, 12, 14), "1"),
        (date(2026, 12, 15), "2"),
    ],
)
def test_a_quarter_without_an_event_is_reminded_of_in_its_last_month(today: date, mark: str) -> None:
    [found] = quarters(today, "2026年第四季度", date(2026, 12, 31), [GUANGZHOU])
    assert found.mark == mark


def test_targets_are_reminded_of_once_a_month() -> None:
    days = [date(2026, 11, day) for day in range(1, 31)]
    keys = {duty.key for day in days for duty in targets(day, {GUANGZHOU: "落后。"}) if duty.mark}
    assert keys == {"target:440100:2026-11:10"}


def test_overdue_cases_go_to_their_clerk_or_to_the_citys_staff() -> None:
    found = list(cases(date(2026, 11, 25), {"李老师": 2, f"city:{GUANGZHOU}": 3, "city:": 1, "王": 0}))
    assert [(duty.staff, duty.city, duty.text) for duty in found] == [
        ("李老师", None, "您有2件待办过了期限，请尽快办理。"),
        (None, GUANGZHOU, "广州市有3件待办过了期限，请尽快办理。"),
        (None, "", "省里有1件待办过了期限，请尽快办理。"),
    ]
