"""Corrections of an internship's steps (更正): one is taken back, or put right in its place.

Nothing is overwritten, and what was filed stays filed: see `storage.transitions`. Called as `internships.correct`.
"""

from __future__ import annotations

from typing import Final, Unpack

from sqlalchemy import bindparam, select

from policy.ledger_codes import Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import EARLY, RUNNING, Step
from policy.life_cycle import correct as corrected
from policy.refusal import Refused
from storage import audit, transitions
from storage.acts import day_of
from storage.database import Connection, Statement
from storage.edits import edit
from storage.errors import NotFound
from storage.frozen_months import is_filed
from storage.internship_steps import (
    Act,
    chain_of,
    hold,
    prepared,
    programme,
    record,
    refuse_double,
    refuse_overlap,
)
from storage.sealing import Sealer
from storage.transitions import Kept, Row, among, internship

CONTINUED_BY: Final = Statement(
    select(internship.c.id)
    .where(
        internship.c.continues_id == bindparam("key"),
        ~among(Stage.WITHDRAWN, Stage.DECLINED, Stage.CANCELLED),
    )
    .limit(1),
    "key",
)


def correct(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    transition_id: int,
    replacement: Step | None = None,
    **act: Unpack[Act],
) -> Row:
    """Take a step back (更正), or put it right by `replacement`; the days of the others stay.

    A replacement of what was filed keeps its month where it counts in the same indicator, so that nobody is
    counted twice; the filed report itself never changes. Raises `Refused` naming what must be corrected first.
    """
    day_of(act)
    row = transitions.get(connection, internship_id, to_edit=True)
    version = row.version
    edit(row, act.get("seen"), act["now"])
    rows = transitions.standing(transitions.kept(connection, internship_id))
    place = next((at for at, one in enumerate(rows) if one.id == transition_id), None)
    if place is None:
        raise NotFound("transition")
    target, before = rows[place], transitions.life_of(row)
    if target.kind == Kind.CHANGE_HOST:
        _refuse_with_successor(connection, row)
    chain, months_before = chain_of(connection, row)
    if replacement is not None:
        if replacement.on > act["today"]:
            raise Refused("日期不能晚于今天，还没发生的事先不登记。")
        replacement = prepared(connection, sealer, row, replacement, chain, act["now"])
        _refuse_other_track(row, replacement)
        detail = transitions.replaced_detail(replacement.detail, target)
        replacement = replacement._replace(detail=detail)
    rules = programme((replacement or target).on, row.city)
    corrected([one.step for one in rows], place, replacement, rules, months_before)
    transitions.take_back(
        connection,
        sealer,
        row,
        target,
        on=act["today"],
        actor=act["actor"],
        now=act["now"],
        note=act.get("note"),
    )
    if replacement is not None:
        _put_in_place(connection, sealer, row, target, replacement, act)
    transitions.sum_up(row, transitions.standing(transitions.kept(connection, internship_id)))
    _recount_results(connection, sealer, row, act)
    after = transitions.life_of(row)
    if after.stage in RUNNING:
        refuse_overlap(connection, row, after.arrived_on or after.last_on)
    if after.stage in (*EARLY, *RUNNING):
        refuse_double(connection, row.person_id, row.position_id, row.id)
    row.hardship = row.hardship and after.signed_on is not None
    hold(connection, row.position_id, before, after)
    transitions.save(connection, row, version)
    detail_of_audit = {"transition": transition_id, "kind": target.kind, "replaced": replacement is not None}
    audit.add(
        connection, act["now"], act["actor"], "internship.correct", f"internship:{row.id}", detail_of_audit
    )
    return row


def _put_in_place(
    connection: Connection, sealer: Sealer, row: Row, target: Kept, replacement: Step, act: Act
) -> None:
    same_indicator = replacement.kind == target.kind or {replacement.kind, target.kind} in _SAME_INDICATOR
    if same_indicator and target.period is not None and is_filed(connection, row.city, target.period):
        period: str | None = target.period
    else:
        period = transitions.period_of(connection, row, replacement.kind, replacement.on)
    record(connection, sealer, row, replacement, period, act)


_SAME_INDICATOR: Final = ({Kind.COMPLETE, Kind.RETAIN_EARLY}, {Kind.END_EARLY, Kind.CHANGE_HOST})
"""Endings that are one number of the report (指标8、指标12)."""


def _recount_results(connection: Connection, sealer: Sealer, row: Row, act: Act) -> None:
    """Results count in the month of their ending: record them anew when that has moved."""
    rows = transitions.standing(transitions.kept(connection, row.id))
    for one in rows:
        if one.kind != Kind.RESULT:
            continue
        period = transitions.period_of(connection, row, Kind.RESULT, one.on)
        if period in (None, one.period):
            continue
        step = one.step._replace(detail=transitions.replaced_detail(one.detail, one))
        transitions.take_back(
            connection, sealer, row, one, on=act["today"], actor=act["actor"], now=act["now"]
        )
        record(connection, sealer, row, step, period, act)
        transitions.count(row, Kind.RESULT, period, Result(one.detail["result"]))


def _refuse_other_track(row: Row, replacement: Step) -> None:
    """The arrival is counted by track (指标7): it may not change behind it."""
    track = replacement.detail.get("track", row.track)
    if row.arrived_on is not None and track != row.track:
        raise Refused("按新的签约日复核，人员类别变了。请先更正后面的“到岗”，再更正签约。")


def _refuse_with_successor(connection: Connection, row: Row) -> None:
    successor = connection.run(CONTINUED_BY, (row.id,)).fetchone()
    if successor is not None:
        raise Refused(f"换单位后的新见习（编号 {successor[0]}）还在，请先把它撤回，再更正这一步。")
