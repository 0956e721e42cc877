"""Edits by staff (修改): nobody overwrites what somebody else has changed meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from storage.errors import Conflict

CHANGED_MEANWHILE = "这条记录刚被别人改过，请重新打开、看过再改。"


class Versioned(Protocol):
    """A record that staff edit."""

    version: int
    updated_at: datetime


def edit(row: Versioned, seen: int | None, now: datetime) -> None:
    """Begin an edit of `row` as it was seen with version `seen` (None: whatever it is now).

    Raises `Conflict` when it has changed since.
    """
    if seen is not None and row.version != seen:
        raise Conflict(CHANGED_MEANWHILE)
    row.version += 1
    row.updated_at = now
