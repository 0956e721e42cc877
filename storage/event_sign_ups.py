"""Who signs up for a matchmaking event (活动报名), within its capacity, and who came.

A sign-up belongs to a contact: nobody need be registered to come to an event. Staff see names masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import col, func, select

from policy.ledger_codes import EventStatus
from policy.masking import mask_name, mask_phone
from policy.refusal import Refused
from storage import audit, events
from storage.database import Connection
from storage.ledger_tables import EventSignUp, ProgrammeEvent
from storage.sealing import Sealer
from storage.tables import Person

SIGNED_UP: Final = "signed_up"
CANCELLED: Final = "cancelled"
ATTENDED: Final = "attended"
LABELS: Final = {SIGNED_UP: "已报名", CANCELLED: "已取消", ATTENDED: "已到场"}


class Guest(NamedTuple):
    """One sign-up as staff see it; `name` and `phone` are empty for somebody who is not registered."""

    contact_id: int
    status: str
    name: str
    phone: str
    at: datetime

    @property
    def label(self) -> str:
        """The status in Chinese."""
        return LABELS[self.status]


def places_left(connection: Connection, event: ProgrammeEvent) -> int | None:
    """How many can still sign up; None without limit."""
    if event.capacity is None:
        return None
    statement = (
        select(func.count())
        .select_from(EventSignUp)
        .where(col(EventSignUp.event_id) == event.id, col(EventSignUp.status) != CANCELLED)
    )
    return max(0, event.capacity - connection.session.exec(statement).one())


def status_of(connection: Connection, event_id: int, contact_id: int) -> str | None:
    """What a contact's sign-up is now, None when there was never one."""
    found = connection.session.get(EventSignUp, (event_id, contact_id))
    return found.status if found else None


def sign_up(
    connection: Connection, event_id: int, contact_id: int, person_id: int | None, *, now: datetime
) -> None:
    """Sign a contact up; doing it twice changes nothing. Raises `Refused` when it is full, over or called off."""
    event = events.get(connection, event_id, locked=True)  # or two could take the last place
    if event.status != EventStatus.PUBLISHED or event.starts_at <= now:
        raise Refused("这场活动已经结束或取消了，看看别的活动吧。")
    row = connection.session.get(EventSignUp, (event_id, contact_id))
    if row is not None and row.status != CANCELLED:
        return
    if places_left(connection, event) == 0:
        raise Refused("这场活动的名额报满了，看看别的活动吧。")
    if row is None:
        row = EventSignUp(event_id=event_id, contact_id=contact_id, status=SIGNED_UP, at=now)
    row.status, row.person_id, row.at = SIGNED_UP, person_id, now
    connection.session.add(row)
    connection.session.flush()
    audit.add(connection, now, f"contact:{contact_id}", "event.sign_up", f"event:{event_id}")


def take_back(connection: Connection, event_id: int, contact_id: int, *, now: datetime) -> None:
    """Give a place back; nothing happens when there is none to give. Raises `Refused` for somebody who came."""
    row = connection.session.get(EventSignUp, (event_id, contact_id))
    if row is None or row.status == CANCELLED:
        return
    if row.status == ATTENDED:
        raise Refused("您已经签到了，不用取消。")
    row.status, row.at = CANCELLED, now
    connection.session.add(row)
    connection.session.flush()
    audit.add(connection, now, f"contact:{contact_id}", "event.take_back", f"event:{event_id}")


def mark(
    connection: Connection,
    event_id: int,
    contact_ids: Sequence[int],
    *,
    came: bool,
    actor: str,
    now: datetime,
) -> int:
    """Note who came, or that they did not after all; return how many marks changed.

    Raises `NotFound` for no such event, `Refused` before it begins and for somebody who did not sign up."""
    event = events.get(connection, event_id)
    if event.status not in (EventStatus.PUBLISHED, EventStatus.HELD) or event.starts_at > now:
        raise Refused("活动还没开始或已取消，开始后才能签到。")
    wanted, changed = (ATTENDED if came else SIGNED_UP), 0
    for contact_id in dict.fromkeys(contact_ids):
        row = connection.session.get(EventSignUp, (event_id, contact_id))
        if row is None or row.status == CANCELLED:
            raise Refused(f"{contact_id} 号没有报这场活动，请对照报名名单。")
        if row.status != wanted:
            row.status = wanted
            connection.session.add(row)
            changed += 1
    connection.session.flush()
    audit.add(connection, now, actor, "event.attend", f"event:{event_id}", {"came": came, "changed": changed})
    return changed


def guests(
    connection: Connection,
    sealer: Sealer,
    event_id: int,
    *,
    unmask: bool = False,
    after_id: int | None = None,
    limit: int = 200,
) -> list[Guest]:
    """The sign-ups of an event by number; names masked unless `unmask`, which the caller audits.

    Raises `NotFound`."""
    events.get(connection, event_id)
    statement = (
        select(EventSignUp, Person)
        .join(Person, col(Person.id) == col(EventSignUp.person_id), isouter=True)
        .where(col(EventSignUp.event_id) == event_id)
        .order_by(col(EventSignUp.contact_id))
        .limit(limit)
    )
    if after_id is not None:
        statement = statement.where(col(EventSignUp.contact_id) > after_id)
    return [
        Guest(row.contact_id, row.status, *_who(sealer, person, unmask), row.at)
        for row, person in connection.session.exec(statement)
    ]


def _who(sealer: Sealer, person: Person | None, unmask: bool) -> tuple[str, str]:
    if person is None:
        return "", ""
    name = sealer.open_text(person.name_sealed, b"person.name_sealed")
    phone = sealer.open_text(person.phone_sealed, b"person.phone_sealed")
    return (name, phone) if unmask else (mask_name(name), mask_phone(phone))


def counts(connection: Connection, event_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each event how many signed up (and did not cancel), and how many of them came."""
    statement = (
        select(EventSignUp.event_id, EventSignUp.status, func.count())
        .where(col(EventSignUp.event_id).in_(event_ids), col(EventSignUp.status) != CANCELLED)
        .group_by(col(EventSignUp.event_id), col(EventSignUp.status))
    )
    found = dict.fromkeys(event_ids, (0, 0))
    for event_id, status, count in connection.session.exec(statement):
        signed, came = found[event_id]
        found[event_id] = (signed + count, came + (count if status == ATTENDED else 0))
    return found
