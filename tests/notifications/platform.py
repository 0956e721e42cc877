"""A platform that does what it is told, and what tests of the sender need around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.hub import Hub
from bot.metrics import Metrics
from bot.pushes import Fill, as_it_is, sender
from bot.turns import Turns
from notifications.channel import Failure, Outgoing, Reach, Receipt, Recipient, SendFailed
from notifications.delivery import Sender
from notifications.lanes import Pace
from policy.outgoing_codes import DeliveryState, PurposeKind
from storage import deliveries
from storage.database import Connection, Database
from storage.deliveries import Content, Said
from storage.outgoing_tables import Delivery
from storage.sealing import Sealer
from storage.tables import Contact, Person, core
from tests.storage import rows
from tests.talking import Clock

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
FAST = {name: Pace(1e9, 50) for name in ("telegram", "wechat", "sms")}


def fault(failure: Failure, code: str = "x", retry_after: float | None = None) -> SendFailed:
    return SendFailed(failure, code, retry_after)


@dataclass
class Platform:
    """A channel. `faults` are met by the next messages, one each; `down` by all; `taken` tells who was reached."""

    name: str = "telegram"
    faults: list[Exception] = field(default_factory=list)
    down: Exception | None = None
    taken: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    messages: list[Outgoing] = field(default_factory=list)
    tried: int = 0
    taken_though: bool = False
    """Messages that meet `UNKNOWN` were taken all the same."""
    on_send: Callable[[str], None] = lambda _address: None
    """Told before a message arrives; `on_taken` once it has."""
    on_taken: Callable[[str], None] = lambda _address: None

    async def send(self, recipient: Recipient, message: Outgoing) -> Receipt:
        self.tried += 1
        self.on_send(recipient.address)
        problem = self.down or (self.faults.pop(0) if self.faults else None)
        if problem is not None:
            unknown = isinstance(problem, SendFailed) and problem.failure is Failure.UNKNOWN
            if unknown and self.taken_though:
                self._take(recipient, message)
            raise problem
        self._take(recipient, message)
        return Receipt(f"{self.name}-{self.tried}", "message")

    def _take(self, recipient: Recipient, message: Outgoing) -> None:
        self.taken[recipient.address] += 1
        self.texts.append(message.text)
        self.messages.append(message)
        self.on_taken(recipient.address)

    async def reach(self, recipient: Recipient, now: datetime) -> Reach:
        return Reach("message")

    async def close(self) -> None:
        return None


class Desk:
    """A base, a clock, platforms and a sender over them."""

    def __init__(
        self, database: Database, sealer: Sealer, turns: Turns, clock: Clock, *channels: Platform
    ) -> None:
        self.database = database
        self.sealer = sealer
        self.turns = turns
        self.clock = clock
        self.hub = Hub()
        self.metrics = Metrics(database)
        self.channels = channels or (Platform(),)
        self.sender = self.made()

    def made(self, fill: Fill = as_it_is) -> Sender:
        """A sender as a process has it after a start."""
        self.sender = sender(
            self.turns,
            self.hub,
            self.metrics,
            {channel.name: channel for channel in self.channels},
            paces=FAST,
            fill=fill,
        )
        self.turns.heard = self.sender.wake
        return self.sender

    def write(self, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - whatever the work gives
        return self.database.write_sync(work)

    def contact(
        self,
        address: str = "a",
        *,
        channel: str = "telegram",
        person: int | None = None,
        **more: Any,  # noqa: ANN401
    ) -> int:
        """A contact that wants pushes."""

        def work(connection: Connection) -> int:
            row = Contact(
                channel=channel,
                address=address,
                person_id=person,
                **{"push_allowed": True, "created_at": NOON, **more},
            )
            connection.session.add(row)
            connection.session.flush()
            assert row.id is not None
            return row.id

        found: int = self.write(work)
        return found

    def person(self, number: str = "440106199901010014", **more: Any) -> int:  # noqa: ANN401
        def work(connection: Connection) -> int:
            number_of = rows.person(connection, self.sealer, number)
            row = connection.session.get_one(Person, number_of)
            for name, value in more.items():
                setattr(row, name, value)
            connection.session.add(row)
            return number_of

        found: int = self.write(work)
        return found

    def purpose(self, key: str = "p", kind: PurposeKind = PurposeKind.BROADCAST, **more: Any) -> int:  # noqa: ANN401
        found: int = self.write(lambda c: deliveries.purpose(c, key, kind, self.clock(), **more))
        return found

    def enqueue(
        self,
        contact_id: int,
        content: Content | str = "您好",
        *,
        key: str = "p",
        kind: PurposeKind = PurposeKind.BROADCAST,
        subject: int = 0,
        due: datetime | None = None,
        **more: Any,  # noqa: ANN401
    ) -> int:
        purpose_id = self.purpose(key, kind, **more)
        said = Said(content) if isinstance(content, str) else content
        found: int | None = self.write(
            lambda c: deliveries.enqueue(
                c, self.sealer, purpose_id, contact_id, said, subject_id=subject, due_at=due or self.clock()
            )
        )
        assert found is not None
        return found

    def row(self, number: int) -> Delivery:
        def work(connection: Connection) -> Delivery:
            found: Delivery = connection.session.get_one(Delivery, number)
            return found.model_copy()

        found: Delivery = self.write(work)
        return found

    def became(self, number: int) -> tuple[str, str | None]:
        row = self.row(number)
        return row.state, row.reason

    def states(self) -> Counter[str]:
        table = core(Delivery)
        found: list[Any] = self.write(lambda c: list(c.sqlalchemy.execute(table.select())))
        return Counter(row.state for row in found)

    async def drain(self) -> None:
        """Send until nothing is due."""
        while await self.sender.once():
            pass

    async def go_on(self, **by: float) -> None:
        """Let time pass, and send what is due then."""
        self.clock.now += timedelta(**by)
        await self.drain()


SENT = (DeliveryState.SENT, None)
