"""What the dialogs may ask of the base: one function for each verb, run inside the turn's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.care_verbs import CARE_VERBS
from bot.desk import Desk, Verb
from bot.event_verbs import EVENT_VERBS
from bot.host_verbs import HOST_VERBS
from bot.internship_verbs import INTERNSHIP_VERBS, withdraw_applications
from bot.position_verbs import POSITION_VERBS
from bot.renewal_verbs import RENEWAL_VERBS
from bot.staff_verbs import STAFF_VERBS
from dialogs.summary import summary
from storage import audit, cases, consents, conversations, downloads, people, registers

CONSENT_STEPS: Final = {
    "registration": ("registration", "consent"),
    "push": ("registration", "push_consent"),
    "hardship": ("registration", "hardship"),
    "host_application": ("host_application", "consent"),
    "share_with_host": ("positions", "agree"),
}
"""Kind of consent → the dialog and step whose text was agreed to."""


def record_consent(desk: Desk, data: Mapping[str, Any]) -> None:
    """Keep a consent with the hash of the very text that was shown. Who declines to register leaves nothing here."""
    if data["kind"] == "registration" and not data["given"]:
        conversations.forget(desk.connection, desk.contact_id)
        return
    dialog, step = CONSENT_STEPS[data["kind"]]
    text = desk.catalogue.dialog(dialog).node(step).ask
    consents.add(
        desk.connection,
        desk.contact_id,
        desk.person_id,
        kind=data["kind"],
        given=data["given"],
        version=data["version"],
        text=text,
        channel=desk.channel,
        now=desk.now,
    )


def find_register_entry(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """School, major, education and graduation date as an imported register has them."""
    return registers.find_entry(desk.connection, desk.sealer, data["id_number"], data["name"])


def register(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """Put a finished registration into the base."""
    done = people.register(
        desk.connection, desk.sealer, desk.contact_id, desk.channel, data, desk.now, desk.today
    )
    desk.person_id, desk.registered = done.person_id, True
    return {"receipt": f"{done.receipt:06d}"}


def my_information(desk: Desk, _data: Mapping[str, Any]) -> str:
    """What is stored of this person, masked."""
    found = people.stored_answers(desk.connection, desk.sealer, desk.contact_id)
    if found is None:
        return desk.catalogue.common["nothing_stored"]
    status, answers = found
    head = desk.catalogue.common[f"status_{status}"]
    return f"{head}\n{summary(desk.catalogue, answers, desk.today)}"


def my_answers(desk: Desk, _data: Mapping[str, Any]) -> dict[str, Any]:
    """The stored registration as answers that can be corrected; {} when there is none."""
    found = people.stored_answers(desk.connection, desk.sealer, desk.contact_id)
    return {} if found is None else {**found[1], "consent": "agree", "known": {}}


def make_export(desk: Desk, _data: Mapping[str, Any]) -> dict[str, str]:
    """A one-time link to everything that is stored of this person."""
    token = downloads.make(desk.connection, desk.sealer, desk.contact_id, "my_data", desk.now)
    audit.add(
        desk.connection, desk.now, f"contact:{desk.contact_id}", "export.link", f"contact:{desk.contact_id}"
    )
    return {"url": f"/api/chat/export/{token}"}


def set_push(desk: Desk, data: Mapping[str, Any]) -> bool:
    """Pushes on or off for this contact, recorded as a consent given or withdrawn."""
    people.set_push_consent(desk.connection, desk.sealer, desk.contact_id, data["allowed"], desk.now)
    record_consent(desk, {"kind": "push", "given": data["allowed"], "version": "settings"})
    return True


def withdraw(desk: Desk, _data: Mapping[str, Any]) -> bool:
    """Take the registration back, and with it every application that has no agreement yet."""
    withdraw_applications(desk)
    people.withdraw(desk.connection, desk.sealer, desk.contact_id, desk.now)
    return True


def erase(desk: Desk, _data: Mapping[str, Any]) -> str:
    """Delete everything that this person left: erased, or locked where the ledger of an internship must stay."""
    locked = people.erase(desk.connection, desk.contact_id, desk.now)
    desk.person_id, desk.registered = None, False
    return "locked" if locked else "erased"


def hand_over(desk: Desk, data: Mapping[str, Any]) -> str:
    """Leave a note for staff; returns the case number."""
    number = cases.open_case(
        desk.connection,
        desk.sealer,
        "hand_over",
        desk.contact_id,
        desk.now,
        person_id=desk.person_id,
        today=desk.today,
        note=data["note"],
    )
    return f"{number:06d}"


VERBS: Final[Mapping[str, Verb]] = {
    **{
        verb.__name__: verb
        for verb in (
            record_consent,
            find_register_entry,
            register,
            my_information,
            my_answers,
            make_export,
            set_push,
            withdraw,
            erase,
            hand_over,
        )
    },
    **CARE_VERBS,
    **RENEWAL_VERBS,
    **STAFF_VERBS,
    **HOST_VERBS,
    **POSITION_VERBS,
    **EVENT_VERBS,
    **INTERNSHIP_VERBS,
}
