"""Hosts and positions for tests, made by the verbs themselves."""

from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import select

from storage import hosts, positions
from storage.acts import Act
from storage.database import Connection
from storage.hosts import HostFields
from storage.ledger_tables import StockMovement
from storage.positions import PositionFields
from storage.sealing import Sealer

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
USCC = "91440101MA5AB1234M"
OTHER_USCC = "91440300708461136T"

HOST = HostFields(
    uscc=USCC,
    name="广州晨光会计师事务所有限公司",
    kind="small_medium",
    city="440100",
    district="440106",
    address="天河路1号",
    contact_name="李晓明",
    contact_phone="13826001234",
)
POSITION = PositionFields(
    uscc=USCC,
    title="财务会计助理",
    kind="3",
    city="440100",
    openings=3,
    stipend_fen=230_000,
    months=6,
    district="440106",
    education="31",
    majors=("会计", "财务管理"),
    mentor="王建国",
    description="整理凭证，核对账目。",
    closes_on=date(2026, 12, 31),
)


def act(on: date | None = None, *, seen: int | None = None, today: date = TODAY) -> Act:
    """How a clerk does something."""
    return Act(actor="clerk:li", now=NOW, today=today, on=on, seen=seen)


def recognised(connection: Connection, sealer: Sealer, **changed: Any) -> int:  # noqa: ANN401
    """A host from a spreadsheet; its id."""
    fields = HOST._replace(**changed)
    return hosts.upsert(connection, sealer, fields, source="import", actor="clerk:li", now=NOW, today=TODAY)[
        0
    ]


def published(connection: Connection, sealer: Sealer, **changed: Any) -> int:  # noqa: ANN401
    """A position from a spreadsheet, whose host is there; its id."""
    fields = POSITION._replace(**changed)
    return positions.upsert(
        connection, sealer, fields, source="import", actor="clerk:li", now=NOW, today=TODAY
    )[0]


def movements(connection: Connection, subject: str) -> list[tuple[int, bool, str | None]]:
    """Every movement of hosts or openings: change, whether new, and the month."""
    rows = connection.session.exec(
        select(StockMovement).where(StockMovement.subject == subject).order_by(StockMovement.id)  # type: ignore[arg-type]
    )
    return [(row.delta, row.opened, row.period) for row in rows]
