"""`jianxi broadcasts …`: the course of a broadcast (群发) from the command line, from handing in to giving up.

Writing is in `bot.cli_broadcast_writing`, what became of one in `bot.cli_broadcast_results`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from bot.app import Parts
from bot.audience_options import in_words
from bot.broadcast_options import Number, Version, act, iso, local, moment
from bot.cli_broadcast_results import add_results
from bot.cli_broadcast_writing import add_writing
from bot.command_line import Json, actor, complain, reading, say, show_json, show_table, today
from notifications import broadcasts as words
from policy.outgoing_codes import BroadcastState as State
from storage import broadcast_drafts, broadcasts
from storage.database import Connection
from storage.outgoing_tables import Broadcast

COLUMNS: Final = {
    "id": "编号",
    "title": "标题",
    "state_label": "状态",
    "size": "人数",
    "starts": "开始",
    "created_by": "起草",
    "approved_by": "复核",
    "version": "版本",
}
NEXT: Final = {
    State.DRAFT: "下一步：jianxi broadcasts preview {id} 看效果，再 jianxi broadcasts submit {id} 提交。",
    State.WAITING: "下一步：请另一位工作人员执行 jianxi broadcasts approve {id}。",
    State.APPROVED: "下一步：jianxi broadcasts start {id} 马上发，或 jianxi broadcasts schedule {id} 定时。",
    State.STOPPED: "请先看 jianxi broadcasts result {id}，再 resume 继续或 cancel 取消。",
    State.PAUSED: "继续用 jianxi broadcasts resume {id}，不发了用 jianxi broadcasts cancel {id}。",
}


def broadcast_commands() -> typer.Typer:
    """`jianxi broadcasts …`."""
    app = typer.Typer(help="群发：写、复核、试发、发送、看结果。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi broadcasts list")(list_broadcasts)
    app.command("show", epilog="例：jianxi broadcasts show 3")(show)
    add_writing(app)
    app.command("submit", epilog="例：jianxi broadcasts submit 3")(submit)
    app.command("approve", epilog="例：jianxi broadcasts approve 3 --approver 陈主任")(approve)
    app.command("draft-again", epilog="例：jianxi broadcasts draft-again 3")(draft_again)
    app.command("schedule", epilog='例：jianxi broadcasts schedule 3 "2026-11-27 09:00"')(schedule)
    app.command("start", epilog="例：jianxi broadcasts start 3")(start)
    app.command("pause", epilog="例：jianxi broadcasts pause 3")(pause)
    app.command("resume", epilog="例：jianxi broadcasts resume 3")(resume)
    app.command("cancel", epilog="例：jianxi broadcasts cancel 3")(cancel)
    add_results(app)
    return app


def fields(row: Broadcast) -> dict[str, Any]:
    """A broadcast as JSON-safe fields."""
    times = {
        name: iso(getattr(row, name)) for name in ("starts_at", "expires_at", "created_at", "updated_at")
    }
    state = State(row.state)
    return {
        "id": row.id,
        "title": row.title,
        "text": row.text,
        "audience": row.audience,
        "audience_label": in_words(row.audience),
        "urgent": row.urgent,
        "state": state.value,
        "state_label": state.label,
        "size": row.size,
        "canary": row.canary,
        **times,
        "created_by": row.created_by,
        "approved_by": row.approved_by,
        "stop_reason": row.stop_reason,
        "version": row.version,
    }


def list_broadcasts(
    before: Annotated[int | None, typer.Option(help="从这个编号之前接着列。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="最多列多少条。")] = 50,
    as_json: Json = False,
) -> None:
    """列出群发，新的在前。"""
    rows = reading(
        lambda parts, connection: [
            fields(row) for row in broadcast_drafts.listed(connection, before=before, limit=limit)
        ]
    )
    if as_json:
        show_json(rows)
        return
    show_table(COLUMNS, [row | {"starts": local(row["starts_at"])} for row in rows])
    if len(rows) == limit:
        say(f"还有更多：加 --before {rows[-1]['id']}")


def show(number: Number, as_json: Json = False) -> None:
    """看一次群发的内容、对象和状态。"""
    row = reading(lambda parts, connection: fields(broadcast_drafts.get(connection, number)))
    if as_json:
        show_json(row)
        return
    say(f"群发 {row['id']}：{row['title']}（{row['state_label']}，版本 {row['version']}）")
    say(f"对象：{row['audience_label']}" + (f"，{row['size']} 人" if row["size"] else ""))
    for title, text in (
        ("开始", local(row["starts_at"])),
        ("有效期至", local(row["expires_at"])),
        ("起草", row["created_by"]),
        ("复核", row["approved_by"]),
        ("停止原因", row["stop_reason"]),
        ("加急", "是，不受推送频次限制" if row["urgent"] else ""),
    ):
        if text:
            say(f"{title}：{text}")
    say(f"\n{row['text']}\n")
    if row["state"] in NEXT:
        say(NEXT[State(row["state"])].format(id=number))


def submit(number: Number, version: Version = None) -> None:
    """提交草稿：人多的等另一位工作人员复核，人少的直接可以发。"""
    day = today()

    def work(parts: Parts, connection: Connection) -> Broadcast:
        words.submit(connection, parts.sealer, number, today=day, **act(version))
        return broadcast_drafts.get(connection, number)

    _told(reading(work, write=True))


def approve(
    number: Number,
    approver: Annotated[str, typer.Option(help="复核人的名字，同一台电脑上轮流操作时写。")] = "",
    version: Version = None,
) -> None:
    """复核一次群发。写过、改过它的人不能自己复核。"""
    how = act(version)
    if approver.strip():
        how["actor"] = f"{actor()}/{_name(approver)}"

    def work(parts: Parts, connection: Connection) -> Broadcast:
        broadcast_drafts.approve(connection, number, **how)
        return broadcast_drafts.get(connection, number)

    _told(reading(work, write=True))


def _name(text: str) -> str:
    """A name that stands beside the account in the log; what separates the two is not part of it."""
    name = text.strip()
    if len(name) > 30 or set(name) & {":", "/"}:
        raise complain("复核人的名字请写 1 到 30 个字，不要有 : 和 /。", 2)
    return name


def draft_again(number: Number, version: Version = None) -> None:
    """退回草稿去修改；复核和定时作废。"""

    def work(parts: Parts, connection: Connection) -> Broadcast:
        broadcast_drafts.back_to_draft(connection, number, **act(version))
        return broadcast_drafts.get(connection, number)

    _told(reading(work, write=True))


def schedule(
    number: Number,
    at: Annotated[str, typer.Argument(help="什么时候开始，例如 2026-11-27 09:00。")],
    version: Version = None,
) -> None:
    """定时开始。服务要一直开着。"""
    starts_at = moment(at)

    def work(parts: Parts, connection: Connection) -> Broadcast:
        broadcast_drafts.schedule(connection, number, starts_at, **act(version))
        return broadcast_drafts.get(connection, number)

    _told(reading(work, write=True))
    say(f"将在 {local(iso(starts_at))} 开始，到时先试发。")


def start(number: Number, version: Version = None) -> None:
    """马上开始：名单这时定下来，先试发百分之一。"""
    day = today()

    def work(parts: Parts, connection: Connection) -> Broadcast:
        broadcasts.start(connection, number, today=day, **act(version))
        return broadcast_drafts.get(connection, number)

    row = reading(work, write=True)
    _told(row)
    if row.size:
        say(f"共 {row.size} 人，先试发 {row.canary} 人。没有异常，过几分钟自动发给其余的人。")
    else:
        say("现在符合条件的一个人也没有，没有发。")


def pause(number: Number, version: Version = None) -> None:
    """暂停，还没发的先不发。"""
    held = reading(lambda parts, connection: broadcasts.pause(connection, number, **act(version)), write=True)
    say(f"群发 {number} 已暂停，{held} 条排着队的先不发。继续用 jianxi broadcasts resume {number}。")


def resume(number: Number, version: Version = None) -> None:
    """暂停或自动停止以后，接着发。"""

    def work(parts: Parts, connection: Connection) -> Broadcast:
        broadcasts.resume(connection, number, **act(version))
        return broadcast_drafts.get(connection, number)

    _told(reading(work, write=True))


def cancel(number: Number, version: Version = None) -> None:
    """取消，还没发的都不发了。已经发出的收不回来。"""
    taken_back = reading(
        lambda parts, connection: broadcasts.cancel(connection, number, **act(version)), write=True
    )
    say(f"群发 {number} 已取消，{taken_back} 条没有发出。")


def _told(row: Broadcast) -> None:
    state = State(row.state)
    say(f"群发 {row.id} 现在：{state.label}，{row.size} 人，版本 {row.version}。")
    if state in NEXT:
        say(NEXT[state].format(id=row.id))
