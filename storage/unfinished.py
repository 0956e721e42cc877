"""Unfinished registrations (未完成的报名): who began, stopped, and was last heard in a stretch of time.

Found through the message log, whose numbers grow with time: no index on the sessions is needed for it, which every
turn would have to keep up.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, func, literal, or_, select, update

from policy.outgoing_codes import DeliveryState, SkipReason
from storage.database import Connection, Statement
from storage.outgoing_tables import Delivery
from storage.tables import Consent, Contact, DialogSession, Message, core

message, session, contact, consent = core(Message), core(DialogSession), core(Contact), core(Consent)
delivery = core(Delivery)

ENDS: Final = ("done", "not_eligible")
"""Steps at which nothing is left to fill in."""

FIRST_FROM: Final = Statement(
    select(message.c.id, message.c.at)
    .where(message.c.id >= bindparam("from"))
    .order_by(message.c.id)
    .limit(1),
    "from",
)
HIGHEST: Final = Statement(select(func.max(message.c.id)))
_later = consent.alias("later")
_refused = (
    select(consent.c.id)
    .where(
        consent.c.contact_id == contact.c.id,
        consent.c.kind == "push",
        ~consent.c.given,
        ~select(_later.c.id)
        .where(_later.c.contact_id == contact.c.id, _later.c.kind == "push", _later.c.id > consent.c.id)
        .exists(),
    )
    .exists()
)
STOPPED: Final = Statement(
    select(contact.c.id, session.c.state_sealed)
    .select_from(contact.join(session, session.c.contact_id == contact.c.id))
    .where(
        contact.c.id > bindparam("behind"),
        contact.c.id.in_(
            select(message.c.contact_id).where(
                message.c.id >= bindparam("low"), message.c.id < bindparam("high")
            )
        ),
        session.c.dialog == "registration",
        session.c.step.not_in([literal(step) for step in ENDS]),
        and_(session.c.updated_at >= bindparam("after"), session.c.updated_at < bindparam("before")),
        contact.c.reachable,
        contact.c.person_id.is_(None),
        ~_refused,
    )
    .order_by(contact.c.id)
    .limit(bindparam("most")),
    "low",
    "high",
    "after",
    "before",
    "behind",
    "most",
)


class Unfinished(NamedTuple):
    """A conversation that stopped in the middle of the registration, and where it stands, sealed."""

    contact_id: int
    state_sealed: bytes


def stopped_between(
    connection: Connection, after: datetime, before: datetime, *, behind: int = 0, most: int = 500
) -> list[Unfinished]:
    """Whose last message came from `after` on and earlier than `before`, with the registration still open.

    In the order of the contacts' numbers, from the one after `behind` on. Left out are those who refused pushes
    and did not take it back, cannot be reached, or are registered already.
    """
    low, high = number_at(connection, after), number_at(connection, before)
    if low >= high:
        return []
    rows = connection.run(STOPPED, (low, high, after, before, behind, most))
    return [Unfinished(*row) for row in rows]


def number_at(connection: Connection, moment: datetime) -> int:
    """The number of the first logged message at or after `moment`; one above all when there is none."""
    highest = connection.run(HIGHEST).fetchone()[0]
    if highest is None:
        return 0
    low, high = 0, highest + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.run(FIRST_FROM, (middle,)).fetchone()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low


def settle(
    connection: Connection, purpose_id: int, heard_after: datetime, due_before: datetime, now: datetime
) -> int:
    """Take back reminders that wait although the person has gone on, or longer than they matter; returns how many."""
    still_there = (
        select(session.c.contact_id)
        .where(
            session.c.contact_id == delivery.c.contact_id,
            session.c.dialog == "registration",
            session.c.step.not_in(ENDS),
            session.c.updated_at < heard_after,
        )
        .exists()
    )
    waiting = delivery.c.state.in_([DeliveryState.QUEUED, DeliveryState.HELD])
    return connection.sqlalchemy.execute(
        update(delivery)
        .where(
            delivery.c.purpose_id == purpose_id, waiting, or_(~still_there, delivery.c.due_at < due_before)
        )
        .values(state=DeliveryState.SKIPPED, reason=SkipReason.SETTLED, settled_at=now, content_sealed=None)
    ).rowcount
