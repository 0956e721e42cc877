"""`jianxi wechat mass`: to whom it goes, what it says before and after, and that nothing goes twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import utc_now
from bot.channels.wechat_mass import month_of
from bot.channels.wechat_mass_plan import Plan, Reason, fitting, planned
from bot.channels.wechat_quota import BEIJING
from bot.channels.wechat_wire import LONGEST_TEXT
from storage import allowances, audit, conversations, quotas
from storage.database import Connection, Database
from tests.channels.gateway import wechat_settings
from tests.serving import Done, Run
from tests.standins.wechat import APP_ID, Fault, WeChatPlatform

TEXT = "见习岗位专场下周三在市人才市场举办。"


@pytest.fixture
async def platform() -> AsyncIterator[WeChatPlatform]:
    async with WeChatPlatform(utc_now) as opened:
        yield opened
        assert opened.violations == []


@pytest.fixture
def base(data: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{data}/jianxi.db")
    yield database
    database.close_sync()


def followers(base: Database, platform: WeChatPlatform | None, *openids: str) -> list[int]:
    """People who follow the account and have agreed to messages; returns their contacts."""
    if platform is not None:
        platform.follows(*openids)

    def work(connection: Connection) -> list[int]:
        contacts = [
            conversations.add_contact(connection, "wechat", openid, None, utc_now()) for openid in openids
        ]
        for contact_id in contacts:
            conversations.set_push(connection, contact_id, True)
        return contacts

    return base.write_sync(work)


class Desk:
    """Where a clerk sits: files, and the command."""

    def __init__(self, run: Run, platform: WeChatPlatform, folder: Path) -> None:
        self.run = run
        self.platform = platform
        self.text, self.list = folder / "通知.txt", folder / "名单.txt"
        self.text.write_text(TEXT + "\n", "utf-8")

    async def mass(self, openids: Sequence[str], *options: str, typed: str = "", **settings: str) -> Done:
        self.list.write_text("\n".join(openids) + "\n", "utf-8-sig")
        return await self.command(*options, typed=typed, **settings)

    async def command(self, *options: str, typed: str = "", **settings: str) -> Done:
        given = wechat_settings(self.platform) | settings
        arguments = ("wechat", "mass", str(self.text), "--to", str(self.list), *options)
        done = await asyncio.to_thread(lambda: self.run(*arguments, text=typed, **given))
        assert "Traceback" not in done.error
        assert (done.status == 0) == (done.error == ""), done
        return done

    async def report(self, openids: Sequence[str], *options: str) -> dict[str, Any]:
        done = await self.mass(openids, "--json", *options)
        return {"status": done.status, **json.loads(done.out)}


@pytest.fixture
def desk(run: Run, platform: WeChatPlatform, tmp_path: Path) -> Desk:
    return Desk(run, platform, tmp_path)


# --- to whom -------------------------------------------------------------------------------------------------


async def test_only_people_who_can_get_it_and_want_it_do_and_the_others_are_named_with_the_reason(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    _, _, gone, unwilling, full = followers(base, platform, "oA", "oB", "oGONE", "oUNWILLING", "oFULL")

    def happens(connection: Connection) -> None:
        conversations.set_reachable(connection, gone, False)
        conversations.set_push(connection, unwilling, False)
        for _ in range(4):
            assert allowances.take_mass(connection, full, month_of(utc_now()), 4)

    base.write_sync(happens)
    everybody = ["oB", "oA", "oSTRANGER", "oGONE", "oUNWILLING", "oFULL", "oA", ""]
    report = await desk.report(everybody, "--yes")
    assert platform.masses[0]["touser"] == ["oA", "oB"]
    assert platform.masses[0]["text"] == {"content": TEXT}
    assert report["skipped"] == [
        {"openid": "oFULL", "reason": "share_used"},
        {"openid": "oGONE", "reason": "unreachable"},
        {"openid": "oSTRANGER", "reason": "unknown"},
        {"openid": "oUNWILLING", "reason": "push_not_allowed"},
    ]
    assert (report["status"], report["people"], report["had_this_month"]) == (0, 2, {"1": 2})
    [part] = report["parts"]
    assert (part["state"], part["people"], part["client_id"]) == (
        "sent",
        2,
        platform.masses[0]["clientmsgid"],
    )
    assert part["message_id"]


async def test_everything_is_shown_before_the_question(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    had, _ = followers(base, platform, "oA", "oB")
    base.write_sync(lambda c: allowances.take_mass(c, had, month_of(utc_now()), 4))
    done = await desk.mass(["oA", "oB", "oB", "oSTRANGER"], typed="y\n")
    before, _, after = done.out.partition("发给这 2 人？")
    for shown in (
        "名单 3 人，重复的 1 行不算",
        "这次发给 2 人，发不了 1 人",
        "没有和公众号说过话，1 人：\n    oSTRANGER",
        "收过 1 条的 1 人，收过 2 条的 1 人",
        "要用 1 次，今天还剩 100 次",
    ):
        assert shown in before
    assert "已交给平台：2 人，消息号" in after
    assert len(platform.masses) == 1


async def test_a_long_list_of_those_left_out_is_cut_for_eyes_only(desk: Desk) -> None:
    strangers = [f"oS{n:03d}" for n in range(50)]
    shown = (await desk.mass(strangers, "--dry-run")).out
    assert shown.count("oS") == 20
    assert "50 人" in shown
    assert len((await desk.report(strangers, "--dry-run"))["skipped"]) == 50


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
async def test_without_a_yes_nothing_goes_out(
    desk: Desk, base: Database, platform: WeChatPlatform, typed: str
) -> None:
    followers(base, platform, "oA", "oB")
    done = await desk.mass(["oA", "oB"], typed=typed)
    assert (done.status, "什么都没发" in done.error) == (1, True)
    assert platform.calls == {}


async def test_a_trial_calls_nobody_and_costs_nothing(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    followers(base, platform, "oA", "oB")
    assert "没有发" in (await desk.mass(["oA", "oB"], "--dry-run")).out
    report = await desk.report(["oA", "oB"], "--dry-run", "--yes")
    assert [part["state"] for part in report["parts"]] == ["planned"]
    assert platform.calls == {}
    assert report["had_this_month"] == {"1": 2}


@pytest.mark.parametrize("people", [[], ["oA"], ["oSTRANGER", "oOTHER"]], ids=["nobody", "one", "strangers"])
async def test_too_few_are_sent_nothing_and_told_why(
    desk: Desk, base: Database, platform: WeChatPlatform, people: list[str]
) -> None:
    followers(base, platform, "oA")
    done = await desk.mass(people, "--yes")
    assert (done.status, "没有可以发的人" in done.error) == (1, True)
    assert ("至少两个人" in done.out) == (people == ["oA"])
    assert platform.calls == {}


async def test_who_opts_out_while_the_question_stands_is_left_out(
    desk: Desk, base: Database, platform: WeChatPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, leaving = followers(base, platform, "oA", "oB", "oC")

    def thinks(question: str) -> bool:
        base.write_sync(lambda c: conversations.set_push(c, leaving, False))
        return True

    monkeypatch.setattr("bot.cli_wechat_mass.typer.confirm", thinks)
    await desk.mass(["oA", "oB", "oC"])
    assert platform.masses[0]["touser"] == ["oA", "oB"]


# --- once ----------------------------------------------------------------------------------------------------


async def test_the_same_command_again_sends_nothing_again(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    first, *_ = followers(base, platform, "oA", "oB")
    [sent] = (await desk.report(["oA", "oB"], "--yes"))["parts"]
    again = await desk.mass(["oB", "oA", "oA"], "--yes")
    assert (again.status, "已经发过" in again.out, sent["message_id"] in again.out) == (0, True, True)
    [part] = (await desk.report(["oA", "oB"], "--yes"))["parts"]
    assert part == sent | {"state": "sent_before"}
    assert (len(platform.masses), platform.calls["mass"]) == (1, 1)
    assert base.read_sync(lambda c: allowances.mass_used(c, first, month_of(utc_now()))) == 1


async def test_another_text_or_list_is_another_message(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    followers(base, platform, "oA", "oB", "oC")
    await desk.mass(["oA", "oB"], "--yes")
    await desk.mass(["oA", "oB", "oC"], "--yes")
    desk.text.write_text("另一条", "utf-8")
    await desk.mass(["oA", "oB"], "--yes")
    assert len({message["clientmsgid"] for message in platform.masses}) == 3
    assert all(len(message["clientmsgid"].encode()) <= 64 for message in platform.masses)


@pytest.mark.parametrize("fault", ["half", "cut", "500"])
async def test_after_a_fault_the_same_command_finishes_it_and_nobody_gets_it_twice(
    desk: Desk, base: Database, platform: WeChatPlatform, fault: Fault
) -> None:
    followers(base, platform, "oA", "oB")
    platform.break_next("mass", fault)
    done = await desk.mass(["oA", "oB"], "--yes")
    assert done.status == 1
    assert "再执行一次同样的命令" in done.out
    again = await desk.mass(["oA", "oB"], "--yes")
    assert ("平台说已经发过" in again.out) == (fault == "half")
    assert [len(platform.arrived[openid]) for openid in ("oA", "oB")] == [1, 1]
    third = await desk.mass(["oA", "oB"], "--yes")
    assert "不再发" in third.out
    assert platform.calls["mass"] == 2


async def test_what_was_sent_is_in_the_audit_log_without_names(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    followers(base, platform, "oA", "oB")
    [part] = (await desk.report(["oA", "oB"], "--yes"))["parts"]
    act = base.read_sync(lambda c: audit.latest(c, "wechat.mass", f"mass:{part['client_id']}"))
    assert act is not None
    assert act.detail == {"message_id": part["message_id"], "people": 2}


async def test_a_refusal_of_the_platform_is_explained(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    followers(base, platform, "oA", "oB")
    platform.break_next("mass", 45028)
    done = await desk.mass(["oA", "oB"], "--yes")
    assert "这个月的群发次数用完" in done.error


async def test_when_the_calls_of_the_day_are_used_up_nothing_is_begun(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    followers(base, platform, "oA", "oB")
    day = utc_now().astimezone(BEIJING).date().isoformat()
    base.write_sync(lambda c: quotas.take(c, APP_ID, "mass", day, 1))
    desk.text.write_text("另一条", "utf-8")
    done = await desk.mass(["oA", "oB"], "--yes")
    assert (done.status, "请明天再发" in done.error) == (1, True)
    assert platform.calls == {}


async def test_a_warning_about_the_quota_does_not_spoil_what_a_program_reads(
    desk: Desk, base: Database, platform: WeChatPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.wechat_quota.ALARM_AT", 0.01)
    followers(base, platform, "oA", "oB")
    desk.list.write_text("oA\noB\n", "utf-8")
    arguments = ("wechat", "mass", str(desk.text), "--to", str(desk.list), "--yes", "--json")
    done = await asyncio.to_thread(lambda: desk.run(*arguments, **wechat_settings(platform)))
    assert json.loads(done.out)["people"] == 2
    assert "wechat_quota_nearly_used" in done.error


async def test_the_quota_shows_how_much_of_the_month_is_left(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    month = month_of(utc_now())
    before = month_of(month - timedelta(days=1))
    people = followers(base, platform, "oA", "oB", "oC", "oD")
    had = ((people[0], month, 4), (people[1], month, 3), (people[2], month, 3), (people[3], before, 2))

    def work(connection: Connection) -> None:
        for contact, counted, times in had:
            for _ in range(times):
                allowances.take_mass(connection, contact, counted, 4)

    base.write_sync(work)
    done = await asyncio.to_thread(lambda: desk.run("wechat", "quota", **wechat_settings(platform)))
    assert "收过 4 条的 1 人，已经满额" in done.out
    assert "收过 3 条的 2 人，还能收 1 条" in done.out
    assert "收过 2 条" not in done.out, "a month that is over"


# --- cut into calls ------------------------------------------------------------------------------------------


async def test_more_than_ten_thousand_go_out_in_even_parts_that_a_fault_does_not_shift(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    everybody = [f"o{n:05d}" for n in range(10_001)]
    contacts = followers(base, platform, *everybody)
    platform.break_next("mass", "half")  # the first call is carried out, but nobody hears of it
    assert (await desk.mass(everybody, "--yes")).status == 1
    base.write_sync(lambda c: conversations.set_push(c, contacts[0], False))
    again = await desk.report(everybody, "--yes")
    assert [(part["state"], part["people"]) for part in again["parts"]] == [
        ("sent_before", 5000),
        ("sent", 5000),
    ]
    assert [len(message["touser"]) for message in platform.masses] == [5001, 5000]
    assert {len(platform.arrived[openid]) for openid in everybody} == {1}


def test_the_parts_of_a_list_do_not_depend_on_who_is_left_out(base: Database) -> None:
    everybody = [f"o{n:05d}" for n in range(20_001)]
    followers(base, None, *everybody[::2])

    def plan(openids: Sequence[str]) -> Plan:
        return base.read_sync(lambda c: planned(c, "wx", TEXT, openids, month_of(utc_now())))

    first = plan(everybody)
    assert (first.calls, first.people, len(first.skipped)) == (3, 10_001, 10_000)
    assert {len(part.recipients) for part in first.parts} <= {3333, 3334}
    followers(base, None, *everybody[1::2])
    second = plan(everybody[::-1])
    assert [part.client_id for part in second.parts] == [part.client_id for part in first.parts]
    for before, after in zip(first.parts, second.parts, strict=True):
        assert set(before.recipients) <= set(after.recipients)
    assert {len(part.recipients) for part in second.parts} == {6667}


def test_the_share_of_last_month_is_not_counted(base: Database) -> None:
    [contact, _] = followers(base, None, "oA", "oB")
    earlier = month_of(month_of(utc_now()) - timedelta(days=1))
    for _ in range(4):
        base.write_sync(lambda c: allowances.take_mass(c, contact, earlier, 4))
    plan = base.read_sync(lambda c: planned(c, "wx", TEXT, ["oA", "oB"], month_of(utc_now())))
    assert (plan.people, plan.had_then) == (2, {1: 2})
    later = base.read_sync(lambda c: planned(c, "wx", TEXT, ["oA", "oB"], earlier))
    assert [skipped.reason for skipped in later.skipped] == [Reason.SHARE_USED, Reason.ALONE]


# --- the text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "空的"),
        (b"  \n", "空的"),
        (("字" * 667).encode(), "文字太长：667 字，2001 字节"),
        ("字".encode("gbk"), "UTF-8"),
    ],
)
async def test_a_text_that_cannot_be_sent_is_refused_with_what_to_do(
    desk: Desk, base: Database, platform: WeChatPlatform, content: bytes, why: str
) -> None:
    followers(base, platform, "oA", "oB")
    desk.text.write_bytes(content)
    done = await desk.mass(["oA", "oB"], "--yes")
    assert (done.status, why in done.error) == (1, True)
    assert platform.calls == {}


def test_a_text_is_sent_as_written_but_brings_nothing_to_life() -> None:
    assert len(fitting("字" * 666).encode()) <= LONGEST_TEXT
    assert (
        fitting('\n看<a href="http://x">这里</a>\n\n第二段 \n') == '看＜a href="http://x">这里＜/a>\n\n第二段'
    )


async def test_files_that_are_not_there_are_named(desk: Desk, platform: WeChatPlatform) -> None:
    done = await desk.command("--yes")
    assert (done.status, "名单.txt" in done.error) == (1, True)
    desk.text.unlink()
    assert "通知.txt" in (await desk.command("--yes")).error


async def test_a_program_must_say_yes_beforehand(
    desk: Desk, base: Database, platform: WeChatPlatform
) -> None:
    followers(base, platform, "oA", "oB")
    done = await desk.mass(["oA", "oB"], "--json")
    assert (done.status, "--yes" in done.error) == (2, True)
    assert platform.calls == {}


async def test_an_account_that_is_not_configured_is_explained(desk: Desk) -> None:
    done = await desk.mass(["oA", "oB"], "--yes", wechat_secret="")
    assert (done.status, "jianxi doctor" in done.error) == (1, True)
