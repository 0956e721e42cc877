"""`jianxi internships …` and `jianxi people verify`: a whole life at the keyboard, masking, faults, documents."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from sqlmodel import col, select

from bot.app import Parts, open_parts, utc_now
from bot.settings import load
from policy.life_cycle import last_day
from storage import internships, mentors
from storage.database import Connection
from storage.internship_steps import Act
from storage.ledger_tables import Host
from storage.tables import Audit
from tests.serving import Done, Run
from tests.storage.ledger_people import graduate, post

TODAY = date.today()  # noqa: DTZ011 - the commands go by the clock of the machine
PAST = TODAY - timedelta(days=200)
"""When the internships of these tests began."""


@pytest.fixture
def ledger(data: Path) -> Iterator[Parts]:
    """The base with one graduate and two positions, whose host can be reached."""
    parts = open_parts(load(data=data))

    def fill(connection: Connection) -> None:
        finished = (PAST - timedelta(days=60)).isoformat()
        graduate(connection, parts.sealer, 1, graduated_on=finished)
        post(connection, 1)
        post(connection, 2)
        host = connection.session.get_one(Host, 1)
        host.contact_name_sealed = parts.sealer.seal("黄小姐", b"host.contact_name_sealed")
        host.contact_phone_sealed = parts.sealer.seal("13900000001", b"host.contact_phone_sealed")
        connection.session.add(host)

    parts.database.write_sync(fill)
    yield parts
    parts.database.close_sync()


def steps(run: Run, *commands: str) -> Done:
    """Run commands of `internships` one after the other; all must go well."""
    done = Done(0, "", "")
    for command in commands:
        done = run("internships", *command.split())
        assert done.status == 0, (command, done.error)
    return done


@pytest.fixture
def in_post(ledger: Parts) -> Parts:
    """The same with internship 1, in post."""
    begins = PAST + timedelta(days=5)

    def work(connection: Connection) -> None:
        sealer, by = ledger.sealer, Act(actor="clerk:li", now=utc_now(), today=TODAY, on=PAST)
        internships.apply(connection, sealer, 1, 1, **by)
        internships.refer(connection, sealer, 1, **by)
        internships.accept(connection, sealer, 1, **by)
        mentor_id = mentors.ensure(connection, sealer, 1, "李工", now=utc_now())
        internships.assign_mentor(connection, sealer, 1, mentor_id, **by)
        terms: dict[str, str | int] = {"pay_day": 15, "insurance": "国寿"}
        internships.sign(connection, sealer, 1, starts_on=begins, months=3, terms=terms, **by)
        by["on"] = begins
        internships.arrive(connection, sealer, 1, **by)

    ledger.database.write_sync(work)
    return ledger


def shown(run: Run, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("internships", "show", "1", "--json", *options).out)
    return found


def test_a_whole_life_at_the_keyboard(ledger: Parts, run: Run) -> None:
    begins = PAST + timedelta(days=5)
    steps(
        run,
        f"apply --person 1 --position 1 --on {PAST}",
        f"refer 1 --on {PAST}",
        f"accept 1 --on {PAST}",
        f"mentor 1 李工 --on {PAST}",
        f"sign 1 --starts {begins} --months 3 --on {PAST} --pay-day 15 --insurance 国寿",
        f"arrive 1 --on {begins}",
    )
    ends = last_day(PAST + timedelta(days=5), 3)
    assert "“期满完成”。见习 1 现在：已结束" in steps(run, "complete 1").out
    assert shown(run)["ended_on"] == ends.isoformat(), "the last day of the agreement"
    contract = ends + timedelta(days=3)
    steps(run, f"result 1 被见习单位留用 --contract {contract} --on {contract}")
    row = shown(run)
    assert (row["stage"], row["result"], row["contract_on"]) == ("ended", "retained", contract.isoformat())
    assert row["labels"]["result"] == "被见习单位留用"
    events = json.loads(run("internships", "history", "1", "--json").out)
    assert [event["kind"] for event in events] == [
        *("apply", "refer", "accept", "assign_mentor", "sign", "arrive", "complete", "result")
    ]
    assert "期满完成" in run("internships", "history", "1").out
    text = run("internships", "show", "1").out
    assert "每月补贴 2500 元" in text
    assert "期满完成" in text


def test_people_are_masked_until_somebody_asks_and_is_recorded(in_post: Parts, run: Run) -> None:
    row = shown(run)
    assert (row["name"], row["phone"], row["mentor"]) == ("陈*", "138****0001", "李*")
    assert "陈晓琳" not in run("internships", "list").out
    assert "陈晓琳" not in run("internships", "show", "1").out
    clear = shown(run, "--unmask")
    assert (clear["name"], clear["mentor"]) == ("陈晓琳", "李工")
    [listed] = json.loads(run("internships", "list", "--unmask", "--json").out)
    assert listed["name"] == "陈晓琳"

    def looked(connection: Connection) -> list[str]:
        query = select(Audit.action).order_by(col(Audit.id).desc()).limit(2)
        return list(connection.session.exec(query))

    assert in_post.database.read_sync(looked) == ["internships.list", "internships.show"]


def test_lists_are_filtered_and_paged(in_post: Parts, run: Run) -> None:
    assert json.loads(run("internships", "list", "--stage", "在岗", "--city", "广州", "--json").out)
    assert json.loads(run("internships", "list", "--city", "深圳", "--json").out) == []
    assert json.loads(run("internships", "list", "--overdue", "--json").out), "the term is over"
    assert "--after 1" in run("internships", "list", "--limit", "1").out
    assert json.loads(run("internships", "list", "--after", "1", "--json").out) == []


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ("show 99", 1, "没有这个编号"),
        ("accept 99", 1, "没有这个编号"),
        ("complete 1 --on 明天", 2, "请写成 2026-11-25"),
        ("complete 1 --on 2999-01-01", 1, "不能晚于今天"),
        ("arrive 1", 1, "在岗"),
        ("complete 1 --version 1", 1, "刚被别人改过"),
        ("end 1 --reason 太远", 2, "可以写：个人原因"),
        ("result 1 发财", 2, "可以写：被见习单位留用"),
        ("correct 1 99", 1, "没有这个编号"),
        ("correct 1 6 --set colour=red", 2, "名称有"),
        ("record 1 2026-13 --days 3", 1, "月份请这样写"),
        ("record 1 2026-12", 2, "请至少写一项"),
        ("record 1 2026-12 --paid 两千", 2, "不是金额"),
        ("list --overdue --city 广州", 2, "单独使用"),
        ("list --stage 飞升", 2, "可以写：已报名"),
        ("agreement 1 a.pdf", 2, ".docx"),
        ("agreement 1 no/such/a.docx", 1, "请先建好"),
    ],
)
def test_what_cannot_be_is_said_kindly(
    in_post: Parts, run: Run, command: str, status: int, words: str
) -> None:
    done = run("internships", *command.split())
    assert (done.status, words in done.error) == (status, True), done.error
    assert "Traceback" not in done.error


def test_a_step_is_corrected_and_taken_back(in_post: Parts, run: Run) -> None:
    later = PAST + timedelta(days=7)
    assert run("internships", "correct", "1", "6", "--on", later.isoformat(), "--note", "记错").status == 0
    assert shown(run)["arrived_on"] == later.isoformat()
    text = run("internships", "history", "1").out
    assert "已作废" in text
    assert "（有备注）" in text
    assert "记错" in run("internships", "history", "1", "--unmask").out
    steps(run, f"end 1 --reason 个人原因 --on {later + timedelta(days=9)}")
    ended = json.loads(run("internships", "history", "1", "--json").out)[-1]["id"]
    steps(run, f"correct 1 {ended} --kind 未满提前留用 --set contract={later}")
    assert shown(run)["ending"] == "retained_early"
    newest = json.loads(run("internships", "history", "1", "--json").out)[-1]["id"]
    steps(run, f"correct 1 {newest}")
    assert shown(run)["stage"] == "in_post"


def test_other_ends_and_the_way_to_another_host(in_post: Parts, run: Run) -> None:
    moved = PAST + timedelta(days=40)
    steps(run, f"extend 1 --months 2 --on {moved}")
    done = steps(run, f"change-host 1 --position 2 --reason 单位原因 --on {moved}")
    assert "见习编号 2" in done.out
    steps(run, f"withdraw 2 --on {moved}")
    assert shown(run)["ending"] == "changed_host"


def test_a_month_is_recorded(in_post: Parts, run: Run) -> None:
    month = f"{PAST + timedelta(days=5):%Y-%m}"
    paid_on = PAST + timedelta(days=20)
    done = run(
        "internships", "record", "1", month, "--days", "9", "--paid", "2500", "--paid-on", str(paid_on)
    )
    assert done.out == f"已登记见习 1 的 {month}，版本 1。\n"
    again = run("internships", "record", "1", month, "--reported", "0", "--version", "1")
    assert again.out.endswith("版本 2。\n")
    assert run("internships", "record", "1", month, "--reported", "5", "--version", "1").status == 1


def test_an_agreement_is_written_for_its_owner_only(in_post: Parts, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "协议.docx"
    lacking = run("internships", "agreement", "1", str(file))
    assert (lacking.status, lacking.error) == (1, "协议还缺：见习时间和休息安排。请补上再生成。\n")
    assert not file.exists()
    assert run("internships", "agreement", "1", str(file), "--hours", "每周五天，每天八小时").status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = "\n".join(paragraph.text for paragraph in Document(str(file)).paragraphs)
    assert "陈晓琳" in text
    assert "每月15日前" in text


def test_a_certificate_needs_an_end(in_post: Parts, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "证明.docx"
    early = run("internships", "certificate", "1", str(file))
    assert (early.status, "还没有结束" in early.error) == (1, True)
    steps(run, "complete 1", f"certificate 1 {file}")
    text = "\n".join(paragraph.text for paragraph in Document(str(file)).paragraphs)
    assert "（由见习单位填写）" in text


def test_a_person_is_verified_with_a_reason(ledger: Parts, run: Run) -> None:
    done = run(
        "people", "verify", "1", "--decision", "eligible", "--reason", "已查验毕业证", "--version", "1"
    )
    assert done.out == "已登记：人员 1 符合条件，版本 2。\n"
    assert (
        run("people", "verify", "1", "--decision", "refused", "--reason", "参保", "--version", "1").status
        == 1
    )
    assert run("people", "verify", "99", "--decision", "refused", "--reason", "参保").status == 1
    [person] = json.loads(run("people", "list", "--json").out)
    assert (person["status"], person["labels"]["status"]) == ("verified", "核验通过")
