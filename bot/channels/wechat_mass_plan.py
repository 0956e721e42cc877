"""A mass message planned (群发试算): to whom of a list it may go, in which calls, and what each person has left then.

A list is cut by itself, before anybody is left out, and each part gets an id made from the text and the whole list:
the same command, run again after a fault or by a colleague, makes the same parts, and none of them is sent twice.
The platform knows an id for a day; the audit log knows it for good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from bot.channels.wechat_client import MASS_LEAST, MASS_MOST
from bot.channels.wechat_inbox import CHANNEL
from bot.channels.wechat_wire import LONGEST_TEXT, harmless
from notifications.allowance import MASS_A_MONTH
from notifications.channel import Recipient
from storage import allowances, audit, conversations
from storage.audit import Act
from storage.database import Connection

ACTION: Final = "wechat.mass"
"""Under which a part that went out is in the audit log."""


class Reason(StrEnum):
    """Why somebody on the list is not sent the message."""

    UNKNOWN = "unknown"
    """Has never written here."""
    UNREACHABLE = "unreachable"
    """Stopped following."""
    NOT_ALLOWED = "push_not_allowed"
    """Did not agree to messages of our own accord, or took that back."""
    SHARE_USED = "share_used"
    """Has had the messages of this month."""
    ALONE = "alone"
    """The only one left of a part: the platform takes no list of one."""


class Skipped(NamedTuple):
    """Somebody who is left out."""

    openid: str
    reason: Reason


class Part(NamedTuple):
    """One call: its id, and who gets the message; nobody when it was sent `before`."""

    client_id: str
    recipients: tuple[Recipient, ...]
    before: Act | None = None


class Plan(NamedTuple):
    """The calls, who is left out, and how many people will have had how many messages this month."""

    parts: tuple[Part, ...]
    skipped: tuple[Skipped, ...]
    had_then: Mapping[int, int]

    @property
    def people(self) -> int:
        """How many get the message."""
        return sum(len(part.recipients) for part in self.parts)

    @property
    def calls(self) -> int:
        """How many calls it takes."""
        return sum(1 for part in self.parts if part.recipients)


def fitting(text: str) -> str:
    """The text as it will be sent. Raises ValueError, worded for the person at the keyboard."""
    ready = harmless(text.strip())
    size = len(ready.encode())
    if not ready:
        raise ValueError("文字是空的，没有什么可发。")
    if size > LONGEST_TEXT:
        over = -(-(size - LONGEST_TEXT) // 3)
        raise ValueError(
            f"文字太长：{len(ready)} 字，{size} 字节；一条最多 {LONGEST_TEXT} 字节，约 {LONGEST_TEXT // 3} 个汉字。"
            f"请至少删去 {over} 个汉字，或改成两条分两次发。"
        )
    return ready


def planned(connection: Connection, account: str, text: str, openids: Sequence[str], month: datetime) -> Plan:
    """What sending `text` to the people of a list would come to; `month` as `wechat_mass.month_of` gives it."""
    everybody = sorted(set(openids))
    whole = blake2b("\0".join((account, text, *everybody)).encode(), digest_size=16).hexdigest()
    calls = -(-len(everybody) // MASS_MOST)
    size = -(-len(everybody) // calls) if calls else 0
    parts, skipped, had_then = [], [], Counter[int]()
    for number in range(calls):
        client_id = f"{whole}-{number + 1}"
        before = audit.latest(connection, ACTION, subject(client_id))
        taken: list[Recipient] = []
        had: list[int] = []
        for openid in everybody[number * size : (number + 1) * size] if before is None else ():
            found = _judged(connection, openid, month)
            if isinstance(found, Reason):
                skipped.append(Skipped(openid, found))
            else:
                taken.append(Recipient(found[0], openid))
                had.append(found[1] + 1)
        if 0 < len(taken) < MASS_LEAST:
            skipped += [Skipped(recipient.address, Reason.ALONE) for recipient in taken]
            taken, had = [], []
        parts.append(Part(client_id, tuple(taken), before))
        had_then.update(had)
    return Plan(tuple(parts), tuple(skipped), dict(sorted(had_then.items())))


def subject(client_id: str) -> str:
    """What the audit log calls a part."""
    return f"mass:{client_id}"


def _judged(connection: Connection, openid: str, month: datetime) -> tuple[int, int] | Reason:
    """A contact and the messages it had this month, or why it gets none."""
    known = conversations.permission(connection, CHANNEL, openid)
    if known is None:
        return Reason.UNKNOWN
    if not known.reachable:
        return Reason.UNREACHABLE
    if not known.push_allowed:
        return Reason.NOT_ALLOWED
    used = allowances.mass_used(connection, known.contact_id, month)
    return Reason.SHARE_USED if used >= MASS_A_MONTH else (known.contact_id, used)
