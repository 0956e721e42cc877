"""Golden transcripts as conversations to hold on any channel: what is said, and what must come back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.transcripts import read, words
from dialogs.model import Choice

FOLDER = Path(__file__).parents[1] / "dialogs" / "transcripts"
ZONE = ZoneInfo("Asia/Shanghai")


class Bubble(NamedTuple):
    """One message of the service."""

    text: str
    choices: tuple[Choice, ...] = ()


class Exchange(NamedTuple):
    """What the person says (None: opens the conversation), the answer, and where the conversation then stands."""

    said: str | None
    answer: tuple[Bubble, ...]
    step: str


class Golden(NamedTuple):
    """A whole conversation; only transcripts without remarks that do something can be read."""

    begins: datetime
    exchanges: tuple[Exchange, ...]


def golden(name: str) -> Golden:
    """The transcript of that name."""
    text = (FOLDER / f"{name}.txt").read_text("utf-8")
    exchanges: list[Exchange] = []
    said: str | None = None
    bubbles: list[Bubble] = []
    for line in text.splitlines()[1:]:
        mark, rest = line[:1], line[2:]
        if mark == ">":
            said = words(line)
        elif mark == "<":
            bubbles.append(Bubble(rest))
        elif mark == " ":
            bubbles[-1] = bubbles[-1]._replace(text=f"{bubbles[-1].text}\n{rest}")
        elif mark == "|":
            value, label = rest.strip().split(" ", 1)
            bubbles[-1] = bubbles[-1]._replace(choices=(*bubbles[-1].choices, Choice(value, label)))
        elif mark == "@":
            exchanges.append(Exchange(said, tuple(bubbles), rest.split(" ")[0].split(".")[1]))
            bubbles = []
        else:
            assert mark == "#", f"not a line of a transcript: {line}"
            assert rest.split(" ")[0] not in {"名册", "打开", "发来", "按钮", "时间"}, line
    return Golden(read(text).begins.replace(tzinfo=ZONE), tuple(exchanges))
