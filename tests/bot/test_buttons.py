"""Buttons over the web API: a pressed choice names the question it was shown for, and old ones answer no other."""

from typing import Any

import orjson
import pytest

from bot.turns import HIDDEN, Incoming, Turns
from dialogs.model import Chose
from tests.bot.test_events import stream
from tests.journeys.applicants import graduate
from tests.talking import Client, Clock, Person, error_in, next_id, take

MESSAGES = "/api/chat/messages"
STALE = "这个按钮是前面那一题的"


async def press(person: Person, answer: dict[str, Any], value: str, **other: str) -> dict[str, Any]:
    """Press a button of an answer, whether or not more was said since."""
    body = {"text": value, "message_id": next_id(), "dialog": answer["dialog"], "step": answer["step"]}
    async with person.client.post(MESSAGES, json=body | other, headers=person.headers) as response:
        assert response.status == 200
        found: dict[str, Any] = await response.json()
        return found


async def chosen(turns: Turns, dialog: str, step: str, value: str, *, address: str) -> dict[str, Any]:
    """The same below HTTP."""
    event = Chose(dialog, step, value)
    reply = await turns.take(Incoming("web", address, next_id(), event, value))
    found: dict[str, Any] = orjson.loads(reply.body)
    return found


async def test_an_old_button_answers_no_other_question(client: Client) -> None:
    person = Person(client)
    track = await person.say("我要报名")
    circumstances = await person.say("2")
    answer = await press(person, track, "1")
    assert STALE in answer["replies"][0]["text"]
    assert answer["replies"][-1] == circumstances["replies"][-1], "the open question is put again"
    assert (answer["step"], answer["progress"]) == (circumstances["step"], circumstances["progress"])
    again = await person.say("1")
    assert again["step"] != "circumstances", "a typed 1 still means the open question"


async def test_a_button_of_a_dialog_that_is_none_is_an_old_one(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    answer = await press(person, {"dialog": "lottery", "step": "draw"}, "7")
    assert STALE in answer["replies"][0]["text"]
    assert answer["step"] == "track"


async def test_a_button_of_the_open_question_is_as_good_as_its_value_typed(
    turns: Turns, clock: Clock
) -> None:
    """From the menu through every question and the buttons of the end."""
    place = ("home", "menu")
    for word in (*graduate(clock().date()).words, "我的信息"):
        typed = await take(turns, word, address="typing")
        pressed = await chosen(turns, *place, word, address="pressing")
        if pressed["step"] == "done":  # each has a receipt number of his or her own
            assert typed["step"] == "done"
        else:
            assert pressed == typed
        place = (pressed["dialog"], pressed["step"])
    assert place[0] == "preferences"


@pytest.mark.parametrize(
    "place",
    [
        {"dialog": "registration"},
        {"step": "track"},
        {"dialog": "registration", "step": None},
        {"dialog": "registration", "step": 1},
        {"dialog": ["registration"], "step": "track"},
        {"dialog": {}, "step": {}},
        {"dialog": False, "step": "track"},
        {"dialog": "registration", "step": "t" * 65},
    ],
)
async def test_half_a_place_or_one_of_another_kind_is_refused(client: Client, place: dict[str, Any]) -> None:
    person = Person(client)
    await person.say("我要报名")
    body = {"text": "1", "message_id": next_id()} | place
    async with client.post(MESSAGES, json=body, headers=person.headers) as response:
        assert response.status == 400
        assert error_in(await response.json())["code"] == "bad_shape"
    assert (await person.say("进度"))["step"] == "track"


async def test_without_a_place_it_is_said_in_words(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    body = {"text": "1", "message_id": next_id(), "dialog": None, "step": None}
    async with client.post(MESSAGES, json=body, headers=person.headers) as response:
        assert (await response.json())["step"] == "circumstances"


async def test_a_repeated_press_gets_the_stored_answer_wherever_it_says_it_was(client: Client) -> None:
    person = Person(client)
    track = await person.say("我要报名")
    first = await press(person, track, "1", message_id="same")
    assert await press(person, track, "1", message_id="same") == first
    assert await press(person, first, "1", message_id="same") == first


async def test_history_and_events_tell_which_question_choices_belong_to(client: Client) -> None:
    person = Person(client)
    track = await person.say("我要报名")
    async with stream(person) as page:
        await press(person, track, "1")
        pushed = [event["data"] for event in await page.take(2)]
    said, put, pressed, asked = (await person.history())["messages"]
    assert [pressed, asked] == pushed
    assert (put["dialog"], put["step"]) == ("registration", "track")
    assert (pressed["dialog"], pressed["step"]) == ("registration", "track")
    assert (asked["dialog"], asked["step"]) == ("registration", "circumstances")
    assert "step" not in said, "typed words belong to no question"


async def test_an_old_button_of_a_sensitive_question_is_not_in_the_history(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    await press(person, {"dialog": "registration", "step": "hardship"}, "3")
    pressed = (await person.history())["messages"][2]
    assert (pressed["text"], pressed["hidden"]) == (HIDDEN, True)


async def test_choices_that_stand_alone_are_marked(client: Client) -> None:
    person = Person(client)

    def alone(answer: dict[str, Any]) -> list[str]:
        choices = answer["replies"][-1]["choices"]
        return [choice["label"] for choice in choices if choice.get("exclusive")]

    assert alone(await person.say("我要报名")) == [], "where one is picked, all stand alone"
    assert alone(await person.say("1")) == ["都没有"]
    await person.tell(["不懂", "不懂"])
    assert alone(await person.say("不懂")) == ["都没有", "怎么填", "找人工"], "words that lead elsewhere"
    assert (await person.say("1 5"))["step"] == "circumstances", "who sends both anyway is asked again"
