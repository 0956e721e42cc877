"""Channel accounts at fault (通道停发): which are stopped, why, and when one message may try again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, select

from storage.database import Connection, Statement, insert
from storage.outgoing_tables import StoppedLane
from storage.tables import core

lane = core(StoppedLane)

_stopped = insert(lane)
STOP: Final = Statement(
    _stopped.on_conflict_do_update(
        index_elements=["channel"],
        set_={name: _stopped.excluded[name] for name in ("fault", "probe_at")},
    ),
    "channel",
    "fault",
    "since",
    "probe_at",
)
RESUME: Final = Statement(delete(lane).where(lane.c.channel == bindparam("which")), "which")
ALL: Final = Statement(select(lane.c.channel, lane.c.fault, lane.c.since, lane.c.probe_at))


class Stopped(NamedTuple):
    """A lane at fault."""

    fault: str
    since: datetime
    probe_at: datetime


def stop(connection: Connection, channel: str, fault: str, now: datetime, probe_at: datetime) -> None:
    """The account of this channel is at fault; since when it has been so, stays."""
    connection.run(STOP, (channel, fault, now, probe_at))


def resume(connection: Connection, channel: str) -> bool:
    """The account may be used again; returns whether it was stopped."""
    return connection.run(RESUME, (channel,)).rowcount > 0


def stopped(connection: Connection) -> Mapping[str, Stopped]:
    """The lanes that are stopped, by channel."""
    return {row[0]: Stopped(*row[1:]) for row in connection.run(ALL)}
