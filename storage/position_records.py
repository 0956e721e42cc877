"""The records of internship positions: made, published, resized and withdrawn, with their words and their stock.

What the verbs of `storage.positions` and spreadsheets (`storage.position_imports`) share; nothing here writes the
audit log, the callers do.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlmodel import select

from policy.ledger_codes import HostStatus, PositionStatus
from policy.positions import Offer, check_offer, check_openings
from policy.refusal import Refused
from storage import mentors, stock
from storage.acts import Act
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Host, Position
from storage.position_search import search_text
from storage.sealing import Sealer


class PositionFields(NamedTuple):
    """A position as a host or a spreadsheet tells it; codes as in `policy.codes`, money in fen.

    The host's USCC, title, city and district make it the same position. None for mentor, description and the
    demonstrative mark means that nothing is said of them.
    """

    uscc: str
    title: str
    kind: str
    city: str
    openings: int
    stipend_fen: int
    months: int
    district: str = ""
    education: str | None = None
    majors: tuple[str, ...] = ()
    mentor: str | None = None
    description: str | None = None
    demonstrative: bool | None = None
    demonstrative_reason: str | None = None
    closes_on: date | None = None


def stored(connection: Connection, position_id: int) -> Position:
    """The record of a position, to be changed in this transaction. Raises `NotFound`."""
    row = connection.session.get(Position, position_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound("position")
    return row


def add(
    connection: Connection, sealer: Sealer, owner: Host, fields: PositionFields, source: str, act: Act
) -> Position:
    """A new record, submitted and not yet published. Raises `Refused` with all that is wrong with it."""
    assert owner.id is not None
    row = Position(
        host_id=owner.id,
        title=fields.title,
        kind=fields.kind,
        city=fields.city,
        district=fields.district,
        openings=fields.openings,
        education=fields.education,
        majors=list(fields.majors),
        stipend_fen=fields.stipend_fen,
        months=fields.months,
        description=fields.description or "",
        demonstrative=bool(fields.demonstrative),
        demonstrative_reason=fields.demonstrative_reason,
        closes_on=fields.closes_on,
        status=PositionStatus.SUBMITTED,
        search_text="",
        source=source,
        demo=owner.demo,
        created_at=act["now"],
        updated_at=act["now"],
    )
    check_offer(offer_of(row), act["today"])
    if fields.mentor:
        row.mentor_id = mentors.ensure(connection, sealer, owner.id, fields.mentor, now=act["now"])
    put_words(row, owner)
    keep(connection, row)
    return row


def publish(connection: Connection, row: Position, on: date, act: Act, reason: str | None = None) -> None:
    """Put a position on the list from `on`, and its openings into the stock."""
    if host_of(connection, row.host_id).status != HostStatus.APPROVED:
        raise Refused("单位还没有认定，或已被取消，先认定单位再发布岗位。")
    check_offer(offer_of(row), on)
    what = "发布" if row.published_on is None else "重新发布"
    row.status, row.published_on = PositionStatus.PUBLISHED, on
    row.decision_reason, row.decided_by = reason, act["actor"]
    keep(connection, row)
    _move(connection, row, on, row.openings, True, what, act)


def withdraw(connection: Connection, row: Position, on: date, reason: str, what: str, act: Act) -> None:
    """Take a published position off the list, and its openings out of the stock; `what` names the movement."""
    if row.published_on is not None and on < row.published_on:
        raise Refused(f"这个岗位 {row.published_on} 才发布，下架日期不能更早。")
    row.status, row.decision_reason, row.decided_by = PositionStatus.CLOSED, reason, act["actor"]
    keep(connection, row)
    _move(connection, row, on, -row.openings, False, what, act)


def resize(connection: Connection, row: Position, openings: int, on: date, act: Act) -> None:
    """Change the openings of a record that is being edited, and the stock with them when it is published."""
    check_openings(openings)
    if openings < row.taken:
        raise Refused(f"已经录用{row.taken}人，招收人数不能少于{row.taken}。")
    before, row.openings = row.openings, openings
    keep(connection, row)
    if row.status == PositionStatus.PUBLISHED:
        more = openings > before
        what = "增加名额" if more else "减少名额"
        _move(connection, row, on, openings - before, more, what, act)


def offer_of(row: Position) -> Offer:
    """What a stored position offers, for the rules."""
    return Offer(
        title=row.title,
        city=row.city,
        openings=row.openings,
        stipend_fen=row.stipend_fen,
        months=row.months,
        majors=tuple(row.majors),
        description=row.description,
        demonstrative=row.demonstrative,
        demonstrative_reason=row.demonstrative_reason,
        closes_on=row.closes_on,
    )


def renew_words(connection: Connection, owner: Host) -> None:
    """The host has another name: put it into the words of its positions."""
    for row in connection.session.exec(select(Position).where(Position.host_id == owner.id)):
        put_words(row, owner)
        connection.session.add(row)
    connection.session.flush()


def host_of(connection: Connection, host_id: int) -> Host:
    """The record of a host. Raises `NotFound`."""
    found = connection.session.get(Host, host_id)
    if found is None:
        raise NotFound("host")
    return found


def put_words(row: Position, owner: Host) -> None:
    """Renew what word search looks through."""
    row.search_text = search_text(
        row.title, owner.name, row.kind, row.majors, row.city, row.district, row.description
    )


def keep(connection: Connection, row: Position) -> None:
    """Write the record, so that statements see it."""
    connection.session.add(row)
    connection.session.flush()


def _move(
    connection: Connection, row: Position, on: date, delta: int, opened: bool, what: str, act: Act
) -> None:
    """Count openings in or out of the stock; those of an example (示例) are never counted."""
    assert row.id is not None
    if row.demo:
        return
    stock.move(
        connection, stock.POSITION, row.id, row.city, on, delta, opened, what, act["actor"], act["now"]
    )
