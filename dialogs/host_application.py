"""The host application (见习单位申报): a unit that wants to take interns says who it is and what it can offer.

It is reviewed by staff (人社部发〔2023〕27号 二(二)). Somebody who applied before first reads where that stands. The
contact person is asked for with consent, like every identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dialogs.definition import (
    Ask,
    Choose,
    Definition,
    Do,
    Enter,
    Finish,
    Review,
    Tell,
    When,
    answered,
    condition,
)
from dialogs.model import View
from dialogs.parse.business import host_name, inside_province, uscc
from dialogs.parse.names import person_name
from dialogs.parse.phones import mobile
from dialogs.parse.places import place_label
from dialogs.parse.words import note
from policy.hosts import LONGEST_ADDRESS
from policy.ledger_codes import HostKind
from policy.masking import mask_name, mask_phone

CONSENT_VERSION: Final = "2026-11"
"""Changes whenever the text of `consent` changes; stored with every consent."""
LONGEST_OFFER: Final = 500
ITEMS: Final = (
    *("uscc", "host_name", "host_kind", "place", "address", "contact_name", "contact_phone", "wanted"),
)
"""What is told, each step also the name of its field."""


@condition(reads=("_standings",))
def applied_before(view: View) -> bool:
    """This contact has applied for some host."""
    return bool(view.answers["_standings"])


@condition(reads=("_taken",))
def not_taken(view: View) -> bool:
    """The application could not be taken as it is."""
    return "refused" in view.answers["_taken"]


def given_consent(view: View) -> Mapping[str, Any] | None:
    """Agreeing is recorded; who declines has told nothing yet."""
    if view.answers["consent"] != "agree":
        return None
    return {"kind": "host_application", "given": True, "version": CONSENT_VERSION}


def standings_shown(lines: Mapping[str, str]) -> Callable[[View], Mapping[str, str]]:
    """A `show` that tells of each application where it stands; `lines` words each status."""

    def show(view: View) -> Mapping[str, str]:
        told = (lines[each["status"]].format_map(each) for each in view.answers["_standings"])
        return {"standings": "\n".join(f"· {line}" for line in told)}

    return show


def number_shown(view: View) -> Mapping[str, str]:
    """The number to name when asking about this application."""
    return {"number": str(view.answers["_taken"]["number"])}


def reason_shown(view: View) -> Mapping[str, str]:
    """Why the application was not taken."""
    return {"reason": str(view.answers["_taken"]["refused"])}


OPENING_STEPS = (
    Choose(
        name="next",
        into="_next",
        options=("look", "apply", "human", "menu"),
        goto=(
            When(answered("_next", "look"), "look_up"),
            When(answered("_next", "apply"), "consent"),
            When(answered("_next", "human"), Enter("handover")),
            Enter("home", "menu"),
        ),
    ),
    Choose(
        name="consent",
        into="consent",
        options=("agree", "decline"),
        emit=given_consent,
        saves="record_consent",
        goto=(
            When(answered("consent", "agree"), "uscc"),
            Enter("home", discard=True, note="declined"),
        ),
    ),
)
PARTICULARS = (
    Ask(name="uscc", into="uscc", parse=uscc, goto=("host_name",)),
    Ask(name="host_name", into="host_name", parse=host_name, goto=("host_kind",)),
    Choose(
        name="host_kind",
        into="host_kind",
        options=tuple(kind.value for kind in HostKind),
        goto=("place",),
    ),
    Ask(
        name="place",
        into="place",
        parse=inside_province,
        format=lambda value, view: place_label(value),
        goto=("address",),
    ),
    Ask(name="address", into="address", parse=note(LONGEST_ADDRESS), goto=("contact_name",)),
    Ask(
        name="contact_name",
        into="contact_name",
        parse=person_name,
        consent="consent",
        format=lambda value, view: mask_name(value),
        goto=("contact_phone",),
    ),
    Ask(
        name="contact_phone",
        into="contact_phone",
        parse=mobile,
        consent="consent",
        keyboard="tel",
        format=lambda value, view: mask_phone(value),
        goto=("wanted",),
    ),
    Ask(name="wanted", into="wanted", parse=note(LONGEST_OFFER), goto=("review",)),
)
CLOSING_STEPS = (
    Review(name="review", items=ITEMS, goto=("submit",)),
    Do(
        name="submit",
        verb="apply_for_host",
        into="_taken",
        data=lambda view: {item: view.answers[item] for item in ITEMS},
        needs=ITEMS,
        goto=(When(not_taken, "refused"), "submitted"),
    ),
    Finish(name="refused", show=reason_shown, shows=("_taken",)),
    Finish(name="submitted", show=number_shown, shows=("_taken",)),
)


def host_application(lines: Mapping[str, str]) -> Definition:
    """The dialog; `lines` words each status of an application."""
    return Definition(
        name="host_application",
        version=1,
        long=True,
        steps=(
            Do(
                name="look_up",
                verb="host_applications",
                into="_standings",
                goto=(When(applied_before, "standing"), "consent"),
            ),
            Tell(name="standing", show=standings_shown(lines), shows=("_standings",), goto=("next",)),
            *OPENING_STEPS,
            *PARTICULARS,
            *CLOSING_STEPS,
        ),
    )
