"""Compound files before they are opened (.xls): a damaged header must not ask for more memory than the file could fill.

[MS-CFB]: a header of 512 bytes, then sectors. The header counts the sectors of each table; the directory gives the
length of each stream.
"""

from __future__ import annotations

import struct
from typing import Final

from policy.refusal import Refused
from storage.imports.zips import DAMAGED

HEADER: Final = 512
SECTOR_SHIFTS: Final = (9, 12)
COUNTS: Final = (40, 44, 64, 72)
"""Where the header counts the sectors of the directory, the allocation table and its two helpers."""

FIRST_OF_DIRECTORY: Final = 48
ENTRY: Final = 128
STREAM_SIZE: Final = 120
"""Where a directory entry has the length of its stream."""


def check_compound(data: bytes) -> None:
    """Raises `Refused` when the file speaks of more than it holds."""
    if len(data) < HEADER:
        raise Refused(DAMAGED)
    [shift] = struct.unpack_from("<H", data, 30)
    if shift not in SECTOR_SHIFTS:
        raise Refused(DAMAGED)
    sector = 1 << shift
    sectors = len(data) // sector + 1
    if any(struct.unpack_from("<I", data, place)[0] > sectors for place in COUNTS):
        raise Refused(DAMAGED)
    [first] = struct.unpack_from("<I", data, FIRST_OF_DIRECTORY)
    start = (first + 1) * sector
    for place in range(start, min(start + sector, len(data) - ENTRY + 1), ENTRY):
        if struct.unpack_from("<I", data, place + STREAM_SIZE)[0] > len(data):
            raise Refused(DAMAGED)
