"""How long things are kept (保存期限), as the consent text promises people and docs/privacy.md tells.

个人信息保护法 第十九条: no longer than the purpose needs. The numbers are ours, but for the first, which the consent
text names. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

REGISTRATION_MONTHS: Final = 12
"""Registrations of who never took part, and withdrawn ones, from the last time the person said anything to it."""
CHAT: Final = timedelta(days=180)
"""What was said in chats, half-filled dialogs, and the texts of messages that went out."""


def registrations_before(now: datetime) -> datetime:
    """Registrations that nobody has touched since then are deleted. 29 February counts as the 28th."""
    year, month = divmod(now.year * 12 + now.month - 1 - REGISTRATION_MONTHS, 12)
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=year, month=month + 1, day=day)
