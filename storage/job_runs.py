"""Runs of scheduled jobs (定时任务记录): the same occurrence runs once, and what became of each is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, delete, or_, select, update

from storage.database import Connection, Statement, insert
from storage.outgoing_tables import JobRun
from storage.tables import core

run = core(JobRun)

ABANDONED: Final = timedelta(hours=1)
"""A run that has not ended after this was cut short; whoever claims its occurrence next takes it over."""
KEPT: Final = timedelta(days=30)

CLAIM: Final = Statement(
    insert(run).on_conflict_do_nothing(index_elements=["name", "occurrence"]),
    "name",
    "occurrence",
    "by_hand",
    "started_at",
    "result",
)
_one = update(run).where(run.c.name == bindparam("job"), run.c.occurrence == bindparam("at"))
TAKE_OVER: Final = Statement(
    _one.where(
        or_(
            run.c.error.is_not(None),
            and_(
                run.c.finished_at.is_(None),
                run.c.started_at < bindparam("before", type_=run.c.started_at.type),
            ),
        )
    ).values(finished_at=None, error=None),
    "started_at",
    "job",
    "at",
    "before",
)
END: Final = Statement(_one, "finished_at", "result", "error", "job", "at")
_runs = select(
    run.c.name, run.c.occurrence, run.c.started_at, run.c.finished_at, run.c.result, run.c.error
).where(run.c.name == bindparam("job"))
NEWEST: Final = Statement(_runs.order_by(run.c.id.desc()).limit(1), "job")
LAST_DUE: Final = Statement(
    _runs.where(~run.c.by_hand).order_by(run.c.occurrence.desc()).limit(1),
    "job",
)


class Run(NamedTuple):
    """One run; `finished_at` None while it goes on, `error` the kind of what it raised."""

    name: str
    occurrence: str
    started_at: datetime
    finished_at: datetime | None
    result: Mapping[str, Any]
    error: str | None

    @property
    def well(self) -> bool:
        """Whether it came to its end."""
        return self.finished_at is not None and self.error is None


def claim(connection: Connection, name: str, occurrence: str, now: datetime, *, by_hand: bool) -> bool:
    """Whether this process is the one to run that occurrence: new, failed before, or cut short."""
    if connection.run(CLAIM, (name, occurrence, by_hand, now, {})).rowcount == 1:
        return True
    return connection.run(TAKE_OVER, (now, name, occurrence, now - ABANDONED)).rowcount == 1


def finish(
    connection: Connection, name: str, occurrence: str, now: datetime, result: Mapping[str, Any]
) -> None:
    """Keep what a run did."""
    connection.run(END, (now, dict(result), None, name, occurrence))


def fail(connection: Connection, name: str, occurrence: str, now: datetime, kind: str) -> None:
    """Keep that a run failed, by the kind of its error alone: its words may quote somebody."""
    connection.run(END, (now, {}, kind, name, occurrence))


def cut_short(connection: Connection, now: datetime) -> int:
    """Mark what a process left unfinished that died, where no other process runs jobs; returns how many."""
    open_ones = update(run).where(run.c.finished_at.is_(None), ~run.c.by_hand)
    return connection.sqlalchemy.execute(open_ones.values(finished_at=now, error="Interrupted")).rowcount


def newest(connection: Connection, names: Iterable[str]) -> dict[str, Run]:
    """The run that was begun last of each job, by hand or not."""
    rows = (connection.run(NEWEST, (name,)).fetchone() for name in names)
    return {row[0]: Run(*row) for row in rows if row is not None}


def last_due(connection: Connection, names: Iterable[str]) -> dict[str, Run]:
    """The run of each job's latest occurrence of those that its schedule brought about."""
    rows = (connection.run(LAST_DUE, (name,)).fetchone() for name in names)
    return {row[0]: Run(*row) for row in rows if row is not None}


def purge_expired(connection: Connection, now: datetime, most: int) -> int:
    """Drop up to `most` runs older than thirty days, but for the newest of each job; returns how many."""
    last = select(run.c.id).where(run.c.name == bindparam("job")).order_by(run.c.id.desc()).limit(1)
    names = [row[0] for row in connection.sqlalchemy.execute(select(run.c.name).distinct())]
    kept = [connection.sqlalchemy.execute(last, {"job": name}).scalar_one() for name in names]
    old = select(run.c.id).where(run.c.started_at < now - KEPT, run.c.id.not_in(kept)).limit(most)
    return connection.sqlalchemy.execute(delete(run).where(run.c.id.in_(old))).rowcount
