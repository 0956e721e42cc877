"""The positions dialog: what people say to find one, how an application goes, events, and coming back from elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.errors import Rejected
from dialogs.model import Started
from dialogs.positions import MOST, pick
from tests.dialogs.positions_base import CLOSED, FULL
from tests.dialogs.talk import GRADUATE, Talk

TODAY = date(2026, 11, 24)


def at_the_list() -> Talk:
    talk = Talk()
    talk.say("看岗位")
    assert talk.at == "positions.list"
    return talk


def registered() -> Talk:
    talk = Talk().register()
    talk.say("提交")
    return talk


def asked(talk: Talk, verb: str) -> list[dict[str, Any]]:
    return [data for name, data in talk.base.saved if name == verb]


# --- what is understood ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1", {"number": 1}),
        ("第二个", {"number": 2}),
        ("②", {"number": 2}),
        ("更多", {"more": True}),
        ("还有吗", {"more": True}),
        ("最新岗位", {"search": {}}),
        ("会计", {"search": {"words": "会计"}}),
        ("我想找会计方面的工作", {"search": {"words": "会计"}}),
        ("有会计吗", {"search": {"words": "会计"}}),
        ("有没有深圳的设计岗位？", {"search": {"cities": ["440300"], "words": "设计"}}),
        ("佛山市机电", {"search": {"cities": ["440600"], "words": "机电"}}),
        ("广州、广州", {"search": {"cities": ["440100"]}}),
        ("java 开发", {"search": {"words": "java 开发"}}),
        ("有什么岗位吗", {"search": {}}),
    ],
)
def test_what_people_say_to_find_a_position_is_understood(text: str, meant: dict[str, Any]) -> None:
    assert pick(text, TODAY) == meant


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("见习有工资吗", "positions.question"),
        ("怎么报名啊", "positions.question"),
        ("有没有补贴", "positions.question"),
        ("😀", "text.no_words"),
        ("我想找", "text.no_words"),
        ("长" * 31, "text.too_long"),
    ],
)
def test_what_is_no_search_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as rejected:
        pick(text, TODAY)
    assert rejected.value.key == reason


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_pick_or_a_refusal(text: str) -> None:
    try:
        meant = pick(text, TODAY)
    except Rejected:
        return
    assert len(meant) == 1
    assert meant.keys() <= {"number", "more", "search"}


# --- the list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["看岗位", "找岗位", "岗位", "有什么岗位", "看见习岗位"])
def test_many_words_lead_to_the_positions(word: str) -> None:
    talk = Talk()
    talk.say(word)
    assert talk.at == "positions.list"


def test_the_list_is_offered_as_buttons() -> None:
    choices = at_the_list().says[-1].choices
    assert [choice.value for choice in choices] == ["1", "2", "更多"]
    assert choices[0].label == "会计助理 · 2500元"


def test_more_goes_on_where_the_list_ended_and_says_when_there_is_no_more() -> None:
    talk = at_the_list()
    talk.say("更多")
    assert asked(talk, "find_positions")[-1] == {"query": {"level": "newest", "after": 1}}
    assert [choice.value for choice in talk.says[-1].choices] == ["1"]
    assert "都在上面了" in talk.say("更多")
    assert talk.at == "positions.list"


def test_a_number_that_is_not_on_the_list_is_refused() -> None:
    talk = at_the_list()
    assert "1 到 2" in talk.say("4")
    assert asked(talk, "open_position") == []


def test_words_begin_a_search_of_their_own() -> None:
    talk = at_the_list()
    talk.say("更多", "佛山 机电")
    assert asked(talk, "find_positions")[-1] == {"query": {"cities": ["440600"], "words": "机电"}}


def test_a_search_without_result_goes_on_searching() -> None:
    talk = at_the_list()
    assert "没有找到" in talk.say("火箭")
    assert talk.at == "positions.nothing"
    assert "没有岗位可选" in talk.say("1")
    talk.say("最新岗位")
    assert talk.at == "positions.list"


def test_a_policy_question_is_answered_and_the_list_is_still_there() -> None:
    talk = at_the_list()
    assert "（来源：" in talk.say("见习有工资吗")
    assert talk.at == "positions.list"
    assert [choice.value for choice in talk.says[-1].choices] == ["1", "2", "更多"]


def test_a_position_that_was_taken_down_leads_back_to_the_list() -> None:
    talk = at_the_list()
    assert "停招" in talk.say("2")
    assert talk.at == "positions.list"


# --- applying --------------------------------------------------------------------------------------------


def test_a_position_is_shown_with_its_page() -> None:
    talk = at_the_list()
    said = talk.say("1")
    assert "会计助理（岗位1）" in said
    assert "每月2500元" in said
    assert talk.says[-1].links == (("看完整介绍", "/positions/1"),)


def test_applying_asks_for_agreement_first_and_records_it() -> None:
    talk = registered()
    talk.say("看岗位", "1")
    assert "提供给这家单位" in talk.say("报名")
    assert asked(talk, "apply_position") == []
    assert "报好了" in talk.say("同意")
    assert asked(talk, "apply_position") == [{"id": 1}]
    assert {"kind": "share_with_host", "given": True, "version": "2026-11"} in asked(talk, "record_consent")


def test_declining_applies_for_nothing() -> None:
    talk = registered()
    talk.say("看岗位", "1", "1")
    assert "没有给单位" in talk.say("不同意")
    assert asked(talk, "apply_position") == []
    assert talk.at == "positions.list"


def test_another_position_can_be_looked_at_and_applied_for_afterwards() -> None:
    talk = registered()
    talk.say("看岗位", "1", "回列表", "1", "报名", "同意", "看岗位", "1", "报名", "同意")
    assert asked(talk, "apply_position") == [{"id": 1}, {"id": 1}]
    assert len(asked(talk, "open_position")) == 3, "each time it is looked at anew"


def test_who_is_not_registered_comes_back_to_the_position() -> None:
    talk = at_the_list()
    talk.say("1")
    assert "先登记" in talk.say("报名")
    assert talk.at == "registration.track"
    talk.answer(GRADUATE, "review")
    talk.say("提交")
    assert talk.says[-1].choices[0] == ("继续", "接着刚才的")
    assert "会计助理（岗位1）" in talk.tap("继续")
    talk.say("报名", "同意")
    assert asked(talk, "apply_position") == [{"id": 1}]


def test_who_leaves_the_registration_half_way_finds_both_again() -> None:
    talk = at_the_list()
    talk.say("1", "报名", "1", "取消", "继续")
    assert talk.at == "registration.circumstances"


def test_the_position_left_behind_hides_neither_progress_nor_a_new_beginning() -> None:
    talk = at_the_list()
    talk.say("1", "报名")
    talk.answer(GRADUATE, "review")
    talk.say("提交")
    assert talk.say("进度").startswith("已登记")
    talk.say("重新开始")
    assert talk.at == "home.menu"


def test_after_other_dialogs_there_is_nothing_to_go_on_with() -> None:
    talk = at_the_list()
    talk.say("1", "菜单", "报名")
    talk.answer(GRADUATE, "review")
    talk.say("提交")
    assert "继续" not in [choice.value for choice in talk.says[-1].choices]


# --- by number -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["岗位7", "岗位 7", "岗位７号", "岗位编号7"])
def test_a_position_is_opened_by_the_number_that_a_page_shows(text: str) -> None:
    talk = Talk()
    talk.say(text)
    assert talk.at == "positions.position"
    assert asked(talk, "open_position") == [{"id": 7}]
    talk.say("回列表")
    assert talk.at == "positions.list"


def test_a_number_said_in_the_middle_of_the_registration_keeps_it() -> None:
    talk = Talk()
    talk.say("报名", "1", "没有", "岗位7", "菜单", "继续")
    assert talk.at == "registration.education"


@pytest.mark.parametrize(
    ("scene", "at"), [("position_7", "positions.position"), ("event_3", "positions.event")]
)
def test_a_scanned_code_opens_what_it_names(scene: str, at: str) -> None:
    talk = Talk()
    talk.send(Started(scene))
    assert talk.at == at


@pytest.mark.parametrize("text", ["岗位", "岗位12345678901", "岗位七八", "7号岗位"])
def test_other_words_with_numbers_are_no_number_of_a_position(text: str) -> None:
    talk = Talk()
    talk.say(text)
    assert asked(talk, "open_position") == []


# --- events ----------------------------------------------------------------------------------------------


def test_an_event_is_looked_at_and_signed_up_for() -> None:
    talk = Talk()
    talk.say("活动")
    assert talk.at == "positions.events"
    assert "体育中心" in talk.say("1")
    said = talk.say("报名")
    assert "报好了" in said
    assert asked(talk, "sign_up_event") == [{"id": 3}]
    assert "活动3" in said, "how to give the place back"


def test_at_the_events_only_numbers_are_understood() -> None:
    talk = Talk()
    talk.say("活动")
    assert "活动前面的数字" in talk.say("会计")
    assert "1 到 4" in talk.say(str(MOST))


def test_a_full_event_is_told_and_the_others_are_shown() -> None:
    talk = Talk()
    talk.say(f"活动{FULL}")
    assert "报满" in talk.say("报名")
    assert talk.at == "positions.events"


def test_an_event_that_is_over_leads_to_the_others() -> None:
    talk = Talk()
    assert "已经结束或取消" in talk.say(f"活动{CLOSED}")
    assert talk.at == "positions.events"
