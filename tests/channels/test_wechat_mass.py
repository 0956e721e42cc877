"""Mass messages: each follower's share of the month, and what is counted when sending fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from bot.channels.wechat_mass import WeChatMass
from notifications.channel import Failure, Recipient, SendFailed
from storage import conversations
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.channels.wechat_rig import ZONE, Rig, rig


@pytest.fixture
async def made(sqlite_url: str, sealer: Sealer) -> AsyncIterator[Rig]:
    database = Database(sqlite_url)
    async with rig(database, sealer) as parts:
        yield parts
    await database.close()


async def people(made: Rig, number: int) -> list[Recipient]:
    openids = [f"oM{n}" for n in range(number)]
    made.platform.follows(*openids)

    def work(connection: Connection) -> list[Recipient]:
        return [
            Recipient(conversations.add_contact(connection, "wechat", openid, None, made.clock()), openid)
            for openid in openids
        ]

    return await made.database.write(work)


async def test_four_a_month_and_then_next_month(made: Rig) -> None:
    everybody, mass = await people(made, 3), WeChatMass(made.client, made.database, made.clock)
    made.clock.now = datetime(2026, 11, 30, 23, 50, tzinfo=ZONE)
    for n in range(4):
        assert (await mass.send(everybody, "通知", f"b{n}")).sent == tuple(everybody)
    result = await mass.send(everybody, "通知", "b4")
    assert (result.message_id, result.sent, result.had_their_share) == (None, (), tuple(everybody))
    made.clock.passes(minutes=10)
    assert (await mass.send(everybody, "通知", "b5")).sent == tuple(everybody)
    assert len(made.platform.masses) == 5


async def test_who_left_is_passed_over(made: Rig) -> None:
    everybody, mass = await people(made, 3), WeChatMass(made.client, made.database, made.clock)
    gone = everybody[0]
    await made.database.write(lambda c: conversations.set_reachable(c, gone.contact_id, False))
    result = await mass.send(everybody, "通知", "b")
    assert (result.sent, result.unreachable) == (tuple(everybody[1:]), (gone,))
    assert made.platform.masses[0]["touser"] == ["oM1", "oM2"]


async def test_one_person_is_no_list_and_keeps_their_share(made: Rig) -> None:
    everybody, mass = await people(made, 2), WeChatMass(made.client, made.database, made.clock)
    for _ in range(5):
        assert (await mass.send(everybody[:1], "通知", "b")).sent == ()
    for n in range(4):
        assert len((await mass.send(everybody, "通知", f"c{n}")).sent) == 2


@pytest.mark.parametrize("fault", [45028, "429", "half"])
async def test_what_failed_is_tried_again_without_costing_a_share(made: Rig, fault: int) -> None:
    everybody, mass = await people(made, 2), WeChatMass(made.client, made.database, made.clock)
    made.platform.break_next("mass", fault)
    with pytest.raises(SendFailed) as caught:
        await mass.send(everybody, "通知", "b0")
    assert caught.value.failure in {Failure.ACCOUNT, Failure.RETRY}
    for n in range(4):
        await mass.send(everybody, "通知", f"b{n}")
    assert len(made.platform.masses) == 4
