"""The renewal dialog (意愿确认): whether somebody who registered a while ago still wants an internship.

Only we open it. "Not now" keeps the registration and asks again later; 退订 stops all messages of our own accord.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogs.definition import Choose, Definition, Do, Finish, When, answered
from dialogs.model import View


def wish(view: View) -> Mapping[str, Any]:
    """Whether they still want to take part."""
    return {"willing": view.answers["_willing"] == "yes"}


RENEWAL = Definition(
    name="renewal",
    version=1,
    steps=(
        Choose(
            name="willing",
            into="_willing",
            options=("yes", "not_now", "stop"),
            goto=(When(answered("_willing", "stop"), "stop"), "keep"),
        ),
        Do(
            name="keep",
            verb="keep_willingness",
            into="_kept",
            data=wish,
            needs=("_willing",),
            goto=(When(answered("_willing", "yes"), "still_willing"), "paused"),
        ),
        Do(
            name="stop",
            verb="set_push",
            into="_kept",
            data=lambda view: {"allowed": False},
            goto=("stopped",),
        ),
        Finish(name="still_willing"),
        Finish(name="paused"),
        Finish(name="stopped"),
    ),
)
