"""Images of simple records (映像): a row as it was before an import changed it, and back again.

For tables whose rows hang on nothing but themselves. An import writes its own moment into `updated_at`, so that a
row which somebody changed afterwards is known by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Date, Table, delete, exists, select, update

from policy.refusal import Refused
from storage.columns import UtcTime
from storage.database import Connection
from storage.imports.kinds import Change, Restore, Scope


def image_of(connection: Connection, table: Table, row_id: int) -> bytes:
    """The row as it is now."""
    row = connection.sqlalchemy.execute(select(table).where(table.c.id == row_id)).mappings().one()
    return orjson.dumps(dict(row))


def restoring(table: Table, what: str, used_by: Sequence[tuple[Table, str, str]] = ()) -> Restore:
    """A `restore` for a table; `used_by` are tables with the column that refers to it, and what they hold."""

    def restore(connection: Connection, scope: Scope, change: Change) -> None:
        query = select(table.c.updated_at).where(table.c.id == change.row_id)
        found = connection.sqlalchemy.execute(query).first()
        if found is None and change.before is None:
            return  # gone already
        if found is None or found[0] != scope.imported_at:
            raise Refused(f"{what} {change.row_id} 在导入之后又有人改过，不能撤销。")
        if change.before is not None:
            put_back(connection, table, change.row_id, change.before)
            return
        for user, column, holds in used_by:
            query = select(exists().where(user.c[column] == change.row_id))
            if connection.sqlalchemy.execute(query).scalar():
                raise Refused(f"{what} {change.row_id} 已经有{holds}，不能撤销。")
        connection.sqlalchemy.execute(delete(table).where(table.c.id == change.row_id))

    return restore


def put_back(connection: Connection, table: Table, row_id: int, before: bytes) -> None:
    """Make the row what the image says; its version, where it has one, goes on."""
    values = {
        name: _stored(table, name, value) for name, value in orjson.loads(before).items() if name != "id"
    }
    if "version" in table.c:
        values["version"] = table.c.version + 1
    connection.sqlalchemy.execute(update(table).where(table.c.id == row_id).values(values))
    connection.session.expire_all()


def _stored(table: Table, name: str, value: Any) -> Any:  # noqa: ANN401 - any column
    kind = table.c[name].type
    if isinstance(value, str) and isinstance(kind, UtcTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(value, str) and isinstance(kind, Date) else value
