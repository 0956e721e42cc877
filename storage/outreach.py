"""Outreach tasks (走访摸排): given to clerks, attempts recorded, progress counted.

人社部发〔2023〕27号 二(一). Tasks come from `storage.cross_match`; what follows from an attempt is in
`policy.outreach`. Lists are masked; the caller records who saw what unmasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Date, String, bindparam, case, func, or_, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from policy.ledger_codes import ContactResult, ContactWay, OutreachStatus
from policy.outreach import UNFINISHED, after_assignment, after_contact, due_on, name_fault, rule_on
from policy.refusal import Refused
from policy.regions import CITIES, OUTSIDE
from storage import audit
from storage.database import Connection, Statement
from storage.edits import edit
from storage.errors import NotFound
from storage.ledger_tables import ContactAttempt, OutreachTask
from storage.registers import DATA, shown_data
from storage.sealing import Sealer
from storage.tables import RegisterEntry, core

NOTE: Final = b"contact_attempt.note_sealed"
LONGEST_NOTE: Final = 500
PLACES: Final = (*(city.code for city in CITIES), OUTSIDE)
"""Where tasks lie: the cities, and OUTSIDE for people whose place no register tells."""

task, entry = core(OutreachTask), core(RegisterEntry)

SHOWN: Final = (
    "id",
    "city",
    "status",
    "assignee",
    "due_on",
    "attempts",
    "person_id",
    "version",
)


def _page(condition: ColumnElement[bool], name: str) -> Statement:
    city, due = bindparam("place", type_=String()), bindparam("due", type_=Date())
    query = (
        select(*(task.c[column] for column in SHOWN), entry.c.register, entry.c.data_sealed)
        .join(entry, entry.c.id == task.c.entry_id)
        .where(condition, task.c.status == bindparam("status"), task.c.id > bindparam("after"))
        .where(or_(city.is_(None), task.c.city == city), or_(due.is_(None), task.c.due_on <= due))
        .order_by(task.c.id)
        .limit(bindparam("most"))
    )
    return Statement(query, name, "place", "status", "after", "due", "most")


OF_CITY: Final = _page(task.c.city == bindparam("city"), "city")
OF_CLERK: Final = _page(task.c.assignee == bindparam("clerk"), "clerk")


class Progress(NamedTuple):
    """How far a city is (摸排进度): its tasks by status, all together, and those past the day to contact by."""

    city: str
    by_status: dict[str, int]
    total: int
    overdue: int


def get(connection: Connection, task_id: int, *, locked: bool = False) -> OutreachTask:
    """The task of that id; `locked` keeps others from changing it until the commit. Raises `NotFound`."""
    found = connection.session.get(OutreachTask, task_id, with_for_update=locked, populate_existing=locked)
    if found is None:
        raise NotFound("outreach_task")
    return found


def assign(
    connection: Connection,
    task_ids: Iterable[int],
    assignee: str,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> int:
    """Give these tasks to a clerk; returns how many. All or none: raises `Refused`, `NotFound`, `Conflict`."""
    name = _clerk(assignee)
    number = 0
    for task_id in sorted(set(task_ids)):  # always in this order: two clerks never wait for each other
        found = get(connection, task_id, locked=True)
        status = after_assignment(OutreachStatus(found.status))
        if status is None:
            raise Refused(f"任务 {task_id} {OutreachStatus(found.status).label}，不用再分派。")
        edit(found, seen, now)
        found.status, found.assignee, found.due_on = status.value, name, due_on(today, found.city)
        connection.session.add(found)
        audit.add(connection, now, actor, "outreach.assign", f"outreach_task:{task_id}", {"assignee": name})
        number += 1
    return number


def assign_city(
    connection: Connection,
    city: str,
    assignee: str,
    limit: int,
    *,
    actor: str,
    now: datetime,
    today: date,
) -> int:
    """Give a clerk the oldest `limit` tasks of a city that nobody has; returns how many there were."""
    name = _clerk(assignee)
    if limit < 1:
        raise Refused("一次至少分派 1 个任务。")
    oldest = (
        select(task.c.id)
        .where(task.c.city == city, task.c.status == OutreachStatus.OPEN.value)
        .order_by(task.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # what somebody else is being given right now is not given twice
    )
    # Read first: as a subquery of the change, PostgreSQL may run it once a row, each time for the next `limit`.
    chosen = [{"row": identity} for identity in connection.sqlalchemy.execute(oldest).scalars()]
    given = update(task).where(task.c.id == bindparam("row"))
    given = given.values(
        status=OutreachStatus.ASSIGNED.value,
        assignee=name,
        due_on=due_on(today, city),
        updated_at=now,
        version=task.c.version + 1,
    )
    if chosen:
        connection.sqlalchemy.execute(given, chosen)
    connection.session.expire_all()
    detail = {"assignee": name, "tasks": len(chosen)}
    audit.add(connection, now, actor, "outreach.assign", f"city:{city}", detail)
    return len(chosen)


def _clerk(assignee: str) -> str:
    fault = name_fault(assignee)
    if fault:
        raise Refused(fault)
    return assignee.strip()


def record(
    connection: Connection,
    sealer: Sealer,
    task_id: int,
    way: ContactWay,
    result: ContactResult,
    note: str = "",
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> OutreachStatus:
    """Record an attempt to reach the person; returns where the task stands now. The note is sealed.

    Raises `NotFound`, `Refused` when the person has registered or the note is too long, `Conflict`.
    """
    found = get(connection, task_id, locked=True)
    if found.status == OutreachStatus.REGISTERED.value:
        raise Refused(f"任务 {task_id} 的青年已经登记报名，不用再记录走访。")
    if len(note) > LONGEST_NOTE:
        raise Refused(f"备注最长 {LONGEST_NOTE} 个字，现在有 {len(note)} 个字。")
    edit(found, seen, now)
    results = [ContactResult(row.result) for row in attempts_of(connection, task_id)]
    allowed = rule_on(today, found.city).failed_attempts
    status = after_contact(OutreachStatus(found.status), [*results, result], allowed)
    found.status, found.attempts = status.value, len(results) + 1
    connection.session.add(found)
    connection.session.add(
        ContactAttempt(
            task_id=task_id,
            way=way.value,
            result=result.value,
            note_sealed=sealer.seal(note, NOTE) if note else None,
            actor=actor,
            at=now,
        )
    )
    connection.session.flush()
    audit.add(
        connection, now, actor, "outreach.record", f"outreach_task:{task_id}", {"attempt": found.attempts}
    )
    return status


def attempts_of(connection: Connection, task_id: int) -> Sequence[ContactAttempt]:
    """All attempts of a task, oldest first."""
    query = select_rows(ContactAttempt).where(ContactAttempt.task_id == task_id)
    return connection.session.exec(query.order_by(col(ContactAttempt.id))).all()


def listed(
    connection: Connection,
    sealer: Sealer,
    *,
    city: str | None = None,
    assignee: str | None = None,
    statuses: Sequence[OutreachStatus] = UNFINISHED,
    due_by: date | None = None,
    after: int = 0,
    limit: int = 50,
    unmask: bool = False,
) -> list[dict[str, Any]]:
    """A page of tasks by id: of a city, of a clerk, or of everybody; `due_by` keeps those due until that day."""
    # One short look into the index for each place and status: no list reads more than it shows.
    if assignee is not None:
        looks = [(OF_CLERK, assignee, city)]
    else:
        looks = [(OF_CITY, place, None) for place in (PLACES if city is None else (city,))]
    found = [
        row
        for statement, of, place in looks
        for status in statuses
        for row in connection.run(statement, (of, place, status.value, after, due_by, limit))
    ]
    return [_shown(sealer, row, unmask=unmask) for row in sorted(found, key=lambda row: row[0])[:limit]]


def shown(connection: Connection, sealer: Sealer, task_id: int, *, unmask: bool = False) -> dict[str, Any]:
    """One task with its attempts; notes only unmasked. Raises `NotFound`."""
    found = get(connection, task_id)
    source = connection.session.get_one(RegisterEntry, found.entry_id)
    row = (*(getattr(found, name) for name in SHOWN), source.register_name, source.data_sealed)
    attempts = [
        {
            "at": attempt.at.isoformat(timespec="seconds"),
            "way": attempt.way,
            "result": attempt.result,
            "actor": attempt.actor,
            "note": sealer.open_text(attempt.note_sealed, NOTE) if attempt.note_sealed and unmask else None,
        }
        for attempt in attempts_of(connection, task_id)
    ]
    return _shown(sealer, row, unmask=unmask) | {"contact_attempts": attempts}


def _shown(sealer: Sealer, row: Sequence[Any], *, unmask: bool) -> dict[str, Any]:
    *values, register, sealed = row
    data = shown_data(orjson.loads(sealer.open(sealed, DATA)), unmask=unmask)
    return dict(zip(SHOWN, values, strict=True)) | {"register": register} | data


def progress(connection: Connection, today: date, *, city: str | None = None) -> list[Progress]:
    """How far each city is that has tasks, in the order of the province's table; OUTSIDE last."""
    counted = select(task.c.city, task.c.status, func.count()).group_by(task.c.city, task.c.status)
    late = func.sum(case((task.c.due_on < today, 1), else_=0))
    overdue = select(task.c.city, late).where(task.c.status == OutreachStatus.ASSIGNED.value)
    if city is not None:
        counted, overdue = counted.where(task.c.city == city), overdue.where(task.c.city == city)
    numbers: dict[str, dict[str, int]] = {}
    for place, status, number in connection.sqlalchemy.execute(counted):
        numbers.setdefault(place, {})[status] = number
    behind: dict[str, int] = {
        row[0]: int(row[1]) for row in connection.sqlalchemy.execute(overdue.group_by(task.c.city))
    }
    return [
        Progress(
            place,
            {status.value: numbers[place].get(status.value, 0) for status in OutreachStatus},
            sum(numbers[place].values()),
            behind.get(place, 0),
        )
        for place in PLACES
        if place in numbers
    ]
