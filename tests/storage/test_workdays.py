"""The bureau's table of holidays: entered, replaced, struck out; what changed is in the audit log."""

from datetime import UTC, date, datetime

from sqlmodel import select

from storage import workdays
from storage.database import Database
from storage.tables import Audit

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
NEW_YEAR = [date(2027, 1, day) for day in (1, 2, 3)]


async def enter(database: Database, days: list[date], works: bool | None) -> int:
    return await database.write(lambda c: workdays.change(c, days, works, actor="cli:li", now=NOW))


async def test_days_are_entered_replaced_and_struck_out(database: Database) -> None:
    assert await database.read(workdays.load) == {}
    assert await enter(database, NEW_YEAR, False) == 3
    assert await enter(database, NEW_YEAR[1:], True) == 2
    assert await enter(database, [NEW_YEAR[0], date(2027, 5, 1)], None) == 1
    assert await database.read(workdays.load) == dict.fromkeys(NEW_YEAR[1:], True)


async def test_what_changes_nothing_is_not_in_the_audit_log(database: Database) -> None:
    await enter(database, NEW_YEAR, False)
    assert await enter(database, NEW_YEAR, False) == 0
    acts = await database.read(lambda c: c.session.exec(select(Audit)).all())
    assert [(act.action, act.actor) for act in acts] == [("calendar.change", "cli:li")]
