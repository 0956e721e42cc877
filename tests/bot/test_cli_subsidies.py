"""`jianxi subsidies …`: from computing to paying at the keyboard of two clerks, masking, faults, the spreadsheet."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import col, select, update

from bot.app import Parts, open_parts
from bot.settings import load
from bot.subsidy_sheets import reckoning
from storage.database import Connection
from storage.ledger_tables import Host
from storage.tables import Audit
from tests.serving import Done, Run
from tests.storage.subsidy_ledger import Ledger

SEPTEMBER = ("--city", "深圳", "--month", "2023-09")
ALL = "全部"


@pytest.fixture
def ledger(data: Path) -> Iterator[Parts]:
    """Two hosts with an intern each, of whom the second says to have received nothing."""
    parts = open_parts(load(data=data))

    def fill(connection: Connection) -> None:
        rows = Ledger(connection, parts.sealer)
        rows.record(rows.internship(1, 1), attended_days=21, paid_fen=230_000, insured=True)
        rows.record(rows.internship(2, 2), attended_days=21, paid_fen=230_000, reported_fen=0)
        rows.record(rows.internship(3, 2), attended_days=2, paid_fen=230_000)
        connection.session.exec(update(Host).where(col(Host.id) == 1).values(name="=1+1有限公司"))

    parts.database.write_sync(fill)
    yield parts
    parts.database.close_sync()


@pytest.fixture
def other_clerk(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Lets a test change who is at the keyboard."""
    monkeypatch.setattr("getpass.getuser", lambda: "first")
    return monkeypatch


def done(run: Run, *arguments: str, **more: str) -> Done:
    """A command of `subsidies` that must go well."""
    found = run("subsidies", *arguments, **more)
    assert found.status == 0, found.error
    return found


def rows(run: Run, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(done(run, *arguments, "--json").out)


def test_a_month_goes_from_computing_to_paying(
    ledger: Parts, run: Run, other_clerk: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = done(run, "compute", *SEPTEMBER).out
    assert "可列入名册 1 笔，共 2300.00 元" in told
    assert "待核查 1 笔" in told
    assert "见习 3 基本生活费补贴 不计发：出勤 2 天" in told
    assert "已列名册 1：1 家单位，1 笔" in done(run, "batch", *SEPTEMBER).out
    other_clerk.setattr("getpass.getuser", lambda: "second")
    refused = run("subsidies", "approve", "1")
    assert (refused.status, "还缺：见习协议" in refused.error) == (1, True)
    assert "1 家单位的材料不齐" in done(run, "checklist", "1").out
    done(run, "evidence", "1", "2023-09", ALL, "--premium", "80")
    assert "材料齐全" in done(run, "checklist", "1").out
    [listed] = rows(run, "checklist", "1")
    assert (listed["missing"], len(listed["marks"])) == ([], 6)
    assert "名册 1 已审批" in done(run, "approve", "1", "--version", "1").out
    conflict = run("subsidies", "pay", "1", "--on", "2023-10-20", "--version", "1")
    assert (conflict.status, "刚被别人改过" in conflict.error) == (1, True)
    assert "名册 1 已拨付：1 笔，共 2300.00 元" in done(run, "pay", "1", "--on", "2023-10-20").out
    [batch] = rows(run, "batches", "--city", "深圳")
    assert (batch["status"], batch["created_by"], batch["approved_by"]) == ("paid", "cli:first", "cli:second")
    assert batch["paid_on"] == "2023-10-20"
    assert "2300" in done(run, "batches").out
    report = json.loads(run("report", "check", "--month", "2023-10", "--city", "深圳", "--json").out)
    assert report[0]["figures"]["paid_fen"] == 230_000


def test_nobody_approves_their_own_list_and_an_override_needs_its_reason(
    ledger: Parts, run: Run, other_clerk: pytest.MonkeyPatch
) -> None:
    done(run, "compute", *SEPTEMBER)
    done(run, "batch", *SEPTEMBER)
    own = run("subsidies", "approve", "1")
    assert (own.status, "另一位工作人员" in own.error) == (1, True)
    other_clerk.setattr("getpass.getuser", lambda: "second")
    for half in (("--override",), ("--reason", "材料在路上")):
        assert run("subsidies", "approve", "1", *half).status == 2
    assert "已审批" in done(run, "approve", "1", "--override", "--reason", "材料在路上").out
    [line] = rows(run, "list", "--batch", "1")
    assert (line["decision_reason"], line["status"]) == ("材料在路上", "approved")


def test_a_signal_is_seen_cleared_and_the_line_decided(ledger: Parts, run: Run) -> None:
    found = rows(run, "compute", *SEPTEMBER)
    assert (found["lines"], found["held"]) == (1, 1)
    assert {one["internship_id"] for one in found["skipped"]} == {1, 3}
    [held] = rows(run, "list", "--city", "深圳", "--month", "2023-09", "--status", "待核查")
    number = str(held["id"])
    assert held["flags"] == ["not_received"]
    assert "本人说收到 0 元" in done(run, "list", "--status", "待核查").out
    bad = run("subsidies", "clear", number, "没有的疑点", "--reason", "x")
    assert (bad.status, "可以写" in bad.error) == (2, True)
    told = done(run, "clear", number, "本人说没有足额收到", "--reason", "已看银行流水").out
    assert "现在是“已测算”" in told
    done(run, "batch", *SEPTEMBER)
    assert "已移出名册" in done(run, "take-out", number, "--reason", "再核").out
    assert "不予拨付" in done(run, "refuse", number, "--reason", "考勤不实").out
    assert "已恢复" in done(run, "reinstate", number, "--reason", "误判").out
    gone = run("subsidies", "refuse", "999", "--reason", "x")
    assert (gone.status, "没有这个编号" in gone.error) == (1, True)


def test_signals_name_the_people_masked_until_somebody_asks_and_is_recorded(ledger: Parts, run: Run) -> None:
    found = rows(run, "signals", "--city", "深圳", "--month", "2023-09")
    assert [(one["kind"], len(one["people"])) for one in found] == [("not_received", 1)]
    assert found[0]["people"][0]["name"] == "陈*"
    text = done(run, "signals").out
    assert "共 1 条疑点" in text
    assert "陈晓琳" not in text
    assert "没有发现疑点" in done(run, "signals", "--city", "广州").out
    assert "陈晓琳" in done(run, "signals", "--unmask").out
    assert actions(ledger) == ["subsidies.signals"]


def actions(parts: Parts) -> list[str]:
    """Who asked for whole identities, by what."""
    query = select(Audit.action).where(col(Audit.action).startswith("subsidies."))
    return list(parts.database.read_sync(lambda connection: connection.session.exec(query).all()))


def test_a_list_of_lines_is_masked_and_pages(ledger: Parts, run: Run) -> None:
    done(run, "compute", *SEPTEMBER)
    shown = done(run, "list", "--limit", "1").out
    assert "还有更多，接着看：加 --after 1" in shown
    assert "陈*" in shown
    assert [row["id"] for row in rows(run, "list", "--after", "1")] == [2]
    [one] = rows(run, "list", "--host", "1", "--unmask")
    assert (one["name"], one["labels"]["kind"]) == ("陈晓琳", "基本生活费补贴")
    assert actions(ledger) == ["subsidies.list"]


def test_the_sheet_says_what_each_host_is_paid_and_runs_nothing(
    ledger: Parts, run: Run, tmp_path: Path
) -> None:
    done(run, "evidence", "1", "2023-09", "insurance", "--premium", "80", "--on", "2023-09-30")
    done(run, "compute", *SEPTEMBER)
    done(run, "batch", *SEPTEMBER)
    file = tmp_path / "名册.xlsx"
    assert "已导出 2 笔，共 2380.00 元" in done(run, "sheet", "1", str(file)).out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    book = load_workbook(file)
    payees = [[cell.value for cell in row] for row in book["拨付单位"].iter_rows(min_row=2)]
    assert payees[0] == ["单位名称", "统一社会信用代码", "人数", "笔数", "金额（元）"]
    assert payees[1][0] == "'=1+1有限公司"
    assert payees[1][2:] == [1, 2, 2380]
    assert payees[-1][0] == "合计"
    details = [[cell.value for cell in row] for row in book["明细"].iter_rows()]
    assert details[1][4:6] == ["陈*", "440000********0015"]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    done(run, "sheet", "1", str(file), "--unmask")
    assert load_workbook(file)["明细"]["E2"].value == "陈晓琳"
    assert actions(ledger) == ["subsidies.sheet"]


def test_an_amount_says_in_words_how_it_was_computed() -> None:
    basis = {"minimum_wage_fen": 236_000, "percent": 100, "paid_fen": None, "attended_days": 0}
    assert reckoning(basis) == "最低工资标准 2360 元，补贴比例% 100，出勤天数 0"


def test_an_account_comes_from_standard_input_only(ledger: Parts, run: Run) -> None:
    given = done(run, "account", "1", text="6217000000000000025\n").out
    assert "***************0025" in given
    assert "621700" not in given
    assert run("subsidies", "account", "1", "6217000000000000025").status == 2
    assert run("subsidies", "account", "1", "-", text="abc\n").status == 1


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("compute", "--city", "深圳", "--month", "2999-01"), 2, "不是月份"),
        (("compute", "--city", "深圳", "--month", "2099-01"), 1, "还没有到"),
        (("compute", "--city", "北京", "--month", "2023-09"), 2, "没有“北京”这个城市"),
        (("batch", "--city", "深圳", "--month", "2023-09"), 1, "没有可列入名册"),
        (("pay", "1", "--on", "十月"), 2, "不是日期"),
        (("approve", "1"), 1, "没有这个编号"),
        (("checklist", "1"), 1, "没有这个编号"),
        (("evidence", "1", "2023-09", "身份证"), 2, "可以写"),
        (("evidence", "1", "2023-09", "花名册", "--premium", "80"), 2, "--premium"),
        (("evidence", "9", "2023-09", "花名册"), 1, "没有这个编号"),
        (("sheet", "1", "名册.xls"), 2, ".xlsx"),
        (("sheet", "1", "没有/名册.xlsx"), 1, "这个目录"),
        (("list", "--status", "好"), 2, "可以写"),
    ],
)
def test_a_fault_is_told_kindly(
    ledger: Parts, run: Run, arguments: tuple[str, ...], status: int, told: str
) -> None:
    found = run("subsidies", *arguments)
    assert (found.status, told in found.error) == (status, True), found.error


def test_a_month_without_a_wage_says_what_to_enter(ledger: Parts, run: Run) -> None:
    assert "没有该月最低工资" in done(run, "compute", "--city", "深圳", "--month", "2021-11").out


def test_what_is_listed_already_is_told_when_it_would_be_different_now(ledger: Parts, run: Run) -> None:
    done(run, "compute", *SEPTEMBER)
    done(run, "batch", *SEPTEMBER)
    run("internships", "record", "1", "2023-09", "--paid", "2000")
    assert "见习 1 基本生活费补贴 已列入名册或已拨付 2300 元，现在应为 2000 元" in (
        done(run, "compute", *SEPTEMBER).out
    )
    done(run, "compute", "--city", "深圳", "--month", "2023-08")
    assert (
        "还有待核查的月份：2023-09（1 笔）"
        in done(run, "compute", "--city", "深圳", "--month", "2023-08").out
    )
