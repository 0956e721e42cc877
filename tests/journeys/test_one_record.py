"""One person, one record: who comes back over another channel is joined or becomes a case, and learns nothing."""

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text as sql

from bot.texts import catalogue
from bot.turns import Turns
from policy.refusal import Refused
from storage import case_lists, identity_decisions, people
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.journeys.applicants import Applicant, graduate
from tests.storage import public_rows
from tests.talking import NOON, incoming, opened, take_all, texts

ANN = graduate(NOON.date())
OTHER = graduate(NOON.date(), name="王小明", order=5, phone="13800000005")


def with_(applicant: Applicant, **changes: str) -> Applicant:
    """The same applicant, but for what is said of name or phone."""
    words = list(applicant.words)
    for field, value in changes.items():
        words[words.index(getattr(applicant, field))] = value
    return replace(applicant, words=tuple(words), **changes)


def scalar(turns: Turns, query: str) -> Any:  # noqa: ANN401 - whatever the query gives
    return turns.database.read_sync(lambda c: c.sqlalchemy.execute(sql(query)).scalar_one())


def without_receipt(answers: list[dict[str, Any]]) -> str:
    """The answers without the numbers of what was stored for them, which differ from base to base."""
    return re.sub(r"回执号 \d+|【\d+】|编号 \d+", "…", repr(answers))


async def test_the_same_person_over_a_second_channel_joins_the_record(turns: Turns) -> None:
    await take_all(turns, ANN.words)
    await take_all(turns, ANN.words, channel="terminal", address="b")
    assert scalar(turns, "SELECT count(*) FROM person") == 1
    assert scalar(turns, "SELECT count(DISTINCT person_id) FROM contact") == 1
    assert scalar(turns, "SELECT count(*) FROM contact WHERE person_id IS NOT NULL") == 2
    assert scalar(turns, "SELECT count(*) FROM staff_case") == 0
    assert scalar(turns, "SELECT outcome FROM submission ORDER BY id DESC LIMIT 1") == "linked"


@pytest.fixture
def empty_base(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "empty.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close_sync()


@pytest.mark.parametrize(
    "changed", [{"name": "陈小林"}, {"phone": "13911112222"}, {"name": "陈小林", "phone": "13911112222"}]
)
async def test_another_name_or_phone_with_a_known_number_is_a_case_and_the_answers_are_the_same(
    turns: Turns, empty_base: Database, changed: dict[str, str]
) -> None:
    await take_all(turns, ANN.words)
    stranger = with_(ANN, **changed)
    heard = await take_all(turns, stranger.words, channel="terminal", address="stranger")
    assert scalar(turns, "SELECT count(*) FROM person") == 1
    assert scalar(turns, "SELECT kind FROM staff_case") == "identity_conflict"
    city = scalar(turns, "SELECT residence_city FROM person")
    assert scalar(turns, "SELECT owner FROM staff_case WHERE due_on IS NOT NULL") == f"city:{city}"
    assert scalar(turns, "SELECT count(*) FROM contact WHERE person_id IS NOT NULL") == 1
    [stored] = turns.database.read_sync(
        lambda c: [people.answers_of(turns.sealer, person) for person in people.every(c)]
    )
    assert (stored["name"], stored["phone"]) == (ANN.name, ANN.phone)

    # Not even that the number is known: the stranger hears what anybody hears, but for the receipt's number.
    nobody_knows = Turns(empty_base, turns.sealer, turns.catalogue, turns.clock, turns.zone)
    fresh = await take_all(nobody_knows, stranger.words, channel="terminal", address="stranger")
    assert without_receipt(heard) == without_receipt(fresh)
    words = ["我的信息", "退订", "我的信息", "撤回报名", "确定撤回", "进度", "更正信息", "提交", "进度"]
    heard = await take_all(turns, words, channel="terminal", address="stranger")
    fresh = await take_all(nobody_knows, words, channel="terminal", address="stranger")
    assert without_receipt(heard) == without_receipt(fresh)
    assert "已经撤回" in texts(heard[5])


async def test_nor_do_positions_and_applications_tell_whose_number_is_known(
    turns: Turns, empty_base: Database
) -> None:
    nobody_knows = Turns(empty_base, turns.sealer, turns.catalogue, turns.clock, turns.zone)
    for base in (turns.database, empty_base):
        base.write_sync(lambda c: public_rows.position(c, public_rows.host(c)))
    await take_all(turns, ANN.words)
    stranger = with_(ANN, name="钱多多", phone="13911112222")
    applying = ["看岗位", "1", "报名", "同意"]
    words = [*stranger.words, *applying, "我的见习", "菜单", *applying, "我的见习", "取消报名"]
    told = []
    for each in (turns, nobody_knows):
        answers = await take_all(each, words, channel="terminal", address="stranger")
        [number, *_] = [c["value"] for reply in answers[-1]["replies"] for c in reply["choices"]]
        answers[-1] = {"text": texts(answers[-1])}
        answers += await take_all(each, [number, "我的见习"], channel="terminal", address="stranger")
        told.append(without_receipt(answers))
    heard, fresh = told
    assert heard == fresh
    assert "按您的意向" in heard
    assert "已报名" in heard
    assert "已经报过了" in heard
    assert "已撤回" in heard


async def test_a_correction_that_is_looked_at_reads_like_one_that_was_taken_over(
    turns: Turns, empty_base: Database
) -> None:
    nobody_knows = Turns(empty_base, turns.sealer, turns.catalogue, turns.clock, turns.zone)
    await take_all(turns, ANN.words)
    answers = []
    for each in (turns, nobody_knows):
        await take_all(each, OTHER.words, address="other")
        *_, review = await take_all(each, ["我的信息", "更正信息"], address="other")
        number = next(
            c["value"] for reply in review["replies"] for c in reply["choices"] if c["label"] == "改证件号"
        )
        words = [
            number,
            ANN.id_number,
            "提交",
            "我的信息",
            "退订",
            "我的信息",
            "撤回报名",
            "确定撤回",
            "进度",
        ]
        answers.append(without_receipt(await take_all(each, words, address="other")))
    assert answers[0] == answers[1]


async def test_a_correction_that_is_looked_at_can_be_withdrawn_at_any_chat_of_the_person(
    turns: Turns,
) -> None:
    await take_all(turns, ANN.words)
    await take_all(turns, OTHER.words, address="other")
    await take_all(turns, OTHER.words, channel="terminal", address="second")
    *_, review = await take_all(turns, ["我的信息", "更正信息"], address="other")
    chosen = {c["label"]: c["value"] for reply in review["replies"] for c in reply["choices"]}
    words = [chosen["改证件号"], ANN.id_number, "提交"]
    await take_all(turns, words, address="other")
    *_, shown = await take_all(
        turns, ["我的信息", "撤回报名", "确定撤回", "进度"], channel="terminal", address="second"
    )
    assert "撤回" in texts(shown)
    [shown] = await take_all(turns, ["进度"], address="other")
    assert "撤回" in texts(shown)


async def test_staff_see_whom_to_call_and_take_over_what_is_the_same_persons(turns: Turns) -> None:
    await take_all(turns, ANN.words)
    moved = with_(ANN, phone="13911112222")
    await take_all(turns, moved.words, channel="terminal", address="new phone")

    def seen(connection: Connection) -> tuple[str, str, str | None]:
        [one] = case_lists.listed(connection, kind="identity_conflict")
        return one.name(turns.sealer), one.phone(turns.sealer), one.owner

    assert turns.database.read_sync(seen) == (ANN.name, "13911112222", "city:440100")
    number = scalar(turns, "SELECT id FROM staff_case")
    decided = {"actor": "cli:li", "now": NOON, "today": NOON.date()}
    accepted = turns.database.write_sync(
        lambda c: identity_decisions.accept(c, turns.sealer, number, "已看身份证", **decided)  # type: ignore[arg-type]
    )
    assert scalar(turns, "SELECT count(*) FROM person") == 1
    assert scalar(turns, "SELECT count(*) FROM contact WHERE person_id IS NOT NULL") == 2
    [stored] = turns.database.read_sync(
        lambda c: [people.answers_of(turns.sealer, person) for person in people.every(c)]
    )
    assert stored["phone"] == "13911112222"
    assert scalar(turns, "SELECT status FROM staff_case") == "closed"
    with pytest.raises(Refused, match="还没办"):
        turns.database.write_sync(
            lambda c: identity_decisions.accept(c, turns.sealer, number, "再来", **decided)  # type: ignore[arg-type]
        )
    assert accepted == 1


async def test_a_stranger_sees_and_changes_only_what_the_stranger_said(turns: Turns) -> None:
    await take_all(turns, ANN.words)
    stranger = with_(ANN, name="钱多多", phone="13911112222")
    await take_all(turns, stranger.words, channel="terminal", address="stranger")
    words = ["我的信息", "更正信息", "提交", "我的信息", "退订", "我的信息", "撤回报名", "确定撤回"]
    heard = await take_all(turns, words, channel="terminal", address="stranger")
    assert "钱*" in texts(heard[0])
    assert "139****2222" in texts(heard[0])
    assert "陈*" not in repr(heard)
    assert "138****0001" not in repr(heard)
    assert heard[-1]["step"] == "withdrawn"
    await take_all(turns, ["删除我的信息", "确定删除"], channel="terminal", address="stranger")
    [(status, push)] = turns.database.read_sync(
        lambda c: c.sqlalchemy.execute(sql("SELECT status, push_consent FROM person")).all()
    )
    assert (status, bool(push)) == ("registered", True)
    [mine] = await take_all(turns, ["我的信息"])
    assert "陈*" in texts(mine)


async def test_a_registered_person_cannot_take_anothers_number_by_correcting(turns: Turns) -> None:
    await take_all(turns, ANN.words)
    await take_all(turns, OTHER.words, address="other")
    *_, review = await take_all(turns, ["我的信息", "更正信息"], address="other")
    number = next(
        c["value"] for reply in review["replies"] for c in reply["choices"] if c["label"] == "改证件号"
    )
    *_, done = await take_all(turns, [number, ANN.id_number, "提交"], address="other")
    assert done["step"] == "done"
    assert scalar(turns, "SELECT count(*) FROM person") == 2
    assert scalar(turns, "SELECT kind FROM staff_case") == "identity_conflict"
    numbers = turns.database.read_sync(
        lambda c: [people.answers_of(turns.sealer, person)["id_number"] for person in people.every(c)]
    )
    assert numbers == [ANN.id_number, OTHER.id_number]


async def test_registering_again_from_the_same_contact_changes_the_same_record(turns: Turns) -> None:
    await take_all(turns, ANN.words)
    await take_all(turns, ["我的信息", "更正信息", "提交"])
    assert scalar(turns, "SELECT count(*) FROM person") == 1
    assert scalar(turns, "SELECT outcome FROM submission ORDER BY id DESC LIMIT 1") == "updated"


# --- at the same moment ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("same_phone", [True, False])
def test_two_processes_registering_one_number_at_once_make_one_record(
    postgresql_url: str, sealer: Sealer, same_phone: bool
) -> None:
    """Each with connections of its own, as two processes have; repeated, for it is a race."""

    def turns_of_a_process() -> Turns:
        return Turns(Database(postgresql_url), sealer, catalogue(), lambda: NOON, ZoneInfo("Asia/Shanghai"))

    processes = [turns_of_a_process() for _ in range(2)]
    rounds = 6
    for number in range(rounds):
        first = graduate(NOON.date(), order=10 + number, phone="13800000001")
        second = first if same_phone else with_(first, phone="13911112222")
        start = threading.Barrier(2)
        steps: list[str] = []

        def register(
            turns: Turns, applicant: Applicant, address: str, start: threading.Barrier = start
        ) -> None:
            *before, last = applicant.words

            async def talk() -> None:
                await take_all(turns, before, address=address)
                await asyncio.to_thread(start.wait, 20)
                steps.append(opened(await turns.take(incoming(last, address=address)))["step"])  # noqa: B023

            asyncio.run(talk())

        threads = [
            threading.Thread(target=register, args=(turns, applicant, f"{number}-{place}"))
            for place, (turns, applicant) in enumerate(zip(processes, (first, second), strict=True))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert steps == ["done", "done"]
    turns = processes[0]
    assert scalar(turns, "SELECT count(*) FROM person") == rounds
    assert scalar(turns, "SELECT count(*) FROM submission") == 2 * rounds
    assert scalar(turns, "SELECT count(*) FROM staff_case") == (0 if same_phone else rounds)
    for one in processes:
        one.database.close_sync()


# --- in order ---------------------------------------------------------------------------------------------------


async def test_two_messages_of_one_person_sent_at_once_are_handled_in_order(turns: Turns) -> None:
    words = ANN.words
    replies = await asyncio.gather(*(turns.take(incoming(text)) for text in words))
    steps = [opened(reply)["step"] for reply in replies]
    assert steps[:3] == ["track", "circumstances", "education"]
    assert steps[-1] == "done"
    assert scalar(turns, "SELECT count(*) FROM contact") == 1


async def test_people_talking_at_once_do_not_mix(turns: Turns) -> None:
    applicants = [graduate(NOON.date(), order=20 + n, phone=f"138000001{n:02d}") for n in range(12)]
    ends = await asyncio.gather(
        *(take_all(turns, applicant.words, address=str(n)) for n, applicant in enumerate(applicants))
    )
    assert [answers[-1]["step"] for answers in ends] == ["done"] * 12
    stored = turns.database.read_sync(
        lambda c: {people.answers_of(turns.sealer, person)["id_number"] for person in people.every(c)}
    )
    assert stored == {applicant.id_number for applicant in applicants}
