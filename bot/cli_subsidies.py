"""`jianxi subsidies …`: amounts, lists, signals and evidence of the internship subsidies (见习补贴), to read.

What changes them is in `bot.cli_subsidy_steps`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from bot.app import Parts, utc_now
from bot.cli_subsidy_steps import Batch, add_steps
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
    today,
    writable_sheet,
)
from bot.internship_options import code
from bot.report_options import MaybeCity, MaybeMonth, place
from bot.subsidy_sheets import reckoning, write_batch
from policy.ledger_codes import SubsidyStatus
from policy.positions import yuan
from policy.regions import city
from storage import audit, evidence_marks, fraud_signals, subsidy_batches, subsidy_lists
from storage.database import Connection
from storage.evidence_marks import Checklist
from storage.fraud_signals import Signal
from storage.subsidy_batches import Listed

COLUMNS: Final = {
    "id": "明细",
    "internship_id": "见习",
    "name": "姓名",
    "host": "见习单位",
    "month": "月份",
    "kind": "项目",
    "yuan": "金额（元）",
    "status": "状态",
    "flags": "待核查",
    "reckoning": "计算",
}
LISTS: Final = {
    "id": "名册",
    "city": "地市",
    "month": "月份",
    "status": "状态",
    "hosts": "单位",
    "lines": "笔数",
    "yuan": "金额（元）",
    "created_by": "经办",
    "approved_by": "审批",
    "paid_on": "拨付日期",
    "version": "版本",
}
After = Annotated[int, typer.Option("--after", help="从这个编号之后接着列。")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多列多少条。")]


def subsidy_commands() -> typer.Typer:
    """`jianxi subsidies …`."""
    app = typer.Typer(help="见习补贴：测算、名册、审批、拨付、疑点。", no_args_is_help=True)
    add_steps(app)
    app.command("list", epilog="例：jianxi subsidies list --city 广州 --month 2023-09 --status 待核查")(
        list_lines
    )
    app.command("batches", epilog="例：jianxi subsidies batches --city 广州")(list_batches)
    app.command("signals", epilog="例：jianxi subsidies signals --city 广州 --month 2023-09")(signals)
    app.command("checklist", epilog="例：jianxi subsidies checklist 3")(checklist)
    app.command("sheet", epilog="例：jianxi subsidies sheet 3 名册.xlsx")(sheet)
    return app


def list_lines(
    place_name: MaybeCity = None,
    month: MaybeMonth = None,
    status: Annotated[str, typer.Option(help="状态，例如 已测算、待核查、已拨付。")] = "",
    host: Annotated[int | None, typer.Option(help="见习单位编号。")] = None,
    batch: Annotated[int | None, typer.Option(help="名册编号。")] = None,
    after: After = 0,
    limit: Limit = 50,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出补贴明细，每条说明怎么算的、为什么待核查。默认打码。"""
    in_city = city_code(place_name) if place_name else None
    wanted = code(SubsidyStatus, status) if status else None

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            _audit_view(connection, "subsidies.list", "subsidies")
        return subsidy_lists.page(
            connection,
            parts.sealer,
            city=in_city,
            month=month,
            status=wanted,
            host_id=host,
            batch_id=batch,
            after_id=after,
            limit=limit,
            unmask=unmask,
        )

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
        return
    shown = [
        row | row["labels"] | {"yuan": row["amount_fen"] / 100, "reckoning": reckoning(row["basis"])}
        for row in rows
    ]
    show_table(COLUMNS, shown)
    for row in rows:
        for told in row["holds"].values():
            say(f"明细 {row['id']}：{told}")
    if len(rows) == limit:
        say(f"还有更多，接着看：加 --after {rows[-1]['id']}")


def list_batches(
    place_name: MaybeCity = None, after: After = 0, limit: Limit = 50, as_json: Json = False
) -> None:
    """列出补贴名册和金额。"""
    in_city = city_code(place_name) if place_name else None
    found = reading(
        lambda parts, connection: subsidy_batches.page(connection, in_city, after_id=after, limit=limit)
    )
    if as_json:
        show_json([_batch(one) for one in found])
        return
    show_table(
        LISTS,
        [
            _batch(one)
            | {
                "city": place(one.city),
                "status": SubsidyStatus(one.status).label,
                "yuan": one.fen / 100,
            }
            for one in found
        ],
    )
    if len(found) == limit:
        say(f"还有更多，接着看：加 --after {found[-1].id}")


def signals(
    place_name: MaybeCity = None, month: MaybeMonth = None, as_json: Json = False, unmask: Unmask = False
) -> None:
    """列出疑点和背后的人：参保在前、时间重叠、同一账户或手机号、没收到补贴、留用未参保、没出勤。默认打码。"""
    in_city = city_code(place_name) if place_name else None

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            _audit_view(connection, "subsidies.signals", f"subsidy:{in_city or 'all'}")
        found = fraud_signals.signals(connection, in_city, month, today=today())
        numbers = sorted({number for one in found for number in one.internship_ids})
        people = subsidy_lists.people_behind(connection, parts.sealer, numbers, unmask=unmask)
        return [_signal(one, people) for one in found]

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        say(f"{row['label']}：{row['explain']}")
        for who in row["people"]:
            say(f"  见习 {who['internship']}  {who['name']}  {who['phone']}  {who['host']}")
    say(f"共 {len(rows)} 条疑点。疑点不是结论，请核查后再定。" if rows else "没有发现疑点。")


def checklist(batch: Batch, as_json: Json = False) -> None:
    """看一份名册的申领材料，缺哪样。"""

    def work(_parts: Parts, connection: Connection) -> tuple[Listed, list[Checklist]]:
        return subsidy_batches.get(connection, batch), evidence_marks.checklists(connection, batch)

    listed, found = reading(work)
    if as_json:
        show_json([_checklist(one) for one in found])
        return
    say(f"名册 {batch}：{city(listed.city).short} {listed.month}")
    for one in found:
        say(f"单位 {one.host_id} {one.host_name}")
        for mark in one.marks:
            premium = f"，每人保费 {yuan(mark.amount_fen)} 元" if mark.amount_fen else ""
            state = f"有（{mark.on} 登记{premium}）" if mark.given else "缺"
            say(f"  {mark.kind.label}：{state}")
    lacking = sum(1 for one in found if one.missing)
    say(f"{lacking} 家单位的材料不齐。" if lacking else "材料齐全。")


def sheet(
    batch: Batch,
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件。")],
    unmask: Unmask = False,
) -> None:
    """导出补贴名册：拨付单位一页，明细一页。默认打码；文件只有您能读。"""
    writable_sheet(file)

    def work(parts: Parts, connection: Connection) -> tuple[Listed, list[dict[str, Any]]]:
        listed = subsidy_batches.get(connection, batch)
        with Console(stderr=True).status("读取名册"):
            rows = list(subsidy_lists.of_batch(connection, parts.sealer, batch, unmask=unmask))
        return listed, rows

    def note(connection: Connection) -> None:
        _audit_view(connection, "subsidies.sheet", f"subsidy_batch:{batch}")

    listed, rows = audited(note, work) if unmask else reading(work)
    try:
        written = write_batch(file, listed, rows)
    except OSError as error:
        raise complain(f"写不了 {file}：{error.strerror}") from None
    say(f"已导出 {written} 笔，共 {sum(row['amount_fen'] for row in rows) / 100:.2f} 元：{file}")


def _signal(one: Signal, people: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "label": one.kind.label,
        "month": one.month,
        "explain": one.explain,
        "people": [people[number] for number in one.internship_ids],
    }


def _batch(one: Listed) -> dict[str, Any]:
    return {**one._asdict(), "paid_on": one.paid_on.isoformat() if one.paid_on else None}


def _checklist(one: Checklist) -> dict[str, Any]:
    marks = [
        mark._asdict() | {"label": mark.kind.label, "on": mark.on.isoformat() if mark.on else None}
        for mark in one.marks
    ]
    return {"host": one.host_id, "host_name": one.host_name, "marks": marks, "missing": list(one.missing)}


def _audit_view(connection: Connection, action: str, subject: str) -> None:
    audit.add(connection, utc_now(), actor(), action, subject, {"unmasked": True})
