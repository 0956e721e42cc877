"""Matchmaking events: their life, sign-ups within the capacity, attendance, and the quarter that lacks one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from policy.calendar import CHINA
from policy.ledger_codes import EventKind, EventStatus
from policy.quarters import Quarter
from policy.refusal import Refused
from policy.regions import CITIES
from storage import event_sign_ups, events, people
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.events import CityQuarter, EventFields
from storage.ledger_tables import ProgrammeEvent
from storage.sealing import Sealer
from tests.storage import rows
from tests.storage.public_rows import GUANGZHOU, NOW, SHENZHEN

SOON = datetime(2026, 12, 5, 9, 30, tzinfo=CHINA)
AFTERWARDS = SOON + timedelta(hours=4)
FAIR = EventFields(GUANGZHOU, "见习专场招聘会", EventKind.JOB_FAIR, SOON, None, "天河体育中心", "带身份证", 2)
CLERK: dict[str, Any] = {"actor": "cli:clerk"}


def published(connection: Connection, fields: EventFields = FAIR) -> int:
    event_id = events.create(connection, fields, **CLERK, now=NOW)
    events.publish(connection, event_id, **CLERK, now=NOW)
    return event_id


def held(connection: Connection, fields: EventFields = FAIR) -> int:
    event_id = published(connection, fields)
    events.hold(connection, event_id, **CLERK, now=fields.starts_at + timedelta(hours=4))
    return event_id


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        work()
    return "\n".join(refused.value.reasons)


def test_a_draft_is_kept_as_it_was_said_and_not_shown(database: Database) -> None:
    event_id = database.write_sync(lambda connection: events.create(connection, FAIR, **CLERK, now=NOW))

    def look(connection: Connection) -> tuple[EventFields, str, list[ProgrammeEvent]]:
        event = events.get(connection, event_id)
        return events.fields_of(event), event.status, events.upcoming(connection, NOW)

    assert database.read_sync(look) == (FAIR, EventStatus.DRAFT, [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (FAIR._replace(city="110000"), "哪个市"),
        (FAIR._replace(kind="party"), "专场招聘、双向选择洽谈"),
        (FAIR._replace(title=" "), "标题要有 1 到 60 个字"),
        (FAIR._replace(venue="远" * 121), "地点要有 1 到 120 个字"),
        (FAIR._replace(description="长" * 1501), "1500 个字以内"),
        (FAIR._replace(ends_at=SOON), "结束时间要晚于开始时间"),
        (FAIR._replace(capacity=0), "名额要是 1 以上"),
    ],
)
def test_what_is_wrong_with_an_event_is_said(database: Database, wrong: EventFields, said: str) -> None:
    reasons = database.write_sync(
        lambda connection: refusal(lambda: events.create(connection, wrong, **CLERK, now=NOW))
    )
    assert said in reasons


def test_all_that_is_wrong_is_said_at_once(database: Database) -> None:
    wrong = FAIR._replace(city="", title="", venue="")
    said = database.write_sync(
        lambda connection: refusal(lambda: events.create(connection, wrong, **CLERK, now=NOW))
    )
    assert said.count("\n") == 2


def test_people_see_published_events_that_have_not_begun_the_next_first(database: Database) -> None:
    later = FAIR._replace(title="后一场", starts_at=SOON + timedelta(days=1))
    elsewhere = FAIR._replace(title="深圳场", city=SHENZHEN)

    def work(connection: Connection) -> tuple[list[str], list[str], list[str]]:
        for fields in (later, FAIR, elsewhere):
            published(connection, fields)
        events.create(connection, FAIR._replace(title="草稿"), **CLERK, now=NOW)
        cancelled = published(connection, FAIR._replace(title="取消的"))
        events.cancel(connection, cancelled, reason="场地有变", **CLERK, now=NOW)
        shown = events.upcoming(connection, NOW)
        there = events.upcoming(connection, NOW, cities=[GUANGZHOU])
        then = events.upcoming(connection, SOON)
        return [e.title for e in shown], [e.title for e in there], [e.title for e in then]

    assert database.write_sync(work) == (
        ["见习专场招聘会", "深圳场", "后一场"],
        ["见习专场招聘会", "后一场"],
        ["后一场"],
    )


def test_an_event_goes_only_where_it_may(database: Database) -> None:
    def work(connection: Connection) -> list[str]:
        publish = partial(events.publish, connection, actor="cli:clerk")
        cancel = partial(events.cancel, connection, actor="cli:clerk")
        hold = partial(events.hold, connection, actor="cli:clerk")
        event_id = events.create(connection, FAIR, **CLERK, now=NOW)
        said = [
            refusal(lambda: hold(event_id, now=AFTERWARDS)),
            refusal(lambda: publish(event_id, now=AFTERWARDS)),
        ]
        publish(event_id, now=NOW)
        said += [
            refusal(lambda: publish(event_id, now=NOW)),
            refusal(lambda: hold(event_id, now=NOW)),
            refusal(lambda: cancel(event_id, reason="", now=NOW)),
        ]
        hold(event_id, now=AFTERWARDS)
        said += [
            refusal(lambda: cancel(event_id, reason="改期", now=AFTERWARDS)),
            refusal(lambda: events.change(connection, event_id, FAIR, **CLERK, now=AFTERWARDS)),
        ]
        return said

    expected = ("只有已发布的", "已经过了", "不用再发布", "还没开始", "取消的原因", "不能取消", "不能再改")
    for said, part in zip(database.write_sync(work), expected, strict=True):
        assert part in said


def test_of_two_clerks_the_second_is_told_that_it_has_changed(database: Database) -> None:
    def first(connection: Connection) -> tuple[int, int]:
        event_id = published(connection)
        seen = events.get(connection, event_id).version
        moved = FAIR._replace(venue="广州图书馆")
        events.change(connection, event_id, moved, seen=seen, **CLERK, now=NOW)
        return event_id, seen

    event_id, seen = database.write_sync(first)
    with pytest.raises(Conflict):
        database.write_sync(
            lambda connection: events.change(connection, event_id, FAIR, seen=seen, **CLERK, now=NOW)
        )
    assert database.read_sync(lambda connection: events.get(connection, event_id).venue) == "广州图书馆"


def test_staff_find_events_by_city_and_status_page_by_page(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[int], list[int], list[int]]:
        first, second = published(connection), held(connection)
        published(connection, FAIR._replace(city=SHENZHEN))
        ours = events.every(connection, city=GUANGZHOU, limit=1)
        rest = events.every(connection, city=GUANGZHOU, after_id=first)
        done = events.every(connection, status=EventStatus.HELD)
        assert (first, second) == (1, 2)
        return [e.id or 0 for e in ours], [e.id or 0 for e in rest], [e.id or 0 for e in done]

    assert database.write_sync(work) == ([1], [2], [2])


# --- sign-ups --------------------------------------------------------------------------------------------


def test_signing_up_takes_a_place_once_and_taking_back_gives_it_back(database: Database) -> None:
    def work(connection: Connection) -> list[int | None]:
        event_id, guest = published(connection), rows.contact(connection)
        event = events.get(connection, event_id)
        left = [event_sign_ups.places_left(connection, event)]
        for _ in range(2):
            event_sign_ups.sign_up(connection, event_id, guest, None, now=NOW)
        left.append(event_sign_ups.places_left(connection, event))
        for _ in range(2):
            event_sign_ups.take_back(connection, event_id, guest, now=NOW)
        left.append(event_sign_ups.places_left(connection, event))
        event_sign_ups.sign_up(connection, event_id, guest, None, now=NOW)
        assert event_sign_ups.status_of(connection, event_id, guest) == "signed_up"
        return [*left, event_sign_ups.places_left(connection, event)]

    assert database.write_sync(work) == [2, 1, 2, 1]


def test_a_full_event_takes_nobody_more_but_those_who_have_a_place(database: Database) -> None:
    def work(connection: Connection) -> str:
        event_id = published(connection)
        one, two, three = (rows.contact(connection, f"guest {n}") for n in range(3))
        for guest in (one, two, one):
            event_sign_ups.sign_up(connection, event_id, guest, None, now=NOW)
        return refusal(lambda: event_sign_ups.sign_up(connection, event_id, three, None, now=NOW))

    assert "报满" in database.write_sync(work)


def test_an_event_without_limit_takes_everybody(database: Database) -> None:
    def work(connection: Connection) -> tuple[int | None, dict[int, tuple[int, int]]]:
        event_id = published(connection, FAIR._replace(capacity=None))
        for n in range(5):
            guest = rows.contact(connection, f"guest {n}")
            event_sign_ups.sign_up(connection, event_id, guest, None, now=NOW)
        left = event_sign_ups.places_left(connection, events.get(connection, event_id))
        return left, event_sign_ups.counts(connection, [event_id, 99])

    assert database.write_sync(work) == (None, {1: (5, 0), 99: (0, 0)})


@pytest.mark.parametrize("status", ["draft", "cancelled", "begun"])
def test_nobody_signs_up_for_what_will_not_be(database: Database, status: str) -> None:
    def work(connection: Connection) -> str:
        guest = rows.contact(connection)
        event_id = events.create(connection, FAIR, **CLERK, now=NOW)
        if status != "draft":
            events.publish(connection, event_id, **CLERK, now=NOW)
        if status == "cancelled":
            events.cancel(connection, event_id, reason="改期", **CLERK, now=NOW)
        now = SOON if status == "begun" else NOW
        return refusal(lambda: event_sign_ups.sign_up(connection, event_id, guest, None, now=now))

    assert "结束或取消" in database.write_sync(work)


def test_attendance_is_marked_for_those_who_signed_up_once_it_has_begun(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[str], list[int], dict[int, tuple[int, int]]]:
        event_id, guest = published(connection), rows.contact(connection)
        stranger = rows.contact(connection, "stranger")
        event_sign_ups.sign_up(connection, event_id, guest, None, now=NOW)
        mark = partial(event_sign_ups.mark, connection, event_id, actor="cli:clerk")
        said = [
            refusal(lambda: mark([guest], came=True, now=NOW)),
            refusal(lambda: mark([stranger], came=True, now=AFTERWARDS)),
        ]
        changed = [
            mark([guest, guest], came=True, now=AFTERWARDS),
            mark([guest], came=True, now=AFTERWARDS),
        ]
        said.append(refusal(lambda: event_sign_ups.take_back(connection, event_id, guest, now=AFTERWARDS)))
        came = event_sign_ups.counts(connection, [event_id])
        changed.append(mark([guest], came=False, now=AFTERWARDS))
        return said, changed, came

    said, changed, came = database.write_sync(work)
    for sentence, part in zip(said, ("还没开始", "没有报", "签到了"), strict=True):
        assert part in sentence
    assert changed == [1, 0, 1]
    assert came == {1: (1, 1)}


def test_staff_see_who_signed_up_masked(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> tuple[list[Any], list[Any], list[Any]]:
        event_id = published(connection)
        contact_id, person_id = rows.registered(connection, sealer)
        visitor = rows.contact(connection, "another")
        event_sign_ups.sign_up(connection, event_id, contact_id, person_id, now=NOW)
        event_sign_ups.sign_up(connection, event_id, visitor, None, now=NOW)
        masked = event_sign_ups.guests(connection, sealer, event_id)
        clear = event_sign_ups.guests(connection, sealer, event_id, unmask=True, limit=1)
        rest = event_sign_ups.guests(connection, sealer, event_id, after_id=contact_id)
        return [g[1:4] for g in masked], [g[1:4] for g in clear], [g[1:4] for g in rest]

    masked, clear, rest = database.write_sync(work)
    assert masked == [("signed_up", "张*", "138****8000"), ("signed_up", "", "")]
    assert clear == [("signed_up", "张伟", "13800138000")]
    assert rest == [("signed_up", "", "")]


def test_there_are_no_guests_of_an_event_that_is_not_there(database: Database, sealer: Sealer) -> None:
    with pytest.raises(NotFound):
        database.read_sync(lambda connection: event_sign_ups.guests(connection, sealer, 5))


def test_who_wants_everything_deleted_is_on_no_list_any_more(database: Database, sealer: Sealer) -> None:
    def joins(connection: Connection) -> tuple[int, int]:
        event_id = published(connection)
        contact_id, person_id = rows.registered(connection, sealer)
        event_sign_ups.sign_up(connection, event_id, contact_id, person_id, now=NOW)
        return event_id, contact_id

    event_id, contact_id = database.write_sync(joins)
    database.write_sync(lambda connection: people.erase(connection, contact_id, NOW))
    left = database.read_sync(lambda connection: event_sign_ups.guests(connection, sealer, event_id))
    assert left == []


# --- quarters --------------------------------------------------------------------------------------------


def test_a_city_owes_an_event_until_one_is_held_or_published(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[CityQuarter], int]:
        held(connection)
        published(connection, FAIR._replace(city=SHENZHEN))
        events.create(connection, FAIR._replace(city="440400"), **CLERK, now=NOW)
        lacking = events.cities_without_event(connection, Quarter(2026, 4))
        return lacking, len(events.cities_without_event(connection, Quarter(2027, 1)))

    lacking, next_quarter = database.write_sync(work)
    owing = {city.city for city in lacking}
    assert owing == {city.code for city in CITIES} - {GUANGZHOU, SHENZHEN}
    assert CityQuarter("440400", 0, 0, 1) in lacking, "a draft does not count"
    assert next_quarter == 21


@pytest.mark.parametrize(
    ("starts_at", "quarter"),
    [
        (datetime(2026, 12, 31, 23, 59, tzinfo=CHINA), Quarter(2026, 4)),
        (datetime(2027, 1, 1, 0, 0, tzinfo=CHINA), Quarter(2027, 1)),
    ],
    ids=["last minute", "first minute"],
)
def test_quarters_begin_at_midnight_in_china(
    database: Database, starts_at: datetime, quarter: Quarter
) -> None:
    def work(connection: Connection) -> dict[Quarter, bool]:
        published(connection, FAIR._replace(starts_at=starts_at))
        both = (Quarter(2026, 4), Quarter(2027, 1))
        return {
            each: GUANGZHOU not in {city.city for city in events.cities_without_event(connection, each)}
            for each in both
        }

    found = database.write_sync(work)
    assert [each for each, counted in found.items() if counted] == [quarter]


def test_a_cancelled_event_does_not_count(database: Database) -> None:
    def work(connection: Connection) -> int:
        event_id = published(connection)
        events.cancel(connection, event_id, reason="台风", **CLERK, now=NOW)
        return len(events.cities_without_event(connection, Quarter(2026, 4)))

    assert database.write_sync(work) == 21
