"""`jianxi wechat …`: what a clerk or engineer does with the official account from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from bot.app import Parts, open_parts
from bot.channels.wechat_client import LONGEST_SCENE, WeChatClient
from bot.channels.wechat_mass import month_of
from bot.channels.wechat_menu import load_menu
from bot.cli_wechat_mass import add_mass
from bot.cli_wechat_outcomes import add_outcomes
from bot.gates import wechat_client
from bot.logs import keep_off_output
from bot.settings import Settings
from notifications.allowance import MASS_A_MONTH
from notifications.channel import Failure, SendFailed
from storage.allowances import mass_people
from storage.quotas import Count

T = TypeVar("T")


def wechat_commands(settings: Callable[[], Settings]) -> typer.Typer:
    """The command group; `settings` gives the settings or ends the program."""
    app = typer.Typer(help="微信公众号。", no_args_is_help=True)

    def calling(work: Callable[[WeChatClient, Parts], Awaitable[T]]) -> T:
        chosen = settings()
        if not chosen.has_wechat:
            typer.echo("公众号还没有配置，请执行 jianxi doctor 看缺什么。", err=True)
            raise typer.Exit(1)

        keep_off_output()

        async def run() -> T:
            parts = open_parts(chosen)
            client = wechat_client(chosen, parts.turns)
            try:
                return await work(client, parts)
            finally:
                await client.close()
                await parts.database.close()

        try:
            return asyncio.run(run())
        except SendFailed as failed:
            hint = HINTS.get(failed.code.split(":")[0], BY_FAILURE.get(failed.failure, ""))
            typer.echo(f"微信平台没有接受（{failed.code}）。{hint}", err=True)
            raise typer.Exit(1) from None

    @app.command("menu", epilog="例：jianxi wechat menu")
    def menu() -> None:
        """按 bot/channels/wechat_menu.toml 设置公众号菜单。"""
        try:
            loaded = load_menu(settings().public_url)
        except ValueError as error:  # BadMenu, or no TOML
            typer.echo(f"菜单文件有误：{error}", err=True)
            raise typer.Exit(1) from None
        calling(lambda client, parts: client.create_menu(loaded.buttons))
        typer.echo("菜单已经设好，粉丝几分钟内看到。")

    @app.command("qrcode", epilog="例：jianxi wechat qrcode poster-440100-202612")
    def qrcode(
        scene: Annotated[
            str,
            typer.Argument(
                help="来源标记，1 到 64 个字符；含城市代码时按城市问候。", callback=_fitting_scene
            ),
        ],
    ) -> None:
        """生成带来源的公众号二维码（30天有效），输出二维码内容网址。"""
        typer.echo(calling(lambda client, parts: client.create_qrcode(scene)))

    @app.command("quota", epilog="例：jianxi wechat quota")
    def quota() -> None:
        """看各接口每天用了多少次，这个月的群发还剩多少。"""
        counts, month = calling(_used)
        table = Table("接口", "日期", "已用", "上限")
        for count in counts:
            table.add_row(count.api, count.period, str(count.used), str(count.limit))
        Console().print(table)
        for used, people in month.items():
            left = MASS_A_MONTH - used
            said = f"还能收 {left} 条" if left > 0 else "已经满额，下个月再发"
            typer.echo(f"这个月群发收过 {used} 条的 {people} 人，{said}。")

    add_mass(app, calling)
    add_outcomes(app, settings)
    return app


async def _used(client: WeChatClient, parts: Parts) -> tuple[list[Count], dict[int, int]]:
    month = month_of(parts.turns.clock())
    people = await parts.database.read(lambda connection: mass_people(connection, month))
    return await client.meter.counts(), people


def _fitting_scene(scene: str) -> str:
    if not 0 < len(scene) <= LONGEST_SCENE:
        raise typer.BadParameter(f"来源标记要有 1 到 {LONGEST_SCENE} 个字符，现在是 {len(scene)} 个。")
    return scene


WRONG_SECRET: Final = "AppSecret 不对，请核对 JIANXI_WECHAT_SECRET。"  # noqa: S105 - a sentence
USED_UP: Final = "今天的调用次数用完了，请明天再试。"

HINTS: Final = {
    "40001": WRONG_SECRET,
    "40125": WRONG_SECRET,
    "40243": "AppSecret 被冻结了，请到公众平台解冻。",
    "40013": "AppID 不对，请核对 JIANXI_WECHAT_APP_ID。",
    "40018": "按钮名太长，请改短 bot/channels/wechat_menu.toml 里的菜单。",
    "40164": "请把这台机器的出口 IP 加到公众平台的白名单。",
    "45009": USED_UP,
    "45028": "平台说这个月的群发次数用完了，请下个月再发。",
    "quota": USED_UP,
    "48001": "这个账号没有该接口的权限。",
    "connect": "连不上微信接口，请检查网络和 JIANXI_WECHAT_API_URL。",
}
"""What to do, by the failure's code."""

BY_FAILURE: Final = {
    Failure.RETRY: "请稍后再试。",
    Failure.UNKNOWN: "不知道有没有生效，请稍后看一看再试。",
    Failure.ACCOUNT: "请到公众平台核对账号状态和接口权限。",
}
"""What to do about codes that are not in `HINTS`."""
