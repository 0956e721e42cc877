"""The guard against talking in circles: the same text to the same person is said only so often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from dialogs.model import Choice, Effect, Say

ECHO_LIMIT: Final = 5
ECHO_SECONDS: Final = 300
REMEMBERED: Final = 16
"""Different texts that a session remembers having said lately."""

NO_MARKS: Final[Mapping[str, int]] = {}

HUMAN: Final = Choice("人工", "找人工")

Echoes = tuple[list[int], ...]
"""For each text: its checksum, then the times at which it was said, in epoch seconds. Lists, as JSON brings them back."""


def without_echoes(
    effects: Sequence[Effect],
    echoes: Echoes,
    now: int,
    again: str,
    looping: str,
    marks: Mapping[str, int] = NO_MARKS,
) -> tuple[tuple[Effect, ...], Echoes]:
    """Leave out what was said `ECHO_LIMIT` times within `ECHO_SECONDS`; its buttons move to what is said before it.

    A person who goes back and forth must not lose the question, so before it is left out a text is said as often
    in other words (`again`, with a blank for it). Where nothing would be said at all, the text `looping` is, and
    that, said as often, is silence. Returns the effects that remain and what to remember. `now` in epoch seconds;
    `marks` are checksums worked out before.
    """
    oldest = now - ECHO_SECONDS
    recent = list(echoes)
    while recent and recent[0][-1] <= oldest:
        del recent[0]
    kept: list[Effect] = []
    dropped, gap = None, 0
    for effect in effects:
        if not isinstance(effect, Say) or _fresh(effect, recent, now, marks):
            kept.append(effect)
            continue
        repeated = effect._replace(text=again.replace("{text}", effect.text))
        if _fresh(repeated, recent, now, marks):
            kept.append(repeated)
        else:
            dropped, gap = effect, len(kept)
    if dropped is not None:
        for place in reversed(range(len(kept))):
            said = kept[place]
            if isinstance(said, Say):
                kept[place] = said._replace(choices=dropped.choices or said.choices)
                break
        else:
            others = tuple(choice for choice in dropped.choices if choice != HUMAN)
            stuck = Say(looping, (*others, HUMAN))
            if _fresh(stuck, recent, now, marks):
                kept.insert(gap, stuck)
    return tuple(kept), tuple(recent if len(recent) <= REMEMBERED else recent[-REMEMBERED:])


def checksum(text: str) -> int:
    """What stands for a text among the echoes."""
    return crc32(text.encode())


def _fresh(said: Say, recent: list[list[int]], now: int, marks: Mapping[str, int]) -> bool:
    """Whether this may be said once more; notes that it was."""
    mark = marks.get(said.text) or checksum(said.text)
    for echo in recent:
        if echo[0] == mark:
            break
    else:
        recent.append([mark, now])
        return True
    times = [at for at in echo[1:] if at > now - ECHO_SECONDS]
    heard = len(times) < ECHO_LIMIT
    recent.remove(echo)
    recent.append([mark, *times, now] if heard else [mark, *times])
    return heard
