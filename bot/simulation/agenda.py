"""The agenda of a simulated year: what happens on which day, in an order that the seed alone decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.simulation.behaviour import USUAL, Behaviour
from storage.acts import Act
from storage.database import Connection
from storage.sealing import Sealer

ZONE: Final = ZoneInfo("Asia/Shanghai")
Happening = Callable[["World", Connection], None]


class Instead(Exception):  # noqa: N818 - what is done instead
    """The rules said no half-way: nothing of it is kept, and this happens today instead."""

    def __init__(self, refusal: str, happening: Happening) -> None:
        super().__init__(refusal)
        self.happening = happening


@dataclass(slots=True)
class World:
    """The day it is, what is still to come, and what has come of it so far."""

    year: int
    sealer: Sealer
    random: Random
    behaviour: Behaviour = USUAL
    today: date = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)
    _agenda: list[tuple[date, int, Happening]] = field(default_factory=list)
    _number: int = 0
    _number_today: int = 0

    def __post_init__(self) -> None:
        self.today = date(self.year, 1, 1)

    @property
    def now(self) -> datetime:
        """The moment it is: from nine in the morning on, a little later with each thing that happens."""
        nine = datetime.combine(self.today, time(9), ZONE).astimezone(UTC)
        return nine + timedelta(milliseconds=100 * (self._number_today))

    def act(self, actor: str, on: date | None = None) -> Act:
        """What every verb of the ledger is told: who, when, and of which day it speaks."""
        told: Act = {"actor": actor, "now": self.now, "today": self.today}
        if on is not None:
            told["on"] = on
        return told

    def plan(self, day: date, happening: Happening) -> None:
        """Let something happen on a day, or today if that day is over."""
        self._number += 1
        heappush(self._agenda, (max(day, self.today), self._number, happening))

    def after(self, days: tuple[int, int], happening: Happening) -> None:
        """Let something happen some days from now."""
        self.plan(self.today + timedelta(days=self.random.randint(*days)), happening)

    def begin(self) -> None:
        """Something happens now: its moment is its own."""
        self._number_today += 1

    def next_day(self) -> None:
        """The day is over."""
        self.today += timedelta(days=1)
        self._number_today = 0

    def due(self) -> list[Happening]:
        """What happens today, taken off the agenda."""
        found = []
        while self._agenda and self._agenda[0][0] <= self.today:
            found.append(heappop(self._agenda)[2])
        return found

    def chance(self, share: float) -> bool:
        """True in that share of the cases."""
        return self.random.random() < share

    def day_in(self, weights: tuple[int, ...]) -> date:
        """A day of the year, its month drawn by weight."""
        month = self.random.choices(range(1, 13), weights)[0]
        return date(self.year, month, self.random.randint(1, 28))
