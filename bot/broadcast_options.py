"""What the commands about broadcasts share: how one is named, which version was seen, and times as people write them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict
from zoneinfo import ZoneInfo

import typer

from bot.app import utc_now
from bot.command_line import actor, complain, settings

Number = Annotated[int, typer.Argument(help="群发编号。")]
Version = Annotated[int | None, typer.Option("--version", help="您看到的版本；别人改过就不会覆盖。")]


class Act(TypedDict):
    """How a verb is done: which version was seen, by whom, when."""

    seen: int | None
    actor: str
    now: datetime


def act(version: int | None) -> Act:
    """As done by whoever is at the keyboard, now."""
    return {"seen": version, "actor": actor(), "now": utc_now()}


def moment(text: str) -> datetime:
    """A moment as 2026-11-27 09:00, in the programme's time zone unless it names its own; else exits with status 2."""
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(settings().timezone))
    except ValueError:
        raise complain(f"没看懂时间“{text}”，请这样写：2026-11-27 09:00。", 2) from None


def iso(at: datetime | None) -> str | None:
    """A moment for a program to read."""
    return at.isoformat(timespec="seconds") if at else None


def local(text: str | None) -> str:
    """What `iso` wrote, for people in the programme's time zone; nothing for None."""
    if text is None:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(settings().timezone)):%Y-%m-%d %H:%M}"
