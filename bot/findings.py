"""What the doctor says of one thing that it looked at (自检结论)."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One thing looked at: fine, switched off, worth a word, or wrong; `message` says what to do."""

    subject: str
    state: Literal["ok", "off", "warning", "fault"]
    message: str
