"""The database: one writer with group commit, a few readers, and the moment when work counts as stored.

A commit costs a disk synchronisation, far more than the statements of a turn. So work is queued; the writer
takes all that waits (at most `BATCH`), runs each piece in its own savepoint inside one transaction, commits
once, and only then answers everybody. What `write` has returned is on the disk; what raised left no trace.

SQLite writes inside the event loop (waking a thread costs more than the work), PostgreSQL in one thread
(its round trips would hold the loop); `writer=` chooses otherwise.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeVar

from storage.connections import DRIVER_ERRORS, Connection, open_engine, translate
from storage.errors import StorageUnavailable
from storage.statements import Rows, Statement, insert

__all__ = ["Connection", "Database", "Rows", "Statement", "insert"]

T = TypeVar("T")
Work = Callable[[Connection], Any]

BATCH: Final = 256
"""Most pieces of work in one transaction: bounds the time a commit can keep others waiting."""

QUIET_PASSES: Final = 2
"""Passes of the event loop without new work after which a batch is taken: a request needs two to get here."""

MOST_PASSES: Final = 16
"""Most passes that a batch waits for more; each takes as long as reading what has arrived."""

READERS: Final = 4


class _Job(NamedTuple):
    work: Work
    lock: Hashable | None
    answer: "asyncio.Future[Any]"


class _Raised(NamedTuple):
    error: BaseException


class Database:
    """A database address with its writer and readers; opened at first use.

    `busy_timeout` is in milliseconds. `commits` and `writes` count what was committed, for metrics.
    """

    def __init__(
        self, url: str, *, writer: Literal["inline", "thread"] | None = None, busy_timeout: int = 5000
    ) -> None:
        self.url: Final = url
        self.busy_timeout: Final = busy_timeout
        self.commits = 0
        self.writes = 0
        self._engine = open_engine(url, busy_timeout=busy_timeout)
        self._reading_engine = open_engine(url, busy_timeout=busy_timeout, read_only=True)
        self.engine_name: Final = self._engine.dialect.name
        threaded = (writer or ("inline" if self.engine_name == "sqlite" else "thread")) == "thread"
        self._thread = ThreadPoolExecutor(1, "storage-writer") if threaded else None
        self._readers = ThreadPoolExecutor(READERS, "storage-reader")
        self._reading = threading.local()
        self._open_readers: list[Connection] = []
        self._writing: Connection | None = None
        self._guard = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._busy = False
        self._closed = False

    async def write(self, work: Callable[[Connection], T], *, lock: Hashable | None = None) -> T:
        """Run `work` in the next transaction; return its value once it is committed.

        On PostgreSQL `lock` (a string, number or tuple of them) keeps other processes from running work with
        an equal lock until the commit; SQLite has one writer at a time anyway. Work runs in the order of the
        calls. Raises what `work` raised, with nothing stored; `StorageUnavailable` when the database could
        not take the batch. Cancelling the call before its turn removes the work from the queue.
        """
        self._refuse_when_closed()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Job(work, lock, answer))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._gather, 0)
        return await answer

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a reader thread, inside a transaction that cannot write and sees one moment."""
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_sync, work)

    def write_sync(self, work: Callable[[Connection], T], *, lock: Hashable | None = None) -> T:
        """As `write`, at once and in this thread: for the command line and tests."""
        self._refuse_when_closed()
        [outcome] = self._run_batch([work], [lock])
        if isinstance(outcome, _Raised):
            raise outcome.error
        result: T = outcome
        return result

    def read_sync(self, work: Callable[[Connection], T]) -> T:
        """As `read`, in this thread."""
        self._refuse_when_closed()
        try:
            connection = self._reader()
            connection.begin()
        except Exception as error:
            self._drop_reader()
            raise _unavailable(error) from error
        try:
            return connection.attempt(work)
        finally:
            if not connection.roll_back():
                self._drop_reader()

    async def close(self) -> None:
        """Finish the work that waits, then close; later calls raise `StorageUnavailable`."""
        self._closed = True
        if self._busy:
            last: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Job(lambda _: None, None, last))
            await asyncio.wait([last])
        self.close_sync()

    def close_sync(self) -> None:
        """Close at once: for the command line, where nothing waits."""
        self._closed = True
        if self._thread is not None:
            self._thread.shutdown()
        self._readers.shutdown()
        with self._guard:
            for connection in (self._writing, *self._open_readers):
                if connection is not None:
                    connection.close()
            self._writing = None
            self._open_readers.clear()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StorageUnavailable("the database is closed")

    # The queue: lives in the event loop, one batch at a time.

    def _gather(self, seen: int, quiet: int = 0, passes: int = 0) -> None:
        """Take the batch once the loop has nothing more to add to it.

        Requests that arrived together come here over a few passes of the loop; whoever joins shares the commit.
        """
        waiting = len(self._waiting)
        quiet = 0 if waiting > seen else quiet + 1
        if quiet >= QUIET_PASSES or passes >= MOST_PASSES or waiting >= BATCH:
            self._take_batch()
        else:
            asyncio.get_running_loop().call_soon(self._gather, waiting, quiet, passes + 1)

    def _take_batch(self) -> None:
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < BATCH:
            job = self._waiting.popleft()
            if not job.answer.done():  # cancelled meanwhile
                jobs.append(job)
        works = [job.work for job in jobs]
        locks = [job.lock for job in jobs]
        if self._thread is None:
            self._give_answers(jobs, self._run_batch(works, locks))
        else:
            running = asyncio.get_running_loop().run_in_executor(self._thread, self._run_batch, works, locks)
            running.add_done_callback(partial(self._thread_is_done, jobs))

    def _thread_is_done(self, jobs: list[_Job], running: "asyncio.Future[list[Any]]") -> None:
        self._give_answers(jobs, running.result())

    def _give_answers(self, jobs: list[_Job], outcomes: list[Any]) -> None:
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.answer.done():
                continue
            if isinstance(outcome, _Raised):
                job.answer.set_exception(outcome.error)
            else:
                job.answer.set_result(outcome)
        # The callers answered above run before the next batch, so what they ask next is part of it.
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._gather, 0)
        else:
            self._busy = False

    # The transaction: synchronous, in the loop's thread or the writer's.

    def _run_batch(self, works: Sequence[Work], locks: Sequence[Hashable | None]) -> list[Any]:
        """Run `works` in one transaction; return each one's value or the error it raised. Never raises."""
        if not works:
            return []
        with self._guard:
            try:
                connection = self._writing = self._writing or Connection(
                    self._engine, begin="BEGIN IMMEDIATE" if self.engine_name == "sqlite" else "BEGIN"
                )
                connection.begin(lock for lock in locks if lock is not None)
                outcomes = [self._outcome(connection, work) for work in works]
                connection.commit()
            except BaseException as error:  # whatever it is, nobody's work was stored
                self._put_in_order()
                return [_Raised(_unavailable(error)) for _ in works]
            self.commits += 1
            self.writes += len(works)
            return outcomes

    def _outcome(self, connection: Connection, work: Work) -> object:
        try:
            return connection.attempt(work)
        except StopIteration as error:
            return _Raised(RuntimeError(f"{work!r} raised {error!r}"))  # a future cannot carry it
        except BaseException as error:  # it belongs to its caller
            if connection.lost:
                raise
            return _Raised(error)

    def _put_in_order(self) -> None:
        connection, self._writing = self._writing, None
        if connection is None:
            return
        if connection.roll_back():
            self._writing = connection
        else:
            connection.close()

    def _reader(self) -> Connection:
        found: Connection | None = getattr(self._reading, "connection", None)
        if found is None:
            begin = (
                "BEGIN" if self.engine_name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            )
            found = self._reading.connection = Connection(self._reading_engine, begin=begin)
            self._open_readers.append(found)
        return found

    def _drop_reader(self) -> None:
        found: Connection | None = getattr(self._reading, "connection", None)
        if found is not None:
            self._reading.connection = None
            self._open_readers.remove(found)
            found.close()


def _unavailable(error: BaseException) -> StorageUnavailable:
    known = translate(error)
    if isinstance(known, StorageUnavailable):
        return known
    fault = StorageUnavailable(f"database: {type(error).__name__}")
    if isinstance(error, DRIVER_ERRORS):
        fault.__cause__ = error
    return fault
