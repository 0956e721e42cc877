"""What does it cost to take a broadcast's audience into the ledger: a million rows, beside a bare INSERT … SELECT?

Both with synchronous=NORMAL, as the commit is not what is compared. Each round makes both bases anew. Memory is what the
process grows by; SQLite's page cache, which a server that has run for a while has filled to its bound, is filled first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import select, text

from bench.delivery import NOON, filled, opened
from bench.measuring import Figures, Finding, alternate, at_most, of, ratio
from policy.outgoing_codes import PurposeKind
from storage import deliveries
from storage.connections import CACHE_KIB
from storage.database import Connection

ROWS: Final = 1_000_000
OF_BARE: Final = 2.0
MEGABYTES: Final = 20.0
TEMPLATE: Final = "{{ greeting }}，您好。"


def bare(rows: int, folder: Path) -> Figures:
    """A table of five columns with its unique index, filled from a table of recipients."""
    import sqlite3  # noqa: PLC0415 - loaded where it is measured

    base = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for line in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=NORMAL",
        "CREATE TABLE recipient (id INTEGER PRIMARY KEY, openid TEXT NOT NULL)",
        "CREATE TABLE delivery (id INTEGER PRIMARY KEY, broadcast INT NOT NULL, recipient INT NOT NULL, "
        "status INT NOT NULL, attempts INT NOT NULL)",
        "CREATE UNIQUE INDEX once ON delivery(broadcast, recipient)",
    ):
        base.execute(line)
    base.execute(
        "INSERT INTO recipient WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < ?) "
        "SELECT i, 'oUser' || i FROM g",
        (rows,),
    )
    before, began = _memory(), time.perf_counter()
    base.execute(
        "INSERT INTO delivery(broadcast, recipient, status, attempts) SELECT 1, id, 0, 0 FROM recipient"
    )
    return {"seconds": time.perf_counter() - began, "grown": _memory() - before}


def ours(rows: int, folder: Path) -> Figures:
    """The verb that a broadcast starts with."""
    parts = opened(folder)
    filled(parts, rows)
    database = parts.database

    def fill_cache(connection: Connection) -> None:
        connection.sqlalchemy.execute(text("SELECT sum(length(created_at)) FROM contact")).scalar()

    def freeze(connection: Connection) -> int:
        purpose_id = deliveries.purpose(
            connection, "bench", PurposeKind.BROADCAST, NOON, priority=deliveries.BULK, text=TEMPLATE
        )
        return deliveries.freeze(connection, purpose_id, select(deliveries.contact.c.id))

    database.write_sync(fill_cache)
    cast(Any, database)._writing._command("PRAGMA synchronous=NORMAL")
    before, began = _memory(), time.perf_counter()
    assert database.write_sync(freeze) == rows
    seconds = time.perf_counter() - began
    grown = _memory() - before
    database.close_sync()
    return {"seconds": seconds, "grown": grown}


def _memory() -> float:
    """The most resident memory so far, in MiB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell how much memory a process had")


def _apart(side: str, rows: int) -> Figures:
    """In a process of its own, so that one side's memory is not the other's."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench.fan_out", side, str(rows), folder],
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run(*, rows: int = ROWS, rounds: int = 5) -> list[Finding]:
    """Measure."""
    results = alternate({side: partial(_apart, side, rows) for side in ("ours", "bare")}, rounds)
    grown = of(results, "ours", "grown")
    return [
        Finding(f"{rows:,} rows, ours", f"{of(results, 'ours', 'seconds')} s"),
        Finding(f"{rows:,} rows, bare INSERT … SELECT", f"{of(results, 'bare', 'seconds')} s"),
        at_most("ours ÷ bare", "", ratio(results, "ours", "bare", "seconds"), OF_BARE),
        at_most(
            "memory of the client, MiB",
            f"page cache of {CACHE_KIB // 1024} MiB filled before",
            grown,
            MEGABYTES,
        ),
    ]


if __name__ == "__main__":
    chosen = {"ours": ours, "bare": bare}[sys.argv[1]]
    print(json.dumps(chosen(int(sys.argv[2]), Path(sys.argv[3]))))
