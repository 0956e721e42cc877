"""Sends what is due, again and again without loading the program each time: forks one that is loaded.

Each line on standard input starts a sender over the channels of the environment; its process id is printed, then
"sending" once it is at work. The next line is read when it has ended. It is noon, or as much later as has passed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from time import time

from bot.app import open_parts
from bot.gates import open_gates
from bot.logs import configure
from bot.pushes import sender, sending
from bot.settings import load
from bot.texts import catalogue
from notifications.lanes import Pace
from tests.talking import NOON

HURRIED = {"telegram": Pace(300, 8), "wechat": Pace(300, 6)}
"""As much at once as in truth, but faster, so that a test takes seconds."""


def clock() -> datetime:
    """Noon, and what has passed since the beginning of the test."""
    return NOON + timedelta(seconds=time() - float(os.environ["BEGAN"]))


def tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def send() -> None:
    """Until killed."""
    parts = open_parts(load(), clock)
    configure("json")
    async with AsyncExitStack() as stack:
        opening = open_gates(parts.settings, parts.turns, parts.metrics, listening=False)
        gates = await stack.enter_async_context(opening)
        made = sender(parts.turns, parts.hub, parts.metrics, gates.channels, paces=HURRIED)
        await stack.enter_async_context(sending(made, parts.turns, alone=True))
        tell("sending")
        await asyncio.Event().wait()


if __name__ == "__main__":
    catalogue()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(send())
        tell(child)
        os.waitpid(child, 0)
