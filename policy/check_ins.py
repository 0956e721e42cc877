"""Questions during an internship (见习期间回访): when person and host are asked, and which answers need a clerk.

人社部发〔2023〕27号 二(五): 抓实见习事后问效，定期跟进; 粤人社函〔2023〕228号 三: 不得见习结束后集中发放见习补贴. How often
is not said; monthly, because the stipend is monthly.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Final, NamedTuple

from policy.codes import Code
from policy.outgoing_codes import CaseKind, CheckInKind

ARRIVAL_AFTER_DAYS: Final = 3
"""Days after the arrival on which the first question is asked (open configuration)."""
END_BEFORE_DAYS: Final = 7
"""Days before the end on which the last question is asked (open configuration)."""
LATE_DAYS: Final = 7
"""Days after which a question that could not be put in time is not put any more (open configuration)."""
HOST_DAY: Final = 5
"""Day of the month from which hosts are asked about the month before (open configuration)."""


class Due(NamedTuple):
    """One planned question; `month` ("YYYY-MM") is the month it asks about."""

    kind: CheckInKind
    month: str
    due_on: date


def planned(arrived: date, ends: date) -> tuple[Due, ...]:
    """Every question of an internship: on arrival, once for each full month, and before its end.

    The monthly one comes on the day of the month on which the person arrived, or on the month's last day where
    that day does not exist (31st, 29 February). The last one asks about the newest month whose stipend is due.
    """
    found = [Due(CheckInKind.ARRIVAL, f"{arrived:%Y-%m}", arrived + timedelta(days=ARRIVAL_AFTER_DAYS))]
    last = ends - timedelta(days=END_BEFORE_DAYS)
    months = 1
    while (day := _months_after(arrived, months)) <= min(last, ends):
        found.append(Due(CheckInKind.MONTHLY, month_before(day), day))
        months += 1
    end = max(last, found[0].due_on)
    found.append(Due(CheckInKind.END, max(month_before(end), f"{arrived:%Y-%m}"), end))
    return tuple(found)


def month_before(day: date) -> str:
    """The month that has just been worked through on that day, "YYYY-MM"."""
    return f"{day - timedelta(days=day.day):%Y-%m}"


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Trouble(Code):
    """What a person may report (反映的问题)."""

    NONE = "none", "没有问题"
    UNPAID = "unpaid", "补贴没发"
    LESS = "less", "补贴发少了"
    UNSAFE = "unsafe", "不安全"
    OVERTIME = "overtime", "经常加班"
    NOTHING_TO_DO = "nothing_to_do", "没人带、只打杂"
    PAY_TO_INTERN = "pay_to_intern", "要本人交钱"
    OTHER = "other", "其他情况"


class Told(NamedTuple):
    """What a person answers: None where it was not asked or they do not know. `received` in yuan."""

    mentor: bool | None = None
    received: int | None = None
    insured: bool | None = None
    troubles: tuple[str, ...] = ()


def cases_for(
    told: Told, stipend: int, kind: CheckInKind, *, whole_month: bool = True, paid_before: bool = False
) -> tuple[CaseKind, ...]:
    """What a clerk must look into after these answers; `stipend` is the agreed one in yuan a month.

    `whole_month`: the month asked about was worked from its first day, so less than the stipend is too little.
    `paid_before`: something was received for an earlier month, so it is not all paid at the end.
    """
    found: list[CaseKind] = []
    troubles = set(told.troubles) - {Trouble.NONE}
    unpaid = told.received == 0 and kind is not CheckInKind.ARRIVAL
    if unpaid or Trouble.UNPAID in troubles:
        found.append(CaseKind.STIPEND_UNPAID)
    if told.received == 0 and kind is CheckInKind.END and not paid_before:
        found.append(CaseKind.END_ONLY_PAYMENT)
    if Trouble.UNSAFE in troubles:
        found.append(CaseKind.UNSAFE)
    short = told.received is not None and 0 < told.received < stipend and whole_month
    uncared = told.mentor is False or told.insured is False
    others = troubles - {Trouble.UNPAID, Trouble.UNSAFE}
    if short or uncared or others:
        found.append(CaseKind.PROBLEM)
    return tuple(found)


PROBLEMS: Final = {
    Trouble.UNPAID: "stipend_unpaid",
    Trouble.LESS: "stipend_unpaid",
    Trouble.UNSAFE: "unsafe",
    Trouble.OVERTIME: "other",
    Trouble.NOTHING_TO_DO: "other",
    Trouble.PAY_TO_INTERN: "other",
    Trouble.OTHER: "other",
}
"""What a reported trouble is called in the monthly record, whose codes are fewer."""


def problem_of(troubles: tuple[str, ...]) -> str | None:
    """The problem for the monthly record: danger first, then money, then the rest; None without any."""
    named = {PROBLEMS[Trouble(trouble)] for trouble in troubles if trouble != Trouble.NONE}
    return next((problem for problem in ("unsafe", "stipend_unpaid", "other") if problem in named), None)


class HostTold(NamedTuple):
    """What a host's contact answers: are the interns there (all, left, absent, nobody), are they paid."""

    at_work: str
    paid: str | None = None


def host_cases_for(told: HostTold) -> tuple[CaseKind, ...]:
    """What a clerk must look into after a host's answers."""
    found: list[CaseKind] = []
    if told.paid in ("part", "no"):
        found.append(CaseKind.STIPEND_UNPAID)
    if told.at_work != "all":
        found.append(CaseKind.PROBLEM)
    return tuple(found)
