"""The follow-up of who was not kept on (见习后跟踪帮扶): when they are asked, and what an answer changes.

人社部发〔2023〕27号 二(六) asks for continued help towards a job, a business or a training, without saying when;
the days are open configuration. Pure: days in, days out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from policy.ledger_codes import Result
from policy.outgoing_codes import EmploymentKind, PlanState, Situation


@dataclass(frozen=True, slots=True)
class FollowUpRules:
    """Configuration of the follow-up (通知未规定，由各地设定). Days count from the day the outcome is known.

    `silent_after_days`: an unanswered question counts as silence then. `escalations`: what follows the first,
    second … silence in a row. `outcome_after_days`: the follow-up begins then even if nobody has recorded what
    became of the person; who ended more than `begins_within_days` ago is not followed up any more. Who looks for
    work gets jobs every `jobs_every_days`, for `jobs_for_days` after they said so.
    """

    days: tuple[int, ...] = (0, 7, 30, 90, 180)
    retention_days: tuple[int, ...] = (30, 90)
    silent_after_days: int = 3
    escalations: tuple[str, ...] = ("other_channel", "call", "visit")
    outcome_after_days: int = 3
    begins_within_days: int = 180
    later_check_days: int = 90
    jobs_every_days: int = 7
    jobs_for_days: int = 90


RULES: Final = FollowUpRules()


class Planned(NamedTuple):
    """One planned contact: so many days after the beginning, and on which day."""

    day: int
    due_on: date


def plan(began: date, *, retained: bool, rules: FollowUpRules = RULES) -> tuple[Planned, ...]:
    """When somebody is asked; who was kept on is asked about contract and insurance instead."""
    days = rules.retention_days if retained else rules.days
    return tuple(Planned(day, began + timedelta(days=day)) for day in days)


class Change(NamedTuple):
    """What an answer does to the plan: its state, the days that fall away, and an extra day if any."""

    state: PlanState
    drops: tuple[int, ...]
    extra: int | None = None


def answered(
    situation: Situation, day: int, *, later_check: bool = False, rules: FollowUpRules = RULES
) -> Change:
    """How the plan goes on after this answer on that day.

    Working settles it, with one later check if they agreed to one; 暂时不找 leaves only what is at least
    three months ahead; everything else goes on as planned.
    """
    ahead = tuple(later for later in rules.days if later > day)
    if situation is Situation.WORKING:
        extra = day + rules.later_check_days if later_check else None
        return Change(PlanState.SETTLED, ahead, extra)
    if situation is Situation.NOT_NOW:
        return Change(PlanState.RUNNING, tuple(later for later in ahead if later < day + 90))
    return Change(PlanState.RUNNING, ())


def escalation(silences: int, rules: FollowUpRules = RULES) -> str | None:
    """What follows so many silences in a row: other_channel, call, visit; None before the first."""
    if silences <= 0:
        return None
    return rules.escalations[min(silences, len(rules.escalations)) - 1]


RESULTS: Final = {
    EmploymentKind.CONTRACT: Result.EMPLOYED,
    EmploymentKind.FLEXIBLE: Result.FLEXIBLE,
    EmploymentKind.PUBLIC: Result.EMPLOYED,
    EmploymentKind.OWN: Result.SELF_EMPLOYED,
    EmploymentKind.OTHER: Result.EMPLOYED,
}
"""What the ledger calls each kind of employment (去向)."""


def result_of(situation: Situation, employment: EmploymentKind | None) -> Result | None:
    """What the person's answer means for the ledger (去向); None when it says nothing about it."""
    if situation is Situation.WORKING:
        return RESULTS[employment] if employment is not None else Result.EMPLOYED
    if situation is Situation.PERSON:
        return None
    return Result.INACTIVE if situation is Situation.NOT_NOW else Result.LOOKING


def jobs_are_due(said_on: date, today: date, rules: FollowUpRules = RULES) -> bool:
    """Whether this is a day for sending jobs to somebody who said on `said_on` that they look for work."""
    passed = (today - said_on).days
    return 0 < passed <= rules.jobs_for_days and passed % rules.jobs_every_days == 0
