"""The job `cross_match` (名册比对): the comparison of all registers with the people of the base, a step at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from notifications.jobs import Context, Done
from storage import cross_match
from storage.cross_match import Matched, Occasion

MADE: Final = ("to_confirm", "marks_added", "tasks_added")
"""Numbers that stand for something new; the others for something changed."""


async def match_registers(context: Context, now: datetime) -> Done:
    """Compare everything; each step has a transaction of its own."""
    occasion = Occasion(now, context.day(now))
    numbers: dict[str, int] = {}
    for step in cross_match.STEPS:
        numbers |= await context.write(
            lambda connection, step=step: step(connection, context.sealer, occasion)  # type: ignore[misc]
        )
        context.progress(1)
    matched = Matched(**numbers)
    await context.write(lambda connection: cross_match.record(connection, matched, occasion, "cross_match"))
    created = sum(numbers[name] for name in MADE)
    return Done(created=created, changed=sum(numbers.values()) - created)
