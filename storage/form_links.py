"""One-time form links (一次性表单链接): where a person on somebody else's platform types what must not stand in its chat.

A link belongs to one conversation, is good for a quarter of an hour, and is spent when the form is taken.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, select, update

from storage.database import Connection, Statement, insert
from storage.sealing import Sealer
from storage.tables import Contact, FormLink, core

LIFETIME: Final = timedelta(minutes=15)
SCOPE: Final = "form_link"
link, contact = core(FormLink), core(Contact)

ADD: Final = Statement(insert(link), "token_index", "contact_id", "dialog", "step", "expires_at")
FIND: Final = Statement(
    select(link.c.contact_id, contact.c.channel, contact.c.address, link.c.expires_at, link.c.used_at)
    .select_from(link.join(contact, contact.c.id == link.c.contact_id))
    .where(link.c.token_index == bindparam("token")),
    "token",
)
SPEND: Final = Statement(
    update(link).where(link.c.token_index == bindparam("token"), link.c.used_at.is_(None)), "used_at", "token"
)

PURGE: Final = Statement(
    delete(link).where(link.c.expires_at <= bindparam("now", type_=link.c.expires_at.type)), "now"
)


class Owner(NamedTuple):
    """Whose form a link opens."""

    contact_id: int
    channel: str
    address: str


def make(
    connection: Connection, sealer: Sealer, contact_id: int, dialog: str, step: str, now: datetime
) -> str:
    """A new token for the sensitive question a contact stands at."""
    token = secrets.token_urlsafe(24)
    connection.run(ADD, (sealer.index(token, SCOPE), contact_id, dialog, step, now + LIFETIME))
    return token


def owner(connection: Connection, sealer: Sealer, token: str, now: datetime) -> Owner | None:
    """Whose form this is; None when the token is unknown, spent or too old."""
    for token_index in sealer.indexes(token, SCOPE):
        row = connection.run(FIND, (token_index,)).fetchone()
        if row is not None:
            contact_id, channel, address, expires_at, used_at = row
            return Owner(contact_id, channel, address) if used_at is None and now < expires_at else None
    return None


def spend(connection: Connection, sealer: Sealer, token: str, now: datetime) -> bool:
    """Use the token up; False when somebody was quicker."""
    return any(
        connection.run(SPEND, (now, token_index)).rowcount == 1
        for token_index in sealer.indexes(token, SCOPE)
    )


def purge_expired(connection: Connection, now: datetime) -> int:
    """Drop the links that open nothing any more; returns how many."""
    return connection.run(PURGE, (now,)).rowcount
