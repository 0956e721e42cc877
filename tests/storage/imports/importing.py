"""Imports as tests run them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from storage.database import Connection, Database
from storage.imports import undo
from storage.imports.everything import KINDS
from storage.imports.runs import Imported, Progress, import_file
from storage.imports.undo import Undone
from storage.sealing import Sealer
from tests.storage.imports.files import Lines, xlsx

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)


class Importer:
    """Imports into one base; every import and undoing has a moment of its own."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database, self.sealer = database, sealer
        self.now = NOW
        self.kinds = dict(KINDS)

    def __call__(
        self,
        kind: str,
        data: bytes | Lines,
        *,
        dry_run: bool = False,
        today: date = TODAY,
        progress: Progress = lambda done, total: None,
    ) -> Imported:
        self.now = self.now.replace(microsecond=self.now.microsecond + 1)
        return import_file(
            self.database,
            self.sealer,
            self.kinds[kind],
            data if isinstance(data, bytes) else xlsx(data),
            "名册.xlsx",
            actor="clerk:li",
            now=self.now,
            today=today,
            dry_run=dry_run,
            progress=progress,
        )

    def undo(self, run_id: int | None = None) -> Undone:
        self.now = self.now.replace(microsecond=self.now.microsecond + 1)
        return self.database.write_sync(
            lambda c: undo.undo(c, self.sealer, run_id, actor="clerk:li", now=self.now, today=TODAY)
        )

    def all(self, query: Any) -> list[Any]:  # noqa: ANN401 - any SELECT
        """The rows of a query."""

        def read(connection: Connection) -> list[Any]:
            return list(connection.sqlalchemy.execute(query))

        return self.database.read_sync(read)


def counts(done: Imported) -> tuple[int, int, int, int, int]:
    """Read, added, changed, unchanged, rejected rows."""
    return done.read, done.added, done.changed, done.unchanged, done.rejected_rows


def faults(done: Imported) -> list[tuple[int, str | None]]:
    """Row and column of each rejection."""
    return [(one.row, one.column) for one in done.rejected]
