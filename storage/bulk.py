"""Bulk statements (批量语句): thousands of rows in one statement, for imports.

A driver's `executemany` comes back to Python between the rows, so that other threads and it keep each other waiting.
Here a statement gets whole columns: on PostgreSQL as arrays; on SQLite, which has none, the bytes of a column as one
blob to be cut up, everything else as one JSON text. Table and column names are those of the metadata, values are
always bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import orjson
from sqlalchemy import Column, LargeBinary, Table

from storage.database import Connection
from storage.statements import DIALECTS

Columns = Mapping[str, Sequence[Any]]
"""The values of each column, alike in number."""


def add_rows(connection: Connection, table: Table, fixed: Mapping[str, Any], columns: Columns) -> list[int]:
    """Insert a row for each place of `columns`; the values of `fixed` are alike in all of them.

    Returns the ids (of a table whose key is `id`) in the order of the rows.
    """
    engine = connection.engine_name
    count = len(next(iter(columns.values())))
    if not count:
        return []
    same = [_bound(table.c[name], engine, value) for name, value in fixed.items()]
    names = (*fixed, *columns)
    if engine == "sqlite":
        text, values = _from_blobs(table, columns, len(same))
        target = ",".join(f'"{name}"' for name in names)
        places = "".join(f"?{number}," for number in range(1, len(same) + 1))
        found = connection.run_text(
            f'INSERT INTO "{table.name}" ({target}) SELECT {places}{text}', [*same, *values]
        )
        # The rows of one statement get their ids one after the other; the driver knows the last.
        last: int = found.lastrowid  # type: ignore[attr-defined]
        return list(range(last - count + 1, last + 1))
    arrays = [list(_all_bound(table.c[name], engine, values)) for name, values in columns.items()]
    found = connection.run_text(_from_arrays(table, tuple(fixed), tuple(columns)), [*same, *arrays])
    return [row[0] for row in found.fetchall()]


def _from_blobs(table: Table, columns: Columns, before: int) -> tuple[str, list[Any]]:
    """SQLite: what to select, and the values; parameters are numbered from `before` + 1.

    Each row is an element of a JSON array. Bytes that are as long in all rows need no more than their place, of
    others the element has start and length.
    """
    selected: list[str] = []
    values: list[Any] = []
    told: list[Sequence[Any]] = []

    def element(column: Sequence[Any]) -> str:
        told.append(column)
        return f"json_extract(value,'$[{len(told) - 1}]')"

    for name, column in columns.items():
        if not isinstance(table.c[name].type, LargeBinary):
            selected.append(element(_all_bound(table.c[name], "sqlite", column)))
            continue
        lengths = [-1 if part is None else len(part) for part in column]
        values.append(b"".join(part for part in column if part is not None))
        place = f"?{before + len(values)}"
        if min(lengths) == max(lengths) >= 0:
            selected.append(f"substr({place},key*{lengths[0]}+1,{lengths[0]})")
            continue
        ends = accumulate(max(length, 0) for length in lengths)
        starts = [None if length < 0 else end - length + 1 for end, length in zip(ends, lengths, strict=True)]
        selected.append(f"substr({place},{element(starts)},{element(lengths)})")
    elements = list(zip(*told, strict=True)) if told else [()] * len(next(iter(columns.values())))
    values.append(orjson.dumps(elements).decode())
    return f"{','.join(selected)} FROM json_each(?{before + len(values)})", values


@lru_cache(maxsize=64)
def _from_arrays(table: Table, fixed: tuple[str, ...], columns: tuple[str, ...]) -> str:
    dialect = DIALECTS["postgresql"]
    names = ",".join(f'"{name}"' for name in (*fixed, *columns))
    kinds = {name: table.c[name].type.compile(dialect=dialect) for name in (*fixed, *columns)}
    same = "".join(f"${number}::{kinds[name]}," for number, name in enumerate(fixed, 1))
    arrays = ",".join(f"${number}::{kinds[name]}[]" for number, name in enumerate(columns, len(fixed) + 1))
    return f'INSERT INTO "{table.name}" ({names}) SELECT {same}u.* FROM unnest({arrays}) AS u RETURNING id'


def rows_of(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    fixed: Mapping[str, Any],
    key: str,
    hashes: Sequence[bytes],
) -> list[tuple[Any, ...]]:
    """The rows whose `key` is one of `hashes`, all of one length, and that have the values of `fixed`.

    Values come as the driver gives them; `decoder` turns those that need it.
    """
    if not hashes:
        return []
    engine = connection.engine_name
    same = [_bound(table.c[name], engine, value) for name, value in fixed.items()]
    names = ",".join(f't."{name}"' for name in columns)
    sign = "?" if engine == "sqlite" else "$"
    conditions = "".join(f't."{name}" = {sign}{number} AND ' for number, name in enumerate(fixed, 1))
    first = len(fixed) + 1
    if engine == "sqlite":
        text = (
            f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?{first + 1} - 1)"
            f' SELECT {names} FROM n CROSS JOIN "{table.name}" AS t'
            f' WHERE {conditions}t."{key}" = substr(?{first}, i * {len(hashes[0])} + 1, {len(hashes[0])})'
        )
        values = [*same, b"".join(hashes), len(hashes)]
    else:
        text = f'SELECT {names} FROM "{table.name}" AS t WHERE {conditions}t."{key}" = ANY(${first})'
        values = [*same, list(hashes)]
    return connection.run_text(text, values).fetchall()


def decoder(column: Column[Any], engine: str) -> Callable[[Any], Any]:
    """What turns a driver's value of this column into ours."""
    dialect = DIALECTS[engine]
    convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
    return (lambda value: value) if convert is None else convert


@lru_cache(maxsize=256)
def _converter(column: Column[Any], engine: str) -> Callable[[Any], Any] | None:
    if isinstance(column.type, LargeBinary):
        return None  # both drivers take bytes as they are
    dialect = DIALECTS[engine]
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _bound(column: Column[Any], engine: str, value: Any) -> Any:  # noqa: ANN401 - any value a column takes
    convert = _converter(column, engine)
    return value if convert is None else convert(value)


def _all_bound(column: Column[Any], engine: str, values: Sequence[Any]) -> Sequence[Any]:
    convert = _converter(column, engine)
    return values if convert is None else [convert(value) for value in values]
