"""When jobs run, that an occurrence is done once, and what is made up for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.jobs import Context, Done, Job, missed, occurrence, run_once
from storage import job_runs
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.talking import Clock

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def nothing(_context: Context, _now: datetime) -> Done:
    return Done()


class Counting:
    """A job that remembers for which moments it was done; fails while `fails`."""

    def __init__(self) -> None:
        self.done: list[datetime] = []
        self.fails = False

    async def __call__(self, _context: Context, now: datetime) -> Done:
        if self.fails:
            raise LookupError("张三 13800138000")
        self.done.append(now)
        return Done(created=1)


@pytest.fixture
def context(database: Database, sealer: Sealer) -> Context:
    return Context(database, sealer, ZONE)


@pytest.mark.parametrize(
    ("cron", "now", "latest", "following"),
    [
        ("0 9 * * *", "2026-11-25T09:00:00", "2026-11-25T09:00", "2026-11-26T09:00"),
        ("0 9 * * *", "2026-11-25T08:59:59", "2026-11-24T09:00", "2026-11-25T09:00"),
        ("0 9 * * mon", "2026-11-29T12:00:00", "2026-11-23T09:00", "2026-11-30T09:00"),
        ("10 8-20 * * *", "2026-11-25T07:00:00", "2026-11-24T20:10", "2026-11-25T08:10"),
        ("* * * * *", "2026-11-25T07:00:30", "2026-11-25T07:00", "2026-11-25T07:01"),
        ("0 9 31 * *", "2026-12-15T00:00:00", None, "2026-12-31T09:00"),
        ("0 9 31 * *", "2026-11-09T00:00:00", "2026-10-31T09:00", "2026-12-31T09:00"),
        ("0 9 29 2 *", "2028-03-05T00:00:00", "2028-02-29T09:00", "2032-02-29T09:00"),
        ("30 0 * * *", "2026-03-08T12:00:00", "2026-03-08T00:30", "2026-03-09T00:30"),
    ],
)
def test_an_occurrence_is_found_before_and_after_any_moment(
    cron: str, now: str, latest: str | None, following: str
) -> None:
    job = Job("some", "某事", cron, nothing)
    assert job.latest(ZONE, at(now)) == (at(latest) if latest else None)
    assert job.next_run(ZONE, at(now)) == at(following)


@given(st.integers(0, 6 * 365 * 24 * 3600), st.sampled_from(("0 9 * * *", "10 8-20 * * *")))
def test_the_latest_occurrence_is_the_one_before_the_next(seconds: int, cron: str) -> None:
    job, now = Job("some", "某事", cron, nothing), at("2024-01-01T00:00") + timedelta(seconds=seconds)
    latest = job.latest(ZONE, now)
    assert latest is not None
    assert latest <= now < job.next_run(ZONE, now) == job.next_run(ZONE, latest)
    assert now - latest <= timedelta(days=1)


def test_the_programmes_zone_has_one_time_all_year() -> None:
    days = [at("2026-01-01T09:00") + timedelta(days=number) for number in range(366)]
    assert {day.utcoffset() for day in days} == {timedelta(hours=8)}
    assert occurrence(datetime(2026, 11, 25, 1, tzinfo=UTC), ZONE) == "2026-11-25T09:00:00+08:00"


async def test_the_same_occurrence_is_done_once(context: Context, clock: Clock) -> None:
    work = Counting()
    job = Job("some", "某事", "0 9 * * *", work)
    moment = at("2026-11-25T09:00")
    assert await run_once(context, job, moment, clock) == Done(created=1)
    assert await run_once(context, job, moment, clock) is None
    assert await run_once(context, job, moment, clock, by_hand=True) is None
    assert work.done == [moment]


async def test_a_failed_occurrence_is_kept_without_the_errors_words_and_can_be_tried_again(
    context: Context, clock: Clock
) -> None:
    work = Counting()
    job, moment = Job("some", "某事", "0 9 * * *", work), at("2026-11-25T09:00")
    work.fails = True
    with pytest.raises(LookupError):
        await run_once(context, job, moment, clock)
    kept = (await context.read(lambda c: job_runs.newest(c, ["some"])))["some"]
    assert (kept.error, kept.well) == ("LookupError", False)
    work.fails = False
    assert await run_once(context, job, moment, clock) == Done(created=1)
    kept = (await context.read(lambda c: job_runs.newest(c, ["some"])))["some"]
    assert kept.well
    assert kept.result == {"created": 1, "changed": 0}


async def test_an_occurrence_that_was_cut_short_is_taken_over_an_hour_later(
    context: Context, clock: Clock
) -> None:
    work = Counting()
    job, moment = Job("some", "某事", "0 9 * * *", work), at("2026-11-25T09:00")
    key = occurrence(moment, ZONE)
    assert await context.write(lambda c: job_runs.claim(c, "some", key, clock(), by_hand=False))
    clock.move(minutes=59)
    assert await run_once(context, job, moment, clock) is None
    clock.move(minutes=2)
    assert await run_once(context, job, moment, clock) == Done(created=1)


async def test_a_process_told_to_stop_leaves_its_occurrence_to_the_next(
    context: Context, clock: Clock
) -> None:
    begun = asyncio.Event()

    async def slow(_context: Context, _now: datetime) -> Done:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    moment = at("2026-11-25T09:00")
    task = asyncio.create_task(run_once(context, Job("some", "某事", "0 9 * * *", slow), moment, clock))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    work = Counting()
    assert await run_once(context, Job("some", "某事", "0 9 * * *", work), moment, clock) == Done(created=1)


async def test_after_ten_days_down_each_job_is_made_up_for_once_with_its_latest_occurrence(
    context: Context, clock: Clock
) -> None:
    daily, weekly = (
        Job("daily", "每天", "0 9 * * *", Counting()),
        Job("weekly", "每周", "0 9 * * mon", Counting()),
    )
    every_minute = Job("minute", "每分钟", "* * * * *", Counting(), catches_up=False)
    fresh = Job("fresh", "新加的", "0 9 * * *", Counting())
    for job in (daily, weekly, every_minute):
        await run_once(context, job, at("2026-11-16T09:00"), clock)
    now = at("2026-11-26T12:00")
    found = await missed(context, [daily, weekly, every_minute, fresh], now)
    assert [(job.name, moment) for job, moment in found] == [
        ("daily", at("2026-11-26T09:00")),
        ("weekly", at("2026-11-23T09:00")),
    ]
    for job, moment in found:
        await run_once(context, job, moment, clock)
    assert await missed(context, [daily, weekly, every_minute, fresh], now) == []


async def test_after_the_clock_was_set_back_nothing_is_missed(context: Context, clock: Clock) -> None:
    daily = Job("daily", "每天", "0 9 * * *", Counting())
    await run_once(context, daily, at("2026-11-10T09:00"), clock)
    await run_once(context, daily, at("2026-11-26T09:00"), clock)
    assert await missed(context, [daily], at("2026-11-20T12:00")) == []


async def test_what_was_run_by_hand_for_another_day_does_not_hide_what_was_missed(
    context: Context, clock: Clock
) -> None:
    daily = Job("daily", "每天", "0 9 * * *", Counting())
    await run_once(context, daily, at("2026-11-24T09:00"), clock)
    await run_once(context, daily, at("2027-06-01T00:00"), clock, by_hand=True)
    found = await missed(context, [daily], at("2026-11-26T12:00"))
    assert [moment for _, moment in found] == [at("2026-11-26T09:00")]


async def test_a_failed_occurrence_is_missed_until_it_is_done(context: Context, clock: Clock) -> None:
    work = Counting()
    daily = Job("daily", "每天", "0 9 * * *", work)
    work.fails = True
    with pytest.raises(LookupError):
        await run_once(context, daily, at("2026-11-26T09:00"), clock)
    assert len(await missed(context, [daily], at("2026-11-26T09:15"))) == 1
    work.fails = False
    await run_once(context, daily, at("2026-11-26T09:00"), clock)
    assert await missed(context, [daily], at("2026-11-26T09:30")) == []


async def test_portions_go_on_until_one_is_not_full(database: Database, sealer: Sealer) -> None:
    seen: list[int] = []
    context = Context(database, sealer, ZONE, seen.append)
    sizes = iter([500, 500, 3])
    assert await context.portions(lambda _connection, _most: next(sizes)) == 1003
    assert seen == [500, 500, 3]


def test_old_runs_are_dropped_but_each_jobs_newest_stays(database: Database) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)

    def work(connection: Connection) -> tuple[int, int]:
        for days in range(0, 100, 10):
            key = f"2026-{100 - days:03d}"
            assert job_runs.claim(connection, "often", key, now - timedelta(days=100 - days), by_hand=False)
        job_runs.claim(connection, "seldom", "2026", now - timedelta(days=300), by_hand=False)
        first = job_runs.purge_expired(connection, now, 5)
        return first, job_runs.purge_expired(connection, now, 500)

    assert database.write_sync(work) == (5, 2)
    assert set(database.read_sync(lambda c: job_runs.newest(c, ["often", "seldom"]))) == {"often", "seldom"}
