"""The questions of everybody in post are planned, although they are looked for outside the writer, page by page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from notifications.check_ins import plan_all, plan_check_ins
from notifications.jobs import Context, Done
from policy.ledger_codes import Stage
from storage import check_in_plans
from storage.database import Connection, Database
from storage.ledger_tables import Internship
from storage.outgoing_tables import CheckIn
from storage.sealing import Sealer
from storage.tables import core
from tests.storage import care_rows

NOON = datetime(2026, 9, 10, 4, tzinfo=UTC)
internship, check_in = core(Internship), core(CheckIn)


@pytest.fixture
def context(database: Database, sealer: Sealer) -> Context:
    return Context(database, sealer, ZoneInfo("Asia/Shanghai"))


def in_post(context: Context, number: int) -> list[int]:
    """So many internships in post."""

    def work(connection: Connection) -> list[int]:
        people = [care_rows.person(connection, context.sealer, each) for each in range(1, number + 1)]
        return [care_rows.internship(connection, one) for one in people]

    return context.database.write_sync(work)


def planned(context: Context) -> int:
    """How many internships have questions."""
    number = func.count(check_in.c.internship_id.distinct())
    return context.database.read_sync(lambda c: c.sqlalchemy.execute(select(number)).scalar_one())


async def test_everybody_is_planned_page_by_page_and_once(context: Context) -> None:
    in_post(context, 3)
    assert await plan_all(context, NOON, most=2) == Done(12, 0)
    assert planned(context) == 3
    assert await plan_all(context, NOON, most=2) == Done(0, 0)


async def test_nobody_is_looked_for_inside_the_writer(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing to plan no transaction is begun that others would have to wait for."""
    in_post(context, 1)
    await plan_all(context, NOON)

    async def refuse(_context: Context, _work: Callable[[Connection], Any]) -> None:
        pytest.fail("a transaction")

    monkeypatch.setattr(Context, "write", refuse)
    assert await plan_all(context, NOON) == Done(0, 0)


def test_who_left_after_being_looked_for_is_not_planned(context: Context) -> None:
    stays, leaves = in_post(context, 2)

    def work(connection: Connection) -> Done:
        look = check_in_plans.to_plan(connection, 0, 500)
        assert look.numbers == [stays, leaves]
        connection.sqlalchemy.execute(
            update(internship)
            .where(internship.c.id == leaves)
            .values(stage=Stage.ENDED, ended_on=date(2026, 9, 9))
        )
        return plan_check_ins(connection, look.numbers, date(2026, 9, 10))

    assert context.database.write_sync(work) == Done(4, 0)
    assert planned(context) == 1
