"""The Telegram channel: sends messages by the Bot API and says plainly why one did not go out.

python-telegram-bot is the transport only; no state is kept in it. Text goes without `parse_mode`, so nothing in it
can act as markup.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import httpx
import orjson
import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.channels.telegram_messages import Composer, Part
from bot.channels.telegram_updates import ALLOWED, CHANNEL
from bot.throttle import Throttle
from notifications.channel import Failure, Outgoing, Reach, Receipt, Recipient, SendFailed
from storage import conversations
from storage.database import Database
from storage.errors import StorageUnavailable

T = TypeVar("T")

log = structlog.get_logger()

PATIENCE: Final = 10.0
"""Seconds that one call waits, in all, when Telegram asks it to; a longer wait is the caller's."""
BURST: Final = 3
"""Messages that one chat may get at once; after them one a second, which is Telegram's soft limit."""
TIMEOUT: Final = 15.0
CONNECTIONS: Final = 64

UNREACHABLE: Final = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user is deactivated",
    "chat_id is empty",
)
_letters = re.compile(r"[^A-Za-z_ ].*", re.DOTALL)


class TelegramChannel:
    """Sends to Telegram. `pace` holds each chat to its rate; `clock` in seconds and `sleep` go with it."""

    name = CHANNEL

    def __init__(
        self,
        token: str,
        api_url: str,
        composer: Composer,
        database: Database,
        *,
        pace: Throttle | None = None,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timeout: float = TIMEOUT,
    ) -> None:
        for talkative in ("httpx", "httpcore", "telegram"):
            # They log addresses that carry the token and updates that carry what people wrote.
            logging.getLogger(talkative).setLevel(logging.CRITICAL + 1)
        self.composer = composer
        self.database = database
        self._pace = pace or Throttle(BURST, 1.0)
        self._clock = clock
        self._sleep = sleep
        self._sending = HTTPXRequest(
            connection_pool_size=CONNECTIONS,
            read_timeout=timeout,
            write_timeout=timeout,
            connect_timeout=timeout,
            pool_timeout=timeout,
        )
        # The library would read a whole batch of updates or, if one of them is odd, none: so they are fetched raw.
        self._listening = HTTPXRequest(read_timeout=timeout, connect_timeout=timeout)
        self._updates_url = f"{api_url}/bot{token}/getUpdates"
        self._timeout = timeout
        self.bot = ExtBot(
            token,
            base_url=f"{api_url}/bot",
            request=self._sending,
            get_updates_request=self._listening,
            # The fence for the whole bot (30 a second). It would halt everybody when one chat is asked to wait,
            # so waiting is done here, for each call by itself.
            rate_limiter=AIORateLimiter(max_retries=0),
        )

    # --- the port ---

    async def send(self, recipient: Recipient, message: Outgoing) -> Receipt:
        """Send one message, in as many parts as it needs. Raises `SendFailed`.

        A message of which a part was delivered never fails as `RETRY`: again would say it twice."""
        parts = self.composer.compose(recipient.address, message)
        if not parts:
            raise SendFailed(Failure.MESSAGE, "empty")
        message_id = ""
        for part in parts:
            try:
                message_id = await self._send_part(recipient.address, part)
            except SendFailed as problem:
                if problem.failure is Failure.PERSON:
                    with suppress(StorageUnavailable):  # the next message finds out again
                        await self.mark(recipient.contact_id, reachable=False)
                if message_id and problem.failure is Failure.RETRY:
                    raise SendFailed(Failure.UNKNOWN, f"partly sent, {problem.code}") from None
                raise
        return Receipt(message_id, "message")

    async def reach(self, recipient: Recipient, now: datetime) -> Reach:
        """Anybody who has ever written can be reached, until they block us."""
        reachable = await self.database.read(
            lambda connection: conversations.is_reachable(connection, recipient.contact_id)
        )
        return Reach("message" if reachable else None)

    async def close(self) -> None:
        """Close the connections."""
        await self._listening.shutdown()  # by ourselves: the bot closes nothing before it was initialised
        await self._sending.shutdown()

    # --- for the face ---

    async def say(self, chat_id: int | str, text: str) -> None:
        """A bare text that is no part of a conversation, to a person or a group. Raises `SendFailed`."""
        await self._send_part(str(chat_id), Part(text, None))

    async def updates(self, offset: int | None, *, seconds: int, limit: int = 100) -> list[Any]:
        """Updates from `offset` on as JSON, waiting up to `seconds` for the first; those before are confirmed.

        Raises `TelegramError`."""
        query: dict[str, str | int] = {"timeout": seconds, "limit": limit}
        query["allowed_updates"] = orjson.dumps(ALLOWED).decode()
        if offset is not None:
            query["offset"] = offset
        url = f"{self._updates_url}?{urlencode(query)}"
        try:
            result = orjson.loads(await self._listening.retrieve(url, read_timeout=self._timeout + seconds))[
                "result"
            ]
        except (ValueError, KeyError, TypeError):
            raise NetworkError("no updates in the answer") from None
        return result if isinstance(result, list) else []

    async def mark(self, contact_id: int, *, reachable: bool) -> None:
        """Remember whether a person can be reached here."""
        await self.database.write(
            lambda connection: conversations.set_reachable(connection, contact_id, reachable)
        )

    async def call(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make a request, waiting as long as Telegram asks within our patience. Raises `SendFailed`."""
        waited = 0.0
        while True:
            try:
                return await request()
            except RetryAfter as error:
                seconds = _seconds(error)
                waited += seconds
                if waited > PATIENCE:
                    raise SendFailed(Failure.RETRY, "429", seconds) from None
                await self._sleep(seconds)
            except TelegramError as error:
                # `from None`: the library's message may carry the token.
                raise failed(error) from None

    async def attempt(self, what: str, request: Callable[[], Awaitable[object]]) -> None:
        """Make a request whose failure harms nobody, once (an answered tap, a keyboard taken away)."""
        try:
            await request()
        except TelegramError as error:
            problem = failed(error)
            if "not modified" not in problem.code:
                log.info("telegram_minor_failure", what=what, failure=problem.failure, code=problem.code)

    async def _send_part(self, address: str, part: Part) -> str:
        while (wait := self._pace.wait(address, self._clock())) > 0:
            await self._sleep(wait)
        chat_id = int(address)
        sent = await self.call(lambda: self.bot.send_message(chat_id, part.text, reply_markup=part.markup))
        return str(sent.message_id)


def failed(error: TelegramError) -> SendFailed:
    """Our reading of the library's error. Its text stays outside but for Telegram's fixed words."""
    words = f"{_letters.sub('', error.message.removeprefix('Bad Request: '))[:60].strip()}"
    cause = error.__cause__
    if isinstance(error, RetryAfter):
        return SendFailed(Failure.RETRY, "429", _seconds(error))
    if isinstance(error, Forbidden | ChatMigrated):
        return SendFailed(Failure.PERSON, words or "forbidden")
    if isinstance(error, InvalidToken):
        return SendFailed(Failure.ACCOUNT, "token refused")
    if isinstance(error, BadRequest):  # a kind of NetworkError to the library, so it comes first
        gone = any(mark in error.message.lower() for mark in UNREACHABLE)
        return SendFailed(Failure.PERSON if gone else Failure.MESSAGE, words or "bad request")
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return SendFailed(Failure.RETRY, "not connected")  # nothing was sent
    if isinstance(error, TimedOut):
        return SendFailed(Failure.UNKNOWN, "timed out")
    if isinstance(error, NetworkError):
        if error.message.startswith("Too Many Requests"):
            return SendFailed(Failure.RETRY, "429")
        return SendFailed(Failure.UNKNOWN, "connection cut or server error")
    return SendFailed(Failure.MESSAGE, type(error).__name__)


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
