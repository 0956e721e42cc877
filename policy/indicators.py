"""The indicators of the monthly reports (情况汇总表指标): what each counts, and their numbers on the two forms.

Owns the meaning of 人社部发〔2023〕27号 附件 and 粤人社函〔2023〕50号 附件2; the wording of the columns is
configuration of the shell, because part of it was lost in the copies of the notices. Figures map the names
below to numbers; None is a number that has not been entered yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from policy.codes import Code, Track
from policy.ledger_codes import Ending, Result

Figures = Mapping[str, int | None]

PROVINCE: Final = "440000"
"""The code that stands for Guangdong where a city's code could stand."""


class Form(Code):
    """The two monthly forms: cities file the province's, the province files the national one."""

    NATIONAL = "national", "百万就业见习岗位募集计划情况汇总表"
    GUANGDONG = "guangdong", "广东省就业见习岗位募集计划工作情况汇总表"


class Indicator(Code):
    """The indicators (指标) of both forms, and below OPENING what they are checked with. Money is in fen."""

    HOSTS = "hosts", "期末见习单位总数"
    NEW_HOSTS = "new_hosts", "新增见习单位"
    POSTS = "posts", "期末见习岗位总数"
    NEW_POSTS = "new_posts", "新增见习岗位"
    PLANNED = "planned", "计划组织见习人数"
    ARRIVED = "arrived", "实际到岗人数"
    ARRIVED_GRADUATES = "arrived_graduates", "到岗人数中的高校毕业生"
    COMPLETED = "completed", "完成见习人数"
    RETAINED = "retained", "被见习单位留用人数"
    RETAINED_PART = "retained_part", "留用人数的其中项"
    EMPLOYED_ELSEWHERE = "employed_elsewhere", "其他方式就业人数"
    ENDED_EARLY = "ended_early", "非正常结束见习人数"
    IN_POST = "in_post", "期末在岗人数"
    UNEXPLAINED = "unexplained", "省表第14项（通知未解释）"
    PAID_FEN = "paid_fen", "本年累计拨付见习补贴"
    OPENING = "opening", "上期末在岗人数"
    HEAD_COUNT = "head_count", "按人头清点的期末在岗人数"
    RETAINED_GRADUATES = "retained_graduates", "留用人数中的高校毕业生"
    RETAINED_EARLY = "retained_early", "留用人数中的未满提前留用"


_SHARED: Final = tuple(Indicator)[:13]

COLUMNS: Final[Mapping[Form, tuple[Indicator, ...]]] = {
    Form.NATIONAL: (*_SHARED, Indicator.PAID_FEN),
    Form.GUANGDONG: (*_SHARED, Indicator.UNEXPLAINED, Indicator.PAID_FEN),
}
"""The indicators of a form in the order of its numbers, which begin with 1."""

ENTERED: Final = (Indicator.PLANNED, Indicator.UNEXPLAINED)
"""Indicators that a clerk enters; nothing computes them."""


class RetainedPart(Code):
    """What indicator 10 means: the copies of the notices lost its heading, so a bureau chooses."""

    GRADUATES = "graduates", "留用人数中的高校毕业生"
    EARLY = "early", "留用人数中的未满提前留用"


PARTS: Final[Mapping[RetainedPart, Indicator]] = {
    RetainedPart.GRADUATES: Indicator.RETAINED_GRADUATES,
    RetainedPart.EARLY: Indicator.RETAINED_EARLY,
}

LEAVES: Final = (Indicator.COMPLETED, Indicator.ENDED_EARLY)
"""The indicators of those who left in the month, 8 and 12: nobody counts in both."""

EMPLOYED: Final = frozenset({Result.EMPLOYED, Result.SELF_EMPLOYED, Result.FLEXIBLE})
"""What counts as 其他方式就业 (指标11 的说明: 推荐、个人自主择业等方式实现就业)."""


# --- what a fact counts for --------------------------------------------------------------------------------


def counted_for_arrival(track: str | None) -> tuple[Indicator, ...]:
    """The indicators in which an arrival (到岗) counts one: 6, and 7 for a graduate."""
    graduate = (Indicator.ARRIVED_GRADUATES,) if track == Track.GRADUATE else ()
    return (Indicator.ARRIVED, *graduate)


def counted_for_ending(ending: str, result: str | None, track: str | None) -> tuple[Indicator, ...]:
    """The indicators in which an ending counts one, with the result known when its month was filed.

    指标8 的说明: 期满, or kept by the host before the term ended; everything else is 12. 9 and 11 are results of
    people counted in 8 of the same month, so that 8≥9+11 can hold.
    """
    if ending not in (Ending.COMPLETED, Ending.RETAINED_EARLY):
        return (Indicator.ENDED_EARLY,)
    if result == Result.RETAINED:
        graduate = (Indicator.RETAINED_GRADUATES,) if track == Track.GRADUATE else ()
        early = (Indicator.RETAINED_EARLY,) if ending == Ending.RETAINED_EARLY else ()
        return (Indicator.COMPLETED, Indicator.RETAINED, *graduate, *early)
    if result in EMPLOYED:
        return (Indicator.COMPLETED, Indicator.EMPLOYED_ELSEWHERE)
    return (Indicator.COMPLETED,)


def with_derived(figures: Figures, part: RetainedPart) -> dict[str, int | None]:
    """The figures with 10 as chosen and 13 = 上期13 + 6 − 8 − 12 (粤人社函〔2023〕50号 附件2 说明8)."""
    balance = added(figures, (Indicator.OPENING, Indicator.ARRIVED), LEAVES)
    return {**figures, Indicator.RETAINED_PART.value: figures[PARTS[part]], Indicator.IN_POST.value: balance}


def total(rows: Sequence[Figures]) -> dict[str, int | None]:
    """The sum of some figures (合计), such as the province of its cities; None where a number is missing."""
    return {name.value: sum_of([row.get(name) for row in rows]) for name in Indicator}


def sum_of(values: Iterable[int | None]) -> int | None:
    """The sum, or None when one of the numbers is missing."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def added(figures: Figures, plus: Sequence[Indicator], minus: Sequence[Indicator] = ()) -> int | None:
    """Some figures added up, less some others; None when one of them is missing."""
    gains, losses = (sum_of([figures.get(name) for name in names]) for names in (plus, minus))
    return None if gains is None or losses is None else gains - losses
