"""Transcripts (对话记录): a conversation as a text that a clerk can read and a test can replay.

    # 时间 2026-11-24 10:00
    > 我要报名
    < 先看看您符不符合条件……
    |  1 高校毕业生（离校两年内没就业）
    @ registration.track 0/18

`>` is what the person says, `<` what the service answers (further lines of an answer are indented), `|` a choice or
link, `@` where the conversation then stands, `#` a remark.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

TIME: Final = "# 时间 "
TIME_FORM: Final = "%Y-%m-%d %H:%M"


class Transcript:
    """A conversation being written down."""

    def __init__(self, now: datetime) -> None:
        self._lines = [f"{TIME}{now:{TIME_FORM}}"]

    def said(self, text: str) -> None:
        """The person's words; line breaks are written as \\n."""
        escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
        self._lines.append(f"> {escaped}")

    def heard(self, body: Mapping[str, Any]) -> None:
        """The service's answer, as the web API gives it."""
        for reply in body["replies"]:
            first, *more = reply["text"].split("\n")
            self._lines.append(f"< {first}")
            self._lines.extend(f"  {line}" for line in more)
            self._lines.extend(f"|  {choice['value']} {choice['label']}" for choice in reply["choices"])
            self._lines.extend(f"|  {link['label']} {link['url']}" for link in reply["links"])
        progress = body["progress"]
        counted = f" {progress['done']}/{progress['total']}" if progress else ""
        self._lines.append(f"@ {body['dialog']}.{body['step']}{counted}")

    def remark(self, text: str) -> None:
        """A remark, kept as it is."""
        self._lines.append(text)

    def text(self) -> str:
        """The whole transcript."""
        return "\n".join(self._lines) + "\n"


class Script(NamedTuple):
    """What a transcript says to replay: the time it begins, and the lines of the person and remarks, in order."""

    begins: datetime
    lines: tuple[str, ...]


def read(text: str) -> Script:
    """Parse a transcript. Raises ValueError when it does not begin with its time."""
    first, *lines = text.splitlines()
    if not first.startswith(TIME):
        raise ValueError(f"a transcript begins with “{TIME}{TIME_FORM}”")
    begins = datetime.strptime(first.removeprefix(TIME), TIME_FORM)  # noqa: DTZ007 - the reader adds the zone
    return Script(begins, tuple(line for line in lines if line[:1] in (">", "#")))


def words(line: str) -> str:
    """What the person says in a `>` line."""
    return line[2:].replace("\\n", "\n").replace("\\\\", "\\")
