"""What a base answers about positions and events: two positions, one of them taken down, and four events."""

from collections.abc import Mapping
from typing import Any

DETAILS = {
    "title": "会计助理",
    "host": "第一机电有限公司",
    "place": "广州市天河区",
    "pay": "2500",
    "months": "6",
    "demands": "学历大学专科及以上，专业会计",
    "left": "2",
    "closes": "",
    "description": "核对账目。",
}
EVENT = {
    "title": "见习招聘会",
    "when": "2026年12月5日（周六）09:30",
    "place": "广州市",
    "venue": "体育中心",
    "kind": "专场招聘",
    "left": "",
    "description": "",
}
CLOSED = 2
"""The position that was taken down meanwhile."""
FULL = 99
"""The event whose places are taken."""


COMING = 4
"""The event for which the person has signed up."""

TOLD = {"list": ("1", "2", "更多", "火箭"), "nothing": ("会计", "最新岗位"), "events": ("1", "2", "3", "4")}
"""Answers by step."""
ENDS = frozenset({"applied", "no_events", "signed_up", "taken_back"})


def answered(verb: str, data: Mapping[str, Any], *, events: bool = True) -> Any:  # noqa: ANN401 - any JSON-safe value
    """The answer to a verb of the positions dialog; `events` tells whether any is announced."""
    if verb == "find_positions":
        query = data["query"]
        if query.get("words") == "火箭":
            return {"items": [], "after": None, "query": query, "heading": "没有找到。"}
        second = [] if "after" in query else [{"id": CLOSED, "label": "文员 · 2300元"}]
        items = [{"id": 1, "label": "会计助理 · 2500元"}, *second]
        return {
            "items": items,
            "after": None if "after" in query else 1,
            "query": {**query, "level": "newest"},
            "heading": "这些是最新的岗位。",
        }
    if verb == "open_position":
        return {"gone": True} if data["id"] == CLOSED else {"id": str(data["id"]), **DETAILS}
    if verb == "apply_position":
        return {}
    if verb == "find_events":
        return {
            "items": [{"id": n, "label": f"第{n}场"} for n in (3, CLOSED, COMING, FULL)] if events else []
        }
    if verb == "open_event":
        mine = data["id"] == COMING
        return {"gone": True} if data["id"] == CLOSED else {"id": str(data["id"]), "mine": mine, **EVENT}
    if verb == "sign_up_event":
        return {"refused": "名额报满了。"} if data["id"] == FULL else {}
    assert verb == "leave_event", verb
    return {}


VERBS = frozenset(
    {
        *("find_positions", "open_position", "apply_position"),
        *("find_events", "open_event", "sign_up_event", "leave_event"),
    }
)
