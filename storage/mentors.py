"""Mentors (带教老师) of hosts: found by name, and how many internships each of them leads now.

人社部发〔2023〕27号 二(五): the host appoints experienced staff; how many interns each may lead is configuration
(`policy.programme`, interns_per_mentor).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlmodel import col
from sqlmodel import select as rows

from policy.ledger_codes import Stage
from storage.database import Connection, Statement
from storage.ledger_tables import Internship, Mentor
from storage.sealing import Sealer
from storage.tables import core

NAME: Final = b"mentor.name_sealed"

internship = core(Internship)
LED: Final = Statement(
    select(func.count()).where(
        internship.c.mentor_id == bindparam("mentor"), internship.c.stage == str(Stage.IN_POST)
    ),
    "mentor",
)


def ensure(
    connection: Connection,
    sealer: Sealer,
    host_id: int,
    name: str,
    *,
    now: datetime,
    job_title: str | None = None,
) -> int:
    """The id of the host's mentor of that name, who is added when new."""
    found = find(connection, sealer, host_id, name)
    if found is None:
        found = Mentor(
            host_id=host_id,
            name_sealed=sealer.seal(name, NAME),
            name_index=sealer.index(name, "name"),
            created_at=now,
        )
    if job_title:
        found.job_title = job_title
    connection.session.add(found)
    connection.session.flush()
    assert found.id is not None
    return found.id


def find(connection: Connection, sealer: Sealer, host_id: int, name: str) -> Mentor | None:
    """The host's mentor of that name, under any key of the ring."""
    query = rows(Mentor).where(
        Mentor.host_id == host_id, col(Mentor.name_index).in_(sealer.indexes(name, "name"))
    )
    return connection.session.exec(query).first()


def load(connection: Connection, mentor_id: int) -> int:
    """How many people in post the mentor leads now."""
    row = connection.run(LED, (mentor_id,)).fetchone()
    led: int = row[0]
    return led


def name_of(connection: Connection, sealer: Sealer, mentor_id: int | None) -> str | None:
    """The mentor's name in clear: handle with care. None when there is no such mentor."""
    found = connection.session.get(Mentor, mentor_id) if mentor_id is not None else None
    return sealer.open_text(found.name_sealed, NAME) if found else None
