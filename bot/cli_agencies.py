"""`jianxi agencies …`: the service agencies that are published (服务机构联络清单)."""

from __future__ import annotations

import typer

from bot.cli_hosts import City
from bot.command_line import Json, city_code, reading, say, show_json, show_table
from storage import public_lists


def agency_commands() -> typer.Typer:
    """`jianxi agencies …`."""
    app = typer.Typer(help="服务机构联络清单。", no_args_is_help=True)
    # A callback keeps Typer from making the only command the group itself.
    app.callback()(_group)
    app.command("list", epilog="例：jianxi agencies list --city 广州")(list_agencies)
    return app


def _group() -> None:
    """服务机构联络清单。"""


def list_agencies(city: City = "", as_json: Json = False) -> None:
    """列出服务机构。"""
    place = city_code(city) if city else None
    rows = reading(lambda parts, connection: public_lists.agencies(connection, city=place, limit=1000))
    if as_json:
        show_json([row._asdict() for row in rows])
    elif not rows:
        say("还没有服务机构，可以用 jianxi import agencies 导入。")
    else:
        columns = {"id": "编号", "name": "机构名称", "place": "所在地", "address": "地址", "phone": "电话"}
        columns |= {"hours": "服务时间"}
        show_table(columns, [row._asdict() | {"place": row.place} for row in rows])
