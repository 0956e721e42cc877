"""The live figures of a city's month (当月指标): counted from the ledger through its indexes.

What a row counts for is in `policy.indicators`; here stand the few grouped queries that count them. The figures
of a filed month are not counted again: `storage.reports` has them as they were filed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from policy.indicators import (
    Indicator,
    RetainedPart,
    counted_for_arrival,
    counted_for_ending,
    with_derived,
)
from storage import counted_steps
from storage.database import Connection, Statement
from storage.ledger_tables import Internship, MonthlyReport, ReportEntry, StockMovement, SubsidyLine
from storage.tables import core

internship, movement, line = core(Internship), core(StockMovement), core(SubsidyLine)
entry, report = core(ReportEntry), core(MonthlyReport)

PLAN, OPENING, UNEXPLAINED = "plan", "opening", "unexplained"
"""Keys of the numbers that clerks enter (`ReportEntry`)."""

STOCKS: Final = (
    ("host", Indicator.HOSTS, Indicator.NEW_HOSTS),
    ("position", Indicator.POSTS, Indicator.NEW_POSTS),
)

_moved = select(func.coalesce(func.sum(movement.c.delta), 0)).where(
    movement.c.subject == bindparam("subject"), movement.c.city == bindparam("city")
)
STOCK: Final = Statement(_moved.where(movement.c.period <= bindparam("month")), "subject", "city", "month")
OPENED: Final = Statement(
    _moved.where(movement.c.period == bindparam("month"), movement.c.opened.is_(True)),
    "subject",
    "city",
    "month",
)
ARRIVALS: Final = Statement(
    select(internship.c.track, func.count())
    .where(internship.c.city == bindparam("city"), internship.c.arrived_period == bindparam("month"))
    .group_by(internship.c.track),
    "city",
    "month",
)
ENDED: Final = Statement(
    select(internship.c.ending, internship.c.counted_result, internship.c.track, func.count())
    .where(internship.c.city == bindparam("city"), internship.c.ended_period == bindparam("month"))
    .group_by(internship.c.ending, internship.c.counted_result, internship.c.track),
    "city",
    "month",
)
PAID: Final = Statement(
    select(func.coalesce(func.sum(line.c.amount_fen), 0)).where(
        line.c.city == bindparam("city"),
        line.c.paid_period >= bindparam("january"),
        line.c.paid_period <= bindparam("month"),
    ),
    "city",
    "january",
    "month",
)
# Two statements and no OR: each is one stretch of the index (city, ended_on, arrived_on).
_arrived = select(func.count()).where(
    internship.c.city == bindparam("city"), internship.c.arrived_on <= bindparam("day")
)
STILL_IN_POST: Final = Statement(_arrived.where(internship.c.ended_on.is_(None)), "city", "day")
ENDED_LATER: Final = Statement(_arrived.where(internship.c.ended_on > bindparam("day")), "city", "day")
ENTRIES: Final = Statement(
    select(entry.c.key, entry.c.value).where(
        entry.c.city == bindparam("city"), entry.c.month == bindparam("month")
    ),
    "city",
    "month",
)
FIGURES: Final = Statement(
    select(report.c.figures).where(report.c.city == bindparam("city"), report.c.month == bindparam("month")),
    "city",
    "month",
)


def live(
    connection: Connection, city: str, month: str, part: RetainedPart = RetainedPart.GRADUATES
) -> dict[str, int | None]:
    """The figures of a city's month ("YYYY-MM") as the ledger stands now; `part` is what indicator 10 means."""
    figures = dict.fromkeys((name.value for name in Indicator), 0)
    for name, number in _counted(connection, city, month):
        figures[name] += number
    entered: dict[str, int] = dict(connection.run(ENTRIES, (city, month)).fetchall())
    return with_derived(
        {
            **figures,
            Indicator.PAID_FEN.value: _one(connection, PAID, city, f"{month[:4]}-01", month),
            Indicator.PLANNED.value: entered.get(PLAN),
            Indicator.UNEXPLAINED.value: entered.get(UNEXPLAINED),
            Indicator.OPENING.value: opening(connection, city, month, entered.get(OPENING)),
            Indicator.HEAD_COUNT.value: head_count(connection, city, month),
        },
        part,
    )


def _counted(connection: Connection, city: str, month: str) -> Iterator[tuple[Indicator, int]]:
    """What counts in the month, bit by bit: stocks and new ones, arrivals, endings, what was taken back."""
    for subject, stock, new in STOCKS:
        yield stock, _one(connection, STOCK, subject, city, month)
        yield new, _one(connection, OPENED, subject, city, month)
    for track, number in connection.run(ARRIVALS, (city, month)):
        for name in counted_for_arrival(track):
            yield name, number
    for ending, result, track, number in connection.run(ENDED, (city, month)):
        for name in counted_for_ending(ending, result, track):
            yield name, number
    for step in counted_steps.taken_back(connection, city, month):
        for name in step.indicators:
            yield name, -1


def opening(connection: Connection, city: str, month: str, entered: int | None = None) -> int:
    """上期13: as filed for the month before; without that what a clerk entered, else a head count."""
    earlier = month_before(month)
    filed = connection.run(FIGURES, (city, earlier)).fetchone()
    if filed is not None:
        return int(filed[0][Indicator.IN_POST])
    return head_count(connection, city, earlier) if entered is None else entered


def head_count(connection: Connection, city: str, month: str) -> int:
    """How many people were in post (在岗) at the end of the month by the days of arrival and ending."""
    last = last_day(month)
    return _one(connection, STILL_IN_POST, city, last) + _one(connection, ENDED_LATER, city, last)


def _one(connection: Connection, statement: Statement, *parameters: Any) -> int:  # noqa: ANN401
    return int(connection.run(statement, parameters).fetchone()[0])


def last_day(month: str) -> date:
    """The last day of a month. Raises `ValueError` for text that is no month."""
    return date.fromisoformat(f"{month_after(month)}-01") - timedelta(days=1)


def month_before(month: str) -> str:
    """The month before."""
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"


def month_after(month: str) -> str:
    """The month after."""
    return f"{date.fromisoformat(f'{month}-01') + timedelta(days=31):%Y-%m}"
