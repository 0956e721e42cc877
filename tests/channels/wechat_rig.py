"""The official account put together for tests: our parts, the platform's stand-in, followers with phones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web

from bot.channels.wechat import WeChatFace, wechat_routes
from bot.channels.wechat_client import WeChatClient
from bot.channels.wechat_events import Outcome
from bot.channels.wechat_inbox import Inbox
from bot.channels.wechat_menu import load_menu
from bot.channels.wechat_outcomes import keeper
from bot.channels.wechat_quota import DAILY, Meter
from bot.channels.wechat_sender import WeChatSender
from bot.channels.wechat_text import Notice
from bot.channels.wechat_wire import Cipher
from bot.metrics import Metrics
from bot.texts import catalogue
from bot.turns import Turns
from dialogs.model import Session, decode
from notifications.channel import Recipient
from storage import conversations
from storage.conversations import STATE
from storage.database import Connection, Database
from storage.quotas import Count
from storage.sealing import Sealer
from storage.tables import Contact
from tests.standins.wechat import APP_ID, SECRET, WeChatPlatform
from tests.standins.wechat_follower import AES_KEY, TOKEN, Follower

ZONE = ZoneInfo("Asia/Shanghai")
PUBLIC = "https://jianxi.example.cn"
Mode = Literal["plain", "safe"]


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Rig:
    """The parts, for tests to look at."""

    clock: Clock
    platform: WeChatPlatform
    database: Database
    sealer: Sealer
    turns: Turns
    client: WeChatClient
    sender: WeChatSender
    face: WeChatFace
    metrics: Metrics
    url: str
    http: aiohttp.ClientSession
    mode: Mode
    alarms: list[Count] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def follower(self, openid: str = "oFOLLOWER") -> Follower:
        """A person who follows the account."""
        self.platform.follows(openid)
        key = AES_KEY if self.mode == "safe" else None
        return Follower(self.http, self.url, self.clock, openid, key)

    def contact(self, openid: str = "oFOLLOWER") -> Contact:
        """The person's contact as stored."""

        def work(connection: Connection) -> Contact:
            found = conversations.find(connection, "wechat", openid, None)
            assert found is not None
            contact: Contact = connection.session.get_one(Contact, found.contact_id)
            return contact

        return self.database.read_sync(work)

    def recipient(self, openid: str = "oFOLLOWER") -> Recipient:
        contact_id = self.contact(openid).id
        assert contact_id is not None
        return Recipient(contact_id, openid)

    def session(self, openid: str = "oFOLLOWER") -> Session:
        """Where the person's conversation stands."""
        found = self.database.read_sync(lambda c: conversations.find(c, "wechat", openid, None))
        assert found is not None
        assert found.state_sealed is not None
        return decode(self.sealer.open(found.state_sealed, STATE))

    def known(self, openid: str = "oFOLLOWER") -> bool:
        return self.database.read_sync(lambda c: conversations.find(c, "wechat", openid, None)) is not None

    def told(self, kind: str, result: str) -> float:
        """How many outcomes were counted."""
        labels = {"channel": "wechat", "kind": kind, "result": result}
        return self.metrics.registry.get_sample_value("jianxi_platform_outcomes_total", labels) or 0.0

    def refusals(self, code: str) -> float:
        """How many requests were refused with this code."""
        return (
            self.metrics.registry.get_sample_value(
                "jianxi_refused_total", {"channel": "wechat", "code": code}
            )
            or 0.0
        )


@asynccontextmanager
async def rig(
    database: Database,
    sealer: Sealer,
    mode: Mode = "plain",
    *,
    certified: bool = True,
    patience: float = 4.5,
    subscription: Notice | None = None,
    template: Notice | None = None,
    limits: dict[str, int] | None = None,
    aes_keys: Sequence[str] = (AES_KEY,),
) -> AsyncIterator[Rig]:
    """Everything running; nothing sent may have been against the platform's rules."""
    clock = Clock()
    alarms: list[Count] = []
    outcomes: list[Outcome] = []
    async with (
        WeChatPlatform(clock, certified=certified) as platform,
        aiohttp.ClientSession() as outgoing,
        aiohttp.ClientSession() as http,
    ):
        turns = Turns(database, sealer, catalogue(), clock, ZONE)
        metrics = Metrics(database)
        keep = keeper(metrics, clock)

        def heard(connection: Connection, outcome: Outcome) -> None:
            outcomes.append(outcome)
            keep(connection, outcome)

        client = client_for(
            platform,
            database,
            sealer,
            clock,
            outgoing,
            alarms.append,
            limits=limits,
        )
        sender = WeChatSender(
            client,
            database,
            clock,
            public_url=PUBLIC,
            subscription=subscription,
            template=template,
            patience=(0.0, 0.0),
        )
        face = WeChatFace(
            Inbox(turns, metrics, public_url=PUBLIC, on_outcome=heard),
            sender,
            metrics,
            token=TOKEN,
            ciphers=[Cipher(key, APP_ID) for key in aes_keys] if mode == "safe" else (),
            menu=load_menu(),
            patience=patience,
            rest_pause=0.0,
        )
        app = web.Application()
        app.add_routes(wechat_routes(face))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/wechat"
        try:
            yield Rig(
                clock,
                platform,
                database,
                sealer,
                turns,
                client,
                sender,
                face,
                metrics,
                url,
                http,
                mode,
                alarms,
                outcomes,
            )
        finally:
            platform.release()
            await face.close()
            await runner.cleanup()
        assert platform.violations == []


def client_for(
    platform: WeChatPlatform,
    database: Database,
    sealer: Sealer,
    clock: Clock,
    http: aiohttp.ClientSession,
    alarm: Callable[[Count], None],
    *,
    limits: dict[str, int] | None = None,
    secret: str = SECRET,
) -> WeChatClient:
    """A client of the stand-in."""
    return WeChatClient(
        http,
        platform.url,
        APP_ID,
        secret,
        database=database,
        sealer=sealer,
        clock=clock,
        meter=Meter(database, clock, APP_ID, alarm, {**DAILY, **(limits or {})}),
        timeout=aiohttp.ClientTimeout(total=30.0),
    )
