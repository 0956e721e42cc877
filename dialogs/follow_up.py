"""The follow-up dialog (后续跟踪): how somebody is who was not kept on after the internship, and what would help.

人社部发〔2023〕27号 二(六): jobs and guidance for who looks for work; project development, financing, premises and
continued support for who wants a business; training for who needs skills. Only we open it: `about` names the host, and
which time it is (`turn`: first, again, later, kept_on).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dialogs.definition import Ask, Choose, Definition, Do, Finish, Tell, When, answered, condition
from dialogs.errors import Rejected
from dialogs.model import Choice, View
from dialogs.parse.folding import fold
from dialogs.parse.numerals import arabic

NONE_OF_THEM: Final = "都不要"
NONE_OF_THEM_WORDS: Final = frozenset(
    {NONE_OF_THEM, "不要", "不用", "没有", "没有合适的", "都不合适", "不报", "不报了", "算了", "0"}
)
ANSWERS: Final = (
    *("situation", "employment", "later_check", "guidance", "needs"),
    *("courses", "course", "contract", "insurance"),
)


@condition(reads=("kept_on",))
def kept_on(view: View) -> bool:
    """The host took the person over: contract and insurance are asked about instead."""
    return bool(view.answers["kept_on"])


@condition(reads=("courses",))
def courses_found(view: View) -> bool:
    """There is a training to offer."""
    return bool(view.answers["courses"]["list"])


@condition(reads=("_jobs",))
def jobs_found(view: View) -> bool:
    """There is a position or job to offer."""
    return bool(view.answers["_jobs"]["text"])


@condition(reads=("_kept",))
def staff_will_look(view: View) -> bool:
    """A case was opened."""
    return bool(view.answers["_kept"]["cases"])


@condition(reads=("about",))
def last_time(view: View) -> bool:
    """This is the one later question that they agreed to: there is no other."""
    return str(view.answers["about"]["turn"]) == "later"


@condition(reads=("course",))
def signed_up(view: View) -> bool:
    """A training was picked."""
    return bool(view.answers["course"])


def jobs_shown(view: View) -> Mapping[str, str]:
    """What fits, as the shell worded it."""
    return {"jobs": str(view.answers["_jobs"]["text"])}


def courses_shown(view: View) -> Mapping[str, str]:
    """Numbered trainings."""
    titles = view.answers["courses"]["list"]
    return {"courses": "\n".join(f"{n}. {title}" for n, title in enumerate(titles, 1))}


def help_shown(view: View) -> Mapping[str, str]:
    """What there is for each need, and which agency helps, with its telephone number."""
    return {"help": str(view.answers["_kept"]["help"])}


def course_number(text: str, today: Any) -> int:  # noqa: ANN401 - the parser's signature
    """The number of a training; 0 for none of them. Raises `Rejected`."""
    folded = arabic(fold(text))
    if folded in NONE_OF_THEM_WORDS:
        return 0
    digits = re.findall(r"\d+", folded)
    if len(digits) != 1 or len(digits[0]) > 2 or digits[0].strip("0") == "":
        raise Rejected("course.unknown")
    return int(digits[0])


def course_is_listed(value: int, view: View) -> None:
    """Raises `Rejected` for a number that is not on the list."""
    if value > len(view.answers["courses"]["list"]):
        raise Rejected("course.unknown")


def course_choices(view: View) -> tuple[Choice, ...]:
    """A button for each training."""
    titles = view.answers["courses"]["list"]
    return (
        *(Choice(str(number), f"报第{number}个") for number in range(1, len(titles) + 1)),
        Choice(NONE_OF_THEM, NONE_OF_THEM),
    )


def said(view: View) -> Mapping[str, Any]:
    """All answers, for the plan and the ledger."""
    return {field: view.answers[field] for field in ("step", *ANSWERS) if field in view.answers}


def place(view: View) -> Mapping[str, Any]:
    """For whom something is looked up."""
    return {"step": view.answers["step"]}


def _keep(name: str, *goto: Any, needs: tuple[str, ...]) -> Do:  # noqa: ANN401 - edges
    return Do(
        name=name,
        verb="keep_follow_up",
        into="_kept",
        data=said,
        needs=("step", *needs),
        maybe=tuple(field for field in ANSWERS if field not in needs),
        goto=goto,
    )


SITUATIONS: Final = (
    Choose(
        name="situation",
        into="situation",
        options=("working", "looking", "business", "training", "not_now", "person"),
        goto=(
            When(answered("situation", "working"), "employment"),
            When(answered("situation", "looking"), "find_jobs"),
            When(answered("situation", "business"), "needs"),
            When(answered("situation", "training"), "find_courses"),
            When(answered("situation", "person"), "keep_person"),
            "keep_not_now",
        ),
    ),
    _keep("keep_not_now", "rest", needs=("situation",)),
    Finish(name="rest"),
    _keep("keep_person", "person_calls", needs=("situation",)),
    Finish(name="person_calls"),
)

WORKING: Final = (
    Choose(
        name="employment",
        into="employment",
        options=("contract", "flexible", "public", "own", "other"),
        goto=(When(last_time, "keep_working"), "later_check"),
    ),
    Choose(name="later_check", into="later_check", options=("yes", "no"), goto=("keep_working",)),
    _keep("keep_working", "congratulations", needs=("situation", "employment")),
    Finish(name="congratulations"),
)

LOOKING: Final = (
    Do(
        name="find_jobs",
        verb="find_jobs",
        into="_jobs",
        data=place,
        needs=("step",),
        goto=(When(jobs_found, "jobs"), "no_jobs"),
    ),
    Tell(name="jobs", show=jobs_shown, shows=("_jobs",), goto=("guidance",)),
    Tell(name="no_jobs", goto=("guidance",)),
    Choose(name="guidance", into="guidance", options=("yes", "no"), goto=("keep_looking",)),
    _keep(
        "keep_looking",
        When(answered("guidance", "yes"), "guidance_booked"),
        "looking_on",
        needs=("situation", "guidance"),
    ),
    Finish(name="guidance_booked"),
    Finish(name="looking_on"),
)

BUSINESS: Final = (
    Choose(
        name="needs",
        into="needs",
        options=("project", "financing", "premises", "support"),
        many=True,
        all_of=True,
        goto=("keep_business",),
    ),
    _keep("keep_business", "business_help", needs=("situation", "needs")),
    Finish(name="business_help", show=help_shown, shows=("_kept",)),
)

TRAINING: Final = (
    Do(
        name="find_courses",
        verb="find_courses",
        into="courses",
        data=place,
        needs=("step",),
        goto=(When(courses_found, "course"), "keep_training"),
    ),
    Ask(
        name="course",
        into="course",
        parse=course_number,
        accept=course_is_listed,
        accepts=("courses",),
        suggest=course_choices,
        show=courses_shown,
        shows=("courses",),
        goto=(When(signed_up, "keep_sign_up"), "keep_training"),
    ),
    _keep("keep_sign_up", "signed_up", needs=("situation", "courses", "course")),
    Finish(name="signed_up"),
    _keep("keep_training", "training_noted", needs=("situation", "courses")),
    Finish(name="training_noted"),
)

KEPT_ON: Final = (
    Choose(name="contract", into="contract", options=("yes", "no"), goto=("insurance",)),
    Choose(name="insurance", into="insurance", options=("yes", "no", "unsure"), goto=("keep_kept_on",)),
    _keep(
        "keep_kept_on",
        When(staff_will_look, "looked_into"),
        "kept_on_noted",
        needs=("contract", "insurance"),
    ),
    Finish(name="looked_into"),
    Finish(name="kept_on_noted"),
)


def follow_up(openings: Mapping[str, str]) -> Definition:
    """The dialog; `openings` is what it begins with, by turn (first, again, later, kept_on)."""

    def greeting_shown(view: View) -> Mapping[str, str]:
        """Where the internship was."""
        about = view.answers["about"]
        return {"opening": openings[str(about["turn"])].format_map({"host": str(about["host"])})}

    greeting = Tell(
        name="greeting",
        show=greeting_shown,
        shows=("about",),
        goto=(When(kept_on, "contract"), "situation"),
    )
    return Definition(
        name="follow_up",
        version=1,
        opened_with=("step", "kept_on", "about"),
        steps=(greeting, *SITUATIONS, *WORKING, *LOOKING, *BUSINESS, *TRAINING, *KEPT_ON),
    )
