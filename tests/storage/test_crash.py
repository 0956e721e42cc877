"""What was acknowledged survives a kill -9 of the process."""

import signal
import subprocess
import sys

from sqlalchemy import select

from storage.database import Database, Statement
from storage.tables import Installation, core

LOAD = """
import asyncio, sys
from storage.database import Database, Statement, insert
from storage.tables import Installation, core

ADD = Statement(insert(core(Installation)), "key", "value")
database = Database(sys.argv[1])

async def person(name):
    turn = 0
    while True:
        key = f"{name}.{turn}"
        await database.write(lambda connection: connection.run(ADD, (key, b"x" * 500)))
        sys.stdout.write(key + "\\n")
        sys.stdout.flush()
        turn += 1

async def main():
    await asyncio.gather(*(person(name) for name in range(32)))

asyncio.run(main())
"""


def test_no_acknowledged_write_is_lost_by_kill_9(database_url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", LOAD, database_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = {process.stdout.readline().strip() for _ in range(1500)}
    process.send_signal(signal.SIGKILL)
    acknowledged |= {line.strip() for line in process.stdout if line.endswith("\n")}
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL

    database = Database(database_url)
    rows = database.read_sync(lambda c: c.run(Statement(select(core(Installation)))).fetchall())
    stored = {key for key, _ in rows}
    assert acknowledged <= stored
    assert all(value == b"x" * 500 for _, value in rows)
    # At most the one batch that was committed but not yet reported is there in addition.
    assert len(stored - acknowledged) <= 32
    database.close_sync()
