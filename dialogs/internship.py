"""The internship dialog (我的见习): what a person applied for and where it stands, and what they can do about it.

Withdraw an application, say that they have arrived, report a problem, ask for the certificate, tell what came after
the end. Staff and hosts decide (`storage.internships`); most of what is said here becomes a case for staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from dialogs.definition import Ask, Choose, Definition, Do, Enter, Finish, Tell, When, answered, condition
from dialogs.errors import Rejected
from dialogs.model import Choice, View
from dialogs.parse.folding import fold
from dialogs.parse.words import note

LONGEST_NOTE: Final = 500

RESULTS: Final = (
    *("retained", "employed", "self_employed", "flexible", "further_study", "enlisted", "looking"),
    "inactive",
)
"""What a person can tell of the time after the end (policy.ledger_codes.Result)."""


def number_of_one(text: str, today: date) -> int:
    """The number of an application, as "12" or "编号12". Raises `Rejected`."""
    digits = "".join(sign for sign in fold(text) if sign.isdigit())
    if not 0 < len(digits) <= 9:
        raise Rejected("internship.number")
    return int(digits)


@condition(reads=("_mine",))
def has_none(view: View) -> bool:
    """Nothing was applied for yet."""
    return not view.answers["_mine"]


@condition(reads=("_open",))
def none_open(view: View) -> bool:
    """There is no application to withdraw."""
    return not view.answers["_open"]


@condition(reads=("_done",))
def taken(view: View) -> bool:
    """It was done, or noted for staff."""
    return bool(view.answers["_done"])


def applications(view: View) -> tuple[Choice, ...]:
    """The open applications as buttons, while they are at hand."""
    return tuple(
        Choice(str(one["id"]), f"【{one['id']}】{one['title']}") for one in view.answers.get("_open", ())
    )


def case_shown(view: View) -> Mapping[str, str]:
    """The number under which staff find it."""
    return {"case": str(view.answers["_done"])}


def chinese_day(iso: str) -> str:
    """A day as people write it."""
    year, month, day = (int(part) for part in iso.split("-"))
    return f"{year}年{month}月{day}日"


def internship(lines: Mapping[str, str]) -> Definition:
    """The dialog; `lines` are the sentences by stage, and `head`, `terms`, `mentor` and `pay_day`."""

    def overview_shown(view: View) -> Mapping[str, str]:
        return {"mine": "\n".join(_told(one, lines) for one in view.answers["_mine"])}

    return Definition(
        name="internship",
        version=1,
        steps=(
            Do(
                name="look", verb="my_internships", into="_mine", goto=(When(has_none, "nothing"), "overview")
            ),
            Finish(name="nothing"),
            Tell(name="overview", show=overview_shown, shows=("_mine",), goto=("menu",)),
            Choose(
                name="menu",
                into="_choice",
                options=("arrived", "problem", "result", "certificate", "withdraw", "look", "back"),
                goto=(
                    When(answered("_choice", "arrived"), "report_arrival"),
                    When(answered("_choice", "problem"), "problem"),
                    When(answered("_choice", "result"), "result"),
                    When(answered("_choice", "certificate"), "ask_certificate"),
                    When(answered("_choice", "withdraw"), "find_open"),
                    When(answered("_choice", "look"), "look"),
                    Enter("home"),
                ),
            ),
            *_WITHDRAWING,
            Do(
                name="report_arrival",
                verb="report_arrival",
                into="_done",
                goto=(When(taken, "arrival_noted"), "arrival_not_due"),
            ),
            Finish(name="arrival_noted", show=case_shown, shows=("_done",)),
            Finish(name="arrival_not_due"),
            *_PROBLEMS,
            *_AFTERWARDS,
        ),
    )


_WITHDRAWING: Final = (
    Do(
        name="find_open",
        verb="open_applications",
        into="_open",
        goto=(When(none_open, "nothing_to_withdraw"), "which"),
    ),
    Finish(name="nothing_to_withdraw"),
    Ask(
        name="which",
        into="_which",
        parse=number_of_one,
        keyboard="numeric",
        suggest=applications,
        goto=("withdraw_one",),
    ),
    Do(
        name="withdraw_one",
        verb="withdraw_application",
        into="_done",
        data=lambda view: {"number": view.answers["_which"]},
        needs=("_which",),
        goto=(When(taken, "withdrawn"), "not_withdrawn"),
    ),
    Finish(name="withdrawn"),
    Finish(name="not_withdrawn"),
)

_PROBLEMS: Final = (
    Choose(
        name="problem",
        into="problem",
        options=("stipend_unpaid", "unsafe", "other", "back"),
        goto=(When(answered("problem", "back"), Enter("internship", "menu")), "note"),
    ),
    Ask(name="note", into="_note", parse=note(LONGEST_NOTE), goto=("report_problem",)),
    Do(
        name="report_problem",
        verb="report_problem",
        into="_done",
        data=lambda view: {"problem": view.answers["problem"], "note": view.answers["_note"]},
        needs=("problem", "_note"),
        goto=("problem_noted",),
    ),
    Finish(name="problem_noted", show=case_shown, shows=("_done",)),
)

_AFTERWARDS: Final = (
    Do(
        name="ask_certificate",
        verb="ask_certificate",
        into="_done",
        goto=(When(taken, "certificate_noted"), "not_ended"),
    ),
    Finish(name="certificate_noted", show=case_shown, shows=("_done",)),
    Finish(name="not_ended"),
    Choose(
        name="result",
        into="_result",
        options=(*RESULTS, "back"),
        goto=(When(answered("_result", "back"), "menu"), "tell_result"),
    ),
    Do(
        name="tell_result",
        verb="tell_result",
        into="_done",
        data=lambda view: {"result": view.answers["_result"]},
        needs=("_result",),
        goto=(When(taken, "result_noted"), "not_ended"),
    ),
    Finish(name="result_noted"),
)


def _told(one: Mapping[str, Any], lines: Mapping[str, str]) -> str:
    """One internship in a few lines: where, when, with whom, and what comes next."""
    told = [
        lines["head"].format(id=one["id"], host=one["host"], title=one["title"], stage=one["stage_label"])
    ]
    if one["starts_on"] and one["ends_on"]:
        begins, ends = chinese_day(one["starts_on"]), chinese_day(one["ends_on"])
        told.append(lines["terms"].format(begins=begins, ends=ends, stipend=one["stipend"]))
    if one["pay_day"]:
        told.append(lines["pay_day"].format(day=one["pay_day"]))
    if one["mentor"]:
        told.append(lines["mentor"].format(mentor=one["mentor"]))
    told.append(lines[one["stage"]])
    return "\n".join(told)
