"""Follow-up after the internship (后续跟踪): plans with their days, what was asked and answered, and the lists of staff.

A plan belongs to one ended internship; when it is made, and when people are asked, is for `notifications`. The rules
are in `policy.follow_up`: who was not kept on is asked how they are, who was kept on about contract and insurance.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, case, exists, func, literal, or_, select, update

from policy.follow_up import RULES, Planned, plan
from policy.ledger_codes import Ending, Result, Stage
from policy.outgoing_codes import PlanState, Situation, SkipReason, StepState
from policy.regions import CITIES
from storage.database import Connection, Statement, insert
from storage.ledger_tables import Host, Internship
from storage.outgoing_tables import FollowUpPlan, FollowUpStep
from storage.tables import core

NOT_KEPT: Final = "not_kept"
KEPT_ON: Final = "kept_on"
"""Kinds of plans."""
ACTIVE: Final = (PlanState.RUNNING.value, PlanState.ESCALATED.value)

CODES: Final = tuple(city.code for city in CITIES)

plans, steps = core(FollowUpPlan), core(FollowUpStep)
internship, host = core(Internship), core(Host)

ADD: Final = Statement(
    insert(plans)
    .values(silences=0, later_check=False, version=1)
    .on_conflict_do_nothing(index_elements=["internship_id"])
    .returning(plans.c.id),
    *("internship_id", "person_id", "city", "kind", "state"),
    *("started_on", "next_on", "created_at", "updated_at"),
)
_new_step = insert(steps).values(way="chat")
PLAN_STEP: Final = Statement(
    _new_step.on_conflict_do_update(
        index_elements=["plan_id", "day"],
        set_={"due_on": _new_step.excluded.due_on, "state": _new_step.excluded.state, "reason": None},
        where=steps.c.state.in_([literal(StepState.PLANNED.value), literal(StepState.SKIPPED.value)]),
    ),
    *("plan_id", "day", "due_on", "state"),
)
SETTLE: Final = Statement(update(steps).where(steps.c.id == bindparam("key")), "state", "reason", "key")
ASKED: Final = Statement(
    update(steps).where(steps.c.id == bindparam("key")).values(state=StepState.ASKED.value, reason=None),
    *("way", "asked_at", "key"),
)
ANSWERED: Final = Statement(
    update(steps).where(steps.c.id == bindparam("key")).values(state=StepState.ANSWERED.value, reason=None),
    *("answer", "answered_at", "key"),
)
NEXT: Final = Statement(
    select(func.min(steps.c.due_on)).where(
        steps.c.plan_id == bindparam("plan"), steps.c.state == StepState.PLANNED
    ),
    "plan",
)


class Ended(NamedTuple):
    """An internship that is over and is to be followed up."""

    id: int
    person_id: int
    city: str
    result: str | None
    ending: str | None


def to_begin(connection: Connection, today: date, limit: int) -> list[Ended]:
    """Internships that are over and have no plan: the outcome is known, or nobody has told it in time.

    A change of host is no end; who was brought into the ledger long after the end is left alone.
    """
    oldest = today - timedelta(days=RULES.begins_within_days)
    waited = today - timedelta(days=RULES.outcome_after_days)
    columns = (internship.c[name] for name in ("id", "person_id", "city", "result", "ending"))
    rows = connection.sqlalchemy.execute(
        select(*columns)
        .where(
            internship.c.city.in_(CODES),  # the index begins with the city
            internship.c.stage == Stage.ENDED,
            internship.c.ended_on.between(oldest, today),
            internship.c.ending != Ending.CHANGED_HOST,
            or_(
                internship.c.result.is_not(None),
                internship.c.ending == Ending.RETAINED_EARLY,
                internship.c.ended_on <= waited,
            ),
            ~exists().where(plans.c.internship_id == internship.c.id),
        )
        .order_by(internship.c.id)
        .limit(limit)
    )
    return [Ended._make(row) for row in rows]


def begin(connection: Connection, ended: Ended, *, kept_on: bool, today: date, now: datetime) -> int | None:
    """Make the plan of an ended internship, its first day today; None when there is one already."""
    days = plan(today, retained=kept_on)
    kind = KEPT_ON if kept_on else NOT_KEPT
    about = (ended.id, ended.person_id, ended.city, kind, PlanState.RUNNING)
    row = connection.run(ADD, (*about, today, days[0].due_on, now, now)).fetchone()
    if row is None:
        return None
    number = int(row[0])
    _plan_days(connection, number, days)
    return number


def _plan_days(connection: Connection, number: int, days: Iterable[Planned]) -> None:
    for planned in days:
        connection.run(PLAN_STEP, (number, planned.day, planned.due_on, StepState.PLANNED))


def turned(connection: Connection, limit: int) -> list[int]:
    """Plans of people of whom it has become known since that the host kept them on."""
    rows = connection.sqlalchemy.execute(
        select(plans.c.id)
        .join(internship, internship.c.id == plans.c.internship_id)
        .where(plans.c.state.in_(ACTIVE), plans.c.kind == NOT_KEPT, internship.c.result == Result.RETAINED)
        .limit(limit)
    )
    return [row[0] for row in rows]


def turn_to_kept_on(connection: Connection, number: int, today: date, now: datetime) -> None:
    """From now on ask about contract and insurance instead: the days ahead are those of who was kept on."""
    drop(connection, number, None)
    _plan_days(connection, number, plan(today, retained=True))
    refresh(connection, number, now, kind=KEPT_ON, state=PlanState.RUNNING, silences=0)


def drop(connection: Connection, number: int, days: tuple[int, ...] | None) -> None:
    """These planned days fall away (None: all that are still ahead), because the situation has changed."""
    which = (steps.c.plan_id == number) & (steps.c.state == StepState.PLANNED)
    if days is not None:
        which &= steps.c.day.in_(days)
    connection.sqlalchemy.execute(
        update(steps).where(which).values(state=StepState.SKIPPED, reason=SkipReason.SETTLED)
    )


def add_day(connection: Connection, number: int, day: int, due_on: date) -> None:
    """One more planned day; one that had fallen away is taken up again."""
    connection.run(PLAN_STEP, (number, day, due_on, StepState.PLANNED))


def refresh(connection: Connection, number: int, now: datetime, **changes: Any) -> None:  # noqa: ANN401 - columns
    """Change a plan, and note when somebody is to be asked next."""
    following = connection.run(NEXT, (number,)).fetchone()[0]
    values = {**changes, "next_on": following, "updated_at": now, "version": plans.c.version + 1}
    connection.sqlalchemy.execute(update(plans).where(plans.c.id == number).values(**values))


class Step(NamedTuple):
    """A planned contact with what is needed to make it."""

    id: int
    plan_id: int
    day: int
    due_on: date
    state: str
    way: str
    asked_at: datetime | None
    person_id: int
    internship_id: int
    city: str
    kind: str
    plan_state: str
    silences: int
    later_check: bool
    situation: str | None
    started_on: date
    host_name: str


def _steps() -> Select[Any]:
    return (
        select(
            *(steps.c[name] for name in ("id", "plan_id", "day", "due_on", "state", "way", "asked_at")),
            *(plans.c[name] for name in ("person_id", "internship_id", "city", "kind", "state")),
            *(plans.c[name] for name in ("silences", "later_check", "situation", "started_on")),
            host.c.name,
        )
        .join(plans, plans.c.id == steps.c.plan_id)
        .join(internship, internship.c.id == plans.c.internship_id)
        .join(host, host.c.id == internship.c.host_id)
    )


def due(connection: Connection, today: date, limit: int) -> list[Step]:
    """The contacts whose day has come, the latest in front."""
    query = _steps().where(steps.c.state == StepState.PLANNED, steps.c.due_on <= today)
    rows = connection.sqlalchemy.execute(query.order_by(steps.c.due_on.desc(), steps.c.id).limit(limit))
    return [Step._make(row) for row in rows]


def waiting(connection: Connection, asked_before: datetime, limit: int, after_id: int = 0) -> list[Step]:
    """Contacts made before that moment and not answered, by number."""
    query = _steps().where(
        steps.c.state == StepState.ASKED, steps.c.asked_at <= asked_before, steps.c.id > after_id
    )
    rows = connection.sqlalchemy.execute(query.order_by(steps.c.id).limit(limit))
    return [Step._make(row) for row in rows]


def step(connection: Connection, number: int) -> Step | None:
    """One planned contact; None when it is not stored any more."""
    row = connection.sqlalchemy.execute(_steps().where(steps.c.id == number)).first()
    return None if row is None else Step._make(row)


def mark_asked(connection: Connection, one: Step, now: datetime, way: str = "chat") -> None:
    """The question is in the delivery ledger; what was asked on an earlier day has stayed without an answer."""
    earlier = (steps.c.plan_id == one.plan_id) & (steps.c.state == StepState.ASKED) & (steps.c.day < one.day)
    connection.sqlalchemy.execute(update(steps).where(earlier).values(state=StepState.SILENT))
    connection.run(ASKED, (way, now, one.id))


def pass_over(connection: Connection, one: Step) -> int:
    """Earlier days of the same plan whose time has passed are not made up for; returns how many."""
    earlier = (
        (steps.c.plan_id == one.plan_id) & (steps.c.state == StepState.PLANNED) & (steps.c.day < one.day)
    )
    return connection.sqlalchemy.execute(
        update(steps).where(earlier).values(state=StepState.SKIPPED, reason=SkipReason.EXPIRED)
    ).rowcount


def settle(connection: Connection, number: int, state: StepState, reason: SkipReason | None = None) -> None:
    """The contact was left out, for a reason, or stayed without an answer."""
    connection.run(SETTLE, (state, reason, number))


def mark_answered(connection: Connection, number: int, answer: str, now: datetime) -> None:
    """The person has answered."""
    connection.run(ANSWERED, (answer, now, number))


def ended_early(connection: Connection, internship_id: int) -> bool:
    """Whether an internship ended before its term, so that the person may go on elsewhere as an intern."""
    statement = select(internship.c.ending).where(internship.c.id == internship_id)
    return connection.sqlalchemy.execute(statement).scalar() == Ending.ENDED_EARLY


class Seeking(NamedTuple):
    """Somebody who looks for work, and when they last said so."""

    plan_id: int
    person_id: int
    city: str
    ended_early: bool
    said_at: datetime


def seeking(connection: Connection) -> list[Seeking]:
    """Everybody who is followed up and said last that they look for work."""
    said = (
        select(steps.c.plan_id, func.max(steps.c.answered_at).label("said_at"))
        .where(steps.c.state == StepState.ANSWERED)
        .group_by(steps.c.plan_id)
        .subquery()
    )
    early = case((internship.c.ending == Ending.ENDED_EARLY, 1), else_=0)
    rows = connection.sqlalchemy.execute(
        select(plans.c.id, plans.c.person_id, plans.c.city, early, said.c.said_at)
        .join(said, said.c.plan_id == plans.c.id)
        .join(internship, internship.c.id == plans.c.internship_id)
        .where(plans.c.state.in_(ACTIVE), plans.c.situation == Situation.LOOKING)
        .order_by(plans.c.id)
    )
    return [Seeking(*row[:3], bool(row[3]), row[4]) for row in rows]


def finish(connection: Connection, today: date, now: datetime) -> int:
    """End the plans that have nothing ahead of them any more; returns how many."""
    over = today - timedelta(days=max(RULES.days) + RULES.jobs_for_days)
    return connection.sqlalchemy.execute(
        update(plans)
        .where(plans.c.state.in_(ACTIVE), plans.c.next_on.is_(None), plans.c.started_on < over)
        .values(state=PlanState.STOPPED, updated_at=now, version=plans.c.version + 1)
    ).rowcount
