"""Outreach tasks are assigned, attempted and counted; two clerks do not overwrite each other."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from policy.ledger_codes import ContactResult, ContactWay, OutreachStatus
from policy.outreach import due_on
from policy.refusal import Refused
from storage import cross_match, outreach, registers
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.ledger_tables import ContactAttempt
from storage.sealing import Sealer
from storage.tables import Audit, core
from tests.storage.register_rows import NOW, TODAY, number, person, phone, row

BY = {"actor": "clerk", "now": NOW, "today": TODAY}
GUANGZHOU, SHENZHEN, OUTSIDE = "440100", "440300", "000000"
DAY = timedelta(days=1)


class Work:
    """Three people of 广州, two of 深圳 and one of nowhere to be visited; task n is about person n."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database, self.sealer = database, sealer
        places = ["440106", "440106", "440104", "440303", "440303", None]
        found = [row(n, residence=place) for n, place in enumerate(places, 1)]

        def fill(connection: Connection) -> None:
            registers.put_entries(connection, sealer, "real-name", found, None, NOW)
            cross_match.run(connection, sealer, now=NOW, today=TODAY)

        database.write_sync(fill)

    def write(self, verb: Callable[..., Any], *values: Any, **options: Any) -> Any:  # noqa: ANN401 - any verb
        return self.database.write_sync(lambda c: verb(c, *values, **{**BY, **options}))

    def record(self, task: int, result: ContactResult, note: str = "", **options: Any) -> OutreachStatus:  # noqa: ANN401 - passed on
        found: OutreachStatus = self.write(
            outreach.record, self.sealer, task, ContactWay.PHONE, result, note, **options
        )
        return found

    def listed(self, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - passed on
        return self.database.read_sync(lambda c: outreach.listed(c, self.sealer, **options))

    def ids(self, **options: Any) -> list[int]:  # noqa: ANN401 - passed on
        return [task["id"] for task in self.listed(**options)]

    def rows(self, model: Any) -> Sequence[Any]:  # noqa: ANN401 - any table
        return self.database.read_sync(lambda c: c.sqlalchemy.execute(select(core(model))).all())


@pytest.fixture
def work(database: Database, sealer: Sealer) -> Work:
    """The tasks, on each engine."""
    return Work(database, sealer)


def test_tasks_are_listed_masked_by_city_clerk_status_and_day(work: Work) -> None:
    assert work.ids() == [1, 2, 3, 4, 5, 6]
    assert (work.ids(city=GUANGZHOU), work.ids(city=OUTSIDE)) == ([1, 2, 3], [6])
    assert (work.ids(limit=2), work.ids(limit=2, after=4)) == ([1, 2], [5, 6])
    work.write(outreach.assign, [2, 4], "李工")
    due = due_on(TODAY)
    assert work.ids(assignee="李工") == [2, 4]
    assert work.ids(assignee="李工", city=SHENZHEN, limit=1) == [4]
    assert work.ids(city=GUANGZHOU, statuses=[OutreachStatus.OPEN]) == [1, 3]
    assert (work.ids(due_by=due - DAY), work.ids(due_by=due)) == ([], [2, 4])
    [first] = work.listed(city=GUANGZHOU, statuses=[OutreachStatus.ASSIGNED])
    assert first["name"] == "学*"
    assert number(2) not in repr(first)
    assert phone(2) not in repr(first)
    [whole] = work.listed(city=GUANGZHOU, statuses=[OutreachStatus.ASSIGNED], unmask=True)
    assert (whole["name"], whole["id_number"], whole["phone"]) == ("学生2", number(2), phone(2))


def test_a_city_is_assigned_oldest_first_until_nothing_is_open(work: Work) -> None:
    assert work.write(outreach.assign_city, GUANGZHOU, "李工", 2) == 2
    assert work.ids(assignee="李工") == [1, 2]
    assert work.write(outreach.assign_city, GUANGZHOU, "陈工", 50) == 1
    assert work.write(outreach.assign_city, GUANGZHOU, "陈工", 50) == 0
    [third] = work.listed(assignee="陈工")
    assert (third["status"], third["version"], third["due_on"]) == ("assigned", 2, due_on(TODAY))


def test_no_plan_of_the_engine_gives_more_than_was_asked_for(work: Work) -> None:
    def give(connection: Connection) -> int:
        if connection.sqlalchemy.dialect.name == "postgresql":
            for way in ("hashjoin", "mergejoin", "hashagg", "material", "sort", "indexscan", "bitmapscan"):
                connection.sqlalchemy.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return outreach.assign_city(connection, GUANGZHOU, "李工", 2, actor="clerk", now=NOW, today=TODAY)

    assert work.database.write_sync(give) == 2
    assert work.ids(assignee="李工") == [1, 2]


def test_an_assignment_that_cannot_be_assigns_nobody(work: Work) -> None:
    work.record(2, ContactResult.EMPLOYED)
    for refused in ("", "李" * 41):
        with pytest.raises(Refused):
            work.write(outreach.assign, [1], refused)
    with pytest.raises(Refused, match="任务 2 已就业"):
        work.write(outreach.assign, [1, 2], "李工")
    with pytest.raises(NotFound):
        work.write(outreach.assign, [1, 99], "李工")
    with pytest.raises(Refused):
        work.write(outreach.assign_city, GUANGZHOU, "李工", 0)
    assert work.ids(assignee="李工") == []


def test_three_times_nobody_makes_unreachable_and_who_answers_then_is_reached(work: Work) -> None:
    work.write(outreach.assign, [1], "李工")
    told = [work.record(1, ContactResult.NO_ANSWER) for _ in range(3)]
    assert told == [OutreachStatus.ASSIGNED, OutreachStatus.ASSIGNED, OutreachStatus.UNREACHABLE]
    assert 1 not in work.ids(city=GUANGZHOU)
    assert work.record(1, ContactResult.INTERESTED) is OutreachStatus.CONTACTED
    [task] = work.listed(assignee="李工")
    assert (task["attempts"], task["version"]) == (4, 6)


def test_notes_are_sealed_and_shown_only_whole(work: Work) -> None:
    work.record(1, ContactResult.NOT_NOW, "在家照顾老人")
    [attempt] = work.rows(ContactAttempt)
    assert "在家照顾老人".encode() not in attempt.note_sealed
    masked, whole = (
        work.database.read_sync(lambda c, unmask=unmask: outreach.shown(c, work.sealer, 1, unmask=unmask))  # type: ignore[misc]
        for unmask in (False, True)
    )
    assert masked["contact_attempts"][0]["note"] is None
    assert whole["contact_attempts"][0]["note"] == "在家照顾老人"
    assert (masked["phone"], whole["phone"]) == ("138****0001", phone(1))
    with pytest.raises(Refused, match="最长 500"):
        work.record(1, ContactResult.NOT_NOW, "长" * 501)
    assert "老人" not in repr(work.rows(Audit))


def test_the_second_of_two_clerks_is_told(work: Work) -> None:
    [seen] = [task["version"] for task in work.listed() if task["id"] == 1]
    work.write(outreach.assign, [1], "李工", seen=seen)
    with pytest.raises(Conflict, match="刚被别人改过"):
        work.write(outreach.assign, [1], "陈工", seen=seen)
    with pytest.raises(Conflict, match="刚被别人改过"):
        work.record(1, ContactResult.INTERESTED, seen=seen)
    assert work.ids(assignee="李工") == [1]
    assert work.rows(ContactAttempt) == []


def test_whoever_has_registered_is_not_called_any_more(work: Work) -> None:
    def register(connection: Connection) -> None:
        person(connection, work.sealer, 1)
        cross_match.run(connection, work.sealer, now=NOW, today=TODAY)

    work.database.write_sync(register)
    with pytest.raises(Refused, match="已经登记"):
        work.record(1, ContactResult.INTERESTED)
    assert 1 not in work.ids()


def test_progress_counts_every_task_of_every_city_once(work: Work) -> None:
    work.write(outreach.assign_city, GUANGZHOU, "李工", 2)
    work.record(1, ContactResult.INTERESTED)
    late = due_on(TODAY) + DAY
    found = work.database.read_sync(lambda c: outreach.progress(c, late))
    assert [(city.city, city.total, city.overdue) for city in found] == [
        (GUANGZHOU, 3, 1),
        (SHENZHEN, 2, 0),
        (OUTSIDE, 1, 0),
    ]
    assert {name: n for name, n in found[0].by_status.items() if n} == {
        "open": 1,
        "assigned": 1,
        "contacted": 1,
    }
    assert set(found[0].by_status) == {status.value for status in OutreachStatus}
    [one] = work.database.read_sync(lambda c: outreach.progress(c, late, city=SHENZHEN))
    assert one == found[1]


def test_lists_and_counts_go_by_the_index(sqlite_url: str, sealer: Sealer) -> None:
    def plan(connection: Connection, statement: Any, values: Sequence[Any]) -> str:  # noqa: ANN401 - a Statement
        text, arrange, _ = statement.plan("sqlite")
        found = connection.sqlalchemy.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", arrange(values))
        return " ".join(step[-1] for step in found)

    database = Database(sqlite_url)
    look = (OutreachStatus.OPEN.value, 0, None, 50)
    try:
        by_city = database.read_sync(lambda c: plan(c, outreach.OF_CITY, (GUANGZHOU, None, *look)))
        by_clerk = database.read_sync(lambda c: plan(c, outreach.OF_CLERK, ("李工", None, *look)))
    finally:
        database.close_sync()
    assert "ix_outreach_task_city_status_id (city=? AND status=? AND id>?)" in by_city
    assert "ix_outreach_task_assignee_status (assignee=? AND status=?" in by_clerk
    assert "TEMP B-TREE" not in by_city + by_clerk
