"""Migrations make exactly the tables of the code, on both engines, both ways, with data in them."""

import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select, text

from storage.columns import Base
from storage.connections import open_engine
from storage.database import Connection, Database
from storage.errors import SchemaOutdated, StorageUnavailable
from storage.schema import MIGRATIONS, SchemaState, migrate, require_schema, revert, schema_state
from storage.sealing import Sealer
from storage.tables import Contact, Person
from tests.storage import rows

VERSIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
HEAD = VERSIONS[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


def of_the_models(name: str | None, kind: str, _parents: object) -> bool:
    """The index of position words is made by the migration alone: each engine has its own."""
    return kind not in ("table", "index") or not str(name).startswith(("position_words", "ix_position_words"))


def difference(url: str) -> list[object]:
    engine = open_engine(url, busy_timeout=1000)
    options = {"compare_type": True, "compare_server_default": True, "include_name": of_the_models}
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def table_names(target: Engine) -> set[str]:
    return set(inspect(target).get_table_names())


def test_the_newest_version_is_what_the_code_says(empty_url: str) -> None:
    migrate(empty_url)
    assert difference(empty_url) == []


def test_numbers_are_never_given_twice_on_sqlite(sqlite_url: str) -> None:
    promised = {
        name
        for name, table in Base.metadata.tables.items()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    with open_engine(sqlite_url, busy_timeout=1000).connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    assert {name for name, made in rows if "AUTOINCREMENT" in made} == promised
    assert "staff_case" in promised


def test_up_down_and_up_again_ends_in_the_same(empty_url: str) -> None:
    migrate(empty_url)
    for version in [*VERSIONS[-2::-1], "base"]:
        revert(empty_url, version)
    assert table_names(open_engine(empty_url, busy_timeout=1000)) == {"alembic_version"}
    for version in VERSIONS:
        migrate(empty_url, version)
    assert difference(empty_url) == []


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    assert migrate(empty_url) == migrate(empty_url) == SchemaState(HEAD, HEAD)


TABLE_MADE_ANEW = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "HEAD"


def upgrade():
    with op.batch_alter_table("person", recreate="auto") as table:
        table.add_column(sa.Column("nickname", sa.String()))
        table.alter_column("residence", existing_type=sa.String(), nullable=True)


def downgrade():
    with op.batch_alter_table("person", recreate="auto") as table:
        table.drop_column("nickname")
        table.alter_column("residence", existing_type=sa.String(), nullable=False)
"""


def test_data_survives_a_migration_that_makes_a_table_anew(
    empty_url: str, sealer: Sealer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_url)
    database = Database(empty_url)
    contact_id, person_id = database.write_sync(lambda c: rows.registered(c, sealer))
    before = database.read_sync(counts)
    database.close_sync()

    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "next.py").write_text(TABLE_MADE_ANEW.replace("HEAD", HEAD))
    monkeypatch.setattr("storage.schema.MIGRATIONS", folder)
    assert migrate(empty_url).current == "next"
    revert(empty_url, HEAD)

    database = Database(empty_url)
    assert database.read_sync(counts) == before
    contact = database.read_sync(lambda c: c.session.get_one(Contact, contact_id))
    person = database.read_sync(lambda c: c.session.get_one(Person, person_id))
    assert (contact.person_id, person.position_kinds) == (person_id, ["管理"])
    database.close_sync()
    assert difference(empty_url) == []


def counts(connection: Connection) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {
        table.name: connection.sqlalchemy.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.sorted_tables
    }


def test_signatures_that_were_taken_stay_known_when_their_tables_are_made_leaner(empty_url: str) -> None:
    migrate(empty_url, "0002")
    engine = open_engine(empty_url, busy_timeout=1000)
    note = "INSERT INTO received_nonce (channel, nonce, digest, at) VALUES ('wechat', :nonce, :digest, :at)"
    values = {"nonce": "1764000000:12", "digest": b"d" * 16, "at": "2025-11-24 16:00:00+00:00"}
    with engine.begin() as connection:
        connection.execute(text(note), values)
        connection.execute(text(note), {**values, "nonce": "m17"})

    def notes() -> list[str]:
        with engine.connect() as connection:
            return list(connection.scalars(text("SELECT nonce FROM received_nonce")))

    migrate(empty_url, "0003")
    assert notes() == ["001764000000:12"]
    revert(empty_url, "0002")
    assert notes() == ["1764000000:12"]


def test_an_open_engine_can_be_migrated(empty_url: str) -> None:
    engine = open_engine(empty_url, busy_timeout=1000)
    migrate(engine)
    assert schema_state(engine) == SchemaState(HEAD, HEAD)


def test_tables_that_are_missing_or_newer_are_told(empty_url: str) -> None:
    assert schema_state(empty_url) == SchemaState(None, HEAD)
    with pytest.raises(SchemaOutdated, match="jianxi migrate"):
        require_schema(empty_url)
    migrate(empty_url)
    require_schema(empty_url)
    with open_engine(empty_url, busy_timeout=1000).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaOutdated, match="newer program"):
        migrate(empty_url)


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    engine = open_engine(empty_url, busy_timeout=1000)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE staff_case (in_the_way INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        migrate(empty_url)
    assert table_names(engine) == {"staff_case"}


def test_a_database_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(StorageUnavailable):
        schema_state("postgresql://nobody@127.0.0.1:1/nothing")
