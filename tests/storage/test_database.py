"""The writer: group commit, isolation of one caller's failure from the rest, and recovery from real faults."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from sqlalchemy import func, select

from storage.database import Connection, Database, Statement, insert
from storage.errors import Conflict, StorageUnavailable
from storage.tables import Installation, core

fact = core(Installation)
ADD = Statement(insert(fact), "key", "value")
ADD_IF_NEW = Statement(insert(fact).on_conflict_do_nothing(), "key", "value")
COUNT = Statement(select(func.count()).select_from(fact))
KEYS = Statement(select(fact.c.key))

WRITERS = pytest.mark.parametrize("writer", ["inline", "thread"])
Writer = Literal["inline", "thread"]


def add(key: str, value: bytes = b"") -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.run(ADD, (key, value))
        return key

    return work


def keys(database: Database) -> list[str]:
    return [key for (key,) in database.read_sync(lambda c: c.run(KEYS).fetchall())]


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@WRITERS
async def test_each_caller_gets_its_own_answer(database_url: str, writer: Writer) -> None:
    database = Database(database_url, writer=writer)
    answers = await asyncio.gather(*(database.write(add(f"k{n}")) for n in range(600)))
    assert answers == [f"k{n}" for n in range(600)]
    assert len(keys(database)) == 600
    await database.close()


@WRITERS
async def test_waiting_work_shares_a_commit(database_url: str, writer: Writer) -> None:
    database = Database(database_url, writer=writer)

    async def person(number: int) -> None:
        for turn in range(10):
            await database.write(add(f"{number}.{turn}"))

    await asyncio.gather(*(person(number) for number in range(64)))
    assert database.writes == 640
    assert database.writes / database.commits >= 20
    await database.close()


@WRITERS
async def test_work_runs_in_the_order_of_the_calls(database_url: str, writer: Writer) -> None:
    database = Database(database_url, writer=writer)
    order: list[int] = []

    def note(number: int) -> Callable[[Connection], None]:
        return lambda _: order.append(number)

    await asyncio.gather(*(database.write(note(number)) for number in range(700)))
    assert order == list(range(700))
    await database.close()


@WRITERS
async def test_one_failure_does_not_hurt_the_others(database_url: str, writer: Writer) -> None:
    database = Database(database_url, writer=writer)

    def half_done(connection: Connection) -> None:
        connection.run(ADD, ("half done", b""))
        raise LookupError("mine alone")

    first, failed, taken, last = await asyncio.gather(
        database.write(add("first")),
        database.write(half_done),
        database.write(add("first")),
        database.write(add("last")),
        return_exceptions=True,
    )
    assert (first, last) == ("first", "last")
    assert isinstance(failed, LookupError)
    assert isinstance(taken, Conflict)
    assert sorted(keys(database)) == ["first", "last"]
    assert database.commits == 1
    await database.close()


async def test_a_failure_undoes_what_a_session_wrote(database: Database) -> None:
    def work(connection: Connection) -> None:
        connection.session.add(Installation(key="lost", value=b""))
        connection.session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    await database.write(lambda c: c.session.add(Installation(key="kept", value=b"")))
    assert keys(database) == ["kept"]


async def test_a_session_that_cannot_be_flushed_is_a_conflict(database: Database) -> None:
    await database.write(add("taken"))
    with pytest.raises(Conflict):
        await database.write(lambda c: c.session.add(Installation(key="taken", value=b"")))
    assert await database.write(add("next")) == "next"


def test_a_conflict_names_the_rule_and_no_value(database: Database) -> None:
    secret = "13800138000"
    database.write_sync(add(secret))
    with pytest.raises(Conflict) as caught:
        database.write_sync(add(secret))
    error = caught.value
    assert error.constraint in {"installation.key", "pk_installation"}
    assert secret not in str(error) + repr(error.__cause__) + repr(error.__context__)


async def test_on_conflict_leaves_the_transaction_usable(database: Database) -> None:
    def twice(connection: Connection) -> int:
        return sum(connection.run(ADD_IF_NEW, ("once", b"")).rowcount for _ in range(2))

    assert await database.write(twice) == 1


async def test_a_stop_iteration_reaches_its_caller(database: Database) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await database.write(lambda _: next(iter(())))


async def test_a_cancelled_call_does_not_run(database: Database) -> None:
    waiting = asyncio.create_task(database.write(add("cancelled")))
    await asyncio.sleep(0)
    waiting.cancel()
    await database.write(add("after"))
    assert keys(database) == ["after"]


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises((sqlite3.OperationalError, psycopg.Error, StorageUnavailable)):
        await database.read(add("never"))
    assert keys(database) == []


async def test_a_reader_sees_one_moment(database: Database) -> None:
    started, go_on = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[int, int]:
        before = connection.run(COUNT).fetchone()[0]
        started.set()
        assert go_on.wait(10)
        return before, connection.run(COUNT).fetchone()[0]

    reading = asyncio.create_task(database.read(twice))
    await asyncio.to_thread(started.wait, 10)
    await database.write(add("meanwhile"))
    go_on.set()
    assert await reading == (0, 0)
    assert len(keys(database)) == 1


@WRITERS
async def test_closing_finishes_what_waits(database_url: str, writer: Writer) -> None:
    database = Database(database_url, writer=writer)
    waiting = [asyncio.create_task(database.write(add(f"k{n}"))) for n in range(300)]
    await asyncio.sleep(0)
    await database.close()
    assert [await task for task in waiting] == [f"k{n}" for n in range(300)]
    for late in (database.write(add("late")), database.read(lambda _: None)):
        with pytest.raises(StorageUnavailable):
            await late
    again = Database(database_url)
    assert len(keys(again)) == 300
    again.close_sync()


async def test_a_failing_commit_is_everybodys_failure(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.write(add("before"))

    def fails_at_commit(connection: Connection) -> None:
        run = connection.sqlalchemy.exec_driver_sql
        run("PRAGMA defer_foreign_keys = ON")
        run("INSERT INTO download VALUES (x'00', 999, 'export', '', NULL)")

    outcomes = await asyncio.gather(
        database.write(add("innocent")), database.write(fails_at_commit), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StorageUnavailable, StorageUnavailable]
    assert await database.write(add("after")) == "after"
    assert sorted(keys(database)) == ["after", "before"]
    await database.close()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to write beyond `size` in any file, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_takes_no_more_loses_nothing(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.write(add("before"))
    log = path_of(sqlite_url + "-wal")
    with largest_file(log.stat().st_size + 100):
        outcomes = await asyncio.gather(
            *(database.write(add(f"lost{n}")) for n in range(5)), return_exceptions=True
        )
        assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
        assert keys(database) == ["before"]
    assert await database.write(add("after")) == "after"
    assert sorted(keys(database)) == ["after", "before"]
    await database.close()


async def test_a_full_database_says_so_and_works_again_when_there_is_room(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await database.write(add("before"))

    def pages(limit: str) -> Callable[[Connection], int]:
        return lambda c: int(c.sqlalchemy.exec_driver_sql(f"PRAGMA max_page_count {limit}").scalar_one())

    used = await database.write(lambda c: c.sqlalchemy.exec_driver_sql("PRAGMA page_count").scalar_one())
    await database.write(pages(f"= {used}"))
    outcomes = await asyncio.gather(
        *(database.write(add(f"big{n}", bytes(200_000))) for n in range(3)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    assert {str(outcome) for outcome in outcomes} == {"database: SQLITE_FULL"}
    await database.write(pages("= 1000000"))
    assert await database.write(add("after", bytes(200_000))) == "after"
    assert sorted(keys(database)) == ["after", "before"]
    await database.close()


async def test_a_lock_held_too_long_is_reported_and_then_forgotten(sqlite_url: str) -> None:
    database = Database(sqlite_url, busy_timeout=50)
    await database.write(add("before"))
    other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="SQLITE_BUSY"):
        await database.write(add("locked out"))
    assert await database.read(lambda c: c.run(COUNT).fetchone()) == (1,)
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(add("after")) == "after"
    await database.close()


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="cannot create the database file"):
        Database(f"sqlite:///{tmp_path}/nowhere/jianxi.db")


def test_the_database_file_is_private(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")
    database.write_sync(lambda c: c.sqlalchemy.exec_driver_sql("CREATE TABLE t (x)"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}
    database.close_sync()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_sqlite_is_set_up_to_lose_nothing(sqlite_url: str, pragma: str, value: object) -> None:
    database = Database(sqlite_url)
    found = database.write_sync(lambda c: c.sqlalchemy.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())
    database.close_sync()
    assert found == value


@WRITERS
async def test_a_lost_connection_fails_the_batch_and_is_made_anew(
    postgresql_server: str, postgresql_url: str, writer: Writer
) -> None:
    database = Database(postgresql_url, writer=writer)
    await database.write(add("before"))

    def cut(connection: Connection) -> None:
        identity = connection.sqlalchemy.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with psycopg.connect(postgresql_server, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (identity,))
        connection.run(COUNT)

    outcomes = await asyncio.gather(
        database.write(add("innocent")),
        database.write(cut),
        database.write(add("behind")),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    assert await database.write(add("after")) == "after"
    assert sorted(keys(database)) == ["after", "before"]
    await database.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    for attempt in (database.write(add("k")), database.read(lambda c: c.run(COUNT))):
        with pytest.raises(StorageUnavailable):
            await attempt
    await database.close()


async def test_processes_taking_locks_in_opposite_order_do_not_deadlock(postgresql_url: str) -> None:
    one, other, third = (Database(postgresql_url) for _ in range(3))
    inside = threading.Event()

    def hold_until_both_wait(connection: Connection) -> None:
        inside.set()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        for _ in range(20_000):
            if connection.sqlalchemy.exec_driver_sql(waiting).scalar_one() == 2:
                return
        raise AssertionError("the two batches never waited")

    holding = asyncio.create_task(third.write(hold_until_both_wait, lock="middle"))
    await asyncio.to_thread(inside.wait, 10)
    orders = ((one, ["first", "middle", "last"]), (other, ["last", "middle", "first"]))
    batches = [
        database.write(add(f"{n}{lock}"), lock=lock)
        for n, (database, locks) in enumerate(orders)
        for lock in locks
    ]
    assert len(await asyncio.gather(*batches)) == 6
    await holding
    for database in (one, other, third):
        await database.close()


async def test_a_lock_keeps_other_processes_out_until_the_commit(postgresql_url: str) -> None:
    one, other = Database(postgresql_url), Database(postgresql_url, busy_timeout=100)
    inside, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        inside.set()
        assert leave.wait(10)

    holding = asyncio.create_task(one.write(slow, lock="li"))
    await asyncio.to_thread(inside.wait, 10)
    with pytest.raises(StorageUnavailable):
        await other.write(add("same lock"), lock="li")
    assert await other.write(add("another lock"), lock="wang") == "another lock"
    leave.set()
    await holding
    assert await other.write(add("now"), lock="li") == "now"
    await one.close()
    await other.close()


async def test_a_hidden_failed_statement_is_refused_on_postgresql(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    await database.write(add("taken"))

    def hides(connection: Connection) -> None:
        with pytest.raises(psycopg.IntegrityError):
            connection.run(ADD, ("taken", b""))

    with pytest.raises(RuntimeError, match="ON CONFLICT"):
        await database.write(hides)
    assert await database.write(add("after")) == "after"
    await database.close()
