"""Signed requests that were taken (防重放): a signature that does not cover the body is good for one body only.

Their time stands in front of what is noted, in digits of one length: so notes lie in the order of time, and dropping
the old ones needs no index besides the key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import bindparam, delete, select

from storage.database import Connection, Statement, insert
from storage.tables import ReceivedNonce, core

LIFETIME: Final = timedelta(hours=2)
"""Longer than any signature is good for, on either side of our clock."""
received = core(ReceivedNonce)

ADD: Final = Statement(insert(received).on_conflict_do_nothing(), "channel", "nonce", "digest", "at")
DIGEST: Final = Statement(
    select(received.c.digest).where(
        received.c.channel == bindparam("where"), received.c.nonce == bindparam("which")
    ),
    "where",
    "which",
)
FORGET: Final = Statement(
    delete(received).where(
        received.c.channel == bindparam("where"),
        received.c.nonce < bindparam("first"),
        received.c.at < bindparam("before", type_=received.c.at.type),
    ),
    "where",
    "first",
    "before",
)

PURGE: Final = Statement(
    delete(received).where(received.c.at < bindparam("before", type_=received.c.at.type)), "before"
)


def take(
    connection: Connection, channel: str, second: int, mark: str, digest: bytes, now: datetime
) -> Literal["new", "same", "other"]:
    """Note that a request came; whether one came under this mark before, with the same or another body.

    `second` is the time that the request bears itself, in epoch seconds: sent again it bears the same. Marks of
    different kinds begin with different signs.
    """
    nonce = _nonce(second, mark)
    if connection.run(ADD, (channel, nonce, digest, now)).rowcount == 1:
        return "new"
    row = connection.run(DIGEST, (channel, nonce)).fetchone()
    return "same" if row is not None and row[0] == digest else "other"


def forget_before(connection: Connection, channel: str, before: datetime) -> None:
    """Drop notes older than any request that would still be taken."""
    connection.run(FORGET, (channel, _nonce(int(before.timestamp()), ""), before))


def _nonce(second: int, mark: str) -> str:
    return f"{second:012d}{mark}"


def purge_expired(connection: Connection, now: datetime) -> int:
    """Drop the notes of every channel that are older than `LIFETIME`; returns how many."""
    return connection.run(PURGE, (now - LIFETIME,)).rowcount
