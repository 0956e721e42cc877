"""The gates to other platforms (渠道接入): which channels are configured, put together and kept running.

Called by `bot.app`, inside the running loop: the clients of the platforms live in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from bot import doctor
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_face import TelegramFace
from bot.channels.telegram_intake import run_polling, run_webhook, telegram_routes
from bot.channels.telegram_messages import Composer
from bot.channels.wechat import WeChatFace, wechat_routes
from bot.channels.wechat_client import WeChatClient, http_session
from bot.channels.wechat_inbox import Inbox
from bot.channels.wechat_menu import load_menu
from bot.channels.wechat_outcomes import keeper
from bot.channels.wechat_quota import Meter
from bot.channels.wechat_sender import WeChatSender
from bot.channels.wechat_text import Notice
from bot.channels.wechat_wire import Cipher
from bot.findings import Finding
from bot.logs import trace
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.settings import Settings
from bot.turns import Turns
from notifications.channel import Channel
from storage.quotas import Count

log = structlog.get_logger()


@dataclass(slots=True)
class Gates:
    """What the configured channels add to the application."""

    routes: list[web.RouteDef] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)
    scene_link: Callable[[str], Awaitable[str]] | None = None
    """Makes what the official account's QR code of a scene holds."""

    @property
    def outbox(self) -> Outbox:
        """Writes to people over whatever channel is configured."""
        return Outbox(self.channels)


def _alarm(count: Count) -> None:
    log.error("wechat_quota_nearly_used", api=count.api, used=count.used, limit=count.limit)


def wechat_client(settings: Settings, turns: Turns) -> WeChatClient:
    """A client of the official account; inside the running loop."""
    return WeChatClient(
        http_session(),
        settings.wechat_api_url,
        settings.wechat_app_id,
        settings.wechat_secret.get_secret_value(),
        database=turns.database,
        sealer=turns.sealer,
        clock=turns.clock,
        meter=Meter(turns.database, turns.clock, settings.wechat_app_id, _alarm),
    )


@asynccontextmanager
async def open_gates(
    settings: Settings, turns: Turns, metrics: Metrics, *, listening: bool = True
) -> AsyncIterator[Gates]:
    """Open every channel whose settings are complete and right; close them when done.

    The others stay off and say why: one channel's fault must not take the rest down. Without `listening` they
    only send: another process takes what people write."""
    gates = Gates()
    async with AsyncExitStack() as stack:
        if _may_open(doctor.wechat(settings)):
            await _open_wechat(settings, turns, metrics, gates, stack)
        if _may_open(doctor.telegram(settings)):
            await _open_telegram(settings, turns, metrics, gates, stack, listening=listening)
        typed = doctor.sensitive_input(settings)
        if typed.state == "fault":
            log.error("sensitive_input", why=typed.message)
        yield gates


def _may_open(finding: Finding) -> bool:
    if finding.state in ("off", "fault"):
        tell = log.error if finding.state == "fault" else log.info
        tell("channel_off", channel=finding.subject, why=finding.message)
        return False
    return True


def wechat_sender(settings: Settings, turns: Turns, client: WeChatClient) -> WeChatSender:
    """The way out over the official account; inside the running loop."""
    return WeChatSender(
        client,
        turns.database,
        turns.clock,
        public_url=settings.public_url,
        subscription=_notice(settings.wechat_subscription_template, settings),
        template=_notice(settings.wechat_template, settings),
    )


async def _open_wechat(
    settings: Settings, turns: Turns, metrics: Metrics, gates: Gates, stack: AsyncExitStack
) -> None:
    client = wechat_client(settings, turns)
    sender = wechat_sender(settings, turns, client)
    keys = (settings.wechat_aes_key, settings.wechat_previous_aes_key)
    face = WeChatFace(
        Inbox(turns, metrics, public_url=settings.public_url, on_outcome=keeper(metrics, turns.clock)),
        sender,
        metrics,
        token=settings.wechat_token.get_secret_value(),
        ciphers=[
            Cipher(key.get_secret_value(), settings.wechat_app_id) for key in keys if key.get_secret_value()
        ],
        menu=load_menu(settings.public_url),
    )
    stack.push_async_callback(sender.close)
    stack.push_async_callback(face.close)
    gates.channels["wechat"] = sender
    gates.scene_link = client.create_qrcode
    gates.routes += wechat_routes(face)


def _notice(template_id: str, settings: Settings) -> Notice | None:
    return Notice(template_id, url=settings.public_url) if template_id else None


async def _open_telegram(
    settings: Settings,
    turns: Turns,
    metrics: Metrics,
    gates: Gates,
    stack: AsyncExitStack,
    *,
    listening: bool,
) -> None:
    composer = Composer(
        turns.catalogue,
        turns.sealer.mac,
        public_url=settings.public_url,
        contact_button=turns.forms is None,
    )
    channel = TelegramChannel(
        settings.telegram_token.get_secret_value(), settings.telegram_api_url, composer, turns.database
    )
    stack.push_async_callback(channel.close)
    gates.channels["telegram"] = channel
    if not listening:
        return
    face = TelegramFace(turns, channel, metrics)
    stopping = asyncio.Event()
    if settings.telegram_mode == "webhook":
        secret = settings.telegram_webhook_secret.get_secret_value()
        gates.routes += telegram_routes(face, secret)
        intake = run_webhook(face, stopping, f"{settings.public_url}/telegram", secret)
    else:
        intake = run_polling(face, stopping)
    _run(intake, stopping, stack)


def _run(intake: Coroutine[Any, Any, None], stopping: asyncio.Event, stack: AsyncExitStack) -> None:
    task = asyncio.get_running_loop().create_task(intake)

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("intake_failed", trace=trace(error))

    task.add_done_callback(ended)

    async def stop() -> None:
        stopping.set()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
