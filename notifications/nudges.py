"""The nudge (报名提醒): who stopped in the middle of the registration is reminded once.

Timed so that it still fits the 48 hours in which an official account may answer a message: most of a day after the
last one, and not in the night. Nobody is reminded twice, whatever they do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from dialogs.catalogue import Catalogue
from dialogs.model import Session, decode
from dialogs.progress import progress
from dialogs.upgrades import brought_up
from notifications.jobs import PORTION, Context, Done
from policy.outgoing_codes import PurposeKind
from policy.sending import quiet_until
from storage import deliveries, unfinished
from storage.conversations import STATE
from storage.database import Connection
from storage.deliveries import Said
from storage.unfinished import Unfinished

SILENT_FOR: Final = timedelta(hours=20)
"""How long somebody must have been silent."""
LATEST: Final = timedelta(hours=46)
"""After this the window of 48 hours would close under the reminder."""
KEY: Final = "nudge"
TEXT: Final = (
    "您好，您的见习报名填到第 {at} 题，共 {total} 题，填过的都给您留着。\n"
    "回复“继续”接着填，几分钟就好。不想填了不用理会，我们只提醒这一次。"
)


async def nudge_unfinished(catalogue: Catalogue, context: Context, now: datetime) -> Done:
    """Remind who has been silent for most of a day in the middle of the registration."""
    if quiet_until(now.astimezone(context.zone)) is not None:
        return Done()  # the next run comes in time
    purpose_id = await context.write(partial(_purpose, now=now))
    settled = await context.write(
        lambda connection: unfinished.settle(
            connection, purpose_id, now - SILENT_FOR, now - (LATEST - SILENT_FOR), now
        )
    )
    made, behind = 0, 0
    while True:
        page = await context.read(
            lambda connection, last=behind: unfinished.stopped_between(  # type: ignore[misc]
                connection, now - LATEST, now - SILENT_FOR, behind=last, most=PORTION
            )
        )
        if not page:
            return Done(created=made, changed=settled)
        behind = page[-1].contact_id
        made += await context.write(partial(_remind, catalogue, context, purpose_id, page, now))
        context.progress(len(page))


def _purpose(connection: Connection, now: datetime) -> int:
    return deliveries.purpose(connection, KEY, PurposeKind.NUDGE, now)


def _remind(
    catalogue: Catalogue,
    context: Context,
    purpose_id: int,
    page: list[Unfinished],
    now: datetime,
    connection: Connection,
) -> int:
    made = [
        deliveries.enqueue(connection, context.sealer, purpose_id, one.contact_id, said, due_at=now)
        for one in page
        if (said := _said(catalogue, context, one, now)) is not None
    ]
    return sum(number is not None for number in made)


def _said(catalogue: Catalogue, context: Context, one: Unfinished, now: datetime) -> Said | None:
    """Where they are, and a button of the very question that is open."""
    stored: Session = decode(context.sealer.open(one.state_sealed, STATE))
    session = brought_up(catalogue, stored)
    counted = progress(catalogue, session, context.day(now))
    if counted is None or counted.done >= counted.total:
        return None
    text = TEXT.format(at=counted.done + 1, total=counted.total)
    return Said(text, [("继续", "接着填")], dialog=session.dialog, step=session.step)
