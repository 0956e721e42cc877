"""How updates come in: what the webhook refuses, how polling keeps on, and what a crash in between costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.channels.telegram_face import BROKEN
from bot.channels.telegram_intake import LONGEST_UPDATE, run_polling, run_webhook
from bot.channels.telegram_updates import ALLOWED, COMMANDS
from bot.turns import Incoming, Reply
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.sealing import Sealer
from storage.tables import Message
from tests.channels.telegram_rig import PUBLIC, SECRET, Rig, build, parts, polling, webhook
from tests.standins.telegram import half_closed, refused, server_error, silence, too_many

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

HEADER = "X-Telegram-Bot-Api-Secret-Token"
JSON = "application/json"


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def patience() -> float:
    """Seconds until a silent Telegram is given up; a test that waits for that parametrizes it."""
    return 20.0


@pytest.fixture
async def rig(database: Database, sealer: Sealer, patience: float) -> AsyncIterator[Rig]:
    async with parts(database, sealer, patience=patience) as made:
        yield made


@pytest.fixture
async def hooked(rig: Rig) -> AsyncIterator[Rig]:
    async with webhook(rig):
        yield rig


# --- the webhook refuses ---


def update_of(text: str = "您好", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a message
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": 501, "type": "private"},
        "from": {"id": 501, "is_bot": False, "first_name": "x"},
        "text": text,
        **changes,
    }
    return {"update_id": 7, "message": message}


async def post(rig: Rig, body: bytes, headers: dict[str, str]) -> int:
    async with (
        ClientSession() as session,
        session.post(rig.platform.post_to, data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


GOOD = json.dumps(update_of()).encode()


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": JSON}, GOOD, 403),
        ({"Content-Type": JSON, HEADER: "wrong"}, GOOD, 403),
        ({"Content-Type": JSON, HEADER: SECRET + "x"}, GOOD, 403),
        ({"Content-Type": JSON, HEADER: SECRET[:-1]}, GOOD, 403),
        ({"Content-Type": JSON, HEADER: "密"}, GOOD, 403),
        ({"Content-Type": "text/plain", HEADER: SECRET}, GOOD, 415),
        ({"Content-Type": "application/xml", HEADER: SECRET}, GOOD, 415),
        ({"Content-Type": JSON, HEADER: SECRET}, b"", 400),
        ({"Content-Type": JSON, HEADER: SECRET}, GOOD[:-9], 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b"\xff\xfe", 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b"[" * 5000, 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b"[1]", 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b"{}", 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b'{"update_id": "7"}', 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b'{"update_id": true}', 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b'{"update_id": -1}', 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b'{"update_id": 7, "message": []}', 400),
        ({"Content-Type": JSON, HEADER: SECRET}, b'{"update_id": 7, "message": {"text": "x"}}', 400),
        ({"Content-Type": JSON, HEADER: SECRET}, json.dumps(update_of(text=5)).encode(), 400),  # type: ignore[arg-type]
        ({"Content-Type": JSON, HEADER: SECRET}, json.dumps(update_of(chat="x")).encode(), 400),
        ({"Content-Type": JSON, HEADER: SECRET}, json.dumps(update_of(contact="x")).encode(), 400),
        ({"Content-Type": JSON, HEADER: SECRET}, json.dumps(update_of(date=10**12)).encode(), 400),
        ({"Content-Type": JSON, HEADER: SECRET}, json.dumps(update_of("x" * LONGEST_UPDATE)).encode(), 413),
        ({"Content-Type": JSON, HEADER: SECRET}, b" " * 2_000_000, 413),
    ],
)
async def test_what_is_no_update_of_telegrams_reaches_no_dialog(
    hooked: Rig, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert await post(hooked, body, headers) == status
    assert hooked.rows(Message) == []
    assert hooked.platform.sent == []


async def test_a_large_update_within_the_limit_is_taken(hooked: Rig) -> None:
    hooked.platform.person(501)
    body = json.dumps(update_of(extra="x" * 200_000)).encode()
    assert await post(hooked, body, {"Content-Type": JSON, HEADER: SECRET}) == 200
    assert len(hooked.rows(Message)) == 1


async def test_a_webhook_without_a_secret_takes_nothing(rig: Rig) -> None:
    rig.platform.person(501)
    async with webhook(rig, secret=""):
        assert await post(rig, GOOD, {"Content-Type": JSON, HEADER: ""}) == 403
        assert await post(rig, GOOD, {"Content-Type": JSON}) == 403


async def test_the_webhook_is_announced_with_all_it_needs(hooked: Rig) -> None:
    assert hooked.platform.webhook["url"] == f"{PUBLIC}/telegram"
    assert hooked.platform.webhook["secret_token"] == SECRET
    assert hooked.platform.webhook["allowed_updates"] == list(ALLOWED)
    assert [command["command"] for command in hooked.platform.commands] == list(COMMANDS)
    assert hooked.platform.problems == []


async def test_announcing_is_tried_until_telegram_hears(rig: Rig) -> None:
    rig.platform.fail("getMe", server_error(), half_closed(applied=False), too_many(3600))
    rig.platform.fail("setWebhook", server_error(503))
    waiting = asyncio.Event()
    task = asyncio.create_task(
        run_webhook(rig.face, waiting, f"{PUBLIC}/telegram", SECRET, longest_wait=0.01)
    )
    await rig.platform.until(lambda: [name for name, _ in rig.platform.calls].count("getMe") == 3)
    waiting.set()  # an hour is not waited for when we stop
    await asyncio.wait_for(task, 30)
    await run_webhook(rig.face, asyncio.Event(), f"{PUBLIC}/telegram", SECRET, longest_wait=0.01)
    assert rig.platform.webhook["url"] == f"{PUBLIC}/telegram"


# --- what is answered when sending fails ---


async def test_a_busy_telegram_brings_the_update_again_and_the_answer_goes_out_once(hooked: Rig) -> None:
    person = hooked.platform.person(501)
    hooked.platform.fail("sendMessage", too_many(3600))
    await hooked.bring(person.says("/start"))
    assert hooked.platform.statuses == [503, 200]
    assert len(hooked.platform.texts(501)) == 1
    assert len(hooked.rows(Message)) == 1


async def test_a_repeat_goes_on_where_the_answer_stopped(
    hooked: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = hooked.platform.person(501)
    for text in ("/start", "报名", "1", "没有"):
        await hooked.bring(person.says(text))
    said = len(hooked.platform.texts(501))
    update = person.says("帮助")
    edited = {"update_id": update["update_id"], "edited_message": {**update["message"], "edit_date": 1}}
    original = hooked.channel.send
    count = 0

    async def second_is_busy(*args: Any) -> Any:  # noqa: ANN401 - passed on
        nonlocal count
        count += 1
        if count == 2:
            hooked.platform.fail("sendMessage", too_many(3600))
        return await original(*args)

    monkeypatch.setattr(hooked.channel, "send", second_is_busy)
    await hooked.bring(edited)
    texts = hooked.platform.texts(501)[said:]
    assert hooked.platform.statuses[-2:] == [503, 200]
    assert len(texts) == len(set(texts)) == 3


@pytest.mark.parametrize("patience", [0.5])
@pytest.mark.parametrize("applied", [True, False])
async def test_where_the_outcome_is_unknown_nothing_is_said_twice(hooked: Rig, applied: bool) -> None:
    person = hooked.platform.person(501)
    hooked.platform.fail("sendMessage", silence(applied=applied))
    update = person.says("/start")
    await hooked.bring(update)
    await hooked.bring(update)
    assert hooked.platform.statuses == [200, 200]
    assert len(hooked.platform.texts(501)) == (1 if applied else 0)


async def test_a_blocked_person_ends_the_update(hooked: Rig) -> None:
    person = hooked.platform.person(501)
    hooked.platform.blocked.add(501)
    await hooked.bring(person.says("/start"))
    assert hooked.platform.statuses == [200]


async def test_without_storage_the_update_must_come_again(hooked: Rig) -> None:
    person = hooked.platform.person(501)
    take = hooked.turns.take
    faults = 2

    async def unavailable_at_first(incoming: Incoming) -> Reply:
        nonlocal faults
        faults -= 1
        if faults >= 0:
            raise StorageUnavailable("full")
        return await take(incoming)

    hooked.turns.take = unavailable_at_first  # type: ignore[method-assign]
    await hooked.bring(person.says("/start"))
    assert hooked.platform.statuses == [503, 503, 200]
    assert len(hooked.platform.texts(501)) == 1


async def test_a_fault_of_ours_is_admitted_and_does_not_come_again(
    hooked: Rig, capfd: pytest.CaptureFixture[str]
) -> None:
    person = hooked.platform.person(501)

    async def broken(incoming: Incoming) -> Reply:
        raise RuntimeError(f"cannot read {incoming.text}")

    hooked.turns.take = broken  # type: ignore[method-assign]
    await hooked.bring(person.says("440106200305084367"))
    assert hooked.platform.statuses == [200]
    assert hooked.platform.texts(501) == [BROKEN]
    assert "440106" not in "".join(capfd.readouterr())


async def test_after_a_crash_between_commit_and_sending_the_same_answer_is_sent(
    hooked: Rig, database: Database, sealer: Sealer
) -> None:
    person = hooked.platform.person(501)
    for text in ("/start", "报名", "1"):
        await hooked.bring(person.says(text))
    hooked.platform.fail("sendMessage", refused("Unauthorized", 401))  # committed, but not sent
    update = person.says("没有")
    assert await hooked.platform.post(update) == 503
    step, rows = hooked.session(501).step, len(hooked.rows(Message))
    anew = build(hooked.platform, database, sealer)  # remembers nothing
    async with webhook(anew):
        await anew.bring(update)
    assert hooked.platform.texts(501)[-1] == anew.turns.catalogue.dialogs["registration"].nodes[step].ask
    assert (anew.session(501).step, len(anew.rows(Message))) == (step, rows)
    await anew.channel.close()


async def test_the_same_update_twice_at_once_is_answered_once(hooked: Rig) -> None:
    person = hooked.platform.person(501)
    update = person.says("/start")
    statuses = await asyncio.gather(*(hooked.platform.post(update) for _ in range(8)))
    assert statuses == [200] * 8
    assert len(hooked.platform.texts(501)) == 1


# --- polling ---


@pytest.mark.parametrize(
    "fault",
    [
        server_error(500),
        half_closed(applied=False),
        refused("Conflict: terminated by other getUpdates request", 409),
        refused("Unauthorized", 401),
    ],
)
async def test_polling_goes_on_after_any_fault(rig: Rig, fault: Any) -> None:  # noqa: ANN401 - a fault
    person = rig.platform.person(501)
    rig.platform.fail("getUpdates", fault)
    rig.platform.queue(person.says("/start"))
    stopping = asyncio.Event()
    task = asyncio.create_task(run_polling(rig.face, stopping, poll_seconds=0, longest_wait=0.01))
    await rig.platform.until(lambda: len(rig.platform.texts(501)) == 1)
    stopping.set()
    await asyncio.wait_for(task, 30)


@pytest.mark.parametrize("patience", [0.5])
async def test_polling_gives_up_a_silent_telegram_and_asks_again(rig: Rig) -> None:
    rig.platform.fail("getUpdates", silence(applied=False))
    stopping = asyncio.Event()
    task = asyncio.create_task(run_polling(rig.face, stopping, poll_seconds=0, longest_wait=0.01))
    rig.platform.queue(rig.platform.person(501).says("/start"))
    await rig.platform.until(lambda: [n for n, _ in rig.platform.calls].count("getUpdates") >= 2)
    stopping.set()
    await asyncio.wait_for(task, 30)


async def test_two_pollers_are_told_apart_in_the_log(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    rig.platform.fail("getUpdates", refused("Conflict: terminated by other getUpdates request", 409))
    async with polling(rig):
        await rig.platform.until(lambda: [n for n, _ in rig.platform.calls].count("getUpdates") == 1)
        rig.platform.queue(rig.platform.person(501).says("/start"))
        await rig.platform.until(lambda: len(rig.platform.texts(501)) == 1)
    assert "telegram_conflict" in "".join(capfd.readouterr())


async def test_polling_takes_a_forgotten_webhook_away(rig: Rig) -> None:
    rig.platform.webhook = {"url": "https://old.example.cn/"}
    async with polling(rig):
        rig.platform.queue(rig.platform.person(501).says("/start"))
        await rig.platform.until(lambda: len(rig.platform.texts(501)) == 1)


async def test_an_update_counts_as_taken_only_when_it_was_answered(rig: Rig) -> None:
    person = rig.platform.person(501)
    rig.platform.fail("sendMessage", refused("Unauthorized", 401), refused("Unauthorized", 401))
    async with polling(rig):
        rig.platform.queue(person.says("/start"))
        await rig.platform.until(lambda: len(rig.platform.texts(501)) == 1)
    assert len(rig.rows(Message)) == 1
    assert rig.platform.waiting == 0


async def test_what_was_answered_is_confirmed_when_polling_stops(
    rig: Rig, database: Database, sealer: Sealer
) -> None:
    person = rig.platform.person(501)
    async with polling(rig):
        rig.platform.queue(person.says("/start"))
        await rig.platform.until(lambda: len(rig.platform.texts(501)) == 1)
    assert rig.platform.waiting == 0
    anew = build(rig.platform, database, sealer)
    async with polling(anew):
        rig.platform.queue(person.says("报名"))
        await rig.platform.until(lambda: len(rig.platform.texts(501)) == 2)
    await anew.channel.close()


async def test_an_update_nobody_can_read_does_not_hold_up_the_others(rig: Rig) -> None:
    person = rig.platform.person(501)
    odd = rig.platform.update("message", {"odd": True})
    async with polling(rig):
        await rig.bring(odd, person.says("/start"))
    assert len(rig.platform.texts(501)) == 1


async def test_one_persons_trouble_does_not_hold_up_another(rig: Rig) -> None:
    blocked, well = rig.platform.person(501), rig.platform.person(502)
    rig.platform.blocked.add(501)
    async with polling(rig):
        await rig.bring(blocked.says("/start"), well.says("/start"), blocked.says("报名"))
    assert len(rig.platform.texts(502)) == 1
    assert rig.session(501).step == "track"
