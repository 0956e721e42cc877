"""The records of internship hosts: made, found, recognised, with their contact person sealed.

What the verbs of `storage.hosts`, applications and spreadsheets share; nothing here writes the audit log, the
callers do.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from sqlmodel import select

from policy.hosts import host_faults, next_review
from policy.ledger_codes import HostStatus
from policy.refusal import Refused
from storage import stock
from storage.acts import Act
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Host
from storage.sealing import Sealer

CONTACT_NAME: Final = b"host.contact_name_sealed"
CONTACT_PHONE: Final = b"host.contact_phone_sealed"


class HostFields(NamedTuple):
    """A host as it or a spreadsheet tells it; codes as in `policy.ledger_codes`, the district as stored.

    None for address and contact person means that nothing is said of them.
    """

    uscc: str
    name: str
    kind: str
    city: str
    district: str = ""
    address: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None


def stored(connection: Connection, host_id: int) -> Host:
    """The record of a host, to be changed in this transaction. Raises `NotFound`."""
    row = connection.session.get(Host, host_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound("host")
    return row


def find_by_uscc(connection: Connection, uscc: str) -> Host | None:
    """The host with that USCC; None if there is none."""
    query = select(Host).where(Host.uscc == uscc).execution_options(populate_existing=True)
    return connection.session.exec(query).first()


def add(
    connection: Connection,
    sealer: Sealer,
    fields: HostFields,
    source: str,
    act: Act,
    *,
    contact_id: int | None = None,
    demo: bool = False,
) -> Host:
    """A new record, applied and not yet recognised. Raises `Refused` with all that is wrong with it."""
    if faults := host_faults(fields.name, fields.address):
        raise Refused(*faults)
    row = Host(
        uscc=fields.uscc,
        name=fields.name,
        kind=fields.kind,
        city=fields.city,
        district=fields.district,
        address=fields.address,
        contact_id=contact_id,
        status=HostStatus.APPLIED,
        applied_on=act["today"],
        source=source,
        demo=demo,
        created_at=act["now"],
        updated_at=act["now"],
    )
    put_contact(sealer, row, fields.contact_name, fields.contact_phone)
    keep(connection, row)
    return row


def put_contact(sealer: Sealer, row: Host, name: str | None, phone: str | None) -> None:
    """Seal the contact person's name and phone; what is None stays as it was."""
    if name:
        row.contact_name_sealed = sealer.seal(name, CONTACT_NAME)
    if phone:
        row.contact_phone_sealed = sealer.seal(phone, CONTACT_PHONE)


def contact_of(sealer: Sealer, row: Host) -> tuple[str | None, str | None]:
    """The contact person's name and phone in clear: handle with care."""
    name, phone = row.contact_name_sealed, row.contact_phone_sealed
    return (
        sealer.open_text(name, CONTACT_NAME) if name else None,
        sealer.open_text(phone, CONTACT_PHONE) if phone else None,
    )


def recognise(connection: Connection, row: Host, on: date, act: Act, reason: str | None = None) -> None:
    """Make a host a recognised one from `on`, and count it."""
    what = "认定" if row.approved_on is None else "重新认定"
    row.status, row.approved_on = HostStatus.APPROVED, on
    row.review_due = next_review(on, row.city)
    row.decision_reason, row.decided_by = reason, act["actor"]
    keep(connection, row)
    move(connection, row, on, 1, what, act)


def move(connection: Connection, row: Host, on: date, delta: int, what: str, act: Act) -> None:
    """Count a host in or out of the stock; an example (示例) is never counted."""
    assert row.id is not None
    if not row.demo:
        stock.move(
            connection, stock.HOST, row.id, row.city, on, delta, delta > 0, what, act["actor"], act["now"]
        )


def keep(connection: Connection, row: Host) -> None:
    """Write the record, so that statements see it."""
    connection.session.add(row)
    connection.session.flush()
