"""The load: many people talking at once over kept-alive connections. `python -m bench.load CORE`.

A protocol on the event loop rather than an HTTP client, which would be slower than the servers it drives. Reads one
order a line (JSON) from standard input, writes one result a line. People stay between orders, each where they
were: what they say next always answers the question that is open, and every answer is checked for the step it should lead
to.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from time import perf_counter, process_time
from typing import Any, Final
from zoneinfo import ZoneInfo

import uvloop

from bench.conversation import Script, once, round_trip
from bench.measuring import percentile, pin

HEAD: Final = "POST /api/chat/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
FIRST_STEP: Final = "track"


class Person:
    """One conversation: its token, and how far in the script it is."""

    __slots__ = ("head", "place", "requests", "steps")

    def __init__(self, token: str, said: list[bytes], steps: list[bytes]) -> None:
        self.head = f"{HEAD}Authorization: Bearer {token}\r\n".encode()
        self.requests = said
        self.steps = steps
        self.place = 0


class Speaker(asyncio.Protocol):
    """One connection: sends what the next person says, waits for the answer, and so on."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.person: Person | None = None
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.speak()

    def speak(self) -> None:
        """Send the next message, or hang up when the time or the people are over."""
        crowd = self.crowd
        if perf_counter() >= crowd.until or not crowd.waiting:
            self.transport.close()
            return
        person = self.person = crowd.waiting.popleft()
        body = b'{"text":"%b","message_id":"%d"}' % (person.requests[person.place], next(crowd.numbers))
        self.sent_at = perf_counter()
        self.transport.write(b"%bContent-Length: %d\r\n\r\n%b" % (person.head, len(body), body))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        size = _whole(self.buffer)
        if len(self.buffer) < size:
            return
        answer, self.buffer, person = self.buffer[:size], self.buffer[size:], self.person
        assert person is not None
        self.crowd.took.append(perf_counter() - self.sent_at)
        self.crowd.check(answer, person.steps[person.place])
        person.place += 1
        if person.place == len(person.requests) and self.crowd.again:
            person.place = 0
        if person.place < len(person.requests):
            self.crowd.next_time(person)
        self.person = None
        self.speak()

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.faults += exc is not None or self.person is not None
        self.crowd.connections -= 1
        if self.crowd.connections == 0:
            self.crowd.done.set()


def _whole(data: bytes) -> int:
    """The length of the answer that begins in `data`; more than there is while its head is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return len(data) + 1
    start = data.index(b"Content-Length: ") + 16
    return end + 4 + int(data[start : data.index(b"\r", start)])


class Crowd:
    """The people of one server."""

    def __init__(self, *, again: bool, checked: bool, numbers: Iterator[int]) -> None:
        self.again = again
        self.checked = checked
        self.numbers = numbers
        self.waiting: deque[Person] = deque()
        self.until = 0.0
        self.connections = 0
        self.faults = 0
        self.took: list[float] = []
        self.done = asyncio.Event()

    def check(self, answer: bytes, step: bytes) -> None:
        """Count an answer that is no 200, or leads to another step."""
        if answer[9:12] != b"200" or (self.checked and step not in answer):
            self.faults += 1

    def next_time(self, person: Person) -> None:
        """Who goes round and round queues up; who is to finish goes on at once."""
        if self.again:
            self.waiting.append(person)
        else:
            self.waiting.appendleft(person)

    async def talk(self, port: int, connections: int, seconds: float) -> dict[str, float]:
        """All speak for `seconds`, or until nobody has anything left to say."""
        self.took, self.faults, self.connections, self.done = [], 0, connections, asyncio.Event()
        loop = asyncio.get_running_loop()
        started, cpu = perf_counter(), process_time()
        self.until = started + seconds
        for _ in range(connections):
            await loop.create_connection(lambda: Speaker(self), "127.0.0.1", port)
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


async def greet(port: int) -> str:
    """Begin a conversation as a newcomer does and go to the first question; returns its token."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token, credentials = "", ""
    for number, text in enumerate(("你好", "1")):
        body = json.dumps({"text": text, "message_id": f"hello-{number}"}).encode()
        writer.write(f"{HEAD}{credentials}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        answer = json.loads(await reader.readexactly(_whole(head) - len(head)))
        token = answer["conversation"]
        credentials = f"Authorization: Bearer {token}\r\n"
    assert answer["step"] == FIRST_STEP, answer["step"]
    writer.close()
    return token


async def gather(crowd: Crowd, port: int, people: int, first: int, script: Script, *, real: bool) -> None:
    """Fill the crowd: with conversations begun at the server, or only with requests like theirs."""
    for start in range(0, people, 32):
        ones = range(start, min(start + 32, people))
        tokens = await asyncio.gather(*(greet(port) for _ in ones)) if real else ["x" * 43] * len(ones)
        for one, token in zip(ones, tokens, strict=True):
            turns = script(first + one)
            said = [turn.text.encode() for turn in turns]
            steps = [f'"step":"{turn.step}"'.encode() for turn in turns]
            crowd.waiting.append(Person(token, said, steps))


def main() -> None:
    """Carry out orders: {"crowd", "do": "gather" or "talk", …}."""
    pin(int(sys.argv[1]))
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    crowds: dict[str, Crowd] = {}
    numbers, people = count(1), 0
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            order = json.loads(line)
            name, port = order["crowd"], order["port"]
            if order["do"] == "gather":
                real, again = order["real"], order["again"]
                crowds[name] = Crowd(again=again, checked=real, numbers=numbers)
                script = round_trip(today) if again else once(today)
                runner.run(gather(crowds[name], port, order["people"], people, script, real=real))
                people += order["people"]
                result: dict[str, float] = {"people": order["people"]}
            else:
                result = runner.run(crowds[name].talk(port, order["connections"], order["seconds"]))
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
