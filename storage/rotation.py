"""Keys and the database: the check at start-up, and changing to a fresh key while serving (密钥轮换).

A rotation goes in steps with a pause between, so that no process meets a key it does not know: the fresh key
is added to the file; when every process can read it, it becomes current; when every process seals with it,
stored values are sealed anew, a few rows a transaction. Lookups by keyed hash try every key all the while.
The old key stays in the file (it may still have signed tokens) until `forget_key` finds nothing that needs it.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, RowMapping, Table, and_, bindparam, delete, func, or_, select, update

from storage.columns import Base, IndexColumn, SealedColumn
from storage.database import Connection, Database, Statement, insert
from storage.errors import Conflict, SealBroken, StorageUnavailable, WrongKey
from storage.keys import KeyFile, add_key, make_current
from storage.sealing import NOTICE_SECONDS, Sealer, prefix_of
from storage.tables import INDEX_COLUMNS, SEALED_COLUMNS, Installation, Message, Person, core

CHECK_TEXT: Final = b"jianxi key check"
CHECK_CONTEXT: Final = b"installation.value"
CHECK_NAME: Final = "key_check:"

ROWS_A_BATCH: Final = 100
"""Small, because on SQLite the server waits while another process writes a batch."""

WAITS: Final = 30
WAIT_SECONDS: Final = 1.0
"""How often, and after what pause, a row that is held is asked for again: no turn takes so long."""

_installation = core(Installation)
_CHECKS: Final = Statement(
    select(_installation.c.key, _installation.c.value).where(_installation.c.key.like(f"{CHECK_NAME}%"))
)
_ADD_CHECK: Final = Statement(insert(_installation).on_conflict_do_nothing(), "key", "value")
_FORGET_CHECK: Final = Statement(
    delete(_installation).where(_installation.c.key == bindparam("name")), "name"
)


def check_keys(connection: Connection, sealer: Sealer) -> None:
    """Make sure that `sealer` holds the keys of this database, before anything is written.

    An empty database takes note of the keys. Raises `WrongKey`, touching nothing, when a key is missing or
    another, or when data is there but no note of its key.
    """
    stored = {str(name).removeprefix(CHECK_NAME): value for name, value in connection.run(_CHECKS)}
    for key_id, value in stored.items():
        if not _opens(sealer, value):
            raise WrongKey(
                f"密钥文件与这个数据库不符（密钥 {key_id}）：请恢复原来的密钥文件，数据没有改动。"
                f"The key file does not fit this database (key {key_id}): restore the right file. "
                "No data was touched."
            )
    if not stored and _holds_data(connection):
        raise WrongKey(
            "数据库里有数据，却没有密钥记录：请恢复完整的数据库备份。"
            "The database holds data but no note of its keys: restore a complete backup."
        )
    for key_id in sealer.ring.ids:
        if key_id not in stored:
            value = sealer.seal_under(key_id, CHECK_TEXT, CHECK_CONTEXT)
            connection.run(_ADD_CHECK, (CHECK_NAME + key_id, value))


def _opens(sealer: Sealer, value: bytes) -> bool:
    try:
        return sealer.open(value, CHECK_CONTEXT) == CHECK_TEXT
    except (SealBroken, WrongKey):
        return False


def _holds_data(connection: Connection) -> bool:
    return any(
        connection.sqlalchemy.execute(select(core(table).c.id).limit(1)).first() is not None
        for table in (Person, Message)
    )


async def rotate(
    database: Database,
    keys: KeyFile,
    *,
    pause: float = 3 * NOTICE_SECONDS,
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> str:
    """Change to a fresh key and seal everything anew; return the new key's id. Servers may run meanwhile.

    `pause` (seconds) is how long other processes get to notice a changed key file. `progress` hears of each
    batch: the table and how many of its rows were sealed anew. After an interruption, `reseal` finishes.
    """
    key_id = await asyncio.to_thread(add_key, keys.path)
    sealer = Sealer(keys)
    sealer.refresh()
    await database.write(lambda connection: check_keys(connection, sealer))
    await asyncio.sleep(pause)
    await asyncio.to_thread(make_current, keys.path, key_id)
    sealer.refresh()
    await asyncio.sleep(pause)
    await reseal(database, sealer, progress=progress)
    return key_id


async def reseal(
    database: Database,
    sealer: Sealer,
    *,
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> int:
    """Seal under the current key whatever is sealed under another; return the number of rows changed.

    Rows that somebody else holds are passed over and come in the next round. It ends with a round that waits for
    every row and finds nothing.
    """
    total = 0
    for table in _sealed_tables():
        passing, changed = True, True
        while passing or changed:
            # A round that found nothing may have passed over rows that a turn held all the while: one more, waiting.
            passing = changed
            changed, after = False, 0
            while True:
                seen, count = await _batch(database, _Batch(table, sealer, after, passing=passing))
                if seen is None:
                    break
                after, total, changed = seen, total + count, changed or count > 0
                progress(table.name, count)
                await asyncio.sleep(0)  # a running server's turns come between
    return total


async def _batch(database: Database, work: "_Batch") -> tuple[int | None, int]:
    """A batch, again while somebody holds a row of it for longer than the database lets anybody wait."""
    for _ in range(WAITS):
        try:
            return await database.write(work)
        except StorageUnavailable:
            await asyncio.sleep(WAIT_SECONDS)
    return await database.write(work)


class _Batch:
    """One transaction's worth of `reseal`: the rows of a table after a given identity."""

    def __init__(self, table: Table, sealer: Sealer, after: int, *, passing: bool) -> None:
        """`passing`: rows that somebody else holds are passed over."""
        self.table, self.sealer, self.after, self.passing = table, sealer, after, passing
        self.sealed = [sealed for sealed in SEALED_COLUMNS if sealed.table == table.name]
        self.indexed = [indexed for indexed in INDEX_COLUMNS if indexed.table == table.name]

    def __call__(self, connection: Connection) -> tuple[int | None, int]:
        """Return the last identity seen (None: no row was left) and how many rows were changed."""
        table, [identity] = self.table, self.table.primary_key
        names = [sealed.column for sealed in self.sealed] + [indexed.column for indexed in self.indexed]
        columns = [table.c[name] for name in names]
        chosen = select(identity, *columns).where(identity > self.after)
        if not self.indexed:  # a hash does not tell its key: those rows are all looked at
            chosen = chosen.where(_under_other_keys(table, self.sealed, self.sealer.ring.current))
        chosen = chosen.order_by(identity).limit(ROWS_A_BATCH).with_for_update(skip_locked=self.passing)
        rows = connection.sqlalchemy.execute(chosen).mappings().all()
        count = 0
        for row in rows:
            fresh = self._fresh(row)
            if fresh:
                connection.sqlalchemy.execute(
                    update(table).where(identity == row[identity.name]).values(fresh)
                )
                count += 1
        return (int(rows[-1][identity.name]) if rows else None), count

    def _fresh(self, row: RowMapping) -> dict[str, bytes]:
        """Return the columns of `row` that change."""
        fresh: dict[str, bytes] = {}
        for sealed in self.sealed:
            value = row[sealed.column]
            if value is not None and self.sealer.needs_resealing(value):
                opened = self.sealer.open(value, sealed.context)
                fresh[sealed.column] = self.sealer.seal(opened, sealed.context)
        for indexed in self.indexed:
            if row[indexed.column] is not None:
                hashed = self.sealer.index(self._source_text(indexed, row), indexed.scope)
                if hashed != row[indexed.column]:
                    fresh[indexed.column] = hashed
        return fresh

    def _source_text(self, indexed: IndexColumn, row: RowMapping) -> str:
        context = SealedColumn(indexed.table, indexed.source).context
        text = self.sealer.open_text(row[indexed.source], context)
        return text if indexed.member is None else str(json.loads(text)[indexed.member])


def uses_of_key(connection: Connection, key_id: str) -> int:
    """Count the stored values that only `key_id` can open; reads every row."""
    prefix = prefix_of(key_id)
    return sum(
        connection.sqlalchemy.execute(
            select(func.count()).where(func.substr(column, 1, len(prefix)) == prefix)
        ).scalar_one()
        for column in (core_column(sealed) for sealed in SEALED_COLUMNS)
    )


def forget_key(connection: Connection, key_id: str) -> None:
    """Drop the note of a key, so that it can be taken out of the file; `Conflict` while values need it."""
    needed = uses_of_key(connection, key_id)
    if needed:
        raise Conflict(f"key {key_id} is still needed by {needed} values: run `jianxi keys rotate` first")
    connection.run(_FORGET_CHECK, (CHECK_NAME + key_id,))


def core_column(sealed: SealedColumn) -> Column[Any]:
    """Return the Core column of a declaration."""
    return Base.metadata.tables[sealed.table].c[sealed.column]


def _sealed_tables() -> Sequence[Table]:
    names: Mapping[str, None] = dict.fromkeys(sealed.table for sealed in SEALED_COLUMNS)
    return [Base.metadata.tables[name] for name in names]


def _under_other_keys(table: Table, sealed: Sequence[SealedColumn], current: str) -> Any:  # noqa: ANN401
    prefix = prefix_of(current)
    return or_(
        *(
            and_(
                table.c[declared.column].is_not(None),
                func.substr(table.c[declared.column], 1, len(prefix)) != prefix,
            )
            for declared in sealed
        )
    )
