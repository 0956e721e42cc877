"""When people are asked whether they still want to take part (意愿确认), and told that their eligibility ends.

No notice says how often; all of it is open configuration (由本单位设定). Pure.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

EVERY_DAYS: Final = 60
"""Days after the registration, or the last answer, until somebody is asked (again)."""
LATE_DAYS: Final = 14
"""Days for which a question that was missed is still put."""
NOTICE_DAYS: Final = (7, 30)
"""How many days before their eligibility ends people are told, the nearest first."""


def asked_on(since: date, today: date) -> date | None:
    """The day on which somebody who last said so on `since` was to be asked; None when not now."""
    rounds = (today - since).days // EVERY_DAYS
    if rounds < 1:
        return None
    due = since + timedelta(days=rounds * EVERY_DAYS)
    return due if (today - due).days < LATE_DAYS else None


def notice(until: date, today: date) -> int | None:
    """Which notice of the end of eligibility (its last day is `until`) is to be given: 30 or 7 days; None for none."""
    left = (until - today).days
    if left < 0:
        return None
    return next((days for days in NOTICE_DAYS if left <= days), None)
