"""`jianxi outreach …`: visiting and calling the people whom the registers name (走访摸排)."""

from __future__ import annotations

import sys
from typing import Annotated, Any, TypeVar

import typer

from bot.app import Parts, utc_now
from bot.cli_registers import NO_CITY, PLACES, After, City, Limit, audit_view, day, label
from bot.command_line import (
    Json,
    Unmask,
    actor,
    city_code,
    complain,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from policy.codes import Code
from policy.ledger_codes import ContactResult, ContactWay, OutreachStatus
from policy.outreach import UNFINISHED
from policy.regions import OUTSIDE
from storage import outreach
from storage.database import Connection

AnyCode = TypeVar("AnyCode", bound=Code)

Version = Annotated[int | None, typer.Option("--version", help="您看到的版本号；别人改过就不会覆盖。")]


def outreach_commands() -> typer.Typer:
    """`jianxi outreach …`."""
    app = typer.Typer(help="走访摸排。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi outreach list --city 广州")(list_tasks)
    app.command("show", epilog="例：jianxi outreach show 12")(show)
    app.command("assign", epilog="例：jianxi outreach assign --city 广州 --limit 20 --to 李工")(assign)
    app.command("record", epilog="例：jianxi outreach record 12 --way 电话 --result 有意愿")(record)
    app.command("progress", epilog="例：jianxi outreach progress")(progress)
    return app


def list_tasks(
    city: City = "",
    assignee: Annotated[str, typer.Option(help="只列这位负责人的。")] = "",
    status: Annotated[list[str] | None, typer.Option(help="状态，可以写几次；不写就列没完成的。")] = None,
    due: Annotated[str, typer.Option(help="只列这一天以前（含当天）要联系的，例如 2026-12-31。")] = "",
    after: After = 0,
    limit: Limit = 50,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出走访任务。默认打码；打电话要看号码时加 --unmask。"""
    place, due_by = _place(city), day(due)
    statuses = [_code(OutreachStatus, text) for text in status] if status else UNFINISHED

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            audit_view(connection, "outreach.list", "outreach_tasks")
        return outreach.listed(
            connection,
            parts.sealer,
            city=place,
            assignee=assignee.strip() or None,
            statuses=statuses,
            due_by=due_by,
            after=after,
            limit=limit,
            unmask=unmask,
        )

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
        return
    columns = {"id": "编号", "city": "城市", "name": "姓名", "phone": "手机号", "status": "状态"}
    columns |= {"assignee": "负责人", "due_on": "联系期限", "attempts": "联系次数", "version": "版本"}
    show_table(columns, [_labelled(row) for row in rows])


def show(
    task: Annotated[int, typer.Argument(help="任务编号。")], as_json: Json = False, unmask: Unmask = False
) -> None:
    """看一个走访任务和每次联系的情况。备注只在 --unmask 时显示。"""

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        if unmask:
            audit_view(connection, "outreach.show", f"outreach_task:{task}")
        return outreach.shown(connection, parts.sealer, task, unmask=unmask)

    row = reading(work, write=unmask)
    if as_json:
        show_json(row)
        return
    words = _labelled(row)
    say(f"任务 {task}（版本 {row['version']}）  {words['city']}  {words['status']}")
    say(f"{row['name']}  {row['phone'] or '没有手机号'}  {row['id_number']}  {row['school'] or ''}")
    say(f"负责人 {row['assignee'] or '未分派'}  联系期限 {row['due_on'] or '无'}")
    for attempt in row["contact_attempts"]:
        way, result = label(ContactWay, attempt["way"]), label(ContactResult, attempt["result"])
        say(f"  {attempt['at']}  {way}  {result}  {attempt['note'] or ''}".rstrip())


def assign(
    to: Annotated[str, typer.Option(help="负责人。")],
    tasks: Annotated[list[int] | None, typer.Argument(help="任务编号；不写就按城市分派。")] = None,
    city: City = "",
    limit: Annotated[int, typer.Option(min=1, help="按城市分派时，一次分多少个。")] = 50,
    version: Version = None,
) -> None:
    """把走访任务分派给负责人：写任务编号，或按城市分派还没有人负责的。"""
    if bool(tasks) == bool(city):
        raise complain("请写任务编号，或者用 --city 按城市分派，两样选一样。", 2)
    if version is not None and len(tasks or ()) != 1:
        raise complain("--version 只能和一个任务编号一起用。", 2)
    place = _place(city)

    def work(parts: Parts, connection: Connection) -> int:
        by = {"actor": actor(), "now": utc_now(), "today": today()}
        if place is not None:
            return outreach.assign_city(connection, place, to, limit, **by)  # type: ignore[arg-type]
        return outreach.assign(connection, tasks or (), to, seen=version, **by)  # type: ignore[arg-type]

    number = reading(work, write=True)
    say(f"已把 {number} 个任务分派给 {to.strip()}。" if number else "这个城市没有待分派的任务。")


def record(
    task: Annotated[int, typer.Argument(help="任务编号。")],
    way: Annotated[str, typer.Option(help="怎样联系：电话、上门、短信或微信、其他。")],
    result: Annotated[
        str, typer.Option(help="结果：有意愿、暂无意愿、已就业、无人接听或不在、号码或地址有误、不符合条件。")
    ],
    note: Annotated[str, typer.Option(help="备注，加密保存；写 - 就从标准输入读，不留在命令记录里。")] = "",
    version: Version = None,
) -> None:
    """记录一次联系。"""
    how, found = _code(ContactWay, way), _code(ContactResult, result)
    words = sys.stdin.read().strip() if note == "-" else note

    def work(parts: Parts, connection: Connection) -> OutreachStatus:
        return outreach.record(
            connection,
            parts.sealer,
            task,
            how,
            found,
            words,
            seen=version,
            actor=actor(),
            now=utc_now(),
            today=today(),
        )

    say(f"已记录。任务 {task} 现在：{reading(work, write=True).label}。")


def progress(city: City = "", as_json: Json = False) -> None:
    """各市摸排进度。"""
    place = _place(city)
    found = reading(lambda parts, connection: outreach.progress(connection, today(), city=place))
    if as_json:
        show_json([each._asdict() for each in found])
        return
    columns = {"city": "城市", "total": "任务"}
    columns |= {status.value: status.label for status in OutreachStatus} | {"overdue": "逾期未联系"}
    rows: list[dict[str, Any]] = [
        {"city": PLACES[each.city], "total": each.total, "overdue": each.overdue, **each.by_status}
        for each in found
    ]
    show_table(columns, rows)


def _labelled(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"city": PLACES.get(row["city"], ""), "status": label(OutreachStatus, row["status"])}


def _code(codes: type[AnyCode], text: str) -> AnyCode:
    """The code that was meant by its Chinese name or by itself; exits with status 2 naming what there is."""
    for code in codes:
        if text in (code.value, code.label):
            return code
    raise complain(f"没有“{text}”这一项。可以写：{'、'.join(code.label for code in codes)}。", 2)


def _place(city: str) -> str | None:
    if not city:
        return None
    return OUTSIDE if city in (NO_CITY, OUTSIDE) else city_code(city)
