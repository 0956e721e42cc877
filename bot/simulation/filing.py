"""Simulated clerks of the 21 cities: they plan, file each month on its day, and take corrections into the next one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from bot.simulation.agenda import Happening, World
from policy.calendar import report_due
from policy.indicators import Indicator
from policy.refusal import Refused
from policy.regions import CITIES
from storage import adoption, corrections, reports
from storage.database import Connection
from storage.indicators import OPENING, PLAN, month_after

ADOPTED: Final = 0.8
"""The share of waiting corrections that a clerk takes into the month that is open."""


def begin(world: World, connection: Connection) -> None:
    """Nobody is in post before the first month; its report is due in the month after."""
    month = f"{world.year}-01"
    for known in CITIES:
        reports.enter(connection, known.code, month, OPENING, 0, actor="clerk", now=world.now)
    _plan_filing(world, month)


def _plan_filing(world: World, month: str) -> None:
    due = report_due(month)
    for known in CITIES:
        world.plan(due.guangdong, _files(known.code, month))
    world.plan(due.national, _files_province(month))


def _files(code: str, month: str) -> Happening:
    def happen(world: World, connection: Connection) -> None:
        _adopt(world, connection, code, month)
        found = reports.of_city(connection, code, month).figures
        arrived = found[Indicator.ARRIVED] or 0
        planned = max(arrived, world.facts["plans"][code])
        act = {"actor": "clerk", "now": world.now}
        reports.enter(connection, code, month, PLAN, planned, **act)  # type: ignore[arg-type]
        try:
            reports.file(connection, code, month, actor="clerk", now=world.now, today=world.today)
        except Refused as refusal:
            world.counts["reports refused"] += 1
            world.refusals[f"{code} {month}：{refusal}"] += 1
            raise
        world.counts["reports"] += 1

    return happen


def _adopt(world: World, connection: Connection, code: str, month: str) -> None:
    """What became known too late for its month counts in this one, if the clerk thinks of it."""
    for late in list(corrections.waiting(connection, code)):
        if late.reference is None or late.month >= month or not world.chance(ADOPTED):
            continue
        try:
            adoption.adopt(
                connection, code, late.reference, month, actor="clerk", now=world.now, today=world.today
            )
        except Refused as refusal:
            world.refusals[refusal.reasons[0]] += 1
        else:
            world.counts["adopted"] += 1


def _files_province(month: str) -> Happening:
    def happen(world: World, connection: Connection) -> None:
        reports.file_province(connection, month, actor="province", now=world.now, today=world.today)
        world.counts["province reports"] += 1
        if month < f"{world.year}-12":
            _plan_filing(world, month_after(month))

    return happen


def last_day(year: int) -> date:
    """The day on which the last report of a year is filed."""
    return report_due(f"{year}-12").national + timedelta(days=1)
