"""Around the turn of the web API: credentials, patience, history, wrong addresses, headers, health and metrics."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from bot.app import Parts
from bot.chat_api import COOKIE
from storage.keys import create_key_file, read_key_file
from storage.sealing import Sealer
from tests.journeys.applicants import graduate
from tests.talking import Client, Clock, Person, error_in, next_id, until

MESSAGES = "/api/chat/messages"
JSON = {"Content-Type": "application/json"}


# --- credentials ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token[:-8],
        lambda token: token[: len(token) // 2],
        lambda token: ("B" if token[0] == "A" else "A") + token[1:],
        lambda token: token[:-4] + "AAAA",
        lambda token: token + "AAAA",
        lambda token: token + "!!!!",
        lambda token: token + "=",
        lambda token: "",
        lambda token: "x",
        lambda token: "对话",
        lambda token: "=" * 40,
    ],
)
async def test_a_forged_or_cut_token_is_refused_in_every_place(client: Client, spoil: Any) -> None:  # noqa: ANN401
    person = Person(client)
    token = (await person.say("我要报名"))["conversation"]
    person.token = None
    bad = spoil(token)
    headers = {"Authorization": f"Bearer {bad}".encode().decode("latin-1")}
    for call in (
        client.post(MESSAGES, json={"text": "1", "message_id": "1"}, headers=headers),
        client.get(MESSAGES, headers=headers),
        client.get("/api/chat/events", headers=headers),
    ):
        async with call as response:
            assert response.status == 401
            assert error_in(await response.json())["code"] == "bad_conversation"


async def test_another_scheme_than_bearer_is_refused(client: Client) -> None:
    async with client.get(MESSAGES, headers={"Authorization": "Basic eDp5"}) as response:
        assert response.status == 401


async def test_a_cookie_of_another_installation_is_refused_and_taken_away(
    client: Client, parts: Parts
) -> None:
    path = parts.settings.data / "other.key"
    create_key_file(path)
    other = Sealer(read_key_file(path))
    token = Person(client)
    mine = (await token.say("你好"))["conversation"]
    address = urlsafe_b64decode(mine + "==")[:16]
    theirs = urlsafe_b64encode(address + other.mac(b"web:" + address)).decode().rstrip("=")
    async with client.get(MESSAGES, headers={"Cookie": f"{COOKIE}={theirs}"}) as response:
        assert response.status == 401
        assert response.cookies[COOKIE]["max-age"] == "0"
        error_in(await response.json())


# --- too much at once ----------------------------------------------------------------------------------------


async def test_a_thousand_messages_at_once_are_slowed_down_kindly_and_none_is_lost(client: Client) -> None:
    person = Person(client)
    await person.say("人工")
    ids = [next_id() for _ in range(1000)]

    answers = await asyncio.gather(*(person.post(f"第{message_id}条", message_id) for message_id in ids))
    taken = [message_id for message_id, answer in zip(ids, answers, strict=True) if answer.status == 200]
    slowed = [answer for answer in answers if answer.status == 429]
    assert len(taken) + len(slowed) == 1000
    assert len(taken) >= 25
    assert len(slowed) > 500
    for answer in slowed:
        assert int(answer.headers["Retry-After"]) >= 1
        assert error_in(answer.json())["code"] == "slow_down"
    shown = [b["text"] for b in (await person.history(limit=200))["messages"] if b["from"] == "person"]
    assert sorted(shown) == sorted(["人工", *(f"第{message_id}条" for message_id in taken)])
    next_one = await until(lambda: person.post("菜单"), lambda answer: answer.status != 429)
    assert (next_one.status, next_one.json()["step"]) == (200, "menu")


async def test_one_who_writes_too_fast_slows_nobody_else_down(client: Client) -> None:
    fast, other = Person(client), Person(client)
    await fast.say("你好")
    await other.say("你好")
    statuses = {response.status for response in await asyncio.gather(*(fast.post("你好") for _ in range(60)))}
    assert 429 in statuses
    assert (await other.post("我要报名")).status == 200


# --- history -------------------------------------------------------------------------------------------------


async def test_history_is_what_was_said_by_both_in_order(client: Client) -> None:
    person = Person(client)
    await person.say("我要报名")
    await person.say("1")
    found = await person.history()
    assert [bubble["from"] for bubble in found["messages"]] == ["person", "service"] * 2
    assert [bubble["text"] for bubble in found["messages"][::2]] == ["我要报名", "1"]
    ids = [bubble["id"] for bubble in found["messages"]]
    assert ids == sorted(set(ids))
    assert (found["dialog"], found["step"], found["many"]) == ("registration", "circumstances", True)


async def test_history_comes_in_pages_without_gap_or_repeat(client: Client) -> None:
    person = Person(client)
    for number in range(12):
        await person.say(f"问题{number}")
    whole = (await person.history(limit=200))["messages"]
    pages: list[Any] = []
    before: dict[str, int] = {}
    while True:
        page = (await person.history(limit=5, **before))["messages"]
        if not page:
            break
        assert len(page) <= 5
        pages = [*page, *pages]
        before = {"before": page[0]["id"]}
    assert pages == whole


async def test_sensitive_answers_are_not_in_the_history(client: Client) -> None:
    person = Person(client)
    await person.tell(
        ["我要报名", "1", "没有", "本科", "2026年6月30日", "同意", "陈晓琳", "440000200403080019"]
    )
    found = await person.history()
    assert "陈晓琳" not in json.dumps(found, ensure_ascii=False)
    assert "440000200403080019" not in json.dumps(found)
    assert [bubble["hidden"] for bubble in found["messages"] if bubble["from"] == "person"][-2:] == [
        True,
        True,
    ]


async def test_a_newcomer_has_an_empty_history(client: Client) -> None:
    assert (await Person(client).history())["messages"] == []


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"before": "-1"}, {"before": "9" * 5000}]
)
async def test_bad_paging_is_refused(client: Client, query: dict[str, str]) -> None:
    person = Person(client)
    await person.say("你好")
    async with client.get(MESSAGES, params=query, headers=person.headers) as response:
        assert response.status == 400
        error_in(await response.json())


# --- the rest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/static/..%2fchat_api.py", 404),
        ("POST", "/nothing", 404),
        ("DELETE", MESSAGES, 405),
        ("POST", "/", 405),
        ("POST", "/api/chat/export/token", 405),
    ],
)
async def test_wrong_addresses_are_refused_in_the_same_form(
    client: Client, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status
        error_in(await response.json())


async def test_looking_at_an_export_link_leaves_it_unspent(client: Client, clock: Clock) -> None:
    """Programs that preview a link, or scan it for viruses, ask with HEAD."""
    person = Person(client)
    await person.tell(graduate(clock().date()).words)
    answer = await person.tell(["我的信息", "导出"])
    [url] = [link["url"] for reply in answer["replies"] for link in reply["links"]]
    async with client.head(url) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET"
    async with client.get(url) as response:
        assert response.status == 200
    async with client.get(url) as response:
        assert response.status == 410


@pytest.mark.parametrize("path", ["/", "/static/chat.js", "/static/chat.css", "/static/icon.svg"])
async def test_the_page_comes_with_headers_that_lock_it_down(client: Client, path: str) -> None:
    async with client.get(path) as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_answers_are_cached_by_nobody(client: Client) -> None:
    response = await Person(client).post("你好")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_health_readiness_and_metrics(client: Client) -> None:
    person = Person(client)
    await person.say("你好", "1")
    await person.say("你好", "1")
    await client.post(MESSAGES, data=b"{", headers=JSON)
    async with client.get("/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok\n")
    async with client.get("/readyz") as response:
        assert (response.status, await response.json()) == (200, {"ready": True, "database": "ok"})
    async with client.get("/metrics") as response:
        figures = await response.text()
    assert 'jianxi_turns_total{channel="web",repeated="no"} 1.0' in figures
    assert 'jianxi_turns_total{channel="web",repeated="yes"} 1.0' in figures
    assert 'jianxi_refused_total{channel="web",code="not_json"} 1.0' in figures


async def test_not_ready_without_a_database(client: Client, parts: Parts) -> None:
    await parts.database.close()
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert (await response.json())["ready"] is False
    async with client.get("/healthz") as response:
        assert response.status == 200
