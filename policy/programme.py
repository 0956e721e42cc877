"""The rules of hosts, positions, internships and subsidies (见习管理和补贴参数) as dated rows with their clauses.

As `policy.parameters` does for eligibility: a changed rule is a new row, a city's own row goes before the
province's, and what the notices leave open says `open=True` and is labelled as configuration wherever shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from policy.parameters import GUANGZHOU, NATIONAL, SHENZHEN, ZHONGSHAN, ZHUHAI, minimum_wage

FORWARDING: Final = "粤人社函〔2023〕228号"


@dataclass(frozen=True, slots=True)
class Programme:
    """What holds on a day in a city. Percentages are whole numbers, money is in fen (分)."""

    shortest_months: int
    longest_months: int
    stipend_floor_percent: int
    interns_per_mentor: int
    host_review_months: int
    demonstrative_percent: int
    events_each_quarter: int
    subsidy_percent: int
    subsidy_up_to_paid: bool
    subsidy_least_months: int
    subsidy_least_days: int
    insurance_fen: int
    guidance_fen: int
    retention_threshold_percent: int
    retention_difference_fen: int
    remaining_term: bool


@dataclass(frozen=True, slots=True)
class ProgrammeRule:
    """One dated row: `name` is a field of `Programme`; the days are inclusive, None means no end is known."""

    name: str
    value: int | bool
    clause: str
    open: bool
    valid_from: date = date(2023, 1, 1)
    valid_until: date | None = None
    city: str | None = None

    @property
    def label(self) -> str:
        """The Chinese name of the rule."""
        return LABELS[self.name]

    def applies(self, day: date, city: str | None) -> bool:
        """Tell whether the row holds on `day` for the province or for this `city`."""
        in_force = self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
        return in_force and self.city in (None, city)


LABELS: Final = {
    "shortest_months": "见习期限下限（月）",
    "longest_months": "见习期限上限（月，含延期和换单位累计）",
    "stipend_floor_percent": "见习补贴下限（当地最低工资标准的%）",
    "interns_per_mentor": "每位带教老师同时带教人数上限",
    "host_review_months": "见习单位复核周期（月）",
    "demonstrative_percent": "示范性岗位占岗位总数下限（%）",
    "events_each_quarter": "每季度专项对接活动场次下限",
    "subsidy_percent": "财政补贴标准（当地最低工资标准的%）",
    "subsidy_up_to_paid": "财政补贴不超过单位实发",
    "subsidy_least_months": "申领补贴须见习满（月）",
    "subsidy_least_days": "当月计发补贴的最少出勤（天）",
    "insurance_fen": "人身意外伤害保险补贴上限（分／人）",
    "guidance_fen": "指导管理费（分／人月）",
    "retention_threshold_percent": "提高补贴标准的留用率（%）",
    "retention_difference_fen": "留用差额补贴（分／留用人月）",
    "remaining_term": "提前留用发放剩余期限补贴",
}

_LOCAL = "通知未规定，按当地规定录入"


def _rule(
    name: str, value: int | bool, clause: str, *, opened: bool, city: str | None = None
) -> ProgrammeRule:
    return ProgrammeRule(name, value, clause, opened, city=city)


RULES: Final[tuple[ProgrammeRule, ...]] = (
    _rule("shortest_months", 3, f"{NATIONAL} 三(三)：见习时间一般为3—12个月", opened=False),
    _rule("longest_months", 12, f"{NATIONAL} 三(三)：见习时间一般为3—12个月", opened=False),
    _rule("stipend_floor_percent", 80, "广东多数城市做法：不低于当地最低工资标准80%", opened=True),
    _rule("stipend_floor_percent", 80, "广州市就业见习补贴条件", opened=False, city=GUANGZHOU),
    _rule("stipend_floor_percent", 80, "深府办规〔2023〕7号", opened=False, city=SHENZHEN),
    _rule("stipend_floor_percent", 80, "中山市就业见习补贴条件", opened=False, city=ZHONGSHAN),
    _rule("stipend_floor_percent", 100, "珠海市就业见习补贴条件", opened=False, city=ZHUHAI),
    _rule("interns_per_mentor", 2, f"{NATIONAL} 二(五)要求配带教老师；人数上限通知未规定", opened=True),
    _rule("host_review_months", 12, "通知未规定，按年度复核", opened=True),
    _rule("demonstrative_percent", 1, f"{NATIONAL} 二(二)、{FORWARDING} 二：不少于百分之一", opened=False),
    _rule("events_each_quarter", 1, f"{NATIONAL} 二(三)：每季度至少举办一次", opened=False),
    _rule("subsidy_percent", 100, _LOCAL, opened=True),
    _rule("subsidy_percent", 100, "广州市就业见习补贴标准", opened=False, city=GUANGZHOU),
    _rule("subsidy_percent", 100, "深府办规〔2023〕7号", opened=False, city=SHENZHEN),
    _rule("subsidy_percent", 100, "珠海市就业见习补贴标准", opened=False, city=ZHUHAI),
    _rule("subsidy_percent", 100, "中山市就业见习补贴标准", opened=False, city=ZHONGSHAN),
    _rule("subsidy_up_to_paid", True, "广州、深圳、中山做法；通知未规定", opened=True),
    _rule("subsidy_least_months", 0, _LOCAL, opened=True),
    _rule("subsidy_least_months", 3, "广州市就业见习补贴条件：实际见习满3个月", opened=False, city=GUANGZHOU),
    _rule("subsidy_least_months", 3, "珠海市就业见习补贴条件：实际见习满3个月", opened=False, city=ZHUHAI),
    _rule("subsidy_least_days", 15, "通知未规定，按外地做法出勤满15天计发", opened=True),
    _rule("insurance_fen", 10_000, f"{NATIONAL} 三(一)：人身意外伤害保险；金额通知未规定", opened=True),
    _rule("guidance_fen", 0, f"{NATIONAL} 三(一)：指导管理费用；金额通知未规定", opened=True),
    _rule("retention_threshold_percent", 50, f"{NATIONAL} 三(一)：留用率达到50%以上", opened=False),
    _rule("retention_difference_fen", 20_000, f"{NATIONAL} 四(二)：差额补贴；金额通知未规定", opened=True),
    ProgrammeRule(
        "remaining_term",
        True,
        f"{NATIONAL} 三(一)：剩余期限见习补贴政策延续至2023年底",
        open=False,
        valid_until=date(2023, 12, 31),
    ),
    ProgrammeRule("remaining_term", False, "2024年起未见延续规定", open=True, valid_from=date(2024, 1, 1)),
)


class RuleMissing(LookupError):  # noqa: N818 - says what is missing
    """No rule is known for a day: it lies before the first notice."""

    def __init__(self, name: str, day: date) -> None:
        super().__init__(f"{day:%Y-%m-%d} 没有适用的“{LABELS[name]}”，请先补录该日期的规定。")


@lru_cache(maxsize=4096)
def programme_rules_on(day: date, city: str | None = None) -> tuple[ProgrammeRule, ...]:
    """List the rules of a day in the order of `Programme`, a city's own first. Raises `RuleMissing`."""
    return tuple(_pick(day, city))


def _pick(day: date, city: str | None) -> Iterator[ProgrammeRule]:
    for name in LABELS:
        rows = [rule for rule in RULES if rule.name == name and rule.applies(day, city)]
        if not rows:
            raise RuleMissing(name, day)
        yield max(rows, key=lambda rule: rule.city is not None)


@lru_cache(maxsize=4096)
def programme_on(day: date, city: str | None = None) -> Programme:
    """Gather the values of `programme_rules_on(day, city)`; raises `RuleMissing` alike."""
    values: dict[str, int | bool] = {rule.name: rule.value for rule in programme_rules_on(day, city)}
    return Programme(**values)  # type: ignore[arg-type]  # a test holds each row against its field


def clause(name: str, day: date, city: str | None = None) -> str:
    """The clause that gives the value of `name` on that day."""
    return next(rule.clause for rule in programme_rules_on(day, city) if rule.name == name)


def stipend_floor_fen(city: str, day: date) -> int:
    """Lowest monthly stipend (见习补贴下限) in fen, rounded up. Raises `LookupError` when no wage is on record."""
    percent = programme_on(day, city).stipend_floor_percent
    return minimum_wage(city, f"{day:%Y-%m}") * percent
