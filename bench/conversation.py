"""The conversation that everything here measures: a graduate registers, as people do it, mistakes included.

`TURNS` is what is said and at which step of the registration that leaves the person. `valid` marks the turns that
answer the question; the load over HTTP uses only these, so that every turn moves and writes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from policy.identity import check_digit

GRADUATED_DAYS_AGO = 120


class Turn(NamedTuple):
    """What is said, and the step that is open afterwards."""

    text: str
    step: str
    valid: bool = True


def graduation(today: date) -> str:
    """A certificate's date that is inside the two years on any day."""
    day = today - timedelta(days=GRADUATED_DAYS_AGO)
    return f"{day.year}年{day.month}月{day.day}日"


def id_number(person: int) -> str:
    """A number that passes every check and is nobody's: no office issues 440000."""
    born = date(2001, 1, 1) + timedelta(days=person // 999 % 1400)
    body = f"440000{born:%Y%m%d}{person % 999 + 1:03d}"
    return body + check_digit(body)


def phone(person: int) -> str:
    """A mobile number for each person."""
    return f"138{person % 100_000_000:08d}"


def conversation(person: int, today: date) -> tuple[Turn, ...]:
    """A whole registration up to the review, from the menu on: 18 answers, 5 mistakes, 帮助 and 返回."""
    number, mobile = id_number(person), phone(person)
    return (
        Turn("1", "track"),
        Turn("1", "circumstances"),
        Turn("也许", "circumstances", valid=False),
        Turn("5", "education"),
        Turn("本科", "graduated_on"),
        Turn("2026年13月", "graduated_on", valid=False),
        Turn(graduation(today), "consent"),
        Turn("帮助", "consent", valid=False),
        Turn("1", "name"),
        Turn("张伟", "id_number"),
        Turn(number[:17], "id_number", valid=False),
        Turn(number, "phone"),
        Turn("返回", "id_number", valid=False),
        Turn(number, "phone", valid=False),
        Turn(mobile[:6], "phone", valid=False),
        Turn(mobile, "residence"),
        Turn("广州市天河区", "school"),
        Turn("中山大学", "major"),
        Turn("软件工程", "skill_level"),
        Turn("1", "hardship"),
        Turn("1", "position_kinds"),
        Turn("8", "position_kinds", valid=False),
        Turn("2,3", "cities"),
        Turn("广州", "available_from"),
        Turn("下个月", "push_consent"),
        Turn("1", "review"),
    )


RESTART = (Turn("重新开始", "confirm_restart"), Turn("2", "track"))
"""From the review back to the first question, in two turns that write like any other."""

SUBMIT = Turn("提交", "done")

Script = Callable[[int], tuple[Turn, ...]]


def round_trip(today: date) -> Script:
    """A script that can be said again and again: every question answered, then started over."""

    def script(person: int) -> tuple[Turn, ...]:
        valid = tuple(turn for turn in conversation(person, today) if turn.valid)
        return (*valid[1:], *RESTART)

    return script


def once(today: date) -> Script:
    """A script that ends: every question answered, then submitted, so that the record is made."""

    def script(person: int) -> tuple[Turn, ...]:
        valid = tuple(turn for turn in conversation(person, today) if turn.valid)
        return (*valid[1:], SUBMIT)

    return script
