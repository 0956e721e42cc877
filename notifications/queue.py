"""The queue port (任务队列): named jobs that run once each, one at a time for each lock.

Two promises are all that callers build on, so that a queue in PostgreSQL fits behind the same port: jobs with an equal
`lock` never run at the same time, whatever the number of processes; and while one with an equal `queueing_lock` waits,
another is not taken in. A job may be run again after a crash: what it does must bear that.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import structlog

log = structlog.get_logger()

Payload = Mapping[str, Any]
"""JSON-safe: a queue may store it."""
Handler = Callable[[Payload], Awaitable[None]]


class Queue(Protocol):
    """Takes jobs in and runs them."""

    def serve(self, name: str, handler: Handler) -> None:
        """Run jobs of this name with `handler`."""

    async def enqueue(
        self, name: str, payload: Payload, *, lock: str | None = None, queueing_lock: str | None = None
    ) -> bool:
        """Take a job in; False when an equal one waits already."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Run jobs until told to stop; those that run then are waited for."""


class _Job(NamedTuple):
    name: str
    payload: Payload
    lock: str | None
    queueing_lock: str | None


class EmbeddedQueue:
    """A queue in the memory of the only process there is. Whoever enqueues does so again after a restart."""

    def __init__(self) -> None:
        self._handlers: Final[dict[str, Handler]] = {}
        self._waiting: list[_Job] = []
        self._held: set[str] = set()
        self._news = asyncio.Event()

    def serve(self, name: str, handler: Handler) -> None:
        """Run jobs of this name with `handler`."""
        self._handlers[name] = handler

    async def enqueue(
        self, name: str, payload: Payload, *, lock: str | None = None, queueing_lock: str | None = None
    ) -> bool:
        """Take a job in; False when an equal one waits already."""
        if queueing_lock is not None and any(job.queueing_lock == queueing_lock for job in self._waiting):
            return False
        self._waiting.append(_Job(name, payload, lock, queueing_lock))
        self._news.set()
        return True

    async def run(self, stopping: asyncio.Event) -> None:
        """Run jobs until told to stop; those that run then are waited for."""
        running: set[asyncio.Task[None]] = set()
        stop = asyncio.ensure_future(stopping.wait())
        while not stopping.is_set():
            self._news.clear()
            for job in self._free():
                task = asyncio.create_task(self._do(job))
                running.add(task)
                task.add_done_callback(running.discard)
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait((news, stop), return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
        await asyncio.gather(*running)

    def _free(self) -> list[_Job]:
        """Those of the waiting jobs whose lock is free, in their order; they hold it from now on."""
        free, waiting = [], []
        for job in self._waiting:
            if job.lock is not None and job.lock in self._held:
                waiting.append(job)
                continue
            if job.lock is not None:
                self._held.add(job.lock)
            free.append(job)
        self._waiting = waiting
        return free

    async def _do(self, job: _Job) -> None:
        try:
            await self._handlers[job.name](job.payload)
        except Exception as error:
            places = " < ".join(
                f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[::-1]
            )
            log.error("queued_job_failed", job=job.name, fault=type(error).__name__, places=places)
        finally:
            if job.lock is not None:
                self._held.discard(job.lock)
            self._news.set()
