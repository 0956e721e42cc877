"""`jianxi cases follow-ups …`: who is followed up after the internship, what came of each planned day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.command_line import Json, Unmask, actor, city_code, complain, reading, say, show_json, show_table
from policy.masking import mask_name
from policy.outgoing_codes import EmploymentKind, PlanState, Situation, SkipReason, StepState
from policy.regions import city_of
from storage import audit, follow_up_lists
from storage.database import Connection
from storage.follow_up_lists import Day, Line
from storage.sealing import Sealer

Number = Annotated[int, typer.Argument(help="跟踪编号。")]

KINDS: Final = {"not_kept": "未留用", "kept_on": "已留用"}
WAYS: Final = {"chat": "聊天", "other_channel": "换渠道"}
ANSWERS: Final = {"contract": "签了合同", "no_contract": "没签合同"}
COLUMNS: Final = {
    "id": "编号",
    "name": "姓名",
    "city_label": "城市",
    "kind_label": "类别",
    "state_label": "状态",
    "situation_label": "近况",
    "next_on": "下次联系",
    "silences": "未回复",
    "owner": "经办人",
    "version": "版本",
}
DAYS: Final = {
    "day": "第几天",
    "due_on": "日期",
    "state_label": "情况",
    "reason_label": "原因",
    "way_label": "方式",
    "answer_label": "回答",
}


def follow_up_commands() -> typer.Typer:
    """`jianxi cases follow-ups …`."""
    app = typer.Typer(help="见习后的跟踪。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi cases follow-ups list --city 佛山 --state escalated")(list_plans)
    app.command("show", epilog="例：jianxi cases follow-ups show 8")(show)
    app.command("skip", epilog="例：jianxi cases follow-ups skip 8 --day 90")(skip)
    return app


def list_plans(
    city: Annotated[str | None, typer.Option(help="只看这个城市。")] = None,
    state: Annotated[str | None, typer.Option(help="只看这种状态，中文名或代码。")] = None,
    after: Annotated[int, typer.Option(help="从这个编号之后开始。")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="一页几个。")] = follow_up_lists.PAGE,
    as_json: Json = False,
) -> None:
    """列出跟踪中的人。姓名打码。"""
    place = city_code(city) if city else None
    wanted = _state(state) if state else None

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        found = follow_up_lists.listed(connection, city=place, state=wanted, after_id=after, limit=limit)
        return [fields(parts.sealer, line) for line in found]

    rows = reading(work)
    if as_json:
        show_json(rows)
        return
    show_table(COLUMNS, rows)
    if len(rows) == limit:
        say(f"还有更多：加 --after {rows[-1]['id']}")


def fields(sealer: Sealer, line: Line, *, unmask: bool = False) -> dict[str, Any]:
    """A plan as JSON-safe fields; the name masked unless `unmask`."""
    row: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in line._asdict().items()
        if name != "name_sealed"
    }
    name, place = line.name(sealer), city_of(line.city)
    return row | {
        "name": name if unmask else mask_name(name),
        "city_label": place.short if place else "",
        "kind_label": KINDS[line.kind],
        "state_label": PlanState(line.state).label,
        "situation_label": Situation(line.situation).label if line.situation else "",
        "employment_label": EmploymentKind(line.employment).label if line.employment else "",
    }


def _day(each: Day) -> dict[str, Any]:
    said = each.answer or ""
    return {
        "day": each.day,
        "due_on": each.due_on.isoformat(),
        "state": each.state,
        "state_label": StepState(each.state).label,
        "reason": each.reason,
        "reason_label": SkipReason(each.reason).label if each.reason else "",
        "way": each.way,
        "way_label": WAYS.get(each.way, each.way),
        "asked_at": each.asked_at.isoformat(timespec="seconds") if each.asked_at else None,
        "answered_at": each.answered_at.isoformat(timespec="seconds") if each.answered_at else None,
        "answer": each.answer,
        "answer_label": Situation(said).label if said in set(Situation) else ANSWERS.get(said, said),
    }


def show(number: Number, unmask: Unmask = False, as_json: Json = False) -> None:
    """看一个人的跟踪：每个计划日联系了没有，没联系是为什么。"""

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        line = follow_up_lists.get(connection, number)
        if unmask:
            audit.add(connection, utc_now(), actor(), "follow_up.view", f"follow_up:{number}")
        days = [_day(each) for each in follow_up_lists.days(connection, number)]
        return fields(parts.sealer, line, unmask=unmask) | {"days": days}

    row = reading(work, write=unmask)
    if as_json:
        show_json(row)
        return
    told = "，".join(
        part
        for part in (row["kind_label"], row["state_label"], row["situation_label"], row["employment_label"])
        if part
    )
    say(f"跟踪 {row['id']}：{row['name']}，见习 {row['internship_id']}，{told}（版本 {row['version']}）")
    show_table(DAYS, row["days"])


def skip(
    number: Number,
    day: Annotated[
        int | None, typer.Option(help="只取消这一天（0、7、30……）；不写就取消剩下的全部。")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", help="您看到的版本。")] = None,
) -> None:
    """取消还没到时间的联系，例如已经当面了解过。"""

    def work(_parts: Parts, connection: Connection) -> int:
        return follow_up_lists.skip(connection, number, actor=actor(), now=utc_now(), day=day, seen=version)

    say(f"已取消 {reading(work, write=True)} 次联系。")


def _state(text: str) -> str:
    for state in PlanState:
        if text in (state.value, state.label):
            return state.value
    known = "、".join(f"{state.value}（{state.label}）" for state in PlanState)
    raise complain(f"没有“{text}”这种状态。有：{known}", 2)
