"""Hosts from a spreadsheet (见习单位名册): the same USCC is the same host, and an import can be taken back.

The registers that staff import list recognised hosts (已认定), so a new one, and one that has only applied, is
recognised on the day of the import. One that was refused or removed stays so: an old file decides nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlmodel import select

from policy.hosts import host_faults
from policy.ledger_codes import HostStatus
from policy.refusal import Refused
from storage import audit, stock
from storage.acts import Act
from storage.before_images import CHANGED_SINCE, image_of, put_back
from storage.database import Connection
from storage.edits import edit
from storage.host_records import (
    HostFields,
    add,
    contact_of,
    find_by_uscc,
    keep,
    put_contact,
    recognise,
    stored,
)
from storage.ledger_tables import Host, Internship, Position
from storage.position_records import renew_words
from storage.sealing import Sealer

AS_IMPORTED: Final = "单位名册导入"
IMAGED: Final = (
    *("name", "kind", "district", "address", "contact_name_sealed", "contact_phone_sealed"),
    *("status", "approved_on", "review_due", "decision_reason", "decided_by"),
)
"""The columns that an import may change."""


def upsert(
    connection: Connection,
    sealer: Sealer,
    fields: HostFields,
    *,
    source: str,
    actor: str,
    now: datetime,
    today: date,
    demo: bool = False,
) -> tuple[int, str]:
    """Take in a line: returns the host's id and added, changed or unchanged.

    `demo` marks a new one as an example. Raises `Refused` with all that is wrong with the line.
    """
    act: Act = {"actor": actor, "now": now, "today": today}
    row = find_by_uscc(connection, fields.uscc)
    if row is None:
        row = add(connection, sealer, fields, source, act, demo=demo)
        recognise(connection, row, today, act, AS_IMPORTED)
        return _done(connection, row, "added", act)
    if row.city != fields.city:
        raise Refused("这家单位登记在别的城市。单位换了城市，请先取消认定，再由新的城市认定。")
    changes, contact = _changes(row, fields), _new_contact(sealer, row, fields)
    if not changes and contact == (None, None) and row.status != HostStatus.APPLIED:
        assert row.id is not None
        return row.id, "unchanged"
    edit(row, None, now)
    for name, value in changes.items():
        setattr(row, name, value)
    if faults := host_faults(row.name, row.address):
        raise Refused(*faults)
    put_contact(sealer, row, *contact)
    keep(connection, row)
    if row.status == HostStatus.APPLIED:
        recognise(connection, row, today, act, AS_IMPORTED)
    if "name" in changes:
        renew_words(connection, row)
    return _done(connection, row, "changed", act)


def _done(connection: Connection, row: Host, outcome: str, act: Act) -> tuple[int, str]:
    assert row.id is not None
    audit.add(connection, act["now"], act["actor"], f"host.import_{outcome}", f"host:{row.id}")
    return row.id, outcome


def _changes(row: Host, fields: HostFields) -> dict[str, Any]:
    """What the line says otherwise than the record. An empty district says nothing."""
    told: dict[str, Any] = {"name": fields.name, "kind": fields.kind}
    if fields.district:
        told["district"] = fields.district
    if fields.address is not None:
        told["address"] = fields.address
    return {name: value for name, value in told.items() if getattr(row, name) != value}


def _new_contact(sealer: Sealer, row: Host, fields: HostFields) -> tuple[str | None, str | None]:
    """The contact person's name and phone where the line says another one, else None."""
    name, phone = contact_of(sealer, row)
    return (
        fields.contact_name if fields.contact_name not in (None, name) else None,
        fields.contact_phone if fields.contact_phone not in (None, phone) else None,
    )


def image(connection: Connection, fields: HostFields) -> bytes | None:
    """What `restore` needs to take back the import of a line, asked before it; None when it will be a new one."""
    row = find_by_uscc(connection, fields.uscc)
    return None if row is None else image_of(connection, row, IMAGED, stock.HOST)


def restore(connection: Connection, host_id: int, before: bytes | None, *, actor: str, now: datetime) -> None:
    """Take back what an import did to a host: delete a new one (`before` None), else make it what it was.

    Raises `Refused` when it was changed since or is in use, `NotFound`.
    """
    row = stored(connection, host_id)
    if before is None:
        _refuse_used(connection, row)
        stock.reverse(connection, stock.HOST, host_id, 0, "撤销导入", actor, now)
        connection.session.delete(row)
        connection.session.flush()
        return
    name = row.name
    movement = put_back(row, before, "单位")
    if row.status != HostStatus.APPROVED and _used(connection, row):
        raise Refused(f"单位 {host_id} 在导入之后已经有岗位，不能撤销。")
    stock.reverse(connection, stock.HOST, host_id, movement, "撤销导入", actor, now)
    row.updated_at = now
    keep(connection, row)
    if row.name != name:
        renew_words(connection, row)


def _used(connection: Connection, row: Host) -> bool:
    return any(
        connection.session.exec(select(user).where(user.host_id == row.id).limit(1)).first() is not None
        for user in (Position, Internship)
    )


def _refuse_used(connection: Connection, row: Host) -> None:
    if row.version != 1:
        raise Refused(CHANGED_SINCE.format(what="单位", id=row.id))
    if _used(connection, row):
        raise Refused(f"单位 {row.id} 已经有岗位或见习记录，不能撤销；请先撤销岗位的导入。")
