"""The course of a broadcast (群发): what may follow what, how many are tried first, and when it stops by itself.

No notice says anything about it; the thresholds are open configuration. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from policy.outgoing_codes import BroadcastState as State
from policy.refusal import Refused


@dataclass(frozen=True, slots=True)
class BroadcastRules:
    """Thresholds (由本单位设定). Rates in percent of those to whom it was attempted.

    Above `approval_above` people a second person approves. `canary_percent` go first; it stops when more than
    `most_errors_percent` fail or more than `most_complaints_percent` unsubscribe or block, once `judged_from` were
    attempted (in a smaller audience: when all of the first were).
    """

    approval_above: int = 500
    canary_percent: int = 1
    most_errors_percent: int = 5
    most_complaints_percent: int = 2
    judged_from: int = 20
    canary_wait_minutes: int = 10
    portion: int = 20_000


RULES: Final = BroadcastRules()

FOLLOWS: Final[Mapping[State, frozenset[State]]] = {
    State.DRAFT: frozenset({State.WAITING, State.APPROVED, State.CANCELLED}),
    State.WAITING: frozenset({State.APPROVED, State.DRAFT, State.CANCELLED}),
    State.APPROVED: frozenset({State.SCHEDULED, State.CANARY, State.DRAFT, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.CANARY, State.SCHEDULED, State.APPROVED, State.DRAFT, State.CANCELLED}),
    State.CANARY: frozenset({State.RUNNING, State.PAUSED, State.STOPPED, State.CANCELLED, State.DONE}),
    State.RUNNING: frozenset({State.DONE, State.PAUSED, State.STOPPED, State.CANCELLED}),
    State.PAUSED: frozenset({State.RUNNING, State.CANARY, State.CANCELLED, State.DONE}),
    State.STOPPED: frozenset({State.RUNNING, State.CANCELLED, State.DONE}),
    State.CANCELLED: frozenset(),
    State.DONE: frozenset({State.CANCELLED}),  # what waits for people to write would still go out
}
EDITABLE: Final = frozenset({State.DRAFT})
"""Text and audience change only here: what was approved is what goes out."""


def moved(state: State, to: State) -> State:
    """The new state. Raises `Refused` when `to` cannot follow."""
    if to not in FOLLOWS[state]:
        raise Refused(f"这次群发现在是“{state.label}”，不能改为“{to.label}”。")
    return to


def needs_second_person(size: int, rules: BroadcastRules = RULES) -> bool:
    """Whether somebody else must approve an audience of that size."""
    return size > rules.approval_above


def named(actor: str) -> str:
    """Who an actor is: of "cli:root" the account, of "cli:root/陈主任" the person named beside it."""
    return re.split(r"[:/]", actor)[-1].strip().casefold()


def approved_by_other(writers: Collection[str], approver: str) -> None:
    """Raises `Refused` unless `approver` is somebody else than all who wrote the text or chose the audience."""
    if not named(approver) or named(approver) in {named(writer) for writer in writers}:
        raise Refused("群发人数较多，要由另一位工作人员复核，写的人不能自己批。")


def canary_step(size: int, rules: BroadcastRules = RULES) -> int:
    """Every how many-th person is tried first; 1 means all at once."""
    return max(1, min(size, 100 // rules.canary_percent))


class Tally(NamedTuple):
    """How far the first part, or the whole, has come; after a clerk let it go on, what has happened since."""

    waiting: int
    sent: int
    failed: int
    complaints: int

    @property
    def attempted(self) -> int:
        """To how many it was tried."""
        return self.sent + self.failed


def fault(tally: Tally, *, finished: bool, rules: BroadcastRules = RULES) -> str | None:
    """Why the broadcast must stop by itself; None while all is well. `finished`: nothing of this part is waiting."""
    if tally.attempted < rules.judged_from and not finished:
        return None
    if tally.attempted == 0:
        return None
    errors = tally.failed * 100 / tally.attempted
    if errors > rules.most_errors_percent:
        return (
            f"发送失败 {errors:.1f}%，超过 {rules.most_errors_percent}%，已自动停止。请查看失败原因后再决定。"
        )
    complaints = tally.complaints * 100 / tally.attempted
    if complaints > rules.most_complaints_percent:
        return (
            f"退订或取关 {complaints:.1f}%，超过 {rules.most_complaints_percent}%，已自动停止。"
            "请看看内容和人群是否合适。"
        )
    return None
