"""The rows behind the numbers of a report (指标明细): every number opens the list of what it counts.

For a filed month as known when it was filed. `counts` of the rows add up to the number; a deduction counts −1.
Identity is masked unless the caller says otherwise, who then records it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, literal, or_, select

from policy.indicators import ENTERED, PARTS, Indicator, RetainedPart
from policy.ledger_codes import Result, SubsidyKind
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import ENDINGS
from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.refusal import Refused
from storage.corrections import host, position
from storage.counted_steps import NOW, CountedStep, of_month
from storage.counted_steps import transition as step
from storage.database import Connection, Statement
from storage.indicators import internship, last_day, line, movement
from storage.reports import CityMonth
from storage.sealing import Sealer
from storage.tables import Person, core

person = core(Person)

PORTION: Final = 500
"""Rows that are looked up at once."""

_ending = step.alias("ending")
IN_POST: Final = Statement(
    select(step.c.id, step.c.internship_id, step.c.kind, step.c.on, step.c.track)
    .where(
        step.c.city == bindparam("city"),
        step.c.kind == Kind.ARRIVE.value,
        step.c.on <= bindparam("day"),
        step.c.recorded_at <= bindparam("as_of"),
        or_(step.c.voided_at.is_(None), step.c.voided_at > bindparam("as_of")),
        ~select(_ending.c.id)
        .where(
            _ending.c.internship_id == step.c.internship_id,
            _ending.c.kind.in_([literal(kind.value) for kind in ENDINGS]),
            _ending.c.on <= bindparam("day"),
            _ending.c.recorded_at <= bindparam("as_of"),
            or_(_ending.c.voided_at.is_(None), _ending.c.voided_at > bindparam("as_of")),
        )
        .exists(),
    )
    .order_by(step.c.id),
    "city",
    "day",
    "as_of",
)
_moved = (
    select(movement.c.subject_id, func.sum(movement.c.delta))
    .where(
        movement.c.subject == bindparam("subject"),
        movement.c.city == bindparam("city"),
        movement.c.recorded_at <= bindparam("as_of"),
    )
    .group_by(movement.c.subject_id)
    .having(func.sum(movement.c.delta) != 0)
    .order_by(movement.c.subject_id)
)
_MOVED: Final = ("subject", "city", "as_of", "month")
STOCK: Final = Statement(_moved.where(movement.c.period <= bindparam("month")), *_MOVED)
OPENED: Final = Statement(
    _moved.where(movement.c.period == bindparam("month"), movement.c.opened.is_(True)), *_MOVED
)
SUBJECTS: Final = {
    Indicator.HOSTS: ("host", STOCK),
    Indicator.NEW_HOSTS: ("host", OPENED),
    Indicator.POSTS: ("position", STOCK),
    Indicator.NEW_POSTS: ("position", OPENED),
}
PAYMENTS: Final = Statement(
    select(line.c.id, line.c.internship_id, line.c.kind, line.c.month, line.c.paid_on, line.c.amount_fen)
    .where(
        line.c.city == bindparam("city"),
        line.c.paid_period >= bindparam("january"),
        line.c.paid_period <= bindparam("month"),
    )
    .order_by(line.c.id),
    "city",
    "january",
    "month",
)


def members(
    connection: Connection,
    sealer: Sealer,
    report: CityMonth,
    indicator: Indicator,
    part: RetainedPart = RetainedPart.GRADUATES,
    *,
    unmask: bool = False,
) -> Iterator[dict[str, Any]]:
    """The rows that a number of a city's report counts, JSON-safe, in the order in which they were recorded.

    13 lists who is in post by the days of arrival and ending, as `head_count` counts; `part` is what 10 means.
    Raises `Refused` for a number that a clerk enters.
    """
    if indicator == Indicator.RETAINED_PART:
        indicator = PARTS[part]
    if indicator in SUBJECTS:
        return _moved_subjects(connection, report, indicator)
    if indicator == Indicator.PAID_FEN:
        return _payments(connection, sealer, report, unmask=unmask)
    if indicator in (*ENTERED, Indicator.OPENING):
        raise Refused(f"“{indicator.label}”是填报或上月结转的数，没有名单。")
    return _people(connection, sealer, _steps(connection, report, indicator), unmask=unmask)


def _steps(connection: Connection, report: CityMonth, indicator: Indicator) -> list[CountedStep]:
    if indicator in (Indicator.IN_POST, Indicator.HEAD_COUNT):
        moment = report.filed_at or NOW
        rows = connection.run(IN_POST, (report.city, last_day(report.month), moment)).fetchall()
        return [CountedStep(*row) for row in rows]
    counted = of_month(connection, report.city, report.month, report.filed_at)
    return [one for one in counted if indicator in one.indicators]


def _people(
    connection: Connection, sealer: Sealer, steps: Sequence[CountedStep], *, unmask: bool
) -> Iterator[dict[str, Any]]:
    for start in range(0, len(steps), PORTION):
        portion = steps[start : start + PORTION]
        known = _internships(connection, sealer, [one.internship_id for one in portion], unmask=unmask)
        for one in portion:
            yield {
                **known[one.internship_id],
                "step": Kind(one.kind).label,
                "on": one.on.isoformat(),
                "track": one.track,
                "result": Result(one.result).label if one.result else None,
                "counts": one.sign,
            }


def _payments(
    connection: Connection, sealer: Sealer, report: CityMonth, *, unmask: bool
) -> Iterator[dict[str, Any]]:
    january = f"{report.month[:4]}-01"
    rows = connection.run(PAYMENTS, (report.city, january, report.month)).fetchall()
    for start in range(0, len(rows), PORTION):
        portion = rows[start : start + PORTION]
        known = _internships(connection, sealer, [row[1] for row in portion], unmask=unmask)
        for number, owner, kind, month, paid_on, amount in portion:
            yield {
                **known[owner],
                "subsidy": number,
                "kind": SubsidyKind(kind).label,
                "month": month,
                "on": paid_on.isoformat() if paid_on else None,
                "counts": amount,
            }


def _internships(
    connection: Connection, sealer: Sealer, numbers: Sequence[int], *, unmask: bool
) -> dict[int, dict[str, Any]]:
    query = (
        select(
            internship.c.id,
            internship.c.person_id,
            internship.c.city,
            person.c.name_sealed,
            person.c.id_number_sealed,
            person.c.phone_sealed,
            host.c.name,
            position.c.title,
        )
        .join(person, person.c.id == internship.c.person_id)
        .join(host, host.c.id == internship.c.host_id)
        .join(position, position.c.id == internship.c.position_id)
        .where(internship.c.id.in_(numbers))
    )
    masks = (("name", mask_name), ("id_number", mask_id_staff), ("phone", mask_phone))
    found = {}
    for number, person_id, city, *sealed, host_name, title in connection.sqlalchemy.execute(query):
        row = {"internship": number, "person": person_id, "city": city}
        for (field, mask), value in zip(masks, sealed, strict=True):
            text = sealer.open_text(value, f"person.{field}_sealed".encode())
            row[field] = text if unmask else mask(text)
        found[number] = row | {"host": host_name, "position": title}
    return found


def _moved_subjects(
    connection: Connection, report: CityMonth, indicator: Indicator
) -> Iterator[dict[str, Any]]:
    subject, statement = SUBJECTS[indicator]
    moment: datetime = report.filed_at or NOW
    rows = connection.run(statement, (subject, report.city, moment, report.month)).fetchall()
    for start in range(0, len(rows), PORTION):
        portion = dict(rows[start : start + PORTION])
        known = (_hosts if subject == "host" else _positions)(connection, list(portion))
        for number, delta in portion.items():
            yield {
                f"{subject}_id": number,
                "city": report.city,
                **known.get(number, {}),
                "counts": int(delta),
            }


def _hosts(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = select(host.c.id, host.c.name, host.c.uscc).where(host.c.id.in_(numbers))
    return {
        number: {"host_name": name, "uscc": uscc}
        for number, name, uscc in connection.sqlalchemy.execute(query)
    }


def _positions(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    query = (
        select(position.c.id, position.c.title, host.c.name)
        .join(host, host.c.id == position.c.host_id)
        .where(position.c.id.in_(numbers))
    )
    return {
        number: {"title": title, "host_name": name}
        for number, title, name in connection.sqlalchemy.execute(query)
    }
