"""The steps of internships that a month counts (计入本期的事项), as known now or when its report was filed.

Owns which transitions count in a city's month, with the result that counts beside an ending, and what was taken
back: a step that a filed month had counted and that a clerk took back later is deducted (冲减) in the open month
into which the clerk takes that correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, literal, or_, select

from policy.indicators import Indicator, counted_for_arrival, counted_for_ending
from policy.ledger_codes import Result
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import COUNTED, ENDINGS
from storage.database import Connection, Statement
from storage.ledger_tables import MonthlyReport, Transition
from storage.tables import core
from storage.transitions import REPLACES

NOW: Final = datetime.max.replace(tzinfo=UTC)
"""The moment at which everything known now is known."""

transition, filed = core(Transition), core(MonthlyReport)
voiding, target = transition.alias("voiding"), transition.alias("target")


class CountedStep(NamedTuple):
    """A step that counts in a month; `sign` is −1 where it is deducted. `result` is what counts beside an ending."""

    id: int
    internship_id: int
    kind: str
    on: date
    track: str | None
    result: str | None = None
    sign: int = 1

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators in which it counts."""
        return counted_in(self.kind, self.result, self.track)


def counted_in(kind: str, result: str | None, track: str | None) -> tuple[Indicator, ...]:
    """The indicators in which a step of that kind counts, `result` being the one counted beside an ending."""
    if kind == Kind.ARRIVE:
        return counted_for_arrival(track)
    if kind in ENDINGS:
        return counted_for_ending(ENDINGS[Kind(kind)], result, track)
    return ()


_KINDS: Final = [literal(kind.value) for kind in sorted(COUNTED)]

STEPS: Final = Statement(
    select(
        transition.c.id, transition.c.internship_id, transition.c.kind, transition.c.on, transition.c.track
    )
    .where(
        transition.c.city == bindparam("city"),
        transition.c.kind.in_(_KINDS),
        transition.c.period == bindparam("month"),
        transition.c.recorded_at <= bindparam("as_of"),
        or_(transition.c.voided_at.is_(None), transition.c.voided_at > bindparam("as_of")),
    )
    .order_by(transition.c.id),
    "city",
    "month",
    "as_of",
)
RESULTS: Final = Statement(
    select(transition.c.id, transition.c.internship_id, transition.c.detail, transition.c.voided_at)
    .where(
        transition.c.city == bindparam("city"),
        transition.c.kind == Kind.RESULT.value,
        transition.c.period == bindparam("month"),
        transition.c.recorded_at <= bindparam("as_of"),
    )
    .order_by(transition.c.id),
    "city",
    "month",
    "as_of",
)
TAKEN_BACK: Final = Statement(
    select(voiding.c.id, voiding.c.voids_id, voiding.c.internship_id, target.c.period, filed.c.filed_at)
    .select_from(voiding)
    .join(target, target.c.id == voiding.c.voids_id)
    .join(filed, (filed.c.city == target.c.city) & (filed.c.month == target.c.period))
    .where(
        voiding.c.city == bindparam("city"),
        voiding.c.kind == Kind.VOID.value,
        voiding.c.period == bindparam("month"),
    )
    .order_by(voiding.c.id),
    "city",
    "month",
)


class Recorded(NamedTuple):
    """A transition as a report needs it."""

    id: int
    internship_id: int
    kind: str
    on: date
    track: str | None
    period: str | None
    detail: dict[str, Any]
    recorded_at: datetime
    voids_id: int | None
    voided_at: datetime | None


OF_INTERNSHIP: Final = Statement(
    select(*(transition.c[name] for name in Recorded._fields)).where(
        transition.c.internship_id == bindparam("internship")
    ),
    "internship",
)


def recorded(connection: Connection, internship_id: int) -> dict[int, Recorded]:
    """Every transition of an internship, taken back or not, by id."""
    rows = map(Recorded._make, connection.run(OF_INTERNSHIP, (internship_id,)))
    return {row.id: row for row in rows}


def of_month(
    connection: Connection, city: str, month: str, as_of: datetime | None = None
) -> list[CountedStep]:
    """Every step that the month counts or deducts, as known at `as_of` (None: now)."""
    moment = as_of or NOW
    results = counted_results(connection, city, month, moment)
    steps = [
        CountedStep(number, owner, kind, on, track, _counted_result(kind, results.get(owner)))
        for number, owner, kind, on, track in connection.run(STEPS, (city, month, moment)).fetchall()
    ]
    return [*steps, *taken_back(connection, city, month)]


def taken_back(connection: Connection, city: str, month: str) -> list[CountedStep]:
    """The steps of earlier, filed months that this month deducts."""
    return [
        as_filed(connection, city, recorded(connection, owner), target_id, period, filed_at)._replace(
            id=number, sign=-1
        )
        for number, target_id, owner, period, filed_at in connection.run(TAKEN_BACK, (city, month)).fetchall()
    ]


def as_filed(
    connection: Connection,
    city: str,
    rows: Mapping[int, Recorded],
    target_id: int,
    period: str,
    filed_at: datetime,
) -> CountedStep:
    """The step as the report of `period`, filed at that moment, counted it; `rows` are its internship's.

    A step that was put in another's place since is not what was counted: the other one is.
    """
    step = rows[target_id]
    while step.recorded_at > filed_at and REPLACES in step.detail:
        step = rows[step.detail[REPLACES]]
    result = None
    if step.kind in ENDINGS:
        results = counted_results(connection, city, period, filed_at)
        result = _counted_result(step.kind, results.get(step.internship_id))
    return CountedStep(step.id, step.internship_id, step.kind, step.on, step.track, result)


def counted_results(connection: Connection, city: str, month: str, as_of: datetime) -> dict[int, str]:
    """The result that counts in the month, by internship: the newest, one put in another's place standing there."""
    rows = connection.run(RESULTS, (city, month, as_of)).fetchall()
    return {
        internship_id: str(detail["result"])
        for _, internship_id, detail, voided_at in _in_order(rows)
        if voided_at is None or voided_at > as_of
    }


def _in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    places: dict[int, int] = {}
    rows = list(rows)
    for number, _, detail, _ in rows:
        replaced = detail.get(REPLACES, number)
        places[number] = places.get(replaced, replaced)
    return sorted(rows, key=lambda row: (places[row[0]], row[0]))


def _counted_result(kind: str, known: str | None) -> str | None:
    return Result.RETAINED.value if known is None and kind == Kind.RETAIN_EARLY else known
