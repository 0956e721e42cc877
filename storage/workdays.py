"""The bureau's own table of holidays and make-up days (放假与调休安排): what `policy.calendar` takes as overrides.

A few dozen days, kept as one value of the installation, so that reading the whole table is one look-up.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

import orjson
from sqlalchemy import bindparam, select

from policy.calendar import Overrides
from storage import audit
from storage.database import Connection, Statement, insert
from storage.tables import Installation, core

KEY: Final = "workdays"

_table = core(Installation)
READ: Final = Statement(select(_table.c.value).where(_table.c.key == bindparam("name")), "name")
_make = insert(_table)
PUT: Final = Statement(
    _make.on_conflict_do_update(index_elements=["key"], set_={"value": _make.excluded.value}), "key", "value"
)
LOCK: Final = Statement(
    select(_table.c.value).where(_table.c.key == bindparam("name")).with_for_update(), "name"
)


def load(connection: Connection) -> Overrides:
    """The whole table: day → whether offices work on it."""
    return _days(connection.run(READ, (KEY,)).fetchone())


def change(
    connection: Connection, days: Collection[date], works: bool | None, *, actor: str, now: datetime
) -> int:
    """Enter days as working (True) or free (False), or strike them out (None); returns how many changed."""
    row = connection.run(LOCK, (KEY,)).fetchone()
    before = _days(row)
    after = {day: kept for day, kept in before.items() if day not in days}
    if works is not None:
        after |= dict.fromkeys(days, works)
    changed = sum(before.get(day) != after.get(day) for day in days)
    if changed:
        value = orjson.dumps({day.isoformat(): after[day] for day in sorted(after)})
        connection.run(PUT, (KEY, value))
        said = {"days": [day.isoformat() for day in sorted(days)], "works": works}
        audit.add(connection, now, actor, "calendar.change", "calendar", said)
    return changed


def _days(row: tuple[bytes] | None) -> dict[date, bool]:
    if row is None:
        return {}
    return {date.fromisoformat(day): works for day, works in orjson.loads(row[0]).items()}
