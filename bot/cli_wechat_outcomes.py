"""`jianxi wechat outcomes`: what the platform says became of messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.app import open_parts
from bot.channels.wechat_inbox import CHANNEL
from bot.settings import Settings
from storage import platform_outcomes
from storage.platform_outcomes import Kept

KINDS: Final = {"template": "模板消息", "subscription": "订阅通知", "mass": "群发"}
RESULTS: Final = {"delivered": "送达", "blocked": "对方不收", "failed": "失败"}
PEOPLE: Final = {"total": "共", "filtered": "可发", "sent": "送达", "errors": "失败"}


def add_outcomes(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the command to the group `wechat`."""

    @app.command("outcomes", epilog="例：jianxi wechat outcomes --limit 50")
    def outcomes(
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="最多几条。")] = 20,
        as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，给程序读。")] = False,
    ) -> None:
        """看平台报告的发送结果：模板消息、订阅通知、群发，最近的在前。"""
        chosen = settings()
        parts = open_parts(chosen)
        try:
            kept = parts.database.read_sync(lambda c: platform_outcomes.newest(c, CHANNEL, limit))
        finally:
            parts.database.close_sync()
        if as_json:
            rows = [row._asdict() | {"at": row.at.isoformat(timespec="seconds")} for row in kept]
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        elif kept:
            Console().print(_table(kept, ZoneInfo(chosen.timezone)))
        else:
            typer.echo("平台还没有报告过发送结果。")


def _table(kept: list[Kept], zone: ZoneInfo) -> Table:
    table = Table("时间", "种类", "平台消息号", "结果", "平台的说法", "人数")
    for row in kept:
        people = [f"{label} {row.detail[name]}" for name, label in PEOPLE.items() if name in row.detail]
        table.add_row(
            f"{row.at.astimezone(zone):%Y-%m-%d %H:%M}",
            KINDS.get(row.kind, row.kind),
            escape(row.message_id),
            RESULTS.get(row.result, row.result),
            escape(row.detail.get("status", "")),
            "，".join(people),
        )
    return table
