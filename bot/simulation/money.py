"""Simulated money: hosts pay stipends and tell of each month, cities compute, approve and pay the subsidies."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from bot.simulation.agenda import Happening, World
from policy.ledger_codes import Stage
from policy.refusal import Refused
from policy.regions import CITIES
from storage import internships, monthly_records, subsidies, subsidy_batches
from storage.database import Connection
from storage.monthly_records import Month

PAY_DAY: Final = 10
COMPUTED_ON: Final = 15
PAID_ON: Final = 22


def begin(world: World, connection: Connection) -> None:
    """The first subsidies are those of January, computed in February."""
    for number in range(2, 13):
        day = date(world.year, number, COMPUTED_ON)
        for known in CITIES:
            world.plan(day, _computes(known.code, f"{day - timedelta(days=COMPUTED_ON):%Y-%m}"))


def records(internship_id: int, first: date) -> Happening:
    """What the host tells of a month on the pay day of the next one, for as long as the person is in post."""

    def happen(world: World, connection: Connection) -> None:
        row = internships.get(connection, internship_id)
        if row.arrived_on is None:
            return
        month = f"{first:%Y-%m}"
        share = 0 if world.chance(world.behaviour.unpaid) else row.stipend_fen
        told = Month(
            attended_days=world.random.randint(12, 22),
            paid_fen=share,
            paid_on=world.today if share else None,
            reported_fen=share if world.chance(0.7) else None,
            insured=True,
        )
        try:
            monthly_records.put(
                connection,
                world.sealer,
                internship_id,
                month,
                told,
                actor="host",
                now=world.now,
                today=world.today,
            )
        except Refused as refusal:  # it was over before the month began
            world.refusals[refusal.reasons[0]] += 1
            return
        world.counts["months recorded"] += 1
        if row.stage == Stage.IN_POST:
            plan_record(world, internship_id, _first_of_next(first))

    return happen


def plan_record(world: World, internship_id: int, month: date) -> None:
    """Let the host tell of the month of that day when it is over."""
    told_on = _first_of_next(month) + timedelta(days=PAY_DAY - 1)
    world.plan(told_on, records(internship_id, month))


def _computes(code: str, month: str) -> Happening:
    def happen(world: World, connection: Connection) -> None:
        found = subsidies.compute(
            connection, world.sealer, code, month, actor="clerk", now=world.now, today=world.today
        )
        world.counts["subsidies held"] += found.held
        if found.lines == 0:
            return
        batch = subsidy_batches.create(connection, code, month, actor="clerk", now=world.now)
        subsidy_batches.approve(
            connection, batch, actor="chief", now=world.now, today=world.today, override="材料另存纸质档案"
        )
        world.plan(world.today.replace(day=PAID_ON), lambda w, c: _pay(w, c, batch))

    return happen


def _pay(world: World, connection: Connection, batch: int) -> None:
    subsidy_batches.pay(connection, batch, world.today, actor="treasury", now=world.now, today=world.today)
    world.counts["subsidy lists paid"] += 1


def _first_of_next(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
