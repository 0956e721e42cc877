"""Deliveries as staff see and settle them (投递记录): lists, unknown ends, another try, outcomes told later.

Nothing personal is in here: contacts are told apart by number. What was said is in the conversation's log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, update

from policy.outgoing_codes import CaseKind
from policy.outgoing_codes import DeliveryState as State
from policy.refusal import Refused
from storage import audit, cases, stopped_lanes
from storage.database import Connection
from storage.delivery_claims import is_in
from storage.errors import NotFound
from storage.outgoing_tables import Delivery, Purpose
from storage.sealing import Sealer
from storage.tables import Contact, StaffCase, core

delivery, purpose, contact, case = core(Delivery), core(Purpose), core(Contact), core(StaffCase)

MAY_GO_AGAIN: Final = (State.FAILED, State.REFUSED, State.UNKNOWN, State.EXPIRED)
UNKNOWN_NOTE: Final = (
    "推送“{key}”有消息不知道对方收到没有（发送时程序中断或网络断开）。系统不会自动重发。"
    "请执行 jianxi deliveries unknown 查看，核实后用 jianxi deliveries resolve 登记。"
)


class Record(NamedTuple):
    """A delivery with what it was for. `via` is the channel it stands in or went over."""

    id: int
    purpose: str
    kind: str
    contact_id: int
    state: str
    reason: str | None
    attempts: int
    via: str | None
    due_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None


_records: Final = select(
    delivery.c.id,
    purpose.c.key,
    purpose.c.kind,
    delivery.c.contact_id,
    delivery.c.state,
    delivery.c.reason,
    delivery.c.attempts,
    delivery.c.lane,
    delivery.c.due_at,
    delivery.c.sent_at,
    delivery.c.settled_at,
).join(purpose, purpose.c.id == delivery.c.purpose_id)


def listed(
    connection: Connection,
    *,
    purpose_id: int | None = None,
    person_id: int | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Record]:
    """Deliveries, the newest first, of a purpose, a person (over all their contacts) or in a state if wanted.

    `before` is the number to go on from.
    """
    query = _records.order_by(delivery.c.id.desc()).limit(limit)
    if purpose_id is not None:
        query = query.where(delivery.c.purpose_id == purpose_id)
    if person_id is not None:
        # From every purpose straight to the few rows: contacts alone have no index, which would burden every fan-out.
        theirs = select(contact.c.id).where(contact.c.person_id == person_id)
        query = query.where(delivery.c.contact_id.in_(theirs))
    if state is not None:
        query = query.where(is_in(state))
    if before is not None:
        query = query.where(delivery.c.id < before)
    return _read(connection, query)


def _read(connection: Connection, query: Select[Any]) -> list[Record]:
    return [Record(*row) for row in connection.sqlalchemy.execute(query)]


class Unknown(NamedTuple):
    """How many messages of a purpose have an unknown end, and since when the oldest has."""

    purpose_id: int
    key: str
    number: int
    since: datetime
    case_id: int | None


def unknown(connection: Connection) -> list[Unknown]:
    """Purposes with messages whose end is unknown."""
    query = (
        select(
            purpose.c.id,
            purpose.c.key,
            func.count(),
            func.min(delivery.c.settled_at),
            purpose.c.case_id,
        )
        .select_from(delivery.join(purpose, purpose.c.id == delivery.c.purpose_id))
        .where(is_in(State.UNKNOWN))
        .group_by(purpose.c.id, purpose.c.key, purpose.c.case_id)
        .order_by(purpose.c.id)
    )
    return [Unknown(*row) for row in connection.sqlalchemy.execute(query)]


def unknown_numbers(connection: Connection, purpose_id: int) -> list[int]:
    """The numbers of the messages of a purpose whose end is unknown."""
    query = select(delivery.c.id).where(is_in(State.UNKNOWN), delivery.c.purpose_id == purpose_id)
    return [row[0] for row in connection.sqlalchemy.execute(query.order_by(delivery.c.id))]


def resume_lane(connection: Connection, channel: str, *, actor: str, now: datetime) -> bool:
    """Staff say that an account works again; returns whether its lane was stopped."""
    resumed = stopped_lanes.resume(connection, channel)
    if resumed:
        audit.add(connection, now, actor, "lane.resume", f"lane:{channel}")
    return resumed


def purpose_number(connection: Connection, key: str) -> int:
    """The number of the purpose with that key. Raises `NotFound`."""
    found: int | None = connection.sqlalchemy.execute(
        select(purpose.c.id).where(purpose.c.key == key)
    ).scalar()
    if found is None:
        raise NotFound("purpose")
    return found


def report_unknown(connection: Connection, sealer: Sealer, purpose_id: int, now: datetime) -> None:
    """See to it that a case is open for the unknown messages of a purpose: one, however many they are."""
    row = connection.sqlalchemy.execute(
        select(purpose.c.key, case.c.status)
        .select_from(purpose.outerjoin(case, case.c.id == purpose.c.case_id))
        .where(purpose.c.id == purpose_id)
    ).one()
    if row.status == cases.OPEN_STATE:
        return
    note = UNKNOWN_NOTE.format(key=row.key)
    number = cases.open_case(connection, sealer, CaseKind.UNKNOWN_DELIVERY, None, now, note=note)
    connection.sqlalchemy.execute(update(purpose).where(purpose.c.id == purpose_id).values(case_id=number))


def resolve(
    connection: Connection, numbers: Sequence[int], arrived: bool, *, actor: str, now: datetime
) -> int:
    """A clerk has found out what became of unknown messages; returns how many. Raises `Refused` for others."""
    purposes = _purposes(connection, numbers, (State.UNKNOWN,), "不是“结果不明”，不用核实")
    values: dict[str, Any] = {"state": State.SENT if arrived else State.FAILED, "settled_at": now}
    values |= (
        {"reason": "resolved", "content_sealed": None} if arrived else {"reason": "resolved", "sent_at": None}
    )
    _change(connection, numbers, values)
    _note(connection, numbers, "delivery.resolve", {"arrived": arrived}, actor, now)
    for purpose_id in purposes:
        _close_case(connection, purpose_id, now)
    return len(numbers)


def retry(connection: Connection, numbers: Sequence[int], *, actor: str, now: datetime) -> int:
    """Send again what failed or has an unknown end, as a clerk decided; returns how many. Raises `Refused`.

    Its text must still be there, or its purpose have one.
    """
    purposes = _purposes(connection, numbers, MAY_GO_AGAIN, "不能重发")
    gone = connection.sqlalchemy.execute(
        select(delivery.c.id)
        .join(purpose, purpose.c.id == delivery.c.purpose_id)
        .where(delivery.c.id.in_(numbers), delivery.c.content_sealed.is_(None), purpose.c.text == "")
    ).all()
    if gone:
        raise Refused(*(f"第 {row[0]} 号的内容已经清除，不能重发。" for row in gone))
    lane = select(contact.c.channel).where(contact.c.id == delivery.c.contact_id).scalar_subquery()
    values = {
        "state": State.QUEUED,
        "lane": lane,
        "due_at": now,
        "attempts": 0,
        "reason": None,
        "sent_to": None,
        "sent_at": None,
        "settled_at": None,
    }
    _change(connection, numbers, values)
    _note(connection, numbers, "delivery.retry", {}, actor, now)
    for purpose_id in purposes:
        _close_case(connection, purpose_id, now)
    return len(numbers)


def outcome(
    connection: Connection, channel: str, platform_message_id: str, state: State, status: str, now: datetime
) -> bool:
    """What a platform tells later about a message it took; returns whether it was one of ours.

    `state` is sent, refused (the person does not want it) or failed; `status` the platform's own word for it.
    """
    which = (delivery.c.platform_message_id == platform_message_id) & (delivery.c.lane == channel)
    found = connection.sqlalchemy.execute(select(delivery.c.id).where(which, is_in(State.SENT))).scalar()
    if found is None:
        return False
    if state is not State.SENT:
        _change(connection, [found], {"state": state, "reason": status, "sent_at": None, "settled_at": now})
    return True


def _purposes(connection: Connection, numbers: Sequence[int], states: Sequence[State], what: str) -> set[int]:
    """The purposes of these deliveries. Raises `NotFound`, or `Refused` for every one that is in another state."""
    rows = connection.sqlalchemy.execute(
        select(delivery.c.id, delivery.c.state, delivery.c.purpose_id).where(delivery.c.id.in_(numbers))
    ).all()
    if len(rows) < len(set(numbers)) or not rows:
        raise NotFound("delivery")
    wrong = [
        f"第 {row.id} 号是“{State(row.state).label}”，{what}。" for row in rows if row.state not in states
    ]
    if wrong:
        raise Refused(*wrong)
    return {row.purpose_id for row in rows}


def _close_case(connection: Connection, purpose_id: int, now: datetime) -> None:
    """Close the case of a purpose once nothing of it is unknown any more."""
    left: ColumnElement[bool] = (
        select(delivery.c.id).where(is_in(State.UNKNOWN), delivery.c.purpose_id == purpose_id).exists()
    )
    number = select(purpose.c.case_id).where(purpose.c.id == purpose_id).scalar_subquery()
    connection.sqlalchemy.execute(
        update(case)
        .where(case.c.id == number, case.c.status == cases.OPEN_STATE, ~left)
        .values(status=cases.CLOSED, closed_at=now, version=case.c.version + 1)
    )


def _change(connection: Connection, numbers: Sequence[int], values: dict[str, Any]) -> None:
    connection.sqlalchemy.execute(update(delivery).where(delivery.c.id.in_(numbers)).values(**values))


def _note(
    connection: Connection,
    numbers: Sequence[int],
    action: str,
    detail: dict[str, Any],
    actor: str,
    now: datetime,
) -> None:
    for number in numbers:
        audit.add(connection, now, actor, action, f"delivery:{number}", detail)
