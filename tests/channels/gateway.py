"""The whole application in this process, its channels opened from settings, joined to the platforms' stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import ClientSession, DummyCookieJar, web

from bot.app import Parts, open_parts, web_application
from bot.gates import Gates, open_gates
from bot.settings import load
from bot.throttle import Throttle
from tests.standins.form_visitor import Visitor
from tests.standins.telegram import TOKEN as BOT_TOKEN
from tests.standins.telegram import TelegramPlatform
from tests.standins.wechat import APP_ID, SECRET, WeChatPlatform
from tests.standins.wechat_follower import AES_KEY, TOKEN, Follower
from tests.talking import Clock

PUBLIC = "https://jianxi.example.cn"
WEBHOOK_SECRET = "a-webhook-secret_1"

WeChatMode = Literal["", "plain", "safe"]
TelegramMode = Literal["", "webhook", "polling"]


def wechat_settings(platform: WeChatPlatform, mode: WeChatMode = "safe") -> dict[str, str]:
    """What a bureau sets for its official account."""
    return {
        "wechat_app_id": APP_ID,
        "wechat_secret": SECRET,
        "wechat_token": TOKEN,
        "wechat_aes_key": AES_KEY if mode == "safe" else "",
        "wechat_api_url": platform.url,
    }


def telegram_settings(platform: TelegramPlatform, mode: TelegramMode = "polling") -> dict[str, str]:
    """What a bureau sets for its bot."""
    return {
        "telegram_token": BOT_TOKEN,
        "telegram_api_url": platform.url,
        "telegram_mode": mode,
        "telegram_webhook_secret": WEBHOOK_SECRET if mode == "webhook" else "",
    }


@dataclass(slots=True)
class Gateway:
    """The running parts, for tests to look at."""

    clock: Clock
    wechat: WeChatPlatform
    telegram: TelegramPlatform
    wechat_mode: WeChatMode
    parts: Parts
    gates: Gates
    http: ClientSession
    address: str = ""

    def follower(self, openid: str = "oFOLLOWER") -> Follower:
        """A person who follows the account."""
        self.wechat.follows(openid)
        key = AES_KEY if self.wechat_mode == "safe" else None
        return Follower(self.http, f"{self.address}/wechat", self.clock, openid, key)

    def visitor(self) -> Visitor:
        """A browser that has never been at our pages."""
        return Visitor(self.http, self.address)


@asynccontextmanager
async def gateway(
    data: Path,
    clock: Clock,
    *,
    wechat: WeChatMode = "",
    telegram: TelegramMode = "",
    public_url: str = PUBLIC,
    sensitive_input: str = "",
) -> AsyncIterator[Gateway]:
    """Everything running; nothing that was sent may have been against a platform's rules."""
    async with AsyncExitStack() as stack:
        official, bots = WeChatPlatform(clock), TelegramPlatform()
        for platform in (official, bots):
            await stack.enter_async_context(platform)
        http = await stack.enter_async_context(ClientSession(cookie_jar=DummyCookieJar()))
        given = {"public_url": public_url, "sensitive_input": sensitive_input}
        given |= wechat_settings(official, wechat) if wechat else {}
        given |= telegram_settings(bots, telegram) if telegram else {}
        parts = open_parts(load(data=data, **given), clock)
        stack.push_async_callback(parts.database.close)
        # A chat gets one message a second, by a real clock: not here.
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("bot.channels.telegram.BURST", 10_000)
        gates = await stack.enter_async_context(open_gates(parts.settings, parts.turns, parts.metrics))
        made = Gateway(clock, official, bots, wechat, parts, gates, http)
        made.address = await _serve(made, stack)
        if telegram == "webhook":
            bots.post_to = f"{made.address}/telegram"
            await bots.until(lambda: bool(bots.webhook))
        yield made
    assert official.violations == []
    assert bots.problems == []


async def _serve(made: Gateway, stack: AsyncExitStack) -> str:
    app = web_application(made.parts, made.gates, throttle=Throttle(10_000))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"
