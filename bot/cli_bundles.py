"""`jianxi bundles …`: the demonstrative positions of a city's month (示范性岗位), from proposal to report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from bot.app import Parts
from bot.bundle_options import City, Month, PositionId, Version, act, which
from bot.cli_bundle_publishing import make_poster, publish, reported, withdraw
from bot.command_line import Json, city_code, complain, reading, say, show_json, show_table, today
from policy.demonstrative import BundleStatus, Share
from policy.positions import yuan
from policy.regions import CITIES
from policy.regions import city as city_of_code
from storage import bundles
from storage.bundle_lists import Item, get, items, share, standing
from storage.database import Connection
from storage.ledger_tables import Bundle

SHOWN: Final = (
    *("city", "month", "title", "introduction", "status", "published_at", "published_by", "link"),
    *("reported_on", "reported_by", "version"),
)

SHARE: Final = {
    "city": "城市",
    "positions": "岗位数",
    "chosen_positions": "其中示范",
    "least_positions": "至少",
    "openings": "招收人数",
    "chosen_openings": "其中示范",
    "least_openings": "至少",
    "reached": "达标",
}


def bundle_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="每月示范性岗位打包。", no_args_is_help=True)
    app.command("propose", epilog="例：jianxi bundles propose 广州 --month 2026-11")(propose)
    app.command("show", epilog="例：jianxi bundles show 广州 --month 2026-11")(show)
    app.command("add", epilog="例：jianxi bundles add 广州 12 --reason 龙头企业，专人带教")(add)
    app.command("remove", epilog="例：jianxi bundles remove 广州 12")(remove)
    app.command("order", epilog="例：jianxi bundles order 广州 15 12")(order)
    app.command("edit", epilog="例：jianxi bundles edit 广州 --title 广州11月好岗位")(edit)
    app.command("publish", epilog="例：jianxi bundles publish 广州 --month 2026-11")(publish)
    app.command("withdraw", epilog="例：jianxi bundles withdraw 广州 --reason 选错了岗位")(withdraw)
    app.command("reported", epilog="例：jianxi bundles reported 广州 --on 2026-11-28")(reported)
    app.command("share", epilog="例：jianxi bundles share 广州")(show_share)
    app.command("poster", epilog="例：jianxi bundles poster 广州 --month 2026-11 -o 海报.png")(make_poster)
    return app


# --- making one ------------------------------------------------------------------------------------------


def propose(city: City, month: Month = None) -> None:
    """按补贴、带教、类别等选出够比例的岗位，生成草稿；已有草稿就重选一遍。"""
    code, period = which(city, month)

    def work(_parts: Parts, connection: Connection) -> tuple[Bundle, list[Item]]:
        bundle = bundles.propose(connection, code, period, **act(), today=today())
        return bundle, items(connection, bundle, today())

    bundle, chosen = reading(work, write=True)
    _table(chosen)
    say(
        f"已选 {len(chosen)} 个岗位，存为草稿（版本 {bundle.version}）。看过再发布：jianxi bundles publish {city}"
    )


def show(city: City, month: Month = None, as_json: Json = False) -> None:
    """看一个月的岗位、理由和差多少。"""
    code, period = which(city, month)

    def work(_parts: Parts, connection: Connection) -> tuple[Bundle, list[Item], Share]:
        bundle = get(connection, code, period)
        return bundle, items(connection, bundle, today()), standing(connection, bundle, today())

    bundle, chosen, reached = reading(work)
    if as_json:
        show_json(_as_json(bundle, chosen, reached))
        return
    say(f"{bundle.title}（{BundleStatus(bundle.status).label}，版本 {bundle.version}）")
    if bundle.link:
        say(
            f"链接：{bundle.link}"
            + (f"，{bundle.reported_on} 已报送" if bundle.reported_on else "，还没有报送")
        )
    _table(chosen)
    for line in reached.missing():
        say(line)


def add(
    city: City,
    position: PositionId,
    reason: Annotated[str, typer.Option(help="为什么选它。")],
    month: Month = None,
    version: Version = None,
) -> None:
    """往草稿里加一个岗位。"""
    code, period = which(city, month)
    reading(
        lambda _, connection: bundles.add(
            connection, code, period, position, reason=reason, seen=version, **act(), today=today()
        ),
        write=True,
    )
    say(f"已加岗位 {position}。")


def remove(city: City, position: PositionId, month: Month = None, version: Version = None) -> None:
    """从草稿里去掉一个岗位。"""
    code, period = which(city, month)
    reading(
        lambda _, connection: bundles.remove(connection, code, period, position, seen=version, **act()),
        write=True,
    )
    say(f"已去掉岗位 {position}。")


def order(
    city: City,
    positions: Annotated[list[int], typer.Argument(help="岗位编号，按要排的顺序；没写的排在后面。")],
    month: Month = None,
    version: Version = None,
) -> None:
    """排岗位的先后。"""
    code, period = which(city, month)
    reading(
        lambda _, connection: bundles.reorder(connection, code, period, positions, seen=version, **act()),
        write=True,
    )
    say("已排好。")


def edit(
    city: City,
    title: Annotated[str | None, typer.Option(help="标题，60字以内。")] = None,
    introduction: Annotated[str | None, typer.Option(help="介绍，500字以内。")] = None,
    month: Month = None,
    version: Version = None,
) -> None:
    """改标题和介绍，转发到微信时就显示它们。"""
    if title is None and introduction is None:
        raise complain("请写要改什么：--title 或 --introduction。", 2)
    code, period = which(city, month)
    reading(
        lambda _, connection: bundles.describe(
            connection, code, period, title=title, introduction=introduction, seen=version, **act()
        ),
        write=True,
    )
    say("已改好。")


def show_share(
    city: Annotated[str, typer.Argument(help="地级市；不写就列全省各市。")] = "", as_json: Json = False
) -> None:
    """看各市现在的示范岗位占多少，按岗位数和招收人数两种算法。"""
    codes = [city_code(city)] if city else [each.code for each in CITIES]

    def work(_parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        return [{"city": code, **_share(share(connection, code, today()))} for code in codes]

    rows = reading(work)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        row["city"] = city_of_code(row["city"]).short
        row["reached"] = "是" if row["reached"] else "否"
    show_table(SHARE, rows)


# --- how things are shown --------------------------------------------------------------------------------


def _share(found: Share) -> dict[str, Any]:
    return {
        **found._asdict(),
        "least_positions": found.least_positions,
        "least_openings": found.least_openings,
        "reached": not found.missing(),
    }


def _table(chosen: Sequence[Item]) -> None:
    columns = {
        "position_id": "编号",
        "title": "岗位",
        "host": "单位",
        "kind": "类别",
        "pay": "月补贴",
        "left": "余额",
        "open": "在招",
        "reason": "理由",
    }
    rows = [
        item._asdict()
        | {
            "kind": item.kind_label,
            "pay": yuan(item.stipend_fen),
            "left": f"{item.left}/{item.openings}",
            "open": "是" if item.open else "否",
        }
        for item in chosen
    ]
    show_table(columns, rows)


def _as_json(bundle: Bundle, chosen: Sequence[Item], reached: Share) -> dict[str, Any]:
    return {
        **{name: getattr(bundle, name) for name in SHOWN},
        "share": _share(reached),
        "missing": reached.missing(),
        "positions": [item._asdict() for item in chosen],
    }
