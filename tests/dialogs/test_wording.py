"""What is said in return, in the moments where a wrong word would blame, nudge or mislead."""

from __future__ import annotations

import pytest

from tests.dialogs.talk import GRADUATE, YOUTH, Talk


@pytest.mark.parametrize(
    ("step", "text", "said"),
    [
        ("circumstances", "5 1", "您选了“都没有”，又选了别的"),
        ("education", "研究生在读", "已经拿到毕业证的最高学历"),
        ("graduated_on", "还没毕业", "拿到后再来报名"),
        ("graduated_on", "忘了", "例如“2025年6月”"),
        ("consent", "我考虑一下", "同意回复1，不同意回复2"),
        ("name", "我姓林", "请写全姓名"),
        ("id_number", "护照E12345678", "护照不能用来报名"),
        ("phone", "00000000000", "这不像手机号"),
        ("major", "没有专业", "请写具体名称"),
        ("skill_level", "英语四级", "英语四六级、驾照不算"),
        ("hardship", "16", "没有 16 这个编号。请回复 1 到 15"),
        ("available_from", "过年后", "例如“12月8日”或“下个月”；说不准就写“随时”"),
        ("available_from", "农历十二月", "例如“12月8日”"),
        ("push_consent", "看情况", "要就回复1，不要就回复2"),
        ("review", "0", "没有 0 这个编号。请回复 1 到 16"),
        ("review", "17", "没有这个编号。请回复 1 到 16"),
        ("review", "3 13800009999", "没有这个编号。请回复 1 到 16"),
        ("review", "不对", "要改哪一项"),
        ("review", "改", "要改哪一项"),
        ("review", "先不提交", "先不提交就回复“取消”"),
    ],
)
def test_a_refused_answer_gets_the_reason_that_fits_the_question(step: str, text: str, said: str) -> None:
    talk = Talk().register(until=step)
    assert said in talk.say(text)
    assert talk.step == step


def test_the_review_counts_sixteen_items() -> None:
    assert "16. " in Talk().register().text
    assert "17. " not in Talk().register().text


def test_what_the_first_questions_are_for_is_said_once() -> None:
    talk = Talk()
    assert "先看看您能不能报" in talk.say("报名")
    assert talk.say("1", "返回") == "您是哪一种情况？"
    talk = Talk().register()
    assert talk.say("5") == "您是哪一种情况？"


def test_a_graduate_is_told_why_a_birth_date_is_asked_and_a_youth_needs_no_reason() -> None:
    late = Talk().register(
        {**YOUTH, "track": "1", "education": "大专", "graduated_on": "2020年6月"}, "birth_date"
    )
    assert late.text.startswith("毕业证满两年了，再看看能不能按失业青年报：")
    assert Talk().register(YOUTH, "birth_date").text.startswith("您的出生日期？")
    edited = Talk().register(YOUTH)
    number = next(line for line in edited.text.splitlines() if "出生日期" in line).split(".")[0]
    assert edited.say(number).startswith("您的出生日期？")


def test_what_a_clerk_must_look_up_is_named() -> None:
    asked = Talk().register({**YOUTH, "unemployment_registered": "不清楚"}, "consent").text
    assert asked.startswith("您可以先报名，失业登记要等工作人员核实。")


def test_the_last_day_is_said_to_count() -> None:
    asked = Talk().register({**GRADUATE, "graduated_on": "2024年11月24日"}, "consent").text
    assert "2026年11月24日之前（含当天）都可以参加" in asked


def test_a_minor_is_not_told_that_something_was_dropped_that_was_never_asked() -> None:
    told = Talk().register({**YOUTH, "birth_date": "2012年3月4日"}, "not_eligible").text
    assert "没有保存" not in told
    assert "满16周岁后欢迎再来" in told


def test_somebody_who_withdrew_is_not_told_to_be_registered() -> None:
    talk = Talk().register()
    talk.say("提交", "我的信息", "5", "2")
    assert talk.base.verbs()[-1] == "withdraw"
    assert "您的报名信息还在" in talk.say("报名")


def test_a_way_on_is_offered_when_everything_was_deleted() -> None:
    talk = Talk().register()
    talk.say("提交", "删除我的信息", "2")
    assert talk.base.verbs()[-1] == "erase"
    assert [choice.value for choice in talk.says[-1].choices] == ["菜单"]
    talk.say("菜单")
    assert talk.at == "home.menu"


def test_looking_for_work_leads_to_the_registration_and_a_topic_does_not() -> None:
    talk = Talk()
    talk.say("我想找工作")
    assert talk.at == "registration.track"
    talk = Talk()
    talk.say("报名人数")
    assert talk.at == "home.menu"
