"""Applications that wait with their person's identity (待核身份的岗位报名): cases for staff, shown like any others.

To the person they read as an application in the ledger does, so that nobody learns from them who is in the base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select

from policy.ledger_codes import Stage
from policy.refusal import Refused
from storage import cases
from storage.cases import NOTE, RESULT, case
from storage.database import Connection
from storage.ledger_tables import Host, Position
from storage.sealing import Sealer
from storage.tables import core

KIND: Final = "apply_position"
TAKEN_BACK: Final = "本人撤回"
"""The result with which the person's own withdrawal closes the case."""
_POSITION: Final = re.compile(r"岗位(\d+)", re.ASCII)

position, host = core(Position), core(Host)


class Waiting(NamedTuple):
    """An application by the number of its case; its stage is applied or withdrawn."""

    id: int
    stage: Stage
    position_id: int
    title: str
    host_name: str
    stipend_fen: int


def begin(
    connection: Connection, sealer: Sealer, contact_id: int, position_id: int, city: str, now: datetime
) -> int:
    """Take an application; its number. Raises `Refused` for a second one for the same position."""
    for one in of_contact(connection, sealer, contact_id):
        if (one.position_id, one.stage) == (position_id, Stage.APPLIED):
            raise Refused(f"这个岗位已经报过了（编号 {one.id}），不用重复报名。")
    return cases.open_case(connection, sealer, KIND, contact_id, now, city=city, note=f"岗位{position_id}")


def of_contact(connection: Connection, sealer: Sealer, contact_id: int) -> list[Waiting]:
    """Those of a contact that wait or were withdrawn, the newest first; not those that staff have closed."""
    rows = connection.sqlalchemy.execute(
        select(case.c.id, case.c.status, case.c.result_sealed, case.c.note_sealed)
        .where(case.c.contact_id == contact_id, case.c.kind == KIND, case.c.note_sealed.is_not(None))
        .order_by(case.c.id.desc())
    ).all()
    found = []
    for number, status, result, note in rows:
        if status == cases.OPEN_STATE:
            found.append((number, Stage.APPLIED, note))
        elif result and sealer.open_text(result, RESULT) == TAKEN_BACK:
            found.append((number, Stage.WITHDRAWN, note))
    return list(_read(connection, sealer, found))


def _read(connection: Connection, sealer: Sealer, rows: list[tuple[int, Stage, bytes]]) -> Iterator[Waiting]:
    for number, stage, note in rows:
        found = _POSITION.search(sealer.open_text(note, NOTE))
        offer = None
        if found is not None:
            offer = connection.sqlalchemy.execute(
                select(position.c.id, position.c.title, host.c.name, position.c.stipend_fen)
                .join(host, host.c.id == position.c.host_id)
                .where(position.c.id == int(found[1]))
            ).first()
        if offer is not None:
            yield Waiting(number, stage, *offer)


def withdraw(connection: Connection, sealer: Sealer, contact_id: int, number: int, now: datetime) -> bool:
    """Take one back; False when the contact has none of that number."""
    own = of_contact(connection, sealer, contact_id)
    if number not in {one.id for one in own if one.stage == Stage.APPLIED}:
        return False
    cases.close(connection, sealer, number, TAKEN_BACK, actor=f"contact:{contact_id}", now=now)
    return True
