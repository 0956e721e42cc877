"""The guard against talking in circles: the same text to the same person is said only so often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from dialogs.model import Choice, Effect, Say

ECHO_LIMIT: Final = 5
ECHO_SECONDS: Final = 300
REMEMBERED: Final = 12
"""Different texts that a session remembers having said lately."""

Echoes = tuple[tuple[int, int, int], ...]
"""For each text: checksum, first time in epoch seconds, how often."""


def without_echoes(
    effects: Sequence[Effect], echoes: Echoes, now: int, looping: str
) -> tuple[tuple[Effect, ...], Echoes]:
    """Replace what was said `ECHO_LIMIT` times within `ECHO_SECONDS` by the text `looping`, and that, said as often,
    by silence. Returns the effects that remain and what to remember. `now` in epoch seconds."""
    recent = {mark: (since, times) for mark, since, times in echoes if now - since < ECHO_SECONDS}
    kept: list[Effect] = []
    for effect in effects:
        if not isinstance(effect, Say):
            kept.append(effect)
            continue
        for said in (effect, Say(looping, (Choice("人工", "找人工"),))):
            mark = crc32(said.text.encode())
            since, times = recent.pop(mark, (now, 0))
            recent[mark] = (since, times + 1)
            if times < ECHO_LIMIT:
                kept.append(said)
                break
    return tuple(kept), tuple((mark, *seen) for mark, seen in recent.items())[-REMEMBERED:]
