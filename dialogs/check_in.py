"""The check-in dialog (见习回访): how an internship goes, asked by us on arrival, each month and before the end.

The host's contact is asked monthly too, whether everybody is at work and paid. What is said goes to the ledger; what
needs a clerk becomes a case (`policy.check_ins`). Only we open it: `about` names the host and the month, and says
whether a mentor and an insurance were told of before, which then are not asked about again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dialogs.definition import Ask, Choose, Definition, Do, Finish, Tell, When, condition
from dialogs.model import View
from dialogs.parse.amounts import yuan
from dialogs.parse.words import note

MOST_YUAN: Final = 50_000
LONGEST_NOTE: Final = 300
YES_NO: Final = ("yes", "no", "unsure")
TROUBLES: Final = (
    *("none", "unpaid", "less", "unsafe"),
    *("overtime", "nothing_to_do", "pay_to_intern", "other"),
)
SAID: Final = ("mentor", "received", "insured", "troubles", "trouble_note", "at_work", "paid", "host_note")


@condition(reads=("kind",))
def of_host(view: View) -> bool:
    """A host's contact is asked, not the person."""
    return str(view.answers["kind"]) == "host"


@condition(reads=("kind",))
def on_arrival(view: View) -> bool:
    """The first question, a few days after the arrival: no month has been paid yet."""
    return str(view.answers["kind"]) == "arrival"


@condition(reads=("about",))
def mentor_known(view: View) -> bool:
    """The person has told before that there is a mentor."""
    return bool(view.answers["about"].get("mentor"))


@condition(reads=("about",))
def insurance_known(view: View) -> bool:
    """The person has told before that they are insured."""
    return bool(view.answers["about"].get("insured"))


@condition(reads=("troubles",))
def something_is_wrong(view: View) -> bool:
    """The person reports a problem."""
    return list(view.answers["troubles"]) != ["none"]


@condition(reads=("at_work", "paid"))
def host_has_to_explain(view: View) -> bool:
    """Somebody is not there, or not paid."""
    return str(view.answers["at_work"]) != "all" or str(view.answers["paid"]) != "yes"


@condition(reads=("at_work",))
def nobody_is_there(view: View) -> bool:
    """The host says it has no interns now, so there is nobody to be paid."""
    return str(view.answers["at_work"]) == "nobody"


@condition(reads=("_kept",))
def staff_will_look(view: View) -> bool:
    """A case was opened."""
    return bool(view.answers["_kept"]["cases"])


def month_shown(view: View) -> Mapping[str, str]:
    """The month asked about."""
    return {"month": str(view.answers["about"]["month"])}


def told(view: View) -> Mapping[str, Any]:
    """All answers, for the ledger."""
    return {field: view.answers[field] for field in ("check_in", *SAID) if field in view.answers}


def check_in(openings: Mapping[str, str]) -> Definition:
    """The dialog; `openings` is what it begins with, by kind (arrival, monthly, end, host)."""

    def greeting_shown(view: View) -> Mapping[str, str]:
        """Which internship, and which month."""
        about = view.answers["about"]
        named = {"host": str(about["host"]), "month": str(about["month"])}
        return {"opening": openings[str(view.answers["kind"])].format_map(named)}

    return Definition(
        name="check_in",
        version=1,
        opened_with=("check_in", "kind", "about"),
        steps=(
            Tell(
                name="greeting",
                show=greeting_shown,
                shows=("kind", "about"),
                goto=(When(of_host, "at_work"), When(mentor_known, "received"), "mentor"),
            ),
            Choose(
                name="mentor",
                into="mentor",
                options=YES_NO,
                goto=(When(on_arrival, "insured"), "received"),
            ),
            Ask(
                name="received",
                into="received",
                parse=yuan(MOST_YUAN),
                keyboard="numeric",
                show=month_shown,
                shows=("about",),
                goto=(When(insurance_known, "troubles"), "insured"),
            ),
            Choose(name="insured", into="insured", options=YES_NO, goto=("troubles",)),
            Choose(
                name="troubles",
                into="troubles",
                options=TROUBLES,
                many=True,
                exclusive=("none",),
                goto=(When(something_is_wrong, "trouble_note"), "keep"),
            ),
            Ask(name="trouble_note", into="trouble_note", parse=note(LONGEST_NOTE), goto=("keep",)),
            Choose(
                name="at_work",
                into="at_work",
                options=("all", "left", "absent", "nobody"),
                goto=(When(nobody_is_there, "keep"), "paid"),
            ),
            Choose(
                name="paid",
                into="paid",
                options=("yes", "part", "no"),
                show=month_shown,
                shows=("about",),
                goto=(When(host_has_to_explain, "host_note"), "keep"),
            ),
            Ask(name="host_note", into="host_note", parse=note(LONGEST_NOTE), goto=("keep",)),
            Do(
                name="keep",
                verb="keep_check_in",
                into="_kept",
                data=told,
                needs=("check_in",),
                maybe=SAID,
                goto=(When(of_host, "host_thanks"), When(staff_will_look, "looked_into"), "thanks"),
            ),
            Finish(name="looked_into"),
            Finish(name="thanks"),
            Finish(name="host_thanks"),
        ),
    )
