"""The relations of the monthly reports (逻辑关系): held before a report is filed, explained where one fails.

Owns the relations that the forms print, as data with the sentence for their failure, and the checks of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from policy.indicators import LEAVES, Figures, Form, Indicator, added, sum_of


class Relation(NamedTuple):
    """A relation (逻辑关系) that a form prints: `left` ≥ `right`, or = where `balance`.

    `failure` says in words what is wrong, with {left} and {right}; `mend` what to do about it.
    """

    text: str
    forms: tuple[Form, ...]
    left: Indicator
    right: tuple[Indicator, ...]
    failure: str
    mend: str
    balance: bool = False


BOTH: Final = (Form.NATIONAL, Form.GUANGDONG)

RELATIONS: Final = (
    Relation(
        "1≥2",
        BOTH,
        Indicator.HOSTS,
        (Indicator.NEW_HOSTS,),
        "期末见习单位总数（{left}）少于新增见习单位（{right}）。",
        "请核对见习单位台账：新增后又取消的单位要登记取消，之前已有的单位要补录。",
    ),
    Relation(
        "3≥4",
        BOTH,
        Indicator.POSTS,
        (Indicator.NEW_POSTS,),
        "期末见习岗位总数（{left}）少于新增见习岗位（{right}）。",
        "请核对岗位台账：新增后又下架的岗位要登记，之前已有的岗位要补录。",
    ),
    Relation(
        "5≥7",
        (Form.NATIONAL,),
        Indicator.PLANNED,
        (Indicator.ARRIVED_GRADUATES,),
        "到岗的高校毕业生（{right}）超过计划组织见习人数（{left}）。",
        "到岗人数超过计划，请先调整本期计划：jianxi report plan。",
    ),
    Relation(
        "5≥6",
        (Form.GUANGDONG,),
        Indicator.PLANNED,
        (Indicator.ARRIVED,),
        "实际到岗人数（{right}）超过计划组织见习人数（{left}）。",
        "到岗人数超过计划，请先调整本期计划：jianxi report plan。",
    ),
    Relation(
        "6≥7",
        (Form.GUANGDONG,),
        Indicator.ARRIVED,
        (Indicator.ARRIVED_GRADUATES,),
        "到岗的高校毕业生（{right}）超过实际到岗人数（{left}）。",
        "请看更正清单里冲减的到岗，先把相应的补报到岗计入本期：jianxi report corrections。",
    ),
    Relation(
        "8≥9+11",
        BOTH,
        Indicator.COMPLETED,
        (Indicator.RETAINED, Indicator.EMPLOYED_ELSEWHERE),
        "留用和其他方式就业合计（{right}）超过完成见习人数（{left}）。",
        "去向只能随同一个人的完成见习计入同一期，请看更正清单：jianxi report corrections。",
    ),
    Relation(
        "9≥10",
        BOTH,
        Indicator.RETAINED,
        (Indicator.RETAINED_PART,),
        "留用人数的其中项（{right}）超过留用人数（{left}）。",
        "请核对留用人员名单：jianxi report people retained。",
    ),
    Relation(
        "13=上期13+6－8－12",
        (Form.GUANGDONG,),
        Indicator.IN_POST,
        (Indicator.OPENING, Indicator.ARRIVED),
        "期末在岗人数（{left}）不等于上期期末加到岗减完成减非正常结束（{right}）。",
        "请核对上期期末在岗人数：jianxi report enter opening。",
        balance=True,
    ),
)
"""人社部发〔2023〕27号 附件 说明7; 粤人社函〔2023〕50号 附件2 说明7、8. 5≥6≥7 stands as its two halves."""


class Check(NamedTuple):
    """A relation held against figures; `holds` is None where a number is missing. Sentences are kind Chinese."""

    relation: str
    left: int | None
    right: int | None
    holds: bool | None
    explain: str = ""
    mend: str = ""


def check(figures: Figures, form: Form | None = None) -> tuple[Check, ...]:
    """Hold the relations of a form, or of both, against figures."""
    return tuple(_check(relation, figures) for relation in RELATIONS if form in (None, *relation.forms))


def _check(relation: Relation, figures: Figures) -> Check:
    minus = LEAVES if relation.balance else ()
    names = (relation.left, *relation.right, *minus)
    left, right = figures.get(relation.left), added(figures, relation.right, minus)
    missing = [name for name in names if figures.get(name) is None]
    if left is None or right is None:
        words = "、".join(f"“{name.label}”" for name in missing)
        return Check(relation.text, left, right, None, f"{words}还没有填写。", _how_to_enter(missing))
    if left == right if relation.balance else left >= right:
        return Check(relation.text, left, right, True)
    return Check(
        relation.text, left, right, False, relation.failure.format(left=left, right=right), relation.mend
    )


def _how_to_enter(missing: Sequence[Indicator]) -> str:
    if Indicator.PLANNED in missing:
        return "请先录入本期计划：jianxi report plan。"
    return "请先补齐再报送。"


def faults(checks: Sequence[Check]) -> list[tuple[bool | None, str]]:
    """What does not hold, as sentences that say what to do, with `holds`; the same fault is told once."""
    relations: dict[tuple[bool | None, str], list[str]] = {}
    for found in checks:
        if not found.holds:
            relations.setdefault((found.holds, f"{found.explain}{found.mend}"), []).append(found.relation)
    return [(holds, f"{'、'.join(names)}：{sentence}") for (holds, sentence), names in relations.items()]


def warnings(figures: Figures, previous: Figures | None, month: str) -> tuple[Check, ...]:
    """What is odd without breaking a relation of the forms; only what does not hold.

    `previous` are the figures of the month before, if known; `month` is "YYYY-MM": money begins anew in January.
    """
    before: Figures = previous or {}
    hosts = sum_of([before.get(Indicator.HOSTS), figures.get(Indicator.NEW_HOSTS)])
    posts = sum_of([before.get(Indicator.POSTS), figures.get(Indicator.NEW_POSTS)])
    could_leave = added(figures, (Indicator.OPENING, Indicator.ARRIVED))
    paid_before = None if month.endswith("-01") else before.get(Indicator.PAID_FEN)
    in_post = figures.get(Indicator.IN_POST)
    odd = (
        _at_most("1≤上期1+2", figures.get(Indicator.HOSTS), hosts, *_MORE_HOSTS),
        _at_most("3≤上期3+4", figures.get(Indicator.POSTS), posts, *_MORE_POSTS),
        _at_most("8+12≤上期13+6", added(figures, LEAVES), could_leave, *_MORE_LEFT),
        _at_most("13≥0", 0, in_post, *_BELOW_NOTHING),
        _at_most("本年累计不减少", paid_before, figures.get(Indicator.PAID_FEN), *_LESS_PAID),
        _same("13=按人头清点", in_post, figures.get(Indicator.HEAD_COUNT)),
        _unexplained(figures),
    )
    return tuple(found for found in odd if found is not None)


_CORRECTIONS: Final = "请看更正清单：jianxi report corrections。"
_MORE_HOSTS: Final = ("期末见习单位（{left}）多于上期期末加新增（{right}）。", _CORRECTIONS)
_MORE_POSTS: Final = ("期末见习岗位（{left}）多于上期期末加新增（{right}）。", _CORRECTIONS)
_MORE_LEFT: Final = ("本期离开的人（{left}）多于上期在岗加本期到岗（{right}）。", _CORRECTIONS)
_BELOW_NOTHING: Final = ("期末在岗人数是负数（{right}）。", "请核对上期期末在岗人数和更正清单。")
_LESS_PAID: Final = ("本年累计拨付（{right}分）少于上期累计（{left}分）。", "请核对补贴名册的拨付日期。")
_DIFFERENT: Final = (
    "按公式期末在岗{left}人，按人头清点{right}人。",
    "差额来自补录、更正或人工填写的上期数，请看更正清单：jianxi report corrections。",
)


def _at_most(text: str, left: int | None, right: int | None, failure: str, mend: str) -> Check | None:
    if left is None or right is None or left <= right:
        return None
    return Check(text, left, right, False, failure.format(left=left, right=right), mend)


def _same(text: str, left: int | None, right: int | None) -> Check | None:
    if left is None or right is None or left == right:
        return None
    failure, mend = _DIFFERENT
    return Check(text, left, right, False, failure.format(left=left, right=right), mend)


def _unexplained(figures: Figures) -> Check | None:
    if figures.get(Indicator.UNEXPLAINED) is not None:
        return None
    explain = "省表第14项通知没有解释，系统不代填。"
    return Check("省表14", None, None, None, explain, "请按原件填写：jianxi report enter unexplained。")
