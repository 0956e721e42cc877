"""How updates come in: Telegram brings them to our webhook, or we ask for them in a loop.

Anybody can send to the webhook, so what comes is judged in this order, cheapest first, and nothing of it is logged:
secret, content type, size, JSON, shape.
"""

from __future__ import annotations

import asyncio
import hmac
import random
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import orjson
import structlog
from aiohttp import web
from telegram import BotCommand, Update
from telegram.error import Conflict, NetworkError, TelegramError

from bot.channels.telegram import failed
from bot.channels.telegram_face import TelegramFace, TryAgain
from bot.channels.telegram_updates import ALLOWED, CHANNEL, COMMANDS, checked
from bot.replies import Refusal, refused
from notifications.channel import SendFailed

T = TypeVar("T")

log = structlog.get_logger()

PATH: Final = "/telegram"
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
LONGEST_UPDATE: Final = 256 * 1024
POLL_SECONDS: Final = 25
LONGEST_WAIT: Final = 60.0
STOP_SECONDS: Final = 5.0


# --- webhook ---


def telegram_routes(face: TelegramFace, secret: str) -> list[web.RouteDef]:
    """The webhook's URL. `secret` is what Telegram shows in each call; without one nothing is taken."""
    return [web.post(PATH, partial(_webhook, face, secret))]


async def run_webhook(
    face: TelegramFace,
    stopping: asyncio.Event,
    url: str,
    secret: str,
    *,
    longest_wait: float = LONGEST_WAIT,
) -> None:
    """Tell Telegram to bring updates to `url` (https), trying until it has heard or we stop."""
    if await _prepared(face, (url, secret), _Waits(stopping, longest_wait)):
        log.info("telegram_webhook_set")


async def _webhook(face: TelegramFace, secret: str, request: web.Request) -> web.Response:
    """`POST /telegram`: one update; 200 when it is handled, 503 when it must come again."""
    try:
        update = await _update(request, secret)
    except Refusal as refusal:
        face.metrics.refused(CHANNEL, refusal.code)
        return refused(refusal)
    try:
        await face.take(update)
    except TryAgain:
        face.metrics.refused(CHANNEL, "try_again")
        return refused(Refusal(503, "try_again", "not handled yet"))
    return web.Response()


async def _update(request: web.Request, secret: str) -> Update:
    shown = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
    if not secret or not hmac.compare_digest(shown, secret.encode()):
        raise Refusal(403, "bad_secret", "the secret token is missing or wrong")
    if request.content_type != "application/json":
        raise Refusal(415, "not_json", "an update is JSON")
    body = bytearray()
    # Read piece by piece: the application's own limit is that of the chat, which is smaller.
    async for piece in request.content.iter_chunked(16 * 1024):
        body += piece
        if len(body) > LONGEST_UPDATE:
            raise Refusal(413, "too_large", "the update is too large")
    try:
        return checked(orjson.loads(bytes(body)))
    except orjson.JSONDecodeError:
        raise Refusal(400, "not_json", "an update is JSON") from None
    except ValueError:
        raise Refusal(400, "bad_shape", "not a Telegram update") from None


# --- polling ---


async def run_polling(
    face: TelegramFace,
    stopping: asyncio.Event,
    *,
    poll_seconds: int = POLL_SECONDS,
    longest_wait: float = LONGEST_WAIT,
) -> None:
    """Ask Telegram for updates until told to stop; those in hand are finished first.

    Updates are confirmed only after they were handled: after a crash they come again."""
    waits = _Waits(stopping, longest_wait)
    if not await _prepared(face, None, waits):
        return
    offset: int | None = None
    while not stopping.is_set():
        try:
            raw = await _unless(stopping, face.channel.updates(offset, seconds=poll_seconds))
            if raw:
                updates, after = _readable(raw)
                await face.take_all(updates)
                offset = after
            waits.reset()
        except Conflict:
            log.error("telegram_conflict", hint="另一个程序也在用这个机器人令牌收消息，请只留一个。")
            await waits.wait(None)
        except TelegramError as error:
            problem = failed(error)
            log.warning("telegram_polling_failed", failure=problem.failure, code=problem.code)
            await waits.wait(problem.retry_after)
        except TryAgain as again:
            await waits.wait(again.after)
    if offset is not None:
        await _confirm(face, offset)


# --- preparing and pausing ---


class _Waits:
    """Pauses that double, with jitter so that processes do not return together; a stop ends them."""

    def __init__(self, stopping: asyncio.Event, longest: float) -> None:
        self.stopping = stopping
        self.longest = longest
        self.failures = 0

    def reset(self) -> None:
        self.failures = 0

    async def wait(self, asked: float | None) -> None:
        """Pause as long as Telegram asked, or longer each time."""
        self.failures += 1
        pause = min(self.longest, 2.0 ** min(self.failures, 10))
        seconds = asked if asked is not None else pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


async def _prepared(face: TelegramFace, webhook: tuple[str, str] | None, waits: _Waits) -> bool:
    """Prepare, trying again until it works; False when told to stop first."""
    while not waits.stopping.is_set():
        try:
            await _prepare(face, webhook)
        except SendFailed as problem:
            log.error("telegram_not_ready", failure=problem.failure, code=problem.code)
            await waits.wait(problem.retry_after)
        else:
            return True
    return False


async def _prepare(face: TelegramFace, webhook: tuple[str, str] | None) -> None:
    """Tell Telegram our commands and how we listen: at an address, with a secret, or by asking."""
    bot, call = face.channel.bot, face.channel.call
    await call(bot.initialize)
    commands = [BotCommand(name, description) for name, (description, _) in COMMANDS.items()]
    await call(lambda: bot.set_my_commands(commands))
    if webhook is None:
        await call(bot.delete_webhook)
    else:
        url, secret = webhook
        await call(lambda: bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED))


def _readable(raw: Sequence[Any]) -> tuple[list[Update], int]:
    """The updates that can be read, and the number after the last; raises `NetworkError` when none has a number."""
    updates, numbers = [], [one["update_id"] for one in raw if isinstance(one, dict) and "update_id" in one]
    for one in raw:
        try:
            updates.append(checked(one))
        except ValueError:
            log.warning("telegram_update_unreadable")
    if not numbers:
        raise NetworkError("updates without numbers")
    return updates, max(map(int, numbers)) + 1


async def _unless(stopping: asyncio.Event, request: Coroutine[Any, Any, T]) -> T | None:
    """The request's result; None when told to stop before it came."""
    asking = asyncio.ensure_future(request)
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((asking, stop), return_when=asyncio.FIRST_COMPLETED)
        return asking.result() if asking.done() else None
    finally:
        stop.cancel()
        asking.cancel()
        with suppress(asyncio.CancelledError, TelegramError):
            await asking


async def _confirm(face: TelegramFace, offset: int) -> None:
    """The last thing said: so much is handled, and need not come again after a restart."""
    with suppress(TelegramError, TimeoutError):
        await asyncio.wait_for(face.channel.updates(offset, seconds=0, limit=1), STOP_SECONDS)
