"""Zipped spreadsheets before they are opened (.xlsx, .ods): zip bombs, and sheets that reach too far.

A reader of spreadsheets unpacks whatever a file holds and makes room for every cell between the first and the last
one, so a file of a few kilobytes could take all memory. Everything is measured here first, by unpacking the parts
piece by piece and counting, since what a zip file says of its own sizes need not be true.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile, ZipInfo

from policy.refusal import Refused
from storage.imports.open_documents import Extent

MOST_PARTS: Final = 2000
"""Files inside the zip file."""
MOST_UNPACKED: Final = 400 * 2**20
"""Bytes of all parts together, unpacked. 200,000 rows of 20 columns have some 200 MiB."""
MOST_TIMES: Final = 200
"""How many times smaller a part may be packed, once it is larger than `SMALL`; tables reach about 40."""
SMALL: Final = 20 * 2**20

MOST_ROWS: Final = 200_001
"""Rows of a sheet, the header included."""
MOST_COLUMNS: Final = 100

PIECE: Final = 2**18

BOMB: Final = "这个文件解压后大得不正常，没有打开。请用 Excel 打开原表，另存为新的 .xlsx 再导入。"
DAMAGED: Final = "文件已损坏，打不开。请用 Excel 打开原表，另存为新的 .xlsx 再导入。"
TOO_LONG: Final = (
    f"表里的内容到了第 {{row}} 行，一次最多导入 {MOST_ROWS - 1:,} 行。请拆成几个文件；"
    "如果下面其实没有数据，请把多余的行整行删除再保存。"
)
TOO_WIDE: Final = (
    f"表里的内容到了第 {{column}} 列，最多 {MOST_COLUMNS} 列。"
    "如果右边其实没有数据，请把多余的列整列删除再保存。"
)

_sheet = re.compile(r"xl/(?:worksheets|dialogsheets|macrosheets)/[^/]+\.xml", re.IGNORECASE).fullmatch
# Each begins with a literal, so that the millions of places where it does not fit cost little.
_far = re.compile(rb' r="(?:[A-Za-z]{2}|[A-Za-z]?[0-9]{6})').search
_odd_value, _odd_name = re.compile(rb'=[^"]').search, re.compile(rb"r[ \t\r\n]+=").search
_rows_and_cells = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,4})([0-9]{1,10})["']""").finditer

STORED, DEFLATED = 0, 8
LOCAL_HEADER: Final = 30
OVERLAP: Final = 64
"""Bytes looked at again with the next piece: longer than what is looked for."""


def check_zip(data: bytes) -> str:
    """Look through a zipped spreadsheet; returns xlsx, ods or xlsb. Raises `Refused` with a sentence for the clerk."""
    try:
        parts = ZipFile(BytesIO(data)).infolist()
    except (BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        raise Refused(DAMAGED) from None
    if len(parts) > MOST_PARTS:
        raise Refused(BOMB)
    kind = _kind({part.filename for part in parts})
    if kind != "xlsb":
        left = MOST_UNPACKED
        for part in parts:
            left -= _look_through(data, part, left, kind)
    return kind


def _kind(names: set[str]) -> str:
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "content.xml" in names:
        return "ods"
    raise Refused("这是一个压缩包，不是表格。请解压后，把里面的 .xlsx 或 .csv 文件导入。")


def _look_through(data: bytes, part: ZipInfo, left: int, kind: str) -> int:
    """Unpack one part piece by piece; returns its size. Raises `Refused`."""
    packed = _packed(data, part)
    most = left if len(packed) * MOST_TIMES > left else max(len(packed) * MOST_TIMES, min(SMALL, left))
    is_sheet = kind == "xlsx" and _sheet(part.filename) is not None
    extent = Extent() if kind == "ods" and part.filename == "content.xml" else None
    size, before = 0, b""
    try:
        for piece in _unpacked(packed, part.compress_type):
            size += len(piece)
            if size > most:
                raise Refused(BOMB)
            if is_sheet:
                seam = before + piece[:OVERLAP]
                if any(search(seam) or search(piece) for search in (_far, _odd_value, _odd_name)):
                    _refuse_far(before + piece)
                before = piece[-OVERLAP:]
            elif extent is not None:
                extent.feed(piece)
    except (zlib.error, ExpatError):
        raise Refused(DAMAGED) from None
    if extent is not None and extent.rows > MOST_ROWS:
        raise Refused(TOO_LONG.format(row=f"{extent.rows:,}"))
    if extent is not None and extent.columns > MOST_COLUMNS:
        raise Refused(TOO_WIDE.format(column=extent.columns))
    return size


def _packed(data: bytes, part: ZipInfo) -> memoryview:
    if part.flag_bits & 1:
        raise Refused("文件设了密码，打不开。请先去掉密码，另存后再导入。")
    start = part.header_offset
    names = int.from_bytes(data[start + 26 : start + 28], "little") + int.from_bytes(
        data[start + 28 : start + LOCAL_HEADER], "little"
    )
    begin = start + LOCAL_HEADER + names
    if not data.startswith(b"PK\x03\x04", start) or begin + part.compress_size > len(data):
        raise Refused(DAMAGED)
    return memoryview(data)[begin : begin + part.compress_size]


def _unpacked(packed: memoryview, method: int) -> Iterator[bytes]:
    if method == STORED:
        for start in range(0, len(packed), PIECE):
            yield bytes(packed[start : start + PIECE])
        return
    if method != DEFLATED:
        raise Refused(DAMAGED)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    step = PIECE // 16  # packed some ten times smaller, so that little is carried over
    for start in range(0, len(packed), step):
        rest: bytes | memoryview = packed[start : start + step]
        while rest:
            yield unpacker.decompress(rest, PIECE)
            rest = unpacker.unconsumed_tail
        if unpacker.eof:
            return


def _refuse_far(piece: bytes) -> None:
    """Raises `Refused` when a cell of this piece lies beyond what is read."""
    for found in _rows_and_cells(piece):
        letters, row = found[1].decode().upper(), int(found[2])
        if row > MOST_ROWS:
            raise Refused(TOO_LONG.format(row=row))
        if len(letters) > 1 and _column(letters) > MOST_COLUMNS:
            raise Refused(TOO_WIDE.format(column=letters))


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
