"""What Telegram tells us: from an update to what it means here. Pure.

`checked` judges the JSON before the library reads it, since the library takes nearly anything; `read` maps the
library's `Update` to one of a few meanings. What means nothing to us (channel posts, reactions, services) is None.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from telegram import CallbackQuery, ChatMemberUpdated, InlineKeyboardMarkup, Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from bot.turns import Incoming
from dialogs.model import Said, Shared, Started

CHANNEL: Final = "telegram"
ALLOWED: Final = ("message", "edited_message", "callback_query", "my_chat_member")
"""The updates we ask Telegram for."""

COMMANDS: Final = {
    "start": ("开始", ""),
    "register": ("报名见习", "报名"),
    "menu": ("菜单", "菜单"),
    "progress": ("报名进度", "进度"),
    "back": ("回到上一题", "返回"),
    "help": ("这一题怎么填", "帮助"),
    "human": ("找工作人员", "人工"),
    "mine": ("我的信息", "我的信息"),
    "cancel": ("先停一停", "取消"),
    "restart": ("重新开始", "重新开始"),
    "stop": ("退订推送", "退订"),
    "erase": ("删除我的信息", "删除我的信息"),
}
"""Command → its description in Telegram's menu, and the word that it stands for."""

KINDS: Final = (
    ("photo", "image"),
    ("voice", "voice"),
    ("audio", "voice"),
    ("video", "video"),
    ("video_note", "video"),
    ("animation", "video"),
    ("document", "file"),
    ("sticker", "sticker"),
    ("location", "location"),
    ("venue", "location"),
    *((name, "other") for name in ("dice", "poll", "story", "game", "paid_media", "checklist")),
)
"""Field of a message → kind of what was shared; an animation is also a document, so the order counts."""

_command = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL).fullmatch
_payload = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


class Heard(NamedTuple):
    """A turn to take. `edited`: the text replaces one that was sent, and perhaps answered, before."""

    incoming: Incoming
    edited: bool = False


class Tapped(NamedTuple):
    """A button was tapped. `own`: in the person's own chat with us; `text` and `markup` of its message if known."""

    query_id: str
    address: str
    message_id: int | None
    data: str
    own: bool
    text: str
    markup: InlineKeyboardMarkup | None


class NotTheirs(NamedTuple):
    """Somebody shared a contact that is not their own."""

    address: str


class InGroup(NamedTuple):
    """Somebody spoke to us, or invited us, in a group."""

    chat_id: int


class Reachability(NamedTuple):
    """The person blocked us, or took that back."""

    address: str
    reachable: bool


Meaning = Heard | Tapped | NotTheirs | InGroup | Reachability


def read(update: Update) -> Meaning | None:
    """What an update means, None when nothing."""
    message_id = f"u{update.update_id}"
    if update.message is not None:
        return _message(message_id, update.message, edited=False)
    if update.edited_message is not None:
        return _message(message_id, update.edited_message, edited=True)
    if update.callback_query is not None:
        return _tapped(update.callback_query)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return None


def person(update: Update) -> int:
    """A number by which updates of one person are kept in order."""
    user = update.effective_user
    return user.id if user is not None else update.update_id


def _message(message_id: str, message: Message, *, edited: bool) -> Meaning | None:
    user = message.from_user
    if user is None or user.is_bot:
        return None
    event = _event(message)
    if event is None or (edited and not isinstance(event, Said)):  # a live location moves by edits
        return None
    if message.chat.type != ChatType.PRIVATE:
        return None if edited else InGroup(message.chat.id)
    address = str(message.chat.id)
    if isinstance(event, NotTheirs):
        return event
    text = event.payload if isinstance(event, Started) else event.text
    source = (event.payload or None) if isinstance(event, Started) else None
    return Heard(Incoming(CHANNEL, address, message_id, event, text, source), edited)


def _event(message: Message) -> Said | Started | Shared | NotTheirs | None:
    if message.text is not None:
        return _said(message.text)
    if message.contact is not None:
        own = message.from_user is not None and message.contact.user_id == message.from_user.id
        return Said(message.contact.phone_number) if own else NotTheirs(str(message.chat.id))
    for field, kind in KINDS:
        if getattr(message, field):
            return Shared(kind, message.caption or "")
    return None


def _said(text: str) -> Said | Started:
    """A text; our commands mean their words."""
    found = _command(text.strip())
    if found is None or found[1].lower() not in COMMANDS:
        return Said(text)
    if found[1].lower() == "start":
        payload = (found[2] or "").strip()
        return Started(payload if _payload(payload) else "")
    return Said(COMMANDS[found[1].lower()][1])


def _tapped(query: CallbackQuery) -> Tapped | None:
    if query.from_user.is_bot:
        return None
    message = query.message
    own = message is not None and message.chat.id == query.from_user.id
    known = message if isinstance(message, Message) else None
    return Tapped(
        query.id,
        str(query.from_user.id),
        message.message_id if message is not None else None,
        query.data or "",
        own,
        (known.text or "") if known is not None else "",
        known.reply_markup if known is not None else None,
    )


def _membership(changed: ChatMemberUpdated) -> Meaning | None:
    status = changed.new_chat_member.status
    gone = status in (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)
    if changed.chat.type == ChatType.PRIVATE:
        return Reachability(str(changed.chat.id), not gone)
    return None if gone or changed.chat.type == ChatType.CHANNEL else InGroup(changed.chat.id)


# --- the shape of the JSON, as far as it is read here ---


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _User(_Shape):
    id: int
    is_bot: bool
    first_name: str


class _Chat(_Shape):
    id: int = Field(ge=-(2**53), le=2**53)
    type: str


class _Message(_Shape):
    message_id: int
    date: int = Field(ge=0, lt=2**33)
    chat: _Chat
    sender: _User | None = Field(None, alias="from")
    text: str | None = None
    caption: str | None = None


class _Query(_Shape):
    id: str
    sender: _User = Field(alias="from")
    data: str | None = None
    message: _Message | None = None


class _Member(_Shape):
    status: str
    user: _User


class _Membership(_Shape):
    chat: _Chat
    sender: _User = Field(alias="from")
    date: int = Field(ge=0, lt=2**33)
    new_chat_member: _Member


class _Update(_Shape):
    update_id: int = Field(ge=0, lt=2**53)
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Query | None = None
    my_chat_member: _Membership | None = None


def checked(data: Any) -> Update:  # noqa: ANN401 - JSON of any shape
    """The update in some JSON. Raises ValueError, without its content, for anything that is not one."""
    try:
        _Update.model_validate(data)
        # What we do not read, the library need not read either: new kinds come with new forms.
        return Update.de_json({name: data[name] for name in ("update_id", *ALLOWED) if name in data}, None)
    except (ValidationError, TypeError, KeyError, AttributeError, ValueError, OverflowError):
        raise ValueError("not a Telegram update") from None
