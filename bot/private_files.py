"""Files that hold what people told us: only their owner may read them, also where one of that name was there before."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

MODE: Final = 0o600


def open_private(path: Path) -> BinaryIO:
    """An empty file to write, mode 0600. Raises OSError."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
    file = os.fdopen(number, "wb")
    if stat.S_ISREG(os.fstat(number).st_mode):  # a device or a pipe belongs to others too
        os.fchmod(number, MODE)
    return file
