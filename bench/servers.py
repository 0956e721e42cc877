"""The servers that are measured, each in a process of its own: `python -m bench.servers KIND FOLDER CORE`.

`bare`: an aiohttp handler that returns a constant as long as a usual answer. `product`: the whole application as
it is served, but patient with everybody. `orm`: the same with one SQLModel transaction a turn. Prints its port, serves
until its standard input closes.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from bench.measuring import pin
from bench.orm_turns import OrmTurns
from bot import settings as environment
from bot.app import Parts, open_parts, spare_the_collector, web_application
from bot.replies import json_reply
from bot.throttle import Throttle

PATIENT = 1e12
"""Messages a second, and at once, that the throttle lets through."""

CONSTANT = b'{"conversation":"' + b"x" * 43 + b'","replies":[{"text":"' + b"x" * 560 + b'"}]}'
"""As long as the average answer of the load's conversation, give or take."""


def main() -> None:
    """Serve one kind."""
    kind, folder, core = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    pin(core)
    # Names set in the environment for a real installation must not leak into a measurement.
    chosen = environment.load(data=folder, database_url="", secret_key_file=None, public_url="")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(_bare() if kind == "bare" else _product(open_parts(chosen), orm=kind == "orm")))


def _bare() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        return json_reply(CONSTANT)

    app = web.Application()
    app.add_routes([web.post("/api/chat/messages", answer)])
    return app


def _product(parts: Parts, *, orm: bool) -> web.Application:
    if orm:
        turns = OrmTurns(
            parts.database, parts.sealer, parts.turns.catalogue, parts.turns.clock, parts.turns.zone
        )
        turns.connect(parts.settings.data / "jianxi.db")
        parts.turns = turns
    return web_application(parts, throttle=Throttle(PATIENT, PATIENT))


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    spare_the_collector()  # for the bare handler too
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    main()
