"""Killed at any moment: what was answered is there, and a message sent again has one effect, not two."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, DummyCookieJar

from tests.journeys.applicants import graduate
from tests.serving import STARTED, Service, environment, free_port, service
from tests.talking import NOON, Person, next_id

ROOT = Path(__file__).parents[2]

GRADUATE = graduate(NOON.date())
TURNS = {
    "the first word of a newcomer": ("我要报名",),
    "a consent": GRADUATE.words[:6],
    "a registration": GRADUATE.words,
    "a deletion": (*GRADUATE.words, "删除我的信息", "确定删除"),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_killed_between_any_two_steps_happens_wholly_or_not_at_all(data: Path, turn: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bot.killed_turn", str(data), *TURNS[turn]],
        env=environment(data) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    *deaths, after_commit = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(deaths) >= 6
    for death in (*deaths, after_commit):
        assert death["signal"] == signal.SIGKILL
        assert death["same_answer"]
        assert death["step"] == after_commit["step"]
        assert death["again"] == after_commit["killed"], "sent again, it counts, and counts once"
    for death in deaths:
        assert death["killed"] == death["before"]


# --- the whole service ---------------------------------------------------------------------------------------


class Writer(Person):
    """Somebody who asks for a person over and over; each note must become exactly one case."""

    def __init__(self, client: ClientSession, number: int) -> None:
        super().__init__(client)
        self.number = number
        self.sent = 0
        self.pending = ("人工", next_id())
        self.answered: dict[str, dict[str, Any]] = {}
        self.notes = 0

    async def go_on(self, base: str, heard: "asyncio.Queue[None]") -> None:
        """Send message after message; one whose answer did not arrive is sent again, unchanged, next time."""
        self.base = base
        try:
            while True:
                text, message_id = self.pending
                answer = await self.post(text, message_id)
                assert answer.status == 200, answer.body.decode()
                self.answered[message_id] = answer.json()
                heard.put_nowait(None)
                if text != "人工":
                    self.notes += 1
                self.pending = (
                    f"{self.number}号的第{self.notes}件事" if text == "人工" else "人工",
                    next_id(),
                )
        except ClientError:
            return


class Nursery:
    """Services of one data folder, one after the other."""

    def __init__(self, data: Path) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.nursery"],
            env=environment(data, port=str(port)) | {"PYTHONPATH": str(ROOT)},
            cwd=data.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def start(self) -> int:
        """Start a service; its process id, once it listens."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        child, started = 0, False
        while not (child and started):
            line = self.process.stdout.readline()
            assert line, "the service did not start"
            child = int(line) if line.strip().isdigit() else child
            started = started or STARTED in line
        return child

    def close(self) -> None:
        self.process.communicate(timeout=30)


async def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(data: Path) -> None:
    chance = random.Random(20231)  # noqa: S311 - moments, no secrets
    nursery = Nursery(data)
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        writers = [Writer(client, number) for number in range(8)]
        for _ in range(20):
            running = await asyncio.to_thread(nursery.start)
            heard: asyncio.Queue[None] = asyncio.Queue()
            tasks = [asyncio.create_task(writer.go_on(nursery.address, heard)) for writer in writers]
            for _ in range(chance.randrange(1, 60)):
                await heard.get()
            await asyncio.sleep(chance.random() / 200)  # not only just after an answer
            os.kill(running, signal.SIGKILL)
            await asyncio.gather(*tasks)
        nursery.close()
        with service(data) as last:
            for writer in writers:
                writer.base = last.address
                text, message_id = writer.pending
                writer.answered[message_id] = await writer.say(text, message_id)
                writer.notes += text != "人工"
                assert await shown(writer) == [
                    (answer["event_id"], reply["text"])
                    for answer in writer.answered.values()
                    for reply in answer["replies"]
                ]
    with sqlite3.connect(data / "jianxi.db") as base:
        [(cases,)] = base.execute("SELECT count(*) FROM staff_case").fetchall()
        [(check,)] = base.execute("PRAGMA integrity_check").fetchall()
    assert cases == sum(writer.notes for writer in writers)
    assert check == "ok"
    assert cases > 100


async def shown(writer: Person) -> list[tuple[int, str]]:
    """All that the service has said to this person, with the number of the turn."""
    found: list[tuple[int, str]] = []
    before: dict[str, int] = {}
    while page := (await writer.history(limit=200, **before))["messages"]:
        found = [(m["id"] // 64 * 64 + 63, m["text"]) for m in page if m["from"] == "service"] + found
        before = {"before": page[0]["id"]}
    return found


async def test_told_to_stop_it_answers_the_turns_that_run(data: Path) -> None:
    running = await asyncio.to_thread(Service, data)
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        writers = [Writer(client, number) for number in range(16)]
        heard: asyncio.Queue[None] = asyncio.Queue()
        tasks = [asyncio.create_task(writer.go_on(running.address, heard)) for writer in writers]
        for _ in range(100):
            await heard.get()
        running.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*tasks)
    assert await asyncio.to_thread(running.wait) == 0
    assert "stopped" in running.log
    answered = {message_id for writer in writers for message_id in writer.answered}
    with sqlite3.connect(data / "jianxi.db") as base:
        stored = {message_id for (message_id,) in base.execute("SELECT message_id FROM message")}
    assert stored == answered, "whatever was stored was answered, and the other way round"


async def test_open_pages_do_not_hold_up_the_end(data: Path) -> None:
    running = await asyncio.to_thread(Service, data)
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        person = Person(client, running.address)
        await person.say("你好")
        async with client.get(f"{running.address}/api/chat/events", headers=person.headers) as stream:
            assert await stream.content.readline() == b"retry: 3000\n"
            running.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(8):  # well below what a turn that hangs is given
                await stream.content.read()
                assert await asyncio.to_thread(running.wait) == 0
