"""What the unemployment register (失业登记库) tells of a person: registered as unemployed, found by comparison.

人社部发〔2023〕27号 二(一). The field keeps its history: a row of source `comparison` beside what the person said.
A finding is applied once for each state of the register: whoever corrects it afterwards is believed until the
register is imported with something new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import RowMapping, bindparam, func, insert, select, update

from dialogs.facts import assessment
from policy.eligibility import Assessment
from storage.database import Connection, Statement
from storage.sealing import Sealer
from storage.tables import EligibilityResult, Person, PersonField, core

FIELD: Final = "unemployment_registered"
SOURCE: Final = "comparison"
PORTION: Final = 1000

person, field, result = core(Person), core(PersonField), core(EligibilityResult)

NEEDED: Final = (
    "id",
    "track",
    "outcome",
    "eligible_until",
    "decided_by",
    "circumstances",
    "education",
    "graduated_on",
    "birth_date_sealed",
)
SET: Final = Statement(
    update(person).where(person.c.id == bindparam("row")).values(version=person.c.version + 1),
    FIELD,
    "track",
    "outcome",
    "eligible_until",
    "updated_at",
    "row",
)
TELL: Final = Statement(
    insert(field).values(field=FIELD, source=SOURCE), "person_id", "value_sealed", "actor", "at"
)
ASSESSED: Final = Statement(
    insert(result),
    "person_id",
    "test_date",
    "track",
    "outcome",
    "reasons",
    "eligible_until",
    "parameters",
    "at",
)


class Finding(NamedTuple):
    """A person found in the register, and since when the register says so."""

    person_id: int
    at: datetime


def confirm_registered(
    connection: Connection,
    sealer: Sealer,
    findings: Sequence[Finding],
    *,
    now: datetime,
    today: date,
    actor: str = "cross_match",
) -> int:
    """Set the field of these people, and judge anew whom no clerk has judged; returns how many it concerns."""
    number = 0
    for start in range(0, len(findings), PORTION):
        portion = findings[start : start + PORTION]
        known = _applied(connection, portion)
        new = [
            found.person_id
            for found in portion
            if found.person_id not in known or known[found.person_id] < found.at
        ]
        _apply(connection, sealer, new, now, today, actor)
        number += len(new)
    return number


def _applied(connection: Connection, findings: Sequence[Finding]) -> dict[int, datetime]:
    """When the register was last believed, by person."""
    query = (
        select(field.c.person_id, func.max(field.c.at))
        .where(
            field.c.person_id.in_([found.person_id for found in findings]),
            field.c.field == FIELD,
            field.c.source == SOURCE,
        )
        .group_by(field.c.person_id)
    )
    return {row[0]: row[1] for row in connection.sqlalchemy.execute(query)}


def _apply(
    connection: Connection, sealer: Sealer, people: Sequence[int], now: datetime, today: date, actor: str
) -> None:
    columns = (person.c[name] for name in NEEDED)
    rows = connection.sqlalchemy.execute(select(*columns).where(person.c.id.in_(people)))
    settled: list[tuple[Any, ...]] = []
    judged: list[tuple[Any, ...]] = []
    for row in rows.mappings():
        track, outcome, until = row["track"], row["outcome"], row["eligible_until"]
        if row["decided_by"] is None:
            found = _assess(sealer, row, today)
            track, outcome, until = str(found.track or track), str(found.outcome), found.eligible_until
            reasons = [str(reason) for reason in found.reasons]
            judged.append((row["id"], today, track, outcome, reasons, until, today.isoformat(), now))
        settled.append(("yes", track, outcome, until, now, row["id"]))
    connection.run_many(SET, settled)
    sealed = orjson.dumps("yes")
    told = [(one, sealer.seal(sealed, b"person_field.value_sealed"), actor, now) for one in people]
    connection.run_many(TELL, told)
    connection.run_many(ASSESSED, judged)


def _assess(sealer: Sealer, row: RowMapping, today: date) -> Assessment:
    """The forecast with the unemployment registration known; opens the birth date and nothing else."""
    answers: dict[str, Any] = {
        name: row[name] for name in ("track", "circumstances", "education", "graduated_on") if row[name]
    }
    sealed = row["birth_date_sealed"]
    if sealed is not None:
        answers["birth_date"] = sealer.open_text(sealed, b"person.birth_date_sealed")
    return assessment({**answers, FIELD: "yes"}, today)
