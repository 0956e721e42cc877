"""The channel port (渠道接口): what every channel must offer to those who send, and how sending can fail.

`bot/channels/` implements it, one module a platform; `tests/channels/` holds the contract tests that all pass.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from dialogs.model import Choice, Link


class Recipient(NamedTuple):
    """Whom to send to: our contact and its address on the channel (openid, chat id)."""

    contact_id: int
    address: str


class Outgoing(NamedTuple):
    """One message to a person, before a channel gives it its own form."""

    text: str
    choices: tuple[Choice, ...] = ()
    links: tuple[Link, ...] = ()
    dialog: str = ""
    step: str = ""
    """Where the choices belong: a button carries it, so that a stale tap is known as such."""
    listed: bool = False
    """The text itself lists the choices: only buttons need show them again."""


class Receipt(NamedTuple):
    """What the platform said: its message id if it gives one, and the way that was taken."""

    message_id: str | None
    route: str


class Failure(StrEnum):
    """Why a message did not go out, which decides what happens next."""

    RETRY = "retry"
    """Try again later (busy, rate limit, 5xx); nothing was delivered."""
    UNKNOWN = "unknown"
    """The platform may or may not have taken it (time-out, cut connection): never resent blindly."""
    PERSON = "person"
    """This person cannot be reached here any more (blocked, unsubscribed, unknown address)."""
    WINDOW = "window"
    """Not allowed now: outside the platform's window, or its messages are used up. Wait for the person."""
    MESSAGE = "message"
    """The message itself is refused; the next one may go."""
    ACCOUNT = "account"
    """The account is at fault (wrong secret, banned, out of quota): stop and alert."""


class SendFailed(Exception):  # noqa: N818 - reads as what happened
    """A message was not sent. `retry_after` in seconds where the platform names it."""

    def __init__(self, failure: Failure, code: str, retry_after: float | None = None) -> None:
        super().__init__(f"{failure}: {code}")
        self.failure = failure
        self.code = code
        self.retry_after = retry_after


class Reach(NamedTuple):
    """Whether, how and until when a person can be reached on a channel right now."""

    route: str | None
    left: int | None = None
    until: datetime | None = None


class Channel(Protocol):
    """A way to reach people."""

    name: str

    async def send(self, recipient: Recipient, message: Outgoing) -> Receipt:
        """Send one message, in as many parts as the platform's limits need. Raises `SendFailed`."""

    async def reach(self, recipient: Recipient, now: datetime) -> Reach:
        """How this person can be reached now; `route` None when they cannot."""

    async def close(self) -> None:
        """Give back what the channel holds."""
