"""What becomes of the ledger when a person wants everything deleted (删除权与台账留存).

Applications are deleted. Who has signed an agreement is in the books of a subsidised programme, which the law
asks the bureau to keep: that data is locked, all the rest is deleted (个人信息保护法 第四十七条 末款).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import col, delete, select, update

from policy.ledger_codes import Stage
from policy.life_cycle import HOLDING
from storage import positions
from storage.database import Connection
from storage.ledger_tables import Internship
from storage.tables import Contact, HardshipMark, Person, PersonField

KEPT: Final = frozenset({Stage.SIGNED, Stage.IN_POST, Stage.ENDED, Stage.CANCELLED})
"""Stages that stay in the books, and with them the person: all that come after signing (台账)."""

LOCKED: Final = "locked"
OPTIONAL: Final = ("hardship", "position_kinds", "cities", "available_from", "push_consent")
"""Fields that the ledger has no need of."""


def release(connection: Connection, person_id: int) -> bool:
    """Delete a person's applications; returns whether internships stay that must be kept."""
    stays = False
    rows = connection.session.exec(select(Internship).where(Internship.person_id == person_id)).all()
    for row in rows:
        if row.stage in KEPT:
            stays = True
            continue
        if row.stage in HOLDING:
            positions.give_back(connection, row.position_id)
        connection.session.exec(delete(Internship).where(col(Internship.id) == row.id))
    return stays


def lock(connection: Connection, person_id: int, now: datetime) -> None:
    """Keep of a person what the ledger needs, and nothing else; nobody can talk as this person any more."""
    person = connection.session.get_one(Person, person_id)
    person.status, person.push_consent = LOCKED, False
    person.hardship_sealed, person.position_kinds, person.cities = None, [], []
    person.updated_at, person.version = now, person.version + 1
    connection.session.add(person)
    connection.session.exec(delete(HardshipMark).where(col(HardshipMark.person_id) == person_id))
    connection.session.exec(
        delete(PersonField).where(
            col(PersonField.person_id) == person_id, col(PersonField.field).in_(OPTIONAL)
        )
    )
    connection.session.exec(
        update(Contact).where(col(Contact.person_id) == person_id).values(person_id=None, push_allowed=False)
    )
