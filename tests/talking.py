"""People at the web API, as tests play them; and the turns below it, for what needs no HTTP."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any, NamedTuple, TypeVar

import orjson
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient

from bot.turns import Incoming, Reply, Turns
from dialogs.model import Said

T = TypeVar("T")
Client = TestClient[Any, Any]

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
_numbers = itertools.count(1)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Let time pass: `move(minutes=15)`."""
        self.now += timedelta(**by)


def next_id() -> str:
    """A message id that was never used in this process."""
    return f"m{next(_numbers)}"


class Answer(NamedTuple):
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    cookies: SimpleCookie
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Person:
    """One person at the web API, told apart by the bearer token of the first answer."""

    def __init__(self, client: Client | ClientSession, base: str = "") -> None:
        self.client = client
        self.base = base
        self.token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def post(self, text: str, message_id: str | None = None) -> Answer:
        """Send one message, whatever comes of it."""
        body = {"text": text, "message_id": message_id or next_id()}
        async with self.client.post(
            f"{self.base}/api/chat/messages", json=body, headers=self.headers
        ) as response:
            answer = Answer(response.status, response.headers, response.cookies, await response.read())
        if answer.status == 200 and self.token is None:
            self.token = answer.json()["conversation"]
        return answer

    async def patiently(self, text: str, message_id: str | None = None) -> Answer:
        """As `post`, but sent again while the answer is that it goes too fast."""
        message_id = message_id or next_id()
        return await until(lambda: self.post(text, message_id), lambda answer: answer.status != 429)

    async def say(self, text: str, message_id: str | None = None) -> dict[str, Any]:
        """Send one message that must be answered; slower, if it was asked for."""
        answer = await self.patiently(text, message_id)
        assert answer.status == 200, answer.body.decode()
        return answer.json()

    async def tell(self, words: Iterable[str]) -> dict[str, Any]:
        """Send several messages, one after the other; the last answer."""
        answer: dict[str, Any] = {}
        for text in words:
            answer = await self.say(text)
        return answer

    async def history(self, **query: int) -> dict[str, Any]:
        async with self.client.get(
            f"{self.base}/api/chat/messages",
            params={name: str(value) for name, value in query.items()},
            headers=self.headers,
        ) as response:
            assert response.status == 200
            found: dict[str, Any] = await response.json()
            return found


def texts(answer: dict[str, Any]) -> str:
    """All that the service said in one answer."""
    return "\n".join(reply["text"] for reply in answer["replies"])


def error_in(body: dict[str, Any]) -> dict[str, str]:
    """What a refusal says, if it has the form of the contract."""
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert re.search(r"[\u4e00-\u9fff]", body["error"]["message"]), "a person can read it"
    found: dict[str, str] = body["error"]
    return found


def incoming(
    text: str, *, channel: str = "web", address: str = "a", message_id: str | None = None
) -> Incoming:
    return Incoming(channel, address, message_id or next_id(), Said(text), text)


async def take(turns: Turns, text: str, *, channel: str = "web", address: str = "a") -> dict[str, Any]:
    """One turn below HTTP; the answer's body."""
    return opened(await turns.take(incoming(text, channel=channel, address=address)))


async def take_all(
    turns: Turns, words: Iterable[str], *, channel: str = "web", address: str = "a"
) -> list[dict[str, Any]]:
    """Several turns of one person; the answers' bodies."""
    return [await take(turns, text, channel=channel, address=address) for text in words]


def opened(reply: Reply) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(reply.body)
    return body


async def until(look: Callable[[], Awaitable[T]], good: Callable[[T], bool], seconds: float = 30.0) -> T:
    """Look again and again until what is seen is good. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            seen = await look()
            if good(seen):
                return seen
            await asyncio.sleep(0.05)
