"""An act of staff (办理): who does something to a record of the ledger, when, and on which day it happened."""

from __future__ import annotations

from datetime import date, datetime
from typing import NotRequired, TypedDict

from policy.refusal import Refused


class Act(TypedDict):
    """How a verb is done. `on` is the day it happened (else today), `seen` the version the clerk looked at."""

    actor: str
    now: datetime
    today: date
    on: NotRequired[date | None]
    seen: NotRequired[int | None]


def day_of(act: Act) -> date:
    """The day on which it happened. Raises `Refused` when that lies ahead."""
    on = act.get("on") or act["today"]
    if on > act["today"]:
        raise Refused("日期不能晚于今天，还没发生的事先不登记。")
    return on
