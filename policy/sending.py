"""When a message may go out (发送规则): quiet hours, how often, how often again, and when next.

No notice says anything about it; all of it is open configuration (由本单位设定), kept here in one place. Pure:
moments in local time go in, decisions come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from policy.outgoing_codes import PurposeKind, SkipReason


@dataclass(frozen=True, slots=True)
class SendingRules:
    """The configuration. Nobody is written to between the hours `quiet_from` and `quiet_until`.

    A person gets at most `most_a_day` pushes a day and `most_a_week` in seven days, over all their channels. A
    message that the platform could not take is tried again after `back_off` seconds, at most `attempts` times.
    """

    quiet_from: int = 21
    quiet_until: int = 8
    morning_spread_minutes: int = 60
    most_a_day: int = 1
    most_a_week: int = 3
    back_off: tuple[int, ...] = (30, 120, 600, 1800, 7200)
    attempts: int = 6


RULES: Final = SendingRules()

UNASKED: Final = frozenset({PurposeKind.STATUS, PurposeKind.STAFF, PurposeKind.NUDGE})
"""What somebody waits for because they began it: no consent to pushes is needed, no cap applies."""
BY_SIGNING_UP: Final = frozenset({PurposeKind.EVENT})
"""What somebody agreed to by the act it belongs to: signing up for an event is the consent to its reminder."""
PATIENT: Final = frozenset(
    {PurposeKind.CHECK_IN, PurposeKind.FOLLOW_UP, PurposeKind.RENEWAL, PurposeKind.EXPIRY, PurposeKind.EVENT}
)
"""What is too important to fall to the cap: it waits for a free day instead."""


class Send(NamedTuple):
    """It may go now."""


class Wait(NamedTuple):
    """Not before that moment."""

    until: datetime


class Skip(NamedTuple):
    """It does not go at all, and why."""

    reason: SkipReason


Decision = Send | Wait | Skip


class Situation(NamedTuple):
    """What is known about a message and the one it is for. `pushes` are the local times of their latest pushes.

    `declined`: they have said no to messages that need no consent, such as a reminder of what they began. To the
    reminder of an event only a word to stop says no, or a withdrawn registration.
    """

    kind: PurposeKind
    urgent: bool
    reachable: bool
    allowed: bool
    expires_at: datetime | None
    pushes: Sequence[datetime] = ()
    spread: int = 0
    declined: bool = False


def decide(about: Situation, now: datetime, rules: SendingRules = RULES) -> Decision:
    """Whether a message goes now, later or not at all. `now` is local; `spread` scatters the morning's messages."""
    if about.expires_at is not None and now >= about.expires_at:
        return Skip(SkipReason.EXPIRED)
    if about.declined or (not about.allowed and about.kind not in UNASKED | BY_SIGNING_UP):
        return Skip(SkipReason.OPTED_OUT)
    if not about.reachable:
        return Skip(SkipReason.UNREACHABLE)
    morning = quiet_until(now, about.spread, rules)
    if morning is not None:
        return _wait(about, morning)
    if about.urgent or about.kind in UNASKED:
        return Send()
    free = free_from(about.pushes, now, rules)
    if free <= now:
        return Send()
    if about.kind in PATIENT:
        return _wait(about, free)
    return Skip(SkipReason.CAP)


def _wait(about: Situation, until: datetime) -> Decision:
    if about.expires_at is not None and until >= about.expires_at:
        return Skip(SkipReason.EXPIRED)
    return Wait(until)


def quiet_until(now: datetime, spread: int = 0, rules: SendingRules = RULES) -> datetime | None:
    """The morning on which a message may go that must not go in the night; None by day."""
    if rules.quiet_until <= now.hour < rules.quiet_from:
        return None
    day = now + timedelta(days=1) if now.hour >= rules.quiet_from else now
    morning = _at_hour(day, rules.quiet_until)
    return morning + timedelta(minutes=spread % max(1, rules.morning_spread_minutes))


def free_from(pushes: Sequence[datetime], now: datetime, rules: SendingRules = RULES) -> datetime:
    """The first moment at which one more push is within the cap; `now` itself when it is.

    A push from the future (the clock was set back) counts as one of now.
    """
    times = sorted(min(push, now) for push in pushes)
    today = [push for push in times if push.date() == now.date()]
    free = now
    if len(today) >= rules.most_a_day:
        free = _at_hour(now + timedelta(days=1), rules.quiet_until)
    while len(recent := [push for push in times if push > free - timedelta(days=7)]) >= rules.most_a_week:
        free = max(free, recent[0] + timedelta(days=7))
    return free


def again_at(attempt: int, now: datetime, retry_after: float | None, jitter: float) -> datetime | None:
    """When to try again after the `attempt`-th try (from 1) failed; None when that was the last.

    `retry_after` seconds come from the platform and are kept to; `jitter` from 0 to 1 scatters the rest by a fifth.
    """
    if attempt >= RULES.attempts:
        return None
    seconds = RULES.back_off[min(attempt, len(RULES.back_off)) - 1] * (0.9 + jitter / 5)
    return now + timedelta(seconds=max(seconds, retry_after or 0))


def _at_hour(day: datetime, hour: int) -> datetime:
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)
