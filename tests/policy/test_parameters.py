from dataclasses import fields
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import get_origin, get_type_hints

import pytest

from policy.codes import Education
from policy.parameters import (
    MINIMUM_WAGES,
    RULES,
    EarlierInternship,
    Parameters,
    ParametersMissing,
    Rule,
    minimum_wage,
    parameters_on,
    rules_on,
)

DAY = date(2026, 11, 2)
GUANGZHOU, ZHUHAI, YUNFU = "440100", "440400", "445300"


def test_the_province_has_the_numbers_of_the_notices() -> None:
    assert parameters_on(DAY) == Parameters(
        minimum_age=16,
        youth_age_below=25,
        graduate_months=24,
        graduate_levels=frozenset(map(Education, ("11", "14", "21", "31", "47A", "44S"))),
        unemployment_registration_required=True,
        bar_at_school=True,
        bar_employed=True,
        bar_business_licence=True,
        bar_dispatch=True,
        bar_earlier_internship=EarlierInternship.BARS,
    )


def test_every_parameter_has_one_rule_on_a_day() -> None:
    assert [rule.name for rule in rules_on(DAY, GUANGZHOU)] == [field.name for field in fields(Parameters)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.city}")
def test_each_rule_has_a_value_of_its_field_and_a_clause(rule: Rule) -> None:
    wanted = get_type_hints(Parameters)[rule.name]
    assert type(rule.value) is (get_origin(wanted) or wanted)
    assert rule.clause
    assert rule.label


def test_two_rules_for_the_same_thing_never_hold_on_the_same_day() -> None:
    for one, other in combinations(RULES, 2):
        if (one.name, one.city) == (other.name, other.city):
            first, last = sorted((one, other), key=lambda rule: rule.valid_from)
            assert first.valid_until is not None
            assert first.valid_until < last.valid_from


def test_a_city_with_its_own_rule_goes_before_the_province() -> None:
    own = {rule.name: rule for rule in rules_on(DAY, GUANGZHOU)}["unemployment_registration_required"]
    assert (own.city, own.open) == (GUANGZHOU, False)
    assert "广州" in own.clause


def test_the_rules_of_single_cities_are_settled_by_their_own_notices() -> None:
    assert {(rule.name, rule.city, rule.value, rule.open) for rule in RULES if rule.city} == {
        ("unemployment_registration_required", "440100", True, False),
        ("unemployment_registration_required", "440300", True, False),
        ("bar_dispatch", "440400", True, False),
        ("bar_dispatch", "442000", True, False),
    }


def test_a_city_without_rules_of_its_own_follows_the_province() -> None:
    assert rules_on(DAY, YUNFU) == rules_on(DAY)


def test_what_the_notices_leave_open_is_marked() -> None:
    assert {rule.name for rule in rules_on(DAY) if not rule.open} == {
        "minimum_age",
        "bar_at_school",
        "bar_employed",
    }


@pytest.mark.parametrize(
    ("day", "city", "holds"),
    [
        (date(2023, 12, 31), ZHUHAI, False),
        (date(2024, 1, 1), ZHUHAI, True),
        (date(2024, 12, 31), ZHUHAI, True),
        (date(2025, 1, 1), ZHUHAI, False),
        (date(2024, 6, 1), GUANGZHOU, False),
        (date(2024, 6, 1), None, False),
    ],
)
def test_a_rule_holds_from_its_first_to_its_last_day_in_its_city(
    day: date, city: str | None, holds: bool
) -> None:
    rule = Rule("minimum_age", 16, date(2024, 1, 1), date(2024, 12, 31), "示例", open=False, city=ZHUHAI)
    assert rule.applies(day, city) is holds


def test_a_day_before_the_first_notice_has_no_parameters() -> None:
    parameters_on(date(2023, 1, 1))
    with pytest.raises(ParametersMissing, match="2022-12-31") as caught:
        parameters_on(date(2022, 12, 31))
    assert caught.value.day == date(2022, 12, 31)


def test_parameters_of_a_day_are_made_once() -> None:
    assert parameters_on(DAY, GUANGZHOU) is parameters_on(DAY + timedelta(days=0), GUANGZHOU)


@pytest.mark.parametrize(
    ("city", "before", "after"),
    [
        ("440100", 2300, 2500),
        ("440300", 2360, 2520),
        ("442000", 1900, 2080),
        ("441200", 1720, 1850),
        ("445300", 1620, 1750),
    ],
)
def test_the_minimum_wage_follows_the_class_of_the_city_and_the_decree(
    city: str, before: int, after: int
) -> None:
    months = ("2021-12", "2023-09", "2025-02", "2025-03")
    assert [minimum_wage(city, month) for month in months] == [before, before, before, after]


def test_every_city_of_guangdong_has_a_minimum_wage_in_every_decree() -> None:
    assert [len(decree.yuan) for decree in MINIMUM_WAGES] == [21, 21]
    assert all(one.valid_from < two.valid_from for one, two in pairwise(MINIMUM_WAGES))


@pytest.mark.parametrize(("city", "month"), [("440100", "2021-11"), ("110100", "2025-03")])
def test_a_wage_that_is_not_on_record_is_not_guessed(city: str, month: str) -> None:
    with pytest.raises(LookupError, match=month):
        minimum_wage(city, month)
