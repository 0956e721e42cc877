"""Allowances (下发额度) as rows: the windows of a contact, its notices agreed to, its mass messages of the month.

What a window holds and how long it lasts is `notifications.allowance`'s to know; here it is only kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, select, update

from storage.database import Connection, Statement, insert
from storage.tables import Allowance, TemplateConsent, core

MASS: Final = "mass"
"""The kind under which a contact's mass messages of a month are counted; not a window."""

allowance, consent = core(Allowance), core(TemplateConsent)


class Row(NamedTuple):
    """A window as stored."""

    kind: str
    opened_at: datetime
    used: int


_windows = select(allowance.c.kind, allowance.c.opened_at, allowance.c.used).where(
    allowance.c.contact_id == bindparam("contact")
)
WINDOWS: Final = Statement(_windows.where(allowance.c.kind != MASS).order_by(allowance.c.kind), "contact")
MASS_PEOPLE: Final = Statement(
    select(allowance.c.used, func.count())
    .where(
        allowance.c.kind == MASS,
        allowance.c.opened_at == bindparam("since", type_=allowance.c.opened_at.type),
        allowance.c.used > 0,
    )
    .group_by(allowance.c.used)
    .order_by(allowance.c.used.desc()),
    "since",
)
MASS_OF: Final = Statement(_windows.where(allowance.c.kind == MASS), "contact")

_new_window = insert(allowance)
OPEN: Final = Statement(
    _new_window.on_conflict_do_update(
        index_elements=["contact_id", "kind"],
        set_={name: _new_window.excluded[name] for name in ("opened_at", "used")},
        where=_new_window.excluded.opened_at >= allowance.c.opened_at,
    ),
    "contact_id",
    "kind",
    "opened_at",
    "used",
)
_this_window = (
    allowance.c.contact_id == bindparam("contact"),
    allowance.c.kind == bindparam("which"),
    allowance.c.opened_at == bindparam("since", type_=allowance.c.opened_at.type),
)
USE: Final = Statement(update(allowance).where(*_this_window), "used", "contact", "which", "since")
GIVE_BACK: Final = Statement(
    update(allowance)
    .where(*_this_window, allowance.c.used >= bindparam("number"))
    .values(used=allowance.c.used - bindparam("number")),
    "number",
    "contact",
    "which",
    "since",
)

CONSENTS: Final = Statement(
    select(consent.c.left).where(
        consent.c.contact_id == bindparam("contact"), consent.c.template_id == bindparam("template")
    ),
    "contact",
    "template",
)
_new_consent = insert(consent)
ADD_CONSENT: Final = Statement(
    _new_consent.on_conflict_do_update(
        index_elements=["contact_id", "template_id"],
        set_={"left": func.coalesce(consent.c.left, 0) + _new_consent.excluded.left},
    ),
    "contact_id",
    "template_id",
    "left",
)
SET_CONSENTS: Final = Statement(
    update(consent).where(
        consent.c.contact_id == bindparam("contact"), consent.c.template_id == bindparam("template")
    ),
    "left",
    "contact",
    "template",
)


def windows(connection: Connection, contact_id: int) -> list[Row]:
    """The newest window of each kind."""
    return [Row(*row) for row in connection.run(WINDOWS, (contact_id,))]


def open_window(connection: Connection, contact_id: int, kind: str, at: datetime) -> None:
    """A person did something of `kind` at `at`; late news of something older changes nothing."""
    connection.run(OPEN, (contact_id, kind, at, 0))


def use(connection: Connection, contact_id: int, row: Row) -> None:
    """Keep how many messages of a window are used by now."""
    connection.run(USE, (row.used, contact_id, row.kind, row.opened_at))


def give_back(connection: Connection, contact_id: int, kind: str, opened_at: datetime, number: int) -> None:
    """Messages that were reserved in a window and certainly not delivered; nothing if it was opened anew."""
    connection.run(GIVE_BACK, (number, contact_id, kind, opened_at))


def consents(connection: Connection, contact_id: int, template_id: str) -> int:
    """How many notices of this template the contact still allows."""
    row = connection.run(CONSENTS, (contact_id, template_id)).fetchone()
    return 0 if row is None else int(row[0])


def add_consent(connection: Connection, contact_id: int, template_id: str, number: int = 1) -> None:
    """The contact allowed another notice (or gives one back: it was reserved and not delivered)."""
    connection.run(ADD_CONSENT, (contact_id, template_id, number))


def set_consents(connection: Connection, contact_id: int, template_id: str, left: int) -> None:
    """How many are left by now; 0 when the contact took its consent back."""
    connection.run(SET_CONSENTS, (left, contact_id, template_id))


def mass_used(connection: Connection, contact_id: int, month: datetime) -> int:
    """Mass messages that the contact was counted in the month that begins at `month`."""
    row = connection.run(MASS_OF, (contact_id,)).fetchone()
    return int(row[2]) if row is not None and row[1] == month else 0


def mass_people(connection: Connection, month: datetime) -> dict[int, int]:
    """How many people had how many mass messages in the month that begins at `month`, the most first."""
    return {int(used): int(people) for used, people in connection.run(MASS_PEOPLE, (month,))}


def take_mass(connection: Connection, contact_id: int, month: datetime, at_most: int) -> bool:
    """Count a mass message in the month that begins at `month`; False when the contact has had its share."""
    used = mass_used(connection, contact_id, month)
    if used >= at_most:
        return False
    connection.run(OPEN, (contact_id, MASS, month, used + 1))
    return True


def give_back_mass(connection: Connection, contact_id: int, month: datetime) -> None:
    """A counted mass message that was certainly not sent."""
    connection.run(GIVE_BACK, (1, contact_id, MASS, month))
