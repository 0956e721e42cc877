"""The handover dialog (转人工): what a person wants to say to a person, stored for staff."""

from __future__ import annotations

from dialogs.definition import Ask, Definition, Do, Finish
from dialogs.parse.words import note

LONGEST_NOTE = 500

HANDOVER = Definition(
    name="handover",
    version=1,
    steps=(
        Ask(name="note", into="_note", parse=note(LONGEST_NOTE), goto=("pass_on",)),
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
