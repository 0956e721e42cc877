"""The host application: purpose and consent first, particulars that are understood, one look, and where it stands."""

from __future__ import annotations

import pytest

from bot.texts import catalogue
from dialogs.errors import Rejected
from dialogs.host_application import ITEMS
from dialogs.parse.business import city_and_district, host_name, inside_province, uscc
from policy.ledger_codes import HostKind
from tests.dialogs.host_base import TOLD, TOO_MANY
from tests.dialogs.talk import NOW, Talk

TODAY = NOW.date()


def told(talk: Talk, until: str = "review") -> Talk:
    """Tell everything up to a step."""
    if talk.session.dialog != "host_application":
        talk.say("单位申报")
    for _ in range(20):
        if talk.step == until:
            return talk
        talk.say({"consent": "同意", **{step: ways[0] for step, ways in TOLD.items()}}[talk.step])
    raise AssertionError(f"{until} was not reached, stands at {talk.at}")


@pytest.mark.parametrize("word", ["单位申报", "我是单位", "申请见习单位", "我是单位，要申报"])
def test_a_unit_says_what_it_is_and_the_application_begins(word: str) -> None:
    talk = Talk()
    talk.say(word)
    assert talk.at == "host_application.consent"
    assert "用来做什么" in talk.text


def test_nothing_is_kept_of_who_declines() -> None:
    talk = Talk()
    talk.say("单位申报", "不同意")
    assert talk.session.dialog == "home"
    assert talk.base.verbs() == ["host_applications"]


def test_consent_is_recorded_with_its_version() -> None:
    talk = Talk()
    talk.say("单位申报", "同意")
    assert talk.base.saved[-1] == (
        "record_consent",
        {"kind": "host_application", "given": True, "version": "2026-11"},
    )


def test_everything_is_told_reviewed_masked_and_submitted() -> None:
    talk = told(Talk())
    assert "广州市天河区" in talk.text
    assert "李*" in talk.text
    assert "138****1234" in talk.text
    assert "13826001234" not in talk.text
    assert "000009" in talk.say("提交")
    assert talk.at == "host_application.submitted"
    verb, data = talk.base.saved[-1]
    assert (verb, set(data)) == ("apply_for_host", set(ITEMS))
    assert data["host_kind"] == HostKind.SMALL_MEDIUM
    assert talk.answers == {}


def test_an_item_is_mended_at_the_review() -> None:
    talk = told(Talk())
    talk.say("改地址", "天河路2号")
    assert talk.at == "host_application.review"
    assert "天河路2号" in talk.text


def test_what_cannot_be_taken_is_said() -> None:
    talk = told(Talk(), "wanted")
    assert "请等有了结果再报" in talk.say(TOO_MANY, "提交")


def test_who_has_applied_before_reads_where_it_stands() -> None:
    talk = Talk()
    talk.base.applied_as_host = True
    said = talk.say("单位申报")
    assert "编号 000003（91440101MA5AB1234M）：待审核" in said
    assert talk.at == "host_application.next"
    talk.say("帮助")
    assert talk.at == "host_application.next"
    assert "待审核" in talk.say("单位申报")
    talk.say("再报一次，或报另一家")
    assert talk.at == "host_application.consent"


def test_a_look_at_where_it_stands_leaves_nothing_half_way() -> None:
    talk = Talk()
    talk.base.applied_as_host = True
    talk.say("单位申报", "菜单", "继续")
    assert talk.at == "home.menu"


def test_it_is_heard_in_the_middle_of_a_registration_and_both_go_on() -> None:
    talk = Talk()
    talk.say("报名", "1", "没有")
    talk.say("单位申报", "同意")
    assert talk.at == "host_application.uscc"
    talk.say("报名")
    assert talk.at == "registration.education"
    talk.say("单位申报")
    assert talk.at == "host_application.uscc"


def test_contact_people_are_kept_out_of_every_log() -> None:
    nodes = catalogue().dialog("host_application").nodes
    assert {name for name, node in nodes.items() if node.sensitive} == {"contact_name", "contact_phone"}


def test_every_kind_of_host_can_be_chosen_by_its_label() -> None:
    for kind in HostKind:
        talk = told(Talk(), "host_kind")
        talk.say(kind.label)
        assert talk.answers["host_kind"] == kind


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("不知道", "uscc.unknown"),
        ("营业执照上的", "uscc.unknown"),
        ("91440101MA5AB1234X", "uscc.wrong"),
        ("9144", "uscc.wrong"),
    ],
)
def test_a_wrong_code_is_answered_with_the_reason(text: str, key: str) -> None:
    with pytest.raises(Rejected) as rejected:
        uscc(text, TODAY)
    assert rejected.value.key == key


@pytest.mark.parametrize(
    "text",
    [
        "91440101MA5AB1234M",
        "我们的代码是9144 0101 MA5A B123 4m，谢谢",
        "统一社会信用代码：９１４４０１０１ＭＡ５ＡＢ１２３４Ｍ",
    ],
)
def test_a_code_is_found_in_what_was_written(text: str) -> None:
    assert uscc(text, TODAY) == "91440101MA5AB1234M"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我们叫广州晨光会计师事务所有限公司", "广州晨光会计师事务所有限公司"),
        ("单位名称：中山大学附属第一医院。", "中山大学附属第一医院"),
        ("我爱我家房地产经纪有限公司", "我爱我家房地产经纪有限公司"),
        ("为民科技有限公司", "为民科技有限公司"),
    ],
)
def test_a_name_is_kept_as_written_without_a_lead_in(text: str, name: str) -> None:
    assert host_name(text, TODAY) == name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("123", "text.no_words"),
        ("不知道", "text.not_an_answer"),
        ("我是单位", "text.too_short"),
        ("长" * 61, "text.too_long"),
    ],
)
def test_what_is_no_name_is_asked_again(text: str, key: str) -> None:
    with pytest.raises(Rejected) as rejected:
        host_name(text, TODAY)
    assert rejected.value.key == key


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("广州天河", ("440100", "440106")),
        ("广州市天河区石牌街道", ("440100", "440106")),
        ("东莞虎门", ("441900", "虎门镇")),
        ("中山", ("442000", "")),
    ],
)
def test_a_place_is_city_and_district(text: str, place: tuple[str, str]) -> None:
    assert city_and_district(inside_province(text, TODAY)) == place


def test_a_unit_from_elsewhere_is_told_so() -> None:
    talk = told(Talk(), "place")
    assert "广东省内" in talk.say("湖南长沙")
    assert talk.at == "host_application.place"
