"""A clerk ties their own chat to their work, and gets the reminders of their place there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from bot.turns import Turns
from notifications.jobs import Context, Done
from notifications.reminders import Duty
from notifications.staff_reminders import remind_of_events, remind_staff
from policy.ledger_codes import EventStatus
from policy.outgoing_codes import PurposeKind
from storage import deliveries, staff_bindings
from storage.database import Connection
from storage.deliveries import Said, delivery, purpose_table
from storage.ledger_tables import EventSignUp, ProgrammeEvent
from tests.storage.rows import contact
from tests.talking import Clock, take, take_all, texts

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 11, 25, 1, tzinfo=UTC)
GUANGZHOU, SHENZHEN = "440100", "440300"


@pytest.fixture
def context(turns: Turns) -> Context:
    return Context(turns.database, turns.sealer, ZONE)


async def code(context: Context, name: str, city: str | None, now: datetime) -> str:
    return await context.write(
        lambda c: staff_bindings.invite(c, context.sealer, name, city, actor="test", now=now)
    )


async def bound(turns: Turns, context: Context, name: str, city: str | None, clock: Clock) -> None:
    await take(turns, f"绑定 {await code(context, name, city, clock())}", address=name)


async def said(context: Context) -> list[tuple[str, str]]:
    def work(connection: Connection) -> list[tuple[str, str]]:
        table = delivery.join(purpose_table, purpose_table.c.id == delivery.c.purpose_id).join(
            deliveries.contact, deliveries.contact.c.id == delivery.c.contact_id
        )
        rows = connection.sqlalchemy.execute(
            table.select()
            .with_only_columns(deliveries.contact.c.address, purpose_table.c.kind, delivery.c.content_sealed)
            .order_by(delivery.c.id)
        )
        found = []
        for address, kind, sealed in rows:
            content = deliveries.opened(context.sealer, sealed)
            assert isinstance(content, Said)
            assert kind in (PurposeKind.STAFF, PurposeKind.EVENT)
            found.append((address, content.text))
        return found

    return await context.read(work)


def due(*duties: Duty) -> partial[list[Duty]]:
    def read(duties: list[Duty], _connection: Connection, _today: date) -> list[Duty]:
        return duties

    return partial(read, list(duties))


async def test_the_code_binds_in_one_message_or_in_two(turns: Turns, context: Context, clock: Clock) -> None:
    first = await code(context, "李老师", GUANGZHOU, clock())
    answer = await take(turns, f"绑定{first.upper()[:4]}-{first.upper()[4:]}", address="one")
    assert "绑定好了：李老师（广州市）" in texts(answer)
    second = await code(context, "王老师", None, clock())
    answers = await take_all(turns, ["工作人员绑定", f" {second} "], address="two")
    assert "绑定好了：王老师（全省）" in texts(answers[-1])
    assert "用过、过期了" in texts(await take(turns, f"绑定 {second}", address="two"))


async def test_in_the_middle_of_a_registration_it_binds_and_nothing_is_lost(
    turns: Turns, context: Context, clock: Clock
) -> None:
    await take_all(turns, ["报名", "1", "没有"], address="clerk")
    answer = await take(turns, f"绑定 {await code(context, '李老师', None, clock())}", address="clerk")
    assert "绑定好了" in texts(answer)
    assert (await take(turns, "继续", address="clerk"))["step"] == "education"


async def test_unbinding_in_the_chat_ends_the_reminders(turns: Turns, context: Context, clock: Clock) -> None:
    await bound(turns, context, "李老师", GUANGZHOU, clock)
    assert "已经解除绑定" in texts(await take(turns, "解除绑定", address="李老师"))
    reader = due(Duty("report", GUANGZHOU, "2026-11", "该报表了。", mark="1"))
    assert await remind_staff([reader], context, NINE) == Done()


async def test_reminders_reach_the_place_the_province_or_the_clerk_once(
    turns: Turns, context: Context, clock: Clock
) -> None:
    for name, city in (("李老师", GUANGZHOU), ("赵老师", SHENZHEN), ("省里", None)):
        await bound(turns, context, name, city, clock)
    readers = [
        due(
            Duty("report", GUANGZHOU, "2026-11", "广州该报表了。", mark="1"),
            Duty("report", None, "2026-11", "全省该报表了。", mark="3"),
            Duty("report", SHENZHEN, "2026-11", "深圳还不急。", mark=""),
        ),
        due(Duty("cases", None, "2026-11-25", "您有2件待办。", mark="daily", staff="赵老师")),
    ]
    assert await remind_staff(readers, context, NINE) == Done(created=3)
    assert await remind_staff(readers, context, NINE + timedelta(minutes=5)) == Done()
    assert sorted(await said(context)) == sorted(
        [
            ("李老师", "【工作提醒】广州该报表了。"),
            ("省里", "【工作提醒】全省该报表了。"),
            ("赵老师", "【工作提醒】您有2件待办。"),
        ]
    )


async def test_who_signed_up_for_an_event_of_tomorrow_is_reminded_once_and_again_when_it_is_put_off(
    context: Context,
) -> None:
    starts = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)

    def event(connection: Connection, status: str, at: datetime) -> int:
        row = ProgrammeEvent(
            city=GUANGZHOU,
            title="青年见习对接会",
            kind="job_fair",
            starts_at=at,
            venue="天河人才市场",
            status=status,
            created_by="test",
            created_at=NINE,
            updated_at=NINE,
        )
        connection.session.add(row)
        connection.session.flush()
        assert row.id is not None
        for number, state in enumerate(("signed_up", "cancelled", "signed_up")):
            chat = contact(connection, f"{status}{at:%d}-{number}")
            connection.session.add(EventSignUp(event_id=row.id, contact_id=chat, status=state, at=NINE))
        return row.id

    number = await context.write(lambda c: event(c, EventStatus.PUBLISHED, starts))
    await context.write(lambda c: event(c, EventStatus.CANCELLED, starts))
    await context.write(lambda c: event(c, EventStatus.PUBLISHED, starts + timedelta(days=1)))
    assert await remind_of_events(context, NINE) == Done(created=2)
    assert await remind_of_events(context, NINE) == Done()
    assert (await said(context))[0] == (
        "published26-0",
        "提醒您：明天11月26日（周四）14:30，您报名的“青年见习对接会”在天河人才市场举行，请准时到。\n"
        "来不了的话，回复“活动”取消报名，把名额让给别人。",
    )

    def put_off(connection: Connection) -> None:
        connection.session.get_one(ProgrammeEvent, number).starts_at = starts + timedelta(days=7)

    await context.write(put_off)
    assert await remind_of_events(context, NINE + timedelta(days=7)) == Done(created=2)
