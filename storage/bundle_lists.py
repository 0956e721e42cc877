"""Bundles as they are looked at (示范性岗位): what is in one, what share of a city's positions it reaches, what is public.

Changing them is `storage.bundles`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy import select as columns
from sqlmodel import and_, col, func, or_, select

from policy.codes import Education, PositionKind
from policy.demonstrative import BundleStatus, Candidate, Share
from policy.districts import place_name
from policy.ledger_codes import HostStatus, PositionStatus
from policy.programme import programme_on, stipend_floor_fen
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Bundle, BundleItem, Host, Position


class Item(NamedTuple):
    """A position of a bundle as lists and pages show it. Nothing personal. Money in fen."""

    position_id: int
    rank: int
    reason: str
    title: str
    host_id: int
    host: str
    host_kind: str
    kind: str
    city: str
    district: str
    education: str | None
    stipend_fen: int
    months: int
    openings: int
    left: int
    open: bool
    """Whether people can still apply."""
    demo: bool

    @property
    def kind_label(self) -> str:
        """The kind in Chinese."""
        return PositionKind(self.kind).label

    @property
    def education_label(self) -> str:
        """The lowest education in Chinese."""
        return f"{Education(self.education).label}及以上" if self.education else "不限"

    @property
    def place(self) -> str:
        """City and district: 广州市天河区."""
        return place_name(self.city, self.district)


def recruiting(today: date) -> ColumnElement[bool]:
    """The condition of a position that people can see: published, of a recognised host, not past its last day."""
    return and_(
        col(Position.status) == PositionStatus.PUBLISHED,
        col(Host.status) == HostStatus.APPROVED,
        or_(col(Position.closes_on).is_(None), col(Position.closes_on) >= today),
    )


class Published(NamedTuple):
    """A published bundle by its place and month, and the numbers of its positions."""

    city: str
    month: str
    positions: frozenset[int]


def published_since(connection: Connection, since: datetime) -> list[Published]:
    """The bundles that were published after a moment, the earliest first."""
    rows = connection.session.exec(
        select(Bundle)
        .where(col(Bundle.status) == BundleStatus.PUBLISHED, col(Bundle.published_at) > since)
        .order_by(col(Bundle.published_at), col(Bundle.id))
    ).all()
    found = []
    for bundle in rows:
        numbers = connection.session.exec(
            select(BundleItem.position_id).where(col(BundleItem.bundle_id) == bundle.id)
        )
        found.append(Published(bundle.city, bundle.month, frozenset(numbers)))
    return found


def find(connection: Connection, city: str, month: str, *, locked: bool = False) -> Bundle | None:
    """The bundle of a city's month, None if there is none; `locked` keeps others from changing it until the commit."""
    statement = select(Bundle).where(col(Bundle.city) == city, col(Bundle.month) == month)
    if locked:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return connection.session.exec(statement).first()


def get(connection: Connection, city: str, month: str, *, locked: bool = False) -> Bundle:
    """As `find`; raises `NotFound`."""
    found = find(connection, city, month, locked=locked)
    if found is None:
        raise NotFound("bundle")
    return found


def items(connection: Connection, bundle: Bundle, today: date) -> list[Item]:
    """What is in a bundle, in its order."""
    statement = (
        select(BundleItem, Position, Host, recruiting(today).label("open"))
        .join(Position, col(Position.id) == col(BundleItem.position_id))
        .join(Host, col(Host.id) == col(Position.host_id))
        .where(col(BundleItem.bundle_id) == bundle.id)
        .order_by(col(BundleItem.rank), col(BundleItem.position_id))
    )
    return [_item(*row) for row in connection.session.exec(statement)]


def _item(item: BundleItem, position: Position, host: Host, recruits: object) -> Item:
    assert position.id is not None
    left = max(0, position.openings - position.taken)
    return Item(
        position.id,
        item.rank,
        item.reason,
        position.title,
        position.host_id,
        host.name,
        host.kind,
        position.kind,
        position.city,
        position.district,
        position.education,
        position.stipend_fen,
        position.months,
        position.openings,
        left,
        bool(recruits) and left > 0,
        position.demo,
    )


# --- shares ----------------------------------------------------------------------------------------------


def share(connection: Connection, city: str, today: date) -> Share:
    """How many of a city's published positions carry the demonstrative mark now."""
    marked = col(Position.demonstrative).is_(True)
    counted = (
        columns(
            func.count(),
            func.sum(Position.openings),
            func.count().filter(marked),
            func.sum(Position.openings).filter(marked),
        )
        .join_from(Position, Host)
        .where(col(Position.city) == city, recruiting(today))
    )
    connection.session.flush()
    positions, openings, some, theirs = connection.sqlalchemy.execute(counted).one()
    percent = programme_on(today, city).demonstrative_percent
    return Share(positions, int(openings or 0), some, int(theirs or 0), percent)


def standing(connection: Connection, bundle: Bundle, today: date) -> Share:
    """How far a bundle's own positions reach, whether marked yet or not."""
    held = [item for item in items(connection, bundle, today) if item.open]
    whole = share(connection, bundle.city, today)
    return whole._replace(chosen_positions=len(held), chosen_openings=sum(item.openings for item in held))


def candidates(connection: Connection, city: str, today: date) -> list[Candidate]:
    """Every position of a city that people can see, as policy judges it."""
    floor = stipend_floor_fen(city, today)
    statement = columns(
        col(Position.id),
        col(Position.host_id),
        col(Position.kind),
        col(Host.kind),
        col(Position.stipend_fen),
        col(Position.mentor_id).is_not(None),
        col(Position.openings),
        col(Position.openings) - col(Position.taken),
        func.length(Position.description),
    )
    found = connection.sqlalchemy.execute(
        statement.join_from(Position, Host).where(col(Position.city) == city, recruiting(today))
    )
    return [
        Candidate(
            position_id, host_id, kind, host_kind, stipend, floor, bool(mentor), openings, left, described
        )
        for position_id, host_id, kind, host_kind, stipend, mentor, openings, left, described in found
    ]


# --- what the public sees --------------------------------------------------------------------------------


def published(
    connection: Connection, *, city: str | None = None, before_id: int | None = None, limit: int = 20
) -> list[Bundle]:
    """Published bundles, newest first; `before_id` goes on behind the last one seen."""
    statement = select(Bundle).where(col(Bundle.status) == BundleStatus.PUBLISHED)
    if city is not None:
        statement = statement.where(col(Bundle.city) == city)
    if before_id is not None:
        statement = statement.where(col(Bundle.id) < before_id)
    return list(connection.session.exec(statement.order_by(col(Bundle.id).desc()).limit(limit)))


def published_with_items(
    connection: Connection, city: str, month: str, today: date
) -> tuple[Bundle, list[Item]] | None:
    """A published bundle and what is in it; None when it is not there or not published."""
    bundle = find(connection, city, month)
    if bundle is None or bundle.status != BundleStatus.PUBLISHED:
        return None
    return bundle, items(connection, bundle, today)
