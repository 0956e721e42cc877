"""`jianxi broadcasts …`: from a draft to the exported list, with names masked and everybody's own account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from bot.app import Parts, utc_now
from bot.cli_broadcast_results import TITLES, reason_label
from policy.broadcasts import RULES
from policy.outgoing_codes import DeliveryState, SkipReason
from storage import broadcast_drafts, broadcasts, staff_bindings
from storage.database import Connection
from storage.tables import Audit, core
from tests.serving import Done, Run
from tests.storage.broadcast_rows import add_contact, contact, crowd, person_of, settle

TEXT = "{{ greeting }}，周六招聘会"


@pytest.fixture(autouse=True)
def li_at_the_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is done by the account "li" unless a test says otherwise."""
    monkeypatch.setenv("LOGNAME", "li")


def people(parts: Parts, number: int, **fields: Any) -> list[int]:  # noqa: ANN401 - columns
    return parts.database.write_sync(lambda connection: crowd(connection, parts.sealer, number, **fields))


def drafted(run: Run, *filters: str) -> Done:
    done = run("broadcasts", "draft", "--title", "招聘会", "--text", TEXT, *(filters or ("--everybody",)))
    assert done.status == 0, done.error
    return done


def shown(run: Run, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("broadcasts", "show", str(number), "--json").out)
    return found


def stored(parts: Parts, text: str = TEXT, **filters: Any) -> None:  # noqa: ANN401 - filters
    """The first broadcast, written by "li"."""
    parts.database.write_sync(
        lambda c: broadcast_drafts.draft(c, "招聘会", text, filters, actor="cli:li", now=utc_now())
    )


def submitted(parts: Parts) -> None:
    """The first broadcast, handed in by "li"."""
    stored(parts)
    now = utc_now()
    parts.database.write_sync(
        lambda c: broadcast_drafts.submit(c, 1, actor="cli:li", now=now, today=now.date())
    )


def begun(parts: Parts) -> None:
    """The first broadcast, started by "li"."""
    submitted(parts)
    now = utc_now()
    parts.database.write_sync(lambda c: broadcasts.start(c, 1, actor="cli:li", now=now, today=now.date()))


def actions(parts: Parts, action: str) -> list[tuple[str, dict[str, Any]]]:
    log = core(Audit)
    query = select(log.c.actor, log.c.detail).where(log.c.action == action)
    return parts.database.read_sync(lambda c: [(row[0], row[1]) for row in c.sqlalchemy.execute(query)])


# --- writing ---


def test_a_draft_tells_how_many_it_is_for_and_what_comes_next(parts: Parts, run: Run) -> None:
    people(parts, 2, residence_city="440600")
    people(parts, 1)
    done = drafted(run, "--city", "佛山", "--no-hardship", "--kind", "2")
    assert "现在有 2 人" in done.out
    assert "常住城市：佛山" in done.out
    assert "broadcasts preview 1" in done.out
    assert shown(run)["audience"] == {"cities": ["440600"], "kinds": ["2"], "hardship": False}
    assert shown(run)["created_by"] == "cli:li"


def test_every_filter_can_be_typed(parts: Parts, run: Run) -> None:
    drafted(
        run,
        *("--city", "广州", "--city", "440600", "--wished-city", "深圳", "--track", "graduate"),
        *("--stage", "none", "--stage", "在岗", "--hardship", "--education", "大学本科", "--kind", "2"),
        *("--source", "poster", "--channel", "微信公众号", "--seen-within", "30", "--silent-for", "3"),
        "--include-demo",
    )
    assert shown(run)["audience"] == {
        "cities": ["440100", "440600"],
        "wished_cities": ["440300"],
        "tracks": ["graduate"],
        "stages": ["none", "in_post"],
        "hardship": True,
        "educations": ["21"],
        "kinds": ["2"],
        "source": "poster",
        "channels": ["wechat"],
        "seen_within": 30,
        "silent_for": 3,
        "include_demo": True,
    }


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("draft", "--title", "一", "--text", "您好"), 2, "发给谁"),
        (("draft", "--title", "一", "--everybody"), 2, "--text"),
        (("draft", "--title", "一", "--text", "{{ nmae }}", "--everybody"), 1, "nmae"),
        (("draft", "--title", "一", "--text", "您好", "--city", "北京"), 2, "北京"),
        (("draft", "--title", "一", "--text", "您好", "--track", "老人"), 2, "可以写"),
        (("draft", "--title", "一", "--text", "您好", "--everybody", "--city", "广州"), 2, "--everybody"),
        (("draft", "--title", "一", "--text", "您好", "--seen-within", "0"), 1, "天数"),
        (
            ("draft", "--title", "一", "--text", "您好", "--everybody", "--expires", "明天"),
            2,
            "2026-11-27 09:00",
        ),
        (("draft", "--title", "一", "--everybody", "--file", "nothing.txt"), 1, "nothing.txt"),
        (("draft", "--title", "一", "--everybody", "--file", "x", "--text", "y"), 2, "只写一个"),
        (("change", "1"), 2, "要改什么"),
        (("change", "9", "--title", "x"), 1, "编号"),
        (("size",), 2, "群发编号"),
        (("schedule", "1", "soon"), 2, "soon"),
        (("schedule", "1", "2020-01-01 09:00"), 1, "现在以后"),
        (("submit", "1"), 1, "一个人也没有"),
        (("approve", "1"), 1, "没有等着复核"),
        (("approve", "1", "--approver", "a/b"), 2, "复核人"),
        (("start", "1"), 1, "草稿"),
        (("test", "1", "--to", "王五"), 1, "绑定"),
        (("export", "1", "x.csv"), 2, ".xlsx"),
        (("export", "1", "x.xlsx"), 1, "还没有开始"),
        (("export", "1", "x.xlsx", "--state", "好"), 2, "已发送"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_status(
    parts: Parts, run: Run, arguments: tuple[str, ...], status: int, words: str
) -> None:
    stored(parts)
    done = run("broadcasts", *arguments)
    assert (done.status, words in done.error) == (status, True), done


def test_a_text_comes_from_a_file_or_is_typed_in(parts: Parts, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("\ufeff第一行\n第二行\n", "utf-8")
    stored(parts)
    assert run("broadcasts", "change", "1", "--file", str(file)).status == 0
    assert shown(run)["text"] == "第一行\n第二行\n"
    assert run("broadcasts", "change", "1", "--file", "-", text="从键盘").status == 0
    assert shown(run)["text"] == "从键盘"
    file.write_bytes("中文".encode("gb18030"))
    assert "UTF-8" in run("broadcasts", "change", "1", "--file", str(file)).error


def test_filters_typed_anew_replace_the_old_ones(parts: Parts, run: Run) -> None:
    stored(parts, cities=["440100"], tracks=["graduate"])
    run("broadcasts", "change", "1", "--city", "佛山")
    run("broadcasts", "change", "1", "--title", "新标题")
    assert shown(run)["audience"] == {"cities": ["440600"]}
    run("broadcasts", "change", "1", "--everybody")
    assert shown(run)["audience"] == {}


def test_nobody_overwrites_what_another_clerk_changed(parts: Parts, run: Run) -> None:
    stored(parts)
    assert run("broadcasts", "change", "1", "--title", "二", "--version", "1").status == 0
    done = run("broadcasts", "change", "1", "--title", "三", "--version", "1")
    assert (done.status, "别人改过" in done.error) == (1, True)


# --- looking before it goes ---


def test_the_size_is_live_with_channels_and_a_masked_sample(parts: Parts, run: Run) -> None:
    first, *_ = people(parts, 3, name="欧阳娜")
    owner = parts.database.read_sync(lambda c: person_of(c, first))
    parts.database.write_sync(lambda c: add_contact(c, owner, channel="telegram", heard=utc_now()))
    done = run("broadcasts", "size", "--city", "广州", "--sample", "2", "--json")
    found = json.loads(done.out)
    assert (found["size"], found["channels"], found["closed"]) == (3, {"telegram": 1, "web": 2}, ["telegram"])
    assert [each["name"] for each in found["sample"]] == ["欧*", "欧*"]
    assert "阳" not in done.out
    table = run("broadcasts", "size", "--everybody").out
    assert "现在有 3 人" in table
    assert "Telegram 1 人（这个渠道没有开通" in table


def test_a_preview_is_masked_and_tells_the_way(parts: Parts, run: Run) -> None:
    first, second = people(parts, 2, name="欧阳娜")
    parts.database.write_sync(
        lambda c: c.sqlalchemy.execute(update(contact).where(contact.c.id == second).values(channel="wechat"))
    )
    stored(parts, "{{ name }}您好")
    found = json.loads(run("broadcasts", "preview", "1", "--json").out)
    assert [(each["contact_id"], each["text"]) for each in found["people"]] == [
        (first, "欧*您好"),
        (second, "欧*您好"),
    ]
    assert [each["route"] for each in found["people"]] == ["打开网页时看到", "这个渠道没有开通，发不出去"]
    assert set(found["people"][0]) == {"contact_id", "channel", "route", "text"}


def test_the_way_is_asked_of_the_channels_that_are_set_up(parts: Parts, run: Run) -> None:
    people(parts, 1, channel="telegram")
    stored(parts)
    done = run("broadcasts", "preview", "1", telegram_token="123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI")
    assert "直接发送" in done.out, done


def test_a_test_goes_to_the_clerks_own_chat(parts: Parts, run: Run) -> None:
    def bound(connection: Connection) -> None:
        [chat] = crowd(connection, parts.sealer, 1)
        code = staff_bindings.invite(connection, parts.sealer, "li", None, actor="cli:li", now=utc_now())
        staff_bindings.bind(connection, parts.sealer, code, chat, now=utc_now())

    parts.database.write_sync(bound)
    stored(parts)
    done = run("broadcasts", "test", "1")
    assert "“li”绑定的 1 个聊天" in done.out, done
    assert actions(parts, "broadcast.test") == [("cli:li", {"size": 0})]


# --- its course ---


def test_many_people_need_somebody_else(parts: Parts, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    people(parts, RULES.approval_above + 1)
    stored(parts)
    assert "另一位工作人员" in run("broadcasts", "submit", "1").out
    for own in ((), ("--approver", " Li ")):
        done = run("broadcasts", "approve", "1", *own)
        assert (done.status, "另一位" in done.error) == (1, True), done
    monkeypatch.setenv("LOGNAME", "chen")
    assert run("broadcasts", "approve", "1", "--approver", "li").status == 1
    assert run("broadcasts", "approve", "1").status == 0
    assert shown(run)["approved_by"] == "cli:chen"


def test_a_small_office_names_who_approves(parts: Parts, run: Run) -> None:
    people(parts, RULES.approval_above + 1)
    submitted(parts)
    assert run("broadcasts", "approve", "1", "--approver", "陈主任").status == 0
    assert shown(run)["approved_by"] == "cli:li/陈主任"
    assert actions(parts, "broadcast.approved")[0][0] == "cli:li/陈主任"


def test_it_is_started_paused_resumed_and_given_up(parts: Parts, run: Run) -> None:
    people(parts, 3)
    submitted(parts)
    assert "先试发 1 人" in run("broadcasts", "start", "1").out
    assert run("broadcasts", "start", "1").status == 1
    assert "1 条排着队的先不发" in run("broadcasts", "pause", "1").out
    assert "试发中" in run("broadcasts", "resume", "1").out
    assert "3 条没有发出" in run("broadcasts", "cancel", "1").out
    result = json.loads(run("broadcasts", "result", "1", "--json").out)
    assert result == [
        {
            "state": "skipped",
            "state_label": "按规则未发",
            "reason": "cancelled",
            "reason_label": "已取消",
            "number": 3,
        }
    ]
    assert "已取消" in run("broadcasts", "list").out


def test_a_time_is_the_local_one(parts: Parts, run: Run) -> None:
    people(parts, 1)
    submitted(parts)
    assert "2036-01-31 09:00" in run("broadcasts", "schedule", "1", "2036-01-31 09:00").out
    assert shown(run)["starts_at"] == "2036-01-31T01:00:00+00:00"
    assert "草稿" in run("broadcasts", "draft-again", "1").out
    assert shown(run)["starts_at"] is None


# --- what became of it ---


def test_progress_counts_what_is_settled(parts: Parts, run: Run) -> None:
    people(parts, 4)
    begun(parts)
    parts.database.write_sync(lambda c: settle(c, DeliveryState.SENT, utc_now()))
    found = json.loads(run("broadcasts", "progress", "1", "--json").out)
    assert (found["size"], found["settled"], found["states"]) == (4, 1, {"sent": 1, "paused": 3})
    assert "1/4 人，25%" in run("broadcasts", "progress", "1").out


def test_the_list_of_recipients_is_masked_text(parts: Parts, run: Run, tmp_path: Path) -> None:
    people(parts, 2, name="=SUM(A1)")
    people(parts, 1, name="欧阳娜", residence_city="440600")
    begun(parts)
    file = tmp_path / "result.xlsx"
    done = run("broadcasts", "export", "1", str(file))
    assert "已导出 3 人" in done.out, done
    header, *rows = load_workbook(file).active.values
    assert header == TITLES
    assert [(row[2], row[3], row[4]) for row in rows] == [
        ("'=*", "138****8000", "广州"),
        ("'=*", "138****8000", "广州"),
        ("欧*", "138****8000", "佛山"),
    ]
    assert [row[6] for row in rows] == ["待发送", "等待放行", "等待放行"]
    assert all(isinstance(cell, str) or cell is None for row in rows for cell in row)
    assert actions(parts, "broadcast.export") == [("cli:li", {"unmasked": False})]
    assert file.stat().st_mode & 0o077 == 0


def test_whole_names_are_shown_when_asked_for_and_that_is_recorded(
    parts: Parts, run: Run, tmp_path: Path
) -> None:
    people(parts, 2, name="欧阳娜")
    begun(parts)
    file = tmp_path / "result.xlsx"
    run("broadcasts", "export", "1", str(file), "--unmask", "--state", "待发送")
    _, row = load_workbook(file).active.values
    assert row[2:4] == ("欧阳娜", "13800138000")
    assert actions(parts, "broadcast.export") == [("cli:li", {"unmasked": True})]


def test_somebody_whose_data_was_deleted_stays_a_row_without_a_name(
    parts: Parts, run: Run, tmp_path: Path
) -> None:
    [only] = people(parts, 1)
    begun(parts)
    parts.database.write_sync(
        lambda c: c.sqlalchemy.execute(update(contact).where(contact.c.id == only).values(person_id=None))
    )
    file = tmp_path / "result.xlsx"
    assert run("broadcasts", "export", "1", str(file)).status == 0
    _, row = load_workbook(file).active.values
    assert not row[1]
    assert not row[2]


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        (None, ""),
        ("opted_out", "已退订"),
        ("interrupted", "发送时程序中断"),
        ("message:45002", "平台不收这条内容（45002）"),
        ("fault:KeyError", "程序出错（KeyError）"),
        ("something", "something"),
    ],
)
def test_reasons_are_said_in_words(reason: str | None, label: str) -> None:
    assert reason_label(reason) == label


def test_every_reason_of_the_rules_has_its_words() -> None:
    assert all(reason_label(reason.value) == reason.label for reason in SkipReason)
