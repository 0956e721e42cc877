"""The hardship mark of a person (困难毕业生标识), 人社部发〔2023〕27号 二(一): what is said, found and decided.

A mark of source `self` is what the person said: its status follows from the other marks and is never edited.
`comparison` marks come from the registers, `clerk` marks are decisions on proof. Statuses: claimed (said, no
register of that kind is there), confirmed, expired, unconfirmed (said, but the register does not know it: 不符, for
a clerk to decide), refused (a clerk found it wrong). Hardship is sensitive: only those who are registered are
compared, and neither audit nor logs name the kind.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, case, delete, exists, insert, literal, or_, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from policy.masking import mask_name
from policy.refusal import Refused
from storage import audit
from storage.columns import UtcTime
from storage.database import Connection, Statement
from storage.errors import NotFound
from storage.ledger_tables import HardshipEntry
from storage.sealing import Sealer
from storage.tables import HardshipMark, Person, core

COMPARED: Final = ("registered", "verified")
"""Status of the people whom registers are compared with: registered, and not withdrawn."""

mark, entry, person = core(HardshipMark), core(HardshipEntry), core(Person)

_HOLDS: Final = (
    mark.c.person_id == bindparam("person"),
    or_(mark.c.expires_on.is_(None), mark.c.expires_on >= bindparam("day")),
)
IN_FORCE: Final = Statement(
    select(mark.c.kind)
    .where(*_HOLDS, mark.c.source != "self", mark.c.status == "confirmed")
    .distinct()
    .order_by(mark.c.kind),
    "person",
    "day",
)
FIRST: Final = Statement(
    select(mark.c.id).where(*_HOLDS, mark.c.status.in_([literal("claimed"), literal("confirmed")])).limit(1),
    "person",
    "day",
)


class Compared(NamedTuple):
    """How many marks a comparison added, renewed and let expire, and how many said ones changed their status."""

    added: int
    renewed: int
    expired: int
    settled: int


def in_force(connection: Connection, person_id: int, day: date) -> list[str]:
    """The kinds of hardship that hold for a person on that day: found by comparison, or accepted by a clerk."""
    return [kind for (kind,) in connection.run(IN_FORCE, (person_id, day))]


def goes_first(connection: Connection, person_id: int, day: date) -> bool:
    """Whether a person is served first (优先) on that day: a mark holds, or was said and nothing speaks against it.

    Where no register of a kind was imported, the person's own word counts (claimed); what a register does not
    know (unconfirmed), what a clerk refused, and what has expired does not.
    """
    return connection.run(FIRST, (person_id, day)).fetchone() is not None


def of_person(connection: Connection, person_id: int) -> list[HardshipMark]:
    """All marks of a person, oldest first."""
    query = select_rows(HardshipMark).where(HardshipMark.person_id == person_id)
    return list(connection.session.exec(query.order_by(col(HardshipMark.id))))


def compare(connection: Connection, *, since_run: int | None, now: datetime, today: date) -> Compared:
    """Compare the hardship registers (from the import `since_run` on) with the people of the base.

    Doing it twice changes nothing the second time.
    """
    added = _add_found(connection, since_run, now, today)
    renewed = _renew(connection, now)
    expired = connection.sqlalchemy.execute(
        update(mark)
        .where(mark.c.status == "confirmed", mark.c.expires_on < today, mark.c.source != "self")
        .values(status="expired")
    ).rowcount
    return Compared(added, renewed, expired, _settle_said(connection, _covered(connection)))


def _add_found(connection: Connection, since_run: int | None, now: datetime, today: date) -> int:
    columns = ["person_id", "kind", "source", "status", "proof_date", "expires_on", "entry_id", "at"]
    found = (
        select(
            person.c.id,
            entry.c.kind,
            literal("comparison"),
            literal("confirmed"),
            entry.c.proof_date,
            entry.c.expires_on,
            entry.c.id,
            literal(now, UtcTime),
        )
        .join_from(entry, person, person.c.id_number_index == entry.c.id_number_index)
        .where(
            person.c.status.in_(COMPARED),
            or_(entry.c.expires_on.is_(None), entry.c.expires_on >= today),
            ~exists().where(mark.c.entry_id == entry.c.id, mark.c.person_id == person.c.id),
        )
    )
    if since_run is not None:
        found = found.where(entry.c.run_id >= since_run)
    # Unasked, the driver of PostgreSQL does not keep how many rows an INSERT made.
    counted = insert(mark).from_select(columns, found).execution_options(preserve_rowcount=True)
    return connection.sqlalchemy.execute(counted).rowcount


def _renew(connection: Connection, now: datetime) -> int:
    """Marks follow the dates of their entry; those whose new end has passed expire in the next step."""
    other_dates = or_(
        mark.c.expires_on.is_distinct_from(entry.c.expires_on),
        mark.c.proof_date.is_distinct_from(entry.c.proof_date),
    )
    return connection.sqlalchemy.execute(
        update(mark)
        .where(mark.c.entry_id == entry.c.id, mark.c.source == "comparison", other_dates)
        .values(status="confirmed", proof_date=entry.c.proof_date, expires_on=entry.c.expires_on, at=now)
    ).rowcount


def _covered(connection: Connection) -> list[str]:
    """The kinds that some imported register tells about: of these, what it does not know is unconfirmed."""
    return list(connection.sqlalchemy.execute(select(entry.c.kind).distinct()).scalars())


def _settle_said(connection: Connection, covered: list[str], person_id: int | None = None) -> int:
    """Give each mark that a person claimed the status that follows from the others; returns how many changed."""
    other = mark.alias("other")

    def there_is(*conditions: Any) -> Any:  # noqa: ANN401 - SQL expressions
        same = (other.c.person_id == mark.c.person_id, other.c.kind == mark.c.kind, other.c.source != "self")
        return exists().where(*same, *conditions).correlate(mark)

    status = case(
        (there_is(other.c.status == "confirmed"), "confirmed"),
        (there_is(other.c.status == "refused"), "refused"),
        (there_is(other.c.status == "expired"), "expired"),
        (mark.c.kind.in_(covered), "unconfirmed"),
        else_="claimed",
    )
    changed = update(mark).where(
        mark.c.source == "self",
        mark.c.status != status,
        exists().where(person.c.id == mark.c.person_id, person.c.status.in_(COMPARED)),
    )
    if person_id is not None:
        changed = changed.where(mark.c.person_id == person_id)
    return connection.sqlalchemy.execute(changed.values(status=status)).rowcount


def decide(
    connection: Connection,
    mark_id: int,
    accepted: bool,
    *,
    proof_date: date | None = None,
    expires_on: date | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> None:
    """A clerk accepts (on proof, until `expires_on`) or refuses what a person said of hardship.

    A later decision replaces the earlier one. Raises `NotFound`, and `Refused` for a mark that is not the
    person's own word or dates that cannot be.
    """
    said = connection.session.get(HardshipMark, mark_id)
    if said is None:
        raise NotFound("hardship_mark")
    if said.source != "self":
        raise Refused(f"标识 {mark_id} 不是本人申报的，不用人工核定。")
    if proof_date is not None and proof_date > today:
        raise Refused("认定日期不能晚于今天，请核对证明材料。")
    if expires_on is not None and expires_on < today:
        raise Refused("证明已经过期，请本人补交有效的证明后再核定。")
    person_id, kind = said.person_id, said.kind
    mine = (mark.c.person_id == person_id, mark.c.kind == kind, mark.c.source == "clerk")
    connection.sqlalchemy.execute(delete(mark).where(*mine))
    connection.session.add(
        HardshipMark(
            person_id=person_id,
            kind=kind,
            source="clerk",
            status="confirmed" if accepted else "refused",
            proof_date=proof_date,
            expires_on=expires_on,
            at=now,
        )
    )
    connection.session.flush()
    _settle_said(connection, _covered(connection), person_id)
    connection.session.expire_all()
    action = "hardship.accept" if accepted else "hardship.refuse"
    audit.add(connection, now, actor, action, f"person:{person_id}", {"mark": mark_id})


def to_decide(
    connection: Connection,
    sealer: Sealer,
    *,
    city: str | None = None,
    after: int = 0,
    limit: int = 50,
    unmask: bool = False,
) -> list[dict[str, Any]]:
    """A page, by id, of what people said and the registers do not know. Names masked unless `unmask`."""
    query = (
        select(mark.c.id, mark.c.person_id, mark.c.kind, person.c.residence_city, person.c.name_sealed)
        .join(person, person.c.id == mark.c.person_id)
        # What was only said has no end: with that, the index gives the marks in the order of their ids.
        .where(mark.c.status == "unconfirmed", mark.c.expires_on.is_(None), mark.c.id > after)
        .order_by(mark.c.id)
        .limit(limit)
    )
    if city is not None:
        query = query.where(person.c.residence_city == city)
    found = []
    for mark_id, person_id, kind, residence_city, sealed in connection.sqlalchemy.execute(query):
        name = sealer.open_text(sealed, b"person.name_sealed")
        shown = name if unmask else mask_name(name)
        found.append(
            {"id": mark_id, "person_id": person_id, "name": shown, "kind": kind, "city": residence_city}
        )
    return found
