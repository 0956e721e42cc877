"""The verbs of the ledger's internships (见习台账): from the application to what comes after the end.

Each checks the rules (`policy.life_cycle`), who and what it needs (person, position, mentor, eligibility on the
signing day), adds a dated and attributed step, and brings the internship's row up to date. All raise `Refused`
with kind sentences, `NotFound`, and `Conflict` when somebody else has changed the record that was seen. Lists are
in `storage.internship_lists`, ledgers kept elsewhere come in by `storage.brought_over`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple, Unpack

from sqlalchemy import bindparam, select

from policy.ledger_codes import EndReason, HostStatus, PositionStatus, Result
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import Step, take
from policy.refusal import Refused
from storage import signing, transitions
from storage.acts import day_of
from storage.database import Connection, Statement
from storage.errors import NotFound
from storage.internship_steps import (
    Act,
    evidence,
    given,
    iso,
    programme,
    record,
    refuse_double,
    take_step,
)
from storage.ledger_tables import Host, Position
from storage.sealing import Sealer
from storage.step_corrections import correct
from storage.tables import core
from storage.transitions import Row

__all__ = [
    "Act",
    "accept",
    "apply",
    "arrive",
    "assign_mentor",
    "begun",
    "cancel",
    "change_host",
    "complete",
    "correct",
    "decline",
    "end_early",
    "extend",
    "get",
    "refer",
    "result",
    "retain_early",
    "sign",
    "withdraw",
]

position, host = core(Position), core(Host)

_OFFERED: Final = ("host_id", "city", "status", "openings", "taken", "closes_on")
_TERMS: Final = ("stipend_fen", "months", "mentor_id", "demo")
POSITION: Final = Statement(
    select(*(position.c[name] for name in (*_OFFERED, *_TERMS)), host.c.status)
    .join(host, host.c.id == position.c.host_id)
    .where(position.c.id == bindparam("key")),
    "key",
)


def get(connection: Connection, internship_id: int) -> Row:
    """The internship of that number. Raises `NotFound`."""
    return transitions.get(connection, internship_id)


def apply(
    connection: Connection,
    sealer: Sealer,
    person_id: int,
    position_id: int,
    *,
    source: str = "clerk",
    continues_id: int | None = None,
    **act: Unpack[Act],
) -> int:
    """Begin an application (报名) for a published position; returns the internship's number.

    `source` is self, clerk or import; `continues_id` the internship that a change of host ended.
    """
    on = day_of(act)
    who = signing.applicant(connection, person_id)
    offer = open_offer(connection, position_id, on)
    refuse_double(connection, person_id, position_id)
    detail = {"months": offer.months, "stipend_fen": offer.stipend_fen, "mentor_id": offer.mentor_id}
    step = Step(Kind.APPLY, on, detail)
    row = begun(step, person_id, offer.host_id, position_id, offer.city, source, act["now"])
    row.continues_id, row.demo = continues_id, offer.demo or who.demo
    transitions.begin(connection, row, act["now"])
    record(connection, sealer, row, step, None, act)
    return row.id


class Offer(NamedTuple):
    """A position as somebody applies for it."""

    host_id: int
    city: str
    status: str
    openings: int
    taken: int
    closes_on: date | None
    stipend_fen: int
    months: int
    mentor_id: int | None
    demo: bool
    host_status: str


def open_offer(connection: Connection, position_id: int, on: date) -> Offer:
    """A position that takes applications on a day. Raises `Refused` when it does not, `NotFound`."""
    row = connection.run(POSITION, (position_id,)).fetchone()
    if row is None:
        raise NotFound("position")
    offer = Offer(*row)
    if offer.status != PositionStatus.PUBLISHED or offer.host_status != HostStatus.APPROVED:
        raise Refused("这个岗位现在没有招募，请看看别的岗位。")
    if offer.closes_on is not None and offer.closes_on < on:
        raise Refused(f"这个岗位 {offer.closes_on} 已经截止，请看看别的岗位。")
    if offer.taken >= offer.openings:
        raise Refused("这个岗位的名额已满，请看看别的岗位。")
    return offer


def begun(
    step: Step, person_id: int, host_id: int, position_id: int, city: str, source: str, now: datetime
) -> Row:
    """The row of an internship that begins with the application `step`, not stored yet."""
    life = take(None, step, programme(step.on, city))
    empty: dict[str, Any] = dict.fromkeys(transitions.COLUMNS)
    row = Row(
        **empty
        | {"person_id": person_id, "host_id": host_id, "position_id": position_id, "city": city}
        | {"hardship": False, "source": source, "demo": False, "updated_at": now, "version": 1}
    )
    transitions.put(row, life)
    return row


def refer(connection: Connection, sealer: Sealer, internship_id: int, **act: Unpack[Act]) -> Row:
    """The service recommends the applicant to the host (推荐)."""
    return take_step(connection, sealer, internship_id, Kind.REFER, {}, act)


def accept(connection: Connection, sealer: Sealer, internship_id: int, **act: Unpack[Act]) -> Row:
    """The host takes the applicant (录用): an opening of the position is used up."""
    return take_step(connection, sealer, internship_id, Kind.ACCEPT, {}, act)


def decline(connection: Connection, sealer: Sealer, internship_id: int, **act: Unpack[Act]) -> Row:
    """The host does not take the applicant (未录用); the reason is the note."""
    return take_step(connection, sealer, internship_id, Kind.DECLINE, {}, act)


def withdraw(connection: Connection, sealer: Sealer, internship_id: int, **act: Unpack[Act]) -> Row:
    """The applicant takes the application back (撤回报名), before the agreement."""
    return take_step(connection, sealer, internship_id, Kind.WITHDRAW, {}, act)


def sign(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    *,
    starts_on: date | None = None,
    ends_on: date | None = None,
    months: int | None = None,
    stipend_fen: int | None = None,
    mentor_id: int | None = None,
    terms: Mapping[str, str | int] | None = None,
    **act: Unpack[Act],
) -> Row:
    """The agreement was signed (签订见习协议), and the person is eligible on that day.

    Without `starts_on` the term begins on arrival; months, stipend and mentor are the position's unless given.
    `terms` are further items of the agreement (`policy.agreement.TERMS`), as `{"pay_day": 15, "hours": "…"}`.
    """
    detail = {
        "starts_on": iso(starts_on),
        "ends_on": iso(ends_on),
        "months": months,
        "stipend_fen": stipend_fen,
        "mentor_id": mentor_id,
        **(terms or {}),
    }
    return take_step(connection, sealer, internship_id, Kind.SIGN, given(detail), act)


def cancel(connection: Connection, sealer: Sealer, internship_id: int, **act: Unpack[Act]) -> Row:
    """Signed, but never came (签约后未到岗): the opening is free again."""
    return take_step(connection, sealer, internship_id, Kind.CANCEL, {}, act)


def arrive(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    *,
    mentor_id: int | None = None,
    **act: Unpack[Act],
) -> Row:
    """The person is in post (到岗, 指标6)."""
    return take_step(connection, sealer, internship_id, Kind.ARRIVE, given({"mentor_id": mentor_id}), act)


def assign_mentor(
    connection: Connection, sealer: Sealer, internship_id: int, mentor_id: int, **act: Unpack[Act]
) -> Row:
    """The host appoints the mentor (带教老师), or another one."""
    return take_step(connection, sealer, internship_id, Kind.ASSIGN_MENTOR, {"mentor_id": mentor_id}, act)


def extend(
    connection: Connection, sealer: Sealer, internship_id: int, months: int, **act: Unpack[Act]
) -> Row:
    """The term gets longer by `months` (延期)."""
    return take_step(connection, sealer, internship_id, Kind.EXTEND, {"months": months}, act)


def complete(connection: Connection, sealer: Sealer, internship_id: int, **act: Unpack[Act]) -> Row:
    """The term is over (期满完成, 指标8)."""
    return take_step(connection, sealer, internship_id, Kind.COMPLETE, {}, act)


def retain_early(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    *,
    contract_on: date | None,
    insured_on: date | None = None,
    **act: Unpack[Act],
) -> Row:
    """The host employs the person before the term is over (未满提前留用, 指标8、9)."""
    detail = evidence(act, contract_on, insured_on)
    return take_step(connection, sealer, internship_id, Kind.RETAIN_EARLY, detail, act)


def end_early(
    connection: Connection, sealer: Sealer, internship_id: int, reason: EndReason, **act: Unpack[Act]
) -> Row:
    """It ends before the term is over (提前结束, 指标12)."""
    return take_step(connection, sealer, internship_id, Kind.END_EARLY, {"reason": str(reason)}, act)


def change_host(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    position_id: int,
    *,
    reason: EndReason | None = None,
    **act: Unpack[Act],
) -> int:
    """The person goes on at another host (变更见习单位, 指标12): returns the new internship, accepted there."""
    detail = given({"reason": str(reason) if reason else None})
    old = take_step(connection, sealer, internship_id, Kind.CHANGE_HOST, detail, act)
    onward: Act = {**act, "seen": None}
    new_id = apply(connection, sealer, old.person_id, position_id, continues_id=old.id, **onward)
    if get(connection, new_id).host_id == old.host_id:
        raise Refused("新岗位还是这家单位。换岗位不换单位，不用登记变更见习单位。")
    accept(connection, sealer, new_id, **onward)
    return new_id


def result(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    outcome: Result,
    *,
    contract_on: date | None = None,
    insured_on: date | None = None,
    claimed: bool = False,
    **act: Unpack[Act],
) -> Row:
    """What the person does after the end (去向, 指标9、11); the newest holds.

    `claimed`: only the person says so; a retention needs no contract date then.
    """
    detail = {"result": str(outcome), **evidence(act, contract_on, insured_on)}
    if claimed:
        detail["claimed"] = True
    return take_step(connection, sealer, internship_id, Kind.RESULT, detail, act)
