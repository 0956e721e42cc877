"""Matchmaking events (专项对接活动): made, published, cancelled, held; which place owes one this quarter.

人社部发〔2023〕27号 二(三): 每季度至少举办一次就业见习专项对接活动. Who signs up is `storage.event_sign_ups`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from policy.calendar import CHINA
from policy.ledger_codes import EventKind, EventStatus
from policy.programme import RuleMissing, programme_on
from policy.quarters import Quarter
from policy.refusal import Refused
from policy.regions import CITIES
from storage import audit
from storage.database import Connection
from storage.edits import edit
from storage.errors import NotFound
from storage.ledger_tables import ProgrammeEvent

"""The zone that quarters are counted in; China keeps one time all year."""

LONGEST_TITLE: Final = 60
LONGEST_VENUE: Final = 120
LONGEST_DESCRIPTION: Final = 1500


class EventFields(NamedTuple):
    """What a clerk says of an event. Times with their zone; `capacity` None is without limit."""

    city: str
    title: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    venue: str
    description: str = ""
    capacity: int | None = None


class CityQuarter(NamedTuple):
    """A city that has fewer events in a quarter than it owes."""

    city: str
    held: int
    planned: int
    """Published, but not marked as held."""
    needed: int


def create(connection: Connection, fields: EventFields, *, actor: str, now: datetime) -> int:
    """Make a draft; return its id. Raises `Refused` with all that is wrong."""
    _check(fields)
    event = ProgrammeEvent(
        **fields._asdict(),
        status=EventStatus.DRAFT,
        created_by=actor,
        created_at=now,
        updated_at=now,
    )
    connection.session.add(event)
    connection.session.flush()
    assert event.id is not None
    _note(connection, now, actor, "event.create", event)
    return event.id


def get(connection: Connection, event_id: int, *, locked: bool = False) -> ProgrammeEvent:
    """The event of that id; `locked` keeps others from changing it until the commit. Raises `NotFound`."""
    found = connection.session.get(ProgrammeEvent, event_id, with_for_update=locked, populate_existing=locked)
    if found is None:
        raise NotFound("event")
    return found


def fields_of(event: ProgrammeEvent) -> EventFields:
    """What an event now says, to be changed with `_replace`."""
    return EventFields(
        event.city,
        event.title,
        event.kind,
        event.starts_at,
        event.ends_at,
        event.venue,
        event.description,
        event.capacity,
    )


def change(
    connection: Connection,
    event_id: int,
    fields: EventFields,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Change what an event says, also a published one. Raises `Refused`, `Conflict`."""
    event = get(connection, event_id, locked=True)
    if event.status in (EventStatus.CANCELLED, EventStatus.HELD):
        raise Refused(f"活动{EventStatus(event.status).label}，不能再改。")
    _check(fields)
    before = fields_of(event)
    edit(event, seen, now)
    for name, value in fields._asdict().items():
        setattr(event, name, value)
    changed = [name for name in fields._fields if getattr(before, name) != getattr(fields, name)]
    _keep(connection, event)
    _note(connection, now, actor, "event.edit", event, changed=changed)


def publish(
    connection: Connection, event_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> None:
    """Let people see a draft and sign up. Raises `Refused`."""
    event = get(connection, event_id, locked=True)
    if event.status != EventStatus.DRAFT:
        raise Refused(f"活动{EventStatus(event.status).label}，不用再发布。")
    if event.starts_at <= now:
        raise Refused("开始时间已经过了，请先改时间再发布。")
    _move(connection, event, EventStatus.PUBLISHED, "event.publish", seen, actor, now)


def cancel(
    connection: Connection,
    event_id: int,
    *,
    reason: str,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Call an event off. Raises `Refused` when it was held, or without a reason."""
    event = get(connection, event_id, locked=True)
    if event.status not in (EventStatus.DRAFT, EventStatus.PUBLISHED):
        raise Refused(f"活动{EventStatus(event.status).label}，不能取消。")
    if not reason.strip():
        raise Refused("请写明取消的原因。")
    _move(connection, event, EventStatus.CANCELLED, "event.cancel", seen, actor, now, reason=reason.strip())


def hold(
    connection: Connection, event_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> None:
    """Mark a published event as held (已举办): from then on it counts for its quarter. Raises `Refused`."""
    event = get(connection, event_id, locked=True)
    if event.status != EventStatus.PUBLISHED:
        raise Refused(f"活动是“{EventStatus(event.status).label}”，只有已发布的才能标为已举办。")
    if event.starts_at > now:
        raise Refused("活动还没开始，办完再标。")
    _move(connection, event, EventStatus.HELD, "event.held", seen, actor, now)


def _check(fields: EventFields) -> None:
    wrong = []
    if fields.city not in {city.code for city in CITIES}:
        wrong.append("请写明是哪个市的活动。")
    if fields.kind not in set(EventKind):
        wrong.append(f"活动形式要是其中一种：{'、'.join(kind.label for kind in EventKind)}。")
    for name, text, longest in (
        ("标题", fields.title, LONGEST_TITLE),
        ("地点", fields.venue, LONGEST_VENUE),
    ):
        if not 1 <= len(text.strip()) <= longest:
            wrong.append(f"{name}要有 1 到 {longest} 个字。")
    if len(fields.description) > LONGEST_DESCRIPTION:
        wrong.append(f"说明请控制在 {LONGEST_DESCRIPTION} 个字以内。")
    if fields.ends_at is not None and fields.ends_at <= fields.starts_at:
        wrong.append("结束时间要晚于开始时间。")
    if fields.capacity is not None and fields.capacity < 1:
        wrong.append("名额要是 1 以上的整数；不限名额就不填。")
    if wrong:
        raise Refused(*wrong)


def _move(
    connection: Connection,
    event: ProgrammeEvent,
    status: EventStatus,
    action: str,
    seen: int | None,
    actor: str,
    now: datetime,
    **detail: object,
) -> None:
    edit(event, seen, now)
    event.status = status
    _keep(connection, event)
    _note(connection, now, actor, action, event, **detail)


def _keep(connection: Connection, event: ProgrammeEvent) -> None:
    connection.session.add(event)
    connection.session.flush()


def _note(
    connection: Connection, now: datetime, actor: str, action: str, event: ProgrammeEvent, **detail: object
) -> None:
    audit.add(connection, now, actor, action, f"event:{event.id}", detail)


# --- lists -----------------------------------------------------------------------------------------------


def every(
    connection: Connection,
    *,
    city: str | None = None,
    status: str | None = None,
    after_id: int | None = None,
    limit: int = 50,
) -> list[ProgrammeEvent]:
    """Events for staff, in the order in which they were made; `after_id` goes on behind the last one seen."""
    statement = select(ProgrammeEvent)
    if city is not None:
        statement = statement.where(col(ProgrammeEvent.city) == city)
    if status is not None:
        statement = statement.where(col(ProgrammeEvent.status) == status)
    if after_id is not None:
        statement = statement.where(col(ProgrammeEvent.id) > after_id)
    return list(connection.session.exec(statement.order_by(col(ProgrammeEvent.id)).limit(limit)))


def upcoming(
    connection: Connection, now: datetime, *, cities: Sequence[str] = (), limit: int = 20
) -> list[ProgrammeEvent]:
    """Published events that have not begun, the next first; of some cities, or of all."""
    statement = select(ProgrammeEvent).where(
        # All cities by name, so that the index on city and time serves either way.
        col(ProgrammeEvent.city).in_(cities or [city.code for city in CITIES]),
        col(ProgrammeEvent.starts_at) > now,
        col(ProgrammeEvent.status) == EventStatus.PUBLISHED,
    )
    order = (col(ProgrammeEvent.starts_at), col(ProgrammeEvent.id))
    return list(connection.session.exec(statement.order_by(*order).limit(limit)))


def cities_without_event(connection: Connection, quarter: Quarter) -> list[CityQuarter]:
    """The cities that have neither held nor published as many events in a quarter as they owe.

    Raises `Refused` for a quarter of which no rule is on record.
    """
    starts = col(ProgrammeEvent.starts_at)
    statement = (
        columns(ProgrammeEvent.city, ProgrammeEvent.status, func.count())  # type: ignore[call-overload]
        .where(
            starts >= _midnight(quarter.first),
            starts < _midnight(quarter.after),
            col(ProgrammeEvent.status).in_((EventStatus.HELD, EventStatus.PUBLISHED)),
        )
        .group_by(ProgrammeEvent.city, ProgrammeEvent.status)
    )
    connection.session.flush()
    counts = {(city, status): count for city, status, count in connection.sqlalchemy.execute(statement)}
    found = []
    for city in CITIES:
        held = counts.get((city.code, EventStatus.HELD), 0)
        planned = counts.get((city.code, EventStatus.PUBLISHED), 0)
        needed = _owed(quarter, city.code)
        if held + planned < needed:
            found.append(CityQuarter(city.code, held, planned, needed))
    return found


def _owed(quarter: Quarter, city: str) -> int:
    try:
        return programme_on(quarter.first, city).events_each_quarter
    except RuleMissing as missing:
        raise Refused(str(missing)) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)
