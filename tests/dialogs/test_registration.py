"""The registration: who is asked what, who may take part, what is stored, how answers are changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.texts import catalogue
from dialogs.definition import Question
from dialogs.registration_rules import SUMMARY
from policy.codes import Education
from policy.eligibility import Reason
from policy.identity import check_digit
from tests.dialogs.small import chain, small_catalogue
from tests.dialogs.talk import GRADUATE, NOW, YOUTH, Talk

CONTRACT = [
    *(
        "track",
        "circumstances",
        "education",
        "graduated_on",
        "birth_date",
        "unemployment_registered",
        "consent",
    ),
    *(
        "name",
        "id_number",
        "phone",
        "residence",
        "school",
        "major",
        "skill_level",
        "hardship",
        "position_kinds",
    ),
    *("cities", "available_from", "push_consent", "review", "done"),
]
"""Steps of the registration as the public contract names them, in order; beside them not_eligible, confirm_known."""

ENTRY = {
    "school": "广东轻工职业技术学院",
    "major": "会计学",
    "education": "31",
    "graduated_on": "2026-06-28",
}


def asked(answers: dict[str, str], register_entry: dict[str, Any] | None = None) -> list[str]:
    """The steps at which a person of these answers stands, from the first to the last."""
    talk = Talk(register_entry)
    talk.say("报名")
    steps = [talk.step]
    while talk.step in answers:
        talk.say(answers[talk.step])
        steps.append(talk.step)
    return steps


# --- the way through -------------------------------------------------------------------------------------


def test_the_steps_are_exactly_those_of_the_contract_in_its_order() -> None:
    steps = [step for step in catalogue().dialog("registration").definition.steps if step.waits]
    names = [step.name for step in steps]
    assert [name for name in names if name in CONTRACT] == CONTRACT
    assert set(names) - set(CONTRACT) == {"not_eligible", "confirm_known"}


def test_a_graduate_is_asked_nothing_of_the_youth_track_and_everything_else_once() -> None:
    skipped = {"birth_date", "unemployment_registered", "done"}
    assert asked(GRADUATE) == [step for step in CONTRACT if step not in skipped]


def test_an_unemployed_youth_is_asked_birth_date_and_registration_but_no_certificate() -> None:
    assert asked(YOUTH) == [step for step in CONTRACT if step not in {"graduated_on", "done"}]


def test_a_graduate_of_long_ago_is_judged_as_a_youth() -> None:
    steps = asked({**YOUTH, "track": "1", "education": "大专", "graduated_on": "2023年6月"})
    assert steps == [step for step in CONTRACT if step != "done"]


def test_no_identity_is_asked_before_consent() -> None:
    for answers in (GRADUATE, YOUTH):
        steps = asked(answers)
        assert all(steps.index("consent") < steps.index(field) for field in ("name", "id_number", "phone"))


@pytest.mark.parametrize("education", ["高中", "初中", "小学"])
def test_nobody_without_a_major_is_asked_for_one(education: str) -> None:
    assert "major" not in asked({**YOUTH, "education": education})


def test_a_finished_registration_is_saved_with_all_its_answers() -> None:
    talk = Talk().register()
    talk.say("提交")
    assert talk.at == "registration.done"
    verb, data = talk.base.saved[-1]
    assert verb == "register"
    assert {field: data[field] for field in GRADUATE} == {
        "track": "graduate",
        "circumstances": ["none"],
        "education": "31",
        "graduated_on": "2026-06-30",
        "consent": "agree",
        "name": "梁小凤",
        "id_number": GRADUATE["id_number"],
        "phone": GRADUATE["phone"],
        "residence": "440106",
        "school": "广东轻工职业技术学院",
        "major": "会计学",
        "skill_level": "none",
        "hardship": ["none"],
        "position_kinds": ["2", "3"],
        "cities": ["440100", "440600"],
        "available_from": "2026-11-24",
        "push_consent": "yes",
    }
    assert talk.session.answers == {}


def test_every_consent_is_recorded_when_it_is_given() -> None:
    talk = Talk().register({**GRADUATE, "hardship": "低保"})
    kinds = [(data["kind"], data["given"]) for verb, data in talk.base.saved if verb == "record_consent"]
    assert kinds == [("registration", True), ("hardship", True), ("push", True)]


@pytest.mark.parametrize("hardship", ["没有", "不想说"])
def test_naming_no_hardship_gives_no_consent_to_keep_one(hardship: str) -> None:
    talk = Talk().register({**GRADUATE, "hardship": hardship})
    assert "hardship" not in [data.get("kind") for _, data in talk.base.saved]


def test_declining_stores_nothing_and_leaves_no_answer() -> None:
    talk = Talk().register(until="consent")
    said = talk.say("不同意")
    assert "不保存" in said
    assert talk.at == "home.menu"
    assert [(verb, data["given"]) for verb, data in talk.base.saved] == [("record_consent", False)]
    assert (talk.session.answers, talk.session.parked, talk.session.trail) == ({}, {}, ())
    talk.say("报名")
    assert (talk.step, talk.answers) == ("track", {})


# --- who may take part -----------------------------------------------------------------------------------

NOT_ELIGIBLE = [
    ({"circumstances": "1"}, [Reason.AT_SCHOOL]),
    ({"circumstances": "2"}, [Reason.EMPLOYED]),
    ({"circumstances": "3"}, [Reason.BUSINESS_LICENCE]),
    ({"circumstances": "4"}, [Reason.EARLIER_INTERNSHIP]),
    ({"circumstances": "1 2"}, [Reason.AT_SCHOOL, Reason.EMPLOYED]),
    ({"birth_date": "2000年1月1日"}, [Reason.TOO_OLD_FOR_YOUTH]),
    ({"birth_date": "2011年1月1日"}, [Reason.TOO_YOUNG]),
    ({"unemployment_registered": "没有"}, [Reason.UNEMPLOYMENT_NOT_REGISTERED]),
    (
        {"track": "1", "education": "本科", "graduated_on": "2023年6月", "birth_date": "2000年1月1日"},
        [Reason.GRADUATED_TOO_LONG_AGO, Reason.TOO_OLD_FOR_YOUTH],
    ),
    (
        {"track": "1", "education": "高中", "birth_date": "2000年1月1日"},
        [Reason.EDUCATION_NOT_GRADUATE_LEVEL, Reason.TOO_OLD_FOR_YOUTH],
    ),
]


def reasons_in(text: str) -> list[Reason]:
    """The reasons that a text gives, by the very sentences of the text file."""
    from bot.texts import load_texts

    sentences = load_texts()["registration"]["not_eligible"]["reasons"]
    return [reason for reason in Reason if f"· {sentences[reason]}" in text]


@pytest.mark.parametrize(("changes", "reasons"), NOT_ELIGIBLE, ids=lambda value: str(value)[:40])
def test_who_is_not_eligible_reads_exactly_why_before_giving_any_name(
    changes: dict[str, str], reasons: list[Reason]
) -> None:
    talk = Talk().register({**YOUTH, **changes}, until="not_eligible")
    assert reasons_in(talk.text) == reasons
    assert "name" not in talk.answers
    assert talk.base.saved == []


def test_every_reason_has_its_sentence() -> None:
    from bot.texts import load_texts

    assert set(Reason) <= set(load_texts()["registration"]["not_eligible"]["reasons"])


@pytest.mark.parametrize(
    ("changes", "again", "answers"),
    [
        ({"circumstances": "1"}, "circumstances", {}),
        ({"unemployment_registered": "没有"}, "unemployment_registered", {}),
        ({"birth_date": "2000年1月1日"}, "birth_date", {}),
    ],
    ids=["at school", "not registered", "too old"],
)
def test_what_was_wrong_can_be_put_right_and_only_that_is_asked_again(
    changes: dict[str, str], again: str, answers: dict[str, str]
) -> None:
    talk = Talk().register({**YOUTH, **changes}, until="not_eligible")
    talk.later(days=3).say("1")
    assert talk.step == again
    talk.answer(YOUTH, "consent")
    assert "符合报名条件" in talk.text


def test_a_wrong_number_that_bars_its_owner_can_be_put_right() -> None:
    talk = Talk().register({**YOUTH, "id_number": "440106199901011230"}, until="id_number")
    talk.say("440106199901011230")
    assert (talk.step, reasons_in(talk.text)) == ("not_eligible", [Reason.TOO_OLD_FOR_YOUTH])
    talk.say("填错了")
    assert talk.step == "birth_date"
    talk.say(YOUTH["birth_date"])
    assert talk.step == "id_number"
    talk.register(YOUTH)
    assert talk.step == "review"


@pytest.mark.parametrize("choice", ["2", "3", "4"])
def test_who_is_not_eligible_finds_a_person_answers_or_the_menu(choice: str) -> None:
    talk = Talk().register({**YOUTH, "circumstances": "1"}, until="not_eligible")
    talk.say(choice)
    assert talk.at == {"2": "handover.note", "3": "questions.ask", "4": "home.menu"}[choice]


def test_under_sixteen_by_the_document_nothing_of_it_is_kept_and_nothing_can_be_submitted() -> None:
    talk = Talk().register(YOUTH, until="id_number")
    talk.say("440106201103010022")
    assert (talk.step, reasons_in(talk.text)) == ("not_eligible", [Reason.TOO_YOUNG])
    assert not {"name", "id_number", "phone"} & talk.answers.keys()
    assert talk.base.verbs() == ["record_consent"]
    talk.say("返回")
    assert talk.step == "consent"  # the name is gone, so nothing after it is skipped
    talk.answer(YOUTH, "review")
    assert talk.answers["name"] == YOUTH["name"]


def test_the_documents_birth_date_overrules_the_one_that_was_said() -> None:
    talk = Talk().register({**YOUTH, "birth_date": "2004年1月1日"}, until="phone")
    assert talk.answers["birth_date"] == "2005-11-12"


def test_a_travel_permit_has_the_birth_date_asked_once_and_a_residence_permit_not() -> None:
    permit = {**GRADUATE, "id_number": "H12345678", "birth_date": "2003年9月1日"}
    steps = asked(permit)
    assert steps[steps.index("id_number") + 1] == "birth_date"
    assert steps.count("birth_date") == 1
    assert steps[-1] == "review"
    assert "birth_date" not in asked({**GRADUATE, "id_number": "810000200305081233", "birth_date": "!"})


def test_a_certificate_that_is_older_than_its_owner_could_earn_it_is_refused() -> None:
    talk = Talk().register({**GRADUATE, "education": "本科"}, until="review")
    talk.say("改毕业日期")
    assert "对不上" in talk.say("2010年6月30日")
    assert talk.step == "graduated_on"


def test_eligibility_is_judged_again_on_the_day_of_submission() -> None:
    talk = Talk().register(YOUTH, until="review")
    talk.now = datetime(2030, 11, 12, 9, 0, tzinfo=NOW.tzinfo)
    talk.say("提交")
    assert (talk.step, reasons_in(talk.text)) == ("not_eligible", [Reason.TOO_OLD_FOR_YOUTH])
    assert "register" not in talk.base.verbs()


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        ({"graduated_on": "2026年6月30日"}, "2028年6月30日之前（含当天）都可以参加"),
        ({"graduated_on": "2024年11月24日"}, "2026年11月24日之前（含当天）都可以参加"),
        ({"graduated_on": "2024年11月"}, "毕业证上的具体日期要等工作人员核实"),
        ({"graduated_on": "2026年2月28日"}, "2028年2月28日之前（含当天）都可以参加"),
    ],
)
def test_the_consent_says_until_when_one_may_take_part(answers: dict[str, str], last: str) -> None:
    assert last in Talk().register({**GRADUATE, **answers}, until="consent").text


# --- found in a register ---------------------------------------------------------------------------------


def test_somebody_in_a_register_confirms_it_on_one_screen_instead_of_typing() -> None:
    talk = Talk(ENTRY).register(until="confirm_known")
    for shown in ("广东轻工职业技术学院", "会计学", "大学专科", "2026年6月28日"):
        assert shown in talk.text
    talk.say("都对")
    assert talk.step == "skill_level"
    assert talk.answers["graduated_on"] == "2026-06-28"


def test_a_wrong_entry_is_put_aside_and_school_and_major_asked() -> None:
    talk = Talk(ENTRY).register(until="confirm_known")
    talk.say("不对")
    assert talk.step == "school"
    assert talk.answers["graduated_on"] == "2026-06-30"


def test_what_the_register_does_not_know_is_asked() -> None:
    talk = Talk({**ENTRY, "major": None}).register(until="confirm_known")
    assert "（没有记录）" in talk.text
    talk.say("都对")
    assert talk.step == "major"


def test_a_confirmed_entry_is_judged_like_an_answer() -> None:
    talk = Talk({**ENTRY, "graduated_on": "2023-06-28"}).register(
        {**GRADUATE, "id_number": "440106199901011230"}, until="confirm_known"
    )
    talk.say("都对")
    assert (talk.step, reasons_in(talk.text)) == (
        "not_eligible",
        [Reason.GRADUATED_TOO_LONG_AGO, Reason.TOO_OLD_FOR_YOUTH],
    )


def test_another_name_or_number_is_looked_up_anew() -> None:
    talk = Talk().register()
    talk.base.register_entry = ENTRY
    talk.say("改姓名", "梁大凤")
    assert talk.step == "confirm_known"
    assert [verb for verb in talk.base.verbs() if verb == "find_register_entry"] == [
        "find_register_entry"
    ] * 2


# --- the review ------------------------------------------------------------------------------------------

OTHERS = {
    "track": "2",
    "circumstances": "没有",
    "education": "本科",
    "graduated_on": "2026年5月",
    "name": "梁大凤",
    "id_number": "440111200207082545",
    "phone": "13900001111",
    "residence": "东莞虎门",
    "school": "暨南大学",
    "major": "英语",
    "skill_level": "中级工",
    "hardship": "低保 残疾",
    "position_kinds": "都可以",
    "cities": "东莞",
    "available_from": "12月1日",
    "push_consent": "不要",
}
"""Another valid answer to each item of a graduate's review."""

ASKED_ANEW = {
    "education": ["graduated_on", "school", "major"],
    "track": ["unemployment_registered"],  # the birth date stands in the ID number
}
"""What a graduate's change asks again; everything else asks nothing."""


@pytest.mark.parametrize("item", OTHERS)
def test_editing_an_item_asks_only_what_depends_on_it_and_comes_back_to_the_review(item: str) -> None:
    talk = Talk().register()
    before = talk.answers
    label = next(o.label for o in catalogue().dialog("registration").node("review").options if o.key == item)
    talk.say(f"改{label}")
    steps = []
    answers = {**GRADUATE, **OTHERS, "unemployment_registered": "办过"}
    while talk.step != "review":
        steps.append(talk.step)
        talk.say(answers[talk.step])
    assert steps == [item, *ASKED_ANEW.get(item, [])]
    changed = {field for field in before if talk.answers.get(field) != before[field]}
    assert changed <= {item, *ASKED_ANEW.get(item, ()), "graduated_on", "school", "major", "birth_date"}


def test_the_review_lists_each_answer_once_numbered_and_masked() -> None:
    said = Talk().register().text
    lines = [line for line in said.splitlines() if line[:1].isdigit()]
    assert [int(line.split(".")[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert len(lines) == len(GRADUATE) - 1  # all but the consent
    for secret in (GRADUATE["name"], GRADUATE["id_number"], GRADUATE["phone"]):
        assert secret not in said
    assert "低保" not in Talk().register({**GRADUATE, "hardship": "低保"}).text


def test_a_youths_review_lists_birth_date_and_unemployment_registration_too() -> None:
    said = Talk().register(YOUTH).text
    assert "出生日期：2005年11月12日" in said
    assert "失业登记：办过" in said


def test_a_birth_date_that_contradicts_the_document_is_refused_with_the_reason() -> None:
    talk = Talk().register(YOUTH)
    talk.say("改出生日期")
    assert "以身份证为准" in talk.say("2004年1月1日")
    talk.say("返回")
    assert talk.step == "review"


def test_who_was_unsure_reads_what_the_answers_make_of_them() -> None:
    assert "类别：离校两年内未就业高校毕业生" in Talk().register({**GRADUATE, "track": "3"}).text
    assert "类别：16—24岁失业青年" in Talk().register({**YOUTH, "track": "3"}).text


@pytest.mark.parametrize("number", ["0", "17", "99", "改生日"])
def test_an_item_that_is_not_there_is_refused_kindly(number: str) -> None:
    talk = Talk().register()
    talk.say(number)
    assert (talk.step, talk.session.wrong) == ("review", 1)


def test_every_item_of_the_review_is_a_question_of_the_dialog() -> None:
    dialog = catalogue().dialog("registration")
    assert all(isinstance(dialog.node(item).step, Question) for item in SUMMARY)


# --- changing an answer, in general ----------------------------------------------------------------------


@st.composite
def dependent_dialogs(draw: st.DrawFn) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], str]:
    """A dialog's questions, which later ones each clears, and the one that is changed."""
    names = tuple(f"q{n}" for n in range(draw(st.integers(1, 12))))
    clears = {
        name: tuple(draw(st.sets(st.sampled_from(names[place + 1 :])))) if names[place + 1 :] else ()
        for place, name in enumerate(names)
    }
    return names, clears, draw(st.sampled_from(names))


@settings(max_examples=60, deadline=timedelta(seconds=2))
@given(dependent_dialogs())
def test_changing_an_answer_asks_what_it_clears_and_nothing_else(
    case: tuple[tuple[str, ...], dict[str, tuple[str, ...]], str],
) -> None:
    names, clears, changed = case
    talk = Talk(own=small_catalogue(chain(*names, clears=clears)))
    talk.session = talk.session._replace(dialog="long", step=names[0])
    while talk.step != "review":
        talk.say("从前")
    talk.say(str(names.index(changed) + 1))
    steps = []
    while talk.step != "review":
        steps.append(talk.step)
        talk.say("如今")
    # A question that is asked anew is a first answer: it clears nothing itself.
    assert steps == [changed, *sorted(clears[changed], key=names.index)]
    assert talk.answers == {name: "如今" if name in steps else "从前" for name in names}


@pytest.mark.parametrize("level", list(Education))
def test_every_level_of_education_can_be_chosen(level: Education) -> None:
    node = catalogue().dialog("registration").node("education")
    label = node.labels[level]
    assert node.understand is not None
    assert node.understand(label, NOW.date()) == level


def test_a_document_with_another_birth_date_is_explained() -> None:
    talk = Talk().register(YOUTH, until="id_number")
    body = "44030320010305001"
    said = talk.say(body + check_digit(body))
    assert "2001年3月5日" in said
    assert "和您前面填的" in said
