"""Scheduled jobs (定时任务): what each does, when, and that the same occurrence is done once.

A job is a function of a context and a moment; doing it twice for the same moment changes nothing the second time.
The scheduler only decides when (`bot.scheduler`); `jianxi jobs run` does the same by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]  # ships no types

from storage import job_runs
from storage.database import Connection, Database
from storage.sealing import Sealer

T = TypeVar("T")

PORTION: Final = 500
"""Most rows that a job changes in one transaction: people who write meanwhile must not wait for it."""

WINDOWS: Final = (
    timedelta(minutes=2),
    timedelta(hours=2),
    timedelta(days=2),
    timedelta(days=15),
    timedelta(days=40),
)
"""How far back the latest occurrence is looked for, the nearest first: beyond every period of ours."""

TICK: Final = timedelta(microseconds=1)


class Done(NamedTuple):
    """What a job did: rows made, rows changed."""

    created: int = 0
    changed: int = 0

    def plus(self, other: Done) -> Done:
        """Both together."""
        return Done(self.created + other.created, self.changed + other.changed)


def _unseen(_rows: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Context:
    """What jobs work with. `progress` is told after each portion how many rows it had."""

    database: Database
    sealer: Sealer
    zone: ZoneInfo
    progress: Callable[[int], None] = _unseen

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a reader."""
        return await self.database.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, one portion, in the next transaction."""
        return await self.database.write(work)

    async def portions(self, work: Callable[[Connection, int], int], most: int = PORTION) -> int:
        """Run `work(connection, most)` until it changes fewer rows than it may; returns how many in all."""
        total = 0
        while True:
            rows = await self.write(lambda connection: work(connection, most))
            total += rows
            self.progress(rows)
            if rows < most:
                return total

    def day(self, now: datetime) -> date:
        """The day it is in the programme's zone."""
        return now.astimezone(self.zone).date()


Work = Callable[[Context, datetime], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the contract: `cron` in the programme's zone (weekdays by name), `work` what it does.

    `catches_up`: when occurrences were missed because nothing ran, the latest is done afterwards, once for all.
    """

    name: str
    title: str
    cron: str
    work: Work
    catches_up: bool = True

    def trigger(self, zone: ZoneInfo) -> CronTrigger:
        """When it runs, for the scheduler."""
        return CronTrigger.from_crontab(self.cron, timezone=zone)

    def next_run(self, zone: ZoneInfo, now: datetime) -> datetime:
        """The first occurrence after `now`."""
        found: datetime = self.trigger(zone).get_next_fire_time(None, now + TICK)
        return found

    def latest(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """The latest occurrence not after `now`; None when there was none in the widest window."""
        trigger = self.trigger(zone)
        for window in WINDOWS:
            at: datetime | None = trigger.get_next_fire_time(None, now - window)
            found = None
            while at is not None and at <= now:
                found, at = at, trigger.get_next_fire_time(None, at + TICK)
            if found is not None:
                return found
        return None


def occurrence(at: datetime, zone: ZoneInfo) -> str:
    """The name of an occurrence: its moment in the programme's zone."""
    return at.astimezone(zone).isoformat(timespec="seconds")


async def run_once(
    context: Context, job: Job, at: datetime, clock: Callable[[], datetime], *, by_hand: bool = False
) -> Done | None:
    """Do a job for the moment `at`; None when that has been done, or is being done by another process.

    Raises what the job raised, after keeping it: the occurrence stays open, so that it can be tried again.
    """
    key = occurrence(at, context.zone)
    if not await context.write(
        lambda connection: job_runs.claim(connection, job.name, key, clock(), by_hand=by_hand)
    ):
        return None
    try:
        done = await job.work(context, at)
    except BaseException as error:  # also when the process is told to stop: the next one goes on at once
        kind = type(error).__name__
        await context.write(lambda connection: job_runs.fail(connection, job.name, key, clock(), kind))
        raise
    await context.write(
        lambda connection: job_runs.finish(connection, job.name, key, clock(), done._asdict())
    )
    return done


async def missed(context: Context, jobs: Sequence[Job], now: datetime) -> list[tuple[Job, datetime]]:
    """The latest occurrence of each job, where nobody was there to do it, it failed or was cut short.

    A job that never ran waits for its first time. After the clock was set back nothing is missed: what lies
    behind the last occurrence done was done, or made up for, by it.
    """
    names = [job.name for job in jobs if job.catches_up]
    runs = await context.read(lambda connection: job_runs.last_due(connection, names))
    found = []
    for job in jobs:
        last, at = runs.get(job.name), job.latest(context.zone, now)
        if last is None or at is None:
            continue
        behind = datetime.fromisoformat(last.occurrence)
        if at > behind or (at == behind and not last.well):
            found.append((job, at))
    return found
