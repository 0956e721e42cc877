"""A bot of ours joined to the stand-in for Telegram, by webhook or by polling, with a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlmodel import select

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_face import TelegramFace
from bot.channels.telegram_intake import run_polling, run_webhook, telegram_routes
from bot.channels.telegram_messages import Composer
from bot.metrics import Metrics
from bot.texts import catalogue
from bot.throttle import Throttle
from bot.turns import Turns
from dialogs.model import Session, decode
from notifications.channel import Recipient
from storage import conversations
from storage.conversations import STATE
from storage.database import Database
from storage.sealing import Sealer
from storage.tables import Contact, Message
from storage.tables import Person as PersonRow
from tests.standins.telegram import TelegramPlatform

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)
SECRET = "a-webhook-secret_1"
PUBLIC = "https://jianxi.example.cn"

Mode = Literal["webhook", "polling"]


@dataclass
class Time:
    """A clock in seconds that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Rig:
    """The parts, for tests to look at."""

    platform: TelegramPlatform
    database: Database
    sealer: Sealer
    turns: Turns
    channel: TelegramChannel
    face: TelegramFace
    time: Time

    async def bring(self, *updates: dict[str, Any]) -> None:
        """Let updates happen and wait until they were handled."""
        await self.platform.bring(*updates)
        if not self.platform.post_to:
            await self.platform.until(lambda: self.platform.waiting == 0)

    def session(self, number: int) -> Session:
        """Where a person's conversation stands."""
        found = self.database.write_sync(lambda c: conversations.find(c, "telegram", str(number), None))
        assert found is not None
        assert found.state_sealed is not None
        return decode(self.sealer.open(found.state_sealed, STATE))

    def recipient(self, number: int) -> Recipient:
        """A person as those who send know them; made if they have never written."""

        def work(connection: Any) -> int:  # noqa: ANN401 - a connection
            found = conversations.find(connection, "telegram", str(number), None)
            if found is not None:
                return found.contact_id
            return conversations.add_contact(connection, "telegram", str(number), None, NOW)

        return Recipient(self.database.write_sync(work), str(number))

    def rows(self, table: type[Contact] | type[Message] | type[PersonRow]) -> list[Any]:
        """All rows of a table."""
        return self.database.write_sync(
            lambda c: [row.model_copy() for row in c.session.exec(select(table)).all()]
        )


@asynccontextmanager
async def parts(
    database: Database,
    sealer: Sealer,
    *,
    patience: float = 5.0,
    pace: Throttle | None = None,
    throttle: Throttle | None = None,
) -> AsyncIterator[Rig]:
    """A bot with its own Telegram, not yet listening."""
    async with TelegramPlatform() as platform:
        rig = build(platform, database, sealer, patience=patience, pace=pace, throttle=throttle)
        try:
            yield rig
        finally:
            await rig.channel.close()


def build(
    platform: TelegramPlatform,
    database: Database,
    sealer: Sealer,
    *,
    patience: float = 5.0,
    pace: Throttle | None = None,
    throttle: Throttle | None = None,
) -> Rig:
    """A process of ours, as it is after a start."""
    time = Time()
    turns = Turns(database, sealer, catalogue(), lambda: NOW, ZONE)
    composer = Composer(turns.catalogue, sealer.mac, public_url=PUBLIC)
    channel = TelegramChannel(
        platform.token,
        platform.url,
        composer,
        database,
        pace=pace or Throttle(10_000),
        clock=time.clock,
        sleep=time.sleep,
        timeout=patience,
    )
    face = TelegramFace(
        turns, channel, Metrics(database), throttle=throttle or Throttle(10_000), clock=time.clock
    )
    return Rig(platform, database, sealer, turns, channel, face, time)


@asynccontextmanager
async def listening(rig: Rig, mode: Mode) -> AsyncIterator[Rig]:
    """The bot listening, until the end of the block."""
    async with webhook(rig) if mode == "webhook" else polling(rig):
        yield rig


@asynccontextmanager
async def polling(rig: Rig) -> AsyncIterator[asyncio.Task[None]]:
    """The polling loop at work; stopped politely at the end."""
    stopping = asyncio.Event()
    task = asyncio.create_task(run_polling(rig.face, stopping, poll_seconds=20, longest_wait=0.01))
    try:
        yield task
    finally:
        stopping.set()
        await asyncio.wait_for(task, 30)


@asynccontextmanager
async def webhook(rig: Rig, secret: str = SECRET) -> AsyncIterator[None]:
    """The webhook on a port of its own, announced to Telegram."""
    app = web.Application(client_max_size=64 * 1024)
    app.add_routes(telegram_routes(rig.face, secret))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    rig.platform.post_to = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    try:
        await run_webhook(rig.face, asyncio.Event(), f"{PUBLIC}/telegram", SECRET, longest_wait=0.01)
        yield
    finally:
        with suppress(asyncio.CancelledError):
            await runner.cleanup()
        rig.platform.post_to = ""
