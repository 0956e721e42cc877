"""Putting a question to somebody (主动询问): what check-ins and follow-ups share, and how a portion of work is told.

The questions of a day share a purpose, so nobody is asked twice on a day, and a question that could not go out
within three days is not asked any more: by then it would be out of place.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from policy.follow_up import RULES
from policy.outgoing_codes import DeliveryState, PurposeKind, SkipReason
from storage import deliveries
from storage.database import Connection
from storage.delivery_outcomes import Outcome

PORTION: Final = 500
"""Rows that are dealt with in one transaction."""


class Done(NamedTuple):
    """What a portion of a job made and changed; `more`: it is to be called again."""

    created: int = 0
    changed: int = 0
    more: bool = False

    def and_also(self, other: Done) -> Done:
        """Both together."""
        return Done(self.created + other.created, self.changed + other.changed, self.more or other.more)


def purpose_of_day(connection: Connection, prefix: str, kind: PurposeKind, now: datetime, today: date) -> int:
    """The purpose that the questions of this day share."""
    return deliveries.purpose(
        connection,
        f"{prefix}:{today}",
        kind,
        now,
        expires_at=now + timedelta(days=RULES.silent_after_days),
    )


class Silent(NamedTuple):
    """The question was delivered and is not answered in time."""


class NotReached(NamedTuple):
    """The question did not get there, and why."""

    reason: SkipReason


class Open(NamedTuple):
    """The question is on its way, or may still be answered."""


Fate = Silent | NotReached | Open

GIVEN_UP: Final = {
    DeliveryState.REFUSED: SkipReason.BLOCKED,
    DeliveryState.FAILED: SkipReason.UNREACHABLE,
    DeliveryState.EXPIRED: SkipReason.EXPIRED,
    DeliveryState.HELD: SkipReason.UNREACHABLE,
}
"""What a question that was not delivered in three days counts as."""


def fate(outcomes: list[Outcome], now: datetime) -> Fate:
    """What has become of a question that was put three days ago or earlier.

    An unknown delivery counts as delivered: it may well have been read.
    """
    if not outcomes:
        return NotReached(SkipReason.UNREACHABLE)
    newest = outcomes[-1]
    state = DeliveryState(newest.state)
    if state in (DeliveryState.SENT, DeliveryState.UNKNOWN):
        waited = now - (newest.sent_at or now - timedelta(days=RULES.silent_after_days))
        return Silent() if waited >= timedelta(days=RULES.silent_after_days) else Open()
    if state is DeliveryState.SKIPPED:
        reason = newest.reason or ""
        return NotReached(SkipReason(reason) if reason in set(SkipReason) else SkipReason.UNREACHABLE)
    if state in GIVEN_UP:
        return NotReached(GIVEN_UP[state])
    return Open()
