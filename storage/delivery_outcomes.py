"""What became of the questions we put into the delivery ledger (投递结果), looked up by day and by what they are about.

The questions of a day share one purpose ("follow_up:2026-11-24"), so that all that is looked at is that day's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from storage.database import Connection
from storage.outgoing_tables import Delivery, Purpose
from storage.tables import Contact, core

delivery, purpose, contact = core(Delivery), core(Purpose), core(Contact)


class Outcome(NamedTuple):
    """One message about a subject, and how it stands."""

    purpose_id: int
    contact_id: int
    state: str
    reason: str | None
    sent_at: datetime | None


def written_to(connection: Connection, purpose_id: int, person_ids: Iterable[int]) -> set[int]:
    """Which of these people a message of this purpose is for already."""
    rows = connection.sqlalchemy.execute(
        select(contact.c.person_id)
        .join(delivery, delivery.c.contact_id == contact.c.id)
        .where(delivery.c.purpose_id == purpose_id, contact.c.person_id.in_(list(person_ids)))
        .distinct()
    )
    return {row[0] for row in rows}


def people_written_to(connection: Connection, key: str) -> set[int]:
    """Everybody for whom there is a message of the purpose with this key."""
    rows = connection.sqlalchemy.execute(
        select(contact.c.person_id)
        .join(delivery, delivery.c.contact_id == contact.c.id)
        .join(purpose, purpose.c.id == delivery.c.purpose_id)
        .where(purpose.c.key == key, contact.c.person_id.is_not(None))
        .distinct()
    )
    return {row[0] for row in rows}


def of_subjects(
    connection: Connection, prefix: str, asked: Mapping[int, datetime]
) -> Mapping[int, list[Outcome]]:
    """The messages about each subject, by the moment it was asked about; the newest last.

    The day in a purpose's name is the local one, at most a day ahead of UTC.
    """
    moments = asked.values()
    days = {f"{prefix}:{(at + timedelta(days=ahead)).date()}" for at in moments for ahead in (0, 1)}
    numbers = connection.sqlalchemy.execute(select(purpose.c.id).where(purpose.c.key.in_(days))).scalars()
    found: dict[int, list[Outcome]] = {subject: [] for subject in asked}
    rows = connection.sqlalchemy.execute(
        select(
            delivery.c.subject_id,
            *(delivery.c[name] for name in ("purpose_id", "contact_id", "state", "reason", "sent_at")),
        )
        .where(delivery.c.purpose_id.in_(list(numbers)), delivery.c.subject_id.in_(list(asked)))
        .order_by(delivery.c.id)
    )
    for subject, *rest in rows:
        found[subject].append(Outcome._make(rest))
    return found


def not_delivered(connection: Connection, key: str, states: Iterable[str]) -> list[int]:
    """The people whom the messages of a purpose are known not to have reached, being in one of these states."""
    rows = connection.sqlalchemy.execute(
        select(contact.c.person_id)
        .join(delivery, delivery.c.contact_id == contact.c.id)
        .join(purpose, purpose.c.id == delivery.c.purpose_id)
        .where(purpose.c.key == key, delivery.c.state.in_(list(states)), contact.c.person_id.is_not(None))
        .distinct()
    )
    return [row[0] for row in rows]
