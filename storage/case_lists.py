"""Lists of cases for staff (待办查询): pages by number, and one in full. Names stay sealed until somebody shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Select, and_, func, select

from policy.outgoing_codes import CaseKind
from storage.cases import NOTE, OPEN_STATE, QUEUE, RESULT
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Host, Internship
from storage.outgoing_tables import StaffBinding
from storage.people import SUBMITTED
from storage.sealing import Sealer
from storage.tables import Contact, Person, StaffCase, Submission, core

case, person = core(StaffCase), core(Person)
contact, submission = core(Contact), core(Submission)
internship, host = core(Internship), core(Host)
binding = core(StaffBinding)

PAGE: Final = 50


class Case(NamedTuple):
    """A case with whom it is about. Columns named `*_sealed` hold what people said and who they are, sealed."""

    id: int
    kind: str
    status: str
    city: str | None
    owner: str | None
    due_on: date | None
    contact_id: int | None
    person_id: int | None
    internship_id: int | None
    host_name: str | None
    created_at: datetime
    closed_at: datetime | None
    version: int
    note_sealed: bytes | None
    result_sealed: bytes | None
    name_sealed: bytes | None
    phone_sealed: bytes | None
    submission_id: int | None
    submitted_sealed: bytes | None

    @property
    def kind_label(self) -> str:
        """The kind in Chinese; a kind that is not in the list as it is."""
        return CaseKind(self.kind).label if self.kind in set(CaseKind) else self.kind

    def overdue(self, today: date) -> bool:
        """Whether it should have been settled before today."""
        return self.status == OPEN_STATE and self.due_on is not None and self.due_on < today

    def note(self, sealer: Sealer) -> str:
        """What is written in it, in clear."""
        return sealer.open_text(self.note_sealed, NOTE) if self.note_sealed else ""

    def result(self, sealer: Sealer) -> str:
        """What came of it, in clear."""
        return sealer.open_text(self.result_sealed, RESULT) if self.result_sealed else ""

    def name(self, sealer: Sealer) -> str:
        """The person's name, in clear: as it is in the base, else as it was submitted; "" when nobody is meant."""
        if self.name_sealed:
            return sealer.open_text(self.name_sealed, b"person.name_sealed")
        return str(self.submitted(sealer).get("name", ""))

    def phone(self, sealer: Sealer) -> str:
        """The person's telephone number, in clear."""
        if self.phone_sealed:
            return sealer.open_text(self.phone_sealed, b"person.phone_sealed")
        return str(self.submitted(sealer).get("phone", ""))

    def submitted(self, sealer: Sealer) -> dict[str, Any]:
        """The answers of a registration that joined no record, in clear; {} when the case is about none."""
        return orjson.loads(sealer.open(self.submitted_sealed, SUBMITTED)) if self.submitted_sealed else {}


def _all() -> Select[Any]:
    own = (
        *("id", "kind", "status", "city", "owner", "due_on"),
        *("contact_id", "person_id", "internship_id"),
    )
    rest = ("created_at", "closed_at", "version", "note_sealed", "result_sealed")
    return (
        select(
            *(case.c[name] for name in own),
            host.c.name,
            *(case.c[name] for name in rest),
            person.c.name_sealed,
            person.c.phone_sealed,
            submission.c.id,
            submission.c.answers_sealed,
        )
        .outerjoin(contact, and_(contact.c.id == case.c.contact_id, contact.c.person_id.is_(None)))
        .outerjoin(
            submission, submission.c.id == func.coalesce(case.c.submission_id, contact.c.submission_id)
        )
        .outerjoin(person, person.c.id == case.c.person_id)
        .outerjoin(internship, internship.c.id == case.c.internship_id)
        .outerjoin(host, host.c.id == func.coalesce(case.c.host_id, internship.c.host_id))
    )


def listed(
    connection: Connection,
    *,
    city: str | None = None,
    owner: str | None = None,
    kind: str | None = None,
    person_id: int | None = None,
    overdue_on: date | None = None,
    status: str = OPEN_STATE,
    after_id: int = 0,
    limit: int = PAGE,
) -> list[Case]:
    """A page of cases by number; `overdue_on` keeps what was due before that day."""
    query = _all().where(case.c.status == status, case.c.id > after_id).order_by(case.c.id).limit(limit)
    for column, wanted in (
        (case.c.city, city),
        (case.c.owner, owner),
        (case.c.kind, kind),
        (case.c.person_id, person_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if overdue_on is not None:
        query = query.where(case.c.due_on < overdue_on)
    return [Case(*row) for row in connection.sqlalchemy.execute(query)]


def get(connection: Connection, number: int) -> Case:
    """One case. Raises `NotFound`."""
    row = connection.sqlalchemy.execute(_all().where(case.c.id == number)).first()
    if row is None:
        raise NotFound("staff_case")
    return Case(*row)


def overdue_counts(connection: Connection, today: date) -> dict[str, int]:
    """How many open cases are past their day, by owner (逾期待办)."""
    rows = connection.sqlalchemy.execute(
        select(case.c.owner, func.count())
        .where(case.c.status == OPEN_STATE, case.c.due_on < today, case.c.owner.is_not(None))
        .group_by(case.c.owner)
    )
    return {str(owner): int(number) for owner, number in rows}


def without_clerk(connection: Connection) -> dict[str, int]:
    """How many open cases wait in the queue of a city for which no clerk has bound a chat, by city code."""
    bound = (
        select(binding.c.id).where(binding.c.city == case.c.city, binding.c.bound_at.is_not(None)).exists()
    )
    rows = connection.sqlalchemy.execute(
        select(case.c.city, func.count())
        .where(case.c.status == OPEN_STATE, case.c.owner == QUEUE + case.c.city, ~bound)
        .group_by(case.c.city)
        .order_by(case.c.city)
    )
    return {str(code): int(number) for code, number in rows}
