"""What Telegram is given to show: texts within its limit, keyboards, and the data behind each button.

Pure: an `Outgoing` becomes parts, the data of a tapped button becomes a `Tap` again. A button carries a mark of its
dialog and step, so a stale tap is known as such, and a signature over the chat it was sent to, so another
person's button, or one made up, is known too (Bot API: callback_data has 64 bytes at most).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from dialogs.catalogue import Catalogue, Node
from dialogs.definition import Ask, Choose
from dialogs.model import Choice, Link
from notifications.channel import Outgoing
from notifications.rendering import numbered, split, utf16

LONGEST_TEXT: Final = 4096
"""UTF-16 units in one message."""
LONGEST_DATA: Final = 64
"""Bytes of callback data."""
MOST_BUTTONS: Final = 96
"""Telegram takes 100; a few are kept for links and for the button that ends a choice of several."""
LONGEST_LABEL: Final = 60
ROWS: Final = ((3, 7), (2, 11))
"""So many buttons in a row, when none of them is longer than this: what a phone shows without cutting."""

MARK_CHARACTERS: Final = 4
TAG_CHARACTERS: Final = 8
TICK: Final = "✅ "
DONE: Final = "选好了"
SHARE_PHONE: Final = "发送我的手机号"

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


class Part(NamedTuple):
    """One Telegram message."""

    text: str
    markup: Markup | None


class Kind(StrEnum):
    """What a tap on a button means."""

    CHOOSE = "="
    """This is the answer."""
    TICK = "+"
    """One of several answers, ticked or unticked."""
    DONE = "."
    """The answer is all that is ticked."""


class Tap(NamedTuple):
    """The data of a button, read and verified."""

    dialog: str
    step: str
    kind: Kind
    value: str


class Composer:
    """Makes messages and reads buttons. `mac` signs (only we can); `public_url` completes links to our pages.

    `contact_button`: at a step that asks for a phone number, offer Telegram's button that sends one's own."""

    def __init__(
        self,
        catalogue: Catalogue,
        mac: Callable[[bytes], bytes],
        *,
        public_url: str = "",
        contact_button: bool = True,
    ) -> None:
        self.catalogue = catalogue
        self.mac = mac
        self.public_url = public_url
        self.contact_button = contact_button
        self._steps = {
            step_mark(definition.name, node.step.name): (definition.name, node.step.name)
            for definition, node in catalogue.steps()
        }

    # --- out ---

    def compose(self, address: str, message: Outgoing) -> list[Part]:
        """The Telegram messages for one message of ours; none when it has no text at all."""
        node = self._node(message.dialog, message.step)
        buttons, written = self._buttons(address, message, node)
        links = [Link(link.label, self._url(link.url)) for link in message.links]
        rows = list(_rows(buttons))
        if node is not None and any(_kind(node, choice.value) is Kind.TICK for choice in message.choices):
            rows.append([self._button(address, message, Kind.DONE, Choice("", DONE))])
        rows += [
            [InlineKeyboardButton(link.label[:LONGEST_LABEL], url=link.url)] for link in links if _safe(link)
        ]
        text = numbered(message.text, written, [link for link in links if not _safe(link)])
        *first, last = split(text, LONGEST_TEXT, utf16) or [""]
        if not last:
            return []
        return [*(Part(part, None) for part in first), Part(last, self._markup(rows, node))]

    def _markup(self, rows: list[list[InlineKeyboardButton]], node: Node | None) -> Markup:
        if rows:
            return InlineKeyboardMarkup(rows)
        if (
            self.contact_button
            and node is not None
            and isinstance(node.step, Ask)
            and node.step.keyboard == "tel"
        ):
            share = KeyboardButton(SHARE_PHONE, request_contact=True)
            return ReplyKeyboardMarkup([[share]], resize_keyboard=True, one_time_keyboard=True)
        return ReplyKeyboardRemove()  # the phone button must not outlive its question

    def _buttons(
        self, address: str, message: Outgoing, node: Node | None
    ) -> tuple[list[InlineKeyboardButton], list[Choice]]:
        """Choices as buttons, and those that cannot be one, to be written out."""
        if node is None or len(message.choices) > MOST_BUTTONS:
            return [], list(message.choices)
        buttons, written = [], []
        for choice in message.choices:
            button = self._button(address, message, _kind(node, choice.value), choice)
            if len(str(button.callback_data).encode()) <= LONGEST_DATA:
                buttons.append(button)
            else:
                written.append(choice)
        return buttons, written

    def _button(self, address: str, message: Outgoing, kind: Kind, choice: Choice) -> InlineKeyboardButton:
        meaning = f"{kind}{choice.value}"
        data = step_mark(message.dialog, message.step)
        data += self._tag(address, message.dialog, message.step, meaning) + meaning
        label = f"{choice.value} {choice.label}" if choice.value.isdigit() else choice.label
        return InlineKeyboardButton(label[:LONGEST_LABEL], callback_data=data)

    def _tag(self, address: str, dialog: str, step: str, meaning: str) -> str:
        signed = self.mac(f"telegram:{address}:{dialog}.{step}:{meaning}".encode())
        return urlsafe_b64encode(signed[:6]).decode()

    def _node(self, dialog: str, step: str) -> Node | None:
        found = self.catalogue.dialogs.get(dialog)
        return found.nodes.get(step) if found is not None else None

    def _url(self, url: str) -> str:
        return self.public_url + url if url.startswith("/") else url

    # --- in ---

    def read(self, data: str, address: str) -> Tap | None:
        """What the button means to this chat; None when it is not ours, not this chat's, or its step is gone."""
        mark, rest = data[:MARK_CHARACTERS], data[MARK_CHARACTERS:]
        tag, meaning = rest[:TAG_CHARACTERS], rest[TAG_CHARACTERS:]
        if mark not in self._steps or meaning[:1] not in tuple(Kind):
            return None
        dialog, step = self._steps[mark]
        if not hmac.compare_digest(self._tag(address, dialog, step, meaning).encode(), tag.encode()):
            return None
        return Tap(dialog, step, Kind(meaning[0]), meaning[1:])

    def ticked(self, markup: InlineKeyboardMarkup, address: str) -> tuple[str, ...]:
        """The values that are ticked on a keyboard of this chat."""
        taps = [
            self.read(str(button.callback_data), address)
            for row in markup.inline_keyboard
            for button in row
            if button.text.startswith(TICK)
        ]
        return tuple(tap.value for tap in taps if tap is not None)

    def echo(self, text: str, markup: InlineKeyboardMarkup, data: str, tap: Tap) -> str | None:
        """The question with its answer below, for the chat to read later; None where that must not be shown."""
        node = self._node(tap.dialog, tap.step)
        if node is None or node.sensitive:
            return None
        chosen = [
            button.text.removeprefix(TICK)
            for row in markup.inline_keyboard
            for button in row
            if (button.text.startswith(TICK) if tap.kind is Kind.DONE else button.callback_data == data)
        ]
        echoed = f"{text}\n\n✔ {'、'.join(chosen)}"
        return echoed if chosen and utf16(echoed) <= LONGEST_TEXT else None


def step_mark(dialog: str, step: str) -> str:
    """Four characters that stand for a step."""
    return urlsafe_b64encode(blake2b(f"{dialog}.{step}".encode(), digest_size=3).digest()).decode()


def flip(markup: InlineKeyboardMarkup, data: str) -> InlineKeyboardMarkup:
    """The keyboard with one button ticked, or unticked if it was."""
    return InlineKeyboardMarkup(
        [
            [_flipped(button) if button.callback_data == data else button for button in row]
            for row in markup.inline_keyboard
        ]
    )


def _flipped(button: InlineKeyboardButton) -> InlineKeyboardButton:
    ticked = button.text.startswith(TICK)
    text = button.text.removeprefix(TICK) if ticked else TICK + button.text
    return InlineKeyboardButton(text, callback_data=button.callback_data)


def _kind(node: Node, value: str) -> Kind:
    """Options of a question that takes several are ticked, but for one that stands alone, such as “没有”."""
    step = node.step
    if not isinstance(step, Choose) or not step.many or not value.isdigit() or int(value) > len(node.options):
        return Kind.CHOOSE
    return Kind.CHOOSE if node.options[int(value) - 1].key in step.exclusive else Kind.TICK


def _safe(link: Link) -> bool:
    return link.url.startswith("https://")


def _rows(buttons: Sequence[InlineKeyboardButton]) -> Iterator[list[InlineKeyboardButton]]:
    """Short buttons share a row."""
    start = 0
    while start < len(buttons):
        count = 1
        for most, longest in ROWS:
            row = buttons[start : start + most]
            if len(row) == most and all(len(button.text) <= longest for button in row):
                count = most
                break
        yield list(buttons[start : start + count])
        start += count
