"""The canary on other people's platforms: through WeChat, Telegram and the form, and nowhere to be read in clear.

Neither are the secrets of the channels: access token, bot token, keys and one-time links stay out of the logs.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar

from bot.app import utc_now
from tests.channels.gateway import PUBLIC, TelegramMode, telegram_settings, wechat_settings
from tests.journeys.test_canary import CANARY, NOTE, ROOT, SECRETS, assert_clear_of, look_through
from tests.serving import Run, Service
from tests.standins.form_visitor import Page, Visitor
from tests.standins.telegram import TOKEN as BOT_TOKEN
from tests.standins.telegram import Person, TelegramPlatform, half_closed, refused
from tests.standins.wechat import APP_ID, SECRET, WeChatPlatform
from tests.standins.wechat_follower import AES_KEY, TOKEN, Follower

LINK = re.compile(re.escape(PUBLIC) + r"/f/([\w-]{32})")
CLEAR = f"{CANARY.name} {CANARY.id_number} {CANARY.phone} {NOTE}"
BEFORE = CANARY.words[: CANARY.words.index(CANARY.name)]
RIGHT = {"name": CANARY.name, "id_number": CANARY.id_number, "phone": CANARY.phone}
AFTER = CANARY.words[len(BEFORE) + len(RIGHT) :]
HARDSHIP = AFTER.index("没有") + 1
AFTERWARDS = ("我的信息", "更正信息", "取消", f"我是{CLEAR}", "人工", NOTE, "退订")


class Canary:
    """The canary on one channel."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.heard: list[str] = []
        self.tokens: list[str] = []
        self.pages: list[Page] = []

    async def says(self, text: str) -> str:
        """Write on the channel; what the service answers."""
        raise NotImplementedError

    async def registers(self, *, by_form: bool) -> None:
        """The whole registration and all that comes after it, with much that is said in the wrong place."""
        for text in BEFORE:
            await self.says(text)
        for wrong in (CLEAR, f"我叫{CANARY.name}", CANARY.id_number[:-1], f"{CANARY.phone}1"):
            answer = await self.says(f"{wrong}{wrong}")
        if by_form:
            assert "没有保存" in answer
            await self.fills(self.tokens[-1], RIGHT)
        else:
            for text in RIGHT.values():
                await self.says(text)
        for text in AFTER[:HARDSHIP]:
            await self.says(text)
        if by_form:
            await self.fills(self.tokens[-1], {"hardship": AFTER[HARDSHIP]})
        else:
            await self.says(AFTER[HARDSHIP])
        for text in AFTER[HARDSHIP + 1 :]:
            answer = await self.says(text)
        assert "回执号" in answer
        for text in AFTERWARDS:
            await self.says(text)

    async def fills(self, token: str, right: dict[str, str]) -> None:
        """Fill the form, wrong at first."""
        link = f"{PUBLIC}/f/{token}"
        self.pages.append(await self.visitor.opens(link))
        await self.visitor.sends(link, {name: f"{CLEAR}{number}" for number, name in enumerate(right)})
        self.pages.append(await self.visitor.sends(link, right))
        assert "收到了" in self.pages[-1].html
        self.pages.append(await self.visitor.sends(link, right))
        assert self.pages[-1].status == 410

    def hears(self, text: str) -> str:
        self.heard.append(text)
        self.tokens += LINK.findall(text)
        return text


class OnWeChat(Canary):
    def __init__(self, visitor: Visitor, platform: WeChatPlatform, url: str) -> None:
        super().__init__(visitor)
        self.platform = platform
        self.follower = Follower(visitor.http, f"{url}/wechat", utc_now, aes_key=AES_KEY)

    async def says(self, text: str) -> str:
        self.platform.acts(self.follower.openid, "message")
        return self.hears(await self.follower.says(text))


class OnTelegram(Canary):
    def __init__(self, visitor: Visitor, platform: TelegramPlatform) -> None:
        super().__init__(visitor)
        self.platform = platform
        self.person: Person = platform.person(501, CANARY.name)

    async def says(self, text: str) -> str:
        before = len(self.platform.sent)
        if text == CANARY.phone:
            await self.platform.bring(self.person.shares_contact(f"86{text}"))
        else:
            await self.platform.bring(self.person.says(text))
        await self.platform.until(lambda: self.platform.waiting == 0)
        new = self.platform.sent[before:]
        return self.hears("\n".join(f"{sent.text} {' '.join(sent.links.values())}" for sent in new))


async def misbehave(http: ClientSession, address: str, tokens: list[str], mode: TelegramMode) -> list[bytes]:
    """Personal data in requests that are no good, on every way in; what was answered."""
    clear, answers = CLEAR.encode(), []
    forged = {"signature": "0" * 40, "timestamp": "1", "nonce": CANARY.phone}
    posts: list[tuple[str, dict[str, Any], int]] = [
        ("/wechat", {"data": clear}, 400),
        ("/wechat", {"data": clear, "params": forged, "headers": {"Content-Type": "text/xml"}}, 400),
        ("/wechat", {"data": clear * 2000, "params": forged, "headers": {"Content-Type": "text/xml"}}, 413),
        ("/telegram", {"json": {"message": CLEAR}}, 403 if mode == "webhook" else 404),
        (f"/f/{CANARY.phone}", {"data": {"name": CLEAR}}, 403),
        (f"/f/{'A' * 32}", {"data": {"name": CLEAR}}, 403),
        *((f"/f/{token}", {"data": {"name": CLEAR}}, 403) for token in tokens[:1]),
    ]
    for path, what, status in posts:
        async with http.post(address + path, **what) as response:
            answers.append(await response.read())
            assert response.status == status, path
    async with http.get(f"{address}/f/{CANARY.id_number}") as response:
        answers.append(await response.read())
        assert response.status == 410
    async with http.get(f"{address}/wechat", params={"echostr": CANARY.phone}) as response:
        answers.append(await response.read())
    return answers


@asynccontextmanager
async def platforms() -> AsyncIterator[tuple[WeChatPlatform, TelegramPlatform]]:
    async with WeChatPlatform(utc_now) as wechat, TelegramPlatform() as telegram:
        yield wechat, telegram
        assert wechat.violations == []
        assert telegram.problems == []


@pytest.mark.parametrize(
    ("sensitive_input", "log_format", "mode"), [("form", "text", "polling"), ("chat", "json", "webhook")]
)
async def test_the_canary_is_nowhere_in_clear_on_other_peoples_platforms(
    data: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    sensitive_input: str,
    log_format: str,
    mode: TelegramMode,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    async with platforms() as (wechat, telegram), ClientSession(cookie_jar=DummyCookieJar()) as http:
        settings = {
            **wechat_settings(wechat),
            **telegram_settings(telegram, mode),
            "public_url": PUBLIC,
            "sensitive_input": sensitive_input,
            "log_format": log_format,
        }
        program = ("-m", "tests.journeys.hurried_service")
        running = await asyncio.to_thread(lambda: Service(data, program=program, **settings))
        try:
            if mode == "webhook":
                await telegram.until(lambda: bool(telegram.webhook))
                telegram.post_to = f"{running.address}/telegram"
            visitor = Visitor(http, running.address)
            follower = OnWeChat(visitor, wechat, running.address)
            person = OnTelegram(visitor, telegram)
            # Faults that a platform may put words of ours into, while answers are under way.
            telegram.fail(
                "sendMessage", refused(f"Bad Request: can't parse '{CLEAR}'"), half_closed(applied=True)
            )
            wechat.break_next("custom", 40001, 47003)
            for canary in (follower, person):
                await canary.registers(by_form=sensitive_input == "form")
            tokens = follower.tokens + person.tokens
            answers = await misbehave(http, running.address, tokens, mode)
            async with http.get(f"{running.address}/metrics") as response:
                answers.append(await response.read())
            printed = ""
            for command in (("people", "list", "--json"), ("doctor",), ("wechat", "quota")):
                done = await asyncio.to_thread(run, *command, **settings)
                printed += done.out + done.error
            assert json.loads(run("people", "list", "--json").out)[0]["name"].startswith(CANARY.name[0])
            assert look_through(data) >= {"jianxi.db", "jianxi.db-wal"}
        finally:
            assert await asyncio.to_thread(running.stop) == 0
        logs = running.log

    assert bool(tokens) == (sensitive_input == "form")
    for answer in answers:
        assert_clear_of("an answer", answer)
    for page in follower.pages + person.pages:
        assert_clear_of("a page", page.html.encode())
    assert_clear_of("what the platforms were told", repr((wechat.arrived, telegram.calls)).encode())
    assert_clear_of("what was heard", "\n".join(follower.heard + person.heard).encode())
    assert_clear_of("what was printed", printed.encode())
    assert_clear_of("the logs", logs.encode())
    assert "telegram_not_sent" in logs, "but what failed is told"
    for secret in (SECRET, TOKEN, AES_KEY, BOT_TOKEN.split(":")[1], "TOKEN_", *tokens):
        assert secret not in logs
        assert secret not in printed
    assert APP_ID in wechat_settings(wechat).values()
    stored = b"".join(await asyncio.to_thread(contents, data))
    for secret in (SECRET, BOT_TOKEN.split(":")[1], "TOKEN_", *tokens):
        assert secret.encode() not in stored
    assert len(SECRETS) > 5


def contents(data: Path) -> list[bytes]:
    return [file.read_bytes() for file in data.iterdir()]
