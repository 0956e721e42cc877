"""Services given to people ("131"服务): recorded one by one, counted for each person.

国办发〔2022〕13号: at least one career guidance, three job recommendations and one training or internship for everybody
without a job; since 2023 one policy talk too ("1131").
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, func, select

from policy.outgoing_codes import ServiceKind
from storage.database import Connection, Statement, insert
from storage.ledger_tables import Resource
from storage.outgoing_tables import Service
from storage.tables import core

WANTED: Final = {
    ServiceKind.POLICY: 1,
    ServiceKind.GUIDANCE: 1,
    ServiceKind.JOB: 3,
    ServiceKind.TRAINING: 1,
}
"""How many of each everybody is to get, 国办发〔2022〕13号 and the practice since 2023."""

service, resource = core(Service), core(Resource)

SAME: Final = Statement(
    select(service.c.id).where(
        service.c.person_id == bindparam("person"),
        service.c.kind == bindparam("kind"),
        service.c.on == bindparam("day"),
        service.c.detail == bindparam("what"),
        func.coalesce(service.c.resource_id, 0) == bindparam("offered"),
    ),
    "person",
    "kind",
    "day",
    "what",
    "offered",
)
ADD: Final = Statement(
    insert(service), "person_id", "kind", "on", "city", "actor", "resource_id", "detail", "recorded_at"
)
COUNT: Final = Statement(
    select(service.c.kind, func.count())
    .where(service.c.person_id == bindparam("person"))
    .group_by(service.c.kind),
    "person",
)


class Given(NamedTuple):
    """A service as it was given. `detail` holds no personal data."""

    id: int
    kind: str
    on: date
    city: str
    actor: str
    title: str | None
    detail: str


class Counter(NamedTuple):
    """How many services of a kind a person got, and how many everybody is to get (0: none is asked for)."""

    kind: ServiceKind
    given: int
    wanted: int


def record(
    connection: Connection,
    person_id: int,
    kind: ServiceKind,
    *,
    on: date,
    city: str,
    actor: str,
    now: datetime,
    resource_id: int | None = None,
    detail: str = "",
) -> bool:
    """Record a service; False when the same one is recorded for that day already."""
    if connection.run(SAME, (person_id, kind, on, detail, resource_id or 0)).fetchone() is not None:
        return False
    connection.run(ADD, (person_id, kind, on, city, actor, resource_id, detail, now))
    return True


def counters(connection: Connection, person_id: int) -> list[Counter]:
    """The "131" counters of a person, every kind, in the order of the list of kinds."""
    given = {str(kind): int(number) for kind, number in connection.run(COUNT, (person_id,))}
    return [Counter(kind, given.get(kind.value, 0), WANTED.get(kind, 0)) for kind in ServiceKind]


def of_person(connection: Connection, person_id: int, limit: int = 100) -> list[Given]:
    """What a person got, the newest first."""
    columns = (service.c[name] for name in ("id", "kind", "on", "city", "actor"))
    rows = connection.sqlalchemy.execute(
        select(*columns, resource.c.title, service.c.detail)
        .outerjoin(resource, resource.c.id == service.c.resource_id)
        .where(service.c.person_id == person_id)
        .order_by(service.c.id.desc())
        .limit(limit)
    )
    return [Given._make(row) for row in rows]


def offered(connection: Connection, person_ids: list[int], kind: ServiceKind) -> dict[int, set[int]]:
    """The resources that each of these people has been offered."""
    rows = connection.sqlalchemy.execute(
        select(service.c.person_id, service.c.resource_id).where(
            service.c.person_id.in_(person_ids), service.c.kind == kind, service.c.resource_id.is_not(None)
        )
    )
    found: dict[int, set[int]] = {}
    for person_id, resource_id in rows:
        found.setdefault(person_id, set()).add(resource_id)
    return found


def take_back(connection: Connection, person_ids: list[int], detail: str) -> int:
    """Take back services that did not reach their people after all, told apart by how `detail` begins; returns how many."""
    return connection.sqlalchemy.execute(
        delete(service).where(
            service.c.person_id.in_(person_ids), service.c.detail.startswith(detail, autoescape=True)
        )
    ).rowcount
