"""A whole turn over HTTP on SQLite with synchronous=FULL, beside a handler that does nothing and one ORM transaction a turn.

Servers on one core, the load on another, all in this run and in alternation. See `servers` for what is compared
and `load` for how people talk.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.request import urlopen

from bench.measuring import Figures, Finding, Results, alternate, at_least, at_most, of, ratio

SERVER_CORE, LOAD_CORE = 0, 1
KINDS: Final = ("bare", "product", "orm")
OF_BARE: Final = 1 / 6
OF_ORM: Final = 8.0
TURNS_A_COMMIT: Final = 20.0
P99_OF_BARE: Final = 12.0
WARM_UP: Final = 0.5
WHOLE: Final = "whole"


class Child:
    """A process of ours, spoken to over its pipes."""

    def __init__(self, *arguments: str) -> None:
        names = {name: value for name, value in os.environ.items() if not name.startswith("JIANXI_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=names,
        )

    def line(self) -> str:
        """The next line it writes."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended")
        return line

    def ask(self, order: Mapping[str, Any]) -> dict[str, float]:
        """One order, one result."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        result: dict[str, float] = json.loads(self.line())
        return result

    def cpu(self) -> float:
        """Seconds of CPU it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Close its input and wait for it."""
        self._process.communicate(timeout=60)


@contextmanager
def _child(*arguments: str) -> Iterator[Child]:
    child = Child(*arguments)
    try:
        yield child
    finally:
        child.stop()


class Server(NamedTuple):
    """A running server."""

    kind: str
    process: Child
    port: int


def run(
    *, people: int = 3000, rounds: int = 9, seconds: float = 1.5, connections: int = 32, many: int = 64
) -> list[Finding]:
    """Measure; `people` conversations at each server, `connections` of them at a time, then `many`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jianxi-bench-")))
        servers = {kind: _server(stack, kind, folder / kind) for kind in KINDS}
        load = stack.enter_context(_child("bench.load", str(LOAD_CORE)))
        for name, kind, again in (*((kind, kind, True) for kind in KINDS), (WHOLE, "product", False)):
            order = {"do": "gather", "crowd": name, "port": servers[kind].port, "people": people}
            load.ask({**order, "again": again, "real": kind != "bare"})
        cases: dict[str, Callable[[], Figures]] = {
            kind: partial(_talk, load, servers[kind], kind, connections, seconds) for kind in KINDS
        }
        # Whoever has submitted is gone: there must be people left for every round.
        cases[WHOLE] = partial(_talk, load, servers["product"], WHOLE, connections, seconds / 4)
        cases[f"product at {many}"] = partial(_talk, load, servers["product"], "product", many, seconds)
        for kind in KINDS:
            _talk(load, servers[kind], kind, connections, min(WARM_UP, seconds))
        return _findings(alternate(cases, rounds), connections, many)


def _server(stack: ExitStack, kind: str, folder: Path) -> Server:
    folder.mkdir()
    process = stack.enter_context(_child("bench.servers", kind, str(folder), str(SERVER_CORE)))
    return Server(kind, process, int(process.line()))


def _talk(load: Child, server: Server, crowd: str, connections: int, seconds: float) -> Figures:
    counts = server.kind == "product"
    cpu, before = server.process.cpu(), _commits(server.port) if counts else (0.0, 0.0)
    order = {"do": "talk", "crowd": crowd, "port": server.port, "connections": connections}
    found = load.ask({**order, "seconds": seconds})
    cpu, after = server.process.cpu() - cpu, _commits(server.port) if counts else (0.0, 0.0)
    if found["faults"] or not found["turns"]:
        raise RuntimeError(f"{crowd}: {found['faults']:.0f} of {found['turns']:.0f} answers were wrong")
    commits, writes = after[0] - before[0], after[1] - before[1]
    assert not counts or writes == found["turns"], "every turn must have been written"
    return {
        **found,
        "turns_a_commit": writes / commits if commits else 0.0,
        "server_cpu": cpu / found["turns"] * 1e6,
    }


def _commits(port: int) -> tuple[float, float]:
    """Transactions and pieces of work that the server has committed."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    values = dict(re.findall(r"^jianxi_(commits|writes)_total ([\d.e+]+)$", text, re.MULTILINE))
    return float(values["commits"]), float(values["writes"])


def _findings(results: Results, connections: int, many: int) -> list[Finding]:
    ours, at_many = "product", f"product at {many}"

    def described(case: str) -> str:
        rate, p50, p99, cpu = (
            of(results, case, name).middle for name in ("rate", "p50", "p99", "server_cpu")
        )
        load = of(results, case, "load_cpu").middle
        return f"{rate:,.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms; CPU {cpu:.0f} µs each; load generator {load:.0%} busy"

    return [
        *(Finding(LABELS.get(case, case), described(case)) for case in results),
        at_least("turn ÷ bare handler, rate", "", ratio(results, ours, "bare", "rate"), OF_BARE),
        Finding("bare handler ÷ turn, server's CPU", "", str(ratio(results, "bare", ours, "server_cpu"))),
        at_least("turn ÷ SQLModel a turn, rate", "", ratio(results, ours, "orm", "rate"), OF_ORM),
        Finding("SQLModel a turn ÷ turn, server's CPU", "", str(ratio(results, "orm", ours, "server_cpu"))),
        at_most("turn ÷ bare handler, p99", "", ratio(results, ours, "bare", "p99"), P99_OF_BARE),
        Finding("turn ÷ bare handler, p50", "", str(ratio(results, ours, "bare", "p50"))),
        Finding(f"turns a commit at {connections}", str(of(results, ours, "turns_a_commit"))),
        at_least(f"turns a commit at {many}", "", of(results, at_many, "turns_a_commit"), TURNS_A_COMMIT),
    ]


LABELS: Final = {
    "bare": "bare aiohttp handler",
    "product": "our turn",
    "orm": "SQLModel over aiosqlite, a transaction a turn",
    WHOLE: "our turn, whole registrations with their submission",
}
