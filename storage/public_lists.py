"""The public lists (三张清单) of hosts and service agencies: what everybody may see, and nothing personal.

人社部发〔2023〕27号 二(三): 见习单位清单、岗位目录清单和服务机构联络清单. The list of positions is `storage.position_search`.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from policy.districts import district_name, place_name
from policy.ledger_codes import HostKind, HostStatus, PositionStatus
from storage.database import Connection
from storage.ledger_tables import Agency, Host, Position


class PublicHost(NamedTuple):
    """A recognised host (见习单位) as everybody may see it, with what it recruits for now."""

    id: int
    name: str
    uscc: str
    kind: str
    city: str
    district: str
    approved_on: date | None
    demo: bool
    positions: int
    left: int
    """Openings of those positions that are not yet taken."""

    @property
    def kind_label(self) -> str:
        """The kind in Chinese."""
        return HostKind(self.kind).label

    @property
    def place(self) -> str:
        """City and district: 广州市天河区."""
        return place_name(self.city, self.district)


def hosts(
    connection: Connection,
    *,
    today: date,
    city: str | None = None,
    kind: str | None = None,
    name: str | None = None,
    after_id: int | None = None,
    limit: int = 20,
) -> list[PublicHost]:
    """A page of the recognised hosts, newest first; `after_id` is the last one of the page before."""
    recruits = (
        col(Position.host_id) == col(Host.id),
        col(Position.status) == PositionStatus.PUBLISHED,
        col(Position.taken) < col(Position.openings),
        or_(col(Position.closes_on).is_(None), col(Position.closes_on) >= today),
    )
    some = columns(func.count()).select_from(Position).where(*recruits).correlate(Host).scalar_subquery()
    left = columns(func.coalesce(func.sum(col(Position.openings) - col(Position.taken)), 0))
    query = columns(
        col(Host.id),
        col(Host.name),
        col(Host.uscc),
        col(Host.kind),
        col(Host.city),
        func.coalesce(col(Host.district), ""),
        col(Host.approved_on),
        col(Host.demo),
        some,
        left.where(*recruits).correlate(Host).scalar_subquery(),
    ).where(col(Host.status) == HostStatus.APPROVED)
    if city is not None:
        query = query.where(col(Host.city) == city)
    if kind is not None:
        query = query.where(col(Host.kind) == kind)
    if name:
        query = query.where(col(Host.name).contains(name, autoescape=True))
    if after_id is not None:
        query = query.where(col(Host.id) < after_id)
    found = connection.sqlalchemy.execute(query.order_by(col(Host.id).desc()).limit(limit))
    return [PublicHost(*row) for row in found]


class PublicAgency(NamedTuple):
    """A service agency (服务机构): whom to call and where to go."""

    id: int
    name: str
    city: str
    district: str
    address: str
    phone: str
    hours: str
    services: str
    demo: bool

    @property
    def place(self) -> str:
        """City and district: 广州市天河区."""
        return place_name(self.city, self.district)

    @property
    def district_label(self) -> str:
        """The district alone."""
        return district_name(self.district)


def agencies(
    connection: Connection, *, city: str | None = None, after_id: int | None = None, limit: int = 50
) -> list[PublicAgency]:
    """A page of the service agencies in the order in which they were listed; `after_id` goes on behind it."""
    query = select(Agency)
    if city is not None:
        query = query.where(col(Agency.city) == city)
    if after_id is not None:
        query = query.where(col(Agency.id) > after_id)
    return [
        PublicAgency(
            row.id or 0,
            row.name,
            row.city,
            row.district or "",
            row.address,
            row.phone,
            row.hours,
            row.services,
            row.demo,
        )
        for row in connection.session.exec(query.order_by(col(Agency.id)).limit(limit))
    ]
