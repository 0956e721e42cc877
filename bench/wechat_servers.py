"""The official-account servers that are measured: `python -m bench.wechat_servers KIND FOLDER CORE`.

`plain` and `safe`: our whole application with its WeChat door, without and with encryption, on SQLite with
synchronous=FULL. `werobot plain` and `werobot safe`: WeRoBot with its SQLite session, in the virtual environment that
`wechat_turn` has made. Prints its port and process id, serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from bench.measuring import pin
from bench.wechat_account import AES_KEY, APP_ID, TOKEN
from bot import settings as environment
from bot.app import Parts, open_parts, spare_the_collector, web_application
from bot.gates import open_gates
from bot.logs import configure

WEROBOT: Final = Path(__file__).parent / "out" / "werobot"
NOWHERE: Final = "http://127.0.0.1:9"
"""The platform's API: no answer of this conversation is so long that its rest would have to be sent."""


def main() -> None:
    """Serve one kind."""
    kind, folder, core = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    pin(core)
    maker, _, mode = kind.rpartition(" ")
    if maker:
        python = str(WEROBOT / "bin" / "python")
        os.execv(python, [python, "-m", "bench.werobot_server", mode, str(folder)])  # noqa: S606 - same pipes
    configure("json")  # to standard error: the port alone belongs on standard output
    chosen = environment.load(
        data=folder,
        database_url="",
        secret_key_file=None,
        public_url="",
        sensitive_input="chat",
        wechat_app_id=APP_ID,
        wechat_secret="unused",  # noqa: S106
        wechat_token=TOKEN,
        wechat_aes_key=AES_KEY if mode == "safe" else "",
        wechat_api_url=NOWHERE,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(open_parts(chosen)))


async def _serve(parts: Parts) -> None:
    async with open_gates(parts.settings, parts.turns, parts.metrics) as gates:
        runner = web.AppRunner(web_application(parts, gates), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        spare_the_collector()
        print(runner.addresses[0][1], os.getpid(), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await runner.cleanup()
    await parts.database.close()


if __name__ == "__main__":
    main()
