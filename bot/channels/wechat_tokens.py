"""The access token of the official account (接口凭证): fetched once for all who wait, here and in other processes.

Uses stable_token (获取稳定版接口调用凭据) in its normal mode, which never spoils a token that others still use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from notifications.channel import Failure, SendFailed
from storage import platform_tokens
from storage.database import Connection, Database
from storage.platform_tokens import Held
from storage.sealing import Sealer

KIND: Final = "access_token"
MARGIN: Final = timedelta(seconds=300)
"""How long before its end a token is replaced; from then on the platform gives a new one."""
CLAIM: Final = timedelta(seconds=15)
"""How long one process may take to fetch before another may try; longer than a request's time-out."""


class Fetched(NamedTuple):
    """A token as the platform gave it, and its life in seconds."""

    value: str
    lasts: float

    def __repr__(self) -> str:
        return "Fetched(…)"


Fetch = Callable[[], Awaitable[Fetched]]
"""Asks the platform for a token. Raises `SendFailed`."""


class Tokens:
    """The token of one account. `poll` is how often (seconds) to look whether another process has fetched it."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Callable[[], datetime],
        account: str,
        fetch: Fetch,
        *,
        poll: float = 0.2,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._account = account
        self._fetch = fetch
        self._poll = poll
        self._held: Held | None = None
        self._obtaining: asyncio.Task[str] | None = None

    async def get(self, bad: str | None = None) -> str:
        """A token good for a while yet, other than the `bad` one. Raises `SendFailed` when there is none.

        All who ask at the same time wait for the same answer, good or bad."""
        while True:
            held = self._held
            if held is not None and held.value != bad and held.expires_at - MARGIN > self._clock():
                assert held.value is not None
                return held.value
            ours = self._obtaining is None
            task = self._obtaining or self._begin(bad)
            value = await asyncio.shield(task)
            if ours or value != bad:
                return value

    def _begin(self, bad: str | None) -> asyncio.Task[str]:
        def done(task: asyncio.Task[str]) -> None:
            self._obtaining = None
            if not task.cancelled():
                task.exception()  # whoever still waits raises it

        self._held = None
        self._obtaining = asyncio.get_running_loop().create_task(self._obtain(bad))
        self._obtaining.add_done_callback(done)
        return self._obtaining

    async def _obtain(self, bad: str | None) -> str:
        waited = 0.0
        while waited < CLAIM.total_seconds():
            held = await self._look(bad)
            if held.value is not None:
                self._held = held
                return held.value
            if held.mine:
                return await self._renew()
            await asyncio.sleep(self._poll)
            waited += self._poll
        raise SendFailed(Failure.RETRY, "token", CLAIM.total_seconds())

    async def _look(self, bad: str | None) -> Held:
        def work(connection: Connection) -> Held:
            return platform_tokens.find_or_claim(
                connection,
                self._sealer,
                self._account,
                KIND,
                self._clock(),
                margin=MARGIN,
                claim=CLAIM,
                bad=bad,
            )

        return await self._database.write(work, lock=("platform_token", self._account))

    async def _renew(self) -> str:
        account, now = self._account, self._clock()
        try:
            value, lasts = await self._fetch()
        except BaseException:
            await self._database.write(lambda c: platform_tokens.let_go(c, account, KIND, now))
            raise
        expires_at = now + timedelta(seconds=lasts)
        self._held = Held(value, expires_at, False)
        await self._database.write(
            lambda c: platform_tokens.keep(c, self._sealer, account, KIND, value, expires_at, now)
        )
        return value
