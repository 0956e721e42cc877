"""The sender and a platform, on a clock that tests move."""

from __future__ import annotations

import pytest

from bot.turns import Turns
from storage.database import Database
from storage.sealing import Sealer
from tests.notifications.platform import Desk, Platform
from tests.talking import Clock


@pytest.fixture
def telegram() -> Platform:
    return Platform("telegram")


@pytest.fixture
def wechat() -> Platform:
    return Platform("wechat")


@pytest.fixture
def desk(
    database: Database, sealer: Sealer, turns: Turns, clock: Clock, telegram: Platform, wechat: Platform
) -> Desk:
    """On each engine: one process with two platforms."""
    return Desk(database, sealer, turns, clock, telegram, wechat)
