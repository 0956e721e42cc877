"""Statements: SQL written once as SQLAlchemy Core, compiled once for each engine, run without overhead.

A turn runs a handful of statements thousands of times a second. SQLAlchemy's own execution costs several
times the work of the database, so a `Statement` keeps the compiled text, the order of its parameters and the
conversions of its columns, and hands plain tuples to the driver.

`insert` is the one to use for statements with ON CONFLICT: SQLite reads PostgreSQL's clause as it is.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import psycopg
from sqlalchemy import ColumnElement, Dialect, Insert, LargeBinary, Update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

__all__ = ["DIALECTS", "DecodedRows", "Plan", "Row", "Rows", "Statement", "insert", "to_json"]

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]


def to_json(value: object) -> str:
    """Return `value` as the JSON text stored in JSON columns: Chinese stays readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# RawCursor of psycopg takes PostgreSQL's own $1, so nothing is parsed again on the way.
DIALECTS: dict[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(dbapi=sqlite3, json_serializer=to_json),
    "postgresql": PGDialect_psycopg(  # type: ignore[no-untyped-call]
        dbapi=psycopg, paramstyle="numeric_dollar", json_serializer=to_json
    ),
}


class Rows(Protocol):
    """What running a statement gives: a cursor of plain tuples."""

    @property
    def rowcount(self) -> int:
        """Rows changed by an INSERT, UPDATE or DELETE."""

    def fetchone(self) -> Any:  # noqa: ANN401 - a row or None, as drivers type it
        """Return the next row as a tuple, or None."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Plan(NamedTuple):
    """A statement compiled for one engine."""

    text: str
    arrange: Callable[[Sequence[Any]], Row] | None
    """Puts the caller's parameters into the order and form of `text`; None when they are so already."""
    decoders: tuple[Convert | None, ...] | None
    """Conversion of each result column; None when the driver's values are right as they come."""


class Statement:
    """One SQL statement for both engines.

    `names` lists the parameters in the order in which the caller passes their values: bind parameters of the
    expression and, for INSERT and UPDATE without `.values()`, columns to set. Values fixed in the expression
    need no name. To update by a column that is also set, give the bind parameter another name::

        SET_STEP = Statement(update(session).where(session.c.contact_id == bindparam("contact")),
                             "step", "contact")
        connection.run(SET_STEP, ("name", 17))

    An INSERT of one row whose id is wanted names that column as `new_id` and is run by `connection.add`.
    """

    __slots__ = ("_expression", "_names", "_new_id", "_plans")

    def __init__(
        self, expression: ClauseElement, *names: str, new_id: ColumnElement[int] | None = None
    ) -> None:
        self._expression = expression
        self._names = names
        self._new_id = new_id
        self._plans: dict[str, Plan] = {}

    def plan(self, engine: str) -> Plan:
        """Return the statement compiled for `engine` ("sqlite" or "postgresql"); compiled at first use."""
        found = self._plans.get(engine)
        if found is None:
            expression = self._expression
            # SQLite tells the id of a new row anyway, and RETURNING would cost it a third of the insert.
            if self._new_id is not None and engine != "sqlite":
                assert isinstance(expression, Insert)
                expression = expression.returning(self._new_id)
            found = self._plans[engine] = _compile(expression, self._names, DIALECTS[engine])
        return found


class DecodedRows:
    """A cursor whose rows pass through the column types (dates, JSON, booleans)."""

    __slots__ = ("_cursor", "_decoders")

    def __init__(self, cursor: Rows, decoders: tuple[Convert | None, ...]) -> None:
        self._cursor = cursor
        self._decoders = decoders

    @property
    def rowcount(self) -> int:
        """Rows changed by an INSERT, UPDATE or DELETE."""
        return self._cursor.rowcount

    def fetchone(self) -> Row | None:
        """Return the next row as a tuple, or None."""
        row = self._cursor.fetchone()
        return None if row is None else self._decode(row)

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        return [self._decode(row) for row in self._cursor.fetchall()]

    def __iter__(self) -> Iterator[Row]:
        return map(self._decode, self._cursor)

    def _decode(self, row: Row) -> Row:
        return tuple(
            [
                value if decode is None else decode(value)
                for decode, value in zip(self._decoders, row, strict=True)
            ]
        )


def _compile(expression: ClauseElement, names: tuple[str, ...], dialect: Dialect) -> Plan:
    if isinstance(expression, Insert) and not expression.exported_columns:
        expression = expression.inline()  # else PostgreSQL adds a RETURNING that nobody reads
    compiled = expression.compile(
        dialect=dialect,
        column_keys=list(names) if isinstance(expression, Insert | Update) else None,
    )
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("a Statement is a SELECT, INSERT, UPDATE or DELETE")
    text = str(compiled)
    if "__[POSTCOMPILE_" in text:
        raise ValueError('IN takes fixed values only, as literals: column.in_([literal("a"), literal("b")])')
    return Plan(text, _arrangement(compiled, names, dialect), _decoders(expression, dialect))


def _arrangement(
    compiled: SQLCompiler, names: tuple[str, ...], dialect: Dialect
) -> Callable[[Sequence[Any]], Row] | None:
    order = list(compiled.positiontup or ())
    if unused := set(names) - set(order):
        raise ValueError(f"parameters without a place in the statement: {sorted(unused)}")
    fixed = _fixed_values(compiled)
    kinds = {name: bind.type for bind, name in compiled.bind_names.items()}
    converts = [_binder(kinds[name], dialect) for name in order]
    if order == list(names) and not any(converts):
        return None
    if order == list(names):
        return _conversion(
            [(place, convert) for place, convert in enumerate(converts) if convert], len(order)
        )
    slots: list[tuple[int, Any, Convert | None]] = []
    for name, convert in zip(order, converts, strict=True):
        if name in names:
            slots.append((names.index(name), None, convert))
        elif name in fixed:
            slots.append((-1, convert(fixed[name]) if convert else fixed[name], None))
        else:
            raise ValueError(f"no value and no name for parameter {name!r}")

    def arrange(values: Sequence[Any]) -> Row:
        if len(values) != len(names):
            raise ValueError(f"the statement takes {len(names)} parameters, {len(values)} given")
        return tuple(
            [
                fixed_value if index < 0 else (values[index] if convert is None else convert(values[index]))
                for index, fixed_value, convert in slots
            ]
        )

    return arrange


def _conversion(converts: Sequence[tuple[int, Convert]], count: int) -> Callable[[Sequence[Any]], Row]:
    """For parameters that are in order: only those that must be are touched."""

    def convert_some(values: Sequence[Any]) -> Row:
        if len(values) != count:
            raise ValueError(f"the statement takes {count} parameters, {len(values)} given")
        row = list(values)
        for place, convert in converts:
            row[place] = convert(row[place])
        return tuple(row)

    return convert_some


def _fixed_values(compiled: SQLCompiler) -> dict[str, Any]:
    given = compiled.params
    values = {name: given[name] for bind, name in compiled.bind_names.items() if not bind.required}
    for column in (*compiled.insert_prefetch, *compiled.update_prefetch):
        default = column.default if column in compiled.insert_prefetch else column.onupdate
        if default is None or not default.is_scalar:
            raise ValueError(f"column {column.name!r} needs a value: its default is made in Python")
        values[column.key] = default.arg  # type: ignore[attr-defined]
    return values


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, LargeBinary):
        return None  # both drivers take bytes as they are; a wrapper would only cost time
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _decoders(expression: ClauseElement, dialect: Dialect) -> tuple[Convert | None, ...] | None:
    columns = list(getattr(expression, "exported_columns", ()))
    decoders = tuple(
        None
        if isinstance(column.type, LargeBinary)
        else column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in columns
    )
    return decoders if any(decoders) else None
