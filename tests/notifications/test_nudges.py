"""Unfinished registrations are nudged once, in time, and only where that is welcome."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bot.texts import catalogue
from bot.turns import Turns
from notifications.jobs import Context, Done
from notifications.nudges import nudge_unfinished
from policy.outgoing_codes import DeliveryState
from storage import deliveries
from storage.database import Connection
from storage.deliveries import Said, delivery
from storage.tables import Contact, core
from tests.talking import Clock, take, take_all

HALF_WAY = ("报名", "1", "没有", "本科")


@pytest.fixture
def context(turns: Turns) -> Context:
    return Context(turns.database, turns.sealer, ZoneInfo("Asia/Shanghai"))


async def nudge(context: Context, clock: Clock) -> Done:
    return await nudge_unfinished(catalogue(), context, clock())


def waiting(connection: Connection) -> list[tuple[str, str | None]]:
    rows = connection.sqlalchemy.execute(delivery.select().order_by(delivery.c.id))
    return [(row.state, row.reason) for row in rows]


async def test_who_stopped_half_way_is_told_once_where_they_are(
    turns: Turns, context: Context, clock: Clock
) -> None:
    await take_all(turns, HALF_WAY)
    clock.move(hours=21)
    assert await nudge(context, clock) == Done(created=1)
    assert await nudge(context, clock) == Done()
    clock.move(hours=1)
    assert (await nudge(context, clock)).created == 0

    def said(connection: Connection) -> list[Said]:
        rows = connection.sqlalchemy.execute(delivery.select())
        opened = [deliveries.opened(context.sealer, row.content_sealed) for row in rows]
        return [one for one in opened if isinstance(one, Said)]

    [text] = await context.read(said)
    assert text.text.startswith("您好，您的见习报名填到第 4 题，共 ")
    assert (text.dialog, text.step, text.choices) == (
        "registration",
        "graduated_on",
        (("继续", "接着填"),),
    )


@pytest.mark.parametrize(
    ("begun", "hours", "created"), [(20, 13, 0), (14, 19, 0), (12, 21, 1), (12, 45, 1), (12, 46.5, 0)]
)
async def test_it_comes_after_most_of_a_day_and_before_the_platforms_window_closes(
    turns: Turns, context: Context, clock: Clock, begun: int, hours: float, created: int
) -> None:
    clock.now = datetime(2026, 11, 24, begun, tzinfo=context.zone).astimezone(UTC)
    await take_all(turns, HALF_WAY)
    clock.move(hours=hours)
    assert (await nudge(context, clock)).created == created


async def test_nobody_is_nudged_in_the_night(turns: Turns, context: Context, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 24, 15, tzinfo=UTC)  # eleven in the evening
    await take_all(turns, HALF_WAY)
    clock.move(hours=23)
    assert await nudge(context, clock) == Done()
    clock.move(hours=11)
    assert (await nudge(context, clock)).created == 1


@pytest.mark.parametrize(
    "words",
    [
        ("你好",),
        (*HALF_WAY, "取消"),
        (*HALF_WAY, "退订"),
        ("报名", "1", "1"),
    ],
    ids=["never began", "left it", "opted out", "not eligible"],
)
async def test_who_did_not_stop_in_the_middle_or_opted_out_is_left_in_peace(
    turns: Turns, context: Context, clock: Clock, words: tuple[str, ...]
) -> None:
    await take_all(turns, words)
    clock.move(hours=24)
    assert await nudge(context, clock) == Done()


async def test_who_took_the_opting_out_back_is_nudged(turns: Turns, context: Context, clock: Clock) -> None:
    await take_all(turns, ("退订", "菜单", "我的信息和推送", "开关消息推送", "恢复推送", "菜单", *HALF_WAY))
    clock.move(hours=24)
    assert (await nudge(context, clock)).created == 1


async def test_who_cannot_be_reached_is_not_nudged(turns: Turns, context: Context, clock: Clock) -> None:
    await take_all(turns, HALF_WAY)
    await context.write(lambda c: c.sqlalchemy.execute(update(core(Contact)).values(reachable=False)))
    clock.move(hours=24)
    assert await nudge(context, clock) == Done()


async def test_a_reminder_that_waits_is_taken_back_when_they_go_on_or_it_comes_too_late(
    turns: Turns, context: Context, clock: Clock
) -> None:
    await take_all(turns, HALF_WAY, address="goes on")
    await take_all(turns, HALF_WAY, address="silent")
    clock.move(hours=24)
    assert (await nudge(context, clock)).created == 2
    clock.move(hours=1)
    await take(turns, "2026年6月30日", address="goes on")
    clock.move(minutes=5)
    assert await nudge(context, clock) == Done(changed=1)
    assert await context.read(waiting) == [
        (DeliveryState.SKIPPED, "settled"),
        (DeliveryState.QUEUED, None),
    ]
    clock.move(hours=26)
    assert (await nudge(context, clock)).changed == 1
