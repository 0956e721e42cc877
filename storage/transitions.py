"""The steps of internships as rows (台账事项), and the internship's own row as their sum.

Owns how a step is written, counted in a month, taken back, and how the sum is made again. What may follow what
is in `policy.life_cycle`, who may do what in `storage.internships`. Rows are only added to: a step that was
wrong gets a VOID row, and one put in its place says so in its detail (`replaces`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, literal, select, update

from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import COUNTED, ENDINGS, Life, Step, fold
from storage.database import Connection, Statement, insert
from storage.edits import CHANGED_MEANWHILE
from storage.errors import Conflict, NotFound
from storage.frozen_months import counted_period, is_filed
from storage.ledger_tables import Internship, Transition
from storage.sealing import Sealer
from storage.tables import core

NOTE: Final = b"transition.note_sealed"
REPLACES: Final = "replaces"
"""In the detail of a row: the transition whose place it takes."""

internship, transition = core(Internship), core(Transition)


@dataclass(slots=True)
class Row:
    """An internship as the database has it. Set its fields, then `save` it."""

    id: int
    person_id: int
    host_id: int
    position_id: int
    city: str
    stage: str
    track: str | None
    hardship: bool
    applied_on: date
    accepted_on: date | None
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    months: int
    stipend_fen: int
    mentor_id: int | None
    arrived_on: date | None
    arrived_period: str | None
    ended_on: date | None
    ended_period: str | None
    ending: str | None
    end_reason: str | None
    result: str | None
    result_on: date | None
    counted_result: str | None
    contract_on: date | None
    insured_on: date | None
    continues_id: int | None
    source: str
    demo: bool
    updated_at: datetime
    version: int


class Kept(NamedTuple):
    """A transition as it is kept."""

    id: int
    kind: str
    on: date
    period: str | None
    detail: dict[str, Any]
    actor: str
    recorded_at: datetime
    voids_id: int | None
    voided_at: datetime | None
    note_sealed: bytes | None

    @property
    def step(self) -> Step:
        """The step that it records."""
        return Step(Kind(self.kind), self.on, self.detail)


COLUMNS: Final = tuple(field.name for field in fields(Row))
LIFE: Final = tuple(field.name for field in fields(Life))
_CHANGING: Final = (
    *LIFE,
    "hardship",
    "arrived_period",
    "ended_period",
    "counted_result",
    "updated_at",
    "version",
)
_row = select(*(internship.c[name] for name in COLUMNS)).where(internship.c.id == bindparam("key"))

GET: Final = Statement(_row, "key")
GET_TO_EDIT: Final = Statement(_row.with_for_update(), "key")
BEGIN: Final = Statement(
    insert(internship),
    *(name for name in COLUMNS if name != "id"),
    "created_at",
    new_id=internship.c.id,
)
SAVE: Final = Statement(
    update(internship).where(
        internship.c.id == bindparam("key"), internship.c.version == bindparam("version_before")
    ),
    *_CHANGING,
    "key",
    "version_before",
)
ADD: Final = Statement(
    insert(transition),
    "internship_id",
    "city",
    "track",
    "kind",
    "on",
    "period",
    "detail",
    "note_sealed",
    "actor",
    "recorded_at",
    "voids_id",
    new_id=transition.c.id,
)
LIST: Final = Statement(
    select(*(transition.c[name] for name in Kept._fields))
    .where(transition.c.internship_id == bindparam("internship"))
    .order_by(transition.c.id),
    "internship",
)
VOID: Final = Statement(update(transition).where(transition.c.id == bindparam("key")), "voided_at", "key")


def among(*stages: Stage) -> ColumnElement[bool]:
    """The condition that an internship is in one of these stages, for statements."""
    return internship.c.stage.in_([literal(str(stage)) for stage in stages])


def get(connection: Connection, internship_id: int, *, to_edit: bool = False) -> Row:
    """The internship of that number; `to_edit` keeps other processes from editing it until the commit.

    Raises `NotFound`.
    """
    found = connection.run(GET_TO_EDIT if to_edit else GET, (internship_id,)).fetchone()
    if found is None:
        raise NotFound("internship")
    return Row(*found)


def begin(connection: Connection, row: Row, now: datetime) -> int:
    """Store a new internship and return its number; `row.id` is set."""
    values = [getattr(row, name) for name in COLUMNS if name != "id"]
    row.id = connection.add(BEGIN, (*map(_plain, values), now))
    return row.id


def save(connection: Connection, row: Row, version_before: int) -> None:
    """Store the changed row. Raises `Conflict` when somebody else was first."""
    values = [_plain(getattr(row, name)) for name in _CHANGING]
    if connection.run(SAVE, (*values, row.id, version_before)).rowcount != 1:
        raise Conflict(CHANGED_MEANWHILE)


def life_of(row: Row) -> Life:
    """What the row says of the life."""
    values = {name: getattr(row, name) for name in LIFE}
    return Life(
        **values
        | {
            "stage": Stage(row.stage),
            "ending": Ending(row.ending) if row.ending else None,
            "end_reason": EndReason(row.end_reason) if row.end_reason else None,
            "result": Result(row.result) if row.result else None,
        }
    )


def put(row: Row, life: Life) -> None:
    """Write the life into the row."""
    for name in LIFE:
        setattr(row, name, getattr(life, name))


def period_of(connection: Connection, row: Row, kind: Kind, on: date) -> str | None:
    """The month in which a new step is counted; None when it counts in none, or its month has been filed.

    A result counts beside the ending that it belongs to, or not at all: else 指标8 ≥ 9+11 would break.
    """
    if kind in COUNTED:
        return counted_period(connection, row.city, on)
    if kind is Kind.RESULT and row.ended_period is not None:
        return None if is_filed(connection, row.city, row.ended_period) else row.ended_period
    return None


def record(
    connection: Connection,
    sealer: Sealer,
    row: Row,
    step: Step,
    period: str | None,
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
    voids_id: int | None = None,
) -> int:
    """Add the row of a step; returns its number. The note is sealed, the detail holds no personal data."""
    sealed = sealer.seal(note, NOTE) if note else None
    return connection.add(
        ADD,
        (
            row.id,
            row.city,
            step.detail.get("track") or row.track,
            str(step.kind),
            step.on,
            period,
            {name: _plain(value) for name, value in step.detail.items()},
            sealed,
            actor,
            now,
            voids_id,
        ),
    )


def count(row: Row, kind: Kind, period: str | None, result: Result | None) -> None:
    """Write into the row in which month a step counts."""
    if kind is Kind.ARRIVE:
        row.arrived_period = period
    elif kind in ENDINGS:
        row.ended_period = period
        row.counted_result = str(result) if result is not None else None
    elif kind is Kind.RESULT and period is not None and period == row.ended_period:
        row.counted_result = str(result)


def kept(connection: Connection, internship_id: int) -> list[Kept]:
    """Every row of an internship's steps, taken back or not, in the order in which they were recorded."""
    return [Kept(*found) for found in connection.run(LIST, (internship_id,))]


def standing(rows: Iterable[Kept]) -> list[Kept]:
    """The rows that hold, in the order of the life: one put in another's place stands there."""
    rows = list(rows)
    places: dict[int, int] = {}
    for one in rows:
        places[one.id] = places.get(one.detail.get(REPLACES, one.id), one.id)
    return sorted(
        (one for one in rows if one.voided_at is None and one.kind != Kind.VOID),
        key=lambda one: (places[one.id], one.id),
    )


def sum_up(row: Row, rows: Sequence[Kept]) -> None:
    """Write into the row what its standing transitions (`standing`) add up to."""
    put(row, fold(one.step for one in rows))
    row.arrived_period = row.ended_period = row.counted_result = None
    for one in rows:
        result = Result.RETAINED if one.kind == Kind.RETAIN_EARLY else one.detail.get("result")
        count(row, Kind(one.kind), one.period, result)


def rebuild(connection: Connection, internship_id: int) -> Row:
    """Make the internship's row anew from its transitions, after a period was set; returns it."""
    row = get(connection, internship_id, to_edit=True)
    before = [_plain(getattr(row, name)) for name in _CHANGING]
    sum_up(row, standing(kept(connection, internship_id)))
    if [_plain(getattr(row, name)) for name in _CHANGING] != before:
        row.version += 1
        save(connection, row, row.version - 1)
    return row


def take_back(
    connection: Connection,
    sealer: Sealer,
    row: Row,
    target: Kept,
    *,
    on: date,
    actor: str,
    now: datetime,
    note: str | None = None,
) -> None:
    """Add the VOID row for a transition (更正). Figures that were filed stay as they are."""
    step = Step(Kind.VOID, on)
    record(connection, sealer, row, step, None, actor=actor, now=now, note=note, voids_id=target.id)
    connection.run(VOID, (now, target.id))


def replaced_detail(detail: Mapping[str, Any], target: Kept) -> dict[str, Any]:
    """The detail of a step that takes the place of `target`."""
    return {**detail, REPLACES: target.id}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column value
    """A code as its text: drivers take an enumeration for something else."""
    return str(value) if isinstance(value, str) else value
