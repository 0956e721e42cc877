"""What every channel must do, whatever its platform: one set of tests for all of them.

A new channel adds a `Bench` of its own to `BENCHES` and must pass as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import aiohttp
import pytest

from bot.channels.wechat_sender import WeChatSender
from dialogs.model import Choice, Link
from notifications.channel import Channel, Failure, Outgoing, Reach, Recipient, SendFailed
from storage import conversations
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.channels import telegram_rig, wechat_rig
from tests.standins.notebook import LONGEST_TEXT, Notebook
from tests.standins.telegram import silence, too_many
from tests.standins.wechat import SECRET
from tests.talking import NOON

# The library warns of a change to come whenever Telegram asks it to wait.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

SHORT = 0.3
"""Seconds until a silent platform is given up here."""


class Bench(Protocol):
    """A channel with its platform, and what can happen to it. `limit`: most Chinese characters in one message."""

    channel: Channel
    recipient: Recipient
    secrets: tuple[str, ...]
    limit: int

    @property
    def arrived(self) -> list[str]:
        """What the person can read or tap, message by message."""

    @property
    def tried(self) -> int:
        """How often the platform was asked to send."""

    def person_blocks(self) -> None:
        """The person wants nothing from us any more."""

    def rate_is_limited(self) -> float:
        """The platform takes nothing for so many seconds."""

    def falls_silent(self) -> None:
        """The platform does not answer the next call, and may or may not have done it."""

    def secret_is_wrong(self) -> Channel:
        """The same channel with a secret that the platform does not accept."""


class WeChatBench:
    secrets: tuple[str, ...] = (SECRET, "TOKEN_")
    limit = 2000 // 3

    def __init__(self, made: wechat_rig.Rig) -> None:
        self.made = made
        self.channel: Channel = made.sender
        self.recipient = made.recipient()

    @property
    def arrived(self) -> list[str]:
        return [_wechat_text(message) for message in self.made.platform.arrived[self.recipient.address]]

    @property
    def tried(self) -> int:
        return self.made.platform.calls["custom"]

    def person_blocks(self) -> None:
        self.made.platform.unfollows(self.recipient.address)

    def rate_is_limited(self) -> float:
        self.made.platform.break_next("custom", 45011)
        return 60.0

    def falls_silent(self) -> None:
        self.made.client.timeout = aiohttp.ClientTimeout(total=SHORT)
        self.made.platform.break_next("custom", "hang")

    def secret_is_wrong(self) -> Channel:
        made = self.made
        made.platform.expire_tokens()  # with the one that it has it could go on for a while
        client = wechat_rig.client_for(
            made.platform,
            made.database,
            made.sealer,
            made.clock,
            made.http,
            made.alarms.append,
            secret="another",
        )
        return WeChatSender(client, made.database, made.clock)


def _wechat_text(message: dict[str, Any]) -> str:
    if message["msgtype"] == "text":
        return str(message["text"]["content"])
    menu = message["msgmenu"]
    return "\n".join([menu["head_content"], *(item["content"] for item in menu["list"])])


class TelegramBench:
    limit = 4096

    def __init__(self, made: telegram_rig.Rig) -> None:
        self.made = made
        self.channel: Channel = made.channel
        self.recipient = made.recipient(501)
        self.secrets: tuple[str, ...] = (made.platform.token,)

    @property
    def arrived(self) -> list[str]:
        return [
            "\n".join([sent.text, *sent.buttons, *sent.links.values()]) for sent in self.made.platform.sent
        ]

    @property
    def tried(self) -> int:
        return sum(1 for method, _ in self.made.platform.calls if method == "sendMessage")

    def person_blocks(self) -> None:
        self.made.platform.blocked.add(501)

    def rate_is_limited(self) -> float:
        self.made.platform.fail("sendMessage", too_many(3600))
        return 3600.0

    def falls_silent(self) -> None:
        self.made.platform.fail("sendMessage", silence(applied=True))

    def secret_is_wrong(self) -> Channel:
        self.made.platform.token = "7000000001:AnotherTokenThanTheOneThatWeHave"
        return self.channel


class NotebookBench:
    secrets: tuple[str, ...] = ("password",)
    limit = LONGEST_TEXT

    def __init__(self, notebook: Notebook, recipient: Recipient) -> None:
        self.notebook = notebook
        self.channel: Channel = notebook
        self.recipient = recipient

    @property
    def arrived(self) -> list[str]:
        return self.notebook.pages.get(self.recipient.address, [])

    @property
    def tried(self) -> int:
        return self.notebook.tried

    def person_blocks(self) -> None:
        self.notebook.faults.append(SendFailed(Failure.PERSON, "blocked"))

    def rate_is_limited(self) -> float:
        self.notebook.faults.append(SendFailed(Failure.RETRY, "busy", 9.0))
        return 9.0

    def falls_silent(self) -> None:
        self.notebook.faults.append(SendFailed(Failure.UNKNOWN, "timed out"))

    def secret_is_wrong(self) -> Channel:
        self.notebook.faults.append(SendFailed(Failure.ACCOUNT, "secret"))
        return self.notebook


# --- the benches ---


@asynccontextmanager
async def _wechat(database: Database, sealer: Sealer) -> AsyncIterator[Bench]:
    async with wechat_rig.rig(database, sealer) as made:
        person = made.follower()
        made.platform.acts(person.openid, "message")
        await person.says("你好")
        await made.client.tokens.get()
        yield WeChatBench(made)
        await made.client.close()


@asynccontextmanager
async def _telegram(database: Database, sealer: Sealer) -> AsyncIterator[Bench]:
    async with telegram_rig.parts(database, sealer, patience=SHORT) as made:
        made.platform.person(501)
        yield TelegramBench(made)
        assert made.platform.problems == []


@asynccontextmanager
async def _notebook(database: Database, sealer: Sealer) -> AsyncIterator[Bench]:
    def work(connection: Connection) -> int:
        return conversations.add_contact(connection, "notebook", "a", None, NOON)

    yield NotebookBench(Notebook(database), Recipient(database.write_sync(work), "a"))


BENCHES: dict[str, Callable[[Database, Sealer], AbstractAsyncContextManager[Bench]]] = {
    "wechat": _wechat,
    "telegram": _telegram,
    "notebook": _notebook,
}


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest, sqlite_url: str, sealer: Sealer) -> AsyncIterator[Bench]:
    database = Database(sqlite_url)
    async with BENCHES[request.param](database, sealer) as made:
        yield made
    await database.close()


async def failure_of(channel: Channel, recipient: Recipient, text: str = "在吗") -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await channel.send(recipient, Outgoing(text))
    return caught.value


class TestContract:
    """The contract of `notifications.channel`."""

    async def test_a_message_arrives_by_the_way_that_was_foretold(self, bench: Bench) -> None:
        reach = await bench.channel.reach(bench.recipient, NOON)
        receipt = await bench.channel.send(bench.recipient, Outgoing("有新岗位"))
        assert receipt.route == reach.route
        assert receipt.message_id != ""
        assert bench.arrived == ["有新岗位"]
        assert bench.channel.name

    async def test_choices_and_links_can_be_seen_in_some_form(self, bench: Bench) -> None:
        choices = (Choice("1", "愿意去"), Choice("2", "再看看"))
        link = Link("看岗位", "https://jianxi.example.cn/positions/7")
        await bench.channel.send(bench.recipient, Outgoing("去吗？", choices, (link,)))
        [message] = bench.arrived
        for shown in ("去吗？", "1", "愿意去", "2", "再看看", link.url):
            assert shown in message

    async def test_a_long_text_arrives_whole_and_in_order(self, bench: Bench) -> None:
        text = "".join(f"第{number}个岗位在广州市天河区。" for number in range(bench.limit // 6))
        await bench.channel.send(bench.recipient, Outgoing(text))
        assert len(bench.arrived) > len(text) // bench.limit >= 2
        assert "".join(bench.arrived) == text
        assert all(part.endswith("。") for part in bench.arrived), "cut at the ends of sentences"

    @pytest.mark.parametrize("text", ["", " \n"])
    async def test_what_shows_nothing_is_refused_before_anybody_is_asked(
        self, bench: Bench, text: str
    ) -> None:
        assert (await failure_of(bench.channel, bench.recipient, text)).failure is Failure.MESSAGE
        assert bench.tried == 0

    async def test_whoever_blocks_us_cannot_be_reached_from_then_on(self, bench: Bench) -> None:
        assert (await bench.channel.reach(bench.recipient, NOON)).route is not None
        bench.person_blocks()
        assert (await failure_of(bench.channel, bench.recipient)).failure is Failure.PERSON
        assert await bench.channel.reach(bench.recipient, NOON) == Reach(None)

    async def test_a_limited_rate_is_to_be_tried_again_when_the_platform_says(self, bench: Bench) -> None:
        seconds = bench.rate_is_limited()
        failed = await failure_of(bench.channel, bench.recipient)
        assert (failed.failure, failed.retry_after) == (Failure.RETRY, seconds)
        assert bench.arrived == []
        await bench.channel.send(bench.recipient, Outgoing("再来"))
        assert bench.arrived == ["再来"]

    async def test_what_ends_in_silence_is_unknown_and_never_sent_twice(self, bench: Bench) -> None:
        bench.falls_silent()
        assert (await failure_of(bench.channel, bench.recipient)).failure is Failure.UNKNOWN
        assert bench.tried == 1
        assert (await bench.channel.reach(bench.recipient, NOON)).route is not None

    async def test_a_wrong_secret_is_the_accounts_fault_and_nobody_is_marked(self, bench: Bench) -> None:
        channel = bench.secret_is_wrong()
        failed = await failure_of(channel, bench.recipient)
        assert (failed.failure, failed.retry_after) == (Failure.ACCOUNT, None)
        assert bench.arrived == []
        assert (await bench.channel.reach(bench.recipient, NOON)).route is not None

    async def test_neither_words_nor_secrets_are_logged_or_quoted(
        self, bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level("DEBUG")
        said = []
        await bench.channel.send(bench.recipient, Outgoing("机密内容"))
        bench.rate_is_limited()
        said.append(str(await failure_of(bench.channel, bench.recipient, "机密内容")))
        bench.falls_silent()
        said.append(repr(await failure_of(bench.channel, bench.recipient, "机密内容")))
        said.append(str(await failure_of(bench.secret_is_wrong(), bench.recipient, "机密内容")))
        out, err = capfd.readouterr()
        told = "\n".join([caplog.text, out, err, *said])
        assert bench.arrived[0] == "机密内容"
        for secret in ("机密内容", bench.recipient.address + "&", *bench.secrets):
            assert secret not in told

    async def test_closing_twice_does_no_harm(self, bench: Bench) -> None:
        await bench.channel.send(bench.recipient, Outgoing("再见"))
        await bench.channel.close()
        await bench.channel.close()
