"""The staff dialog (工作人员绑定): a clerk ties their own chat to their work, to be reminded there.

Not in any menu. A clerk gets a one-time code from the command line and sends “绑定” and the code, or first
“工作人员绑定” and then the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dialogs.definition import Ask, Definition, Do, Finish, When, condition
from dialogs.errors import Rejected
from dialogs.model import View
from dialogs.parse.folding import fold

CODE: Final = re.compile(r"[2-9a-hjkmnp-z]{8}")
"""A folded binding code: no letters and digits that look alike."""
BETWEEN: Final = re.compile(r"[\s-]+")


@condition(reads=("_bound",))
def is_bound(view: View) -> bool:
    """The code was good."""
    return bool(view.answers["_bound"])


@condition(reads=("_unbound",))
def was_bound(view: View) -> bool:
    """There was something to undo."""
    return bool(view.answers["_unbound"])


def binding_code(text: str, today: Any) -> str:  # noqa: ANN401 - the parser's signature
    """A code as it is looked for; raises `Rejected`."""
    code = BETWEEN.sub("", fold(text))
    if not CODE.fullmatch(code):
        raise Rejected("code.unknown")
    return code


def bound_shown(view: View) -> Mapping[str, str]:
    """For whom, and which place."""
    return {name: str(view.answers["_bound"][name]) for name in ("staff", "place")}


STAFF = Definition(
    name="staff",
    version=1,
    steps=(
        Ask(name="code", into="code", parse=binding_code, goto=("bind",)),
        Do(
            name="bind",
            verb="bind_staff",
            into="_bound",
            data=lambda view: {"code": view.answers["code"]},
            needs=("code",),
            goto=(When(is_bound, "bound"), "not_bound"),
        ),
        Finish(name="bound", show=bound_shown, shows=("_bound",)),
        Finish(name="not_bound"),
        Do(
            name="unbind",
            verb="unbind_staff",
            into="_unbound",
            goto=(When(was_bound, "unbound"), "never_bound"),
        ),
        Finish(name="unbound"),
        Finish(name="never_bound"),
    ),
)
