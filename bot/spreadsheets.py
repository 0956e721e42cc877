"""Spreadsheets out of the base (表格导出): templates to fill in, and lists with the columns that the import reads.

All cells are text, so that ID numbers survive, and nothing is left that a spreadsheet program would execute. Files
may hold personal data: only their owner may read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import xlsxwriter

from bot.export import FORMULA
from bot.private_files import open_private
from storage.imports.kinds import Kind

OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
WIDTH: Final = 18


def write_rows(path: Path, name: str, titles: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a table with a header; returns the number of rows. Raises OSError."""
    count = 0
    with open_private(path) as file, xlsxwriter.Workbook(file, OPTIONS) as book:
        sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True})
        sheet.set_column(0, len(titles) - 1, WIDTH)
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 0)
        for count, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                sheet.write_string(count, column, harmless(value))
    return count


def harmless(value: object) -> str:
    """A value as the text of a cell that no spreadsheet program executes."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA) else text


def write_template(path: Path, kind: Kind) -> None:
    """Write an empty table of a kind, and beside it how to fill it in. Raises OSError."""
    with open_private(path) as file, xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(kind.label[:31])
        head = book.add_format({"bold": True, "num_format": "@", "bg_color": "#DDEBF7"})
        needed = book.add_format({"bold": True, "num_format": "@", "bg_color": "#FCE4D6"})
        text = book.add_format({"num_format": "@"})
        sheet.set_column(0, len(kind.columns) - 1, WIDTH, text)
        for place, column in enumerate(kind.columns):
            sheet.write_string(0, place, column.title, needed if column.required else head)
        sheet.freeze_panes(1, 0)
        _explain(book, kind)


def _explain(book: xlsxwriter.Workbook, kind: Kind) -> None:
    sheet = book.add_worksheet("填写说明")
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "num_format": "@"})
    sheet.set_column(0, 2, WIDTH, wrapped)
    sheet.set_column(3, 3, 60, wrapped)
    for place, title in enumerate(("列", "必填", "例子", "说明")):
        sheet.write_string(0, place, title, bold)
    for number, column in enumerate(kind.columns, 1):
        cells = (
            column.title,
            "必填" if column.required else "",
            column.example,
            _note(column.note, column.aliases),
        )
        for place, cell in enumerate(cells):
            sheet.write_string(number, place, harmless(cell), wrapped)


def _note(note: str, aliases: Sequence[str]) -> str:
    return note + (f"也认这些列名：{'、'.join(aliases)}。" if aliases else "")
