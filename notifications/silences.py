"""Silence after a follow-up (未回复): the same question on another channel, then a call, then a visit by a clerk.

Each planned day counts as one silence at most; an answer, however late, sets the count back
(`storage.follow_up_answers`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from notifications.asking import PORTION, Done, NotReached, Open, fate, purpose_of_day
from notifications.follow_ups import PREFIX, ask, escalate, leave_out
from policy.follow_up import RULES, escalation
from policy.outgoing_codes import CaseKind, PurposeKind, StepState
from storage import contacts_of, deliveries, follow_ups
from storage.contacts_of import Reach
from storage.database import Connection
from storage.delivery_outcomes import Outcome, of_subjects, written_to
from storage.follow_ups import Step
from storage.sealing import Sealer

OTHER_CHANNEL: Final = "other_channel"
KINDS: Final = {"call": CaseKind.CALL, "visit": CaseKind.VISIT}


def mark_silences(
    connection: Connection,
    sealer: Sealer,
    now: datetime,
    today: date,
    limit: int = PORTION,
    after_id: int = 0,
) -> tuple[Done, int]:
    """Deal with what was asked three days ago or earlier and is not answered; and the last one looked at."""
    found = follow_ups.waiting(connection, now - timedelta(days=RULES.silent_after_days), limit, after_id)
    if not found:
        return Done(), after_id
    outcomes = of_subjects(
        connection, PREFIX, {one.id: one.asked_at for one in found if one.asked_at is not None}
    )
    people = {one.person_id for one in found}
    reaches = contacts_of.reaches(connection, people)
    purpose_id = purpose_of_day(connection, PREFIX, PurposeKind.FOLLOW_UP, now, today)
    asked = written_to(connection, purpose_id, people)
    created = changed = 0
    for one in found:
        became = fate(outcomes[one.id], now)
        if isinstance(became, Open):
            continue
        changed += 1
        other = _other(reaches[one.person_id], outcomes[one.id])
        unheard = isinstance(became, NotReached)
        if isinstance(became, NotReached):
            for outcome in outcomes[one.id]:
                deliveries.cancel_subject(connection, outcome.purpose_id, one.id, became.reason, now)
        if other is not None and one.way != OTHER_CHANNEL and (unheard or one.silences == 0):
            if one.person_id in asked:  # never twice on a day: tomorrow
                changed -= 1
                continue
            ask(connection, sealer, one, other, purpose_id, now, OTHER_CHANNEL)
            follow_ups.refresh(connection, one.plan_id, now, silences=one.silences + (not unheard))
            asked.add(one.person_id)
            created += 1
        elif isinstance(became, NotReached):
            leave_out(connection, sealer, one, became.reason, now, today)
        elif one.way == OTHER_CHANNEL:
            follow_ups.settle(connection, one.id, StepState.SILENT)
        else:
            _hand_over(connection, sealer, one, now, today)
    return Done(created, changed, len(found) == limit), found[-1].id


def _other(reach: Reach, outcomes: list[Outcome]) -> int | None:
    """A contact of the person that this question has not been put to."""
    tried = {outcome.contact_id for outcome in outcomes}
    return next((number for number in reach.contacts if number not in tried), None)


def _hand_over(connection: Connection, sealer: Sealer, one: Step, now: datetime, today: date) -> None:
    """The next rung of the ladder that needs a clerk; without another channel the first one is passed over."""
    silences = one.silences + 1
    if escalation(silences) == OTHER_CHANNEL:
        silences += 1
    follow_ups.settle(connection, one.id, StepState.SILENT)
    follow_ups.refresh(connection, one.plan_id, now, silences=silences)
    what = escalation(silences)
    if what in KINDS:
        why = f"连续{silences}次没有回复"
        escalate(connection, sealer, one, KINDS[what], why, now, today)
