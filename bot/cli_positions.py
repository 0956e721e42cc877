"""`jianxi positions …`: internship positions (见习岗位), approved, searched, closed, marked as demonstrative."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from bot.app import Parts
from bot.cli_hosts import City, On, Version, act_of, status_of
from bot.cli_registers import After, Limit, audit_view, day
from bot.command_line import (
    Json,
    Unmask,
    city_code,
    complain,
    kindly,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from bot.internship_options import fen
from policy.ledger_codes import PositionStatus
from policy.positions import read_education_demand, read_position_kind, yuan
from storage import position_lists, positions
from storage.database import Connection
from storage.positions import PublicPosition

PositionId = Annotated[int, typer.Argument(help="岗位编号，见 jianxi positions list。")]
Reason = Annotated[str, typer.Option(help="原因。")]

COLUMNS: Final = {
    "id": "编号",
    "title": "岗位名称",
    "host_name": "单位",
    "kind_label": "类别",
    "place": "所在地",
    "status_label": "状态",
    "taken_of": "已录用",
    "stipend": "月补贴（元）",
    "closes_on": "截止",
    "version": "版本",
}


def position_commands() -> typer.Typer:
    """`jianxi positions …`."""
    app = typer.Typer(help="见习岗位：发布、下架、名额、示范。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi positions list --city 广州 --status submitted")(list_positions)
    app.command("show", epilog="例：jianxi positions show 12")(show)
    app.command("search", epilog="例：jianxi positions search 会计 --city 广州 --education 大专")(search)
    app.command("approve", epilog="例：jianxi positions approve 12")(approve)
    app.command("refuse", epilog="例：jianxi positions refuse 12 --reason 月补贴低于当地下限")(refuse)
    app.command("close", epilog="例：jianxi positions close 12 --reason 单位已招满")(close)
    app.command("close-expired", epilog="例：jianxi positions close-expired")(close_expired)
    app.command("edit", epilog="例：jianxi positions edit 12 --stipend 2400 --version 3")(edit)
    app.command("openings", epilog="例：jianxi positions openings 12 5")(openings)
    app.command("demonstrative", epilog="例：jianxi positions demonstrative 12 --reason 带教规范、留用率高")(
        demonstrative
    )
    return app


def list_positions(
    city: City = "",
    status: Annotated[str, typer.Option(help="submitted、published、refused 或 closed。")] = "",
    host: Annotated[int | None, typer.Option(help="只列这家单位的，写单位编号。")] = None,
    words: Annotated[str, typer.Option(help="要找的字，几个词都要有。")] = "",
    after: After = 0,
    limit: Limit = 50,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出见习岗位。带教老师默认打码。"""
    place, wanted = city_code(city) if city else None, status_of(PositionStatus, status)

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            audit_view(connection, "positions.list", "positions")
        return position_lists.listed(
            connection,
            parts.sealer,
            city=place,
            status=wanted,
            host_id=host,
            words=words or None,
            after=after,
            limit=limit,
            unmask=unmask,
        )

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
    elif not rows:
        say("没有符合条件的岗位。")
    else:
        show_table(COLUMNS, [row | _words(row) for row in rows])


def _words(row: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = row["labels"]
    return {
        "kind_label": labels["kind"],
        "status_label": labels["status"],
        "place": labels["city"] + labels["district"],
        "taken_of": f"{row['taken']}/{row['openings']}",
        "stipend": yuan(row["stipend_fen"]),
    }


def show(position: PositionId, as_json: Json = False, unmask: Unmask = False) -> None:
    """看一个岗位。带教老师默认打码。"""

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        if unmask:
            audit_view(connection, "positions.show", f"position:{position}")
        return position_lists.shown(connection, parts.sealer, position, unmask=unmask)

    row = reading(work, write=unmask)
    if as_json:
        show_json(row)
        return
    words = _words(row)
    say(f"岗位 {position}（版本 {row['version']}）  {row['title']}  {words['status_label']}")
    say(f"{row['host_name']}（单位 {row['host_id']}）  {words['kind_label']}  {words['place']}")
    say(f"已录用 {words['taken_of']}  月补贴 {words['stipend']} 元  {row['months']} 个月")
    say(f"学历 {row['labels']['education']}  专业 {'、'.join(row['majors']) or '不限'}")
    say(
        f"带教老师 {row['mentor'] or '没有'}  发布 {row['published_on'] or '—'}  截止 {row['closes_on'] or '—'}"
    )
    if row["demonstrative"]:
        say(f"示范性岗位：{row['demonstrative_reason']}")
    if row["decision_reason"]:
        say(f"原因：{row['decision_reason']}（{row['decided_by']}）")
    if row["description"]:
        say(row["description"])


def search(
    words: Annotated[list[str] | None, typer.Argument(help="要找的字，几个词都要有。")] = None,
    city: City = "",
    kind: Annotated[str, typer.Option(help="岗位类别：科研、技术、管理、社会服务。")] = "",
    education: Annotated[str, typer.Option(help="求职者的学历，例如 大专；要求更高的不列。")] = "",
    demonstrative: Annotated[bool, typer.Option("--demonstrative", help="只看示范性岗位。")] = False,
    before: Annotated[int | None, typer.Option(help="从这个编号之前列起，用来翻页。")] = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """像公众那样查找正在招募、还有名额的岗位，新的在前。"""
    place, now = city_code(city) if city else None, today()
    with kindly():
        wanted_kind = read_position_kind(kind) if kind else None
        level = read_education_demand(education) if education else None
    found = reading(
        lambda parts, connection: positions.find(
            connection,
            today=now,
            city=place,
            kind=wanted_kind,
            education=level,
            words=" ".join(words or ()),
            demonstrative=True if demonstrative else None,
            after_id=before,
            limit=limit,
        )
    )
    _show_found(found, as_json)


def _show_found(found: list[PublicPosition], as_json: bool) -> None:
    if as_json:
        show_json([each._asdict() for each in found])
    elif not found:
        say("没有找到，换个词或少写几个条件试试。")
    else:
        columns = {
            "id": "编号",
            "title": "岗位名称",
            "host_name": "单位",
            "place": "所在地",
            "left": "剩余名额",
        }
        columns |= {"education_label": "学历", "stipend": "月补贴（元）"}
        rows = [
            each._asdict()
            | {
                "place": each.place,
                "education_label": each.education_label,
                "stipend": yuan(each.stipend_fen),
            }
            for each in found
        ]
        show_table(columns, rows)


def approve(
    position: PositionId,
    reason: Annotated[str, typer.Option(help="说明，可以不写。")] = "",
    on: On = "",
    version: Version = None,
) -> None:
    """发布一个岗位；没通过或下架过的也能重新发布。"""
    act = act_of(on, version)
    reading(lambda parts, c: positions.approve(c, position, reason=reason or None, **act), write=True)
    say(f"岗位 {position} 已发布。")


def refuse(position: PositionId, reason: Reason, on: On = "", version: Version = None) -> None:
    """不通过一个待审核的岗位，写明原因。"""
    act = act_of(on, version)
    reading(lambda parts, c: positions.refuse(c, position, reason, **act), write=True)
    say(f"岗位 {position} 没有通过，原因已记下。")


def close(position: PositionId, reason: Reason, on: On = "", version: Version = None) -> None:
    """下架一个岗位；在岗的见习不受影响。"""
    act = act_of(on, version)
    reading(lambda parts, c: positions.close(c, position, reason, **act), write=True)
    say(f"岗位 {position} 已下架。")


def close_expired() -> None:
    """下架过了截止日期的岗位。可以重复执行。"""
    act = act_of("", None)
    count = reading(lambda parts, c: positions.close_expired(c, **act), write=True)
    say(f"下架了 {count} 个到期的岗位。")


def edit(
    position: PositionId,
    title: Annotated[str, typer.Option(help="岗位名称。")] = "",
    kind: Annotated[str, typer.Option(help="岗位类别：科研、技术、管理、社会服务。")] = "",
    education: Annotated[str, typer.Option(help="最低学历，例如 大专；没有要求写“不限”。")] = "",
    majors: Annotated[str, typer.Option(help="专业要求，用顿号隔开。")] = "",
    stipend: Annotated[str, typer.Option(help="月补贴，元。")] = "",
    months: Annotated[int | None, typer.Option(help="见习期限，月。")] = None,
    mentor: Annotated[str, typer.Option(help="带教老师。")] = "",
    description: Annotated[str, typer.Option(help="岗位描述。")] = "",
    closes_on: Annotated[str, typer.Option(help="截止日期，例如 2026-12-31。")] = "",
    version: Version = None,
) -> None:
    """改一个岗位的内容，只写要改的项。"""
    changes: dict[str, Any] = {"title": title, "mentor": mentor, "description": description}
    changes |= {"months": months, "closes_on": day(closes_on)}
    changes |= {"stipend_fen": fen(stipend)}
    changes |= {"majors": [word for word in re.split("[、，,]", majors) if word]}
    changes = {field: value for field, value in changes.items() if value not in (None, "", [])}
    with kindly():
        if kind:
            changes["kind"] = read_position_kind(kind)
        if education:
            changes["education"] = read_education_demand(education)
    if not changes:
        raise complain("没有写要改什么，例如 --stipend 2400。", 2)
    act = act_of("", version)
    reading(lambda parts, c: positions.change(c, parts.sealer, position, changes, **act), write=True)
    say(f"岗位 {position} 已改。")


def openings(
    position: PositionId,
    number: Annotated[int, typer.Argument(help="新的招收人数。")],
    on: On = "",
    version: Version = None,
) -> None:
    """改一个岗位的招收人数。"""
    act = act_of(on, version)
    reading(lambda parts, c: positions.set_openings(c, position, number, **act), write=True)
    say(f"岗位 {position} 现在招收 {number} 人。")


def demonstrative(
    position: PositionId,
    reason: Annotated[str, typer.Option(help="选为示范的理由，会公布。")] = "",
    off: Annotated[bool, typer.Option("--off", help="取消示范标记。")] = False,
    version: Version = None,
) -> None:
    """把一个岗位标为示范性岗位，写明理由；--off 取消。"""
    act = act_of("", version)
    wanted = None if off else reason
    reading(lambda parts, c: positions.mark_demonstrative(c, position, wanted, **act), write=True)
    say(f"岗位 {position} {'不再是' if off else '已标为'}示范性岗位。")
