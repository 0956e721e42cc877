"""Bulk statements put in and find what plain ones would, on both engines."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from storage.bulk import add_rows, decoder, rows_of
from storage.database import Connection, Database
from storage.errors import Conflict
from storage.sealing import Sealer
from storage.tables import RegisterEntry, core

ENTRY = core(RegisterEntry)
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NAMES = ("id_number_index", "name_index", "phone_index", "city", "data_sealed")
HASHES = st.binary(min_size=16, max_size=16)
ROWS = st.lists(
    st.tuples(
        HASHES,
        HASHES,
        st.none() | HASHES,
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
        st.binary(min_size=1, max_size=20),
    ),
    max_size=12,
    unique_by=lambda row: row[0],
)


def columns(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(NAMES)}


def put(connection: Connection, rows: list[tuple[Any, ...]]) -> list[int]:
    return add_rows(connection, ENTRY, {"register": "real-name", "run_id": None, "at": NOW}, columns(rows))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS)
def test_what_goes_in_by_columns_stands_in_rows(database: Database, rows: list[tuple[Any, ...]]) -> None:
    def work(connection: Connection) -> None:
        connection.sqlalchemy.execute(delete(ENTRY))
        ids = put(connection, rows)
        shown = select(ENTRY.c.id, *(ENTRY.c[name] for name in NAMES), ENTRY.c.at).order_by(ENTRY.c.id)
        found = connection.sqlalchemy.execute(shown).all()
        assert [tuple(row) for row in found] == [
            (row_id, *row, NOW) for row_id, row in sorted(zip(ids, rows, strict=True))
        ]
        wanted = [row[0] for row in rows[::2]] + [b"x" * 16]
        known = rows_of(connection, ENTRY, ("id", "at"), {"register": "real-name"}, "id_number_index", wanted)
        when = decoder(ENTRY.c.at, connection.engine_name)
        assert sorted((row_id, when(at)) for row_id, at in known) == [
            (row_id, NOW) for row_id in sorted(ids[::2])
        ]

    database.write_sync(work)


def test_ids_follow_those_that_are_there(database: Database) -> None:
    def rows(start: int) -> list[tuple[Any, ...]]:
        return [(bytes([start + n]) * 16, b"n" * 16, None, None, b"d") for n in range(3)]

    first = database.write_sync(lambda c: put(c, rows(0)))
    second = database.write_sync(lambda c: put(c, rows(10)))
    assert len({*first, *second}) == 6
    assert max(first) < min(second)


def test_nothing_goes_in_and_nothing_is_found(database: Database) -> None:
    assert database.write_sync(lambda c: put(c, [])) == []
    assert database.read_sync(lambda c: rows_of(c, ENTRY, ("id",), {}, "id_number_index", [])) == []


def test_a_value_that_is_taken_refuses_them_all(database: Database) -> None:
    row = (b"i" * 16, b"n" * 16, None, None, b"d")
    database.write_sync(lambda c: put(c, [row]))
    other = (b"j" * 16, *row[1:])
    with pytest.raises(Conflict):
        database.write_sync(lambda c: put(c, [other, row]))
    assert len(database.read_sync(lambda c: list(c.sqlalchemy.execute(select(ENTRY.c.id))))) == 1


def test_many_values_are_hashed_and_sealed_like_one(sealer: Sealer) -> None:
    values = ["张伟", "", "a" * 200]
    assert sealer.indexes_all(values, "name") == [[sealer.index(value, "name") for value in values]]
    sealed = sealer.seal_all([value.encode() for value in values], b"context")
    assert [sealer.open_text(blob, b"context") for blob in sealed] == values
    assert len(set(sealed)) == 3
    assert sealer.seal_all([], b"context") == []
