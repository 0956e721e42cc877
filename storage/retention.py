"""What has been kept long enough (到期清理): old chats, half-filled dialogs, texts that went out, registrations.

How long is in `policy.retention`. Each verb takes away one portion and says how many rows that was; the ledger of
an internship is never touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update

from policy.outgoing_codes import DeliveryState
from policy.retention import CHAT, registrations_before
from storage import audit, people
from storage.contacts_of import LOCKED
from storage.database import Connection
from storage.erasure import KEPT, release
from storage.ledger_tables import Internship
from storage.outgoing_tables import Delivery
from storage.renewals import WILLING
from storage.tables import Consent, Contact, DialogSession, Message, Person, StaffCase, Submission, core
from storage.unfinished import number_at

SETTLED: Final = (
    *(DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.REFUSED),
    *(DeliveryState.EXPIRED, DeliveryState.SKIPPED, DeliveryState.UNKNOWN),
)
SPARED: Final = timedelta(days=30)
"""Whoever has said something within this time is in the middle of it: their registration goes when they are done."""
PEOPLE_AT_ONCE: Final = 25
"""Deleting one takes a dozen statements."""

message, session, delivery = core(Message), core(DialogSession), core(Delivery)
person, contact, submission = core(Person), core(Contact), core(Submission)
consent, internship, case = core(Consent), core(Internship), core(StaffCase)


def chats(connection: Connection, now: datetime, most: int) -> int:
    """Forget messages that are older than `CHAT`."""
    before = now - CHAT
    old = (
        select(message.c.id)
        .where(message.c.id < number_at(connection, before), message.c.at < before)
        .order_by(message.c.id)
        .limit(most)
    )
    return connection.sqlalchemy.execute(delete(message).where(message.c.id.in_(old))).rowcount


def sessions(connection: Connection, now: datetime, most: int) -> int:
    """Forget where conversations stood in which nothing was said for as long, with what was half filled in.

    What we asked lately waits for its answer: it stands in such a conversation too.
    """
    asked_lately = (
        select(message.c.id)
        .where(message.c.contact_id == session.c.contact_id, message.c.at >= now - CHAT)
        .exists()
    )
    old = select(session.c.contact_id).where(session.c.updated_at < now - CHAT, ~asked_lately).limit(most)
    return connection.sqlalchemy.execute(delete(session).where(session.c.contact_id.in_(old))).rowcount


def sent_texts(connection: Connection, now: datetime, most: int) -> int:
    """Forget what settled messages said; that they were sent, when and how stays."""
    old = (
        select(delivery.c.id)
        .where(
            delivery.c.settled_at < now - CHAT,
            delivery.c.content_sealed.is_not(None),
            delivery.c.state.in_(SETTLED),
        )
        .limit(most)
    )
    return connection.sqlalchemy.execute(
        update(delivery).where(delivery.c.id.in_(old)).values(content_sealed=None)
    ).rowcount


def registrations(connection: Connection, now: datetime, most: int) -> int:
    """Delete people who registered, or last said anything to it, too long ago and never took part.

    Each leaves a line in the audit log, as somebody who had everything deleted does.
    """
    before = registrations_before(now)
    old = _forgotten(connection, before, now, min(most, PEOPLE_AT_ONCE))
    for person_id in old:
        audit.add(connection, now, "system", "person.retention_over", f"person:{person_id}")
        rows = connection.sqlalchemy.execute(select(contact.c.id).where(contact.c.person_id == person_id))
        contacts = [row[0] for row in rows]
        if contacts:
            people.erase(connection, contacts[0], now, at_own_wish=False)
        else:
            release(connection, person_id)
            connection.sqlalchemy.execute(delete(person).where(person.c.id == person_id))
    return len(old)


def without_record(connection: Connection, now: datetime, most: int) -> int:
    """Delete what was submitted, or written to staff, too long ago by contacts that joined no record."""
    before = registrations_before(now)
    sent = select(submission.c.id).where(submission.c.contact_id == contact.c.id)
    wrote = select(case.c.id).where(case.c.contact_id == contact.c.id)
    heard = select(session.c.contact_id).where(
        session.c.contact_id == contact.c.id, session.c.updated_at >= now - SPARED
    )
    rows = connection.sqlalchemy.execute(
        select(contact.c.id)
        .where(
            contact.c.person_id.is_(None),
            contact.c.created_at < before,
            or_(sent.exists(), wrote.exists()),
            ~sent.where(submission.c.at >= before).exists(),
            ~wrote.where(case.c.created_at >= before).exists(),
            ~heard.exists(),
        )
        .order_by(contact.c.id)
        .limit(min(most, PEOPLE_AT_ONCE))
    )
    old = [row[0] for row in rows]
    for contact_id in old:
        people.erase(connection, contact_id, now, at_own_wish=False)
    return len(old)


def _forgotten(connection: Connection, before: datetime, now: datetime, most: int) -> list[int]:
    lately = (
        select(submission.c.id)
        .where(submission.c.person_id == person.c.id, submission.c.at >= before)
        .exists()
    )
    willing = (
        select(consent.c.id)
        .where(
            consent.c.person_id == person.c.id,
            consent.c.kind == WILLING,
            consent.c.given,
            consent.c.at >= before,
        )
        .exists()
    )
    busy = (
        select(internship.c.id)
        .where(
            internship.c.person_id == person.c.id,
            or_(internship.c.stage.in_(KEPT), internship.c.updated_at >= before),
        )
        .exists()
    )
    heard = (
        select(contact.c.id)
        .join(session, session.c.contact_id == contact.c.id)
        .where(contact.c.person_id == person.c.id, session.c.updated_at >= now - SPARED)
        .exists()
    )
    rows = connection.sqlalchemy.execute(
        select(person.c.id)
        .where(person.c.created_at < before, person.c.status != LOCKED, ~lately, ~willing, ~busy, ~heard)
        .order_by(person.c.id)
        .limit(most)
    )
    return [row[0] for row in rows]
