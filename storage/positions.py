"""Internship positions (见习岗位): submitted, published, changed, closed, and their openings used up.

A published position of a recognised host counts with its openings in the stock (指标3、4, `storage.stock`). All
verbs take the keywords of `storage.acts.Act` and raise `Refused` with kind sentences, `NotFound`, and `Conflict`
when somebody else has changed the record that was seen. What the public sees is in `storage.position_search`, how
spreadsheets come in in `storage.position_imports`, lists for staff in `storage.position_lists`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Unpack

from sqlalchemy import bindparam, update
from sqlmodel import col, select

from policy.hosts import require_reason
from policy.ledger_codes import PositionStatus
from policy.positions import check_offer
from policy.refusal import Refused
from storage import audit, mentors
from storage.acts import Act, day_of
from storage.database import Connection, Statement
from storage.edits import edit
from storage.errors import NotFound
from storage.ledger_tables import Position
from storage.position_imports import image, restore, upsert
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
    withdraw,
)
from storage.position_search import PublicPosition, find, get
from storage.sealing import Sealer
from storage.tables import core

__all__ = [
    "PositionFields",
    "PublicPosition",
    "approve",
    "change",
    "close",
    "close_expired",
    "close_of_host",
    "find",
    "get",
    "give_back",
    "image",
    "mark_demonstrative",
    "refuse",
    "restore",
    "set_openings",
    "stored",
    "submit",
    "take",
    "upsert",
]

position = core(Position)

FULL: Final = "这个岗位的名额已满，请换一个岗位，或请单位先增加名额。"
TAKE: Final = Statement(
    update(position)
    .where(position.c.id == bindparam("key"), position.c.taken < position.c.openings)
    .values(taken=position.c.taken + 1),
    "key",
)
GIVE_BACK: Final = Statement(
    update(position)
    .where(position.c.id == bindparam("key"), position.c.taken > 0)
    .values(taken=position.c.taken - 1),
    "key",
)


def submit(
    connection: Connection,
    sealer: Sealer,
    host_id: int,
    fields: PositionFields,
    *,
    source: str,
    **act: Unpack[Act],
) -> int:
    """A host offers a position (待审核); returns its id."""
    row = add(connection, sealer, host_of(connection, host_id), fields, source, act)
    assert row.id is not None
    audit.add(connection, act["now"], act["actor"], "position.submit", f"position:{row.id}")
    return row.id


def approve(
    connection: Connection, position_id: int, *, reason: str | None = None, **act: Unpack[Act]
) -> None:
    """Publish a position (发布): a submitted one, or one that was refused or closed before."""
    on, row = day_of(act), stored(connection, position_id)
    if row.status == PositionStatus.PUBLISHED:
        raise Refused("这个岗位已经在招募，不用再发布。")
    edit(row, act.get("seen"), act["now"])
    publish(connection, row, on, act, reason)
    audit.add(connection, act["now"], act["actor"], "position.approve", f"position:{position_id}")


def refuse(connection: Connection, position_id: int, reason: str, **act: Unpack[Act]) -> None:
    """A submitted position is not published (未通过), with the reason."""
    row = stored(connection, position_id)
    if row.status != PositionStatus.SUBMITTED:
        raise Refused("只有待审核的岗位可以不通过；在招募的岗位请用下架。")
    edit(row, act.get("seen"), act["now"])
    row.status, row.decided_by = PositionStatus.REFUSED, act["actor"]
    row.decision_reason = require_reason(reason, "不通过")
    keep(connection, row)
    audit.add(connection, act["now"], act["actor"], "position.refuse", f"position:{position_id}")


def close(connection: Connection, position_id: int, reason: str, **act: Unpack[Act]) -> None:
    """Take a published position off the list (下架), with the reason; running internships go on."""
    on, row = day_of(act), stored(connection, position_id)
    if row.status != PositionStatus.PUBLISHED:
        raise Refused("这个岗位不在招募，不用下架。")
    edit(row, act.get("seen"), act["now"])
    withdraw(connection, row, on, require_reason(reason, "下架"), "下架", act)
    audit.add(connection, act["now"], act["actor"], "position.close", f"position:{position_id}")


def close_expired(connection: Connection, **act: Unpack[Act]) -> int:
    """Close what is past its closing day, counted on the day after it; returns how many. Twice changes nothing."""
    query = (
        select(Position)
        .where(Position.status == PositionStatus.PUBLISHED, col(Position.closes_on) < act["today"])
        .order_by(col(Position.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = connection.session.exec(query).all()
    for row in rows:
        assert row.closes_on is not None
        edit(row, None, act["now"])
        withdraw(connection, row, row.closes_on + timedelta(days=1), "到截止日期", "到期下架", act)
    if rows:
        detail = {"positions": len(rows)}
        audit.add(connection, act["now"], act["actor"], "position.close_expired", "positions", detail)
    return len(rows)


def close_of_host(connection: Connection, host_id: int, reason: str, **act: Unpack[Act]) -> int:
    """Close what a host has published and refuse what it has submitted: it is no host any more. How many."""
    on = day_of(act)
    query = select(Position).where(
        Position.host_id == host_id,
        col(Position.status).in_([PositionStatus.PUBLISHED, PositionStatus.SUBMITTED]),
    )
    rows = connection.session.exec(query.with_for_update().execution_options(populate_existing=True)).all()
    for row in rows:
        edit(row, None, act["now"])
        if row.status == PositionStatus.PUBLISHED:
            withdraw(connection, row, on, reason, "单位取消", act)
        else:
            row.status, row.decision_reason, row.decided_by = PositionStatus.REFUSED, reason, act["actor"]
            keep(connection, row)
    return len(rows)


def set_openings(connection: Connection, position_id: int, openings: int, **act: Unpack[Act]) -> None:
    """Raise or lower the number of openings (招收人数): raised ones are new, lowered ones only leave the stock."""
    on, row = day_of(act), stored(connection, position_id)
    edit(row, act.get("seen"), act["now"])
    before = row.openings
    resize(connection, row, openings, on, act)
    detail = {"from": before, "to": openings}
    audit.add(connection, act["now"], act["actor"], "position.openings", f"position:{position_id}", detail)


CHANGEABLE: Final = frozenset(
    {"title", "kind", "education", "majors", "stipend_fen", "months", "description", "closes_on"}
)


def change(
    connection: Connection, sealer: Sealer, position_id: int, changes: Mapping[str, Any], **act: Unpack[Act]
) -> None:
    """Change what a position says: the fields of `CHANGEABLE`, and `mentor` by name (None: no mentor)."""
    row = stored(connection, position_id)
    edit(row, act.get("seen"), act["now"])
    for name in CHANGEABLE & changes.keys():
        setattr(row, name, changes[name])
    check_offer(offer_of(row), act["today"])
    if "mentor" in changes:
        name = changes["mentor"]
        row.mentor_id = (
            mentors.ensure(connection, sealer, row.host_id, name, now=act["now"]) if name else None
        )
    put_words(row, host_of(connection, row.host_id))
    keep(connection, row)
    detail = {"fields": sorted(changes)}
    audit.add(connection, act["now"], act["actor"], "position.change", f"position:{position_id}", detail)


def mark_demonstrative(
    connection: Connection, position_id: int, reason: str | None, **act: Unpack[Act]
) -> None:
    """Mark a position as demonstrative (示范性岗位) with the reason, or take the mark away (None)."""
    row = stored(connection, position_id)
    edit(row, act.get("seen"), act["now"])
    row.demonstrative = reason is not None
    row.demonstrative_reason = require_reason(reason, "选为示范性岗位") if reason is not None else None
    keep(connection, row)
    action = "position.demonstrative" if reason is not None else "position.not_demonstrative"
    audit.add(connection, act["now"], act["actor"], action, f"position:{position_id}")


def take(connection: Connection, position_id: int) -> None:
    """Use up an opening: somebody was accepted. Raises `Refused` when none is left, `NotFound`."""
    if connection.run(TAKE, (position_id,)).rowcount == 1:
        return
    if connection.session.get(Position, position_id) is None:
        raise NotFound("position")
    raise Refused(FULL)


def give_back(connection: Connection, position_id: int) -> None:
    """An opening that was used up is free again: the internship never began."""
    connection.run(GIVE_BACK, (position_id,))
