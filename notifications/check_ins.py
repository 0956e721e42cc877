"""Check-ins (见习回访): plans the questions of who is in post, and puts those whose day has come, hosts' too."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from notifications import jobs
from notifications.asking import PORTION, Done, NotReached, Open, fate, purpose_of_day
from notifications.jobs import Context
from policy.check_ins import HOST_DAY, LATE_DAYS
from policy.follow_up import RULES
from policy.ledger_codes import Stage
from policy.outgoing_codes import CheckInKind, PurposeKind, SkipReason, StepState
from storage import check_in_plans, check_ins, contacts_of, deliveries
from storage.check_ins import Question
from storage.database import Connection
from storage.deliveries import Opens
from storage.delivery_outcomes import of_subjects, written_to
from storage.sealing import Sealer

PREFIX = "check_in"
HOSTS = "host_check_in"


async def plan_all(context: Context, now: datetime, most: int = PORTION) -> jobs.Done:
    """Plan the questions of internships that have begun, and of those whose end has moved.

    All in post are looked at every day, outside the writer: only what is found is written.
    """
    today, total, behind = context.day(now), jobs.Done(), 0
    while True:
        look = await context.read(partial(check_in_plans.to_plan, behind=behind, most=most))
        if look.last is None:
            return total
        behind = look.last
        if look.numbers:
            total = total.plus(
                await context.write(partial(plan_check_ins, numbers=look.numbers, today=today))
            )
            context.progress(len(look.numbers))


def plan_check_ins(connection: Connection, numbers: Collection[int], today: date) -> jobs.Done:
    """Plan the questions of these internships; who has left post since they were looked for is passed over."""
    created = changed = 0
    for term in check_in_plans.terms(connection, numbers):
        added, moved = check_in_plans.plan(connection, term, today)
        created, changed = created + added, changed + moved
    return jobs.Done(created, changed)


def ask_check_ins(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = PORTION
) -> Done:
    """Put the questions whose day has come; of several to one person only the newest."""
    found = check_ins.due(connection, today, limit)
    if not found:
        return Done()
    reaches = contacts_of.reaches(connection, {one.person_id for one in found})
    known = check_ins.known(connection, {one.internship_id for one in found})
    purpose_id = purpose_of_day(connection, PREFIX, PurposeKind.CHECK_IN, now, today)
    asked = written_to(connection, purpose_id, reaches)
    created = 0
    for one in found:
        reason = _out_of_place(one, today) or (SkipReason.EXPIRED if one.person_id in asked else None)
        contact_id = reaches[one.person_id].preferred
        if reason is not None or contact_id is None:
            left_out = reason or reaches[one.person_id].reason
            check_ins.settle(connection, one.id, StepState.SKIPPED, left_out)
            continue
        about = _about(one, known.get(one.internship_id, (False, False)))
        content = Opens("check_in", {"check_in": one.id, "kind": one.kind, "about": about})
        deliveries.enqueue(connection, sealer, purpose_id, contact_id, content, subject_id=one.id, due_at=now)
        check_ins.mark_asked(connection, one.id, now)
        asked.add(one.person_id)
        created += 1
    return Done(created, len(found) - created, len(found) == limit)


def _out_of_place(one: Question, today: date) -> SkipReason | None:
    """Why a question is not put any more: its day is long past, or the internship is over."""
    late = today - timedelta(days=LATE_DAYS)
    if one.stage != Stage.IN_POST:
        just_over = one.ended_on is not None and one.ended_on >= late and one.kind == CheckInKind.END
        return None if just_over else SkipReason.SETTLED
    return SkipReason.EXPIRED if one.due_on < late else None


def _about(one: Question, known: tuple[bool, bool]) -> dict[str, Any]:
    mentor, insured = known
    return {"host": one.host_name, "month": month_name(one.month), "mentor": mentor, "insured": insured}


def month_name(month: str) -> str:
    """A month as people say it: "2026-09" → 9月."""
    return f"{int(month[5:])}月"


def ask_hosts(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = PORTION
) -> Done:
    """Ask the contact of every host with interns about the month that has passed, once.

    Who speaks for several hosts is asked about one a day: a second question would push the first aside.

    It is part of what a host takes on, not a push: no consent to pushes is asked for.
    """
    if not check_in_plans.asks_hosts_on(today):
        return Done()
    purpose_id = purpose_of_day(connection, HOSTS, PurposeKind.STAFF, now, today)
    month, found = check_in_plans.hosts_to_ask(connection, purpose_id, today, limit)
    due_on, created, later = today.replace(day=HOST_DAY), 0, 0
    spoken_to: set[int] = set()
    for host in found:
        if host.contact_id in spoken_to:
            later += 1
            continue
        number = check_in_plans.add_host(connection, host.host_id, month, due_on)
        if host.contact_id is None or not host.reachable:
            reason = SkipReason.UNREACHABLE if host.contact_id is None else SkipReason.BLOCKED
            check_ins.settle(connection, number, StepState.SKIPPED, reason)
            continue
        answers = {
            "check_in": number,
            "kind": CheckInKind.HOST.value,
            "about": {"host": host.name, "month": month_name(month)},
        }
        content = Opens("check_in", answers)
        deliveries.enqueue(
            connection, sealer, purpose_id, host.contact_id, content, subject_id=number, due_at=now
        )
        check_ins.mark_asked(connection, number, now)
        spoken_to.add(host.contact_id)
        created += 1
    return Done(created, len(found) - created - later, len(found) == limit)


def close_unanswered(
    connection: Connection, now: datetime, limit: int = PORTION, after_id: int = 0
) -> tuple[Done, int]:
    """Put down which questions stayed without an answer or were not delivered; and the last one looked at.

    A check-in that is not answered escalates nothing: the next one comes in a month, and a clerk sees the gap.
    """
    found = check_ins.waiting(connection, now - timedelta(days=RULES.silent_after_days), limit, after_id)
    asked = {one.id: one.asked_at for one in found}
    outcomes = {**of_subjects(connection, PREFIX, asked)}
    for number, more in of_subjects(connection, HOSTS, asked).items():
        outcomes[number] = outcomes[number] or more
    changed = 0
    for one in found:
        became = fate(outcomes[one.id], now)
        if isinstance(became, Open):
            continue
        if isinstance(became, NotReached):
            check_ins.settle(connection, one.id, StepState.SKIPPED, became.reason)
            for outcome in outcomes[one.id]:
                deliveries.cancel_subject(connection, outcome.purpose_id, one.id, became.reason, now)
        else:
            check_ins.settle(connection, one.id, StepState.SILENT)
        changed += 1
    return Done(0, changed, len(found) == limit), found[-1].id if found else after_id
