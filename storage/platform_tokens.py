"""Access tokens of platform accounts (接口凭证), sealed, shared by all processes; one of them fetches, the rest wait.

Fetching takes the network and seconds, so no transaction stays open for it: a process claims the row for a few
seconds and stores what it got. A claim whose owner died simply runs out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select, update

from storage.database import Connection, Statement, insert
from storage.sealing import Sealer
from storage.tables import PlatformToken, core

VALUE: Final = b"platform_token.value_sealed"
LONG_AGO: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

token = core(PlatformToken)
_this = (token.c.account == bindparam("whose"), token.c.kind == bindparam("which"))

FIND: Final = Statement(
    select(token.c.value_sealed, token.c.expires_at, token.c.claimed_until).where(*_this), "whose", "which"
)
ADD: Final = Statement(
    insert(token).on_conflict_do_nothing(), "account", "kind", "expires_at", "claimed_until", "updated_at"
)
CLAIM: Final = Statement(update(token).where(*_this), "claimed_until", "updated_at", "whose", "which")
KEEP: Final = Statement(
    update(token).where(*_this), "value_sealed", "expires_at", "claimed_until", "updated_at", "whose", "which"
)


class Held(NamedTuple):
    """What a process finds: a good token, or `mine` to fetch one, or neither: another process is at it."""

    value: str | None
    expires_at: datetime
    mine: bool


def find_or_claim(
    connection: Connection,
    sealer: Sealer,
    account: str,
    kind: str,
    now: datetime,
    *,
    margin: timedelta,
    claim: timedelta,
    bad: str | None = None,
) -> Held:
    """The stored token if it lives longer than `margin` and is not the `bad` one; else claim the row if free.

    Call with the same `lock` in every process, so that only one of them gets `mine`.
    """
    row = connection.run(FIND, (account, kind)).fetchone()
    if row is None:
        connection.run(ADD, (account, kind, LONG_AGO, now + claim, now))
        return Held(None, LONG_AGO, True)
    sealed, expires_at, claimed_until = row
    if sealed is not None and expires_at - margin > now:
        value = sealer.open_text(sealed, VALUE)
        if value != bad:
            return Held(value, expires_at, False)
    if claimed_until > now:
        return Held(None, LONG_AGO, False)
    connection.run(CLAIM, (now + claim, now, account, kind))
    return Held(None, LONG_AGO, True)


def keep(
    connection: Connection,
    sealer: Sealer,
    account: str,
    kind: str,
    value: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Store a token that was fetched, and let go of the claim."""
    connection.run(KEEP, (sealer.seal(value, VALUE), expires_at, LONG_AGO, now, account, kind))


def let_go(connection: Connection, account: str, kind: str, now: datetime) -> None:
    """Fetching failed: another process may try."""
    connection.run(CLAIM, (LONG_AGO, now, account, kind))
