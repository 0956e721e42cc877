"""The monthly forms as spreadsheets, read back by two libraries; and the file that words them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from bot.report_forms import FILE, BadForms, Forms, load_forms
from bot.report_sheets import write_members, write_report
from policy.indicators import COLUMNS, PROVINCE, Form, Indicator, total
from policy.regions import CITIES
from policy.report_checks import check, warnings
from storage.reports import CityMonth, Examined

ZONE = ZoneInfo("Asia/Shanghai")
FILED = datetime(2023, 10, 8, 17, 0, tzinfo=UTC)


def figures(start: int = 0) -> dict[str, int | None]:
    """Figures of which each differs from the others; money in fen."""
    return {name.value: 1000 - 10 * place + start for place, name in enumerate(Indicator)} | {
        "paid_fen": 123_456_789 + start,
        "unexplained": None,
    }


def examined(code: str, numbers: dict[str, int | None], filed_at: datetime | None = FILED) -> Examined:
    report = CityMonth(code, "2023-09", numbers, "clerk:li" if filed_at else None, filed_at)
    return Examined(report, check(numbers), warnings(numbers, None, "2023-09"))


def province(filed_at: datetime | None = FILED) -> list[Examined]:
    rows = [examined(known.code, figures(place)) for place, known in enumerate(CITIES)]
    whole = total([row.report.figures for row in rows])
    return [*rows, examined(PROVINCE, whole, filed_at)]


@pytest.fixture
def forms(tmp_path: Path) -> Forms:
    return load_forms(tmp_path)


def printed(path: Path, form: Form, forms: Forms, reports: list[Examined]) -> dict[str, list[list[Any]]]:
    write_report(path, form, forms, "2023-09", reports, ZONE)
    with CalamineWorkbook.from_path(path) as book:
        return {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names
        }


@pytest.mark.parametrize("form", list(Form))
def test_the_numbers_stand_in_the_columns_of_their_official_numbers(
    form: Form, forms: Forms, tmp_path: Path
) -> None:
    sheets = printed(tmp_path / "a.xlsx", form, forms, [examined("440100", figures())])
    sheet = sheets["情况汇总表"]
    assert list(sheets) == ["情况汇总表", "逻辑校验", "待核对"]
    assert sheet[4] == ["", *range(1, len(COLUMNS[form]) + 1)]
    wanted: list[float | None] = [figures()[name] for name in COLUMNS[form]]
    wanted[-1] = 1_234_567.89
    assert sheet[5] == ["广州", *("" if value is None else value for value in wanted)]


def test_the_title_the_month_and_the_merged_headings_stand_as_in_the_notice(
    forms: Forms, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    printed(path, Form.NATIONAL, forms, [examined("440100", figures())])
    sheet = openpyxl.load_workbook(path)["情况汇总表"]
    assert sheet["A1"].value == "百万就业见习岗位募集计划情况汇总表"
    assert sheet["A2"].value == "（2023年9月）　　金额单位：元"
    merged = {str(found) for found in sheet.merged_cells.ranges}
    assert {"A1:O1", "A3:A4", "B3:B4", "I3:L3", "M3:M4", "O3:O4"} <= merged
    assert sheet["A3"].value == "项目"
    assert sheet["B3"].value == "本期末见习单位总数"
    assert sheet["I3"].value == "本期完成见习人数"
    assert [sheet[f"{column}4"].value for column in "IJL"] == [
        "合计",
        "被见习单位留用人数",
        "其他方式就业人数",
    ]
    assert sheet["O3"].value == "本年累计各级财政实际拨付的见习补贴资金数"


def test_what_was_inferred_is_marked_and_listed(forms: Forms, tmp_path: Path) -> None:
    sheets = printed(tmp_path / "a.xlsx", Form.GUANGDONG, forms, [examined("440100", figures())])
    heads = [
        above or below for above, below in zip(sheets["情况汇总表"][2], sheets["情况汇总表"][3], strict=True)
    ]
    below = sheets["情况汇总表"][3]
    marked = [
        place
        for place, (one, other) in enumerate(zip(heads, below, strict=True))
        if "待核对原件" in str(one) + str(other)
    ]
    assert marked == [3, 4, 7, 10, 14]
    assert [row[0] for row in sheets["待核对"][1:]] == [3, 4, 7, 10, 14]
    assert all(row[2] for row in sheets["待核对"][1:])


def test_a_city_signs_with_its_office_and_the_day_of_filing_in_local_time(
    forms: Forms, tmp_path: Path
) -> None:
    sheets = printed(tmp_path / "a.xlsx", Form.GUANGDONG, forms, [examined("440100", figures())])
    text = ["".join(str(cell) for cell in row) for row in sheets["情况汇总表"]]
    assert "填报单位：广州市人力资源和社会保障局（盖章）填报时间：2023-10-09填报人：联系电话：" in text
    assert "8.本期13=上期13+本期6－本期8－本期12。" in text


def test_the_province_has_a_row_for_each_city_and_their_sum(forms: Forms, tmp_path: Path) -> None:
    rows = printed(tmp_path / "a.xlsx", Form.NATIONAL, forms, province())["情况汇总表"][5:27]
    assert [row[0] for row in rows] == [*(known.short for known in CITIES), "合计"]
    for column in range(1, 14):
        assert rows[-1][column] == sum(row[column] for row in rows[:-1])
    assert rows[-1][14] == pytest.approx(sum(row[14] for row in rows[:-1]))


def test_what_is_not_filed_says_so(forms: Forms, tmp_path: Path) -> None:
    one = printed(tmp_path / "a.xlsx", Form.NATIONAL, forms, [examined("440100", figures(), None)])
    all_of_them = printed(tmp_path / "b.xlsx", Form.NATIONAL, forms, province(None))
    assert "预览，尚未报送" in one["情况汇总表"][1][0]
    assert "预览，尚未报送（21/21个地市已报送）" in all_of_them["情况汇总表"][1][0]


def test_money_can_stand_in_ten_thousands(forms: Forms, tmp_path: Path) -> None:
    ten_thousands = replace(forms, money_unit="万元")
    sheet = printed(tmp_path / "a.xlsx", Form.NATIONAL, ten_thousands, [examined("440100", figures())])[
        "情况汇总表"
    ]
    assert sheet[5][14] == pytest.approx(123.456789)
    assert sheet[1][0].endswith("金额单位：万元")


def test_the_relations_of_the_form_stand_with_their_results(forms: Forms, tmp_path: Path) -> None:
    numbers = figures() | {"planned": 1, "new_hosts": 1001}
    sheets = printed(tmp_path / "a.xlsx", Form.NATIONAL, forms, [examined("440100", numbers)])
    rows = {row[1]: row for row in sheets["逻辑校验"][1:]}
    assert rows["1≥2"][4:6] == ["不通过", "期末见习单位总数（1000）少于新增见习单位（1001）。"]
    assert rows["5≥7"][4] == "不通过"
    assert rows["9≥10"][4] == "通过"
    assert "5≥6" not in rows
    assert rows["省表14"][4] == "提醒"


def test_a_list_keeps_numbers_and_neutralises_formulas(tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    rows = [{"name": "=1+1", "counts": 1}, {"name": "张*", "counts": -1}]
    assert write_members(path, {"name": "姓名", "counts": "计数"}, rows) == 2
    with CalamineWorkbook.from_path(path) as book:
        assert book.get_sheet_by_index(0).to_python() == [["姓名", "计数"], ["'=1+1", 1], ["张*", -1]]
    assert path.stat().st_mode & 0o777 == 0o600


# --- the wording -------------------------------------------------------------------------------------------


def ours() -> str:
    return (resources.files("bot") / FILE).read_text("utf-8")


def test_a_file_of_the_operators_stands_in_for_ours(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        ours().replace('text = "（原件第14项）"\ninferred = true', 'text = "本年累计到岗人数"'), "utf-8"
    )
    own = load_forms(tmp_path)
    assert own.labels[Indicator.UNEXPLAINED].text == "本年累计到岗人数"
    assert [number for number, _ in own.inferred(Form.GUANGDONG)] == [3, 4, 7, 10]


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ('money_unit = "元"', 'money_unit = "角"', "money_unit"),
        ('retained_part = "graduates"', 'retained_part = "all"', "retained_part"),
        ("[labels.hosts]", "[labels.house]", "labels.house"),
        ('[labels.hosts]\ntext = "本期末见习单位总数"\n', "", "labels.hosts"),
        ("[forms.national]", "[forms.nation]", "forms.nation"),
        ("[labels.hosts]", "[labels.hosts", "不能用"),
    ],
)
def test_a_faulty_file_is_named_with_the_place(tmp_path: Path, before: str, after: str, named: str) -> None:
    text = ours()
    assert before in text
    (tmp_path / FILE).write_text(text.replace(before, after), "utf-8")
    with pytest.raises(BadForms, match=named) as bad:
        load_forms(tmp_path)
    assert FILE in str(bad.value)
