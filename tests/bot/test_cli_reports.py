"""The commands about reports and targets, as a clerk types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlmodel import select

from bot.app import Parts
from policy.ledger_codes import TransitionKind as Kind
from policy.regions import CITIES
from storage.tables import Audit
from tests.serving import Done, Run
from tests.storage.report_ledger import Ledger, at

MONTH = "2023-09"
GUANGZHOU = ("--month", MONTH, "--city", "广州")


Write = Callable[[Callable[[Ledger], object]], None]


@pytest.fixture
def ledger(parts: Parts) -> Write:
    """Puts rows into the data folder's base."""

    def write(work: Callable[[Ledger], object]) -> None:
        parts.database.write_sync(lambda connection: work(Ledger(connection, parts.sealer)))

    return write


def september(ledger: Ledger) -> None:
    """Two arrivals, one of whom is kept early."""
    for track in ("graduate", "youth"):
        number = ledger.internship(track)
        ledger.step(number, Kind.ARRIVE, date(2023, 9, 5))
    ledger.step(number, Kind.RETAIN_EARLY, date(2023, 9, 20))
    ledger.moved("host", 1, date(2023, 9, 1))
    ledger.moved("position", 2, date(2023, 9, 1))


def as_json(done: Done) -> object:
    return json.loads(done.out)


def test_september_2023_is_due_on_9_and_11_october(run: Run) -> None:
    done = run("report", "due", "--month", MONTH, "--json")
    assert as_json(done) == {"guangdong": "2023-10-09", "national": "2023-10-11"}
    assert "2023-10-09" in run("report", "due", "--month", MONTH).out


def test_a_year_without_a_calendar_says_so(run: Run) -> None:
    done = run("report", "due", "--month", "2098-09")
    assert (done.status, "2098 年的放假安排" in done.error) == (1, True)


@pytest.mark.parametrize("month", ["2023-13", "2023-9", "九月", "2023-09-01"])
def test_what_is_no_month_is_explained(run: Run, month: str) -> None:
    done = run("report", "due", "--month", month)
    assert done.status == 2
    assert "请写成 2023-09 这样" in done.error


def test_an_unknown_city_is_explained(run: Run) -> None:
    done = run("report", "check", "--month", MONTH, "--city", "长沙")
    assert (done.status, "没有“长沙”这个城市" in done.error) == (2, True)


def test_a_month_from_the_plan_to_the_filed_form(run: Run, ledger: Write, tmp_path: Path) -> None:
    ledger(september)
    refused = run("report", "file", *GUANGZHOU)
    assert (refused.status, "“计划组织见习人数”还没有填写" in refused.error) == (1, True)
    assert run("report", "plan", "2", *GUANGZHOU).status == 0
    assert run("report", "enter", "unexplained", "5", *GUANGZHOU).status == 0
    [checked] = json.loads(run("report", "check", *GUANGZHOU, "--json").out)
    assert (checked["ready"], checked["filed_at"], checked["figures"]["arrived"]) == (True, None, 2)
    assert checked["figures"]["unexplained"] == 5
    assert run("report", "file", *GUANGZHOU).status == 0
    again = run("report", "file", *GUANGZHOU)
    assert (again.status, "已经有人报送了" in again.error) == (1, True)

    path = tmp_path / "省表.xlsx"
    assert run("report", "guangdong", *GUANGZHOU, "-o", str(path)).status == 0
    row = [cell.value for cell in openpyxl.load_workbook(path)["情况汇总表"][6]]
    assert row == ["广州", 1, 1, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 1, 5, 0]


def test_the_province_prints_a_row_for_every_city_and_the_sum(
    run: Run, ledger: Write, tmp_path: Path
) -> None:
    ledger(september)
    path = tmp_path / "国家表.xlsx"
    done = run("report", "national", "--month", MONTH, "-o", str(path))
    assert (done.status, "已导出 22 行" in done.out) == (0, True)
    sheet = openpyxl.load_workbook(path)["情况汇总表"]
    assert [sheet.cell(row, 1).value for row in range(6, 28)] == [*(known.short for known in CITIES), "合计"]
    assert sheet.cell(27, 7).value == 2


def test_the_province_cannot_file_before_its_cities(run: Run) -> None:
    done = run("report", "file", "--month", MONTH)
    assert (done.status, "还有21个地市没有报送" in done.error) == (1, True)


def test_a_month_that_fails_its_check_ends_with_1_and_says_why(run: Run, ledger: Write) -> None:
    ledger(september)
    run("report", "plan", "1", *GUANGZHOU)
    done = run("report", "check", *GUANGZHOU)
    assert done.status == 1
    assert (
        "不通过 5≥6：实际到岗人数（2）超过计划组织见习人数（1）。到岗人数超过计划，请先调整本期计划"
        in done.out
    )


@pytest.mark.parametrize("indicator", ["6", "arrived", "实际到岗人数"])
def test_a_number_opens_its_list(run: Run, ledger: Write, indicator: str) -> None:
    ledger(september)
    rows = json.loads(run("report", "people", indicator, *GUANGZHOU, "--json").out)
    assert [(row["name"], row["step"], row["counts"]) for row in rows] == [("张*", "到岗", 1)] * 2
    assert "张伟" not in run("report", "people", indicator, *GUANGZHOU).out


def test_the_list_of_the_whole_province_goes_into_a_file(run: Run, ledger: Write, tmp_path: Path) -> None:
    ledger(september)
    path = tmp_path / "名单.xlsx"
    done = run("report", "people", "arrived", "--month", MONTH, "-o", str(path))
    assert "名单合计 2，报表数 2。" in done.out
    sheet = openpyxl.load_workbook(path)["名单"]
    assert [cell.value for cell in sheet[1]][:3] == ["地市", "见习编号", "姓名"]
    assert sheet.max_row == 3


def test_looking_behind_the_mask_is_audited(run: Run, ledger: Write, parts: Parts) -> None:
    ledger(september)
    assert "张伟" in run("report", "people", "arrived", *GUANGZHOU, "--unmask").out
    [seen] = parts.database.read_sync(
        lambda connection: connection.session.exec(select(Audit).where(Audit.action == "report.people")).all()
    )
    assert seen.detail == {"indicator": "arrived", "month": MONTH, "city": "440100"}


def test_an_indicator_that_does_not_exist_or_has_no_list_is_explained(run: Run) -> None:
    unknown = run("report", "people", "99", *GUANGZHOU)
    assert (unknown.status, "没有“99”这个指标" in unknown.error) == (2, True)
    entered = run("report", "people", "5", *GUANGZHOU)
    assert (entered.status, "没有名单" in entered.error) == (1, True)


def test_a_late_fact_is_listed_and_taken_into_an_open_month(run: Run, ledger: Write) -> None:
    run("report", "plan", "9", *GUANGZHOU)
    run("report", "file", *GUANGZHOU)
    ledger(lambda rows: rows.step(rows.internship(), Kind.ARRIVE, date(2023, 9, 29), at(date(2023, 10, 20))))
    [found] = json.loads(run("report", "corrections", "--city", "广州", "--json").out)
    assert found["changes"] == {"arrived": 1, "arrived_graduates": 1, "in_post": 1}
    assert "实际到岗人数 +1" in run("report", "corrections", "--city", "广州").out
    taken = run("report", "adopt", found["reference"], "--month", "2023-10", "--city", "广州")
    assert (taken.status, "计入 2023-10" in taken.out) == (0, True)
    again = run("report", "adopt", found["reference"], "--month", "2023-10", "--city", "广州")
    assert (again.status, "可能已经计入了" in again.error) == (1, True)
    assert json.loads(run("report", "corrections", "--city", "广州", "--json").out) == []


def test_a_bureaus_own_wording_is_used_and_a_faulty_one_named(run: Run, data: Path, tmp_path: Path) -> None:
    (data / "report_forms.toml").write_text("money_unit = 1", "utf-8")
    done = run("report", "national", "--month", MONTH, "-o", str(tmp_path / "a.xlsx"))
    assert (done.status, "report_forms.toml" in done.error) == (2, True)


def test_a_file_that_is_no_spreadsheet_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("report", "national", "--month", MONTH, "-o", str(tmp_path / "a.csv"))
    assert (done.status, "文件名要以 .xlsx 结尾" in done.error) == (2, True)


# --- targets -----------------------------------------------------------------------------------------------


def test_the_targets_of_the_notice_load_once_and_sum_up(run: Run) -> None:
    assert "新增 21，改变 0，不变 0" in run("targets", "load", "2023").out
    assert "新增 0，改变 0，不变 21" in run("targets", "load", "2023").out
    rows = json.loads(run("targets", "list", "2023", "--json").out)
    assert (sum(row["interns"] for row in rows), sum(row["posts"] for row in rows)) == (14_500, 60_000)
    assert rows[0]["city"] == "440100"
    assert "粤人社函〔2023〕50号 附件1" in run("targets", "list", "2023").out


def test_targets_of_another_year_come_from_a_file_with_every_fault_named(run: Run, tmp_path: Path) -> None:
    assert run("targets", "load", "2024").status == 1
    file = tmp_path / "targets.csv"
    file.write_text("city,gb2260,plan_interns,plan_posts\n广州,440100,约1800,1\n长沙,430100,1,1\n", "utf-8")
    done = run("targets", "load", "2024", "--file", str(file))
    assert done.status == 1
    assert done.error.splitlines() == [
        "第2行 plan_interns：“约1800”不是整数，请填数字，例如 1800。",
        "第3行 gb2260：“430100”不是广东地级市的代码，例如 440100。",
    ]
    file.write_text("gb2260,plan_interns,plan_posts\n440100,10,20\n", "utf-8")
    assert "新增 1" in run("targets", "load", "2024", "--file", str(file)).out


def test_progress_counts_the_year_and_marks_who_is_behind(run: Run, ledger: Write, tmp_path: Path) -> None:
    ledger(september)
    file = tmp_path / "targets.csv"
    file.write_text("gb2260,plan_interns,plan_posts\n440100,2,2\n440300,100,10\n", "utf-8")
    run("targets", "load", "2023", "--file", str(file))
    run("report", "plan", "9", *GUANGZHOU)
    run("report", "file", *GUANGZHOU)
    rows = {row["city"]: row for row in json.loads(run("report", "progress", "--year", "2023", "--json").out)}
    assert rows["440100"] == {
        "city": "440100",
        "interns": 2,
        "arrived": 2,
        "arrived_percent": 100,
        "posts": 2,
        "new_posts": 2,
        "posts_percent": 100,
        "completed": 1,
        "retained": 1,
        "retained_percent": 100,
        "behind": False,
    }
    assert (rows["440300"]["arrived"], rows["440300"]["behind"]) == (0, True)
    assert (rows["440000"]["interns"], rows["440000"]["arrived_percent"]) == (102, 1)
    assert "落后" in run("report", "progress", "--month", MONTH).out
