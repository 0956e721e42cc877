"""The handover dialog (转人工): what a person wants to say to a person, stored for staff."""

from __future__ import annotations

from dialogs.definition import Ask, Definition, Do, Finish
from dialogs.errors import Rejected
from dialogs.model import View
from dialogs.parse.words import note

LONGEST_NOTE = 500
PHONE_DIGITS = 7
"""From so many digits on a number may be a phone to call back."""


def says_something(value: str, view: View) -> None:
    """A lone number, most likely meant for an earlier question, is no note. Raises `Rejected`."""
    if value.isdigit() and len(value) < PHONE_DIGITS:
        raise Rejected("text.no_words")


HANDOVER = Definition(
    name="handover",
    version=1,
    steps=(
        Ask(name="note", into="_note", parse=note(LONGEST_NOTE), accept=says_something, goto=("pass_on",)),
        Do(
            name="pass_on",
            verb="hand_over",
            into="_case",
            data=lambda view: {"note": view.answers["_note"]},
            needs=("_note",),
            goto=("received",),
        ),
        Finish(name="received", show=lambda view: {"case": str(view.answers["_case"])}, shows=("_case",)),
    ),
)
