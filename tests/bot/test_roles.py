"""What a process of each role shows: a worker has no faces, and ready means that the scheduler works."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import Parts, Role, listening_socket, scheduler_of, serve, web_application, worker_application
from bot.pushes import sender, sending
from bot.scheduler import Scheduler

Client = TestClient[Any, Any]


@pytest.fixture
async def scheduler(parts: Parts) -> AsyncIterator[Scheduler]:
    made = scheduler_of(parts, sender(parts.turns, parts.hub, parts.metrics, {}))
    yield made
    await made.stop()


async def statuses(app: web.Application, *paths: str) -> list[int]:
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        return [(await client.get(path)).status for path in paths]


async def test_a_worker_shows_whether_it_is_well_and_nothing_else(parts: Parts, scheduler: Scheduler) -> None:
    await scheduler.start()
    app = worker_application(parts, {"scheduler": lambda: scheduler.working})
    found = await statuses(app, "/healthz", "/readyz", "/metrics", "/", "/api/positions", "/f/token")
    assert found == [200, 200, 200, 404, 404, 404]


async def test_ready_means_that_the_scheduler_works(parts: Parts, scheduler: Scheduler) -> None:
    app = web_application(parts, at_work={"scheduler": lambda: scheduler.working})
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (
            503,
            {"ready": False, "database": "ok", "scheduler": "stopped"},
        )
        await scheduler.start()
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (
            200,
            {"ready": True, "database": "ok", "scheduler": "ok"},
        )


@pytest.mark.parametrize(
    ("role", "shown", "scheduled"), [("all", 200, True), ("web", 200, False), ("worker", 404, True)]
)
async def test_each_role_serves_what_is_its_own_and_stops_when_told(
    parts: Parts, role: Role, shown: int, scheduled: bool
) -> None:
    bound = listening_socket("127.0.0.1", 0)
    address = f"http://127.0.0.1:{bound.getsockname()[1]}"
    started = asyncio.Event()
    running = asyncio.create_task(serve(parts, bound, demo=False, role=role, started=started.set))
    await asyncio.wait_for(started.wait(), 30)
    async with ClientSession() as session:
        async with session.get(f"{address}/") as answer:
            assert answer.status == shown
        async with session.get(f"{address}/readyz") as answer:
            told = await answer.json()
            assert ("scheduler" in told, "sender" in told) == (scheduled, scheduled)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 30)


async def test_a_sender_that_has_failed_is_told_and_not_ready(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sender(parts.turns, parts.hub, parts.metrics, {})

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("13800000000")

    monkeypatch.setattr(made, "run", fail)
    async with sending(made, parts.turns, alone=True) as task:
        app = worker_application(parts, {"sender": lambda: not task.done()})
        await asyncio.wait([task])
        assert await statuses(app, "/healthz", "/readyz") == [200, 503]
        told = capsys.readouterr().out
    assert "sender_failed" in told
    assert "13800000000" not in told


async def test_runs_of_jobs_are_counted(parts: Parts) -> None:
    parts.metrics.job("check_ins", True)
    parts.metrics.job("check_ins", False)
    text = parts.metrics.text().decode()
    assert 'jianxi_jobs_total{job="check_ins",result="done"} 1.0' in text
    assert 'jianxi_jobs_total{job="check_ins",result="failed"} 1.0' in text
    assert 'jianxi_job_last_success_timestamp_seconds{job="check_ins"}' in text
