"""Movements of the stock of hosts and openings (见习单位、岗位募集数): what indicators 1 to 4 add up.

粤人社函〔2023〕50号 附件2. A recognised host is +1 and new (新增), a removed one −1; a published position is
+openings and new, raised openings are new too, lowered and closed ones only lower the stock. Rows are only added.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from storage.database import Connection, Statement, insert
from storage.frozen_months import counted_period
from storage.ledger_tables import StockMovement
from storage.tables import core

HOST, POSITION = "host", "position"
"""What is counted: whole hosts, or openings of positions."""

movement = core(StockMovement)

ADD: Final = Statement(
    insert(movement),
    *("subject", "subject_id", "city", "on", "period", "delta", "opened", "reason", "actor", "recorded_at"),
)
_of_subject = (movement.c.subject == bindparam("subject"), movement.c.subject_id == bindparam("subject_id"))
LAST: Final = Statement(
    select(func.coalesce(func.max(movement.c.id), 0)).where(*_of_subject), "subject", "subject_id"
)
SINCE: Final = Statement(
    select(movement.c.city, movement.c.on, movement.c.delta, movement.c.opened)
    .where(*_of_subject, movement.c.id > bindparam("after"))
    .order_by(movement.c.id),
    *("subject", "subject_id", "after"),
)


def move(
    connection: Connection,
    subject: str,
    subject_id: int,
    city: str,
    on: date,
    delta: int,
    opened: bool,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Add a movement, counted in the month of `on` unless that has been filed. Nothing is added for no change.

    `reason` is a short Chinese word for lists of movements, without personal data.
    """
    if delta == 0:
        return
    period = counted_period(connection, city, on)
    connection.run(ADD, (subject, subject_id, city, on, period, delta, opened, reason, actor, now))


def last(connection: Connection, subject: str, subject_id: int) -> int:
    """The number of the newest movement of a host or position; 0 when there is none."""
    row = connection.run(LAST, (subject, subject_id)).fetchone()
    number: int = row[0]
    return number


def reverse(
    connection: Connection, subject: str, subject_id: int, after: int, reason: str, actor: str, now: datetime
) -> None:
    """Take back the movements since number `after`, each on its own day: as if they had never been."""
    for city, on, delta, opened in connection.run(SINCE, (subject, subject_id, after)).fetchall():
        move(connection, subject, subject_id, city, on, -delta, opened, reason, actor, now)
