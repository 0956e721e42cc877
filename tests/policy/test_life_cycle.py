"""The life of an internship: what may follow what, the days, the term; corrections; and any sequence of steps."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from policy.eligibility import add_months
from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import (
    COUNTED,
    EARLY,
    ENDINGS,
    HOLDING,
    PLACES,
    RUNNING,
    Life,
    Step,
    correct,
    fold,
    last_day,
    months_in,
    served_months,
    take,
)
from policy.programme import programme_on
from policy.refusal import Refused

RULES = programme_on(date(2023, 7, 1), "440100")
STARTS, ENDS = date(2023, 7, 1), date(2023, 12, 31)

APPLY = Step(Kind.APPLY, date(2023, 6, 1), {"months": 6, "stipend_fen": 200_000})
ACCEPT = Step(Kind.ACCEPT, date(2023, 6, 10))
SIGN = Step(Kind.SIGN, date(2023, 6, 28), {"starts_on": "2023-07-01", "track": "graduate", "mentor_id": 7})
ARRIVE = Step(Kind.ARRIVE, STARTS)
TO_POST = (APPLY, ACCEPT, SIGN, ARRIVE)
COMPLETE = Step(Kind.COMPLETE, ENDS)


def lived(*steps: Step, before: int = 0) -> Life:
    """The life that these steps make, each checked."""
    life: Life | None = None
    for step in steps:
        life = take(life, step, RULES, before)
    assert life is not None
    return life


def refusal(*steps: Step, before: int = 0) -> str:
    """Why the last of these steps is refused."""
    life = lived(*steps[:-1], before=before)
    with pytest.raises(Refused) as refused:
        take(life, steps[-1], RULES, before)
    return str(refused.value)


def step(kind: Kind, on: str, **detail: str | int) -> Step:
    return Step(kind, date.fromisoformat(on), detail)


def test_a_whole_life() -> None:
    result = step(
        Kind.RESULT, "2024-01-05", result="retained", contract_on="2024-01-02", insured_on="2024-01-10"
    )
    assert lived(*TO_POST, COMPLETE, result) == Life(
        stage=Stage.ENDED,
        applied_on=date(2023, 6, 1),
        months=6,
        stipend_fen=200_000,
        track="graduate",
        accepted_on=date(2023, 6, 10),
        signed_on=date(2023, 6, 28),
        starts_on=STARTS,
        ends_on=ENDS,
        mentor_id=7,
        arrived_on=STARTS,
        ended_on=ENDS,
        ending=Ending.COMPLETED,
        result=Result.RETAINED,
        result_on=date(2024, 1, 5),
        contract_on=date(2024, 1, 2),
        insured_on=date(2024, 1, 10),
    )


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        ("2023-07-01", 6, "2023-12-31"),
        ("2023-07-15", 3, "2023-10-14"),
        ("2023-08-31", 6, "2024-02-29"),
        ("2022-08-31", 6, "2023-02-28"),
        ("2023-01-29", 1, "2023-02-28"),
        ("2023-01-28", 1, "2023-02-27"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2023-02-01", 1, "2023-02-28"),
        ("2023-03-31", 1, "2023-04-30"),
    ],
)
def test_the_last_day_of_a_term(first: str, months: int, last: str) -> None:
    begins, ends = date.fromisoformat(first), date.fromisoformat(last)
    assert last_day(begins, months) == ends
    assert months_in(begins, ends) == months
    assert months_in(begins, ends + timedelta(days=1)) == months + 1


DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(DAYS, st.integers(1, 24))
def test_terms_grow_by_whole_months_and_are_counted_alike(first: date, months: int) -> None:
    ends = last_day(first, months)
    assert ends < last_day(first, months + 1)
    assert months_in(first, ends) == months
    assert add_months(first, months) - timedelta(days=1) <= ends <= add_months(first, months)


@given(DAYS, st.integers(0, 800))
def test_a_term_has_the_fewest_months_that_reach_its_last_day(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    months = months_in(first, last)
    assert last_day(first, months) >= last
    assert months == 1 or last_day(first, months - 1) < last


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_that_is_no_end_has_a_way_on(stage: Stage) -> None:
    ways = {kind for kind, places in PLACES.items() if stage in places}
    assert bool(ways) is (stage not in {Stage.DECLINED, Stage.WITHDRAWN, Stage.CANCELLED})


def test_what_was_accepted_straight_away_and_what_was_referred_first_both_go_on() -> None:
    referred = step(Kind.REFER, "2023-06-05")
    assert lived(APPLY, referred, ACCEPT).stage is lived(APPLY, ACCEPT).stage is Stage.ACCEPTED


@pytest.mark.parametrize("kind", [Kind.DECLINE, Kind.WITHDRAW])
@pytest.mark.parametrize("before", [(APPLY,), (APPLY, ACCEPT)], ids=["applied", "accepted"])
def test_before_the_agreement_both_sides_can_step_back(kind: Kind, before: tuple[Step, ...]) -> None:
    life = lived(*before, step(kind, "2023-06-12"))
    assert life.stage in (Stage.DECLINED, Stage.WITHDRAWN)
    assert life.stage not in HOLDING


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((APPLY, ARRIVE), "还没有签见习协议"),
        ((APPLY, ACCEPT, ARRIVE), "二(五)"),
        ((APPLY, SIGN), "已报名"),
        ((APPLY, ACCEPT, SIGN, COMPLETE), "签约后未到岗"),
        ((*TO_POST, step(Kind.RESULT, "2023-08-01", result="looking")), "先登记见习怎样结束"),
        ((*TO_POST, step(Kind.WITHDRAW, "2023-08-01")), "在岗"),
        ((*TO_POST, ARRIVE), "在岗"),
        ((*TO_POST, APPLY), "在岗"),
        ((*TO_POST, COMPLETE, COMPLETE), "已结束"),
        ((APPLY, step(Kind.ACCEPT, "2023-05-31")), "早于上一步（2023-06-01）"),
        ((APPLY, ACCEPT, step(Kind.SIGN, "2023-06-09", starts_on="2023-07-01")), "早于上一步"),
        ((APPLY, ACCEPT, step(Kind.SIGN, "2023-07-02", starts_on="2023-07-01")), "协议要在见习开始前签订"),
        ((APPLY, ACCEPT, step(Kind.SIGN, "2023-06-28", starts_on="2023-07-01", months=2)), "不能少于 3 个月"),
        ((APPLY, ACCEPT, step(Kind.SIGN, "2023-06-28", starts_on="2023-07-01", months=13)), "12 个月的上限"),
        (
            (APPLY, ACCEPT, step(Kind.SIGN, "2023-06-28", starts_on="2023-07-01", ends_on="2024-07-01")),
            "期限 13 个月",
        ),
        (
            (APPLY, ACCEPT, step(Kind.SIGN, "2023-06-28", starts_on="2023-07-01", ends_on="2023-06-30")),
            "结束日期早于开始日期",
        ),
        ((APPLY, ACCEPT, step(Kind.SIGN, "2023-06-28"), ARRIVE), "还没有带教老师"),
        ((APPLY, ACCEPT, SIGN, step(Kind.ARRIVE, "2023-06-30")), "到岗不能早于"),
        ((APPLY, ACCEPT, SIGN, step(Kind.ARRIVE, "2024-01-01")), "就到期了"),
        ((*TO_POST, step(Kind.COMPLETE, "2023-12-30")), "2023-12-31 才到期"),
        ((*TO_POST, step(Kind.END_EARLY, "2023-12-31", reason="personal")), "已经到期"),
        ((*TO_POST, step(Kind.END_EARLY, "2023-09-01")), "请写明提前结束的原因"),
        ((*TO_POST, step(Kind.RETAIN_EARLY, "2023-09-01")), "合同签订日期"),
        ((*TO_POST, step(Kind.RETAIN_EARLY, "2023-09-01", contract_on="2023-06-30")), "早于到岗"),
        ((*TO_POST, step(Kind.RETAIN_EARLY, "2024-01-01", contract_on="2024-01-01")), "期满完成"),
        ((*TO_POST, step(Kind.CHANGE_HOST, "2023-12-31")), "期满完成"),
        ((*TO_POST, step(Kind.EXTEND, "2024-01-01", months=1)), "到期前商定"),
        ((*TO_POST, step(Kind.EXTEND, "2023-12-01", months=7)), "超过了 12 个月"),
        ((*TO_POST, step(Kind.EXTEND, "2023-12-01", months=0)), "至少 1 个月"),
        ((*TO_POST, COMPLETE, step(Kind.RESULT, "2023-12-30", result="looking")), "早于上一步"),
        ((*TO_POST, COMPLETE, step(Kind.RESULT, "2024-01-01", result="retained")), "劳动合同"),
        (
            (
                *TO_POST,
                step(Kind.END_EARLY, "2023-09-01", reason="personal"),
                step(Kind.RESULT, "2023-09-02", result="retained", contract_on="2023-09-01"),
            ),
            "提前结束的不算留用",
        ),
    ],
)
def test_what_is_refused_and_why(steps: tuple[Step, ...], words: str) -> None:
    assert words in refusal(*steps)


def test_nothing_comes_before_an_application() -> None:
    with pytest.raises(Refused, match="请先登记报名"):
        take(None, ACCEPT, RULES)


def test_without_a_first_day_the_term_begins_on_arrival() -> None:
    life = lived(APPLY, ACCEPT, step(Kind.SIGN, "2023-06-28", mentor_id=7), step(Kind.ARRIVE, "2023-07-10"))
    assert (life.starts_on, life.ends_on) == (date(2023, 7, 10), date(2024, 1, 9))


def test_a_late_arrival_does_not_move_the_last_day_of_the_agreement() -> None:
    assert lived(APPLY, ACCEPT, SIGN, step(Kind.ARRIVE, "2023-07-10")).ends_on == ENDS


def test_an_extension_adds_months_and_days() -> None:
    life = lived(*TO_POST, step(Kind.EXTEND, "2023-12-01", months=2))
    assert (life.months, life.ends_on) == (8, date(2024, 2, 29))


def test_an_agreement_with_a_last_day_of_its_own_is_extended_from_there() -> None:
    agreed = step(Kind.SIGN, "2023-06-28", starts_on="2023-07-03", ends_on="2023-12-31", mentor_id=7)
    life = lived(APPLY, ACCEPT, agreed, step(Kind.ARRIVE, "2023-07-03"))
    assert life.months == 6
    assert lived(
        APPLY, ACCEPT, agreed, step(Kind.ARRIVE, "2023-07-03"), step(Kind.EXTEND, "2023-12-01", months=1)
    ).ends_on == (date(2024, 1, 31))


def test_the_longest_term_counts_what_was_served_before_a_change_of_host() -> None:
    moved = lived(*TO_POST, step(Kind.CHANGE_HOST, "2023-11-15"))
    assert served_months(moved) == 5
    onward = step(Kind.SIGN, "2023-11-15", starts_on="2023-11-16", months=8)
    apply, accept = step(Kind.APPLY, "2023-11-15", months=6), step(Kind.ACCEPT, "2023-11-15")
    assert "加上之前见习的 5 个月" in refusal(apply, accept, onward, before=5)
    assert lived(apply, accept, step(Kind.SIGN, "2023-11-15", months=2), before=5).stage is Stage.SIGNED


def test_retained_early_is_a_result_at_once() -> None:
    life = lived(*TO_POST, step(Kind.RETAIN_EARLY, "2023-10-01", contract_on="2023-10-01"))
    assert (life.ending, life.result, life.result_on, life.contract_on) == (
        Ending.RETAINED_EARLY,
        Result.RETAINED,
        date(2023, 10, 1),
        date(2023, 10, 1),
    )


def test_evidence_that_comes_later_keeps_the_earlier() -> None:
    life = lived(
        *TO_POST,
        step(Kind.RETAIN_EARLY, "2023-10-01", contract_on="2023-10-01"),
        step(Kind.RESULT, "2023-11-01", result="retained", insured_on="2023-10-20"),
    )
    assert (life.contract_on, life.insured_on) == (date(2023, 10, 1), date(2023, 10, 20))


def test_the_newest_result_holds() -> None:
    found = step(Kind.RESULT, "2024-02-01", result="employed")
    life = lived(*TO_POST, COMPLETE, step(Kind.RESULT, "2024-01-01", result="looking"), found)
    assert (life.result, life.result_on) == (Result.EMPLOYED, date(2024, 2, 1))


def test_what_a_person_tells_needs_no_contract_yet() -> None:
    told = step(Kind.RESULT, "2024-01-01", result="retained", claimed=True)
    assert lived(*TO_POST, COMPLETE, told).result is Result.RETAINED


# --- corrections -------------------------------------------------------------------------------------------


def test_a_wrong_day_is_put_right_in_its_place() -> None:
    right = step(Kind.ARRIVE, "2023-07-03")
    steps = correct((*TO_POST, COMPLETE), 3, right, RULES)
    assert steps == (APPLY, ACCEPT, SIGN, right, COMPLETE)
    assert fold(steps).arrived_on == date(2023, 7, 3)


def test_the_last_step_is_taken_back() -> None:
    assert correct((*TO_POST, COMPLETE), 4, None, RULES) == TO_POST


def test_a_correction_names_the_later_step_that_is_in_its_way() -> None:
    with pytest.raises(Refused) as refused:
        correct((*TO_POST, COMPLETE), 3, None, RULES)
    assert "“期满完成”（2023-12-31）" in refused.value.reasons[0]
    assert "请先更正它" in refused.value.reasons[0]


def test_a_correction_is_checked_itself() -> None:
    with pytest.raises(Refused, match="到岗不能早于"):
        correct(TO_POST, 3, step(Kind.ARRIVE, "2023-06-29"), RULES)


def test_an_application_is_withdrawn_not_taken_back() -> None:
    with pytest.raises(Refused, match="撤回报名"):
        correct(TO_POST, 0, None, RULES)
    earlier = step(Kind.APPLY, "2023-05-20", months=6)
    assert correct(TO_POST, 0, earlier, RULES)[0] == earlier


# --- any sequence of steps ---------------------------------------------------------------------------------

KINDS = st.sampled_from([kind for kind in Kind if kind is not Kind.VOID])
DETAILS = st.fixed_dictionaries(
    {
        "months": st.integers(0, 13),
        "mentor_id": st.one_of(st.none(), st.integers(1, 3)),
        "result": st.sampled_from(list(Result)).map(str),
    },
    optional={
        "starts_on": st.dates(date(2023, 6, 1), date(2023, 9, 1)).map(date.isoformat),
        "contract_on": st.dates(date(2023, 6, 1), date(2024, 6, 1)).map(date.isoformat),
        "reason": st.sampled_from(list(EndReason)).map(str),
        "track": st.sampled_from(["graduate", "youth"]),
    },
)


class AnyLife(RuleBasedStateMachine):
    """Steps of any kind on any day: what is taken keeps every promise, whatever is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.life: Life | None = None
        self.day = date(2023, 6, 1)

    @rule(kind=KINDS, days=st.integers(-3, 70), detail=DETAILS)
    def happens(self, kind: Kind, days: int, detail: dict[str, Any]) -> None:
        tried = Step(kind, self.day + timedelta(days=days), detail)
        try:
            life = take(self.life, tried, RULES)
        except Refused:
            return
        self.steps.append(tried)
        self.life, self.day = life, max(self.day, tried.on)

    @rule(data=st.data())
    def is_corrected(self, data: st.DataObject) -> None:
        if not self.steps:
            return
        target = data.draw(st.integers(0, len(self.steps) - 1))
        moved = self.steps[target]._replace(
            on=self.steps[target].on + timedelta(days=data.draw(st.integers(-5, 5)))
        )
        replacement = data.draw(st.sampled_from([None, moved]))
        try:
            steps = correct(self.steps, target, replacement, RULES)
        except Refused:
            return
        self.steps, self.life = list(steps), fold(steps)
        self.day = self.life.last_on

    @invariant()
    def the_life_is_the_sum_of_its_steps(self) -> None:
        if self.steps:
            assert fold(self.steps) == self.life

    @invariant()
    def every_promise_holds(self) -> None:
        life = self.life
        if life is None:
            return
        days = [life.applied_on, life.accepted_on, life.signed_on, life.arrived_on, life.ended_on]
        known = [day for day in days if day is not None]
        assert all(one <= other for one, other in pairwise(known))
        if life.stage in RUNNING | {Stage.ENDED, Stage.CANCELLED}:
            assert life.signed_on is not None
            assert RULES.shortest_months <= life.months <= RULES.longest_months
        if life.arrived_on is not None:
            assert life.mentor_id is not None
            assert life.starts_on is not None
            assert life.ends_on is not None
            assert life.starts_on <= life.arrived_on <= life.ends_on
        assert (life.ending is not None) is (life.stage is Stage.ENDED) is (life.ended_on is not None)
        if life.ending is Ending.COMPLETED:
            assert life.ended_on is not None
            assert life.ends_on is not None
            assert life.ended_on >= life.ends_on
        if life.result is Result.RETAINED:
            assert life.ending in (Ending.COMPLETED, Ending.RETAINED_EARLY)
            assert life.contract_on is not None
        if life.stage in EARLY:
            assert life.signed_on is None


AnyLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyLife = AnyLife.TestCase


def test_the_report_counts_arrivals_and_endings() -> None:
    assert {Kind.ARRIVE, *ENDINGS} == COUNTED
    assert set(ENDINGS.values()) == set(Ending)
