"""Taking a correction into an open month (计入): the one time when the month of an older row is set.

Which corrections wait is in `storage.corrections`. A result goes into a month only together with its ending.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from sqlalchemy import bindparam, update

from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import ENDINGS
from policy.refusal import Refused
from storage import audit
from storage.corrections import MOVEMENT, PAYMENT, STEP, Correction, waiting
from storage.counted_steps import recorded
from storage.counted_steps import transition as step
from storage.database import Connection, Statement
from storage.errors import Conflict
from storage.frozen_months import is_filed
from storage.indicators import line, movement
from storage.transitions import rebuild

_REFERENCE: Final = re.compile(rf"([{STEP}{MOVEMENT}{PAYMENT}])(\d{{1,18}})", re.ASCII)

SET_MONTH: Final = {
    STEP: Statement(
        update(step).where(step.c.id == bindparam("key"), step.c.period.is_(None)), "period", "key"
    ),
    MOVEMENT: Statement(
        update(movement).where(movement.c.id == bindparam("key"), movement.c.period.is_(None)),
        "period",
        "key",
    ),
    PAYMENT: Statement(
        update(line).where(line.c.id == bindparam("key"), line.c.paid_period.is_(None)), "paid_period", "key"
    ),
}


def adopt(
    connection: Connection,
    city: str,
    reference: str,
    month: str,
    *,
    actor: str,
    now: datetime,
    today: date,
) -> Correction:
    """Take a waiting correction of a city into `month` ("YYYY-MM"), still open. Returns what it was.

    Raises `Refused` when none of that reference waits, or the month is filed, in the future, before the fact,
    or for a payment of another year; `Conflict` when somebody has just taken it.
    """
    found = next((one for one in waiting(connection, city) if one.reference == reference), None)
    wanted = _REFERENCE.fullmatch(reference)
    if found is None or wanted is None:
        raise Refused(f"更正清单里没有 {reference}，可能已经计入了。请重新查看：jianxi report corrections。")
    _refuse_closed(connection, found, month, today)
    kind, number = wanted[1], int(wanted[2])
    if connection.run(SET_MONTH[kind], (month, number)).rowcount != 1:
        raise Conflict(f"{reference} 刚被别人计入了，请重新查看更正清单。")
    if kind == STEP and found.internship_id is not None:
        _take_results_along(connection, found.internship_id, number, month)
        rebuild(connection, found.internship_id)
    audit.add(connection, now, actor, "report.adopt", f"report:{city}:{month}", {"correction": reference})
    return found


def _refuse_closed(connection: Connection, found: Correction, month: str, today: date) -> None:
    if month > f"{today:%Y-%m}":
        raise Refused(f"{month}还没有到，请计入本月或之前还没报送的月份。")
    if month <= found.month or is_filed(connection, found.city, month):
        raise Refused(f"{month}已经报送或早于这件事，请计入{found.month}之后还没报送的月份。")
    if found.reference is not None and found.reference[0] == PAYMENT and month[:4] != found.month[:4]:
        raise Refused("拨付金额按年累计，上一年拨付的不能计入今年。请在年度报告里说明。")


def _take_results_along(connection: Connection, internship_id: int, number: int, month: str) -> None:
    """Results that waited with their ending count beside it."""
    rows = recorded(connection, internship_id)
    if rows[number].kind not in ENDINGS:
        return
    for row in rows.values():
        if row.kind == Kind.RESULT and row.period is None and row.voided_at is None:
            connection.run(SET_MONTH[STEP], (month, row.id))
