"""What the staff dialog (工作人员绑定) asks of the base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.desk import Desk, Verb
from policy.regions import city_of
from storage import staff_bindings

WHOLE_PROVINCE: Final = "全省"


def bind_staff(desk: Desk, data: Mapping[str, Any]) -> dict[str, str]:
    """Tie this chat to the clerk of a one-time code; {} when the code is not good (any more)."""
    found = staff_bindings.bind(desk.connection, desk.sealer, data["code"], desk.contact_id, now=desk.now)
    if found is None:
        return {}
    place = city_of(found.city) if found.city else None
    return {"staff": found.staff, "place": place.name if place else WHOLE_PROVINCE}


def unbind_staff(desk: Desk, _data: Mapping[str, Any]) -> bool:
    """No work reminders in this chat any more; whether there were any."""
    return staff_bindings.unbind_contact(desk.connection, desk.contact_id, now=desk.now) > 0


STAFF_VERBS: Final[Mapping[str, Verb]] = {verb.__name__: verb for verb in (bind_staff, unbind_staff)}
