"""What does delivering a message cost, every completion committed: decide, claim, send to nowhere, record, log?

Beside it: the barest ledger there is, one commit for each completion (`bare_ledger`), and one job a message in
Procrastinate on PostgreSQL (`procrastinate_jobs`). Then replies to people while 100,000 messages wait.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import uvloop
from sqlalchemy import select

from bench import bare_ledger, procrastinate_jobs
from bench.measuring import Figures, Finding, alternate, at_least, at_most, of, percentile, ratio, spread
from bot import settings as environment
from bot.app import Parts, open_parts
from bot.pushes import sender
from bot.turns import Incoming
from dialogs.model import Said
from notifications.channel import Outgoing, Reach, Receipt, Recipient
from notifications.lanes import Pace
from notifications.queue import EmbeddedQueue
from policy.outgoing_codes import DeliveryState, PurposeKind
from storage import deliveries
from storage.database import Connection

MESSAGES: Final = 100_000
OF_BARE: Final = 0.8
OF_PROCRASTINATE: Final = 8.0
JOBS: Final = 1_500
"""Messages given to Procrastinate: it slows with the length of its queue, so few are to its advantage."""
REPLY_SECONDS: Final = 1.0
NOON: Final = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
FREE: Final = {"nowhere": Pace(1e9, 200)}
WORDS: Final = ("你好", "进度", "我要报名", "帮助", "菜单")
PAUSE_SECONDS: Final = 0.05
"""How long somebody who talks thinks."""
TEXT: Final = "您好，本周有新的见习岗位，回复“找岗位”就能看。不想收到可以回复“退订”。"


class Nowhere:
    """A channel that takes everything at once."""

    name = "nowhere"

    async def send(self, recipient: Recipient, message: Outgoing) -> Receipt:
        """Taken."""
        return Receipt(None, "nowhere")

    async def reach(self, recipient: Recipient, now: datetime) -> Reach:
        """Everybody."""
        return Reach("nowhere")

    async def close(self) -> None:
        """Nothing is held."""


def opened(folder: Path, clock: Callable[[], datetime] = lambda: NOON) -> Parts:
    """An empty base with its keys; the clock stands at noon, for nothing is sent at night."""
    chosen = environment.load(data=folder, database_url="", secret_key_file=None, public_url="")
    return open_parts(chosen, clock)


def filled(parts: Parts, contacts: int, *, channel: str = "nowhere") -> None:
    """Contacts that may be written to."""
    path = parts.settings.data / "jianxi.db"
    with sqlite3.connect(path) as base:
        base.execute(
            "INSERT INTO contact(channel, address, reachable, push_allowed, created_at) WITH RECURSIVE g(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < ?) SELECT ?, 'oUser' || i, 1, 1, ? FROM g",
            (contacts, channel, NOON.isoformat(timespec="microseconds")),
        )


def queued(parts: Parts) -> int:
    """A broadcast to all contacts, let go; its purpose."""

    def work(connection: Connection) -> int:
        purpose_id = deliveries.purpose(
            connection, "bench", PurposeKind.BROADCAST, NOON, priority=deliveries.BULK, text=TEXT
        )
        deliveries.freeze(connection, purpose_id, select(deliveries.contact.c.id))
        deliveries.release(connection, purpose_id, 10**9, NOON)
        return purpose_id

    return parts.database.write_sync(work)


def sent(parts: Parts, purpose_id: int) -> int:
    """How many of a purpose have been sent."""
    counts = parts.database.write_sync(lambda connection: deliveries.counts(connection, purpose_id))
    return sum(count.number for count in counts if count.state is DeliveryState.SENT)


def ours(messages: int) -> Figures:
    """Messages a second through the sender."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        parts = opened(Path(folder))
        filled(parts, messages)
        purpose_id = queued(parts)
        seconds, commits = uvloop.run(_emptied(parts, purpose_id, messages))
        return {"rate": messages / seconds, "a_commit": messages / commits}


async def _emptied(parts: Parts, purpose_id: int, messages: int) -> tuple[float, int]:
    made = sender(parts.turns, parts.hub, parts.metrics, {"nowhere": Nowhere()}, paces=FREE)
    taken = 0
    done = asyncio.Event()

    class Counting:
        def delivered(self, channel: str, state: str) -> None:
            nonlocal taken
            taken += state == DeliveryState.SENT
            if taken == messages:
                done.set()

        def published(self, contact_id: int) -> None: ...

        def waiting(self, seconds: Mapping[str, float]) -> None: ...

        def stopped(self, channel: str, stopped: bool) -> None: ...

    made.watch = Counting()
    stopping, before = asyncio.Event(), parts.database.commits
    began = time.perf_counter()
    task = asyncio.create_task(made.run(stopping, EmbeddedQueue(), alone=True))
    await done.wait()
    seconds = time.perf_counter() - began
    stopping.set()
    await task
    found = sent(parts, purpose_id)
    assert found == messages, f"{found} of {messages} were sent"
    commits = parts.database.commits - before
    await parts.database.close()
    return seconds, commits


def replying(messages: int, people: int = 20) -> Figures:
    """How long people wait for answers while so many messages go out as fast as they can."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        parts = opened(Path(folder))
        filled(parts, messages)
        queued(parts)
        waits = uvloop.run(_talked(parts, messages, people))
        return {
            "p50": percentile(waits, 0.5),
            "p99": percentile(waits, 0.99),
            "most": waits[-1],
            "answers": float(len(waits)),
        }


async def _talked(parts: Parts, messages: int, people: int) -> list[float]:
    waits: list[float] = []
    emptied = asyncio.create_task(_emptied(parts, 1, messages))

    async def talk(number: int) -> None:
        turn = 0
        while not emptied.done():
            turn += 1
            said = WORDS[turn % len(WORDS)]
            began = time.perf_counter()
            await parts.turns.take(Incoming("web", f"{number:032x}", f"{turn}", Said(said), said))
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE_SECONDS)

    async with asyncio.TaskGroup() as group:
        for number in range(people):
            group.create_task(talk(number))
    await emptied
    return sorted(waits)


def run(*, messages: int = MESSAGES, rounds: int = 3, jobs: int = JOBS, rival: bool = True) -> list[Finding]:
    """Measure; without `rival` Procrastinate is left out."""
    cases: dict[str, Callable[[], Figures]] = {
        "ours": partial(ours, messages),
        "bare": partial(bare_ledger.run, messages),
    }
    if rival:
        cases["procrastinate"] = partial(procrastinate_jobs.run, jobs)
    results = alternate(cases, rounds)
    found = [
        Finding(
            "our ledger",
            f"{of(results, 'ours', 'rate')}/s, {of(results, 'ours', 'a_commit').middle:.0f} a commit",
        ),
        Finding("bare ledger, a commit each", f"{of(results, 'bare', 'rate')}/s"),
        at_least("our ledger ÷ bare ledger", "", ratio(results, "ours", "bare", "rate"), OF_BARE),
    ]
    if rival:
        found += [
            Finding("Procrastinate, a job each", f"{of(results, 'procrastinate', 'rate')}/s"),
            at_least(
                "our ledger ÷ Procrastinate",
                "",
                ratio(results, "ours", "procrastinate", "rate"),
                OF_PROCRASTINATE,
            ),
        ]
    waits = [replying(messages) for _ in range(rounds)]
    middle = {name: spread([wait[name] for wait in waits]).middle for name in waits[0]}
    told = (
        f"p50 {middle['p50'] * 1e3:.1f} ms, p99 {middle['p99'] * 1e3:.0f} ms, at most {middle['most'] * 1e3:.0f} ms; "
        f"{middle['answers']:.0f} answers"
    )
    late = spread([wait["p99"] for wait in waits])
    return [
        *found,
        at_most(f"replies while {messages:,} messages go out, p99 in s", told, late, REPLY_SECONDS),
    ]
