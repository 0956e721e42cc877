"""Takes one turn again and again in a process that is killed before its first, second, … statement.

`python -m tests.bot.killed_turn FOLDER WORD… LAST`: the words are said first, `LAST` is the turn that is cut short,
each time on a fresh copy of the data folder. Prints one JSON line for each death: what was stored then, and what is
there after the same message was sent twice more. Ends with the death after the commit, before the answer.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bot.app import Parts, open_parts
from bot.settings import load
from tests.talking import Clock, incoming, opened

TABLES = ("message", "person", "person_field", "submission", "eligibility_result", "staff_case", "consent")


class Fuse:
    """Counts statements down; at the last one the process is no more."""

    def __init__(self) -> None:
        self.left = 0

    def statement(self, _text: str) -> None:
        if self.left:
            self.left -= 1
            if self.left == 0:
                die()


FUSE = Fuse()


@event.listens_for(Engine, "connect")
def watch(driver: sqlite3.Connection, _record: object) -> None:
    driver.set_trace_callback(FUSE.statement)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def parts_of(folder: Path) -> Parts:
    parts = open_parts(load(data=folder), Clock())
    parts.database.write_sync(lambda _: None)  # connected and set up: what comes now is the turn's
    return parts


def turn(folder: Path, text: str, message_id: str, die_before: int = 0) -> dict[str, Any]:
    """One turn, in a process that may not outlive it."""
    parts = parts_of(folder)
    FUSE.left = die_before
    reply = asyncio.run(parts.turns.take(incoming(text, message_id=message_id)))
    if die_before:
        die()  # stored, but the answer never arrives
    parts.database.close_sync()
    return opened(reply)


def rows(folder: Path) -> dict[str, int]:
    """How much is stored of each kind, and whether the last message is."""
    with sqlite3.connect(folder / "jianxi.db") as base:
        counted = {table: base.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
        [counted["last"]] = base.execute("SELECT count(*) FROM message WHERE message_id = 'last'").fetchone()
        return counted


def main(base: Path, words: list[str]) -> None:
    *before, last = words
    for number, text in enumerate(before):
        turn(base, text, f"before {number}")
    unhurt, number, answered = rows(base), 0, False
    while not answered:
        number += 1
        folder = base.with_name(f"killed-{number}")
        shutil.copytree(base, folder)
        child = os.fork()
        if child == 0:
            turn(folder, last, "last", die_before=number)
        _, status = os.waitpid(child, 0)
        killed = rows(folder)
        answered = killed["last"] == 1
        first, second = turn(folder, last, "last"), turn(folder, last, "last")
        found = {
            "signal": os.WTERMSIG(status),
            "before": unhurt,
            "killed": killed,
            "again": rows(folder),
            "step": first["step"],
            "same_answer": first == second,
        }
        sys.stdout.write(json.dumps(found) + "\n")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
