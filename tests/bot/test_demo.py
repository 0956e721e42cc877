"""Demo data: it fills a base without anything real, once, is marked all over, and counts nowhere."""

from typing import Any

import pytest
from sqlmodel import SQLModel, func, select

from bot.app import Parts
from bot.demo import PEOPLE, load_demo
from bot.demo_ledger import HOSTS, load_demo_ledger
from policy.regions import CITIES
from storage import hosts, position_search, positions
from storage.acts import Act
from storage.database import Connection
from storage.indicators import live
from storage.ledger_tables import (
    Agency,
    Bundle,
    Host,
    Mentor,
    Position,
    ProgrammeEvent,
    Resource,
    StockMovement,
)
from storage.tables import Person
from tests.journeys.applicants import graduate
from tests.talking import Client, Clock, take_all

ADDRESS = "https://jianxi.example.cn"


def load(parts: Parts, clock: Clock) -> int:
    def work(connection: Connection) -> int:
        today = clock().date()
        load_demo(connection, parts.sealer, clock(), today)
        return load_demo_ledger(connection, parts.sealer, clock(), today, ADDRESS)

    return parts.database.write_sync(work)


def count(connection: Connection, table: type[SQLModel]) -> int:
    return connection.session.exec(select(func.count()).select_from(table)).one()


async def test_it_is_loaded_once_and_every_row_is_marked(parts: Parts, clock: Clock) -> None:
    assert load(parts, clock) == 12
    assert load(parts, clock) == 0
    with_marks: dict[type[Any], int] = {
        Person: len(PEOPLE),
        Host: len(HOSTS),
        Position: 12,
        Agency: 2,
        Resource: 3,
    }

    def look(connection: Connection) -> None:
        for table, number in with_marks.items():
            rows = connection.session.exec(select(table)).all()
            assert (len(rows), all(row.demo for row in rows)) == (number, True), table
        assert count(connection, Mentor) == 12
        events = connection.session.exec(select(ProgrammeEvent)).all()
        assert [event.title.startswith("示例") for event in events] == [True, True]
        bundle = connection.session.exec(select(Bundle)).one()
        assert (bundle.status, bundle.link) == ("published", f"{ADDRESS}/bundles/2026-11/440100")
        found = position_search.find(connection, today=clock().date(), limit=50)
        assert len(found) == 12
        assert len({position.city for position in found}) == 5
        assert {position.kind for position in found} == {"1", "2", "3", "4"}

    parts.database.read_sync(look)


async def test_it_counts_nowhere_not_even_when_it_is_taken_away(parts: Parts, clock: Clock) -> None:
    load(parts, clock)

    def work(connection: Connection) -> None:
        act: Act = {"actor": "cli:clerk", "now": clock(), "today": clock().date()}
        [first, *_] = connection.session.exec(select(Position.id).order_by("id")).all()
        assert first is not None
        positions.set_openings(connection, first, 9, **act)
        positions.close(connection, first, "不再示例", **act)
        hosts.remove(connection, 2, "不再示例", **act)
        assert count(connection, StockMovement) == 0
        for city in CITIES:
            figures = live(connection, city.code, "2026-11")
            assert {figures[name] for name in ("hosts", "new_hosts", "posts", "new_posts")} == {0}

    parts.database.write_sync(work)


async def test_a_base_with_a_real_person_is_left_alone(parts: Parts, clock: Clock) -> None:
    await take_all(parts.turns, graduate(clock().date()).words)
    assert load(parts, clock) == 0
    assert parts.database.read_sync(lambda connection: count(connection, Host)) == 0


@pytest.mark.parametrize("path", ["/positions", "/hosts", "/agencies", "/events", "/bundles/2026-11/440100"])
async def test_the_public_pages_live_and_say_that_it_is_an_example(
    parts: Parts, clock: Clock, client: Client, path: str
) -> None:
    load(parts, clock)
    async with client.get(path) as response:
        assert response.status == 200
        assert "示例" in await response.text()
