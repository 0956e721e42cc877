"""Where a person can be reached (联系渠道): their contacts, the one heard last in front, and why there is none.

Whether a message may go at the very moment is decided when it is sent (`policy.sending`); this is what is known
before one is put into the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import select

from policy.outgoing_codes import SkipReason
from storage.database import Connection
from storage.tables import Contact, DialogSession, Person, core

contact, person, session = core(Contact), core(Person), core(DialogSession)

ACTIVE: Final = ("registered", "verified")
"""What a person's status must be for messages of our own accord."""
LOCKED: Final = "locked"
"""Status of a person who had everything deleted but what the books must keep."""


class Reach(NamedTuple):
    """A person's contacts that may be written to, the one heard last in front; without any, the reason why."""

    contacts: tuple[int, ...]
    reason: SkipReason | None

    @property
    def preferred(self) -> int | None:
        """The contact to write to; None when there is none."""
        return self.contacts[0] if self.contacts else None


def preferred(connection: Connection, person_id: int) -> int | None:
    """The contact at which a person is best reached: open to messages of ours, and heard last."""
    return reach(connection, person_id).preferred


def reach(connection: Connection, person_id: int) -> Reach:
    """Where one person can be reached."""
    return reaches(connection, [person_id])[person_id]


def reaches(connection: Connection, person_ids: Iterable[int]) -> Mapping[int, Reach]:
    """Where each of these people can be reached; somebody who is not stored any more counts as erased."""
    wanted = set(person_ids)
    rows = connection.sqlalchemy.execute(
        select(
            person.c.id,
            person.c.status,
            person.c.push_consent,
            contact.c.id,
            contact.c.reachable,
            contact.c.push_allowed,
        )
        .outerjoin(contact, contact.c.person_id == person.c.id)
        .outerjoin(session, session.c.contact_id == contact.c.id)
        .where(person.c.id.in_(wanted))
        .order_by(person.c.id, session.c.updated_at.is_(None), session.c.updated_at.desc(), contact.c.id)
    )
    known: dict[int, list[_Row]] = {}
    for person_id, *rest in rows:
        known.setdefault(person_id, []).append(_Row(*rest))
    return {number: _reach(known.get(number, [])) for number in wanted}


class _Row(NamedTuple):
    status: str
    push_consent: bool
    contact_id: int | None
    reachable: bool | None
    push_allowed: bool | None


def _reach(rows: list[_Row]) -> Reach:
    if not rows or rows[0].status == LOCKED:
        return Reach((), SkipReason.ERASED)
    contacts = [row for row in rows if row.contact_id is not None]
    if rows[0].status not in ACTIVE or not rows[0].push_consent:
        return Reach((), SkipReason.OPTED_OUT)
    if not contacts:
        return Reach((), SkipReason.UNREACHABLE)
    there = [row for row in contacts if row.reachable]
    if not there:
        return Reach((), SkipReason.BLOCKED)
    open_ones = tuple(row.contact_id for row in there if row.push_allowed and row.contact_id is not None)
    return Reach(open_ones, None if open_ones else SkipReason.OPTED_OUT)
