"""Claims on the delivery ledger (投递领取): what is due in a lane, what is known of whom it is for, what became of it.

Everything here runs inside a transaction of the caller. Nothing is sent before the claim is committed, so after
a crash a row that says sending may or may not have gone out: it becomes unknown, and is neither sent again
behind anybody's back nor forgotten (docs/decisions/0013). `sent_at` is set with the claim already: what is in flight
counts for how often a person is written to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, literal_column, or_, select, update

from policy.outgoing_codes import DeliveryState as State
from policy.outgoing_codes import PurposeKind
from policy.sending import UNASKED
from storage.database import Connection, Statement
from storage.outgoing_tables import Delivery, Purpose
from storage.tables import Consent, Contact, DialogSession, Person, core

delivery, purpose, contact = core(Delivery), core(Purpose), core(Contact)
person, session, consent = core(Person), core(DialogSession), core(Consent)

PRIORITIES: Final = (0, 1, 2, 3)
WEEK: Final = timedelta(days=7)
ACTIVE: Final = ("registered", "verified")
"""What a registered person's status must be for pushes; somebody not registered yet has none."""
SETTINGS: Final = "settings"
"""The version of a consent that was given or taken back by a word (退订), not in answer to a question."""


def is_in(state: State) -> ColumnElement[bool]:
    """Rows of a state, written out: only so do the engines see that a partial index fits."""
    written: ColumnElement[str] = literal_column(f"'{state.value}'")
    return delivery.c.state == written


CANDIDATES: Final = Statement(
    select(
        delivery.c.id,
        delivery.c.purpose_id,
        delivery.c.contact_id,
        delivery.c.attempts,
        delivery.c.content_sealed,
        delivery.c.sent_to,
        purpose.c.kind,
        purpose.c.urgent,
        purpose.c.repeat_harmless,
        purpose.c.text,
        purpose.c.expires_at,
        contact.c.person_id,
        person.c.status,
        person.c.push_consent,
    )
    .select_from(
        delivery.join(purpose, purpose.c.id == delivery.c.purpose_id)
        .join(contact, contact.c.id == delivery.c.contact_id)
        .outerjoin(person, person.c.id == contact.c.person_id)
    )
    .where(
        is_in(State.QUEUED),
        delivery.c.lane == bindparam("in_lane"),
        delivery.c.priority == bindparam("of_priority"),
        delivery.c.due_at <= bindparam("now"),
    )
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("limit"))
    .with_for_update(of=delivery, skip_locked=True),
    "in_lane",
    "of_priority",
    "now",
    "limit",
)

_one = update(delivery).where(delivery.c.id == bindparam("row"))
_queued = _one.where(is_in(State.QUEUED))
_sending = _one.where(is_in(State.SENDING))
_in_flight = _one.where(or_(is_in(State.SENDING), is_in(State.UNKNOWN)))
START: Final = Statement(
    _queued.values(state=State.SENDING.value, attempts=delivery.c.attempts + 1),
    "sent_to",
    "claimed_at",
    "sent_at",
    "row",
)
POSTPONE: Final = Statement(_queued, "due_at", "row")
MOVE: Final = Statement(_queued, "lane", "sent_to", "row")
LEAVE_OUT: Final = Statement(_queued.values(content_sealed=None), "state", "reason", "settled_at", "row")
SENT: Final = Statement(  # also what another process thought lost: the sender knows better
    _in_flight.values(state=State.SENT.value, content_sealed=None, reason=None),
    "settled_at",
    "route",
    "platform_message_id",
    "row",
)
AGAIN: Final = Statement(
    _sending.values(state=State.QUEUED.value, sent_at=None),
    "due_at",
    "reason",
    "attempts",
    "lane",
    "sent_to",
    "row",
)
GIVEN_UP: Final = Statement(_sending.values(sent_at=None), "state", "reason", "settled_at", "row")
UNCLEAR: Final = Statement(_sending.values(state=State.UNKNOWN.value), "reason", "settled_at", "row")
_unspoken = (
    session.c.contact_id == bindparam("of_contact"),
    session.c.state_sealed == bindparam("unchanged"),
)
PUT_BACK: Final = Statement(
    update(session).where(*_unspoken),
    "dialog",
    "step",
    "version",
    "state_sealed",
    "of_contact",
    "unchanged",
)
"""A session as it was before a dialog was opened, unless the person has spoken since."""
FORGET_OPENED: Final = Statement(delete(session).where(*_unspoken), "of_contact", "unchanged")
"""The same for somebody who had none."""


class Candidate(NamedTuple):
    """A message that is due, with what decides about it."""

    id: int
    purpose_id: int
    contact_id: int
    attempts: int
    content_sealed: bytes | None
    sent_to: int | None
    kind: PurposeKind
    urgent: bool
    repeat_harmless: bool
    text: str
    expires_at: datetime | None
    person_id: int | None
    status: str | None
    push_consent: bool | None


class Known(NamedTuple):
    """A contact of somebody a message is for. `dialog`, `step` and `heard` tell where and when they last spoke."""

    contact_id: int
    person_id: int | None
    channel: str
    address: str
    reachable: bool
    push_allowed: bool
    dialog: str | None
    step: str | None
    heard: datetime | None


def candidates(connection: Connection, lane: str, now: datetime, limit: int) -> list[Candidate]:
    """Up to `limit` messages that are due in a lane, the most pressing first."""
    found: list[Candidate] = []
    for priority in PRIORITIES:
        if len(found) >= limit:
            break
        rows = connection.run(CANDIDATES, (lane, priority, now, limit - len(found)))
        found.extend(Candidate(*row)._replace(kind=PurposeKind(row[6])) for row in rows)
    return found


class Around(NamedTuple):
    """What is known around the messages of a portion: for each contact its person's contacts and latest pushes.

    The list of pushes is the same one for all contacts of a person.
    """

    contacts: Mapping[int, Sequence[Known]]
    pushes: Mapping[int, list[datetime]]


def around(connection: Connection, chosen: Sequence[Candidate], now: datetime) -> Around:
    """Everything about the people of `chosen` that their rows do not hold, in two queries."""
    persons = {one.person_id for one in chosen if one.person_id is not None}
    alone = {one.contact_id for one in chosen if one.person_id is None}
    by_owner: dict[tuple[str, int], list[Known]] = defaultdict(list)
    for known in _known(connection, persons, alone):
        by_owner[_owner(known.person_id, known.contact_id)].append(known)
    lists: dict[tuple[str, int], list[datetime]] = {owner: [] for owner in by_owner}
    owners = {known.contact_id: owner for owner, theirs in by_owner.items() for known in theirs}
    for number, at in _pushes(connection, owners, now):
        lists[owners[number]].append(at)
    return Around(
        {number: by_owner[owner] for number, owner in owners.items()},
        {number: lists[owner] for number, owner in owners.items()},
    )


def _owner(person_id: int | None, contact_id: int) -> tuple[str, int]:
    return ("contact", contact_id) if person_id is None else ("person", person_id)


def _known(connection: Connection, persons: Collection[int], alone: Collection[int]) -> list[Known]:
    """The contacts of these people, the one heard last in front."""
    query = (
        select(
            contact.c.id,
            contact.c.person_id,
            contact.c.channel,
            contact.c.address,
            contact.c.reachable,
            contact.c.push_allowed,
            session.c.dialog,
            session.c.step,
            session.c.updated_at,
        )
        .select_from(contact.outerjoin(session, session.c.contact_id == contact.c.id))
        .order_by(session.c.updated_at.is_(None), session.c.updated_at.desc(), contact.c.id)
    )
    found: list[Known] = []
    for column, numbers in ((contact.c.person_id, persons), (contact.c.id, alone)):
        if numbers:
            rows = connection.sqlalchemy.execute(query.where(column.in_(numbers)))
            found += [Known(*row) for row in rows]
    return found


def _pushes(
    connection: Connection, contacts: Collection[int], now: datetime
) -> Iterable[tuple[int, datetime]]:
    """Contact and moment of every push of the last seven days that counts for the cap."""
    if not contacts:
        return ()
    rows = connection.sqlalchemy.execute(
        select(delivery.c.contact_id, delivery.c.sent_at)
        .join(purpose, purpose.c.id == delivery.c.purpose_id)
        .where(
            delivery.c.contact_id.in_(contacts),
            delivery.c.sent_at > now - WEEK,
            purpose.c.kind.not_in([kind.value for kind in UNASKED]),
        )
    )
    return ((number, at) for number, at in rows)


def said_no(connection: Connection, contacts: Collection[int], *, stop: bool = False) -> set[int]:
    """Those of the contacts whose latest word on pushes is that they want none; `stop`: a word to stop alone.

    Who only did not agree to pushes while registering has not said stop.
    """
    latest = (
        select(func.max(consent.c.id))
        .where(consent.c.contact_id.in_(contacts), consent.c.kind == "push")
        .group_by(consent.c.contact_id)
    )
    rows = connection.sqlalchemy.execute(
        select(consent.c.contact_id).where(
            consent.c.id.in_(latest), ~consent.c.given, *([consent.c.version == SETTINGS] if stop else [])
        )
    )
    return {row[0] for row in rows}


def interrupted(
    connection: Connection, now: datetime, *, claimed_before: datetime | None
) -> tuple[list[int], int]:
    """Settle what a process that died left in flight.

    Returns the purposes of what is unknown now, one entry a message, and how many go out again because a repeat is
    harmless. `claimed_before` spares what another process may still be sending; None: nobody else sends.
    """
    old = is_in(State.SENDING)
    if claimed_before is not None:
        old = and_(old, delivery.c.claimed_at < claimed_before)
    harmless = select(purpose.c.id).where(purpose.c.repeat_harmless)
    again = connection.sqlalchemy.execute(
        update(delivery)
        .where(old, delivery.c.purpose_id.in_(harmless))
        .values(state=State.QUEUED, due_at=now, sent_at=None)
    ).rowcount
    lost = [row[0] for row in connection.sqlalchemy.execute(select(delivery.c.purpose_id).where(old))]
    connection.sqlalchemy.execute(
        update(delivery).where(old).values(state=State.UNKNOWN, reason="interrupted", settled_at=now)
    )
    return lost, again


def wake_held(connection: Connection, contacts: Collection[int], now: datetime) -> int:
    """Let what was held for these people go, to the contact where each has just written; returns how many."""
    woken = 0
    chosen = contact.alias("wrote")
    pairs = connection.sqlalchemy.execute(
        select(chosen.c.id, chosen.c.channel, contact.c.id)
        .select_from(
            chosen.join(
                contact, or_(contact.c.id == chosen.c.id, contact.c.person_id == chosen.c.person_id)
            ).join(delivery, and_(is_in(State.HELD), delivery.c.contact_id == contact.c.id))
        )
        .where(chosen.c.id.in_(contacts))
        .distinct()
    ).all()
    for wrote, channel, own in pairs:
        woken += connection.sqlalchemy.execute(
            update(delivery)
            .where(is_in(State.HELD), delivery.c.contact_id == own)
            .values(
                state=State.QUEUED,
                due_at=now,
                lane=channel,
                sent_to=None if own == wrote else wrote,
                reason=None,
                settled_at=None,
            )
        ).rowcount
    return woken


def heard_since_held(connection: Connection) -> set[int]:
    """Contacts that have written since something was held for them or their person, to whatever process."""
    held, own, wrote = delivery.alias("h"), contact.alias("own"), contact.alias("wrote")
    written: ColumnElement[str] = literal_column(f"'{State.HELD.value}'")
    rows = connection.sqlalchemy.execute(
        select(wrote.c.id)
        .select_from(
            held.join(own, own.c.id == held.c.contact_id)
            .join(wrote, or_(wrote.c.id == own.c.id, wrote.c.person_id == own.c.person_id))
            .join(session, session.c.contact_id == wrote.c.id)
        )
        .where(held.c.state == written, session.c.updated_at > held.c.settled_at)
        .distinct()
    )
    return {row[0] for row in rows}


def expire_held(connection: Connection, now: datetime) -> int:
    """Give up what waited for somebody beyond its time; returns how many."""
    over = select(purpose.c.id).where(purpose.c.expires_at <= now)
    return connection.sqlalchemy.execute(
        update(delivery)
        .where(is_in(State.HELD), delivery.c.purpose_id.in_(over))
        .values(state=State.EXPIRED, reason="expired", settled_at=now, content_sealed=None)
    ).rowcount


def lanes_waiting(connection: Connection, now: datetime) -> Mapping[str, datetime]:
    """For each lane in which something is due: since when the oldest has been."""
    found: dict[str, datetime] = {}
    last = ""
    due = (is_in(State.QUEUED), delivery.c.due_at <= now)
    while True:  # from lane to lane along the index, whatever the number of rows in each
        lane = connection.sqlalchemy.execute(
            select(delivery.c.lane)
            .where(is_in(State.QUEUED), delivery.c.lane > last)
            .order_by(delivery.c.lane)
            .limit(1)
        ).scalar()
        if lane is None:
            return found
        oldest = [
            connection.sqlalchemy.execute(
                select(delivery.c.due_at)
                .where(*due, delivery.c.lane == lane, delivery.c.priority == priority)
                .order_by(delivery.c.due_at)
                .limit(1)
            ).scalar()
            for priority in PRIORITIES
        ]
        if times := [at for at in oldest if at is not None]:
            found[lane] = min(times)
        last = lane
