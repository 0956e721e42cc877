"""From a message to the texts of the official account: choices and links written out, nothing that comes alive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from bot.channels.wechat_wire import LONGEST_TEXT, harmless
from dialogs.model import Choice, Link, Say
from notifications.channel import Outgoing
from notifications.rendering import numbered, split, utf8

FIELD_CHARACTERS: Final = 20
"""What a template's `thing` field takes; line breaks are refused."""


class Notice(NamedTuple):
    """A template of the account (模板消息、订阅通知): its id, the field for our text, where a tap leads."""

    template_id: str
    field: str = "thing1"
    url: str = ""


def written(message: Outgoing | Say, public_url: str) -> str:
    """The whole message as one text."""
    choices = () if message.listed else message.choices
    return harmless(numbered(message.text, choices, _absolute(message.links, public_url)))


def customer_parts(message: Outgoing, public_url: str) -> list[str]:
    """The texts of the customer-service messages; a single one leaves its choices to be tapped."""
    bare = harmless(numbered(message.text, (), _absolute(message.links, public_url)))
    whole = written(message, public_url)
    if message.choices and utf8(whole) <= LONGEST_TEXT:
        return [bare]
    return split(whole, LONGEST_TEXT, utf8)


def tappable(message: Outgoing) -> list[Choice]:
    """The choices for lines to tap."""
    return [choice._replace(label=harmless(choice.label)) for choice in message.choices]


def spoken(messages: Iterable[Outgoing | Say], public_url: str) -> str:
    """All messages of a turn as one text; "" when there is nothing to say."""
    return "\n\n".join([written(message, public_url) for message in messages])


def cut(text: str) -> list[str]:
    """A text as the parts that one message each can carry."""
    return split(text, LONGEST_TEXT, utf8)


def notice_data(notice: Notice, message: Outgoing) -> dict[str, str]:
    """A message as the one field of a notice: its first line, as much as fits."""
    line = message.text.strip().split("\n", 1)[0]
    short = line if len(line) <= FIELD_CHARACTERS else line[: FIELD_CHARACTERS - 1] + "…"
    return {notice.field: short}


def _absolute(links: Sequence[Link], public_url: str) -> list[Link]:
    """Links with full addresses; a page of ours cannot be linked to without a public address."""
    return [
        link._replace(url=public_url + link.url) if link.url.startswith("/") else link
        for link in links
        if public_url or not link.url.startswith("/")
    ]
