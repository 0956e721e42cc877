"""Lists of positions for staff (岗位台账): every status, with the mentor's name masked."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping, Select, select

from policy.codes import Education, PositionKind
from policy.districts import district_name
from policy.ledger_codes import PositionStatus
from policy.masking import mask_name
from policy.regions import city as city_of_code
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Host, Mentor, Position
from storage.mentors import NAME
from storage.position_search import words_wanted
from storage.sealing import Sealer
from storage.tables import core

position, host, mentor = core(Position), core(Host), core(Mentor)

PLAIN: Final = (
    *("id", "host_id", "title", "kind", "city", "district", "openings", "taken", "education", "majors"),
    *("stipend_fen", "months", "description", "demonstrative", "demonstrative_reason", "closes_on", "status"),
    *("decision_reason", "decided_by", "source", "demo", "published_on", "version"),
)
"""Columns that are shown as they are."""


def _query() -> Select[Any]:
    return (
        select(position, host.c.name.label("host_name"), host.c.uscc, mentor.c.name_sealed)
        .join(host, host.c.id == position.c.host_id)
        .outerjoin(mentor, mentor.c.id == position.c.mentor_id)
    )


def listed(
    connection: Connection,
    sealer: Sealer,
    *,
    city: str | None = None,
    status: str | None = None,
    host_id: int | None = None,
    words: str | None = None,
    after: int = 0,
    limit: int = 50,
    unmask: bool = False,
) -> list[dict[str, Any]]:
    """A page of positions by id, JSON-safe, the mentor masked unless `unmask` (which the caller records)."""
    query = _query().where(position.c.id > after).order_by(position.c.id).limit(limit)
    for column, value in (("city", city), ("status", status), ("host_id", host_id)):
        if value is not None:
            query = query.where(position.c[column] == value)
    for condition in words_wanted(connection, words):
        query = query.where(condition)
    return [_shown(sealer, row, unmask=unmask) for row in connection.sqlalchemy.execute(query).mappings()]


def shown(connection: Connection, sealer: Sealer, position_id: int, *, unmask: bool) -> dict[str, Any]:
    """One position. Raises `NotFound`."""
    query = _query().where(position.c.id == position_id)
    row = connection.sqlalchemy.execute(query).mappings().first()
    if row is None:
        raise NotFound("position")
    return _shown(sealer, row, unmask=unmask)


def _shown(sealer: Sealer, row: RowMapping, *, unmask: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: value.isoformat() if isinstance(value := row[name], date) else value for name in PLAIN
    }
    fields |= {"host_name": row["host_name"], "uscc": row["uscc"]}
    name = sealer.open_text(row["name_sealed"], NAME) if row["name_sealed"] else None
    fields["mentor"] = name if name is None or unmask else mask_name(name)
    fields["left"] = row["openings"] - row["taken"]
    fields["labels"] = {
        "kind": PositionKind(row["kind"]).label,
        "status": PositionStatus(row["status"]).label,
        "education": Education(row["education"]).label + "及以上" if row["education"] else "不限",
        "city": city_of_code(row["city"]).name,
        "district": district_name(row["district"]),
    }
    return fields
