"""How far a broadcast is (群发进度): what became of its messages, who turned away after it, and to whom it went.

These look at every message of a broadcast, so they are read beside the writer where it matters.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, func, or_, select

from policy.broadcasts import Tally
from policy.outgoing_codes import DeliveryState
from storage.database import Connection
from storage.outgoing_tables import Delivery
from storage.sealing import Sealer
from storage.tables import Consent, Contact, Person, core

delivery, contact, consent, person = core(Delivery), core(Contact), core(Consent), core(Person)

PAGE: Final = 500


class Standing(NamedTuple):
    """How far a purpose is, and when the latest of it was sent or settled."""

    tally: Tally
    latest: datetime | None


def standing(connection: Connection, purpose_id: int, since: datetime | None = None) -> Standing:
    """How far a purpose is: waiting to be sent, sent, failed, and how many turned away after it.

    What was settled before `since` does not count, whatever became of it.
    """
    counted = delivery.c.purpose_id == purpose_id
    if since is not None:
        counted = and_(counted, or_(delivery.c.settled_at.is_(None), delivery.c.settled_at >= since))
    rows = connection.sqlalchemy.execute(
        select(delivery.c.state, func.count(), func.max(delivery.c.settled_at))
        .where(counted)
        .group_by(delivery.c.state)
    ).all()
    number = dict.fromkeys(DeliveryState, 0) | {DeliveryState(row[0]): row[1] for row in rows}
    failed = number[DeliveryState.FAILED] + number[DeliveryState.UNKNOWN]
    sent = number[DeliveryState.SENT]
    waiting = number[DeliveryState.QUEUED] + number[DeliveryState.SENDING]
    turned_away = _complaints(connection, purpose_id, since) if sent else 0
    latest = max((row[2] for row in rows if row[2] is not None), default=None)
    return Standing(Tally(waiting, sent, failed, turned_away), latest)


def _complaints(connection: Connection, purpose_id: int, since: datetime | None) -> int:
    """Who refused pushes, or left, at the contact where this reached them."""
    reached = func.coalesce(delivery.c.sent_to, delivery.c.contact_id)
    refused = (
        select(consent.c.id)
        .where(
            consent.c.contact_id == reached,
            consent.c.kind == "push",
            ~consent.c.given,
            consent.c.at >= delivery.c.sent_at,
        )
        .exists()
    )
    query = (
        select(func.count())
        .select_from(delivery.join(contact, contact.c.id == reached))
        .where(
            delivery.c.purpose_id == purpose_id,
            delivery.c.state == DeliveryState.SENT,
            refused | ~contact.c.reachable,
        )
    )
    if since is not None:
        query = query.where(delivery.c.settled_at >= since)
    return connection.sqlalchemy.execute(query).scalar_one()


class Addressee(NamedTuple):
    """One message of a broadcast with whom it was for. Sealed columns stay sealed."""

    delivery_id: int
    contact_id: int
    person_id: int | None
    name_sealed: bytes | None
    phone_sealed: bytes | None
    city: str | None
    channel: str
    state: str
    reason: str | None
    attempts: int
    sent_at: datetime | None
    settled_at: datetime | None

    def name(self, sealer: Sealer) -> str:
        """The person's name in clear; empty for somebody who had it deleted."""
        return sealer.open_text(self.name_sealed, b"person.name_sealed") if self.name_sealed else ""

    def phone(self, sealer: Sealer) -> str:
        """The person's phone number in clear; empty for somebody who had it deleted."""
        return sealer.open_text(self.phone_sealed, b"person.phone_sealed") if self.phone_sealed else ""


def addressees(
    connection: Connection,
    purpose_id: int,
    *,
    states: tuple[DeliveryState, ...] = (),
    after: int = 0,
    limit: int = PAGE,
) -> list[Addressee]:
    """A page of the messages of a purpose by contact; `after` is the contact of the last one of the page before."""
    query = (
        select(
            delivery.c.id,
            delivery.c.contact_id,
            person.c.id,
            person.c.name_sealed,
            person.c.phone_sealed,
            person.c.residence_city,
            contact.c.channel,
            *(delivery.c[name] for name in ("state", "reason", "attempts", "sent_at", "settled_at")),
        )
        .select_from(
            delivery.join(contact, contact.c.id == delivery.c.contact_id).outerjoin(
                person, person.c.id == contact.c.person_id
            )
        )
        .where(delivery.c.purpose_id == purpose_id, delivery.c.contact_id > after)
        .order_by(delivery.c.contact_id)
        .limit(limit)
    )
    if states:
        query = query.where(delivery.c.state.in_(states))
    return [Addressee(*row) for row in connection.sqlalchemy.execute(query)]
