"""What the platform says became of messages: kept once, counted once, shown; of nobody in particular."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.wechat_events import Outcome
from bot.channels.wechat_outcomes import Result, result_of
from storage import received_nonces
from storage.database import Connection, Database
from storage.platform_outcomes import Kept, newest, of_message, record
from storage.sealing import Sealer
from tests.channels.gateway import gateway
from tests.channels.wechat_rig import Rig, rig
from tests.serving import Run
from tests.standins.wechat_follower import Follower
from tests.talking import Clock

MASS = (
    "<MsgID>1000001625</MsgID><Status><![CDATA[send success]]></Status><TotalCount>100</TotalCount>"
    "<FilterCount>80</FilterCount><SentCount>75</SentCount><ErrorCount>5</ErrorCount>"
)
BLOCKED = "<MsgID>200163836</MsgID><Status><![CDATA[failed:user block]]></Status>"
NOTICE = (
    "<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>1700827132819554304</MsgID>"
    "<ErrorCode>{}</ErrorCode><ErrorStatus>{}</ErrorStatus></List></SubscribeMsgSentEvent>"
)


@pytest.fixture
async def made(database_url: str, sealer: Sealer) -> AsyncIterator[Rig]:
    database = Database(database_url)
    async with rig(database, sealer) as parts:
        yield parts
    await database.close()


def kept(made: Rig) -> list[tuple[str, str, str, dict[str, object]]]:
    rows = made.database.read_sync(lambda c: newest(c, "wechat", 100))
    return [(row.kind, row.message_id, row.result, row.detail) for row in rows]


async def test_each_kind_of_outcome_is_kept_and_counted(made: Rig) -> None:
    person = made.follower()
    await person.does("TEMPLATESENDJOBFINISH", extra=BLOCKED)
    await person.does("MASSSENDJOBFINISH", extra=MASS)
    await person.does("subscribe_msg_sent_event", extra=NOTICE.format(0, "success"))
    assert kept(made) == [
        ("subscription", "1700827132819554304", "delivered", {"status": "success"}),
        (
            "mass",
            "1000001625",
            "delivered",
            {"status": "send success", "total": 100, "filtered": 80, "sent": 75, "errors": 5},
        ),
        ("template", "200163836", "blocked", {"status": "failed:user block"}),
    ]
    assert [
        made.told("template", "blocked"),
        made.told("mass", "delivered"),
        made.told("subscription", "delivered"),
    ] == [1, 1, 1]


async def test_what_the_platform_repeats_is_kept_and_counted_once(made: Rig) -> None:
    person = made.follower()
    await person.does("MASSSENDJOBFINISH", extra=MASS)
    assert person.last is not None
    await person.post(person.last)
    made.clock.passes(hours=3)  # even when nobody remembers the event any more
    await made.database.write(lambda c: received_nonces.forget_before(c, "wechat", made.clock()))
    await person.does("MASSSENDJOBFINISH", extra=MASS.replace("<SentCount>75", "<SentCount>7"))
    assert [detail["sent"] for _, _, _, detail in kept(made)] == [75]
    assert made.told("mass", "delivered") == 1


async def test_an_outcome_names_nobody(made: Rig) -> None:
    person = made.follower("oSOMEBODY")
    await person.does("TEMPLATESENDJOBFINISH", extra=BLOCKED)
    assert "oSOMEBODY" not in str(kept(made))
    assert b"oSOMEBODY" not in made.metrics.text()
    assert not made.known("oSOMEBODY")


async def test_an_outcome_without_a_message_or_with_strange_numbers_does_no_harm(made: Rig) -> None:
    person = made.follower()
    await person.does("TEMPLATESENDJOBFINISH", extra="<Status>success</Status>")
    strange = MASS.replace("75", "9" * 5000).replace(">80<", ">-1<").replace(">5<", ">٣<")
    await person.does("MASSSENDJOBFINISH", extra=strange)
    assert kept(made) == [("mass", "1000001625", "delivered", {"status": "send success", "total": 100})]


@pytest.mark.parametrize(
    ("status", "delivered", "result"),
    [
        ("success", True, "delivered"),
        ("failed:user block", False, "blocked"),
        ("user refuse", False, "blocked"),
        ("failed: system failed", False, "failed"),
        ("send fail", False, "failed"),
        ("err(10001)", False, "failed"),
        ("", False, "failed"),
    ],
)
def test_the_platforms_words_in_ours(status: str, delivered: bool, result: Result) -> None:
    assert result_of(Outcome("template", "1", status, delivered)) == result


def test_outcomes_are_found_by_message_and_newest_first(database: Database) -> None:
    now = Clock()()
    wanted = Kept("mass", "7", "delivered", {"sent": 2}, now)

    def write_all(connection: Connection) -> list[bool]:
        return [
            record(connection, "wechat", "7", "mass", "delivered", {"sent": 2}, now),
            record(connection, "wechat", "7", "mass", "failed", {}, now),
            record(connection, "wechat", "7", "template", "failed", {}, now),
            record(connection, "telegram", "7", "mass", "failed", {}, now),
            record(connection, "wechat", "8", "mass", "failed", {}, now),
        ]

    assert database.write_sync(write_all) == [True, False, True, True, True]
    assert database.read_sync(lambda c: of_message(c, "wechat", "7")) == [
        wanted,
        Kept("template", "7", "failed", {}, now),
    ]
    assert database.read_sync(lambda c: of_message(c, "wechat", "9")) == []
    latest = database.read_sync(lambda c: newest(c, "wechat", 2))
    assert [(row.message_id, row.kind) for row in latest] == [("8", "mass"), ("7", "template")]


async def test_outcomes_are_kept_by_the_service_and_shown_by_the_command(
    data: Path, clock: Clock, run: Run
) -> None:
    async with gateway(data, clock, wechat="safe") as running:
        person: Follower = running.follower()
        await person.does("TEMPLATESENDJOBFINISH", extra=BLOCKED)
        await person.does("MASSSENDJOBFINISH", extra=MASS)
        assert b'jianxi_platform_outcomes_total{channel="wechat",kind="mass"' in running.parts.metrics.text()
    shown = (await asyncio.to_thread(lambda: run("wechat", "outcomes"))).out
    lines = [line for line in shown.splitlines() if "1000001625" in line or "200163836" in line]
    assert [("群发" in line, "模板消息" in line) for line in lines] == [(True, False), (False, True)]
    assert "共 100，可发 80，送达 75，失败 5" in lines[0]
    assert "对方不收" in lines[1]
    done = await asyncio.to_thread(lambda: run("wechat", "outcomes", "--json", "--limit", "1"))
    [row] = json.loads(done.out)
    assert (row["kind"], row["message_id"], row["result"], row["detail"]["sent"]) == (
        "mass",
        "1000001625",
        "delivered",
        75,
    )


def test_before_any_outcome_the_command_says_so(run: Run) -> None:
    assert "还没有" in run("wechat", "outcomes").out
    assert run("wechat", "outcomes", "--json").out == "[]\n"
    assert run("wechat", "outcomes", "--limit", "0").status == 2
