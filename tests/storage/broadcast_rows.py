"""People with contacts for tests of broadcasts, many at once, and what became of their messages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from policy.outgoing_codes import DeliveryState
from storage import broadcast_drafts, broadcasts
from storage.database import Connection
from storage.outgoing_tables import Delivery
from storage.sealing import Sealer
from storage.tables import Consent, Contact, DialogSession, Person, core

person, contact, session, delivery = core(Person), core(Contact), core(DialogSession), core(Delivery)

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
"""Noon in Guangdong, a Tuesday."""
TODAY = date(2026, 11, 24)
WRITER, OTHER = "cli:li", "cli:chen"


def crowd(
    connection: Connection,
    sealer: Sealer,
    number: int,
    *,
    name: str = "陈小明",
    channel: str = "web",
    **fields: Any,  # noqa: ANN401 - columns
) -> list[int]:
    """So many registered people with a contact each; returns the contacts. `fields` are of the person."""
    sealed = {f"{each}_sealed": sealer.seal("x", f"person.{each}_sealed".encode()) for each in ("id_number",)}
    values: dict[str, Any] = {
        "status": "registered",
        "track": "graduate",
        "outcome": "eligible",
        "document_kind": "resident_id",
        "name_sealed": sealer.seal(name, b"person.name_sealed"),
        "name_index": b"n",
        "phone_sealed": sealer.seal("13800138000", b"person.phone_sealed"),
        "phone_index": b"p",
        "residence": "440106",
        "residence_city": "440100",
        "education": "21",
        "skill_level": "none",
        "circumstances": [],
        "position_kinds": ["2"],
        "cities": ["440100"],
        "available_from": date(2026, 12, 1),
        "push_consent": True,
        "demo": False,
        "channel": "web",
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
        **sealed,
    }
    people = connection.sqlalchemy.execute(
        insert(person).returning(person.c.id), [values | fields for _ in range(number)]
    ).scalars()
    known = connection.sqlalchemy.execute(select(func.max(contact.c.id))).scalar() or 0
    contacts = connection.sqlalchemy.execute(
        insert(contact).returning(contact.c.id),
        [_contact(f"address-{known}-{each}", person_id=each, channel=channel) for each in people.all()],
    ).scalars()
    numbers = sorted(contacts.all())
    connection.sqlalchemy.execute(insert(session), [_heard(each, NOW) for each in numbers])
    return numbers


def _contact(address: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - columns
    values = {"channel": "web", "reachable": True, "push_allowed": True, "created_at": NOW}
    return values | {"address": address} | fields


def _heard(contact_id: int, at: datetime) -> dict[str, Any]:
    return {
        "contact_id": contact_id,
        "dialog": "home",
        "step": "menu",
        "version": 1,
        "state_sealed": b"",
        "updated_at": at,
    }


def add_contact(
    connection: Connection,
    person_id: int,
    *,
    channel: str = "web",
    heard: datetime | None = NOW,
    **fields: Any,  # noqa: ANN401 - columns
) -> int:
    """A contact of a person, who wrote there at `heard`."""
    known = connection.sqlalchemy.execute(select(func.max(contact.c.id))).scalar() or 0
    values = _contact(f"another-{known}", person_id=person_id, channel=channel, **fields)
    number: int = connection.sqlalchemy.execute(
        insert(contact).values(**values).returning(contact.c.id)
    ).scalar_one()
    if heard is not None:
        connection.sqlalchemy.execute(insert(session).values(**_heard(number, heard)))
    return number


def person_of(connection: Connection, contact_id: int) -> int:
    """Whose contact it is."""
    number: int = connection.sqlalchemy.execute(
        select(contact.c.person_id).where(contact.c.id == contact_id)
    ).scalar_one()
    return number


def ready(connection: Connection, text: str = "您好", **filters: Any) -> int:  # noqa: ANN401 - columns
    """A broadcast that may be started, approved by another if it must be; returns its number."""
    number = broadcast_drafts.draft(connection, "招聘会", text, filters, actor=WRITER, now=NOW)
    state = broadcast_drafts.submit(connection, number, actor=WRITER, now=NOW, today=TODAY)
    if state == "waiting":
        broadcast_drafts.approve(connection, number, actor=OTHER, now=NOW)
    return number


def started(connection: Connection, text: str = "您好", **filters: Any) -> int:  # noqa: ANN401 - columns
    """A broadcast that has been started; returns its number."""
    number = ready(connection, text, **filters)
    broadcasts.start(connection, number, actor=WRITER, now=NOW, today=TODAY)
    return number


def states(connection: Connection, broadcast_id: int) -> dict[str, int]:
    """How many of its messages are in which state."""
    purpose = broadcast_drafts.get(connection, broadcast_id).purpose_id
    found: dict[str, int] = {}
    for (state,) in connection.sqlalchemy.execute(
        select(delivery.c.state).where(delivery.c.purpose_id == purpose)
    ):
        found[state] = found.get(state, 0) + 1
    return found


def settle(
    connection: Connection, state: DeliveryState, now: datetime, number: int | None = None
) -> list[int]:
    """So many (or all) of the queued messages come to this state; returns their contacts."""
    queued = connection.sqlalchemy.execute(
        select(delivery.c.id, delivery.c.contact_id)
        .where(delivery.c.state == DeliveryState.QUEUED)
        .order_by(delivery.c.id)
        .limit(number)
    ).all()
    sent_at = now if state == DeliveryState.SENT else None
    connection.sqlalchemy.execute(
        update(delivery)
        .where(delivery.c.id.in_([row[0] for row in queued]))
        .values(state=state, settled_at=now, sent_at=sent_at)
    )
    return [row[1] for row in queued]


def declined(connection: Connection, contact_id: int, now: datetime) -> None:
    """Somebody says that they want no more pushes."""
    connection.sqlalchemy.execute(
        insert(core(Consent)).values(
            contact_id=contact_id,
            kind="push",
            given=False,
            version="settings",
            text_hash="0",
            channel="web",
            at=now,
        )
    )
