"""Broadcasts in the words of each person (群发内容): what a template says to them, and how a clerk sees it before.

Staff write through here, so that no text is stored that cannot be filled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, or_, select

from notifications.broadcast_texts import Values, checked, names, rendered, too_long
from policy.codes import Education, Track
from policy.greetings import greeting
from policy.ledger_codes import HostStatus, PositionStatus
from policy.masking import mask_name
from policy.outgoing_codes import BroadcastState, PurposeKind
from policy.refusal import Refused
from policy.regions import city_of
from storage import audiences, broadcast_drafts, deliveries, staff_bindings
from storage.database import Connection
from storage.deliveries import Said
from storage.ledger_tables import Host, Position
from storage.outgoing_tables import Broadcast
from storage.sealing import Sealer
from storage.tables import Contact, Person, core

person, contact, position, host = core(Person), core(Contact), core(Position), core(Host)

NAME: Final = b"person.name_sealed"
CHECKED_ON: Final = 200
"""How many people's texts are filled before a broadcast may be handed in."""
EXAMPLE: Final[Values] = {
    "name": "陈小明",
    "greeting": "陈同学",
    "city": "广州",
    "education": "大学本科",
    "school": "示例大学",
    "major": "会计学",
    "eligible_until": "2027年6月30日",
    "position_count": 12,
}
"""A person who does not exist, for a clerk's own chat: no real one's data belongs there."""


# --- the words of each person ---


def values_of(
    connection: Connection,
    sealer: Sealer,
    contacts: Collection[int],
    today: date,
    *,
    counted: bool = True,
    masked: bool = False,
) -> dict[int, Values]:
    """The variables of these contacts' people, in two queries; without `counted` the positions are not looked at.

    Contacts that belong to nobody are left out. `masked` hides what would tell staff who it is.
    """
    rows = connection.sqlalchemy.execute(
        select(
            contact.c.id,
            person.c.name_sealed,
            *(person.c[name] for name in ("residence_city", "education", "school", "major")),
            *(person.c[name] for name in ("eligible_until", "track")),
        )
        .join(person, person.c.id == contact.c.person_id)
        .where(contact.c.id.in_(list(contacts)))
    ).all()
    open_ones = openings(connection, {row.residence_city for row in rows}, today) if counted else {}
    found: dict[int, Values] = {}
    for row in rows:
        name = sealer.open_text(row.name_sealed, NAME)
        place = city_of(row.residence_city)
        found[row.id] = {
            "name": mask_name(name) if masked else name,
            "greeting": greeting(mask_name(name)) if masked else greeting(name),
            "city": place.short if place else "",
            "education": _education(row.education),
            "school": row.school or "",
            "major": row.major or "",
            "eligible_until": _until(row.eligible_until, hidden=masked and row.track == Track.YOUTH),
            "position_count": open_ones.get(row.residence_city, 0),
        }
    return found


def _education(code: str) -> str:
    return Education(code).label if code in set(Education) else ""


def _until(day: date | None, *, hidden: bool) -> str:
    """A day as people write it; of young people staff see the year only, for the rest would tell the birth date."""
    if day is None:
        return ""
    return f"{day.year}年*月*日" if hidden else f"{day.year}年{day.month}月{day.day}日"


def openings(connection: Connection, cities: Collection[str], today: date) -> dict[str, int]:
    """How many openings are left in the positions that recruit now, by city."""
    rows = connection.sqlalchemy.execute(
        select(position.c.city, func.sum(position.c.openings - position.c.taken))
        .join(host, host.c.id == position.c.host_id)
        .where(
            position.c.city.in_(list(cities)),
            position.c.status == PositionStatus.PUBLISHED,
            host.c.status == HostStatus.APPROVED,
            position.c.openings > position.c.taken,
            or_(position.c.closes_on.is_(None), position.c.closes_on >= today),
        )
        .group_by(position.c.city)
    )
    return {row[0]: int(row[1]) for row in rows}


def render(
    connection: Connection, sealer: Sealer, text: str, contacts: Sequence[int], today: date
) -> dict[int, str]:
    """The text for each of these contacts; those for whom it cannot be filled are left out."""
    counted = "position_count" in names(text)
    found: dict[int, str] = {}
    for number, values in values_of(connection, sealer, contacts, today, counted=counted).items():
        try:
            found[number] = rendered(text, values)
        except Refused:  # the sender records that there was nothing to say to this one
            continue
    return found


# --- how a clerk sees it before ---


class Preview(NamedTuple):
    """What one real person would get, masked, and at which contact."""

    contact_id: int
    channel: str
    address: str
    text: str


class Previews(NamedTuple):
    """What some people would get, how many there are, and what should be thought about before sending it."""

    size: int
    people: Sequence[Preview]
    warnings: Sequence[str]


def preview(
    connection: Connection, sealer: Sealer, row: Broadcast, number: int, now: datetime, today: date
) -> Previews:
    """What `number` people of the audience would get. Raises `Refused` when the text cannot be filled for some.

    Lengths are measured on the texts as they would go out, of `CHECKED_ON` people at least.
    """
    wanted = audiences.audience(row.audience)
    chosen = audiences.sample(connection, wanted, now, today, max(number, CHECKED_ON))
    texts = _all_filled(connection, sealer, row.text, chosen, today)
    shown = values_of(connection, sealer, chosen[:number], today, masked=True)
    where = connection.sqlalchemy.execute(
        select(contact.c.id, contact.c.channel, contact.c.address).where(contact.c.id.in_(list(shown)))
    )
    people = [
        Preview(each.id, each.channel, each.address, rendered(row.text, shown[each.id])) for each in where
    ]
    size = audiences.size(connection, wanted, now, today)
    return Previews(size, sorted(people), too_long(texts.values()))


def _all_filled(
    connection: Connection, sealer: Sealer, text: str, chosen: Sequence[int], today: date
) -> dict[int, str]:
    """The text of each of these contacts. Raises `Refused` when it cannot be filled for one."""
    counted = "position_count" in names(text)
    return {
        number: rendered(text, values)
        for number, values in values_of(connection, sealer, chosen, today, counted=counted).items()
    }


# --- writing ---


def draft(
    connection: Connection,
    title: str,
    text: str,
    audience: Mapping[str, Any],
    *,
    urgent: bool = False,
    expires_at: datetime | None = None,
    actor: str,
    now: datetime,
) -> int:
    """A new broadcast; its number. Raises `Refused` for a text that cannot be filled and unknown filters."""
    rendered(text, EXAMPLE)
    return broadcast_drafts.draft(
        connection, title, text, audience, urgent=urgent, expires_at=expires_at, actor=actor, now=now
    )


def change(
    connection: Connection,
    broadcast_id: int,
    *,
    title: str | None = None,
    text: str | None = None,
    audience: Mapping[str, Any] | None = None,
    urgent: bool | None = None,
    expires_at: datetime | None = None,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Edit a draft. Raises `Refused` as `draft` does, and once it has been handed in."""
    if text is not None:
        rendered(text, EXAMPLE)
    broadcast_drafts.change(
        connection,
        broadcast_id,
        title=title,
        text=text,
        audience=audience,
        urgent=urgent,
        expires_at=expires_at,
        seen=seen,
        actor=actor,
        now=now,
    )


def submit(
    connection: Connection,
    sealer: Sealer,
    broadcast_id: int,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> BroadcastState:
    """Hand a draft in; its state then. Raises `Refused` when its text cannot be filled for some of the audience."""
    row = broadcast_drafts.get(connection, broadcast_id)
    checked(row.text)
    chosen = audiences.sample(connection, audiences.audience(row.audience), now, today, CHECKED_ON)
    _all_filled(connection, sealer, row.text, chosen, today)
    return broadcast_drafts.submit(connection, broadcast_id, seen=seen, actor=actor, now=now, today=today)


def send_test(
    connection: Connection, sealer: Sealer, broadcast_id: int, staff: str, *, actor: str, now: datetime
) -> int:
    """Send the text, filled for a made-up person, to a clerk's own chats; returns to how many.

    Raises `Refused` for a clerk without one.
    """
    row = broadcast_drafts.get(connection, broadcast_id)
    chats = staff_bindings.chats(connection, staff=staff)
    if not chats:
        raise Refused(f"“{staff}”还没有绑定聊天，请先执行 jianxi staff bind {staff}，在聊天里发送绑定码。")
    text = f"【测试】{row.title}\n{rendered(row.text, EXAMPLE)}"
    purpose_id = deliveries.purpose(
        connection,
        f"broadcast_test:{row.id}",
        PurposeKind.STAFF,
        now,
        priority=deliveries.URGENT,
        repeat_harmless=True,
    )
    earlier = sum(count.number for count in deliveries.counts(connection, purpose_id))
    for chat in chats:
        deliveries.enqueue(
            connection,
            sealer,
            purpose_id,
            chat,
            Said(text),
            subject_id=earlier + 1,
            priority=deliveries.URGENT,
            due_at=now,
        )
    broadcast_drafts.note(connection, row, "test", actor, now)
    return len(chats)
