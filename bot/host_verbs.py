"""What the host application asks of the base: take an application, tell where a contact's applications stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.desk import Desk, Verb
from dialogs.parse.business import city_and_district
from dialogs.registration_rules import date_in_words
from policy.ledger_codes import HostStatus
from policy.refusal import Refused
from storage import host_applications
from storage.host_applications import Standing
from storage.host_records import HostFields


def apply_for_host(desk: Desk, data: Mapping[str, Any]) -> dict[str, str]:
    """Take an application: its `number`, or the sentence with which it was `refused`."""
    city, district = city_and_district(data["place"])
    fields = HostFields(
        uscc=data["uscc"],
        name=data["host_name"],
        kind=data["host_kind"],
        city=city,
        district=district,
        address=data["address"],
        contact_name=data["contact_name"],
        contact_phone=data["contact_phone"],
    )
    try:
        number = host_applications.apply(
            desk.connection,
            desk.sealer,
            fields,
            data["wanted"],
            contact_id=desk.contact_id,
            actor=f"contact:{desk.contact_id}",
            now=desk.now,
            today=desk.today,
        )
    except Refused as refused:
        return {"refused": "\n".join(refused.reasons)}
    return {"number": f"{number:06d}"}


def host_applications_of(desk: Desk, _data: Mapping[str, Any]) -> list[dict[str, str]]:
    """Where the applications of this contact stand, the newest first: one line each, worded by the dialog."""
    return [_told(each) for each in host_applications.standings(desk.connection, desk.contact_id)]


def _told(standing: Standing) -> dict[str, str]:
    decided = standing.status not in (None, HostStatus.APPLIED)
    undecided = "waiting" if standing.open else "closed"
    return {
        "number": f"{standing.number:06d}",
        "uscc": standing.uscc,
        "status": str(standing.status) if decided else undecided,
        "reason": standing.reason or "",
        "on": date_in_words(standing.on.isoformat()) if standing.on else "",
    }


HOST_VERBS: Final[Mapping[str, Verb]] = {
    "apply_for_host": apply_for_host,
    "host_applications": host_applications_of,
}
