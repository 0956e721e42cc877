"""The staff and the renewal dialog for tests of the dialogs: codes, how we open them, and what the base answers."""

from collections.abc import Mapping
from typing import Any, Final

from dialogs.model import Opened

GOOD: Final = "k7m29qxr"
OPENINGS: Final = (Opened("renewal", {}),)
"""Every way in which we begin."""

TOLD: Final[Mapping[str, tuple[str, ...]]] = {"code": ("K7M2-9QXR", "2345 6789")}
"""One valid answer for each way that a question can lead: a good code, and one that nobody was given."""

ENDS: Final = frozenset(
    (
        *("still_willing", "paused", "stopped"),
        *("bound", "not_bound", "unbound", "never_bound"),
    )
)
VERBS: Final = frozenset({"keep_willingness", "bind_staff", "unbind_staff"})


def answered(verb: str, data: Mapping[str, Any], *, registered: bool) -> Any:  # noqa: ANN401 - any JSON-safe value
    """What the base answers; only who is registered is taken for bound, so that both ends are seen."""
    if verb == "bind_staff":
        return {"staff": "李老师", "place": "广州市"} if data["code"] == GOOD else {}
    return verb == "keep_willingness" or registered
