"""Applications for recognition by chat (见习单位申报): what becomes of one, and what the applicant is told later.

Each application opens a case for staff and gets its number. A USCC that somebody else has entered changes nothing:
it becomes a case only, and the applicant reads the same, so that nobody learns who has applied for whom. Staff look
at the case and, if the applicant does speak for the host, link them to it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple, Unpack

import orjson
from sqlmodel import col, func, select

from policy.hosts import host_faults
from policy.ledger_codes import HostStatus
from policy.masking import mask_name, mask_phone
from policy.refusal import Refused
from storage import audit, cases
from storage.acts import Act
from storage.cases import NOTE
from storage.database import Connection
from storage.edits import edit
from storage.errors import NotFound
from storage.host_records import HostFields, add, find_by_uscc, keep, put_contact, stored
from storage.ledger_tables import Host
from storage.sealing import Sealer
from storage.tables import StaffCase

KIND: Final = "host_application"
SOURCE: Final = "self"
MOST_OPEN: Final = 5
"""Open applications of one contact."""


class Standing(NamedTuple):
    """Where an application of a contact stands: its number, the USCC, and what can be said about it.

    `status` is a HostStatus or None when staff are still looking who speaks for the host, or have closed the case.
    """

    number: int
    uscc: str
    status: str | None
    open: bool
    reason: str | None
    on: date | None


def apply(
    connection: Connection,
    sealer: Sealer,
    fields: HostFields,
    wanted: str,
    *,
    contact_id: int,
    **act: Unpack[Act],
) -> int:
    """Take an application from a contact; `wanted` tells in words what positions there will be. Its number.

    Raises `Refused` for particulars that cannot be, and when too many applications of the contact are open.
    """
    if faults := host_faults(fields.name, fields.address):
        raise Refused(*faults)
    row = find_by_uscc(connection, fields.uscc)
    found = _open_case(connection, contact_id, row.id) if row is not None else None
    if found is None and _open_cases(connection, contact_id) >= MOST_OPEN:
        raise Refused(f"您已经有{MOST_OPEN}个申请在审核，等有了结果再报新的。急的话请回复“人工”。")
    if row is None:
        row = add(connection, sealer, fields, SOURCE, act, contact_id=contact_id)
    elif row.contact_id == contact_id and row.status != HostStatus.APPROVED:
        _apply_again(connection, sealer, row, fields, act)
    told = orjson.dumps({**fields._asdict(), "wanted": wanted}).decode()
    if found is None:
        number = cases.open_case(
            connection,
            sealer,
            KIND,
            contact_id,
            act["now"],
            host_id=row.id,
            city=row.city,
            today=act["today"],
            note=told,
        )
    else:
        assert found.id is not None
        number = found.id
        found.note_sealed = sealer.seal(told, NOTE)
        connection.session.add(found)
        connection.session.flush()
    audit.add(connection, act["now"], act["actor"], "host.apply", f"host:{row.id}", {"case": number})
    return number


def _apply_again(connection: Connection, sealer: Sealer, row: Host, fields: HostFields, act: Act) -> None:
    """The applicant's own host, not recognised: what is told now replaces what was told before."""
    edit(row, None, act["now"])
    row.name, row.kind, row.address = fields.name, fields.kind, fields.address
    row.city, row.district = fields.city, fields.district
    put_contact(sealer, row, fields.contact_name, fields.contact_phone)
    if row.status != HostStatus.APPLIED:
        row.status, row.applied_on = HostStatus.APPLIED, act["today"]
        row.decision_reason = row.decided_by = None
    keep(connection, row)


def _open_case(connection: Connection, contact_id: int, host_id: int | None) -> StaffCase | None:
    query = select(StaffCase).where(
        StaffCase.contact_id == contact_id,
        StaffCase.host_id == host_id,
        StaffCase.kind == KIND,
        StaffCase.status == "open",
    )
    return connection.session.exec(query).first()


def _open_cases(connection: Connection, contact_id: int) -> int:
    query = (
        select(func.count())
        .select_from(StaffCase)
        .where(StaffCase.contact_id == contact_id, StaffCase.kind == KIND, StaffCase.status == "open")
    )
    return connection.session.exec(query).one()


def standings(connection: Connection, contact_id: int, limit: int = 3) -> list[Standing]:
    """Where a contact's applications stand, the newest first, one for each host.

    Of a host that is not the contact's own nothing is said but that somebody is looking at the application.
    """
    query = (
        select(StaffCase, Host)
        .join(Host, col(Host.id) == StaffCase.host_id)
        .where(StaffCase.contact_id == contact_id, StaffCase.kind == KIND)
        .order_by(col(StaffCase.id).desc())
    )
    newest: dict[int | None, Standing] = {}
    for case, host in connection.session.exec(query):
        if case.host_id not in newest:
            newest[case.host_id] = _standing(case, host, contact_id)
    return list(newest.values())[:limit]


def _standing(case: StaffCase, host: Host, contact_id: int) -> Standing:
    assert case.id is not None
    opened = case.status == "open"
    own = host.contact_id == contact_id
    if not own or (opened and host.status == HostStatus.APPROVED):
        return Standing(case.id, host.uscc, None, opened, None, None)
    on = host.approved_on if host.status == HostStatus.APPROVED else None
    reason = host.decision_reason if host.status in (HostStatus.REFUSED, HostStatus.REMOVED) else None
    return Standing(case.id, host.uscc, host.status, opened, reason, on)


def waiting(
    connection: Connection, sealer: Sealer, *, after: int = 0, limit: int = 50, unmask: bool = False
) -> list[dict[str, Any]]:
    """The open applications for staff, oldest first; the contact person masked unless `unmask`.

    `own` tells whether the applicant is the one who entered the host, so that approving it is all there is to do.
    """
    query = (
        select(StaffCase, Host)
        .join(Host, col(Host.id) == StaffCase.host_id)
        .where(StaffCase.kind == KIND, StaffCase.status == "open", col(StaffCase.id) > after)
        .order_by(col(StaffCase.id))
        .limit(limit)
    )
    return [_waiting(sealer, case, host, unmask) for case, host in connection.session.exec(query)]


def _waiting(sealer: Sealer, case: StaffCase, host: Host, unmask: bool) -> dict[str, Any]:
    told = _told(sealer, case)
    if not unmask:
        told["contact_name"] = mask_name(told["contact_name"] or "") or None
        told["contact_phone"] = mask_phone(told["contact_phone"] or "") or None
    at = case.created_at.isoformat(timespec="seconds")
    status = HostStatus(host.status).label
    own = host.contact_id == case.contact_id
    return {"number": case.id, "host_id": host.id, "own": own, "host_status": status, "at": at, **told}


def _told(sealer: Sealer, case: StaffCase) -> dict[str, Any]:
    """What the applicant told. The note is JSON: the fields of `HostFields`, and `wanted`."""
    if case.note_sealed is None:
        return dict.fromkeys((*HostFields._fields, "wanted"))
    told: dict[str, Any] = orjson.loads(sealer.open(case.note_sealed, NOTE))
    return told


def link(connection: Connection, sealer: Sealer, number: int, *, actor: str, now: datetime) -> int:
    """The applicant of a case does speak for the host: make them its contact, and close the case. The host's id.

    Raises `NotFound`, and `Refused` when the case is closed.
    """
    case, row = _case(connection, number)
    told = _told(sealer, case)
    edit(row, None, now)
    row.contact_id = case.contact_id
    put_contact(sealer, row, told["contact_name"], told["contact_phone"])
    keep(connection, row)
    if row.status != HostStatus.APPLIED:
        close(connection, case, now)
    audit.add(connection, now, actor, "host.link", f"host:{row.id}", {"case": number})
    assert row.id is not None
    return row.id


def dismiss(connection: Connection, number: int, *, actor: str, now: datetime) -> None:
    """The applicant of a case does not speak for the host, or the matter is settled: close it.

    Raises `NotFound`, and `Refused` when it is closed or waits for a decision about its own host.
    """
    case, host = _case(connection, number)
    if host.contact_id == case.contact_id and host.status == HostStatus.APPLIED:
        raise Refused(f"这是单位 {host.id} 自己的申请，请认定或不通过那家单位。")
    close(connection, case, now)
    audit.add(connection, now, actor, "host.dismiss", f"host:{host.id}", {"case": number})


def _case(connection: Connection, number: int) -> tuple[StaffCase, Host]:
    """An open case and the host it is about."""
    case = connection.session.get(StaffCase, number)
    if case is None or case.kind != KIND or case.host_id is None:
        raise NotFound("staff_case")
    if case.status != "open":
        raise Refused("这个申请已经办完了。")
    return case, stored(connection, case.host_id)


def close(connection: Connection, case: StaffCase, now: datetime) -> None:
    """Close a case."""
    case.status, case.closed_at = "closed", now
    connection.session.add(case)
    connection.session.flush()
