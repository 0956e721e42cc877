"""The delivery ledger (投递台账): one message to one contact for one purpose is one row, made once.

Who brings a message about names its purpose and enqueues it; how it is claimed is in `storage.delivery_claims`, what
staff see and settle in `storage.delivery_records`. Content is sealed JSON: a text with choices and links, or a dialog
to open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    update,
)

from policy.outgoing_codes import DeliveryState, PurposeKind, SkipReason
from storage.database import Connection, Statement, insert
from storage.outgoing_tables import Delivery, Purpose
from storage.sealing import Sealer
from storage.tables import Contact, core

CONTENT: Final = b"delivery.content_sealed"
REPLY, URGENT, NORMAL, BULK = 0, 1, 2, 3
"""Priorities: the lower overtakes."""
WAITING: Final = (DeliveryState.QUEUED, DeliveryState.PAUSED, DeliveryState.HELD)
"""States of what may still be sent and can be taken back."""

purpose_table, delivery, contact = core(Purpose), core(Delivery), core(Contact)

MAKE_PURPOSE: Final = Statement(
    insert(purpose_table).on_conflict_do_nothing(index_elements=["key"]),
    "key",
    "kind",
    "priority",
    "urgent",
    "repeat_harmless",
    "text",
    "expires_at",
    "created_at",
)
FIND_PURPOSE: Final = Statement(
    select(purpose_table.c.id).where(purpose_table.c.key == bindparam("key")), "key"
)
ENQUEUE: Final = Statement(
    insert(delivery)
    .values(lane=select(contact.c.channel).where(contact.c.id == bindparam("recipient")).scalar_subquery())
    .on_conflict_do_nothing(index_elements=["purpose_id", "contact_id", "subject_id"])
    .returning(delivery.c.id),
    "purpose_id",
    "contact_id",
    "subject_id",
    "state",
    "priority",
    "attempts",
    "due_at",
    "content_sealed",
    "reason",
    "settled_at",
    "recipient",
)
COUNTS: Final = Statement(
    select(delivery.c.state, delivery.c.reason, func.count())
    .where(delivery.c.purpose_id == bindparam("purpose"))
    .group_by(delivery.c.state, delivery.c.reason),
    "purpose",
)


class Said(NamedTuple):
    """What a delivery says: a text, its choices and links. Choices belong to `dialog` and `step`."""

    text: str
    choices: Sequence[tuple[str, str]] = ()
    links: Sequence[tuple[str, str]] = ()
    dialog: str = ""
    step: str = ""


class Opens(NamedTuple):
    """The dialog that a delivery opens, and the answers it begins with."""

    dialog: str
    answers: Mapping[str, Any]


Content = Said | Opens


def sealed(sealer: Sealer, content: Content) -> bytes:
    """The content as it is stored."""
    if isinstance(content, Opens):
        data: dict[str, Any] = {"open": {"dialog": content.dialog, "answers": dict(content.answers)}}
    else:
        data = {"say": content._asdict()}
    return sealer.seal(orjson.dumps(data), CONTENT)


def opened(sealer: Sealer, blob: bytes) -> Content:
    """The content that `sealed` stored."""
    data = orjson.loads(sealer.open(blob, CONTENT))
    if "open" in data:
        return Opens(data["open"]["dialog"], data["open"]["answers"])
    said = data["say"]
    pairs = {name: tuple((first, second) for first, second in said[name]) for name in ("choices", "links")}
    return Said(**{**said, **pairs})


def purpose(
    connection: Connection,
    key: str,
    kind: PurposeKind,
    now: datetime,
    *,
    priority: int = NORMAL,
    urgent: bool = False,
    repeat_harmless: bool = False,
    text: str = "",
    expires_at: datetime | None = None,
) -> int:
    """The purpose of that key, made if it is new; returns its number."""
    connection.run(MAKE_PURPOSE, (key, kind, priority, urgent, repeat_harmless, text, expires_at, now))
    row = connection.run(FIND_PURPOSE, (key,)).fetchone()
    number: int = row[0]
    return number


def enqueue(
    connection: Connection,
    sealer: Sealer,
    purpose_id: int,
    contact_id: int,
    content: Content,
    *,
    subject_id: int = 0,
    priority: int = NORMAL,
    due_at: datetime,
) -> int | None:
    """Put a message into the ledger, to go out from `due_at` on; its number, or None when it was there already."""
    row = connection.run(
        ENQUEUE,
        (
            purpose_id,
            contact_id,
            subject_id,
            DeliveryState.QUEUED,
            priority,
            0,
            due_at,
            sealed(sealer, content),
            None,
            None,
            contact_id,
        ),
    ).fetchone()
    return None if row is None else int(row[0])


def record_skipped(
    connection: Connection,
    purpose_id: int,
    contact_id: int,
    reason: SkipReason,
    now: datetime,
    *,
    subject_id: int = 0,
) -> None:
    """Put into the ledger that somebody was left out, and why."""
    connection.run(
        ENQUEUE,
        (
            purpose_id,
            contact_id,
            subject_id,
            DeliveryState.SKIPPED,
            NORMAL,
            0,
            None,
            None,
            reason,
            now,
            contact_id,
        ),
    )


def freeze(connection: Connection, purpose_id: int, contacts: Select[Any], *, priority: int = BULK) -> int:
    """Put a message with the purpose's own text into the ledger for every contact id that `contacts` selects.

    One statement, whatever their number; who is there already is left alone. Nothing goes out before `release`.
    Returns how many came in.
    """
    chosen = contacts.subquery()
    rows = select(
        literal(purpose_id),
        chosen.c[0],
        literal(0),
        literal(DeliveryState.PAUSED.value),
        literal(priority),
        literal(0),
    ).where(chosen.c[0].is_not(None))
    columns = ["purpose_id", "contact_id", "subject_id", "state", "priority", "attempts"]
    statement = (
        insert(delivery)
        .from_select(columns, rows, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["purpose_id", "contact_id", "subject_id"])
    )
    # Without the option the count of an INSERT is not kept on PostgreSQL.
    kept = connection.sqlalchemy.execute(statement, execution_options={"preserve_rowcount": True})
    return kept.rowcount


def release(
    connection: Connection, purpose_id: int, most: int, now: datetime, *, every: int = 1, offset: int = 0
) -> int:
    """Let up to `most` frozen messages of a purpose go, of every `every`-th row only if wanted; returns how many."""
    frozen = (
        select(delivery.c.id)
        .where(
            delivery.c.purpose_id == purpose_id,
            delivery.c.state == DeliveryState.PAUSED,
            delivery.c.id % every == offset % every,
        )
        .limit(most)
    )
    lane = select(contact.c.channel).where(contact.c.id == delivery.c.contact_id).scalar_subquery()
    return _change(connection, delivery.c.id.in_(frozen), state=DeliveryState.QUEUED, lane=lane, due_at=now)


def hold_back(connection: Connection, purpose_id: int) -> int:
    """Freeze again what was let go and has not been sent, or waits for somebody to write; returns how many.

    `+ 0` keeps off the index of the purpose, and one statement a state lets each use its own: what waits is found
    in the far smaller indexes of the queue.
    """
    ours = delivery.c.purpose_id + 0 == purpose_id
    return sum(
        _change(connection, ours & _written(state), state=DeliveryState.PAUSED, reason=None, settled_at=None)
        for state in (DeliveryState.QUEUED, DeliveryState.HELD)
    )


def expire(connection: Connection, purpose_id: int, now: datetime) -> int:
    """Give up what was not sent yet of a purpose whose time is over; returns how many."""
    which = (delivery.c.purpose_id == purpose_id) & delivery.c.state.in_(WAITING)
    return _change(
        connection,
        which,
        state=DeliveryState.EXPIRED,
        reason=SkipReason.EXPIRED,
        settled_at=now,
        content_sealed=None,
    )


def _written(state: DeliveryState) -> ColumnElement[bool]:
    written: ColumnElement[str] = literal_column(f"'{state.value}'")
    return delivery.c.state == written


def first_id(connection: Connection, purpose_id: int) -> int | None:
    """The lowest row of a purpose, from which every n-th is counted."""
    statement = select(func.min(delivery.c.id)).where(delivery.c.purpose_id == purpose_id)
    found: int | None = connection.sqlalchemy.execute(statement).scalar_one()
    return found


def _change(connection: Connection, which: Any, **values: Any) -> int:  # noqa: ANN401 - a condition, columns
    return connection.sqlalchemy.execute(update(delivery).where(which).values(**values)).rowcount


def cancel(connection: Connection, purpose_id: int, reason: SkipReason, now: datetime) -> int:
    """Take back what was not sent yet of a purpose; returns how many."""
    return _skip(connection, delivery.c.purpose_id == purpose_id, reason, now)


def cancel_for_contacts(
    connection: Connection, contacts: Sequence[int], reason: SkipReason, now: datetime
) -> int:
    """Take back what was not sent yet to these contacts."""
    return _skip(connection, _to(contacts), reason, now)


def forget(connection: Connection, contacts: Sequence[int], now: datetime) -> None:
    """Erase what was said or was to be said to these contacts; that there was something, and when, stays."""
    _skip(connection, _to(contacts), SkipReason.ERASED, now)
    _change(connection, _to(contacts), content_sealed=None)


def _to(contacts: Sequence[int]) -> ColumnElement[bool]:
    """Rows of contacts. There are few purposes and many rows: so the unique index is used, once for each purpose."""
    return delivery.c.purpose_id.in_(select(purpose_table.c.id)) & delivery.c.contact_id.in_(contacts)


def cancel_subject(
    connection: Connection, purpose_id: int, subject_id: int, reason: SkipReason, now: datetime
) -> int:
    """Take back one message of a purpose."""
    one = (delivery.c.purpose_id == purpose_id) & (delivery.c.subject_id == subject_id)
    return _skip(connection, one, reason, now)


def _skip(connection: Connection, which: Any, reason: SkipReason, now: datetime) -> int:  # noqa: ANN401
    waiting = delivery.c.state.in_(WAITING)
    return _change(
        connection,
        which & waiting,
        state=DeliveryState.SKIPPED,
        reason=reason,
        settled_at=now,
        content_sealed=None,
    )


class Count(NamedTuple):
    """How many messages of a purpose are in a state, for a reason."""

    state: DeliveryState
    reason: str | None
    number: int


def counts(connection: Connection, purpose_id: int) -> list[Count]:
    """How far a purpose is, by state and reason."""
    found = connection.run(COUNTS, (purpose_id,))
    return sorted(Count(DeliveryState(state), reason, number) for state, reason, number in found)
