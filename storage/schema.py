"""The schema (表结构): which version the tables have, and bringing them to the version of this program.

Migrations run in one transaction with an exclusive lock, so that several processes may start at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from storage.connections import open_engine, translate
from storage.errors import SchemaOutdated, StorageUnavailable

MIGRATIONS: Final = Path(__file__).with_name("migrations")

# Any number, as long as every process of this product uses the same one.
_LOCK: Final = "SELECT pg_advisory_xact_lock(20230427)"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The version of the tables (None: no tables yet) and the version this program needs."""

    current: str | None
    head: str

    @property
    def up_to_date(self) -> bool:
        """Whether the program can work on these tables."""
        return self.current == self.head


def migrate(target: str | Engine, revision: str = "head") -> SchemaState:
    """Bring the tables up to `revision`; do nothing when they are there. `target` is a URL or an engine.

    Raises `StorageUnavailable` when the database cannot be reached, `SchemaOutdated` when its tables come
    from a newer program.
    """
    return _apply(target, command.upgrade, revision)


def revert(target: str | Engine, revision: str) -> SchemaState:
    """Take the tables back to `revision` ("base": none at all). Data of the dropped columns is lost."""
    return _apply(target, command.downgrade, revision)


def schema_state(target: str | Engine) -> SchemaState:
    """Tell the version of the tables and the version needed; changes nothing."""
    with _connection(target, foreign_keys=True) as connection:
        return _state(connection)


def require_schema(target: str | Engine) -> None:
    """Raise `SchemaOutdated` unless the tables have the version of this program."""
    state = schema_state(target)
    if not state.up_to_date:
        raise SchemaOutdated(
            f"数据库表结构是 {state.current or '空的'}，程序需要 {state.head}：请执行 jianxi migrate。"
            f"The tables are at {state.current}, the program needs {state.head}: run `jianxi migrate`."
        )


def _apply(target: str | Engine, step: Callable[[Config, str], Any], revision: str) -> SchemaState:
    # Foreign keys are off meanwhile: SQLite changes a table by making it anew and dropping the old one, which
    # would delete the rows that refer to it.
    with _connection(target, foreign_keys=False) as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN EXCLUSIVE" if sqlite else _LOCK)
        state = _state(connection)
        if state.current is not None and state.current not in _versions(MIGRATIONS)[1]:
            raise SchemaOutdated(
                f"数据库来自更新的程序（{state.current}）：请更新程序。"
                f"The tables come from a newer program ({state.current}): update the program."
            )
        if step is command.upgrade and revision == "head" and state.up_to_date:
            connection.rollback()  # every start comes here: reading all the scripts would cost it half a second
            return state
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        step(config, revision)
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
            raise StorageUnavailable(f"the migration would leave rows of {broken[0]} without their owner")
        state = _state(connection)
        connection.commit()
        return state


@lru_cache(maxsize=8)
def _versions(folder: Path) -> tuple[str | None, frozenset[str]]:
    """The newest version that the scripts of a folder lead to, and all that they know."""
    scripts = ScriptDirectory(str(folder))
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def _state(connection: Connection) -> SchemaState:
    head, _ = _versions(MIGRATIONS)
    if head is None:
        raise SchemaOutdated("the program lacks its migrations: install it again")
    return SchemaState(MigrationContext.configure(connection).get_current_revision(), head)


@contextmanager
def _connection(target: str | Engine, *, foreign_keys: bool) -> Iterator[Connection]:
    engine = target if isinstance(target, Engine) else open_engine(target, busy_timeout=60_000)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                switch = "ON" if foreign_keys else "OFF"
                connection.exec_driver_sql(f"PRAGMA foreign_keys = {switch}")
            try:
                yield connection
            finally:
                connection.rollback()
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    except DBAPIError as error:
        raise translate(error) from error
