"""A broadcast to many whose sender is killed over and over, with stand-ins of both platforms that count what arrives.

Used by the test in small, and by `python -m bench.delivery_crash` in full.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from time import time
from typing import NamedTuple

from sqlalchemy import select

from bot.app import open_parts
from bot.settings import load
from policy.outgoing_codes import PurposeKind
from storage import allowances, deliveries
from storage.database import Connection
from storage.tables import Contact
from tests.serving import environment
from tests.standins.telegram import TOKEN as TELEGRAM_TOKEN
from tests.standins.telegram import TelegramPlatform
from tests.standins.wechat import APP_ID, SECRET, WeChatPlatform
from tests.talking import NOON

ROOT = Path(__file__).parents[2]
ON_TELEGRAM = 5
"""Every so-manieth is on Telegram, which the channel itself holds to 30 messages a second."""
FIRST_CHAT = 1000
TEXT = "您好，本周有新的见习岗位。"


class Found(NamedTuple):
    """What came of it: arrivals of each person, what the ledger says of each, cases opened, senders killed."""

    arrived: Counter[int]
    ledger: dict[int, str]
    cases: int
    kills: int
    problems: list[str]


class Senders:
    """Senders of one data folder, one after the other."""

    def __init__(self, data: Path, began: float, **settings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.sending_service"],
            env=environment(data, **settings) | {"PYTHONPATH": str(ROOT), "BEGAN": str(began)},
            cwd=data.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def start(self) -> int:
        """Start one; its process id, once it is at work."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        child, at_work = 0, False
        while not (child and at_work):
            line = self.process.stdout.readline().strip()
            if not line:
                raise RuntimeError("the sender did not start")
            child = int(line) if line.isdigit() else child
            at_work = at_work or line == "sending"
        return child

    def close(self) -> None:
        self.process.communicate(timeout=30)


async def killed_broadcast(
    data: Path, people: int, kills: int, seed: int, told: Callable[[int, int], None] = lambda _a, _k: None
) -> Found:
    """Send to `people`, killing the sender `kills` times at moments by chance; then let it end in peace."""
    began, chance = time(), random.Random(seed)  # noqa: S311 - moments, no secrets

    def clock() -> datetime:
        return NOON + timedelta(seconds=time() - began)

    async with TelegramPlatform() as telegram, WeChatPlatform(clock) as wechat:
        settings = {
            "telegram_token": TELEGRAM_TOKEN,
            "telegram_api_url": telegram.url,
            "wechat_app_id": APP_ID,
            "wechat_secret": SECRET,
            "wechat_token": "token-of-the-callback",
            "wechat_api_url": wechat.url,
        }
        _prepare(data, people, telegram, wechat)

        def arrivals() -> int:
            return len(telegram.sent) + sum(map(len, wechat.arrived.values()))

        senders = Senders(data, began, **settings)
        killed = 0
        for number in range(kills):
            left = _left(data)
            if left == 0:
                break
            running = await asyncio.to_thread(senders.start)
            # So many that all the kills find something to interrupt, and the last ones too.
            goal = arrivals() + chance.randint(0, max(1, int(1.5 * left) // (kills - number + 1)))
            while arrivals() < goal and _left(data):  # noqa: ASYNC110 - it is another process that works
                await asyncio.sleep(0.002)
            await asyncio.sleep(chance.random() / 50)
            os.kill(running, signal.SIGKILL)
            killed += 1
            told(arrivals(), killed)
        last = await asyncio.to_thread(senders.start)
        while _left(data):  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.1)
        os.kill(last, signal.SIGTERM)
        await asyncio.to_thread(senders.close)
        arrived = Counter(sent.chat_id - FIRST_CHAT for sent in telegram.sent)
        arrived.update({int(openid[1:]): len(got) for openid, got in wechat.arrived.items()})
        problems = [*telegram.problems, *wechat.violations]
        return Found(arrived, *_ledger(data), killed, problems)


def _prepare(data: Path, people: int, telegram: TelegramPlatform, wechat: WeChatPlatform) -> None:
    """People who may all be written to, and a broadcast to them that is let go."""
    parts = open_parts(load(data=data), lambda: NOON)

    def work(connection: Connection) -> None:
        for number in range(people):
            on_telegram = number % ON_TELEGRAM == 0
            channel, address = (
                ("telegram", str(FIRST_CHAT + number)) if on_telegram else ("wechat", f"o{number}")
            )
            row = Contact(channel=channel, address=address, push_allowed=True, created_at=NOON)
            connection.session.add(row)
            if on_telegram:
                telegram.chats.add(FIRST_CHAT + number)
                continue
            connection.session.flush()
            assert row.id is not None
            allowances.open_window(connection, row.id, "message", NOON)
            wechat.acts(address, "message")
        connection.session.flush()
        purpose_id = deliveries.purpose(
            connection, "broadcast:1", PurposeKind.BROADCAST, NOON, priority=deliveries.BULK, text=TEXT
        )
        deliveries.freeze(connection, purpose_id, select(deliveries.contact.c.id))
        deliveries.release(connection, purpose_id, people, NOON)

    parts.database.write_sync(work)
    parts.database.close_sync()


def _left(data: Path) -> int:
    """How many have not come to an end."""
    with closing(sqlite3.connect(data / "jianxi.db", timeout=30)) as base:
        [(left,)] = base.execute(
            "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')"
        ).fetchall()
        return int(left)


def _ledger(data: Path) -> tuple[dict[int, str], int]:
    """What the ledger says of each person, by their number; and how many cases it made."""
    with closing(sqlite3.connect(data / "jianxi.db", timeout=30)) as base:
        rows = base.execute(
            "SELECT channel, address, state FROM delivery JOIN contact ON contact.id = contact_id"
        ).fetchall()
        [(cases,)] = base.execute(
            "SELECT count(*) FROM staff_case WHERE kind = 'unknown_delivery'"
        ).fetchall()
        [(check,)] = base.execute("PRAGMA integrity_check").fetchall()
    assert check == "ok"
    numbers = {
        int(address) - FIRST_CHAT if channel == "telegram" else int(address[1:]): state
        for channel, address, state in rows
    }
    return numbers, int(cases)


def judged(found: Found, people: int) -> Counter[str]:
    """How the ledger ended, once it is sure that nobody was left out and nobody got anything twice."""
    assert found.problems == []
    assert set(found.ledger) == set(range(people)), "everybody is in the ledger"
    assert set(found.ledger.values()) <= {"sent", "unknown"}
    twice = [number for number, times in found.arrived.items() if times > 1]
    assert not twice, f"written to twice: {twice}"
    forgotten = [
        number for number, state in found.ledger.items() if state == "sent" and not found.arrived[number]
    ]
    assert not forgotten, f"said to be sent, and was not: {forgotten}"
    ends = Counter(found.ledger.values())
    assert found.cases == (1 if ends["unknown"] else 0), "one case, however many are unknown"
    return ends
