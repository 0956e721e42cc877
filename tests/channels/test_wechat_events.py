"""What each kind of message and event means, and the menu that gives taps their words."""

import pytest

from bot.channels.wechat_events import Consents, Left, Meaning, Opens, Outcome, Turn, meaning
from bot.channels.wechat_menu import BadMenu, load_menu, read_menu
from bot.channels.wechat_wire import Inbound
from bot.texts import catalogue
from dialogs.model import Said, Shared, Started
from dialogs.parse.folding import fold
from notifications.allowance import Kind

MENU = load_menu()


def of(kind: str, items: tuple[dict[str, str], ...] = (), /, **fields: str) -> Meaning:
    return meaning(Inbound("gh", "o1", 1790000000, kind, "", fields, items), MENU)


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("text", {"Content": "报名"}, Turn(Said("报名"), "报名", Kind.MESSAGE)),
        ("text", {}, Turn(Said(""), "", Kind.MESSAGE)),
        ("text", {"Content": "1. 同意", "bizmsgmenuid": "1"}, Turn(Said("1. 同意"), "1. 同意", Kind.MENU)),
        ("text", {"Content": "长" * 9000}, Turn(Said("长" * 4000), "长" * 4000, Kind.MESSAGE)),
        ("voice", {"Recognition": "我要报名"}, Turn(Shared("voice", "我要报名"), "我要报名", Kind.MESSAGE)),
        ("voice", {}, Turn(Shared("voice"), "", Kind.MESSAGE)),
        ("image", {"PicUrl": "http://x"}, Turn(Shared("image"), "", Kind.MESSAGE)),
        ("video", {}, Turn(Shared("video"), "", Kind.MESSAGE)),
        ("shortvideo", {}, Turn(Shared("video"), "", Kind.MESSAGE)),
        ("link", {"Title": "t"}, Turn(Shared("link"), "", Kind.MESSAGE)),
        (
            "location",
            {"Label": "广州市天河区"},
            Turn(Shared("location", "广州市天河区"), "广州市天河区", Kind.MESSAGE),
        ),
        ("hologram", {}, None),
        ("event", {"Event": "subscribe"}, Turn(Started(), "", Kind.FOLLOW)),
        (
            "event",
            {"Event": "subscribe", "EventKey": "qrscene_poster-7"},
            Turn(Started("poster-7"), "", Kind.FOLLOW, "poster-7"),
        ),
        ("event", {"Event": "subscribe", "EventKey": "last_trade_no_1"}, Turn(Started(), "", Kind.FOLLOW)),
        (
            "event",
            {"Event": "SCAN", "EventKey": "poster-7"},
            Turn(Started("poster-7"), "", Kind.SCAN, "poster-7"),
        ),
        ("event", {"Event": "unsubscribe"}, Left()),
        ("event", {"Event": "CLICK", "EventKey": "register"}, Turn(Said("报名"), "报名", Kind.MENU)),
        ("event", {"Event": "CLICK", "EventKey": "gone"}, Turn(Said("菜单"), "菜单", Kind.MENU)),
        ("event", {"Event": "VIEW", "EventKey": "https://x"}, None),
        ("event", {"Event": "LOCATION", "Latitude": "23"}, None),
        ("event", {"Event": "scancode_push"}, Opens(Kind.MENU)),
        ("event", {"Event": "of_tomorrow"}, None),
        (
            "event",
            {"Event": "TEMPLATESENDJOBFINISH", "MsgID": "9", "Status": "success"},
            Outcome("template", "9", "success", True),
        ),
        (
            "event",
            {"Event": "TEMPLATESENDJOBFINISH", "MsgID": "9", "Status": "failed:user block"},
            Outcome("template", "9", "failed:user block", False),
        ),
        (
            "event",
            {"Event": "MASSSENDJOBFINISH", "MsgID": "9", "Status": "send success"},
            Outcome("mass", "9", "send success", True),
        ),
        (
            "event",
            {"Event": "MASSSENDJOBFINISH", "MsgID": "9", "Status": "err(10001)"},
            Outcome("mass", "9", "err(10001)", False),
        ),
    ],
)
def test_meanings(kind: str, fields: dict[str, str], expected: Meaning) -> None:
    assert of(kind, (), **fields) == expected


def test_notices_allowed_and_refused_are_told_by_template() -> None:
    items = (
        {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "1"},
        {"TemplateId": "T2", "SubscribeStatusString": "reject"},
        {"something": "else"},
    )
    assert of("event", items, Event="subscribe_msg_popup_event") == Consents((("T1", True), ("T2", False)))
    assert of("event", items, Event="subscribe_msg_change_event") == Consents((("T2", False),))
    assert of("event", (), Event="subscribe_msg_popup_event") is None


def test_a_sent_notice_tells_its_outcome() -> None:
    sent = {"TemplateId": "T", "MsgID": "5", "ErrorCode": "0", "ErrorStatus": "success"}
    assert of("event", (sent,), Event="subscribe_msg_sent_event") == Outcome(
        "subscription", "5", "success", True
    )
    refused = {**sent, "ErrorCode": "43101", "ErrorStatus": "refuse"}
    assert of("event", (refused,), Event="subscribe_msg_sent_event") == Outcome(
        "subscription", "5", "refuse", False
    )


# --- the menu ---


def test_every_entry_of_the_menu_says_something_that_is_understood_anywhere() -> None:
    for says in MENU.words.values():
        assert fold(says) in catalogue().commands or says == "问政策", says


def test_a_page_of_ours_is_left_out_without_a_public_address() -> None:
    text = (
        '[[button]]\nname = "岗位"\nurl = "/positions"\n[[button]]\nname = "报名"\nkey = "r"\nsays = "报名"\n'
    )
    assert [button["name"] for button in read_menu(text).buttons] == ["报名"]
    first = read_menu(text, "https://x.cn").buttons[0]
    assert first == {"type": "view", "name": "岗位", "url": "https://x.cn/positions"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1 到 3 个按钮"),
        ('[[button]]\nname = "一"\nsays = "菜单"\n', "key 要有"),
        ('[[button]]\nname = "一"\nkey = "k"\n', "二者选一"),
        ('[[button]]\nname = "一二三四五六"\nkey = "k"\nsays = "菜单"\n', "不超过 16 个字节"),
        ('[[button]]\nname = "一"\nitem = []\n', "1 到 5 项"),
        (
            '[[button]]\nname = "一"\nkey = "k"\nsays = "a"\n[[button]]\nname = "二"\nkey = "k"\nsays = "b"\n',
            "不重复",
        ),
        ('[[button]]\nname = "一"\nurl = "https://x/' + "x" * 1100 + '"\n', "1024"),
    ],
)
def test_a_menu_that_the_platform_would_refuse_is_refused_here(text: str, fault: str) -> None:
    with pytest.raises(BadMenu, match=fault):
        read_menu(text)
