"""What a turn costs when a million people are stored, beside a thousand.

The same thousand people talk in both databases, spread evenly over all that are stored; then, in the large one, anybody.
In process, through `Database.write` as the application calls it, 32 at a time, SQLite with synchronous=FULL. Both
databases are warm: whoever talks has talked before.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from itertools import count, islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import uvloop

from bench.conversation import RESTART, Turn, conversation, id_number, phone
from bench.measuring import Figures, Finding, alternate, at_most, of, percentile, ratio
from bot import settings as environment
from bot.app import Parts, open_parts
from bot.turns import Incoming
from dialogs.model import Said, Session, encode
from storage.conversations import STATE

GOAL: Final = 1.2
AT_A_TIME: Final = 32
TALKING: Final = 1000
CHANNEL: Final = "web"
PORTION: Final = 50_000


def run(*, few: int = 1000, many: int = 1_000_000, rounds: int = 9, seconds: float = 2.0) -> list[Finding]:
    """Measure with `few` and with `many` people stored."""
    with (
        tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder,
        _base(Path(folder) / "few", few) as small,
        _base(Path(folder) / "many", many) as large,
    ):
        cases: dict[str, Callable[[], Figures]] = {
            f"{few:,} stored": partial(small.talk, small.everywhere, seconds),
            f"{many:,} stored": partial(large.talk, large.everywhere, seconds),
            f"{many:,} stored, anybody talks": partial(large.talk, large.anybody, seconds),
        }
        small.scatter()
        large.scatter()
        for case in cases.values():
            case()
        results = alternate(cases, rounds)
        gigabytes = large.file.stat().st_size / 2**30
    first, second, third = cases
    found = [
        Finding(case, f"{of(results, case, 'us')} µs a turn, CPU {of(results, case, 'cpu')} µs")
        for case in cases
    ]
    return [
        Finding(f"(filling the base with {many:,})", f"{large.filling:.0f} s"),
        *found,
        at_most(
            f"turn with {many:,} ÷ with {few:,} stored ({gigabytes:.1f} GiB)",
            f"{of(results, second, 'us').middle:.0f} µs",
            ratio(results, second, first, "us"),
            GOAL,
        ),
        Finding(
            "the same, anybody talks",
            f"{of(results, third, 'us').middle:.0f} µs",
            str(ratio(results, third, first, "us")),
        ),
    ]


class Base:
    """A database with its people, and how far each one's conversation is."""

    def __init__(self, parts: Parts, people: int, filling: float) -> None:
        self.parts = parts
        self.people = people
        self.filling = filling  # seconds
        self.file = parts.settings.data / "jianxi.db"
        self.script = script(datetime.now(UTC).astimezone(parts.turns.zone).date())
        self._places: dict[int, int] = {}
        self._numbers = count(1)
        self._chance = random.Random(1)
        self._loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        talking = min(TALKING, people)
        self._regulars = deque(range(0, people, people // talking))

    def scatter(self) -> None:
        """Bring each of the thousand to another place of the script, so that every second has the same mix of turns."""
        self._loop.run(self._scatter())

    async def _scatter(self) -> None:
        async def forward(person: int, turns: int) -> None:
            for _ in range(turns):
                await self._turn(person)

        people = list(self._regulars)
        for first in range(0, len(people), AT_A_TIME):
            portion = enumerate(people[first : first + AT_A_TIME], first)
            await asyncio.gather(*(forward(person, n % len(self.script)) for n, person in portion))

    def everywhere(self) -> int:
        """The next of the thousand who talk."""
        self._regulars.rotate(-1)
        return self._regulars[0]

    def anybody(self) -> int:
        """One of all."""
        return self._chance.randrange(self.people)

    def talk(self, choose: Callable[[], int], seconds: float) -> Figures:
        """Turns for so many seconds; microseconds a turn, by the wall clock and by the process' own."""
        return self._loop.run(self._talk(choose, seconds))

    async def _talk(self, choose: Callable[[], int], seconds: float) -> Figures:
        took: list[float] = []
        started, cpu = perf_counter(), process_time()

        async def one_after_the_other() -> None:
            while perf_counter() - started < seconds:
                before = perf_counter()
                await self._turn(choose())
                took.append(perf_counter() - before)

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_A_TIME)))
        wall, cpu = perf_counter() - started, process_time() - cpu
        took.sort()
        return {
            "us": wall / len(took) * 1e6,
            "cpu": cpu / len(took) * 1e6,
            "p99": percentile(took, 0.99) * 1000,
        }

    async def _turn(self, person: int) -> None:
        place = self._places.get(person, 0)
        turn = self.script[place]
        self._places[person] = (place + 1) % len(self.script)
        message = Incoming(CHANNEL, address(person), f"b-{next(self._numbers)}", Said(turn.text), turn.text)
        reply = await self.parts.turns.take(message)
        assert f'"step":"{turn.step}"'.encode() in reply.body, (turn, reply.body)

    def close(self) -> None:
        """Close the database and the loop."""
        self._loop.run(self.parts.database.close())
        self._loop.close()


def script(today: date) -> tuple[Turn, ...]:
    """From the review, where everybody stands at first, once around."""
    valid = [turn for turn in conversation(0, today) if turn.valid]
    return (*RESTART, *valid[1:])


def address(person: int) -> str:
    """The address of a stored person."""
    return f"{person:032x}"


@contextmanager
def _base(folder: Path, people: int) -> Iterator[Base]:
    folder.mkdir()
    parts = open_parts(environment.load(data=folder, database_url="", secret_key_file=None, public_url=""))
    started = perf_counter()
    _fill(parts, people)
    base = Base(parts, people, perf_counter() - started)
    try:
        yield base
    finally:
        base.close()


# --- filling -------------------------------------------------------------------------------------------

NUMBERED: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people) "

PEOPLE: Final = (
    NUMBERED
    + """INSERT INTO person (id, status, track, outcome, document_kind, name_sealed, name_index, id_number_sealed,
id_number_index, phone_sealed, phone_index, birth_date_sealed, sex, residence, residence_city, education, school, major,
graduated_on, circumstances, skill_level, position_kinds, cities, available_from, push_consent, demo, channel, created_at,
updated_at, version)
SELECT i, 'registered', 'graduate', 'eligible', 'resident', randomblob(55), randomblob(16), randomblob(67),
randomblob(16), randomblob(60), randomblob(16), randomblob(59), 'female', '440106', '440100', '21', '中山大学', '软件工程',
'2026-06-30', '["none"]', 'none', '["2","3"]', '["440100"]', '2026-12-01', 1, 0, 'web', :now, :now, 1 FROM n"""
)
CONTACTS: Final = (
    NUMBERED
    + """INSERT INTO contact (id, channel, address, person_id, reachable, push_allowed, created_at)
SELECT i, 'web', printf('%032x', i - 1), i, 1, 1, :now FROM n"""
)
MESSAGES: Final = (
    NUMBERED
    + """INSERT INTO message (contact_id, message_id, dialog, step, content_sealed, at)
SELECT i, 'first-' || i, 'registration', 'review', randomblob(900), :now FROM n"""
)
SESSIONS: Final = """INSERT INTO session (contact_id, dialog, step, version, state_sealed, updated_at)
VALUES (?, 'registration', 'review', 1, ?, ?)"""


def _fill(parts: Parts, people: int) -> None:
    """Put people into an empty database, quickly: indexes are made afterwards, nothing waits for the disk."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    with closing(sqlite3.connect(parts.settings.data / "jianxi.db", isolation_level=None)) as base:
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA cache_size = -262144")
        indexes = base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOTNULL")
        made = indexes.fetchall()
        for name, _ in made:
            base.execute(f"DROP INDEX {name}")
        base.execute("BEGIN")
        for statement in (PEOPLE, CONTACTS, MESSAGES):
            base.execute(statement, {"people": people, "now": now})
        for portion in _portions(_sessions(parts, people, now)):
            base.executemany(SESSIONS, portion)
        for _, sql in made:
            base.execute(sql)
        base.execute("COMMIT")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _portions(rows: Iterable[tuple[int, bytes, str]]) -> Iterator[Sequence[tuple[int, bytes, str]]]:
    rows = iter(rows)
    while portion := list(islice(rows, PORTION)):
        yield portion


def _sessions(parts: Parts, people: int, now: str) -> Iterator[tuple[int, bytes, str]]:
    """Everybody stands at the review of a whole registration."""
    session = _reviewing(parts)
    for person in range(people):
        own = {**session.answers, "id_number": id_number(person), "phone": phone(person)}
        yield person + 1, parts.sealer.seal(encode(session._replace(answers=own)), STATE), now


def _reviewing(parts: Parts) -> Session:
    """A session that has come as far as the review."""
    turns = parts.turns
    now = turns.clock().astimezone(turns.zone)
    today = now.date()
    answers = {
        "track": "graduate",
        "circumstances": ["none"],
        "education": "21",
        "graduated_on": f"{today.year - 1}-06-30",
        "consent": "agree",
        "name": "张伟",
        "known": {},
        "residence": "440106",
        "school": "中山大学",
        "major": "软件工程",
        "skill_level": "none",
        "hardship": ["none"],
        "position_kinds": ["2", "3"],
        "cities": ["440100"],
        "available_from": today.isoformat(),
        "push_consent": "yes",
    }
    asked = tuple(name for name in answers if name != "known")
    version = turns.catalogue.dialog("registration").definition.version
    heard_at = int(now.timestamp())
    return Session("registration", version, "review", answers, asked, heard_at=heard_at)
