"""The job `deliver` (投递任务): looks after what waits, and by hand also empties the ledger.

A running service sends without it, all the time; every minute it settles what a process left behind that died.
"""

from __future__ import annotations

from datetime import datetime

from notifications.delivery import STALE, Sender
from notifications.jobs import Context, Done


async def deliver(sender: Sender, drain: bool, context: Context, now: datetime) -> Done:
    """Settle what was cut short, let broadcasts go on; with `drain` send until nothing more is due.

    Counts what was looked at as changed.
    """
    changed = sum(await sender.recover(now - STALE))
    await sender.look_after()
    while drain and (rows := await sender.once()):
        changed += rows
        context.progress(rows)
    return Done(changed=changed)
