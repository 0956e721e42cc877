"""`jianxi report people`: the list behind a number of a report, on the screen, as JSON or as a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import track

from bot.app import Parts, utc_now
from bot.command_line import (
    Json,
    Unmask,
    actor,
    audited,
    city_code,
    complain,
    reading,
    say,
    show_json,
    show_table,
)
from bot.report_options import MaybeCity, MaybeOutput, Month, forms_of, place
from bot.report_sheets import write_members
from policy.indicators import COLUMNS, Form, Indicator
from policy.regions import CITIES
from storage import audit, reports
from storage.database import Connection
from storage.report_members import members

NUMBERED: Final = COLUMNS[Form.NATIONAL][:-1]
"""The indicators that have the same number on both forms, from 1."""

TITLES: Final = {
    "city": "地市",
    "internship": "见习编号",
    "name": "姓名",
    "id_number": "身份证号",
    "phone": "手机号",
    "host": "见习单位",
    "position": "岗位",
    "host_id": "单位编号",
    "position_id": "岗位编号",
    "title": "岗位名称",
    "host_name": "单位名称",
    "uscc": "统一社会信用代码",
    "step": "事项",
    "kind": "补贴项目",
    "month": "补贴月份",
    "on": "日期",
    "result": "去向",
    "counts": "计数",
}
"""Columns of a list, as far as its rows have them."""


def add_people_command(app: typer.Typer) -> None:
    """Add it to the group of reports."""
    app.command("people", epilog="例：jianxi report people arrived --month 2023-09 --city 广州")(people)


def people(
    indicator: Annotated[
        str, typer.Argument(metavar="指标", help="编号 1—13，或名字，例如 arrived、retained、paid_fen。")
    ],
    month: Month,
    city: MaybeCity = None,
    unmask: Unmask = False,
    as_json: Json = False,
    output: MaybeOutput = None,
) -> None:
    """看一个数后面的名单：人、单位、岗位或补贴明细。默认打码。"""
    name = _indicator(indicator)
    codes = [city_code(city)] if city else [known.code for known in CITIES]

    def work(parts: Parts, connection: Connection) -> tuple[list[dict[str, Any]], int]:
        part = forms_of(parts).part
        found = [reports.of_city(connection, code, month, part) for code in codes]
        rows = [
            row
            for one in track(found, "读取名单", console=Console(stderr=True), transient=True)
            for row in members(connection, parts.sealer, one, name, part, unmask=unmask)
        ]
        return rows, sum(one.figures[name] or 0 for one in found)

    def note(connection: Connection) -> None:
        detail = {"indicator": name.value, "month": month, "city": codes[0] if city else None}
        audit.add(connection, utc_now(), actor(), "report.people", f"report:{month}", detail)

    rows, figure = audited(note, work) if unmask else reading(work)
    if as_json and output is None:
        show_json(rows)
        return
    _show(rows, name, output)
    counted = sum(row["counts"] for row in rows)
    say(f"名单合计 {_amount(name, counted)}，报表数 {_amount(name, figure)}。")
    if counted != figure:
        say("两数不同：上期在岗人数是人工填写的，或有更正没有计入，请看 jianxi report corrections。")


def _show(rows: list[dict[str, Any]], name: Indicator, output: Path | None) -> None:
    titles = {field: title for field, title in TITLES.items() if any(field in row for row in rows)}
    shown = [
        {field: row.get(field) for field in titles}
        | {"city": place(row["city"]), "counts": _amount(name, row["counts"])}
        for row in rows
    ]
    if output is None:
        show_table(titles, shown)
        return
    try:
        written = write_members(output, titles, shown)
    except OSError as error:
        raise complain(f"写不了 {output}：{error.strerror}") from None
    say(f"已导出 {written} 行：{output}")


def _amount(name: Indicator, number: int) -> float:
    """What is shown: money in yuan, everything else as it is."""
    return number / 100 if name == Indicator.PAID_FEN else number


def _indicator(text: str) -> Indicator:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(NUMBERED):
        return NUMBERED[int(text) - 1]
    for name in Indicator:
        if text in (name.value, name.label):
            return name
    raise complain(f"没有“{text}”这个指标。可以写编号 1—13，或：{'、'.join(Indicator)}。", 2)
