"""Registers are kept by portions: what is new, changed or the same is told, and an import can be taken back."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

import orjson
import pytest
from sqlalchemy import Table, select

from policy.ledger_codes import ContactResult, ContactWay
from policy.refusal import Refused
from storage import cross_match, hardship_registers, outreach, registers
from storage.database import Connection, Database
from storage.keys import KeyFile, add_key, make_current
from storage.ledger_tables import HardshipEntry, OutreachTask
from storage.register_rows import Put
from storage.registers import find_entry
from storage.sealing import Sealer
from storage.tables import HardshipMark, RegisterEntry, core
from tests.storage.register_rows import NOW, TODAY, hardship, number, person, row

Row = dict[str, Any]
LATER = NOW + timedelta(days=30)


class Kind:
    """One of the two kinds of register, with a row of it and the same row changed."""

    def __init__(
        self, module: ModuleType, name: str, table: Table, make: Callable[..., Row], change: Row
    ) -> None:
        self.put, self.restore = module.put_entries, module.restore
        self.name, self.table, self.make, self.change = name, table, make, change

    def rows(self, connection: Connection) -> list[Any]:
        return list(connection.sqlalchemy.execute(select(self.table).order_by(self.table.c.id)))


PEOPLE = Kind(
    registers, "real-name", core(RegisterEntry), row, {"school": "暨南大学", "phone": "13900000000"}
)
HARDSHIP = Kind(
    hardship_registers, "low-income", core(HardshipEntry), hardship, {"expires_on": date(2027, 6, 30)}
)


@pytest.fixture(params=[PEOPLE, HARDSHIP], ids=["people", "hardship"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of register."""
    found: Kind = request.param
    return found


@pytest.fixture
def put(database: Database, sealer: Sealer, kind: Kind) -> Callable[..., list[Put]]:
    """Puts rows in a transaction of its own."""

    def write(rows: Sequence[Row], now: datetime = NOW) -> list[Put]:
        found: list[Put] = database.write_sync(lambda c: kind.put(c, sealer, kind.name, rows, None, now))
        return found

    return write


def test_each_row_is_answered_in_its_place(put: Callable[..., list[Put]], kind: Kind) -> None:
    first = put([kind.make(1), kind.make(2)])
    assert [done.outcome for done in first] == ["added", "added"]
    assert put([]) == []
    second = put([kind.make(3), kind.make(2), kind.make(1, **kind.change)], LATER)
    assert [done.outcome for done in second] == ["added", "unchanged", "changed"]
    assert [second[1].row_id, second[2].row_id] == [first[1].row_id, first[0].row_id]
    assert len({done.row_id for done in (*first, *second)}) == 3
    assert [done.before is None for done in (*first, *second)] == [True, True, True, True, False]


def test_the_same_portion_again_touches_nothing_and_nobody_can_be_read(
    put: Callable[..., list[Put]], kind: Kind, database: Database
) -> None:
    put([kind.make(1), kind.make(2)])
    before = database.read_sync(kind.rows)
    put([kind.make(2), kind.make(1)], LATER)
    assert database.read_sync(kind.rows) == before
    stored = repr(before).encode()
    for value in ("学生1", number(1), "13800000001"):
        assert value.encode() not in stored


def test_a_change_is_taken_back_to_what_it_was(
    put: Callable[..., list[Put]], kind: Kind, database: Database, sealer: Sealer
) -> None:
    put([kind.make(1)])
    [before] = database.read_sync(kind.rows)
    [done] = put([kind.make(1, **kind.change)], LATER)
    assert done.before is not None
    assert orjson.loads(done.before)["data"] == kind.make(1)
    database.write_sync(lambda c: kind.restore(c, sealer, done.row_id, done.before))
    [after] = database.read_sync(kind.rows)
    sealed = ("data_sealed",)
    assert {k: v for k, v in after._mapping.items() if k not in sealed} == {
        k: v for k, v in before._mapping.items() if k not in sealed
    }
    assert put([kind.make(1)])[0].outcome == "unchanged"


def test_a_new_row_is_taken_back_by_deleting_it(
    put: Callable[..., list[Put]], kind: Kind, database: Database, sealer: Sealer
) -> None:
    [done] = put([kind.make(1)])
    database.write_sync(lambda c: kind.restore(c, sealer, done.row_id, done.before))
    assert database.read_sync(kind.rows) == []


def test_rows_under_the_older_key_are_known_while_keys_are_rotated(
    put: Callable[..., list[Put]], kind: Kind, sealer: Sealer, key_file: KeyFile
) -> None:
    put([kind.make(1), kind.make(2)])
    make_current(key_file.path, add_key(key_file.path))
    assert sealer.refresh()
    done = put([kind.make(1), kind.make(2, **kind.change), kind.make(3)])
    assert [each.outcome for each in done] == ["unchanged", "changed", "added"]


def test_a_number_with_two_kinds_is_two_entries(database: Database, sealer: Sealer) -> None:
    rows = [hardship(1, "01"), hardship(1, "06")]
    first = database.write_sync(
        lambda c: hardship_registers.put_entries(c, sealer, "other-hardship", rows, None, NOW)
    )
    assert first[0].row_id != first[1].row_id
    again = database.write_sync(
        lambda c: hardship_registers.put_entries(c, sealer, "other-hardship", rows[::-1], None, NOW)
    )
    assert [done.outcome for done in again] == ["unchanged", "unchanged"]
    assert [done.row_id for done in again] == [first[1].row_id, first[0].row_id]


@pytest.mark.parametrize(
    ("places", "city"),
    [
        ({"residence": "440106 石牌街道"}, "440100"),
        ({"residence": "广东省广州市天河区"}, "440100"),
        ({"residence": "深圳南山"}, "440300"),
        ({"residence": None, "household": "441402"}, "441400"),
        ({"residence": "000000", "household": "广东省梅州市"}, "441400"),
        ({"residence": "湖南省长沙市", "household": "430102"}, None),
        ({"residence": None}, None),
    ],
)
def test_the_city_is_where_the_person_lives_or_else_comes_from(places: Row, city: str | None) -> None:
    residence, household = places.get("residence"), places.get("household")
    assert (registers.city_in(residence) or registers.city_in(household)) == city


def test_the_newest_entry_with_a_school_fills_the_registration(database: Database, sealer: Sealer) -> None:
    def write(connection: Connection) -> None:
        registers.put_entries(connection, sealer, "real-name", [row(1)], None, NOW)
        registers.put_entries(
            connection,
            sealer,
            "job-seekers",
            [row(1, school="暨南大学", phone=None, graduated_on=date(2026, 6, 30))],
            None,
            LATER,
        )
        registers.put_entries(connection, sealer, "unemployment", [row(1, school=None)], None, LATER)

    database.write_sync(write)
    found = database.read_sync(lambda c: find_entry(c, sealer, number(1), "学生1"))
    assert found == {
        "school": "暨南大学",
        "major": "软件工程",
        "education": "21",
        "graduated_on": "2026-06-30",
    }
    assert database.read_sync(lambda c: find_entry(c, sealer, number(1), "学生2")) == {}


def test_an_entry_that_somebody_was_called_about_stays(database: Database, sealer: Sealer) -> None:
    def write(connection: Connection) -> Put:
        [done] = registers.put_entries(connection, sealer, "real-name", [row(1)], None, NOW)
        cross_match.run(connection, sealer, now=NOW, today=TODAY)
        task = connection.sqlalchemy.execute(select(core(OutreachTask).c.id)).scalar_one()
        outreach.record(
            connection,
            sealer,
            task,
            ContactWay.PHONE,
            ContactResult.NO_ANSWER,
            actor="t",
            now=NOW,
            today=TODAY,
        )
        return done

    done = database.write_sync(write)
    with pytest.raises(Refused, match="已经有走访记录"):
        database.write_sync(lambda c: registers.restore(c, sealer, done.row_id, done.before))
    assert len(database.read_sync(PEOPLE.rows)) == 1


def test_marks_go_with_the_hardship_entry_they_came_from(database: Database, sealer: Sealer) -> None:
    def write(connection: Connection) -> Put:
        person(connection, sealer, 1)
        [done] = hardship_registers.put_entries(connection, sealer, "low-income", [hardship(1)], None, NOW)
        assert cross_match.run(connection, sealer, now=NOW, today=TODAY).marks_added == 1
        return done

    done = database.write_sync(write)
    database.write_sync(lambda c: hardship_registers.restore(c, sealer, done.row_id, done.before))
    marks = database.read_sync(lambda c: c.sqlalchemy.execute(select(core(HardshipMark))).all())
    assert marks == []
