"""What staff have to do (工作提醒), worked out from plain figures: by when, and whether to remind them today.

The days come from the notices where they name one (`policy.calendar`, `policy.programme`); on which days before it
staff are reminded is open configuration (由本单位设定). Pure: figures and a day go in, duties come out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from policy.calendar import NO_OVERRIDES, CalendarYearMissing, Overrides, is_workday, report_due
from policy.regions import CITIES, city

REPORT_DAYS: Final = (3, 1, 0)
"""Working days before a report is due on which staff are reminded."""
BUNDLE_DAYS: Final = (20, 25)
"""Days of the month from which a missing bundle is reminded of."""
PROVINCE: Final = "440000"
WEEKDAYS: Final = "一二三四五六日"


class Duty(NamedTuple):
    """One thing that is to be done in a place, or by one clerk. `city` None is the province's.

    `mark` names the reminder that is due today; "" when it is listed only.
    """

    name: str
    city: str | None
    period: str
    text: str
    due_on: date | None = None
    mark: str = ""
    staff: str | None = None

    @property
    def key(self) -> str:
        """What makes a reminder one: given twice it is the same."""
        return f"{self.name}:{self.staff or self.city or PROVINCE}:{self.period}:{self.mark}"


def month_of(day: date, back: int = 0) -> str:
    """The month ("YYYY-MM") of a day, or so many months before it."""
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return f"{year}-{month + 1:02d}"


def month_name(month: str) -> str:
    """As people write it: 2026年11月."""
    return f"{month[:4]}年{int(month[5:])}月"


def day_name(day: date) -> str:
    """As people write it: 12月3日（周四）."""
    return f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


# --- monthly reports ---------------------------------------------------------------------------------------


def reports(
    today: date, filed: Mapping[str, Collection[str]], overrides: Overrides = NO_OVERRIDES
) -> Iterator[Duty]:
    """The reports that are not filed: of the month before, and of this one once its reminder is due.

    `filed` maps months to the codes of the cities that have filed them, the province's own among them.
    """
    for month in (month_of(today, 1), month_of(today)):
        known, assumed = _known(month, today, overrides)
        due = report_due(month, known)
        there = filed.get(month, ())
        marks = [_mark(today, day, known) for day in (due.guangdong, due.national)]
        if month == month_of(today) and not any(marks):
            continue
        missing = [one for one in CITIES if one.code not in there]
        for one in missing:
            yield Duty(
                "report",
                one.code,
                month,
                f"{one.name}{month_name(month)}情况汇总表，{_by(today, due.guangdong, known)}报到省里。"
                f"请核对后报送。{assumed}",
                due.guangdong,
                marks[0],
            )
        if PROVINCE not in there:
            behind = (
                f"还没报送的地市：{'、'.join(one.short for one in missing)}。"
                if missing
                else "地市都已报送。"
            )
            yield Duty(
                "report",
                None,
                month,
                f"全省{month_name(month)}情况汇总表，{_by(today, due.national, known)}报到部里。{behind}{assumed}",
                due.national,
                marks[1],
            )


def _known(month: str, today: date, overrides: Overrides) -> tuple[Overrides, str]:
    """The calendar; a year whose holidays are not known yet is assumed to have weekends alone, which is then said."""
    known, note = overrides, ""
    while True:
        try:
            report_due(month, known)
            is_workday(today, known)
        except CalendarYearMissing as missing:
            known = {date(missing.year, 1, 1): False, date(missing.year, 10, 1): False, **known}
            note = f"（{missing.year}年放假安排还没录入，日期按周一至周五推算。）"
        else:
            return known, note


def _left(today: date, due: date, overrides: Overrides) -> int:
    """Working days from tomorrow through the due day; negative once it is over."""
    if today > due:
        return -1
    days = (today + timedelta(days=ahead) for ahead in range(1, (due - today).days + 1))
    return sum(is_workday(day, overrides) for day in days)


def _mark(today: date, due: date, overrides: Overrides) -> str:
    if (due - today).days > 31 or not is_workday(today, overrides):
        return ""
    left = _left(today, due, overrides)
    return str(left) if left in REPORT_DAYS else ""


def _by(today: date, due: date, overrides: Overrides) -> str:
    left = _left(today, due, overrides)
    if left < 0:
        return f"{day_name(due)}已经到期，请尽快"
    return "今天到期，请今天" if left == 0 else f"{day_name(due)}前（还有{left}个工作日）"


# --- demonstrative positions -------------------------------------------------------------------------------


def bundles(today: date, published: Collection[str]) -> Iterator[Duty]:
    """The cities without a published bundle for this month (粤人社函〔2023〕228号 二: 每月)."""
    month = month_of(today)
    last = last_of_month(today)
    for one in CITIES:
        if one.code not in published:
            text = f"{one.name}{month_name(month)}的示范岗位还没有打包发布，请在{day_name(last)}前选好、发布，并报送链接。"
            yield Duty("bundle", one.code, month, text, last, bundle_mark(today))


def shares(today: date, missing: Mapping[str, Collection[str]]) -> Iterator[Duty]:
    """The cities whose demonstrative positions are too few; `missing` says by city what is missing, in sentences."""
    for code, sentences in missing.items():
        if sentences:
            text = f"{city(code).name}的示范性岗位不够：{''.join(sentences)}"
            yield Duty("share", code, month_of(today), text, None, bundle_mark(today))


def bundle_mark(today: date) -> str:
    """Which reminder of the month is due: the first from the 20th on, the second from the 25th."""
    return next((str(day) for day in reversed(BUNDLE_DAYS) if today.day >= day), "")


def last_of_month(day: date) -> date:
    """The last day of its month."""
    return date.fromisoformat(f"{month_of(day, -1)}-01") - timedelta(days=1)


# --- events, targets, cases --------------------------------------------------------------------------------


def quarters(today: date, quarter: str, last: date, without: Collection[str]) -> Iterator[Duty]:
    """The cities without a matchmaking event in this quarter, which ends on `last`; reminded of in its last month.

    人社部发〔2023〕27号 二(三): 每季度至少举办一次.
    """
    mark = ""
    if month_of(today) == month_of(last):
        mark = "2" if today.day >= 15 else "1"
    for code in without:
        text = f"{city(code).name}{quarter}还没有专项对接活动，请在{day_name(last)}前办一次，并在活动里登记发布。"
        yield Duty("event", code, quarter, text, last, mark)


def targets(today: date, behind: Mapping[str, str]) -> Iterator[Duty]:
    """The cities behind their yearly target; `behind` says by city how far they are. Reminded of once a month."""
    mark = "10" if today.day >= 10 else ""
    for code, sentence in behind.items():
        yield Duty("target", code, month_of(today), f"{city(code).name}{sentence}", None, mark)


def cases(today: date, overdue: Mapping[str, int]) -> Iterator[Duty]:
    """The cases past their day, by owner: a clerk's name, or city:CODE for the queue of a city. Reminded of daily."""
    for owner, number in overdue.items():
        if not number:
            continue
        code = owner.removeprefix("city:") if owner.startswith("city:") else None
        whose = "您" if code is None else _place(code)
        text = f"{whose}有{number}件待办过了期限，请尽快办理。"
        staff = owner if code is None else None
        yield Duty("cases", code, today.isoformat(), text, None, "daily", staff)


def _place(code: str) -> str:
    return next((one.name for one in CITIES if one.code == code), "省里")
