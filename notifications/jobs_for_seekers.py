"""Jobs once a week for who said in the follow-up that they look for work (每周岗位), by the rules of the matching.

Each job is recorded as a service; what turns out not to have been delivered is taken back.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from notifications.asking import PORTION, Done
from notifications.offers_for import JobBoard, cities_of, told
from policy.follow_up import RULES, jobs_are_due
from policy.outgoing_codes import DeliveryState, PurposeKind, ServiceKind, SkipReason
from storage import contacts_of, deliveries, follow_ups, offers, services
from storage.database import Connection
from storage.deliveries import Said
from storage.delivery_outcomes import not_delivered, written_to
from storage.sealing import Sealer

PREFIX: Final = "jobs"
OPENING: Final = "见习通给您找了几个合适的工作："
CLOSING: Final = "找到工作了或不想再收，回复“菜单”告诉我，或回复“退订”。"
NOT_SENT: Final = (
    *(DeliveryState.SKIPPED, DeliveryState.REFUSED, DeliveryState.FAILED),
    *(DeliveryState.EXPIRED, DeliveryState.HELD),
)


def send_jobs(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = PORTION
) -> Done:
    """Send jobs to those for whom it is the day of the week; who gets nothing stands in the ledger too."""
    key = f"{PREFIX}:{today}"
    wanted = [one for one in follow_ups.seeking(connection) if jobs_are_due(_day(one.said_at), today)]
    if not wanted:
        return Done()
    expires_at = now + timedelta(days=RULES.silent_after_days)
    purpose_id = deliveries.purpose(connection, key, PurposeKind.MATCH, now, expires_at=expires_at)
    people = [one.person_id for one in wanted]
    served = written_to(connection, purpose_id, people)
    reaches = contacts_of.reaches(connection, people)
    todo = [
        one for one in wanted if one.person_id not in served and reaches[one.person_id].preferred is not None
    ]
    chosen = todo[:limit]
    wishes = offers.wishes(connection, [one.person_id for one in chosen])
    passed = services.offered(connection, list(wishes), ServiceKind.JOB)
    board = JobBoard(connection, set().union(*map(cities_of, wishes.values())), today)
    created = 0
    for one in chosen:
        contact_id = reaches[one.person_id].preferred
        assert contact_id is not None
        if one.person_id in served:  # two plans of one person
            continue
        served.add(one.person_id)
        jobs = board.best(wishes[one.person_id], passed.get(one.person_id, ()), positions=one.ended_early)
        if not jobs:
            deliveries.record_skipped(connection, purpose_id, contact_id, SkipReason.NOTHING_FITS, now)
            continue
        said = Said(f"{OPENING}\n{told(jobs)}\n{CLOSING}")
        deliveries.enqueue(connection, sealer, purpose_id, contact_id, said, due_at=now)
        for job in jobs:
            detail = key if job.position_id is None else f"{key} position:{job.position_id}"
            services.record(
                connection,
                one.person_id,
                ServiceKind.JOB,
                on=today,
                city=one.city,
                actor="system",
                now=now,
                resource_id=job.resource_id,
                detail=detail,
            )
        created += 1
    return Done(created, 0, len(todo) > limit)


def _day(at: datetime) -> date:
    return at.date()


def take_back_undelivered(connection: Connection, today: date) -> Done:
    """Take back the jobs of a few days ago that are known not to have reached their people."""
    changed = 0
    for days in range(RULES.silent_after_days, RULES.silent_after_days + RULES.jobs_every_days):
        key = f"{PREFIX}:{today - timedelta(days=days)}"
        people = not_delivered(connection, key, NOT_SENT)
        if people:
            changed += services.take_back(connection, people, key)
    return Done(0, changed)
