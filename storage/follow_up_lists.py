"""Follow-up as staff see it (跟踪查询): who is followed up and how it stands; and a planned day left out by a clerk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select, update

from policy.outgoing_codes import SkipReason, StepState
from policy.refusal import Refused
from storage import audit, follow_ups
from storage.database import Connection
from storage.edits import CHANGED_MEANWHILE
from storage.errors import Conflict, NotFound
from storage.follow_ups import plans, steps
from storage.sealing import Sealer
from storage.tables import Person, core

person = core(Person)

PAGE: Final = 50
_SHOWN: Final = (
    *("id", "person_id", "internship_id", "city", "kind", "state", "situation", "employment"),
    *("started_on", "next_on", "silences", "owner", "version"),
)


class Line(NamedTuple):
    """A plan. `name_sealed` is the person's name, sealed."""

    id: int
    person_id: int
    internship_id: int
    city: str
    kind: str
    state: str
    situation: str | None
    employment: str | None
    started_on: date
    next_on: date | None
    silences: int
    owner: str | None
    version: int
    name_sealed: bytes

    def name(self, sealer: Sealer) -> str:
        """The person's name, in clear."""
        return sealer.open_text(self.name_sealed, b"person.name_sealed")


class Day(NamedTuple):
    """One planned contact of a plan, and what became of it."""

    id: int
    day: int
    due_on: date
    state: str
    reason: str | None
    way: str
    asked_at: datetime | None
    answered_at: datetime | None
    answer: str | None


def _lines() -> Select[Any]:
    columns = (plans.c[name] for name in _SHOWN)
    return select(*columns, person.c.name_sealed).join(person, person.c.id == plans.c.person_id)


def listed(
    connection: Connection,
    *,
    city: str | None = None,
    state: str | None = None,
    after_id: int = 0,
    limit: int = PAGE,
) -> list[Line]:
    """A page of plans by number."""
    query = _lines().where(plans.c.id > after_id).order_by(plans.c.id).limit(limit)
    if city is not None:
        query = query.where(plans.c.city == city)
    if state is not None:
        query = query.where(plans.c.state == state)
    return [Line._make(row) for row in connection.sqlalchemy.execute(query)]


def get(connection: Connection, number: int) -> Line:
    """One plan. Raises `NotFound`."""
    row = connection.sqlalchemy.execute(_lines().where(plans.c.id == number)).first()
    if row is None:
        raise NotFound("follow_up_plan")
    return Line._make(row)


def days(connection: Connection, number: int) -> list[Day]:
    """The planned contacts of a plan, by day."""
    columns = (steps.c[name] for name in Day._fields)
    rows = connection.sqlalchemy.execute(
        select(*columns).where(steps.c.plan_id == number).order_by(steps.c.day)
    )
    return [Day._make(row) for row in rows]


def skip(
    connection: Connection,
    number: int,
    *,
    actor: str,
    now: datetime,
    day: int | None = None,
    seen: int | None = None,
) -> int:
    """Leave out a planned day of a plan, or all that are ahead (取消计划): a clerk has settled it otherwise.

    Returns how many. Raises `Refused` when there is none, `NotFound`, `Conflict`.
    """
    if seen is not None and get(connection, number).version != seen:
        raise Conflict(CHANGED_MEANWHILE)
    get(connection, number)
    which = (steps.c.plan_id == number) & (steps.c.state == StepState.PLANNED)
    if day is not None:
        which &= steps.c.day == day
    done = connection.sqlalchemy.execute(
        update(steps).where(which).values(state=StepState.SKIPPED, reason=SkipReason.CANCELLED)
    ).rowcount
    if not done:
        raise Refused("没有还没到时间的计划可以取消，请用 follow-ups show 看看。")
    follow_ups.refresh(connection, number, now)
    audit.add(connection, now, actor, "follow_up.skip", f"follow_up:{number}", {"days": done})
    return done
