"""What the positions dialog asks of the base about matchmaking events: find them, open one, sign up, give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bot.desk import Desk, Verb
from bot.page_words import spoken_time
from bot.position_verbs import CITY_CODES, LONGEST_DESCRIPTION, MOST, shortened
from policy.calendar import CHINA
from policy.ledger_codes import EventKind, EventStatus
from policy.refusal import Refused
from policy.regions import city
from storage import event_sign_ups, events, people
from storage.errors import NotFound
from storage.ledger_tables import ProgrammeEvent

REFUSED: Final = "这场活动已经结束或取消了，看看别的活动吧。"


def find_events(desk: Desk, _data: Mapping[str, Any]) -> dict[str, Any]:
    """The next events, those of the cities a person wished for before others: `items` with `id` and `label`."""
    wished: list[str] = []
    if desk.person_id is not None:
        person = people.get(desk.connection, desk.person_id)
        wished = [code for code in person.cities or () if code in CITY_CODES]
    found = events.upcoming(desk.connection, desk.now, cities=wished, limit=MOST) if wished else []
    if len(found) < MOST:
        known = {event.id for event in found}
        others = events.upcoming(desk.connection, desk.now, limit=2 * MOST)
        found += [event for event in others if event.id not in known][: MOST - len(found)]
    return {"items": [{"id": event.id, "label": _label(event)} for event in found]}


def _local(moment: datetime) -> datetime:
    return moment.astimezone(CHINA)


def _label(event: ProgrammeEvent) -> str:
    starts = _local(event.starts_at)
    return f"{starts.month}月{starts.day}日 {city(event.city).short} · {event.title}"


def open_event(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """One event in words, and whether this contact is coming (`mine`); `gone` when it is over or called off."""
    try:
        event = events.get(desk.connection, data["id"])
    except NotFound:
        return {"gone": True}
    if event.status != EventStatus.PUBLISHED or event.starts_at <= desk.now:
        return {"gone": True}
    left = event_sign_ups.places_left(desk.connection, event)
    status = event_sign_ups.status_of(desk.connection, data["id"], desk.contact_id)
    return {
        "id": str(event.id),
        "title": event.title,
        "when": spoken_time(event.starts_at, event.ends_at, _local),
        "place": city(event.city).name,
        "venue": event.venue,
        "kind": EventKind(event.kind).label,
        "left": "" if left is None else f"，还有{left}个名额" if left else "，名额已满",
        "description": shortened(event.description, LONGEST_DESCRIPTION),
        "mine": status not in (None, event_sign_ups.CANCELLED),
    }


def sign_up_event(desk: Desk, data: Mapping[str, Any]) -> dict[str, str]:
    """Sign this contact up: {} when done, or the sentence with which it was `refused`."""
    return _kindly(
        lambda: event_sign_ups.sign_up(
            desk.connection, data["id"], desk.contact_id, desk.person_id, now=desk.now
        )
    )


def leave_event(desk: Desk, data: Mapping[str, Any]) -> dict[str, str]:
    """Give the place of this contact back: {} when done, or the sentence with which it was `refused`."""
    return _kindly(
        lambda: event_sign_ups.take_back(desk.connection, data["id"], desk.contact_id, now=desk.now)
    )


def _kindly(act: Callable[[], None]) -> dict[str, str]:
    try:
        act()
    except Refused as refused:
        return {"refused": "\n".join(refused.reasons)}
    except NotFound:
        return {"refused": REFUSED}
    return {}


EVENT_VERBS: Final[Mapping[str, Verb]] = {
    verb.__name__: verb for verb in (find_events, open_event, sign_up_event, leave_event)
}
