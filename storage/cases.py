"""Cases for staff (待办事项): opened by people and rules, owned by a clerk, due on a day, closed with a result.

What is written in one is sealed: people write things there that are nobody else's business. Lists are in
`storage.case_lists`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, select, update

from policy.calendar import CHINA
from policy.case_dates import due_on as last_day
from policy.outgoing_codes import CaseKind
from policy.refusal import Refused
from storage import audit
from storage.database import Connection, Statement, insert
from storage.edits import CHANGED_MEANWHILE
from storage.errors import Conflict, NotFound
from storage.outgoing_tables import StaffBinding
from storage.sealing import Sealer
from storage.tables import Person, StaffCase, core

NOTE: Final = b"staff_case.note_sealed"
RESULT: Final = b"staff_case.result_sealed"
OPEN_STATE: Final = "open"
CLOSED: Final = "closed"
QUEUE: Final = "city:"
"""Owner of a case whose city has no clerk bound: the queue of the city."""
LONGEST: Final = 1000

case, binding, person = core(StaffCase), core(StaffBinding), core(Person)

OPEN: Final = Statement(
    insert(case).values(status=OPEN_STATE).returning(case.c.id),
    "kind",
    "contact_id",
    "person_id",
    "submission_id",
    "internship_id",
    "host_id",
    "city",
    "owner",
    "due_on",
    "note_sealed",
    "created_at",
)
_same = select(case.c.id).where(case.c.kind == bindparam("kind"), case.c.status == OPEN_STATE)
OF_INTERNSHIP: Final = Statement(
    _same.where(case.c.internship_id == bindparam("internship")).order_by(case.c.id),
    "kind",
    "internship",
)
OF_HOST: Final = Statement(
    _same.where(case.c.host_id == bindparam("host")).order_by(case.c.id), "kind", "host"
)
CITY_OF: Final = Statement(select(person.c.residence_city).where(person.c.id == bindparam("key")), "key")
OF_CONTACT: Final = Statement(
    _same.where(case.c.contact_id == bindparam("contact"), case.c.internship_id.is_(None)).order_by(
        case.c.id
    ),
    "kind",
    "contact",
)
GET: Final = Statement(
    select(case.c.version, case.c.status, case.c.note_sealed)
    .where(case.c.id == bindparam("key"))
    .with_for_update(),
    "key",
)
OWNER: Final = Statement(
    select(binding.c.staff)
    .outerjoin(case, and_(case.c.owner == binding.c.staff, case.c.status == OPEN_STATE))
    .where(binding.c.city == bindparam("city"), binding.c.bound_at.is_not(None))
    .group_by(binding.c.staff)
    .order_by(func.count(case.c.id), binding.c.staff)
    .limit(1),
    "city",
)


def open_case(
    connection: Connection,
    sealer: Sealer,
    kind: str,
    contact_id: int | None,
    now: datetime,
    *,
    person_id: int | None = None,
    submission_id: int | None = None,
    internship_id: int | None = None,
    host_id: int | None = None,
    city: str | None = None,
    owner: str | None = None,
    due_on: date | None = None,
    today: date | None = None,
    note: str | None = None,
) -> int:
    """Open a case; returns its number. `today` is China's day at `now` unless it is told.

    Unless it is told, its city is the person's, its owner the clerk of the city with the fewest open cases, else
    the city's queue, and its day goes by the kind (`policy.case_dates`).
    """
    sealed = sealer.seal(note, NOTE) if note else None
    if city is None and person_id is not None:
        row = connection.run(CITY_OF, (person_id,)).fetchone()
        city = None if row is None else row[0]
    if owner is None and city is not None:
        owner = owner_for(connection, city)
    about = (contact_id, person_id, submission_id, internship_id, host_id)
    due_on = due_on or last_day(kind, today or now.astimezone(CHINA).date())
    row = connection.run(OPEN, (kind, *about, city, owner, due_on, sealed, now)).fetchone()
    number: int = row[0]
    return number


def raise_case(
    connection: Connection,
    sealer: Sealer,
    kind: CaseKind,
    *,
    city: str,
    now: datetime,
    today: date,
    contact_id: int | None = None,
    person_id: int | None = None,
    internship_id: int | None = None,
    host_id: int | None = None,
    note: str | None = None,
) -> int:
    """The open case of that kind about an internship (or host, or contact), opened if there is none; its number.

    What is written is added to a case that is open already.
    """
    found = open_one(
        connection,
        kind,
        contact_id=contact_id,
        internship_id=internship_id,
        host_id=host_id,
    )
    if found is not None:
        if note:
            _append(connection, sealer, found, f"{today}：{note}", None)
        return found
    return open_case(
        connection,
        sealer,
        kind,
        contact_id,
        now,
        person_id=person_id,
        internship_id=internship_id,
        host_id=host_id,
        city=city,
        today=today,
        note=note,
    )


def open_one(
    connection: Connection,
    kind: CaseKind,
    *,
    contact_id: int | None = None,
    internship_id: int | None = None,
    host_id: int | None = None,
) -> int | None:
    """The open case of that kind about an internship, else a host, else a contact; None when there is none."""
    if internship_id is not None:
        row = connection.run(OF_INTERNSHIP, (kind, internship_id)).fetchone()
    elif host_id is not None:
        row = connection.run(OF_HOST, (kind, host_id)).fetchone()
    elif contact_id is not None:
        row = connection.run(OF_CONTACT, (kind, contact_id)).fetchone()
    else:
        return None
    return None if row is None else int(row[0])


def owner_for(connection: Connection, city: str) -> str:
    """Who takes a new case of a city: its bound clerk with the fewest open ones, else the city's queue."""
    row = connection.run(OWNER, (city,)).fetchone()
    return f"{QUEUE}{city}" if row is None else str(row[0])


def assign(
    connection: Connection,
    number: int,
    owner: str,
    *,
    actor: str,
    now: datetime,
    due_on: date | None = None,
    seen: int | None = None,
) -> None:
    """Give an open case to somebody (分派), with another day if one is given. Raises `Refused`, `NotFound`, `Conflict`."""
    _refuse_empty(owner, "请写交给谁。")
    changes: dict[str, Any] = {"owner": owner.strip()}
    if due_on is not None:
        changes["due_on"] = due_on
    _edit(connection, number, seen, **changes)
    audit.add(connection, now, actor, "case.assign", f"case:{number}", {"owner": owner.strip()})


def add_note(
    connection: Connection,
    sealer: Sealer,
    number: int,
    note: str,
    *,
    actor: str,
    now: datetime,
    today: date,
    seen: int | None = None,
) -> None:
    """Add a line to what is written in an open case (跟进记录). Raises `Refused`, `NotFound`, `Conflict`."""
    _refuse_empty(note, "请写一句跟进情况。")
    _append(connection, sealer, number, f"{today} {actor}：{note.strip()}", seen)
    audit.add(connection, now, actor, "case.note", f"case:{number}")


def close(
    connection: Connection,
    sealer: Sealer,
    number: int,
    result: str,
    *,
    actor: str,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Close an open case with its result (办结). Raises `Refused`, `NotFound`, `Conflict`."""
    _refuse_empty(result, "请写办理结果，例如“已联系单位，补贴10月8日补发”。")
    sealed = sealer.seal(result.strip(), RESULT)
    _edit(connection, number, seen, status=CLOSED, closed_at=now, result_sealed=sealed)
    audit.add(connection, now, actor, "case.close", f"case:{number}")


def close_of_internship(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    kinds: tuple[CaseKind, ...],
    result: str,
    now: datetime,
) -> int:
    """Close what has settled itself: the open cases of these kinds about an internship; returns how many."""
    return connection.sqlalchemy.execute(
        update(case)
        .where(case.c.internship_id == internship_id, case.c.status == OPEN_STATE, case.c.kind.in_(kinds))
        .values(
            status=CLOSED,
            closed_at=now,
            result_sealed=sealer.seal(result, RESULT),
            version=case.c.version + 1,
        )
    ).rowcount


def _append(connection: Connection, sealer: Sealer, number: int, line: str, seen: int | None) -> None:
    row = connection.run(GET, (number,)).fetchone()
    before = sealer.open_text(row[2], NOTE) if row is not None and row[2] else ""
    _edit(connection, number, seen, note_sealed=sealer.seal(f"{before}\n{line}".strip(), NOTE))


def _edit(connection: Connection, number: int, seen: int | None, **changes: Any) -> None:  # noqa: ANN401 - columns
    """Change an open case as it was seen with version `seen` (None: whatever it is now)."""
    row = connection.run(GET, (number,)).fetchone()
    if row is None:
        raise NotFound("staff_case")
    version, status, _ = row
    if seen is not None and version != seen:
        raise Conflict(CHANGED_MEANWHILE)
    if status != OPEN_STATE:
        raise Refused("这件事已经办结了。还有新情况，请另开一件。")
    connection.sqlalchemy.execute(
        update(case).where(case.c.id == number).values(**changes, version=version + 1)
    )


def _refuse_empty(text: str, sentence: str) -> None:
    if not text.strip():
        raise Refused(sentence)
    if len(text) > LONGEST:
        raise Refused(f"太长了，请控制在{LONGEST}个字以内。")
