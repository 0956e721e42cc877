"""The API client against the stand-in: tokens, every error code, faults of the network, quotas."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.channels.wechat_client import http_session
from bot.channels.wechat_errors import MEANINGS, failed
from bot.channels.wechat_menu import load_menu
from dialogs.model import Choice
from notifications.channel import Failure, SendFailed
from storage.database import Database
from storage.quotas import Count
from storage.sealing import Sealer
from tests.channels.wechat_rig import ZONE, Clock, Rig, client_for, rig
from tests.standins.wechat import Fault, WeChatPlatform

DAY = "2026-11-24"


@pytest.fixture
async def made(sqlite_url: str, sealer: Sealer) -> AsyncIterator[Rig]:
    database = Database(sqlite_url)
    async with rig(database, sealer) as parts:
        parts.platform.acts("o1", "message")
        yield parts
    await database.close()


async def failure_of(work: Any) -> SendFailed:  # noqa: ANN401
    with pytest.raises(SendFailed) as caught:
        await work
    return caught.value


# --- messages ---


async def test_each_kind_of_message_arrives_as_documented(made: Rig) -> None:
    made.platform.templates.add("T1")
    made.platform.consents["o1", "S1"] = 1
    await made.client.custom_text("o1", "您的报名已受理")
    await made.client.custom_news("o1", "进度", "点开查看", "https://h5.example/p")
    await made.client.custom_menu(
        "o1", "请选择", (Choice("1", "同意"), Choice("2", "不同意")), "或直接回复数字"
    )
    message_id = await made.client.template(
        "o1", "T1", {"thing1": "培训报名"}, "https://h5.example/a", "push-7"
    )
    await made.client.subscribe_message("o1", "S1", {"thing1": "培训报名"}, "https://h5.example/a")
    assert message_id.isdigit()
    assert made.platform.arrived["o1"] == [
        {"msgtype": "text", "text": {"content": "您的报名已受理"}},
        {
            "msgtype": "news",
            "news": {
                "articles": [
                    {"title": "进度", "description": "点开查看", "url": "https://h5.example/p", "picurl": ""}
                ]
            },
        },
        {
            "msgtype": "msgmenu",
            "msgmenu": {
                "head_content": "请选择",
                "list": [{"id": "1", "content": "1. 同意"}, {"id": "2", "content": "2. 不同意"}],
                "tail_content": "或直接回复数字",
            },
        },
        {"template": "T1", "data": {"thing1": {"value": "培训报名"}}},
        {"subscription": "S1", "data": {"thing1": {"value": "培训报名"}}},
    ]


async def test_where_the_account_may_not_send_menus_the_choices_are_written(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, certified=False) as made:
        made.platform.acts("o1", "message")
        await made.client.custom_menu(
            "o1", "请选择", (Choice("1", "同意"), Choice("帮助", "怎么填")), "回复数字"
        )
        [message] = made.platform.arrived["o1"]
        assert message["text"]["content"] == "请选择\n1. 同意\n帮助. 怎么填\n回复数字"
    await database.close()


async def test_the_menu_of_the_data_file_is_taken(made: Rig) -> None:
    await made.client.create_menu(load_menu().buttons)
    assert made.platform.menu is not None
    assert [button["name"] for button in made.platform.menu] == ["找见习", "问政策", "我的"]


async def test_a_code_with_a_scene_has_an_address_to_draw(made: Rig) -> None:
    assert await made.client.create_qrcode("poster-gz-7") == "http://weixin.qq.com/q/poster-gz-7"
    for scene in ("", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64"):
            await made.client.create_qrcode(scene)


async def test_a_mass_message_goes_out_once_per_id(made: Rig) -> None:
    assert await made.client.mass_send(["o1", "o2"], "通知", "broadcast-7") is not None
    assert await made.client.mass_send(["o1", "o2"], "通知", "broadcast-7") is None
    assert len(made.platform.masses) == 1


@pytest.mark.parametrize(
    ("openids", "client_id"),
    [
        (["o1"], "x"),
        ([f"o{n}" for n in range(10_001)], "x"),
        (["o1", "o1"], "x"),
        (["o1", "o2"], ""),
        (["o1", "o2"], "长" * 22),
    ],
)
async def test_a_mass_message_of_another_size_is_not_even_tried(
    made: Rig, openids: list[str], client_id: str
) -> None:
    with pytest.raises(ValueError, match=r"mass_send|client_id"):
        await made.client.mass_send(openids, "通知", client_id)
    assert made.platform.calls["mass"] == 0


# --- tokens ---


async def test_one_token_serves_many_messages_and_is_fetched_once_for_all_who_wait(made: Rig) -> None:
    made.platform.follows(*(f"p{n}" for n in range(50)))
    for n in range(50):
        made.platform.acts(f"p{n}", "message")
    await asyncio.gather(*(made.client.custom_text(f"p{n}", "你好") for n in range(50)))
    assert (made.platform.calls["token"], made.platform.calls["custom"]) == (1, 50)


async def test_a_token_is_replaced_five_minutes_before_its_end(made: Rig) -> None:
    first = await made.client.tokens.get()
    made.clock.passes(seconds=7200 - 301)
    assert await made.client.tokens.get() == first
    made.clock.passes(seconds=2)
    assert await made.client.tokens.get() != first


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_replaced_and_the_call_made_once_more(made: Rig, code: int) -> None:
    await made.client.custom_text("o1", "一")
    made.platform.expire_tokens()
    made.platform.break_next("custom", code)
    await made.client.custom_text("o1", "二")
    assert (made.platform.calls["token"], made.platform.calls["custom"]) == (2, 3)
    assert len(made.platform.arrived["o1"]) == 2


async def test_many_refused_at_once_fetch_one_token_together(made: Rig) -> None:
    await made.client.tokens.get()
    made.platform.expire_tokens()
    for n in range(20):
        made.platform.acts(f"p{n}", "message")
    await asyncio.gather(*(made.client.custom_text(f"p{n}", "你好") for n in range(20)))
    assert (made.platform.calls["token"], made.platform.calls["custom"]) == (2, 40)


async def test_a_fresh_token_refused_as_well_is_a_fault_of_the_account(made: Rig) -> None:
    made.platform.break_next("custom", 40001, 40001)
    failure = await failure_of(made.client.custom_text("o1", "一"))
    assert (failure.failure, failure.code) == (Failure.ACCOUNT, "40001")
    assert made.platform.calls["custom"] == 2


async def test_a_wrong_secret_stops_the_account_and_is_shown_nowhere(sqlite_url: str, sealer: Sealer) -> None:
    database = Database(sqlite_url)
    clock = Clock()
    with capture_logs() as logs:
        async with WeChatPlatform(clock) as platform, aiohttp.ClientSession() as http:
            client = client_for(platform, database, sealer, clock, http, lambda _: None, secret="wrong-one")
            failure = await failure_of(client.custom_text("o1", "一"))
    assert (failure.failure, failure.code) == (Failure.ACCOUNT, "40125")
    assert "wrong-one" not in f"{failure!r}{logs}"
    await database.close()


async def test_another_process_uses_the_stored_token_which_nobody_can_read(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    clock = Clock()
    async with WeChatPlatform(clock) as platform, aiohttp.ClientSession() as http:
        clients = [client_for(platform, database, sealer, clock, http, lambda _: None) for _ in range(2)]
        tokens = [await client.tokens.get() for client in clients]
        assert (tokens[0], platform.calls["token"]) == (tokens[1], 1)
    stored = database.read_sync(
        lambda c: c.sqlalchemy.exec_driver_sql("SELECT value_sealed FROM platform_token").scalar_one()
    )
    assert tokens[0].encode() not in bytes(stored)
    await database.close()


async def test_two_processes_that_need_a_token_at_once_fetch_it_once(
    database_url: str, sealer: Sealer
) -> None:
    databases = [Database(database_url) for _ in range(2)]
    clock = Clock()
    async with WeChatPlatform(clock) as platform, aiohttp.ClientSession() as http:
        clients = [client_for(platform, each, sealer, clock, http, lambda _: None) for each in databases]
        tokens = await asyncio.gather(*(client.tokens.get() for client in clients * 5))
        assert (len(set(tokens)), platform.calls["token"]) == (1, 1)
    for each in databases:
        await each.close()


async def test_a_process_that_failed_to_fetch_leaves_it_to_the_next(made: Rig) -> None:
    made.platform.break_next("token", "503")
    failure = await failure_of(made.client.tokens.get())
    assert (failure.failure, failure.retry_after) == (Failure.RETRY, 7.0)
    assert (await made.client.tokens.get()).startswith("TOKEN_")


# --- what goes wrong ---


DOCUMENTED = """-1 40001 40014 42001 40003 40013 40037 40125 40243 40164 40200 41001 47001 47003 43004 43101 43019 44004 45002
45008 45009 45011 45015 45047 45028 45065 45066 45067 48001 48002 48004 48008 50001 50002 61007"""


def test_every_documented_code_has_a_meaning() -> None:
    assert {int(code) for code in DOCUMENTED.split()} <= set(MEANINGS)


@pytest.mark.parametrize(
    ("code", "failure", "wait"),
    [
        (-1, Failure.RETRY, 2.0),
        (40003, Failure.PERSON, None),
        (43004, Failure.PERSON, None),
        (43019, Failure.PERSON, None),
        (45015, Failure.WINDOW, None),
        (45047, Failure.WINDOW, None),
        (43101, Failure.WINDOW, None),
        (45011, Failure.RETRY, 60.0),
        (47003, Failure.MESSAGE, None),
        (45002, Failure.MESSAGE, None),
        (48001, Failure.ACCOUNT, None),
        (50002, Failure.ACCOUNT, None),
        (99999, Failure.MESSAGE, None),
    ],
)
async def test_an_error_code_in_a_200_is_a_failure(
    made: Rig, code: int, failure: Failure, wait: float | None
) -> None:
    made.platform.break_next("custom", code)
    raised = await failure_of(made.client.custom_text("o1", "一"))
    assert (raised.failure, raised.code, raised.retry_after) == (failure, str(code), wait)
    assert (failed(code).failure, made.platform.arrived["o1"]) == (failure, [])


@pytest.mark.parametrize(
    ("fault", "sent", "repeatable"),
    [
        ("429", Failure.RETRY, Failure.RETRY),
        ("500", Failure.RETRY, Failure.RETRY),
        ("503", Failure.RETRY, Failure.RETRY),
        ("502", Failure.UNKNOWN, Failure.RETRY),
        ("504", Failure.UNKNOWN, Failure.RETRY),
        ("hang", Failure.UNKNOWN, Failure.RETRY),
        ("cut", Failure.UNKNOWN, Failure.RETRY),
        ("half", Failure.UNKNOWN, Failure.RETRY),
        ("not_json", Failure.UNKNOWN, Failure.RETRY),
    ],
)
async def test_a_fault_of_the_network_is_unknown_unless_a_repeat_does_no_harm(
    made: Rig, fault: Fault, sent: Failure, repeatable: Failure
) -> None:
    made.platform.templates.add("T1")
    token = await made.client.tokens.get()
    with capture_logs() as logs:
        made.client.timeout = aiohttp.ClientTimeout(total=0.3 if fault == "hang" else 30.0)
        made.platform.break_next("custom", fault)
        first = await failure_of(made.client.custom_text("o1", "一"))
        made.platform.break_next("template", fault)
        second = await failure_of(made.client.template("o1", "T1", {"thing1": "一"}, "", "id-1"))
    assert (first.failure, second.failure) == (sent, repeatable)
    assert token not in f"{first!r}{first.__cause__!r}{first.__context__!r}{second!r}{logs}"
    assert first.retry_after == (7.0 if fault in {"429", "503"} else None)
    made.client.timeout = aiohttp.ClientTimeout(total=30.0)
    if fault == "half":
        await made.client.template("o1", "T1", {"thing1": "一"}, "", "id-1")
        assert [message for message in made.platform.arrived["o1"] if "template" in message] == [
            {"template": "T1", "data": {"thing1": {"value": "一"}}}
        ]


async def test_a_platform_that_cannot_be_reached_got_nothing(sqlite_url: str, sealer: Sealer) -> None:
    database = Database(sqlite_url)
    clock = Clock()
    platform = WeChatPlatform(clock)
    platform.url = "http://127.0.0.1:9"
    async with http_session() as http:
        client = client_for(platform, database, sealer, clock, http, lambda _: None)
        failure = await failure_of(client.custom_text("o1", "一"))
        assert (failure.failure, failure.code) == (Failure.RETRY, "connect")
    await database.close()


# --- quotas ---


async def test_calls_are_counted_by_day_of_beijing(made: Rig) -> None:
    made.clock.now = datetime(2026, 11, 24, 23, 59, 59, tzinfo=ZONE)
    await made.client.custom_text("o1", "一")
    made.clock.passes(seconds=1)
    await made.client.custom_text("o1", "二")
    counts = await made.client.meter.counts()
    assert [(count.period, count.used) for count in counts if count.api == "custom"] == [
        ("2026-11-25", 1),
        ("2026-11-24", 1),
    ]


async def test_the_alarm_rings_once_when_four_fifths_are_used(sqlite_url: str, sealer: Sealer) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, limits={"qrcode": 5}) as made:
        rung = []
        for _ in range(5):
            await made.client.create_qrcode("x")
            rung.append(len(made.alarms))
        assert rung == [0, 0, 0, 1, 1]
        assert made.alarms == [Count("qrcode", DAY, 4, 5)]
        failure = await failure_of(made.client.create_qrcode("x"))
        assert (failure.failure, failure.code) == (Failure.ACCOUNT, "quota:qrcode")
        assert (failure.retry_after, made.platform.calls["qrcode"]) == (14 * 3600.0, 5)
        made.clock.passes(hours=14)
        await made.client.create_qrcode("x")
    await database.close()


async def test_a_quota_the_platform_calls_used_up_is_left_alone_until_midnight(made: Rig) -> None:
    made.platform.quotas["custom"] = 1
    await made.client.custom_text("o1", "一")
    failure = await failure_of(made.client.custom_text("o1", "二"))
    assert (failure.failure, failure.code, failure.retry_after) == (Failure.ACCOUNT, "45009", 14 * 3600.0)
    again = await failure_of(made.client.custom_text("o1", "三"))
    assert (again.code, made.platform.calls["custom"]) == ("quota:custom", 2)


async def test_quotas_are_counted_on_both_engines(database: Database) -> None:
    from storage import quotas

    def take() -> Count | None:
        return database.write_sync(lambda c: quotas.take(c, "a", "custom", DAY, 2))

    assert [take(), take(), take()] == [Count("custom", DAY, 1, 2), Count("custom", DAY, 2, 2), None]
    database.write_sync(lambda c: quotas.exhaust(c, "a", "custom", DAY))
    assert database.read_sync(lambda c: quotas.counts(c, "a")) == [Count("custom", DAY, 2, 2)]


def test_no_credential_stands_in_a_repr() -> None:
    from bot.channels.wechat_tokens import Fetched

    assert re.search("secret-token", repr(Fetched("secret-token", 7200.0))) is None
