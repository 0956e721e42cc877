"""What a conversation says by itself, outside an answer to a message: out over the channel where it lives."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import structlog

from bot.turns import Reply
from dialogs.model import Choice, Link
from notifications.channel import Channel, Outgoing, Recipient, SendFailed
from storage.form_links import Owner

log = structlog.get_logger()


class Outbox:
    """The channels that can be written to of our own accord, by name."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self.channels = channels

    async def deliver(self, owner: Owner, reply: Reply) -> bool:
        """Send a reply to where its conversation lives; False when it could not go out now."""
        channel = self.channels.get(owner.channel)
        if channel is None:
            return False
        recipient = Recipient(owner.contact_id, owner.address)
        for message in outgoing(reply.body):
            try:
                await channel.send(recipient, message)
            except SendFailed as failed:
                log.warning("not_delivered", channel=owner.channel, failure=failed.failure, code=failed.code)
                return False
        return True

    async def close(self) -> None:
        """Close every channel."""
        for channel in self.channels.values():
            await channel.close()


def outgoing(body: bytes) -> list[Outgoing]:
    """The messages of a logged answer, ready for a channel."""
    answer = orjson.loads(body)
    return [
        Outgoing(
            text=said["text"],
            choices=tuple(Choice(choice["value"], choice["label"]) for choice in said["choices"]),
            links=tuple(Link(**link) for link in said["links"]),
            dialog=answer["dialog"],
            step=answer["step"],
            listed=said.get("listed", False),
        )
        for said in answer["replies"]
    ]
