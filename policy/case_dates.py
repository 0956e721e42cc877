"""By when a case is to be settled (办理期限): working days by kind. No notice says so; all open configuration.

Where the holidays of a year are not known yet, Monday to Friday count: a date is better than none.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from policy.calendar import CalendarYearMissing, is_workday
from policy.outgoing_codes import CaseKind

USUAL_DAYS: Final = 5
DAYS: Final = {
    CaseKind.UNSAFE: 1,
    CaseKind.HAND_OVER: 2,
    CaseKind.STIPEND_UNPAID: 3,
    CaseKind.END_ONLY_PAYMENT: 3,
    CaseKind.VISIT: 10,
}
"""Working days for the kinds that have other than the usual ones."""


def due_on(kind: str, today: date) -> date:
    """The last day for a case of that kind that is opened today."""
    left = DAYS.get(CaseKind(kind), USUAL_DAYS) if kind in set(CaseKind) else USUAL_DAYS
    day = today
    while left:
        day += timedelta(days=1)
        left -= _works(day)
    return day


def _works(day: date) -> bool:
    try:
        return is_workday(day)
    except CalendarYearMissing:
        return day.weekday() < 5
