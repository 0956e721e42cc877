"""Channels by settings: which open, which stay off and say why, and what happens when a platform is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar
from structlog.testing import capture_logs

from bot.app import open_parts, utc_now
from bot.channels.wechat import WeChatFace
from bot.channels.wechat_client import WeChatClient
from bot.channels.wechat_menu import Menu, read_menu
from bot.doctor import examine
from bot.gates import open_gates
from bot.metrics import Metrics
from bot.settings import load
from tests.channels.gateway import PUBLIC, WEBHOOK_SECRET, gateway, telegram_settings, wechat_settings
from tests.serving import Run, Service, free_port
from tests.standins.telegram import TOKEN as BOT_TOKEN
from tests.standins.telegram import TelegramPlatform
from tests.standins.wechat import APP_ID, SECRET, Fault, WeChatPlatform
from tests.standins.wechat_follower import AES_KEY, TOKEN, Follower
from tests.talking import Clock, Person, texts, until

WECHAT = {"wechat_app_id": APP_ID, "wechat_secret": SECRET, "wechat_token": TOKEN}
SAFE = WECHAT | {"wechat_aes_key": AES_KEY}
POLLING = {"telegram_token": BOT_TOKEN}
WEBHOOK = POLLING | {
    "telegram_mode": "webhook",
    "telegram_webhook_secret": WEBHOOK_SECRET,
    "public_url": PUBLIC,
}


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatPlatform]:
    async with WeChatPlatform(utc_now) as platform:
        yield platform
        assert platform.violations == []


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform() as platform:
        yield platform
        assert platform.problems == []


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        yield client


async def started(data: Path, **settings: str) -> Service:
    return await asyncio.to_thread(lambda: Service(data, log_format="json", **settings))


async def stopped(running: Service) -> tuple[int, float]:
    """Its exit status, and the seconds it took to end."""
    began = monotonic()
    return await asyncio.to_thread(running.stop), monotonic() - began


def told(running: Service, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in running.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


# --- the whole program ---


async def test_from_the_environment_to_people_on_every_channel_and_a_clean_end(
    data: Path, wechat: WeChatPlatform, telegram: TelegramPlatform, http: ClientSession
) -> None:
    running = await started(data, **wechat_settings(wechat), **telegram_settings(telegram))
    try:
        follower = Follower(http, f"{running.address}/wechat", utc_now, aes_key=AES_KEY)
        assert "我要报名见习" in await follower.says("你好")
        person = telegram.person(501)
        await telegram.bring(person.says("/start"))
        await telegram.until(lambda: len(telegram.sent) == 1)
        assert "1 我要报名见习" in person.last.buttons
        assert "报名" in texts(await Person(http, running.address).say("你好"))
        assert telegram.commands
    finally:
        status, seconds = await stopped(running)
    assert (status, telegram.waiting) == (0, 0)
    assert seconds < 10, "though a long poll was open"
    [serving] = told(running, "serving")
    assert serving["channels"] == ["web", "wechat", "telegram"]
    assert told(running, "channel_off") == []


async def test_the_webhook_is_announced_with_its_secret(
    data: Path, telegram: TelegramPlatform, http: ClientSession
) -> None:
    running = await started(data, public_url=PUBLIC, **telegram_settings(telegram, "webhook"))
    try:
        await telegram.until(lambda: bool(telegram.webhook))
        assert (telegram.webhook["url"], telegram.webhook["secret_token"]) == (
            f"{PUBLIC}/telegram",
            WEBHOOK_SECRET,
        )
        telegram.post_to = f"{running.address}/telegram"
        person = telegram.person(501)
        assert await telegram.post(person.says("/start"), "another") == 403
        assert telegram.sent == []
        await telegram.bring(person.says("/start"))
        assert "我要报名见习" in "".join(person.last.buttons)
    finally:
        assert (await stopped(running))[0] == 0


async def test_without_secrets_the_channels_are_off_and_say_so(data: Path, http: ClientSession) -> None:
    running = await started(data, wechat_app_id=APP_ID)
    try:
        for path in ("/wechat", "/telegram"):
            async with http.post(running.address + path) as response:
                assert response.status == 404
        assert "报名" in texts(await Person(http, running.address).say("你好"))
    finally:
        assert (await stopped(running))[0] == 0
    assert told(running, "serving")[0]["channels"] == ["web"]
    assert {line["channel"]: line["level"] for line in told(running, "channel_off")} == {
        "微信公众号": "error",
        "Telegram": "info",
    }
    assert "JIANXI_WECHAT_SECRET" in told(running, "channel_off")[0]["why"]


async def test_platforms_that_are_away_stop_nothing(data: Path, http: ClientSession) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    settings = POLLING | {"telegram_api_url": away, "wechat_api_url": away}
    running = await started(data, **settings, **SAFE)
    try:
        assert "报名" in texts(await Person(http, running.address).say("你好"))
        follower = Follower(http, f"{running.address}/wechat", utc_now, aes_key=AES_KEY)
        assert "报名" in await follower.says("你好"), "an answer needs nothing of the platform"
        await until(lambda: asyncio.to_thread(told, running, "telegram_not_ready"), bool)
    finally:
        status, seconds = await stopped(running)
    assert status == 0
    assert seconds < 10
    assert BOT_TOKEN not in running.log


async def test_a_token_that_telegram_refuses_stops_nothing_and_is_not_logged(
    data: Path, telegram: TelegramPlatform, http: ClientSession
) -> None:
    wrong = "7000000001:AnotherTokenThanTheOneThatIsRight"
    running = await started(data, **telegram_settings(telegram) | {"telegram_token": wrong})
    try:
        [first, *_] = await until(lambda: asyncio.to_thread(told, running, "telegram_not_ready"), bool)
        assert first["failure"] == "account"
        assert "报名" in texts(await Person(http, running.address).say("你好"))
    finally:
        assert (await stopped(running))[0] == 0
    assert wrong.split(":")[1] not in running.log


# --- what ends in order ---


async def test_closing_waits_for_the_answers_that_were_promised(
    data: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gates.WeChatFace", partial(WeChatFace, patience=0.0))
    sending, let_go = asyncio.Event(), asyncio.Event()
    really = WeChatClient._custom

    async def slow(self: WeChatClient, *arguments: Any) -> None:  # noqa: ANN401 - what it is called with
        sending.set()
        await let_go.wait()
        await really(self, *arguments)

    monkeypatch.setattr(WeChatClient, "_custom", slow)
    opening = gateway(data, clock, wechat="safe")
    made = await opening.__aenter__()
    follower = made.follower()
    made.wechat.acts(follower.openid, "message")
    assert await follower.says("你好") == "", "slow turns are answered with success"
    await asyncio.wait_for(sending.wait(), 10)
    closing = asyncio.create_task(opening.__aexit__(None, None, None))
    await asyncio.sleep(0.2)
    assert not closing.done()
    assert made.wechat.arrived == {}
    let_go.set()
    await asyncio.wait_for(closing, 10)
    [message] = made.wechat.arrived[follower.openid]
    assert "我要报名见习" in str(message)


async def test_what_telegram_brought_is_handled_and_confirmed_before_the_end(
    data: Path, clock: Clock
) -> None:
    async with gateway(data, clock, telegram="polling") as made:
        person = made.telegram.person(501)
        made.telegram.queue(*(person.says(text) for text in ("/start", "报名", "1", "没有")))
        await made.telegram.until(lambda: len(made.telegram.sent) >= 1)
    assert made.telegram.texts(501)[-1].startswith("您的最高学历是")
    assert made.telegram.waiting == 0


async def test_an_intake_that_breaks_is_told_without_what_it_was_given(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise ValueError("梁小凤")

    monkeypatch.setattr("bot.gates.run_polling", breaks)
    parts = open_parts(load(data=data, **POLLING))
    with capture_logs() as logs:
        async with open_gates(parts.settings, parts.turns, parts.metrics) as gates:
            assert list(gates.channels) == ["telegram"]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    await parts.database.close()
    [failed] = [line for line in logs if line["event"] == "intake_failed"]
    assert failed["trace"].startswith("ValueError at ")
    assert "梁小凤" not in str(logs)


# --- which open ---


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ({}, []),
        (WECHAT, ["wechat"]),
        (SAFE, ["wechat"]),
        (SAFE | {"wechat_previous_aes_key": AES_KEY[::-1]}, ["wechat"]),
        (POLLING, ["telegram"]),
        (WEBHOOK, ["telegram"]),
        (SAFE | POLLING, ["wechat", "telegram"]),
        (SAFE | {"wechat_secret": ""}, []),
        (SAFE | {"wechat_token": ""}, []),
        (SAFE | {"wechat_aes_key": AES_KEY[1:]}, []),
        (SAFE | {"wechat_aes_key": "=" * 43}, []),
        (SAFE | {"wechat_previous_aes_key": "short"}, []),
        (POLLING | {"telegram_token": "no token"}, []),
        (WEBHOOK | {"telegram_webhook_secret": ""}, []),
        (WEBHOOK | {"telegram_webhook_secret": "with space"}, []),
        (WEBHOOK | {"public_url": ""}, []),
        (WEBHOOK | {"public_url": "http://jianxi.example.cn"}, []),
        (SAFE | POLLING | {"wechat_aes_key": "short"}, ["telegram"]),
    ],
)
async def test_a_channel_opens_when_its_settings_are_complete_and_right(
    data: Path, given: dict[str, str], opened: list[str]
) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    settings = load(data=data, wechat_api_url=away, telegram_api_url=away, **given)
    parts = open_parts(settings)
    with capture_logs() as logs:
        async with open_gates(settings, parts.turns, Metrics(parts.database)) as gates:
            assert list(gates.channels) == opened
            paths = {route.path for route in gates.routes}
    await parts.database.close()
    assert ("/wechat" in paths) == ("wechat" in opened)
    assert ("/telegram" in paths) == ("telegram" in opened and "telegram_mode" in given)
    off = [line for line in logs if line["event"] == "channel_off"]
    assert len(off) == 2 - len(opened)
    findings = {finding.subject: finding for finding in examine(settings, utc_now())}
    assert all(findings[line["channel"]].message == line["why"] for line in off)
    assert all((line["log_level"] == "error") == (findings[line["channel"]].state == "fault") for line in off)


# --- the doctor ---


@pytest.mark.parametrize(
    ("given", "subject", "state", "mentions"),
    [
        ({}, "微信公众号", "off", "不启用"),
        ({"wechat_app_id": APP_ID}, "微信公众号", "fault", "JIANXI_WECHAT_SECRET、JIANXI_WECHAT_TOKEN"),
        (SAFE | {"wechat_app_id": ""}, "微信公众号", "fault", "JIANXI_WECHAT_APP_ID"),
        (SAFE | {"wechat_secret": ""}, "微信公众号", "fault", "JIANXI_WECHAT_SECRET"),
        (SAFE | {"wechat_token": ""}, "微信公众号", "fault", "JIANXI_WECHAT_TOKEN"),
        (SAFE | {"wechat_app_id": "gh_0123"}, "微信公众号", "fault", "wx 开头"),
        (SAFE | {"wechat_aes_key": AES_KEY + "x"}, "微信公众号", "fault", "JIANXI_WECHAT_AES_KEY 应是 43"),
        (SAFE | {"wechat_aes_key": "钥" * 43}, "微信公众号", "fault", "字母和数字"),
        (SAFE | {"wechat_previous_aes_key": "x"}, "微信公众号", "fault", "JIANXI_WECHAT_PREVIOUS_AES_KEY"),
        (WECHAT, "微信公众号", "warning", "JIANXI_WECHAT_AES_KEY"),
        (WECHAT | {"public_url": PUBLIC}, "微信公众号", "warning", f"{PUBLIC}/wechat"),
        (SAFE | {"public_url": PUBLIC + "/"}, "微信公众号", "ok", f"{PUBLIC}/wechat"),
        ({}, "Telegram", "off", "不启用"),
        (POLLING, "Telegram", "ok", "轮询"),
        (POLLING | {"telegram_token": "12:x"}, "Telegram", "fault", "@BotFather"),
        (WEBHOOK, "Telegram", "ok", f"{PUBLIC}/telegram"),
        (WEBHOOK | {"public_url": ""}, "Telegram", "fault", "JIANXI_PUBLIC_URL"),
        (WEBHOOK | {"public_url": "http://a.cn"}, "Telegram", "fault", "JIANXI_PUBLIC_URL"),
        (
            WEBHOOK | {"telegram_webhook_secret": ""},
            "Telegram",
            "fault",
            "JIANXI_TELEGRAM_WEBHOOK_SECRET",
        ),
        (WEBHOOK | {"telegram_webhook_secret": "a b"}, "Telegram", "fault", "字母、数字"),
        ({}, "身份信息", "ok", "自己的页面"),
        (SAFE, "身份信息", "warning", "JIANXI_PUBLIC_URL"),
        (SAFE | {"public_url": PUBLIC}, "身份信息", "ok", "一次性网页表单"),
        (SAFE | {"public_url": PUBLIC, "sensitive_input": "chat"}, "身份信息", "warning", "聊天里"),
        (SAFE | {"sensitive_input": "form"}, "身份信息", "fault", "JIANXI_PUBLIC_URL"),
        (POLLING | {"sensitive_input": "form"}, "身份信息", "fault", "聊天里"),
        ({"public_url": "http://a.cn"}, "公网地址", "fault", "https://"),
    ],
)
def test_the_doctor_names_each_missing_or_wrong_setting(
    run: Run, given: dict[str, str], subject: str, state: str, mentions: str
) -> None:
    done = run("doctor", "--json", **given)
    [found] = [finding for finding in json.loads(done.out) if finding["subject"] == subject]
    assert found["state"] == state
    assert mentions in found["message"]
    faults = [finding for finding in json.loads(done.out) if finding["state"] == "fault"]
    assert done.status == (1 if faults else 0)
    for secret in (SECRET, TOKEN, AES_KEY, BOT_TOKEN, WEBHOOK_SECRET):
        assert secret not in done.out + done.error


# --- the official account from the command line ---


async def command(run: Run, platform: WeChatPlatform, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit status, and what was printed."""
    given = wechat_settings(platform) | settings
    done = await asyncio.to_thread(lambda: run("wechat", *arguments, **given))
    assert SECRET not in done.out + done.error
    assert "TOKEN_" not in done.out + done.error
    assert "Traceback" not in done.error
    assert (done.status == 0) == (done.error == "")
    return done.status, done.out + done.error


async def test_the_menu_is_set(run: Run, wechat: WeChatPlatform) -> None:
    status, said = await command(run, wechat, "menu", public_url=PUBLIC)
    assert (status, "菜单已经设好" in said) == (0, True)
    assert wechat.menu
    assert "报名" in json.dumps(wechat.menu, ensure_ascii=False)


async def test_a_code_for_a_poster_is_made(run: Run, wechat: WeChatPlatform) -> None:
    status, said = await command(run, wechat, "qrcode", "poster-440100-202612")
    assert (status, said.strip()) == (0, "http://weixin.qq.com/q/poster-440100-202612")


async def test_the_quota_counts_what_was_called(run: Run, wechat: WeChatPlatform) -> None:
    await command(run, wechat, "qrcode", "a")
    await command(run, wechat, "qrcode", "b")
    status, said = await command(run, wechat, "quota")
    assert status == 0
    [row] = [line for line in said.splitlines() if "qrcode" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")][2:] == ["2", "100000"]
    [token] = [line for line in said.splitlines() if "token" in line]
    assert "│ 1 " in token, "the commands share one token"


@pytest.mark.parametrize("arguments", [("menu",), ("qrcode", "a"), ("quota",)], ids=lambda words: words[0])
async def test_an_account_that_is_not_configured_is_explained(
    run: Run, wechat: WeChatPlatform, arguments: tuple[str, ...]
) -> None:
    status, said = await command(run, wechat, *arguments, wechat_secret="")
    assert (status, "jianxi doctor" in said) == (1, True)
    assert wechat.calls == {}


@pytest.mark.parametrize(
    ("api", "fault", "hint"),
    [
        ("token", 40164, "白名单"),
        ("token", 40125, "JIANXI_WECHAT_SECRET"),
        ("token", 40001, "JIANXI_WECHAT_SECRET"),
        ("token", 40013, "JIANXI_WECHAT_APP_ID"),
        ("menu", 48001, "权限"),
        ("menu", 40018, "菜单"),
        ("menu", 45009, "明天"),
        ("menu", "503", "稍后"),
        ("menu", "cut", "稍后"),
    ],
)
async def test_what_the_platform_refuses_comes_with_what_to_do(
    run: Run, wechat: WeChatPlatform, api: str, fault: Fault, hint: str
) -> None:
    wechat.break_next(api, fault, fault)
    status, said = await command(run, wechat, "menu")
    assert status == 1
    assert hint in said
    assert wechat.menu is None


async def test_a_platform_that_is_away_is_explained(run: Run, wechat: WeChatPlatform) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    status, said = await command(run, wechat, "menu", wechat_api_url=away)
    assert (status, "网络" in said) == (1, True)


@pytest.mark.parametrize("scene", ["", "x" * 65])
async def test_a_scene_that_the_platform_would_not_take_is_explained(
    run: Run, wechat: WeChatPlatform, scene: str
) -> None:
    status, said = await command(run, wechat, "qrcode", scene)
    assert (status, "1 到 64 个字符" in said) == (2, True)
    assert wechat.calls == {}


async def test_a_menu_that_does_not_fit_is_explained(
    run: Run, wechat: WeChatPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(public_url: str) -> Menu:
        return read_menu("button = []", public_url)

    monkeypatch.setattr("bot.cli_wechat.load_menu", broken)
    status, said = await command(run, wechat, "menu")
    assert (status, "1 到 3 个按钮" in said, wechat.menu) == (1, True, None)
