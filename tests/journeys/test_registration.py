"""A young person registers by chat: a graduate, an unemployed youth, and those who may not yet."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import text as sql

from bot.app import Parts, utc_now
from bot.export import HEADERS
from bot.texts import load_texts
from bot.turns import Turns
from storage import conversations, people
from storage.database import Connection
from tests.journeys.applicants import Applicant, graduate, id_number, in_chinese, youth
from tests.serving import Run
from tests.talking import NOON, Client, Clock, Person, take_all, texts

TODAY = NOON.date()


def stored(turns: Turns) -> list[dict[str, Any]]:
    """All people of the base, in clear."""

    def work(connection: Connection) -> list[dict[str, Any]]:
        return [people.answers_of(turns.sealer, person) for person in people.every(connection)]

    return turns.database.read_sync(work)


@pytest.mark.parametrize("make", [graduate, youth])
async def test_through_the_web_alone_a_person_ends_in_the_base_with_all_fields(
    client: Client,
    run: Run,
    make: Callable[[date], Applicant],
) -> None:
    applicant = make(TODAY)
    person = Person(client)
    steps = []
    for text in applicant.words:
        answer = await person.say(text)
        steps.append(answer["step"])
        assert answer["progress"] is None or answer["progress"]["done"] <= answer["progress"]["total"]
    assert (answer["dialog"], answer["step"]) == ("registration", "done")
    assert len(set(steps)) == len(steps), "no question came twice"
    assert "000001" in texts(answer)

    [found] = json.loads((await asyncio.to_thread(run, "people", "list", "--json")).out)
    assert set(found) == {*HEADERS, "labels"}
    masked = {
        "name": applicant.name[0] + "*",
        "id_number": f"440000********{applicant.id_number[-4:]}",
        "phone": f"138****{applicant.phone[-4:]}",
    }
    assert {field: found[field] for field in masked} == masked
    empty = {"graduated_on", "major"} if make is youth else {"unemployment_registered"}
    assert {field for field, value in found.items() if value in (None, "", [])} == empty

    [clear] = json.loads((await asyncio.to_thread(run, "people", "list", "--json", "--unmask")).out)
    assert (clear["name"], clear["id_number"], clear["phone"]) == (
        applicant.name,
        applicant.id_number,
        applicant.phone,
    )
    assert clear == clear | EXPECTED[make.__name__]


EXPECTED = {
    "graduate": {
        "track": "graduate",
        "outcome": "eligible",
        "status": "registered",
        "education": "21",
        "school": "广东工业大学",
        "major": "软件工程",
        "graduated_on": "2026-06-15",
        "eligible_until": "2028-06-15",
        "birth_date": "2004-03-08",
        "residence": "440106",
        "circumstances": ["none"],
        "skill_level": "none",
        "hardship": ["none"],
        "position_kinds": ["2", "3"],
        "cities": ["440100", "440600"],
        "available_from": "2026-11-24",
        "push_consent": True,
        "channel": "web",
        "demo": False,
    },
    "youth": {
        "track": "youth",
        "outcome": "eligible",
        "education": "61",
        "school": "东山中学",
        "birth_date": "2007-02-14",
        "eligible_until": "2032-02-13",
        "unemployment_registered": "yes",
        "residence": "441403",
        "hardship": ["01"],
        "position_kinds": ["1", "2", "3", "4"],
        "cities": ["441400"],
        "push_consent": False,
    },
}


TEXTS = load_texts()["registration"]["not_eligible"]
BIRTH_19 = in_chinese(date(TODAY.year - 19, 2, 14))
NOT_YET = {
    "at school": (["我要报名", "1", "还在上学"], {"at_school"}),
    "employed": (["我要报名", "1", "已经工作"], {"employed"}),
    "own business": (["我要报名", "2", "名下有营业执照"], {"business_licence"}),
    "at school and employed": (["我要报名", "1", "1 2"], {"at_school", "employed"}),
    "certificate too old": (
        ["我要报名", "1", "没有", "本科", "2024年11月23日", in_chinese(date(TODAY.year - 26, 1, 1))],
        {"graduated_too_long_ago", "too_old_for_youth"},
    ),
    "youth of 25": (["我要报名", "2", "没有", "高中", "2001年11月24日"], {"too_old_for_youth"}),
    "youth of 15": (["我要报名", "2", "没有", "初中", "2010年11月25日"], {"too_young"}),
    "unemployment not registered": (
        ["我要报名", "2", "没有", "高中", BIRTH_19, "没办过"],
        {"unemployment_not_registered"},
    ),
}


@pytest.mark.parametrize("case", NOT_YET)
async def test_who_may_not_yet_hears_why_and_what_would_cure_it(turns: Turns, case: str) -> None:
    words, reasons = NOT_YET[case]
    *_, answer = await take_all(turns, words)
    assert (answer["dialog"], answer["step"]) == ("registration", "not_eligible"), texts(answer)
    given = {line[2:] for line in texts(answer).splitlines() if line.startswith("· ")}
    assert given == {TEXTS["reasons"][reason] for reason in reasons}
    offered = {choice["label"] for reply in answer["replies"] for choice in reply["choices"]}
    assert offered >= set(TEXTS["options"].values())
    assert stored(turns) == []


AT_THE_EDGE = {
    "the second birthday of a certificate": ["我要报名", "1", "没有", "本科", "2024年11月24日"],
    "the day before 25": ["我要报名", "2", "没有", "高中", "2001年11月25日", "办过"],
    "16 today": ["我要报名", "2", "没有", "初中", "2010年11月24日", "办过"],
}


@pytest.mark.parametrize("case", AT_THE_EDGE)
async def test_on_the_last_and_first_day_one_still_may(turns: Turns, case: str) -> None:
    *_, answer = await take_all(turns, AT_THE_EDGE[case])
    assert answer["step"] == "consent"


async def test_who_turns_out_too_young_by_the_document_leaves_no_identity(turns: Turns) -> None:
    number = id_number(date(TODAY.year - 15, 1, 1))
    words = [*graduate(TODAY).words[:7], number]
    *_, answer = await take_all(turns, words)
    assert answer["step"] == "not_eligible"
    assert TEXTS["reasons"]["too_young"] in texts(answer)
    state = turns.database.read_sync(
        lambda c: c.sqlalchemy.execute(sql("SELECT state_sealed FROM session")).scalar_one()
    )
    opened = turns.sealer.open(state, b"session.state_sealed").decode()
    assert number not in opened
    assert "陈晓琳" not in opened


async def test_declining_consent_stores_nothing(turns: Turns) -> None:
    words = [*graduate(TODAY).words[:5], "不同意"]
    *_, answer = await take_all(turns, words)
    assert answer["dialog"] == "home"
    assert stored(turns) == []
    counted = turns.database.read_sync(
        lambda c: c.sqlalchemy.execute(sql("SELECT count(*) FROM consent")).scalar_one()
    )
    assert counted == 0
    said = turns.database.read_sync(
        lambda c: [
            orjson.loads(e.content)["said"]
            for e in conversations.entries_before(c, turns.sealer, 1, None, 99)
        ]
    )
    assert said == ["不同意"]


async def test_an_interrupted_registration_goes_on_days_later_where_it_stopped(
    turns: Turns, clock: Clock
) -> None:
    *first, then = [graduate(TODAY).words[:8], graduate(TODAY).words[8:]]
    await take_all(turns, first[0])
    clock.move(days=3)
    [where] = await take_all(turns, ["你好"])
    assert where["step"] == "phone"
    assert "第 8 题，共 18 题" in texts(where)
    *_, done = await take_all(turns, then)
    assert done["step"] == "done"


async def test_changing_an_answer_in_the_review_asks_only_what_depends_on_it(turns: Turns) -> None:
    *before, submit = graduate(TODAY).words
    *_, review = await take_all(turns, before)
    assert review["step"] == "review"
    numbers = {
        choice["label"].removeprefix("改"): choice["value"]
        for reply in review["replies"]
        for choice in reply["choices"]
    }
    words = [numbers["学历"], "大专", "2026年6月30日", "顺德职业技术学院", "会计"]
    steps = [answer["step"] for answer in await take_all(turns, words)]
    assert steps == ["education", "graduated_on", "school", "major", "review"]
    await take_all(turns, [submit])
    [found] = stored(turns)
    assert (found["education"], found["school"], found["skill_level"]) == ("31", "顺德职业技术学院", "none")


# --- what a registered person can do ---------------------------------------------------------------------------


async def test_information_is_shown_masked_corrected_and_its_history_kept(turns: Turns) -> None:
    applicant = graduate(TODAY)
    await take_all(turns, applicant.words)
    *_, mine = await take_all(turns, ["我的信息"])
    for clear in (applicant.name, applicant.id_number, applicant.phone):
        assert clear not in texts(mine)
    *_, review = await take_all(turns, ["更正信息"])
    assert review["step"] == "review"
    phone = next(
        c["value"] for reply in review["replies"] for c in reply["choices"] if c["label"] == "改手机号"
    )
    *_, done = await take_all(turns, [phone, "13900000009", "提交"])
    assert done["step"] == "done"
    [found] = stored(turns)
    assert found["phone"] == "13900000009"

    def phones(connection: Connection) -> list[Any]:
        history = people.history(connection, turns.sealer, 1)
        return [row["value"] for row in history if row["field"] == "phone"]

    assert turns.database.read_sync(phones) == [applicant.phone, "13900000009"]


async def test_deleting_leaves_nothing_but_the_note_that_it_was_done(turns: Turns) -> None:
    applicant = graduate(TODAY)
    await take_all(turns, [*applicant.words, "人工", "想问问", "菜单"])
    *_, erased = await take_all(turns, ["删除我的信息", "确定删除"])
    assert erased["step"] == "erased"
    left = turns.database.read_sync(
        lambda c: {
            table: c.sqlalchemy.execute(sql(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("person", "person_field", "submission", "consent", "staff_case", "hardship_mark")
        }
    )
    assert set(left.values()) == {0}
    messages = turns.database.read_sync(
        lambda c: c.sqlalchemy.execute(sql("SELECT count(*) FROM message")).scalar_one()
    )
    assert messages == 1, "the answer to the deletion itself"
    *_, again = await take_all(turns, applicant.words)
    assert again["step"] == "done", "and one may come again"


async def test_an_export_link_opens_once_and_not_for_long(client: Client, clock: Clock) -> None:
    applicant = graduate(TODAY)
    person = Person(client)
    await person.tell(applicant.words)

    async def link() -> str:
        answer = await person.tell(["我的信息", "导出"])
        [url] = [one["url"] for reply in answer["replies"] for one in reply["links"]]
        return str(url)

    url = await link()
    async with client.get(url) as response:
        assert response.status == 200
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["Cache-Control"] == "no-store"
        everything = json.dumps(await response.json(), ensure_ascii=False)
    for clear in (applicant.name, applicant.id_number, applicant.phone, "广东工业大学"):
        assert clear in everything
    async with client.get(url) as response:
        assert response.status == 410
        assert (await response.json())["error"]["code"] == "link_spent"
    late = await link()
    clock.move(minutes=15, seconds=1)
    async with client.get(late) as response:
        assert response.status == 410
    async with client.get("/api/chat/export/guess") as response:
        assert response.status == 410


async def test_the_real_service_of_today_takes_both(client: Client, parts: Parts, clock: Clock) -> None:
    """The tests above stand still in one November; the words must do on any day."""
    clock.now = utc_now()
    for make in (graduate, youth):
        assert (await Person(client).tell(make(clock.now.date()).words))["step"] == "done"
