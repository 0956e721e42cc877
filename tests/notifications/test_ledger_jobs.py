"""Jobs and duties that look into the ledger: shares, quarters, targets, filed months, cases, and the registers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifications import duties, ledger_duties
from notifications.cross_matching import match_registers
from notifications.duties import Reader
from notifications.jobs import Context, Done
from policy.ledger_codes import EventStatus
from storage.database import Database
from storage.ledger_tables import Bundle, MonthlyReport, ProgrammeEvent, Target
from storage.registers import add_entry
from storage.sealing import Sealer
from storage.tables import StaffCase
from tests.storage import care_rows

NOW = datetime(2026, 12, 20, 1, tzinfo=UTC)
TODAY = date(2026, 12, 20)
GUANGZHOU, SHENZHEN = "440100", "440300"


def store(database: Database, *rows: Any) -> None:  # noqa: ANN401 - any tables
    database.write_sync(lambda connection: connection.session.add_all(rows))


def told(database: Database, reader: Reader, today: date = TODAY) -> dict[str | None, str]:
    """The duties by city."""
    found: Iterable[Any] = database.read_sync(lambda connection: list(reader(connection, today)))
    return {duty.city: duty.text for duty in found}


def test_a_filed_report_and_a_published_bundle_are_no_duties(database: Database) -> None:
    assert {GUANGZHOU, SHENZHEN} <= told(database, duties.reports).keys()
    assert {GUANGZHOU, SHENZHEN} <= told(database, duties.bundles).keys()
    bundle: dict[str, Any] = {"title": "示范岗位", "created_at": NOW, "updated_at": NOW, "month": "2026-12"}
    store(
        database,
        MonthlyReport(city=GUANGZHOU, month="2026-11", figures={}, filed_by="test", filed_at=NOW),
        Bundle(city=GUANGZHOU, status="published", **bundle),
        Bundle(city=SHENZHEN, status="draft", **bundle),
    )
    assert GUANGZHOU not in told(database, duties.reports)
    assert SHENZHEN in told(database, duties.reports)
    assert GUANGZHOU not in told(database, duties.bundles)
    assert SHENZHEN in told(database, duties.bundles)


def test_a_city_that_recruits_without_demonstrative_positions_hears_how_many_it_owes(
    database: Database,
) -> None:
    assert told(database, ledger_duties.shares) == {}
    database.write_sync(lambda c: care_rows.position(c, care_rows.host(c)))
    found = told(database, ledger_duties.shares)
    assert found.keys() == {GUANGZHOU}
    assert "至少要选1个" in found[GUANGZHOU]


def test_an_event_that_is_published_fulfils_the_quarter(database: Database) -> None:
    assert len(told(database, ledger_duties.quarters)) == 21
    event = ProgrammeEvent(
        city=GUANGZHOU,
        title="对接会",
        kind="job_fair",
        starts_at=datetime(2026, 10, 9, tzinfo=UTC),
        venue="人才市场",
        status=EventStatus.PUBLISHED,
        created_by="test",
        created_at=NOW,
        updated_at=NOW,
    )
    store(database, event)
    found = told(database, ledger_duties.quarters)
    assert GUANGZHOU not in found
    assert "2026年第四季度还没有专项对接活动" in found[SHENZHEN]


def test_a_city_behind_its_target_hears_how_far_it_is(database: Database) -> None:
    store(
        database,
        Target(year=2026, city=GUANGZHOU, interns=2300, posts=9200, source="test", updated_at=NOW),
    )
    found = told(database, ledger_duties.behind_targets)
    assert found == {GUANGZHOU: "广州市截至2026年11月落后于全年进度：见习人数0/2300人，新增岗位0/9200个。"}


def test_in_january_the_targets_of_the_year_before_are_looked_at(database: Database) -> None:
    store(database, Target(year=2026, city=GUANGZHOU, interns=1, posts=1, source="test", updated_at=NOW))
    assert "截至2026年12月" in told(database, ledger_duties.behind_targets, date(2027, 1, 10))[GUANGZHOU]


def test_overdue_cases_are_duties_of_their_owner(database: Database) -> None:
    for owner, due in (("李老师", date(2026, 12, 18)), ("李老师", date(2026, 12, 20)), ("王老师", None)):
        store(
            database,
            StaffCase(kind="call", owner=owner, due_on=due, status="open", created_at=NOW),
        )
    found = database.read_sync(lambda c: list(duties.cases(c, TODAY)))
    assert [(duty.staff, duty.text) for duty in found] == [("李老师", "您有1件待办过了期限，请尽快办理。")]


@pytest.mark.parametrize("again", [1, 2])
async def test_the_comparison_finds_who_is_to_be_visited_and_a_second_time_nothing(
    database: Database, sealer: Sealer, again: int
) -> None:
    entry = {"name": "陈大文", "id_number": "440106199901010014", "phone": "13800138000"}
    database.write_sync(lambda c: add_entry(c, sealer, "real-name", entry, NOW))
    context = Context(database, sealer, ZoneInfo("Asia/Shanghai"))
    done = [await match_registers(context, NOW) for _ in range(again)]
    assert done == [Done(created=1), Done()][:again]
