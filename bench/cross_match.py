"""What comparing registers with the people of the base costs, beside hashing the rows of the registers once.

An import hashes ID number, name and phone of every row, which nothing can spare; the comparison of what it has
stored should cost no more than a few times that. 100,000 rows (a tenth of them of a hardship register) against
1,000,000 people: half are known by ID number, one in fifty by name and phone, the rest become outreach tasks. On
SQLite with synchronous=FULL, every step committed as `jianxi registers match` does it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from bench.conversation import id_number, phone
from bench.measuring import Figures, Finding, alternate, at_most, of, ratio
from bot import settings as environment
from bot.app import Parts, open_parts
from storage import cross_match
from storage.cross_match import Matched, Occasion

GOAL: Final = 5.0
NOW: Final = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY: Final = date(2026, 11, 24)


def run(*, rows: int = 100_000, people: int = 1_000_000, rounds: int = 7) -> list[Finding]:
    """Measure with so many rows of registers and so many people."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder, _base(Path(folder)) as parts:
        started = perf_counter()
        _fill(parts, rows, people)
        filling = perf_counter() - started
        bench = _Bench(parts, rows)
        hashing, first, again = f"hashing {rows:,} rows", f"comparing {rows:,} rows", "comparing once more"
        cases: dict[str, Callable[[], Figures]] = {
            hashing: bench.hash,
            first: bench.compare_afresh,
            again: bench.compare,
        }
        for case in cases.values():
            case()
        changed = bench.done
        results = alternate(cases, rounds)
    numbers = ", ".join(f"{name} {number:,}" for name, number in changed._asdict().items() if number)
    return [
        Finding(f"(filling the base with {people:,} people)", f"{filling:.0f} s"),
        *(Finding(case, f"{of(results, case, 'seconds')} s") for case in cases),
        Finding("changed by the first comparison", numbers),
        at_most(
            f"comparing ÷ hashing, {people:,} people",
            f"{of(results, first, 'seconds').middle:.2f} s",
            ratio(results, first, hashing, "seconds"),
            GOAL,
        ),
        Finding("the same, by CPU", "", str(ratio(results, first, hashing, "cpu"))),
        Finding("comparing once more ÷ hashing", "", str(ratio(results, again, hashing, "seconds"))),
    ]


class _Bench:
    """The cases over one filled base; `done` is what the newest comparison from the start changed."""

    def __init__(self, parts: Parts, rows: int) -> None:
        self.parts = parts
        self.told = [(id_number(n), f"学生{n}", phone(n)) for n in range(rows)]
        self.done = Matched()

    def hash(self) -> Figures:
        """What an import hashes of these rows; those of the hardship register have no phone."""
        index = self.parts.sealer.index
        hardship = len(self.told) // 10
        started, cpu = perf_counter(), process_time()
        for number, name, _ in self.told:
            index(number, "id_number")
            index(name, "name")
        for _, _, mobile in self.told[hardship:]:
            index(mobile, "phone")
        return {"seconds": perf_counter() - started, "cpu": process_time() - cpu}

    def compare_afresh(self) -> Figures:
        """A comparison that has everything still to find."""
        self.parts.database.write_sync(
            lambda connection: [connection.sqlalchemy.exec_driver_sql(line) for line in FORGET]
        )
        took = self.compare()
        assert self.newest.confirmed > 0
        self.done = self.newest
        return took

    def compare(self) -> Figures:
        """A comparison of what is there, step by step, each step committed."""
        occasion, sealer = Occasion(NOW, TODAY), self.parts.sealer
        numbers: dict[str, int] = {}
        started, cpu = perf_counter(), process_time()
        for step in cross_match.STEPS:
            numbers |= self.parts.database.write_sync(
                lambda connection, step=step: step(connection, sealer, occasion)  # type: ignore[misc]
            )
        took = {"seconds": perf_counter() - started, "cpu": process_time() - cpu}
        self.newest = Matched(**numbers)
        return took


# --- filling -------------------------------------------------------------------------------------------

FORGET: Final = (
    "UPDATE person SET unemployment_registered = 'no' WHERE id IN (SELECT person_id FROM person_field)",
    "UPDATE register_entry SET matched = NULL, person_id = NULL",
    "DELETE FROM outreach_task",
    "DELETE FROM staff_case",
    "DELETE FROM hardship_mark",
    "DELETE FROM person_field",
    "DELETE FROM eligibility_result",
)

NUMBERED: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "

PEOPLE: Final = (
    NUMBERED
    + """INSERT INTO person (id, status, track, outcome, document_kind, name_sealed, name_index, id_number_sealed,
id_number_index, phone_sealed, phone_index, sex, residence, residence_city, education, school, major, graduated_on,
unemployment_registered, circumstances, skill_level, position_kinds, cities, available_from, push_consent, demo, channel,
created_at, updated_at, version)
SELECT i, 'registered', 'graduate', 'eligible', '01', randomblob(55), randomblob(16), randomblob(67), randomblob(16),
randomblob(60), randomblob(16), '2', '440106', '440100', '21', '中山大学', '软件工程', '2026-06-30', 'no', '["none"]', 'none',
'["2","3"]', '["440100"]', '2026-12-01', 1, 0, 'web', :now, :now, 1 FROM n"""
)
# Entry i speaks of person i * :every: in turn known by number (half), by name and phone (one in fifty), or unknown.
ENTRIES: Final = (
    NUMBERED
    + """INSERT INTO register_entry (register, id_number_index, name_index, phone_index, data_sealed, city, at)
SELECT CASE i % 3 WHEN 0 THEN 'real-name' WHEN 1 THEN 'job-seekers' ELSE 'unemployment' END,
CASE WHEN i % 50 < 25 THEN p.id_number_index ELSE randomblob(16) END,
CASE WHEN i % 50 <= 25 THEN p.name_index ELSE randomblob(16) END,
CASE WHEN i % 50 <= 25 THEN p.phone_index ELSE randomblob(16) END, randomblob(360), '440100', :now
FROM n JOIN person p ON p.id = i * :every"""
)
HARDSHIP: Final = (
    NUMBERED
    + """INSERT INTO hardship_entry (register, kind, id_number_index, name_index, data_sealed, expires_on, at)
SELECT 'low-income', '01', CASE WHEN i % 2 THEN p.id_number_index ELSE randomblob(16) END, p.name_index,
randomblob(120), '2027-06-30', :now FROM n JOIN person p ON p.id = i * :every"""
)


def _fill(parts: Parts, rows: int, people: int) -> None:
    """Put people and registers into an empty database, quickly; the hashes are random but meet where they should."""
    hardship = rows // 10
    now = NOW.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(parts.settings.data / "jianxi.db", isolation_level=None)) as base:
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA cache_size = -262144")
        indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOTNULL"
        made = base.execute(indexes).fetchall()
        for name, _ in made:
            base.execute(f"DROP INDEX {name}")
        base.execute("BEGIN")

        def put(statement: str, most: int, **more: Any) -> None:  # noqa: ANN401 - parameters
            base.execute(statement, {"most": most, "now": now, **more})

        put(PEOPLE, people)
        put(ENTRIES, rows - hardship, every=max(1, people // rows))
        put(HARDSHIP, hardship, every=max(1, people // rows))
        for _, sql in made:
            base.execute(sql)
        base.execute("COMMIT")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _base(folder: Path) -> Iterator[Parts]:
    parts = open_parts(environment.load(data=folder, database_url="", secret_key_file=None, public_url=""))
    try:
        yield parts
    finally:
        parts.database.close_sync()
