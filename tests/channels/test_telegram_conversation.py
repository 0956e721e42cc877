"""Whole conversations over a local Telegram, by webhook and by polling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.telegram_face import (
    BROKEN,
    EDITED,
    EXPIRED,
    IN_GROUP,
    NOT_OWN_CONTACT,
    NOT_YOURS,
    NOTHING_TICKED,
    SLOW_DOWN,
)
from bot.channels.telegram_messages import DONE, SHARE_PHONE
from bot.sensitive import SensitiveForms
from bot.throttle import Throttle
from storage.database import Database
from storage.sealing import Sealer
from storage.tables import Contact, Message
from storage.tables import Person as PersonRow
from tests.channels.telegram_rig import PUBLIC, Mode, Rig, listening, parts
from tests.dialogs.talk import GRADUATE
from tests.standins.telegram import Person

PHONE = "13826001234"


@pytest.fixture(params=["webhook", "polling"])
def mode(request: pytest.FixtureRequest) -> Mode:
    way: Mode = request.param
    return way


@pytest.fixture
async def rig(sqlite_url: str, sealer: Sealer, mode: Mode) -> AsyncIterator[Rig]:
    database = Database(sqlite_url)
    async with parts(database, sealer) as made, listening(made, mode):
        yield made
        assert made.platform.problems == []
        assert BROKEN not in [sent.text for sent in made.platform.sent]
    await database.close()


async def register(rig: Rig, person: Person, until: str) -> None:
    """Register by tapping where there are buttons, up to a step."""
    if person.number not in {sent.chat_id for sent in rig.platform.sent}:
        await rig.bring(person.says("/start"))
        await rig.bring(person.taps("我要报名见习"))
    for _ in range(40):
        if (step := rig.session(person.number).step) == until:
            return
        answer = GRADUATE[step]
        labels = {label.split(" ", 1)[0]: label for label in person.last.buttons}
        if step == "phone":
            await rig.bring(person.shares_contact(f"86{answer}"))
        elif DONE in person.last.buttons and all(number in labels for number in answer.split()):
            for number in answer.split():
                await rig.bring(person.taps(labels[number]))
            await rig.bring(person.taps(DONE))
        elif answer in labels:
            await rig.bring(person.taps(labels[answer]))
        else:
            await rig.bring(person.says(answer))
    raise AssertionError(f"{until} was not reached")


async def test_a_graduate_registers_from_start_to_receipt(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "review")
    await rig.bring(person.taps("提交"))
    [row] = rig.rows(PersonRow)
    assert (row.channel, row.education, row.position_kinds, row.cities) == (
        "telegram",
        "31",
        ["2", "3"],
        ["440100", "440600"],
    )
    assert row.graduated_on == "2026-06-30"
    assert rig.session(501).step == "done"


async def test_two_people_at_once_do_not_meet(rig: Rig) -> None:
    first, second = rig.platform.person(501), rig.platform.person(502)
    await register(rig, first, "education")
    await rig.bring(second.says("/start"), first.says("大专"), second.says("报名"))
    assert (rig.session(501).step, rig.session(502).step) == ("graduated_on", "track")


async def test_messages_of_one_person_are_answered_in_their_order(rig: Rig) -> None:
    person = rig.platform.person(501)
    await rig.bring(person.says("/start"))
    await rig.bring(*(person.says(text) for text in ("报名", "1", "没有", "大专")))
    assert rig.session(501).trail == ("track", "circumstances", "education")
    assert rig.session(501).step == "graduated_on"


# --- buttons ---


async def test_a_tap_answers_and_leaves_the_answer_in_place_of_the_buttons(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "track")
    question = person.last
    tap = person.taps("高校毕业生（离校两年内没就业）")
    await rig.bring(tap)
    assert rig.session(501).answers["track"] == "graduate"
    assert question.text.endswith("✔ 1 高校毕业生（离校两年内没就业）")
    assert question.markup == {}
    assert rig.platform.answers[tap["callback_query"]["id"]] == ""


async def test_several_answers_are_ticked_unticked_and_sent_together(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "position_kinds")
    asked = person.last
    labels = [label for label in asked.buttons if label != DONE]
    for label in (labels[0], labels[1], labels[2]):
        await rig.bring(person.taps(label))
    await rig.bring(person.taps(f"✅ {labels[0]}"))
    assert [label for label in asked.buttons if label.startswith("✅")] == [f"✅ {x}" for x in labels[1:3]]
    await rig.bring(person.taps(DONE))
    assert rig.session(501).answers["position_kinds"] == ["2", "3"]


async def test_nothing_ticked_is_told_on_the_button(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "position_kinds")
    tap = person.taps(DONE)
    await rig.bring(tap)
    assert rig.platform.answers[tap["callback_query"]["id"]] == NOTHING_TICKED
    assert rig.session(501).step == "position_kinds"


async def test_an_answer_that_stands_alone_needs_one_tap(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "circumstances")
    await rig.bring(person.taps(next(label for label in person.last.buttons if label.startswith("5 "))))
    assert rig.session(501).answers["circumstances"] == ["none"]


async def test_a_stale_button_leads_back_to_the_open_question(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "track")
    old = person.last
    tap = person.taps("16—24岁失业青年", old)
    await rig.bring(person.says("1"))
    await rig.bring(tap)
    assert rig.session(501).answers["track"] == "graduate"
    assert rig.turns.catalogue.common["stale"] in rig.platform.texts(501)
    assert "✔" not in old.text


async def test_the_hardship_answer_is_not_shown_again(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "hardship")
    question = person.last
    await rig.bring(person.taps(next(label for label in question.buttons if label.startswith("1 "))))
    assert rig.session(501).step == "position_kinds"
    assert question.markup == {}
    assert "✔" not in question.text


async def test_another_persons_button_reaches_no_dialog(rig: Rig) -> None:
    owner, thief = rig.platform.person(501), rig.platform.person(666)
    await register(rig, owner, "track")
    await register(rig, thief, "track")
    data = owner.last.buttons["1 高校毕业生（离校两年内没就业）"]
    forged = thief.taps_data(data, thief.last)
    forwarded = thief.taps_data(data, owner.last)
    await rig.bring(forged, forwarded)
    assert rig.platform.answers[forged["callback_query"]["id"]] == EXPIRED
    assert rig.platform.answers[forwarded["callback_query"]["id"]] == NOT_YOURS
    assert (rig.session(501).step, rig.session(666).step) == ("track", "track")


@pytest.mark.parametrize("data", ["", "x", "1", "registration:track:1", "\u2713" * 20, "A" * 64])
async def test_made_up_button_data_reaches_no_dialog(rig: Rig, data: str) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "track")
    before = len(rig.rows(Message))
    tap = person.taps_data(data, person.last)
    await rig.bring(tap)
    assert rig.platform.answers[tap["callback_query"]["id"]] == EXPIRED
    assert len(rig.rows(Message)) == before


# --- the phone number ---


async def test_the_phone_question_offers_ones_own_number_and_takes_the_offer_back(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "phone")
    assert person.last.markup["keyboard"] == [[{"text": SHARE_PHONE, "request_contact": True}]]
    await rig.bring(person.shares_contact(f"+86{PHONE}"))
    assert rig.session(501).answers["phone"] == PHONE
    assert person.last.markup == {"remove_keyboard": True}


async def test_somebody_elses_contact_is_refused(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "phone")
    await rig.bring(person.shares_contact(PHONE, owner=777))
    assert person.last.text == NOT_OWN_CONTACT
    assert "phone" not in rig.session(501).answers


async def test_where_a_form_asks_the_chat_shows_its_link_and_hears_no_name(rig: Rig) -> None:
    rig.turns.forms = SensitiveForms(PUBLIC)
    rig.channel.composer.contact_button = False
    person = rig.platform.person(501)
    await register(rig, person, "name")
    [url] = person.last.links.values()
    assert url.startswith(f"{PUBLIC}/f/")
    await rig.bring(person.says("梁小凤"), person.shares_contact(PHONE))
    assert rig.session(501).step == "name"
    assert "phone" not in rig.session(501).answers


# --- other kinds of messages ---


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        ({"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]}, "shared.image"),
        ({"voice": {"file_id": "a", "file_unique_id": "b", "duration": 1}}, "shared.voice"),
        ({"location": {"latitude": 23.1, "longitude": 113.3}}, "shared.location"),
        ({"document": {"file_id": "a", "file_unique_id": "b"}}, "shared.other"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "shared.other"),
    ],
)
async def test_what_is_no_text_is_kindly_refused(rig: Rig, content: dict[str, Any], refusal: str) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "education")
    await rig.bring(person.shares(**content))
    assert person.last.text == rig.turns.catalogue.rejected[refusal]


async def test_an_edited_message_is_taken_anew_with_a_note(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "education")
    await rig.bring(person.edits("本科"))
    assert EDITED in rig.platform.texts(501)
    assert rig.session(501).answers["education"] == "21"


async def test_a_moving_location_is_ignored(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "education")
    said = len(rig.platform.sent)
    moved = person.message(location={"latitude": 23.1, "longitude": 113.3, "live_period": 600}, edit_date=1)
    await rig.bring(rig.platform.update("edited_message", moved))
    assert len(rig.platform.sent) == said


async def test_a_start_link_tells_where_a_person_comes_from(rig: Rig) -> None:
    person = rig.platform.person(501)
    await rig.bring(person.says("/start poster-GZ_01"))
    assert [row.source for row in rig.rows(Contact)] == ["poster-GZ_01"]


async def test_a_group_is_told_once_a_day_and_nothing_is_stored(rig: Rig) -> None:
    person, group = rig.platform.person(501), rig.platform.group()
    await rig.bring(person.says_in(group, "报名"), person.says_in(group, "440106200305084367"))
    assert rig.platform.texts(group) == [IN_GROUP]
    rig.time.now += 86_400
    await rig.bring(person.says_in(group, "/start@jianxi_test_bot"))
    assert rig.platform.texts(group) == [IN_GROUP, IN_GROUP]
    assert (rig.rows(Contact), rig.rows(Message)) == ([], [])


async def test_posts_and_services_are_ignored(rig: Rig) -> None:
    person = rig.platform.person(501)
    channel = {"id": -100555, "type": "channel", "title": "c"}
    post = {"message_id": 5, "date": 1, "chat": channel, "text": "报名"}
    await rig.bring(
        rig.platform.update("channel_post", post),
        rig.platform.update("poll", {"id": "1"}),
        person.shares(new_chat_title="x"),
    )
    assert rig.platform.sent == []
    assert rig.rows(Contact) == []


# --- reachability ---


async def test_blocking_and_unblocking_are_remembered(rig: Rig) -> None:
    person = rig.platform.person(501)
    await rig.bring(person.says("/start"))
    await rig.bring(person.changes_membership("kicked"))
    assert [row.reachable for row in rig.rows(Contact)] == [False]
    await rig.bring(person.changes_membership("member"))
    assert [row.reachable for row in rig.rows(Contact)] == [True]


async def test_start_makes_a_lost_person_reachable_again(rig: Rig) -> None:
    person = rig.platform.person(501)
    await rig.bring(person.says("/start"))
    rig.platform.blocked.add(501)
    await rig.bring(person.says("报名"))  # the answer meets the block
    assert [row.reachable for row in rig.rows(Contact)] == [False]
    rig.platform.blocked.clear()
    await rig.bring(person.says("/start"))
    assert [row.reachable for row in rig.rows(Contact)] == [True]


async def test_a_blocked_stranger_who_unblocks_is_no_contact(rig: Rig) -> None:
    await rig.bring(rig.platform.person(501).changes_membership("member"))
    assert rig.rows(Contact) == []


# --- repeats and haste ---


async def test_a_repeated_update_changes_and_says_nothing(rig: Rig) -> None:
    person = rig.platform.person(501)
    await register(rig, person, "education")
    update = person.says("大专")
    await rig.bring(update)
    said = list(rig.platform.sent)
    await rig.bring(update)
    assert rig.platform.sent == said
    assert rig.session(501).step == "graduated_on"


async def test_whoever_floods_is_asked_once_to_slow_down(sqlite_url: str, sealer: Sealer, mode: Mode) -> None:
    database = Database(sqlite_url)
    throttle = Throttle(burst=2, per_second=0.001)
    async with parts(database, sealer, throttle=throttle) as rig, listening(rig, mode):
        person = rig.platform.person(501)
        await rig.bring(*(person.says(text) for text in ("/start", "报名", "1", "没有", "大专")))
        assert rig.platform.texts(501).count(SLOW_DOWN) == 1
        assert rig.session(501).step == "track"
    await database.close()
