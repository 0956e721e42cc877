"""Options that the commands about internships share, and how their values are read from the keyboard."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, TypeVar

import typer

from bot.app import utc_now
from bot.command_line import actor, complain, say, today
from policy.codes import Code
from policy.ledger_codes import EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from storage.internship_steps import Act
from storage.transitions import Row

AnyCode = TypeVar("AnyCode", bound=Code)

STDIN: Final = "-"
"""Stands for a text that is typed into the program instead, so that no list of commands keeps it."""


def day(text: str | None) -> date | None:
    """A day as 2026-11-25; exits with status 2 when it is none."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise complain(f"“{text}”不是日期，请写成 2026-11-25 这样。", 2) from None


def fen(text: str | None) -> int | None:
    """An amount in yuan as fen; exits with status 2 when it is none."""
    if not text:
        return None
    yuan, _, cents = text.replace(",", "").partition(".")
    if (
        not (yuan.isascii() and yuan.isdigit())
        or (cents and not (cents.isascii() and cents.isdigit()))
        or len(cents) > 2
    ):
        raise complain(f"“{text}”不是金额，请写元，例如 2300 或 2300.50。", 2)
    return int(yuan) * 100 + int(cents.ljust(2, "0") or 0)


def code(kind: type[AnyCode], text: str) -> AnyCode:
    """A code given as such or by its Chinese name; exits with status 2 naming those there are."""
    for known in kind:
        if text in (str(known), known.label):
            return known
    raise complain(f"没有“{text}”。可以写：{'、'.join(known.label for known in kind)}。", 2)


def typed(text: str | None) -> str | None:
    """A text, or what is typed in where it says `-`."""
    if text == STDIN:
        text = sys.stdin.readline()
    return (text or "").strip() or None


Number = Annotated[int, typer.Argument(help="见习编号。")]
On = Annotated[str, typer.Option("--on", help="发生在哪一天，例如 2026-11-25；不写就是今天。")]
Version = Annotated[int | None, typer.Option("--version", help="您看到的版本号；别人改过就不会覆盖。")]
Note = Annotated[str, typer.Option("--note", help="备注，加密保存；写 - 就从标准输入读，不留在命令记录里。")]
Contract = Annotated[str, typer.Option("--contract", help="劳动合同签订日期。")]
Insured = Annotated[str, typer.Option("--insured", help="参加社会保险的日期。")]


def act(on: str, version: int | None, note: str = "") -> Act:
    """How a verb is done, by whoever is at the keyboard."""
    return Act(actor=actor(), now=utc_now(), today=today(), on=day(on), seen=version, note=typed(note))


def told(kind: Kind, row: Row) -> None:
    """Say what was entered and where the internship stands now."""
    say(f"已登记“{kind.label}”。见习 {row.id} 现在：{Stage(row.stage).label}，版本 {row.version}。")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise complain(f"“{text}”不是数字。", 2)
    return int(text)


def _iso(text: str) -> str | None:
    found = day(text)
    return found.isoformat() if found else None


FIELDS: Final[Mapping[str, Any]] = {
    "months": ("months", _whole),
    "stipend": ("stipend_fen", fen),
    "mentor": ("mentor_id", _whole),
    "starts": ("starts_on", _iso),
    "ends": ("ends_on", _iso),
    "contract": ("contract_on", _iso),
    "insured": ("insured_on", _iso),
    "pay-day": ("pay_day", _whole),
    "hours": ("hours", str),
    "insurance": ("insurance", str),
    "reason": ("reason", lambda text: str(code(EndReason, text))),
    "result": ("result", lambda text: str(code(Result, text))),
}
"""What a correction can set, by the names of the options: the member of a step's detail, and how it is read."""


def details(settings: list[str]) -> dict[str, Any]:
    """What `--set name=value` gives, as a step's detail; exits with status 2 for a name that is not known."""
    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name not in FIELDS:
            raise complain(f"“{setting}”看不懂，请写 名称=值，名称有：{'、'.join(FIELDS)}。", 2)
        member, read = FIELDS[name]
        found[member] = read(value)
    return found
