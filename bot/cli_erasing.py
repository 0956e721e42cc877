"""`jianxi people erase` and `people erased`: a deletion asked for on paper, and who was deleted since a backup."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from bot.app import Parts, utc_now
from bot.command_line import Json, actor, complain, reading, say, show_json, show_table
from storage import erased_people
from storage.database import Connection
from storage.erased_people import Erased

Number = Annotated[int, typer.Argument(help="档案编号，见 people list。")]


def add_erasing(app: typer.Typer) -> None:
    """Add both to the group of people."""
    app.command("erase", epilog="例：jianxi people erase 12 --reason 本人书面申请")(erase)
    app.command("erased", epilog="例：jianxi people erased --since 2026-11-20")(erased)


def erase(
    number: Number,
    reason: Annotated[str, typer.Option(help="为什么删，例如：本人书面申请。")],
    yes: Annotated[bool, typer.Option("--yes", help="不再问一遍。")] = False,
) -> None:
    """按本人要求删除一个人的全部信息，同聊天里的“删除我的信息”；签过协议的锁定保存。"""
    if not reason.strip():
        raise complain("请写为什么删，例如：--reason 本人书面申请。")
    if not yes and not typer.confirm(f"档案 {number} 的信息删了就找不回来，确定吗？"):
        raise typer.Exit(1)

    def work(_parts: Parts, connection: Connection) -> bool:
        return erased_people.erase(connection, number, reason.strip(), actor=actor(), now=utc_now())

    locked = reading(work, write=True)
    say(f"档案 {number} " + ("签过见习协议，台账锁定保存，其余已删除。" if locked else "已经全部删除。"))


def erased(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="从哪天起，例如备份那天。")],
    as_json: Json = False,
) -> None:
    """列出某天以来删除过的档案编号：恢复旧备份以后，照着再删一遍。"""
    start = since.astimezone()
    found = reading(lambda _parts, connection: erased_people.since(connection, start))
    if as_json:
        show_json([_fields(one) for one in found])
        return
    if found:
        show_table({"person": "档案编号", "at": "删除时间", "by": "谁"}, [_fields(one) for one in found])
    say(f"{since:%Y-%m-%d} 以来删除了 {len(found)} 份档案。")


def _fields(one: Erased) -> dict[str, str | int]:
    return {"person": one.person_id, "at": one.at.isoformat(timespec="seconds"), "by": one.actor}
