"""Questions during an internship (见习回访): what is due, what was asked, and what was answered.

Answers are kept sealed as they were given; what the ledger counts goes into the month's record (月度检查), what needs a
clerk becomes a case (`policy.check_ins`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import bindparam, func, or_, select, update

from policy.check_ins import HostTold, Told, Trouble, cases_for, host_cases_for, problem_of
from policy.outgoing_codes import CaseKind, CheckInKind, SkipReason, StepState
from storage import audit, cases
from storage.database import Connection, Statement, insert
from storage.ledger_tables import Host, Internship, MonthlyRecord
from storage.outgoing_tables import CheckIn
from storage.sealing import Sealer
from storage.tables import core

ANSWERS: Final = b"check_in.answers_sealed"

check_in, monthly = core(CheckIn), core(MonthlyRecord)
internship, host = core(Internship), core(Host)

_one = update(check_in).where(check_in.c.id == bindparam("key"))
ASKED: Final = Statement(_one.values(state=StepState.ASKED.value, reason=None), "asked_at", "key")
SETTLE: Final = Statement(_one, "state", "reason", "key")
ANSWERED: Final = Statement(
    _one.values(state=StepState.ANSWERED.value, reason=None), "answered_at", "answers_sealed", "key"
)
ABOUT: Final = Statement(
    select(
        check_in.c.kind,
        check_in.c.month,
        check_in.c.internship_id,
        check_in.c.host_id,
        internship.c.person_id,
        internship.c.city,
        internship.c.stipend_fen,
        internship.c.arrived_on,
        host.c.contact_id,
        host.c.city,
    )
    .outerjoin(internship, internship.c.id == check_in.c.internship_id)
    .outerjoin(host, host.c.id == check_in.c.host_id)
    .where(check_in.c.id == bindparam("key")),
    "key",
)
PAID_BEFORE: Final = Statement(
    select(func.count()).where(
        monthly.c.internship_id == bindparam("internship"),
        monthly.c.month != bindparam("other_than"),
        or_(monthly.c.reported_fen > 0, monthly.c.paid_fen > 0),
    ),
    "internship",
    "other_than",
)
_new = insert(monthly).values(version=1)
KEEP_MONTH: Final = Statement(
    _new.on_conflict_do_update(
        index_elements=["internship_id", "month"],
        set_={
            **{
                name: func.coalesce(_new.excluded[name], monthly.c[name])
                for name in ("reported_fen", "insured", "mentor_met", "problem")
            },
            "updated_by": _new.excluded.updated_by,
            "updated_at": _new.excluded.updated_at,
            "version": monthly.c.version + 1,
        },
    ),
    "internship_id",
    "month",
    "reported_fen",
    "insured",
    "mentor_met",
    "problem",
    "updated_by",
    "updated_at",
)


class Question(NamedTuple):
    """A question to a person that is due."""

    id: int
    kind: str
    month: str
    due_on: date
    internship_id: int
    person_id: int
    stage: str
    ended_on: date | None
    host_name: str


def due(connection: Connection, today: date, limit: int) -> list[Question]:
    """The questions to people whose day has come, the latest in front."""
    rows = connection.sqlalchemy.execute(
        select(
            *(check_in.c[name] for name in ("id", "kind", "month", "due_on", "internship_id")),
            internship.c.person_id,
            internship.c.stage,
            internship.c.ended_on,
            host.c.name,
        )
        .join(internship, internship.c.id == check_in.c.internship_id)
        .join(host, host.c.id == internship.c.host_id)
        .where(check_in.c.state == StepState.PLANNED, check_in.c.due_on <= today)
        .order_by(check_in.c.due_on.desc(), check_in.c.id)
        .limit(limit)
    )
    return [Question._make(row) for row in rows]


def known(connection: Connection, internship_ids: Iterable[int]) -> Mapping[int, tuple[bool, bool]]:
    """Of which internships a mentor, and an insurance, have been told of before."""
    rows = connection.sqlalchemy.execute(
        select(monthly.c.internship_id, monthly.c.mentor_met, monthly.c.insured).where(
            monthly.c.internship_id.in_(list(internship_ids))
        )
    )
    found: dict[int, tuple[bool, bool]] = {}
    for number, mentor, insured in rows:
        before = found.get(number, (False, False))
        found[number] = (before[0] or bool(mentor), before[1] or bool(insured))
    return found


def mark_asked(connection: Connection, number: int, now: datetime) -> None:
    """The question is in the delivery ledger."""
    connection.run(ASKED, (now, number))


def settle(connection: Connection, number: int, state: StepState, reason: SkipReason | None = None) -> None:
    """The question was left out, for a reason, or stayed without an answer."""
    connection.run(SETTLE, (state, reason, number))


class Waiting(NamedTuple):
    """A question that was put and is not answered."""

    id: int
    asked_at: datetime


def waiting(connection: Connection, asked_before: datetime, limit: int, after_id: int = 0) -> list[Waiting]:
    """Questions put before that moment and not answered, by number."""
    rows = connection.sqlalchemy.execute(
        select(check_in.c.id, check_in.c.asked_at)
        .where(
            check_in.c.state == StepState.ASKED,
            check_in.c.asked_at <= asked_before,
            check_in.c.id > after_id,
        )
        .order_by(check_in.c.id)
        .limit(limit)
    )
    return [Waiting(*row) for row in rows]


class Answerer(NamedTuple):
    """Who answers: the contact, and the person behind it."""

    contact_id: int
    person_id: int | None


def answer(
    connection: Connection,
    sealer: Sealer,
    number: int,
    said: Mapping[str, Any],
    who: Answerer,
    now: datetime,
    today: date,
) -> int:
    """Keep the answers to a question; returns how many cases wait for staff because of them.

    Answers of anybody but the one who was asked are not taken.
    """
    row = connection.run(ABOUT, (number,)).fetchone()
    if row is None:
        return 0
    about = _About(*row)
    asked = about.host_contact == who.contact_id if about.host_id else about.person_id == who.person_id
    if not asked:
        return 0
    sealed = sealer.seal(orjson.dumps(dict(said)), ANSWERS)
    connection.run(ANSWERED, (now, sealed, number))
    audit.add(connection, now, f"contact:{who.contact_id}", "check_in.answer", f"check_in:{number}")
    if about.host_id is not None:
        kinds: Sequence[CaseKind] = host_cases_for(HostTold(said["at_work"], said.get("paid")))
    else:
        kinds = _keep_month(connection, about, said, f"self:{who.contact_id}", now)
    for kind in kinds:
        cases.raise_case(
            connection,
            sealer,
            kind,
            city=about.host_city or about.city or "",
            now=now,
            today=today,
            contact_id=who.contact_id,
            person_id=about.person_id,
            internship_id=about.internship_id,
            host_id=about.host_id,
            note=_note(about, said),
        )
    return len(kinds)


class _About(NamedTuple):
    kind: str
    month: str
    internship_id: int | None
    host_id: int | None
    person_id: int | None
    city: str | None
    stipend_fen: int | None
    arrived_on: date | None
    host_contact: int | None
    host_city: str | None


def _keep_month(
    connection: Connection, about: _About, said: Mapping[str, Any], by: str, now: datetime
) -> tuple[CaseKind, ...]:
    """Put the person's answers into the month's record; returns what must be looked into."""
    assert about.internship_id is not None
    assert about.stipend_fen is not None
    assert about.arrived_on is not None
    told = told_of(said)
    reported = None if told.received is None else told.received * 100
    values = (reported, told.insured, told.mentor, problem_of(told.troubles))
    connection.run(KEEP_MONTH, (about.internship_id, about.month, *values, by, now))
    before = connection.run(PAID_BEFORE, (about.internship_id, about.month)).fetchone()[0]
    whole = about.month > f"{about.arrived_on:%Y-%m}" or about.arrived_on.day == 1
    kind = CheckInKind(about.kind)
    return cases_for(told, about.stipend_fen // 100, kind, whole_month=whole, paid_before=before > 0)


YES_NO: Final = {"yes": True, "no": False, "unsure": None, None: None}


def told_of(said: Mapping[str, Any]) -> Told:
    """The dialog's answers as the rules read them."""
    return Told(
        mentor=YES_NO[said.get("mentor")],
        received=said.get("received"),
        insured=YES_NO[said.get("insured")],
        troubles=tuple(said.get("troubles", ())),
    )


AT_WORK: Final = {"left": "有人离开", "absent": "有人好几天没来", "nobody": "现在没有见习人员"}
PAID: Final = {"part": "有的补贴还没发", "no": "补贴都还没发"}


def _note(about: _About, said: Mapping[str, Any]) -> str:
    """What a clerk needs to know, in a line."""
    head = f"单位 {about.host_id}" if about.host_id else f"见习 {about.internship_id}"
    told = [f"{head}，{CheckInKind(about.kind).label}（{about.month}）"]
    if about.host_id:
        told += [AT_WORK.get(said["at_work"], ""), PAID.get(said.get("paid", ""), "")]
    else:
        answers = told_of(said)
        told.append("还没有带教老师" if answers.mentor is False else "")
        told.append(f"实收{answers.received}元" if answers.received is not None else "")
        told.append("没办保险" if answers.insured is False else "")
        told += [Trouble(trouble).label for trouble in answers.troubles if trouble != Trouble.NONE]
    told.append(str(said.get("trouble_note") or said.get("host_note") or ""))
    return "；".join(part for part in told if part)
