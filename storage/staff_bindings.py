"""Staff bindings (工作人员绑定): which chats belong to which clerk, tied by a one-time code; for reminders alone.

A binding gives no right to see anything. `city` None means the whole province.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, or_, select, update

from policy.refusal import Refused
from storage import audit
from storage.database import Connection, Statement, insert
from storage.errors import NotFound
from storage.outgoing_tables import StaffBinding
from storage.sealing import Sealer
from storage.tables import Contact, core

SCOPE: Final = "staff_binding"
LIFETIME: Final = timedelta(hours=24)
LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""No letters and digits that look alike. Eight of them cannot be guessed in a day at three tries a second."""
CODE_LENGTH: Final = 8
LONGEST_NAME: Final = 30

binding, contact = core(StaffBinding), core(Contact)

ADD: Final = Statement(
    insert(binding).returning(binding.c.id), "staff", "city", "contact_id", "code_index", "expires_at"
)
BIND: Final = Statement(
    update(binding)
    .where(binding.c.code_index == bindparam("code"), binding.c.expires_at > bindparam("now"))
    .values(code_index=None, expires_at=None)
    .returning(binding.c.id, binding.c.staff, binding.c.city),
    "contact_id",
    "bound_at",
    "code",
    "now",
)


class Bound(NamedTuple):
    """A clerk's chat; `contact_id` None while the code has not been used."""

    id: int
    staff: str
    city: str | None
    contact_id: int | None
    channel: str | None
    bound_at: datetime | None
    expires_at: datetime | None


def invite(
    connection: Connection, sealer: Sealer, staff: str, city: str | None, *, actor: str, now: datetime
) -> str:
    """A new one-time code for a clerk, good for a day. Raises `Refused` for a name that is none."""
    staff = staff.strip()
    if not 1 <= len(staff) <= LONGEST_NAME:
        raise Refused(f"工作人员的名字要有 1 到 {LONGEST_NAME} 个字。")
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    values = (staff, city, None, sealer.index(code, SCOPE), now + LIFETIME)
    row = connection.run(ADD, values).fetchone()
    audit.add(connection, now, actor, "staff.invite", f"staff_binding:{row[0]}", {"city": city})
    return code


def bind(
    connection: Connection, sealer: Sealer, code: str, contact_id: int, *, now: datetime
) -> Bound | None:
    """Use a code up for this chat; None when it is unknown, used or too old.

    The same clerk's earlier binding of the same chat and place gives way.
    """
    for code_index in sealer.indexes(code, SCOPE):
        row = connection.run(BIND, (contact_id, now, code_index, now)).fetchone()
        if row is None:
            continue
        number, staff, city = row
        same = (binding.c.contact_id == contact_id) & (binding.c.staff == staff) & (binding.c.id != number)
        place = binding.c.city.is_(None) if city is None else binding.c.city == city
        connection.sqlalchemy.execute(delete(binding).where(same, place))
        audit.add(connection, now, f"contact:{contact_id}", "staff.bind", f"staff_binding:{number}")
        return Bound(number, staff, city, contact_id, None, now, None)
    return None


def unbind_contact(connection: Connection, contact_id: int, *, now: datetime) -> int:
    """The clerk wants no reminders in this chat any more; returns how many bindings that ends."""
    ended = connection.sqlalchemy.execute(delete(binding).where(binding.c.contact_id == contact_id)).rowcount
    if ended:
        audit.add(connection, now, f"contact:{contact_id}", "staff.unbind", f"contact:{contact_id}")
    return ended


def unbind(connection: Connection, binding_id: int, *, actor: str, now: datetime) -> None:
    """End a binding, or take a code back that was not used. Raises `NotFound`."""
    gone = connection.sqlalchemy.execute(delete(binding).where(binding.c.id == binding_id)).rowcount
    if not gone:
        raise NotFound("staff_binding")
    audit.add(connection, now, actor, "staff.unbind", f"staff_binding:{binding_id}")


def listed(connection: Connection, *, after_id: int = 0, limit: int = 200) -> list[Bound]:
    """Bindings and open codes by number."""
    b = binding.c
    query = (
        select(b.id, b.staff, b.city, b.contact_id, contact.c.channel, b.bound_at, b.expires_at)
        .outerjoin(contact, contact.c.id == binding.c.contact_id)
        .where(binding.c.id > after_id)
        .order_by(binding.c.id)
        .limit(limit)
    )
    return [Bound(*row) for row in connection.sqlalchemy.execute(query)]


def chats(connection: Connection, *, city: str | None = None, staff: str | None = None) -> list[int]:
    """The chats to remind: of one clerk; else of all who are bound for that city, or (None) for the province."""
    query = select(binding.c.contact_id).where(binding.c.contact_id.is_not(None)).distinct()
    if staff is not None:
        query = query.where(binding.c.staff == staff)
    elif city is None:
        query = query.where(binding.c.city.is_(None))
    else:
        query = query.where(binding.c.city == city)
    return [row[0] for row in connection.sqlalchemy.execute(query.order_by(binding.c.contact_id))]


def purge_expired(connection: Connection, now: datetime, most: int) -> int:
    """Drop up to `most` codes that nobody used in time, and bindings whose chat is gone; returns how many."""
    gone = or_(binding.c.expires_at <= now, binding.c.bound_at.is_not(None) & binding.c.contact_id.is_(None))
    old = select(binding.c.id).where(gone).limit(most)
    return connection.sqlalchemy.execute(delete(binding).where(binding.c.id.in_(old))).rowcount
