"""What has been kept long enough goes, portion by portion, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlmodel import select as sqlmodel_select

from notifications.jobs import Context, Done
from notifications.purging import purge_expired
from policy.ledger_codes import Stage
from policy.outgoing_codes import PurposeKind
from policy.retention import CHAT
from storage import deliveries, form_links, retention
from storage.database import Connection, Database
from storage.deliveries import Said
from storage.ledger_tables import Host
from storage.sealing import Sealer
from storage.tables import (
    Audit,
    Base,
    Consent,
    Contact,
    DialogSession,
    Message,
    Person,
    StaffCase,
    Submission,
    core,
)
from tests.storage import care_rows
from tests.storage.rows import contact

NOW = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
YEAR = timedelta(days=366)


@pytest.fixture
def context(database: Database, sealer: Sealer) -> Context:
    return Context(database, sealer, ZoneInfo("Asia/Shanghai"))


def number_of(connection: Connection, table: type[Base]) -> int:
    return connection.sqlalchemy.execute(select(func.count()).select_from(core(table))).scalar_one()


def talked(connection: Connection, at: datetime, address: str = "visitor", messages: int = 1) -> int:
    """A contact with a session and some messages of that moment."""
    number = contact(connection, address)
    for each in range(messages):
        connection.session.add(
            Message(
                contact_id=number,
                message_id=str(each),
                dialog="home",
                step="menu",
                content_sealed=b"x",
                at=at,
            )
        )
    connection.session.add(
        DialogSession(
            contact_id=number, dialog="home", step="menu", version=1, state_sealed=b"x", updated_at=at
        )
    )
    connection.session.flush()
    return number


async def test_chats_and_half_filled_dialogs_go_after_180_days(context: Context) -> None:
    await context.write(lambda c: talked(c, NOW - CHAT - timedelta(seconds=1), "old", 1200))
    await context.write(lambda c: talked(c, NOW - CHAT, "just not", 2))
    assert await purge_expired(context, NOW) == Done(changed=1201)
    assert await purge_expired(context, NOW) == Done()
    left = await context.read(lambda c: (number_of(c, Message), number_of(c, DialogSession)))
    assert left == (2, 1)
    assert await context.read(lambda c: number_of(c, Contact)) == 2


async def test_a_question_put_lately_keeps_its_place_although_the_person_has_been_silent(
    context: Context,
) -> None:
    def work(connection: Connection) -> None:
        number = talked(connection, NOW - CHAT - timedelta(days=1))
        connection.session.add(
            Message(
                contact_id=number,
                message_id="ours",
                dialog="check_in",
                step="going",
                content_sealed=b"x",
                at=NOW,
            )
        )

    await context.write(work)
    assert await purge_expired(context, NOW) == Done(changed=1), "the old message alone"
    assert await context.read(lambda c: number_of(c, DialogSession)) == 1


async def test_the_text_of_a_message_that_went_out_goes_and_that_it_went_stays(context: Context) -> None:
    def work(connection: Connection) -> None:
        purpose = deliveries.purpose(connection, "some", PurposeKind.STATUS, NOW)
        for address, days in (("old", 181), ("new", 179), ("waiting", None)):
            number = deliveries.enqueue(
                connection,
                context.sealer,
                purpose,
                contact(connection, address),
                Said("您好"),
                due_at=NOW - timedelta(days=300),
            )
            if days is not None:
                table = deliveries.delivery
                settled = NOW - timedelta(days=days)
                connection.sqlalchemy.execute(
                    table.update().where(table.c.id == number).values(state="sent", settled_at=settled)
                )

    await context.write(work)
    assert (await purge_expired(context, NOW)).changed == 1

    def kept(connection: Connection) -> list[bool]:
        table = deliveries.delivery
        rows = connection.sqlalchemy.execute(table.select().order_by(table.c.id))
        return [row.content_sealed is not None for row in rows]

    assert await context.read(kept) == [False, True, True]


def registered(connection: Connection, sealer: Sealer, at: datetime, *, contacts: int = 1) -> int:
    number = care_rows.person(connection, sealer, contacts=contacts)
    row = connection.session.get_one(Person, number)
    row.created_at = row.updated_at = at
    return number


async def test_a_registration_that_led_to_nothing_goes_after_twelve_months_with_a_line_in_the_audit_log(
    context: Context,
) -> None:
    number = await context.write(lambda c: registered(c, context.sealer, NOW - YEAR))
    assert (await purge_expired(context, NOW)).changed == 1

    def left(connection: Connection) -> tuple[int, list[str]]:
        rows = connection.sqlalchemy.execute(
            select(core(Audit).c.action).where(core(Audit).c.subject == f"person:{number}")
        )
        return number_of(connection, Person), [row[0] for row in rows]

    people, actions = await context.read(left)
    assert people == 0
    assert actions[0] == "person.retention_over"


async def test_somebody_without_any_chat_goes_too_with_the_applications(context: Context) -> None:
    def work(connection: Connection) -> None:
        number = registered(connection, context.sealer, NOW - YEAR, contacts=0)
        care_rows.internship(connection, number, stage=Stage.WITHDRAWN, updated_at=NOW - YEAR)

    await context.write(work)
    assert (await purge_expired(context, NOW)).changed == 1
    assert await context.read(lambda c: number_of(c, Person)) == 0


@pytest.mark.parametrize(
    "why",
    [
        *("young", "handed in again", "still willing", "in the books", "signed but never came"),
        *("applied lately", "talks to us"),
    ],
)
async def test_who_took_part_or_was_heard_of_within_the_year_stays(context: Context, why: str) -> None:
    lately = NOW - timedelta(days=300)

    def work(connection: Connection) -> None:
        began = lately if why == "young" else NOW - YEAR
        number = registered(connection, context.sealer, began)
        if why == "handed in again":
            chat = contact(connection, "again")
            connection.session.add(
                Submission(
                    contact_id=chat, person_id=number, answers_sealed=b"", outcome="updated", at=lately
                )
            )
        elif why == "still willing":
            connection.session.add(
                Consent(
                    person_id=number,
                    kind="willing",
                    given=True,
                    version="1",
                    text_hash="",
                    channel="web",
                    at=lately,
                )
            )
        elif why == "in the books":
            care_rows.internship(connection, number, stage=Stage.ENDED, updated_at=NOW - YEAR)
        elif why == "signed but never came":
            care_rows.internship(connection, number, stage=Stage.CANCELLED, updated_at=NOW - YEAR)
        elif why == "talks to us":
            chat = talked(connection, NOW - timedelta(days=1))
            connection.session.get_one(Contact, chat).person_id = number
        elif why == "applied lately":
            care_rows.internship(connection, number, stage=Stage.APPLIED, updated_at=lately)

    await context.write(work)
    assert await purge_expired(context, NOW) == Done()


async def test_whose_registration_is_too_old_may_still_speak_for_a_host(context: Context) -> None:
    def work(connection: Connection) -> int:
        number = registered(connection, context.sealer, NOW - YEAR)
        [chat] = [
            one.id for one in connection.session.exec(sqlmodel_select(Contact)) if one.person_id == number
        ]
        return care_rows.host(connection, contact_id=chat)

    host_id = await context.write(work)
    assert (await purge_expired(context, NOW)).changed == 1
    left = await context.read(lambda c: c.session.get_one(Host, host_id).contact_id)
    assert left is not None


async def test_what_joined_no_record_goes_after_twelve_months_with_its_case(context: Context) -> None:
    def work(connection: Connection) -> None:
        for address, at in (("old", NOW - YEAR), ("new", NOW - timedelta(days=300))):
            chat = contact(connection, address)
            connection.session.get_one(Contact, chat).created_at = NOW - 2 * YEAR
            sent = Submission(contact_id=chat, answers_sealed=b"x", outcome="conflict", at=at)
            connection.session.add(sent)
            connection.session.flush()
            connection.session.add(
                StaffCase(
                    kind="identity_conflict",
                    contact_id=chat,
                    submission_id=sent.id,
                    status="open",
                    created_at=at,
                )
            )

    await context.write(work)
    assert (await purge_expired(context, NOW)).changed == 1
    left = await context.read(lambda c: (number_of(c, Submission), number_of(c, StaffCase)))
    assert left == (1, 1)


async def test_many_go_in_small_portions(context: Context) -> None:
    def work(connection: Connection) -> None:
        for number in range(1, 61):
            person = care_rows.person(connection, context.sealer, number, contacts=0)
            connection.session.get_one(Person, person).created_at = NOW - YEAR

    await context.write(work)
    before = context.database.commits
    assert (await purge_expired(context, NOW)).changed == 60
    assert context.database.commits - before >= 60 // retention.PEOPLE_AT_ONCE + 1


async def test_links_that_open_nothing_any_more_go(context: Context) -> None:
    chat = await context.write(contact)
    await context.write(
        lambda c: form_links.make(c, context.sealer, chat, "registration", "name", NOW - timedelta(hours=1))
    )
    assert await purge_expired(context, NOW) == Done(changed=1)
