"""The load on an official account: many followers talking at once. `python -m bench.wechat_load CORE`.

Does what the platform does: signs, in safe mode encrypts, and gives every message an id, time and nonce of its own,
over kept-alive connections. Every answer is opened, and read for the question that it should lead to. Reads one
order a line (JSON) from standard input, writes one result a line; followers stay between orders, each where they
were.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import deque
from datetime import UTC, datetime
from itertools import count
from secrets import token_bytes
from time import perf_counter, process_time, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import uvloop

from bench.conversation import Script, round_trip
from bench.measuring import percentile, pin
from bench.wechat_account import ACCOUNT, AES_KEY, APP_ID, TOKEN
from bot.channels.wechat_wire import RANDOM_BYTES, Cipher, signature
from bot.texts import catalogue

HEAD: Final = "HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: "
SEALED: Final = re.compile(rb"<Encrypt>\s*<!\[CDATA\[([^\]]+)")
BLANK: Final = re.compile(r"[{\n]")
GREETING: Final = ("你好", "1")
"""What takes a newcomer to the first question."""


class Target(NamedTuple):
    """The server: `echo` when it answers with what was said (WeRoBot), else with the dialog's next question."""

    port: int
    safe: bool
    echo: bool


class Follower:
    """One person, and how far in the script they are."""

    __slots__ = ("openid", "place", "said", "wanted")

    def __init__(self, openid: str, said: list[str], wanted: list[bytes]) -> None:
        self.openid = openid
        self.said = said
        self.wanted = wanted
        self.place = 0


class Platform:
    """What the platform knows: the account's secrets, and numbers never used before."""

    def __init__(self) -> None:
        self.cipher = Cipher(AES_KEY, APP_ID)
        self.numbers = count(23_000_000_000_000_000)

    def request(self, openid: str, text: str, *, safe: bool) -> bytes:
        """A typed text as an HTTP request."""
        number, now = next(self.numbers), int(time())
        timestamp, nonce = str(now), str(number)[-10:]
        body = (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId></xml>"
        ).encode()
        query = f"signature={signature(TOKEN, timestamp, nonce)}&timestamp={timestamp}&nonce={nonce}"
        if safe:
            sealed = self.cipher.encrypt(body, token_bytes(RANDOM_BYTES))
            query += f"&encrypt_type=aes&msg_signature={signature(TOKEN, timestamp, nonce, sealed)}"
            body = (
                f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
                f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
            ).encode()
        return f"POST /wechat?{query}&openid={openid} {HEAD}{len(body)}\r\n\r\n".encode() + body

    def opened(self, answer: bytes, *, safe: bool) -> bytes:
        """The answer's XML; empty when it cannot be opened."""
        if not safe:
            return answer
        found = SEALED.search(answer)
        return (self.cipher.decrypt(found[1].decode()) or b"") if found else b""


class Speaker(asyncio.Protocol):
    """One connection: sends what the next follower says, waits for the answer, and so on."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.follower: Follower | None = None
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.speak()

    def speak(self) -> None:
        """Send the next message, or hang up when it is enough."""
        crowd = self.crowd
        if perf_counter() >= crowd.until or crowd.left <= 0:
            self.transport.close()
            return
        crowd.left -= 1
        follower = self.follower = crowd.waiting.popleft()
        request = crowd.platform.request(
            follower.openid, follower.said[follower.place], safe=crowd.target.safe
        )
        self.sent_at = perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        size = whole(self.buffer)
        if len(self.buffer) < size:
            return
        answer, self.buffer, follower = self.buffer[:size], self.buffer[size:], self.follower
        assert follower is not None
        crowd = self.crowd
        crowd.took.append(perf_counter() - self.sent_at)
        crowd.check(answer, follower.wanted[follower.place])
        follower.place = (follower.place + 1) % len(follower.said)
        crowd.waiting.append(follower)
        self.follower = None
        self.speak()

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.faults += exc is not None or self.follower is not None
        self.crowd.connections -= 1
        if self.crowd.connections == 0:
            self.crowd.done.set()


def whole(data: bytes) -> int:
    """The length of the answer that begins in `data`; more than there is while its head is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return len(data) + 1
    start = data.index(b"Content-Length: ") + 16
    return end + 4 + int(data[start : data.index(b"\r", start)])


class Crowd:
    """The followers of one server."""

    def __init__(self, platform: Platform, target: Target) -> None:
        self.platform = platform
        self.target = target
        self.waiting: deque[Follower] = deque()
        self.until = 0.0
        self.left = 0
        self.connections = 0
        self.faults = 0
        self.took: list[float] = []
        self.done = asyncio.Event()

    def check(self, answer: bytes, wanted: bytes) -> None:
        """Count an answer that is no 200, cannot be opened, or leads elsewhere."""
        good = answer[9:12] == b"200" and wanted in self.platform.opened(answer, safe=self.target.safe)
        self.faults += not good

    async def gather(self, people: int, script: Script) -> None:
        """Have the followers begin, so that each stands at the first question."""
        walked = [catalogue().dialog(name) for name in ("home", "registration")]
        asks = {name: _beginning(node.ask) for dialog in walked for name, node in dialog.nodes.items()}
        for number in range(people):
            turns = script(number)
            said = [turn.text for turn in turns]
            wanted = [
                f"收到：{turn.text}".encode() if self.target.echo else asks[turn.step] for turn in turns
            ]
            self.waiting.append(Follower(f"oFOLLOWER{number:019d}", said, wanted))
        if self.target.echo:
            return
        everybody = list(self.waiting)
        for start in range(0, people, 32):
            await asyncio.gather(*(self._greet(one.openid) for one in everybody[start : start + 32]))

    async def _greet(self, openid: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target.port)
        for text in GREETING:
            writer.write(self.platform.request(openid, text, safe=self.target.safe))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head[9:12] == b"200", head
            await reader.readexactly(whole(head) - len(head))
        writer.close()

    async def talk(self, connections: int, seconds: float, turns: int) -> dict[str, float]:
        """All speak for `seconds`, or for so many turns."""
        self.took, self.faults, self.connections, self.done = [], 0, connections, asyncio.Event()
        loop = asyncio.get_running_loop()
        started, cpu = perf_counter(), process_time()
        self.until, self.left = started + seconds, turns
        for _ in range(connections):
            await loop.create_connection(lambda: Speaker(self), "127.0.0.1", self.target.port)
        await self.done.wait()
        wall = perf_counter() - started
        took = sorted(self.took)
        return {
            "turns": len(took),
            "rate": len(took) / wall,
            "p50": percentile(took, 0.5) * 1000,
            "p99": percentile(took, 0.99) * 1000,
            "faults": self.faults,
            "load_cpu": (process_time() - cpu) / wall,
        }


def _beginning(ask: str) -> bytes:
    """So much of a question as is the same for everybody."""
    return BLANK.split(ask, maxsplit=1)[0].encode()


def main() -> None:
    """Carry out orders: {"crowd", "do": "gather" or "talk", …}."""
    pin(int(sys.argv[1]))
    script = round_trip(datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date())
    platform = Platform()
    crowds: dict[str, Crowd] = {}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            order = json.loads(line)
            name = order["crowd"]
            if order["do"] == "gather":
                crowds[name] = Crowd(platform, Target(order["port"], order["safe"], order["echo"]))
                runner.run(crowds[name].gather(order["people"], script))
                result: dict[str, float] = {"people": order["people"]}
            else:
                talk = crowds[name].talk(order["connections"], order["seconds"], order["turns"])
                result = runner.run(talk)
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
