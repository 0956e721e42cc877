"""What a record was before an import changed it (导入前映像), so that the import can be taken back.

An image is JSON: the record's columns, its version, and the last movement of its stock. Sealed columns stay sealed
inside it; whoever keeps an image seals it nevertheless.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import orjson

from policy.refusal import Refused
from storage import stock
from storage.database import Connection
from storage.ledger_tables import Host, Position

CHANGED_SINCE: Final = "{what} {id} 在导入之后又有人改过，不能撤销；请直接修改这条记录。"


def image_of(connection: Connection, row: Host | Position, columns: Sequence[str], subject: str) -> bytes:
    """The image of a record before it is changed."""
    assert row.id is not None
    return orjson.dumps(
        {
            "columns": {name: _plain(getattr(row, name)) for name in columns},
            "version": row.version,
            "movement": stock.last(connection, subject, row.id),
        }
    )


def put_back(row: Host | Position, before: bytes, what: str) -> int:
    """Make a record what it was; returns the last movement of its stock at that time.

    Raises `Refused` when the import was not the last to change it.
    """
    image = orjson.loads(before)
    if row.version != image["version"] + 1:
        raise Refused(CHANGED_SINCE.format(what=what, id=row.id))
    for name, value in image["columns"].items():
        setattr(row, name, _stored(name, value))
    row.version += 1
    movement: int = image["movement"]
    return movement


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column
    return value.hex() if isinstance(value, bytes) else value


def _stored(name: str, value: Any) -> Any:  # noqa: ANN401 - any column
    if value is None:
        return None
    if name.endswith("_sealed"):
        return bytes.fromhex(value)
    return date.fromisoformat(value) if name.endswith(("_on", "_due")) else value
