"""The allowance (客服消息下发额度): what an official account may still send to one person, and by which way.

Each thing a person does opens a window with a few messages in it. The newest of a kind replaces the one before;
windows of different kinds stand side by side, and what ends first is used first. A passive reply costs nothing.
Source: the platform's page on customer-service messages (客服消息, as of June 2023): after a message 5 within
48 hours; after a menu tap, a follow or a scan 3 within a minute; a tap on an item of a msgmenu is a menu tap.
Pure: `now` and `at` are arguments, a ledger is a tuple of windows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

MASS_A_MONTH: Final = 4
"""Mass messages (群发) that reach one follower of a service account in a calendar month of Beijing time."""


class Kind(StrEnum):
    """What a person did that opened a window."""

    MESSAGE = "message"
    MENU = "menu"
    FOLLOW = "follow"
    SCAN = "scan"


class Rule(NamedTuple):
    """How many messages a window holds, and how long it lasts."""

    messages: int
    lasts: timedelta


RULES: Final[Mapping[str, Rule]] = {
    Kind.MESSAGE: Rule(5, timedelta(hours=48)),
    Kind.MENU: Rule(3, timedelta(minutes=1)),
    Kind.FOLLOW: Rule(3, timedelta(minutes=1)),
    Kind.SCAN: Rule(3, timedelta(minutes=1)),
}


class Window(NamedTuple):
    """The newest window of one kind, and how many of its messages were used."""

    kind: str
    opened_at: datetime
    used: int

    @property
    def left(self) -> int:
        """Messages not used, whether or not there is still time."""
        return max(0, RULES[self.kind].messages - self.used)

    @property
    def ends_at(self) -> datetime:
        """The moment from which nothing may be sent in this window."""
        return self.opened_at + RULES[self.kind].lasts


Ledger = Sequence[Window]


def opened(ledger: Ledger, kind: Kind, at: datetime) -> tuple[Window, ...]:
    """The ledger after a person did something at `at`; an event older than the known one changes nothing."""
    known = [window for window in ledger if window.kind == kind]
    if known and known[0].opened_at > at:
        return tuple(ledger)
    return (*(window for window in ledger if window.kind != kind), Window(kind, at, 0))


def usable(ledger: Ledger, now: datetime) -> tuple[Window, ...]:
    """The windows in which something may be sent at `now`, the one that ends first in front."""
    open_now = (w for w in ledger if w.left > 0 and w.opened_at <= now < w.ends_at)
    return tuple(sorted(open_now, key=lambda window: (window.ends_at, window.kind)))


def left(ledger: Ledger, now: datetime) -> int:
    """How many messages may be sent at `now`."""
    return sum(window.left for window in usable(ledger, now))


def spent(ledger: Ledger, now: datetime, messages: int = 1) -> tuple[Window, ...]:
    """The windows that change when `messages` are sent at `now`; empty when there are not that many left."""
    changed: list[Window] = []
    wanted = messages
    for window in usable(ledger, now):
        if wanted == 0:
            break
        taken = min(wanted, window.left)
        changed.append(window._replace(used=window.used + taken))
        wanted -= taken
    return tuple(changed) if wanted == 0 else ()


class Route(StrEnum):
    """The ways out to a person who is not waiting for an answer."""

    CUSTOMER = "customer"
    """Customer-service message (客服消息)."""
    SUBSCRIPTION = "subscription"
    """Subscription notice (订阅通知) that the person has agreed to."""
    TEMPLATE = "template"
    """Template message (模板消息)."""
    HOLD = "hold"
    """None now: keep it until the person writes again."""


def choose(ledger: Ledger, now: datetime, messages: int, *, consents: int, template: bool) -> Route:
    """The way for a text of so many `messages` at `now`.

    `consents` is how many subscription notices the person still allows, `template` whether the account has a
    template message for this.
    """
    if left(ledger, now) >= messages:
        return Route.CUSTOMER
    if consents > 0:
        return Route.SUBSCRIPTION
    return Route.TEMPLATE if template else Route.HOLD
