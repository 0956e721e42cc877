"""`jianxi deliveries …`: what went out and what did not, unknown ends, another try, and lanes that stand still."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.command_line import Json, actor, complain, reading, say, show_json, show_table
from policy.outgoing_codes import DeliveryState, PurposeKind, SkipReason
from storage import deliveries, delivery_records, stopped_lanes
from storage.database import Connection
from storage.delivery_records import Record

COLUMNS: Final = {
    "id": "编号",
    "purpose": "事由",
    "state_label": "状态",
    "reason_label": "原因",
    "contact_id": "联系人编号",
    "via": "渠道",
    "attempts": "次数",
    "due_at": "计划时间",
    "sent_at": "发出时间",
}
REASONS: Final = {
    "interrupted": "程序中断",
    "lane": "渠道停发",
    "text": "内容填不出来",
    "resolved": "人工核实",
}
"""Reasons that are no `SkipReason`; what a platform said stands as it is."""
LONGEST_LIST: Final = 500

Purpose = Annotated[str, typer.Option("--purpose", help="只看这个事由，例如 broadcast:12。")]
Numbers = Annotated[list[int] | None, typer.Argument(help="投递编号，可以写几个。")]
AllOf = Annotated[str, typer.Option("--purpose", help="这个事由下全部“结果不明”的。")]


def delivery_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="投递台账。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi deliveries list --purpose broadcast:12 --state failed")(show_list)
    app.command("counts", epilog="例：jianxi deliveries counts broadcast:12")(show_counts)
    app.command("unknown", epilog="例：jianxi deliveries unknown")(show_unknown)
    app.command("resolve", epilog="例：jianxi deliveries resolve 1024 --arrived")(resolve)
    app.command("retry", epilog="例：jianxi deliveries retry 1024")(retry)
    app.command("lanes", epilog="例：jianxi deliveries lanes")(show_lanes)
    app.command("resume", epilog="例：jianxi deliveries resume wechat")(resume)
    return app


def shown(record: Record) -> dict[str, Any]:
    """A delivery as JSON, with its codes in words; nothing in it is personal."""
    times = {name: getattr(record, name) for name in ("due_at", "sent_at", "settled_at")}
    return {
        **record._asdict(),
        **{name: at.isoformat() if at else None for name, at in times.items()},
        "state_label": DeliveryState(record.state).label,
        "reason_label": _reason(record.reason),
        "kind_label": PurposeKind(record.kind).label,
    }


def _reason(reason: str | None) -> str:
    known = {skip.value: skip.label for skip in SkipReason} | REASONS
    return known.get(reason, reason) if reason else ""


def _purpose(connection: Connection, key: str) -> int | None:
    return delivery_records.purpose_number(connection, key) if key else None


def show_list(
    purpose: Purpose = "",
    state: Annotated[str, typer.Option(help=f"只看这个状态：{'、'.join(DeliveryState)}。")] = "",
    person: Annotated[int | None, typer.Option(help="只看这个人（见习对象编号）。")] = None,
    before: Annotated[int | None, typer.Option(help="从这个编号往前翻。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LONGEST_LIST, help="最多几条。")] = 50,
    as_json: Json = False,
) -> None:
    """列出投递，新的在前。"""
    if state and state not in set(DeliveryState):
        raise complain(f"没有“{state}”这个状态。可以是：{'、'.join(DeliveryState)}。", 2)

    def work(_parts: Parts, connection: Connection) -> list[Record]:
        wanted = DeliveryState(state) if state else None
        number = _purpose(connection, purpose)
        return delivery_records.listed(
            connection, purpose_id=number, person_id=person, state=wanted, before=before, limit=limit
        )

    rows = [shown(record) for record in reading(work)]
    if as_json:
        show_json(rows)
    else:
        show_table(COLUMNS, rows)


def show_counts(
    purpose: Annotated[str, typer.Argument(help="事由，例如 broadcast:12。")], as_json: Json = False
) -> None:
    """一个事由下各状态、各原因有多少。"""

    def work(_parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        number = delivery_records.purpose_number(connection, purpose)
        return [
            {
                "state": count.state.value,
                "state_label": count.state.label,
                "reason": count.reason,
                "reason_label": _reason(count.reason),
                "number": count.number,
            }
            for count in deliveries.counts(connection, number)
        ]

    rows = reading(work)
    if as_json:
        show_json(rows)
    else:
        show_table({"state_label": "状态", "reason_label": "原因", "number": "条数"}, rows)


def show_unknown(as_json: Json = False) -> None:
    """有“结果不明”的事由：发送时程序中断或网络断开，不知道对方收到没有；系统不会自动重发。"""
    found = reading(lambda _parts, connection: delivery_records.unknown(connection))
    rows = [
        {"purpose": one.key, "number": one.number, "since": one.since.isoformat(), "case": one.case_id}
        for one in found
    ]
    if as_json:
        show_json(rows)
        return
    show_table({"purpose": "事由", "number": "条数", "since": "最早", "case": "待办编号"}, rows)
    if rows:
        say("核实后登记：jianxi deliveries resolve 编号 --arrived（收到了）或 --lost（没收到）。")
        say("确定要重发：jianxi deliveries retry 编号。整批：加 --purpose 事由。")


def _chosen(connection: Connection, numbers: list[int] | None, purpose: str) -> list[int]:
    if numbers:
        return numbers
    number = delivery_records.purpose_number(connection, purpose)
    return delivery_records.unknown_numbers(connection, number)


def _one_of_both(numbers: list[int] | None, purpose: str) -> None:
    if bool(numbers) == bool(purpose):
        raise complain("请写投递编号，或者用 --purpose 给出事由，二选一。", 2)


def resolve(
    numbers: Numbers = None,
    purpose: AllOf = "",
    arrived: Annotated[bool, typer.Option("--arrived/--lost", help="收到了，还是没收到。")] = ...,  # type: ignore[assignment]
) -> None:
    """登记“结果不明”的投递后来核实的结果。"""
    _one_of_both(numbers, purpose)

    def work(_parts: Parts, connection: Connection) -> int:
        chosen = _chosen(connection, numbers, purpose)
        return delivery_records.resolve(connection, chosen, arrived, actor=actor(), now=utc_now())

    say(f"已登记 {reading(work, write=True)} 条：{'收到了' if arrived else '没收到'}。")


def retry(numbers: Numbers = None, purpose: AllOf = "") -> None:
    """再发一次失败的或结果不明的。结果不明的重发，对方可能收到两遍。"""
    _one_of_both(numbers, purpose)

    def work(_parts: Parts, connection: Connection) -> int:
        chosen = _chosen(connection, numbers, purpose)
        return delivery_records.retry(connection, chosen, actor=actor(), now=utc_now())

    say(f"已重新排队 {reading(work, write=True)} 条。")


def show_lanes(as_json: Json = False) -> None:
    """停发的渠道和原因。"""
    found = reading(lambda _parts, connection: stopped_lanes.stopped(connection))
    rows = [
        {
            "channel": channel,
            "fault": lane.fault,
            "since": lane.since.isoformat(),
            "probe_at": lane.probe_at.isoformat(),
        }
        for channel, lane in found.items()
    ]
    if as_json:
        show_json(rows)
    elif rows:
        show_table({"channel": "渠道", "fault": "原因", "since": "停发时间", "probe_at": "下次试发"}, rows)
    else:
        say("没有停发的渠道。")


def resume(channel: Annotated[str, typer.Argument(help="渠道，例如 wechat、telegram。")]) -> None:
    """账号修好以后，让停发的渠道马上继续。"""

    def work(_parts: Parts, connection: Connection) -> bool:
        return delivery_records.resume_lane(connection, channel, actor=actor(), now=utc_now())

    if not reading(work, write=True):
        raise complain(f"渠道 {channel} 没有停发。停发的渠道用 jianxi deliveries lanes 查看。")
    say(f"渠道 {channel} 已恢复，十几秒内继续发送。")
