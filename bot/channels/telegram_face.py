"""The Telegram face: an update in, a turn taken, its answer sent. Webhook and polling (`telegram_intake`) end here.

An update counts as handled when its turn is committed and its answer was sent or can never be. Until then it
raises `TryAgain`, Telegram brings it again, and the turn layer gives the stored answer. How far an answer got is
remembered here, so that a repeat goes on where the sending stopped; after a restart it is sent from its beginning.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final

import structlog
from telegram import InlineKeyboardMarkup, Update

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_messages import Kind, Tap, flip
from bot.channels.telegram_updates import (
    CHANNEL,
    Heard,
    InGroup,
    NotTheirs,
    Reachability,
    Tapped,
    person,
    read,
)
from bot.logs import trace
from bot.metrics import Metrics
from bot.outbox import outgoing
from bot.throttle import Throttle
from bot.turns import Incoming, Reply, Turns
from dialogs.model import Chose, Started
from notifications.channel import Failure, Outgoing, Recipient, SendFailed
from storage import conversations
from storage.database import Connection
from storage.errors import StorageUnavailable

log = structlog.get_logger()

REMEMBERED: Final = 20_000
"""Updates, and groups, of which we remember what was sent."""
GROUP_SILENCE: Final = 86_400.0
"""Seconds in which a group is told only once that we talk in private."""
FINISHED: Final = -1

EDITED: Final = "收到您改过的消息，我把它当作对现在这一题的回答。要改前面的答案，请回复“返回”。"
IN_GROUP: Final = "报名要填个人信息，不能在群里说。请点我的头像，私聊我。"
NOT_YOURS: Final = "这个按钮是发给别人的。请您自己给我发一条消息。"
EXPIRED: Final = "这个按钮已经不能用了。回复“继续”，接着现在这一题。"
NOTHING_TICKED: Final = "还没有选。请先点选项，再点“选好了”。"
NOT_OWN_CONTACT: Final = (
    "这是别人的名片。请点“发送我的手机号”，或者把您自己的手机号打出来，例如 13800138000。"
)
SLOW_DOWN: Final = "您发得太快了，刚才这几条我没有收。请等几秒再发，前面填的都在。"
BROKEN: Final = "系统出了点问题，我们已经记下。请稍后再发一次，前面填的都在。"


class TryAgain(Exception):  # noqa: N818 - reads as what it asks for
    """The update is not handled yet and must come again. `after` in seconds where Telegram names it."""

    def __init__(self, after: float | None = None) -> None:
        super().__init__("not handled yet")
        self.after = after


class TelegramFace:
    """Takes updates. `clock` in seconds."""

    def __init__(
        self,
        turns: Turns,
        channel: TelegramChannel,
        metrics: Metrics,
        *,
        throttle: Throttle | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.turns = turns
        self.channel = channel
        self.metrics = metrics
        self._throttle = throttle or Throttle()
        self._clock = clock
        self._hurried: set[str] = set()
        self._sent: OrderedDict[int, int] = OrderedDict()
        self._groups: OrderedDict[int, float] = OrderedDict()
        self._lanes: dict[int, tuple[asyncio.Lock, int]] = {}

    # --- one update ---

    async def take_all(self, updates: Sequence[Update]) -> None:
        """Take a batch: one person's updates in order, different people's side by side. Raises `TryAgain`."""
        by_person: dict[int, list[Update]] = {}
        for update in updates:
            by_person.setdefault(person(update), []).append(update)

        async def one_by_one(theirs: list[Update]) -> None:
            for update in theirs:
                await self.take(update)

        outcomes = await asyncio.gather(*map(one_by_one, by_person.values()), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def take(self, update: Update) -> None:
        """Handle one update; a repeat of a handled one does nothing. Raises `TryAgain`."""
        async with self._lane(person(update)):
            if self._sent.get(update.update_id) == FINISHED:
                return
            try:
                await self._understand(update)
            except StorageUnavailable:
                raise TryAgain from None
            except SendFailed as failed:
                alarm = log.error if failed.failure is Failure.ACCOUNT else log.warning
                alarm("telegram_answer_waits", failure=failed.failure, code=failed.code)
                raise TryAgain(failed.retry_after) from None
            except TryAgain:
                raise
            except Exception as error:  # a repeat would end the same way, for a day
                log.error("telegram_update_failed", trace=trace(error))
                await self._tell(person(update), BROKEN)
            self._note(update.update_id, FINISHED)

    async def _understand(self, update: Update) -> None:
        meaning = read(update)
        if isinstance(meaning, Heard):
            await self._heard(update.update_id, meaning)
        elif isinstance(meaning, Tapped):
            await self._tapped(update.update_id, meaning)
        elif isinstance(meaning, NotTheirs):
            await self._tell(meaning.address, NOT_OWN_CONTACT)
        elif isinstance(meaning, InGroup):
            await self._refuse_group(meaning.chat_id)
        elif isinstance(meaning, Reachability):
            await self._set_reachable(meaning)

    async def _heard(self, update_id: int, heard: Heard) -> None:
        incoming = heard.incoming
        if await self._too_fast(update_id, incoming.address):
            return
        reply = await self._turn(incoming)
        if isinstance(incoming.event, Started):  # whoever unblocks us presses start
            await self.channel.mark(reply.contact_id, reachable=True)
        note = [Outgoing(EDITED)] if heard.edited else []
        recipient = Recipient(reply.contact_id, incoming.address)
        await self._send(update_id, recipient, [*note, *outgoing(reply.body)])

    async def _too_fast(self, update_id: int, address: str) -> bool:
        """Whether a person floods us; they are told once, and those updates are not taken."""
        if update_id in self._sent or self._throttle.wait(address, self._clock()) == 0:
            self._hurried.discard(address)
            return False
        self.metrics.refused(CHANNEL, "slow_down")
        if address not in self._hurried:
            self._hurried.add(address)
            await self._tell(address, SLOW_DOWN)
        return True

    async def _turn(self, incoming: Incoming) -> Reply:
        started = self._clock()
        reply = await self.turns.take(incoming)
        self.metrics.turn(CHANNEL, reply.repeated, self._clock() - started)
        return reply

    # --- buttons ---

    async def _tapped(self, update_id: int, tapped: Tapped) -> None:
        if await self._too_fast(update_id, tapped.address):
            await self._answer(tapped)
            return
        tap = self.channel.composer.read(tapped.data, tapped.address) if tapped.own else None
        if tap is None:
            self.metrics.refused(CHANNEL, "bad_button")
            await self._answer(tapped, NOT_YOURS if not tapped.own else EXPIRED)
            return
        if tap.kind is Kind.TICK:
            await self._answer(tapped)
            if tapped.markup is not None:
                await self._edit(tapped, None, flip(tapped.markup, tapped.data))
            return
        value = self._value(tapped, tap)
        if not value:
            await self._answer(tapped, NOTHING_TICKED)
            return
        event = Chose(tap.dialog, tap.step, value)
        reply = await self._turn(Incoming(CHANNEL, tapped.address, f"u{update_id}", event, value))
        says = outgoing(reply.body)
        if update_id not in self._sent:
            await self._answer(tapped)
            await self._put_away(tapped, tap, says)
        await self._send(update_id, Recipient(reply.contact_id, tapped.address), says)

    def _value(self, tapped: Tapped, tap: Tap) -> str:
        if tap.kind is Kind.CHOOSE:
            return tap.value
        ticked = (
            self.channel.composer.ticked(tapped.markup, tapped.address) if tapped.markup is not None else ()
        )
        return " ".join(ticked)

    async def _put_away(self, tapped: Tapped, tap: Tap, says: Sequence[Outgoing]) -> None:
        """Take the buttons away and leave the answer in their place, so the chat reads well later."""
        if tapped.markup is None:
            return
        stale = bool(says) and says[0].text == self.turns.catalogue.common["stale"]
        echo = None if stale else self.channel.composer.echo(tapped.text, tapped.markup, tapped.data, tap)
        await self._edit(tapped, echo, None)

    async def _answer(self, tapped: Tapped, text: str | None = None) -> None:
        """End the waiting circle on the button, with an alert if there is something to say."""
        bot = self.channel.bot
        await self.channel.attempt(
            "answer", lambda: bot.answer_callback_query(tapped.query_id, text, show_alert=text is not None)
        )

    async def _edit(self, tapped: Tapped, text: str | None, markup: InlineKeyboardMarkup | None) -> None:
        bot, chat_id, message_id = self.channel.bot, int(tapped.address), tapped.message_id
        if text is None:
            await self.channel.attempt(
                "edit", lambda: bot.edit_message_reply_markup(chat_id, message_id, reply_markup=markup)
            )
        else:
            await self.channel.attempt(
                "edit", lambda: bot.edit_message_text(text, chat_id, message_id, reply_markup=markup)
            )

    # --- answers ---

    async def _send(self, update_id: int, recipient: Recipient, says: Sequence[Outgoing]) -> None:
        """Send an answer from where it stopped last time; raises `SendFailed` when the rest must wait."""
        for place in range(self._sent.get(update_id, 0), len(says)):
            try:
                await self.channel.send(recipient, says[place])
            except SendFailed as failed:
                if failed.failure in (Failure.RETRY, Failure.ACCOUNT):
                    raise
                # Unknown: the person may have it, so not again. Refused: it will be refused again.
                log.warning("telegram_not_sent", failure=failed.failure, code=failed.code)
                if failed.failure is Failure.PERSON:
                    return
            self._note(update_id, place + 1)

    async def _tell(self, chat_id: int | str, text: str) -> None:
        """Say something outside any dialog; if it is lost, nothing is."""
        try:
            await self.channel.say(chat_id, text)
        except SendFailed as failed:
            log.info("telegram_not_told", failure=failed.failure, code=failed.code)

    async def _refuse_group(self, chat_id: int) -> None:
        now = self._clock()
        last = self._groups.get(chat_id)
        if last is None or now - last >= GROUP_SILENCE:
            _remember(self._groups, chat_id, now)
            await self._tell(chat_id, IN_GROUP)

    async def _set_reachable(self, changed: Reachability) -> None:
        def work(connection: Connection) -> None:
            found = conversations.find(connection, CHANNEL, changed.address, None)
            if found is not None:
                conversations.set_reachable(connection, found.contact_id, changed.reachable)

        await self.turns.database.write(work)

    # --- order and memory ---

    def _note(self, update_id: int, place: int) -> None:
        _remember(self._sent, update_id, place)

    @asynccontextmanager
    async def _lane(self, number: int) -> AsyncIterator[None]:
        """One at a time for each person, first come first served: turn and answer stay together."""
        lock, waiting = self._lanes.get(number, (asyncio.Lock(), 0))
        self._lanes[number] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            waiting = self._lanes[number][1] - 1
            if waiting:
                self._lanes[number] = (lock, waiting)
            else:
                del self._lanes[number]


def _remember(memory: OrderedDict[int, Any], key: int, value: float) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
