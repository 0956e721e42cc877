"""The contract of one turn over the web API, on the real application: shapes, repeats, refusals, credentials."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import CookieJar, DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from bot.app import Parts, web_application
from bot.chat_api import COOKIE
from bot.throttle import Throttle
from tests.talking import Client, Person, error_in, texts

MESSAGES = "/api/chat/messages"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def browser(client: Client) -> AsyncIterator[Client]:
    """A second client of the same application, which keeps cookies."""
    jar = CookieJar(unsafe=True)
    second: Client
    async with TestClient(client.server, cookie_jar=jar) as second:
        yield second


# --- shapes --------------------------------------------------------------------------------------------------


async def test_an_answer_has_the_shape_of_the_contract(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    answer = await person.say("1")
    assert set(answer) >= {"conversation", "dialog", "step", "progress", "replies"}
    assert (answer["dialog"], answer["step"]) == ("registration", "circumstances")
    assert set(answer["progress"]) == {"done", "total"}
    assert answer["progress"]["done"] == 1
    [reply] = answer["replies"]
    assert set(reply) == {"text", "choices", "links"}
    assert {"value": "1", "label": "还在上学"} in reply["choices"]


async def test_the_first_answer_gives_a_token_and_a_cookie(client: Client) -> None:
    response = await client.post(MESSAGES, json={"text": "你好", "message_id": "1"})
    cookie = response.cookies[COOKIE]
    assert cookie.value == (await response.json())["conversation"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"


async def test_over_https_the_cookie_is_secure(parts: Parts) -> None:
    public = parts.settings.model_copy(update={"public_url": "https://jianxi.example"})
    parts.settings = public
    async with TestClient(TestServer(web_application(parts)), cookie_jar=DummyCookieJar()) as client:
        response = await client.post(MESSAGES, json={"text": "你好", "message_id": "1"})
        assert response.cookies[COOKIE]["secure"] is True


async def test_a_bearer_token_goes_on_with_its_conversation(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    response = await person.post("1")
    assert response.json()["step"] == "circumstances"
    assert COOKIE not in response.cookies, "whoever brings a token needs no cookie"


async def test_a_cookie_goes_on_with_its_conversation(browser: Client) -> None:
    await browser.post(MESSAGES, json={"text": "我要报名", "message_id": "1"})
    answer = await (await browser.post(MESSAGES, json={"text": "1", "message_id": "2"})).json()
    assert answer["step"] == "circumstances"


async def test_without_token_or_cookie_every_message_is_a_newcomers(client: Client) -> None:
    first = await Person(client).say("我要报名")
    second = await Person(client).say("1")
    assert first["conversation"] != second["conversation"]
    assert second["dialog"] == "registration", "1 is the menu's first entry"
    assert second["step"] == "track"


# --- repeats -------------------------------------------------------------------------------------------------


async def test_a_repeated_message_gets_the_same_bytes_and_changes_nothing(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    first = await person.post("1", "twice")
    before = await person.history()
    for _ in range(3):
        again = await person.post("1", "twice")
        assert again.body == first.body
        assert "X-Jianxi-Repeated" not in again.headers
    assert await person.history() == before
    assert (await person.say("都没有"))["step"] == "education", "the answer counted once"


async def test_the_first_message_of_all_may_be_repeated_too(client: Client) -> None:
    person = Person(client)
    first = await person.post("我要报名", "first")
    assert (await person.post("我要报名", "first")).json() == first.json()


async def test_the_same_id_with_another_text_gets_the_stored_answer_and_a_word_about_it(
    client: Client,
) -> None:
    person = Person(client)
    await person.say("我要报名")
    first = await person.post("1", "same")
    other = await person.post("2", "same")
    assert other.body == first.body
    assert other.headers["X-Jianxi-Repeated"] == "other-text"
    assert (await person.say("进度"))["step"] == "circumstances"


async def test_message_ids_of_two_people_do_not_meet(client: Client) -> None:
    one, two = Person(client), Person(client)
    await one.say("我要报名", "1")
    assert (await two.say("人工", "1"))["dialog"] == "handover"


async def test_a_message_repeated_while_it_is_handled_counts_once(client: Client) -> None:
    person = Person(client)
    await person.say("人工")
    answers = await asyncio.gather(*(person.say("想问问报名", "same") for _ in range(10)))
    assert len({json.dumps(answer, sort_keys=True) for answer in answers}) == 1
    assert len((await person.history())["messages"]) == 4


# --- refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"42",
        b"{}",
        b'{"text": "1"}',
        b'{"message_id": "1"}',
        b'{"text": 1, "message_id": "1"}',
        b'{"text": null, "message_id": "1"}',
        b'{"text": ["1"], "message_id": "1"}',
        b'{"text": {"text": "1"}, "message_id": "1"}',
        b'{"text": "1", "message_id": 1}',
        b'{"text": "1", "message_id": ""}',
        b'{"text": "1", "message_id": null}',
        b'{"text": "1", "message_id": "\\u0000"}',
        b'{"text": "1", "message_id": "' + b"x" * 129 + b'"}',
        b'{"text": "", "message_id": "1"}',
        b'{"text": " \\n\\t", "message_id": "1"}',
        b'{"text": "\\u0000\\u0000", "message_id": "1"}',
        b'{"text": "\xff\xfe", "message_id": "1"}',
        '{"text": "你好", "message_id": "1"}'.encode("gb18030"),
        '{"text": "你好", "message_id": "1"}'.encode("utf-16"),
        b'{"text": "\\ud800", "message_id": "1"}',
        b"text=1&message_id=1",
        b"[" * 100_0,
    ],
)
async def test_a_body_of_the_wrong_shape_is_refused_and_the_conversation_goes_on(
    client: Client, body: bytes
) -> None:
    person = Person(client)
    await person.say("我要报名")
    async with client.post(MESSAGES, data=body, headers=JSON | person.headers) as response:
        assert response.status == 400
        error_in(await response.json())
    assert (await person.say("1"))["step"] == "circumstances"


async def test_4000_characters_are_taken_and_4001_are_not(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    rare = "𠮷" * 4000  # beyond the BMP: one character each, four bytes
    assert (await person.say(rare))["step"] == "track"
    response = await person.post(rare + "一")
    assert response.status == 413
    assert "4000" in error_in(response.json())["message"]
    assert (await person.say("1"))["step"] == "circumstances"


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_oversized_body_is_refused(client: Client, chunked: bool) -> None:
    body = json.dumps({"text": "x" * 70_000, "message_id": "1"}).encode()

    async def in_chunks() -> AsyncIterator[bytes]:
        yield body

    async with client.post(MESSAGES, data=in_chunks() if chunked else body, headers=JSON) as response:
        assert response.status == 413
        assert error_in(await response.json())["code"] == "too_large"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_site_cannot_use_a_cookie(browser: Client, kind: str) -> None:
    await browser.post(MESSAGES, json={"text": "我要报名", "message_id": "1"})
    body = b'{"text": "1", "message_id": "2"}'
    response = await browser.post(MESSAGES, data=body, headers={"Content-Type": kind})
    assert response.status == 415
    assert error_in(await response.json())["code"] == "not_json"


CURIOUS = [
    "\x00x",
    "陈\x00晓",
    "\x1b[31m",
    "\u202e林志强\u202c",
    "\u200f1\u200f",
    "\ufeff1",
    "a\u0300\u0301\u0302" * 50,
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "\U000f0000\ue000",
    "\r\n\r\n1",
    "'; DROP TABLE person; --",
    "{{7*7}} ${x} %s {receipt} {0}",
    "<script>alert(1)</script>",
    "\uffff\ufffe",
    "１",
    "٣",
]


@pytest.mark.parametrize("step", [0, 1, 4, 6, 7, 8, 9])
async def test_curious_characters_are_survived_at_every_kind_of_question(parts: Parts, step: int) -> None:
    words = [
        "我要报名",
        "1",
        "没有",
        "本科",
        "2026年6月30日",
        "同意",
        "陈晓琳",
        "440000200403080019",
        "13800000001",
    ]
    app = web_application(parts, throttle=Throttle(burst=10_000))
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        for text in CURIOUS:
            person = Person(client)
            await person.tell([*words, "广州市天河区"][: step + 1])
            assert texts(await person.say(text)), text
            assert (await person.say("进度"))["dialog"] in ("registration", "home", "handover"), text
            assert (await person.history())["messages"][-1]["from"] == "service", text
