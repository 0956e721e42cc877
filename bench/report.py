"""What a monthly report over a million internships costs, beside one bare aggregate over the same table.

The report: all 21 cities and the province's sum for one month that nobody has filed, every relation held, as
`jianxi report` reads it. The aggregate: one pass over the internships that counts a month's arrivals and endings by
city, which is less than half of the report. Then the same with its
spreadsheet.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from bench.measuring import Figures, Finding, alternate, at_most, of, ratio
from bot.report_forms import load_forms
from bot.report_sheets import write_report
from policy.indicators import Form
from policy.regions import CITIES
from storage import reports
from storage.database import Connection, Database
from storage.reports import Examined
from storage.schema import migrate

GOAL: Final = 3.0
MONTH: Final = "2025-06"
"""In the middle of the four years over which the internships are spread."""

BARE: Final = """SELECT city, count(*),
sum(CASE WHEN arrived_period = ? THEN 1 ELSE 0 END),
sum(CASE WHEN arrived_period = ? AND track = 'graduate' THEN 1 ELSE 0 END),
sum(CASE WHEN ended_period = ? AND ending IN ('completed', 'retained_early') THEN 1 ELSE 0 END),
sum(CASE WHEN ended_period = ? AND counted_result = 'retained' THEN 1 ELSE 0 END),
sum(CASE WHEN ended_period = ? AND ending IN ('ended_early', 'changed_host') THEN 1 ELSE 0 END),
sum(CASE WHEN arrived_on <= ? AND (ended_on IS NULL OR ended_on > ?) THEN 1 ELSE 0 END)
FROM internship NOT INDEXED GROUP BY city"""
"""One pass over the table: through an index it would look up every row by itself and take seconds."""


def run(*, internships: int = 1_000_000, rounds: int = 7) -> list[Finding]:
    """Measure with so many internships."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        file = Path(folder) / "jianxi.db"
        migrate(f"sqlite:///{file}")
        started = perf_counter()
        _fill(file, internships)
        filling = perf_counter() - started
        database = Database(f"sqlite:///{file}")
        bare = sqlite3.connect(file)
        bare.execute("PRAGMA query_only = ON")
        cases: dict[str, Callable[[], Figures]] = {
            "report": partial(_timed, partial(database.read_sync, _report)),
            "bare aggregate": partial(_timed, partial(_bare, bare)),
            "report as .xlsx": partial(_timed, partial(_printed, database, Path(folder) / "a.xlsx")),
        }
        for case in cases.values():
            case()
        results = alternate(cases, rounds)
        bare.close()
        database.close_sync()
    return [
        Finding(f"(filling the base with {internships:,})", f"{filling:.0f} s"),
        *(Finding(case, f"{of(results, case, 'ms')} ms") for case in cases),
        at_most(
            f"report ÷ bare aggregate, {internships:,} internships",
            f"{of(results, 'report', 'ms').middle:.1f} ms",
            ratio(results, "report", "bare aggregate", "ms"),
            GOAL,
        ),
    ]


def _timed(work: Callable[[], object]) -> Figures:
    started = perf_counter()
    work()
    return {"ms": (perf_counter() - started) * 1000}


def _report(connection: Connection) -> list[Examined]:
    cities = reports.of_cities(connection, MONTH)
    return [
        reports.examine(connection, one) for one in (*cities, reports.of_province(connection, MONTH, cities))
    ]


def _bare(base: sqlite3.Connection) -> None:
    rows = base.execute(BARE, (*(MONTH,) * 5, f"{MONTH}-30", f"{MONTH}-30")).fetchall()
    assert len(rows) == len(CITIES)


def _printed(database: Database, path: Path) -> None:
    found = database.read_sync(_report)
    forms = load_forms(path.parent)
    write_report(path, Form.NATIONAL, forms, MONTH, found, ZoneInfo("Asia/Shanghai"))


# --- filling -----------------------------------------------------------------------------------------------

NUMBERED: Final = """WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :many),
cities(place, city) AS (VALUES {cities}),
life AS (SELECT i, (SELECT city FROM cities WHERE place = i % 21) AS city, i % 5 < 4 AS graduate,
date('2023-06-01', '+' || (i * 7919 % 1400) || ' days') AS arrived,
date('2023-06-01', '+' || (i * 7919 % 1400 + 90 + i % 200) || ' days') AS ended FROM n) """

INTERNSHIPS: Final = """INSERT INTO internship (id, person_id, host_id, position_id, city, stage, track, hardship, applied_on,
months, stipend_fen, arrived_on, arrived_period, ended_on, ended_period, ending, result, counted_result, source, demo,
created_at, updated_at, version)
SELECT i + 1, i + 1, i % 5000 + 1, i % 20000 + 1, city, CASE WHEN ended < '2027-04-01' THEN 'ended' ELSE 'in_post' END,
CASE WHEN graduate THEN 'graduate' ELSE 'youth' END, 0, arrived, 6, 200000, arrived, substr(arrived, 1, 7),
CASE WHEN ended < '2027-04-01' THEN ended END, CASE WHEN ended < '2027-04-01' THEN substr(ended, 1, 7) END,
CASE WHEN ended < '2027-04-01' THEN CASE WHEN i % 4 = 0 THEN 'ended_early' ELSE 'completed' END END, NULL,
CASE WHEN ended < '2027-04-01' AND i % 4 = 1 THEN 'retained' END, 'clerk', 0, arrived, arrived, 1 FROM life"""

MOVEMENTS: Final = """INSERT INTO stock_movement (subject, subject_id, city, "on", period, delta, opened, reason,
actor, recorded_at)
SELECT CASE WHEN i % 4 = 0 THEN 'host' ELSE 'position' END, i, city, arrived, substr(arrived, 1, 7), 1, 1, '', '', arrived
FROM life WHERE i % 20 = 0"""

PAYMENTS: Final = """INSERT INTO subsidy_line (internship_id, host_id, city, month, kind, amount_fen, clause, basis, flags,
status, paid_on, paid_period, created_at, updated_at)
SELECT i + 1, i % 5000 + 1, city, substr(arrived, 1, 7), 'living', 200000, '', '{}', '[]', 'paid', ended, substr(ended, 1, 7),
ended, ended FROM life"""


def _fill(file: Path, many: int) -> None:
    """Four years of internships over 21 cities, a stock of hosts and positions, and a payment for each internship."""
    cities = ", ".join(f"({place}, '{known.code}')" for place, known in enumerate(CITIES))
    with closing(sqlite3.connect(file, isolation_level=None)) as base:
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA cache_size = -262144")
        tables = ("internship", "stock_movement", "subsidy_line")
        indexes = base.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOTNULL AND tbl_name IN {tables}"
        ).fetchall()
        for name, _ in indexes:
            base.execute(f"DROP INDEX {name}")
        base.execute("BEGIN")
        for statement in (INTERNSHIPS, MOVEMENTS, PAYMENTS):
            base.execute(NUMBERED.format(cities=cities) + statement, {"many": many})
        for _, sql in indexes:
            base.execute(sql)
        base.execute("COMMIT")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
