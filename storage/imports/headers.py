"""The header row (表头): found among the first rows, its columns known by name in any order, merged cells told.

Columns nobody asked for are kept aside and reported. Two columns of one name, or a required one that is missing,
refuse the whole file, since every row would be a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

from policy.refusal import Refused
from storage.imports.cells import Cell
from storage.imports.kinds import Column
from storage.imports.reading import Merged, Sheet

FIRST_ROWS: Final = 10
"""Among so many rows the header is looked for: titles often stand above it."""

MOST_MERGED_ROWS: Final = 200_000

_marks = re.compile(r"[\s*＊:：]+|[(（](?:必填|选填|可选|可不填)[)）]")


class Layout(NamedTuple):
    """Where the data is. `places` maps a field to its place in a row of the sheet."""

    header_row: int
    """As Excel counts: the first row is 1."""
    places: Mapping[str, int]
    unknown: Sequence[str]
    merged: Mapping[int, str]
    """For each row of data with merged cells, as Excel counts, the range (A3:B7)."""


def plain_title(cell: Cell) -> str:
    """A title in the form in which titles are compared: without spaces, marks and differences of width."""
    return _marks.sub("", unicodedata.normalize("NFKC", str(cell))).lower()


def find_layout(sheet: Sheet, columns: Sequence[Column]) -> tuple[Layout, Iterator[Sequence[Cell]]]:
    """Find the header; returns it, and the rows below. Raises `Refused`."""
    titles = {plain_title(title): column for column in columns for title in (column.title, *column.aliases)}
    above = list(islice(sheet.rows, FIRST_ROWS))
    best: tuple[int, int, Sequence[Cell]] | None = None
    for number, row in enumerate(above, 1):
        known = len({titles[title].field for cell in row if (title := plain_title(cell)) in titles})
        if known and (best is None or known > best[0]):
            best = (known, number, row)
    required = [column for column in columns if column.required]
    if best is None or best[0] < min(2, len(columns)):
        wanted = "、".join(column.title for column in required)
        raise Refused(
            f"前 {FIRST_ROWS} 行里没有找到表头。表头要有这些列：{wanted}。可以先下载模板，把数据贴进去。"
        )
    _, header_row, header = best
    places, unknown = _places(sheet, header, titles)
    if missing := [column.title for column in required if column.field not in places]:
        raise Refused(f"第 {header_row} 行的表头缺少这些列：{'、'.join(missing)}。请补上再导入。")
    merged = _merged(sheet, header_row, set(places.values()))
    return Layout(header_row, places, unknown, merged), chain(above[header_row:], sheet.rows)


def _places(
    sheet: Sheet, header: Sequence[Cell], titles: Mapping[str, Column]
) -> tuple[dict[str, int], list[str]]:
    places: dict[str, int] = {}
    unknown: dict[str, int] = {}
    faults: list[str] = []
    for place, cell in enumerate(header):
        title = plain_title(cell)
        if not title:
            continue
        column = titles.get(title)
        known, key = (unknown, str(cell).strip()) if column is None else (places, column.field)
        if key in known and column is not None:
            first, second = (letters(sheet.first_column + at) for at in (known[key], place))
            same = f"“{str(header[known[key]]).strip()}”和“{str(cell).strip()}”"
            faults.append(f"{first} 列和 {second} 列重复了：{same}是同一项，请只留一列。")
        known.setdefault(key, place)
    if faults:
        raise Refused(*faults)
    return places, list(unknown)


def letters(place: int) -> str:
    """A column as Excel names it: 0 is A, 26 is AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def range_name(merged: Merged) -> str:
    """A range as Excel names it: A3:B7."""
    return (
        f"{letters(merged.first_column)}{merged.first_row + 1}"
        f":{letters(merged.last_column)}{merged.last_row + 1}"
    )


def _merged(sheet: Sheet, header_row: int, places: set[int]) -> dict[int, str]:
    """The merged ranges by the rows of data they touch. Raises `Refused` when one reaches into the header."""
    rows: dict[int, str] = {}
    for merged in sheet.merged:
        touched = range(merged.first_column - sheet.first_column, merged.last_column - sheet.first_column + 1)
        if merged.last_row + 1 < header_row or places.isdisjoint(touched):
            continue
        if merged.first_row + 1 <= header_row:
            raise Refused(f"表头里有合并的单元格 {range_name(merged)}，请取消合并，表头只用一行。")
        last = min(merged.last_row + 1, sheet.height)
        if len(rows) + last - merged.first_row > MOST_MERGED_ROWS:
            raise Refused("合并的单元格太多了，请全选后取消合并，逐行填写再导入。")
        for row in range(merged.first_row + 1, last + 1):
            rows.setdefault(row, range_name(merged))
    return rows
