"""The embedded queue: one at a time for each lock, nothing twice in the waiting line, no job harms another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from notifications.queue import EmbeddedQueue


class Works:
    """Jobs that tell what they do, and end when told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.stopping = asyncio.Event()

    async def work(self, payload: Mapping[str, Any]) -> None:
        name = payload["name"]
        self.begun.append(name)
        if payload.get("fails"):
            raise ValueError
        await self.gates.setdefault(name, asyncio.Event()).wait()

    def end(self, name: str) -> None:
        self.gates.setdefault(name, asyncio.Event()).set()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_jobs_with_one_lock_run_one_after_the_other_and_others_beside_them() -> None:
    works, queue = Works(), EmbeddedQueue()
    queue.serve("work", works.work)
    task = asyncio.create_task(queue.run(works.stopping))
    for name, lock in (("a", "x"), ("b", "x"), ("c", "y"), ("d", None)):
        assert await queue.enqueue("work", {"name": name}, lock=lock)
    await settle()
    assert sorted(works.begun) == ["a", "c", "d"]
    works.end("a")
    await settle()
    assert works.begun[-1] == "b"
    for name in "bcd":
        works.end(name)
    works.stopping.set()
    await task


async def test_an_equal_job_is_taken_in_once_while_it_waits_and_again_while_it_runs() -> None:
    works, queue = Works(), EmbeddedQueue()
    queue.serve("work", works.work)
    assert await queue.enqueue("work", {"name": "a"}, lock="x", queueing_lock="x")
    assert not await queue.enqueue("work", {"name": "b"}, lock="x", queueing_lock="x")
    task = asyncio.create_task(queue.run(works.stopping))
    await settle()
    assert await queue.enqueue("work", {"name": "c"}, lock="x", queueing_lock="x")
    assert works.begun == ["a"]
    works.end("a")
    works.end("c")
    await settle()
    assert works.begun == ["a", "c"]
    works.stopping.set()
    await task


async def test_a_job_that_fails_gives_its_lock_back() -> None:
    works, queue = Works(), EmbeddedQueue()
    queue.serve("work", works.work)
    task = asyncio.create_task(queue.run(works.stopping))
    await queue.enqueue("work", {"name": "a", "fails": True}, lock="x")
    await queue.enqueue("work", {"name": "b"}, lock="x")
    works.end("b")
    await settle()
    assert works.begun == ["a", "b"]
    works.stopping.set()
    await task


async def test_told_to_stop_it_waits_for_what_runs_and_begins_nothing() -> None:
    works, queue = Works(), EmbeddedQueue()
    queue.serve("work", works.work)
    task = asyncio.create_task(queue.run(works.stopping))
    await queue.enqueue("work", {"name": "a"}, lock="x")
    await queue.enqueue("work", {"name": "b"}, lock="x")
    await settle()
    works.stopping.set()
    await settle()
    assert not task.done()
    works.end("a")
    await task
    assert works.begun == ["a"]
