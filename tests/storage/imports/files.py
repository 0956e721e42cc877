"""Files as clerks send them, made for tests: .xlsx, .xls, .ods and .csv, good and bad."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook

Lines = Sequence[Sequence[Any]]


def xlsx(lines: Lines, merged: Sequence[str] = (), **others: Lines) -> bytes:
    """A workbook whose first sheet has these lines; `others` are further sheets."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(list(line))
    for area in merged:
        sheet.merge_cells(area)
    for name, more in others.items():
        another = book.create_sheet(name)
        for line in more:
            another.append(list(line))
    return _saved(book)


def cells(placed: Mapping[str, Any]) -> bytes:
    """A workbook with these cells, by their names (A1)."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for name, value in placed.items():
        sheet[name] = value
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def csv(lines: Lines, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    """A text file."""
    return "".join(delimiter.join(map(str, line)) + "\r\n" for line in lines).encode(encoding)


def repacked(workbook: bytes, replaced: Mapping[str, bytes]) -> bytes:
    """A workbook with some of its parts replaced or added."""
    file = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in [*old.namelist(), *(name for name in replaced if name not in old.namelist())]:
            new.writestr(name, replaced.get(name) or old.read(name))
    return file.getvalue()


def sheet_xml(data: str) -> bytes:
    """The XML of a sheet around its rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'.encode()


SHEET = "xl/worksheets/sheet1.xml"


def lying(workbook: bytes, name: str, size: int) -> bytes:
    """The same file saying of one part that it has another size unpacked."""
    with zipfile.ZipFile(BytesIO(workbook)) as archive:
        true = archive.getinfo(name).file_size
    return workbook.replace(struct.pack("<I", true), struct.pack("<I", size))


def ods(rows: str) -> bytes:
    """An OpenDocument table with these rows."""
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    table = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{manifest}"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{office}" xmlns:table="{table}" xmlns:text="{text}">'
            f'<office:body><office:spreadsheet><table:table table:name="表">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return file.getvalue()


def ods_row(*values: str, more: str = "") -> str:
    """A row of an OpenDocument table."""
    told = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        for value in values
    )
    return f"<table:table-row>{told}{more}</table:table-row>"


def xls(lines: Lines) -> bytes:
    """A workbook in the format of Excel 97 (BIFF8 in a compound file), all cells texts."""
    end = _record(0x0A)
    sheet = _beginning(0x10)
    for row, line in enumerate(lines):
        for column, value in enumerate(line):
            told = str(value)
            body = struct.pack("<HHHHB", row, column, 0, len(told), 1) + told.encode("utf-16-le")
            sheet += _record(0x0204, body)
    head, name = _beginning(0x05), b"Sheet1"
    start = len(head) + 4 + 8 + len(name) + len(end)
    bound = _record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name)
    return _compound("Workbook", head + bound + end + sheet + end)


def _beginning(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))


def _record(number: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", number, len(body)) + body


def compound(stream: str) -> bytes:
    """A compound file with one stream of that name, such as Excel makes of a workbook with a password."""
    return _compound(stream, b"\0" * 5000)


def _compound(stream: str, data: bytes) -> bytes:
    """A compound file (OLE2) with one stream, long enough to need no mini stream."""
    sector = 512
    data = data.ljust(max(4096, -(-len(data) // sector) * sector), b"\0")
    count = len(data) // sector
    free, last, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    fat = [table, last, *(number + 3 for number in range(count - 1)), last]
    assert len(fat) <= sector // 4
    fat += [free] * (sector // 4 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, last, 0, last, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    entries = _entry("Root Entry", 5, 1, last, 0) + _entry(stream, 2, free, 2, len(data))
    return header + struct.pack(f"<{sector // 4}I", *fat) + entries.ljust(sector, b"\0") + data


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    told = (name + "\0").encode("utf-16-le")
    none = 0xFFFFFFFF
    return (
        told.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(told), kind, 1, none, none, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
