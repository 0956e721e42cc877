"""Which questions an internship is to be asked (回访计划): made when the person is in post, kept in step with its term.

The days are `policy.check_ins`' to know. What is planned and no longer fits is skipped with its reason, not deleted:
every planned day is either reached or says why not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, case, exists, func, select, type_coerce, update

from policy.check_ins import HOST_DAY, LATE_DAYS, Due, month_before, planned
from policy.ledger_codes import Stage
from policy.outgoing_codes import CheckInKind, SkipReason, StepState
from storage.database import Connection, Statement, insert
from storage.ledger_tables import Host, Internship
from storage.outgoing_tables import CheckIn, Delivery
from storage.tables import Contact, core

check_in, internship = core(CheckIn), core(Internship)
host, contact, delivery = core(Host), core(Contact), core(Delivery)

ADD: Final = Statement(
    insert(check_in).on_conflict_do_nothing(),
    "internship_id",
    "host_id",
    "kind",
    "month",
    "due_on",
    "state",
    "reason",
)
OF_INTERNSHIP: Final = Statement(
    select(
        check_in.c.id,
        check_in.c.kind,
        check_in.c.month,
        check_in.c.due_on,
        check_in.c.state,
        check_in.c.reason,
    ).where(check_in.c.internship_id == bindparam("internship")),
    "internship",
)
CHANGE: Final = Statement(
    update(check_in).where(check_in.c.id == bindparam("key")), "due_on", "state", "reason", "key"
)


_in_post = (
    select(internship.c.id, internship.c.arrived_on, internship.c.ends_on)
    .where(internship.c.stage == Stage.IN_POST, internship.c.ends_on.is_not(None))
    .order_by(internship.c.id)
)


class Term(NamedTuple):
    """An internship that is going on."""

    id: int
    arrived_on: date
    ends_on: date


class Look(NamedTuple):
    """The internships of a portion that are to be planned, and the last one looked at; None when none is left."""

    numbers: list[int]
    last: int | None


def to_plan(connection: Connection, behind: int, most: int) -> Look:
    """Of the next `most` internships in post those whose questions are not planned yet, or whose end has moved since.

    In the order of their numbers, from the one after `behind` on. All are looked at, day by day: for a reader.
    """
    rows = connection.sqlalchemy.execute(_in_post.where(internship.c.id > behind).limit(most)).all()
    if not rows:
        return Look([], None)
    ends = _last_questions(connection, [row[0] for row in rows])
    found = []
    for number, arrived_on, ends_on in rows:
        last_on, planned_on = ends.get(number, (None, None))
        end = planned(arrived_on, ends_on)[-1].due_on
        open_one = planned_on is not None and planned_on != end
        if open_one or (planned_on is None and (last_on is None or last_on < end)):
            found.append(number)
    return Look(found, rows[-1][0])


def _last_questions(
    connection: Connection, numbers: Collection[int]
) -> Mapping[int, tuple[date | None, date | None]]:
    """For each internship the day of its last question that holds, and the same of those that are still planned."""
    settled = and_(check_in.c.state == StepState.SKIPPED, check_in.c.reason == SkipReason.SETTLED)
    planned_on = func.max(case((check_in.c.state == StepState.PLANNED, check_in.c.due_on)))
    rows = connection.sqlalchemy.execute(
        select(
            check_in.c.internship_id,
            func.max(check_in.c.due_on),
            type_coerce(planned_on, check_in.c.due_on.type),
        )
        .where(check_in.c.internship_id.in_(numbers), check_in.c.kind == CheckInKind.END, ~settled)
        .group_by(check_in.c.internship_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def terms(connection: Connection, numbers: Collection[int]) -> list[Term]:
    """Those of the internships that are in post at this moment."""
    rows = connection.sqlalchemy.execute(_in_post.where(internship.c.id.in_(numbers)))
    return [Term(*row) for row in rows]


def plan(connection: Connection, term: Term, today: date) -> tuple[int, int]:
    """Bring the planned questions of an internship in step with its term; returns how many are new and changed.

    What should have been asked more than a week ago is put down as missed.
    """
    before = {
        (kind, month): (number, due_on, state, reason)
        for number, kind, month, due_on, state, reason in connection.run(OF_INTERNSHIP, (term.id,)).fetchall()
    }
    wanted = planned(term.arrived_on, term.ends_on)
    added = changed = 0
    for due in wanted:
        state, reason = _state(due, today)
        known = before.pop((due.kind, due.month), None)
        if known is None:
            connection.run(ADD, (term.id, None, due.kind, due.month, due.due_on, state, reason))
            added += 1
        elif _differs(known, due):
            connection.run(CHANGE, (due.due_on, state, reason, known[0]))
            changed += 1
    for number, due_on, state, _ in before.values():
        if state == StepState.PLANNED:
            connection.run(CHANGE, (due_on, StepState.SKIPPED, SkipReason.SETTLED, number))
            changed += 1
    return added, changed


def _state(due: Due, today: date) -> tuple[StepState, SkipReason | None]:
    if due.due_on < today - timedelta(days=LATE_DAYS):
        return StepState.SKIPPED, SkipReason.EXPIRED
    return StepState.PLANNED, None


def _differs(known: tuple[int, date, str, str | None], due: Due) -> bool:
    """Whether a question is still open to change and stands on another day, or was given up for another term.

    A last question that has been put is put again when the term was extended within its month.
    """
    _, due_on, state, reason = known
    if state == StepState.PLANNED:
        return due_on != due.due_on
    if state == StepState.SKIPPED and reason == SkipReason.SETTLED:
        return True
    return due.kind is CheckInKind.END and due.due_on > due_on


class HostMonth(NamedTuple):
    """A host that is to be asked about a month, with the contact to ask; None when it has bound none."""

    host_id: int
    name: str
    contact_id: int | None
    reachable: bool | None


def asks_hosts_on(today: date) -> bool:
    """Whether hosts are asked on that day about the month that has passed."""
    return HOST_DAY <= today.day <= HOST_DAY + LATE_DAYS


def hosts_to_ask(
    connection: Connection, purpose_id: int, today: date, limit: int
) -> tuple[str, list[HostMonth]]:
    """The month that has passed, and the hosts with interns in it that have not been asked about it yet.

    Not those whose contact has got a message of this purpose already, about another host.
    """
    month = month_before(today)
    first = today.replace(day=1)
    busy = (
        select(internship.c.host_id)
        .where(internship.c.stage == Stage.IN_POST, internship.c.arrived_on < first)
        .distinct()
        .subquery()
    )
    asked = exists().where(and_(check_in.c.host_id == host.c.id, check_in.c.month == month))
    spoken_to = exists().where(
        and_(delivery.c.contact_id == host.c.contact_id, delivery.c.purpose_id == purpose_id)
    )
    rows = connection.sqlalchemy.execute(
        select(host.c.id, host.c.name, contact.c.id, contact.c.reachable)
        .join(busy, busy.c.host_id == host.c.id)
        .outerjoin(contact, contact.c.id == host.c.contact_id)
        .where(~asked, ~spoken_to)
        .order_by(host.c.id)
        .limit(limit)
    )
    return month, [HostMonth(*row) for row in rows]


def add_host(connection: Connection, host_id: int, month: str, due_on: date) -> int:
    """A question to a host about a month; returns its number."""
    connection.run(ADD, (None, host_id, CheckInKind.HOST, month, due_on, StepState.PLANNED, None))
    statement = select(check_in.c.id).where(check_in.c.host_id == host_id, check_in.c.month == month)
    number: int = connection.sqlalchemy.execute(statement).scalar_one()
    return number
