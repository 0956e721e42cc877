"""The numbers and switches of the programme (政策参数) as dated rows, each with the clause it comes from.

Owns what applies on a day in a city; `policy.eligibility` owns what follows from it. A changed rule is a new
row and an end date on the old one, so that a past day is judged as it was. Where the notices leave a point
open the row says `open=True`: its value is configuration and must be labelled so to people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from policy.codes import Education


class EarlierInternship(StrEnum):
    """What an earlier internship of the same person means (曾参加见习)."""

    BARS = "once"
    BARS_IN_SAME_CITY = "once_per_city"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything `policy.eligibility` needs to know about one day in one city. Ages are full years (周岁)."""

    minimum_age: int
    youth_age_below: int
    graduate_months: int
    graduate_levels: frozenset[Education]
    unemployment_registration_required: bool
    bar_at_school: bool
    bar_employed: bool
    bar_business_licence: bool
    bar_dispatch: bool
    bar_earlier_internship: EarlierInternship


Value = int | bool | EarlierInternship | frozenset[Education]


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated row: `name` is a field of `Parameters`, `city` a GB/T 2260 code or None for the province.

    Both `valid_from` and `valid_until` are inclusive; None means no end is known.
    """

    name: str
    value: Value
    valid_from: date
    valid_until: date | None
    clause: str
    open: bool
    city: str | None = None

    @property
    def label(self) -> str:
        """The Chinese name of the parameter."""
        return LABELS[self.name]

    def applies(self, day: date, city: str | None) -> bool:
        """Tell whether the row holds on `day` for the province or for this `city`."""
        in_force = self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
        return in_force and self.city in (None, city)


class ParametersMissing(LookupError):  # noqa: N818 - says what is missing
    """No rule is known for a day: it lies before the first notice or after the last row ended."""

    def __init__(self, name: str, day: date) -> None:
        self.name = name
        self.day = day
        super().__init__(f"{day:%Y-%m-%d} 没有适用的政策参数“{LABELS[name]}”，请先补录该日期的规定。")


LABELS = {
    "minimum_age": "最低年龄（周岁）",
    "youth_age_below": "失业青年年龄上限（未满周岁）",
    "graduate_months": "离校未就业毕业生期限（月，自毕业证书日期起）",
    "graduate_levels": "按高校毕业生对待的学历",
    "unemployment_registration_required": "失业青年须已办失业登记",
    "bar_at_school": "在校生不能参加",
    "bar_employed": "已就业或以职工身份参保的不能参加",
    "bar_business_licence": "名下有营业执照的不能参加",
    "bar_dispatch": "劳务派遣形式不能参加",
    "bar_earlier_internship": "曾参加见习的处理",
}

NATIONAL = "人社部发〔2023〕27号"
GUANGDONG = "粤人社函〔2023〕50号"
GUANGZHOU, SHENZHEN, ZHUHAI, ZHONGSHAN = "440100", "440300", "440400", "442000"

# The notices continue a plan that runs by calendar year; both of 2023 speak for the whole of it.
_START = date(2023, 1, 1)

_GRADUATE_LEVELS = frozenset(
    {
        Education.DOCTOR,
        Education.MASTER,
        Education.BACHELOR,
        Education.JUNIOR_COLLEGE,
        Education.TECHNICIAN_COLLEGE,
        Education.SPECIAL_VOCATIONAL,
    }
)


def _rule(name: str, value: Value, clause: str, *, opened: bool, city: str | None = None) -> Rule:
    return Rule(name, value, _START, None, clause, opened, city)


RULES: tuple[Rule, ...] = (
    _rule("minimum_age", 16, f"{NATIONAL} 一、{GUANGDONG} 二(二)：16—24岁", opened=False),
    _rule("youth_age_below", 25, f"{NATIONAL} 一：16—24岁，通常理解为未满25周岁", opened=True),
    _rule("graduate_months", 24, f"{NATIONAL} 一：离校两年内；起算日未规定", opened=True),
    _rule(
        "graduate_levels",
        _GRADUATE_LEVELS,
        f"{NATIONAL} 一：高校毕业生；技师学院高级工班、预备技师班和特殊教育院校职业教育类按补贴口径",
        opened=True,
    ),
    _rule(
        "unemployment_registration_required",
        True,
        f"{NATIONAL} 二(一)：登记失业青年；一：失业青年",
        opened=True,
    ),
    _rule(
        "unemployment_registration_required",
        True,
        "广州市就业见习补贴条件：持有有效失业登记",
        opened=False,
        city=GUANGZHOU,
    ),
    _rule(
        "unemployment_registration_required",
        True,
        "深府办规〔2023〕7号：登记失业的16至24岁青年",
        opened=False,
        city=SHENZHEN,
    ),
    _rule("bar_at_school", True, f"{NATIONAL} 一：离校", opened=False),
    _rule("bar_employed", True, f"{NATIONAL} 一：未就业、失业", opened=False),
    _rule("bar_business_licence", True, "通知未规定，按各地通行做法", opened=True),
    _rule("bar_dispatch", True, "通知未规定，按各地通行做法", opened=True),
    _rule("bar_dispatch", True, "珠海市就业见习补贴条件：不含劳务派遣", opened=False, city=ZHUHAI),
    _rule("bar_dispatch", True, "中山市就业见习补贴条件：不含劳务派遣", opened=False, city=ZHONGSHAN),
    _rule("bar_earlier_internship", EarlierInternship.BARS, "通知未规定，按通行做法原则上一次", opened=True),
)


@lru_cache(maxsize=1024)
def rules_on(day: date, city: str | None = None) -> tuple[Rule, ...]:
    """List the rules of a day, one for each parameter in the order of `Parameters`; a city's own goes first.

    `city` is the GB/T 2260 code of a city, not of a district; one without own rows follows the province.
    Raises `ParametersMissing` for a day outside every row.
    """
    return tuple(_pick(RULES, day, city))


def _pick(rules: tuple[Rule, ...], day: date, city: str | None) -> Iterator[Rule]:
    for name in LABELS:
        rows = [rule for rule in rules if rule.name == name and rule.applies(day, city)]
        if not rows:
            raise ParametersMissing(name, day)
        yield max(rows, key=lambda rule: rule.city is not None)


@lru_cache(maxsize=1024)
def parameters_on(day: date, city: str | None = None) -> Parameters:
    """Gather the values of `rules_on(day, city)`; raises `ParametersMissing` alike."""
    values: dict[str, object] = {rule.name: rule.value for rule in rules_on(day, city)}
    return Parameters(**values)  # type: ignore[arg-type]  # a test holds each row against its field's type


@dataclass(frozen=True, slots=True)
class MinimumWage:
    """One decree on the monthly minimum wage (最低工资标准): yuan by city, in force from `valid_from` on."""

    valid_from: date
    clause: str
    yuan: dict[str, int]


_TIER_2 = ("440400", "440600", "441900", "442000")
_TIER_3 = ("440500", "441300", "440700", "440800", "441200")
_TIER_4 = (
    *("440200", "441600", "441400", "441500", "441700"),
    *("440900", "441800", "445100", "445200", "445300"),
)

MINIMUM_WAGES: tuple[MinimumWage, ...] = (
    MinimumWage(
        date(2021, 12, 1),
        "粤府函〔2021〕345号",
        {
            GUANGZHOU: 2300,
            SHENZHEN: 2360,
            **dict.fromkeys(_TIER_2, 1900),
            **dict.fromkeys(_TIER_3, 1720),
            **dict.fromkeys(_TIER_4, 1620),
        },
    ),
    MinimumWage(
        date(2025, 3, 1),
        "粤府函〔2025〕23号",
        {
            GUANGZHOU: 2500,
            SHENZHEN: 2520,
            **dict.fromkeys(_TIER_2, 2080),
            **dict.fromkeys(_TIER_3, 1850),
            **dict.fromkeys(_TIER_4, 1750),
        },
    ),
)


def minimum_wage(city: str, month: str) -> int:
    """Give the monthly minimum wage in yuan for a city (GB/T 2260) in a month ("YYYY-MM").

    Raises `LookupError` for a month before the first decree on record or a place outside the 21 cities,
    `ValueError` for text that is no month.
    """
    first = date.fromisoformat(f"{month}-01")
    in_force = [decree for decree in MINIMUM_WAGES if decree.valid_from <= first]
    if not in_force or city not in in_force[-1].yuan:
        raise LookupError(f"没有 {month} 适用的最低工资标准（地区代码 {city}），请先补录。")
    return in_force[-1].yuan[city]
