"""The monthly reports as spreadsheets (情况汇总表 .xlsx): official layout, relation sheet, list of what to check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import xlsxwriter

from bot.export import FORMULA
from bot.private_files import open_private
from bot.report_forms import Forms, Label
from policy.indicators import COLUMNS, PROVINCE, Figures, Form, Indicator
from policy.regions import city
from policy.report_checks import RELATIONS, Check
from storage.reports import Examined

FEN: Final = {"元": 100, "万元": 1_000_000}
"""Fen in a unit of money."""

TO_CHECK: Final = "待核对原件"
RESULTS: Final = {True: "通过", False: "不通过", None: "待填"}

FIRST_FIGURE: Final = 1
"""The column of indicator 1: before it stands the city."""

HEAD, NUMBERS, FIRST_ROW = 2, 4, 5
"""Rows of the headings (two of them), of the indicators' numbers, and of the first city."""


class Styles(NamedTuple):
    """Formats of a workbook."""

    title: Any
    plain: Any
    head: Any
    doubtful: Any
    cell: Any
    money: Any
    empty: Any
    note: Any
    bold: Any


def write_report(
    path: Path, form: Form, forms: Forms, month: str, reports: Sequence[Examined], zone: ZoneInfo
) -> None:
    """Write a form for a month: one row a report; of several the last is the province's sum (合计).

    Raises OSError. The first sheet is the form, the second holds the relations, the third the headings that are
    to be checked against the original.
    """
    with open_private(path) as file, xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        styles = _styles(book)
        _form_sheet(book.add_worksheet("情况汇总表"), styles, form, forms, month, reports, zone)
        _relation_sheet(book.add_worksheet("逻辑校验"), styles, form, reports)
        _doubt_sheet(book.add_worksheet("待核对"), styles, forms, form)


def write_members(path: Path, titles: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write the rows behind a number, `titles` giving column and heading; returns how many. Raises OSError."""
    number = 0
    with open_private(path) as file, xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        bold = book.add_format({"bold": True})
        for column, title in enumerate(titles.values()):
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            for column, field in enumerate(titles):
                _write(sheet, number, column, row.get(field))
    return number


def _write(sheet: Any, row: int, column: int, value: Any, style: Any = None) -> None:  # noqa: ANN401
    if value is None:
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, style)
    else:
        text = str(value)
        sheet.write_string(row, column, "'" + text if text.startswith(FORMULA) else text, style)


def _styles(book: Any) -> Styles:  # noqa: ANN401 - xlsxwriter has no types
    grid = {"border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
    return Styles(
        title=book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"}),
        plain=book.add_format({"align": "center"}),
        head=book.add_format({**grid, "bold": True}),
        doubtful=book.add_format({**grid, "bold": True, "bg_color": "#FFF2CC"}),
        cell=book.add_format({**grid, "num_format": "0"}),
        money=book.add_format({**grid, "num_format": "#,##0.00"}),
        empty=book.add_format({**grid, "bg_color": "#FFF2CC"}),
        note=book.add_format({"text_wrap": True, "valign": "top"}),
        bold=book.add_format({"bold": True}),
    )


# --- the form ----------------------------------------------------------------------------------------------


def _form_sheet(
    sheet: Any,  # noqa: ANN401
    styles: Styles,
    form: Form,
    forms: Forms,
    month: str,
    reports: Sequence[Examined],
    zone: ZoneInfo,
) -> None:
    last = len(COLUMNS[form])
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, last, 11)
    sheet.merge_range(0, 0, 0, last, forms.texts[form].title, styles.title)
    sheet.set_row(0, 30)
    subtitle = f"（{month[:4]}年{int(month[5:])}月）{_state(reports)}　　金额单位：{forms.money_unit}"
    sheet.merge_range(1, 0, 1, last, subtitle, styles.plain)
    _headings(sheet, styles, [forms.labels[name] for name in COLUMNS[form]])
    for row, examined in enumerate(reports, FIRST_ROW):
        _write(sheet, row, 0, _row_name(examined, reports), styles.head)
        for column, (name, value) in enumerate(_values(form, examined.report.figures, forms), FIRST_FIGURE):
            style = styles.money if name == Indicator.PAID_FEN else styles.cell
            _write(sheet, row, column, value, styles.empty if value is None else style)
    _foot(sheet, styles, forms.texts[form].notes, reports[-1], FIRST_ROW + len(reports), last, zone)
    sheet.freeze_panes(FIRST_ROW, 1)


def _state(reports: Sequence[Examined]) -> str:
    """Say so where a report has not been filed: what is printed can still change."""
    if reports[-1].report.filed_at is not None:
        return ""
    cities = reports[:-1] or reports
    filed = sum(1 for one in cities if one.report.filed_at is not None)
    return (
        f"　预览，尚未报送（{filed}/{len(cities)}个地市已报送）" if len(reports) > 1 else "　预览，尚未报送"
    )


def _row_name(examined: Examined, reports: Sequence[Examined]) -> str:
    if examined.report.city == PROVINCE:
        return "合计" if len(reports) > 1 else "广东省"
    return city(examined.report.city).short


def _values(form: Form, figures: Figures, forms: Forms) -> list[tuple[Indicator, float | None]]:
    fen = FEN[forms.money_unit]
    return [
        (name, value / fen if name == Indicator.PAID_FEN and value is not None else value)
        for name in COLUMNS[form]
        for value in (figures.get(name),)
    ]


def _headings(sheet: Any, styles: Styles, labels: Sequence[Label]) -> None:  # noqa: ANN401
    sheet.set_row(HEAD, 30)
    sheet.set_row(HEAD + 1, 75)
    sheet.merge_range(HEAD, 0, HEAD + 1, 0, "项目", styles.head)
    _write(sheet, NUMBERS, 0, "", styles.head)
    column = FIRST_FIGURE
    for group, members in groupby(labels, key=lambda label: label.group):
        below = list(members)
        if group and len(below) > 1:
            sheet.merge_range(HEAD, column, HEAD, column + len(below) - 1, group, styles.head)
        for place, label in enumerate(below, column):
            text = f"{label.text}\n（{TO_CHECK}）" if label.inferred else label.text
            style = styles.doubtful if label.inferred else styles.head
            if group and len(below) > 1:
                _write(sheet, HEAD + 1, place, text, style)
            else:
                sheet.merge_range(HEAD, place, HEAD + 1, place, text, style)
            sheet.write_number(NUMBERS, place, place, styles.head)
        column += len(below)


def _foot(
    sheet: Any,  # noqa: ANN401
    styles: Styles,
    notes: Sequence[str],
    examined: Examined,
    row: int,
    last: int,
    zone: ZoneInfo,
) -> None:
    code, filed_at = examined.report.city, examined.report.filed_at
    office = "广东省人力资源和社会保障厅" if code == PROVINCE else f"{city(code).name}人力资源和社会保障局"
    when = f"{filed_at.astimezone(zone):%Y-%m-%d}" if filed_at else ""
    for column, text in zip(
        (0, last // 2 - 1, last // 2 + 2, last - 2),
        (f"填报单位：{office}（盖章）", f"填报时间：{when}", "填报人：", "联系电话："),
        strict=True,
    ):
        sheet.write_string(row + 1, column, text)
    sheet.write_string(row + 3, 0, "填报说明：", styles.bold)
    for place, note in enumerate(notes, row + 4):
        sheet.merge_range(place, 0, place, last, note, styles.note)
        sheet.set_row(place, 32 if len(note) > 70 else 16)


# --- the other sheets --------------------------------------------------------------------------------------


def _relation_sheet(sheet: Any, styles: Styles, form: Form, reports: Sequence[Examined]) -> None:  # noqa: ANN401
    titles = ("范围", "逻辑关系", "左边", "右边", "结果", "说明", "怎么办")
    for column, (title, width) in enumerate(zip(titles, (10, 18, 10, 10, 8, 50, 50), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, styles.head)
    own = {relation.text for relation in RELATIONS if form in relation.forms}
    row = 0
    for examined in reports:
        name = _row_name(examined, reports)
        printed = [(one, RESULTS[one.holds]) for one in examined.checks if one.relation in own]
        for one, result in (*printed, *((one, "提醒") for one in examined.warnings)):
            row += 1
            for column, value in enumerate(_check_cells(name, one, result)):
                _write(sheet, row, column, value, styles.note)
    sheet.freeze_panes(1, 0)


def _check_cells(name: str, one: Check, result: str) -> tuple[Any, ...]:
    return (name, one.relation, one.left, one.right, result, one.explain, one.mend)


def _doubt_sheet(sheet: Any, styles: Styles, forms: Forms, form: Form) -> None:  # noqa: ANN401
    for column, (title, width) in enumerate(zip(("编号", "栏目名称", "为什么"), (8, 30, 90), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, styles.head)
    for row, (number, label) in enumerate(forms.inferred(form), 1):
        for column, value in enumerate((number, label.text, label.note)):
            _write(sheet, row, column, value, styles.note)
