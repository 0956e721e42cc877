"""The yearly targets of the cities (分市目标任务) and how far each has come, 粤人社函〔2023〕50号 附件1.

People are the arrivals of the year (指标6), positions the new openings of the year (指标4); filed months count as
filed. A city is behind when it has reached less of its target than has passed of the year.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select

from policy.indicators import Indicator
from policy.refusal import Refused
from policy.regions import CITIES, city
from storage import audit
from storage.database import Connection, Statement, insert
from storage.indicators import live, report
from storage.ledger_tables import Target
from storage.tables import core

target = core(Target)

NOTICES: Final = {2023: ("targets_2023.csv", "粤人社函〔2023〕50号 附件1")}
"""Targets that are known: the file beside this module, and where they stand."""

COLUMNS: Final = ("gb2260", "plan_interns", "plan_posts")
"""What a file of targets must have: the city's code, people and positions. Other columns are for readers."""

OF_YEAR: Final = Statement(
    select(target.c.city, target.c.interns, target.c.posts, target.c.source).where(
        target.c.year == bindparam("year")
    ),
    "year",
)
_put = insert(target)
PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=["year", "city"],
        set_={name: _put.excluded[name] for name in ("interns", "posts", "source", "updated_at")},
    ),
    "year",
    "city",
    "interns",
    "posts",
    "source",
    "updated_at",
)
FILED: Final = Statement(
    select(report.c.city, report.c.month, report.c.figures).where(
        report.c.month >= bindparam("first"), report.c.month <= bindparam("last")
    ),
    "first",
    "last",
)


class CityTarget(NamedTuple):
    """What a city is to reach in a year: people (人) and positions (个)."""

    city: str
    interns: int
    posts: int
    source: str


class Loaded(NamedTuple):
    """What loading changed."""

    read: int
    added: int
    changed: int
    unchanged: int


class Progress(NamedTuple):
    """How far a city has come in a year. Percentages are whole numbers, rounded down; None without a target."""

    city: str
    interns: int
    arrived: int
    arrived_percent: int | None
    posts: int
    new_posts: int
    posts_percent: int | None
    completed: int
    retained: int
    retained_percent: int | None
    behind: bool


def of_notice(year: int) -> tuple[list[CityTarget], str]:
    """The targets of a year as the notice has them, and its name. Raises `Refused` when none is known."""
    if year not in NOTICES:
        raise Refused(f"系统里没有{year}年的分市目标，请给出文件：jianxi targets load {year} --file 文件.csv")
    name, source = NOTICES[year]
    text = (resources.files("storage") / name).read_text("utf-8")
    return read_targets(text.splitlines(), source), source


def read_targets(lines: Iterable[str], source: str) -> list[CityTarget]:
    """Read targets from CSV lines. Raises `Refused` naming every row, column and reason that is wrong."""
    reader = csv.DictReader(lines)
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise Refused(f"第1行缺少列：{'、'.join(missing)}。需要 {'、'.join(COLUMNS)}。")
    faults: list[str] = []
    found: dict[str, CityTarget] = {}
    for number, row in enumerate(reader, 2):
        values = [(row[name] or "").strip() for name in COLUMNS]
        reasons = list(_faults(values, found))
        faults += [f"第{number}行 {column}：{reason}" for column, reason in reasons]
        if not reasons:
            found[values[0]] = CityTarget(values[0], int(values[1]), int(values[2]), source)
    if faults:
        raise Refused(*faults)
    return list(found.values())


def _faults(values: Sequence[str], found: Mapping[str, CityTarget]) -> Iterable[tuple[str, str]]:
    code, *numbers = values
    if code not in {known.code for known in CITIES}:
        yield COLUMNS[0], f"“{code}”不是广东地级市的代码，例如 440100。"
    elif code in found:
        yield COLUMNS[0], f"{city(code).name}重复了，请只留一行。"
    for name, value in zip(COLUMNS[1:], numbers, strict=True):
        if not (value.isascii() and value.isdigit() and len(value) < 9):
            yield name, f"“{value}”不是整数，请填数字，例如 1800。"


def load(
    connection: Connection, year: int, rows: Sequence[CityTarget], *, actor: str, now: datetime
) -> Loaded:
    """Keep the targets of a year; the same file again changes nothing."""
    known = of_year(connection, year)
    fresh = [row for row in rows if row.city not in known]
    changed = [row for row in rows if row.city in known and known[row.city] != row]
    for row in (*fresh, *changed):
        connection.run(PUT, (year, row.city, row.interns, row.posts, row.source, now))
    done = Loaded(len(rows), len(fresh), len(changed), len(rows) - len(fresh) - len(changed))
    if fresh or changed:
        audit.add(connection, now, actor, "targets.load", f"targets:{year}", done._asdict())
    return done


def of_year(connection: Connection, year: int) -> dict[str, CityTarget]:
    """The targets of a year by city, in the order of the notice."""
    rows = {row[0]: CityTarget(*row) for row in connection.run(OF_YEAR, (year,))}
    return {known.code: rows[known.code] for known in CITIES if known.code in rows}


def progress(connection: Connection, through: str) -> list[Progress]:
    """How far every city has come from January through the month ("YYYY-MM"), in the order of the notice."""
    targets = of_year(connection, int(through[:4]))
    months = [f"{through[:5]}{number:02d}" for number in range(1, int(through[5:]) + 1)]
    rows = connection.run(FILED, (months[0], months[-1])).fetchall()
    filed = {(code, month): figures for code, month, figures in rows}
    return [
        _progress(
            targets.get(known.code, CityTarget(known.code, 0, 0, "")),
            [filed.get((known.code, month)) or live(connection, known.code, month) for month in months],
        )
        for known in CITIES
    ]


def in_all(rows: Sequence[Progress], months: int) -> Progress:
    """The province's progress: the sum of the cities' after so many months."""
    numbers = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("interns", "arrived", "posts", "new_posts", "completed", "retained")
    }
    return _row("", months, **numbers)


def _progress(aim: CityTarget, figures: Sequence[Mapping[str, int | None]]) -> Progress:
    names = (Indicator.ARRIVED, Indicator.NEW_POSTS, Indicator.COMPLETED, Indicator.RETAINED)
    arrived, posts, completed, retained = (sum(one[name] or 0 for one in figures) for name in names)
    return _row(
        aim.city,
        len(figures),
        interns=aim.interns,
        arrived=arrived,
        posts=aim.posts,
        new_posts=posts,
        completed=completed,
        retained=retained,
    )


def _row(
    code: str,
    months: int,
    *,
    interns: int,
    arrived: int,
    posts: int,
    new_posts: int,
    completed: int,
    retained: int,
) -> Progress:
    behind = arrived * 12 < interns * months or new_posts * 12 < posts * months
    return Progress(
        code,
        interns,
        arrived,
        _percent(arrived, interns),
        posts,
        new_posts,
        _percent(new_posts, posts),
        completed,
        retained,
        _percent(retained, completed),
        behind,
    )


def _percent(part: int, whole: int) -> int | None:
    return part * 100 // whole if whole else None
