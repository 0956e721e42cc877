"""The audit log (审计日志): who did what to whom. Rows are only ever added; the database refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from storage.database import Connection, Statement, insert
from storage.tables import Audit, core

ADD: Final = Statement(insert(core(Audit)), "at", "actor", "action", "subject", "detail")


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
