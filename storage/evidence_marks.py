"""Marks on the evidence of hosts (申领材料登记): what was handed in for a month, and what a batch still lacks.

What is needed is in `policy.evidence`. Agreements, identity papers and the insurance policy are asked for when a
batch holds people who had no subsidy before.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, literal, select

from policy.evidence import Evidence, required
from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.months import is_month
from policy.refusal import Refused
from storage import audit
from storage.database import Connection, Statement, insert
from storage.errors import NotFound
from storage.ledger_tables import EvidenceMark, Host, Internship, SubsidyBatch, SubsidyLine
from storage.tables import core

mark, line, host, batch = core(EvidenceMark), core(SubsidyLine), core(Host), core(SubsidyBatch)
internship = core(Internship)

_put = insert(mark)
_VALUES: Final = ("given", "on", "amount_fen", "actor", "at")
PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=["host_id", "month", "kind"], set_={name: _put.excluded[name] for name in _VALUES}
    ),
    "host_id",
    "month",
    "kind",
    *_VALUES,
)
HOST: Final = Statement(select(host.c.id).where(host.c.id == bindparam("key")), "key")
_earlier = line.alias("earlier")
_LISTED: Final = [
    literal(str(status)) for status in (SubsidyStatus.BATCHED, SubsidyStatus.APPROVED, SubsidyStatus.PAID)
]
LINES: Final = Statement(
    select(
        line.c.host_id,
        host.c.name,
        line.c.kind,
        select(_earlier.c.id)
        .where(
            _earlier.c.internship_id == line.c.internship_id,
            _earlier.c.month < line.c.month,
            _earlier.c.status.in_(_LISTED),
        )
        .exists(),
    )
    .join(host, host.c.id == line.c.host_id)
    .where(line.c.batch_id == bindparam("batch"), line.c.status.in_(_LISTED))
    .order_by(line.c.host_id),
    "batch",
)
MARKS: Final = Statement(
    select(mark.c.host_id, mark.c.kind, mark.c.given, mark.c.on, mark.c.amount_fen, mark.c.actor)
    .join(batch, batch.c.month == mark.c.month)
    .where(
        batch.c.id == bindparam("batch"),
        mark.c.host_id.in_(select(line.c.host_id).where(line.c.batch_id == bindparam("batch"))),
    ),
    "batch",
)
PREMIUMS: Final = Statement(
    select(mark.c.host_id, mark.c.amount_fen)
    .where(
        mark.c.host_id.in_(select(internship.c.host_id).where(internship.c.city == bindparam("city"))),
        mark.c.kind == str(Evidence.INSURANCE),
        mark.c.month <= bindparam("month"),
        mark.c.given.is_(True),
        mark.c.amount_fen.is_not(None),
    )
    .order_by(mark.c.month),
    "city",
    "month",
)


class Mark(NamedTuple):
    """What is known of a piece of evidence; `on` and `actor` are None when nobody has looked yet."""

    kind: Evidence
    given: bool
    on: date | None = None
    amount_fen: int | None = None
    actor: str | None = None


class Checklist(NamedTuple):
    """What a host has to hand in for a batch."""

    host_id: int
    host_name: str
    marks: tuple[Mark, ...]

    @property
    def missing(self) -> tuple[Evidence, ...]:
        """What is not there yet."""
        return tuple(one.kind for one in self.marks if not one.given)


def put(
    connection: Connection,
    host_id: int,
    month: str,
    kind: Evidence,
    *,
    given: bool,
    actor: str,
    now: datetime,
    today: date,
    on: date | None = None,
    amount_fen: int | None = None,
) -> None:
    """Mark a piece of evidence of a host's month as given, or as missing.

    `amount_fen` is the premium of each person, of the insurance. Raises `NotFound`, `Refused`.
    """
    if connection.run(HOST, (host_id,)).fetchone() is None:
        raise NotFound("host")
    day = on or today
    if not is_month(month):
        raise Refused("月份请这样写：2026-11。")
    if day > today:
        raise Refused("日期不能晚于今天，还没收到的先不登记。")
    if amount_fen is not None and (kind is not Evidence.INSURANCE or amount_fen <= 0):
        raise Refused("只有意外险的保单或发票填每人保费，保费要大于 0。")
    connection.run(PUT, (host_id, month, str(kind), given, day, amount_fen, actor, now))
    detail = {"month": month, "kind": str(kind), "given": given, "amount_fen": amount_fen}
    audit.add(connection, now, actor, "subsidy.evidence", f"host:{host_id}", detail)


def checklists(connection: Connection, batch_id: int) -> list[Checklist]:
    """What each host of a batch has to hand in, and whether it has."""
    kinds: defaultdict[int, set[SubsidyKind]] = defaultdict(set)
    names: dict[int, str] = {}
    newcomers: set[int] = set()
    for host_id, name, kind, known in connection.run(LINES, (batch_id,)).fetchall():
        names[host_id] = name
        kinds[host_id].add(SubsidyKind(kind))
        if not known:
            newcomers.add(host_id)
    marks: dict[tuple[int, str], Mark] = {}
    for host_id, kind, given, on, amount, actor in connection.run(MARKS, (batch_id,)).fetchall():
        marks[host_id, kind] = Mark(Evidence(kind), given, on, amount, actor)
    return [
        Checklist(
            host_id,
            name,
            tuple(
                marks.get((host_id, kind), Mark(kind, given=False))
                for kind in required(kinds[host_id], newcomers=host_id in newcomers)
            ),
        )
        for host_id, name in names.items()
    ]


def premiums(connection: Connection, city: str, month: str) -> dict[int, int]:
    """The newest premium of each person that the hosts of a city have shown up to a month, by host, in fen."""
    return dict(connection.run(PREMIUMS, (city, month)).fetchall())
