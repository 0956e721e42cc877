"""The smallest channel there can be (渠道替身): messages to people are written into a notebook.

Also what a new channel may be begun from: it keeps the contract of `notifications.channel` in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from notifications.channel import Failure, Outgoing, Reach, Receipt, Recipient, SendFailed
from notifications.rendering import numbered, split
from storage import conversations
from storage.database import Database

LONGEST_TEXT = 500
"""Characters on one page."""


@dataclass(slots=True)
class Notebook:
    """A channel. `faults` are what the next messages meet, one each; `pages` is what arrived, by address."""

    database: Database
    name: str = "notebook"
    pages: dict[str, list[str]] = field(default_factory=dict)
    faults: list[SendFailed] = field(default_factory=list)
    tried: int = 0
    closed: bool = False

    async def send(self, recipient: Recipient, message: Outgoing) -> Receipt:
        """Write the message down, on as many pages as it needs."""
        parts = split(numbered(message.text, message.choices, message.links), LONGEST_TEXT)
        if not parts:
            raise SendFailed(Failure.MESSAGE, "empty")
        self.tried += 1
        if self.faults:
            fault = self.faults.pop(0)
            if fault.failure is Failure.PERSON:
                await self.database.write(
                    lambda connection: conversations.set_reachable(connection, recipient.contact_id, False)
                )
            raise fault
        written = self.pages.setdefault(recipient.address, [])
        written.extend(parts)
        return Receipt(str(len(written)), "page")

    async def reach(self, recipient: Recipient, now: datetime) -> Reach:
        """Everybody can be reached who has not said otherwise."""
        reachable = await self.database.read(
            lambda connection: conversations.is_reachable(connection, recipient.contact_id)
        )
        return Reach("page" if reachable else None)

    async def close(self) -> None:
        """Put the notebook away."""
        self.closed = True
