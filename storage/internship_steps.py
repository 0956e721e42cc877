"""One step of an internship, from what a clerk enters to the rows: checked, counted, attributed.

What all verbs of `storage.internships` share: the rules of the day, the test on the signing day, one internship
at a time, mentors with room, openings used up and given back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NotRequired

from sqlalchemy import bindparam, func, select

from policy.ledger_codes import Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import EARLY, HOLDING, RUNNING, Life, Step, follow, served_months, take
from policy.positions import yuan
from policy.programme import Programme, RuleMissing, programme_on, stipend_floor_fen
from policy.refusal import Refused
from storage import acts, audit, positions, signing, transitions
from storage.database import Connection, Statement
from storage.edits import edit
from storage.errors import NotFound
from storage.ledger_tables import Mentor
from storage.sealing import Sealer
from storage.tables import core
from storage.transitions import Row, among, internship

mentor = core(Mentor)

OTHERS: Final = Statement(
    select(
        internship.c.id,
        internship.c.stage,
        func.coalesce(internship.c.arrived_on, internship.c.signed_on),
        internship.c.ended_on,
    ).where(
        internship.c.person_id == bindparam("person"),
        internship.c.id != bindparam("own"),
        among(*RUNNING, Stage.ENDED),
    ),
    "person",
    "own",
)
SAME_POSITION: Final = Statement(
    select(internship.c.id).where(
        internship.c.person_id == bindparam("person"),
        internship.c.position_id == bindparam("position"),
        internship.c.id != bindparam("own"),
        among(*EARLY, *RUNNING),
    ),
    "person",
    "position",
    "own",
)
MENTOR: Final = Statement(select(mentor.c.host_id).where(mentor.c.id == bindparam("key")), "key")
LED: Final = Statement(
    select(func.count()).where(
        internship.c.mentor_id == bindparam("mentor"),
        internship.c.stage == str(Stage.IN_POST),
        internship.c.id != bindparam("own"),
    ),
    "mentor",
    "own",
)


class Act(acts.Act):
    """How a verb is done, with a `note` that is kept sealed."""

    note: NotRequired[str | None]


def take_step(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    kind: Kind,
    detail: Mapping[str, Any],
    act: Act,
) -> Row:
    """Take one step of an internship; raises `Refused`, `NotFound`, `Conflict`."""
    step = Step(kind, acts.day_of(act), detail)
    row = transitions.get(connection, internship_id, to_edit=True)
    version = row.version
    edit(row, act.get("seen"), act["now"])
    before = transitions.life_of(row)
    chain, months_before = chain_of(connection, row)
    take(before, step, programme(step.on, row.city), months_before)
    if kind in (Kind.SIGN, Kind.ARRIVE):
        refuse_overlap(connection, row, step.on)
    step = prepared(connection, sealer, row, step, chain, act["now"])
    after = follow(before, step)
    if kind in (Kind.ARRIVE, Kind.ASSIGN_MENTOR):
        _refuse_crowd(connection, row, after.mentor_id, step.on)
    hold(connection, row.position_id, before, after)
    transitions.put(row, after)
    period = transitions.period_of(connection, row, kind, step.on)
    transitions.count(row, kind, period, after.result)
    record(connection, sealer, row, step, period, act)
    transitions.save(connection, row, version)
    return row


def prepared(
    connection: Connection, sealer: Sealer, row: Row, step: Step, chain: Sequence[int], now: datetime
) -> Step:
    """The step with what the base adds to it, once what it names has been looked at; `chain` as of `chain_of`."""
    mentor_id = step.detail.get("mentor_id")
    if mentor_id is not None:
        _refuse_strange_mentor(connection, row, mentor_id)
    if step.kind is not Kind.SIGN:
        return step
    _refuse_low_stipend(row.city, step.on, step.detail.get("stipend_fen") or row.stipend_fen)
    found = signing.admit(connection, sealer, row.person_id, row.city, step.on, chain, now)
    row.hardship = found.hardship
    return step._replace(detail={**step.detail, "track": found.track})


def record(
    connection: Connection, sealer: Sealer, row: Row, step: Step, period: str | None, act: Act
) -> None:
    """Add the step's row and its line in the audit log."""
    transitions.record(
        connection, sealer, row, step, period, actor=act["actor"], now=act["now"], note=act.get("note")
    )
    subject, detail = f"internship:{row.id}", {"on": step.on.isoformat()}
    audit.add(connection, act["now"], act["actor"], f"internship.{step.kind}", subject, detail)


def hold(connection: Connection, position_id: int, before: Life, after: Life) -> None:
    """Use up an opening, or give it back, as the stage asks."""
    if (before.stage in HOLDING) is (after.stage in HOLDING):
        return
    if after.stage in HOLDING:
        positions.take(connection, position_id)
    else:
        positions.give_back(connection, position_id)


def chain_of(connection: Connection, row: Row) -> tuple[list[int], int]:
    """The internship with those that it continues, and the months that were served in them."""
    chain, months, earlier = [row.id], 0, row.continues_id
    while earlier is not None and earlier not in chain:
        one = transitions.get(connection, earlier)
        chain.append(one.id)
        months += served_months(transitions.life_of(one))
        earlier = one.continues_id
    return chain, months


def programme(on: date, city: str) -> Programme:
    """The rules of a day; raises `Refused` for a day of which none are known."""
    try:
        return programme_on(on, city)
    except RuleMissing as missing:
        raise Refused(str(missing)) from None


# --- what stands in the way --------------------------------------------------------------------------------


def refuse_overlap(connection: Connection, row: Row, on: date) -> None:
    """One internship at a time. The other is named by its number only: its host is nobody else's business.

    Of two clerks who begin an internship of one person at once, the second waits here for what the first does.
    """
    signing.hold(connection, row.person_id)
    for other_id, stage, begins, ended_on in connection.run(OTHERS, (row.person_id, row.id)).fetchall():
        was_there = begins <= on and (ended_on is None or on < ended_on)
        if stage in RUNNING or was_there:
            raise Refused(f"这个人同一时间还有一份见习（编号 {other_id}）。请先把那一份了结，再办这一份。")


def refuse_double(connection: Connection, person_id: int, position_id: int, own_id: int = 0) -> None:
    """One running application for a position."""
    same = connection.run(SAME_POSITION, (person_id, position_id, own_id)).fetchone()
    if same is not None:
        raise Refused(f"这个岗位已经报过了（编号 {same[0]}），不用重复报名。")


def _refuse_strange_mentor(connection: Connection, row: Row, mentor_id: int) -> None:
    found = connection.run(MENTOR, (mentor_id,)).fetchone()
    if found is None:
        raise NotFound("mentor")
    if found[0] != row.host_id:
        raise Refused("这位带教老师不是这家单位的，请选本单位的老师。")


def _refuse_crowd(connection: Connection, row: Row, mentor_id: int | None, on: date) -> None:
    most = programme(on, row.city).interns_per_mentor
    led = connection.run(LED, (mentor_id, row.id)).fetchone()[0]
    if led >= most:
        raise Refused(f"这位带教老师已经带了 {led} 人，上限是 {most} 人，请换一位老师。")


def _refuse_low_stipend(city: str, on: date, stipend_fen: int) -> None:
    try:
        floor = stipend_floor_fen(city, on)
    except LookupError:
        return  # no wage is on record for that month: the subsidy's own check says so
    if stipend_fen < floor:
        raise Refused(f"月补贴 {yuan(stipend_fen)} 元，低于当地下限 {yuan(floor)} 元，请先和单位商定。")


# --- values ------------------------------------------------------------------------------------------------


def evidence(act: Act, contract_on: date | None, insured_on: date | None) -> dict[str, Any]:
    """The days of contract and insurance as detail. Raises `Refused` when one lies ahead."""
    for day in (contract_on, insured_on):
        if day is not None and day > act["today"]:
            raise Refused("合同和参保日期不能晚于今天，请核对。")
    return given({"contract_on": iso(contract_on), "insured_on": iso(insured_on)})


def iso(day: date | None) -> str | None:
    """A day as it stands in a detail."""
    return day.isoformat() if day else None


def given(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail without what was not given."""
    return {name: value for name, value in detail.items() if value is not None}
