"""From a message to what a platform takes: numbered choices written out, long texts cut at the ends of sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from unicodedata import combining

from dialogs.model import Choice, Link

SENTENCE_END: Final = re.compile(r"(?<=[。！？；\n])(?![”’」』）。！？；…])|(?<=[!?;])(?=\s)")
"""Where a text may be cut: not before what closes a sentence, and not at a “?” inside an address."""

PAUSE: Final = re.compile(r"[，、,\s]")
JOINS: Final = frozenset("\u200d\ufe0e\ufe0f\u20e3")
"""Joiner, variation selectors and keycap: what they follow, they belong to."""


def numbered(text: str, choices: Sequence[Choice], links: Sequence[Link] = ()) -> str:
    """The text with its choices as lines a person can answer by number, and its links written out."""
    lines = [text]
    lines.extend(
        choice.label if choice.value == choice.label else f"{choice.value}. {choice.label}"
        for choice in choices
    )
    lines.extend(f"{link.label}：{link.url}" for link in links)
    return "\n".join(lines)


def split(text: str, limit: int, size: Callable[[str], int] = len) -> list[str]:
    """Cut a text into parts no larger than `limit` by `size`, at line or sentence ends where there are any.

    Joined, the parts are the text, but for line breaks at the cuts. Never cuts inside a character, whatever it is
    composed of. Parts that would show nothing are left out. `limit` must have room for a character.
    """
    parts: list[str] = []
    part = ""
    # Nearly every text fits; then looking for the ends of its sentences is all there would be to pay.
    for piece in SENTENCE_END.split(text) if size(text) > limit else [text]:
        if size(part + piece) <= limit:
            part += piece
            continue
        parts.append(part)
        part = piece
        while size(part) > limit:
            head = _head(part, limit, size)
            parts.append(head)
            part = part[len(head) :]
    parts.append(part)
    return [shown for part in parts if (shown := part.strip("\n")).strip()]


def _head(text: str, limit: int, size: Callable[[str], int]) -> str:
    """As much of a text as fits, up to a pause if there is one in the second half, else between characters."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if size(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    for end in range(low, low // 2, -1):
        if PAUSE.match(text[end - 1]):
            return text[:end]
    end = low
    while end > 1 and _joined(text, end):
        end -= 1
    return text[: end if end > 1 else low]


def _joined(text: str, place: int) -> bool:
    """Whether the characters on both sides of a place are shown as one."""
    after, before = text[place], text[place - 1]
    return (
        after in JOINS
        or before == "\u200d"
        or bool(combining(after))
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )


def utf8(text: str) -> int:
    """Size in bytes, as WeChat counts."""
    return len(text.encode())


def utf16(text: str) -> int:
    """Size in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2
