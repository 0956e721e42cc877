"""Two clerks at the same record at once, over two real connections to PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from storage.database import Connection, Database

Work = Callable[[Connection], Any]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def at_once(url: str, first: Work, second: Work) -> tuple[Any, Any]:
    """Run `second` while the transaction of `first` is still open; what each returned or raised.

    `first` commits when `second` waits for it, or is through without waiting.
    """
    inside, through = threading.Event(), threading.Event()

    def held(connection: Connection) -> Any:  # noqa: ANN401 - what the work returns
        try:
            found = first(connection)
            connection.session.flush()
        finally:
            inside.set()
        while not through.is_set() and connection.sqlalchemy.exec_driver_sql(WAITING).scalar_one() == 0:
            pass
        return found

    def run(work: Work) -> Any:  # noqa: ANN401 - what the work returns
        database = Database(url)
        try:
            return database.write_sync(work)
        except Exception as error:  # whatever it is, the test looks at it
            return error
        finally:
            database.close_sync()

    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(run, held)
        assert inside.wait(10)
        other = run(second)
        through.set()
        return one.result(10), other
