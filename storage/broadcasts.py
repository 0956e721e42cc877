"""Broadcasts (群发) under way: started, tried on a few, let go, paused, stopped, finished.

The audience is frozen as rows of the delivery ledger when a broadcast starts; how it goes on is decided by
`advance`, which the sender calls every few seconds, from what became of those rows. How one is written and approved
is in `storage.broadcast_drafts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, or_, select

from policy.broadcasts import RULES, canary_step, fault, moved, needs_second_person
from policy.outgoing_codes import BroadcastState as State
from policy.outgoing_codes import PurposeKind, SkipReason
from policy.refusal import Refused
from storage import audiences, deliveries
from storage.broadcast_drafts import SYSTEM, move, still_good, taken
from storage.broadcast_tallies import Standing, standing
from storage.database import Connection
from storage.outgoing_tables import Broadcast
from storage.tables import core

broadcast = core(Broadcast)

GOING: Final = (State.CANARY, State.RUNNING)
"""States in which messages go out."""
MAY_GO_ON: Final = (State.PAUSED, State.STOPPED)
LASTS_DAYS: Final = 7
"""Days after its start when a broadcast expires unless it says otherwise."""
STRAYS: Final = timedelta(hours=3)
"""How long after a halt something that was on its way may still come back to be tried again: the longest wait."""


def start(
    connection: Connection,
    broadcast_id: int,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> int:
    """Freeze the audience and let the first part go; returns how many people it is for.

    An audience that has grown beyond what one person may decide needs its approval first.
    """
    row = taken(connection, broadcast_id, seen, now)
    moved(State(row.state), State.CANARY)
    if row.state not in (State.APPROVED, State.SCHEDULED):
        raise Refused(f"这次群发现在是“{State(row.state).label}”，不能开始。")
    _may_start(connection, row, now, today)
    move(connection, row, State.CANARY, actor, now)
    row.starts_at, row.stop_reason = now, None
    row.expires_at = row.expires_at or now + timedelta(days=LASTS_DAYS)
    priority = deliveries.URGENT if row.urgent else deliveries.BULK
    row.purpose_id = deliveries.purpose(
        connection,
        f"broadcast:{row.id}",
        PurposeKind.BROADCAST,
        now,
        priority=priority,
        urgent=row.urgent,
        text=row.text,
        expires_at=row.expires_at,
    )
    wanted = audiences.contacts(audiences.audience(row.audience), now, today)
    row.size = deliveries.freeze(connection, row.purpose_id, wanted, priority=priority)
    row.canary = _release_canary(connection, row, now)
    if row.size == 0:
        move(connection, row, State.DONE, actor, now)
    return row.size


def _may_start(connection: Connection, row: Broadcast, now: datetime, today: date) -> None:
    still_good(row.expires_at, now)
    if row.approved_by is None and needs_second_person(
        audiences.size(connection, audiences.audience(row.audience), now, today)
    ):
        raise Refused("现在符合条件的人多了，要另一位工作人员复核。请退回草稿重新提交。")


def _release_canary(connection: Connection, row: Broadcast, now: datetime) -> int:
    """Let go the first part, or what is left of it: every n-th row, so the same ones each time."""
    purpose_id, every = _purpose(row), canary_step(row.size)
    first = deliveries.first_id(connection, purpose_id) or 0
    return deliveries.release(connection, purpose_id, row.size, now, every=every, offset=first)


def pause(
    connection: Connection, broadcast_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> int:
    """Stop for now; what was let go and not sent is frozen again. Returns how many."""
    row = taken(connection, broadcast_id, seen, now)
    move(connection, row, State.PAUSED, actor, now)
    return deliveries.hold_back(connection, _purpose(row))


def resume(
    connection: Connection, broadcast_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> None:
    """Go on: after a pause where it was, after an automatic stop with everybody, judged anew from now on."""
    row = taken(connection, broadcast_id, seen, now)
    if row.state not in MAY_GO_ON:
        raise Refused("只有暂停或自动停止的群发才能继续。")
    still_good(row.expires_at, now)
    if row.state == State.STOPPED:
        row.judged_since, row.canary_over_at = now, row.canary_over_at or now
    row.stop_reason = None
    if row.canary_over_at is None:
        move(connection, row, State.CANARY, actor, now)
        _release_canary(connection, row, now)
        return
    move(connection, row, State.RUNNING, actor, now)
    deliveries.release(connection, _purpose(row), RULES.portion, now)


def cancel(
    connection: Connection, broadcast_id: int, *, seen: int | None = None, actor: str, now: datetime
) -> int:
    """Give it up; returns to how many people it did not go."""
    row = taken(connection, broadcast_id, seen, now)
    move(connection, row, State.CANCELLED, actor, now)
    if row.purpose_id is None:
        return 0
    return deliveries.cancel(connection, row.purpose_id, SkipReason.CANCELLED, now)


def standings(connection: Connection) -> dict[int, Standing]:
    """How far each broadcast is that is going. Looks at all its messages: to be read beside the writer."""
    rows = connection.sqlalchemy.execute(
        select(broadcast.c.id, broadcast.c.purpose_id, broadcast.c.judged_since).where(
            broadcast.c.state.in_(GOING)
        )
    ).all()
    return {row.id: standing(connection, row.purpose_id, row.judged_since) for row in rows}


def advance(
    connection: Connection, now: datetime, today: date, known: Mapping[int, Standing] | None = None
) -> int:
    """Start what is due, judge what runs, let the next portion go, finish what is through; returns how many moved.

    Doing it twice at the same moment changes nothing the second time. `known` is what `standings` has told a moment
    ago; a broadcast that is not in it waits for the next time.
    """
    found = standings(connection) if known is None else known
    due = (broadcast.c.state == State.SCHEDULED) & (broadcast.c.starts_at <= now)
    going = broadcast.c.state.in_(GOING) & broadcast.c.id.in_(found)
    halted = or_(
        and_(broadcast.c.state.in_((*MAY_GO_ON, State.CANCELLED)), broadcast.c.updated_at > now - STRAYS),
        and_(broadcast.c.state.in_(MAY_GO_ON), broadcast.c.expires_at <= now),
    )
    rows = connection.session.execute(
        select(Broadcast)
        .where(due | going | halted)
        .order_by(broadcast.c.id)
        .with_for_update(skip_locked=True)
    ).all()
    changed = 0
    for (row,) in rows:
        before = row.state
        if row.state == State.SCHEDULED:
            _start_by_itself(connection, row, now, today)
        elif row.state in GOING:
            _go_on(connection, row, found[row.id], now)
        else:
            _keep_halted(connection, row, now)
        changed += row.state != before
    return changed


def _start_by_itself(connection: Connection, row: Broadcast, now: datetime, today: date) -> None:
    assert row.id is not None
    try:
        _may_start(connection, row, now, today)
    except Refused as refusal:  # outgrown what one person may decide, or too late: a clerk must look
        move(connection, row, State.APPROVED, SYSTEM, now)
        row.stop_reason = str(refusal)
        return
    start(connection, row.id, actor=SYSTEM, now=now, today=today)


def _keep_halted(connection: Connection, row: Broadcast, now: datetime) -> None:
    """What was on its way at the halt and was put back to be tried again must not go out either."""
    if row.purpose_id is None:
        return
    if row.state == State.CANCELLED:
        if deliveries.hold_back(connection, row.purpose_id):
            deliveries.cancel(connection, row.purpose_id, SkipReason.CANCELLED, now)
    elif row.expires_at is not None and row.expires_at <= now:
        _expire(connection, row, now)
    else:
        deliveries.hold_back(connection, row.purpose_id)


def _expire(connection: Connection, row: Broadcast, now: datetime) -> None:
    deliveries.expire(connection, _purpose(row), now)
    move(connection, row, State.DONE, SYSTEM, now)


def _go_on(connection: Connection, row: Broadcast, found: Standing, now: datetime) -> None:
    purpose_id, tally = _purpose(row), found.tally
    why = fault(tally, finished=tally.waiting == 0)
    if why is not None:
        move(connection, row, State.STOPPED, SYSTEM, now)
        row.stop_reason = why
        deliveries.hold_back(connection, purpose_id)
        return
    if row.expires_at is not None and row.expires_at <= now:
        _expire(connection, row, now)
        return
    if tally.waiting:
        return
    if row.state == State.CANARY:
        latest = found.latest or row.starts_at or now
        if now - latest < timedelta(minutes=RULES.canary_wait_minutes):
            return  # people need a moment to unsubscribe
        row.canary_over_at = now
        move(connection, row, State.RUNNING, SYSTEM, now)
    if deliveries.release(connection, purpose_id, RULES.portion, now) == 0:
        move(connection, row, State.DONE, SYSTEM, now)


def _purpose(row: Broadcast) -> int:
    if row.purpose_id is None:
        raise Refused("这次群发还没有开始。")
    return row.purpose_id
