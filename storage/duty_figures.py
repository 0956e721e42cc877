"""Figures that reminders need (提醒所需数字): which cities have filed and published, and which events are near."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from policy.ledger_codes import EventStatus
from policy.regions import CITIES
from storage.database import Connection
from storage.ledger_tables import Bundle, EventSignUp, MonthlyReport, ProgrammeEvent
from storage.tables import core

report, bundle = core(MonthlyReport), core(Bundle)
event, sign_up = core(ProgrammeEvent), core(EventSignUp)


class Event(NamedTuple):
    """A published event."""

    id: int
    title: str
    venue: str
    starts_at: datetime


def filed(connection: Connection, months: Iterable[str]) -> dict[str, set[str]]:
    """By month, who has filed its report."""
    found: dict[str, set[str]] = {month: set() for month in months}
    rows = connection.sqlalchemy.execute(
        select(report.c.month, report.c.city).where(report.c.month.in_(found))
    )
    for month, city in rows:
        found[month].add(city)
    return found


def published(connection: Connection, month: str) -> set[str]:
    """The cities whose bundle of that month is before the public."""
    rows = connection.sqlalchemy.execute(
        select(bundle.c.city).where(
            bundle.c.city.in_([city.code for city in CITIES]),
            bundle.c.month == month,
            bundle.c.status == "published",
        )
    )
    return {row[0] for row in rows}


def events_between(connection: Connection, begin: datetime, end: datetime) -> list[Event]:
    """Published events that start from `begin` on and before `end`."""
    rows = connection.sqlalchemy.execute(
        select(event.c.id, event.c.title, event.c.venue, event.c.starts_at)
        .where(
            event.c.city.in_([city.code for city in CITIES]),
            event.c.starts_at >= begin,
            event.c.starts_at < end,
            event.c.status == EventStatus.PUBLISHED,
        )
        .order_by(event.c.id)
    )
    return [Event(*row) for row in rows]


def signed_up(connection: Connection, event_id: int, behind: int, most: int) -> list[int]:
    """The contacts that signed up for an event and did not cancel, from the one after `behind` on."""
    rows = connection.sqlalchemy.execute(
        select(sign_up.c.contact_id)
        .where(
            sign_up.c.event_id == event_id,
            sign_up.c.contact_id > behind,
            sign_up.c.status == "signed_up",
        )
        .order_by(sign_up.c.contact_id)
        .limit(most)
    )
    return [row[0] for row in rows]
