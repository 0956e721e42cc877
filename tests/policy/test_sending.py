"""Who may be written to, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.outgoing_codes import PurposeKind, SkipReason
from policy.sending import (
    PATIENT,
    RULES,
    UNASKED,
    Decision,
    Send,
    Situation,
    Skip,
    Wait,
    again_at,
    decide,
    free_from,
    quiet_until,
)

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 25, 12, tzinfo=ZONE)
PLAIN = Situation(PurposeKind.BROADCAST, False, True, True, None)


def at(hour: int, minute: int = 0, day: int = 25) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("about", "now", "decision"),
    [
        (PLAIN, NOON, Send()),
        (PLAIN._replace(allowed=False), NOON, Skip(SkipReason.OPTED_OUT)),
        (PLAIN._replace(allowed=False, urgent=True), NOON, Skip(SkipReason.OPTED_OUT)),
        (PLAIN._replace(kind=PurposeKind.STATUS, allowed=False), NOON, Send()),
        (PLAIN._replace(kind=PurposeKind.NUDGE, allowed=False), NOON, Send()),
        (PLAIN._replace(kind=PurposeKind.NUDGE, declined=True), NOON, Skip(SkipReason.OPTED_OUT)),
        (PLAIN._replace(reachable=False), NOON, Skip(SkipReason.UNREACHABLE)),
        (PLAIN._replace(expires_at=NOON), NOON, Skip(SkipReason.EXPIRED)),
        (PLAIN._replace(expires_at=NOON + timedelta(seconds=1)), NOON, Send()),
        (PLAIN, at(20, 59), Send()),
        (PLAIN, at(21), Wait(at(8, day=26))),
        (PLAIN._replace(urgent=True), at(23), Wait(at(8, day=26))),
        (PLAIN, at(0), Wait(at(8))),
        (PLAIN, at(7, 59), Wait(at(8))),
        (PLAIN, at(8), Send()),
        (PLAIN._replace(expires_at=at(23)), at(22), Skip(SkipReason.EXPIRED)),
        (PLAIN._replace(pushes=(at(9),)), NOON, Skip(SkipReason.CAP)),
        (PLAIN._replace(pushes=(at(20, day=24),)), NOON, Send()),
        (PLAIN._replace(pushes=(at(9),), urgent=True), NOON, Send()),
        (PLAIN._replace(pushes=(at(9),), kind=PurposeKind.STATUS), NOON, Send()),
        (PLAIN._replace(pushes=(at(9),), kind=PurposeKind.CHECK_IN), NOON, Wait(at(8, day=26))),
        (PLAIN._replace(pushes=tuple(at(9, day=d) for d in (20, 21, 22))), NOON, Skip(SkipReason.CAP)),
        (
            PLAIN._replace(pushes=tuple(at(9, day=d) for d in (20, 21, 22)), kind=PurposeKind.FOLLOW_UP),
            NOON,
            Wait(at(9, day=27)),
        ),
    ],
)
def test_a_message_goes_waits_or_is_left_out(about: Situation, now: datetime, decision: Decision) -> None:
    assert decide(about, now) == decision


def test_what_waited_for_the_night_is_spread_over_the_morning() -> None:
    mornings = {quiet_until(at(22), spread) for spread in range(600)}
    assert len(mornings) == RULES.morning_spread_minutes
    assert min(m for m in mornings if m) == at(8, day=26)


def test_no_kind_is_both_free_of_the_cap_and_patient() -> None:
    assert not UNASKED & PATIENT


@given(
    st.lists(st.integers(-10 * 1440, 2 * 1440), max_size=12),
    st.sampled_from(list(PurposeKind)),
    st.integers(0, 1439),
)
def test_whoever_is_told_to_wait_may_be_written_to_then(
    minutes: list[int], kind: PurposeKind, of_day: int
) -> None:
    """Also after a clock was set back: pushes of the future do not bar anybody for ever."""
    now = at(0) + timedelta(minutes=of_day)
    about = PLAIN._replace(kind=kind, pushes=tuple(now + timedelta(minutes=m) for m in minutes))
    tries = 0
    decision = decide(about, now)
    while isinstance(decision, Wait):
        assert decision.until > now
        now, tries = decision.until, tries + 1
        pushes = tuple(push for push in about.pushes if push <= now)
        decision = decide(about._replace(pushes=pushes), now)
        assert tries <= 12
    assert isinstance(decision, Send) or decision == Skip(SkipReason.CAP)


@given(st.lists(st.integers(0, 9 * 1440), max_size=10))
def test_the_cap_holds_however_pushes_come(gaps: list[int]) -> None:
    now = NOON
    sent: list[datetime] = []
    for gap in gaps:
        now += timedelta(minutes=gap)
        if free_from(sent, now) <= now:
            sent.append(now)
    for first in sent:
        week = [one for one in sent if first <= one < first + timedelta(days=7)]
        assert len(week) <= RULES.most_a_week
        assert sum(one.date() == first.date() for one in sent) <= RULES.most_a_day


@pytest.mark.parametrize(
    ("attempt", "retry_after", "seconds"),
    [(1, None, 30), (2, None, 120), (5, None, 7200), (1, 300.0, 300), (2, 5.0, 120)],
)
def test_a_failed_message_is_tried_again_later_and_later(
    attempt: int, retry_after: float | None, seconds: int
) -> None:
    assert again_at(attempt, NOON, retry_after, 0.5) == NOON + timedelta(seconds=seconds)


def test_it_is_not_tried_for_ever() -> None:
    assert again_at(RULES.attempts, NOON, 1.0, 0.0) is None
