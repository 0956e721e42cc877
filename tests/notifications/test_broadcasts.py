"""Broadcasts in the words of each person: what goes out, what a clerk sees before, and what one's own chat gets."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from notifications import broadcasts as words
from notifications.broadcasts import EXAMPLE, render
from policy.outgoing_codes import BroadcastState
from policy.refusal import Refused
from storage import broadcast_drafts, broadcasts, staff_bindings
from storage.database import Connection, Database
from storage.sealing import Sealer
from tests.notifications.platform import Desk, Platform
from tests.storage import care_rows
from tests.storage.broadcast_rows import (
    NOW,
    TODAY,
    WRITER,
    contact,
    crowd,
    started,
    states,
)

ACT: dict[str, Any] = {"actor": WRITER, "now": NOW}


def known(connection: Connection, sealer: Sealer) -> int:
    """Somebody of whom everything is known."""
    [number] = crowd(
        connection,
        sealer,
        1,
        name="欧阳娜",
        residence_city="440600",
        education="31",
        school="佛山职业技术学院",
        major="会计",
        eligible_until=date(2027, 6, 30),
    )
    return number


def test_the_variables_are_those_of_each_person(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        [plain] = crowd(connection, sealer, 1, residence_city="000000", education="?")
        full = known(connection, sealer)
        gone, *_ = crowd(connection, sealer, 1)
        connection.sqlalchemy.execute(update(contact).where(contact.c.id == gone).values(person_id=None))
        assert words.values_of(connection, sealer, [plain, full, gone], TODAY) == {
            plain: {
                "name": "陈小明",
                "greeting": "陈同学",
                "city": "",
                "education": "",
                "school": "",
                "major": "",
                "eligible_until": "",
                "position_count": 0,
            },
            full: {
                "name": "欧阳娜",
                "greeting": "欧阳同学",
                "city": "佛山",
                "education": "大学专科",
                "school": "佛山职业技术学院",
                "major": "会计",
                "eligible_until": "2027年6月30日",
                "position_count": 0,
            },
        }
        assert words.values_of(connection, sealer, [], TODAY) == {}

    database.write_sync(work)


def test_only_openings_that_somebody_could_still_take_are_counted(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        here = care_rows.host(connection, 1)
        closed = care_rows.host(connection, 2, status="removed")
        care_rows.position(connection, here, title="甲", openings=3, taken=1)
        care_rows.position(connection, here, title="乙", openings=4, closes_on=TODAY)
        care_rows.position(connection, here, title="丙", openings=5, taken=5)
        care_rows.position(connection, here, title="丁", openings=5, closes_on=date(2026, 11, 23))
        care_rows.position(connection, here, title="戊", openings=5, status="closed")
        care_rows.position(connection, closed, title="己", openings=5)
        care_rows.position(connection, here, title="庚", openings=7, city="440600")
        assert words.openings(connection, {"440100", "440300"}, TODAY) == {"440100": 6}
        [number] = crowd(connection, sealer, 1)
        assert render(connection, sealer, "{{ position_count }}", [number], TODAY) == {number: "6"}

    database.write_sync(work)


def test_whom_a_text_says_nothing_to_is_left_out(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        full, [plain] = known(connection, sealer), crowd(connection, sealer, 1)
        text = "{% if school %}{{ greeting }}{% endif %}"
        assert render(connection, sealer, text, [full, plain], TODAY) == {full: "欧阳同学"}

    database.write_sync(work)


# --- before it goes out ---


def test_a_preview_shows_real_people_masked(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1, name="欧阳娜", track="youth", eligible_until=date(2027, 3, 9))
        text = "{{ name }}|{{ greeting }}|{{ eligible_until }}|{{ city }}"
        number = words.draft(connection, "一", text, {}, **ACT)
        found = words.preview(connection, sealer, broadcast_drafts.get(connection, number), 3, NOW, TODAY)
        assert found.size == 1
        assert [each.text for each in found.people] == ["欧*|欧*同学|2027年*月*日|广州"]
        assert found.warnings == ()

    database.write_sync(work)


def test_a_preview_measures_what_would_go_out(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 30)
        crowd(connection, sealer, 1, school="学" * 700)
        number = words.draft(connection, "一", "{{ school }}您好", {}, **ACT)
        row = broadcast_drafts.get(connection, number)
        found = words.preview(connection, sealer, row, 2, NOW, TODAY)
        assert (found.size, len(found.people)) == (31, 2)
        assert [warning[:5] for warning in found.warnings] == ["微信公众号"]

    database.write_sync(work)


def test_a_text_that_cannot_be_filled_is_not_stored(database: Database) -> None:
    def work(connection: Connection) -> None:
        with pytest.raises(Refused, match="nmae"):
            words.draft(connection, "一", "{{ nmae }}", {}, **ACT)
        number = words.draft(connection, "一", "您好", {}, **ACT)
        with pytest.raises(Refused, match="空的"):
            words.change(connection, number, text=" ", **ACT)
        assert broadcast_drafts.get(connection, number).text == "您好"

    database.write_sync(work)


def test_a_text_that_says_nothing_to_some_is_not_handed_in(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        known(connection, sealer)
        number = words.draft(connection, "一", "{% if school %}您好{% endif %}", {}, **ACT)
        assert words.submit(connection, sealer, number, today=TODAY, **ACT) is BroadcastState.APPROVED
        broadcast_drafts.back_to_draft(connection, number, **ACT)
        crowd(connection, sealer, 1)
        with pytest.raises(Refused, match="每个人"):
            words.submit(connection, sealer, number, today=TODAY, **ACT)

    database.write_sync(work)


# --- what goes out ---


async def test_everybody_gets_their_own_words(desk: Desk, telegram: Platform) -> None:
    def work(connection: Connection) -> int:
        for name in ("陈小明", "欧阳娜"):
            crowd(connection, desk.sealer, 1, name=name, channel="telegram")
        return started(connection, "{{ greeting }}，周六招聘会")

    number = desk.write(work)
    desk.made(render)
    await desk.drain()
    assert len(telegram.texts) == 1, "the first part"
    await desk.go_on(minutes=11)
    assert sorted(telegram.texts) == ["欧阳同学，周六招聘会", "陈同学，周六招聘会"]
    await desk.go_on(minutes=1)
    assert desk.write(lambda c: broadcast_drafts.get(c, number).state) == BroadcastState.DONE


@pytest.mark.parametrize(("urgent", "reached"), [(False, 1), (True, 2)])
async def test_two_broadcasts_reach_one_person_only_when_urgent(
    desk: Desk, telegram: Platform, urgent: bool, reached: int
) -> None:
    def first(connection: Connection) -> None:
        crowd(connection, desk.sealer, 1, channel="telegram")
        started(connection, "一")

    def second(connection: Connection) -> int:
        number = broadcast_drafts.draft(connection, "二", "二", {}, urgent=urgent, **ACT)
        broadcast_drafts.submit(connection, number, today=TODAY, **ACT)
        broadcasts.start(connection, number, today=TODAY, **ACT)
        return number

    desk.made(render)
    desk.write(first)
    await desk.drain()
    number = desk.write(second)
    await desk.drain()
    assert sum(telegram.taken.values()) == reached
    if not urgent:
        assert desk.write(lambda c: states(c, number)) == {"skipped": 1}


async def test_what_is_paused_stays_here_while_the_rest_goes_out(desk: Desk, telegram: Platform) -> None:
    def work(connection: Connection) -> int:
        crowd(connection, desk.sealer, 3, channel="telegram")
        number = started(connection)
        broadcasts.pause(connection, number, **ACT)
        return number

    number = desk.write(work)
    desk.made(render)
    await desk.go_on(minutes=30)
    assert not telegram.taken
    desk.write(lambda c: broadcasts.resume(c, number, actor=WRITER, now=desk.clock()))
    await desk.drain()
    await desk.go_on(minutes=11)
    assert len(telegram.taken) == 3


# --- to oneself ---


async def test_a_clerk_gets_it_in_their_own_chat_with_nobodys_data(desk: Desk, telegram: Platform) -> None:
    chat = desk.contact("clerk")

    def work(connection: Connection) -> int:
        crowd(connection, desk.sealer, 1, name="欧阳娜")
        code = staff_bindings.invite(connection, desk.sealer, "李敏", None, **ACT)
        staff_bindings.bind(connection, desk.sealer, code, chat, now=NOW)
        return words.draft(connection, "招聘会", "{{ name }}您好", {}, **ACT)

    number = desk.write(work)
    for _ in range(2):  # as often as the clerk likes
        assert desk.write(lambda c: words.send_test(c, desk.sealer, number, "李敏", **ACT)) == 1
    await desk.drain()
    assert telegram.taken == {"clerk": 2}
    assert set(telegram.texts) == {f"【测试】招聘会\n{EXAMPLE['name']}您好"}
    with pytest.raises(Refused, match="绑定"):
        desk.write(lambda c: words.send_test(c, desk.sealer, number, "王五", **ACT))
