"""The weekly matches: whoever fits gets them once a week, with reasons; who gets nothing is on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from notifications.jobs import Context, Done
from notifications.weekly_matches import match_positions
from policy.outgoing_codes import DeliveryState, SkipReason
from storage import deliveries, internships, match_candidates
from storage.database import Connection, Database
from storage.deliveries import Said
from storage.ledger_tables import Host
from storage.outgoing_tables import Delivery, Recommendation
from storage.renewals import WILLING
from storage.sealing import Sealer
from storage.tables import Consent, Person, core
from tests.storage import care_rows

MONDAY = datetime(2026, 11, 23, 1, tzinfo=UTC)
delivery = core(Delivery)


@pytest.fixture
def context(database: Database, sealer: Sealer) -> Context:
    """The base, with one host."""
    return Context(database, sealer, ZoneInfo("Asia/Shanghai"))


def person(context: Context, number: int, **fields: Any) -> int:  # noqa: ANN401 - columns
    """Somebody who is eligible and wants a technical position in Guangzhou."""

    def work(connection: Connection) -> int:
        made = care_rows.person(connection, context.sealer, number)
        given = {"cities": ["440100"], "position_kinds": ["2"], "education": "31", "major": "机械制造"}
        values = {"outcome": "eligible", "residence": "440106", **given, **fields}
        connection.sqlalchemy.execute(update(core(Person)).where(core(Person).c.id == made).values(values))
        return made

    return context.database.write_sync(work)


def position(context: Context, **fields: Any) -> int:  # noqa: ANN401 - columns
    """A position of a new host."""

    def work(connection: Connection) -> int:
        number = 1 + len(connection.sqlalchemy.execute(select(core(Host).c.id)).all())
        return care_rows.position(connection, care_rows.host(connection, number), **fields)

    return context.database.write_sync(work)


def messages(context: Context) -> list[Any]:
    """Every message in the ledger."""
    return context.database.read_sync(
        lambda c: list(c.sqlalchemy.execute(select(delivery).order_by(delivery.c.id)))
    )


async def test_who_fits_is_told_with_reasons_and_buttons(context: Context) -> None:
    who, what = person(context, 1), position(context, title="机械装配", majors=["机械制造"])
    assert await match_positions(context, MONDAY) == Done(created=1)
    [message] = messages(context)
    said = deliveries.opened(context.sealer, message.content_sealed)
    assert isinstance(said, Said)
    assert "因为你学机械制造、想留在广州" in said.text
    assert said.choices == ((f"岗位{what}", f"看岗位{what}、报名"),)
    shown = context.database.read_sync(lambda c: match_candidates.shown_to(c, who))
    assert [row[0] for row in shown] == [what]


async def test_a_week_is_matched_once_and_the_next_one_brings_something_new(context: Context) -> None:
    person(context, 1)
    position(context)
    await match_positions(context, MONDAY)
    assert await match_positions(context, MONDAY) == Done()
    assert await match_positions(context, MONDAY + timedelta(days=7)) == Done()  # nothing new
    position(context, title="数控操作")
    assert await match_positions(context, MONDAY + timedelta(days=14)) == Done(created=1)


async def test_who_gets_nothing_is_on_record(context: Context) -> None:
    person(context, 1)
    position(context, city="440300")
    assert await match_positions(context, MONDAY) == Done()
    [message] = messages(context)
    assert (message.state, message.reason) == (DeliveryState.SKIPPED, SkipReason.NOTHING_FITS)


async def test_who_goes_anywhere_is_shown_other_cities(context: Context) -> None:
    person(context, 1, cities=["any"])
    position(context, city="440300")
    assert await match_positions(context, MONDAY) == Done(created=1)


@pytest.mark.parametrize(
    "barred",
    [
        {"outcome": "not_yet"},
        {"status": "withdrawn"},
        {"push_consent": False},
        {"eligible_until": MONDAY.date() - timedelta(days=1)},
    ],
)
async def test_who_may_not_or_does_not_want_is_left_out(context: Context, barred: dict[str, Any]) -> None:
    person(context, 1, **barred)
    position(context)
    assert await match_positions(context, MONDAY) == Done()
    assert messages(context) == []


async def test_who_has_applied_is_not_shown_that_position_again(context: Context) -> None:
    who, what = person(context, 1), position(context)
    context.database.write_sync(
        lambda c: internships.apply(
            c, context.sealer, who, what, actor="self", now=MONDAY, today=MONDAY.date()
        )
    )
    await match_positions(context, MONDAY)
    shown = context.database.read_sync(
        lambda c: c.sqlalchemy.execute(select(core(Recommendation).c.id)).all()
    )
    assert shown == []


async def test_a_position_is_not_shown_to_many_times_more_people_than_it_has_openings(
    context: Context,
) -> None:
    for number in range(1, 9):
        person(context, number)
    position(context, openings=2)
    assert await match_positions(context, MONDAY) == Done(created=6)


async def test_a_position_that_is_still_open_is_shown_again_after_ninety_days_and_kept_once(
    context: Context,
) -> None:
    who, what = person(context, 1), position(context)
    assert await match_positions(context, MONDAY) == Done(created=1)
    assert await match_positions(context, MONDAY + timedelta(days=84)) == Done()
    late = MONDAY + timedelta(days=91)
    assert await match_positions(context, late) == Done(created=1)
    shown = context.database.read_sync(lambda c: match_candidates.shown_to(c, who))
    assert [(row[0], row[1]) for row in shown] == [(what, late.date())]


async def test_who_has_applied_is_not_shown_that_position_after_ninety_days_either(context: Context) -> None:
    who, what = person(context, 1), position(context)
    await match_positions(context, MONDAY)
    context.database.write_sync(
        lambda c: internships.apply(
            c, context.sealer, who, what, actor="self", now=MONDAY, today=MONDAY.date()
        )
    )
    assert await match_positions(context, MONDAY + timedelta(days=91)) == Done()


@pytest.mark.parametrize(("words", "created"), [((False,), 0), ((False, True), 1), ((True, False), 0)])
async def test_who_said_not_now_is_shown_nothing_until_they_are_willing_again(
    context: Context, words: tuple[bool, ...], created: int
) -> None:
    who = person(context, 1)
    position(context)

    def say(connection: Connection) -> None:
        for hours, given in enumerate(words):
            row = Consent(
                contact_id=None,
                person_id=who,
                kind=WILLING,
                given=given,
                version="1",
                text_hash="",
                channel="x",
                at=MONDAY + timedelta(hours=hours),
            )
            connection.session.add(row)
            connection.session.flush()

    context.database.write_sync(say)
    assert await match_positions(context, MONDAY + timedelta(days=7)) == Done(created=created)
