"""Cases for staff (待办事项): a person asks for a person, or an identity needs a clerk's eye."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from storage.database import Connection, Statement, insert
from storage.sealing import Sealer
from storage.tables import StaffCase, core

NOTE: Final = b"staff_case.note_sealed"
case = core(StaffCase)

OPEN: Final = Statement(
    insert(case).values(status="open").returning(case.c.id),
    "kind",
    "contact_id",
    "person_id",
    "submission_id",
    "note_sealed",
    "created_at",
)


def open_case(
    connection: Connection,
    sealer: Sealer,
    kind: str,
    contact_id: int | None,
    now: datetime,
    *,
    person_id: int | None = None,
    submission_id: int | None = None,
    note: str | None = None,
) -> int:
    """Open a case; returns its number. The note is sealed: people write things there that are nobody else's business."""
    sealed = sealer.seal(note, NOTE) if note else None
    row = connection.run(OPEN, (kind, contact_id, person_id, submission_id, sealed, now)).fetchone()
    number: int = row[0]
    return number
