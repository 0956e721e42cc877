"""How far the tables of an OpenDocument file reach (.ods), before they are opened.

A row or cell may be said to be repeated thousands of times in a few bytes. An empty rest of a sheet costs nothing;
what is filled, and what lies before it, takes memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from policy.refusal import Refused

ROW, CELLS, TABLE = "table-row", ("table-cell", "covered-table-cell"), "table"


class Extent:
    """Reads the content of a file piece by piece; `rows` and `columns` of the table that reaches farthest."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = _refuse_entities
        self._row = self._column = 0
        self._cell_repeats = self._row_repeats = 1
        self._in_cell = self._filled = False
        self._last_filled = 0

    def feed(self, piece: bytes, last: bool = False) -> None:
        """Take in the next piece. Raises expat.ExpatError."""
        self._parser.Parse(piece, last)

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        told = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if local == TABLE:
            self._row = 0
        elif local == ROW:
            self._row_repeats, self._column, self._last_filled = _number(told, "rows"), 0, 0
        elif local in CELLS:
            self._cell_repeats = _number(told, "columns")
            self._in_cell, self._filled = True, "value-type" in told or "formula" in told

    def _text(self, _text: str) -> None:
        self._filled = self._filled or self._in_cell

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in CELLS:
            self._column += self._cell_repeats
            self._in_cell = False
            if self._filled:
                self._last_filled = self._column
        elif local == ROW:
            self._row += self._row_repeats
            if self._last_filled:
                self.rows = max(self.rows, self._row)
                self.columns = max(self.columns, self._last_filled)


def _number(told: Mapping[str, str], what: str) -> int:
    value = told.get(f"number-{what}-repeated", "1")
    return int(value) if value.isascii() and value.isdigit() else 1


BOMB_OF_ENTITIES: Final = "这个文件里有不该有的内容，没有打开。请用 Excel 打开原表，另存为 .xlsx 再导入。"


def _refuse_entities(*_declared: object) -> None:
    raise Refused(BOMB_OF_ENTITIES)
