"""The scheduler at work: what it starts with, what it makes up for, failures, and two of them on one base."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.scheduler import Scheduler, scheduled
from notifications.jobs import Context, Done, Job, occurrence, run_once
from storage import deliveries, job_runs, staff_bindings
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.notifications.test_jobs import Counting, at
from tests.storage.rows import contact
from tests.talking import Clock, until

ZONE = ZoneInfo("Asia/Shanghai")
NOON = at("2026-11-26T12:00")


def daily(work: Counting, name: str = "daily") -> Job:
    return Job(name, "每天的事", "0 9 * * *", work)


def scheduler(
    database: Database, sealer: Sealer, jobs: list[Job], *, alone: bool = True
) -> tuple[Scheduler, list[tuple[str, bool]]]:
    told: list[tuple[str, bool]] = []
    made = Scheduler(
        Context(database, sealer, ZONE),
        jobs,
        Clock(NOON),
        alone=alone,
        finished=lambda name, well: told.append((name, well)),
    )
    return made, told


async def settled(made: Scheduler) -> None:
    """What was begun has ended."""
    await asyncio.gather(*made._running)


async def test_what_was_missed_while_nothing_ran_is_made_up_for_at_the_start(
    database: Database, sealer: Sealer
) -> None:
    work = Counting()
    made, told = scheduler(database, sealer, [daily(work)])
    await run_once(made.context, daily(Counting()), at("2026-11-16T09:00"), made.clock)
    async with scheduled(made):
        assert made.working
        await settled(made)
    assert work.done == [at("2026-11-26T09:00")]
    assert told == [("daily", True)]
    assert not made.working


async def test_a_new_installation_waits_for_the_first_time_of_each_job(
    database: Database, sealer: Sealer
) -> None:
    work = Counting()
    made, _ = scheduler(database, sealer, [daily(work)])
    async with scheduled(made):
        await settled(made)
        waiting = {job.id: job.trigger for job in made._timer.get_jobs()}
    assert work.done == []
    assert set(waiting) == {"daily", "catch_up"}
    assert waiting["daily"].get_next_fire_time(None, NOON) == at("2026-11-27T09:00")


async def test_when_its_time_has_come_the_occurrence_is_done_however_often_it_is_called(
    database: Database, sealer: Sealer
) -> None:
    work = Counting()
    job = daily(work)
    made, _ = scheduler(database, sealer, [job])
    await asyncio.gather(made.due(job), made.due(job))
    assert work.done == [at("2026-11-26T09:00")]


async def test_two_schedulers_on_one_base_do_an_occurrence_once(postgresql_url: str, sealer: Sealer) -> None:
    bases = [Database(postgresql_url), Database(postgresql_url)]
    works = [Counting(), Counting()]
    try:
        pairs = [
            (scheduler(base, sealer, [daily(work)], alone=False)[0], daily(work))
            for base, work in zip(bases, works, strict=True)
        ]
        await asyncio.gather(*(made.due(job) for made, job in pairs for _ in range(3)))
    finally:
        for base in bases:
            await base.close()
    assert [moment for work in works for moment in work.done] == [at("2026-11-26T09:00")]


async def test_a_job_that_fails_is_counted_and_told_to_staff_once_a_day_and_harms_no_other(
    database: Database, sealer: Sealer
) -> None:
    chat = database.write_sync(contact)
    code = database.write_sync(
        lambda c: staff_bindings.invite(c, sealer, "李老师", None, actor="test", now=NOON)
    )
    database.write_sync(lambda c: staff_bindings.bind(c, sealer, code, chat, now=NOON))
    bad, good = Counting(), Counting()
    bad.fails = True
    made, told = scheduler(database, sealer, [daily(bad, "bad"), daily(good, "good")])
    for job in (*made.jobs, made.jobs[0]):
        await made.due(job)
    assert told == [("bad", False), ("good", True), ("bad", False)]
    assert good.done

    def said(connection: Connection) -> list[str]:
        rows = connection.sqlalchemy.execute(deliveries.delivery.select())
        found = [deliveries.opened(sealer, row.content_sealed) for row in rows]
        return [one.text for one in found if isinstance(one, deliveries.Said)]

    [text] = database.read_sync(said)
    assert "每天的事" in text
    assert "LookupError" in text
    assert "张三" not in text

    bad.fails = False  # made up for at the next look
    await made.catch_up()
    assert bad.done == [at("2026-11-26T09:00")]


async def test_alone_on_a_base_what_was_cut_short_is_done_at_once(database: Database, sealer: Sealer) -> None:
    moment = at("2026-11-26T09:00")

    def killed(connection: Connection) -> bool:
        return job_runs.claim(connection, "daily", occurrence(moment, ZONE), NOON, by_hand=False)

    assert database.write_sync(killed)
    work = Counting()
    made, _ = scheduler(database, sealer, [daily(work)], alone=False)
    await made.catch_up()
    assert work.done == []  # somebody else may still be at it
    made, _ = scheduler(database, sealer, [daily(work)], alone=True)
    async with scheduled(made):
        await settled(made)
    assert work.done == [moment]


async def test_stopping_waits_for_a_running_job_and_then_cuts_it_short(
    database: Database, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.scheduler.STOP_SECONDS", 0.0)
    begun = asyncio.Event()

    async def endless(_context: Context, _now: datetime) -> Done:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    job = Job("endless", "没完没了", "0 9 * * *", endless)
    made, _ = scheduler(database, sealer, [job])
    await made.start()
    await made._begin(made.due, job)
    await begun.wait()
    await made.stop()
    kept = await until(
        lambda: database.read(lambda c: job_runs.newest(c, ["endless"])), lambda runs: "endless" in runs
    )
    assert kept["endless"].error == "CancelledError"


async def test_a_base_that_cannot_be_read_stops_nothing(database: Database, sealer: Sealer) -> None:
    work = Counting()
    made, told = scheduler(database, sealer, [daily(work)])
    await database.close()
    await made.catch_up()
    await made.due(made.jobs[0])
    assert told == [("daily", False)]
    assert work.done == []
