"""Payout accounts (发放账户): the bank account to which a person's stipend goes, sealed; found by its hash only."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

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
GET: Final = Statement(select(account.c.account_sealed).where(account.c.person_id == bindparam("key")), "key")


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
    found = connection.run(GET, (person_id,)).fetchone()
    return sealer.open_text(found[0], ACCOUNT) if found else None


def mask(number: str) -> str:
    """Show the last four digits."""
    return "*" * (len(number) - 4) + number[-4:]
