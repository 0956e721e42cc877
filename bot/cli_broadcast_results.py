"""`jianxi broadcasts …`: how far a broadcast is, what became of it and why, and the list of whom it was for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import track

from bot.app import Parts, utc_now
from bot.audience_options import CHANNELS
from bot.broadcast_options import Number, iso, local
from bot.command_line import (
    Json,
    Unmask,
    actor,
    audited,
    complain,
    reading,
    say,
    show_json,
    show_table,
    writable_sheet,
)
from bot.spreadsheets import write_rows
from policy.masking import mask_name, mask_phone
from policy.outgoing_codes import BroadcastState, DeliveryState, SkipReason
from policy.regions import city_of
from storage import audit, broadcast_drafts, broadcast_tallies, deliveries
from storage.broadcast_tallies import Addressee
from storage.database import Connection
from storage.outgoing_tables import Broadcast
from storage.sealing import Sealer

REASONS: Final = {
    **{reason.value: reason.label for reason in SkipReason},
    "interrupted": "发送时程序中断",
    "resolved": "工作人员已核实",
    "text": "内容填不出来",
}
KINDS: Final = {
    "retry": "平台忙，多次没有发成",
    "unknown": "平台没有答复",
    "person": "对方收不到",
    "window": "平台现在不让发",
    "message": "平台不收这条内容",
    "account": "公众号或机器人账号有问题",
    "fault": "程序出错",
    "part": "只发出了一部分",
}
"""What stands in front of a platform's own code."""
TITLES: Final = (
    *("投递编号", "人员编号", "姓名", "手机号", "常住城市", "渠道", "状态", "原因", "发送次数"),
    *("发送时间", "处理时间"),
)
MOST_ROWS: Final = 1_048_575
"""What a sheet holds beside its header."""


def add_results(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command("progress", epilog="例：jianxi broadcasts progress 3")(progress)
    app.command("result", epilog="例：jianxi broadcasts result 3 --json")(result)
    app.command("export", epilog="例：jianxi broadcasts export 3 群发结果.xlsx")(export)


def reason_label(reason: str | None) -> str:
    """Why a message is in its state, in words; a platform's own code stays beside them."""
    if not reason:
        return ""
    if reason in REASONS:
        return REASONS[reason]
    kind, _, code = reason.partition(":")
    return f"{KINDS[kind]}（{code}）" if kind in KINDS and code else reason


def progress(number: Number, as_json: Json = False) -> None:
    """看发到哪里了。"""

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        row = broadcast_drafts.get(connection, number)
        states = _by_state(connection, row)
        waiting = sum(states.get(state, 0) for state in (*deliveries.WAITING[:2], DeliveryState.SENDING))
        complaints = (
            broadcast_tallies.standing(connection, row.purpose_id).tally.complaints if row.purpose_id else 0
        )
        return {
            "id": row.id,
            "state": row.state,
            "size": row.size,
            "canary": row.canary,
            "settled": row.size - waiting if row.purpose_id else 0,
            "states": states,
            "complaints": complaints,
            "stop_reason": row.stop_reason,
        }

    found = reading(work)
    if as_json:
        show_json(found)
        return
    share = f"，{found['settled'] * 100 // found['size']}%" if found["size"] else ""
    say(
        f"群发 {number}：{BroadcastState(found['state']).label}，{found['settled']}/{found['size']} 人{share}"
    )
    for state, people in found["states"].items():
        say(f"  {DeliveryState(state).label} {people}")
    if found["complaints"]:
        say(f"  收到后退订或取关 {found['complaints']}")
    if found["stop_reason"]:
        say(f"停止原因：{found['stop_reason']}")


def _by_state(connection: Connection, row: Broadcast) -> dict[str, int]:
    found: dict[str, int] = {}
    for count in deliveries.counts(connection, row.purpose_id) if row.purpose_id else ():
        found[count.state.value] = found.get(count.state.value, 0) + count.number
    return found


def result(number: Number, as_json: Json = False) -> None:
    """看结果：各种状态、各种原因的有多少人。"""

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        row = broadcast_drafts.get(connection, number)
        counts = deliveries.counts(connection, row.purpose_id) if row.purpose_id else []
        return [
            {
                "state": count.state.value,
                "state_label": count.state.label,
                "reason": count.reason,
                "reason_label": reason_label(count.reason),
                "number": count.number,
            }
            for count in counts
        ]

    rows = reading(work)
    if as_json:
        show_json(rows)
        return
    if not rows:
        say(f"群发 {number} 还没有开始，没有结果。")
        return
    show_table({"state_label": "状态", "reason_label": "原因", "number": "人数"}, rows)


def export(
    number: Number,
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件。")],
    state: Annotated[list[str] | None, typer.Option(help="只要这些状态的，中文名或代码，可写几个。")] = None,
    unmask: Unmask = False,
) -> None:
    """把收件人和结果导出成 Excel。姓名和手机号默认打码。"""
    writable_sheet(file)
    wanted = tuple(_state(text) for text in state or ())

    def work(parts: Parts, connection: Connection) -> int:
        row = broadcast_drafts.get(connection, number)
        if row.purpose_id is None:
            raise complain(f"群发 {number} 还没有开始，没有收件人可以导出。")
        states = _by_state(connection, row)
        total = sum(people for name, people in states.items() if not wanted or name in wanted)
        if total > MOST_ROWS:
            raise complain(f"有 {total} 人，一张表放不下，请用 --state 分几次导出。")
        rows = (
            _cells(parts.sealer, each, unmask=unmask) for each in _pages(connection, row.purpose_id, wanted)
        )
        shown = track(rows, "导出", total=total, console=Console(stderr=True), transient=True)
        return write_rows(file, "群发结果", TITLES, shown)

    def note(connection: Connection) -> None:
        subject = f"broadcast:{number}"
        audit.add(connection, utc_now(), actor(), "broadcast.export", subject, {"unmasked": unmask})

    say(f"已导出 {audited(note, work)} 人：{file}")


def _state(text: str) -> DeliveryState:
    for state in DeliveryState:
        if text in (state.value, state.label):
            return state
    raise complain(f"没有“{text}”这个状态。可以写：{'、'.join(state.label for state in DeliveryState)}。", 2)


def _pages(connection: Connection, purpose_id: int, states: tuple[DeliveryState, ...]) -> Iterator[Addressee]:
    after = 0
    while page := broadcast_tallies.addressees(connection, purpose_id, states=states, after=after):
        yield from page
        after = page[-1].contact_id


def _cells(sealer: Sealer, each: Addressee, *, unmask: bool) -> tuple[object, ...]:
    name, phone = each.name(sealer), each.phone(sealer)
    place = city_of(each.city) if each.city else None
    return (
        each.delivery_id,
        each.person_id,
        name if unmask else mask_name(name),
        phone if unmask else mask_phone(phone),
        place.short if place else "",
        CHANNELS.get(each.channel, each.channel),
        DeliveryState(each.state).label,
        reason_label(each.reason),
        each.attempts,
        local(iso(each.sent_at)),
        local(iso(each.settled_at)),
    )
