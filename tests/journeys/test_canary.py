"""The canary: one distinctive person goes through everything, and is nowhere to be read in clear."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, DummyCookieJar
from openpyxl import load_workbook

from bot.app import utc_now
from tests.journeys.applicants import graduate
from tests.serving import Run, service
from tests.talking import Person, texts

ROOT = Path(__file__).parents[2]
NOTE = "家里的驴子叫咕噜噜"
CANARY = graduate(utc_now().date(), name="钟离槿玥", order=777, phone="13726485913")
SECRETS = {
    "name": CANARY.name,
    "given name": CANARY.name[1:],
    "number": CANARY.id_number,
    "birth date and end of the number": CANARY.id_number[6:],
    "phone": CANARY.phone,
    "end of the phone": CANARY.phone[3:],
    "note": NOTE[4:],
}


def forms(text: str) -> set[bytes]:
    """The ways in which a text may stand in bytes."""
    escaped = json.dumps(text)[1:-1]
    written = {text, escaped, escaped.upper().replace("\\U", "\\u"), quote(text), repr(text.encode())[2:-1]}
    return {form.encode() for form in written} | {
        text.encode(code) for code in ("gb18030", "utf-16-le", "utf-16-be")
    }


def assert_clear_of(place: str, content: bytes, secrets: Mapping[str, str] = SECRETS) -> None:
    for what, secret in secrets.items():
        for form in forms(secret):
            assert form not in content, f"{what} in {place}"


def test_the_search_itself_finds_every_form() -> None:
    for secret in SECRETS.values():
        for form in forms(secret):
            with pytest.raises(AssertionError):
                assert_clear_of("here", b"..." + form + b"...")


class Listener:
    """Keeps whatever the service said over HTTP."""

    def __init__(self) -> None:
        self.heard: dict[str, bytes] = {}

    async def get(self, person: Person, path: str, **headers: str) -> int:
        async with person.client.get(person.base + path, headers=person.headers | headers) as response:
            self.heard[f"{len(self.heard)} GET {path}"] = (
                repr(response.headers).encode() + await response.read()
            )
            return response.status

    async def post(self, person: Person, text: str) -> dict[str, Any]:
        answer = await person.patiently(text)
        self.heard[f"{len(self.heard)} after {text}"] = repr(answer.headers).encode() + answer.body
        return answer.json()

    async def raw(self, person: Person, body: bytes) -> int:
        headers = person.headers | {"Content-Type": "application/json"}
        async with person.client.post(
            person.base + "/api/chat/messages", data=body, headers=headers
        ) as response:
            self.heard[f"{len(self.heard)} POST"] = await response.read()
            return response.status


WRONG = {
    "track": f"我叫{CANARY.name}",
    "education": f"{CANARY.name}，{CANARY.id_number}",
    "graduated_on": CANARY.id_number,
    "name": f"{CANARY.id_number}",
    "id_number": f"{CANARY.name} {CANARY.id_number[:-1]}",
    "phone": f"{CANARY.name}{CANARY.phone[:-1]}",
    "residence": CANARY.phone,
    "review": f"电话是{CANARY.phone}",
}
"""What the canary says in the wrong place, by step."""


async def misbehave(listener: Listener, person: Person) -> None:
    """Personal data in requests that are no good."""
    clear = f"{CANARY.name} {CANARY.id_number} {CANARY.phone}"
    assert await listener.raw(person, json.dumps({"text": clear}).encode()) == 400
    assert await listener.raw(person, json.dumps([clear]).encode()) == 400
    assert await listener.raw(person, clear.encode()) == 400
    assert await listener.raw(person, json.dumps({"text": clear * 200, "message_id": "1"}).encode()) == 413
    assert await listener.raw(person, clear.encode("gb18030")) == 400
    assert await listener.get(person, f"/api/chat/messages?limit={CANARY.phone}") == 400
    assert await listener.get(person, f"/{quote(CANARY.name)}/{CANARY.id_number}") == 404
    assert await listener.get(person, f"/api/chat/export/{CANARY.phone}") == 410
    assert await listener.get(person, f"/static/{CANARY.id_number}.js") == 404
    assert await listener.get(person, "/api/chat/messages", Authorization=f"Bearer {CANARY.phone}") == 401


async def register(listener: Listener, person: Person) -> None:
    """The whole registration, with wrong answers on the way, and all that a registered person can do."""
    step = None
    for text in CANARY.words:
        if wrong := WRONG.get(step or ""):
            answer = await listener.post(person, wrong)
            assert answer["step"] == step, f"{wrong} was no wrong answer"
        answer = await listener.post(person, text)
        step = answer["step"]
    assert step == "done"
    for text in (
        "我的信息",
        "更正信息",
        "取消",
        f"我是{CANARY.name}，{CANARY.phone}",
        "退订",
        "人工",
        NOTE,
        "我的信息",
    ):
        await listener.post(person, text)
    answer = await person.tell(["我的信息", "导出"])
    [url] = [link["url"] for reply in answer["replies"] for link in reply["links"]]
    async with person.client.get(person.base + url) as response:
        assert CANARY.id_number in await response.text(), "the person's own export is in clear"
    assert await listener.get(person, url) == 410


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_the_canary_is_nowhere_in_clear(
    data: Path, run: Run, tmp_path: Path, log_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    printed: dict[str, str] = {}
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        with await asyncio.to_thread(lambda: service(data, log_format=log_format)) as running:
            person = Person(client, running.address)
            await register(listener, person)
            await misbehave(listener, person)
            for path in ("/", "/metrics", "/readyz", "/healthz"):
                assert await listener.get(person, path) == 200
            said = json.dumps(await person.history(limit=200))  # their own words, but no number among them
            assert CANARY.id_number not in said
            assert CANARY.phone not in said
            for command in (
                ("people", "list"),
                ("people", "list", "--json"),
                ("export", "people", str(tmp_path / "people.xlsx")),
                ("doctor",),
                ("doctor", "--json"),
            ):
                done = await asyncio.to_thread(run, *command)
                assert done.status == 0, done.error
                printed[" ".join(command)] = done.out + done.error
            talk = "\n".join([*CANARY.words, "我的信息", "人工", NOTE]) + "\n"
            done = await asyncio.to_thread(run, "chat", "--as", "a friend", text=talk)
            printed["chat"] = done.out + done.error
            assert printed["chat"].count(f"回执号 {2:06d}") == 1
            assert look_through(data) >= {"jianxi.db", "jianxi.db-wal", "jianxi.db-shm"}
        logs = running.log
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        with await asyncio.to_thread(
            lambda: service(data, program=("-m", "tests.journeys.failing_service"), log_format=log_format)
        ) as broken:
            newcomer = Person(client, broken.address)
            await newcomer.tell(["人工"])
            assert (await listener.post(newcomer, NOTE))["error"]["code"] == "internal"
            other = Person(client, broken.address)
            *before, submit = CANARY.words
            await other.tell(before)
            assert (await listener.post(other, submit))["error"]["code"] == "internal"
            assert "证件" in texts(await other.say("进度")), "nothing of the registration was lost"
            await listener.get(other, "/metrics")
        logs += broken.log

    for place, content in listener.heard.items():
        assert_clear_of(place, content)
    for command_line, output in printed.items():
        assert_clear_of(command_line, output.encode())
    assert_clear_of("the spreadsheet", cells(tmp_path / "people.xlsx").encode())
    assert_clear_of("the logs", logs.encode())
    assert logs.count("request_failed") == 2
    assert re.search(r"ValueError at .*failing_service\.py:\d+ failing", logs), "but where it failed is told"
    assert look_through(data) >= {"jianxi.db", "secret.key"}


def look_through(data: Path, secrets: Mapping[str, str] = SECRETS) -> set[str]:
    """Search every file of the data folder, and see that nobody else may; their names."""
    files = [file for file in data.rglob("*") if file.is_file()]
    for file in files:
        assert_clear_of(file.name, file.read_bytes(), secrets)
        assert file.stat().st_mode & 0o077 == 0
    return {file.name for file in files}


def cells(file: Path) -> str:
    return repr([row for sheet in load_workbook(file) for row in sheet.iter_rows(values_only=True)])
