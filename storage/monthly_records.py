"""The monthly record of an internship (月度检查): attendance, the stipend paid, and what the person says of it.

A field that is not given stays as it was. What must not wait becomes a case for staff: an unpaid stipend, danger,
and a host that paid nothing before the end (粤人社函〔2023〕228号 三：不得见习结束后集中发放见习补贴).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, select, update

from policy.codes import Code
from policy.eligibility import add_months
from policy.life_cycle import months_in
from policy.months import is_month
from policy.outgoing_codes import CaseKind
from policy.refusal import Refused
from storage import audit, cases, transitions
from storage.database import Connection, Statement, insert
from storage.edits import CHANGED_MEANWHILE, edit
from storage.errors import Conflict
from storage.ledger_tables import MonthlyRecord
from storage.sealing import Sealer
from storage.tables import core
from storage.transitions import Row

NOTE: Final = b"monthly_record.note_sealed"

monthly = core(MonthlyRecord)


class Problem(Code):
    """What a person reports of an internship (见习中的问题)."""

    STIPEND_UNPAID = "stipend_unpaid", "补贴没有按时足额发"
    UNSAFE = "unsafe", "不安全或被欺负"
    OTHER = "other", "其他问题"


class Month(NamedTuple):
    """What is told of a month; None means nothing is told. Money is in fen."""

    attended_days: int | None = None
    paid_fen: int | None = None
    paid_on: date | None = None
    reported_fen: int | None = None
    insured: bool | None = None
    mentor_met: bool | None = None
    problem: Problem | None = None


PAID_IN_TIME: Final = Statement(
    select(func.count()).where(
        monthly.c.internship_id == bindparam("internship"), monthly.c.paid_on <= bindparam("end")
    ),
    "internship",
    "end",
)


@dataclass(slots=True)
class Record:
    """The record of a month as the database has it."""

    id: int
    internship_id: int
    month: str
    attended_days: int | None
    paid_fen: int | None
    paid_on: date | None
    reported_fen: int | None
    insured: bool | None
    mentor_met: bool | None
    problem: str | None
    note_sealed: bytes | None
    updated_by: str
    updated_at: datetime
    version: int


_NAMES: Final = tuple(field.name for field in fields(Record))
_TOLD: Final = (*Month._fields, "note_sealed", "updated_by", "updated_at", "version")
_records = select(*(monthly.c[name] for name in _NAMES)).where(
    monthly.c.internship_id == bindparam("internship")
)
FIND: Final = Statement(_records.where(monthly.c.month == bindparam("month")), "internship", "month")
LIST: Final = Statement(_records.order_by(monthly.c.month), "internship")
ADD: Final = Statement(insert(monthly), "internship_id", "month", *_TOLD, new_id=monthly.c.id)
CHANGE: Final = Statement(
    update(monthly).where(monthly.c.id == bindparam("key"), monthly.c.version == bindparam("version_before")),
    *_TOLD,
    "key",
    "version_before",
)


def put(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    month: str,
    told: Month,
    *,
    actor: str,
    now: datetime,
    today: date,
    seen: int | None = None,
    note: str | None = None,
) -> Record:
    """Write what is told of `month` ("YYYY-MM") into its record, made if there is none; returns it.

    Raises `NotFound`, `Conflict`, and `Refused` for a month in which the person was not in post or for values
    that cannot be.
    """
    row = transitions.get(connection, internship_id)
    if reasons := (*_faults_of_month(row, month, today), *_faults(month, told, today)):
        raise Refused(*reasons)
    found = connection.run(FIND, (internship_id, month)).fetchone()
    record = Record(*found) if found else _blank(internship_id, month, actor, now)
    problem_before, version_before = record.problem, record.version
    edit(record, seen if found else None, now)
    for name, value in told._asdict().items():
        if value is not None:
            setattr(record, name, str(value) if name == "problem" else value)
    if note:
        record.note_sealed = sealer.seal(note, NOTE)
    record.updated_by = actor
    _store(connection, record, version_before)
    audit.add(connection, now, actor, "internship.record", f"internship:{internship_id}", {"month": month})
    if told.problem is not None and told.problem != problem_before:
        _raise_case(connection, sealer, row, case_kind(told.problem), now, today, note)
    _flag_end_only(connection, sealer, row, record, now, today)
    return record


def _blank(internship_id: int, month: str, actor: str, now: datetime) -> Record:
    return Record(0, internship_id, month, None, None, None, None, None, None, None, None, actor, now, 0)


def of_internship(connection: Connection, internship_id: int) -> list[Record]:
    """The records of an internship, by month."""
    return [Record(*found) for found in connection.run(LIST, (internship_id,))]


def _store(connection: Connection, record: Record, version_before: int) -> None:
    values = [getattr(record, name) for name in _TOLD]
    if record.id == 0:
        record.id = connection.add(ADD, (record.internship_id, record.month, *values))
    elif connection.run(CHANGE, (*values, record.id, version_before)).rowcount != 1:
        raise Conflict(CHANGED_MEANWHILE)


def case_kind(problem: Problem) -> CaseKind:
    """The kind of case that a problem becomes."""
    return CaseKind.PROBLEM if problem is Problem.OTHER else CaseKind(problem)


def _raise_case(
    connection: Connection,
    sealer: Sealer,
    row: Row,
    kind: CaseKind,
    now: datetime,
    today: date,
    note: str | None = None,
) -> None:
    """A case for the staff of the city where the internship is; one of a kind at a time, to which a note is added."""
    cases.raise_case(
        connection,
        sealer,
        kind,
        city=row.city,
        now=now,
        today=today,
        person_id=row.person_id,
        internship_id=row.id,
        note=f"见习 {row.id}：{note}" if note else None,
    )


def _faults_of_month(row: Row, month: str, today: date) -> Iterator[str]:
    if not is_month(month):
        yield "月份请这样写：2026-11。"
    elif row.arrived_on is None:
        yield "还没有到岗，没有月度记录可填。"
    elif not f"{row.arrived_on:%Y-%m}" <= month <= f"{row.ended_on or today:%Y-%m}":
        end = f"{row.ended_on:%Y-%m}" if row.ended_on else "本月"
        yield f"{month} 不在见习期间（{row.arrived_on:%Y-%m} 到{end}），请核对月份。"


def _faults(month: str, told: Month, today: date) -> Iterator[str]:
    if not is_month(month):
        return
    first = date.fromisoformat(f"{month}-01")
    days = (add_months(first, 1) - timedelta(days=1)).day
    if told.attended_days is not None and not 0 <= told.attended_days <= days:
        yield f"出勤天数要在 0 到 {days} 之间。"
    if any(amount is not None and amount < 0 for amount in (told.paid_fen, told.reported_fen)):
        yield "金额不能是负数。"
    if told.paid_on is not None and not first <= told.paid_on <= today:
        yield f"发放日期要在 {first} 之后、今天之前。"


def _flag_end_only(
    connection: Connection, sealer: Sealer, row: Row, record: Record, now: datetime, today: date
) -> None:
    """Everything paid after the end, nothing before: to be looked at by staff."""
    if (
        row.ended_on is None
        or row.arrived_on is None
        or record.paid_on is None
        or record.paid_on <= row.ended_on
    ):
        return
    [in_time] = connection.run(PAID_IN_TIME, (row.id, row.ended_on)).fetchone()
    # The last month of a short stay is paid after its end by everybody.
    if in_time == 0 and months_in(row.arrived_on, row.ended_on) > 1:
        _raise_case(connection, sealer, row, CaseKind.END_ONLY_PAYMENT, now, today)
