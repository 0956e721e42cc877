"""The scheduler (调度): tells each job when its time has come, and makes up for the time when nothing ran."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]  # ships no types

from bot.logs import trace
from notifications.jobs import Context, Job, missed, run_once
from storage import job_runs, staff_alerts

log = structlog.get_logger()

LOOK_EVERY_MINUTES: Final = 15
"""How often what was missed, failed or cut short is looked for."""
STOP_SECONDS: Final = 5.0
"""How long a running job may take to end when the process is told to stop; then it is cut short."""
CATCH_UP: Final = "catch_up"


class Scheduler:
    """Runs the jobs in this process. Several processes on one base may: an occurrence runs once.

    `alone`: no other process runs jobs on this base, so what stands unfinished was cut short. `finished` is told
    of every run: which job, and whether it went well.
    """

    def __init__(
        self,
        context: Context,
        jobs: Sequence[Job],
        clock: Callable[[], datetime],
        *,
        alone: bool,
        finished: Callable[[str, bool], None] = lambda _name, _well: None,
    ) -> None:
        self.context = context
        self.jobs = jobs
        self.clock = clock
        self.alone = alone
        self.finished = finished
        self.working = False
        """Whether the times of jobs are waited for."""
        self._timer = AsyncIOScheduler(timezone=context.zone)
        self._turns = {job.name: asyncio.Lock() for job in jobs}
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Wait for what comes; what was missed is made up for meanwhile."""
        if self.alone:
            await self.context.write(lambda connection: job_runs.cut_short(connection, self.clock()))
        for job in self.jobs:
            self._timer.add_job(
                self._begin,
                job.trigger(self.context.zone),
                args=(self.due, job),
                id=job.name,
                coalesce=True,
                misfire_grace_time=None,
            )
        self._timer.add_job(
            self._begin, "interval", minutes=LOOK_EVERY_MINUTES, args=(self.catch_up,), id=CATCH_UP
        )
        self._timer.start()
        self.working = True
        await self._begin(self.catch_up)

    async def _begin(self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:  # noqa: ANN401
        """Begin work as a task of ours: the timer would cancel its own in mid-air when it stops."""
        task = asyncio.get_running_loop().create_task(work(*arguments))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def catch_up(self) -> None:
        """Do what was missed, failed or cut short: the latest occurrence of each job."""
        try:
            found = await missed(self.context, self.jobs, self.clock())
        except Exception as error:
            log.error("catch_up_failed", trace=trace(error))
            return
        for job, at in found:
            log.info("job_catches_up", job=job.name, occurrence=at.isoformat())
            await self.run(job, at)

    async def due(self, job: Job) -> None:
        """Its time has come: do the occurrence that this is."""
        at = job.latest(self.context.zone, self.clock())
        if at is not None:
            await self.run(job, at)

    async def run(self, job: Job, at: datetime) -> None:
        """Do one occurrence; a job that fails is recorded and told about, and harms no other."""
        try:
            async with self._turns[job.name]:
                done = await run_once(self.context, job, at, self.clock)
        except Exception as error:
            log.error("job_failed", job=job.name, trace=trace(error))
            self.finished(job.name, False)
            await self._alert(job, type(error).__name__)
            return
        if done is not None:
            self.finished(job.name, True)
            if any(done):
                log.info("job_done", job=job.name, created=done.created, changed=done.changed)

    async def _alert(self, job: Job, kind: str) -> None:
        """Tell staff, once a day for each job."""
        now = self.clock()
        key = f"job_failed:{job.name}:{self.context.day(now)}"
        text = (
            f"【系统提醒】定时任务“{job.title}”没有做成（{kind}），系统会自动再试。"
            f"请系统管理员看日志；查看用 jianxi jobs list，重做用 jianxi jobs run {job.name}。"
        )
        try:
            await self.context.write(
                lambda connection: staff_alerts.alert(connection, self.context.sealer, key, text, now)
            )
        except Exception as error:
            log.error("alert_failed", job=job.name, trace=trace(error))

    async def stop(self) -> None:
        """No more jobs; what runs may end, and is cut short after `STOP_SECONDS`."""
        if self.working:
            self.working = False
            self._timer.shutdown(wait=False)
        running = set(self._running)
        if running:
            _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


@asynccontextmanager
async def scheduled(scheduler: Scheduler) -> AsyncIterator[Scheduler]:
    """A scheduler at work."""
    await scheduler.start()
    try:
        yield scheduler
    finally:
        await scheduler.stop()
