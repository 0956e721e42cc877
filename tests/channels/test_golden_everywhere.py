"""The same golden transcripts on every channel: the same words in, and each channel's form of the same answers out.

Two readings of one file: with everything typed in the chat, and with the sensitive answers typed on the one-time
form. What must arrive is written out here by the channels' documented form, not by the code under test.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from bot.texts import catalogue
from dialogs.model import Choice
from tests.channels.gateway import PUBLIC, Gateway, TelegramMode, WeChatMode, gateway
from tests.channels.golden import Bubble, Exchange, Golden, golden
from tests.standins.telegram import Person as TelegramPerson
from tests.standins.wechat_follower import Follower
from tests.talking import Clock, Person

THINKING = 20
"""Seconds that a person takes to answer."""
LISTED = frozenset({"review"})
"""Steps whose text lists the choices, so that they are not written out again."""
SENSITIVE = {"name": ("name", "id_number", "phone"), "hardship": ("hardship",)}
"""The step at which a form is offered, and what stands on it."""
NOTICE = Bubble(catalogue().common["chat_notice"])
FORM_LINK = catalogue().common["form_link"]
FORM = re.compile(re.escape(PUBLIC) + r"(/f/[\w-]{32})")


class Heard(NamedTuple):
    """What arrived in a chat: the text of one message, its choices to tap, and its link's address."""

    text: str
    choices: tuple[str, ...] = ()
    link: str = ""


class Chat(Protocol):
    """One person on one channel."""

    async def begins(self) -> list[Heard] | None:
        """Open the conversation; None where it only begins with the first words."""

    async def says(self, text: str, shown: tuple[Choice, ...]) -> list[Heard]:
        """Answer, by tapping where all of the answer is shown as choices; what the person then hears."""

    def arrived(self) -> list[Heard]:
        """What has arrived of the service's own accord since the last answer."""

    def answers(self, exchange: Exchange) -> list[Heard]:
        """How this channel shows an answer."""

    def pushes(self, exchange: Exchange) -> list[Heard]:
        """How this channel shows the same when it does not follow a message."""

    def offers(self, exchange: Exchange, address: str) -> list[Heard]:
        """How this channel shows a question that is answered on a page of ours."""


# --- the channels ---


class WebChat:
    """The JSON API: the answer as it is."""

    def __init__(self, made: Gateway) -> None:
        self.person = Person(made.http, made.address)

    async def begins(self) -> list[Heard] | None:
        return None

    async def says(self, text: str, shown: tuple[Choice, ...]) -> list[Heard]:
        answer = await self.person.say(text)
        return [
            Heard(reply["text"], tuple(f"{one['value']} {one['label']}" for one in reply["choices"]))
            for reply in answer["replies"]
        ]

    def arrived(self) -> list[Heard]:
        return []

    def answers(self, exchange: Exchange) -> list[Heard]:
        return [
            Heard(bubble.text, tuple(f"{value} {label}" for value, label in bubble.choices))
            for bubble in exchange.answer
        ]

    pushes = answers

    def offers(self, exchange: Exchange, address: str) -> list[Heard]:
        raise AssertionError("the web chat is our own: it asks in the chat")


class WeChat:
    """The official account: one text as the answer, customer-service messages besides."""

    def __init__(self, made: Gateway) -> None:
        self.made = made
        self.follower: Follower = made.follower()
        self.seen = 0

    async def begins(self) -> list[Heard] | None:
        self.made.wechat.acts(self.follower.openid, "follow")
        return [Heard(await self.follower.does("subscribe"))]

    async def says(self, text: str, shown: tuple[Choice, ...]) -> list[Heard]:
        self.made.wechat.acts(self.follower.openid, "message")
        return [Heard(await self.follower.says(text)), *self.arrived()]

    def arrived(self) -> list[Heard]:
        messages = self.made.wechat.arrived[self.follower.openid]
        new, self.seen = messages[self.seen :], len(messages)
        return [self._heard(message) for message in new]

    def answers(self, exchange: Exchange) -> list[Heard]:
        texts = []
        for bubble in exchange.answer:
            listed = exchange.step in LISTED
            texts.append("\n".join([bubble.text, *([] if listed else map(self._line, bubble.choices))]))
        return [Heard("\n\n".join(texts))]

    def pushes(self, exchange: Exchange) -> list[Heard]:
        return [Heard(bubble.text, tuple(map(self._line, bubble.choices))) for bubble in exchange.answer]

    def offers(self, exchange: Exchange, address: str) -> list[Heard]:
        *before, last = exchange.answer
        return self.answers(
            exchange._replace(answer=(*before, Bubble(f"{last.text}\n{FORM_LINK}：{address}")))
        )

    @staticmethod
    def _line(choice: Choice) -> str:
        return choice.label if choice.value == choice.label else f"{choice.value}. {choice.label}"

    @staticmethod
    def _heard(message: dict[str, Any]) -> Heard:
        if message["msgtype"] == "text":
            return Heard(message["text"]["content"])
        menu = message["msgmenu"]
        return Heard(menu["head_content"], tuple(item["content"] for item in menu["list"]))


class Telegram:
    """The bot: one message for each of ours, choices as buttons."""

    def __init__(self, made: Gateway) -> None:
        self.made = made
        self.person: TelegramPerson = made.telegram.person(501)
        self.seen = 0

    async def begins(self) -> list[Heard] | None:
        return await self._bring(self.person.says("/start"))

    async def says(self, text: str, shown: tuple[Choice, ...]) -> list[Heard]:
        values = {choice.value for choice in shown}
        if text not in values and not (" " in text and values.issuperset(text.split())):
            return await self._bring(self.person.says(text))
        buttons = self.person.last.buttons
        several = "选好了" in buttons
        for value in text.split():
            [label] = [label for label in buttons if label.split(" ")[0] == value]
            tapped = await self._bring(self.person.taps(label))
            if several:
                assert tapped == [], "ticking is not answering yet"
                buttons = self.person.last.buttons
        return await self._bring(self.person.taps("选好了")) if several else tapped

    async def _bring(self, update: dict[str, Any]) -> list[Heard]:
        await self.made.telegram.bring(update)
        if not self.made.telegram.post_to:
            await self.made.telegram.until(lambda: self.made.telegram.waiting == 0)
        return self.arrived()

    def arrived(self) -> list[Heard]:
        calls = [data for method, data in self.made.telegram.calls if method == "sendMessage"]
        new, self.seen = calls[self.seen :], len(calls)
        return [self._heard(data) for data in new]

    def answers(self, exchange: Exchange) -> list[Heard]:
        return [
            Heard(bubble.text, tuple(f"{v} {label}" if v.isdigit() else label for v, label in bubble.choices))
            for bubble in exchange.answer
        ]

    pushes = answers

    def offers(self, exchange: Exchange, address: str) -> list[Heard]:
        *before, last = self.answers(exchange)
        return [*before, Heard(last.text, (), address)]

    @staticmethod
    def _heard(data: dict[str, Any]) -> Heard:
        rows = data.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [button for row in rows for button in row]
        choices = [
            button["text"]
            for button in buttons
            if "callback_data" in button and button["text"] != "选好了"  # not a choice, but ends one
        ]
        links = [button["url"] for button in buttons if button.get("text") == FORM_LINK]
        return Heard(data["text"], tuple(choices), "".join(links))


# --- the conversation ---


def warned(talk: Golden) -> list[Exchange]:
    """The exchanges as they go where the chat is somebody else's: before what is sensitive comes a warning."""
    found, before = [], ""
    for exchange in talk.exchanges:
        if exchange.step in SENSITIVE and exchange.step != before:
            exchange = exchange._replace(answer=(*exchange.answer[:-1], NOTICE, exchange.answer[-1]))  # noqa: PLW2901
        found.append(exchange)
        before = exchange.step
    return found


async def hold(chat: Chat, clock: Clock, exchanges: Iterable[Exchange]) -> None:
    """The conversation as it stands in the file, everything in the chat."""
    shown: tuple[Choice, ...] = ()
    for exchange in exchanges:
        clock.move(seconds=THINKING)
        if exchange.said is None:
            heard = await chat.begins()
        else:
            heard = await chat.says(exchange.said, shown)
        assert heard is None or heard == chat.answers(exchange), f"after {exchange.said}"
        shown = exchange.answer[-1].choices
    assert chat.arrived() == []


async def hold_with_forms(chat: Chat, made: Gateway, talk: Golden) -> None:
    """The same, but what is sensitive goes through the form, and then the chat goes on by itself."""
    exchanges = iter(talk.exchanges)
    shown: tuple[Choice, ...] = ()
    for exchange in exchanges:
        made.clock.move(seconds=THINKING)
        heard = await chat.begins() if exchange.said is None else await chat.says(exchange.said, shown)
        assert heard is not None
        if exchange.step not in SENSITIVE:
            assert heard == chat.answers(exchange), f"after {exchange.said}"
            shown = exchange.answer[-1].choices
            continue
        address = address_in(heard)
        assert heard == chat.offers(exchange, address)
        last = await fill(made, address, exchange.step, exchanges)
        assert chat.arrived() == chat.pushes(last), "the chat goes on by itself"
        shown = last.answer[-1].choices


def address_in(heard: Iterable[Heard]) -> str:
    """The one form that is linked to."""
    [found] = {match[0] for one in heard for match in FORM.finditer(f"{one.text} {one.link}")}
    return str(found)


async def fill(made: Gateway, address: str, step: str, exchanges: Iterable[Exchange]) -> Exchange:
    """Type on the form what the next exchanges have; the last of them."""
    visitor = made.visitor()
    fields = SENSITIVE[step]
    page = await visitor.opens(address)
    assert (page.status, page.fields) == (200, list(fields))
    taken = [exchange for _, exchange in zip(fields, exchanges, strict=False)]
    typed = {field: exchange.said or "" for field, exchange in zip(fields, taken, strict=True)}
    answers = {name: text.split() if name == "hardship" else text for name, text in typed.items()}
    made.clock.move(seconds=THINKING)
    page = await visitor.sends(address, answers)
    assert (page.status, page.texts["message"]) == (
        200,
        "收到了。请回到聊天里接着来，下一个问题已经发过去了。",
    )
    return taken[-1]


# --- the tests ---

Open = Callable[..., AbstractAsyncContextManager[tuple[Gateway, Chat]]]

WAYS: dict[str, tuple[type[WebChat | WeChat | Telegram], WeChatMode, TelegramMode]] = {
    "web": (WebChat, "", ""),
    "wechat plain": (WeChat, "plain", ""),
    "wechat encrypted": (WeChat, "safe", ""),
    "telegram webhook": (Telegram, "", "webhook"),
    "telegram polling": (Telegram, "", "polling"),
}
FOREIGN = [way for way in WAYS if way != "web"]
TALKS = ("graduate_straight_through", "unemployed_youth")


@pytest.fixture
def opening(data: Path) -> Open:
    @asynccontextmanager
    async def opened(way: str, talk: Golden, sensitive_input: str) -> AsyncIterator[tuple[Gateway, Chat]]:
        kind, wechat, telegram = WAYS[way]
        clock = Clock(talk.begins)
        async with gateway(
            data, clock, wechat=wechat, telegram=telegram, sensitive_input=sensitive_input
        ) as made:
            yield made, kind(made)

    return opened


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("way", WAYS)
async def test_the_golden_conversation_is_the_same_everywhere(opening: Open, way: str, talk: str) -> None:
    script = golden(talk)
    async with opening(way, script, "chat") as (made, chat):
        await hold(chat, made.clock, script.exchanges if way == "web" else warned(script))


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("way", FOREIGN)
async def test_it_is_the_same_with_the_sensitive_answers_on_the_form(
    opening: Open, way: str, talk: str
) -> None:
    script = golden(talk)
    async with opening(way, script, "form") as (made, chat):
        await hold_with_forms(chat, made, script)


async def test_the_web_chat_asks_in_the_chat_even_where_others_get_a_form(opening: Open) -> None:
    script = golden(TALKS[0])
    async with opening("web", script, "form") as (made, chat):
        await hold(chat, made.clock, script.exchanges)


def test_the_golden_conversations_have_something_of_everything() -> None:
    steps = {exchange.step for name in TALKS for exchange in golden(name).exchanges}
    assert steps >= {"name", "id_number", "phone", "hardship", "review", "done"}
    assert all(golden(name).exchanges[0].said is None for name in TALKS)
