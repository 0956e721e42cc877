"""Internship hosts (见习单位): recognised with reason, reviewed every year, removed.

A recognised host counts in the stock (指标1、2, `storage.stock`). All verbs take the keywords of
`storage.acts.Act` and raise `Refused` with kind sentences, `NotFound`, and `Conflict` when somebody else has changed
the record that was seen; decisions return the contact who applied, if any, to whom they are to be told.
Applications by chat are in `storage.host_applications`, spreadsheets in `storage.host_imports`, lists in
`storage.host_lists`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Unpack

from sqlalchemy import update

from policy.hosts import host_faults, next_review, require_reason
from policy.ledger_codes import HostStatus
from policy.outgoing_codes import CaseKind
from policy.refusal import Refused
from storage import audit, positions
from storage.acts import Act, day_of
from storage.database import Connection
from storage.edits import edit
from storage.host_imports import image, restore, upsert
from storage.host_records import (
    HostFields,
    add,
    find_by_uscc,
    keep,
    move,
    put_contact,
    recognise,
    stored,
)
from storage.ledger_tables import Host
from storage.position_records import renew_words
from storage.sealing import Sealer
from storage.tables import StaffCase, core

__all__ = [
    "HostFields",
    "apply",
    "approve",
    "change",
    "find_by_uscc",
    "forget_contact",
    "image",
    "refuse",
    "remove",
    "restore",
    "review",
    "stored",
    "upsert",
]

case, host = core(StaffCase), core(Host)


def apply(
    connection: Connection,
    sealer: Sealer,
    fields: HostFields,
    *,
    source: str,
    contact_id: int | None = None,
    **act: Unpack[Act],
) -> int:
    """Enter an application for recognition (待审核), as a clerk does; returns the host's id."""
    if find_by_uscc(connection, fields.uscc) is not None:
        raise Refused("这个统一社会信用代码的单位已经在库里，请查看那条记录。")
    row = add(connection, sealer, fields, source, act, contact_id=contact_id)
    assert row.id is not None
    audit.add(connection, act["now"], act["actor"], "host.apply", f"host:{row.id}")
    return row.id


def approve(
    connection: Connection, host_id: int, *, reason: str | None = None, **act: Unpack[Act]
) -> int | None:
    """Recognise a host (认定): one that applied, or that was refused or removed before."""
    on, row = day_of(act), stored(connection, host_id)
    if row.status == HostStatus.APPROVED:
        raise Refused("这家单位已经认定，不用再认定。")
    edit(row, act.get("seen"), act["now"])
    recognise(connection, row, on, act, reason)
    return _decided(connection, row, "host.approve", act)


def refuse(connection: Connection, host_id: int, reason: str, **act: Unpack[Act]) -> int | None:
    """An application is not granted (未通过); the applicant is told the reason."""
    row = stored(connection, host_id)
    if row.status != HostStatus.APPLIED:
        raise Refused("只有待审核的单位可以不通过；已认定的请用取消。")
    edit(row, act.get("seen"), act["now"])
    row.status, row.decided_by = HostStatus.REFUSED, act["actor"]
    row.decision_reason = require_reason(reason, "不通过")
    keep(connection, row)
    return _decided(connection, row, "host.refuse", act)


def review(connection: Connection, host_id: int, **act: Unpack[Act]) -> None:
    """The yearly review found the host in order (年度复核): the next one is due a period after it."""
    on, row = day_of(act), _recognised(connection, host_id)
    edit(row, act.get("seen"), act["now"])
    row.review_due, row.decided_by = next_review(on, row.city), act["actor"]
    keep(connection, row)
    detail = {"due": row.review_due.isoformat()}
    audit.add(connection, act["now"], act["actor"], "host.review", f"host:{host_id}", detail)


def remove(connection: Connection, host_id: int, reason: str, **act: Unpack[Act]) -> int | None:
    """Take the recognition away (取消), with the reason: its positions are closed, running internships go on."""
    on, row = day_of(act), _recognised(connection, host_id)
    if row.approved_on is not None and on < row.approved_on:
        raise Refused(f"这家单位 {row.approved_on} 才认定，取消日期不能更早。")
    edit(row, act.get("seen"), act["now"])
    row.status, row.review_due, row.decided_by = HostStatus.REMOVED, None, act["actor"]
    row.decision_reason = require_reason(reason, "取消")
    keep(connection, row)
    positions.close_of_host(connection, host_id, "单位已取消见习资格", **act)
    move(connection, row, on, -1, "取消", act)
    return _decided(connection, row, "host.remove", act)


CHANGEABLE: Final = frozenset({"name", "kind", "district", "address"})


def change(
    connection: Connection, sealer: Sealer, host_id: int, changes: Mapping[str, Any], **act: Unpack[Act]
) -> None:
    """Change a host's particulars: the fields of `CHANGEABLE`, contact_name and contact_phone.

    The city stays: the host counts there. Who moves is removed and recognised anew.
    """
    row = stored(connection, host_id)
    edit(row, act.get("seen"), act["now"])
    for name in CHANGEABLE & changes.keys():
        setattr(row, name, changes[name])
    if faults := host_faults(row.name, row.address):
        raise Refused(*faults)
    put_contact(sealer, row, changes.get("contact_name"), changes.get("contact_phone"))
    keep(connection, row)
    if "name" in changes:
        renew_words(connection, row)
    detail = {"fields": sorted(changes)}
    audit.add(connection, act["now"], act["actor"], "host.change", f"host:{host_id}", detail)


def forget_contact(connection: Connection, contact_id: int) -> None:
    """Forget who applied for hosts: that person wants everything deleted. The hosts themselves stay."""
    connection.sqlalchemy.execute(
        update(host)
        .where(host.c.contact_id == contact_id)
        .values(contact_id=None, contact_name_sealed=None, contact_phone_sealed=None)
    )


def _recognised(connection: Connection, host_id: int) -> Host:
    row = stored(connection, host_id)
    if row.status != HostStatus.APPROVED:
        raise Refused(f"这家单位现在是“{HostStatus(row.status).label}”，不是已认定的单位。")
    return row


def _decided(connection: Connection, row: Host, action: str, act: Act) -> int | None:
    """Record a decision, and close the cases of the applicant that waited for it."""
    audit.add(connection, act["now"], act["actor"], action, f"host:{row.id}")
    settle(connection, row, act["now"])
    return row.contact_id


def settle(connection: Connection, row: Host, now: datetime) -> None:
    """Close the open applications for a host from its own contact: other cases about it go on."""
    connection.sqlalchemy.execute(
        update(case)
        .where(
            case.c.kind == str(CaseKind.HOST_APPLICATION),
            case.c.host_id == row.id,
            case.c.contact_id == row.contact_id,
            case.c.status == "open",
        )
        .values(status="closed", closed_at=now, version=case.c.version + 1)
    )
