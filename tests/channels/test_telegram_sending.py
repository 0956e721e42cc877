"""Sending to Telegram, and what each way of failing means."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.telegram import PATIENCE
from bot.throttle import Throttle
from dialogs.model import Choice, Link
from notifications.channel import Failure, Outgoing, Reach, SendFailed
from notifications.rendering import utf16
from storage.database import Database
from storage.sealing import Sealer
from storage.tables import Contact
from tests.channels.telegram_rig import NOW, PUBLIC, Rig, build, parts
from tests.standins.telegram import (
    Fault,
    TelegramPlatform,
    half_closed,
    refused,
    server_error,
    silence,
    too_many,
)

# The library warns of a change to come whenever Telegram asks it to wait.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

HELLO = Outgoing("您好")


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def patience() -> float:
    """Seconds until a silent Telegram is given up; a test that waits for that parametrizes it."""
    return 20.0


@pytest.fixture
async def rig(database: Database, sealer: Sealer, patience: float) -> AsyncIterator[Rig]:
    async with parts(database, sealer, patience=patience) as made:
        made.platform.person(501)
        yield made
        assert made.platform.problems == []


async def failure(rig: Rig, number: int = 501, message: Outgoing = HELLO) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await rig.channel.send(rig.recipient(number), message)
    return caught.value


async def test_a_message_goes_out_with_the_platforms_number(rig: Rig) -> None:
    receipt = await rig.channel.send(rig.recipient(501), HELLO)
    assert (receipt.message_id, receipt.route) == (str(rig.platform.sent[0].message_id), "message")
    assert rig.platform.texts(501) == ["您好"]


async def test_text_is_never_markup(rig: Rig) -> None:
    text = "<b>张</b> *三* _四_ [x](https://a.cn) &amp;"
    await rig.channel.send(rig.recipient(501), Outgoing(text))
    assert rig.platform.texts(501) == [text]
    assert [data for name, data in rig.platform.calls if "parse_mode" in data] == []


async def test_a_long_text_goes_in_parts_with_the_buttons_under_the_last(rig: Rig) -> None:
    text = "这是一句有表情😀的话。" * 500
    message = Outgoing(text, (Choice("1", "同意"),), (), "registration", "consent")
    await rig.channel.send(rig.recipient(501), message)
    sent = rig.platform.sent
    assert len(sent) > 1
    assert "".join(one.text for one in sent) == text
    assert max(utf16(one.text) for one in sent) <= 4096
    assert [bool(one.buttons) for one in sent] == [False] * (len(sent) - 1) + [True]


async def test_links_are_buttons_where_they_are_safe_and_text_elsewhere(rig: Rig) -> None:
    links = (Link("说明", "https://a.cn/x"), Link("下载", "/api/once"), Link("旧站", "http://b.cn/y"))
    await rig.channel.send(rig.recipient(501), Outgoing("看这里", links=links))
    [sent] = rig.platform.sent
    assert sent.links == {"说明": "https://a.cn/x", "下载": f"{PUBLIC}/api/once"}
    assert sent.text == "看这里\n旧站：http://b.cn/y"


async def test_an_empty_message_is_the_messages_fault(rig: Rig) -> None:
    assert (await failure(rig, message=Outgoing(" \n"))).failure is Failure.MESSAGE
    assert rig.platform.calls == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (refused("Forbidden: bot was blocked by the user", 403), Failure.PERSON),
        (refused("Forbidden: user is deactivated", 403), Failure.PERSON),
        (refused("Forbidden: bot can't initiate conversation with a user", 403), Failure.PERSON),
        (refused("Bad Request: chat not found"), Failure.PERSON),
        (refused("Bad Request: PEER_ID_INVALID"), Failure.PERSON),
        (refused("Bad Request: BUTTON_URL_INVALID"), Failure.MESSAGE),
        (refused("Bad Request: message is too long"), Failure.MESSAGE),
        (refused("Unauthorized", 401), Failure.ACCOUNT),
        (refused("Not Found", 404), Failure.ACCOUNT),
        (too_many(3600), Failure.RETRY),
        (server_error(500), Failure.UNKNOWN),
        (server_error(502), Failure.UNKNOWN),
        (server_error(504, applied=True), Failure.UNKNOWN),
        (half_closed(applied=True), Failure.UNKNOWN),
        (half_closed(applied=False), Failure.UNKNOWN),
    ],
)
async def test_each_failure_has_its_meaning(rig: Rig, fault: Fault, expected: Failure) -> None:
    rig.platform.fail("sendMessage", fault)
    assert (await failure(rig)).failure is expected
    assert len(rig.platform.calls) == 1


@pytest.mark.parametrize("patience", [0.5])
@pytest.mark.parametrize("applied", [True, False])
async def test_after_a_silence_the_outcome_is_unknown(rig: Rig, applied: bool) -> None:
    rig.platform.fail("sendMessage", silence(applied=applied))
    assert (await failure(rig)).failure is Failure.UNKNOWN


async def test_nobody_listening_means_that_nothing_was_sent(database: Database, sealer: Sealer) -> None:
    async with TelegramPlatform() as platform:
        rig = build(platform, database, sealer)
    assert (await failure(rig)).failure is Failure.RETRY
    await rig.channel.close()


@pytest.mark.parametrize("number", [404, 501])
async def test_whoever_cannot_be_reached_is_marked(rig: Rig, number: int) -> None:
    rig.platform.blocked.add(501)
    person = rig.recipient(number)
    assert await rig.channel.reach(person, NOW) == Reach("message")
    assert (await failure(rig, number)).failure is Failure.PERSON
    assert await rig.channel.reach(person, NOW) == Reach(None)
    assert [row.reachable for row in rig.rows(Contact)] == [False]


async def test_a_short_wait_is_waited_out(rig: Rig) -> None:
    rig.platform.fail("sendMessage", too_many(2), too_many(3))
    await rig.channel.send(rig.recipient(501), HELLO)
    assert rig.time.slept == [2.0, 3.0]
    assert rig.platform.texts(501) == ["您好"]


async def test_a_long_wait_is_handed_on_with_its_length(rig: Rig) -> None:
    rig.platform.fail("sendMessage", too_many(int(PATIENCE) + 1))
    failed = await failure(rig)
    assert (failed.failure, failed.retry_after) == (Failure.RETRY, PATIENCE + 1)
    assert rig.time.slept == []


async def test_waits_add_up(rig: Rig) -> None:
    rig.platform.fail("sendMessage", *[too_many(4)] * 3)
    assert (await failure(rig)).failure is Failure.RETRY
    assert rig.time.slept == [4.0, 4.0]


async def test_a_message_half_delivered_is_not_to_be_tried_again(rig: Rig) -> None:
    long = Outgoing("一句话。" * 2000)

    class Limited(Throttle):
        """Lets the first part through before Telegram gets busy."""

        def wait(self, key: str, now: float) -> float:
            if rig.platform.sent:
                rig.platform.fail("sendMessage", too_many(3600))
            return 0.0

    rig.channel._pace = Limited()
    assert (await failure(rig, message=long)).failure is Failure.UNKNOWN


async def test_one_chat_gets_one_message_a_second_after_a_short_burst(
    database: Database, sealer: Sealer
) -> None:
    async with parts(database, sealer, pace=Throttle(3, 1.0)) as rig:
        rig.platform.person(501)
        rig.platform.person(502)
        for _ in range(6):
            await rig.channel.send(rig.recipient(501), HELLO)
        assert sum(rig.time.slept) == pytest.approx(3.0)
        await rig.channel.send(rig.recipient(502), HELLO)
        assert sum(rig.time.slept) == pytest.approx(3.0)


async def test_failures_carry_neither_token_nor_text(rig: Rig) -> None:
    rig.platform.fail("sendMessage", refused("Bad Request: can't parse '梁小凤 440106200305084367'"))
    said = str(await failure(rig))
    rig.platform.fail("sendMessage", refused("Unauthorized", 401))
    said += str(await failure(rig))
    assert "梁小凤" not in said
    assert "4401" not in said
    assert rig.platform.token not in said


async def test_neither_token_nor_text_is_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    rig.platform.fail("sendMessage", refused("Unauthorized", 401), too_many(3600))
    for _ in range(3):
        try:
            await rig.channel.send(rig.recipient(501), Outgoing("机密内容"))
        except SendFailed:
            continue
    out, err = capfd.readouterr()
    logged = caplog.text + out + err
    assert rig.platform.texts(501) == ["机密内容"]
    assert rig.platform.token not in logged
    assert "机密内容" not in logged
