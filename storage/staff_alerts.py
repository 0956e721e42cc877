"""Alerts (告警): something of the service itself needs a person; told to every clerk who has bound a chat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from policy.outgoing_codes import PurposeKind
from storage import deliveries
from storage.database import Connection
from storage.deliveries import Said
from storage.outgoing_tables import StaffBinding
from storage.sealing import Sealer
from storage.tables import core

binding = core(StaffBinding)


def alert(connection: Connection, sealer: Sealer, key: str, text: str, now: datetime) -> int:
    """Tell all bound staff, once for each `key`; returns to how many it will go."""
    found = select(binding.c.contact_id).where(binding.c.contact_id.is_not(None)).distinct()
    contacts = [row[0] for row in connection.sqlalchemy.execute(found)]
    if not contacts:
        return 0
    purpose_id = deliveries.purpose(
        connection,
        f"alert:{key}",
        PurposeKind.STAFF,
        now,
        priority=deliveries.URGENT,
        repeat_harmless=True,
    )
    content = Said(text)
    rows = [
        deliveries.enqueue(
            connection, sealer, purpose_id, contact_id, content, priority=deliveries.URGENT, due_at=now
        )
        for contact_id in contacts
    ]
    return sum(row is not None for row in rows)
