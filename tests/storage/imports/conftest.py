"""Fixtures of the imports."""

import pytest

from storage.database import Database
from storage.sealing import Sealer
from tests.storage.imports.importing import Importer


@pytest.fixture
def importer(database: Database, sealer: Sealer) -> Importer:
    """Imports into a fresh base, once on each engine."""
    return Importer(database, sealer)
