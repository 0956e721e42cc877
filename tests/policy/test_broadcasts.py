"""The course of a broadcast: what may follow what, who may approve, how many go first, when it stops by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.broadcasts import (
    FOLLOWS,
    RULES,
    Tally,
    approved_by_other,
    canary_step,
    fault,
    moved,
    needs_second_person,
)
from policy.outgoing_codes import BroadcastState as State
from policy.refusal import Refused

ENDS = {State.CANCELLED}


def test_every_state_says_what_may_follow() -> None:
    assert set(FOLLOWS) == set(State)


@pytest.mark.parametrize("state", State)
def test_what_has_ended_stays_so_and_everything_else_can_be_cancelled(state: State) -> None:
    if state in ENDS:
        assert FOLLOWS[state] == frozenset()
    else:
        assert moved(state, State.CANCELLED) is State.CANCELLED


@pytest.mark.parametrize(
    ("state", "to"),
    [
        (State.DRAFT, State.CANARY),
        (State.WAITING, State.CANARY),
        (State.DRAFT, State.RUNNING),
        (State.APPROVED, State.RUNNING),
        (State.CANARY, State.DRAFT),
        (State.RUNNING, State.DRAFT),
        (State.STOPPED, State.CANARY),
        (State.DONE, State.RUNNING),
        (State.CANCELLED, State.DRAFT),
    ],
)
def test_no_step_is_left_out(state: State, to: State) -> None:
    with pytest.raises(Refused, match=state.label):
        moved(state, to)


@pytest.mark.parametrize(("size", "needed"), [(1, False), (500, False), (501, True), (1_000_000, True)])
def test_a_large_audience_needs_a_second_person(size: int, needed: bool) -> None:
    assert needs_second_person(size) is needed


@pytest.mark.parametrize(
    ("writers", "approver", "allowed"),
    [
        ({"cli:li"}, "cli:chen", True),
        ({"cli:li"}, "cli:li", False),
        ({"cli:root"}, "cli:root/陈主任", True),
        ({"cli:root"}, "cli:root/root", False),
        ({"cli:root"}, "cli:root/ ROOT ", False),
        ({"cli:root/李敏"}, "cli:zhou/李敏", False),
        ({"cli:chen"}, "cli:root/Chen", False),
        ({"cli:li", "cli:chen"}, "cli:chen", False),
        ({"cli:root"}, "cli:root/", False),
        ({"cli:root"}, "cli:root/ ", False),
    ],
)
def test_nobody_approves_what_they_wrote(writers: set[str], approver: str, allowed: bool) -> None:
    if allowed:
        approved_by_other(writers, approver)
    else:
        with pytest.raises(Refused):
            approved_by_other(writers, approver)


@pytest.mark.parametrize(
    ("size", "first"), [(1, 1), (2, 1), (99, 1), (100, 1), (101, 2), (1_000, 10), (10_000, 100)]
)
def test_one_in_a_hundred_goes_first(size: int, first: int) -> None:
    assert len(range(0, size, canary_step(size))) == first


@given(st.integers(1, 10_000_000))
def test_somebody_always_goes_first_and_never_all_of_many(size: int) -> None:
    first = len(range(0, size, canary_step(size)))
    assert 1 <= first <= max(1, size // 50)


@pytest.mark.parametrize(
    ("tally", "finished", "word"),
    [
        (Tally(0, 0, 0, 0), True, None),
        (Tally(10, 0, 0, 0), False, None),
        (Tally(0, 95, 5, 0), True, None),
        (Tally(0, 94, 6, 0), True, "发送失败 6.0%"),
        (Tally(100, 94, 6, 0), False, "发送失败 6.0%"),
        (Tally(0, 100, 0, 2), True, None),
        (Tally(0, 100, 0, 3), True, "退订或取关 3.0%"),
        (Tally(81, 0, 19, 0), False, None),
        (Tally(80, 0, 20, 0), False, "发送失败 100.0%"),
        (Tally(0, 0, 1, 0), True, "发送失败 100.0%"),
        (Tally(0, 0, 0, 5), True, None),
    ],
)
def test_too_many_errors_or_complaints_stop_it(tally: Tally, finished: bool, word: str | None) -> None:
    found = fault(tally, finished=finished)
    assert found is None if word is None else found is not None and found.startswith(word)


@given(st.integers(RULES.judged_from, 10_000), st.data())
def test_it_stops_exactly_above_the_limits(attempted: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, attempted))
    complaints = data.draw(st.integers(0, attempted))
    bad = failed * 100 > RULES.most_errors_percent * attempted
    worse = complaints * 100 > RULES.most_complaints_percent * attempted
    tally = Tally(1, attempted - failed, failed, complaints)
    assert (fault(tally, finished=False) is not None) is (bad or worse)
