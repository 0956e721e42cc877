"""`python -m bench [NAME…]`: run the measurements and print what they found beside the goals.

Exit status 0 whatever the figures are: they depend on the machine. 1 when a measurement could not be made, 2 for a
name that does not exist.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Final

from rich.console import Console
from rich.table import Table

from bench import (
    cross_match,
    delivery,
    dialog_check,
    durable_turn,
    engine_step,
    fan_out,
    imports,
    matching,
    report,
    stored_people,
    wechat_turn,
)
from bench.measuring import Finding, machine

MEASUREMENTS: Final[dict[str, Callable[[], list[Finding]]]] = {
    "engine_step": engine_step.run,
    "durable_turn": durable_turn.run,
    "wechat_turn": wechat_turn.run,
    "stored_people": stored_people.run,
    "cross_match": cross_match.run,
    "report": report.run,
    "dialog_check": dialog_check.run,
    "matching": matching.run,
    "delivery": delivery.run,
    "fan_out": fan_out.run,
    "imports": imports.run,
}


def main(names: list[str]) -> int:
    """Run the named measurements, or all."""
    console = Console(width=170)
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        console.print(f"No such measurement: {', '.join(unknown)}. There are: {', '.join(MEASUREMENTS)}.")
        return 2
    console.print(machine())
    failed = False
    for name in names or MEASUREMENTS:
        started = perf_counter()
        try:
            with console.status(f"{name} …"):
                found = MEASUREMENTS[name]()
        except Exception:
            failed = True
            traceback.print_exc()
        else:
            console.print(_table(f"{name} ({perf_counter() - started:.0f} s)", found))
    return int(failed)


def _table(title: str, found: list[Finding]) -> Table:
    # Wide enough for any log: a report is read in files as often as on a screen.
    table = Table("what", "measured: median (range)", "ratio: median (range)", "goal", "met", title=title)
    for finding in found:
        met = {True: "yes", False: "NO", None: ""}[finding.met]
        table.add_row(finding.what, finding.measured, finding.ratio, finding.goal, met)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
