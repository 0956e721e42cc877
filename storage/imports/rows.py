"""From the rows of a sheet to checked rows (校验): every cell read, all faults of a row collected, repeats found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import compress, islice
from typing import Any, Final, NamedTuple

from storage.imports.cells import BadCell, Cell
from storage.imports.headers import Layout
from storage.imports.kinds import Column, Fault, Kind

MISSING: Final = "没有填，请补上。"
NOTHING: Final = frozenset({"/", "／", "-", "—", "——", "－", "无", "\\"})
"""What people write into a cell that has nothing to say."""


class Rejection(NamedTuple):
    """What is wrong with one cell or row; `row` as Excel counts, `column` None for the row as a whole."""

    row: int
    column: str | None
    reason: str


class Portion(NamedTuple):
    """Rows that come next: numbers and columns of the good ones, faults of the others, how many were read in all."""

    numbers: Sequence[int]
    columns: Mapping[str, Sequence[Any]]
    rejected: list[Rejection]
    read: int


class _Step(NamedTuple):
    column: Column
    place: int
    known: dict[Cell, Any] | None
    """What has been read from which text; None for a column where nothing comes twice."""


MOST_KNOWN: Final = 50_000
UNKNOWN: Final = object()


class RowReader:
    """Reads the rows of one file; remembers which keys it has seen.

    Portions are read column by column: registers have a hundred thousand rows, and most columns few values. An
    empty cell is None.
    """

    def __init__(self, kind: Kind, layout: Layout, today: date) -> None:
        self._kind, self._layout, self._today = kind, layout, today
        self._steps = [
            _Step(column, place, None if column.varied else {})
            for column in kind.columns
            if (place := layout.places.get(column.field)) is not None
        ]
        self._width = max(step.place for step in self._steps) + 1
        self._seen: dict[Any, int] = {}

    def portions(self, rows: Iterator[Sequence[Cell]], size: int) -> Iterator[Portion]:
        """The rows below the header in portions of `size`; blank ones are passed over."""
        number = self._layout.header_row + 1
        while part := list(islice(rows, size)):
            portion = self._portion(number, part)
            number += len(part)
            if portion.read:
                yield portion

    def _portion(self, first: int, part: list[Sequence[Cell]]) -> Portion:
        width = self._width
        part = [row if len(row) >= width else [*row, *[""] * (width - len(row))] for row in part]
        cells = list(zip(*part, strict=False))  # whatever lies beyond the columns we know is of no use
        faults: dict[int, list[Fault]] = {}
        columns = {step.column.field: self._column(step, cells[step.place], faults) for step in self._steps}
        for field, value in self._kind.defaults.items():
            told = columns.get(field) or [None] * len(part)
            columns[field] = [value if one is None else one for one in told]
        blank = {
            place for place in faults if all(_says_nothing(part[place][step.place]) for step in self._steps)
        }
        for place in blank:
            del faults[place]
        self._find_merged(first, len(part), blank, faults)
        self._find_repeated(first, columns, blank, faults)
        rejected = [Rejection(first + place, *fault) for place in sorted(faults) for fault in faults[place]]
        numbers: Sequence[int] = range(first, first + len(part))
        if blank or faults:
            good = [place not in faults and place not in blank for place in range(len(part))]
            numbers = list(compress(numbers, good))
            columns = {field: list(compress(values, good)) for field, values in columns.items()}
        return Portion(numbers, columns, rejected, len(part) - len(blank))

    def _column(self, step: _Step, cells: Sequence[Cell], faults: dict[int, list[Fault]]) -> list[Any]:
        """The values of a column; what is wrong goes to the faults of its row."""
        known = step.known
        if known is None:
            return self._varied_column(step, cells, faults)
        values = [known.get(cell, UNKNOWN) for cell in cells]
        if UNKNOWN in values:
            for place, value in enumerate(values):
                if value is UNKNOWN:
                    cell = cells[place]
                    values[place] = self._cell(step, cell, place, faults)
                    if cell.__class__ is str and len(known) < MOST_KNOWN and place not in faults:
                        known[cell] = values[place]
        return values

    def _varied_column(self, step: _Step, cells: Sequence[Cell], faults: dict[int, list[Fault]]) -> list[Any]:
        read, today, as_is = step.column.read, self._today, step.column.as_is
        values: list[Any] = []
        for place, cell in enumerate(cells):
            if as_is is not None and cell.__class__ is str and as_is(cell):
                values.append(cell)
                continue
            try:
                values.append(read(cell, today))
            except BadCell:
                values.append(self._cell(step, cell, place, faults))
        return values

    def _cell(self, step: _Step, cell: Cell, place: int, faults: dict[int, list[Fault]]) -> Any:  # noqa: ANN401
        """The value of one cell, or None and perhaps a fault."""
        reason = MISSING
        if not _says_nothing(cell):
            try:
                return step.column.read(cell, self._today)
            except BadCell as bad:
                reason = bad.reason
        if step.column.required or reason is not MISSING:
            faults.setdefault(place, []).append(Fault(step.column.title, reason))
        return None

    def _find_merged(self, first: int, count: int, blank: set[int], faults: dict[int, list[Fault]]) -> None:
        for number, area in self._layout.merged.items():
            place = number - first
            if 0 <= place < count and place not in blank:
                told = f"这一行有合并的单元格 {area}，请取消合并，每一行都填上。"
                faults[place] = [Fault(None, told)]

    def _find_repeated(
        self,
        first: int,
        columns: Mapping[str, list[Any]],
        blank: set[int],
        faults: dict[int, list[Fault]],
    ) -> None:
        """Of two good rows with one key the later one is at fault."""
        own = [columns[field] for field in self._kind.key if field in columns]
        keys = own[0] if len(own) == 1 else list(zip(*own, strict=True))
        seen = self._seen
        if not faults and not blank and seen.keys().isdisjoint(keys) and len(set(keys)) == len(keys):
            seen.update(zip(keys, range(first, first + len(keys)), strict=True))
            return
        title = self._kind.titles[self._kind.key[0]]
        for place, key in enumerate(keys):
            if place in faults or place in blank:
                continue
            before = seen.setdefault(key, first + place)
            if before != first + place:
                faults[place] = [Fault(title, f"与第 {before} 行重复，这一行没有导入。")]


def _says_nothing(cell: Cell) -> bool:
    return isinstance(cell, str) and (not cell or cell in NOTHING or cell.isspace())
