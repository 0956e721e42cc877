"""Lists of hosts for staff (单位台账): every status, with the contact person masked; what is due for review.

The list that is published (见习单位清单) is in `storage.public_lists`.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping, or_, select

from policy.districts import district_name
from policy.hosts import typical_position_kind
from policy.ledger_codes import HostKind, HostStatus, PositionStatus
from policy.masking import mask_name, mask_phone
from policy.regions import city as city_of_code
from storage.database import Connection
from storage.errors import NotFound
from storage.host_records import CONTACT_NAME, CONTACT_PHONE
from storage.ledger_tables import Host, Position
from storage.sealing import Sealer
from storage.tables import core

host, position = core(Host), core(Position)

PLAIN: Final = (
    *("id", "uscc", "name", "kind", "city", "district", "address", "status", "applied_on", "approved_on"),
    *("review_due", "decision_reason", "decided_by", "source", "demo", "version"),
)
"""Columns that lists for staff show as they are."""


def listed(
    connection: Connection,
    sealer: Sealer,
    *,
    city: str | None = None,
    status: str | None = None,
    words: str | None = None,
    after: int = 0,
    limit: int = 50,
    unmask: bool = False,
) -> list[dict[str, Any]]:
    """A page of hosts by id, JSON-safe, the contact person masked unless `unmask` (which the caller records)."""
    query = select(host).where(host.c.id > after).order_by(host.c.id).limit(limit)
    if city is not None:
        query = query.where(host.c.city == city)
    if status is not None:
        query = query.where(host.c.status == status)
    if words:
        wanted = words.strip()
        query = query.where(or_(host.c.name.contains(wanted, autoescape=True), host.c.uscc == wanted.upper()))
    rows = connection.sqlalchemy.execute(query).mappings()
    return [_shown(sealer, row, unmask=unmask) for row in rows]


def due(
    connection: Connection, sealer: Sealer, *, until: date, city: str | None = None
) -> list[dict[str, Any]]:
    """The recognised hosts whose yearly review is due by `until`, the longest overdue first."""
    query = (
        select(host)
        .where(host.c.status == str(HostStatus.APPROVED), host.c.review_due <= until)
        .order_by(host.c.review_due, host.c.id)
    )
    if city is not None:
        query = query.where(host.c.city == city)
    rows = connection.sqlalchemy.execute(query).mappings()
    return [_shown(sealer, row, unmask=False) for row in rows]


def shown(connection: Connection, sealer: Sealer, host_id: int, *, unmask: bool) -> dict[str, Any]:
    """One host with its positions in brief. Raises `NotFound`."""
    row = connection.sqlalchemy.execute(select(host).where(host.c.id == host_id)).mappings().first()
    if row is None:
        raise NotFound("host")
    names = ("id", "title", "status", "openings", "taken")
    found = connection.sqlalchemy.execute(
        select(*(position.c[name] for name in names))
        .where(position.c.host_id == host_id)
        .order_by(position.c.id)
    )
    briefs = [
        dict(brief) | {"status_label": PositionStatus(brief["status"]).label} for brief in found.mappings()
    ]
    return _shown(sealer, row, unmask=unmask) | {"positions": briefs}


def _shown(sealer: Sealer, row: RowMapping, *, unmask: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: value.isoformat() if isinstance(value := row[name], date) else value for name in PLAIN
    }
    name, phone = row["contact_name_sealed"], row["contact_phone_sealed"]
    fields["contact_name"] = sealer.open_text(name, CONTACT_NAME) if name else None
    fields["contact_phone"] = sealer.open_text(phone, CONTACT_PHONE) if phone else None
    if not unmask:
        fields["contact_name"] = mask_name(fields["contact_name"] or "") or None
        fields["contact_phone"] = mask_phone(fields["contact_phone"] or "") or None
    offers = typical_position_kind(HostKind(row["kind"]))
    fields["labels"] = {
        "kind": HostKind(row["kind"]).label,
        "typical_position_kind": offers.label if offers else "",
        "status": HostStatus(row["status"]).label,
        "city": city_of_code(row["city"]).name,
        "district": district_name(row["district"]),
    }
    return fields
