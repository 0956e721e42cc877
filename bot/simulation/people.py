"""Simulated young people: made-up identities, their way through an internship, and what they do afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from bot.simulation import money
from bot.simulation.agenda import Happening, Instead, World
from bot.simulation.hosts import Market
from policy.codes import Education
from policy.eligibility import add_months
from policy.identity import check_digit
from policy.ledger_codes import EndReason, Result, TransitionKind
from policy.refusal import Refused
from policy.regions import City
from storage import conversations, internships, mentors, people, transitions, verification
from storage.database import Connection

CHANNEL: Final = "simulated"
SURNAMES: Final = "陈林黄张李王吴刘梁郑何罗谢杨邓曾彭苏卢蔡"
GIVEN: Final = tuple("伟芳静敏强晓丽军杰娟明燕文辉婷嘉欣梓浩颖")
SCHOOLS: Final = (
    "广东工业大学",
    "华南农业大学",
    "深圳职业技术大学",
    "广州城市职业学院",
    "佛山大学",
    "韶关学院",
    "嘉应学院",
)
MAJORS: Final = ("会计学", "软件工程", "机械设计制造及其自动化", "汉语言文学", "护理", "电子商务", "市场营销")
TRIES: Final = 4
"""How many positions somebody applies for before giving up."""


@dataclass(slots=True)
class Youth:
    """One simulated person: who they are and how far they have come."""

    number: int
    city: City
    graduate: bool
    person_id: int = 0
    internship_id: int = 0
    position_id: int = 0
    tries: int = 0
    changes: int = 0


def answers(world: World, youth: Youth) -> dict[str, Any]:
    """A registration as it is submitted. The region 440000 issues no ID numbers, so they are nobody's."""
    source = world.random
    graduated = add_months(world.today, -source.randint(1, 14)) if youth.graduate else None
    age = source.randint(21, 24) if youth.graduate else source.randint(17, 22)
    born = date(world.today.year - age, source.randint(1, 12), source.randint(1, 28))
    number = f"440000{born:%Y%m%d}{youth.number % 1000:03d}"
    district = source.choice(youth.city.districts).code if youth.city.districts else youth.city.code
    given = {
        "track": "graduate" if youth.graduate else "youth",
        "circumstances": [],
        "education": source.choice(["21", "31", "31", "14"])
        if youth.graduate
        else str(Education.SENIOR_HIGH_SCHOOL),
        "name": source.choice(SURNAMES) + source.choice(GIVEN) + source.choice(GIVEN),
        "id_number": number + check_digit(number),
        "phone": f"1{source.randint(30, 99)}{youth.number:08d}",
        "residence": district,
        "skill_level": "none",
        "hardship": ["01"] if world.chance(world.behaviour.hardship) else ["none"],
        "position_kinds": source.sample(["1", "2", "3", "4"], 2),
        "cities": [youth.city.code],
        "available_from": world.today.isoformat(),
        "push_consent": "yes",
    }
    if graduated is not None:
        return given | {
            "graduated_on": graduated.isoformat(),
            "school": source.choice(SCHOOLS),
            "major": source.choice(MAJORS),
        }
    return given | {"birth_date": born.isoformat(), "unemployment_registered": "yes"}


def register(market: Market, youth: Youth) -> Happening:
    """The person registers, and looks for a position soon after."""

    def happen(world: World, connection: Connection) -> None:
        contact = conversations.add_contact(
            connection, CHANNEL, f"simulated-{youth.number}", "simulation", world.now
        )
        done = people.register(
            connection, world.sealer, contact, CHANNEL, answers(world, youth), world.now, world.today
        )
        if done.person_id is None or done.outcome != "created":
            world.counts["conflict"] += 1
            return
        youth.person_id = done.person_id
        world.counts["registered"] += 1
        if world.chance(world.behaviour.verified):
            world.after((1, 4), lambda w, c: verify(w, c, youth))
        world.after(world.behaviour.applied, lambda w, c: apply(w, c, market, youth))

    return happen


def verify(world: World, connection: Connection, youth: Youth) -> None:
    """A clerk finds the person eligible."""
    verification.verify(
        connection,
        youth.person_id,
        verification.Decision.ELIGIBLE,
        "已查验毕业证或失业登记",
        actor="clerk",
        now=world.now,
        today=world.today,
    )


def apply(world: World, connection: Connection, market: Market, youth: Youth) -> None:
    """Apply for a position that is open; look again some weeks later when there is none."""
    position = market.pick(world, youth.city.code)
    youth.tries += 1
    if position is None:
        if youth.tries <= TRIES:
            world.after((10, 25), lambda w, c: apply(w, c, market, youth))
        return
    try:
        youth.internship_id = internships.apply(
            connection, world.sealer, youth.person_id, position, source="self", **world.act("self")
        )
    except Refused as refusal:  # closed or filled since: try another one
        world.refusals[refusal.reasons[0]] += 1
        if youth.tries <= TRIES:
            world.after((1, 5), lambda w, c: apply(w, c, market, youth))
        return
    youth.position_id = position
    world.after(world.behaviour.answered, lambda w, c: answer(w, c, market, youth))


def answer(world: World, connection: Connection, market: Market, youth: Youth) -> None:
    """The person withdraws, or the host takes or declines them."""
    again = False
    if world.chance(world.behaviour.withdrawn):
        internships.withdraw(connection, world.sealer, youth.internship_id, **world.act("self"))
    elif world.chance(world.behaviour.declined):
        internships.decline(connection, world.sealer, youth.internship_id, **world.act("host"))
        again = youth.tries <= TRIES
    else:
        try:
            internships.accept(connection, world.sealer, youth.internship_id, **world.act("host"))
        except Refused as refusal:
            world.refusals[refusal.reasons[0]] += 1
            again = youth.tries <= TRIES
        else:
            world.after(world.behaviour.signed, lambda w, c: sign(w, c, market, youth))
    if again:
        world.after((2, 14), lambda w, c: apply(w, c, market, youth))


def sign(world: World, connection: Connection, market: Market, youth: Youth) -> None:
    """The agreement is signed, if the person is still eligible that day."""
    months = world.random.choice(world.behaviour.terms)
    act = world.act("clerk")
    try:
        internships.sign(connection, world.sealer, youth.internship_id, months=months, **act)
    except Refused as refusal:
        world.refusals[refusal.reasons[-1]] += 1
        return
    world.counts["signed"] += 1
    if world.chance(world.behaviour.never_arrived):
        world.after(
            (3, 12),
            lambda w, c: _quiet(internships.cancel(c, w.sealer, youth.internship_id, **w.act("clerk"))),
        )
        return
    _known(world, world.behaviour.arrived, lambda w, c, on: arrive(w, c, market, youth, on))


def arrive(world: World, connection: Connection, market: Market, youth: Youth, on: date) -> None:
    """The person is in post, with a mentor; the end is planned."""
    row = internships.get(connection, youth.internship_id)
    name = market.mentor(world, row.host_id)
    mentor = mentors.ensure(connection, world.sealer, row.host_id, name, now=world.now)
    act = world.act("clerk", on)
    arrived = internships.arrive(connection, world.sealer, youth.internship_id, mentor_id=mentor, **act)
    world.counts["arrived"] += 1
    if world.chance(world.behaviour.corrected):
        world.after((1, 40), lambda w, c: correct_arrival(w, c, youth, on))
    money.plan_record(world, youth.internship_id, on)
    assert arrived.ends_on is not None
    _plan_end(world, market, youth, on, arrived.ends_on)


def correct_arrival(world: World, connection: Connection, youth: Youth, on: date) -> None:
    """A clerk notices that the arrival was a day later than entered."""
    steps = transitions.standing(transitions.kept(connection, youth.internship_id))
    found = [kept for kept in steps if kept.kind == TransitionKind.ARRIVE]
    if not found:
        return
    right = found[-1].step._replace(on=on + timedelta(days=1))
    act = world.act("clerk")
    try:
        internships.correct(connection, world.sealer, youth.internship_id, found[-1].id, right, **act)
    except Refused as refusal:
        world.refusals[refusal.reasons[0]] += 1
        return
    world.counts["corrected"] += 1


def _plan_end(world: World, market: Market, youth: Youth, arrived: date, ends: date) -> None:
    rates, length = world.behaviour, (ends - arrived).days
    early = arrived + timedelta(days=world.random.randint(20, max(21, length - 10)))
    draw = world.random.random()
    for share, ending in (
        (rates.retained_early, retain_early),
        (rates.ended_early, end_early),
        (rates.changed_host, change_host),
    ):
        if draw < share:
            day, finish = early, ending
            break
        draw -= share
    else:
        day, finish = ends, complete
    late = world.random.randint(*rates.late_by) if world.chance(rates.known_late) else 0
    world.plan(day + timedelta(days=late), lambda w, c: finish(w, c, market, youth, day))


def complete(world: World, connection: Connection, market: Market, youth: Youth, on: date) -> None:
    """The term is over; after a correction or an extension on another day than planned."""
    ends = internships.get(connection, youth.internship_id).ends_on or on
    if ends > world.today:
        world.plan(ends, lambda w, c: complete(w, c, market, youth, ends))
        return
    on = max(on, ends)
    internships.complete(connection, world.sealer, youth.internship_id, **world.act("clerk", on))
    world.counts["completed"] += 1
    kept = world.chance(world.behaviour.retained)
    world.after(world.behaviour.result_known, lambda w, c: result(w, c, youth, kept=kept))


def retain_early(world: World, connection: Connection, market: Market, youth: Youth, on: date) -> None:
    """The host employs the person before the term is over."""
    internships.retain_early(
        connection, world.sealer, youth.internship_id, contract_on=on, insured_on=on, **world.act("clerk", on)
    )
    world.counts["retained_early"] += 1


def end_early(world: World, connection: Connection, market: Market, youth: Youth, on: date) -> None:
    """The person leaves before the term is over."""
    reason = world.random.choice([EndReason.PERSONAL, EndReason.FOUND_WORK, EndReason.STUDY, EndReason.HOST])
    internships.end_early(connection, world.sealer, youth.internship_id, reason, **world.act("clerk", on))
    world.counts["ended_early"] += 1
    world.after(world.behaviour.result_known, lambda w, c: result(w, c, youth, kept=False))


def change_host(world: World, connection: Connection, market: Market, youth: Youth, on: date) -> None:
    """The person goes on at another host, or leaves when there is none."""
    row = internships.get(connection, youth.internship_id)
    other = market.pick(world, youth.city.code, but=row.host_id)
    if other is None or youth.changes or on != world.today:
        end_early(world, connection, market, youth, on)
        return
    try:
        youth.internship_id = internships.change_host(
            connection,
            world.sealer,
            youth.internship_id,
            other,
            reason=EndReason.HOST,
            **world.act("clerk", on),
        )
    except Refused as refusal:
        raise Instead(refusal.reasons[0], lambda w, c: end_early(w, c, market, youth, on)) from None
    youth.changes, youth.position_id = 1, other
    world.counts["changed_host"] += 1
    world.after(world.behaviour.signed, lambda w, c: sign_again(w, c, market, youth))


def sign_again(world: World, connection: Connection, market: Market, youth: Youth) -> None:
    """The agreement with the new host: three months, the least that is allowed."""
    try:
        internships.sign(connection, world.sealer, youth.internship_id, months=3, **world.act("clerk"))
    except Refused as refusal:
        world.refusals[refusal.reasons[-1]] += 1
        return
    world.after(world.behaviour.arrived, lambda w, c: arrive(w, c, market, youth, w.today))


def result(world: World, connection: Connection, youth: Youth, *, kept: bool) -> None:
    """What became of the person is known."""
    if kept:
        outcome = Result.RETAINED
        row = internships.get(connection, youth.internship_id)
        on = row.ended_on
    else:
        weights = world.behaviour.results
        outcome = world.random.choices(list(weights), list(weights.values()))[0]
        on = None
    internships.result(
        connection,
        world.sealer,
        youth.internship_id,
        outcome,
        contract_on=on,
        insured_on=on,
        **world.act("clerk"),
    )
    world.counts[f"result:{outcome}"] += 1


def _known(world: World, days: tuple[int, int], happen: Any) -> None:  # noqa: ANN401 - with the day it was
    """Let something happen some days from now; some of it becomes known only weeks later."""
    on = world.today + timedelta(days=world.random.randint(*days))
    late = world.behaviour.late_by if world.chance(world.behaviour.known_late) else (0, 0)
    known = on + timedelta(days=world.random.randint(*late))
    world.plan(known, lambda w, c: happen(w, c, on))


def _quiet(_result: object) -> None:
    """Drop what a verb returns: a happening returns nothing."""
