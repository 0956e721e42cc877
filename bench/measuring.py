"""How a figure comes about: rounds of alternation, ratios taken within a round, medians over the rounds.

Machines have moods: a neighbour takes the core, the clock changes. A ratio of two figures taken seconds apart
survives that, a figure alone does not. So cases run A B C, C B A, A B C …, and what is compared with a goal is the
median of the ratios of each round.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

Figures = Mapping[str, float]
"""What one run of one case measured, by name."""

Results = Mapping[str, Sequence[Figures]]
"""For each case its figures, one entry a round."""


class Finding(NamedTuple):
    """One line of the report. `met` is None where there is no goal."""

    what: str
    measured: str
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


class Spread(NamedTuple):
    """Median, least and greatest of some values."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:.3g} ({self.least:.3g}–{self.most:.3g})"


def alternate(cases: Mapping[str, Callable[[], Figures]], rounds: int) -> Results:
    """Run every case once a round, each second round backwards."""
    found: dict[str, list[Figures]] = {name: [] for name in cases}
    for number in range(rounds):
        names = list(cases) if number % 2 == 0 else list(cases)[::-1]
        for name in names:
            found[name].append(cases[name]())
    return found


def spread(values: Sequence[float]) -> Spread:
    """Median and range."""
    return Spread(median(values), min(values), max(values))


def of(results: Results, case: str, figure: str) -> Spread:
    """One figure of one case over the rounds."""
    return spread([run[figure] for run in results[case]])


def ratio(results: Results, case: str, reference: str, figure: str) -> Spread:
    """`case` ÷ `reference`, taken within each round."""
    pairs = zip(results[case], results[reference], strict=True)
    return spread([ours[figure] / theirs[figure] for ours, theirs in pairs])


def at_least(what: str, measured: str, found: Spread, goal: float) -> Finding:
    """A finding whose ratio should be `goal` or more."""
    return Finding(what, measured, str(found), f"≥ {goal:.3g}", found.middle >= goal)


def at_most(what: str, measured: str, found: Spread, goal: float) -> Finding:
    """A finding whose ratio should be `goal` or less."""
    return Finding(what, measured, str(found), f"≤ {goal:.3g}", found.middle <= goal)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the ordered values lie."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def pin(core: int) -> None:
    """Keep this process on one core; on a machine with fewer cores it stays where it is."""
    if core in os.sched_getaffinity(0) and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {core})


def machine() -> str:
    """What the figures were taken on."""
    names = {
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines()
        if line.startswith("model name")
    }
    cpu = ", ".join(sorted(names)) or platform.machine()
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cpu}, {cores} cores, {memory:.0f} GiB; Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, {platform.system()} {platform.release()}"
    )
