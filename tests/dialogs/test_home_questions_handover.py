"""The menu, policy questions anywhere, and the way to a person."""

from __future__ import annotations

import pytest

from bot.texts import catalogue
from dialogs.model import Started
from tests.dialogs.talk import GRADUATE, Talk

UNKNOWN = "我不敢乱说"


# --- home ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "at"),
    [
        ("我要报名见习", "registration.track"),
        ("看见习岗位", "positions.list"),
        ("问问政策", "questions.ask"),
        ("我的信息和推送", "preferences.menu"),
        ("我是单位，要申报", "host_application.consent"),
        ("找工作人员", "handover.note"),
    ],
)
def test_each_entry_of_the_menu_opens_its_dialog(choice: str, at: str) -> None:
    talk = Talk()
    talk.say(choice)
    assert talk.at == at


@pytest.mark.parametrize("word", ["谢谢", "好的", "OK", "收到！", "辛苦了", "嗯嗯"])
def test_a_courtesy_is_answered_in_kind_and_is_no_question(word: str) -> None:
    talk = Talk()
    talk.say(word)
    assert talk.at == "home.menu"
    assert talk.text == catalogue().common["courtesy"]


@pytest.mark.parametrize("word", ["谢谢", "收到"])
def test_a_courtesy_is_no_answer_to_a_question_that_is_open(word: str) -> None:
    talk = Talk().register(until="phone")
    talk.say("重新开始", word)
    assert talk.at == "home.confirm_restart"
    assert talk.text != catalogue().common["courtesy"]


def test_what_only_holds_a_courtesy_is_no_courtesy() -> None:
    talk = Talk()
    talk.say("谢谢，这里不安全")
    assert talk.text != catalogue().common["courtesy"]


@pytest.mark.parametrize("word", ["报名", "我要报名", "我想报名见习", "见习"])
def test_who_says_what_they_want_need_not_choose_a_number(word: str) -> None:
    talk = Talk()
    talk.say(word)
    assert talk.at == "registration.track"


def test_opening_the_conversation_greets_with_the_menu() -> None:
    talk = Talk()
    assert "见习通" in talk.send(Started())
    labels = [choice.label for choice in talk.says[-1].choices]
    assert labels[:3] == ["我要报名见习", "看见习岗位", "问问政策"]


def test_somebody_registered_is_not_asked_everything_again() -> None:
    talk = Talk().register()
    talk.say("提交", "报名")
    assert talk.at == "home.registered_before"
    talk.say("看看我报的信息")
    assert talk.at == "preferences.menu"
    talk.say("菜单", "1", "菜单", "1", "3")
    assert talk.at == "home.menu"


def test_progress_without_a_registration_says_how_to_begin() -> None:
    talk = Talk()
    assert "报名" in talk.say("进度")
    assert talk.at == "home.menu"


def test_submitting_once_more_shows_that_it_is_in() -> None:
    talk = Talk().register()
    talk.say("提交", "提交")
    assert talk.at == "preferences.menu"
    assert "已登记" in talk.text


def test_mending_in_the_middle_says_when_it_can_be_done() -> None:
    talk = Talk().register(until="phone")
    talk.say("更正信息")
    assert talk.says[0].text == catalogue().common["mend_later"]
    assert talk.at == "registration.phone"


def test_progress_after_the_registration_shows_what_is_stored() -> None:
    talk = Talk().register()
    talk.say("提交")
    assert talk.say("进度").startswith("已登记")


@pytest.mark.parametrize("word", ["你好", "在吗", "hi", "继续", "返回", "取消", "重新开始"])
def test_at_the_menu_every_such_word_brings_the_menu(word: str) -> None:
    talk = Talk()
    talk.say(word)
    assert talk.at == "home.menu"
    assert talk.says[-1].choices


# --- questions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["见习有工资吗", "见习要不要交钱", "见习多久"])
def test_a_known_question_is_answered_with_its_source(question: str) -> None:
    talk = Talk()
    said = talk.say("问问政策", question)
    assert "（来源：" in said
    assert talk.at == "questions.ask"


@pytest.mark.parametrize("question", ["今天天气怎么样", "哪家奶茶好喝", "帮我写作业"])
def test_an_unknown_question_is_not_answered_with_a_guess(question: str) -> None:
    talk = Talk()
    assert UNKNOWN in talk.say("问问政策", question)
    assert talk.at == "questions.ask"


def test_questions_come_with_likely_ones_as_buttons_that_are_answered() -> None:
    talk = Talk()
    talk.say("问问政策")
    buttons = talk.says[-1].choices
    assert len(buttons) >= 3
    for button in buttons:
        assert "（来源：" in talk.later(minutes=6).tap(button.value)


def test_many_questions_in_a_row_are_all_answered_and_never_called_a_loop() -> None:
    talk = Talk()
    talk.say("问问政策")
    questions = [answer.question for answer in catalogue().book.answers][:15]
    for question in questions:
        assert "（来源：" in talk.say(question)
        assert catalogue().common["looping"] not in talk.text
        assert talk.says[-1].choices


@pytest.mark.parametrize("step", ["track", "education", "name", "id_number", "school", "review"])
def test_a_policy_question_in_the_middle_is_answered_and_the_step_put_again(step: str) -> None:
    talk = Talk().register(until=step)
    before = talk.session.answers
    said = talk.say("见习有工资吗？")
    assert "（来源：" in said
    assert (talk.step, talk.session.answers, talk.session.wrong) == (step, before, 0)
    assert len(talk.says) == 2


def test_a_question_at_the_menu_is_answered_without_greeting_again() -> None:
    talk = Talk()
    talk.say("见习有工资吗")
    assert [len(talk.says), talk.at] == [1, "home.menu"]
    assert talk.says[0].choices == catalogue().dialog("home").node("menu").choices


def test_from_the_questions_the_registration_is_one_word_away() -> None:
    talk = Talk()
    talk.say("问问政策", "报名")
    assert talk.at == "registration.track"


# --- handover --------------------------------------------------------------------------------------------


def test_what_is_to_be_said_to_a_person_is_stored_as_it_was_written() -> None:
    talk = Talk()
    said = talk.say("人工", "我想问问：报名多久能核验？谢谢！")
    assert talk.base.saved == [("hand_over", {"note": "我想问问：报名多久能核验？谢谢！"})]
    assert "000007" in said


@pytest.mark.parametrize("step", ["education", "consent", "id_number", "hardship", "review", "not_eligible"])
def test_a_person_is_asked_for_at_any_step_and_the_step_taken_up_again(step: str) -> None:
    answers = {"circumstances": "1"} if step == "not_eligible" else {}
    talk = Talk().register({**GRADUATE, **answers}, until=step)
    talk.say("转人工", "号码填不了", "继续")
    assert talk.at == f"registration.{step}"


def test_asking_for_a_person_can_be_thought_better_of() -> None:
    talk = Talk().register(until="school")
    talk.say("人工", "返回")
    assert talk.at == "registration.school"
    assert "hand_over" not in talk.base.verbs()


@pytest.mark.parametrize("text", ["😀😀", "。。。", "字" * 501])
def test_a_note_without_words_or_too_long_is_asked_for_again(text: str) -> None:
    talk = Talk()
    talk.say("人工", text)
    assert (talk.at, talk.base.saved, talk.session.wrong) == ("handover.note", [], 1)


def test_after_the_note_the_buttons_lead_back_or_to_the_menu() -> None:
    talk = Talk().register(until="school")
    talk.say("人工", "想问问")
    assert [choice.value for choice in talk.says[-1].choices] == ["继续", "菜单"]
    talk.tap("继续")
    assert talk.at == "registration.school"
