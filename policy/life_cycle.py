"""The life of an internship (见习过程): what may follow what, and when.

A life is the sum of its steps (`policy.life`): `take` checks one and adds it, `fold` sums up steps that were checked
when they were taken, `correct` takes one back. Who may do it, and whether position, mentor and person are
free, is not known here (`storage.internships`). Rules: 人社部发〔2023〕27号 二(五)、二(六)、三(三).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life import (
    COUNTED,
    EARLY,
    ENDINGS,
    HOLDING,
    RUNNING,
    Life,
    Step,
    begun,
    day_of,
    fold,
    follow,
    last_day,
    months_in,
    served_months,
)
from policy.programme import Programme
from policy.refusal import Refused

__all__ = [
    "COUNTED",
    "EARLY",
    "ENDINGS",
    "HOLDING",
    "PLACES",
    "RUNNING",
    "Life",
    "Step",
    "correct",
    "day_of",
    "fold",
    "follow",
    "last_day",
    "months_in",
    "served_months",
    "take",
]

_BEFORE_POST: Final = EARLY | {Stage.SIGNED}
PLACES: Final[Mapping[Kind, frozenset[Stage]]] = {
    Kind.REFER: frozenset({Stage.APPLIED}),
    Kind.ACCEPT: frozenset({Stage.APPLIED, Stage.REFERRED}),
    Kind.DECLINE: EARLY,
    Kind.WITHDRAW: EARLY,
    Kind.SIGN: frozenset({Stage.ACCEPTED}),
    Kind.CANCEL: frozenset({Stage.SIGNED}),
    Kind.ARRIVE: frozenset({Stage.SIGNED}),
    Kind.ASSIGN_MENTOR: frozenset({Stage.ACCEPTED, Stage.SIGNED, Stage.IN_POST}),
    Kind.EXTEND: frozenset({Stage.IN_POST}),
    **dict.fromkeys(ENDINGS, frozenset({Stage.IN_POST})),
    Kind.RESULT: frozenset({Stage.ENDED}),
}
"""The stages in which each step may be taken."""
_RULE_OF_AGREEMENT: Final = "人社部发〔2023〕27号 二(五)"


def take(life: Life | None, step: Step, programme: Programme, months_before: int = 0) -> Life:
    """Check a step and add it; `months_before` were served in the internships that this one continues.

    Raises `Refused` with every reason why not.
    """
    if life is None:
        if step.kind is not Kind.APPLY:
            raise Refused("请先登记报名或推荐，再登记后面的事项。")
        return begun(step)
    if life.stage not in PLACES.get(step.kind, frozenset()):
        raise Refused(_out_of_place(life.stage, step.kind))
    after = follow(life, step)
    reasons = (*_backwards(life, step), *_CHECKS[step.kind](life, after, step, programme, months_before))
    if reasons:
        raise Refused(*reasons)
    return after


def correct(
    steps: Sequence[Step],
    target: int,
    replacement: Step | None,
    programme: Programme,
    months_before: int = 0,
) -> tuple[Step, ...]:
    """The steps with the one at index `target` taken back, or put right by `replacement` in its place.

    Raises `Refused` when the rest would no longer hold, naming the later step that must be corrected first.
    """
    if target == 0 and (replacement is None or replacement.kind is not Kind.APPLY):
        raise Refused("报名不能作废。不参加了请登记“撤回报名”，报错了日期请更正日期。")
    life = fold(steps[:target]) if target else None
    kept = list(steps[:target])
    if replacement is not None:
        life = take(life, replacement, programme, months_before)
        kept.append(replacement)
    for later in steps[target + 1 :]:
        try:
            life = take(life, later, programme, months_before)
        except Refused as refusal:
            first = f"后面的“{later.kind.label}”（{later.on}）和这次更正对不上，请先更正它。"
            raise Refused(first, *refusal.reasons) from None
        kept.append(later)
    return tuple(kept)


def _out_of_place(stage: Stage, kind: Kind) -> str:
    if kind is Kind.ARRIVE and stage in EARLY:
        return f"还没有签见习协议，请先登记签订协议，再登记到岗（{_RULE_OF_AGREEMENT}）。"
    if kind in ENDINGS and stage in _BEFORE_POST:
        return f"还没有到岗，不能登记“{kind.label}”。签了协议没来的，请登记“签约后未到岗”。"
    if kind is Kind.RESULT and stage is Stage.IN_POST:
        return "还在岗，请先登记见习怎样结束，再登记去向。"
    return f"这条见习现在是“{stage.label}”，不能登记“{kind.label}”。"


def _backwards(life: Life, step: Step) -> Iterator[str]:
    last = life.accepted_on or life.applied_on if step.kind is Kind.ASSIGN_MENTOR else life.last_on
    if step.on < last:
        yield f"“{step.kind.label}”的日期（{step.on}）早于上一步（{last}），请核对。"


def _no_more(_life: Life, _after: Life, _step: Step, _rules: Programme, _before: int) -> Iterator[str]:
    yield from ()


def _check_sign(_life: Life, after: Life, step: Step, rules: Programme, before: int) -> Iterator[str]:
    if after.starts_on is not None and after.starts_on < step.on:
        yield f"协议要在见习开始前签订：签订日期 {step.on} 晚于开始日期 {after.starts_on}（{_RULE_OF_AGREEMENT}）。"
    if after.starts_on and after.ends_on and after.ends_on < after.starts_on:
        yield "结束日期早于开始日期，请核对。"
    elif after.months + before < rules.shortest_months:
        yield f"见习期限是 {after.months} 个月，不能少于 {rules.shortest_months} 个月。"
    yield from _too_long(after, rules, before)


def _too_long(after: Life, rules: Programme, before: int) -> Iterator[str]:
    if after.months + before > rules.longest_months:
        earlier = f"，加上之前见习的 {before} 个月" if before else ""
        yield f"见习期限 {after.months} 个月{earlier}，超过了 {rules.longest_months} 个月的上限，请缩短。"


def _check_arrive(life: Life, after: Life, step: Step, _rules: Programme, _before: int) -> Iterator[str]:
    if after.mentor_id is None:
        yield f"还没有带教老师，请先指定，再登记到岗（{_RULE_OF_AGREEMENT}）。"
    if life.starts_on is not None and step.on < life.starts_on:
        yield f"协议从 {life.starts_on} 开始，到岗不能早于这一天。要提前到岗，请先更正协议。"
    if life.ends_on is not None and step.on > life.ends_on:
        yield f"协议 {life.ends_on} 就到期了，到岗日期请再核对。"


def _check_mentor(_life: Life, after: Life, _step: Step, _rules: Programme, _before: int) -> Iterator[str]:
    if after.mentor_id is None:
        yield "请写明是哪一位带教老师。"


def _check_extend(life: Life, after: Life, step: Step, rules: Programme, before: int) -> Iterator[str]:
    if step.detail["months"] < 1:
        yield "请写明延长几个月，至少 1 个月。"
    if life.ends_on is not None and step.on > life.ends_on:
        yield f"协议 {life.ends_on} 已经到期，延期要在到期前商定。"
    yield from _too_long(after, rules, before)


def _check_complete(life: Life, _after: Life, step: Step, _rules: Programme, _before: int) -> Iterator[str]:
    if life.ends_on is not None and step.on < life.ends_on:
        yield f"协议 {life.ends_on} 才到期。提前留用请登记“未满提前留用”，提前离开请登记“提前结束”。"


def _before_the_end(life: Life, _after: Life, step: Step, _rules: Programme, _before: int) -> Iterator[str]:
    if life.ends_on is not None and step.on >= life.ends_on:
        yield f"协议 {life.ends_on} 已经到期，请登记“期满完成”，再登记去向。"


def _check_retain(life: Life, after: Life, step: Step, rules: Programme, before: int) -> Iterator[str]:
    yield from _before_the_end(life, after, step, rules, before)
    yield from _contract_faults(life, step)


def _contract_faults(life: Life, step: Step) -> Iterator[str]:
    contract_on = day_of(step.detail, "contract_on") or life.contract_on
    if contract_on is None:
        yield "留用要有劳动合同，请填合同签订日期（人社部发〔2023〕27号 二(六)）。"
    elif life.arrived_on is not None and contract_on < life.arrived_on:
        yield f"劳动合同（{contract_on}）早于到岗（{life.arrived_on}），请核对日期。"


def _check_end_early(life: Life, after: Life, step: Step, rules: Programme, before: int) -> Iterator[str]:
    yield from _before_the_end(life, after, step, rules, before)
    if after.end_reason is None:
        yield f"请写明提前结束的原因：{'、'.join(reason.label for reason in EndReason)}。"


def _check_result(life: Life, after: Life, step: Step, _rules: Programme, _before: int) -> Iterator[str]:
    if after.result is not Result.RETAINED:
        return
    if life.ending in (Ending.ENDED_EARLY, Ending.CHANGED_HOST):
        yield "提前结束的不算留用（粤人社函〔2023〕50号 附件2）。确实提前留用的，请先把结束方式更正为“未满提前留用”。"
    if not step.detail.get("claimed"):  # what a person tells is recorded; the contract follows as evidence
        yield from _contract_faults(life, step)


_CHECKS: Final = {
    **dict.fromkeys((Kind.REFER, Kind.ACCEPT, Kind.DECLINE, Kind.WITHDRAW, Kind.CANCEL), _no_more),
    Kind.SIGN: _check_sign,
    Kind.ARRIVE: _check_arrive,
    Kind.ASSIGN_MENTOR: _check_mentor,
    Kind.EXTEND: _check_extend,
    Kind.COMPLETE: _check_complete,
    Kind.RETAIN_EARLY: _check_retain,
    Kind.END_EARLY: _check_end_early,
    Kind.CHANGE_HOST: _before_the_end,
    Kind.RESULT: _check_result,
}
