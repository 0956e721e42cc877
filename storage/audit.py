"""The audit log (审计日志): who did what to whom. Rows are only ever added; the database refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from storage.database import Connection, Statement, insert
from storage.tables import Audit, core

audit = core(Audit)

ADD: Final = Statement(insert(audit), "at", "actor", "action", "subject", "detail")
LATEST: Final = Statement(
    select(audit.c.at, audit.c.detail)
    .where(audit.c.subject == bindparam("whom"), audit.c.action == bindparam("what"))
    .order_by(audit.c.id.desc())
    .limit(1),
    "whom",
    "what",
)


class Act(NamedTuple):
    """Something that was done: when, and what else is known of it."""

    at: datetime
    detail: dict[str, Any]


def add(
    connection: Connection,
    now: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record one act. `detail` must hold no personal data: the log outlives what it tells about."""
    connection.run(ADD, (now, actor, action, subject, dict(detail or {})))


def latest(connection: Connection, action: str, subject: str) -> Act | None:
    """When this was last done to that; None if it never was."""
    row = connection.run(LATEST, (subject, action)).fetchone()
    return None if row is None else Act(*row)
