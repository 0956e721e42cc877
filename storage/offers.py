"""What can be offered after an internship (帮扶资源): jobs, trainings, the four helps for a business, a named agency.

人社部发〔2023〕27号 二(六). Read by city and kind; what suits whom is ranked in `notifications.offers_for`. The list
itself is kept by `storage.resources`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import or_, select

from policy.ledger_codes import HostStatus, PositionStatus, ResourceKind
from policy.regions import city_of
from storage.database import Connection
from storage.ledger_tables import Agency, Host, Position, Resource
from storage.tables import Person, core

PROVINCE: Final = "440000"
"""City of what is offered all over the province."""
HELPLINE: Final = "12333"
MOST_POSITIONS: Final = 500
"""Positions of a city that are looked at for somebody who may go on as an intern."""

NEEDS: Final = {
    "project": ResourceKind.PROJECT,
    "financing": ResourceKind.FINANCING,
    "premises": ResourceKind.PREMISES,
    "support": ResourceKind.STARTUP_FOLLOW_UP,
}
"""What somebody needs for a business of their own, 人社部发〔2023〕27号 二(六): 项目开发、融资、场地、跟踪扶持."""

resource, agency_table, person = core(Resource), core(Agency), core(Person)
position, host = core(Position), core(Host)


class Offered(NamedTuple):
    """A resource as people are told of it; everything in it is public."""

    id: int
    kind: str
    title: str
    provider: str
    city: str
    district: str | None
    education: str | None
    words: Sequence[str]
    contact: str
    url: str
    valid_until: date | None


def resources(
    connection: Connection, kind: ResourceKind, cities: Iterable[str], today: date, limit: int = 2000
) -> list[Offered]:
    """What of a kind is on offer in these cities and all over the province, the newest first."""
    rows = connection.sqlalchemy.execute(
        select(*(resource.c[name] for name in Offered._fields))
        .where(
            resource.c.kind == kind,
            resource.c.city.in_([*cities, PROVINCE]),
            or_(resource.c.valid_until.is_(None), resource.c.valid_until >= today),
        )
        .order_by(resource.c.id.desc())
        .limit(limit)
    )
    return [Offered._make(row) for row in rows]


class Vacancy(NamedTuple):
    """A published internship position with openings left. Money is in fen."""

    id: int
    title: str
    kind: str
    city: str
    district: str
    education: str | None
    majors: Sequence[str]
    stipend_fen: int
    months: int
    left: int
    closes_on: date | None
    demonstrative: bool
    host_name: str


def vacancies(connection: Connection, cities: Iterable[str], today: date) -> list[Vacancy]:
    """Positions of these cities that recruit now, the newest first."""
    found: list[Vacancy] = []
    for city in sorted(set(cities)):
        rows = connection.sqlalchemy.execute(
            select(
                *(position.c[name] for name in ("id", "title", "kind", "city", "district", "education")),
                *(position.c[name] for name in ("majors", "stipend_fen", "months")),
                (position.c.openings - position.c.taken).label("left"),
                *(position.c[name] for name in ("closes_on", "demonstrative")),
                host.c.name,
            )
            .join(host, host.c.id == position.c.host_id)
            .where(
                position.c.city == city,
                position.c.status == PositionStatus.PUBLISHED,
                host.c.status == HostStatus.APPROVED,
                position.c.taken < position.c.openings,
                or_(position.c.closes_on.is_(None), position.c.closes_on >= today),
            )
            .order_by(position.c.id.desc())
            .limit(MOST_POSITIONS)
        )
        found += [Vacancy._make(row) for row in rows]
    return found


def startup_help(connection: Connection, city: str, needs: Iterable[str], today: date) -> list[Offered]:
    """For each need the newest help on offer."""
    found: list[Offered] = []
    for need in needs:
        found += resources(connection, NEEDS[need], [city], today, limit=1)
    return found


def agency(connection: Connection, city: str) -> str:
    """The agency of a city that helps, with its telephone number (服务机构)."""
    row = connection.sqlalchemy.execute(
        select(agency_table.c.name, agency_table.c.phone)
        .where(agency_table.c.city == city, agency_table.c.phone != "")
        .order_by(agency_table.c.id)
        .limit(1)
    ).first()
    if row is not None:
        return f"{row[0]}，电话 {row[1]}"
    found = city_of(city)
    return f"{found.name if found else '当地'}公共就业服务机构，电话 {HELPLINE}"


class Wish(NamedTuple):
    """What is known of a person for choosing something for them; nothing in it tells who they are."""

    person_id: int
    city: str
    district: str
    cities: Sequence[str]
    kinds: Sequence[str]
    education: str
    major: str
    available_from: date


def wishes(connection: Connection, person_ids: Iterable[int]) -> Mapping[int, Wish]:
    """The wishes of these people."""
    rows = connection.sqlalchemy.execute(
        select(
            *(person.c[name] for name in ("id", "residence_city", "residence", "cities", "position_kinds")),
            *(person.c[name] for name in ("education", "major", "available_from")),
        ).where(person.c.id.in_(list(person_ids)))
    )
    return {row[0]: Wish._make((*row[:6], row[6] or "", row[7])) for row in rows}
