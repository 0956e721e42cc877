"""What the steps of an internship (台账事项) make of it: a life is the sum of its steps.

Nothing is asked here whether a step may be taken (`policy.life_cycle`): these are the consequences, and the terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from policy.eligibility import add_months
from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind

ENDINGS: Final[Mapping[Kind, Ending]] = {
    Kind.COMPLETE: Ending.COMPLETED,
    Kind.RETAIN_EARLY: Ending.RETAINED_EARLY,
    Kind.END_EARLY: Ending.ENDED_EARLY,
    Kind.CHANGE_HOST: Ending.CHANGED_HOST,
}
COUNTED: Final = frozenset({Kind.ARRIVE, *ENDINGS})
"""Steps that a monthly report counts in the month of their day (指标6、8、12)."""

RUNNING: Final = frozenset({Stage.SIGNED, Stage.IN_POST})
"""Stages of which a person has at most one internship at a time."""
EARLY: Final = frozenset({Stage.APPLIED, Stage.REFERRED, Stage.ACCEPTED})
"""Stages before the agreement."""
HOLDING: Final = frozenset({Stage.ACCEPTED, *RUNNING, Stage.ENDED})
"""Stages in which an internship uses up an opening of its position: one that never began gives it back."""

_LEADS_TO: Final[Mapping[Kind, Stage]] = {
    Kind.REFER: Stage.REFERRED,
    Kind.ACCEPT: Stage.ACCEPTED,
    Kind.DECLINE: Stage.DECLINED,
    Kind.WITHDRAW: Stage.WITHDRAWN,
    Kind.SIGN: Stage.SIGNED,
    Kind.CANCEL: Stage.CANCELLED,
    Kind.ARRIVE: Stage.IN_POST,
    **dict.fromkeys(ENDINGS, Stage.ENDED),
}


class Step(NamedTuple):
    """One step: what, on which day, and what belongs to it (JSON-safe, days as ISO text; no personal data).

    APPLY: months, stipend_fen, mentor_id · SIGN: months, starts_on, ends_on, stipend_fen, track, mentor_id ·
    ARRIVE, ASSIGN_MENTOR: mentor_id · EXTEND: months · RETAIN_EARLY: contract_on, insured_on ·
    END_EARLY, CHANGE_HOST: reason · RESULT: result, contract_on, insured_on, claimed.
    """

    kind: Kind
    on: date
    detail: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Life:
    """Where an internship stands: the columns of the same names in `storage.ledger_tables.Internship`.

    `months` is the agreed term with its extensions; `ends_on` its last day. Money is in fen.
    """

    stage: Stage
    applied_on: date
    months: int
    stipend_fen: int = 0
    track: str | None = None
    accepted_on: date | None = None
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    mentor_id: int | None = None
    arrived_on: date | None = None
    ended_on: date | None = None
    ending: Ending | None = None
    end_reason: EndReason | None = None
    result: Result | None = None
    result_on: date | None = None
    contract_on: date | None = None
    insured_on: date | None = None

    @property
    def last_on(self) -> date:
        """The day of the newest step before which no other may lie."""
        days = (self.applied_on, self.accepted_on, self.signed_on, self.arrived_on, self.ended_on)
        return max(day for day in days if day is not None)


def last_day(first: date, months: int) -> date:
    """The last day of a term that begins on `first`: the day before the same day `months` later.

    Where that month has no such day the term ends with the month (民法典 第二百零二条).
    """
    same_day = add_months(first, months)
    return same_day if same_day.day != first.day else same_day - timedelta(days=1)


def months_in(first: date, last: date) -> int:
    """How many months a term from `first` to `last` takes, a begun month counted whole; 0 for an empty term."""
    months = max(0, (last.year - first.year) * 12 + last.month - first.month)
    if last < first:
        return 0
    return months if months and last_day(first, months) >= last else months + 1


def served_months(life: Life) -> int:
    """Months between arrival and end, a begun month counted whole; 0 for one who never arrived or has not ended."""
    if life.arrived_on is None or life.ended_on is None:
        return 0
    return months_in(life.arrived_on, life.ended_on)


def fold(steps: Iterable[Step]) -> Life:
    """Sum up the steps of one internship, in their order, as they were checked before.

    Raises `ValueError` when they do not begin with an application.
    """
    life: Life | None = None
    for step in steps:
        if life is None:
            if step.kind is not Kind.APPLY:
                raise ValueError("a life begins with an application")
            life = begun(step)
        else:
            life = follow(life, step)
    if life is None:
        raise ValueError("a life has at least one step")
    return life


def follow(life: Life, step: Step) -> Life:
    """What a step makes of a life, without asking whether it may be taken."""
    detail, on = step.detail, step.on
    moved = replace(life, stage=_LEADS_TO.get(step.kind, life.stage))
    match step.kind:
        case Kind.ACCEPT:
            return replace(moved, accepted_on=on)
        case Kind.SIGN:
            return _signed(moved, step)
        case Kind.ARRIVE:
            starts_on = life.starts_on or on
            ends_on = life.ends_on or last_day(starts_on, life.months)
            mentor_id = detail.get("mentor_id") or life.mentor_id
            return replace(moved, arrived_on=on, starts_on=starts_on, ends_on=ends_on, mentor_id=mentor_id)
        case Kind.ASSIGN_MENTOR:
            return replace(moved, mentor_id=detail["mentor_id"])
        case Kind.EXTEND:
            months = detail["months"]
            return replace(moved, months=life.months + months, ends_on=_extended(life, months))
        case Kind.RESULT:
            return _with_result(moved, step)
    if step.kind in ENDINGS:
        return _ended(moved, step)
    return moved


def day_of(detail: Mapping[str, Any], name: str) -> date | None:
    """A day of a step's detail; None when it is not given."""
    text = detail.get(name)
    return date.fromisoformat(text) if text else None


def begun(step: Step) -> Life:
    """The life that an application begins."""
    detail = step.detail
    return Life(
        Stage.APPLIED,
        step.on,
        detail["months"],
        detail.get("stipend_fen", 0),
        mentor_id=detail.get("mentor_id"),
    )


def _signed(life: Life, step: Step) -> Life:
    detail = step.detail
    months = detail.get("months") or life.months
    starts_on, ends_on = day_of(detail, "starts_on"), day_of(detail, "ends_on")
    if starts_on is not None and ends_on is not None:
        months = months_in(starts_on, ends_on)
    elif starts_on is not None:
        ends_on = last_day(starts_on, months)
    else:  # without a first day the term begins on arrival
        ends_on = None
    return replace(
        life,
        signed_on=step.on,
        starts_on=starts_on,
        ends_on=ends_on,
        months=months,
        stipend_fen=detail.get("stipend_fen") or life.stipend_fen,
        track=detail.get("track") or life.track,
        mentor_id=detail.get("mentor_id") or life.mentor_id,
    )


def _extended(life: Life, months: int) -> date | None:
    if life.starts_on is None or life.ends_on is None:
        return None
    if life.ends_on == last_day(life.starts_on, life.months):
        return last_day(life.starts_on, life.months + months)
    return last_day(life.ends_on + timedelta(days=1), months)  # an agreement with a last day of its own


def _ended(life: Life, step: Step) -> Life:
    ended = replace(life, ended_on=step.on, ending=ENDINGS[step.kind])
    if step.kind is Kind.RETAIN_EARLY:
        return _with_result(ended, Step(step.kind, step.on, {**step.detail, "result": Result.RETAINED}))
    reason = step.detail.get("reason")
    return replace(ended, end_reason=EndReason(reason) if reason else None)


def _with_result(life: Life, step: Step) -> Life:
    result = Result(step.detail["result"])
    stays = result is Result.RETAINED  # a later piece of evidence does not undo an earlier one
    return replace(
        life,
        result=result,
        result_on=step.on,
        contract_on=day_of(step.detail, "contract_on") or (life.contract_on if stays else None),
        insured_on=day_of(step.detail, "insured_on") or (life.insured_on if stays else None),
    )
