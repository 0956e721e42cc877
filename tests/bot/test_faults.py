"""When the base cannot take a turn: the person is asked to try again, and nothing that was answered is lost."""

import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text as sql
from structlog.testing import capture_logs

from bot.app import AS_SENT, Parts, web_application
from storage.database import Connection, Database
from tests.journeys.applicants import graduate
from tests.talking import NOON, Client, Person


@pytest.fixture
async def impatient(parts: Parts) -> AsyncIterator[Client]:
    """The application over a base that waits only a moment for a lock."""
    database = Database(parts.settings.database, busy_timeout=30)
    parts.turns.database, parts.database = database, database
    async with TestClient(TestServer(web_application(parts)), cookie_jar=DummyCookieJar()) as client:
        yield client


def limit_pages(database: Database, spare: int | None) -> None:
    """Let the base grow by so many pages and no more; None takes the limit away."""

    def work(connection: Connection) -> None:
        used = connection.sqlalchemy.execute(sql("PRAGMA page_count")).scalar_one()
        most = used + spare if spare is not None else 2**30
        connection.sqlalchemy.execute(sql(f"PRAGMA max_page_count = {most}"))

    database.write_sync(work)


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """The disk is full as soon as a file would become longer than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_locked_base_asks_to_try_again_and_the_same_message_then_counts(
    impatient: Client, parts: Parts
) -> None:
    person = Person(impatient)
    await person.say("我要报名")
    await person.say("1")
    before = await person.history()
    other = sqlite3.connect(parts.settings.data / "jianxi.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = await person.post("没有", "again")
    assert refused.status == 503
    assert refused.json()["error"]["code"] == "unavailable"
    assert "再发一次" in refused.json()["error"]["message"]
    assert int(refused.headers["Retry-After"]) > 0
    assert await person.history() == before
    assert (await impatient.get("/readyz")).status == 503
    other.execute("ROLLBACK")
    other.close()
    answer = await person.say("没有", "again")
    assert answer["step"] == "education"
    assert (await person.post("没有", "again")).json() == answer
    assert (await impatient.get("/readyz")).status == 200


async def test_an_operator_learns_why_nothing_was_stored(impatient: Client, parts: Parts) -> None:
    other = sqlite3.connect(parts.settings.data / "jianxi.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with capture_logs() as lines:
        await Person(impatient).post("13800000001")
    other.close()
    [line] = [line for line in lines if line["event"] == "turn_not_stored"]
    assert line["reason"] == "database: SQLITE_BUSY"
    assert "13800000001" not in repr(lines)


@pytest.mark.parametrize("path", ["/api/chat/messages", "/api/chat/events", "/api/chat/export/token"])
async def test_what_cannot_be_read_asks_to_try_again_too(impatient: Client, parts: Parts, path: str) -> None:
    person = Person(impatient)
    await person.say("你好")
    await parts.database.close()
    async with impatient.get(path, headers=person.headers) as response:
        assert response.status == 503
        assert (await response.json())["error"]["code"] == "unavailable"
        assert int(response.headers["Retry-After"]) > 0


async def test_a_newcomer_who_met_a_locked_base_begins_normally(impatient: Client, parts: Parts) -> None:
    other = sqlite3.connect(parts.settings.data / "jianxi.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    person = Person(impatient)
    assert (await person.post("我要报名", "again")).status == 503
    other.execute("ROLLBACK")
    other.close()
    assert (await person.say("我要报名", "again"))["step"] == "track"


async def test_a_full_disk_asks_to_try_again_and_keeps_what_was_answered(
    impatient: Client, parts: Parts
) -> None:
    person = Person(impatient)
    await person.say("人工")
    limit_pages(parts.database, 4)
    for number in range(25):
        text, message_id = ("人工" if number % 2 else f"第{number}次。" + "想问问" * 100), f"n{number}"
        answer = await person.post(text, message_id)
        if answer.status != 200:
            break
    assert (answer.status, number > 0) == (503, True)
    before = await person.history(limit=200)
    assert len([b for b in before["messages"] if b["from"] == "person"]) == number + 1
    limit_pages(parts.database, None)
    await person.say(text, message_id)
    after = await person.history(limit=200)
    assert after["messages"][: len(before["messages"])] == before["messages"]
    assert len([b for b in after["messages"] if b["from"] == "person"]) == number + 2


@pytest.mark.parametrize("room", [0, 5_000, 40_000])
async def test_a_disk_that_fills_up_while_a_registration_is_written_leaves_no_half_of_it(
    impatient: Client, parts: Parts, room: int
) -> None:
    person = Person(impatient)
    *before, last = graduate(NOON.date()).words
    await person.tell(before)
    log = parts.settings.data / "jianxi.db-wal"
    with no_file_grows_beyond(log.stat().st_size + room):
        refused = await person.post(last, "submit")
    assert refused.status == 503
    assert parts.database.read_sync(count_rows) == dict.fromkeys(TABLES, 0)
    assert (await person.say(last, "submit"))["step"] == "done"
    counted = parts.database.read_sync(count_rows)
    assert (counted["person"], counted["submission"]) == (1, 1)


TABLES = ("person", "person_field", "submission", "hardship_mark", "eligibility_result")


def count_rows(connection: Connection) -> dict[str, int]:
    return {
        table: connection.sqlalchemy.execute(sql(f"SELECT count(*) FROM {table}")).scalar_one()
        for table in TABLES
    }


async def test_a_packed_body_is_refused_in_our_words_even_when_it_is_broken(parts: Parts) -> None:
    server = TestServer(web_application(parts))
    await server.start_server(**AS_SENT)
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        for encoding in ("deflate", "br", "gzip"):
            answer = await client.post(
                "/api/chat/messages", data=b"junk", headers={"Content-Encoding": encoding}
            )
            assert answer.status == 415
            assert (await answer.json())["error"]["code"] == "compressed"
