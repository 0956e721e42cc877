"""Taking an import back (撤销导入): as a whole or not at all, and not what somebody has built upon since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, or_, select, update

from policy.refusal import Refused
from storage import audit
from storage.database import Connection, Statement
from storage.errors import NotFound
from storage.imports.everything import KINDS
from storage.imports.kinds import Change, Scope
from storage.imports.runs import BEFORE, change, run
from storage.sealing import Sealer

MOST_REASONS: Final = 20

_SHOWN: Final = (
    *("id", "kind", "file_name", "actor", "started_at", "finished", "undone_at"),
    *("read", "added", "changed", "unchanged", "rejected"),
)
GET: Final = Statement(select(*(run.c[name] for name in _SHOWN)).where(run.c.id == bindparam("run")), "run")
LAST: Final = Statement(
    select(run.c.id)
    .where(run.c.undone_at.is_(None), or_(run.c.added > 0, run.c.changed > 0))
    .order_by(run.c.id.desc())
    .limit(1)
)
CHANGES: Final = Statement(
    select(change.c.row_id, change.c.records, change.c.before_sealed)
    .where(change.c.run_id == bindparam("run"))
    .order_by(change.c.id.desc()),
    "run",
)
FORGET: Final = Statement(delete(change).where(change.c.run_id == bindparam("run")), "run")
UNDONE: Final = Statement(update(run).where(run.c.id == bindparam("run")), "undone_at", "run")


class Run(NamedTuple):
    """An import as lists show it; the numbers are rows."""

    id: int
    kind: str
    file_name: str
    actor: str
    started_at: datetime
    finished: bool
    undone_at: datetime | None
    read: int
    added: int
    changed: int
    unchanged: int
    rejected: int


class Undone(NamedTuple):
    """What taking an import back did: new records removed, changed ones restored."""

    run_id: int
    kind: str
    removed: int
    restored: int


def listed(connection: Connection, *, before_id: int | None = None, limit: int = 20) -> list[Run]:
    """Imports, the newest first; `before_id` goes on behind the last one seen."""
    query = select(*(run.c[name] for name in _SHOWN)).order_by(run.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(run.c.id < before_id)
    return [Run(*row) for row in connection.sqlalchemy.execute(query)]


def undo(
    connection: Connection,
    sealer: Sealer,
    run_id: int | None = None,
    *,
    actor: str,
    now: datetime,
    today: date,
) -> Undone:
    """Take back an import, the last one without a number.

    Raises `Refused` with the reasons of every record that cannot be taken back (the first of them), and then
    nothing is; `NotFound` for an unknown number.
    """
    if run_id is None:
        last = connection.run(LAST).fetchone()
        if last is None:
            raise Refused("没有可以撤销的导入。")
        run_id = int(last[0])
    found = connection.run(GET, (run_id,)).fetchone()
    if found is None:
        raise NotFound("import_run")
    row = Run(*found)
    if row.undone_at is not None:
        raise Refused(f"导入 {run_id} 已经撤销过了。")
    scope = Scope(sealer, run_id, row.file_name, actor, now, today, row.started_at)
    reasons: list[str] = []
    for one in _changes(connection, sealer, run_id):
        try:
            KINDS[row.kind].restore(connection, scope, one)
        except Refused as refused:
            reasons += refused.reasons
        except NotFound:
            reasons.append(f"记录 {one.row_id} 已经不在了。")
        if len(reasons) >= MOST_REASONS:
            break
    if reasons:
        raise Refused(f"导入 {run_id} 不能撤销，什么都没有动：", *reasons[:MOST_REASONS])
    connection.run(FORGET, (run_id,))
    connection.run(UNDONE, (now, run_id))
    detail = {"kind": row.kind, "removed": row.added, "restored": row.changed}
    audit.add(connection, now, actor, "import.undo", f"import_run:{run_id}", detail)
    return Undone(run_id, row.kind, row.added, row.changed)


def _changes(connection: Connection, sealer: Sealer, run_id: int) -> Sequence[Change]:
    """What the import did, the last first."""
    return [
        Change(row_id, None if sealed is None else sealer.open(sealed, BEFORE))
        for first, records, sealed in connection.run(CHANGES, (run_id,)).fetchall()
        for row_id in range(first + records - 1, first - 1, -1)
    ]
