"""Keys and the database: the check at start-up, and rotation while people go on writing."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, select, text, update

from storage.database import Connection, Database, Statement
from storage.errors import Conflict, WrongKey
from storage.keys import KeyFile, add_key, create_key_file, make_current, remove_key
from storage.rotation import (
    ROWS_A_BATCH,
    check_keys,
    core_column,
    forget_key,
    reseal,
    rotate,
    uses_of_key,
)
from storage.sealing import Sealer
from storage.tables import (
    SEALED_COLUMNS,
    Contact,
    DialogSession,
    Installation,
    Person,
    RegisterEntry,
    core,
)
from tests.storage import rows

session = core(DialogSession)
STATE = b"session.state_sealed"
READ = Statement(select(session.c.state_sealed).where(session.c.contact_id == bindparam("who")), "who")
LOCK = Statement(
    select(session.c.contact_id).where(session.c.contact_id == bindparam("who")).with_for_update(), "who"
)
KEEP = Statement(update(session).where(session.c.contact_id == bindparam("who")), "state_sealed", "who")


def another_sealer(folder: Path) -> Sealer:
    path = folder / "another.key"
    create_key_file(path)
    return Sealer(KeyFile(path))


def checks(connection: Connection) -> int:
    return connection.sqlalchemy.execute(select(func.count()).select_from(core(Installation))).scalar_one()


def test_an_empty_database_takes_note_of_the_key(database: Database, sealer: Sealer) -> None:
    for _ in range(2):
        database.write_sync(lambda c: check_keys(c, sealer))
    assert database.read_sync(checks) == 1


def test_another_key_of_the_same_name_is_refused_and_changes_nothing(
    database: Database, sealer: Sealer, tmp_path: Path
) -> None:
    database.write_sync(lambda c: check_keys(c, sealer))
    other = another_sealer(tmp_path)
    with pytest.raises(WrongKey, match=r"恢复.*密钥文件"):
        database.write_sync(lambda c: check_keys(c, other))
    assert database.read_sync(checks) == 1
    database.write_sync(lambda c: check_keys(c, sealer))


def test_a_ring_that_has_lost_a_key_is_refused(database: Database, key_file: KeyFile) -> None:
    make_current(key_file.path, add_key(key_file.path))
    database.write_sync(lambda c: check_keys(c, Sealer(KeyFile(key_file.path))))
    remove_key(key_file.path, "k1")
    with pytest.raises(WrongKey, match="k1"):
        database.write_sync(lambda c: check_keys(c, Sealer(KeyFile(key_file.path))))


def test_data_without_a_note_of_its_key_is_refused(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: rows.person(c, sealer))
    with pytest.raises(WrongKey, match="数据库里有数据"):
        database.write_sync(lambda c: check_keys(c, sealer))
    assert database.read_sync(checks) == 0


def fill(connection: Connection, sealer: Sealer) -> tuple[int, int]:
    ids = rows.registered(connection, sealer)
    connection.session.add(
        RegisterEntry(
            register_name="real-name",
            id_number_index=sealer.index("440106199901010014", "id_number"),
            name_index=sealer.index("张伟", "name"),
            data_sealed=sealer.seal(
                '{"name": "张伟", "id_number": "440106199901010014"}', b"register_entry.data_sealed"
            ),
            at=rows.NOON,
        )
    )
    return ids


async def test_rotation_seals_every_value_and_hash_anew(database: Database, key_file: KeyFile) -> None:
    sealer = Sealer(key_file)
    await database.write(lambda c: check_keys(c, sealer))
    _, person_id = await database.write(lambda c: fill(c, sealer))
    old = sealer.index("张伟", "name")
    assert await rotate(database, key_file, pause=0) == "k2"

    def everything(connection: Connection) -> list[bytes]:
        columns = (core_column(sealed) for sealed in SEALED_COLUMNS)
        found = (connection.sqlalchemy.scalars(select(column)).all() for column in columns)
        return [value for values in found for value in values if value is not None]

    sealer.refresh()
    values = await database.read(everything)
    assert len(values) >= 8
    assert not any(sealer.needs_resealing(value) for value in values)
    person = await database.read(lambda c: c.session.get_one(Person, person_id))
    entry = await database.read(lambda c: c.session.scalars(select(RegisterEntry)).one())
    assert sealer.open_text(person.name_sealed, b"person.name_sealed") == "张伟"
    assert sealer.index("张伟", "name") != old
    assert person.name_index == entry.name_index == sealer.index("张伟", "name")
    assert person.id_number_index == entry.id_number_index == sealer.index("440106199901010014", "id_number")
    assert person.phone_index == sealer.index("13800138000", "phone")
    assert await reseal(database, sealer) == 0


async def test_a_rotation_that_was_interrupted_is_finished_later(
    database: Database, key_file: KeyFile
) -> None:
    sealer = Sealer(key_file)
    count = 2 * ROWS_A_BATCH + 7
    await database.write(lambda c: [sessions_row(c, sealer, n) for n in range(count)])
    make_current(key_file.path, add_key(key_file.path))
    sealer.refresh()

    def stop(table: str, done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reseal(database, sealer, progress=stop)
    assert await database.read(lambda c: uses_of_key(c, "k1")) == count - ROWS_A_BATCH
    assert await reseal(database, sealer) == count - ROWS_A_BATCH
    assert await database.read(lambda c: uses_of_key(c, "k1")) == 0


async def test_rotation_while_people_write_loses_no_answer(database_url: str, key_file: KeyFile) -> None:
    """A server with its own view of the key file and its own connection goes on answering meanwhile."""
    serving, rotating = Database(database_url), Database(database_url)
    sealer = Sealer(key_file)
    people = await serving.write(lambda c: [sessions_row(c, sealer, n) for n in range(150)])
    await serving.write(lambda c: check_keys(c, sealer))
    written = dict.fromkeys(people, 0)
    talking, finished = asyncio.Event(), asyncio.Event()

    async def talk(contact_id: int) -> None:
        while not finished.is_set():
            await serving.write(lambda c: turn(c, contact_id))
            written[contact_id] += 1
            talking.set()

    eager = Sealer(KeyFile(key_file.path))

    def turn(connection: Connection, contact_id: int) -> None:
        # Another server that has noticed the new key already: what it stores, we must find.
        eager.refresh()
        assert eager.index("13800138000", "phone") in sealer.indexes("13800138000", "phone")
        (stored,) = connection.run(READ, (contact_id,)).fetchone()
        number = int(sealer.open_text(stored, STATE)) + 1
        connection.run(KEEP, (sealer.seal(str(number), STATE), contact_id))

    async def change_keys() -> None:
        await talking.wait()
        await rotate(rotating, KeyFile(key_file.path), pause=1.1)
        finished.set()

    await asyncio.gather(change_keys(), *(talk(contact_id) for contact_id in people[::5]))
    stored = await serving.read(lambda c: c.session.scalars(select(DialogSession)).all())
    assert {row.contact_id: int(sealer.open_text(row.state_sealed, STATE)) for row in stored} == written
    assert await serving.read(lambda c: uses_of_key(c, "k1")) == 0
    assert sealer.ring.current == "k2"
    await serving.close()
    await rotating.close()


def sessions_row(connection: Connection, sealer: Sealer, number: int) -> int:
    contact = Contact(channel="web", address=str(number), created_at=rows.NOON)
    connection.session.add(contact)
    connection.session.flush()
    assert contact.id is not None
    connection.session.add(
        DialogSession(
            contact_id=contact.id,
            dialog="home",
            step="menu",
            version=1,
            state_sealed=sealer.seal("0", STATE),
            updated_at=rows.NOON,
        )
    )
    return contact.id


async def test_rows_that_a_turn_holds_come_in_a_later_round(postgresql_url: str, key_file: KeyFile) -> None:
    serving, rotating = Database(postgresql_url), Database(postgresql_url, busy_timeout=500)
    sealer = Sealer(key_file)
    [held, free] = await serving.write(lambda c: [sessions_row(c, sealer, n) for n in range(2)])
    make_current(key_file.path, add_key(key_file.path))
    sealer.refresh()
    rounds: list[int] = []
    holding, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow_turn(connection: Connection) -> None:
        assert connection.run(LOCK, (held,)).fetchone()
        loop.call_soon_threadsafe(holding.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result(10)

    async def leave_when_waited_for() -> None:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not await serving.read(lambda c: c.sqlalchemy.execute(waiting).scalar_one()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the server tells nobody when it makes somebody wait
        leave.set()

    turn = asyncio.create_task(serving.write(slow_turn))
    await holding.wait()
    leaving = asyncio.create_task(leave_when_waited_for())
    await reseal(rotating, sealer, progress=lambda table, count: rounds.append(count))
    await asyncio.gather(turn, leaving)
    assert rounds == [1, 1]  # the free row, and when nothing else was left, the one that was held
    assert await serving.read(lambda c: uses_of_key(c, "k1")) == 0
    assert free != held
    await serving.close()
    await rotating.close()


async def test_a_key_is_forgotten_only_when_nothing_needs_it(database: Database, key_file: KeyFile) -> None:
    sealer = Sealer(key_file)
    await database.write(lambda c: check_keys(c, sealer))
    await database.write(lambda c: rows.person(c, sealer))
    make_current(key_file.path, add_key(key_file.path))
    sealer.refresh()
    await database.write(lambda c: check_keys(c, sealer))
    with pytest.raises(Conflict, match="needed by 3 values"):
        await database.write(lambda c: forget_key(c, "k1"))
    await reseal(database, sealer)
    await database.write(lambda c: forget_key(c, "k1"))
    remove_key(key_file.path, "k1")
    await database.write(lambda c: check_keys(c, Sealer(KeyFile(key_file.path))))
