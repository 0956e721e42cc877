"""The jobs that remind (提醒任务): staff of their duties in their own chats, people of the event they signed up for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from notifications.duties import Reader
from notifications.jobs import PORTION, Context, Done
from notifications.reminders import Duty, day_name
from policy.outgoing_codes import PurposeKind
from storage import deliveries, duty_figures, staff_bindings
from storage.database import Connection
from storage.deliveries import Said
from storage.duty_figures import Event

LASTS: Final = timedelta(days=1)
"""A reminder that could not go out by then is dropped: the next one says how things are."""
HEAD: Final = "【工作提醒】"
TOMORROW: Final = (
    "提醒您：明天{day}{hour}，您报名的“{title}”在{venue}举行，请准时到。\n"
    "来不了的话，回复“活动”取消报名，把名额让给别人。"
)


async def remind_staff(readers: Sequence[Reader], context: Context, now: datetime) -> Done:
    """Send the reminders that are due today to whoever is bound for the place, or is the clerk meant."""
    today = context.day(now)
    made = 0
    for reader in readers:
        due = await context.read(
            lambda connection, read=reader: [duty for duty in read(connection, today) if duty.mark]  # type: ignore[misc]
        )
        for duty in due:
            made += await context.write(partial(tell, context, duty, now))
            context.progress(1)
    return Done(created=made)


def tell(context: Context, duty: Duty, now: datetime, connection: Connection) -> int:
    """Put one reminder into the ledger for every chat it concerns; returns how many are new."""
    chats = staff_bindings.chats(connection, city=duty.city, staff=duty.staff)
    if not chats:
        return 0
    purpose_id = deliveries.purpose(
        connection,
        f"staff:{duty.key}",
        PurposeKind.STAFF,
        now,
        repeat_harmless=True,
        expires_at=now + LASTS,
    )
    said = Said(HEAD + duty.text)
    made = [
        deliveries.enqueue(connection, context.sealer, purpose_id, chat, said, due_at=now) for chat in chats
    ]
    return sum(number is not None for number in made)


async def remind_of_events(context: Context, now: datetime) -> Done:
    """Tell who signed up for an event of tomorrow."""
    tomorrow = datetime.combine(context.day(now) + timedelta(days=1), time(), context.zone)
    events = await context.read(
        lambda connection: duty_figures.events_between(connection, tomorrow, tomorrow + timedelta(days=1))
    )
    made = 0
    for event in events:
        behind = 0
        while chats := await context.read(partial(_signed_up, event.id, behind)):
            behind = chats[-1]
            made += await context.write(partial(_remind, context, event, chats, now))
            context.progress(len(chats))
    return Done(created=made)


def _signed_up(event_id: int, behind: int, connection: Connection) -> list[int]:
    return duty_figures.signed_up(connection, event_id, behind, PORTION)


def _remind(
    context: Context, event: Event, chats: Sequence[int], now: datetime, connection: Connection
) -> int:
    starts = event.starts_at.astimezone(context.zone)
    # An event that is put off is reminded of anew: its day is part of what makes the message one.
    purpose_id = deliveries.purpose(
        connection,
        f"event:{event.id}:{starts.date()}",
        PurposeKind.EVENT,
        now,
        expires_at=event.starts_at,
    )
    said = Said(
        TOMORROW.format(
            day=day_name(starts.date()), hour=f"{starts:%H:%M}", title=event.title, venue=event.venue
        )
    )
    made = [
        deliveries.enqueue(connection, context.sealer, purpose_id, chat, said, due_at=now) for chat in chats
    ]
    return sum(number is not None for number in made)
