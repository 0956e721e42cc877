"""The person's own information: see, correct, export, withdraw, delete; pushes stopped and resumed."""

from __future__ import annotations

import pytest

from bot.texts import catalogue
from tests.dialogs.talk import GRADUATE, Talk


@pytest.fixture
def registered() -> Talk:
    """Somebody who has just registered."""
    talk = Talk().register()
    talk.say("提交")
    talk.base.saved.clear()
    return talk


def test_what_is_stored_is_shown_on_the_word_for_it(registered: Talk) -> None:
    assert registered.say("我的信息").startswith("已登记")
    assert registered.at == "preferences.menu"
    assert registered.base.verbs() == ["my_information"]


def test_correcting_brings_the_stored_answers_to_the_review_and_submits_them_again(registered: Talk) -> None:
    said = registered.say("我的信息", "更正")
    assert registered.at == "registration.review"
    assert "手机号：138****1234" in said
    registered.say("3", "13900001111", "提交")
    verb, data = registered.base.saved[-1]
    assert (verb, data["phone"], data["name"]) == ("register", "13900001111", GRADUATE["name"])


def test_a_correction_can_go_back_question_by_question(registered: Talk) -> None:
    registered.say("我的信息", "更正", "返回")
    assert registered.at == "registration.push_consent"
    registered.say("返回")
    assert registered.at == "registration.available_from"


def test_a_correction_counts_as_nearly_done(registered: Talk) -> None:
    assert "共 18 题" in registered.say("我的信息", "更正", "进度")


def test_somebody_who_is_no_longer_eligible_can_still_correct_what_is_stored(registered: Talk) -> None:
    registered.later(days=3 * 365).say("我的信息", "更正", "3", "13900001111")
    registered.say("提交")
    assert registered.at == "registration.done"
    assert registered.base.saved[-1][1]["phone"] == "13900001111"


def test_the_export_is_a_link_and_nothing_but_a_link(registered: Talk) -> None:
    said = registered.say("我的信息", "导出")
    assert [(link.label, link.url) for say in registered.says for link in say.links] == [
        ("下载我的信息", "/api/chat/export/once")
    ]
    assert "15分钟" in said
    assert GRADUATE["name"] not in said


@pytest.mark.parametrize(
    ("word", "allowed", "told"), [("停", False, "停止"), ("恢复", True, "恢复"), ("不要", False, "停止")]
)
def test_pushes_are_stopped_and_resumed(registered: Talk, word: str, allowed: bool, told: str) -> None:
    said = registered.say("我的信息", "开关消息推送", word)
    assert registered.base.saved[-1] == ("set_push", {"allowed": allowed})
    assert f"消息推送已{told}" in said


def test_leaving_the_pushes_as_they_are_saves_nothing(registered: Talk) -> None:
    registered.say("我的信息", "开关消息推送")
    before = len(registered.base.saved)
    registered.say("返回")
    assert (registered.at, len(registered.base.saved)) == ("preferences.menu", before)


@pytest.mark.parametrize(("word", "verb"), [("撤回报名", "withdraw"), ("删除我的信息", "erase")])
def test_what_cannot_be_undone_is_asked_first_and_can_be_thought_better_of(
    registered: Talk, word: str, verb: str
) -> None:
    registered.say("我的信息", word, "算了")
    assert (registered.at, verb in registered.base.verbs()) == ("preferences.menu", False)
    registered.say(word, "是的")
    assert registered.base.verbs()[-1] == verb


def test_after_withdrawing_one_can_register_again_without_typing_anything(registered: Talk) -> None:
    registered.say("我的信息", "撤回", "确定", "报名", "重新提交")
    assert registered.at == "registration.review"
    registered.say("提交")
    assert registered.base.verbs()[-1] == "register"


def test_erasing_leaves_nothing_in_the_session_and_the_next_word_starts_anew(registered: Talk) -> None:
    registered.say("我的信息", "更正", "菜单")
    assert registered.session.parked
    registered.say("删除我的信息", "确定")
    assert registered.at == "preferences.erased"
    assert (registered.session.answers, registered.session.parked) == ({}, {})
    registered.say("报名")
    assert registered.at == "registration.track"


@pytest.mark.parametrize("word", ["更正信息", "撤回报名"])
def test_somebody_not_registered_is_told_so_kindly(word: str) -> None:
    talk = Talk()
    said = talk.say("我的信息", word)
    assert "还没有提交报名" in said
    assert talk.at == "preferences.menu"


def test_somebody_half_way_through_can_erase_too() -> None:
    talk = Talk().register(until="school")
    talk.say("删除我的信息", "是的")
    assert talk.base.verbs()[-1] == "erase"
    assert (talk.session.answers, talk.session.parked) == ({}, {})


def test_every_entry_of_the_menu_leads_somewhere_and_back(registered: Talk) -> None:
    for choice in catalogue().dialog("preferences").node("menu").choices:
        registered.later(minutes=6).say("我的信息")
        assert registered.tap(choice.value)
        registered.say("菜单")
        assert registered.at == "home.menu"


# --- 退订 in the middle of a registration ----------------------------------------------------------------


def test_stopping_pushes_at_the_push_question_answers_it() -> None:
    talk = Talk().register(until="push_consent")
    talk.say("退订")
    assert (talk.step, talk.answers["push_consent"]) == ("review", "no")


def test_stopping_pushes_later_changes_the_answer_that_will_be_submitted() -> None:
    talk = Talk().register(until="review")
    assert talk.answers["push_consent"] == "yes"
    assert "消息推送：不要" in talk.say("退订")
    talk.say("菜单")
    talk.say("退订")
    talk.say("继续")
    assert talk.answers["push_consent"] == "no"
