"""Broadcasts (群发) as staff prepare them: written, handed in, approved by a second person, given a time.

How one goes once it has started is in `storage.broadcasts`. Whether a text can be filled is checked by
`notifications.broadcasts`, through which staff write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from policy.broadcasts import EDITABLE, approved_by_other, moved, needs_second_person
from policy.outgoing_codes import BroadcastState as State
from policy.refusal import Refused
from storage import audiences, audit
from storage.database import Connection
from storage.edits import edit
from storage.errors import NotFound
from storage.outgoing_tables import Broadcast
from storage.tables import Audit, core

broadcast, log = core(Broadcast), core(Audit)

SYSTEM: Final = "system"
"""The actor of what happens by itself."""


def get(connection: Connection, broadcast_id: int) -> Broadcast:
    """The broadcast of that number. Raises `NotFound`."""
    found = connection.session.get(Broadcast, broadcast_id)
    if found is None:
        raise NotFound("broadcast")
    return found


def taken(connection: Connection, broadcast_id: int, seen: int | None, now: datetime) -> Broadcast:
    """The broadcast, for an edit: no other process works on it before the commit. Raises `Conflict`."""
    found = connection.session.get(Broadcast, broadcast_id, with_for_update=True)
    if found is None:
        raise NotFound("broadcast")
    edit(found, seen, now)
    return found


def listed(connection: Connection, before: int | None = None, limit: int = 50) -> list[Broadcast]:
    """Broadcasts, the newest first."""
    query = select(Broadcast).order_by(broadcast.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(broadcast.c.id < before)
    return [row[0] for row in connection.session.execute(query)]


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
    """A new broadcast; raises `Refused` for filters that are not known."""
    wanted = audiences.audience(audience)
    still_good(expires_at, now)
    row = Broadcast(
        title=_titled(title),
        text=text,
        audience=wanted.as_data(),
        urgent=urgent,
        state=State.DRAFT,
        expires_at=expires_at,
        created_by=actor,
        created_at=now,
        updated_at=now,
    )
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    note(connection, row, "draft", actor, now)
    return row.id


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
    """Edit a draft. Raises `Refused` once it has been handed in: what was approved is what goes out."""
    row = taken(connection, broadcast_id, seen, now)
    if State(row.state) not in EDITABLE:
        raise Refused("已经提交的群发不能再改。要改请先退回草稿。")
    still_good(expires_at, now)
    row.title = _titled(title) if title is not None else row.title
    row.text = text if text is not None else row.text
    row.urgent = urgent if urgent is not None else row.urgent
    row.expires_at = expires_at if expires_at is not None else row.expires_at
    if audience is not None:
        row.audience = audiences.audience(audience).as_data()
    note(connection, row, "change", actor, now)


def _titled(title: str) -> str:
    if not title.strip():
        raise Refused("请给这次群发起个标题，方便以后查找。")
    return title.strip()


def still_good(expires_at: datetime | None, now: datetime) -> None:
    """Raises `Refused` when the time of a broadcast is over."""
    if expires_at is not None and expires_at <= now:
        raise Refused("有效期要在现在以后。过了有效期还没发出的，就不再发了。")


def submit(
    connection: Connection,
    broadcast_id: int,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> State:
    """Hand a draft in: to a second person when it goes to many, else it is ready; returns its state."""
    row = taken(connection, broadcast_id, seen, now)
    if row.state != State.DRAFT:
        raise Refused(f"这次群发现在是“{State(row.state).label}”，只有草稿才能提交。")
    still_good(row.expires_at, now)
    row.size = audiences.size(connection, audiences.audience(row.audience), now, today)
    if row.size == 0:
        raise Refused("按这些条件一个人也没有，请放宽筛选。")
    to = State.WAITING if needs_second_person(row.size) else State.APPROVED
    move(connection, row, to, actor, now)
    return to


def approve(
    connection: Connection, broadcast_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> None:
    """A second person agrees. Raises `Refused` for everybody who wrote or changed it."""
    row = taken(connection, broadcast_id, seen, now)
    if row.state != State.WAITING:
        raise Refused(f"这次群发现在是“{State(row.state).label}”，没有等着复核。")
    approved_by_other({row.created_by, *_writers(connection, broadcast_id)}, actor)
    move(connection, row, State.APPROVED, actor, now)
    row.approved_by = actor


def _writers(connection: Connection, broadcast_id: int) -> set[str]:
    """Everybody who changed the text or the audience, as the audit log knows."""
    rows = connection.sqlalchemy.execute(
        select(log.c.actor).where(
            log.c.subject == f"broadcast:{broadcast_id}", log.c.action == "broadcast.change"
        )
    )
    return {row[0] for row in rows}


def back_to_draft(
    connection: Connection, broadcast_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> None:
    """Give it back to be changed; an approval and a set time fall away."""
    row = taken(connection, broadcast_id, seen, now)
    move(connection, row, State.DRAFT, actor, now)
    row.approved_by = row.starts_at = row.stop_reason = None


def schedule(
    connection: Connection,
    broadcast_id: int,
    starts_at: datetime,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Start it by itself at that time."""
    row = taken(connection, broadcast_id, seen, now)
    if starts_at <= now:
        raise Refused("定时要在现在以后。马上发请直接开始。")
    if row.expires_at is not None and starts_at >= row.expires_at:
        raise Refused("定时在有效期之后，到时一条也发不出。请改早一些，或退回草稿改有效期。")
    move(connection, row, State.SCHEDULED, actor, now)
    row.starts_at, row.stop_reason = starts_at, None


def move(connection: Connection, row: Broadcast, to: State, actor: str, now: datetime) -> None:
    """The only place where the state changes; by itself it makes a new version, as an edit does."""
    row.state = moved(State(row.state), to)
    if actor == SYSTEM:
        edit(row, None, now)
    note(connection, row, to.value, actor, now)


def note(connection: Connection, row: Broadcast, what: str, actor: str, now: datetime) -> None:
    """Put what was done into the audit log."""
    audit.add(connection, now, actor, f"broadcast.{what}", f"broadcast:{row.id}", {"size": row.size})
