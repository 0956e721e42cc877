"""Willingness and eligibility (意愿确认、资格到期提醒): asked every 60 days, told 30 and 7 days before the end.

Who has been accepted somewhere is left in peace. The question is a dialog of ours (`dialogs.renewal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final

from notifications.jobs import PORTION, Context, Done
from policy.outgoing_codes import PurposeKind
from policy.renewals import asked_on, notice
from storage import contacts_of, deliveries, delivery_outcomes, renewals
from storage.database import Connection
from storage.deliveries import Opens, Said
from storage.renewals import Registered

ENDS: Final = (
    "您好，按您填的情况，您的见习资格到{until}为止（含当天）。还想参加的话，请尽快选岗报名；"
    "情况有变，回复“更正信息”改一下，系统会重新判断。"
)
QUESTION_LASTS: Final = timedelta(days=62)
"""From the first of the month in which a question was due: by then it has been put, or it is dropped."""
NOTICE_LASTS: Final = timedelta(days=31)


async def renew_willingness(context: Context, now: datetime) -> Done:
    """Ask who last said 60, 120 … days ago that they want an internship; tell whose eligibility ends soon."""
    made, behind = 0, 0
    while True:
        page = await context.read(partial(renewals.page, behind=behind, most=PORTION))
        if not page:
            return Done(created=made)
        behind = page[-1].person_id
        made += await context.write(partial(_tell, context, page, now))
        context.progress(len(page))


def _tell(context: Context, page: Sequence[Registered], now: datetime, connection: Connection) -> int:
    today = context.day(now)
    asked = {one.person_id: due for one in page if (due := _due(context, one, today)) is not None}
    ending = [
        (one, days)
        for one in page
        if one.eligible_until is not None and (days := notice(one.eligible_until, today)) is not None
    ]
    # Once, although who registered before may come back to it by another contact.
    questions = {due: _question(context, connection, due, now) for due in set(asked.values())}
    told = {due: delivery_outcomes.written_to(connection, number, asked) for due, number in questions.items()}
    reached = contacts_of.reaches(connection, {*asked, *(one.person_id for one, _ in ending)})
    made: list[int | None] = []
    for person_id, due in asked.items():
        contact_id = reached[person_id].preferred
        if contact_id is not None and person_id not in told[due]:
            made.append(_ask(context, connection, questions[due], contact_id, due, now))
    for one, days in ending:
        contact_id = reached[one.person_id].preferred
        if contact_id is None or one.eligible_until is None:
            continue
        purpose_id = _notice(context, connection, one.eligible_until, days, now)
        if not delivery_outcomes.written_to(connection, purpose_id, [one.person_id]):
            made.append(_warn(context, connection, purpose_id, contact_id, one.eligible_until, now))
    return sum(number is not None for number in made)


def _due(context: Context, one: Registered, today: date) -> date | None:
    if one.eligible_until is not None and one.eligible_until < today:
        return None
    return asked_on(context.day(one.said_at), today)


def _question(context: Context, connection: Connection, due: date, now: datetime) -> int:
    return deliveries.purpose(
        connection,
        f"renewal:{due:%Y-%m}",
        PurposeKind.RENEWAL,
        now,
        expires_at=_expiry(context, due, QUESTION_LASTS),
    )


def _ask(
    context: Context, connection: Connection, purpose_id: int, contact_id: int, due: date, now: datetime
) -> int | None:
    return deliveries.enqueue(
        connection,
        context.sealer,
        purpose_id,
        contact_id,
        Opens("renewal", {}),
        subject_id=due.toordinal(),
        due_at=now,
    )


def _notice(context: Context, connection: Connection, until: date, days: int, now: datetime) -> int:
    return deliveries.purpose(
        connection,
        f"expiry:{days}:{until:%Y-%m}",
        PurposeKind.EXPIRY,
        now,
        expires_at=_expiry(context, until, NOTICE_LASTS),
    )


def _warn(
    context: Context, connection: Connection, purpose_id: int, contact_id: int, until: date, now: datetime
) -> int | None:
    said = Said(ENDS.format(until=f"{until.year}年{until.month}月{until.day}日"))
    return deliveries.enqueue(
        connection,
        context.sealer,
        purpose_id,
        contact_id,
        said,
        subject_id=until.toordinal(),
        due_at=now,
    )


def _expiry(context: Context, day: date, lasts: timedelta) -> datetime:
    return datetime.combine(day.replace(day=1), time(), context.zone) + lasts
