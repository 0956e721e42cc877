"""The job `purge_expired` (到期清理): takes away, portion by portion, what has been kept long enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from notifications.jobs import PORTION, Context, Done
from storage import downloads, form_links, job_runs, received_nonces, retention, staff_bindings
from storage.database import Connection
from storage.retention import PEOPLE_AT_ONCE

Purge = Callable[[Connection, datetime, int], int]
PurgeAll = Callable[[Connection, datetime], int]

PURGES: Final[Sequence[tuple[Purge, int]]] = (
    (retention.chats, PORTION),
    (retention.sessions, PORTION),
    (retention.sent_texts, PORTION),
    (retention.registrations, PEOPLE_AT_ONCE),
    (retention.without_record, PEOPLE_AT_ONCE),
    (staff_bindings.purge_expired, PORTION),
    (job_runs.purge_expired, PORTION),
)
"""What takes something away, and how many rows in one transaction."""


LINKS: Final[Sequence[PurgeAll]] = (
    form_links.purge_expired,
    downloads.purge_expired,
    received_nonces.purge_expired,
)
"""What lives for minutes or hours, so that a day leaves little of it: one statement each."""


async def purge_expired(context: Context, now: datetime) -> Done:
    """Take away everything that is over its time."""
    changed = 0
    for purge_all in LINKS:
        changed += await context.write(lambda connection, purge=purge_all: purge(connection, now))  # type: ignore[misc]
    for purge, most in PURGES:
        changed += await context.portions(partial(_portion, purge, now), most)
    return Done(changed=changed)


def _portion(purge: Purge, now: datetime, connection: Connection, most: int) -> int:
    return purge(connection, now, most)
