"""The barest delivery ledger: one table, claims of 200, a coroutine that does nothing, one commit for each completion.

What the product adds to it: who may be written to and when, other ways to a person, failures, the conversation's log.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.measuring import Figures

CLAIM: Final = 200


def run(messages: int) -> Figures:
    """Messages a second, with synchronous=FULL."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        base = sqlite3.connect(Path(folder) / "ledger.db", isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=FULL")
        base.execute(
            "CREATE TABLE delivery (id INTEGER PRIMARY KEY, broadcast INT, recipient TEXT, status INT DEFAULT 0, "
            "attempts INT DEFAULT 0, claimed REAL, done REAL)"
        )
        base.execute("BEGIN")
        rows = ((number, f"oUser{number}") for number in range(1, messages + 1))
        base.executemany("INSERT INTO delivery(id, broadcast, recipient) VALUES (?, 1, ?)", rows)
        base.execute("COMMIT")
        base.execute("CREATE INDEX waiting ON delivery(id) WHERE status = 0")
        began = time.perf_counter()
        assert asyncio.run(_empty(base)) == messages
        seconds = time.perf_counter() - began
        base.close()
    return {"rate": messages / seconds}


async def _send(_row: tuple[int, str]) -> None:
    return None


async def _empty(base: sqlite3.Connection) -> int:
    done = 0
    while True:
        rows = base.execute(
            "UPDATE delivery SET status = 1, attempts = attempts + 1, claimed = ? WHERE id IN "
            "(SELECT id FROM delivery WHERE status = 0 ORDER BY id LIMIT ?) RETURNING id, recipient",
            (time.time(), CLAIM),
        ).fetchall()
        if not rows:
            return done
        for row in rows:
            await _send(row)
            base.execute("UPDATE delivery SET status = 2, done = ? WHERE id = ?", (time.time(), row[0]))
        done += len(rows)
