"""Sending on the official account: the way is chosen right, the ledger agrees with the platform to the message."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.channels.wechat_text import Notice
from dialogs.model import Choice, Link
from notifications.channel import Channel, Failure, Outgoing, Reach, Receipt, SendFailed
from storage import allowances
from storage.database import Database
from storage.sealing import Sealer
from tests.channels.wechat_rig import PUBLIC, Rig, rig
from tests.standins.wechat import Fault

SUBSCRIPTION = Notice("S1", "thing1", f"{PUBLIC}/")
TEMPLATE = Notice("T1", "thing2", f"{PUBLIC}/")
CHOICES = (Choice("1", "好"), Choice("2", "不用"))


@pytest.fixture
async def made(sqlite_url: str, sealer: Sealer) -> AsyncIterator[Rig]:
    database = Database(sqlite_url)
    async with rig(database, sealer, subscription=SUBSCRIPTION, template=TEMPLATE) as parts:
        parts.platform.templates.add("T1")
        await write(parts, "你好")
        yield parts
    await database.close()


async def write(made: Rig, text: str = "菜单") -> None:
    """The person writes: both sides open a window."""
    person = made.follower()
    made.platform.acts(person.openid, "message")
    await person.says(text)


async def send(made: Rig, message: Outgoing) -> Receipt:
    return await made.sender.send(made.recipient(), message)


async def failure_of(work: Any) -> SendFailed:  # noqa: ANN401
    with pytest.raises(SendFailed) as caught:
        await work
    return caught.value


def texts(made: Rig) -> list[str]:
    return [message["text"]["content"] for message in made.platform.arrived["oFOLLOWER"] if "text" in message]


def agree(sender: object) -> Channel:
    """The sender is a channel, says the type checker."""
    from bot.channels.wechat_sender import WeChatSender

    assert isinstance(sender, WeChatSender)
    return sender


async def test_within_the_window_it_is_a_customer_message_without_an_id(made: Rig) -> None:
    assert agree(made.sender).name == "wechat"
    assert await send(made, Outgoing("有新岗位")) == Receipt(None, "customer")
    assert texts(made) == ["有新岗位"]


async def test_choices_can_be_tapped_and_links_are_written_out(made: Rig) -> None:
    await send(made, Outgoing("愿意去吗？", CHOICES, (Link("看岗位", "/positions/7"),)))
    [message] = made.platform.arrived["oFOLLOWER"]
    assert message["msgmenu"] == {
        "head_content": f"愿意去吗？\n看岗位：{PUBLIC}/positions/7",
        "list": [{"id": "1", "content": "1. 好"}, {"id": "2", "content": "2. 不用"}],
        "tail_content": "",
    }


async def test_a_long_text_takes_as_many_messages_as_it_needs(made: Rig) -> None:
    long = "\n".join(f"第{number}个岗位：广州市天河区某某单位，文员。" for number in range(60))
    await send(made, Outgoing(long, CHOICES))
    parts = texts(made)
    assert len(parts) == 2
    assert parts[-1].endswith("\n1. 好\n2. 不用")
    assert all(len(part.encode()) <= 2000 for part in parts)
    assert (await made.sender.reach(made.recipient(), made.clock())).left == 3


async def test_five_messages_then_a_notice_agreed_to_then_a_template_and_each_is_counted(made: Rig) -> None:
    contact_id = made.recipient().contact_id
    await made.database.write(lambda c: allowances.add_consent(c, contact_id, "S1"))
    made.platform.consents["oFOLLOWER", "S1"] = 1
    routes = [(await send(made, Outgoing(f"第{n}条"))).route for n in range(7)]
    assert routes == ["customer"] * 5 + ["subscription", "template"]
    assert made.platform.left("oFOLLOWER") == 0
    assert made.platform.arrived["oFOLLOWER"][-2:] == [
        {"subscription": "S1", "data": {"thing1": {"value": "第5条"}}},
        {"template": "T1", "data": {"thing2": {"value": "第6条"}}},
    ]


async def test_without_any_way_it_waits_for_the_person(sqlite_url: str, sealer: Sealer) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer) as made:
        await write(made)
        made.clock.passes(hours=48)
        assert await made.sender.reach(made.recipient(), made.clock()) == Reach(None)
        failure = await failure_of(send(made, Outgoing("在吗")))
        assert (failure.failure, failure.code, made.platform.calls["custom"]) == (
            Failure.WINDOW,
            "no_route",
            0,
        )
        await write(made)
        assert (await send(made, Outgoing("在吗"))).route == "customer"
    await database.close()


async def test_a_notice_has_one_line_that_fits(made: Rig) -> None:
    made.clock.passes(hours=48)
    await send(made, Outgoing("您的报名已经通过核验，请尽快确认下面的岗位：\n1. 文员"))
    [message] = made.platform.arrived["oFOLLOWER"]
    assert message["data"] == {"thing2": {"value": "您的报名已经通过核验，请尽快确认下面的…"}}


async def test_the_same_template_message_sent_again_arrives_once(made: Rig) -> None:
    made.clock.passes(hours=48)
    made.platform.break_next("template", "half")
    failure = await failure_of(send(made, Outgoing("请确认")))
    assert failure.failure is Failure.RETRY
    assert (await send(made, Outgoing("请确认"))).route == "template"
    assert len(made.platform.arrived["oFOLLOWER"]) == 1


@pytest.mark.parametrize("code", [45015, 45047])
async def test_when_the_platform_says_the_window_is_shut_the_ledger_follows_and_the_next_way_is_taken(
    made: Rig, code: int
) -> None:
    made.platform.break_next("custom", code)
    assert (await send(made, Outgoing("在吗"))).route == "template"
    assert (await made.sender.reach(made.recipient(), made.clock())).route == "template"
    await write(made)
    assert (await send(made, Outgoing("在吗"))).route == "customer"


async def test_a_consent_the_platform_does_not_know_is_forgotten(made: Rig) -> None:
    contact_id = made.recipient().contact_id
    await made.database.write(lambda c: allowances.add_consent(c, contact_id, "S1"))
    made.clock.passes(hours=48)
    assert (await send(made, Outgoing("在吗"))).route == "template"
    assert made.database.read_sync(lambda c: allowances.consents(c, contact_id, "S1")) == 0


@pytest.mark.parametrize("fault", [43004, 43019, 40003])
async def test_a_person_who_is_gone_is_marked_and_left_in_peace(made: Rig, fault: int) -> None:
    made.platform.break_next("custom", fault)
    assert (await failure_of(send(made, Outgoing("在吗")))).failure is Failure.PERSON
    assert not made.contact().reachable
    calls = made.platform.calls["custom"]
    assert (await failure_of(send(made, Outgoing("在吗")))).failure is Failure.PERSON
    assert made.platform.calls["custom"] == calls
    await write(made)
    assert made.contact().reachable


@pytest.mark.parametrize(
    ("fault", "failure", "left"),
    [
        (-1, Failure.RETRY, 5),
        ("429", Failure.RETRY, 5),
        (47003, Failure.MESSAGE, 5),
        (48001, Failure.ACCOUNT, 5),
        ("hang", Failure.UNKNOWN, 4),
        ("half", Failure.UNKNOWN, 4),
    ],
)
async def test_what_certainly_did_not_go_out_is_given_back_and_what_may_have_is_not(
    made: Rig, fault: Fault, failure: Failure, left: int
) -> None:
    await made.client.tokens.get()
    if fault == "hang":
        made.client.timeout = aiohttp.ClientTimeout(total=0.3)
    made.platform.break_next("custom", fault)
    assert (await failure_of(send(made, Outgoing("在吗")))).failure is failure
    assert (await made.sender.reach(made.recipient(), made.clock())).left == left


async def test_a_later_part_is_tried_again_and_then_has_an_unknown_end(made: Rig) -> None:
    long = "\n".join(f"第{number}个岗位：广州市天河区某某单位，文员。" for number in range(60))
    await send(made, Outgoing("先来一条"))
    await write(made)
    before = len(texts(made))
    real = made.platform._custom
    calls = 0

    def second_part_fails(body: dict[str, Any]) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls == 1:
            made.platform.break_next("custom", -1, -1, -1)
        return real(body)

    made.platform._custom = second_part_fails  # type: ignore[method-assign]
    failure = await failure_of(send(made, Outgoing(long)))
    assert (failure.failure, failure.code) == (Failure.UNKNOWN, "partial:-1")
    assert len(texts(made)) == before + 1


async def test_an_empty_message_is_refused_without_a_call(made: Rig) -> None:
    assert (await failure_of(send(made, Outgoing("")))).failure is Failure.MESSAGE
    assert made.platform.calls["custom"] == 0


async def test_many_at_once_never_send_more_than_the_window_holds(sqlite_url: str, sealer: Sealer) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer) as made:
        await write(made)
        results = await asyncio.gather(
            *(made.sender.send(made.recipient(), Outgoing(f"{n}")) for n in range(12)), return_exceptions=True
        )
        assert sum(isinstance(result, Receipt) for result in results) == 5
        assert made.platform.calls["custom"] == 5
    await database.close()


async def test_over_a_month_the_ledger_and_the_platform_agree_to_the_message(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer) as made:
        person, chance = made.follower(), random.Random(27)  # noqa: S311 - the same month every time
        made.platform.acts(person.openid, "message")
        await person.says("你好")
        recipient, refused, sent = made.recipient(), 0, 0
        for _ in range(400):
            made.clock.passes(seconds=chance.choice([1, 20, 59, 61, 3600, 40_000, 172_799]))
            what = chance.choice(["message", "menu", "scan", "follow", "send", "send", "send", "send"])
            if what == "send":
                if made.platform.left(person.openid) > 0:
                    await made.sender.send(recipient, Outgoing("推送"))
                    sent += 1
                else:
                    failure = await failure_of(made.sender.send(recipient, Outgoing("推送")))
                    assert failure.failure is Failure.WINDOW
                    refused += 1
                continue
            made.platform.acts(person.openid, what)
            if what == "message":
                await person.says("菜单")
            else:
                await person.does({"menu": "CLICK", "scan": "SCAN", "follow": "subscribe"}[what], "help")
            reach = await made.sender.reach(recipient, made.clock())
            assert reach.left == made.platform.left(person.openid)
        assert sent > 50
        assert refused > 20
        assert made.platform.calls["custom"] == sent
    await database.close()
