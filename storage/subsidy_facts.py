"""What the subsidies of a city's month are computed from (测算依据): read in a handful of queries, not person by person.

Every query goes by an index: the internships by city and days, everything else from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, literal, select, union
from sqlalchemy import func as sql

from policy.ledger_codes import Ending, Result, SubsidyStatus
from policy.subsidies import Payment, Stay
from storage import evidence_marks
from storage.database import Connection, Statement
from storage.fraud_signals import Scope
from storage.ledger_tables import Internship, MonthlyRecord, SubsidyLine
from storage.tables import core

internship, monthly, line = core(Internship), core(MonthlyRecord), core(SubsidyLine)

OPEN: Final = frozenset({SubsidyStatus.COMPUTED, SubsidyStatus.HELD})
"""Amounts that are computed anew; all others are settled, or on a list that somebody is looking at."""

_COMPLETED: Final = internship.c.ending.in_(
    [literal(str(Ending.COMPLETED)), literal(str(Ending.RETAINED_EARLY))]
)
_ENDED: Final = and_(
    internship.c.city == bindparam("city"),
    internship.c.ended_on >= bindparam("january"),
    internship.c.ended_on <= bindparam("last"),
    _COMPLETED,
)
_PERSON: Final = ("id", "person_id", "host_id", "arrived_on", "ended_on", "ends_on", "ending", "stipend_fen")

RATES: Final = Statement(
    select(internship.c.host_id, internship.c.result, sql.count())
    .where(_ENDED)
    .group_by(internship.c.host_id, internship.c.result),
    "city",
    "january",
    "last",
)
RETAINED: Final = Statement(
    select(*(internship.c[name] for name in _PERSON), internship.c.contract_on)
    .where(_ENDED, internship.c.result == str(Result.RETAINED))
    .order_by(internship.c.id),
    "city",
    "january",
    "last",
)
_there = select(internship.c.host_id).where(
    internship.c.city == bindparam("city"), internship.c.arrived_on <= bindparam("last")
)
BUSY: Final = Statement(
    union(
        _there.where(internship.c.ended_on.is_(None)),
        _there.where(internship.c.ended_on > bindparam("last")),
    ),
    "city",
    "last",
)
_LINE: Final = ("id", "internship_id", "host_id", "kind", "amount_fen", "clause", "basis", "flags", "status")
LINES: Final = Statement(
    select(*(line.c[name] for name in _LINE), line.c.batch_id).where(
        line.c.city == bindparam("city"), line.c.month == bindparam("month")
    ),
    "city",
    "month",
)


class Fact(NamedTuple):
    """An internship in post in the month, with its record of the month and the payments of all its months."""

    id: int
    person_id: int
    host_id: int
    stay: Stay
    contract_on: date | None
    insured: bool
    payment: Payment
    payments: tuple[Payment, ...]


class Retained(NamedTuple):
    """An internship that ended this year in a retention."""

    id: int
    person_id: int
    host_id: int
    stay: Stay


class Line(NamedTuple):
    """A stored amount of the month."""

    id: int
    internship_id: int
    host_id: int
    kind: str
    amount_fen: int
    clause: str
    basis: dict[str, Any]
    flags: list[str]
    status: str
    batch_id: int | None

    @property
    def open(self) -> bool:
        """Whether it may be computed anew."""
        return self.status in OPEN and self.batch_id is None


class Earlier(NamedTuple):
    """An amount of a person, in whatever city and month."""

    person_id: int
    internship_id: int
    month: str
    kind: str
    status: str

    @property
    def counts(self) -> bool:
        """Whether it takes up one of the person's months: it was not refused."""
        return self.status != SubsidyStatus.REFUSED


class Facts(NamedTuple):
    """Everything that the amounts of a city's month depend on, but for the rules and the signals.

    `rates` are completed and retained of each host over the year, `busy` the hosts where somebody was in post
    at the end of the month, `premiums` in fen by host.
    """

    in_post: list[Fact]
    retained: list[Retained]
    rates: dict[int, tuple[int, int]]
    busy: frozenset[int]
    premiums: dict[int, int]
    lines: list[Line]
    earlier: list[Earlier]


def read(connection: Connection, city: str, first: date, last: date, today: date) -> Facts:
    """Read a city's month, given by its first and last day."""
    month, january = f"{first:%Y-%m}", first.replace(month=1, day=1)
    year = Scope(city, january, last, month, today)
    rates: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for host_id, result, number in connection.run(RATES, (city, january, last)):
        rates[host_id][0] += number
        rates[host_id][1] += number if result == Result.RETAINED else 0
    return Facts(
        list(_in_post(connection, Scope(city, first, last, month, today))),
        [
            Retained(number, who, host_id, Stay(*stay))
            for number, who, host_id, *stay, _ in connection.run(RETAINED, (city, january, last)).fetchall()
        ],
        {host_id: (completed, retained) for host_id, (completed, retained) in rates.items()},
        frozenset(host_id for (host_id,) in connection.run(BUSY, (city, last)).fetchall()),
        evidence_marks.premiums(connection, city, month),
        [Line(*row) for row in connection.run(LINES, (city, month)).fetchall()],
        _earlier(connection, year),
    )


def _in_post(connection: Connection, scope: Scope) -> Iterator[Fact]:
    payments: defaultdict[int, list[Payment]] = defaultdict(list)
    paid = select(
        monthly.c.internship_id,
        monthly.c.month,
        monthly.c.attended_days,
        monthly.c.paid_fen,
        monthly.c.paid_on,
    ).where(monthly.c.internship_id.in_(scope.numbers()), monthly.c.paid_on.is_not(None))
    for number, *payment in connection.sqlalchemy.execute(paid):
        payments[number].append(Payment(*payment))
    query = (
        select(
            *(internship.c[name] for name in _PERSON),
            internship.c.contract_on,
            *(monthly.c[name] for name in ("insured", "attended_days", "paid_fen", "paid_on")),
        )
        .outerjoin(monthly, and_(monthly.c.internship_id == internship.c.id, monthly.c.month == scope.month))
        .where(scope.holds())
        .order_by(internship.c.id)
    )
    for number, who, host_id, *stay, contract_on, insured, days, fen, on in connection.sqlalchemy.execute(
        query
    ):
        yield Fact(
            number,
            who,
            host_id,
            Stay(*stay),
            contract_on,
            bool(insured),
            Payment(scope.month or "", days, fen, on),
            tuple(payments[number]),
        )


def _earlier(connection: Connection, scope: Scope) -> list[Earlier]:
    own = internship.alias("own")
    people = select(own.c.person_id).where(own.c.id.in_(scope.numbers()))
    query = (
        select(internship.c.person_id, line.c.internship_id, line.c.month, line.c.kind, line.c.status)
        .join(line, line.c.internship_id == internship.c.id)
        .where(internship.c.person_id.in_(people))
    )
    return [Earlier(*row) for row in connection.sqlalchemy.execute(query)]
