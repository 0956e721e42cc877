"""The desk: what a verb of the dialogs works with, inside the turn's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dialogs.catalogue import Catalogue
from storage.database import Connection
from storage.sealing import Sealer


@dataclass(slots=True)
class Desk:
    """What a verb works with: the open transaction, the keys, and whose turn it is."""

    connection: Connection
    sealer: Sealer
    catalogue: Catalogue
    contact_id: int
    channel: str
    now: datetime
    today: date
    person_id: int | None
    registered: bool


Verb = Callable[[Desk, Mapping[str, Any]], Any]
