"""The guard against talking in circles: the same text to the same person is said only so often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from dialogs.model import Choice, Effect, Say

ECHO_LIMIT: Final = 5
ECHO_SECONDS: Final = 300
REMEMBERED: Final = 16
"""Different texts that a session remembers having said lately."""

HUMAN: Final = Choice("人工", "找人工")

Echoes = tuple[list[int], ...]
"""For each text: its checksum, then the times at which it was said, in epoch seconds. Lists, as JSON brings them back."""


def without_echoes(
    effects: Sequence[Effect], echoes: Echoes, now: int, again: str, looping: str
) -> tuple[tuple[Effect, ...], Echoes]:
    """Leave out what was said `ECHO_LIMIT` times within `ECHO_SECONDS`; its buttons move to what is said before it.

    A person who goes back and forth must not lose the question, so before it is left out a text is said as often
    in other words (`again`, with a blank for it). Where nothing would be said at all, the text `looping` is, and
    that, said as often, is silence. Returns the effects that remain and what to remember. `now` in epoch seconds.
    """
    oldest = now - ECHO_SECONDS
    recent = {echo[0]: echo for echo in echoes if echo[-1] > oldest}

    def fresh(said: Say) -> bool:
        mark = crc32(said.text.encode())
        echo = recent.pop(mark, None)
        if echo is None:
            recent[mark] = [mark, now]
            return True
        times = [at for at in echo[1:] if at > oldest]
        heard = len(times) < ECHO_LIMIT
        recent[mark] = [mark, *times, now] if heard else [mark, *times]
        return heard

    kept: list[Effect] = []
    dropped, gap = None, 0
    for effect in effects:
        if not isinstance(effect, Say) or fresh(effect):
            kept.append(effect)
            continue
        repeated = effect._replace(text=again.replace("{text}", effect.text))
        if fresh(repeated):
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
            if fresh(stuck):
                kept.insert(gap, stuck)
    return tuple(kept), tuple(recent.values())[-REMEMBERED:]
