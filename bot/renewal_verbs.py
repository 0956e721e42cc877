"""What the renewal dialog (意愿确认) asks of the base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.desk import Desk, Verb
from storage import consents
from storage.renewals import WILLING


def keep_willingness(desk: Desk, data: Mapping[str, Any]) -> bool:
    """Keep whether somebody still wants to take part, with the question that was put."""
    consents.add(
        desk.connection,
        desk.contact_id,
        desk.person_id,
        kind=WILLING,
        given=data["willing"],
        version="1",
        text=desk.catalogue.dialog("renewal").node("willing").ask,
        channel=desk.channel,
        now=desk.now,
    )
    return True


RENEWAL_VERBS: Final[Mapping[str, Verb]] = {verb.__name__: verb for verb in (keep_willingness,)}
