"""A simulated year: twelve filed reports of every city, which an independent count over the raw events confirms.

The count below knows the tables and the notices, and nothing of the code that makes the reports.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from bot.simulation.behaviour import USUAL
from bot.simulation.run import simulate
from policy.refusal import Refused

YEAR: Final = 2023
MONTHS: Final = [f"{YEAR}-{number:02d}" for number in range(1, 13)]
ENDINGS: Final = {"complete": 8, "retain_early": 8, "end_early": 12, "change_host": 12}
EMPLOYED: Final = {"employed", "self_employed", "flexible"}
NAMES: Final = {
    1: "hosts",
    2: "new_hosts",
    3: "posts",
    4: "new_posts",
    6: "arrived",
    7: "arrived_graduates",
    8: "completed",
    9: "retained",
    10: "retained_part",
    11: "employed_elsewhere",
    12: "ended_early",
    13: "in_post",
}
Row = sqlite3.Row


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base after a year of some hundred people."""
    data = tmp_path_factory.mktemp("simulated") / "data"
    troubled = replace(USUAL, corrected=0.06, known_late=0.06)
    found = simulate(data, year=YEAR, people_wanted=180, seed=7, behaviour=troubled)
    assert found["counts"]["arrived"] > 100
    return data


@pytest.fixture(scope="module")
def rows(simulated: Path) -> sqlite3.Connection:
    """The base, read by nobody's code but the driver's."""
    connection = sqlite3.connect(f"file:{simulated / 'jianxi.db'}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


class Year:
    """Every raw event, and in which month of which city it counts."""

    def __init__(self, rows: sqlite3.Connection) -> None:
        self.filed = {
            (row["city"], row["month"]): row
            for row in rows.execute("SELECT city, month, figures, filed_at FROM monthly_report")
        }
        self.adopted = {
            json.loads(row["detail"])["correction"]: row["subject"].rsplit(":", 1)[1]
            for row in rows.execute("SELECT subject, detail FROM audit WHERE action = 'report.adopt'")
        }
        self.steps = {row["id"]: row for row in rows.execute("SELECT * FROM transition ORDER BY id")}
        self.movements = list(rows.execute("SELECT * FROM stock_movement ORDER BY id"))
        self.results: dict[int, list[Row]] = defaultdict(list)
        for row in self.steps.values():
            if row["kind"] == "result":
                self.results[row["internship_id"]].append(row)

    def month(self, city: str, on: str, recorded_at: str, reference: str) -> str | None:
        """The month of a fact: its own, unless that had been filed; then the one a clerk took it into."""
        own = on[:7]
        filed = self.filed.get((city, own))
        return own if filed is None or recorded_at <= filed["filed_at"] else self.adopted.get(reference)

    def counted(self, city: str) -> Iterator[tuple[str, Row]]:
        """Steps of a city with the month they count in, as that month's report knew them."""
        for row in self.steps.values():
            if row["city"] != city or row["kind"] not in {*ENDINGS, "arrive"}:
                continue
            if self._replaces_filed(row):
                continue
            month = self.month(city, row["on"], row["recorded_at"], f"T{row['id']}")
            if month is None:
                continue
            filed_at = self.filed[city, month]["filed_at"] if (city, month) in self.filed else "9999"
            if row["voided_at"] is None or row["voided_at"] > filed_at:
                yield month, row

    def _replaces_filed(self, row: Row) -> bool:
        """Whether it puts right what a filed report has counted already."""
        old = self.steps.get(json.loads(row["detail"]).get("replaces"))
        if old is None:
            return False
        month = self.month(old["city"], old["on"], old["recorded_at"], f"T{old['id']}")
        return month is not None and self.filed[old["city"], month]["filed_at"] < old["voided_at"]

    def result(self, internship: int, filed_at: str) -> str | None:
        """What was known when the report was filed of what somebody does now."""
        known = [
            row
            for row in self.results[internship]
            if row["recorded_at"] <= filed_at and (row["voided_at"] is None or row["voided_at"] > filed_at)
        ]
        return json.loads(known[-1]["detail"])["result"] if known else None

    def figures(self, city: str) -> dict[str, Counter[int]]:
        """Indicators 1 to 4 and 6 to 13 of every month."""
        found: dict[str, Counter[int]] = {month: Counter() for month in MONTHS}
        for month, row in self.counted(city):
            if month in found:
                self._count(found[month], row, self.filed[city, month]["filed_at"])
        for row in self.movements:
            if row["city"] == city:
                self._move(found, city, row)
        in_post = 0
        for month in MONTHS:
            in_post += found[month][6] - found[month][8] - found[month][12]
            found[month][13] = in_post
        return found

    def _count(self, figures: Counter[int], row: Row, filed_at: str) -> None:
        graduate = row["track"] == "graduate"
        if row["kind"] == "arrive":
            figures[6] += 1
            figures[7] += graduate
            return
        figures[ENDINGS[row["kind"]]] += 1
        if ENDINGS[row["kind"]] != 8:
            return
        result = self.result(row["internship_id"], filed_at)
        kept = row["kind"] == "retain_early" or result == "retained"
        figures[9] += kept
        figures[10] += kept and graduate
        figures[11] += not kept and result in EMPLOYED

    def _move(self, found: dict[str, Counter[int]], city: str, row: Row) -> None:
        stock, new = (1, 2) if row["subject"] == "host" else (3, 4)
        since = self.month(city, row["on"], row["recorded_at"], f"M{row['id']}")
        for month in MONTHS:
            if since is not None and since <= month:
                found[month][stock] += row["delta"]
        if since in found and row["opened"]:
            found[since][new] += row["delta"]


@pytest.fixture(scope="module")
def year(rows: sqlite3.Connection) -> Year:
    """The raw events of the simulated year."""
    return Year(rows)


def cities(year: Year) -> list[str]:
    return sorted({city for city, _ in year.filed} - {"440000"})


def test_every_city_and_the_province_filed_twelve_months(year: Year) -> None:
    assert len(cities(year)) == 21
    assert set(year.filed) == {(city, month) for city in (*cities(year), "440000") for month in MONTHS}


def test_every_filed_indicator_is_what_the_raw_events_say(year: Year) -> None:
    differences = []
    for city in cities(year):
        counted = year.figures(city)
        for month in MONTHS:
            figures = json.loads(year.filed[city, month]["figures"])
            differences += [
                (city, month, number, figures[name], counted[month][number])
                for number, name in NAMES.items()
                if figures[name] != counted[month][number]
            ]
    assert differences == []


def test_the_money_of_every_report_is_what_was_paid_since_january(
    rows: sqlite3.Connection, year: Year
) -> None:
    paid: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows.execute("SELECT city, paid_on, amount_fen FROM subsidy_line WHERE status = 'paid'"):
        paid[row["city"]][row["paid_on"][:7]] += row["amount_fen"]
    assert len(paid) > 10
    for city in cities(year):
        for month in MONTHS:
            figures = json.loads(year.filed[city, month]["figures"])
            until = sum(amount for at, amount in paid[city].items() if at <= month)
            assert figures["paid_fen"] == until, (city, month)


def test_the_year_was_not_an_easy_one(year: Year) -> None:
    """Late facts, corrections, early endings, changes of host: each of them happened."""
    kinds = Counter(row["kind"] for row in year.steps.values())
    assert all(kinds[kind] for kind in (*ENDINGS, "arrive", "void", "result", "cancel", "decline"))
    assert any(reference[0] == "T" for reference in year.adopted)
    assert any(row["delta"] < 0 for row in year.movements)


def relations(figures: dict[str, Any], before: dict[str, Any]) -> list[bool]:
    """The relations printed on both forms."""
    one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen = (
        figures[name]
        for name in (
            *("hosts", "new_hosts", "posts", "new_posts", "planned", "arrived", "arrived_graduates"),
            *("completed", "retained", "retained_part", "employed_elsewhere", "ended_early", "in_post"),
        )
    )
    return [
        one >= two,
        three >= four,
        five >= six >= seven,
        eight >= nine + eleven,
        nine >= ten,
        thirteen == before.get("in_post", 0) + six - eight - twelve,
    ]


def test_every_filed_report_passes_the_relations_of_the_forms(year: Year) -> None:
    for city in (*cities(year), "440000"):
        before: dict[str, Any] = {}
        for month in MONTHS:
            figures = json.loads(year.filed[city, month]["figures"])
            assert all(relations(figures, before)), (city, month)
            before = figures


def test_the_province_is_exactly_the_sum_of_its_cities(year: Year) -> None:
    for month in MONTHS:
        province = json.loads(year.filed["440000", month]["figures"])
        parts = [json.loads(year.filed[city, month]["figures"]) for city in cities(year)]
        for name in (*NAMES.values(), "planned", "paid_fen"):
            assert province[name] == sum(part[name] for part in parts), (month, name)


def test_a_simulation_never_mixes_with_a_base_that_is_there(simulated: Path) -> None:
    with pytest.raises(Refused, match="空目录"):
        simulate(simulated, people_wanted=10)
