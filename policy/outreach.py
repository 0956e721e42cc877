"""Visiting and calling the people of the registers (走访摸排), 人社部发〔2023〕27号 二(一): what follows from what.

The notice asks to 分类开展走访摸排 and leaves the rest open: within how many days, and after how many attempts
somebody counts as unreachable, is configuration, dated like every rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import Final

from policy.ledger_codes import ContactResult, OutreachStatus
from policy.parameters import NATIONAL


@dataclass(frozen=True, slots=True)
class OutreachRule:
    """One dated row: days from assignment to the first contact, and failed attempts in a row (次) to give up.

    `open` says that no notice fixes the values. Both days are inclusive; None means no end is known.
    """

    days_to_contact: int
    failed_attempts: int
    clause: str
    open: bool
    valid_from: date
    valid_until: date | None = None
    city: str | None = None


RULES: Final[tuple[OutreachRule, ...]] = (
    OutreachRule(
        days_to_contact=10,
        failed_attempts=3,
        clause=f"{NATIONAL} 二(一)：分类开展走访摸排；期限和次数通知未规定",
        open=True,
        valid_from=date(2023, 1, 1),
    ),
)
"""A city's own row goes before the province's; of two the later one holds."""

FAILED: Final = frozenset({ContactResult.NO_ANSWER, ContactResult.WRONG_NUMBER})
"""Results that mean: nobody was reached."""

_REACHED: Final = {
    ContactResult.INTERESTED: OutreachStatus.CONTACTED,
    ContactResult.NOT_NOW: OutreachStatus.DECLINED,
    ContactResult.EMPLOYED: OutreachStatus.EMPLOYED,
    ContactResult.NOT_ELIGIBLE: OutreachStatus.NOT_ELIGIBLE,
}

UNFINISHED: Final = (OutreachStatus.OPEN, OutreachStatus.ASSIGNED, OutreachStatus.CONTACTED)
"""Where somebody still has to do something; the others are results."""

_ASSIGNED_ANEW: Final = {
    OutreachStatus.OPEN: OutreachStatus.ASSIGNED,
    OutreachStatus.ASSIGNED: OutreachStatus.ASSIGNED,
    OutreachStatus.CONTACTED: OutreachStatus.CONTACTED,
    OutreachStatus.UNREACHABLE: OutreachStatus.ASSIGNED,
    OutreachStatus.DECLINED: OutreachStatus.ASSIGNED,
}

LONGEST_NAME: Final = 40


def rule_on(day: date, city: str | None = None) -> OutreachRule:
    """The row that holds on a day in a city. Raises `LookupError` for a day before the first row."""
    fitting = [
        rule
        for rule in RULES
        if rule.valid_from <= day
        and (rule.valid_until is None or day <= rule.valid_until)
        and rule.city in (None, city)
    ]
    if not fitting:
        raise LookupError(f"{day:%Y-%m-%d} 没有适用的走访摸排规则，请先补录该日期的规定。")
    return max(fitting, key=lambda rule: (rule.city is not None, rule.valid_from))


def due_on(assigned: date, city: str | None = None) -> date:
    """The day by which somebody assigned on `assigned` should have been contacted."""
    return assigned + timedelta(days=rule_on(assigned, city).days_to_contact)


def after_contact(
    status: OutreachStatus, results: Sequence[ContactResult], failed_attempts: int
) -> OutreachStatus:
    """Where a task stands after a further attempt; `results` are all so far, the newest last.

    Whoever was reached tells the status. Not being reached changes nothing until it has happened
    `failed_attempts` times in a row (after a new assignment: as many times again); a result that is known stays.
    """
    newest = results[-1]
    if newest not in FAILED:
        return _REACHED[newest]
    if status not in UNFINISHED:
        return status
    in_a_row = len(list(takewhile(FAILED.__contains__, reversed(results))))
    return OutreachStatus.UNREACHABLE if in_a_row % failed_attempts == 0 else status


def after_assignment(status: OutreachStatus) -> OutreachStatus | None:
    """Where a task stands when it is given to a clerk; None when there is nothing left to do for anybody."""
    return _ASSIGNED_ANEW.get(status)


def name_fault(assignee: str) -> str | None:
    """What is wrong with the name of a clerk whom a task is to be given to; None if nothing."""
    name = assignee.strip()
    if not name:
        return "请写明分派给谁，例如 李工。"
    if len(name) > LONGEST_NAME or not name.isprintable():
        return f"负责人的名字最长 {LONGEST_NAME} 个字，不能有换行等特殊字符。"
    return None
