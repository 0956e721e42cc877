"""Corrections (更正): what became known of a filed month after it was filed, and how it is taken into an open one.

A filed report never changes. A late arrival, ending, stock movement or payment waits here without a month until
a clerk takes it into one that is still open; a step taken back after its month was filed waits to be deducted.
A result learned late is only shown: 指标9、11 are of the people counted in 指标8 of the same month.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, literal, select

from policy.indicators import Indicator, counted_for_ending
from policy.ledger_codes import Result, SubsidyStatus
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import COUNTED, ENDINGS
from storage.counted_steps import as_filed, counted_in, filed, of_month, recorded, target, voiding
from storage.counted_steps import transition as step
from storage.database import Connection, Statement
from storage.indicators import internship, line, movement
from storage.ledger_tables import Host, Position
from storage.tables import core
from storage.transitions import REPLACES

host, position = core(Host), core(Position)

STEP, MOVEMENT, PAYMENT = "T", "M", "S"
"""First letters of a correction's reference; the id of its row follows."""


class Correction(NamedTuple):
    """One correction. `month` is the filed month it belongs to, `changes` what it would have changed there.

    `reference` is what `storage.adoption.adopt` takes; None for what no later month may count.
    """

    reference: str | None
    city: str
    month: str
    what: str
    on: date
    recorded_at: datetime
    changes: dict[str, int]
    subject: str
    internship_id: int | None = None


_COUNTED: Final = [literal(kind.value) for kind in sorted(COUNTED)]

LATE_STEPS: Final = Statement(
    select(
        step.c.id,
        step.c.internship_id,
        step.c.kind,
        step.c.on,
        step.c.track,
        step.c.recorded_at,
        internship.c.result,
    )
    .join(internship, internship.c.id == step.c.internship_id)
    .where(
        step.c.city == bindparam("city"),
        step.c.kind.in_(_COUNTED),
        step.c.period.is_(None),
        step.c.voided_at.is_(None),
    )
    .order_by(step.c.id),
    "city",
)
TAKEN_BACK_LATER: Final = Statement(
    select(
        voiding.c.id,
        voiding.c.voids_id,
        voiding.c.internship_id,
        voiding.c.recorded_at,
        target.c.period,
        filed.c.filed_at,
    )
    .select_from(voiding)
    .join(target, target.c.id == voiding.c.voids_id)
    .join(filed, and_(filed.c.city == target.c.city, filed.c.month == target.c.period))
    .where(
        voiding.c.city == bindparam("city"),
        voiding.c.kind == Kind.VOID.value,
        voiding.c.period.is_(None),
        target.c.kind.in_(_COUNTED),
        target.c.voided_at > filed.c.filed_at,
    )
    .order_by(voiding.c.id),
    "city",
)
LATE_MOVEMENTS: Final = Statement(
    select(
        movement.c.id,
        movement.c.subject,
        movement.c.subject_id,
        movement.c.on,
        movement.c.delta,
        movement.c.opened,
        movement.c.recorded_at,
        host.c.name,
        position.c.title,
    )
    .select_from(movement)
    .outerjoin(host, and_(movement.c.subject == "host", host.c.id == movement.c.subject_id))
    .outerjoin(position, and_(movement.c.subject == "position", position.c.id == movement.c.subject_id))
    .where(
        movement.c.subject.in_([literal("host"), literal("position")]),
        movement.c.city == bindparam("city"),
        movement.c.period.is_(None),
    )
    .order_by(movement.c.id),
    "city",
)
LATE_PAYMENTS: Final = Statement(
    select(line.c.id, line.c.internship_id, line.c.paid_on, line.c.amount_fen, line.c.updated_at)
    .where(
        line.c.city == bindparam("city"),
        line.c.paid_period.is_(None),
        line.c.status == SubsidyStatus.PAID.value,
    )
    .order_by(line.c.id),
    "city",
)
FILED_MONTHS: Final = Statement(
    select(filed.c.month, filed.c.filed_at).where(filed.c.city == bindparam("city")).order_by(filed.c.month),
    "city",
)
RESULTS_NOW: Final = Statement(
    select(
        internship.c.id,
        internship.c.ending,
        internship.c.result,
        internship.c.result_on,
        internship.c.track,
        internship.c.updated_at,
    ).where(internship.c.city == bindparam("city"), internship.c.ended_period == bindparam("month")),
    "city",
    "month",
)


def corrections(connection: Connection, city: str, month: str | None = None) -> list[Correction]:
    """The corrections of a city, all or those of one filed month, those of one kind together."""
    found = (*waiting(connection, city), *_late_results(connection, city, month))
    return [one for one in found if month in (None, one.month)]


def waiting(connection: Connection, city: str) -> Iterator[Correction]:
    """The corrections of a city that can be taken into an open month."""
    yield from _late_steps(connection, city)
    yield from _taken_back(connection, city)
    yield from _late_movements(connection, city)
    yield from _late_payments(connection, city)


def _late_steps(connection: Connection, city: str) -> Iterator[Correction]:
    for number, owner, kind, on, track, recorded_at, result in connection.run(LATE_STEPS, (city,)).fetchall():
        yield Correction(
            f"{STEP}{number}",
            city,
            f"{on:%Y-%m}",
            f"补报{Kind(kind).label}",
            on,
            recorded_at,
            _changes(kind, result, track),
            f"见习 {owner}",
            owner,
        )


def _taken_back(connection: Connection, city: str) -> Iterator[Correction]:
    rows = connection.run(TAKEN_BACK_LATER, (city,)).fetchall()
    for number, target_id, owner, recorded_at, period, filed_at in rows:
        known = recorded(connection, owner)
        if any(row.detail.get(REPLACES) == target_id and row.period == period for row in known.values()):
            continue  # put right within what the month counted
        counted = as_filed(connection, city, known, target_id, period, filed_at)
        yield Correction(
            f"{STEP}{number}",
            city,
            period,
            f"冲减{Kind(counted.kind).label}",
            counted.on,
            recorded_at,
            _changes(counted.kind, counted.result, counted.track, -1),
            f"见习 {owner}",
            owner,
        )


def _late_movements(connection: Connection, city: str) -> Iterator[Correction]:
    rows = connection.run(LATE_MOVEMENTS, (city,)).fetchall()
    for number, subject, subject_id, on, delta, opened, recorded_at, name, title in rows:
        stock, new, word = _SUBJECTS[subject]
        changes = {stock.value: delta} | ({new.value: delta} if opened else {})
        what = f"补报{'新增' if opened else '增减'}{word}"
        yield Correction(
            f"{MOVEMENT}{number}",
            city,
            f"{on:%Y-%m}",
            what,
            on,
            recorded_at,
            changes,
            f"{word} {subject_id} {name or title or ''}".strip(),
        )


def _late_payments(connection: Connection, city: str) -> Iterator[Correction]:
    for number, owner, on, amount, updated_at in connection.run(LATE_PAYMENTS, (city,)).fetchall():
        yield Correction(
            f"{PAYMENT}{number}",
            city,
            f"{on:%Y-%m}",
            "补报拨付补贴",
            on,
            updated_at,
            {Indicator.PAID_FEN.value: amount},
            f"见习 {owner}",
            owner,
        )


def _late_results(connection: Connection, city: str, only: str | None) -> Iterator[Correction]:
    for month, filed_at in connection.run(FILED_MONTHS, (city,)).fetchall():
        if only not in (None, month):
            continue
        was = {
            counted.internship_id: counted
            for counted in of_month(connection, city, month, filed_at)
            if counted.sign > 0 and counted.kind in ENDINGS
        }
        for owner, ending, result, on, track, at in connection.run(RESULTS_NOW, (city, month)).fetchall():
            before = was.get(owner)
            if before is None or result is None:
                continue
            changes = Counter(name.value for name in counted_for_ending(ending, result, track))
            changes.subtract(name.value for name in before.indicators)
            if any(changes.values()):
                what = f"后补去向：{Result(result).label}"
                changed = {name: number for name, number in changes.items() if number}
                yield Correction(None, city, month, what, on, at, changed, f"见习 {owner}", owner)


_SUBJECTS: Final = {
    "host": (Indicator.HOSTS, Indicator.NEW_HOSTS, "单位"),
    "position": (Indicator.POSTS, Indicator.NEW_POSTS, "岗位"),
}


def _changes(kind: str, result: str | None, track: str | None, sign: int = 1) -> dict[str, int]:
    """What a step adds to the figures of its month, 13 among them; `sign` −1 takes it away."""
    staying = 1 if kind == Kind.ARRIVE else -1
    names = {name.value: sign for name in counted_in(kind, result, track)}
    return {**names, Indicator.IN_POST.value: sign * staying}
