"""The monthly reports of the cities (情况汇总表): entered numbers, checking, filing, and the province's sum.

Owns what a filed report is: the figures as they were when a clerk filed them, never changed afterwards. Months
are filed in order, so that 上期13 is always a filed number. 粤人社函〔2023〕50号 三(三)、附件2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, select

from policy.indicators import PROVINCE, Figures, RetainedPart, total
from policy.refusal import Refused
from policy.regions import CITIES, city
from policy.report_checks import Check, check, faults, warnings
from storage import audit, frozen_months
from storage.database import Connection, Statement, insert
from storage.errors import Conflict
from storage.indicators import (
    ENTRIES,
    OPENING,
    PLAN,
    UNEXPLAINED,
    entry,
    live,
    month_after,
    month_before,
    report,
)

KEYS: Final = (PLAN, OPENING, UNEXPLAINED)

GET: Final = Statement(
    select(report.c.figures, report.c.filed_by, report.c.filed_at).where(
        report.c.city == bindparam("city"), report.c.month == bindparam("month")
    ),
    "city",
    "month",
)
FIRST_AND_LAST: Final = Statement(
    select(func.min(report.c.month), func.max(report.c.month)).where(report.c.city == bindparam("city")),
    "city",
)
ADD: Final = Statement(
    insert(report).on_conflict_do_nothing(), "city", "month", "figures", "filed_by", "filed_at"
)
_enter = insert(entry)
ENTER: Final = Statement(
    _enter.on_conflict_do_update(
        index_elements=["city", "month", "key"],
        set_={name: _enter.excluded[name] for name in ("value", "actor", "at")},
    ),
    "city",
    "month",
    "key",
    "value",
    "actor",
    "at",
)


class CityMonth(NamedTuple):
    """The report of a city's month: as filed, or live with `filed_at` None."""

    city: str
    month: str
    figures: Figures
    filed_by: str | None = None
    filed_at: datetime | None = None


class Examined(NamedTuple):
    """A report held against the relations of the forms and against our own checks; those only warn."""

    report: CityMonth
    checks: tuple[Check, ...]
    warnings: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether every relation holds."""
        return all(found.holds for found in self.checks)


def of_city(
    connection: Connection, code: str, month: str, part: RetainedPart = RetainedPart.GRADUATES
) -> CityMonth:
    """The report of a city's month, as filed if it is, else live. `part` is what indicator 10 means."""
    found = connection.run(GET, (code, month)).fetchone()
    if found is None:
        return CityMonth(code, month, live(connection, code, month, part))
    figures, filed_by, filed_at = found
    return CityMonth(code, month, figures, filed_by, filed_at)


def of_cities(
    connection: Connection, month: str, part: RetainedPart = RetainedPart.GRADUATES
) -> list[CityMonth]:
    """The reports of all 21 cities, in the order of the province's target table."""
    return [of_city(connection, known.code, month, part) for known in CITIES]


def of_province(connection: Connection, month: str, reports: Sequence[CityMonth]) -> CityMonth:
    """The sum of the cities' reports (合计); filed when the province has filed it, which takes all cities."""
    found = connection.run(GET, (PROVINCE, month)).fetchone()
    filed: tuple[Any, ...] = found[1:] if found else (None, None)
    return CityMonth(PROVINCE, month, total([one.figures for one in reports]), *filed)


def examine(connection: Connection, one: CityMonth) -> Examined:
    """Hold a report against the relations of both forms, and against the month before where that is filed."""
    before = connection.run(GET, (one.city, month_before(one.month))).fetchone()
    return Examined(one, check(one.figures), warnings(one.figures, before[0] if before else None, one.month))


# --- entering and filing -----------------------------------------------------------------------------------


def enter(
    connection: Connection, code: str, month: str, key: str, value: int, *, actor: str, now: datetime
) -> None:
    """Enter a number of a city's month: `plan`, `opening` or `unexplained`; the newest holds.

    Raises `Refused` for a negative number, in a filed month, and for 上期13 that the month before gives.
    """
    if value < 0:
        raise Refused("人数不能是负数，请核对后再填。")
    if connection.run(GET, (code, month)).fetchone() is not None:
        raise Refused(f"{_name(code)}{month}已经报送，不能再改。之后的变化请走更正。")
    if key == OPENING and connection.run(GET, (code, month_before(month))).fetchone() is not None:
        raise Refused("上月已经报送，上期在岗人数取自上月报表，不用填写。")
    before = dict(connection.run(ENTRIES, (code, month)).fetchall())
    detail = {"before": before.get(key), "value": value}
    connection.run(ENTER, (code, month, key, value, actor, now))
    audit.add(connection, now, actor, f"report.{key}", _subject(code, month), detail)


def file(
    connection: Connection,
    code: str,
    month: str,
    *,
    actor: str,
    now: datetime,
    today: date,
    part: RetainedPart = RetainedPart.GRADUATES,
) -> CityMonth:
    """File a city's month, which freezes it. Returns the report.

    Raises `Refused` with every reason: the month is not over, an earlier one is to be filed first, a relation
    does not hold; `Conflict` when somebody has filed it already.
    """
    _refuse_unfinished(month, today)
    frozen_months.close(connection, code)
    if connection.run(GET, (code, month)).fetchone() is not None:
        raise Conflict(_already(code, month))
    _refuse_out_of_order(connection, code, month)
    examined = examine(connection, CityMonth(code, month, live(connection, code, month, part)))
    return _keep(connection, examined, actor, now)


def file_province(
    connection: Connection,
    month: str,
    *,
    actor: str,
    now: datetime,
    today: date,
    part: RetainedPart = RetainedPart.GRADUATES,
) -> CityMonth:
    """File the province's month: the sum of its 21 cities, all of which must have filed. Raises as `file`."""
    _refuse_unfinished(month, today)
    if connection.run(GET, (PROVINCE, month)).fetchone() is not None:
        raise Conflict(_already(PROVINCE, month))
    reports = of_cities(connection, month, part)
    if missing := [city(one.city).short for one in reports if one.filed_at is None]:
        raise Refused(f"还有{len(missing)}个地市没有报送{month}：{'、'.join(missing)}。请等齐后再汇总报送。")
    return _keep(connection, examine(connection, of_province(connection, month, reports)), actor, now)


def _keep(connection: Connection, examined: Examined, actor: str, now: datetime) -> CityMonth:
    if not examined.ready:
        raise Refused(*(sentence for _, sentence in faults(examined.checks)))
    code, month, figures, *_ = examined.report
    if connection.run(ADD, (code, month, dict(figures), actor, now)).rowcount != 1:
        raise Conflict(_already(code, month))  # in another process, at the same time
    audit.add(connection, now, actor, "report.file", _subject(code, month), {})
    return CityMonth(code, month, figures, actor, now)


def _refuse_unfinished(month: str, today: date) -> None:
    if month >= f"{today:%Y-%m}":
        raise Refused(f"{month}还没有结束，{month_after(month)}-01起可以报送。")


def _refuse_out_of_order(connection: Connection, code: str, month: str) -> None:
    first, last = connection.run(FIRST_AND_LAST, (code,)).fetchone()
    if last is None:
        return
    if month < first:
        raise Refused(f"{_name(code)}从{first}开始报送，不能再补报{month}。")
    if month != (following := month_after(last)):
        raise Refused(f"请先报送{following}，再报送{month}：上期在岗人数取自上月报表。")


def _already(code: str, month: str) -> str:
    return f"{_name(code)}{month}已经有人报送了，请用 jianxi report check 查看。"


def _name(code: str) -> str:
    return "广东省" if code == PROVINCE else city(code).name


def _subject(code: str, month: str) -> str:
    return f"report:{code}:{month}"
