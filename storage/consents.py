"""Consents (知情同意): to which text, in which version, when and over which channel (个人信息保护法 第十四条、第二十九条)."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Final

from storage.database import Connection, Statement, insert
from storage.tables import Consent, core

ADD: Final = Statement(
    insert(core(Consent)), "contact_id", "person_id", "kind", "given", "version", "text_hash", "channel", "at"
)


def add(
    connection: Connection,
    contact_id: int,
    person_id: int | None,
    *,
    kind: str,
    given: bool,
    version: str,
    text: str,
    channel: str,
    now: datetime,
) -> None:
    """Record a consent given or refused; of the text only the hash is kept, the text itself is in the release."""
    text_hash = sha256(text.encode()).hexdigest()
    connection.run(ADD, (contact_id, person_id, kind, given, version, text_hash, channel, now))
