"""How figures, days and times read on public pages and in the chat."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime


def day(value: date) -> str:
    """A day as people write it."""
    return f"{value.year}年{value.month}月{value.day}日"


def dial(phone: str) -> str:
    """The first number of a telephone entry, as a link to dial."""
    found = re.search(r"\+?[\d-]{5,}", phone, re.ASCII)
    return found[0] if found else phone


def spoken_time(starts_at: datetime, ends_at: datetime | None, local: Callable[[datetime], datetime]) -> str:
    """A span of time as people say it, in local time."""
    start = local(starts_at)
    said = f"{day(start.date())}（周{'一二三四五六日'[start.weekday()]}）{start:%H:%M}"
    if ends_at is None:
        return said
    end = local(ends_at)
    return f"{said}—{end:%H:%M}" if end.date() == start.date() else f"{said}—{day(end.date())}{end:%H:%M}"
