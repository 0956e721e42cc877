"""From Telegram's updates to what they mean here."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_updates import Heard, InGroup, NotTheirs, Reachability, Tapped, checked, read
from dialogs.model import Event, Said, Shared, Started

ME = {"id": 501, "is_bot": False, "first_name": "小凤"}
BOT = {"id": 9, "is_bot": True, "first_name": "见习通"}
PRIVATE = {"id": 501, "type": "private"}
GROUP = {"id": -100501, "type": "supergroup", "title": "群"}
FILE = {"file_id": "a", "file_unique_id": "b"}
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def message(**content: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a message
    return {"message_id": 1, "date": 1, "chat": PRIVATE, "from": ME, **content}


def meaning(kind: str, content: dict[str, Any]) -> Any:  # noqa: ANN401 - any meaning
    return read(checked({"update_id": 7, kind: content}))


@pytest.mark.parametrize(
    ("content", "event"),
    [
        ({"text": "报名"}, Said("报名")),
        ({"text": " 1 "}, Said(" 1 ")),
        ({"text": "/start"}, Started("")),
        ({"text": "/start gz_2026-A"}, Started("gz_2026-A")),
        ({"text": "/start 坏的 负载"}, Started("")),
        ({"text": "/start " + "x" * 65}, Started("")),
        ({"text": "/START@jianxi_bot gz"}, Started("gz")),
        ({"text": "/menu"}, Said("菜单")),
        ({"text": "/help@jianxi_bot"}, Said("帮助")),
        ({"text": "/stop now"}, Said("退订")),
        ({"text": "/unknown"}, Said("/unknown")),
        ({"text": "/"}, Said("/")),
        ({"photo": [{**FILE, "width": 1, "height": 1}]}, Shared("image", "")),
        ({"photo": [{**FILE, "width": 1, "height": 1}], "caption": "大专"}, Shared("image", "大专")),
        ({"voice": {**FILE, "duration": 1}}, Shared("voice", "")),
        ({"audio": {**FILE, "duration": 1}}, Shared("voice", "")),
        ({"video": {**FILE, "width": 1, "height": 1, "duration": 1}}, Shared("video", "")),
        ({"video_note": {**FILE, "length": 1, "duration": 1}}, Shared("video", "")),
        (
            {"animation": {**FILE, "width": 1, "height": 1, "duration": 1}, "document": FILE},
            Shared("video", ""),
        ),
        ({"document": FILE}, Shared("file", "")),
        (
            {
                "sticker": {
                    **FILE,
                    "type": "regular",
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                }
            },
            Shared("sticker", ""),
        ),
        ({"location": {"latitude": 23.1, "longitude": 113.3}}, Shared("location", "")),
        ({"dice": {"emoji": "🎲", "value": 3}}, Shared("other", "")),
        ({"contact": {"phone_number": "138", "first_name": "x", "user_id": 501}}, Said("138")),
    ],
)
def test_what_a_person_sends_is_an_event(content: dict[str, Any], event: Event) -> None:
    found = meaning("message", message(**content))
    assert isinstance(found, Heard)
    assert (found.incoming.event, found.edited) == (event, False)
    assert found.incoming[:3] == ("telegram", "501", "u7")


@pytest.mark.parametrize(
    ("payload", "source"), [("", None), (" gz", "gz"), (" 坏", None), (" " + "x" * 65, None)]
)
def test_a_start_payload_is_the_source(payload: str, source: str | None) -> None:
    assert meaning("message", message(text=f"/start{payload}")).incoming.source == source


@pytest.mark.parametrize(
    "contact",
    [
        {"phone_number": "13826001234", "first_name": "x", "user_id": 777},
        {"phone_number": "13826001234", "first_name": "x"},
    ],
)
def test_a_contact_that_is_not_the_senders_is_known_as_such(contact: dict[str, Any]) -> None:
    assert meaning("message", message(contact=contact)) == NotTheirs("501")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("message", message(text="x", **{"from": BOT})),
        ("message", message(new_chat_title="x")),
        ("message", {key: value for key, value in message(text="x").items() if key != "from"}),
        ("edited_message", message(location={"latitude": 1.0, "longitude": 1.0})),
        ("edited_message", message(text="x", chat=GROUP)),
        ("message", message(chat=GROUP, group_chat_created=True)),
        ("channel_post", message(text="x")),
        ("poll_answer", {"anything": "else"}),
        ("a_kind_of_next_year", {"anything": "else"}),
    ],
)
def test_what_is_not_for_us_means_nothing(kind: str, content: dict[str, Any]) -> None:
    assert meaning(kind, content) is None


def test_an_edited_text_is_a_text_of_its_own() -> None:
    found = meaning("edited_message", message(text="本科", edit_date=2))
    assert (found.incoming.event, found.edited) == (Said("本科"), True)


def test_speaking_in_a_group_is_no_turn() -> None:
    assert meaning("message", message(chat=GROUP, text="报名")) == InGroup(-100501)


@pytest.mark.parametrize(
    ("chat", "status", "expected"),
    [
        (PRIVATE, "kicked", Reachability("501", False)),
        (PRIVATE, "member", Reachability("501", True)),
        (GROUP, "member", InGroup(-100501)),
        (GROUP, "left", None),
        ({"id": -1, "type": "channel", "title": "c"}, "member", None),
    ],
)
def test_membership_tells_who_can_be_reached(chat: dict[str, Any], status: str, expected: Any) -> None:  # noqa: ANN401
    until = {"until_date": 0} if status == "kicked" else {}
    member = {"user": BOT, "status": "member"}
    content = {
        "chat": chat,
        "from": ME,
        "date": 1,
        "old_chat_member": member,
        "new_chat_member": {"user": BOT, "status": status, **until},
    }
    assert meaning("my_chat_member", content) == expected


def test_a_tap_knows_whose_chat_it_was_in() -> None:
    asked = {"message_id": 3, "date": 1, "chat": PRIVATE, "from": BOT, "text": "问"}
    query = {"id": "q", "from": ME, "chat_instance": "1", "data": "d", "message": asked}
    found = meaning("callback_query", query)
    assert found == Tapped("q", "501", 3, "d", True, "问", None)
    other = {**query, "message": {**asked, "chat": {"id": 777, "type": "private"}}}
    assert not meaning("callback_query", other).own
    gone = {**query, "message": {"message_id": 3, "date": 0, "chat": PRIVATE}}
    assert meaning("callback_query", gone) == Tapped("q", "501", 3, "d", True, "", None)
    assert not meaning("callback_query", {**query, "message": None}).own


@given(JSON, JSON, JSON)
def test_no_json_breaks_reading(top: Any, content: Any, inner: Any) -> None:  # noqa: ANN401 - JSON of any shape
    for data in (
        top,
        {"update_id": 7, "message": content},
        {"update_id": 7, "callback_query": content},
        {"update_id": 7, "my_chat_member": content},
        {"update_id": 7, "message": message(text=content)},
        {"update_id": 7, "message": message(contact=content, chat=inner)},
        {"update_id": 7, "message": message(photo=content, reply_to_message=inner)},
    ):
        with suppress(ValueError):  # the one way in which it may be refused
            read(checked(data))
