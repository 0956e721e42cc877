"""Lists of subsidy amounts (补贴名册): made by one clerk, approved by another, paid by the treasury.

A line is on at most one list. All verbs raise `Refused` with kind sentences, `NotFound`, and `Conflict` when
somebody else has changed what was seen.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, func, select, update
from sqlmodel import col
from sqlmodel import select as pick

from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.life_cycle import last_day
from policy.refusal import Refused
from storage import audit, evidence_marks, fraud_signals
from storage.database import Connection, Statement
from storage.edits import edit
from storage.errors import Conflict, NotFound
from storage.fraud_signals import Scope
from storage.frozen_months import counted_period
from storage.ledger_tables import SubsidyBatch, SubsidyLine
from storage.subsidies import CHANGED, CLEARED
from storage.tables import core

line, batch = core(SubsidyLine), core(SubsidyBatch)
Status = SubsidyStatus

PAGE: Final = 50
NAMED: Final = 10
"""Most lines that a sentence names by their numbers."""

TAKE: Final = Statement(
    update(line).where(
        line.c.city == bindparam("in_city"),
        line.c.month == bindparam("of_month"),
        line.c.status == str(Status.COMPUTED),
        line.c.batch_id.is_(None),
    ),
    *("status", "batch_id", "updated_at", "in_city", "of_month"),
)
ADVANCE: Final = Statement(
    update(line).where(line.c.batch_id == bindparam("list"), line.c.status == bindparam("from_status")),
    *("status", "updated_at", "list", "from_status"),
)
OVERRIDE: Final = Statement(
    update(line).where(line.c.batch_id == bindparam("list"), line.c.status == str(Status.APPROVED)),
    *("decided_by", "decision_reason", "list"),
)
PAY: Final = Statement(
    update(line).where(line.c.batch_id == bindparam("list"), line.c.status == str(Status.APPROVED)),
    *("status", "paid_on", "paid_period", "updated_at", "list"),
)
LINES: Final = Statement(
    select(line.c.id, line.c.internship_id, line.c.kind, line.c.basis).where(
        line.c.batch_id == bindparam("list"), line.c.status == str(Status.BATCHED)
    ),
    "list",
)
LINE: Final = Statement(select(line.c.status, line.c.batch_id).where(line.c.id == bindparam("key")), "key")
DECIDE: Final = Statement(
    update(line).where(line.c.id == bindparam("key"), line.c.status == bindparam("from_status")),
    *("status", "batch_id", "decided_by", "decision_reason", "updated_at", "key", "from_status"),
)


class Listed(NamedTuple):
    """A list with what stands on it; refused lines do not count. Money in fen."""

    id: int
    city: str
    month: str
    status: str
    created_by: str
    approved_by: str | None
    paid_on: date | None
    version: int
    lines: int
    hosts: int
    fen: int


def create(connection: Connection, city: str, month: str, *, actor: str, now: datetime) -> int:
    """Put all amounts of a city's month that are ready on a new list; returns its number."""
    row = SubsidyBatch(
        city=city, month=month, status=str(Status.BATCHED), created_by=actor, created_at=now, updated_at=now
    )
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    taken = connection.run(TAKE, (str(Status.BATCHED), row.id, now, city, month)).rowcount
    if taken == 0:
        raise Refused(f"{month} 没有可列入名册的补贴。请先测算；待核查的请先核查。")
    audit.add(connection, now, actor, "subsidy.batch", f"subsidy_batch:{row.id}", {"lines": taken})
    return row.id


def approve(
    connection: Connection,
    batch_id: int,
    *,
    actor: str,
    now: datetime,
    today: date,
    seen: int | None = None,
    override: str | None = None,
) -> SubsidyBatch:
    """Approve a list; not by who made it, and not while evidence is missing or new signals stand against it.

    `override` is the reason why missing evidence may wait, kept with the lines. Signals cannot be waived here.
    """
    row = _to_edit(connection, batch_id, seen, now)
    if row.status != Status.BATCHED:
        raise Refused(f"名册 {batch_id} 现在是“{Status(row.status).label}”，不能审批。")
    if row.created_by == actor:
        raise Refused("名册要由另一位工作人员审批，不能自己审批自己做的名册。")
    reasons = _against(connection, row, today)
    missing = _missing(connection, batch_id)
    if missing and not override:
        reasons += [*missing, "材料补齐后登记（jianxi subsidies evidence）；确需先审批的，请写明理由。"]
    if reasons:
        raise Refused(*reasons)
    moved = connection.run(ADVANCE, (str(Status.APPROVED), now, batch_id, str(Status.BATCHED))).rowcount
    if moved == 0:
        raise Refused("名册里已经没有可审批的明细。")
    row.status, row.approved_by = str(Status.APPROVED), actor
    if missing:
        connection.run(OVERRIDE, (actor, override, batch_id))
    detail = {"lines": moved, "evidence_missing_at": len(missing)}
    audit.add(connection, now, actor, "subsidy.approve", f"subsidy_batch:{batch_id}", detail)
    connection.session.flush()
    return row


def pay(
    connection: Connection,
    batch_id: int,
    on: date,
    *,
    actor: str,
    now: datetime,
    today: date,
    seen: int | None = None,
) -> SubsidyBatch:
    """The treasury has paid an approved list on the day `on` (实际拨付, 指标14／15).

    Paid in a month that has been filed, it waits among the corrections.
    """
    row = _to_edit(connection, batch_id, seen, now)
    if row.status != Status.APPROVED:
        raise Refused(f"名册 {batch_id} 现在是“{Status(row.status).label}”，审批通过后才能登记拨付。")
    if on > today:
        raise Refused("拨付日期不能晚于今天，还没拨付的先不登记。")
    if f"{on:%Y-%m}" < row.month:
        raise Refused(f"拨付日期（{on}）早于补贴月份（{row.month}），请核对。")
    period = counted_period(connection, row.city, on)
    paid = connection.run(PAY, (str(Status.PAID), on, period, now, batch_id)).rowcount
    if paid == 0:
        raise Refused("名册里已经没有可拨付的明细。")
    row.status, row.paid_on = str(Status.PAID), on
    detail = {"lines": paid, "on": on.isoformat(), "period": period}
    audit.add(connection, now, actor, "subsidy.pay", f"subsidy_batch:{batch_id}", detail)
    connection.session.flush()
    return row


def refuse(connection: Connection, line_id: int, reason: str, *, actor: str, now: datetime) -> None:
    """Refuse one amount with a reason (不予拨付); it stays on its list, and out of its sum."""
    _decide(connection, line_id, reason, Status.REFUSED, actor, now)


def take_out(connection: Connection, line_id: int, reason: str, *, actor: str, now: datetime) -> None:
    """Take an amount off its list before the approval, to be computed and looked at again (移出名册)."""
    _decide(connection, line_id, reason, Status.COMPUTED, actor, now)


def reinstate(connection: Connection, line_id: int, reason: str, *, actor: str, now: datetime) -> None:
    """Take a refusal back (撤销不予拨付): the amount waits again for a computation and a list."""
    _decide(connection, line_id, reason, Status.HELD, actor, now)


def get(connection: Connection, batch_id: int) -> Listed:
    """One list. Raises `NotFound`."""
    found = connection.sqlalchemy.execute(_lists().where(batch.c.id == batch_id)).first()
    if found is None:
        raise NotFound("subsidy batch")
    return Listed(*found)


def page(
    connection: Connection, city: str | None = None, *, after_id: int = 0, limit: int = PAGE
) -> list[Listed]:
    """Lists in the order of their numbers, those that come after number `after_id`."""
    query = _lists().where(batch.c.id > after_id).order_by(batch.c.id).limit(limit)
    if city is not None:
        query = query.where(batch.c.city == city)
    return [Listed(*found) for found in connection.sqlalchemy.execute(query)]


def _lists() -> Select[Any]:
    own = (line.c.batch_id == batch.c.id, line.c.status != str(Status.REFUSED))
    figures = (
        func.count(),
        func.count(line.c.host_id.distinct()),
        func.coalesce(func.sum(line.c.amount_fen), 0),
    )
    return select(
        *(batch.c[name] for name in Listed._fields[:8]),
        *(select(figure).where(*own).scalar_subquery() for figure in figures),
    )


# --- what stands in the way --------------------------------------------------------------------------------


def _to_edit(connection: Connection, batch_id: int, seen: int | None, now: datetime) -> SubsidyBatch:
    row = connection.session.exec(
        pick(SubsidyBatch).where(col(SubsidyBatch.id) == batch_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("subsidy batch")
    edit(row, seen, now)
    connection.session.add(row)
    return row


def _against(connection: Connection, row: SubsidyBatch, today: date) -> list[str]:
    """What the comparison of data has found since the list was made."""
    first = date.fromisoformat(f"{row.month}-01")
    scope = Scope(row.city, first.replace(month=1), last_day(first, 1), row.month, today)
    found = fraud_signals.holds_of(fraud_signals.search(connection, scope), row.month)
    suspect = []
    for number, owner, kind, basis in connection.run(LINES, (row.id,)).fetchall():
        cleared = basis.get(CLEARED, {})
        holds = found.get((owner, SubsidyKind(kind)), {})
        if any(cleared.get(hold, {}).get("explain") != told for hold, told in holds.items()):
            suspect.append(number)
    if not suspect:
        return []
    named = "、".join(map(str, suspect[:NAMED])) + ("等" if len(suspect) > NAMED else "")
    return [
        f"名册做好以后，{len(suspect)} 条明细有了新的疑点（明细 {named}）。"
        "请先移出名册（jianxi subsidies take-out）并重新测算核查。"
    ]


def _missing(connection: Connection, batch_id: int) -> list[str]:
    """The evidence that hosts have not handed in, a sentence for each host."""
    return [
        f"{one.host_name} 还缺：{'、'.join(kind.label for kind in one.missing)}。"
        for one in evidence_marks.checklists(connection, batch_id)
        if one.missing
    ]


_MAY_COME_FROM: Final = {
    Status.REFUSED: (Status.COMPUTED, Status.HELD, Status.BATCHED, Status.APPROVED),
    Status.COMPUTED: (Status.BATCHED,),
    Status.HELD: (Status.REFUSED,),
}
_VERB: Final = {Status.REFUSED: "refuse", Status.COMPUTED: "take_out", Status.HELD: "reinstate"}


def _decide(
    connection: Connection, line_id: int, reason: str, to: SubsidyStatus, actor: str, now: datetime
) -> None:
    if not reason.strip():
        raise Refused("请写明理由，不要写身份证号、手机号。")
    found = connection.run(LINE, (line_id,)).fetchone()
    if found is None:
        raise NotFound("subsidy line")
    status, batch_id = found
    if status not in _MAY_COME_FROM[to]:
        raise Refused(f"明细 {line_id} 现在是“{Status(status).label}”，不能这样办。")
    kept = batch_id if to is Status.REFUSED else None
    values = (str(to), kept, actor, reason, now, line_id, status)
    if connection.run(DECIDE, values).rowcount != 1:
        raise Conflict(CHANGED)
    if batch_id is not None:  # who looked at the list before saw another sum
        row = connection.session.get_one(SubsidyBatch, batch_id)
        edit(row, None, now)
        connection.session.add(row)
        connection.session.flush()
    detail = {"from": status, "batch": batch_id}
    audit.add(connection, now, actor, f"subsidy.{_VERB[to]}", f"subsidy_line:{line_id}", detail)
