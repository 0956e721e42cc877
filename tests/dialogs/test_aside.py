"""Answers that fell away with a changed answer: they come back when it is changed back, and not otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.texts import catalogue
from dialogs.aside import taken_up
from dialogs.catalogue import Catalogue
from dialogs.definition import Choose, Definition, Finish, Review
from dialogs.errors import Rejected
from dialogs.model import Aside, View, encode
from dialogs.upgrades import brought_up
from tests.dialogs.small import ask, chain, choose, small_catalogue
from tests.dialogs.talk import GRADUATE, NOW, YOUTH, Talk
from tests.dialogs.test_registration import ENTRY, dependent_dialogs

LOWER = {"education": "高中", "unemployment_registered": "办过", "school": "广州市第八十九中学"}


def changed(talk: Talk, item: str, answers: dict[str, str]) -> list[str]:
    """Edit an item of the review; the steps at which something was asked until the review is back."""
    labels = {
        option.key: option.label for option in catalogue().dialog("registration").node("review").options
    }
    talk.later(minutes=6).say(f"改{labels[item]}")
    steps = []
    while talk.step not in ("review", "not_eligible"):
        steps.append(talk.step)
        talk.say(answers[talk.step])
    return steps


# --- they come back ----------------------------------------------------------------------------------------


def test_a_lower_education_and_back_asks_nothing_again_and_the_review_is_as_before() -> None:
    talk = Talk().register()
    before = talk.text, talk.answers
    assert changed(talk, "education", LOWER) == ["education", "unemployment_registered", "school"]
    assert "毕业日期" not in talk.text
    assert changed(talk, "education", GRADUATE) == ["education"]
    assert (talk.text, talk.answers) == before
    talk.say("提交")
    assert talk.base.saved[-1][1]["graduated_on"] == "2026-06-30"


def test_what_was_given_under_the_lower_education_comes_back_with_it() -> None:
    talk = Talk().register()
    changed(talk, "education", LOWER)
    lower = talk.answers
    changed(talk, "education", GRADUATE)
    assert changed(talk, "education", LOWER) == ["education"]
    assert talk.answers == lower


def test_over_two_other_levels_and_back() -> None:
    talk = Talk().register()
    before = talk.answers
    changed(talk, "education", LOWER)
    changed(talk, "education", {**LOWER, "education": "初中"})
    assert changed(talk, "education", GRADUATE) == ["education"]
    assert talk.answers == before


def test_what_depends_on_the_new_answer_is_asked_although_something_was_given_under_another() -> None:
    talk = Talk().register()
    changed(talk, "education", LOWER)
    asked = changed(talk, "education", {**GRADUATE, "education": "本科", "school": "暨南大学"})
    assert asked == ["education", "graduated_on", "school", "major"]
    assert talk.answers["school"] == "暨南大学"


def test_what_only_the_other_track_asks_comes_back_with_the_track() -> None:
    talk = Talk().register(YOUTH)
    answers = {**YOUTH, "track": "1", "education": "大专", "graduated_on": "2026年6月", "school": "暨南大学"}
    changed(talk, "education", answers)
    assert "unemployment_registered" in talk.answers  # still a youth by the track
    changed(talk, "track", answers)
    assert "unemployment_registered" not in talk.answers
    assert changed(talk, "track", YOUTH) == ["track"]
    assert talk.answers["unemployment_registered"] == "yes"
    assert "失业登记：办过" in talk.text


def test_going_back_before_the_review_loses_nothing_either() -> None:
    talk = Talk().register(until="consent")
    talk.say("返回", "返回", "高中")
    assert talk.step == "birth_date"
    while talk.step != "education":
        talk.say("返回")
    talk.say("大专")
    assert (talk.step, talk.answers["graduated_on"]) == ("consent", "2026-06-30")


def test_somebody_in_a_register_need_not_confirm_twice() -> None:
    talk = Talk(ENTRY).register({**GRADUATE, "confirm_known": "都对"})
    before = talk.answers
    assert changed(talk, "education", {**LOWER, "confirm_known": "不对"}) == [
        *("education", "unemployment_registered", "confirm_known", "school"),
    ]
    lookups = talk.base.verbs().count("find_register_entry")
    assert changed(talk, "education", GRADUATE) == ["education"]
    assert talk.answers == before
    assert talk.base.verbs().count("find_register_entry") == lookups


@settings(max_examples=60, deadline=timedelta(seconds=2))
@given(dependent_dialogs())
def test_changing_an_answer_and_changing_it_back_changes_nothing(
    case: tuple[tuple[str, ...], dict[str, tuple[str, ...]], str],
) -> None:
    names, clears, item = case
    talk = small_talk(small_catalogue(chain(*names, clears=clears)), names[0])
    for words in ("从前", "如今", "从前"):
        steps = []
        while talk.step != "review":
            steps.append(talk.step)
            talk.say(words)
        talk.say(str(names.index(item) + 1))
    assert steps == [item]
    assert talk.answers == dict.fromkeys(names, "从前")


# --- they are judged anew -----------------------------------------------------------------------------------


def test_eligibility_is_judged_again_with_what_came_back() -> None:
    talk = Talk().register({**GRADUATE, "graduated_on": "2024年12月1日", "id_number": "440106199901011230"})
    assert changed(talk, "education", LOWER) == ["education"]
    assert talk.step == "not_eligible"
    talk.now = datetime(2026, 12, 2, 9, 0, tzinfo=NOW.tzinfo)
    talk.say("返回", "大专")
    assert talk.step == "not_eligible"
    assert talk.answers["graduated_on"] == "2024-12-01"
    talk.say("返回")
    assert talk.step == "graduated_on"


def test_an_answer_that_does_not_fit_any_more_is_asked() -> None:
    def as_short_as_first(value: str, view: View) -> None:
        if len(value) > len(view.answers["a"]):
            raise Rejected("other")

    steps = (
        ask("a", "b"),
        ask("b", "c", clears=("c",)),
        ask("c", "review", accept=as_short_as_first),
        Review(name="review", items=("a", "b", "c"), goto=("end",)),
        Finish(name="end"),
    )
    talk = small_talk(small_catalogue(Definition("long", 1, steps, long=True)), "a")
    talk.say("甲乙丙", "一", "长长长", "2", "二", "短", "1", "甲")
    assert talk.step == "review"
    talk.say("2", "一")
    assert talk.step == "c"


@pytest.mark.parametrize(
    ("value", "fits"), [("yes", True), ("never", False), (["no", "yes"], True), (["no", "x"], False)]
)
def test_an_option_that_is_no_longer_there_is_not_taken_up(value: str | list[str], fits: bool) -> None:
    step = Choose(name="a", into="a", options=("yes", "no"))
    aside: Aside = {"a": [[value, {}]]}
    found = taken_up(aside, step, View({}, NOW.date(), False))
    assert found == ((value, {}) if fits else None)


def test_what_is_doubted_after_not_being_eligible_is_asked_and_the_rest_comes_back() -> None:
    talk = Talk().register()
    changed(talk, "education", {**LOWER, "unemployment_registered": "没办过"})
    assert talk.step == "not_eligible"
    talk.say("填错了")
    assert talk.step == "education"
    talk.say("大专")
    assert (talk.step, talk.answers["school"]) == ("review", "广东轻工职业技术学院")
    assert changed(talk, "education", LOWER) == ["education", "unemployment_registered", "school"]


# --- what is not set aside, and what forgets it --------------------------------------------------------------


def test_no_sensitive_answer_and_no_consent_is_set_aside() -> None:
    steps = (
        choose("agree", "a"),
        ask("a", "b", clears=("b", "c", "d", "e")),
        ask("b", "c", consent="agree"),
        choose("c", "d", emit=lambda view: None, saves="record_consent"),
        ask("d", "e", clears=("e",)),
        ask("e", "review"),
        Review(name="review", items=("agree", "a", "b", "c", "d", "e"), goto=("end",)),
        Finish(name="end"),
    )
    talk = small_talk(small_catalogue(Definition("long", 1, steps, long=True)), "agree")
    talk.say("行", "甲", "密", "行", "丁", "戊", "2", "乙")
    assert talk.session.aside == {"d": [["丁", {"a": "甲"}]], "e": [["戊", {"a": "甲", "d": "丁"}]]}
    assert "密" not in encode(talk.session).decode()


def test_hardship_that_was_taken_back_does_not_come_back() -> None:
    talk = Talk().register({**GRADUATE, "hardship": "低保"})
    [named] = talk.answers["hardship"]
    changed(talk, "education", LOWER)
    changed(talk, "hardship", {"hardship": "没有"})
    changed(talk, "education", GRADUATE)
    assert talk.answers["hardship"] == ["none"]
    assert f'["{named}"]' not in encode(talk.session).decode()


@pytest.mark.parametrize(("item", "answer"), [("name", "梁大凤"), ("id_number", "440111200207082545")])
def test_another_identity_forgets_all(item: str, answer: str) -> None:
    talk = Talk().register()
    changed(talk, "education", LOWER)
    assert talk.session.aside
    changed(talk, item, {item: answer})
    assert "graduated_on" not in talk.session.aside
    assert changed(talk, "education", GRADUATE) == ["education", "graduated_on", "school", "major"]


def test_under_sixteen_by_the_document_nothing_stays_aside() -> None:
    talk = Talk().register()
    changed(talk, "education", LOWER)
    changed(talk, "id_number", {"id_number": "440106201103010022"})
    assert (talk.step, talk.session.aside) == ("not_eligible", {})


@pytest.mark.parametrize(
    "leaving", [("取消", "继续"), ("菜单", "继续"), ("重新开始", "算了", "继续"), ("我的信息", "继续")]
)
def test_who_leaves_is_asked_again(leaving: tuple[str, ...]) -> None:
    talk = Talk().register()
    changed(talk, "education", LOWER)
    talk.say(leaving[0])
    assert talk.session.aside == {}
    talk.say(*leaving[1:])
    while talk.step != "review":
        talk.say("继续")
    assert changed(talk, "education", GRADUATE) == ["education", "graduated_on", "school", "major"]


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("提交",), "registration.done"),
        (("重新开始", "是"), "registration.track"),
        (("删除我的信息", "确定"), "preferences.erased"),
    ],
)
def test_submitting_beginning_anew_and_erasing_leave_nothing_aside(words: tuple[str, ...], ends: str) -> None:
    talk = Talk().register()
    changed(talk, "education", LOWER)
    talk.say(*words)
    assert (talk.at, talk.session.aside, talk.session.parked) == (ends, {}, {})
    assert GRADUATE["school"] not in encode(talk.session).decode()


def test_an_upgrade_of_the_dialog_forgets_what_was_set_aside() -> None:
    names = ("a", "b")
    talk = small_talk(small_catalogue(chain(*names, clears={"a": ("b",)})), "a")
    talk.say("甲", "乙", "1", "丙")
    assert talk.session.aside
    newer = small_catalogue(replace(chain(*names), version=2))
    session = brought_up(newer, talk.session)
    assert (session.version, session.aside, session.answers) == (2, {}, {"a": "丙"})


def test_a_register_entry_said_to_be_wrong_after_all_has_school_and_major_asked() -> None:
    talk = Talk(ENTRY).register({**GRADUATE, "confirm_known": "都对"}, until="skill_level")
    while talk.step != "confirm_known":
        talk.say("返回")
    talk.say("不对")
    assert talk.step == "school"
    talk.say("暨南大学")
    assert talk.step == "major"


def small_talk(own: Catalogue, first: str) -> Talk:
    """A talk that stands at the first question of the dialog "long"."""
    talk = Talk(own=own)
    talk.session = talk.session._replace(dialog="long", step=first)
    return talk


def test_what_is_set_aside_stays_small() -> None:
    talk = Talk(ENTRY).register({**GRADUATE, "confirm_known": "不对"})
    given: dict[str, Any] = {**GRADUATE, **LOWER, "confirm_known": "不对"}
    size = len(encode(talk.session))
    for _ in range(3):
        for level in ("初中", "小学", "本科", "硕士", "大专", "高中", "中专"):
            changed(talk, "education", {**given, "education": level})
    assert len(encode(talk.session)) < size + 1000
