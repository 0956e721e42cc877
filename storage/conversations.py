"""Conversations: one contact, its session, and the log of what was said. The path of every turn.

A turn costs three statements: `find` (contact, session and an earlier answer to the same message, in one go),
`keep_session` and `log`. They are compiled once and run on the driver; see `storage.statements`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Boolean, Integer, and_, bindparam, delete, select, type_coerce, update

from storage.database import Connection, Statement, insert
from storage.sealing import Sealer
from storage.tables import Contact, DialogSession, FormLink, HeldReply, Message, core

STATE: Final = b"session.state_sealed"
CONTENT: Final = b"message.content_sealed"
HELD: Final = b"held_reply.text_sealed"

contact, session, message = core(Contact), core(DialogSession), core(Message)
held, form_link = core(HeldReply), core(FormLink)


class Found(NamedTuple):
    """A contact as a turn needs it. `answer_*` are set when this very message was handled before, `held` when an
    unsent answer waits."""

    contact_id: int
    person_id: int | None
    submission_id: int | None
    state_sealed: bytes | None
    answer_id: int | None
    answer_sealed: bytes | None
    reachable: bool
    held: int | None


class Permission(NamedTuple):
    """Whether a contact may be written to of our own accord."""

    contact_id: int
    reachable: bool
    push_allowed: bool


class Entry(NamedTuple):
    """One row of the log, opened: what was said by whom is inside `content` (JSON)."""

    id: int
    content: bytes
    at: datetime


FIND: Final = Statement(
    select(
        contact.c.id,
        contact.c.person_id,
        contact.c.submission_id,
        session.c.state_sealed,
        message.c.id,
        message.c.content_sealed,
        type_coerce(contact.c.reachable, Integer),  # without the price of a conversion: 0 and 1 serve as well
        held.c.contact_id,
    )
    .select_from(
        contact.outerjoin(session, session.c.contact_id == contact.c.id)
        .outerjoin(
            message, and_(message.c.contact_id == contact.c.id, message.c.message_id == bindparam("message"))
        )
        .outerjoin(held, held.c.contact_id == contact.c.id)
    )
    .where(contact.c.channel == bindparam("channel"), contact.c.address == bindparam("address")),
    "message",
    "channel",
    "address",
)

ADD_CONTACT: Final = Statement(
    insert(contact), "channel", "address", "source", "created_at", new_id=contact.c.id
)

_new_session = insert(session)
KEEP_SESSION: Final = Statement(
    _new_session.on_conflict_do_update(
        index_elements=["contact_id"],
        set_={
            name: _new_session.excluded[name]
            for name in ("dialog", "step", "version", "state_sealed", "updated_at")
        },
    ),
    "contact_id",
    "dialog",
    "step",
    "version",
    "state_sealed",
    "updated_at",
)

LOG: Final = Statement(
    insert(message),
    "contact_id",
    "message_id",
    "dialog",
    "step",
    "content_sealed",
    "at",
    new_id=message.c.id,
)

_entries = select(message.c.id, message.c.content_sealed, message.c.at).where(
    message.c.contact_id == bindparam("contact")
)
BEFORE: Final = Statement(
    _entries.where(message.c.id < bindparam("before"))
    .order_by(message.c.id.desc())
    .limit(bindparam("limit")),
    "contact",
    "before",
    "limit",
)
AFTER: Final = Statement(
    _entries.where(message.c.id > bindparam("after")).order_by(message.c.id).limit(bindparam("limit")),
    "contact",
    "after",
    "limit",
)
NEWEST: Final = 2**31 - 1
"""Above every row's number: ids are 32-bit integers on PostgreSQL."""

SET_PUSH: Final = Statement(
    update(contact).where(contact.c.id == bindparam("contact")), "push_allowed", "contact"
)
SET_REACHABLE: Final = Statement(
    update(contact).where(
        contact.c.id == bindparam("contact"), contact.c.reachable != bindparam("new", type_=Boolean)
    ),
    "reachable",
    "contact",
    "new",
)
REACHABLE: Final = Statement(
    select(contact.c.reachable).where(contact.c.id == bindparam("contact")), "contact"
)
PERMISSION: Final = Statement(
    select(contact.c.id, contact.c.reachable, contact.c.push_allowed).where(
        contact.c.channel == bindparam("where"), contact.c.address == bindparam("which")
    ),
    "where",
    "which",
)
NOTE_SOURCE: Final = Statement(
    update(contact).where(contact.c.id == bindparam("contact"), contact.c.source.is_(None)),
    "source",
    "contact",
)
LINK: Final = Statement(
    update(contact).where(contact.c.id == bindparam("contact")), "person_id", "submission_id", "contact"
)
FORGET_MESSAGES: Final = Statement(
    delete(message).where(message.c.contact_id == bindparam("contact")), "contact"
)
FORGET_SESSION: Final = Statement(
    delete(session).where(session.c.contact_id == bindparam("contact")), "contact"
)
FORGET_HELD: Final = Statement(delete(held).where(held.c.contact_id == bindparam("contact")), "contact")
FORGET_LINKS: Final = Statement(
    delete(form_link).where(form_link.c.contact_id == bindparam("contact")), "contact"
)
_new_held = insert(held)
HOLD: Final = Statement(
    _new_held.on_conflict_do_update(
        index_elements=["contact_id"],
        set_={name: _new_held.excluded[name] for name in ("text_sealed", "message_id", "at")},
    ),
    "contact_id",
    "text_sealed",
    "message_id",
    "at",
)
FIND_HELD: Final = Statement(
    select(held.c.text_sealed, held.c.message_id).where(held.c.contact_id == bindparam("contact")), "contact"
)
GIVE_HELD: Final = Statement(
    update(held).where(held.c.contact_id == bindparam("contact")), "message_id", "contact"
)


def find(connection: Connection, channel: str, address: str, message_id: str | None) -> Found | None:
    """The contact at that address, with its session and any earlier answer to this message; None if unknown."""
    row = connection.run(FIND, (message_id, channel, address)).fetchone()
    return None if row is None else Found(*row)


def add_contact(connection: Connection, channel: str, address: str, source: str | None, now: datetime) -> int:
    """A new contact; returns its id. Raises `Conflict` when the address is known."""
    return connection.add(ADD_CONTACT, (channel, address, source, now))


def keep_session(
    connection: Connection,
    contact_id: int,
    dialog: str,
    step: str,
    version: int,
    sealed: bytes,
    now: datetime,
) -> None:
    """Store where the conversation stands."""
    connection.run(KEEP_SESSION, (contact_id, dialog, step, version, sealed, now))


def log(
    connection: Connection,
    contact_id: int,
    message_id: str | None,
    dialog: str,
    step: str,
    sealed: bytes,
    now: datetime,
) -> int:
    """Log a handled message with its answer; returns the row's id, by which event streams resume."""
    return connection.add(LOG, (contact_id, message_id, dialog, step, sealed, now))


def entries_before(
    connection: Connection, sealer: Sealer, contact_id: int, before: int | None, limit: int
) -> list[Entry]:
    """The newest entries older than `before`, oldest first."""
    rows = connection.run(BEFORE, (contact_id, min(before or NEWEST, NEWEST), limit)).fetchall()
    return [Entry(row[0], sealer.open(row[1], CONTENT), row[2]) for row in reversed(rows)]


def entries_after(
    connection: Connection, sealer: Sealer, contact_id: int, after: int, limit: int
) -> list[Entry]:
    """Entries newer than `after`, oldest first."""
    rows = connection.run(AFTER, (contact_id, min(after, NEWEST), limit)).fetchall()
    return [Entry(row[0], sealer.open(row[1], CONTENT), row[2]) for row in rows]


def set_push(connection: Connection, contact_id: int, allowed: bool) -> None:
    """Whether this contact may be sent messages of our own accord (推送)."""
    connection.run(SET_PUSH, (allowed, contact_id))


def set_reachable(connection: Connection, contact_id: int, reachable: bool) -> None:
    """Whether messages reach this contact: not after it blocked us or stopped following (取消关注)."""
    connection.run(SET_REACHABLE, (reachable, contact_id, reachable))


def is_reachable(connection: Connection, contact_id: int) -> bool:
    """Whether messages reach this contact; False for one that is unknown."""
    row = connection.run(REACHABLE, (contact_id,)).fetchone()
    return row is not None and bool(row[0])


def permission(connection: Connection, channel: str, address: str) -> Permission | None:
    """Whether the contact at that address may be sent messages of our own accord; None if unknown."""
    row = connection.run(PERMISSION, (channel, address)).fetchone()
    return None if row is None else Permission(row[0], bool(row[1]), bool(row[2]))


def note_source(connection: Connection, contact_id: int, source: str) -> None:
    """Where a contact came from (来源), such as the scene of a poster's QR code; the first one stays."""
    connection.run(NOTE_SOURCE, (source, contact_id))


def hold_reply(connection: Connection, sealer: Sealer, contact_id: int, text: str, now: datetime) -> None:
    """Keep an unsent part of an answer for the contact's next message."""
    connection.run(HOLD, (contact_id, sealer.seal(text, HELD), None, now))


def take_held_reply(
    connection: Connection, sealer: Sealer, contact_id: int, message_id: str, *, repeated: bool
) -> str:
    """The part that waited for this message, "" if there is none; the same again when the message is `repeated`."""
    row = connection.run(FIND_HELD, (contact_id,)).fetchone()
    if row is None or (repeated and row[1] != message_id):
        return ""
    if row[1] is None:
        connection.run(GIVE_HELD, (message_id, contact_id))
    elif row[1] != message_id:
        connection.run(FORGET_HELD, (contact_id,))
        return ""
    return sealer.open_text(row[0], HELD)


def link(connection: Connection, contact_id: int, person_id: int | None, submission_id: int) -> None:
    """Tie a contact to a person of the base, or only to what it submitted."""
    connection.run(LINK, (person_id, submission_id, contact_id))


def forget(connection: Connection, contact_id: int) -> None:
    """Erase a contact's log, session, unsent answer and open forms."""
    connection.run(FORGET_HELD, (contact_id,))
    connection.run(FORGET_LINKS, (contact_id,))
    connection.run(FORGET_MESSAGES, (contact_id,))
    connection.run(FORGET_SESSION, (contact_id,))
