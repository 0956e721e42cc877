"""`jianxi bundles publish`, `withdraw`, `reported`, `poster`: a bundle before the public and to the province."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.app import open_parts
from bot.bundle_options import City, Month, Version, act, which
from bot.bundle_pictures import Pictures
from bot.command_line import complain, kindly, reading, say, settings, today
from bot.gates import wechat_client
from bot.poster import FontMissing, find_font
from bot.settings import Settings
from policy.months import month_label
from policy.refusal import Refused
from policy.regions import city as city_of_code
from storage import bundle_publishing
from storage.bundle_lists import published_with_items


def _png(path: Path) -> Path:
    if path.suffix.lower() != ".png":
        raise typer.BadParameter("文件名要以 .png 结尾。")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"没有 {path.parent} 这个目录，请先建好。")
    return path


def _base(chosen: Settings) -> str:
    return chosen.public_url or f"http://127.0.0.1:{chosen.port}"


def publish(
    city: City,
    month: Month = None,
    below_share: Annotated[str, typer.Option("--reason", help="比例不够也要发布时，写明原因。")] = "",
    version: Version = None,
) -> None:
    """发布，给岗位标上“示范”。比例不够会说差多少。"""
    code, period = which(city, month)
    chosen = settings()
    link = f"{_base(chosen)}/bundles/{period}/{code}"
    reading(
        lambda _, connection: bundle_publishing.publish(
            connection,
            code,
            period,
            link=link,
            below_share=below_share,
            seen=version,
            **act(),
            today=today(),
        ),
        write=True,
    )
    say(f"已发布：{link}")
    if not chosen.public_url:
        say("还没有设 JIANXI_PUBLIC_URL，这个链接只有本机打得开；设好后撤回再发布一次。")


def withdraw(
    city: City,
    reason: Annotated[str, typer.Option(help="为什么撤回。")],
    month: Month = None,
    version: Version = None,
) -> None:
    """撤回已发布的，改好再发布。"""
    code, period = which(city, month)
    reading(
        lambda _, connection: bundle_publishing.take_back(
            connection, code, period, reason=reason, seen=version, **act()
        ),
        write=True,
    )
    say("已撤回，成了草稿。")


def reported(
    city: City,
    month: Month = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="报送日期；不写就是今天。")
    ] = None,
    link: Annotated[str | None, typer.Option(help="报送的是别的链接（如公众号文章）时写上。")] = None,
    version: Version = None,
) -> None:
    """记下链接已报送省厅。"""
    code, period = which(city, month)
    day: date = on.date() if on else today()
    reading(
        lambda _, connection: bundle_publishing.report(
            connection, code, period, on=day, link=link, seen=version, **act(), today=today()
        ),
        write=True,
    )
    say(f"已记下：{city_of_code(code).name}{month_label(period)}的链接 {day} 报送。")


def make_poster(
    city: City,
    output: Annotated[Path, typer.Option("-o", "--output", callback=_png, help="写到哪个 .png 文件。")],
    month: Month = None,
) -> None:
    """画海报：月份、城市、岗位、补贴和带来源的二维码（配了公众号就用公众号的）。"""
    code, period = which(city, month)
    chosen = settings()
    try:
        font = find_font()
    except FontMissing as missing:
        raise complain(str(missing)) from None

    async def run() -> bytes:
        parts = open_parts(chosen)
        client = wechat_client(chosen, parts.turns) if chosen.has_wechat else None
        try:
            found = parts.database.read_sync(
                lambda connection: published_with_items(connection, code, period, today())
            )
            if found is None:
                raise Refused(f"{city_of_code(code).name}{month_label(period)}的还没有发布，先发布再做海报。")
            pictures = Pictures(font, client.create_qrcode if client else None)
            return await pictures.poster(*found, _base(chosen), today())
        finally:
            if client is not None:
                await client.close()
            await parts.database.close()

    with kindly():
        output.write_bytes(asyncio.run(run()))
    say(f"海报在 {output}。")
