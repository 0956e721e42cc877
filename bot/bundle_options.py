"""Options that the commands of bundles share: a city, a month, the version seen; and who does it when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

import typer

from bot.app import utc_now
from bot.command_line import actor, city_code, today
from policy.months import read_month
from policy.refusal import Refused


def _month(text: str | None) -> str | None:
    try:
        return None if text is None else read_month(text)
    except Refused as refused:
        raise typer.BadParameter(str(refused)) from None


City = Annotated[str, typer.Argument(help="地级市的名字或代码，例如 广州。")]
Month = Annotated[
    str | None, typer.Option("--month", callback=_month, help="月份，例如 2026-11；不写就是本月。")
]
Version = Annotated[int | None, typer.Option("--version", help="您看到的版本号；别人改过就不会覆盖。")]
PositionId = Annotated[int, typer.Argument(help="岗位编号。")]


class Act(TypedDict):
    """Who changes a bundle, and when."""

    actor: str
    now: datetime


def act() -> Act:
    """Who is at the keyboard, now."""
    return {"actor": actor(), "now": utc_now()}


def which(city: str, month: str | None) -> tuple[str, str]:
    """The code of the city, and the month: this one when none is given."""
    return city_code(city), month or f"{today():%Y-%m}"
