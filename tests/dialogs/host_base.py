"""What the fake bases of the dialogs answer about host applications, and what a unit tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TOO_MANY: Final = "什么岗位都要"
"""Whoever offers this has too many applications already."""

TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "uscc": ("91440101MA5AB1234M",),
    "host_name": ("广州晨光会计师事务所有限公司",),
    "host_kind": ("中小微企业",),
    "place": ("广州市天河区",),
    "address": ("天河路1号",),
    "contact_name": ("李晓明",),
    "contact_phone": ("13826001234",),
    "wanted": ("会计助理2人，每月2300元", TOO_MANY),
}
"""Answers by step."""

STANDING: Final = {
    "number": "000003",
    "uscc": "91440101MA5AB1234M",
    "status": "waiting",
    "reason": "",
    "on": "",
}
"""An application that waits for a decision."""

VERBS: Final = frozenset({"host_applications", "apply_for_host"})
ENDS: Final = frozenset({"refused", "submitted"})


def answered(verb: str, data: Mapping[str, Any], *, applied: bool) -> Any:  # noqa: ANN401 - any JSON-safe value
    """The answer to a verb; `applied` tells whether this contact has applied before."""
    if verb == "host_applications":
        return [STANDING] if applied else []
    return {"refused": "请等有了结果再报。"} if data["wanted"] == TOO_MANY else {"number": "000009"}
