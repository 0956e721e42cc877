"""The door of the official account: who is let in, in both modes, and what everybody else gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from structlog.testing import capture_logs
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]

from bot.channels.wechat_inbox import BUSY
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.sealing import Sealer
from tests.channels.wechat_rig import Mode, Rig, rig
from tests.standins.wechat import APP_ID
from tests.standins.wechat_follower import AES_KEY, TOKEN, Follower, Request, sign


@pytest.fixture(params=["plain", "safe"])
def mode(request: pytest.FixtureRequest) -> Mode:
    way: Mode = request.param
    return way


@pytest.fixture
async def made(sqlite_url: str, sealer: Sealer, mode: Mode) -> AsyncIterator[Rig]:
    database = Database(sqlite_url)
    async with rig(database, sealer, mode) as parts:
        yield parts
    await database.close()


# --- verification of the address ---


async def verify(made: Rig, token: str = TOKEN, **changes: str) -> ClientResponse:
    timestamp = str(int(made.clock().timestamp()))
    query = {
        "signature": sign(token, timestamp, "n1"),
        "timestamp": timestamp,
        "nonce": "n1",
        "echostr": "4375120",
    }
    response = await made.http.get(made.url, params={**query, **changes})
    await response.read()
    return response


async def test_the_platforms_question_is_answered_with_its_echo(made: Rig) -> None:
    response = await verify(made)
    assert (response.status, response.content_type, await response.text()) == (200, "text/plain", "4375120")


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"signature": "签名"},
        {"nonce": "n2"},
        {"timestamp": "1"},
        {"timestamp": "soon"},
        {"timestamp": "１７"},
        {"nonce": ""},
        {"nonce": "n" * 500},
        {"echostr": ""},
        {"echostr": "x" * 500},
    ],
)
async def test_a_wrong_question_gets_no_echo(made: Rig, changes: dict[str, str]) -> None:
    response = await verify(made, **changes)
    assert response.status in {400, 403}
    assert await response.text() == "refused"


async def test_the_signature_of_another_token_gets_no_echo(made: Rig) -> None:
    assert (await verify(made, token="another")).status == 403


async def test_an_old_question_gets_no_echo(made: Rig) -> None:
    timestamp = str(int(made.clock().timestamp()))
    signature = sign(TOKEN, timestamp, "n1")
    made.clock.passes(minutes=15, seconds=1)
    assert (await verify(made, timestamp=timestamp, signature=signature)).status == 403


# --- forgeries ---


def with_query(**changes: str) -> Callable[[Follower, Request], Request]:
    return lambda _, request: request._replace(query={**request.query, **changes})


def without(*names: str) -> Callable[[Follower, Request], Request]:
    return lambda _, request: request._replace(
        query={name: value for name, value in request.query.items() if name not in names}
    )


def with_body(change: Callable[[bytes], bytes]) -> Callable[[Follower, Request], Request]:
    return lambda _, request: request._replace(body=change(request.body))


def other_token(person: Follower, request: Request) -> Request:
    timestamp, nonce = request.query["timestamp"], request.query["nonce"]
    query = {**request.query, "signature": sign("other", timestamp, nonce)}
    if person.crypto is not None:
        sealed = WeChatCrypto("other", AES_KEY, APP_ID).encrypt_message("<xml/>", nonce, timestamp)
        encrypt = sealed.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        query["msg_signature"] = sign("other", timestamp, nonce, encrypt)
        return Request(query, f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode())
    return request._replace(query=query)


XXE = b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<!DOCTYPE xml [<!ENTITY a "' + b"ha" * 1000 + b'"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'

FORGERIES: dict[str, tuple[Callable[[Follower, Request], Request], set[int]]] = {
    "no signature": (without("signature", "msg_signature"), {403}),
    "forged signature": (with_query(signature="0" * 40, msg_signature="0" * 40), {403}),
    "signature of another token": (other_token, {403}),
    "another time": (with_query(timestamp="1790000000"), {403}),
    "another nonce": (with_query(nonce="1"), {403}),
    "no time": (without("timestamp"), {400}),
    "no nonce": (without("nonce"), {400}),
    "empty": (with_body(lambda body: b""), {400}),
    "truncated": (with_body(lambda body: body[:-20]), {400}),
    "reordered": (with_body(lambda body: body[len(body) // 2 :] + body[: len(body) // 2]), {400}),
    "json": (with_body(lambda body: b'{"FromUserName": "o1"}'), {400}),
    "XXE": (with_body(lambda body: XXE + body), {400}),
    "billion laughs": (with_body(lambda body: LAUGHS + body), {400}),
    "two megabytes": (with_body(lambda body: body[:-6] + b" " * 2_000_000 + b"</xml>"), {413}),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forgery_is_refused_quickly_reaches_no_dialog_and_is_not_logged(made: Rig, name: str) -> None:
    spoil, statuses = FORGERIES[name]
    person = made.follower()
    with capture_logs() as logs:
        response = await person.post(spoil(person, person.typed("暗号梁小凤440106200305084367")))
    assert response.status in statuses
    assert await response.text() == "refused"
    assert (logs, made.known(), made.database.writes) == ([], False, 0)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"]
)
async def test_another_content_type_is_refused(made: Rig, content_type: str) -> None:
    person = made.follower()
    response = await person.post(person.typed("你好"), content_type)
    assert (response.status, made.known()) == (415, False)


async def test_two_megabytes_without_a_length_are_refused(made: Rig) -> None:
    person = made.follower()
    request = person.typed("你好")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 50_000

    response = await made.http.post(
        made.url, params=request.query, data=endless(), headers={"Content-Type": "text/xml"}
    )
    assert (response.status, made.known()) == (413, False)
    response.close()


@pytest.mark.parametrize(("seconds", "status"), [(900, 200), (901, 403), (-900, 200), (-901, 403)])
async def test_a_message_is_good_for_a_quarter_of_an_hour(made: Rig, seconds: int, status: int) -> None:
    person = made.follower()
    request = person.typed("你好")
    made.clock.passes(seconds=seconds)
    assert (await person.post(request)).status == status
    assert made.known() == (status == 200)


async def test_another_body_under_a_used_nonce_is_refused(made: Rig) -> None:
    person = made.follower()
    await person.says("你好")
    assert person.last is not None
    used = person.last.query
    xml = person.typed("报名").body.decode()
    if person.crypto is not None:
        plain = Follower(made.http, made.url, made.clock).typed("报名").body.decode()
        request = person.sealed(plain, used["timestamp"], used["nonce"])
    else:
        request = Request(used, xml.encode())
    before = made.session()
    response = await person.post(request)
    assert (response.status, made.session(), made.refusals("replayed")) == (403, before, 1.0)


async def test_a_used_nonce_is_remembered_longer_than_its_signature_is_good_for(made: Rig) -> None:
    person = made.follower()
    await person.says("你好")
    for _ in range(3):
        made.clock.passes(minutes=16)
        await person.says("你好")
    count = made.database.read_sync(
        lambda c: c.sqlalchemy.exec_driver_sql("SELECT count(*) FROM received_nonce").scalar_one()
    )
    assert count == 4
    made.clock.passes(hours=3)
    await person.says("你好")
    assert (
        made.database.read_sync(
            lambda c: c.sqlalchemy.exec_driver_sql("SELECT count(*) FROM received_nonce").scalar_one()
        )
        == 1
    )


# --- safe mode only ---


async def test_safe_mode_takes_no_plain_message_although_its_signature_is_right(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, "safe") as made:
        plain = Follower(made.http, made.url, made.clock)
        for extra in ({}, {"encrypt_type": "aes"}, {"encrypt_type": "raw"}):
            request = plain.typed("你好")
            request = request._replace(
                query={**request.query, **extra, "msg_signature": request.query["signature"]}
            )
            assert (await plain.post(request)).status == 403
        assert not made.known()
    await database.close()


@pytest.mark.parametrize(
    ("key", "app_id"), [(AES_KEY, "wx_of_somebody_else"), ("x" * 43, APP_ID)], ids=["app id", "key"]
)
async def test_safe_mode_takes_only_what_was_sealed_for_this_account(
    sqlite_url: str, sealer: Sealer, key: str, app_id: str
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, "safe") as made:
        person = made.follower()
        person.crypto = WeChatCrypto(TOKEN, key, app_id)
        response = await person.post(person.typed("你好"))
        assert (response.status, made.known(), made.refusals("signature")) == (403, False, 1.0)
    await database.close()


async def test_while_the_key_is_changed_both_work_and_each_is_answered_under_its_own(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, "safe", aes_keys=("n" * 43, AES_KEY)) as made:
        old, new = made.follower("oOLD"), made.follower("oNEW")
        new.crypto = WeChatCrypto(TOKEN, "n" * 43, APP_ID)
        assert (await old.says("你好"))[:2] == (await new.says("你好"))[:2] == "您好"
    await database.close()


async def test_plain_mode_reads_the_plain_fields_of_a_message_in_compatible_mode(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, "plain") as made:
        person = made.follower()
        request = person.typed("你好", extra="<Encrypt>whatever</Encrypt>")
        assert (await person.answer(await person.post(request))).startswith("您好")
    await database.close()


# --- never a 5xx ---


class Broken(Database):
    """A database that takes no work when told so."""

    error: Exception | None = None

    async def write(self, work: Any, *, lock: Any = None) -> Any:  # noqa: ANN401
        if self.error is not None:
            raise self.error
        return await super().write(work, lock=lock)


@pytest.mark.parametrize("error", [StorageUnavailable("database: full"), RuntimeError("梁小凤")])
async def test_a_fault_of_ours_is_a_kind_sentence_and_no_secret(
    sqlite_url: str, sealer: Sealer, error: Exception
) -> None:
    database = Broken(sqlite_url)
    async with rig(database, sealer) as made:
        person = made.follower()
        database.error = error
        with capture_logs() as logs:
            said = await person.says("你好")
            assert await person.does("unsubscribe") == ""
        database.error = None
        assert said == BUSY or "系统出了点问题" in said
        assert "梁小凤" not in str(logs)
        assert (await person.says("你好")).startswith("您好")
    await database.close()


async def test_a_body_that_does_not_come_is_given_up(sqlite_url: str, sealer: Sealer) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer, patience=0.05) as made:
        person = made.follower()
        request = person.typed("你好")
        never = asyncio.Event()

        async def stuck() -> AsyncIterator[bytes]:
            yield b"<xml>"
            await never.wait()

        response = await made.http.post(
            made.url, params=request.query, data=stuck(), headers={"Content-Type": "text/xml"}
        )
        assert response.status == 408
        never.set()
        response.close()
    await database.close()
