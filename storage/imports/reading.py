"""Reading what a clerk sends (读表): the kind of file is found by its content, limits stand before opening.

.xlsx, .xls and .ods by calamine, .csv in UTF-8, UTF-16 or GB 18030; whatever the name ends in. Formulas are never
executed: the values that were computed when the file was saved are read. Faults of the file as a whole raise
`Refused` with a sentence that says what to do.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from typing import Final, NamedTuple

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from policy.refusal import Refused
from storage.imports.cells import Cell
from storage.imports.compounds import check_compound
from storage.imports.zips import DAMAGED, MOST_COLUMNS, MOST_ROWS, TOO_LONG, TOO_WIDE, check_zip

MOST_BYTES: Final = 50 * 2**20
"""Size of a file."""

ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS: Final = ("\t", ",", ";", "，")
TOO_LARGE: Final = f"文件有 {{size}} MB，最大 {MOST_BYTES // 2**20} MB。请拆成几个文件再导入。"
PROTECTED: Final = "文件设了密码，打不开。请用 Excel 打开，去掉密码（文件—信息—保护工作簿），另存后再导入。"
EMPTY: Final = "表里没有内容。请确认数据在第一张工作表里，并且已经保存。"


class Merged(NamedTuple):
    """A range of merged cells (合并单元格), in numbers from 0, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class Sheet(NamedTuple):
    """The table of a file. `rows` begins with row 1 of Excel and column `first_column` (from 0); read it once."""

    rows: Iterator[Sequence[Cell]]
    height: int
    first_column: int
    merged: Sequence[Merged]
    notes: Sequence[str]
    """What the clerk should know, such as sheets that were not read."""


def read_sheet(data: bytes) -> Sheet:
    """Open the table in a file. Raises `Refused`."""
    if len(data) > MOST_BYTES:
        raise Refused(
            f"文件有 {len(data) // 2**20} MB，最大 {MOST_BYTES // 2**20} MB。请拆成几个文件再导入。"
        )
    if not data.strip():
        raise Refused("文件是空的，请选有内容的文件。")
    if data.startswith(ZIP):
        if check_zip(data) == "xlsb":
            raise Refused("这是 .xlsb 文件，系统不读。请用 Excel 打开，另存为 .xlsx 再导入。")
        return _workbook(data)
    if data.startswith(COMPOUND):
        if ENCRYPTED in data:
            raise Refused(PROTECTED)
        check_compound(data)
        return _workbook(data)
    return _text(data)


def _workbook(data: bytes) -> Sheet:
    try:
        found, others = _first_filled(data)
    except PasswordError:
        raise Refused(PROTECTED) from None
    except (CalamineError, OSError, ValueError):
        raise Refused(DAMAGED) from None
    except BaseException as error:
        # What the reader's authors did not foresee in a damaged file comes as this, and has no other name.
        if type(error).__name__ != "PanicException":
            raise
        raise Refused(DAMAGED) from None
    if found is None:
        raise Refused(EMPTY)
    return _sheet(found, others)


def _first_filled(data: bytes) -> tuple[CalamineSheet | None, Sequence[str]]:
    """The first visible sheet with content, and the names of those behind it."""
    with CalamineWorkbook.from_filelike(BytesIO(data)) as book:
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet
        ]
        for place, name in enumerate(names):
            found = book.get_sheet_by_name(name)
            if found.start is not None:
                return found, names[place + 1 :]
    return None, ()


def _sheet(found: CalamineSheet, others: Sequence[str]) -> Sheet:
    assert found.start is not None
    assert found.end is not None
    height = found.end[0] + 1
    if height > MOST_ROWS:
        raise Refused(TOO_LONG.format(row=f"{height:,}"))
    if found.width > MOST_COLUMNS:
        raise Refused(TOO_WIDE.format(column=found.width))
    merged = [Merged(*first, *last) for first, last in found.merged_cell_ranges or ()]
    notes = [f"只读了工作表“{found.name}”，还有 {len(others)} 张没有读。"] if others else []
    return Sheet(found.iter_rows(), height, found.start[1], merged, notes)


def _text(data: bytes) -> Sheet:
    """A CSV file, in whatever Excel or a database wrote it."""
    told = _decoded(data)
    if told.lstrip()[:1] == "<":
        raise Refused(
            "这个文件其实是网页，只是名字像 Excel 表格。请用 Excel 打开，另存为“Excel 工作簿（.xlsx）”再导入。"
        )
    if "\0" in told:
        raise Refused("这个文件不是表格，请选 .xlsx、.xls 或 .csv 文件。")
    head = told[: told.find("\n") + 1 or len(told)]
    delimiter = max(DELIMITERS, key=head.count)
    if delimiter == "，":
        raise Refused("CSV 文件要用半角逗号分隔，现在是全角逗号。请在 Excel 里另存为“CSV UTF-8”再导入。")
    # Read to its end at once: what is wrong further down must be known before anything is stored.
    rows = list(_lines(csv.reader(StringIO(told, newline=""), delimiter=delimiter)))
    return Sheet(iter(rows), len(rows), 0, (), ())


def _decoded(data: bytes) -> str:
    encodings = ("utf-16",) if data.startswith(UTF16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("这个文件不是表格，或者编码认不出来。请在 Excel 里另存为 .xlsx 或“CSV UTF-8”再导入。")


def _lines(reader: Iterator[list[str]]) -> Iterator[Sequence[Cell]]:
    """The records of a CSV file. Raises `Refused` at the first that no table has."""
    number = 0
    try:
        for number, line in enumerate(reader, 1):
            if number > MOST_ROWS:
                raise Refused(TOO_LONG.format(row=f"{number:,}"))
            if len(line) > MOST_COLUMNS:
                raise Refused(f"第 {number} 行有 {len(line)} 列，最多 {MOST_COLUMNS} 列。请核对分隔符。")
            yield line
    except csv.Error:
        raise Refused(
            f"CSV 文件第 {number + 1} 行读不出来，多半是引号没有成对。请用 Excel 打开，另存为 .xlsx。"
        ) from None
