"""The verbs of the positions dialog over a real base: wishes before newest, applications, sign-ups, and what they keep quiet."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.desk import Desk
from bot.event_verbs import find_events, leave_event, open_event, sign_up_event
from bot.position_verbs import apply_position, find_positions, open_position, shortened
from bot.texts import catalogue
from policy.codes import PositionKind
from policy.ledger_codes import EventKind, PositionStatus
from storage import event_sign_ups, events
from storage.database import Connection, Database
from storage.events import EventFields
from storage.ledger_tables import EventSignUp, Internship, Position
from storage.sealing import Sealer
from storage.tables import Person, StaffCase
from tests.storage import rows
from tests.storage.public_rows import GUANGZHOU, NOW, SHENZHEN, TODAY, host, many, position

Work = Callable[[Desk], Any]


@pytest.fixture
def at_desk(database: Database, sealer: Sealer) -> Callable[..., Any]:
    """Runs work at the desk of a visitor, or of a registered person with these wishes."""

    def run(work: Work, **wishes: object) -> Any:  # noqa: ANN401 - whatever it returns
        def inside(connection: Connection) -> Any:  # noqa: ANN401
            contact_id, person_id = rows.contact(connection, "newcomer"), None
            if wishes:
                contact_id, person_id = rows.registered(connection, sealer)
                chosen = update(Person).where(col(Person.id) == person_id).values(**wishes)
                connection.session.exec(chosen)
                connection.session.expire_all()
            return work(
                Desk(
                    connection,
                    sealer,
                    catalogue(),
                    contact_id,
                    "web",
                    NOW,
                    TODAY,
                    person_id,
                    person_id is not None,
                )
            )

        return database.write_sync(inside)

    return run


def titles(found: dict[str, Any]) -> list[str]:
    return [item["label"].split(" · ")[0] for item in found["items"]]


def offered(desk: Desk) -> None:
    owner = host(desk.connection)
    position(desk.connection, owner, "广州管理", kind=PositionKind.MANAGEMENT)
    position(desk.connection, owner, "广州技术", kind=PositionKind.TECHNICAL)
    position(desk.connection, owner, "深圳管理", kind=PositionKind.MANAGEMENT, city=SHENZHEN)
    position(desk.connection, owner, "广州博士", kind=PositionKind.MANAGEMENT, education="11")


# --- finding ---------------------------------------------------------------------------------------------


def test_a_visitor_sees_the_newest(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> dict[str, Any]:
        offered(desk)
        return find_positions(desk, {"query": {}})

    found = at_desk(work)
    assert titles(found) == ["广州博士", "深圳管理", "广州技术", "广州管理"]
    assert found["after"] is None
    assert "最新" in found["heading"]


@pytest.mark.parametrize(
    ("wishes", "expected", "said"),
    [
        ({"cities": [GUANGZHOU], "position_kinds": ["3"]}, ["广州管理"], "按您的意向"),
        ({"cities": [GUANGZHOU], "position_kinds": ["1"]}, ["广州技术", "广州管理"], "类别和您选的不同"),
        (
            {"cities": ["440400"], "position_kinds": ["3"]},
            ["深圳管理", "广州技术", "广州管理"],
            "您的学历可以报",
        ),
        ({"cities": ["any"], "position_kinds": ["3"]}, ["深圳管理", "广州管理"], "按您的意向"),
        (
            {"cities": [SHENZHEN, GUANGZHOU], "position_kinds": ["2", "3"]},
            ["深圳管理", "广州技术", "广州管理"],
            "按您的意向",
        ),
    ],
)
def test_somebody_registered_sees_what_fits_the_wishes_and_the_education(
    at_desk: Callable[..., Any], wishes: dict[str, Any], expected: list[str], said: str
) -> None:
    def work(desk: Desk) -> dict[str, Any]:
        offered(desk)
        return find_positions(desk, {"query": {}})

    found = at_desk(work, **wishes)
    assert titles(found) == expected, "and never what asks for a doctorate"
    assert said in found["heading"]


def test_pages_follow_each_other_on_the_same_footing(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[list[str]]:
        many(desk.connection, 12)
        pages: list[list[str]] = []
        query: dict[str, Any] = {}
        while True:
            found = find_positions(desk, {"query": query})
            pages.append(titles(found))
            if found["after"] is None:
                return pages
            query = {**found["query"], "after": found["after"]}

    pages = at_desk(work, cities=[GUANGZHOU], position_kinds=["3"])
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [title for page in pages for title in page] == [f"第{n}号岗位" for n in range(12, 0, -1)]


def test_words_and_cities_are_searched_whatever_the_wishes(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[dict[str, Any]]:
        offered(desk)
        asked = ({"words": "管理", "cities": [SHENZHEN]}, {"cities": [SHENZHEN]}, {"words": "火箭"})
        return [find_positions(desk, {"query": query}) for query in asked]

    both, city, nothing = at_desk(work, cities=[GUANGZHOU], position_kinds=["3"])
    assert titles(both) == titles(city) == ["深圳管理"]
    assert nothing["items"] == []
    assert "没有找到" in nothing["heading"]


def test_an_empty_base_says_so(at_desk: Callable[..., Any]) -> None:
    found = at_desk(lambda desk: find_positions(desk, {"query": {}}))
    assert "过几天" in found["heading"]


def test_example_data_is_marked(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> tuple[list[str], str]:
        number = position(desk.connection, host(desk.connection), demo=True)
        return titles(find_positions(desk, {"query": {}})), open_position(desk, {"id": number})["title"]

    assert at_desk(work) == (["会计助理（示例）"], "会计助理（示例）")


# --- opening and applying --------------------------------------------------------------------------------


def test_a_position_is_told_in_words_that_fit_a_message(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> dict[str, Any]:
        number = position(
            desk.connection,
            host(desk.connection),
            stipend_fen=250_050,
            majors=[],
            education=None,
            taken=1,
            closes_on=TODAY,
            description="长" * 1500,
        )
        return open_position(desk, {"id": number})

    found = at_desk(work)
    assert found["pay"] == "2500.50"
    assert found["demands"] == "学历不限，专业不限"
    assert found["left"] == "1"
    assert found["closes"] == "，2026年11月24日截止"
    assert len(found["description"]) == 120


def test_a_position_that_is_not_published_is_gone(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[Any]:
        number = position(desk.connection, host(desk.connection), status=PositionStatus.CLOSED)
        return [open_position(desk, {"id": number}), open_position(desk, {"id": 999_999_999})]

    assert at_desk(work) == [{"gone": True}, {"gone": True}]


def test_applying_begins_an_internship_once(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> tuple[list[Any], list[Internship]]:
        number = position(desk.connection, host(desk.connection))
        answers = [apply_position(desk, {"id": number}) for _ in range(2)]
        return answers, list(desk.connection.session.exec(select(Internship)))

    (first, second), made = at_desk(work, cities=[GUANGZHOU])
    assert first == {}
    assert "报过" in second["refused"]
    assert [(row.stage, row.source) for row in made] == [("applied", "self")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"taken": 2}, "名额已满"),
        ({"status": PositionStatus.CLOSED}, "没有招募"),
        ({"closes_on": TODAY - timedelta(days=1)}, "截止"),
    ],
    ids=["full", "closed", "past its last day"],
)
def test_an_application_that_cannot_be_taken_is_refused_kindly(
    at_desk: Callable[..., Any], fields: dict[str, Any], said: str
) -> None:
    def work(desk: Desk) -> dict[str, Any]:
        return apply_position(desk, {"id": position(desk.connection, host(desk.connection), **fields)})

    assert said in at_desk(work, cities=[GUANGZHOU])["refused"]


@pytest.mark.parametrize(("status", "said"), [("withdrawn", "更正信息"), ("refused", "人工")])
def test_who_may_not_apply_as_things_stand_reads_what_to_do(
    at_desk: Callable[..., Any], status: str, said: str
) -> None:
    def work(desk: Desk) -> dict[str, Any]:
        return apply_position(desk, {"id": position(desk.connection, host(desk.connection))})

    assert said in at_desk(work, status=status)["refused"]


def test_whose_identity_is_in_question_gets_the_same_answer_and_staff_a_case(
    at_desk: Callable[..., Any],
) -> None:
    def work(desk: Desk) -> tuple[dict[str, Any], list[str], int]:
        number = position(desk.connection, host(desk.connection))
        answer = apply_position(desk, {"id": number})
        desk.connection.session.flush()
        kinds = list(desk.connection.session.exec(select(StaffCase.kind)))
        return answer, kinds, len(desk.connection.session.exec(select(Internship)).all())

    assert at_desk(work) == ({}, ["apply_position"], 0)


def test_an_application_uses_no_opening_yet(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> int:
        number = position(desk.connection, host(desk.connection))
        apply_position(desk, {"id": number})
        return desk.connection.session.get_one(Position, number, populate_existing=True).taken

    assert at_desk(work, cities=[GUANGZHOU]) == 0


# --- events ----------------------------------------------------------------------------------------------


def announced(desk: Desk, title: str = "招聘会", city: str = GUANGZHOU, days: int = 5, **fields: Any) -> int:  # noqa: ANN401
    starts = NOW + timedelta(days=days)
    made = EventFields(city, title, EventKind.JOB_FAIR, starts, None, "体育中心", **fields)
    number = events.create(desk.connection, made, actor="x", now=NOW)
    events.publish(desk.connection, number, actor="x", now=NOW)
    return number


def test_events_of_the_wished_cities_come_first(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[str]:
        announced(desk, "深圳场", SHENZHEN, days=1)
        announced(desk, "广州场", days=9)
        return [item["label"] for item in find_events(desk, {})["items"]]

    assert at_desk(work, cities=[GUANGZHOU]) == ["12月3日 广州 · 广州场", "11月25日 深圳 · 深圳场"]


def test_a_visitor_sees_the_next_five_events(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[int]:
        numbers = [announced(desk, days=day) for day in (7, 6, 5, 4, 3, 2)]
        assert numbers == [1, 2, 3, 4, 5, 6]
        return [item["id"] for item in find_events(desk, {})["items"]]

    assert at_desk(work) == [6, 5, 4, 3, 2]


def test_signing_up_and_giving_back_over_the_chat(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[Any]:
        number = announced(desk, capacity=1)
        before = open_event(desk, {"id": number})
        done = sign_up_event(desk, {"id": number})
        after = open_event(desk, {"id": number})
        back = leave_event(desk, {"id": number})
        status = desk.connection.session.exec(select(EventSignUp.status)).one()
        return [before["mine"], before["left"], done, after["mine"], after["left"], back, status]

    assert at_desk(work) == [False, "，还有1个名额", {}, True, "，名额已满", {}, "cancelled"]


def test_a_full_event_is_refused_in_words(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> Any:  # noqa: ANN401
        number = announced(desk, capacity=1)
        other = rows.contact(desk.connection, "quicker")
        event_sign_ups.sign_up(desk.connection, number, other, None, now=NOW)
        return sign_up_event(desk, {"id": number}), sign_up_event(desk, {"id": 999})

    full, missing = at_desk(work)
    assert "报满" in full["refused"]
    assert "结束或取消" in missing["refused"]


def test_an_event_that_was_called_off_is_gone(at_desk: Callable[..., Any]) -> None:
    def work(desk: Desk) -> list[Any]:
        number = announced(desk)
        events.cancel(desk.connection, number, reason="台风", actor="x", now=NOW)
        return [open_event(desk, {"id": number}), open_event(desk, {"id": 999}), find_events(desk, {})]

    assert at_desk(work) == [{"gone": True}, {"gone": True}, {"items": []}]


def test_a_long_text_is_cut_with_a_sign() -> None:
    assert shortened("12345", 5) == "12345"
    assert shortened("123456", 5) == "1234…"
