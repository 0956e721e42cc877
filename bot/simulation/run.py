"""Running a simulated year: a base of its own, day after day through the verbs of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

from bot.simulation import filing, hosts, money, people
from bot.simulation.agenda import Happening, Instead, World
from bot.simulation.behaviour import USUAL, Behaviour
from bot.simulation.hosts import Market
from policy.calendar import CalendarYearMissing
from policy.programme import RuleMissing, programme_on
from policy.refusal import Refused
from policy.regions import CITIES
from storage import targets
from storage.database import Connection, Database
from storage.keys import KeyFile, create_key_file
from storage.schema import migrate
from storage.sealing import Sealer

PEOPLE: Final = 14_500
"""What the notice plans for the province: 粤人社函〔2023〕50号 附件1."""
OPENINGS_OF_HOST: Final = 12
FIRST_YEAR: Final = 2023


def simulate(
    data: Path,
    *,
    year: int = FIRST_YEAR,
    people_wanted: int = PEOPLE,
    seed: int = 1,
    behaviour: Behaviour = USUAL,
    progress: Callable[[date], None] = lambda day: None,
) -> dict[str, Any]:
    """Run a year on a fresh base in the folder `data`; returns what came of it.

    Raises `Refused` when there is a base already (a simulation must never mix with real people), and for a year
    whose rules or working days are not on record.
    """
    _known(year)
    if (data / "jianxi.db").exists():
        raise Refused(f"{data} 里已经有数据。模拟要用一个空目录，请换一个。")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    create_key_file(data / "secret.key")
    url = f"sqlite:///{data / 'jianxi.db'}"
    migrate(url)
    database = Database(url)
    world = World(year, Sealer(KeyFile(data / "secret.key")), Random(seed), behaviour)  # noqa: S311
    _plan(world, people_wanted / PEOPLE)
    asyncio.run(_run(database, world, progress))
    return _summary(world)


def _known(year: int) -> None:
    try:
        programme_on(date(year, 1, 1))
        filing.last_day(year)
    except (RuleMissing, CalendarYearMissing, ValueError) as missing:
        raise Refused(f"{year} 年没法模拟：{missing}") from None


def _plan(world: World, scale: float) -> None:
    """Who comes when: hosts and people of every city, in proportion to its target."""
    rows, _ = targets.of_notice(FIRST_YEAR)
    goals = {row.city: row for row in rows}
    first = date(world.year, 1, 1)
    world.plan(first, _load_targets(rows))
    world.plan(first, filing.begin)
    world.plan(first, money.begin)
    world.plan(first, hosts.close_expired)
    market, number, host_number = Market(), 0, 0
    world.facts["plans"] = {}
    for known in CITIES:
        goal = goals[known.code]
        world.facts["plans"][known.code] = max(1, round(goal.interns * scale / 10))
        for openings in _shares(world, round(goal.posts * scale)):
            host_number += 1
            day = world.day_in(world.behaviour.months_of_hosts)
            world.plan(day, hosts.apply(market, known, host_number, openings))
        for _ in range(round(goal.interns * scale * world.random.uniform(1.2, 1.45))):
            number += 1
            youth = people.Youth(number, known, world.chance(world.behaviour.graduate))
            world.plan(world.day_in(world.behaviour.months_of_people), people.register(market, youth))


def _shares(world: World, openings: int) -> list[int]:
    """The openings of a city, dealt out to hosts of different sizes."""
    found = []
    while openings > 0:
        size = min(openings, world.random.randint(2, 2 * OPENINGS_OF_HOST))
        found.append(size)
        openings -= size
    return found


def _load_targets(rows: list[targets.CityTarget]) -> Happening:
    def happen(world: World, connection: Connection) -> None:
        targets.load(connection, world.year, rows, actor="clerk", now=world.now)

    return happen


async def _run(database: Database, world: World, progress: Callable[[date], None]) -> None:
    end = filing.last_day(world.year)
    try:
        while world.today <= end:
            # What a happening plans for the same day comes after it.
            while due := world.due():
                await asyncio.gather(*(_happen(database, world, happening) for happening in due))
            progress(world.today)
            world.next_day()
    finally:
        await database.close()


async def _happen(database: Database, world: World, happening: Happening) -> None:
    def work(connection: Connection) -> None:
        world.begin()
        happening(world, connection)

    try:
        await database.write(work)
    except Instead as instead:
        world.refusals[str(instead)] += 1
        world.plan(world.today, instead.happening)


def _summary(world: World) -> dict[str, Any]:
    return {
        "year": world.year,
        "counts": dict(sorted(world.counts.items())),
        "refusals": dict(world.refusals.most_common()),
    }
