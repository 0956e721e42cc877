"""What follows from an attempt to reach somebody."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.ledger_codes import ContactResult as R
from policy.ledger_codes import OutreachStatus as S
from policy.outreach import (
    FAILED,
    LONGEST_NAME,
    RULES,
    after_assignment,
    after_contact,
    due_on,
    name_fault,
    rule_on,
)

REACHED = [result for result in R if result not in FAILED]
STATUSES = st.sampled_from([status for status in S if status is not S.REGISTERED])


@pytest.mark.parametrize(
    ("status", "results", "then"),
    [
        (S.OPEN, [R.INTERESTED], S.CONTACTED),
        (S.ASSIGNED, [R.NOT_NOW], S.DECLINED),
        (S.ASSIGNED, [R.EMPLOYED], S.EMPLOYED),
        (S.ASSIGNED, [R.NOT_ELIGIBLE], S.NOT_ELIGIBLE),
        (S.OPEN, [R.NO_ANSWER], S.OPEN),
        (S.ASSIGNED, [R.NO_ANSWER, R.WRONG_NUMBER], S.ASSIGNED),
        (S.ASSIGNED, [R.NO_ANSWER, R.WRONG_NUMBER, R.NO_ANSWER], S.UNREACHABLE),
        (S.CONTACTED, [R.NO_ANSWER, R.NO_ANSWER, R.INTERESTED, R.NO_ANSWER], S.CONTACTED),
        (S.UNREACHABLE, [R.NO_ANSWER] * 4, S.UNREACHABLE),
        (S.ASSIGNED, [R.NO_ANSWER] * 4, S.ASSIGNED),
        (S.ASSIGNED, [R.NO_ANSWER] * 6, S.UNREACHABLE),
        (S.UNREACHABLE, [*[R.NO_ANSWER] * 3, R.INTERESTED], S.CONTACTED),
        (S.DECLINED, [R.NOT_NOW, R.NO_ANSWER], S.DECLINED),
        (S.EMPLOYED, [R.EMPLOYED, R.INTERESTED], S.CONTACTED),
    ],
)
def test_the_status_after_the_newest_attempt(status: S, results: list[R], then: S) -> None:
    assert after_contact(status, results, 3) is then


@given(STATUSES, st.lists(st.sampled_from(list(R)), max_size=8), st.sampled_from(REACHED))
def test_whoever_was_reached_decides_whatever_came_before(status: S, before: list[R], newest: R) -> None:
    assert after_contact(status, [*before, newest], 3) is after_contact(S.OPEN, [newest], 3)


@given(STATUSES, st.lists(st.sampled_from(list(R)), max_size=8), st.sampled_from(sorted(FAILED)))
def test_not_being_reached_never_tells_more_than_that(status: S, before: list[R], newest: R) -> None:
    assert after_contact(status, [*before, newest], 3) in {status, S.UNREACHABLE}


@pytest.mark.parametrize(
    ("status", "then"),
    [
        (S.OPEN, S.ASSIGNED),
        (S.ASSIGNED, S.ASSIGNED),
        (S.CONTACTED, S.CONTACTED),
        (S.UNREACHABLE, S.ASSIGNED),
        (S.DECLINED, S.ASSIGNED),
        (S.REGISTERED, None),
        (S.EMPLOYED, None),
        (S.NOT_ELIGIBLE, None),
    ],
)
def test_only_where_something_is_left_to_do_is_somebody_assigned(status: S, then: S | None) -> None:
    assert after_assignment(status) is then


def test_every_result_and_status_is_decided() -> None:
    for result in R:
        for status in S:
            assert after_contact(status, [result], 3) in S


@pytest.mark.parametrize("name", ["", "  ", "李" * (LONGEST_NAME + 1), "李\n工"])
def test_a_name_nobody_has_is_refused_with_a_sentence(name: str) -> None:
    fault = name_fault(name)
    assert fault is not None
    assert fault.endswith("。") or "例如" in fault


@pytest.mark.parametrize("name", ["李工", "cli:root", "李" * LONGEST_NAME])
def test_a_clerks_name_is_taken(name: str) -> None:
    assert name_fault(name) is None


def test_the_day_to_contact_by_follows_the_rule_of_the_day() -> None:
    assert due_on(date(2026, 12, 25)) == date(2027, 1, 4)
    assert rule_on(date(2023, 1, 1)) is RULES[0]
    with pytest.raises(LookupError, match="2022-12-31"):
        due_on(date(2022, 12, 31))


def test_what_no_notice_fixes_is_labelled_as_open() -> None:
    assert all(rule.open == ("未规定" in rule.clause) for rule in RULES)
