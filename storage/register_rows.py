"""How a portion of an imported register is put: new rows added, changed ones changed, the rest left alone.

The registers of people and those of hardship differ in their columns only; this is what they share. Everything
goes by portions (a few thousand rows): one look-up, one insert and one update each, never a statement a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson
from sqlalchemy import Table, bindparam, update

from storage.bulk import add_rows, decoder, rows_of
from storage.database import Connection, Statement
from storage.sealing import Sealer

Outcome = Literal["added", "changed", "unchanged"]
Key = tuple[bytes, str]
"""Hash of the ID number, and the kind of hardship (empty in a register of people)."""


class Put(NamedTuple):
    """What became of one row. `before` is the image that `restore` takes back: JSON in clear, to be sealed."""

    outcome: Outcome
    row_id: int
    before: bytes | None


class Prepared(NamedTuple):
    """A portion ready to be put, column by column.

    `numbers` are the hashes of the ID numbers, a list for each key of the ring, the current first; `kinds` are
    the kinds of hardship, empty for a register of people; `columns` as in the form.
    """

    numbers: Sequence[Sequence[bytes]]
    kinds: Sequence[str]
    data: Sequence[bytes]
    sealed: Sequence[bytes]
    """The same, sealed."""
    columns: Mapping[str, Sequence[Any]]

    def at(self, places: Sequence[int]) -> Prepared:
        """The part of the portion that stands at these places."""
        return Prepared(
            [[hashes[place] for place in places] for hashes in self.numbers],
            [self.kinds[place] for place in places] if self.kinds else (),
            [self.data[place] for place in places],
            [self.sealed[place] for place in places],
            {name: [values[place] for place in places] for name, values in self.columns.items()},
        )


class _Known(NamedTuple):
    row_id: int
    data_sealed: bytes
    run_id: int | None
    at: Any
    """As the driver gives it."""


@dataclass(frozen=True, slots=True)
class RegisterForm:
    """A table of register entries; `columns` are those that `Prepared.columns` gives."""

    table: Table
    columns: tuple[str, ...]
    has_kind: bool

    @property
    def context(self) -> bytes:
        """The context under which the data of a row are sealed."""
        return f"{self.table.name}.data_sealed".encode()


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; None where a row does not tell."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def as_data(columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
    """What a register says of each person, in the one form that equal rows have: JSON without what is not known."""
    names = sorted(columns)
    rows = (
        dict(zip(names, values, strict=True))
        for values in zip(*(columns[name] for name in names), strict=True)
    )
    return [
        orjson.dumps({name: value for name, value in row.items() if value is not None})
        if None in row.values()
        else orjson.dumps(row)
        for row in rows
    ]


def put(
    connection: Connection,
    sealer: Sealer,
    form: RegisterForm,
    register: str,
    rows: Prepared,
    run_id: int | None,
    now: datetime,
) -> list[Put]:
    """Add or change the rows; returns what became of each, in their order.

    A number must not come twice in one portion: raises `Conflict`.
    """
    known = _known(connection, form, register, rows)
    if not known:
        return _added(connection, form, register, rows, run_id, now)
    context, when = form.context, decoder(form.table.c.at, connection.engine_name)
    outcomes: list[Put | None] = []
    changed: list[tuple[Any, ...]] = []
    for place, data in enumerate(rows.data):
        kind = rows.kinds[place] if rows.kinds else ""
        keys = ((hashes[place], kind) for hashes in rows.numbers)
        found = next((known[key] for key in keys if key in known), None)
        if found is None:
            outcomes.append(None)
            continue
        before = sealer.open(found.data_sealed, context)
        if before == data or orjson.loads(before) == orjson.loads(data):
            outcomes.append(Put("unchanged", found.row_id, None))
            continue
        changed.append(_change_values(form, rows.at([place]), run_id, now, found.row_id))
        image = {"data": orjson.loads(before), "run_id": found.run_id, "at": when(found.at)}
        outcomes.append(Put("changed", found.row_id, orjson.dumps(image)))
    connection.run_many(_change(form), changed)
    new = rows.at([place for place, done in enumerate(outcomes) if done is None])
    added = iter(_added(connection, form, register, new, run_id, now))
    return [next(added) if done is None else done for done in outcomes]


def _added(
    connection: Connection,
    form: RegisterForm,
    register: str,
    rows: Prepared,
    run_id: int | None,
    now: datetime,
) -> list[Put]:
    fixed = {"register": register, "run_id": run_id, "at": now}
    columns = {"id_number_index": rows.numbers[0], **rows.columns, "data_sealed": rows.sealed}
    return [Put("added", row_id, None) for row_id in add_rows(connection, form.table, fixed, columns)]


def put_back(
    connection: Connection,
    form: RegisterForm,
    row_id: int,
    prepared: Prepared,
    image: Mapping[str, Any],
) -> None:
    """Make a row again what it was before a change: `prepared` from the image's data."""
    at = datetime.fromisoformat(image["at"])
    connection.run(_change(form), _change_values(form, prepared, image["run_id"], at, row_id))


def _change_values(
    form: RegisterForm, row: Prepared, run_id: int | None, at: datetime, row_id: int
) -> tuple[Any, ...]:
    """The values of `_change` for the one row of a portion."""
    own = (row.columns[name][0] for name in form.columns)
    return (row.numbers[0][0], *own, row.sealed[0], run_id, at, row_id)


@lru_cache
def _change(form: RegisterForm) -> Statement:
    table = form.table
    columns = ("id_number_index", *form.columns, "data_sealed", "run_id", "at")
    return Statement(update(table).where(table.c.id == bindparam("row")), *columns, "row")


def _known(connection: Connection, form: RegisterForm, register: str, rows: Prepared) -> dict[Key, _Known]:
    """The entries that are there already, under any key of the ring."""
    own = ("id", "data_sealed", "run_id", "at")
    found = rows_of(
        connection,
        form.table,
        ("id_number_index", "kind", *own) if form.has_kind else ("id_number_index", *own),
        {"register": register},
        "id_number_index",
        [number for hashes in rows.numbers for number in hashes],
    )
    if form.has_kind:
        return {(number, kind): _Known(*rest) for number, kind, *rest in found}
    return {(number, ""): _Known(*rest) for number, *rest in found}
