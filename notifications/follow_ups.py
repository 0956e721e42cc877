"""Follow-up (后续跟踪): begins plans for who has ended an internship, and asks them on their days.

Nobody is asked twice on a day, and every planned day is either asked or says why not; who cannot be reached by chat is
called by a clerk (人社部发〔2023〕27号 二(六): 对见习期满未留用人员继续跟踪帮扶).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from notifications.asking import PORTION, Done, purpose_of_day
from policy.follow_up import RULES
from policy.ledger_codes import Ending, Result
from policy.outgoing_codes import CaseKind, PlanState, PurposeKind, SkipReason, StepState
from storage import cases, contacts_of, deliveries, follow_ups
from storage.database import Connection
from storage.deliveries import Opens
from storage.delivery_outcomes import written_to
from storage.follow_ups import KEPT_ON, Ended, Step
from storage.sealing import Sealer

PREFIX: Final = "follow_up"
AWAY: Final = frozenset({Result.FURTHER_STUDY, Result.ENLISTED})
"""Results after which nobody is asked: studying and serving take years."""


def begin_follow_ups(connection: Connection, now: datetime, today: date, limit: int = PORTION) -> Done:
    """Make the plans of internships that are over, turn those of who was kept on after all, end old ones."""
    found = follow_ups.to_begin(connection, today, limit)
    created = sum(_begin(connection, ended, now, today) for ended in found)
    turned = follow_ups.turned(connection, limit)
    for number in turned:
        follow_ups.turn_to_kept_on(connection, number, today, now)
    ended_plans = follow_ups.finish(connection, today, now)
    return Done(created, len(turned) + ended_plans, limit in (len(found), len(turned)))


def _begin(connection: Connection, ended: Ended, now: datetime, today: date) -> bool:
    """Begin one plan; whose way is settled for years is not asked, and the plan says so."""
    kept_on = ended.result == Result.RETAINED or ended.ending == Ending.RETAINED_EARLY
    number = follow_ups.begin(connection, ended, kept_on=kept_on, today=today, now=now)
    if number is not None and ended.result in AWAY:
        follow_ups.drop(connection, number, None)
        follow_ups.refresh(connection, number, now, state=PlanState.SETTLED)
    return number is not None


def ask_follow_ups(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = PORTION
) -> Done:
    """Ask everybody whose day has come. Of several days of one plan only the newest is asked about.

    Who was asked today already, for another internship, waits for tomorrow.
    """
    found = follow_ups.due(connection, today, limit)
    if not found:
        return Done()
    reaches = contacts_of.reaches(connection, {one.person_id for one in found})
    purpose_id = purpose_of_day(connection, PREFIX, PurposeKind.FOLLOW_UP, now, today)
    asked = written_to(connection, purpose_id, reaches)
    plans: set[int] = set()
    created = changed = 0
    for one in found:
        if one.plan_id in plans:
            continue
        plans.add(one.plan_id)
        changed += follow_ups.pass_over(connection, one)
        reach = reaches[one.person_id]
        if reach.preferred is None:
            leave_out(connection, sealer, one, reach.reason or SkipReason.UNREACHABLE, now, today)
            changed += 1
        elif one.person_id not in asked:
            ask(connection, sealer, one, reach.preferred, purpose_id, now)
            asked.add(one.person_id)
            created += 1
    for number in plans:
        follow_ups.refresh(connection, number, now)
    return Done(created, changed, len(found) == limit and bool(created or changed))


def ask(
    connection: Connection,
    sealer: Sealer,
    one: Step,
    contact_id: int,
    purpose_id: int,
    now: datetime,
    way: str = "chat",
) -> None:
    """Put the question of a planned day to a contact."""
    answers = {
        "step": one.id,
        "kept_on": one.kind == KEPT_ON,
        "about": {"host": one.host_name, "turn": _turn(one)},
    }
    content = Opens("follow_up", answers)
    deliveries.enqueue(connection, sealer, purpose_id, contact_id, content, subject_id=one.id, due_at=now)
    follow_ups.mark_asked(connection, one, now, way)


def _turn(one: Step) -> str:
    """Which time it is, for how the person is greeted."""
    if one.kind == KEPT_ON:
        return "kept_on"
    if one.plan_state == PlanState.SETTLED and one.later_check:
        return "later"
    return "first" if one.day == RULES.days[0] else "again"


def leave_out(
    connection: Connection, sealer: Sealer, one: Step, reason: SkipReason, now: datetime, today: date
) -> None:
    """A planned day on which nobody can be asked by chat: why not; and a clerk calls who did not refuse it."""
    follow_ups.settle(connection, one.id, StepState.SKIPPED, reason)
    if reason in (SkipReason.UNREACHABLE, SkipReason.BLOCKED):
        escalate(connection, sealer, one, CaseKind.CALL, f"聊天联系不上（{reason.label}）", now, today)


def escalate(
    connection: Connection,
    sealer: Sealer,
    one: Step,
    kind: CaseKind,
    why: str,
    now: datetime,
    today: date,
) -> None:
    """Hand the person over to a clerk: a task with an owner and a day, once until it is settled."""
    if cases.open_one(connection, kind, internship_id=one.internship_id) is not None:
        return
    owner = cases.owner_for(connection, one.city)
    cases.open_case(
        connection,
        sealer,
        kind,
        None,
        now,
        city=one.city,
        owner=owner,
        today=today,
        person_id=one.person_id,
        internship_id=one.internship_id,
        note=f"见习 {one.internship_id}，见习后第{one.day}天：{why}",
    )
    follow_ups.refresh(connection, one.plan_id, now, state=PlanState.ESCALATED, owner=owner)
