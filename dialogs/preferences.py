"""The preferences dialog (我的信息): see, correct, export, withdraw or delete what is stored; stop or resume pushes.

The rights come from 个人信息保护法: to withdraw consent (第十五条), to know and copy (第四十五条), to correct
(第四十六条), to delete (第四十七条), by a way that is easy to find (第五十条).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogs.definition import Choose, Definition, Do, Enter, Finish, Tell, When, answered, condition
from dialogs.model import View
from dialogs.registration_rules import At


def mine_shown(view: View) -> Mapping[str, str]:
    """What is stored, masked, as the shell worded it."""
    return {"mine": str(view.answers["_mine"])}


def export_shown(view: View) -> Mapping[str, str]:
    """The one-time link."""
    return {"url": str(view.answers["_export"]["url"]), "link": "下载我的信息"}


@condition()
def not_registered(view: View) -> bool:
    """Nothing was submitted yet, so there is nothing to correct or withdraw."""
    return not view.registered


@condition(reads=("_stored",))
def has_answers(view: View) -> bool:
    """The stored answers could be loaded back."""
    return bool(view.answers["_stored"])


@condition(reads=("_done",))
def ledger_stays(view: View) -> bool:
    """An agreement was signed: the ledger stays, locked."""
    return bool(view.answers["_done"] == "locked")


def push_shown(view: View) -> Mapping[str, str]:
    """What the pushes are now."""
    return {"state": "恢复" if view.answers["_push"] == "resume" else "停止"}


def push_wish(view: View) -> Mapping[str, Any]:
    """Pushes wanted or not."""
    return {"allowed": view.answers["_push"] == "resume"}


PREFERENCES = Definition(
    name="preferences",
    version=1,
    steps=(
        Choose(
            name="menu",
            into="_choice",
            options=("mine", "correct", "pushes", "export", "withdraw", "erase", "back"),
            goto=(
                When(answered("_choice", "back"), Enter("home")),
                When(answered("_choice", "pushes"), "pushes"),
                When(answered("_choice", "erase"), "confirm_erase"),
                When(answered("_choice", "mine"), "fetch_mine"),
                When(answered("_choice", "export"), "make_export"),
                When(not_registered, "nothing_stored"),
                When(answered("_choice", "correct"), "fetch_answers"),
                "confirm_withdraw",
            ),
        ),
        Tell(name="nothing_stored", goto=("menu",)),
        Do(name="fetch_mine", verb="my_information", into="_mine", goto=("mine",)),
        Tell(name="mine", show=mine_shown, shows=("_mine",), goto=("menu",)),
        Do(
            name="fetch_answers",
            verb="my_answers",
            into="_stored",
            goto=(When(has_answers, Enter("registration", At.REVIEW, take="_stored")), "nothing_stored"),
        ),
        Choose(
            name="pushes",
            into="_push",
            options=("stop", "resume", "back"),
            goto=(When(answered("_push", "back"), "menu"), "set_push"),
        ),
        Do(
            name="set_push",
            verb="set_push",
            into="_set",
            data=push_wish,
            needs=("_push",),
            goto=("push_set",),
        ),
        Tell(name="push_set", show=push_shown, shows=("_push",), goto=("menu",)),
        Do(name="make_export", verb="make_export", into="_export", goto=("export",)),
        Tell(name="export", show=export_shown, shows=("_export",), goto=("menu",)),
        Choose(
            name="confirm_withdraw",
            into="_choice",
            options=("no", "yes"),
            goto=(When(answered("_choice", "yes"), "withdraw"), "unchanged"),
        ),
        Tell(name="unchanged", goto=("menu",)),
        Do(name="withdraw", verb="withdraw", into="_done", goto=("withdrawn",)),
        Finish(name="withdrawn"),
        Choose(
            name="confirm_erase",
            into="_choice",
            options=("no", "yes"),
            goto=(When(answered("_choice", "yes"), "erase"), "unchanged"),
        ),
        Do(name="erase", verb="erase", into="_done", goto=(When(ledger_stays, "locked"), "erased")),
        Finish(name="erased", forgets=True),
        Finish(name="locked", forgets=True),
    ),
)
