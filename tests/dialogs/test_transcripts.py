"""Golden transcripts: whole conversations, replayed through the real turn over a real database.

A clerk can read them, and a change of wording shows up as a change of these files. `pytest --update-transcripts`
writes them anew; look at the difference before keeping it. Made with `jianxi chat --record`, or by hand: only the
lines of the person (`>`) and the remarks (`#`) are read. Some remarks do something:

    # 时间 2026-11-26 09:00      moves the clock
    # 名册 {"name": …}           puts somebody into an imported register
    # 打开                       opens the conversation again
    # 打开 follow_up 7           we open that dialog: the question of that day, "check_in monthly 2026-09"
    # 见习 已结束                somebody whose internship is at that stage (tests/storage/care_rows.py)
    # 发来 image                 sends something that is no text
    # 按钮 registration.track 1  taps a button of that question
    # 岗位 七个                  puts seven positions and an event into the base
    # 台账 在岗                  staff bring the person's internship to that stage
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from bot.texts import catalogue
from bot.transcripts import TIME, TIME_FORM, Transcript, read, words
from bot.turns import Incoming, Turns
from dialogs.model import Chose, Event, Opened, Said, Shared, Started
from storage.database import Database
from storage.registers import add_entry
from storage.sealing import Sealer
from tests.storage import care_rows
from tests.storage.ledger_people import to_stage
from tests.storage.public_rows import recruiting

ZONE = ZoneInfo("Asia/Shanghai")
FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))
THINKING = timedelta(seconds=20)
"""What a person takes to answer."""


class Replay:
    """One transcript's person and clock, talking to the real turn."""

    def __init__(self, database: Database, sealer: Sealer, begins: datetime) -> None:
        self.now = begins.replace(tzinfo=ZONE)
        self.sealer = sealer
        self.turns = Turns(database, sealer, catalogue(), lambda: self.now.astimezone(UTC), ZONE)
        self.written = Transcript(self.now)
        self.messages = 0

    def remark(self, line: str) -> None:
        """Keep a remark and do what it says."""
        self.written.remark(line)
        verb, _, rest = line.removeprefix("# ").partition(" ")
        if line.startswith(TIME):
            self.now = datetime.strptime(line.removeprefix(TIME), TIME_FORM).replace(tzinfo=ZONE)
        elif verb == "名册":
            self._import(json.loads(rest))
        elif verb == "打开":
            self.happens(self._opened(rest) if rest else Started())
        elif verb == "见习":
            self._care(rest)
        elif verb == "发来":
            self.happens(Shared(rest))
        elif verb == "按钮":
            place, value = rest.split(" ")
            dialog, step = place.split(".")
            self.happens(Chose(dialog, step, value))
        elif verb == "岗位":
            self.turns.database.write_sync(recruiting)
        elif verb == "台账":
            self.turns.database.write_sync(
                lambda connection: to_stage(connection, self.sealer, rest, self.now.astimezone(UTC))
            )

    def says(self, text: str) -> None:
        """The person writes."""
        self.written.said(text)
        self.happens(Said(text), text)

    def happens(self, event: Event, text: str = "") -> None:
        """One turn."""
        self.now += THINKING
        self.messages += 1
        incoming = Incoming("terminal", "somebody", str(self.messages), event, text)
        reply = self.turns.database.write_sync(lambda connection: self.turns.handle(connection, incoming))
        self.written.heard(without_tokens(orjson.loads(reply.body)))

    def _opened(self, told: str) -> Opened:
        return self.turns.database.write_sync(lambda connection: care_rows.opening(connection, told))

    def _care(self, stage: str) -> None:
        self.turns.database.write_sync(
            lambda connection: care_rows.played(
                connection, self.sealer, stage, "somebody", self.now.astimezone(UTC)
            )
        )

    def _import(self, entry: dict[str, Any]) -> None:
        self.turns.database.write_sync(
            lambda connection: add_entry(connection, self.sealer, "real-name", entry, self.now)
        )


def without_tokens(body: dict[str, Any]) -> dict[str, Any]:
    """The answer with its one-time links made the same every time."""
    links = [link for reply in body["replies"] for link in reply["links"]]
    for link in links:
        link["url"] = re.sub(r"(?<=/export/)[\w-]+", "…", link["url"])
    return body


def replayed(database: Database, sealer: Sealer, text: str) -> str:
    """The transcript as it comes out today."""
    script = read(text)
    replay = Replay(database, sealer, script.begins)
    lines = list(script.lines)
    while lines and lines[0].startswith("#") and not lines[0].startswith("# 打开"):
        replay.remark(lines.pop(0))  # what it is about, and who is in which register
    if not (lines and lines[0].startswith("# 打开 ")):
        replay.happens(Started())
    for line in lines:
        if line.startswith(">"):
            replay.says(words(line))
        else:
            replay.remark(line)
    return replay.written.text()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "jianxi.db"
    shutil.copyfile(sqlite_template, path)
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close_sync()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_conversation_goes_as_it_went_before(
    file: Path, sqlite_database: Database, sealer: Sealer, pytestconfig: pytest.Config
) -> None:
    before = file.read_text("utf-8")
    now = replayed(sqlite_database, sealer, before)
    if pytestconfig.getoption("update_transcripts"):
        file.write_text(now, "utf-8")
    else:
        assert now == before


def test_there_are_transcripts_enough_to_read() -> None:
    assert len(FILES) >= 15
