"""The internship dialog over a fake base: what is asked of it, and where each answer leads."""

from __future__ import annotations

import pytest

from dialogs.internship import RESULTS, chinese_day
from dialogs.model import View
from policy.ledger_codes import Result, Stage
from tests.dialogs.internship_base import MINE
from tests.dialogs.talk import NOW, Talk


@pytest.fixture
def talk() -> Talk:
    """Somebody with an internship, at its menu."""
    talk = Talk()
    talk.base.registered = True
    talk.say("菜单", "我的见习")
    assert talk.at == "internship.menu"
    return talk


def test_whoever_has_none_is_shown_the_way_to_positions() -> None:
    talk = Talk()
    talk.say("我的见习")
    assert talk.at == "internship.nothing"
    talk.say("看岗位")
    assert talk.session.dialog == "positions"


def test_it_tells_host_days_stipend_mentor_and_what_comes_next(talk: Talk) -> None:
    talk.say("再看一遍")
    for words in (
        *("【12】第1机电有限公司·会计助理：在岗", "2026年7月1日 至 2026年12月31日", "每月补贴 2300 元"),
        *("每月 15 日前", "李老师", "下一步"),
    ):
        assert words in talk.text


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_its_sentence(stage: Stage, talk: Talk) -> None:
    lines = talk.catalogue.dialog("internship").node("overview").step
    assert lines.show is not None
    shown = {**MINE, "stage": str(stage), "stage_label": stage.label}
    told = lines.show(View({"_mine": [shown]}, NOW.date(), True))["mine"]
    assert stage.label in told
    assert len(told.splitlines()) == 5


@pytest.mark.parametrize(
    ("words", "verb", "end"),
    [
        ("我已到岗", "report_arrival", "arrival_noted"),
        ("要见习证明", "ask_certificate", "certificate_noted"),
    ],
)
def test_what_staff_must_do_becomes_a_case_with_its_number(
    talk: Talk, words: str, verb: str, end: str
) -> None:
    talk.say(words)
    assert (talk.step, talk.base.verbs()[-1]) == (end, verb)
    assert "编号 00000" in talk.text


@pytest.mark.parametrize("text", ["12", "编号12", "【12】", "１２", "12号"])
def test_the_number_of_an_application_is_understood(talk: Talk, text: str) -> None:
    talk.say("撤回", text)
    assert talk.base.saved[-1] == ("withdraw_application", {"number": 12})
    assert talk.step == "withdrawn"


@pytest.mark.parametrize("text", ["会计", "1234567890123"])
def test_what_is_no_number_is_asked_again(talk: Talk, text: str) -> None:
    talk.say("撤回", text)
    assert talk.step == "which"
    assert "请回复要撤回的报名编号" in talk.text


def test_a_problem_goes_to_staff_in_the_persons_own_words(talk: Talk) -> None:
    talk.say("没发钱", "补贴没发", "10月的补贴没发")
    told = {"problem": "stipend_unpaid", "note": "10月的补贴没发"}
    assert talk.base.saved[-1] == ("report_problem", told)
    assert talk.step == "problem_noted"
    assert talk.answers == {}


def test_the_second_problem_is_asked_about_anew(talk: Talk) -> None:
    talk.say("反映问题", "2", "没有安全帽", "我的见习", "反映问题")
    assert talk.step == "problem"


@pytest.mark.parametrize("number", range(1, len(RESULTS) + 1))
def test_every_result_is_told_as_the_ledger_knows_it(talk: Talk, number: int) -> None:
    talk.say("告诉我们去向", str(number))
    [verb, data] = talk.base.saved[-1]
    assert (verb, Result(data["result"])) == ("tell_result", Result(RESULTS[number - 1]))
    assert talk.step == "result_noted"


@pytest.mark.parametrize("words", [("告诉我们去向", "先不说"), ("反映问题", "没事"), ("撤回", "返回")])
def test_every_question_can_be_left(talk: Talk, words: tuple[str, ...]) -> None:
    talk.say(*words)
    assert talk.at == "internship.menu"


def test_days_are_written_as_people_write_them() -> None:
    assert chinese_day("2026-07-01") == "2026年7月1日"
