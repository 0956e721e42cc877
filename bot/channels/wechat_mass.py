"""Mass messages (群发) by a list of followers: nobody is sent more in a month than the platform lets through.

What a follower was sent by hand in the platform's console we cannot know; the platform passes such a person over,
and MASSSENDJOBFINISH tells how many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from bot.channels.wechat_client import MASS_LEAST, MASS_MOST, WeChatClient
from bot.channels.wechat_quota import BEIJING
from bot.channels.wechat_wire import harmless
from notifications.allowance import MASS_A_MONTH
from notifications.channel import Failure, Recipient, SendFailed
from storage import allowances, conversations
from storage.database import Connection, Database

BATCH: Final = 500
"""People counted in one transaction: a turn of somebody else waits no longer than this takes."""


def month_of(now: datetime) -> datetime:
    """The beginning of the month in which the platform counts a message sent `now`."""
    return now.astimezone(BEIJING).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class MassResult(NamedTuple):
    """Whom the message went to, whom not, and the platform's id; None when it had been sent before or to nobody."""

    message_id: str | None
    sent: tuple[Recipient, ...]
    unreachable: tuple[Recipient, ...]
    had_their_share: tuple[Recipient, ...]


class WeChatMass:
    """Sends one text to many followers at once."""

    def __init__(self, client: WeChatClient, database: Database, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._database = database
        self._clock = clock

    async def send(self, recipients: Sequence[Recipient], text: str, client_id: str) -> MassResult:
        """Send to whoever may still get one this month; the same `client_id` is sent once.

        Raises `SendFailed`, with the people's share given back unless the end is unknown, and ValueError for
        more than 10,000 people. Fewer than two who may get it are sent nothing: the platform takes no such list.
        """
        if len(recipients) > MASS_MOST:
            raise ValueError(f"at most {MASS_MOST} people at once")
        month = month_of(self._clock())
        taken, unreachable, full = await self._take(recipients, month)
        if len(taken) < MASS_LEAST:
            await self._give_back(taken, month)
            return MassResult(None, (), unreachable, full)
        try:
            addresses = [recipient.address for recipient in taken]
            message_id = await self._client.mass_send(addresses, harmless(text), client_id)
        except SendFailed as failure:
            if failure.failure is not Failure.UNKNOWN:
                await self._give_back(taken, month)
            raise
        except ValueError:
            await self._give_back(taken, month)
            raise
        if message_id is None:  # counted when it was sent
            await self._give_back(taken, month)
        return MassResult(message_id, taken, unreachable, full)

    async def _take(
        self, recipients: Sequence[Recipient], month: datetime
    ) -> tuple[tuple[Recipient, ...], tuple[Recipient, ...], tuple[Recipient, ...]]:
        sorted_out: tuple[list[Recipient], list[Recipient], list[Recipient]] = ([], [], [])

        def work(connection: Connection, batch: Sequence[Recipient]) -> list[int]:
            places = []
            for contact_id, _ in batch:
                if not conversations.is_reachable(connection, contact_id):
                    places.append(1)
                else:
                    took = allowances.take_mass(connection, contact_id, month, MASS_A_MONTH)
                    places.append(0 if took else 2)
            return places

        for start in range(0, len(recipients), BATCH):
            batch = recipients[start : start + BATCH]
            places = await self._database.write(lambda c, batch=batch: work(c, batch))  # type: ignore[misc]
            for recipient, place in zip(batch, places, strict=True):
                sorted_out[place].append(recipient)
        taken, unreachable, full = map(tuple, sorted_out)
        return taken, unreachable, full

    async def _give_back(self, recipients: Sequence[Recipient], month: datetime) -> None:
        def work(connection: Connection) -> None:
            for contact_id, _ in recipients:
                allowances.give_back_mass(connection, contact_id, month)

        await self._database.write(work)
