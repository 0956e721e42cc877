"""What a kind of spreadsheet is (表格种类): its columns, what makes two rows the same, and who takes the rows.

A kind is a value. `put` takes a portion of checked rows inside a transaction and says for each what became of it;
`restore` takes one change back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from policy.refusal import Refused
from storage.database import Connection
from storage.imports.cells import Read
from storage.register_rows import Put as Done
from storage.sealing import Sealer

__all__ = [
    "Change",
    "Column",
    "Done",
    "Fault",
    "Kind",
    "Outcomes",
    "Put",
    "Restore",
    "Scope",
    "Take",
    "one_by_one",
]

Values = dict[str, Any]
"""The fields of a row; a field whose cell was empty is not there."""

Columns = Mapping[str, Sequence[Any]]
"""A portion of rows, column by column: the values of each field, None where a cell was empty."""


class Column(NamedTuple):
    """A column of a kind. `field` is the key in a row's values, `note` and `example` help whoever fills it in."""

    field: str
    title: str
    read: Read
    required: bool = False
    aliases: tuple[str, ...] = ()
    example: str = ""
    note: str = ""
    varied: bool = False
    """Whether hardly any two rows have the same: then remembering what was read is of no use."""
    as_is: Callable[[str], object] | None = None
    """Tells of a text whether it is the value as it stands, faster than `read`; for columns that vary."""


class Fault(NamedTuple):
    """What is wrong with a row: the title of the column (None when it is the row as a whole), and a sentence."""

    column: str | None
    reason: str


class Change(NamedTuple):
    """A change of one record to be taken back. `before` is its image in clear; None for a record that was new."""

    row_id: int
    before: bytes | None


class Scope(NamedTuple):
    """Who imports, when, and into which run; `run_id` is None in a dry run."""

    sealer: Sealer
    run_id: int | None
    source: str
    """The name of the file."""
    actor: str
    now: datetime
    today: date
    imported_at: datetime
    """When the run began: the moment that its records bear. While it runs, `now`."""


Outcomes = Sequence[Done | list[Fault]]

Prepare = Callable[[Scope, Columns], Any]
"""Does for a portion what can be done without the base, while another one is being stored."""
Put = Callable[[Connection, Scope, Any], Outcomes]
"""Stores a portion as it was prepared; says for each row, in order, what became of it or what is wrong with it."""
Restore = Callable[[Connection, Scope, Change], None]
"""Takes one change back; raises `Refused` when the record was changed since or is in use."""


def rows_of(columns: Columns) -> Iterator[Values]:
    """The rows of a portion, without what is empty."""
    for values in zip(*columns.values(), strict=True):
        yield {field: value for field, value in zip(columns, values, strict=True) if value is not None}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of spreadsheet. `key` are the fields that make two rows of a file the same (the first one is blamed)."""

    name: str
    label: str
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    put: Put
    restore: Restore
    prepare: Prepare = lambda _scope, columns: list(rows_of(columns))
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What an empty cell means, by field."""
    bulk: bool = False
    """Whether the rows go in by bulk statements, so that a transaction may take many of them."""
    follows: str = ""
    """What to do after the import."""
    titles: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note the titles by field."""
        object.__setattr__(self, "titles", {column.field: column.title for column in self.columns})


Take = Callable[[Connection, Scope, Values], Done]
"""Stores one row by a verb; raises `Refused` when the rules do not allow it."""


def one_by_one(take: Take, blame: Mapping[str, str] | None = None) -> Put:
    """A `put` for verbs that take a row each: a row that is refused leaves no trace, the others go in.

    `blame` maps a word in a refusal to the title of the column that it is about.
    """

    def put(connection: Connection, scope: Scope, rows: Sequence[Values]) -> Outcomes:
        found: list[Done | list[Fault]] = []
        for values in rows:
            try:
                with connection.session.begin_nested():
                    found.append(take(connection, scope, values))
            except Refused as refused:
                found.append([Fault(_blamed(reason, blame or {}), reason) for reason in refused.reasons])
        return found

    return put


def _blamed(reason: str, blame: Mapping[str, str]) -> str | None:
    return next((title for word, title in blame.items() if word in reason), None)
