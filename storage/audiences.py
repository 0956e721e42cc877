"""Audiences (推送对象): who is meant by a set of filters, as a query over people and their contacts.

Everybody counts once, by the contact where they were heard last. Only who registered, agreed to pushes and can be
reached is meant; the rest of the rules are applied when a message is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, String, and_, cast, exists, func, or_, select

from policy.codes import Education, PositionKind, Track
from policy.ledger_codes import Stage
from policy.refusal import Refused
from policy.regions import CITIES
from storage.database import Connection
from storage.ledger_tables import Internship
from storage.tables import Contact, DialogSession, HardshipMark, Person, core

person, contact, session = core(Person), core(Contact), core(DialogSession)
mark, internship = core(HardshipMark), core(Internship)
other, heard = contact.alias("other"), session.alias("heard")

STAGES: Final = {"none": "还没有见习", **{stage.value: stage.label for stage in Stage}}
ACTIVE: Final = ("registered", "verified")
ANYWHERE: Final = "any"
"""A wished city of somebody who would go to any (服从调剂)."""
MOST_DAYS: Final = 3650


class Audience(NamedTuple):
    """Filters; an empty one means everybody. `seen_within` and `silent_for` are days since the last message.

    Days count over all contacts of a person; who would go to any city is meant by every wished city.
    """

    cities: tuple[str, ...] = ()
    wished_cities: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    hardship: bool | None = None
    educations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    source: str = ""
    channels: tuple[str, ...] = ()
    seen_within: int | None = None
    silent_for: int | None = None
    include_demo: bool = False

    def as_data(self) -> dict[str, Any]:
        """The filters that are set, JSON-safe."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self._asdict().items()
            if value != Audience._field_defaults[name]
        }


CODES: Final[Mapping[str, frozenset[str]]] = {
    "cities": frozenset(city.code for city in CITIES),
    "wished_cities": frozenset(city.code for city in CITIES),
    "tracks": frozenset(track.value for track in Track),
    "stages": frozenset(STAGES),
    "educations": frozenset(education.value for education in Education),
    "kinds": frozenset(kind.value for kind in PositionKind),
}


LISTS: Final = (*CODES, "channels")
SWITCHES: Final = ("hardship", "include_demo")
DAYS: Final = ("seen_within", "silent_for")


def audience(data: Mapping[str, Any]) -> Audience:
    """The audience of stored or typed filters. Raises `Refused` naming every filter or value that is not known."""
    faults = [f"没有“{name}”这个筛选条件。" for name in data if name not in Audience._fields]
    for name in LISTS:
        value = data.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            faults.append(f"{name} 要写成一列值。")
        elif name in CODES:
            faults += [f"“{each}”不是 {name} 的可选值。" for each in value if each not in CODES[name]]
    for name in DAYS:
        days = data.get(name)
        if days is not None and (type(days) is not int or not 1 <= days <= MOST_DAYS):
            faults.append(f"{name} 要写天数，1 到 {MOST_DAYS}。")
    faults += [f"{name} 只能写是或否。" for name in SWITCHES if not isinstance(data.get(name), bool | None)]
    if not isinstance(data.get("source", ""), str):
        faults.append("source 要写成文字。")
    if faults:
        raise Refused(*faults)
    values: Any = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items() if v is not None}
    return Audience(**values)


def contacts(wanted: Audience, now: datetime, today: date) -> Select[Any]:
    """The contact ids of an audience, in their order."""
    newest = func.row_number().over(
        partition_by=contact.c.person_id,
        order_by=(func.coalesce(session.c.updated_at, contact.c.created_at).desc(), contact.c.id),
    )
    ranked = (
        select(contact.c.id, newest.label("place"))
        .join(person, person.c.id == contact.c.person_id)
        .outerjoin(session, session.c.contact_id == contact.c.id)
        .where(*_conditions(wanted, now, today))
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.place == 1).order_by(ranked.c.id)


def size(connection: Connection, wanted: Audience, now: datetime, today: date) -> int:
    """How many people are meant now."""
    chosen = contacts(wanted, now, today).order_by(None).subquery()
    return connection.sqlalchemy.execute(select(func.count()).select_from(chosen)).scalar_one()


def sample(connection: Connection, wanted: Audience, now: datetime, today: date, number: int) -> list[int]:
    """Some contacts of an audience, spread over all of it by their numbers."""
    chosen = contacts(wanted, now, today).order_by(None).subquery()
    scattered = cast(chosen.c.id, BigInteger) * 7919 % 10_007
    spread = select(chosen.c.id).order_by(scattered, chosen.c.id).limit(number)
    return [row[0] for row in connection.sqlalchemy.execute(spread)]


def by_channel(connection: Connection, wanted: Audience, now: datetime, today: date) -> dict[str, int]:
    """How many people are meant now, by the channel on which they are written to."""
    chosen = contacts(wanted, now, today).order_by(None).subquery()
    rows = connection.sqlalchemy.execute(
        select(contact.c.channel, func.count())
        .join(chosen, chosen.c.id == contact.c.id)
        .group_by(contact.c.channel)
        .order_by(contact.c.channel)
    )
    return {row[0]: row[1] for row in rows}


def _conditions(wanted: Audience, now: datetime, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        contact.c.reachable,
        contact.c.push_allowed,
        person.c.push_consent,
        person.c.status.in_(ACTIVE),
    ]
    for column, values in (
        (person.c.residence_city, wanted.cities),
        (person.c.track, wanted.tracks),
        (person.c.education, wanted.educations),
        (contact.c.channel, wanted.channels),
    ):
        if values:
            found.append(column.in_(values))
    wished = (*wanted.wished_cities, ANYWHERE) if wanted.wished_cities else ()
    for column, values in ((person.c.cities, wished), (person.c.position_kinds, wanted.kinds)):
        if values:  # a list in JSON: its codes hold neither quotes nor wildcards
            found.append(or_(*(cast(column, String).like(f'%"{value}"%') for value in values)))
    if wanted.source:
        found.append(contact.c.source.startswith(wanted.source, autoescape=True))
    if wanted.stages:
        found.append(or_(*(_in_stage(stage) for stage in wanted.stages)))
    if wanted.hardship is not None:
        found.append(_marked(today) if wanted.hardship else ~_marked(today))
    if wanted.seen_within is not None:
        found.append(_heard_since(now - timedelta(days=wanted.seen_within)))
    if wanted.silent_for is not None:
        found.append(~_heard_since(now - timedelta(days=wanted.silent_for)))
    if not wanted.include_demo:
        found.append(~person.c.demo)
    return found


def _heard_since(moment: datetime) -> ColumnElement[bool]:
    """Whether a person has written over any of their contacts."""
    theirs = other.join(heard, heard.c.contact_id == other.c.id)
    return exists(
        select(other.c.id)
        .select_from(theirs)
        .where(other.c.person_id == person.c.id, heard.c.updated_at >= moment)
    )


def _in_stage(stage: str) -> ColumnElement[bool]:
    has = exists().where(internship.c.person_id == person.c.id)
    return ~has if stage == "none" else has.where(internship.c.stage == stage)


def _marked(today: date) -> ColumnElement[bool]:
    valid = or_(mark.c.expires_on.is_(None), mark.c.expires_on >= today)
    return exists().where(
        and_(mark.c.person_id == person.c.id, mark.c.status.not_in(("expired", "rejected", "refused")), valid)
    )
