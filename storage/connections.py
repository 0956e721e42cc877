"""Connections: how each engine is opened, and the one object through which storage code speaks to it.

A `Connection` lives as long as its writer or reader thread. Around each piece of work stands a savepoint,
around a batch of them one transaction; both are commanded here as plain SQL, so that the fast statements and
a SQLModel session share the same transaction.
"""

import os
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection as CoreConnection
from sqlalchemy import Engine, NullPool, RootTransaction, create_engine, event, make_url
from sqlmodel import Session

from storage.errors import Conflict, StorageUnavailable
from storage.statements import DecodedRows, Rows, Statement, to_json

T = TypeVar("T")

DRIVER_ERRORS: Final = (sqlite3.Error, psycopg.Error)

CACHE_KIB: Final = 64 * 1024
"""Pages of an SQLite file that the writer keeps in memory."""

CHECKPOINT_PAGES: Final = 8000
"""Pages (4 KiB each) in the write-ahead log after which SQLite copies them back into the file."""


def open_engine(url: str, *, busy_timeout: int, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """Return an engine for `url` whose connections are set up for this product.

    `busy_timeout` (milliseconds) is how long a statement waits for a lock of another process. The
    engine keeps no pool: whoever opens a connection keeps it. Accepts `postgresql://…` and `sqlite:///file`.
    """
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        arguments: dict[str, Any] = {"connect_timeout": 5}
        setup = [f"SET lock_timeout = {int(busy_timeout)}", "SET TIME ZONE 'UTC'"]
    else:
        if not address.database or address.database == ":memory:":
            raise ValueError("SQLite needs a file: sqlite:////path/to/file.db")
        _keep_private(address.database)
        arguments = {"check_same_thread": False, "isolation_level": None, "cached_statements": 512}
        setup = [
            f"PRAGMA busy_timeout = {int(busy_timeout)}",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            f"PRAGMA query_only = {'ON' if read_only else 'OFF'}",
        ]
        if not read_only:
            # A turn touches a dozen pages all over the file: keep those of the people who are talking now, and
            # copy the log back into the file seldom enough that most of its pages have changed more than once.
            setup += [f"PRAGMA cache_size = -{CACHE_KIB}", f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"]
    # hide_parameters: an error of SQLAlchemy would otherwise carry the values into logs.
    engine = create_engine(
        address, poolclass=NullPool, hide_parameters=True, json_serializer=to_json, connect_args=arguments
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: sqlite3.Connection, _record: object) -> None:
        for line in setup:
            driver.execute(line)
        driver.commit()

    return engine


def _keep_private(path: str) -> None:
    """Make a new SQLite file readable by its owner alone; its -wal and -shm files follow it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageUnavailable(f"cannot create the database file: {error.strerror}") from error


class Connection:
    """One connection inside a transaction, as the functions given to `Database` receive it.

    `run` is the fast way; `session` and `sqlalchemy` reach the same transaction for rarer work. Do not commit
    or roll back here: the writer does. A function that must go back raises.
    """

    def __init__(self, engine: Engine, *, begin: str) -> None:
        self._core = engine.connect()
        self.engine_name: Final = engine.dialect.name
        driver: Any = self._core.connection.driver_connection
        self._driver = driver
        self._begin = begin
        self._command: Callable[[str], object]
        self._execute: Callable[[str, Sequence[Any]], Rows]
        if self.engine_name == "sqlite":
            self._command = self._execute = driver.execute
        else:
            self._command = self._postgresql_command
            self._execute = self._postgresql_execute
        self._root: RootTransaction | None = None
        self._session: Session | None = None
        self._kept = False

    def run(self, statement: Statement, parameters: Sequence[Any] = ()) -> Rows:
        """Run `statement` with the values of its names, in order; return a cursor of plain tuples.

        Objects waiting in `session` are not seen before `session.flush()`.
        """
        text, arrange, decoders = statement.plan(self.engine_name)
        cursor = self._execute(text, parameters if arrange is None else arrange(parameters))
        return cursor if decoders is None else DecodedRows(cursor, decoders)

    def run_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> None:
        """Run `statement` once for each of `rows`, in one call of the driver: for bulk work."""
        text, arrange, _ = statement.plan(self.engine_name)
        values = rows if arrange is None else [arrange(row) for row in rows]
        if not values:
            return
        if self.engine_name == "sqlite":
            self._driver.executemany(text, values)
        else:
            psycopg.RawCursor(self._driver).executemany(text, values)

    def run_text(self, text: str, parameters: Sequence[Any]) -> Rows:
        """Run SQL written for this engine with values ready for its driver; see `storage.bulk`."""
        return self._execute(text, parameters)

    def add(self, statement: Statement, parameters: Sequence[Any]) -> int:
        """Run an INSERT of one row that has a `new_id`; return that id."""
        text, arrange, _ = statement.plan(self.engine_name)
        cursor: Any = self._execute(text, parameters if arrange is None else arrange(parameters))
        new_id: int = cursor.lastrowid if self.engine_name == "sqlite" else cursor.fetchone()[0]
        return new_id

    @property
    def sqlalchemy(self) -> CoreConnection:
        """The SQLAlchemy connection of this transaction."""
        if self._root is None:
            self._root = self._core.begin()
        return self._core

    @property
    def session(self) -> Session:
        """A SQLModel session of this transaction, flushed when the function returns.

        Its objects stay readable afterwards.
        """
        if self._session is None:
            self._session = Session(
                bind=self.sqlalchemy, join_transaction_mode="create_savepoint", expire_on_commit=False
            )
        return self._session

    def begin(self, locks: Iterable[Hashable] = ()) -> None:
        """Open the transaction; on PostgreSQL take `locks`, in one order for all processes."""
        self._kept = False
        self._command(self._begin)
        keys = sorted({_lock_number(lock) for lock in locks}) if self.engine_name != "sqlite" else ()
        if keys:
            self._execute(
                "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k", (list(keys),)
            ).fetchall()

    def try_lock(self, lock: Hashable) -> bool:
        """Take a lock until the commit if no other process holds it; returns whether it could be had."""
        if self.engine_name == "sqlite":
            return True
        row = self._execute("SELECT pg_try_advisory_xact_lock($1::bigint)", (_lock_number(lock),)).fetchone()
        return bool(row[0])

    def attempt(self, work: Callable[["Connection"], T]) -> T:
        """Run `work` in a savepoint of its own.

        Raises what `work` raised, after undoing what it did; errors of the driver as `Conflict` or
        `StorageUnavailable`. `lost` tells afterwards whether the whole transaction went with it.
        """
        self._command("RELEASE SAVEPOINT work; SAVEPOINT work" if self._kept else "SAVEPOINT work")
        self._kept = False
        try:
            result = work(self)
            if self._session is not None:
                self._session.commit()  # releases the session's savepoint; ours goes on
                self._close_session()
            self._release()
        except BaseException as error:  # also a KeyboardInterrupt must be undone
            self._undo()
            failure = translate(error)
        else:
            return result
        raise failure  # out of the handler: its context would carry the driver's text, with values

    @property
    def lost(self) -> bool:
        """Whether the transaction is gone: the engine rolled it back, or the connection broke."""
        if self.engine_name == "sqlite":
            return not self._driver.in_transaction
        return bool(self._driver.pgconn.transaction_status != TransactionStatus.INTRANS)

    def commit(self) -> None:
        """Commit the transaction; raises the driver's error when that fails."""
        if self._root is None:
            self._command("COMMIT")
        else:
            self._root.commit()
            self._root = None  # only now: a commit that failed must still be rolled back through it

    def roll_back(self) -> bool:
        """Leave the transaction, whatever its state; return whether the connection can be used again."""
        try:
            if self._root is not None:
                root, self._root = self._root, None
                root.rollback()
            if self.engine_name != "sqlite" or self._driver.in_transaction:
                self._command("ROLLBACK")
        except Exception:  # any failure here has one answer: a new connection
            return False
        return self.engine_name == "sqlite" or not self._driver.closed

    def close(self) -> None:
        """Close the connection; an open transaction is lost."""
        self._close_session()
        self._core.close()

    def _release(self) -> None:
        if self.engine_name == "sqlite":
            self._command("RELEASE SAVEPOINT work")
        elif self.lost:
            raise RuntimeError("the work hid a failed statement; let the error pass, or use ON CONFLICT")
        else:
            self._kept = True  # released along with the next command, which saves a round trip

    def _undo(self) -> None:
        self._close_session()
        try:
            self._command("ROLLBACK TO SAVEPOINT work")
            self._command("RELEASE SAVEPOINT work")
        except DRIVER_ERRORS:
            return  # the transaction is gone; `lost` says so

    def _close_session(self) -> None:
        if self._session is None:
            return
        session, self._session = self._session, None
        with suppress(Exception):  # on a broken connection; `lost` tells the writer
            session.close()

    def _postgresql_execute(self, text: str, parameters: Sequence[Any]) -> Rows:
        cursor = psycopg.RawCursor(self._driver)
        cursor.execute(text, parameters)
        return cursor

    def _postgresql_command(self, text: str) -> None:
        """Run a command without the parsing of a cursor; several in one text take one round trip."""
        result = self._driver.pgconn.exec_(text.encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)


def _lock_number(lock: Hashable) -> int:
    """Turn a key into the signed 64-bit number that PostgreSQL locks, alike in every process."""
    return int.from_bytes(blake2b(repr(lock).encode(), digest_size=8).digest(), "big", signed=True)


_SQL_IS_WRONG: Final = 1  # SQLITE_ERROR: a fault of the program, not of the database's state


def translate(error: BaseException) -> BaseException:
    """Return the storage error for an error of a driver or of SQLAlchemy; other errors as they are."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.IntegrityError):
        return Conflict(str(cause), str(cause).partition(": ")[2])
    if isinstance(cause, psycopg.IntegrityError):
        # The driver's text quotes the values of the row: only the name of the rule may leave.
        name = cause.diag.constraint_name or cause.sqlstate or ""
        return Conflict(f"constraint failed: {name}", name)
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode == _SQL_IS_WRONG:
        return error
    if isinstance(cause, sqlite3.DatabaseError) and hasattr(cause, "sqlite_errorname"):
        return _caused_by(StorageUnavailable(f"database: {cause.sqlite_errorname}"), cause)
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        reason = cause.sqlstate or "connection lost"
        return _caused_by(StorageUnavailable(f"database: {reason}"), cause)
    return error


def _caused_by(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error
