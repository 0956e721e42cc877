"""Keys as an operator meets them: a fresh one while serving, and clear errors for a missing, wrong or open file."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar

from bot.app import utc_now
from storage.database import Database
from storage.keys import create_key_file, read_key_file
from storage.rotation import uses_of_key
from tests.journeys.applicants import graduate
from tests.serving import Run, free_port, jianxi, service
from tests.talking import Person, texts


def contents(data: Path) -> list[str]:
    """Everything in the base, as SQL."""
    with sqlite3.connect(data / "jianxi.db") as base:
        return list(base.iterdump())


@pytest.fixture
def used(data: Path, run: Run) -> Path:
    """A data folder in which somebody has talked."""
    assert run("chat", "--as", "somebody", text="我要报名\n1\n").status == 0
    return data


def lose(key: Path) -> None:
    key.unlink()


def replace(key: Path) -> None:
    key.unlink()
    create_key_file(key)


def open_to_all(key: Path) -> None:
    key.chmod(0o644)


def spoil(key: Path) -> None:
    key.write_text('{"current": "k1"', "utf-8")


FAULTS: dict[Callable[[Path], None], str] = {
    lose: "不存在",
    replace: "与这个数据库不符",
    open_to_all: "chmod 600",
    spoil: "内容不对",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_key_fault_stops_every_command_with_a_sentence_and_touches_nothing(
    used: Path, run: Run, fault: Callable[[Path], None]
) -> None:
    before = contents(used)
    key = used / "secret.key"
    fault(key)
    for command in (("people", "list"), ("export", "people", "people.xlsx"), ("keys", "rotate"), ("chat",)):
        done = run(*command)
        assert done.status == 1, done.out
        assert FAULTS[fault] in done.error
    assert contents(used) == before
    doctor = run("doctor", "--json")
    assert doctor.status == 1
    faults = [finding for finding in json.loads(doctor.out) if finding["state"] == "fault"]
    assert any(FAULTS[fault] in finding["message"] for finding in faults)
    assert contents(used) == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_key_fault_stops_the_service_from_starting(used: Path, fault: Callable[[Path], None]) -> None:
    before = contents(used)
    key = used / "secret.key"
    secret = json.loads(key.read_text())["keys"]["k1"]["secret"]
    fault(key)
    done = jianxi(used, "serve", "--demo", port=str(free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert FAULTS[fault] in done.stderr
    assert "Traceback" not in done.stderr
    assert secret not in done.stderr
    assert contents(used) == before


def test_the_first_run_makes_a_key_that_only_its_owner_reads(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "fresh"
    assert run("people", "list", "--json", data=str(data)).out == "[]\n"
    assert (data / "secret.key").stat().st_mode & 0o777 == 0o600
    assert (data / "jianxi.db").stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o777 == 0o700
    assert run("doctor", data=str(data)).status == 0


def test_a_key_file_named_in_the_settings_is_never_made_by_itself(
    used: Path, run: Run, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.key"
    done = run("people", "list", secret_key_file=str(elsewhere))
    assert done.status == 1
    assert "JIANXI_SECRET_KEY_FILE" in done.error
    assert not elsewhere.exists()


async def test_keys_rotate_while_people_are_talking(data: Path) -> None:
    today = utc_now().date()
    applicants = [graduate(today, order=number, phone=f"138000001{number:02d}") for number in range(1, 13)]
    with service(data) as running:
        async with ClientSession(cookie_jar=DummyCookieJar()) as client:
            people = [Person(client, running.address) for _ in applicants]
            rotating = asyncio.create_task(asyncio.to_thread(jianxi, data, "keys", "rotate"))
            turn = 0
            while not rotating.done() or turn < len(applicants[0].words):
                for person, applicant in zip(people, applicants, strict=True):
                    if turn < len(applicant.words):
                        await person.say(applicant.words[turn])
                turn += 1
                await asyncio.sleep(0.3)  # slower than the throttle, so that the talk outlasts the rotation
            done = await rotating
            assert done.returncode == 0, done.stderr
            for person, applicant in zip(people, applicants, strict=True):
                mine = texts(await person.say("我的信息"))
                assert applicant.id_number[-4:] in mine
                assert (await person.history())["messages"]
            again = await Person(client, running.address).tell(applicants[0].words)
            assert again["step"] == "done", "the number is found under the new key"
        assert "error" not in running.log
    ring = read_key_file(data / "secret.key")
    assert (ring.current, len(ring.ids)) == ("k2", 2)
    database = Database(f"sqlite:///{data / 'jianxi.db'}")
    assert database.read_sync(lambda connection: uses_of_key(connection, "k1")) == 0
    database.close_sync()
    assert len(json.loads(jianxi(data, "people", "list", "--json").stdout)) == len(applicants)
