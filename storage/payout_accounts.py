"""Payout accounts (发放账户): the bank account to which a person's stipend goes, sealed; found by its hash only."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, select

from policy.refusal import Refused
from storage import audit, people
from storage.database import Connection, Statement, insert
from storage.ledger_tables import PayoutAccount
from storage.sealing import Sealer
from storage.tables import core

ACCOUNT: Final = b"payout_account.account_sealed"
SCOPE: Final = "account"
_NUMBER: Final = re.compile(r"\d{8,30}", re.ASCII)

account = core(PayoutAccount)
_put = insert(account)
PUT: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=["person_id"],
        set_={name: _put.excluded[name] for name in ("account_sealed", "account_index", "updated_at")},
    ),
    "person_id",
    "account_sealed",
    "account_index",
    "updated_at",
)
FIND: Final = Statement(
    select(account.c.account_sealed, account.c.updated_at).where(account.c.person_id == bindparam("key")),
    "key",
)
FORGET: Final = Statement(delete(account).where(account.c.person_id == bindparam("key")), "key")


class Kept(NamedTuple):
    """An account in clear, and when it was entered: handle with care."""

    number: str
    entered_at: datetime

    def __repr__(self) -> str:
        """Without the number, which must not reach a log."""
        return f"Kept({mask(self.number)})"


def put(
    connection: Connection, sealer: Sealer, person_id: int, number: str, *, actor: str, now: datetime
) -> str:
    """Keep the account of a person, in the place of an earlier one; returns it masked.

    Raises `NotFound` for an unknown person, `Refused` when it is no account number.
    """
    people.get(connection, person_id)
    digits = re.sub(r"[\s-]", "", number)
    if _NUMBER.fullmatch(digits) is None:
        raise Refused("银行账号是 8 到 30 位数字，请核对后再填。")
    connection.run(PUT, (person_id, sealer.seal(digits, ACCOUNT), sealer.index(digits, SCOPE), now))
    audit.add(connection, now, actor, "person.account", f"person:{person_id}")
    return mask(digits)


def get(connection: Connection, sealer: Sealer, person_id: int) -> str | None:
    """The account of a person in clear: handle with care. None when there is none."""
    found = find(connection, sealer, person_id)
    return found.number if found else None


def find(connection: Connection, sealer: Sealer, person_id: int) -> Kept | None:
    """The account of a person with its moment; None when there is none."""
    found = connection.run(FIND, (person_id,)).fetchone()
    return Kept(sealer.open_text(found[0], ACCOUNT), found[1]) if found else None


def put_back(
    connection: Connection, sealer: Sealer, person_id: int, before: Kept | None, *, actor: str, now: datetime
) -> None:
    """Make the account what it was before; None: there was none."""
    if before is None:
        connection.run(FORGET, (person_id,))
    else:
        number = before.number
        values = (sealer.seal(number, ACCOUNT), sealer.index(number, SCOPE), before.entered_at)
        connection.run(PUT, (person_id, *values))
    audit.add(connection, now, actor, "person.account", f"person:{person_id}")


def mask(number: str) -> str:
    """Show the last four digits."""
    return "*" * (len(number) - 4) + number[-4:]
