"""Lanes (发送通道): one for each channel account, which keeps to its rate and stops when the account is at fault."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from notifications.channel import Channel

PROBE_AFTER: Final = timedelta(minutes=5)
"""How long a lane rests after an account fault before one message tries again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a platform lets us send: messages a second, and at a time."""

    per_second: float
    at_once: int


PACES: Final[Mapping[str, Pace]] = {"telegram": Pace(25, 8), "wechat": Pace(20, 6)}
"""Below what the platforms allow, so that replies always find room; as many at once as an answer takes 0.3 s."""
USUAL: Final = Pace(200, 16)


@dataclass(slots=True)
class Lane:
    """The way out over one channel account. `clock` counts seconds, `sleep` waits for some."""

    channel: Channel
    pace: Pace
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    free_at: float = 0.0
    rests_until: datetime | None = None
    fault: str = ""

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name

    def room(self, going: int, now: datetime) -> int:
        """How many messages may be claimed beside those that are on their way.

        No more than are sent at once: what is claimed when the process dies has an unknown end. After a fault one
        message tries first.
        """
        if self.rests(now):
            return 0
        if self.fault:
            return 1 - going
        return self.pace.at_once - going if going <= self.pace.at_once // 2 else 0

    async def turn(self) -> None:
        """Wait for the next moment at which the platform takes a message."""
        now = self.clock()
        at = max(self.free_at, now)
        self.free_at = at + 1 / self.pace.per_second
        if at > now:
            await self.sleep(at - now)

    def stop(self, fault: str, until: datetime) -> None:
        """The account is at fault: nothing goes out before `until`, and then one message tries."""
        self.fault, self.rests_until = fault, until

    def resume(self) -> None:
        """The account works again."""
        self.fault, self.rests_until = "", None

    def rests(self, now: datetime) -> bool:
        """Whether nothing may go out now. A clock that was set back must not prolong it."""
        return self.rests_until is not None and timedelta(0) < self.rests_until - now <= PROBE_AFTER


def lane(channel: Channel, paces: Mapping[str, Pace] = PACES) -> Lane:
    """The lane of a channel, at its platform's pace."""
    return Lane(channel, paces.get(channel.name, USUAL))
