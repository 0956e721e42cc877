"""One-time links (一次性链接): known by the keyed hash of their token, good once and not for long."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, update

from storage.database import Connection, Statement, insert
from storage.sealing import Sealer
from storage.tables import Download, core

LIFETIME: Final = timedelta(minutes=15)
SCOPE: Final = "download"
download = core(Download)

ADD: Final = Statement(insert(download), "token_index", "contact_id", "kind", "expires_at")
USE: Final = Statement(
    update(download)
    .where(
        download.c.token_index == bindparam("token"),
        download.c.kind == bindparam("wanted"),
        download.c.used_at.is_(None),
        download.c.expires_at > bindparam("now", type_=download.c.expires_at.type),
    )
    .returning(download.c.contact_id),
    "used_at",
    "token",
    "wanted",
    "now",
)

PURGE: Final = Statement(
    delete(download).where(download.c.expires_at <= bindparam("now", type_=download.c.expires_at.type)), "now"
)


def make(connection: Connection, sealer: Sealer, contact_id: int, kind: str, now: datetime) -> str:
    """A new token for one download of `kind` by this contact."""
    token = secrets.token_urlsafe(24)
    connection.run(ADD, (sealer.index(token, SCOPE), contact_id, kind, now + LIFETIME))
    return token


def use(connection: Connection, sealer: Sealer, token: str, kind: str, now: datetime) -> int | None:
    """Spend a token; returns its contact, or None when it is unknown, spent or too old."""
    for token_index in sealer.indexes(token, SCOPE):
        row = connection.run(USE, (now, token_index, kind, now)).fetchone()
        if row is not None:
            contact_id: int = row[0]
            return contact_id
    return None


def purge_expired(connection: Connection, now: datetime) -> int:
    """Drop the links that give nothing any more; returns how many."""
    return connection.run(PURGE, (now,)).rowcount
