"""`jianxi report corrections` and `adopt`: what became known after a month was filed, and taking it into another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.app import Parts, utc_now
from bot.command_line import Json, actor, city_code, reading, say, show_json, show_table, today
from bot.report_options import City, MaybeMonth, Month, place
from policy.indicators import Indicator
from storage.adoption import adopt
from storage.corrections import Correction, corrections
from storage.database import Connection


def add_correction_commands(app: typer.Typer) -> None:
    """Add both to the group of reports."""
    app.command("corrections", epilog="例：jianxi report corrections --city 广州")(list_corrections)
    app.command("adopt", epilog="例：jianxi report adopt T128 --month 2023-10 --city 广州")(take)


def list_corrections(city: City, month: MaybeMonth = None, as_json: Json = False) -> None:
    """列出更正：月份报送以后才知道的事，各会改变哪些数。"""
    code = city_code(city)
    found = reading(lambda parts, connection: corrections(connection, code, month))
    if as_json:
        show_json([_as_json(one) for one in found])
        return
    show_table(
        {
            "reference": "编号",
            "month": "所属月份",
            "what": "事项",
            "on": "日期",
            "subject": "对象",
            "changes": "会改变的数",
        },
        [_as_json(one) | {"changes": _in_words(one.changes)} for one in found],
    )
    say(f"{place(code)}共 {len(found)} 条。" if found else f"{place(code)}没有更正。")
    if any(one.reference for one in found):
        say("计入还没报送的月份：jianxi report adopt 编号 --month 月份 --city 城市")
    if any(one.reference is None for one in found):
        say("没有编号的是后补去向：去向只随完成见习的那一期统计，这里只作说明。")


def take(
    reference: Annotated[str, typer.Argument(metavar="编号", help="更正清单里的编号，例如 T128。")],
    month: Month,
    city: City,
) -> None:
    """把一条更正计入还没报送的月份。"""
    code = city_code(city)

    def work(parts: Parts, connection: Connection) -> Correction:
        return adopt(connection, code, reference.upper(), month, actor=actor(), now=utc_now(), today=today())

    found = reading(work, write=True)
    say(f"已把 {found.reference} {found.what}（{found.subject}）计入 {month}：{_in_words(found.changes)}。")


def _as_json(one: Correction) -> dict[str, object]:
    return {
        **one._asdict(),
        "on": one.on.isoformat(),
        "recorded_at": one.recorded_at.isoformat(timespec="seconds"),
    }


def _in_words(changes: Mapping[str, int]) -> str:
    return "、".join(f"{Indicator(name).label} {number:+d}" for name, number in changes.items())
