"""Patience (限流): how many messages one conversation may send before it is asked, kindly, to slow down."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

BURST: Final = 30
PER_SECOND: Final = 3.0
REMEMBERED: Final = 100_000


class Throttle:
    """A token bucket for each key, in memory; the least recent are forgotten."""

    def __init__(self, burst: float = BURST, per_second: float = PER_SECOND) -> None:
        self.burst = burst
        self.per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """Take one token; 0.0 when there was one, otherwise the seconds until there will be. `now` in seconds."""
        level, since = self._buckets.pop(key, (self.burst, now))
        level = min(self.burst, level + (now - since) * self.per_second)
        if level < 1:
            self._buckets[key] = (level, now)
            return (1 - level) / self.per_second
        self._buckets[key] = (level - 1, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0
