"""What became of messages sent on the official account (发送结果): told by events, kept once and counted.

The platform has its own words; to us a message was delivered, was not taken by the person (blocked), or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

from bot.channels.wechat_events import Outcome
from bot.channels.wechat_inbox import CHANNEL, OnOutcome
from bot.metrics import Metrics
from policy.outgoing_codes import DeliveryState
from storage import delivery_records, platform_outcomes
from storage.database import Connection

Result = Literal["delivered", "blocked", "failed"]

NOT_TAKEN: Final = ("user", "refuse", "reject")
"""Words of the platform for a person who does not want such messages: "failed:user block", "user refuse"."""

STATES: Final[Mapping[Result, DeliveryState]] = {
    "delivered": DeliveryState.SENT,
    "blocked": DeliveryState.REFUSED,
    "failed": DeliveryState.FAILED,
}
"""What it means in the delivery ledger, for messages that stand there."""


def result_of(outcome: Outcome) -> Result:
    """The outcome in our words."""
    if outcome.delivered:
        return "delivered"
    return "blocked" if any(word in outcome.status.lower() for word in NOT_TAKEN) else "failed"


def keeper(metrics: Metrics, clock: Callable[[], datetime]) -> OnOutcome:
    """What the inbox does with an outcome: keep it in the same transaction, and count it if it is news."""

    def keep(connection: Connection, outcome: Outcome) -> None:
        if not outcome.message_id:  # nothing could be found by it
            return
        result, detail = result_of(outcome), {"status": outcome.status, **dict(outcome.counts)}
        now = clock()
        if platform_outcomes.record(
            connection, CHANNEL, outcome.message_id, outcome.job, result, detail, now
        ):
            metrics.outcome(CHANNEL, outcome.job, result)
            delivery_records.outcome(
                connection, CHANNEL, outcome.message_id, STATES[result], outcome.status, now
            )

    return keep
