"""What a message or event of the official account means to us (消息与事件类型). Pure.

Most are turns; some open a window of the allowance; some only tell what became of something we sent. Kinds that
the platform adds tomorrow mean nothing and are answered `success`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from bot.channels.wechat_menu import Menu
from bot.channels.wechat_wire import Inbound
from dialogs.model import Event, Said, Shared, Started
from notifications.allowance import Kind

LONGEST_TEXT: Final = 4000
"""Characters of a text that are read; the platform lets nobody type more."""
LONGEST_SCENE: Final = 64
SCENE_PREFIX: Final = "qrscene_"
LONGEST_ID: Final = 64
COUNTS: Final[Mapping[str, str]] = {
    "TotalCount": "total",
    "FilterCount": "filtered",
    "SentCount": "sent",
    "ErrorCount": "errors",
}
"""How many people a mass message was meant for, was left for after the platform's filter, reached, and failed at."""
COUNT: Final = re.compile("[0-9]{1,9}")


class Turn(NamedTuple):
    """A turn of the dialog: the event, what was typed, the window it opens, and the poster's scene."""

    event: Event
    text: str
    opens: Kind
    source: str | None = None


class Opens(NamedTuple):
    """Something that opens a window and wants no answer."""

    kind: Kind


class Left(NamedTuple):
    """The person stopped following (取消关注)."""


class Outcome(NamedTuple):
    """What became of something sent: `job` is template, mass or subscription; `status` as the platform says.

    `counts` of a mass message: total, filtered, sent and errors, as far as the platform tells them.
    """

    job: str
    message_id: str
    status: str
    delivered: bool
    counts: tuple[tuple[str, int], ...] = ()


class Consents(NamedTuple):
    """Subscription notices allowed (True) or refused (False), by template."""

    given: tuple[tuple[str, bool], ...]


Meaning = Turn | Opens | Left | Outcome | Consents | None


def meaning(inbound: Inbound, menu: Menu) -> Meaning:
    """What this message is to us; None when it is nothing."""
    if inbound.kind == "event":
        return _event(inbound, menu)
    fields = inbound.fields
    if inbound.kind == "text":
        text = fields.get("Content", "")[:LONGEST_TEXT]
        # A tap on a msgmenu line arrives as its text; the platform counts it as a menu tap.
        return Turn(Said(text), text, Kind.MENU if "bizmsgmenuid" in fields else Kind.MESSAGE)
    if inbound.kind == "voice":
        text = fields.get("Recognition", "")[:LONGEST_TEXT]
        return Turn(Shared("voice", text), text, Kind.MESSAGE)
    if inbound.kind == "location":
        text = fields.get("Label", "")[:LONGEST_TEXT]
        return Turn(Shared("location", text), text, Kind.MESSAGE)
    kind = SHARED.get(inbound.kind)
    return None if kind is None else Turn(Shared(kind), "", Kind.MESSAGE)


SHARED: Final[Mapping[str, str]] = {
    "image": "image",
    "video": "video",
    "shortvideo": "video",
    "link": "link",
    "file": "file",
}


def _event(inbound: Inbound, menu: Menu) -> Meaning:
    fields, name = inbound.fields, inbound.event
    key = fields.get("EventKey", "")
    if name == "subscribe":
        scene = key.removeprefix(SCENE_PREFIX)[:LONGEST_SCENE] if key.startswith(SCENE_PREFIX) else ""
        return Turn(Started(scene), "", Kind.FOLLOW, scene or None)
    if name == "SCAN":
        scene = key[:LONGEST_SCENE]
        return Turn(Started(scene), "", Kind.SCAN, scene or None)
    if name == "CLICK":
        words = menu.says(key)
        return Turn(Said(words), words, Kind.MENU)
    if name == "unsubscribe":
        return Left()
    if name in {"scancode_push", "scancode_waitmsg"}:
        return Opens(Kind.MENU)
    if name in {"TEMPLATESENDJOBFINISH", "MASSSENDJOBFINISH"}:
        job = "template" if name.startswith("TEMPLATE") else "mass"
        status = fields.get("Status", "")
        good = status in {"success", "send success"}
        return Outcome(job, fields.get("MsgID", "")[:LONGEST_ID], status[:64], good, _counts(fields))
    if name.startswith("subscribe_msg_"):
        return _subscription(inbound)
    return None


def _counts(fields: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    told = ((ours, fields.get(theirs, "")) for theirs, ours in COUNTS.items())
    return tuple((ours, int(number)) for ours, number in told if COUNT.fullmatch(number))


def _subscription(inbound: Inbound) -> Meaning:
    if inbound.event == "subscribe_msg_sent_event":
        item = next((item for item in inbound.items if "MsgID" in item), {})
        code = item.get("ErrorCode", "")
        status, number = item.get("ErrorStatus", code)[:64], item.get("MsgID", "")[:LONGEST_ID]
        return Outcome("subscription", number, status, code == "0")
    given = tuple(
        (item["TemplateId"][:64], item.get("SubscribeStatusString") == "accept")
        for item in inbound.items
        if item.get("TemplateId")
    )
    # A change in the settings page can only take consent back; a pop-up may also give it.
    if inbound.event == "subscribe_msg_change_event":
        given = tuple((template, accepted) for template, accepted in given if not accepted)
    return Consents(given) if given else None
