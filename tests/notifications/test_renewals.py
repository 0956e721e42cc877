"""Who waits for an internship is asked every 60 days, and told when their eligibility ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from bot.turns import Turns
from dialogs.model import Opened
from notifications.jobs import Context, Done
from notifications.renewals import renew_willingness
from policy.ledger_codes import Stage
from policy.outgoing_codes import PurposeKind
from storage import deliveries
from storage.database import Connection
from storage.deliveries import Opens, Said, delivery, purpose_table
from storage.tables import Consent, Contact, Person, core
from tests.storage import care_rows
from tests.talking import Clock, incoming

ZONE = ZoneInfo("Asia/Shanghai")
BORN = datetime(2023, 7, 1, 4, tzinfo=UTC)
"""When the people of tests registered."""


@pytest.fixture
def context(turns: Turns) -> Context:
    return Context(turns.database, turns.sealer, ZONE)


async def person(context: Context, **changes: object) -> int:
    """A registered person with a chat; returns their number."""

    def work(connection: Connection) -> int:
        number = care_rows.person(connection, context.sealer)
        row = connection.session.get_one(Person, number)
        row.created_at, row.eligible_until, row.push_consent = BORN, None, True
        for name, value in changes.items():
            setattr(row, name, value)
        return number

    return await context.write(work)


async def queued(context: Context) -> list[tuple[str, object]]:
    def work(connection: Connection) -> Sequence[tuple[str, bytes]]:
        rows = connection.sqlalchemy.execute(
            delivery.join(purpose_table, purpose_table.c.id == delivery.c.purpose_id)
            .select()
            .with_only_columns(purpose_table.c.kind, delivery.c.content_sealed)
            .order_by(delivery.c.id)
        )
        return [(kind, sealed) for kind, sealed in rows]

    return [(kind, deliveries.opened(context.sealer, sealed)) for kind, sealed in await context.read(work)]


async def run(context: Context, days: int) -> Done:
    return await renew_willingness(context, BORN + timedelta(days=days))


async def test_the_question_opens_a_dialog_sixty_days_after_the_registration_and_again_after_sixty(
    context: Context,
) -> None:
    await person(context)
    made = {day: (await run(context, day)).created for day in range(55, 185)}
    assert {day for day, number in made.items() if number} == {60, 120, 180}
    assert await queued(context) == [(PurposeKind.RENEWAL, Opens("renewal", {}))] * 3


async def test_the_same_moment_asks_nothing_twice(context: Context) -> None:
    await person(context)
    assert [await run(context, 60) for _ in range(3)] == [Done(created=1), Done(), Done()]


async def test_nobody_is_asked_again_at_another_chat_of_theirs(context: Context) -> None:
    number = await person(context)
    assert (await run(context, 60)).created == 1

    def moves(connection: Connection) -> None:
        [old] = connection.session.exec(select(Contact)).all()
        old.reachable = False
        care_rows.contact(connection, number, "another", "telegram")

    await context.write(moves)
    assert [(await run(context, day)).created for day in (61, 66)] == [0, 0]


async def test_a_question_missed_while_nothing_ran_is_put_within_two_weeks(context: Context) -> None:
    await person(context)
    assert (await run(context, 73)).created == 1
    assert (await run(context, 134)).created == 0


async def test_an_answer_starts_the_sixty_days_anew(context: Context) -> None:
    number = await person(context)

    def answered(connection: Connection) -> None:
        connection.session.add(
            Consent(
                person_id=number,
                kind="willing",
                given=False,
                version="1",
                text_hash="",
                channel="web",
                at=BORN + timedelta(days=65),
            )
        )

    await context.write(answered)
    made = {day: (await run(context, day)).created for day in (66, 74, 120, 125)}
    assert {day for day, number in made.items() if number} == {125}


@pytest.mark.parametrize(
    "changes",
    [
        {"push_consent": False},
        {"status": "withdrawn"},
        {"status": "refused"},
        {"eligible_until": date(2023, 8, 29)},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_who_said_no_left_or_may_not_is_not_asked(context: Context, changes: dict[str, object]) -> None:
    await person(context, **changes)
    assert await run(context, 60) == Done()


@pytest.mark.parametrize(
    ("stage", "asked"),
    [(Stage.APPLIED, 1), (Stage.DECLINED, 1), (Stage.ACCEPTED, 0), (Stage.IN_POST, 0), (Stage.ENDED, 0)],
)
async def test_who_has_found_a_place_is_left_in_peace(context: Context, stage: Stage, asked: int) -> None:
    number = await person(context)

    def work(connection: Connection) -> None:
        care_rows.internship(connection, number, stage=stage)

    await context.write(work)
    assert (await run(context, 60)).created == asked


async def test_the_end_of_eligibility_is_told_thirty_and_seven_days_before(context: Context) -> None:
    until = (BORN + timedelta(days=50)).date()
    await person(context, eligible_until=until)
    made = {day: (await run(context, day)).created for day in range(10, 55)}
    assert {day for day, number in made.items() if number} == {20, 43}
    said = [content for _, content in await queued(context)]
    assert all(isinstance(one, Said) and "2023年8月20日" in one.text for one in said)


async def test_it_goes_to_one_chat_only_the_one_heard_last(context: Context) -> None:
    number = await person(context)

    def second(connection: Connection) -> None:
        connection.session.add(
            Contact(channel="telegram", address="two", person_id=number, push_allowed=True, created_at=BORN)
        )

    await context.write(second)
    assert (await run(context, 60)).created == 1


@pytest.mark.parametrize(
    ("word", "given", "push"),
    [("愿意", [True], True), ("暂时不想", [False], True), ("退订", [], False)],
)
async def test_each_answer_is_kept(
    turns: Turns, context: Context, clock: Clock, word: str, given: list[bool], push: bool
) -> None:
    number = await person(context)

    def address(connection: Connection) -> tuple[str, str]:
        table = core(Contact)
        row = connection.sqlalchemy.execute(table.select().where(table.c.person_id == number)).one()
        return row.channel, row.address

    channel, where = await context.read(address)
    opening = incoming("", channel=channel, address=where)._replace(event=Opened("renewal", {}))
    await turns.take(opening)
    await turns.take(incoming(word, channel=channel, address=where))

    def kept(connection: Connection) -> tuple[list[bool], bool]:
        table = core(Consent)
        rows = connection.sqlalchemy.execute(
            table.select().where(table.c.kind == "willing", table.c.person_id == number)
        )
        return [row.given for row in rows], connection.session.get_one(Person, number).push_consent

    assert await context.read(kept) == (given, push)
