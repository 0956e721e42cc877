"""A push on our own page: in the history, in the event stream, and the conversation goes on where it stood."""

from __future__ import annotations

from typing import Any

from bot.app import Parts
from bot.pushes import sender
from policy.outgoing_codes import PurposeKind
from storage import conversations, deliveries
from storage.database import Connection
from storage.deliveries import Content, Opens, Said
from storage.tables import Contact
from tests.bot.test_events import shown, stream
from tests.talking import NOON, Client, Person

FOLLOW_UP = Opens("follow_up", {"step": 1, "kept_on": False, "about": {"host": "晨光科技", "turn": "first"}})


async def push(parts: Parts, content: Content) -> None:
    """Send to the only contact there is."""

    def work(connection: Connection) -> None:
        purpose = deliveries.purpose(connection, "p", PurposeKind.STATUS, NOON)
        deliveries.enqueue(connection, parts.sealer, purpose, 1, content, due_at=parts.turns.clock())

    parts.database.write_sync(work)
    made = sender(parts.turns, parts.hub, parts.metrics, {})
    assert await made.once() == 1


async def test_an_open_page_sees_a_push_and_resumes_after_it(client: Client, parts: Parts) -> None:
    person = Person(client)
    await person.say("你好")
    async with stream(person) as page:
        await push(parts, Said("您的申请通过了", (), (("详情", "/positions/1"),)))
        [event] = await page.take(1)
    assert shown([event]) == [("service", "您的申请通过了")]
    assert event["data"]["links"] == [{"label": "详情", "url": "/positions/1"}]
    async with stream(person, last=event["id"]) as page:
        await person.say("菜单")
        assert shown(await page.take(1)) == [("person", "菜单")]


async def test_a_push_does_not_move_the_conversation(client: Client, parts: Parts) -> None:
    person = Person(client)
    answer = await person.say("我要报名")
    await push(parts, Said("您的申请通过了"))
    page: dict[str, Any] = await person.history()
    assert (page["dialog"], page["step"]) == (answer["dialog"], answer["step"])
    assert page["messages"][-1]["text"] == "您的申请通过了"
    assert page["progress"] == answer["progress"]
    assert (await person.say("1"))["step"] == "circumstances"


async def test_an_opened_dialog_is_asked_and_answered_on_the_page(client: Client, parts: Parts) -> None:
    person = Person(client)
    await person.say("你好")
    await push(parts, FOLLOW_UP)
    page = await person.history()
    assert (page["dialog"], page["step"]) == ("follow_up", "situation")
    assert page["messages"][-1]["choices"]
    assert (await person.say("正在找工作"))["dialog"] == "follow_up"


async def test_figures_of_what_went_out_are_shown(client: Client, parts: Parts) -> None:
    await Person(client).say("你好")
    await push(parts, Said("您好"))
    async with client.get("/metrics") as response:
        text = await response.text()
    assert 'jianxi_deliveries_total{channel="web",state="sent"} 1.0' in text


async def test_two_processes_do_not_open_a_dialog_in_the_middle_of_a_turn(
    parts: Parts,
    monkeypatch: Any,  # noqa: ANN401
) -> None:
    """On PostgreSQL another process may be having a turn with the person at this very moment."""
    parts.database.write_sync(
        lambda c: c.session.add(Contact(channel="web", address="a", push_allowed=True, created_at=NOON))
    )
    monkeypatch.setattr(Connection, "try_lock", lambda *_: False)

    def work(connection: Connection) -> None:
        purpose = deliveries.purpose(connection, "p", PurposeKind.STATUS, NOON)
        deliveries.enqueue(connection, parts.sealer, purpose, 1, FOLLOW_UP, due_at=NOON)

    parts.database.write_sync(work)
    made = sender(parts.turns, parts.hub, parts.metrics, {})
    await made.once()
    found = parts.database.write_sync(lambda c: conversations.find(c, "web", "a", None))
    assert found is not None
    assert found.state_sealed is None
    monkeypatch.undo()
    parts.turns.clock.move(seconds=6)  # type: ignore[attr-defined]
    await made.once()
    found = parts.database.write_sync(lambda c: conversations.find(c, "web", "a", None))
    assert found is not None
    assert found.state_sealed is not None
