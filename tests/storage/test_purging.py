"""What has expired is dropped, what has not stays: links to forms and exports, signed requests that were taken."""

from datetime import timedelta
from types import ModuleType

import pytest

from storage import downloads, form_links, received_nonces
from storage.columns import Base
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.storage import rows
from tests.storage.rows import NOON

MOMENT = timedelta(microseconds=1)
AT = int(NOON.timestamp())
"""The second that a signed request bears."""


def left(connection: Connection, table: str) -> int:
    """Rows in a table."""
    return len(connection.sqlalchemy.execute(Base.metadata.tables[table].select()).all())


def test_form_links_are_dropped_when_they_open_nothing_any_more(database: Database, sealer: Sealer) -> None:
    def make(connection: Connection) -> tuple[str, str]:
        contact_id = rows.contact(connection)
        old = form_links.make(connection, sealer, contact_id, "registration", "name", NOON)
        form_links.spend(connection, sealer, old, NOON)
        new = form_links.make(connection, sealer, contact_id, "registration", "name", NOON + MOMENT)
        return old, new

    _, new = database.write_sync(make)
    end = NOON + form_links.LIFETIME
    assert database.write_sync(lambda c: form_links.purge_expired(c, end - MOMENT)) == 0
    assert database.write_sync(lambda c: form_links.purge_expired(c, end)) == 1
    assert database.read_sync(lambda c: form_links.owner(c, sealer, new, end)) is not None
    assert database.write_sync(lambda c: form_links.purge_expired(c, end + timedelta(days=1))) == 1
    assert database.read_sync(lambda c: left(c, "form_link")) == 0


def test_downloads_are_dropped_when_they_give_nothing_any_more(database: Database, sealer: Sealer) -> None:
    def make(connection: Connection) -> tuple[int, str]:
        contact_id = rows.contact(connection)
        downloads.make(connection, sealer, contact_id, "my_data", NOON)
        return contact_id, downloads.make(connection, sealer, contact_id, "my_data", NOON + MOMENT)

    contact_id, new = database.write_sync(make)
    end = NOON + downloads.LIFETIME
    assert database.write_sync(lambda c: downloads.purge_expired(c, end - MOMENT)) == 0
    assert database.write_sync(lambda c: downloads.purge_expired(c, end)) == 1
    assert database.write_sync(lambda c: downloads.use(c, sealer, new, "my_data", end)) == contact_id
    assert database.write_sync(lambda c: downloads.purge_expired(c, end + timedelta(days=1))) == 1
    assert database.read_sync(lambda c: left(c, "download")) == 0


@pytest.mark.parametrize("age", [timedelta(0), received_nonces.LIFETIME])
def test_a_signed_request_is_remembered_as_long_as_it_could_come_again(
    database: Database, age: timedelta
) -> None:
    database.write_sync(lambda c: received_nonces.take(c, "wechat", AT, "1", b"body", NOON))
    assert database.write_sync(lambda c: received_nonces.purge_expired(c, NOON + age)) == 0
    assert (
        database.write_sync(lambda c: received_nonces.take(c, "wechat", AT, "1", b"other", NOON)) == "other"
    )


def test_signed_requests_of_every_channel_are_dropped_with_age(database: Database) -> None:
    def take(connection: Connection) -> None:
        received_nonces.take(connection, "wechat", AT, "1", b"body", NOON)
        received_nonces.take(connection, "telegram", AT, "1", b"body", NOON)
        received_nonces.take(connection, "wechat", AT + 1, "2", b"body", NOON + MOMENT)

    database.write_sync(take)
    later = NOON + received_nonces.LIFETIME + MOMENT
    assert database.write_sync(lambda c: received_nonces.purge_expired(c, later)) == 2
    assert database.read_sync(lambda c: left(c, "received_nonce")) == 1


@pytest.mark.parametrize("noun", [form_links, downloads, received_nonces])
def test_purging_what_is_empty_drops_nothing(database: Database, noun: ModuleType) -> None:
    assert database.write_sync(lambda c: noun.purge_expired(c, NOON)) == 0
