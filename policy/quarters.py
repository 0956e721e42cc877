"""Quarters of the year (季度), in which each place owes a matchmaking event: 人社部发〔2023〕27号 二(三)."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from policy.refusal import Refused

_FORM = re.compile(r"(\d{4})-?[Qq]([1-4])", re.ASCII)


class Quarter(NamedTuple):
    """One quarter; `number` is 1 to 4."""

    year: int
    number: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number * 3 - 2, 1)

    @property
    def after(self) -> date:
        """The first day that no longer belongs to it."""
        return date(self.year + self.number // 4, self.number * 3 % 12 + 1, 1)

    @property
    def label(self) -> str:
        """As people write it: 2026年第四季度."""
        return f"{self.year}年第{'一二三四'[self.number - 1]}季度"

    def __str__(self) -> str:
        """As programs write it: 2026Q4."""
        return f"{self.year}Q{self.number}"


def quarter_of(day: date) -> Quarter:
    """The quarter of a day."""
    return Quarter(day.year, (day.month + 2) // 3)


def read_quarter(text: str) -> Quarter:
    """Read "2026Q4". Raises `Refused`."""
    found = _FORM.fullmatch(text.strip())
    if found is None or not 2000 <= int(found[1]) <= 2099:
        raise Refused(f"没看懂“{text}”是哪个季度，请这样写：2026Q4。")
    return Quarter(int(found[1]), int(found[2]))
