"""From the answers of the registration to the facts that `policy.eligibility` judges."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import lru_cache

from dialogs.model import Answers
from policy.codes import Education, Track
from policy.eligibility import Assessment, Facts, assess
from policy.parameters import parameters_on

REGISTERED = {"yes": True, "no": False}
"""Answers on the unemployment registration (失业登记); "unsure" stays unknown."""

RESIDENT_DIGITS = 18
"""Length of a number that carries a birth date (GB 11643); travel permits are shorter."""


def month_bounds(value: str) -> tuple[date, date]:
    """First and last possible day of "2023-06-30" (the same) or "2023-06" (a person may know only the month)."""
    if len(value) > 7:
        day = date.fromisoformat(value)
        return day, day
    year, month = int(value[:4]), int(value[5:7])
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def born(answers: Answers) -> date | None:
    """Birth date: from the identity document if it carries one, otherwise as said; None when unknown."""
    number = answers.get("id_number")
    if number is not None and len(number) == RESIDENT_DIGITS:  # it was checked when it was given
        return date.fromisoformat(number[6:14])
    said = answers.get("birth_date")
    return date.fromisoformat(said) if said is not None else None


def assessment(answers: Answers, today: date, city: str | None = None) -> Assessment:
    """The decision table over what is known so far, for the forecast on `today`.

    `city` (GB/T 2260) brings that city's own rules; without it the province's hold.
    """
    return _assessed(
        answers.get("track", "unsure"),
        tuple(answers.get("circumstances", ())),
        answers.get("education"),
        answers.get("graduated_on"),
        born(answers),
        answers.get("unemployment_registered"),
        today,
        city,
    )


@lru_cache(maxsize=8192)
def _assessed(
    track: str,
    circumstances: tuple[str, ...],
    education: str | None,
    graduated_on: str | None,
    birth_date: date | None,
    unemployment: str | None,
    today: date,
    city: str | None,
) -> Assessment:
    # Asked several times a turn with the same facts: every edge that tests eligibility does.
    facts = Facts(
        track=Track(track),
        at_school="at_school" in circumstances,
        employed="employed" in circumstances,
        business_licence="business_licence" in circumstances,
        earlier_internship="earlier_internship" in circumstances,
        education=Education(education) if education is not None else None,
        graduated=month_bounds(graduated_on) if graduated_on is not None else None,
        birth_date=birth_date,
        unemployment_registered=REGISTERED.get(unemployment) if unemployment is not None else None,
    )
    return assess(facts, today, parameters_on(today, city))
