from dataclasses import fields
from datetime import date
from itertools import combinations
from typing import get_type_hints

import pytest

from policy.codes import Code
from policy.evidence import Evidence
from policy.ledger_codes import (
    ContactResult,
    ContactWay,
    Ending,
    EndReason,
    EventKind,
    EventStatus,
    HostKind,
    HostStatus,
    OutreachStatus,
    PositionStatus,
    RegisterKind,
    ResourceKind,
    Result,
    Stage,
    SubsidyKind,
    SubsidyStatus,
    TransitionKind,
)
from policy.programme import (
    LABELS,
    RULES,
    Programme,
    ProgrammeRule,
    RuleMissing,
    clause,
    programme_on,
    programme_rules_on,
    stipend_floor_fen,
)
from policy.subsidies import Hold

DAY = date(2023, 9, 1)
GUANGZHOU, SHENZHEN, ZHUHAI, YUNFU = "440100", "440300", "440400", "445300"

CODES: list[tuple[type[Code], str]] = [
    (
        HostKind,
        "research_university research_institute technology_enterprise leading_manufacturer single_champion "
        "little_giant technician_school public_institution state_owned small_medium community "
        "grassroots_platform social_organisation other",
    ),
    (HostStatus, "applied approved refused removed"),
    (PositionStatus, "submitted published refused closed"),
    (Stage, "applied referred accepted declined withdrawn signed cancelled in_post ended"),
    (
        TransitionKind,
        "apply refer accept decline withdraw sign cancel arrive assign_mentor extend complete retain_early "
        "end_early change_host result void",
    ),
    (Ending, "completed retained_early ended_early changed_host"),
    (
        Result,
        "retained employed self_employed flexible further_study enlisted looking inactive unknown",
    ),
    (EndReason, "personal host found_work study health breach other"),
    (SubsidyKind, "living insurance guidance retention remaining_term"),
    (SubsidyStatus, "computed held batched approved paid refused"),
    (
        OutreachStatus,
        "open assigned contacted registered declined employed unreachable not_eligible",
    ),
    (ContactWay, "phone visit message other"),
    (ContactResult, "interested not_now employed no_answer wrong_number not_eligible"),
    (EventStatus, "draft published cancelled held"),
    (EventKind, "job_fair talks campus park community market livestream other"),
    (
        RegisterKind,
        "real-name job-seekers unemployment low-income poverty-relief disability other-hardship",
    ),
    (ResourceKind, "job training project financing premises startup_follow_up guidance"),
    (
        Evidence,
        "agreement identity attendance payroll insurance roster contract social_insurance",
    ),
    (
        Hold,
        "least_months short_retained end_only_payment late_payment same_month insured_elsewhere overlap "
        "shared_account shared_phone not_received retained_uninsured no_attendance",
    ),
]


@pytest.mark.parametrize(("codes", "values"), CODES, ids=lambda found: getattr(found, "__name__", ""))
def test_stored_codes_of_the_ledger_never_change(codes: type[Code], values: str) -> None:
    assert [code.value for code in codes] == values.split()


@pytest.mark.parametrize("codes", [codes for codes, _ in CODES], ids=lambda codes: codes.__name__)
def test_labels_of_the_ledger_are_chinese_and_different(codes: type[Code]) -> None:
    labels = [code.label for code in codes]
    assert len(set(labels)) == len(labels)
    assert all(any("一" <= character <= "鿿" for character in label) for label in labels)


# --- dated rules -------------------------------------------------------------------------------------------


def test_the_province_has_the_numbers_of_the_notices() -> None:
    assert programme_on(DAY) == Programme(
        shortest_months=3,
        longest_months=12,
        stipend_floor_percent=80,
        interns_per_mentor=2,
        host_review_months=12,
        demonstrative_percent=1,
        events_each_quarter=1,
        subsidy_percent=100,
        subsidy_up_to_paid=True,
        subsidy_least_months=0,
        subsidy_least_days=15,
        insurance_fen=10_000,
        guidance_fen=0,
        retention_threshold_percent=50,
        retention_difference_fen=20_000,
        remaining_term=True,
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.city}-{rule.valid_from}")
def test_each_rule_has_a_value_of_its_field_a_clause_and_a_label(rule: ProgrammeRule) -> None:
    assert type(rule.value) is get_type_hints(Programme)[rule.name]
    assert rule.clause
    assert rule.label


def test_every_field_has_its_label_and_one_rule_on_a_day() -> None:
    names = [field.name for field in fields(Programme)]
    assert list(LABELS) == names
    assert [rule.name for rule in programme_rules_on(DAY, GUANGZHOU)] == names


def test_two_rules_for_the_same_thing_never_hold_on_the_same_day() -> None:
    for one, other in combinations(RULES, 2):
        if (one.name, one.city) == (other.name, other.city):
            first, last = sorted((one, other), key=lambda rule: rule.valid_from)
            assert first.valid_until is not None
            assert first.valid_until < last.valid_from


def test_what_a_city_rules_goes_before_the_province() -> None:
    assert [programme_on(DAY, city).subsidy_least_months for city in (GUANGZHOU, ZHUHAI, YUNFU)] == [3, 3, 0]
    assert [programme_on(DAY, city).stipend_floor_percent for city in (SHENZHEN, ZHUHAI)] == [80, 100]
    assert "广州" in clause("subsidy_least_months", DAY, GUANGZHOU)
    assert programme_rules_on(DAY, YUNFU) == programme_rules_on(DAY)


def test_the_subsidy_for_the_remaining_term_ends_with_the_year_2023() -> None:
    days = (date(2023, 1, 1), date(2023, 12, 31), date(2024, 1, 1))
    assert [programme_on(day).remaining_term for day in days] == [True, True, False]
    assert "延续至2023年底" in clause("remaining_term", date(2023, 12, 31))


def test_what_the_notices_leave_open_is_marked() -> None:
    assert {rule.name for rule in programme_rules_on(DAY) if not rule.open} == {
        "shortest_months",
        "longest_months",
        "demonstrative_percent",
        "events_each_quarter",
        "retention_threshold_percent",
        "remaining_term",
    }


def test_a_day_before_the_first_notice_has_no_rules() -> None:
    with pytest.raises(RuleMissing, match="2022-12-31"):
        programme_on(date(2022, 12, 31))


@pytest.mark.parametrize(
    ("city", "month", "fen"),
    [
        (GUANGZHOU, date(2023, 9, 30), 184_000),
        (GUANGZHOU, date(2025, 3, 1), 200_000),
        (SHENZHEN, date(2025, 3, 1), 201_600),
        (ZHUHAI, date(2023, 9, 1), 190_000),
        (YUNFU, date(2023, 9, 1), 129_600),
    ],
)
def test_the_stipend_floor_follows_the_city_and_the_wage_of_the_month(
    city: str, month: date, fen: int
) -> None:
    assert stipend_floor_fen(city, month) == fen


def test_a_floor_without_a_wage_is_not_guessed() -> None:
    with pytest.raises(LookupError, match="110100"):
        stipend_floor_fen("110100", DAY)
