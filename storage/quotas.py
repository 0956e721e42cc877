"""Quotas (接口调用额度): calls to each interface of a platform account in a day or month, and how many there are."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, select, update

from storage.database import Connection, Statement, insert
from storage.tables import Quota, core

quota = core(Quota)


class Count(NamedTuple):
    """How much of a quota is used; `period` is a day (2026-11-24) or month (2026-11) of Beijing time."""

    api: str
    period: str
    used: int
    limit: int


_new = insert(quota)
ADD: Final = Statement(
    _new.on_conflict_do_update(
        index_elements=["account", "api", "period"],
        set_={"used": quota.c.used + 1},
        where=quota.c.used < quota.c.limit,
    ).returning(quota.c.used, quota.c.limit),
    "account",
    "api",
    "period",
    "used",
    "limit",
)
_this = (
    quota.c.account == bindparam("whose"),
    quota.c.api == bindparam("which"),
    quota.c.period == bindparam("when"),
)
EXHAUST: Final = Statement(update(quota).where(*_this).values(used=quota.c.limit), "whose", "which", "when")
COUNTS: Final = Statement(
    select(quota.c.api, quota.c.period, quota.c.used, quota.c.limit)
    .where(quota.c.account == bindparam("whose"))
    .order_by(quota.c.period.desc(), quota.c.api)
    .limit(100),
    "whose",
)


def take(connection: Connection, account: str, api: str, period: str, limit: int) -> Count | None:
    """Count one call; None when the period's calls are used up, and nothing is counted then.

    `limit` holds for a period's first call; afterwards the stored one does.
    """
    row = connection.run(ADD, (account, api, period, 1, limit)).fetchone()
    return None if row is None else Count(api, period, row[0], row[1])


def exhaust(connection: Connection, account: str, api: str, period: str) -> None:
    """The platform says that nothing is left of this period."""
    connection.run(EXHAUST, (account, api, period))


def counts(connection: Connection, account: str) -> list[Count]:
    """What was used lately, newest period first."""
    return [Count(*row) for row in connection.run(COUNTS, (account,))]
