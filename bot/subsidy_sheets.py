"""The list of a subsidy batch as a spreadsheet (补贴名册 .xlsx): what each host is paid, and for whom.

The payee is the host. Texts that a spreadsheet program would run are neutralised; only the owner may read the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from bot.export import FORMULA
from bot.private_files import open_private
from policy.ledger_codes import SubsidyStatus
from policy.positions import yuan
from policy.regions import city
from storage.subsidy_batches import Listed

PAYEES: Final[Mapping[str, int]] = {
    "单位名称": 36,
    "统一社会信用代码": 22,
    "人数": 8,
    "笔数": 8,
    "金额（元）": 14,
}
DETAILS: Final[Mapping[str, int]] = {
    "明细编号": 10,
    "单位名称": 36,
    "统一社会信用代码": 22,
    "见习编号": 10,
    "姓名": 12,
    "身份证号": 22,
    "补贴项目": 20,
    "补贴月份": 10,
    "金额（元）": 14,
    "计算": 50,
    "依据": 60,
    "状态": 12,
}
MONEY: Final = "#,##0.00"

WORDS: Final[Mapping[str, str]] = {
    "minimum_wage_fen": "最低工资标准",
    "percent": "补贴比例%",
    "paid_fen": "单位实发",
    "attended_days": "出勤天数",
    "month_number": "第几个月",
    "premium_fen": "每人保费",
    "cap_fen": "上限",
    "completed": "本年完成见习人数",
    "retained": "留用人数",
    "months": "月数",
    "each_month_fen": "每月",
    "contract_on": "劳动合同",
}
"""Members of a basis that a list shows, in Chinese; money in fen ends in `_fen`."""


def reckoning(basis: Mapping[str, Any]) -> str:
    """How an amount was computed, in words."""
    told = []
    for name, word in WORDS.items():
        value = basis.get(name)
        if value is not None:
            told.append(f"{word} {yuan(value)} 元" if name.endswith("_fen") else f"{word} {value}")
    return "，".join(told)


def write_batch(path: Path, listed: Listed, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a list: a sheet of hosts with their sums, a sheet of amounts. Returns how many. Raises OSError.

    `rows` are those of `storage.subsidy_lists.of_batch`.
    """
    lines = list(rows)
    with open_private(path) as file, xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": MONEY})
        payees = book.add_worksheet("拨付单位")
        state = SubsidyStatus(listed.status).label
        payees.write_string(
            0,
            0,
            f"{city(listed.city).name} {listed.month} 就业见习补贴名册 第{listed.id}号"
            f"（{state}，{'拨付日期 ' + str(listed.paid_on) if listed.paid_on else '未拨付'}）",
            bold,
        )
        _table(payees, 1, PAYEES, _payees(lines), bold, money)
        _table(book.add_worksheet("明细"), 0, DETAILS, [_detail(row) for row in lines], bold, money)
    return len(lines)


def _payees(lines: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    hosts: dict[int, list[Mapping[str, Any]]] = {}
    for row in lines:
        hosts.setdefault(row["host_id"], []).append(row)
    found = [
        (
            own[0]["host"],
            own[0]["uscc"],
            len({row["person_id"] for row in own}),
            len(own),
            sum(row["amount_fen"] for row in own) / 100,
        )
        for own in hosts.values()
    ]
    people = len({row["person_id"] for row in lines})
    return [*found, ("合计", "", people, len(lines), sum(row["amount_fen"] for row in lines) / 100)]


def _detail(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        row["id"],
        row["host"],
        row["uscc"],
        row["internship_id"],
        row["name"],
        row["id_number"],
        row["labels"]["kind"],
        row["month"],
        row["amount_fen"] / 100,
        reckoning(row["basis"]),
        row["clause"],
        row["labels"]["status"],
    )


def _table(
    sheet: Any,  # noqa: ANN401 - xlsxwriter has no types
    top: int,
    titles: Mapping[str, int],
    rows: Iterable[Sequence[Any]],
    bold: Any,  # noqa: ANN401
    money: Any,  # noqa: ANN401
) -> None:
    for column, (title, width) in enumerate(titles.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(top, column, title, bold)
    sheet.freeze_panes(top + 1, 0)
    for number, row in enumerate(rows, top + 1):
        for column, value in enumerate(row):
            if isinstance(value, float):
                sheet.write_number(number, column, value, money)
            elif isinstance(value, int):
                sheet.write_number(number, column, value)
            else:
                text = str(value)
                sheet.write_string(number, column, "'" + text if text.startswith(FORMULA) else text)
