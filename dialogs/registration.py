"""The registration dialog (见习报名): eligibility first, then consent, then identity, background and wishes.

Order and step names are the public contract. What the conditions mean is in `registration_rules`, the texts are
in `texts/registration.toml`. 人社部发〔2023〕27号 二(一) asks for simple online registration and for the "three clear"
(基本信息清、学历技能水平清、见习就业意愿清).
"""

from __future__ import annotations

from collections.abc import Mapping

from dialogs.definition import Ask, Choose, Definition, Do, Enter, Finish, Review, Tell, When, answered
from dialogs.parse.dates import birth_day, coming_day, past_day
from dialogs.parse.identity import document
from dialogs.parse.names import person_name
from dialogs.parse.phones import mobile
from dialogs.parse.places import city_options, place_label, residence
from dialogs.parse.words import free_text
from dialogs.registration_rules import (
    BACKGROUND,
    SUMMARY,
    At,
    barred,
    birth_as_on_document,
    birth_differs,
    birth_known,
    birth_shown,
    birth_still_unknown,
    certificate_plausible,
    date_in_words,
    found_in_register,
    hardship_consent,
    hardship_in_words,
    has_graduate_level,
    has_major,
    identity_known,
    known_adopted,
    known_shown,
    opening_shown,
    push_consent,
    reasons_reconsidered,
    reasons_shown,
    receipt_shown,
    registration_consent,
    track_in_words,
    unemployment_matters,
    until_shown,
    why_birth_shown,
    youth_facts_matter,
)
from policy.codes import Code, HardshipKind, PositionKind, SkillLevel
from policy.masking import mask_id_own, mask_name, mask_phone

MOST_CITIES = 3
CITY_LABELS = {option.key: (option.label, option.words) for option in city_options()}


def _codes(codes: type[Code]) -> tuple[str, ...]:
    return tuple(code.value for code in codes)


ELIGIBILITY_STEPS = (
    Choose(
        name=At.TRACK,
        into=At.TRACK,
        options=("graduate", "youth", "unsure"),
        show=opening_shown,
        adopt=birth_known,
        format=track_in_words,
        goto=(At.CIRCUMSTANCES,),
    ),
    Choose(
        name=At.CIRCUMSTANCES,
        into=At.CIRCUMSTANCES,
        options=("at_school", "employed", "business_licence", "earlier_internship", "none"),
        many=True,
        exclusive=("none",),
        goto=(When(barred, At.NOT_ELIGIBLE), At.EDUCATION),
    ),
    Choose(
        name=At.EDUCATION,
        into=At.EDUCATION,
        options=("31", "21", "14", "11", "47A", "41", "44", "47", "44S", "61", "71", "81", "90"),
        clears=(At.GRADUATED_ON, *BACKGROUND),
        adopt=birth_known,
        goto=(
            When(has_graduate_level, At.GRADUATED_ON),
            When(barred, At.NOT_ELIGIBLE),
            At.BIRTH_DATE,
        ),
    ),
    Ask(
        name=At.GRADUATED_ON,
        into=At.GRADUATED_ON,
        parse=past_day,
        accept=certificate_plausible,
        adopt=birth_known,
        format=lambda value, view: date_in_words(value),
        goto=(
            When(barred, At.NOT_ELIGIBLE),
            When(youth_facts_matter, At.BIRTH_DATE),
            At.CONSENT,
        ),
    ),
    Ask(
        name=At.BIRTH_DATE,
        into=At.BIRTH_DATE,
        parse=birth_day,
        show=why_birth_shown,
        shows=(At.TRACK,),
        accept=birth_as_on_document,
        format=lambda value, view: date_in_words(value),
        goto=(
            When(barred, At.NOT_ELIGIBLE),
            When(unemployment_matters, At.UNEMPLOYMENT_REGISTERED),
            At.CONSENT,
        ),
    ),
    Choose(
        name=At.UNEMPLOYMENT_REGISTERED,
        into=At.UNEMPLOYMENT_REGISTERED,
        options=("yes", "no", "unsure"),
        goto=(When(barred, At.NOT_ELIGIBLE), At.CONSENT),
    ),
)
"""Before anybody says who they are: may they take part?"""

AFTER_DOCUMENT = (
    When(barred, At.NOT_ELIGIBLE),
    When(birth_still_unknown, At.BIRTH_DATE),
    At.PHONE,
)
IDENTITY_STEPS = (
    Choose(
        name=At.CONSENT,
        into=At.CONSENT,
        options=("agree", "decline"),
        show=until_shown,
        emit=registration_consent,
        saves="record_consent",
        goto=(
            When(answered(At.CONSENT, "agree"), At.NAME),
            Enter("home", discard=True, note="declined"),
        ),
    ),
    Ask(
        name=At.NAME,
        into=At.NAME,
        parse=person_name,
        consent=At.CONSENT,
        clears=("known", At.CONFIRM_KNOWN),
        format=lambda value, view: mask_name(value),
        goto=(At.ID_NUMBER,),
    ),
    Ask(
        name=At.ID_NUMBER,
        into=At.ID_NUMBER,
        parse=document,
        consent=At.CONSENT,
        clears=("known", At.CONFIRM_KNOWN),
        adopt=identity_known,
        format=lambda value, view: mask_id_own(value),
        goto=(When(birth_differs, At.BIRTH_CORRECTED), *AFTER_DOCUMENT),
    ),
    Tell(name=At.BIRTH_CORRECTED, show=birth_shown, goto=AFTER_DOCUMENT),
    Ask(
        name=At.PHONE,
        into=At.PHONE,
        parse=mobile,
        consent=At.CONSENT,
        keyboard="tel",
        format=lambda value, view: mask_phone(value),
        goto=(At.RESIDENCE,),
    ),
    Ask(
        name=At.RESIDENCE,
        into=At.RESIDENCE,
        parse=residence,
        format=lambda value, view: place_label(value),
        goto=(At.LOOK_UP,),
    ),
)
"""With consent: who they are and where they live (基本信息清)."""

BACKGROUND_STEPS = (
    Do(
        name=At.LOOK_UP,
        verb="find_register_entry",
        into="known",
        data=lambda view: {"name": view.answers[At.NAME], "id_number": view.answers[At.ID_NUMBER]},
        needs=(At.NAME, At.ID_NUMBER),
        goto=(When(found_in_register, At.CONFIRM_KNOWN), At.SCHOOL),
    ),
    Choose(
        name=At.CONFIRM_KNOWN,
        into=At.CONFIRM_KNOWN,
        options=("yes", "no"),
        show=known_shown,
        shows=("known",),
        clears=(At.SCHOOL, At.MAJOR),
        adopt=known_adopted,
        goto=(When(barred, At.NOT_ELIGIBLE), At.SCHOOL),
    ),
    Ask(
        name=At.SCHOOL,
        into=At.SCHOOL,
        parse=free_text(2, 40),
        goto=(When(has_major, At.MAJOR), At.SKILL_LEVEL),
    ),
    Ask(name=At.MAJOR, into=At.MAJOR, parse=free_text(2, 40), goto=(At.SKILL_LEVEL,)),
    Choose(
        name=At.SKILL_LEVEL,
        into=At.SKILL_LEVEL,
        options=_codes(SkillLevel),
        goto=(At.HARDSHIP,),
    ),
    Choose(
        name=At.HARDSHIP,
        into=At.HARDSHIP,
        options=("none", "undisclosed", *_codes(HardshipKind)),
        many=True,
        exclusive=("none", "undisclosed"),
        consent=At.CONSENT,
        emit=hardship_consent,
        saves="record_consent",
        format=lambda value, view: hardship_in_words(value),
        goto=(At.POSITION_KINDS,),
    ),
)
"""What they have learnt, typed or confirmed from a register (学历技能水平清); hardship with its own consent."""

WISHES_STEPS = (
    Choose(
        name=At.POSITION_KINDS,
        into=At.POSITION_KINDS,
        options=_codes(PositionKind),
        many=True,
        all_of=True,
        goto=(At.CITIES,),
    ),
    Choose(
        name=At.CITIES,
        into=At.CITIES,
        options=(*CITY_LABELS, "any"),
        labels={
            **CITY_LABELS,
            "any": ("都可以，服从调剂", ("都可以", "都行", "随便", "不限", "服从调剂", "全省")),
        },
        many=True,
        at_most=MOST_CITIES,
        goto=(At.AVAILABLE_FROM,),
    ),
    Ask(
        name=At.AVAILABLE_FROM,
        into=At.AVAILABLE_FROM,
        parse=coming_day,
        format=lambda value, view: date_in_words(value),
        goto=(At.PUSH_CONSENT,),
    ),
    Choose(
        name=At.PUSH_CONSENT,
        into=At.PUSH_CONSENT,
        options=("yes", "no"),
        emit=push_consent,
        saves="record_consent",
        goto=(At.REVIEW,),
    ),
)
"""What they want, and when (见习就业意愿清)."""

CLOSING_STEPS = (
    Review(
        name=At.REVIEW,
        items=SUMMARY,
        goto=(When(barred, At.NOT_ELIGIBLE), At.SUBMIT),
    ),
    Do(
        name=At.SUBMIT,
        verb="register",
        into="_receipt",
        data=lambda view: dict(view.answers),
        needs=(At.NAME, At.ID_NUMBER, At.PHONE),
        goto=(At.DONE,),
    ),
    Finish(name=At.DONE, show=receipt_shown, shows=("_receipt",)),
)
"""One look at everything, and into the base."""


def registration(reasons: Mapping[str, str]) -> Definition:
    """The registration dialog; `reasons` words each `policy.eligibility.Reason`."""
    not_eligible = Choose(
        name=At.NOT_ELIGIBLE,
        into="_next",
        options=("correct", "human", "questions", "menu"),
        show=reasons_shown(reasons),
        adopt=reasons_reconsidered,
        goto=(
            When(answered("_next", "correct"), At.TRACK),
            When(answered("_next", "human"), Enter("handover")),
            When(answered("_next", "questions"), Enter("questions")),
            Enter("home", "menu"),
        ),
    )
    return Definition(
        name="registration",
        version=1,
        long=True,
        steps=(
            *ELIGIBILITY_STEPS,
            *IDENTITY_STEPS,
            *BACKGROUND_STEPS,
            *WISHES_STEPS,
            *CLOSING_STEPS,
            not_eligible,
        ),
    )
