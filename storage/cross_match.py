"""The comparison of the registers with the people of the base (比对): who is found, marked, still to be visited.

人社部发〔2023〕27号 二(一): 通过实名信息数据库、求职登记小程序和失业登记库分类开展走访摸排; 定期与低保、脱贫、残疾等数据库
开展比对.
Set-based: each step is one or two statements over all that is stored, and changes nothing when nothing is new.
Rows are joined on keyed hashes, which are equal only under one key: in the middle of a key rotation a pair may
be missed, and the run after it finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import Date, Select, and_, case, exists, func, insert, literal, or_, select, update

from policy.case_dates import due_on as last_day
from policy.ledger_codes import OutreachStatus, RegisterKind
from policy.regions import OUTSIDE
from storage import audit, hardship_marks
from storage.cases import QUEUE
from storage.columns import UtcTime
from storage.database import Connection
from storage.hardship_marks import COMPARED
from storage.ledger_tables import OutreachTask
from storage.registers import CONFIRMED, REFUSED, TO_CONFIRM
from storage.sealing import Sealer
from storage.tables import Person, RegisterEntry, StaffCase, core
from storage.unemployment import Finding, confirm_registered

CASE: Final = "register_match"

entry, person = core(RegisterEntry), core(Person)
task, waiting_case = core(OutreachTask), core(StaffCase)


class Matched(NamedTuple):
    """What a comparison changed, in rows. `marks_settled` are said hardships that got another status."""

    confirmed: int = 0
    to_confirm: int = 0
    unemployment_confirmed: int = 0
    marks_added: int = 0
    marks_renewed: int = 0
    marks_expired: int = 0
    marks_settled: int = 0
    tasks_added: int = 0
    tasks_registered: int = 0


class Occasion(NamedTuple):
    """When a comparison takes place, and from which import on (None: of all)."""

    now: datetime
    today: date
    since_run: int | None = None


Step = Callable[[Connection, Sealer, Occasion], Mapping[str, int]]


def run(
    connection: Connection,
    sealer: Sealer,
    *,
    since_run: int | None = None,
    now: datetime,
    today: date,
    actor: str = "cross_match",
) -> Matched:
    """Do all steps in this transaction. On a large base rather give each of `STEPS` one of its own."""
    occasion = Occasion(now, today, since_run)
    found = {name: number for step in STEPS for name, number in step(connection, sealer, occasion).items()}
    return record(connection, Matched(**found), occasion, actor)


def record(connection: Connection, matched: Matched, occasion: Occasion, actor: str) -> Matched:
    """Write into the audit log that a comparison was made, with its numbers."""
    detail = {**matched._asdict(), "since_run": occasion.since_run}
    audit.add(connection, occasion.now, actor, "registers.match", "registers", detail)
    return matched


def by_number(connection: Connection, sealer: Sealer, occasion: Occasion) -> Mapping[str, int]:
    """The entry with a person's ID number is that person, whatever was thought before."""
    found = update(entry).where(
        entry.c.id_number_index == person.c.id_number_index,
        or_(entry.c.matched.is_distinct_from(CONFIRMED), entry.c.person_id.is_distinct_from(person.c.id)),
    )
    if occasion.since_run is not None:
        found = found.where(entry.c.run_id >= occasion.since_run)
    confirmed = connection.sqlalchemy.execute(found.values(person_id=person.c.id, matched=CONFIRMED)).rowcount
    settled = exists().where(entry.c.id == waiting_case.c.entry_id, entry.c.matched != TO_CONFIRM)
    connection.sqlalchemy.execute(
        update(waiting_case)
        .where(waiting_case.c.status == "open", waiting_case.c.kind == CASE, settled)
        .values(status="closed", closed_at=occasion.now)
    )
    return {"confirmed": confirmed}


def by_name_and_phone(connection: Connection, sealer: Sealer, occasion: Occasion) -> Mapping[str, int]:
    """Same name and phone but another number: perhaps the same person; a clerk is asked, once for each entry."""
    pairs = (
        select(entry.c.id.label("entry_id"), func.min(person.c.id).label("person_id"))
        .join_from(
            entry,
            person,
            and_(person.c.phone_index == entry.c.phone_index, person.c.name_index == entry.c.name_index),
        )
        .where(entry.c.person_id.is_(None))
        .group_by(entry.c.id)
    )
    if occasion.since_run is not None:
        pairs = pairs.where(entry.c.run_id >= occasion.since_run)
    pair = pairs.subquery()
    proposed = connection.sqlalchemy.execute(
        update(entry)
        .where(entry.c.id == pair.c.entry_id)
        .values(person_id=pair.c.person_id, matched=TO_CONFIRM)
    ).rowcount
    if proposed:
        _open_cases(connection, occasion)
    return {"to_confirm": proposed}


def _open_cases(connection: Connection, occasion: Occasion) -> None:
    """Into the queue of the city where the person is, else of the register: many at once find no clerk each."""
    asked = exists().where(
        waiting_case.c.entry_id == entry.c.id,
        waiting_case.c.person_id == entry.c.person_id,
        waiting_case.c.kind == CASE,
    )
    city = func.coalesce(person.c.residence_city, entry.c.city)
    pairs = (
        select(
            literal(CASE),
            entry.c.person_id,
            entry.c.id,
            literal("open"),
            literal(occasion.now, UtcTime),
            city,
            literal(QUEUE) + city,
            literal(last_day(CASE, occasion.today), Date),
        )
        .join_from(entry, person, person.c.id == entry.c.person_id)
        .where(entry.c.matched == TO_CONFIRM, ~asked)
    )
    columns = ["kind", "person_id", "entry_id", "status", "created_at", "city", "owner", "due_on"]
    connection.sqlalchemy.execute(insert(waiting_case).from_select(columns, pairs))


def unemployment(connection: Connection, sealer: Sealer, occasion: Occasion) -> Mapping[str, int]:
    """Whoever is in the unemployment register (失业登记库) is registered as unemployed, whatever they said."""
    found = (
        select(person.c.id, func.max(entry.c.at))
        .join_from(entry, person, person.c.id == entry.c.person_id)
        .where(
            entry.c.register == RegisterKind.UNEMPLOYMENT.value,
            entry.c.matched == CONFIRMED,
            person.c.status.in_(COMPARED),
            person.c.unemployment_registered.is_distinct_from("yes"),
        )
        .group_by(person.c.id)
        .order_by(person.c.id)
    )
    findings = [Finding(*row) for row in connection.sqlalchemy.execute(found)]
    number = confirm_registered(connection, sealer, findings, now=occasion.now, today=occasion.today)
    return {"unemployment_confirmed": number}


def hardship(connection: Connection, sealer: Sealer, occasion: Occasion) -> Mapping[str, int]:
    """Marks from the hardship registers."""
    done = hardship_marks.compare(
        connection, since_run=occasion.since_run, now=occasion.now, today=occasion.today
    )
    return {f"marks_{name}": number for name, number in done._asdict().items()}


def outreach(connection: Connection, sealer: Sealer, occasion: Occasion) -> Mapping[str, int]:
    """Whoever is in a register of people and has not registered is to be visited; who has, no more."""
    registered = _registered_meanwhile(connection, occasion.now)
    columns = ["entry_id", "city", "status", "attempts", "created_at", "updated_at", "version"]
    added = insert(task).from_select(columns, _to_visit(occasion)).execution_options(preserve_rowcount=True)
    return {"tasks_added": connection.sqlalchemy.execute(added).rowcount, "tasks_registered": registered}


def _registered_meanwhile(connection: Connection, now: datetime) -> int:
    same = entry.alias("same")  # the entry of any register that has this number
    return connection.sqlalchemy.execute(
        update(task)
        .where(
            task.c.status != OutreachStatus.REGISTERED.value,
            entry.c.id == task.c.entry_id,
            same.c.id_number_index == entry.c.id_number_index,
            same.c.matched == CONFIRMED,
            person.c.id == same.c.person_id,
            person.c.status.in_(COMPARED),
        )
        .values(
            status=OutreachStatus.REGISTERED.value,
            person_id=person.c.id,
            updated_at=now,
            version=task.c.version + 1,
        )
    ).rowcount


def _to_visit(occasion: Occasion) -> Select[tuple[object, ...]]:
    """One task for each number, at the newest entry that tells the city; not while a clerk is to be asked."""
    newest_with_city = func.max(case((entry.c.city.is_not(None), entry.c.id)))
    unknown = or_(entry.c.person_id.is_(None), entry.c.matched == REFUSED)
    chosen = (
        select(func.coalesce(newest_with_city, func.max(entry.c.id)).label("entry_id"))
        .where(unknown)
        .group_by(entry.c.id_number_index)
    )
    if occasion.since_run is not None:
        chosen = chosen.where(entry.c.run_id >= occasion.since_run)
    one = chosen.subquery()
    same = entry.alias("same")
    known = and_(same.c.person_id.is_not(None), same.c.matched != REFUSED)
    dealt_with = (
        select(literal(1))
        .select_from(same.outerjoin(task, task.c.entry_id == same.c.id))
        .where(same.c.id_number_index == entry.c.id_number_index, or_(known, task.c.id.is_not(None)))
        .exists()
    )
    moment = literal(occasion.now, UtcTime)
    return (
        select(
            entry.c.id,
            func.coalesce(entry.c.city, OUTSIDE),
            literal(OutreachStatus.OPEN.value),
            literal(0),
            moment,
            moment,
            literal(1),
        )
        .join(one, one.c.entry_id == entry.c.id)
        .where(~dealt_with)
        .order_by(entry.c.id)  # tasks in the order of the registers, as clerks expect it
    )


STEPS: Final[tuple[Step, ...]] = (by_number, by_name_and_phone, unemployment, hardship, outreach)
"""The comparison in its order; each step may have a transaction of its own."""
