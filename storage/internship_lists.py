"""Lists of the ledger (台账查询): pages of internships, one in full, its history; and a person's own.

Names stay sealed here; whoever shows them opens and masks them. Pages go by number, so that a list stays in
place while new rows come in.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, select

from policy.ledger_codes import Stage
from storage import transitions
from storage.database import Connection, Statement
from storage.ledger_tables import Host, Internship, Mentor, Position
from storage.sealing import Sealer
from storage.tables import Person, core

internship, person = core(Internship), core(Person)
host, position, mentor = core(Host), core(Position), core(Mentor)

PAGE: Final = 50
_SHOWN: Final = (
    *("id", "person_id", "host_id", "position_id", "city", "stage", "track", "hardship"),
    *("applied_on", "accepted_on", "signed_on", "starts_on", "ends_on", "months", "stipend_fen"),
    *("mentor_id", "arrived_on", "ended_on", "ending", "end_reason", "result", "result_on"),
    *("contract_on", "insured_on", "continues_id", "source", "demo", "updated_at", "version"),
)


class Line(NamedTuple):
    """An internship with who, where and what. Columns named `*_sealed` hold personal data, sealed."""

    id: int
    person_id: int
    host_id: int
    position_id: int
    city: str
    stage: str
    track: str | None
    hardship: bool
    applied_on: date
    accepted_on: date | None
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    months: int
    stipend_fen: int
    mentor_id: int | None
    arrived_on: date | None
    ended_on: date | None
    ending: str | None
    end_reason: str | None
    result: str | None
    result_on: date | None
    contract_on: date | None
    insured_on: date | None
    continues_id: int | None
    source: str
    demo: bool
    updated_at: datetime
    version: int
    name_sealed: bytes
    id_number_sealed: bytes
    phone_sealed: bytes
    host_name: str
    uscc: str
    address: str | None
    title: str
    kind: str
    district: str
    description: str
    mentor_sealed: bytes | None

    def name(self, sealer: Sealer) -> str:
        """The person's name, in clear."""
        return sealer.open_text(self.name_sealed, b"person.name_sealed")

    def id_number(self, sealer: Sealer) -> str:
        """The person's ID number, in clear."""
        return sealer.open_text(self.id_number_sealed, b"person.id_number_sealed")

    def phone(self, sealer: Sealer) -> str:
        """The person's phone, in clear."""
        return sealer.open_text(self.phone_sealed, b"person.phone_sealed")

    def mentor_name(self, sealer: Sealer) -> str | None:
        """The mentor's name, in clear; None when there is no mentor yet."""
        return sealer.open_text(self.mentor_sealed, b"mentor.name_sealed") if self.mentor_sealed else None


class Event(NamedTuple):
    """One line of an internship's history; `note` is opened, `voided` tells that it was taken back."""

    id: int
    kind: str
    on: date
    period: str | None
    detail: dict[str, Any]
    actor: str
    recorded_at: datetime
    voids_id: int | None
    voided: bool
    note: str | None


def _lines() -> Select[Any]:
    return (
        select(
            *(internship.c[name] for name in _SHOWN),
            *(person.c[name] for name in ("name_sealed", "id_number_sealed", "phone_sealed")),
            *(host.c[name] for name in ("name", "uscc", "address")),
            *(position.c[name] for name in ("title", "kind", "district", "description")),
            mentor.c.name_sealed,
        )
        .join(person, person.c.id == internship.c.person_id)
        .join(host, host.c.id == internship.c.host_id)
        .join(position, position.c.id == internship.c.position_id)
        .outerjoin(mentor, mentor.c.id == internship.c.mentor_id)
    )


ONE: Final = Statement(_lines().where(internship.c.id == bindparam("key")), "key")
OWN: Final = Statement(
    _lines()
    .where(internship.c.person_id == bindparam("person"))
    .order_by(internship.c.id.desc())
    .limit(bindparam("limit")),
    "person",
    "limit",
)


def one(connection: Connection, internship_id: int) -> Line:
    """An internship in full. Raises `NotFound`."""
    found = connection.run(ONE, (internship_id,)).fetchone()
    if found is None:
        transitions.get(connection, internship_id)  # raises NotFound
    return Line(*found)


def page(
    connection: Connection,
    *,
    city: str | None = None,
    stage: Stage | None = None,
    host_id: int | None = None,
    position_id: int | None = None,
    person_id: int | None = None,
    after_id: int = 0,
    limit: int = PAGE,
) -> list[Line]:
    """A page of internships in the order of their numbers, those that come after number `after_id`."""
    wanted = {
        "city": city,
        "stage": str(stage) if stage else None,
        "host_id": host_id,
        "position_id": position_id,
        "person_id": person_id,
    }
    query = _lines().where(internship.c.id > after_id).order_by(internship.c.id).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(internship.c[name] == value)
    return [Line(*found) for found in connection.sqlalchemy.execute(query)]


def overdue(connection: Connection, today: date, *, after_id: int = 0, limit: int = PAGE) -> list[Line]:
    """Those still in post although their term is over: their ending is to be entered."""
    query = (
        _lines()
        .where(
            internship.c.stage == str(Stage.IN_POST), internship.c.ends_on < today, internship.c.id > after_id
        )
        .order_by(internship.c.id)
        .limit(limit)
    )
    return [Line(*found) for found in connection.sqlalchemy.execute(query)]


def of_person(connection: Connection, person_id: int, limit: int = 10) -> list[Line]:
    """A person's internships and applications, newest first."""
    return [Line(*found) for found in connection.run(OWN, (person_id, limit))]


def history(connection: Connection, sealer: Sealer, internship_id: int) -> list[Event]:
    """Every step and correction, as they were recorded. Raises `NotFound`."""
    transitions.get(connection, internship_id)
    return [
        Event(
            row.id,
            row.kind,
            row.on,
            row.period,
            row.detail,
            row.actor,
            row.recorded_at,
            row.voids_id,
            row.voided_at is not None,
            sealer.open_text(row.note_sealed, transitions.NOTE) if row.note_sealed else None,
        )
        for row in transitions.kept(connection, internship_id)
    ]
