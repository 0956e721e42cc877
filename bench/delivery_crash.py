"""`python -m bench.delivery_crash --people 10000 --kills 200`: the whole of what `tests/journeys` does in small.

A broadcast to so many people over the stand-ins of Telegram and WeChat, its sender killed with SIGKILL over and over.
Fails when anybody is left out, or written to twice; prints how many are unknown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from storage.keys import create_key_file
from storage.schema import migrate
from tests.journeys.killed_broadcast import judged, killed_broadcast


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.delivery_crash", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("JIANXI_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        migrate(f"sqlite:///{data}/jianxi.db")
        create_key_file(data / "secret.key")
        began = time.perf_counter()
        found = asyncio.run(killed_broadcast(data, chosen.people, chosen.kills, chosen.seed, _tell))
        seconds = time.perf_counter() - began
    ends = judged(found, chosen.people)
    print(
        f"\n{chosen.people} people, {found.kills} kills in {seconds:.0f} s (seed {chosen.seed}): {ends['sent']} sent, "
        f"{ends['unknown']} unknown, listed in {found.cases} case; nobody left out, nobody written to twice"
    )


def _tell(arrived: int, killed: int) -> None:
    print(f"\r{arrived} arrived, killed {killed} times", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
