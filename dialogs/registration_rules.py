"""What the registration is made of besides its questions: conditions, what an answer brings, how things read.

Who may take part is decided by `policy.eligibility`; here it is asked of the answers given so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from dialogs.definition import condition
from dialogs.errors import Rejected
from dialogs.facts import assessment, born, month_bounds
from dialogs.model import Answers, View
from policy.codes import Education, Track
from policy.eligibility import Outcome, Reason, age_on
from policy.parameters import parameters_on

CONSENT_VERSION = "2026-11"
"""Changes whenever a consent text changes; stored with every consent."""


class At:
    """The steps, each also the name of the field its answer goes into.

    The values are stored in sessions and known to other programs: add, never rename.
    """

    TRACK: Final = "track"
    CIRCUMSTANCES: Final = "circumstances"
    EDUCATION: Final = "education"
    GRADUATED_ON: Final = "graduated_on"
    BIRTH_DATE: Final = "birth_date"
    UNEMPLOYMENT_REGISTERED: Final = "unemployment_registered"
    CONSENT: Final = "consent"
    NAME: Final = "name"
    ID_NUMBER: Final = "id_number"
    BIRTH_CORRECTED: Final = "birth_corrected"
    PHONE: Final = "phone"
    RESIDENCE: Final = "residence"
    LOOK_UP: Final = "look_up"
    CONFIRM_KNOWN: Final = "confirm_known"
    SCHOOL: Final = "school"
    MAJOR: Final = "major"
    SKILL_LEVEL: Final = "skill_level"
    HARDSHIP: Final = "hardship"
    POSITION_KINDS: Final = "position_kinds"
    CITIES: Final = "cities"
    AVAILABLE_FROM: Final = "available_from"
    PUSH_CONSENT: Final = "push_consent"
    REVIEW: Final = "review"
    SUBMIT: Final = "submit"
    DONE: Final = "done"
    NOT_ELIGIBLE: Final = "not_eligible"


ELIGIBILITY = (
    At.TRACK,
    At.CIRCUMSTANCES,
    At.EDUCATION,
    At.GRADUATED_ON,
    At.BIRTH_DATE,
    At.UNEMPLOYMENT_REGISTERED,
)
"""What is asked before anybody says who they are."""

SUMMARY = (
    At.NAME,
    At.ID_NUMBER,
    At.PHONE,
    At.RESIDENCE,
    At.TRACK,
    At.CIRCUMSTANCES,
    At.EDUCATION,
    At.GRADUATED_ON,
    At.BIRTH_DATE,
    At.UNEMPLOYMENT_REGISTERED,
    At.SCHOOL,
    At.MAJOR,
    At.SKILL_LEVEL,
    At.HARDSHIP,
    At.POSITION_KINDS,
    At.CITIES,
    At.AVAILABLE_FROM,
    At.PUSH_CONSENT,
)
"""The review's items, in order."""

FACTS = (*ELIGIBILITY, "born")
GRADUATES_ONLY = (
    Reason.EDUCATION_NOT_GRADUATE_LEVEL,
    Reason.CERTIFICATE_IN_FUTURE,
    Reason.GRADUATED_TOO_LONG_AGO,
)
BACKGROUND = (At.SCHOOL, At.MAJOR, At.CONFIRM_KNOWN, "known")
CURES: Mapping[Reason, tuple[str, ...]] = {
    Reason.AT_SCHOOL: (At.CIRCUMSTANCES,),
    Reason.EMPLOYED: (At.CIRCUMSTANCES,),
    Reason.BUSINESS_LICENCE: (At.CIRCUMSTANCES,),
    Reason.EARLIER_INTERNSHIP: (At.CIRCUMSTANCES,),
    Reason.TOO_YOUNG: (At.BIRTH_DATE, At.ID_NUMBER, At.CONFIRM_KNOWN, "known"),
    Reason.TOO_OLD_FOR_YOUTH: (At.BIRTH_DATE, At.ID_NUMBER, At.CONFIRM_KNOWN, "known"),
    Reason.EDUCATION_NOT_GRADUATE_LEVEL: (At.EDUCATION, At.GRADUATED_ON, *BACKGROUND),
    Reason.CERTIFICATE_IN_FUTURE: (At.GRADUATED_ON,),
    Reason.GRADUATED_TOO_LONG_AGO: (At.GRADUATED_ON,),
    Reason.UNEMPLOYMENT_NOT_REGISTERED: (At.UNEMPLOYMENT_REGISTERED,),
}
"""The answers behind each reason: asked again of somebody who was not eligible and says that this has changed."""
OPEN_POINTS: Mapping[Reason, str] = {
    Reason.EARLIER_INTERNSHIP_CITY_UNKNOWN: "以前的见习",
    Reason.EDUCATION_UNKNOWN: "学历",
    Reason.CERTIFICATE_UNKNOWN: "毕业日期",
    Reason.CERTIFICATE_DAY_UNKNOWN: "毕业证上的具体日期",
    Reason.UNEMPLOYMENT_UNKNOWN: "失业登记",
}
"""What a clerk still has to look up, by name; the birth date comes with the document."""
NO_MAJOR = (Education.SENIOR_HIGH_SCHOOL, Education.JUNIOR_HIGH_SCHOOL, Education.PRIMARY_SCHOOL)


# --- conditions ------------------------------------------------------------------------------------------


@condition(reads=(At.TRACK, At.CIRCUMSTANCES), maybe=FACTS, usual=False)
def barred(view: View) -> bool:
    """What is known by now rules both tracks out. Somebody in the base corrects what is stored without being turned
    away, whatever follows from it for a clerk; but a minor's document is not kept."""
    found = assessment(view.answers, view.today)
    return found.outcome is Outcome.NOT_YET and (not view.registered or Reason.TOO_YOUNG in found.reasons)


@condition(maybe=("_birth_as_said",))
def birth_differs(view: View) -> bool:
    """The document tells another birth date than the person said."""
    return "_birth_as_said" in view.answers


@condition(reads=(At.EDUCATION,))
def has_graduate_level(view: View) -> bool:
    """The level of education counts as 高校毕业生, so the certificate's date matters."""
    return Education(view.answers[At.EDUCATION]) in parameters_on(view.today).graduate_levels


@condition(reads=(At.TRACK,), maybe=FACTS)
def youth_facts_matter(view: View) -> bool:
    """Birth date and unemployment registration decide: an unemployed youth, or no graduate within two years."""
    if view.answers[At.TRACK] == Track.YOUTH:
        return True
    return assessment(view.answers, view.today).fits_graduate is False


@condition(reads=(At.TRACK, At.BIRTH_DATE), maybe=FACTS)
def unemployment_matters(view: View) -> bool:
    """Young enough for the youth track, and not already a graduate within two years."""
    rules = parameters_on(view.today)
    age = age_on(date.fromisoformat(view.answers[At.BIRTH_DATE]), view.today)
    return rules.minimum_age <= age < rules.youth_age_below and youth_facts_matter.test(view)


@condition(reads=(At.ID_NUMBER,), maybe=FACTS, usual=False)
def birth_still_unknown(view: View) -> bool:
    """The document carries no birth date (travel permits) and none was asked yet."""
    return born(view.answers) is None


@condition(maybe=("known",))
def found_in_register(view: View) -> bool:
    """A register that the bureau imported knows this name and number."""
    return bool(view.answers.get("known"))


@condition(reads=(At.EDUCATION,))
def has_major(view: View) -> bool:
    """Schools below 中专 have no majors."""
    return view.answers[At.EDUCATION] not in NO_MAJOR


# --- what an answer brings with it -----------------------------------------------------------------------


def birth_known(view: View) -> Answers:
    """Whoever has given a document that carries the birth date is not asked for it (when an item is edited)."""
    birth = born(view.answers) if At.ID_NUMBER in view.answers else None
    return {**view.answers, At.BIRTH_DATE: birth.isoformat()} if birth is not None else view.answers


def identity_known(view: View) -> Answers:
    """The document's birth date overrules the one that was said; below the minimum age nothing is kept."""
    birth = born(view.answers)
    if birth is None:
        return view.answers
    said = view.answers.get(At.BIRTH_DATE)
    differs = said is not None and said != birth.isoformat()
    minor = age_on(birth, view.today) < parameters_on(view.today).minimum_age
    if not differs and not minor:
        return view.answers
    answers = dict(view.answers)
    if differs:
        answers["_birth_as_said"] = said
        answers[At.BIRTH_DATE] = birth.isoformat()
    if minor:
        for field in (At.NAME, At.ID_NUMBER, At.PHONE):
            answers.pop(field, None)
        answers[At.BIRTH_DATE] = birth.isoformat()
    return answers


def known_adopted(view: View) -> Answers:
    """What the register says, once confirmed; otherwise school and major are asked."""
    if view.answers[At.CONFIRM_KNOWN] != "yes":
        return view.answers
    known = {k: v for k, v in view.answers["known"].items() if v and k in (*ELIGIBILITY, At.SCHOOL, At.MAJOR)}
    return {**view.answers, **known}


def reasons_reconsidered(view: View) -> Answers:
    """To "correct": only what stands behind the reasons is asked again; otherwise everything stays."""
    if view.answers["_next"] != "correct":
        return view.answers
    doubtful = {field for reason in _told_reasons(view) for field in CURES.get(reason, ())}
    return {field: value for field, value in view.answers.items() if field not in doubtful}


def birth_as_on_document(value: str, view: View) -> None:
    """Once a document that carries the birth date is given, it decides. Raises `Rejected`."""
    birth = born(view.answers) if At.ID_NUMBER in view.answers else None
    if birth is not None and birth.isoformat() != value:
        raise Rejected("date.not_as_on_document")


def certificate_plausible(value: str, view: View) -> None:
    """A certificate is not dated before its owner was ten. Raises `Rejected`."""
    birth = born(view.answers)
    if birth is not None and month_bounds(value)[1].year - birth.year < 10:
        raise Rejected("date.before_birth")


# --- how things read -------------------------------------------------------------------------------------


def reasons_shown(reasons: Mapping[str, str]) -> Callable[[View], Mapping[str, str]]:
    """A `show` that lists why not, and what would cure it; `reasons` has the wording of each."""

    def show(view: View) -> Mapping[str, str]:
        told = _told_reasons(view) or ("changed",)  # time has cured it meanwhile
        return {"reasons": "\n".join(f"· {reasons[reason]}" for reason in told)}

    return show


def _told_reasons(view: View) -> tuple[Reason, ...]:
    found = assessment(view.answers, view.today).reasons
    if view.answers[At.TRACK] == Track.YOUTH:  # why one is no graduate is no news to them
        return tuple(reason for reason in found if reason not in GRADUATES_ONLY) or found
    return found


def opening_shown(view: View) -> Mapping[str, str]:
    """What the first questions are for, said once: before anything was answered."""
    return {"opening": "" if view.answers else "先看看您能不能报，这几题不用填姓名。"}


NO_GRADUATE: Final = {
    Reason.GRADUATED_TOO_LONG_AGO: "毕业证满两年了，",
    Reason.EDUCATION_NOT_GRADUATE_LEVEL: "这个学历不按高校毕业生办，",
}
"""How a graduate's own way ended, before the other one is tried."""


def why_birth_shown(view: View) -> Mapping[str, str]:
    """Why a graduate is suddenly asked for a birth date."""
    if view.answers[At.TRACK] == Track.YOUTH or At.ID_NUMBER in view.answers:
        return {"why": ""}
    found = assessment(view.answers, view.today).reasons
    fallen_out = "".join(said for reason, said in NO_GRADUATE.items() if reason in found)
    return {"why": f"{fallen_out}再看看能不能按失业青年报："}


def until_shown(view: View) -> Mapping[str, str]:
    """The forecast of the last eligible day, for the consent question."""
    found = assessment(view.answers, view.today)
    sure = set(found.reasons) <= {Reason.BIRTH_DATE_UNKNOWN} and found.track is not None
    if sure and found.eligible_until is not None:
        last = date_in_words(found.eligible_until.isoformat())
        return {"verdict": f"您符合报名条件！按您填的情况，{last}之前（含当天）都可以参加。"}
    points = [OPEN_POINTS[reason] for reason in found.reasons if reason in OPEN_POINTS]
    return {"verdict": f"您可以先报名，{'、'.join(points) or '有的情况'}要等工作人员核实。"}


def known_shown(view: View) -> Mapping[str, str]:
    """The register's entry on one screen."""
    known = view.answers["known"]
    level = known.get("education") or ""
    return {
        "school": known.get("school") or "（没有记录）",
        "major": known.get("major") or "（没有记录）",
        "education": Education(level).label if level else "（没有记录）",
        "graduated_on": date_in_words(known["graduated_on"]) if known.get("graduated_on") else "（没有记录）",
    }


def birth_shown(view: View) -> Mapping[str, str]:
    """The document's birth date, and the one that was said."""
    said = view.answers.get("_birth_as_said")
    return {
        "birth": date_in_words(view.answers.get(At.BIRTH_DATE, "")),
        "said": date_in_words(said) if said else "",
    }


def date_in_words(value: str) -> str:
    """2026-06-30 → 2026年6月30日, 2026-06 → 2026年6月."""
    year, month, *day = (int(part) for part in value.split("-"))
    return f"{year}年{month}月" + "".join(f"{number}日" for number in day)


def track_in_words(value: str, view: View) -> str:
    """Who was unsure reads what follows from the answers, as far as it can be told."""
    found = assessment(view.answers, view.today).track if value == Track.UNSURE else Track(value)
    return (found or Track.UNSURE).label


def receipt_shown(view: View) -> Mapping[str, str]:
    """The number to name when asking about this registration."""
    return {"receipt": str(view.answers["_receipt"]["receipt"])}


def registration_consent(view: View) -> Mapping[str, Any]:
    """Agreeing is recorded; declining is carried out: nothing that was said so far is kept."""
    return {"kind": "registration", "given": view.answers[At.CONSENT] == "agree", "version": CONSENT_VERSION}


def push_consent(view: View) -> Mapping[str, Any]:
    """Yes and no to pushes are both recorded."""
    return {"kind": "push", "given": view.answers[At.PUSH_CONSENT] == "yes", "version": CONSENT_VERSION}


def hardship_consent(view: View) -> Mapping[str, Any] | None:
    """Naming a hardship is the separate consent to keep it (个人信息保护法 第二十九条); saying none gives none."""
    if set(view.answers[At.HARDSHIP]) <= {"none", "undisclosed"}:
        return None
    return {"kind": "hardship", "given": True, "version": CONSENT_VERSION}


def hardship_in_words(value: list[str]) -> str:
    """What kinds were named is not repeated in the chat, only how many."""
    if value == ["none"]:
        return "没有"
    if value == ["undisclosed"]:
        return "不提供"
    return f"已填{len(value)}项（内容保密）"
