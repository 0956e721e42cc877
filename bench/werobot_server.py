"""WeRoBot as its documentation sets it up: `python -m bench.werobot_server plain|safe FOLDER`, in its own environment.

Its default SQLite session counts what each person said; waitress serves, as `server="auto"` has it. Imports nothing
that the environment of WeRoBot has not.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import waitress  # type: ignore[import-not-found,import-untyped,unused-ignore]
import werobot  # type: ignore[import-not-found,import-untyped,unused-ignore]
from werobot.session.sqlitestorage import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    SQLiteStorage,
)

from bench.wechat_account import AES_KEY, APP_ID, TOKEN


def main() -> None:
    """Serve until the standard input closes."""
    mode, folder = sys.argv[1], Path(sys.argv[2])
    robot = werobot.WeRoBot(token=TOKEN)
    robot.config["SESSION_STORAGE"] = SQLiteStorage(str(folder / "session.sqlite3"))
    if mode == "safe":
        robot.config["APP_ID"], robot.config["ENCODING_AES_KEY"] = APP_ID, AES_KEY

    @robot.text  # type: ignore[misc,untyped-decorator,unused-ignore]
    def answer(message: Any, session: dict[str, int]) -> str:  # noqa: ANN401 - WeRoBot's
        session["said"] = session.get("said", 0) + 1
        return f"收到：{message.content}"

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    print(listening.getsockname()[1], os.getpid(), flush=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it reports every request that waits
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    waitress.serve(robot.wsgi, sockets=[listening], _quiet=True)


def _end_with_the_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
