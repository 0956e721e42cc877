"""Outcomes (发送结果): what a platform says became of messages that it had taken. Kept once, however often it says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from storage.database import Connection, Statement, insert
from storage.tables import PlatformOutcome, core

outcome = core(PlatformOutcome)


class Kept(NamedTuple):
    """An outcome as stored; see the table for what the words mean."""

    kind: str
    message_id: str
    result: str
    detail: dict[str, Any]
    at: datetime


ADD: Final = Statement(
    insert(outcome).on_conflict_do_nothing(index_elements=["channel", "platform_message_id", "kind"]),
    "channel",
    "platform_message_id",
    "kind",
    "result",
    "detail",
    "at",
)
_kept = select(
    outcome.c.kind, outcome.c.platform_message_id, outcome.c.result, outcome.c.detail, outcome.c.at
).where(outcome.c.channel == bindparam("where"))
OF_MESSAGE: Final = Statement(
    _kept.where(outcome.c.platform_message_id == bindparam("which")).order_by(outcome.c.id), "where", "which"
)
NEWEST: Final = Statement(_kept.order_by(outcome.c.id.desc()).limit(bindparam("most")), "where", "most")


def record(
    connection: Connection,
    channel: str,
    message_id: str,
    kind: str,
    result: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Keep what became of a message; False when it is known already, and what was said first stays."""
    return connection.run(ADD, (channel, message_id, kind, result, dict(detail), now)).rowcount == 1


def of_message(connection: Connection, channel: str, message_id: str) -> list[Kept]:
    """What became of the message with that id of the platform's; empty while it has not said."""
    return [Kept(*row) for row in connection.run(OF_MESSAGE, (channel, message_id))]


def newest(connection: Connection, channel: str, limit: int) -> list[Kept]:
    """The outcomes told last, newest first."""
    return [Kept(*row) for row in connection.run(NEWEST, (channel, limit))]
