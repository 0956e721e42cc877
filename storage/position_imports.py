"""Positions from a spreadsheet (岗位名册): the same one is found again, and an import can be taken back.

Staff import what is already agreed with the hosts, so a new position is published on the day of the import. Read
again, the same line changes nothing, also when its closing day has passed meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlmodel import select

from policy.ledger_codes import PositionStatus
from policy.positions import check_offer
from policy.refusal import Refused
from storage import audit, mentors, stock
from storage.acts import Act
from storage.before_images import CHANGED_SINCE, image_of, put_back
from storage.database import Connection
from storage.edits import edit
from storage.ledger_tables import BundleItem, Host, Internship, Position
from storage.position_records import (
    PositionFields,
    add,
    host_of,
    keep,
    offer_of,
    publish,
    put_words,
    resize,
    stored,
)
from storage.sealing import Sealer

AS_IMPORTED: Final = "单位名册标注为示范性岗位"
"""Why a position is demonstrative when the spreadsheet only says that it is."""

_TOLD: Final = ("kind", "education", "majors", "stipend_fen", "months", "closes_on")
IMAGED: Final = (
    *_TOLD,
    *("openings", "mentor_id", "description", "demonstrative", "demonstrative_reason", "search_text"),
    *("status", "decision_reason", "decided_by", "published_on"),
)
"""The columns that an import may change."""


def upsert(
    connection: Connection,
    sealer: Sealer,
    fields: PositionFields,
    *,
    source: str,
    actor: str,
    now: datetime,
    today: date,
) -> tuple[int, str]:
    """Take in a line: returns the position's id and added, changed or unchanged.

    A submitted position is published thereby. One that was closed or refused stays so, unless it is to close on
    another day than before. Raises `Refused` with all that is wrong with the line.
    """
    act: Act = {"actor": actor, "now": now, "today": today}
    owner = _owner(connection, fields.uscc)
    row = _same(connection, owner, fields)
    if row is None:
        row = add(connection, sealer, owner, _with_reason(fields), source, act)
        publish(connection, row, today, act)
        return _done(connection, row, "added", act)
    changes = _changes(connection, sealer, row, fields)
    relisted = row.status == PositionStatus.SUBMITTED or (
        row.status != PositionStatus.PUBLISHED and "closes_on" in changes
    )
    if not changes and not relisted:
        assert row.id is not None
        return row.id, "unchanged"
    edit(row, None, now)
    _put(connection, sealer, row, owner, changes, act)
    if relisted:
        publish(connection, row, today, act)
    return _done(connection, row, "changed", act)


def _put(
    connection: Connection, sealer: Sealer, row: Position, owner: Host, changes: dict[str, Any], act: Act
) -> None:
    """Put what is said otherwise into the record, and into the stock."""
    openings = changes.pop("openings", row.openings)
    mentor = changes.pop("mentor", None)
    for name, value in changes.items():
        setattr(row, name, value)
    if mentor:
        row.mentor_id = mentors.ensure(connection, sealer, row.host_id, mentor, now=act["now"])
    check_offer(offer_of(row)._replace(openings=openings), act["today"])
    put_words(row, owner)
    keep(connection, row)
    if openings != row.openings:
        resize(connection, row, openings, act["today"], act)


def _done(connection: Connection, row: Position, outcome: str, act: Act) -> tuple[int, str]:
    assert row.id is not None
    audit.add(connection, act["now"], act["actor"], f"position.import_{outcome}", f"position:{row.id}")
    return row.id, outcome


def _owner(connection: Connection, uscc: str) -> Host:
    found = connection.session.exec(select(Host).where(Host.uscc == uscc)).first()
    if found is None:
        raise Refused(f"没有统一社会信用代码为 {uscc} 的见习单位，请先导入或录入单位。")
    return found


def _same(connection: Connection, owner: Host, fields: PositionFields) -> Position | None:
    query = select(Position).where(
        Position.host_id == owner.id,
        Position.title == fields.title,
        Position.city == fields.city,
        Position.district == fields.district,
    )
    return connection.session.exec(query.execution_options(populate_existing=True)).first()


def _with_reason(fields: PositionFields) -> PositionFields:
    if fields.demonstrative and not fields.demonstrative_reason:
        return fields._replace(demonstrative_reason=AS_IMPORTED)
    return fields


def _changes(connection: Connection, sealer: Sealer, row: Position, fields: PositionFields) -> dict[str, Any]:
    """What the line says otherwise than the record; `mentor` by name."""
    told: dict[str, Any] = {name: getattr(fields, name) for name in _TOLD}
    told |= {"majors": list(fields.majors), "openings": fields.openings}
    if fields.description is not None:
        told["description"] = fields.description
    if fields.demonstrative is not None and fields.demonstrative != row.demonstrative:
        told["demonstrative"] = fields.demonstrative
        told["demonstrative_reason"] = _with_reason(fields).demonstrative_reason
    changes = {name: value for name, value in told.items() if getattr(row, name) != value}
    if fields.mentor:
        known = mentors.find(connection, sealer, row.host_id, fields.mentor)
        if known is None or known.id != row.mentor_id:
            changes["mentor"] = fields.mentor
    return changes


def image(connection: Connection, fields: PositionFields) -> bytes | None:
    """What `restore` needs to take back the import of a line, asked before it; None when it will be a new one."""
    row = _same(connection, _owner(connection, fields.uscc), fields)
    return None if row is None else image_of(connection, row, IMAGED, stock.POSITION)


def restore(
    connection: Connection, position_id: int, before: bytes | None, *, actor: str, now: datetime
) -> None:
    """Take back what an import did to a position: delete a new one (`before` None), else make it what it was.

    Raises `Refused` when it was changed since or is in use, `NotFound`.
    """
    row = stored(connection, position_id)
    if before is None:
        _refuse_used(connection, row)
        stock.reverse(connection, stock.POSITION, position_id, 0, "撤销导入", actor, now)
        connection.session.delete(row)
        connection.session.flush()
        return
    movement = put_back(row, before, "岗位")
    if row.openings < row.taken:
        raise Refused(f"岗位 {position_id} 在导入之后又录用了人，不能撤销。")
    stock.reverse(connection, stock.POSITION, position_id, movement, "撤销导入", actor, now)
    row.updated_at = now
    put_words(row, host_of(connection, row.host_id))
    keep(connection, row)


def _refuse_used(connection: Connection, row: Position) -> None:
    if row.version != 1:
        raise Refused(CHANGED_SINCE.format(what="岗位", id=row.id))
    for user, what in ((Internship, "报名或见习记录"), (BundleItem, "示范岗位打包")):
        if connection.session.exec(select(user).where(user.position_id == row.id).limit(1)).first():
            raise Refused(f"岗位 {row.id} 已经有{what}，不能撤销。")
