"""Server-sent events: every open page of a conversation sees what is said, and resumes without gap or repeat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import ClientResponse

from bot.app import Parts
from bot.chat_api import STREAMS_EACH
from tests.talking import Client, Person, until

EVENTS = "/api/chat/events"


class Stream:
    """An open event stream, as a page reads it."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def next(self) -> dict[str, Any]:
        """The next event; its `data` opened."""
        async with asyncio.timeout(20):
            event: dict[str, Any] = {}
            while line := (await self.response.content.readline()).decode():
                field, _, value = line.rstrip("\n").partition(": ")
                if not line.strip() and "data" in event:
                    return event
                if field in ("id", "event"):
                    event[field] = value
                elif field == "data":
                    event[field] = orjson.loads(value)
        raise EOFError

    async def take(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def stream(person: Person, last: str | None = None) -> AsyncIterator[Stream]:
    """Open a stream of this person's conversation; ready when the server has said hello."""
    headers = person.headers | ({"Last-Event-ID": last} if last else {})
    async with person.client.get(EVENTS, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["X-Accel-Buffering"] == "no"
        async with asyncio.timeout(20):
            while (await response.content.readline()) != b": hello\n":
                pass
        yield Stream(response)


def shown(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["data"]["from"], event["data"]["text"]) for event in events]


async def test_a_second_page_sees_what_is_said_in_the_first(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    async with stream(person) as page:
        answer = await person.say("1")
        events = await page.take(2)
        assert shown(events) == [("person", "1"), ("service", answer["replies"][0]["text"])]
        assert events[1]["data"]["choices"] == answer["replies"][0]["choices"]
        assert all(event["event"] == "message" for event in events)
        assert int(events[1]["id"]) <= answer["event_id"]


async def test_a_new_page_is_not_told_again_what_history_holds(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    async with stream(person) as page:
        await person.say("1")
        assert shown(await page.take(1)) == [("person", "1")]


async def test_a_stream_resumes_after_the_last_event_seen(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    async with stream(person) as page:
        await person.say("1")
        [said, _] = await page.take(2)
    await person.say("没有")
    async with stream(person, last=said["id"]) as page:  # in the middle of a turn
        events = await page.take(3)
    assert [sender for sender, _ in shown(events)] == ["service", "person", "service"]
    assert events[1]["data"]["text"] == "没有"
    history = (await person.history())["messages"]
    assert [event["data"] for event in events] == history[-3:]


async def test_long_absences_are_made_up_for(client: Client, parts: Parts) -> None:
    person = Person(client)
    first = await person.say("你好")
    for number in range(20):
        await person.say(f"问题{number}")
    async with stream(person, last=str(first["event_id"])) as page:
        said: list[str] = []
        while len(said) < 20:
            said += [text for sender, text in shown(await page.take(1)) if sender == "person"]
    assert said == [f"问题{number}" for number in range(20)]


async def test_nobody_hears_anothers_conversation(client: Client) -> None:
    one, two = Person(client), Person(client)
    await one.say("你好")
    await two.say("你好")
    async with stream(one) as page:
        await two.say("我要报名")
        await one.say("人工")
        assert shown(await page.take(1)) == [("person", "人工")]


async def test_repeated_messages_are_not_shown_twice(client: Client) -> None:
    person = Person(client)
    await person.say("你好")
    async with stream(person) as page:
        await person.say("我要报名", "same")
        await person.say("我要报名", "same")
        await person.say("1")
        assert [text for sender, text in shown(await page.take(3)) if sender == "person"] == ["我要报名", "1"]


async def test_without_a_conversation_there_is_no_stream(client: Client) -> None:
    async with client.get(EVENTS) as response:
        assert response.status == 401
        assert (await response.json())["error"]["code"] == "no_conversation"


async def test_a_bad_last_event_id_is_refused(client: Client) -> None:
    person = Person(client)
    await person.say("你好")
    async with client.get(EVENTS, headers=person.headers | {"Last-Event-ID": "x"}) as response:
        assert response.status == 400


async def test_one_conversation_has_only_so_many_streams_and_closed_ones_make_room(
    client: Client,
    parts: Parts,
) -> None:
    person = Person(client)
    await person.say("你好")
    [contact_id] = {1}
    opened = [stream(person) for _ in range(STREAMS_EACH)]
    for one in opened:
        await one.__aenter__()
    async with client.get(EVENTS, headers=person.headers) as response:
        assert response.status == 429
        assert int(response.headers["Retry-After"]) > 0
    for one in opened:
        await one.__aexit__(None, None, None)
    await person.say("你好")  # the server notices a closed page when it next writes to it

    async def listeners() -> int:
        return parts.hub.listeners(contact_id)

    await until(listeners, lambda count: count < STREAMS_EACH)
    async with stream(person):
        pass


async def test_streams_end_when_the_service_stops(client: Client, parts: Parts) -> None:
    person = Person(client)
    await person.say("你好")
    async with stream(person) as page:
        parts.hub.close()
        async with asyncio.timeout(20):
            assert (await page.response.content.read()).strip() == b""
