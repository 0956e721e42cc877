"""Deletions by staff (代为删除): of a person who asked on paper, and the list of who was deleted, for restored backups."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import col, delete, select

from policy.refusal import Refused
from storage import audit, people
from storage.database import Connection
from storage.erasure import LOCKED, lock, release
from storage.tables import Audit, Contact, Person

ACTIONS: Final = ("person.erased", "person.locked")


class Erased(NamedTuple):
    """A record that was deleted, or locked where the ledger must stay."""

    person_id: int
    at: datetime
    actor: str


def erase(connection: Connection, person_id: int, reason: str, *, actor: str, now: datetime) -> bool:
    """Delete everything of a person as if they had asked in the chat; whether the ledger stays, locked.

    Raises `NotFound`, `Refused` when it is locked already.
    """
    person = people.get(connection, person_id, locked=True)
    if person.status == LOCKED:
        raise Refused("这份档案已经锁定保存，没有别的可以删了。")
    audit.add(connection, now, actor, "person.erase", f"person:{person_id}", {"reason": reason})
    contacts = connection.session.exec(select(Contact.id).where(Contact.person_id == person_id)).all()
    if contacts and contacts[0] is not None:
        return people.erase(connection, contacts[0], now)
    if release(connection, person_id):
        lock(connection, person_id, now)
        audit.add(connection, now, actor, "person.locked", f"person:{person_id}")
        return True
    connection.session.exec(delete(Person).where(col(Person.id) == person_id))
    audit.add(connection, now, actor, "person.erased", f"person:{person_id}")
    return False


def since(connection: Connection, start: datetime) -> list[Erased]:
    """Who was deleted from a moment on, the oldest first."""
    rows = connection.session.exec(
        select(Audit)
        .where(
            col(Audit.at) >= start, col(Audit.action).in_(ACTIONS), col(Audit.subject).startswith("person:")
        )
        .order_by(col(Audit.id))
    )
    return [Erased(int(row.subject.removeprefix("person:")), row.at, row.actor) for row in rows]
