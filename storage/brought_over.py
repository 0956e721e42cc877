"""Internships from a ledger kept elsewhere (已有台账导入): one line becomes the steps it tells of, on their days.

The rules of the life cycle hold for them too; who was eligible, and at which stipend, the bureau decided long ago.
The same line again changes nothing; a line that tells more than before adds the steps that are new.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, select

from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import ENDINGS, HOLDING, Life, Step, take
from policy.refusal import Refused
from storage import audit, positions, signing, transitions
from storage.database import Connection, Statement
from storage.errors import NotFound
from storage.internship_steps import given, iso, programme
from storage.internships import begun
from storage.ledger_tables import Position
from storage.sealing import Sealer
from storage.tables import core
from storage.transitions import Kept, Row, among, internship

position = core(Position)

POSITION: Final = Statement(
    select(
        *(position.c[name] for name in ("host_id", "city", "months", "stipend_fen", "mentor_id", "demo"))
    ).where(position.c.id == bindparam("key")),
    "key",
)
KNOWN: Final = Statement(
    select(internship.c.id)
    .where(
        internship.c.person_id == bindparam("person"),
        internship.c.position_id == bindparam("position"),
        ~among(Stage.DECLINED, Stage.WITHDRAWN, Stage.CANCELLED),
    )
    .order_by(internship.c.id.desc())
    .limit(1),
    "person",
    "position",
)
OTHER_TIMES: Final = Statement(
    select(internship.c.id, internship.c.arrived_on, internship.c.ended_on).where(
        internship.c.person_id == bindparam("person"),
        internship.c.id != bindparam("own"),
        func.coalesce(internship.c.arrived_on, internship.c.signed_on).is_not(None),
        internship.c.stage != str(Stage.CANCELLED),
    ),
    "person",
    "own",
)
ENDED_BY: Final = {ending: kind for kind, ending in ENDINGS.items()}


class LedgerLine(NamedTuple):
    """What one line of the other ledger says; money in fen. Days that it does not tell are None."""

    person_id: int
    position_id: int
    applied_on: date | None = None
    accepted_on: date | None = None
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    arrived_on: date | None = None
    stipend_fen: int | None = None
    mentor_id: int | None = None
    ending: Ending | None = None
    ended_on: date | None = None
    end_reason: EndReason | None = None
    result: Result | None = None
    contract_on: date | None = None
    insured_on: date | None = None


def bring_over(
    connection: Connection, sealer: Sealer, line: LedgerLine, *, actor: str, now: datetime, today: date
) -> tuple[int, str]:
    """Put one line into the ledger; returns the internship's number and added, changed or unchanged.

    Raises `NotFound` for an unknown position or person, and `Refused` when the rules, an internship at the same
    time, or what the ledger has already stand against it.
    """
    offer = connection.run(POSITION, (line.position_id,)).fetchone()
    if offer is None:
        raise NotFound("position")
    host_id, city, months, stipend_fen, mentor_id, demo = offer
    known = connection.run(KNOWN, (line.person_id, line.position_id)).fetchone()
    row = transitions.get(connection, known[0], to_edit=True) if known else None
    before = transitions.life_of(row) if row else None
    has = transitions.standing(transitions.kept(connection, row.id)) if row else []
    begins = given({"months": months, "stipend_fen": line.stipend_fen or stipend_fen, "mentor_id": mentor_id})
    steps = [step for step in _steps(line, begins) if not _is_there(step, has)]
    if any(step.on > today for step in steps):
        raise Refused("日期不能晚于今天，还没发生的事先不登记。")
    if not steps:
        assert row is not None  # a line without any day is refused by `_steps`
        return row.id, "unchanged"
    if row is None:
        row = begun(steps[0], line.person_id, host_id, line.position_id, city, "import", now)
        row.demo = demo
    _add(connection, sealer, row, before, steps, actor, now)
    detail = {"steps": [str(step.kind) for step in steps]}
    audit.add(connection, now, actor, "internship.brought_over", f"internship:{row.id}", detail)
    return row.id, "changed" if known else "added"


def _steps(line: LedgerLine, begins: dict[str, Any]) -> Iterator[Step]:
    """The steps that a line tells of, in order. A day it leaves out is taken from the next that it tells."""
    accepted_on = line.accepted_on or line.signed_on or line.arrived_on
    applied_on = line.applied_on or accepted_on
    if applied_on is None:
        raise Refused("这一行没有报名、录用、协议或到岗日期，请至少填一个。")
    yield Step(Kind.APPLY, applied_on, begins)
    if accepted_on:
        yield Step(Kind.ACCEPT, accepted_on)
    if line.signed_on:
        agreed = {"starts_on": iso(line.starts_on or line.arrived_on), "ends_on": iso(line.ends_on)}
        more = {"stipend_fen": line.stipend_fen, "mentor_id": line.mentor_id}
        yield Step(Kind.SIGN, line.signed_on, given({**agreed, **more}))
    if line.arrived_on:
        yield Step(Kind.ARRIVE, line.arrived_on, given({"mentor_id": line.mentor_id}))
    if line.ending is not None or line.ended_on is not None:
        yield _end(line)
    if line.result is not None:
        if line.ended_on is None:
            raise Refused("有去向，没有实际结束日期，请补上。")
        evidence = {"contract_on": iso(line.contract_on), "insured_on": iso(line.insured_on)}
        yield Step(Kind.RESULT, line.ended_on, {"result": str(line.result), **given(evidence)})


def _end(line: LedgerLine) -> Step:
    if line.ending is None or line.ended_on is None:
        raise Refused("结束方式和实际结束日期要一起填。")
    detail = {
        "reason": str(line.end_reason) if line.end_reason else None,
        "contract_on": iso(line.contract_on),
        "insured_on": iso(line.insured_on),
    }
    kind = ENDED_BY[line.ending]
    wanted = ("contract_on", "insured_on") if kind is Kind.RETAIN_EARLY else ("reason",)
    return Step(kind, line.ended_on, given({name: detail[name] for name in wanted}))


def _is_there(step: Step, has: list[Kept]) -> bool:
    """Whether the ledger has the step already. Raises `Refused` when it has it on another day."""
    same = [one for one in has if _alike(Kind(one.kind), step.kind)]
    if not same:
        return False
    newest = same[-1]
    if step.kind is Kind.RESULT:
        told = {name: newest.detail.get(name) for name in step.detail}
        return told == dict(step.detail)
    if (newest.kind, newest.on) != (step.kind, step.on) and step.kind not in (Kind.APPLY, Kind.ACCEPT):
        there = f"“{Kind(newest.kind).label}”（{newest.on}）"
        raise Refused(
            f"台账里已登记{there}，表格里是“{step.kind.label}”（{step.on}）。请用更正处理，不要重新导入。"
        )
    return True


def _alike(one: Kind, other: Kind) -> bool:
    return one is other or (one in ENDINGS and other in ENDINGS)


def _add(
    connection: Connection,
    sealer: Sealer,
    row: Row,
    before: Life | None,
    steps: list[Step],
    actor: str,
    now: datetime,
) -> None:
    version, life, told = row.version, before, []
    for step in steps:
        if step.kind is Kind.SIGN:
            found = signing.admit(
                connection, sealer, row.person_id, row.city, step.on, (row.id,), now, decided=True
            )
            row.hardship = found.hardship
            step = step._replace(detail={**step.detail, "track": found.track})  # noqa: PLW2901
        life = take(life, step, programme(step.on, row.city))
        transitions.put(row, life)
        period = transitions.period_of(connection, row, step.kind, step.on)
        transitions.count(row, step.kind, period, life.result)
        told.append((step, period))
    assert life is not None
    if before is None:
        transitions.begin(connection, row, now)
    else:
        row.version, row.updated_at = version + 1, now
        transitions.save(connection, row, version)
    _refuse_same_time(connection, row, life)
    for step, period in told:
        transitions.record(connection, sealer, row, step, period, actor=actor, now=now)
    if life.stage in HOLDING and (before is None or before.stage not in HOLDING):
        positions.take(connection, row.position_id)


def _refuse_same_time(connection: Connection, row: Row, life: Life) -> None:
    if life.arrived_on is None:
        return
    ends = life.ended_on or date.max
    for other_id, arrived_on, ended_on in connection.run(OTHER_TIMES, (row.person_id, row.id)).fetchall():
        begins = arrived_on or date.max
        if begins < ends and life.arrived_on < (ended_on or date.max):
            raise Refused(f"和这个人的另一份见习（编号 {other_id}）时间重叠，请核对日期。")
