"""Check-ins and follow-ups for tests of the dialogs: how we open them, and what the base answers then."""

from collections.abc import Mapping
from typing import Any, Final

from dialogs.model import Opened

NOTHING: Final = 2
"""The number of a question for which the base finds nothing to offer."""


def check_in(kind: str, number: int = 1, *, known: bool = False) -> Opened:
    """We ask how the internship goes; `known`: mentor and insurance were told of before."""
    about = {"host": "岭南机械有限公司", "month": "9月", "mentor": known, "insured": known}
    return Opened("check_in", {"check_in": number, "kind": kind, "about": about})


def follow_up(turn: str = "first", number: int = 1) -> Opened:
    """We ask how somebody is after the internship."""
    about = {"host": "岭南机械有限公司", "turn": turn}
    return Opened("follow_up", {"step": number, "kept_on": turn == "kept_on", "about": about})


OPENINGS: Final = (
    *(check_in(kind) for kind in ("arrival", "monthly", "end", "host")),
    check_in("monthly", known=True),
    check_in("monthly", NOTHING),
    *(follow_up(turn) for turn in ("first", "again", "later", "kept_on")),
    follow_up("first", NOTHING),
)
"""Every way in which we begin."""

TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "received": ("1800", "没发"),
    "troubles": ("1", "2 4"),
    "trouble_note": ("十月的补贴还没发",),
    "host_note": ("一人国庆后离开了",),
    "needs": ("1 3", "都要"),
    "course": ("1", "都不要"),
}
"""One valid answer for each way that a question can lead."""

ENDS: Final = frozenset(
    (
        *("looked_into", "thanks", "host_thanks", "congratulations", "guidance_booked", "looking_on"),
        *("business_help", "signed_up", "training_noted", "rest", "person_calls", "kept_on_noted"),
    )
)

VERBS: Final = frozenset({"keep_check_in", "find_jobs", "find_courses", "keep_follow_up"})


def answered(verb: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON-safe value
    """What the base answers."""
    nothing = data.get("step") == NOTHING
    if verb == "keep_check_in":
        calm = data.get("troubles") == ["none"] and data.get("received") != 0
        return {"cases": 0 if calm else 1}
    if verb == "find_jobs":
        return {"text": "" if nothing else "1. 装配工（岭南机械有限公司）"}
    if verb == "find_courses":
        return {"list": [], "ids": []} if nothing else {"list": ["电工班（市技师学院）"], "ids": [7]}
    cases = int(data.get("contract") == "no" or data.get("insurance") == "no")
    return {"cases": cases, "help": "可以先找：广州市就业服务中心，电话 12333"}


def told_apart(answers: Mapping[str, Any]) -> tuple[object, ...]:
    """What makes two states of these dialogs different."""
    about = answers.get("about", {})
    return (
        *(answers.get(field) for field in ("check_in", "kind", "step", "kept_on", "received", "situation")),
        *(str(answers.get(field)) for field in ("troubles", "courses", "contract", "at_work")),
        about.get("turn"),
        about.get("mentor"),
    )
