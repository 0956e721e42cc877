"""`jianxi staff …`: tying clerks' own chats to their work, and what staff have to do now."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.command_line import Json, actor, city_code, reading, say, show_json, show_table, today
from bot.job_list import EVERY_DUTY
from notifications.reminders import Duty
from policy.regions import city_of
from storage import staff_bindings
from storage.database import Connection
from storage.staff_bindings import Bound

City = Annotated[str | None, typer.Option(help="城市名或代码；不写就是全省。")]

BINDINGS: Final = {
    "id": "编号",
    "staff": "工作人员",
    "place": "范围",
    "where": "渠道",
    "state": "状态",
}
DUTIES: Final = {"place": "地方", "text": "要做的事", "due_on": "期限"}
CHANNELS: Final = {"web": "网页", "wechat": "微信", "telegram": "Telegram", "terminal": "终端"}


def staff_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="工作人员：绑定聊天，看要做的事。", no_args_is_help=True)
    app.command("bind", epilog="例：jianxi staff bind 李老师 --city 广州")(bind)
    app.command("bindings", epilog="例：jianxi staff bindings")(bindings)
    app.command("unbind", epilog="例：jianxi staff unbind 3")(unbind)
    app.command("due", epilog="例：jianxi staff due --city 广州")(due)
    return app


def bind(
    name: Annotated[str, typer.Argument(help="工作人员的名字或代号。")],
    city: City = None,
    as_json: Json = False,
) -> None:
    """给一位工作人员生成一次性绑定码：在微信或 Telegram 里发给本系统，以后工作提醒就发到那里。"""
    code_of = None if city is None else city_code(city)

    def work(parts: Parts, connection: Connection) -> str:
        return staff_bindings.invite(connection, parts.sealer, name, code_of, actor=actor(), now=utc_now())

    code = reading(work, write=True)
    if as_json:
        show_json({"staff": name, "city": code_of, "code": code})
        return
    say(
        f"请{name}在聊天里发：绑定 {code[:4]}-{code[4:]}\n24小时内有效，只能用一次。绑定只用于收提醒，看不到别人的信息。"
    )


def bindings(as_json: Json = False) -> None:
    """列出绑定和还没用的绑定码。"""

    def work(_parts: Parts, connection: Connection) -> list[Bound]:
        found: list[Bound] = []
        while page := staff_bindings.listed(connection, after_id=found[-1].id if found else 0):
            found.extend(page)
        return found

    rows = [_shown(one) for one in reading(work)]
    if as_json:
        show_json(
            [
                {name: row[name] for name in ("id", "staff", "city", "channel", "bound_at", "expires_at")}
                for row in rows
            ]
        )
        return
    show_table(BINDINGS, rows)


def _shown(one: Bound) -> dict[str, Any]:
    state = f"{one.bound_at:%Y-%m-%d} 绑定" if one.bound_at else "绑定码还没用"
    return {
        **one._asdict(),
        "place": _place(one.city),
        "where": one.channel and CHANNELS.get(one.channel, one.channel),
        "state": state,
    }


def unbind(number: Annotated[int, typer.Argument(help="绑定的编号，见 jianxi staff bindings。")]) -> None:
    """解除一个绑定，或作废还没用的绑定码。"""
    reading(
        lambda _parts, connection: staff_bindings.unbind(connection, number, actor=actor(), now=utc_now()),
        write=True,
    )
    say("已经解除。")


def due(city: City = None, as_json: Json = False) -> None:
    """列出现在要做的事：报表、示范岗位、活动、目标进度、逾期待办。"""
    code = None if city is None else city_code(city)
    day = today()

    def work(_parts: Parts, connection: Connection) -> list[Duty]:
        found = [duty for reader in EVERY_DUTY for duty in reader(connection, day)]
        return [duty for duty in found if code is None or duty.city == code]

    duties = reading(work)
    if as_json:
        show_json([_fields(duty) for duty in duties])
    elif not duties:
        say("现在没有要催的事。")
    else:
        rows = [
            {"place": duty.staff or _place(duty.city), "text": duty.text, "due_on": duty.due_on}
            for duty in duties
        ]
        show_table(DUTIES, rows)


def _fields(duty: Duty) -> dict[str, Any]:
    due_on: date | None = duty.due_on
    return {
        "name": duty.name,
        "city": duty.city,
        "staff": duty.staff,
        "period": duty.period,
        "text": duty.text,
        "due_on": due_on.isoformat() if due_on else None,
        "reminded_today": bool(duty.mark),
    }


def _place(code: str | None) -> str:
    found = city_of(code) if code else None
    return found.name if found else "全省"
