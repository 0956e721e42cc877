"""Imports as they run (导入批次): portion by portion into the base, every change noted so that it can be taken back.

While one portion is being stored by a thread of its own, the next one is read and checked: storing mostly waits for
the engine and the disk. What an import did is in `ImportRun` and `ImportChange`; images of earlier states are
sealed. A dry run does everything and rolls it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, update

from policy.refusal import Refused
from storage import audit
from storage.bulk import add_rows
from storage.database import Connection, Database, Statement, insert
from storage.errors import Conflict
from storage.imports.headers import find_layout
from storage.imports.kinds import Done, Kind, Scope
from storage.imports.reading import read_sheet
from storage.imports.rows import Portion, Rejection, RowReader
from storage.imports.zips import MOST_ROWS
from storage.ledger_tables import ImportChange, ImportRun
from storage.sealing import Sealer
from storage.tables import core

BEFORE: Final = b"import_change.before_sealed"
LOCK: Final = ("import",)
"""On PostgreSQL portions of two imports do not overlap; on SQLite there is one writer anyway."""

PORTION, BULK_PORTION = 500, 10_000
"""Rows in a transaction. Each commit waits for the disk, and each keeps other writers waiting."""

BUSY: Final = "导入的同时有人改了同样的记录。已经导入的不受影响，请把同一个文件再导入一次。"

run, change = core(ImportRun), core(ImportChange)

BEGIN: Final = Statement(
    insert(run), "kind", "file_name", "file_digest", "actor", "started_at", new_id=run.c.id
)
COUNTS: Final = ("read", "added", "changed", "unchanged", "rejected")
COUNT: Final = Statement(
    update(run)
    .where(run.c.id == bindparam("run"))
    .values({name: run.c[name] + bindparam(f"more_{name}") for name in COUNTS}),
    *(f"more_{name}" for name in COUNTS),
    "run",
)
FINISH: Final = Statement(update(run).where(run.c.id == bindparam("run")).values(finished=True), "run")
NOTED: Final = ("row_id", "records", "before_sealed")

Progress = Callable[[int, int], None]
"""Hears how many rows of the sheet have been dealt with, and about how many there are."""


class Imported(NamedTuple):
    """What came of an import: rows read and what became of them. `rejected` has an entry for each fault."""

    run_id: int | None
    read: int
    added: int
    changed: int
    unchanged: int
    rejected: list[Rejection]
    rejected_rows: int
    unknown_columns: list[str]
    notes: list[str]


class _RolledBack(Exception):  # noqa: N818 - how a dry run ends
    def __init__(self, outcome: _Outcome) -> None:
        self.outcome = outcome


class _Outcome(NamedTuple):
    added: int
    changed: int
    unchanged: int
    rejected: list[Rejection]


def import_file(
    database: Database,
    sealer: Sealer,
    kind: Kind,
    data: bytes,
    file_name: str,
    *,
    actor: str,
    now: datetime,
    today: date,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Imported:
    """Import a file. Runs in the caller's thread until all is stored: in a server call it in a thread.

    Raises `Refused` when the file as a whole cannot be taken, and nothing is stored. Good rows go in though others
    are rejected.
    """
    sheet = read_sheet(data)
    layout, rows = find_layout(sheet, kind.columns)
    run_id = None
    if not dry_run:
        begin = (kind.name, file_name, sha256(data).digest(), actor, now)
        run_id = database.write_sync(lambda connection: connection.add(BEGIN, begin))
    scope = Scope(sealer, run_id, file_name, actor, now, today, now)
    portions = RowReader(kind, layout, today).portions(rows, _portion(kind, dry_run))
    done = Imported(run_id, 0, 0, 0, 0, [], 0, list(layout.unknown), list(sheet.notes))
    for portion, outcome in _stored(database, kind, scope, portions):
        done = _plus(done, portion, outcome)
        progress(done.read, max(sheet.height - layout.header_row, done.read))
    done.rejected.sort(key=lambda rejection: rejection.row)
    if run_id is not None:
        database.write_sync(partial(_finish, run_id=run_id, kind=kind, done=done, actor=actor, now=now))
    return done


def _portion(kind: Kind, dry_run: bool) -> int:
    if kind.bulk:
        return BULK_PORTION
    # Rows taken by verbs may build on one another, so a dry run keeps them all until the end.
    return MOST_ROWS if dry_run else PORTION


def _stored(
    database: Database, kind: Kind, scope: Scope, portions: Iterator[Portion]
) -> Iterator[tuple[Portion, _Outcome]]:
    """Store the portions, one at a time and in order, each while the next one is read."""
    waiting: tuple[Portion, Future[_Outcome]] | None = None
    with ThreadPoolExecutor(1, "import") as thread:
        for portion in portions:
            prepared = kind.prepare(scope, portion.columns) if portion.numbers else None
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = portion, thread.submit(_store, database, kind, scope, portion, prepared)
        if waiting is not None:
            yield waiting[0], waiting[1].result()


def _store(database: Database, kind: Kind, scope: Scope, portion: Portion, prepared: Any) -> _Outcome:  # noqa: ANN401
    try:
        work = partial(_put, kind=kind, scope=scope, portion=portion, prepared=prepared)
        return database.write_sync(work, lock=LOCK)
    except _RolledBack as dry:
        return dry.outcome
    except Conflict:
        raise Refused(BUSY) from None


def _put(
    connection: Connection,
    *,
    kind: Kind,
    scope: Scope,
    portion: Portion,
    prepared: Any,  # noqa: ANN401 - what the kind has made of the rows
) -> _Outcome:
    found = kind.put(connection, scope, prepared) if portion.numbers else []
    done = [one for one in found if not isinstance(one, list)]
    counts = Counter(one.outcome for one in done)
    rejected = [
        Rejection(number, *fault)
        for number, one in zip(portion.numbers, found, strict=True)
        if isinstance(one, list)
        for fault in one
    ]
    outcome = _Outcome(counts["added"], counts["changed"], counts["unchanged"], rejected)
    if scope.run_id is None:
        raise _RolledBack(outcome)
    if noted := _noted(scope.sealer, done):
        columns = dict(zip(NOTED, zip(*noted, strict=True), strict=True))
        add_rows(connection, change, {"run_id": scope.run_id, "table": kind.table}, columns)
    bad = len({rejection.row for rejection in (*portion.rejected, *rejected)})
    connection.run(COUNT, (portion.read, *outcome[:3], bad, scope.run_id))
    return outcome


def _noted(sealer: Sealer, done: Iterable[Done]) -> list[tuple[int, int, bytes | None]]:
    """The rows of `ImportChange`: new records with ids that follow each other as one."""
    noted: list[tuple[int, int, bytes | None]] = []
    first = last = -1
    for outcome, row_id, before in done:
        if outcome == "unchanged":
            continue
        if before is None:
            if row_id == last + 1 and first >= 0:
                last = row_id
                continue
            if first >= 0:
                noted.append((first, last - first + 1, None))
            first = last = row_id
        else:
            noted.append((row_id, 1, sealer.seal(before, BEFORE)))
    if first >= 0:
        noted.append((first, last - first + 1, None))
    return noted


def _plus(done: Imported, portion: Portion, outcome: _Outcome) -> Imported:
    rejected = [*portion.rejected, *outcome.rejected]
    done.rejected.extend(rejected)
    return done._replace(
        read=done.read + portion.read,
        added=done.added + outcome.added,
        changed=done.changed + outcome.changed,
        unchanged=done.unchanged + outcome.unchanged,
        rejected_rows=done.rejected_rows + len({rejection.row for rejection in rejected}),
    )


def _finish(
    connection: Connection, *, run_id: int, kind: Kind, done: Imported, actor: str, now: datetime
) -> None:
    connection.run(FINISH, (run_id,))
    counts = {name: getattr(done, name) for name in ("read", "added", "changed", "unchanged")}
    detail = {"kind": kind.name, **counts, "rejected": done.rejected_rows}
    audit.add(connection, now, actor, "import.run", f"import_run:{run_id}", detail)
