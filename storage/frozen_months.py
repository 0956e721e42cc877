"""Which months are closed (已报送月份): a month that a city has filed does not change any more.

A fact of such a month that becomes known later is a correction (更正): it has no period until a clerk takes it
into an open month. 粤人社函〔2023〕50号 附件2 说明6: “本期”不与上期数据累积.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import bindparam, func, select, text

from storage.database import Connection, Statement
from storage.ledger_tables import MonthlyReport
from storage.tables import core

report = core(MonthlyReport)
LAST_FILED: Final = Statement(
    select(func.max(report.c.month)).where(report.c.city == bindparam("city")), "city"
)
SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(hashtext('report'), hashtext(:city))")
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtext('report'), hashtext(:city))")


def is_filed(connection: Connection, city: str, month: str) -> bool:
    """Whether a month ("YYYY-MM") of the city is closed: filed, or before one that is.

    Until the commit nobody can file for the city (`close`): what is booked because of the answer is in the report
    or a correction, never neither.
    """
    _lock(connection, city, alone=False)
    last = connection.run(LAST_FILED, (city,)).fetchone()[0]
    return last is not None and month <= last


def counted_period(connection: Connection, city: str, on: date) -> str | None:
    """The month in which a fact of that day is counted, or None when that month is closed."""
    month = f"{on:%Y-%m}"
    return None if is_filed(connection, city, month) else month


def close(connection: Connection, city: str) -> None:
    """Before a report is made and filed: wait for those who are recording facts, and keep others out."""
    _lock(connection, city, alone=True)


def _lock(connection: Connection, city: str, *, alone: bool) -> None:
    if connection.engine_name == "postgresql":  # SQLite has one writer at a time anyway
        connection.sqlalchemy.execute(ALONE if alone else SHARED, {"city": city})
