"""People and positions as the weekly matching takes them in (匹配数据): a few statements, whatever their number.

Only who may take part and wants pushes is a candidate: eligible or verified, registered, not in an internship
or on the way into one, and not somebody whose last word on their willingness is "not now".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, func, or_, select

from policy.ledger_codes import HostStatus, PositionStatus, Stage
from storage.database import Connection
from storage.ledger_tables import Host, Internship, Position
from storage.outgoing_tables import Recommendation
from storage.renewals import WILLING
from storage.tables import Consent, HardshipMark, Person, Submission, core

person, position, host = core(Person), core(Position), core(Host)
consent, submission = core(Consent), core(Submission)
internship, shown, mark = core(Internship), core(Recommendation), core(HardshipMark)

TAKEN: Final = (Stage.ACCEPTED, Stage.SIGNED, Stage.IN_POST, Stage.ENDED)
"""Stages that keep a person out of the matching: they have a position, or had one."""
SHOWN_DAYS: Final = 28
"""How long a position counts as shown to somebody who has not answered."""
AGAIN_AFTER_DAYS: Final = 90
"""After so many days a position that is still open may be shown again to who did not apply for it. No notice says
anything about it: open configuration (由本单位设定), as of November 2026."""


class Candidate(NamedTuple):
    """A person to be matched; `last_shown` is when they last got something."""

    person_id: int
    cities: Sequence[str]
    residence: str
    kinds: Sequence[str]
    education: str
    major: str
    available_from: date
    hardship: bool
    last_shown: date | None
    passed: frozenset[int]


class Opening(NamedTuple):
    """A published position with openings left; `shown` is to how many people it lies open. Money is in fen."""

    position_id: int
    title: str
    host_name: str
    city: str
    district: str
    kind: str
    education: str | None
    majors: Sequence[str]
    description: str
    left: int
    closes_on: date | None
    demonstrative: bool
    stipend_fen: int
    months: int
    shown: int


def candidates(connection: Connection, today: date) -> Iterator[Candidate]:
    """Everybody to be matched, in the order of their numbers."""
    passed, last = _passed(connection, today)
    marked = set(
        connection.sqlalchemy.execute(
            select(mark.c.person_id).where(
                mark.c.status.in_(["claimed", "confirmed"]),
                or_(mark.c.expires_on.is_(None), mark.c.expires_on >= today),
            )
        ).scalars()
    )
    busy = (
        select(internship.c.id)
        .where(internship.c.person_id == person.c.id, internship.c.stage.in_([s.value for s in TAKEN]))
        .exists()
    )
    paused = _paused(connection)
    rows = connection.sqlalchemy.execute(
        select(
            person.c.id,
            person.c.cities,
            person.c.residence,
            person.c.position_kinds,
            person.c.education,
            person.c.major,
            person.c.available_from,
        )
        .where(
            person.c.push_consent,
            or_(
                person.c.status == "verified",
                and_(person.c.status == "registered", person.c.outcome == "eligible"),
            ),
            or_(person.c.eligible_until.is_(None), person.c.eligible_until >= today),
            ~busy,
        )
        .order_by(person.c.id)
    )
    for number, cities, residence, kinds, education, major, available in rows:
        if number in paused:
            continue
        yield Candidate(
            number,
            cities,
            residence,
            kinds,
            education,
            major or "",
            available,
            number in marked,
            last.get(number),
            frozenset(passed.get(number, ())),
        )


def _paused(connection: Connection) -> set[int]:
    """Who said last that they do not want to for the time being (暂时不), and has not registered anew since."""
    last = (
        select(func.max(consent.c.id))
        .where(consent.c.kind == WILLING, consent.c.person_id.is_not(None))
        .group_by(consent.c.person_id)
    )
    anew = (
        select(submission.c.id)
        .where(submission.c.person_id == consent.c.person_id, submission.c.at > consent.c.at)
        .exists()
    )
    rows = connection.sqlalchemy.execute(
        select(consent.c.person_id).where(consent.c.id.in_(last), ~consent.c.given, ~anew)
    )
    return {row[0] for row in rows}


def _passed(connection: Connection, today: date) -> tuple[Mapping[int, set[int]], Mapping[int, date]]:
    """What everybody was shown lately or has ever applied for, and when they were last shown something."""
    passed: dict[int, set[int]] = defaultdict(set)
    rows = connection.sqlalchemy.execute(
        select(shown.c.person_id, shown.c.position_id).where(
            shown.c.shown_on > today - timedelta(days=AGAIN_AFTER_DAYS)
        )
    )
    for number, one in rows:
        passed[number].add(one)
    # Both columns of the index (person, day): the table itself is not read.
    newest = select(shown.c.person_id, func.max(shown.c.shown_on)).group_by(shown.c.person_id)
    last: dict[int, date] = {row[0]: row[1] for row in connection.sqlalchemy.execute(newest)}
    for number, one in connection.sqlalchemy.execute(
        select(internship.c.person_id, internship.c.position_id)
    ):
        passed[number].add(one)
    return passed, last


def openings(connection: Connection, today: date) -> list[Opening]:
    """Every position that can be shown."""
    since = today - timedelta(days=SHOWN_DAYS)
    recent = (
        select(shown.c.position_id, func.count().label("number"))
        .where(shown.c.shown_on >= since)
        .group_by(shown.c.position_id)
        .subquery()
    )
    rows = connection.sqlalchemy.execute(
        select(
            position.c.id,
            position.c.title,
            host.c.name,
            position.c.city,
            position.c.district,
            position.c.kind,
            position.c.education,
            position.c.majors,
            position.c.description,
            position.c.openings - position.c.taken,
            position.c.closes_on,
            position.c.demonstrative,
            position.c.stipend_fen,
            position.c.months,
            func.coalesce(recent.c.number, 0),
        )
        .join(host, host.c.id == position.c.host_id)
        .outerjoin(recent, recent.c.position_id == position.c.id)
        .where(
            position.c.status == PositionStatus.PUBLISHED.value,
            host.c.status == HostStatus.APPROVED.value,
            position.c.openings > position.c.taken,
            or_(position.c.closes_on.is_(None), position.c.closes_on >= today),
        )
        .order_by(position.c.id)
    )
    return [Opening._make(row) for row in rows]


def keep(connection: Connection, today: date, rows: Sequence[tuple[int, int, int, Sequence[str]]]) -> None:
    """Note what was shown to whom: person, position, score and reasons."""
    if rows:
        pairs = {(who, what) for who, what, *_ in rows}
        before = connection.sqlalchemy.execute(
            select(shown.c.id, shown.c.person_id, shown.c.position_id).where(
                shown.c.person_id.in_({who for who, _ in pairs})
            )
        )
        again = [number for number, who, what in before if (who, what) in pairs]
        if again:  # shown long ago: the row of the last time is the one that counts
            connection.sqlalchemy.execute(shown.delete().where(shown.c.id.in_(again)))
        values: list[dict[str, Any]] = [
            {"person_id": who, "position_id": what, "shown_on": today, "score": score, "reasons": list(why)}
            for who, what, score, why in rows
        ]
        connection.sqlalchemy.execute(shown.insert(), values)


def shown_to(
    connection: Connection, person_id: int, limit: int = 20
) -> list[tuple[int, date, int, list[str]]]:
    """What a person was shown, the newest first: position, day, score, reasons."""
    rows = connection.sqlalchemy.execute(
        select(shown.c.position_id, shown.c.shown_on, shown.c.score, shown.c.reasons)
        .where(shown.c.person_id == person_id)
        .order_by(shown.c.shown_on.desc(), shown.c.id)
        .limit(limit)
    )
    return [tuple(row) for row in rows]
