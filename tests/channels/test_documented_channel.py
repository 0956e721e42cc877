"""The channel of docs/adding-a-channel.md, taken from that page as it stands, keeps the contract and refuses bad input."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import Parts, web_application
from bot.gates import Gates
from notifications.channel import Channel, Recipient
from storage import conversations
from storage.database import Database
from tests.channels.test_contract import SHORT, Bench, TestContract
from tests.talking import NOON

__all__ = ["TestContract"]  # runs here too, over the bench below

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-channel.md"
SECRET = "secret-of-the-gateway"
LONGEST = 500


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module on the page."""
    found = re.search(r"^```python bot/channels/relay\.py\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    assert found is not None
    file = tmp_path_factory.mktemp("documented") / "documented_relay.py"
    file.write_text(found[1], "utf-8")
    spec = importlib.util.spec_from_file_location("documented_relay", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


class GatewayBench:
    """The bureau's gateway, and the channel to it."""

    secrets: tuple[str, ...] = (SECRET,)
    limit = LONGEST

    def __init__(self, relay: ModuleType, database: Database) -> None:
        self.relay = relay
        self.database = database
        self.recipient = Recipient(
            database.write_sync(lambda c: conversations.add_contact(c, "relay", "gw-1", None, NOON)), "gw-1"
        )
        self.arrived: list[str] = []
        self.tried = 0
        self.faults: list[web.Response | None] = []
        self.released = asyncio.Event()
        self.secret = SECRET

    async def open(self, url: str) -> None:
        self.channel: Channel = self.relay.RelayChannel(
            aiohttp.ClientSession(),
            url,
            SECRET,
            self.database,
            self.relay.Words("https://jianxi.example.cn"),
            aiohttp.ClientTimeout(total=SHORT),
        )

    async def take(self, request: web.Request) -> web.Response:
        """`POST /messages`."""
        self.tried += 1
        if request.headers["Authorization"] != f"Bearer {self.secret}":
            return web.Response(status=401)
        body = orjson.loads(await request.read())
        assert body.keys() == {"to", "text"}
        assert 0 < len(body["text"]) <= LONGEST
        if self.faults:
            fault = self.faults.pop()
            if fault is not None:
                return fault
            await self.released.wait()
        self.arrived.append(body["text"])
        return web.json_response({"id": str(len(self.arrived))})

    def person_blocks(self) -> None:
        self.faults.append(web.Response(status=404))

    def rate_is_limited(self) -> float:
        self.faults.append(web.Response(status=429, headers={"Retry-After": "9"}))
        return 9.0

    def falls_silent(self) -> None:
        self.faults.append(None)

    def secret_is_wrong(self) -> Channel:
        self.secret = "another"
        return self.channel


@pytest.fixture
async def bench(relay: ModuleType, sqlite_url: str) -> AsyncIterator[Bench]:
    database = Database(sqlite_url)
    made = GatewayBench(relay, database)
    app = web.Application()
    app.add_routes([web.post("/messages", made.take)])
    async with TestServer(app) as server:
        await made.open(str(server.make_url("")).rstrip("/"))
        yield made
        made.released.set()
        await made.channel.close()
    await database.close()


# --- in ---


@pytest.fixture
async def door(relay: ModuleType, parts: Parts) -> AsyncIterator[TestClient[Any, Any]]:
    """The application with the gateway's face."""
    face = relay.RelayFace(parts.turns, parts.metrics, SECRET, relay.Words(""))
    app = web_application(parts, Gates(routes=face.routes()))
    async with TestClient(TestServer(app)) as client:
        yield client


async def bring(door: TestClient[Any, Any], body: object, secret: str = SECRET) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    response = await door.post("/relay", data=raw, headers={"Authorization": f"Bearer {secret}"})
    return response.status, await response.json()


async def test_a_message_gets_its_answer_and_a_repeat_the_same_one(door: TestClient[Any, Any]) -> None:
    message = {"id": "1", "from": "gw-1", "text": "报名"}
    status, first = await bring(door, message)
    assert (status, "您是哪一种情况" in first["texts"][-1]) == (200, True)
    assert await bring(door, message) == (200, first)
    _, second = await bring(door, {**message, "id": "2", "text": "1"})
    assert second != first


@pytest.mark.parametrize(
    ("body", "secret", "status"),
    [
        ({"id": "1", "from": "gw-1", "text": "报名"}, "guessed", 401),
        (b"{", SECRET, 400),
        ([], SECRET, 400),
        ({"id": 1, "from": "gw-1", "text": "报名"}, SECRET, 400),
        ({"id": "1", "from": "", "text": "报名"}, SECRET, 400),
        ({"id": "1", "from": "gw-1"}, SECRET, 400),
        ({"id": "1", "from": "gw-1", "text": "报" * 2**17}, SECRET, 413),
    ],
)
async def test_what_is_no_message_of_the_gateway_reaches_no_dialog(
    door: TestClient[Any, Any], parts: Parts, body: object, secret: str, status: int
) -> None:
    assert (await bring(door, body, secret))[0] == status
    assert parts.database.read_sync(lambda c: conversations.find(c, "relay", "gw-1", None)) is None
