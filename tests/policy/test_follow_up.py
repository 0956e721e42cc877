"""When people are asked after the internship, and what an answer changes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.follow_up import RULES, answered, escalation, plan
from policy.outgoing_codes import PlanState, Situation


def test_who_was_not_kept_on_is_asked_at_once_and_after_7_30_90_and_180_days() -> None:
    days = [planned.due_on for planned in plan(date(2023, 8, 31), retained=False)]
    assert days == [
        date(2023, 8, 31),
        date(2023, 9, 7),
        date(2023, 9, 30),
        date(2023, 11, 29),
        date(2024, 2, 27),
    ]


def test_who_was_kept_on_is_asked_about_contract_and_insurance() -> None:
    assert [planned.day for planned in plan(date(2024, 2, 29), retained=True)] == list(RULES.retention_days)


@pytest.mark.parametrize(
    ("situation", "day", "later_check", "state", "drops", "extra"),
    [
        (Situation.WORKING, 7, False, PlanState.SETTLED, (30, 90, 180), None),
        (Situation.WORKING, 7, True, PlanState.SETTLED, (30, 90, 180), 97),
        (Situation.WORKING, 180, True, PlanState.SETTLED, (), 270),
        (Situation.NOT_NOW, 0, False, PlanState.RUNNING, (7, 30), None),
        (Situation.NOT_NOW, 7, False, PlanState.RUNNING, (30, 90), None),
        (Situation.NOT_NOW, 90, False, PlanState.RUNNING, (), None),
        (Situation.LOOKING, 0, False, PlanState.RUNNING, (), None),
        (Situation.BUSINESS, 30, False, PlanState.RUNNING, (), None),
        (Situation.TRAINING, 30, False, PlanState.RUNNING, (), None),
        (Situation.PERSON, 30, False, PlanState.RUNNING, (), None),
    ],
)
def test_an_answer_stops_or_thins_out_the_plan(
    situation: Situation,
    day: int,
    later_check: bool,
    state: PlanState,
    drops: tuple[int, ...],
    extra: int | None,
) -> None:
    assert answered(situation, day, later_check=later_check) == (state, drops, extra)


@pytest.mark.parametrize(
    ("silences", "what"),
    [(0, None), (1, "other_channel"), (2, "call"), (3, "visit"), (9, "visit")],
)
def test_silence_escalates(silences: int, what: str | None) -> None:
    assert escalation(silences) == what


@given(st.dates(date(2023, 1, 1), date(2030, 12, 31)), st.booleans())
def test_nobody_is_ever_asked_twice_on_one_day(began: date, retained: bool) -> None:
    days = [planned.due_on for planned in plan(began, retained=retained)]
    assert len(set(days)) == len(days)
    assert all(day >= began and day <= began + timedelta(days=180) for day in days)
