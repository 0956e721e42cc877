"""The meter (接口调用额度): counts calls against the account's daily quotas, warns before one ends, stops when it has.

Days are days of Beijing time: that is when the platform begins to count anew. The figures are what the platform
grants a service account by default; an account may have others, so a refusal by the platform overrules them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from notifications.channel import Failure, SendFailed
from storage import quotas
from storage.database import Database
from storage.quotas import Count

BEIJING: Final = ZoneInfo("Asia/Shanghai")
ALARM_AT: Final = 0.8

DAILY: Final[Mapping[str, int]] = {
    "token": 500_000,
    "custom": 500_000,
    "template": 100_000,
    "subscription": 100_000,
    "mass": 100,
    "menu": 1_000,
    "qrcode": 100_000,
}

Alarm = Callable[[Count], None]


class Meter:
    """Counts in the database, so that all processes count together. `alarm` hears once when 80 % is used."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        account: str,
        alarm: Alarm,
        limits: Mapping[str, int] = DAILY,
    ) -> None:
        self._database = database
        self._clock = clock
        self._account = account
        self._alarm = alarm
        self._limits = limits

    async def take(self, api: str) -> None:
        """Count a call that is about to be made. Raises `SendFailed` when the day's are used up."""
        day, account, limit = self._day(), self._account, self._limits[api]
        count = await self._database.write(lambda c: quotas.take(c, account, api, day, limit))
        if count is None:
            raise SendFailed(Failure.ACCOUNT, f"quota:{api}", self.until_midnight())
        threshold = ALARM_AT * count.limit
        if count.used - 1 < threshold <= count.used:
            self._alarm(count)

    async def exhausted(self, api: str) -> None:
        """The platform says that the day's calls are used up: make no more until midnight."""
        day, account = self._day(), self._account
        await self._database.write(lambda c: quotas.exhaust(c, account, api, day))

    async def counts(self) -> list[Count]:
        """What was used lately, for showing."""
        account = self._account
        return await self._database.read(lambda c: quotas.counts(c, account))

    async def left(self, api: str) -> int:
        """How many calls of an interface are left today."""
        today = [count for count in await self.counts() if (count.api, count.period) == (api, self._day())]
        return max(0, today[0].limit - today[0].used) if today else self._limits[api]

    def until_midnight(self) -> float:
        """Seconds until the platform counts anew."""
        now = self._clock().astimezone(BEIJING)
        return (datetime.combine(now.date() + timedelta(days=1), time(), BEIJING) - now).total_seconds()

    def _day(self) -> str:
        return self._clock().astimezone(BEIJING).date().isoformat()
