"""The one-time form: what it asks, whom it lets in, what it takes, and how the chat goes on after it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar, FormData
from aiohttp.test_utils import TestServer

from bot.app import Parts, open_parts, web_application
from bot.forms import BUSY, GONE, LONGEST_FORM, NOT_YOURS, THANKS, THANKS_AND_GO_ON
from bot.gates import Gates
from bot.settings import load
from dialogs.model import Chose, Event, Said, Session, Shared, decode
from notifications.channel import Failure, SendFailed
from storage import conversations, registers
from storage.conversations import STATE
from storage.errors import StorageUnavailable
from tests.journeys.applicants import graduate
from tests.standins.form_visitor import COOKIE, Visitor
from tests.standins.notebook import Notebook
from tests.talking import Clock, incoming, next_id, opened, texts

PUBLIC = "https://jianxi.example.cn"
WHO = graduate(Clock().now.date(), name="欧阳若兰", order=321, phone="13926487531")
BEFORE = WHO.words[: WHO.words.index(WHO.name)]
AFTER = WHO.words[WHO.words.index(WHO.phone) + 1 :]
RIGHT = {"name": WHO.name, "id_number": WHO.id_number, "phone": WHO.phone}
SECRETS = (WHO.name, WHO.id_number, WHO.phone)


class Chat:
    """Somebody on a channel that is not ours."""

    def __init__(self, parts: Parts, channel: str, address: str) -> None:
        self.parts = parts
        self.channel = channel
        self.address = address

    async def does(self, event: Event, text: str) -> dict[str, Any]:
        message = incoming(text, channel=self.channel, address=self.address)
        return opened(await self.parts.turns.take(message._replace(event=event)))

    async def says(self, *words: str) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for text in words:
            answer = await self.does(Said(text), text)
        return answer

    async def link(self) -> str:
        """As far as the form, and its address."""
        return links(await self.says(*BEFORE))[0]

    def session(self) -> Session:
        found = self.parts.database.read_sync(
            lambda connection: conversations.find(connection, self.channel, self.address, None)
        )
        assert found is not None
        assert found.state_sealed is not None
        return decode(self.parts.sealer.open(found.state_sealed, STATE))


def links(answer: dict[str, Any]) -> list[str]:
    return [link["url"] for reply in answer["replies"] for link in reply["links"]]


@pytest.fixture
def parts(data: Path, clock: Clock) -> Parts:
    return open_parts(load(data=data, public_url=PUBLIC), clock)


@pytest.fixture
def platform(parts: Parts) -> Notebook:
    """The platform on which the chat is."""
    return Notebook(parts.database)


@pytest.fixture
def chat(parts: Parts, request: pytest.FixtureRequest) -> Chat:
    return Chat(parts, getattr(request, "param", "wechat"), "somebody")


on_both = pytest.mark.parametrize("chat", ["wechat", "telegram"], indirect=True)
"""For what could differ by channel; the page itself does not know where the chat is."""


@pytest.fixture
async def http(parts: Parts, platform: Notebook) -> AsyncIterator[tuple[ClientSession, str]]:
    gates = Gates(channels={"wechat": platform, "telegram": platform})
    server = TestServer(web_application(parts, gates))
    async with server, ClientSession(cookie_jar=DummyCookieJar()) as client:
        yield client, str(server.make_url("/")).rstrip("/")
    await parts.database.close()


@pytest.fixture
def visitor(http: tuple[ClientSession, str]) -> Visitor:
    return Visitor(*http)


# --- what is asked ---


@on_both
async def test_name_number_and_phone_are_asked_at_once_each_with_its_label(
    chat: Chat, visitor: Visitor
) -> None:
    page = await visitor.opens(await chat.link())
    assert (page.status, page.fields) == (200, ["name", "id_number", "phone"])
    assert {field["id"] for field in page.inputs} == set(re.findall(r'<label for="(\w+)"', page.html))
    labels = page.texts["label"].split("\n")
    assert ["姓名" in labels[0], "身份证号" in labels[1], "手机号" in labels[2]] == [True, True, True]
    assert [field.get("inputmode") for field in page.inputs] == ["text", "text", "tel"]
    assert all(field["value"] == "" for field in page.inputs)
    assert "fault" not in page.texts


async def test_hardship_is_asked_alone_as_boxes_to_tick(chat: Chat, visitor: Visitor) -> None:
    await visitor.sends_after_opening(await chat.link(), RIGHT)
    answer = await chat.says(*AFTER[: AFTER.index("没有") + 1])
    assert answer["step"] == "hardship"
    assert [reply["choices"] for reply in answer["replies"]] == [[]]
    page = await visitor.opens(links(answer)[0])
    assert page.fields == ["hardship"]
    assert {field["type"] for field in page.inputs} == {"checkbox"}
    assert "单独同意" in page.texts["legend"]
    assert len(page.texts["option"].split("\n")) == len(page.inputs) == 15
    page = await visitor.sends(links(answer)[0], {"hardship": ["3", "12"]})
    assert page.texts["message"] == THANKS
    assert (chat.session().step, len(chat.session().answers["hardship"])) == ("position_kinds", 2)


@pytest.mark.parametrize("ticked", [[], ["1", "3"], ["99"]])
async def test_boxes_that_say_nothing_or_contradict_come_back_with_the_reason(
    chat: Chat, visitor: Visitor, ticked: list[str]
) -> None:
    await visitor.sends_after_opening(await chat.link(), RIGHT)
    link = links(await chat.says(*AFTER[: AFTER.index("没有") + 1]))[0]
    page = await visitor.sends_after_opening(link, {"hardship": ticked})
    assert page.status == 422
    assert page.texts["fault"]
    assert chat.session().step == "hardship"
    assert [f["value"] for f in page.inputs if "checked" in f] == [one for one in ticked if one != "99"]


# --- what is taken ---


@pytest.mark.parametrize(
    ("typed", "faulty", "kept"),
    [
        ({}, "name", []),
        ({"name": "12345"}, "name", []),
        ({"id_number": "440000200403083"}, "id_number", ["name"]),
        ({"id_number": ""}, "id_number", ["name"]),
        ({"phone": "139264875"}, "phone", ["name", "id_number"]),
        ({"phone": "我没有手机"}, "phone", ["name", "id_number"]),
    ],
)
async def test_a_fault_stands_beside_its_field_and_what_was_right_is_not_asked_again(
    chat: Chat, visitor: Visitor, typed: dict[str, str], faulty: str, kept: list[str]
) -> None:
    link = await chat.link()
    page = await visitor.sends_after_opening(link, {**RIGHT, **typed} if typed else {})
    assert page.status == 422
    assert page.fields == [field for field in RIGHT if field not in kept]
    [marked] = [field for field in page.inputs if field.get("aria-invalid") == "true"]
    assert (marked["name"], marked["aria-describedby"]) == (faulty, f"fault-{faulty}")
    assert f'id="fault-{faulty}"' in page.html
    assert page.texts["fault"]
    assert page.value("phone") == ({**RIGHT, **typed}["phone"] if typed else ""), "nothing is typed twice"
    session = chat.session()
    assert (session.step, sorted(session.answers.keys() & RIGHT.keys())) == (faulty, sorted(kept))
    page = await visitor.sends(link, {name: RIGHT[name] for name in page.fields})
    assert page.texts["message"] == THANKS
    assert chat.session().step == "residence"


async def test_the_forms_parser_is_the_chats(chat: Chat, visitor: Visitor) -> None:
    spaced = f"{WHO.id_number[:6]} {WHO.id_number[6:14]} {WHO.id_number[14:]}"
    fullwidth = WHO.phone.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    link = await chat.link()
    page = await visitor.sends_after_opening(
        link, {"name": f" {WHO.name} ", "id_number": spaced, "phone": f"+86 {fullwidth}"}
    )
    assert page.texts["message"] == THANKS
    answers = chat.session().answers
    assert answers["name"] == WHO.name
    assert WHO.id_number in str(answers["id_number"])
    assert answers["phone"] == WHO.phone


async def test_somebody_in_a_register_is_asked_to_confirm_in_the_chat(
    chat: Chat, visitor: Visitor, platform: Notebook
) -> None:
    entry = {
        "name": WHO.name,
        "id_number": WHO.id_number,
        "school": "广东工业大学",
        "major": "软件工程",
        "education": "21",
        "graduated_on": "2026-06-30",
    }
    parts = chat.parts
    parts.database.write_sync(
        lambda c: registers.add_entry(c, parts.sealer, "real-name", entry, parts.turns.clock())
    )
    page = await visitor.sends_after_opening(await chat.link(), RIGHT)
    assert page.texts["message"] == THANKS
    assert chat.session().answers["name"] == WHO.name
    assert platform.pages["somebody"]


async def test_what_is_no_field_of_the_form_changes_nothing(chat: Chat, visitor: Visitor) -> None:
    values = {**RIGHT, "residence": "广州市天河区", "step": "review", "hardship": "3"}
    page = await visitor.sends_after_opening(await chat.link(), values)
    assert page.texts["message"] == THANKS
    assert chat.session().step == "residence"
    assert not {"residence", "hardship"} & chat.session().answers.keys()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00name=%ff%fe",
        b"name=" + b"%E6%AC%A7" * 400,
        b"&".join(b"name=x" for _ in range(500)),
    ],
)
async def test_a_body_that_makes_no_sense_is_only_a_wrong_answer(
    chat: Chat, visitor: Visitor, body: bytes
) -> None:
    link = await chat.link()
    await visitor.opens(link)
    path = link.removeprefix(PUBLIC)
    headers = {
        "Cookie": f"{COOKIE}={visitor.cookies[path]}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    async with visitor.http.post(visitor.base + path, data=body, headers=headers) as response:
        assert response.status == 422
    assert chat.session().step == "name"


async def test_a_file_is_no_answer(chat: Chat, visitor: Visitor) -> None:
    link = await chat.link()
    await visitor.opens(link)
    path = link.removeprefix(PUBLIC)
    form = FormData()
    form.add_field("name", WHO.name.encode(), filename="name.txt")
    headers = {"Cookie": f"{COOKIE}={visitor.cookies[path]}"}
    async with visitor.http.post(visitor.base + path, data=form, headers=headers) as response:
        assert response.status == 422
    assert chat.session().step == "name"


@pytest.mark.parametrize("told", [True, False])
async def test_an_oversized_body_is_refused_whether_its_length_is_told_or_not(
    chat: Chat, visitor: Visitor, told: bool
) -> None:
    link = await chat.link()
    await visitor.opens(link)
    path = link.removeprefix(PUBLIC)
    body = b"name=" + b"a" * (LONGEST_FORM if told else 2 * 1024 * 1024)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 16 * 1024):
            yield body[start : start + 16 * 1024]

    headers = {
        "Cookie": f"{COOKIE}={visitor.cookies[path]}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    async with visitor.http.post(
        visitor.base + path, data=body if told else pieces(), headers=headers
    ) as response:
        assert response.status == 413
    assert chat.session().step == "name"


# --- who is let in ---


async def test_an_unknown_link_is_gone(chat: Chat, visitor: Visitor) -> None:
    page = await visitor.opens("/f/" + "A" * 32)
    assert (page.status, page.texts["message"]) == (410, GONE)


@pytest.mark.parametrize(("minutes", "status"), [(14.9, 200), (15, 410), (16, 410)])
async def test_a_link_is_good_for_a_quarter_of_an_hour(
    chat: Chat, visitor: Visitor, clock: Clock, minutes: float, status: int
) -> None:
    link = await chat.link()
    await visitor.opens(link)
    clock.move(minutes=minutes)
    assert (await visitor.opens(link)).status == status
    page = await visitor.sends(link, RIGHT)
    assert page.status == status
    assert chat.session().step == ("residence" if status == 200 else "name")


async def test_a_link_works_once(chat: Chat, visitor: Visitor, platform: Notebook) -> None:
    link = await chat.link()
    await visitor.sends_after_opening(link, RIGHT)
    said = len(platform.pages["somebody"])
    for page in (await visitor.sends(link, RIGHT), await visitor.opens(link)):
        assert (page.status, page.texts["message"]) == (410, GONE)
    assert (await chat.says(*AFTER[: AFTER.index("没有") + 1]))["step"] == "hardship"
    for page in (await visitor.sends(link, {"hardship": ["3"]}), await visitor.opens(link)):
        assert page.status == 410, "though another form is open now"
    assert len(platform.pages["somebody"]) == said
    assert chat.session().step == "hardship"


async def test_of_two_taps_at_once_one_counts(chat: Chat, visitor: Visitor, platform: Notebook) -> None:
    link = await chat.link()
    await visitor.opens(link)
    pages = await asyncio.gather(*(visitor.sends(link, RIGHT) for _ in range(5)))
    assert sorted(page.status for page in pages) == [200, 410, 410, 410, 410]
    assert len(platform.pages["somebody"]) == 1


async def test_a_newer_link_takes_what_is_open_and_older_ones_then_have_nothing_to_ask(
    chat: Chat, visitor: Visitor
) -> None:
    older = await chat.link()
    newer = links(await chat.says("帮助"))[0]
    assert older != newer
    assert (await visitor.sends_after_opening(newer, RIGHT)).texts["message"] == THANKS
    assert (await visitor.opens(older)).status == 410
    assert (await visitor.sends(older, RIGHT)).status == 403


async def test_a_form_cannot_be_sent_by_a_browser_that_has_not_opened_it(
    chat: Chat, visitor: Visitor
) -> None:
    page = await visitor.sends(await chat.link(), RIGHT)
    assert (page.status, page.texts["message"]) == (403, NOT_YOURS)
    assert chat.session().step == "name"


@on_both
@pytest.mark.parametrize("cookie", ["another conversation's", "zz", "", "00" * 32])
async def test_the_cookie_of_another_form_opens_and_sends_nothing(
    chat: Chat, visitor: Visitor, http: tuple[ClientSession, str], cookie: str
) -> None:
    link = await chat.link()
    path = link.removeprefix(PUBLIC)
    other = Visitor(*http)
    if cookie == "another conversation's":
        theirs = await Chat(chat.parts, chat.channel, "somebody else").link()
        await other.opens(theirs)
        cookie = other.cookies[theirs.removeprefix(PUBLIC)]
    other.cookies[path] = cookie
    for page in (await other.sends(link, RIGHT), await other.opens(link)):
        assert (page.status, page.texts["message"]) == (403, NOT_YOURS)
        assert page.fields == []
    assert chat.session().step == "name"


async def test_a_preview_by_the_platform_does_not_spend_the_link(chat: Chat, visitor: Visitor) -> None:
    link = await chat.link()
    async with visitor.http.head(visitor.base + link.removeprefix(PUBLIC)) as response:
        assert response.status == 200
    crawler = Visitor(visitor.http, visitor.base)
    assert (await crawler.opens(link)).status == 200
    assert (await visitor.sends_after_opening(link, RIGHT)).texts["message"] == THANKS


async def test_after_a_person_is_erased_their_open_link_is_gone(chat: Chat, visitor: Visitor) -> None:
    await visitor.sends_after_opening(await chat.link(), RIGHT)
    link = links(await chat.says(*AFTER[: AFTER.index("没有") + 1]))[0]
    await chat.says("删除我的信息", "2")
    again = links(await chat.says(*BEFORE))[0]
    assert (await visitor.opens(link)).status == 410, "though the conversation stands at a form once more"
    assert (await visitor.opens(again)).status == 200


# --- how the page is made ---


async def test_the_page_runs_nothing_is_kept_nowhere_and_its_cookie_stays_here(
    chat: Chat, visitor: Visitor
) -> None:
    link = await chat.link()
    path = link.removeprefix(PUBLIC)
    async with visitor.http.get(visitor.base + path) as response:
        headers, cookie = response.headers, response.cookies[COOKIE]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["secure"]) == (
        path,
        "Strict",
        True,
        True,
    )
    assert int(cookie["max-age"]) == 900
    await visitor.opens(link)
    for page in (await visitor.sends(link, {}), await visitor.sends(link, RIGHT), await visitor.opens(link)):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Content-Security-Policy"] == policy
        assert "<script" not in page.html
        assert "style=" not in page.html


async def test_after_success_the_page_shows_nothing_of_what_was_typed(chat: Chat, visitor: Visitor) -> None:
    link = await chat.link()
    await visitor.opens(link)
    await visitor.sends(link, {**RIGHT, "phone": "1"})
    page = await visitor.opens(link)
    shown = [page, await visitor.sends(link, {"phone": WHO.phone}), await visitor.opens(link)]
    assert [page.status for page in shown] == [200, 200, 410]
    for page in shown:
        for secret in SECRETS:
            assert secret not in page.html


async def test_what_was_typed_cannot_become_markup(chat: Chat, visitor: Visitor) -> None:
    link = await chat.link()
    page = await visitor.sends_after_opening(link, {"name": '"><script>alert(1)</script>'})
    assert page.status == 422
    assert "<script" not in page.html
    assert page.value("name") == '"><script>alert(1)</script>'


# --- the chat goes on ---


@on_both
async def test_the_next_question_arrives_by_itself(chat: Chat, visitor: Visitor, platform: Notebook) -> None:
    page = await visitor.sends_after_opening(await chat.link(), RIGHT)
    assert (page.status, page.texts["message"]) == (200, THANKS)
    [arrived] = platform.pages["somebody"]
    assert "现在住在哪里" in arrived
    assert (await chat.says("广州市天河区"))["step"] == "school"


@pytest.mark.parametrize("failure", list(Failure))
async def test_when_it_cannot_be_sent_the_page_says_how_to_go_on(
    chat: Chat, visitor: Visitor, platform: Notebook, failure: Failure
) -> None:
    platform.faults.append(SendFailed(failure, "x"))
    page = await visitor.sends_after_opening(await chat.link(), RIGHT)
    assert (page.status, page.texts["message"]) == (200, THANKS_AND_GO_ON)
    assert "回复“继续”" in page.texts["message"]
    answer = await chat.says("继续")
    assert answer["step"] == "residence"
    assert "现在住在哪里" in texts(answer)


@on_both
async def test_a_whole_registration_leaves_the_same_as_in_the_chat(
    chat: Chat, visitor: Visitor, clock: Clock
) -> None:
    await visitor.sends_after_opening(await chat.link(), RIGHT)
    place = AFTER.index("没有") + 1
    link = links(await chat.says(*AFTER[:place]))[0]
    await visitor.sends_after_opening(link, {"hardship": ["1"]})
    answer = await chat.says(*AFTER[place + 1 :])
    assert answer["step"] == "done"
    web = Chat(chat.parts, "web", "w")
    other = graduate(clock.now.date(), order=322, phone="13926487532")
    assert (await web.says(*other.words))["step"] == "done"
    assert set(chat.session().answers) == set(web.session().answers)


async def test_a_base_that_takes_nothing_is_told_and_the_same_form_then_counts(
    chat: Chat, visitor: Visitor, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise StorageUnavailable("full")

    link = await chat.link()
    await visitor.opens(link)
    with monkeypatch.context() as broken:
        broken.setattr(type(parts.database), "write", fails)
        page = await visitor.sends(link, RIGHT)
        assert (page.status, page.texts["message"]) == (503, BUSY)
        broken.setattr(type(parts.database), "read", fails)
        assert (await visitor.opens(link)).status == 503
    assert (await visitor.sends(link, RIGHT)).texts["message"] == THANKS


# --- in the chat itself ---


@on_both
async def test_what_is_typed_in_the_chat_is_not_taken_and_kept_nowhere(chat: Chat, data: Path) -> None:
    await chat.link()
    for text in (*SECRETS, f"我叫{WHO.name}，{WHO.id_number}"):
        answer = await chat.says(text)
        assert answer["step"] == "name"
        assert "不在聊天里填" in texts(answer)
        assert "没有保存" in texts(answer)
        assert WHO.name not in texts(answer)
        assert len(links(answer)) == 1
    session = chat.session()
    assert not session.answers.keys() & RIGHT.keys()
    assert session.wrong == 0
    said = log(chat)
    for secret in SECRETS:
        assert secret not in said
    await chat.parts.database.close()
    for content in contents(data):
        for secret in SECRETS:
            assert secret.encode() not in content


def contents(folder: Path) -> list[bytes]:
    found = [file.read_bytes() for file in folder.iterdir()]
    assert found
    return found


def log(chat: Chat) -> str:
    """All that is logged of a conversation, opened."""

    def work(connection: Any) -> str:  # noqa: ANN401 - a connection
        found = conversations.find(connection, chat.channel, chat.address, None)
        assert found is not None
        entries = conversations.entries_before(connection, chat.parts.sealer, found.contact_id, None, 100)
        return "\n".join(entry.content.decode() for entry in entries)

    return chat.parts.database.read_sync(work)


@pytest.mark.parametrize(
    "event", [Shared("image"), Shared("voice", WHO.name), Chose("registration", "name", WHO.name)]
)
async def test_neither_pictures_nor_speech_nor_made_up_taps_answer_a_sensitive_question(
    chat: Chat, event: Event
) -> None:
    await chat.link()
    answer = await chat.does(event, "")
    assert (answer["step"], len(links(answer))) == ("name", 1)
    assert "name" not in chat.session().answers


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("帮助", ("registration", "name")),
        ("返回", ("registration", "consent")),
        ("人工", ("handover", None)),
        ("取消", ("home", "menu")),
        ("菜单", ("home", "menu")),
        ("我的信息", ("preferences", None)),
    ],
)
async def test_the_words_that_work_everywhere_work_there_too(
    chat: Chat, word: str, place: tuple[str, str | None]
) -> None:
    await chat.link()
    answer = await chat.says(word)
    assert answer["dialog"] == place[0]
    assert place[1] in (None, answer["step"])
    assert "不在聊天里填" not in texts(answer)
    assert len(links(answer)) == (1 if answer["step"] == "name" else 0)


async def test_a_repeated_message_brings_the_same_link_again(chat: Chat) -> None:
    *before, last = BEFORE
    await chat.says(*before)
    message = incoming(last, channel=chat.channel, address=chat.address, message_id=next_id())
    first = opened(await chat.parts.turns.take(message))
    again = opened(await chat.parts.turns.take(message))
    assert links(first) == links(again) != []


async def test_the_web_chat_asks_in_the_chat(parts: Parts) -> None:
    web = Chat(parts, "web", "w")
    answer = await web.says(*BEFORE)
    assert links(answer) == []
    assert (await web.says(WHO.name))["step"] == "id_number"
    await parts.database.close()
