"""A turn over the official account, encrypted and durable, beside WeRoBot with its SQLite session and beside our plain turn.

Servers on one core, the load on another, all in this run and in alternation; then one server for very many turns,
to see whether its memory stays flat. WeRoBot is no dependency of ours: at first use it is installed from the package
index into a virtual environment under `bench/out/`. `python -m bench.wechat_turn --turns 200000` for the long run.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import tempfile
import venv
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from bench.durable_turn import Child
from bench.measuring import Figures, Finding, Results, alternate, at_least, at_most, of, ratio, spread
from bench.wechat_servers import WEROBOT

SERVER_CORE, LOAD_CORE = 0, 1
PACKAGES: Final = ("WeRoBot==1.13.1", "waitress==3.0.2", "cryptography>=50")
RIVALS: Final = ("werobot plain", "werobot safe")
OURS: Final = ("plain", "safe")
RIVAL_FAULTS: Final = 0.05
"""Share of WeRoBot's answers that may be wrong."""
OF_WEROBOT: Final = 4.0
OF_PLAIN: Final = 0.5
FLAT: Final = 1.05
"""Memory at the end of the long run ÷ at its beginning, at most."""
FILLING: Final = 80_000
"""Turns before the long run: SQLite keeps up to 64 MiB of pages (`storage/connections.py`), and fills them first."""
SAMPLES: Final = 20
ENDLESS: Final = 10**9


class Server(NamedTuple):
    """A running server."""

    kind: str
    process: Child
    port: int
    pid: int

    def memory(self) -> float:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(
    *,
    people: int = 3000,
    rounds: int = 9,
    seconds: float = 1.5,
    connections: int = 32,
    turns: int = 50_000,
    filling: int = FILLING,
    rival: bool = True,
) -> list[Finding]:
    """Measure; `turns` in the long run, after `filling`. Without `rival` only our own servers are compared."""
    if rival:
        _install_werobot()
    kinds = (*RIVALS, *OURS) if rival else OURS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jianxi-bench-")))
        servers = {kind: _server(stack, kind, folder / kind.replace(" ", "-")) for kind in kinds}
        load = _child(stack, "bench.wechat_load", str(LOAD_CORE))
        for kind, server in servers.items():
            order = {"do": "gather", "crowd": kind, "port": server.port, "people": people}
            load.ask({**order, "safe": kind.endswith("safe"), "echo": kind in RIVALS})
        cases: dict[str, Callable[[], Figures]] = {
            kind: partial(_talk, load, server, connections, seconds) for kind, server in servers.items()
        }
        for case in cases.values():
            case()
        found = _findings(alternate(cases, rounds), rival=rival)
        return [*found, *_long_run(load, servers["safe"], connections, turns, filling)]


def _install_werobot() -> None:
    """Into an environment of its own, once."""
    if (WEROBOT / "installed").exists():
        return
    venv.create(WEROBOT, with_pip=True, clear=True)
    pip = [str(WEROBOT / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES], check=True)
    (WEROBOT / "installed").touch()


def _child(stack: ExitStack, *arguments: str) -> Child:
    child = Child(*arguments)
    stack.callback(child.stop)
    return child


def _server(stack: ExitStack, kind: str, folder: Path) -> Server:
    folder.mkdir()
    process = _child(stack, "bench.wechat_servers", kind, str(folder), str(SERVER_CORE))
    return Server(kind, process, *map(int, process.line().split()))


def _talk(
    load: Child, server: Server, connections: int, seconds: float, turns: int = ENDLESS
) -> dict[str, float]:
    cpu = server.process.cpu()
    order = {"do": "talk", "crowd": server.kind, "connections": connections}
    found = load.ask({**order, "seconds": seconds, "turns": turns})
    # WeRoBot shares one SQLite connection between waitress' threads, and now and then loses a commit to another.
    allowed = found["turns"] * RIVAL_FAULTS if server.kind in RIVALS else 0
    if found["faults"] > allowed or not found["turns"]:
        raise RuntimeError(f"{server.kind}: {found['faults']:.0f} of {found['turns']:.0f} answers were wrong")
    return {**found, "server_cpu": (server.process.cpu() - cpu) / found["turns"] * 1e6}


def _findings(results: Results, *, rival: bool) -> list[Finding]:
    found = [Finding(LABELS[kind], _described(results, kind)) for kind in results]
    if rival:
        found += [
            at_least(f"encrypted turn ÷ {LABELS[kind]}", "", ratio(results, "safe", kind, "rate"), OF_WEROBOT)
            for kind in RIVALS
        ]
    share = ratio(results, "safe", "plain", "rate")
    return [*found, at_least("encrypted turn ÷ our plain turn", "", share, OF_PLAIN)]


def _described(results: Results, kind: str) -> str:
    rate, p50, p99, cpu = (of(results, kind, name).middle for name in ("rate", "p50", "p99", "server_cpu"))
    busy = of(results, kind, "load_cpu").middle
    wrong = sum(run["faults"] for run in results[kind])
    lost = f"; {wrong:.0f} answers wrong" if wrong else ""
    return f"{rate:,.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms; CPU {cpu:.0f} µs each; load generator {busy:.0%} busy{lost}"


def _long_run(load: Child, server: Server, connections: int, turns: int, filling: int) -> list[Finding]:
    """One server for very many turns; its memory is looked at after each twentieth."""
    _talk(load, server, connections, math.inf, filling)
    memory = [server.memory()]
    for _ in range(SAMPLES):
        _talk(load, server, connections, math.inf, max(connections, turns // SAMPLES))
        memory.append(server.memory())
    measured = f"{memory[0]:.1f} → {memory[-1]:.1f} MiB, at most {max(memory):.1f}"
    grown = spread([max(memory) / memory[0]])
    return [at_most(f"memory over {turns:,} encrypted turns", measured, grown, FLAT)]


LABELS: Final = {
    "werobot plain": "WeRoBot with SQLite session, plain",
    "werobot safe": "WeRoBot with SQLite session, encrypted",
    "plain": "our WeChat turn, plain",
    "safe": "our WeChat turn, encrypted",
}


def main() -> None:
    """Run with other numbers than `python -m bench` does."""
    parser = argparse.ArgumentParser(prog="python -m bench.wechat_turn", description=__doc__)
    parser.add_argument("--turns", type=int, default=200_000, help="turns of the long run")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-rival", action="store_true", help="without WeRoBot")
    chosen = parser.parse_args()
    for finding in run(turns=chosen.turns, rounds=chosen.rounds, rival=not chosen.no_rival):
        print(
            " | ".join((finding.what, finding.measured, finding.ratio, finding.goal, str(finding.met or "")))
        )


if __name__ == "__main__":
    main()
