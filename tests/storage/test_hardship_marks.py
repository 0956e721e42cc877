"""Who goes first: marks that hold, and what people said where no register speaks against it."""

from datetime import date, timedelta

import pytest

from storage.database import Connection, Database
from storage.hardship_marks import goes_first, in_force
from storage.sealing import Sealer
from storage.tables import HardshipMark
from tests.storage import rows

DAY = date(2023, 7, 1)
OVER, LASTS = DAY - timedelta(days=1), DAY


@pytest.mark.parametrize(
    ("source", "status", "expires_on", "holds", "first"),
    [
        ("comparison", "confirmed", None, True, True),
        ("comparison", "confirmed", LASTS, True, True),
        ("comparison", "confirmed", OVER, False, False),
        ("clerk", "confirmed", None, True, True),
        ("clerk", "refused", None, False, False),
        ("self", "claimed", None, False, True),
        ("self", "unconfirmed", None, False, False),
        ("self", "expired", None, False, False),
    ],
)
def test_a_word_counts_until_a_register_or_a_clerk_speaks_against_it(
    database: Database,
    sealer: Sealer,
    source: str,
    status: str,
    expires_on: date | None,
    holds: bool,
    first: bool,
) -> None:
    def work(connection: Connection) -> tuple[bool, bool]:
        person_id = rows.person(connection, sealer)
        assert not goes_first(connection, person_id, DAY)
        connection.session.add(
            HardshipMark(
                person_id=person_id,
                kind="01",
                source=source,
                status=status,
                expires_on=expires_on,
                at=rows.NOON,
            )
        )
        connection.session.flush()
        return bool(in_force(connection, person_id, DAY)), goes_first(connection, person_id, DAY)

    assert database.write_sync(work) == (holds, first)
