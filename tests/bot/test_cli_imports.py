"""`jianxi import` and `jianxi export`: JSON as the contract has it, exit statuses, templates, files that come back."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.app import Parts
from bot.cli_imports import MOST_SHOWN
from bot.list_exports import EXPORTS
from bot.spreadsheets import write_rows
from storage.imports.everything import KINDS
from storage.imports.headers import plain_title
from storage.imports.kinds import Kind
from storage.imports.zips import BOMB
from tests.serving import Run
from tests.storage.imports.files import Lines, csv, repacked, xlsx
from tests.storage.imports.test_ledger import PAID, TITLES, line, paid
from tests.storage.imports.test_lists import (
    AGENCIES,
    EVENTS,
    HOST,
    HOSTS,
    POSITIONS,
    RESOURCES,
    TARGETS,
    event,
    position,
)
from tests.storage.register_rows import number, phone

REGISTER = ["姓名", "身份证号", "手机号", "学历", "备注"]

CONTRACT = {
    "real-name": "姓名 身份证号 手机号 性别 户籍地 常住地 毕业院校 专业 学历 毕业日期 失业登记日期",
    "low-income": "姓名 身份证号 类别 认定日期 有效期",
    "hosts": "单位名称 统一社会信用代码 单位类型 城市 区县 联系人 联系电话",
    "positions": "统一社会信用代码 岗位名称 岗位类别 城市 区县 招收人数 最低学历 专业要求 月补贴 期限（月） 带教老师 岗位描述"
    " 是否示范 截止日期",
    "internships": "姓名 身份证号 统一社会信用代码 岗位名称 报名日期 录用日期 协议日期 开始日期 结束日期 到岗日期 月补贴 带教老师"
    " 结束方式 实际结束日期 提前结束原因 去向 合同日期 参保日期 银行账号",
    "subsidies": "身份证号 统一社会信用代码 月份 项目 金额（元） 拨付日期",
    "targets": "城市 年度 见习人数目标 岗位数目标",
}
CONTRACT |= dict.fromkeys(("job-seekers", "unemployment"), CONTRACT["real-name"])
CONTRACT |= dict.fromkeys(("poverty-relief", "disability", "other-hardship"), CONTRACT["low-income"])


@pytest.fixture
def file(tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    def make(data: bytes, name: str = "表.xlsx") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return make


def test_the_kinds_and_columns_of_the_contract_are_there() -> None:
    assert set(KINDS) == {*CONTRACT, "agencies", "events", "resources"}
    for name, titles in CONTRACT.items():
        assert set(titles.split()) <= {column.title for column in KINDS[name].columns}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_two_columns_of_a_kind_go_by_one_name(kind: Kind) -> None:
    names = [plain_title(title) for column in kind.columns for title in (column.title, *column.aliases)]
    assert len(names) == len(set(names))
    assert set(kind.key) <= {column.field for column in kind.columns}


def test_good_rows_go_in_and_bad_ones_are_told_as_json(run: Run, file: Any) -> None:  # noqa: ANN401
    lines = [REGISTER, ["张伟", number(1), phone(1), "本科", "甲"], ["李娜", number(2)[:17], "1", "", ""]]
    done = run("import", "real-name", file(xlsx(lines)), "--json")
    assert done.status == 1
    found = json.loads(done.out)
    assert set(found) == {"read", "added", "changed", "unchanged", "rejected"}
    assert (found["read"], found["added"], found["changed"], found["unchanged"]) == (2, 1, 0, 0)
    assert [(one["row"], one["column"]) for one in found["rejected"]] == [(3, "身份证号"), (3, "手机号")]
    assert set(found["rejected"][0]) == {"row", "column", "reason"}
    assert "这些列没有用到：备注" in done.error
    again = run("import", "real-name", file(csv(lines[:2]), "表.csv"), "--json")
    assert again.status == 0
    assert json.loads(again.out) == {"read": 1, "added": 0, "changed": 0, "unchanged": 1, "rejected": []}


def test_a_person_reads_numbers_a_table_of_faults_and_what_to_do_next(run: Run, file: Any) -> None:  # noqa: ANN401
    lines = [REGISTER, ["张伟", number(1)], *(["李娜", str(n)] for n in range(60))]
    done = run("import", "real-name", file(xlsx(lines)))
    assert done.status == 1
    assert "读 61 行，新增 1，改变 0，不变 0，没导入 60 行" in done.out
    assert done.out.count("身份证号要 18 位") == MOST_SHOWN
    assert "还有 10 条没有显示" in done.out
    assert "jianxi registers match" in done.out


def test_a_dry_run_stores_nothing_and_says_so(run: Run, file: Any) -> None:  # noqa: ANN401
    path = file(xlsx([REGISTER, ["张伟", number(1)]]))
    done = run("import", "real-name", path, "--dry-run")
    assert done.status == 0
    assert "试导入，什么都没有存" in done.out
    assert json.loads(run("import", "runs", "--json").out) == []
    assert json.loads(run("import", "real-name", path, "--json").out)["added"] == 1


def test_all_rejections_go_into_a_file_on_request(run: Run, file: Any, tmp_path: Path) -> None:  # noqa: ANN401
    target = tmp_path / "退回.xlsx"
    path = file(xlsx([REGISTER, *(["李娜", str(n)] for n in range(60))]))
    run("import", "real-name", path, "--rejected", str(target))
    sheet = load_workbook(target).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]] == ["2", "身份证号", "身份证号要 18 位，现在是 1 位，请核对。"]
    assert sheet.max_row == 61
    assert run("import", "real-name", path, "--rejected", "退回.txt").status == 2


def test_the_last_import_is_taken_back_and_listed(run: Run, file: Any) -> None:  # noqa: ANN401
    path = file(xlsx([REGISTER, ["张伟", number(1)]]), "八月.xlsx")
    run("import", "real-name", path)
    assert "已撤销导入 1（离校未就业毕业生实名信息名册）：去掉 1 条，改回 0 条" in run("import", "undo").out
    done = run("import", "undo")
    assert (done.status, done.error.strip()) == (1, "没有可以撤销的导入。")
    assert run("import", "undo", "77").status == 1
    [listed] = json.loads(run("import", "runs", "--json").out)
    assert (listed["file_name"], listed["added"], listed["undone_at"] is None) == ("八月.xlsx", 1, False)
    shown = run("import", "runs").out
    assert "八月.xlsx" in shown
    assert "已撤销" in shown


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        (b"PK\x03\x04", "已损坏"),
        (xlsx([["甲", "乙"], [1, 2]]), "没有找到表头"),
        (repacked(xlsx([[1]]), {"xl/sharedStrings.xml": b" " * (50 * 2**20)}), BOMB),
    ],
)
def test_a_file_that_cannot_be_taken_is_one_sentence(run: Run, file: Any, sent: bytes, part: str) -> None:  # noqa: ANN401
    done = run("import", "hosts", file(sent))
    assert (done.status, done.out) == (1, "")
    assert part in done.error
    assert "Traceback" not in done.error


def test_wrong_usage_is_status_two(run: Run, file: Any, tmp_path: Path) -> None:  # noqa: ANN401
    assert run("import", "horses", file(xlsx([[1]]))).status == 2
    assert run("import", "hosts", str(tmp_path / "没有.xlsx")).status == 2
    assert run("import", "template", "horses", str(tmp_path / "a.xlsx")).status == 2
    assert run("import", "template", "hosts", str(tmp_path / "a.xls")).status == 2
    assert run("import", "template", "hosts", str(tmp_path / "没有" / "a.xlsx")).status == 1


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_template_is_a_table_of_its_kind_whose_examples_are_good(
    run: Run,
    file: Any,  # noqa: ANN401 - a function
    tmp_path: Path,
    kind: Kind,
) -> None:
    path = tmp_path / "模板.xlsx"
    assert run("import", "template", kind.name, str(path)).status == 0
    book = load_workbook(path)
    sheet, notes = book.worksheets
    assert [cell.value for cell in sheet[1]] == [column.title for column in kind.columns]
    assert sheet.column_dimensions["A"].number_format == "@"
    assert [row[0].value for row in notes.iter_rows(min_row=2)] == [column.title for column in kind.columns]
    sheet.append([column.example for column in kind.columns])
    book.save(path)
    found = json.loads(run("import", kind.name, str(path), "--dry-run", "--json").out)
    assert found["read"] == 1
    wrong = {one["column"] for one in found["rejected"]}
    if kind.name in ("positions", "internships", "subsidies"):  # they need a host, which is not there
        assert wrong <= {"统一社会信用代码", "岗位名称", "身份证号"}
    else:
        assert wrong == set()


# --- exports ----------------------------------------------------------------------------------------------


@pytest.fixture
def filled(run: Run, file: Any) -> Run:  # noqa: ANN401
    """A base with something of every kind."""
    tables: dict[str, Lines] = {
        "hosts": [HOSTS, [*HOST[:5], "李敏", "13800138000"]],
        "positions": [POSITIONS, position(岗位描述="@SUM(1)，写报告")],
        "internships": [TITLES, line()],
        "subsidies": [PAID, paid()],
        "targets": [TARGETS, ["广州", 2026, 1800, 6750]],
        "agencies": [AGENCIES, ["天河人才中心", "广州", "天河", "天河路1号", "12333", "工作日", "推荐"]],
        "events": [EVENTS, event("甲场招聘", "2026-12-05 09:00")],
        "resources": [
            RESOURCES,
            ["就业岗位", "文员", "某公司", "广州", "大专", "行政", "https://a.cn", "2099-01"],
        ],
        "real-name": [REGISTER, ["张伟", number(2), phone(2), "本科", ""]],
    }
    for kind, lines in tables.items():
        done = run("import", kind, file(xlsx(lines)))
        assert done.status == 0, done.error + done.out
    return run


def cells_of(path: Path) -> list[dict[str, Any]]:
    sheet = load_workbook(path).active
    assert sheet is not None
    titles = [cell.value for cell in sheet[1]]
    return [dict(zip(titles, row, strict=True)) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_what_was_exported_unmasked_comes_back_unchanged(filled: Run, tmp_path: Path) -> None:
    for export in EXPORTS:
        path = tmp_path / f"{export.name}.xlsx"
        options = ["--unmask"] if export.personal else []
        assert filled("export", export.name, str(path), *options).status == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if export.name in KINDS:
            done = filled("import", export.name, str(path), "--json")
            found = json.loads(done.out)
            assert (found["read"], found["unchanged"], found["rejected"]) == (1, 1, []), export.name


def test_exports_mask_people_and_note_who_saw_them_whole(filled: Run, tmp_path: Path, parts: Parts) -> None:
    path = tmp_path / "a.xlsx"
    for export in EXPORTS:
        filled("export", export.name, str(path))
        text = repr(cells_of(path))
        for whole in (
            number(1),
            number(2),
            phone(1),
            phone(2),
            "王小雨",
            "陈敏",
            "李敏",
            "13800138000",
            "张伟",
        ):
            assert whole not in text, export.name
    filled("export", "hosts", str(path), "--unmask")
    assert cells_of(path)[0]["联系人"] == "李敏"
    rows = parts.database.read_sync(
        lambda c: c.sqlalchemy.exec_driver_sql(
            "SELECT detail FROM audit WHERE action = 'hosts.export' ORDER BY id"
        ).fetchall()
    )
    assert [json.loads(row[0])["unmasked"] for row in rows] == [False, True]


def test_exports_can_be_of_one_city(filled: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert "已导出 1 行" in filled("export", "hosts", str(path), "--city", "广州").out
    assert "已导出 0 行" in filled("export", "hosts", str(path), "--city", "深圳").out
    assert filled("export", "hosts", str(path), "--city", "长沙").status == 2


def test_no_exported_cell_is_executed(filled: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    filled("export", "positions", str(path))
    assert cells_of(path)[0]["岗位描述"] == "'@SUM(1)，写报告"
    evil = ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "普通", "a=1"]
    write_rows(path, "表", ["甲"], [[text] for text in evil])
    sheet = load_workbook(path).active
    assert sheet is not None
    found = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert all(cell.data_type in ("s", "inlineStr") for cell in found)
    assert [str(cell.value)[0] for cell in found] == ["'"] * 6 + ["普", "a"]


def test_the_guide_names_every_kind_and_column() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "spreadsheets.md").read_text("utf-8")
    for kind in KINDS.values():
        assert f"`{kind.name}`" in guide
        for column in kind.columns:
            assert any(
                line.startswith((f"| {column.title}", f"| **{column.title}**")) for line in guide.splitlines()
            ), (kind.name, column.title)
