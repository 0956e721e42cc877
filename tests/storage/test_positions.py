"""Positions on both engines: published, resized, closed, counted; openings used up once; spreadsheets; mentors."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from policy.ledger_codes import PositionStatus
from policy.refusal import Refused
from storage import hosts, mentors, position_lists, positions
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.ledger_tables import Mentor, Position
from storage.sealing import Sealer
from tests.storage.host_rows import HOST, NOW, POSITION, TODAY, USCC, act, movements, published, recognised

LATER = date(2027, 2, 1)


def submitted(connection: Connection, sealer: Sealer, **changed: Any) -> int:  # noqa: ANN401
    host_id = recognised(connection, sealer)
    fields = POSITION._replace(**changed)
    return positions.submit(connection, sealer, host_id, fields, source="self", **act())


def test_a_position_is_submitted_published_and_counted(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        position_id = submitted(connection, sealer)
        assert movements(connection, "position") == []
        assert positions.find(connection, today=TODAY) == []
        positions.approve(connection, position_id, **act(date(2026, 11, 20)))
        row = positions.stored(connection, position_id)
        assert (row.status, row.published_on) == (PositionStatus.PUBLISHED, date(2026, 11, 20))
        assert movements(connection, "position") == [(3, True, "2026-11")]
        with pytest.raises(Refused, match="已经在招募"):
            positions.approve(connection, position_id, **act())

    database.write_sync(work)


def test_only_a_recognised_host_can_publish(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        host_id = hosts.apply(connection, sealer, HOST, source="clerk", **act())
        position_id = positions.submit(connection, sealer, host_id, POSITION, source="self", **act())
        with pytest.raises(Refused, match="先认定单位"):
            positions.approve(connection, position_id, **act())
        with pytest.raises(Refused, match="先认定单位"):
            published(connection, sealer, title="审计助理")

    database.write_sync(work)


def test_a_position_is_refused_with_the_reason(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        position_id = submitted(connection, sealer)
        positions.refuse(connection, position_id, "岗位描述太笼统", **act())
        row = positions.stored(connection, position_id)
        assert (row.status, row.decision_reason) == (PositionStatus.REFUSED, "岗位描述太笼统")
        with pytest.raises(Refused, match="只有待审核"):
            positions.refuse(connection, position_id, "再说一次", **act())
        positions.approve(connection, position_id, **act())
        assert movements(connection, "position") == [(3, True, "2026-11")]

    database.write_sync(work)


def test_an_offer_below_the_rules_is_refused_with_every_reason(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: recognised(c, sealer))
    with pytest.raises(Refused) as refused:
        database.write_sync(lambda c: published(c, sealer, stipend_fen=100_000, months=24, openings=0))
    assert len(refused.value.reasons) == 3
    with pytest.raises(Refused, match="没有统一社会信用代码为"):
        database.write_sync(lambda c: published(c, sealer, uscc="91440300708461136T"))


def test_raised_openings_are_new_and_lowered_ones_only_leave(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer)
        positions.set_openings(connection, position_id, 5, **act())
        positions.set_openings(connection, position_id, 5, **act())
        positions.take(connection, position_id)
        positions.take(connection, position_id)
        positions.set_openings(connection, position_id, 2, **act())
        with pytest.raises(Refused, match="已经录用2人"):
            positions.set_openings(connection, position_id, 1, **act())
        positions.close(connection, position_id, "单位已招满", **act())
        assert [(delta, opened) for delta, opened, _ in movements(connection, "position")] == [
            (3, True),
            (2, True),
            (-3, False),
            (-2, False),
        ]
        positions.set_openings(connection, position_id, 4, **act())
        assert len(movements(connection, "position")) == 4

    database.write_sync(work)


def test_an_opening_is_used_up_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer, openings=1)
        positions.take(connection, position_id)
        with pytest.raises(Refused, match="名额已满"):
            positions.take(connection, position_id)
        positions.give_back(connection, position_id)
        positions.give_back(connection, position_id)
        assert positions.stored(connection, position_id).taken == 0
        positions.take(connection, position_id)
        with pytest.raises(NotFound):
            positions.take(connection, 999)

    database.write_sync(work)


def test_expired_positions_close_on_the_day_after_and_only_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer)
        published(connection, sealer, title="审计助理", closes_on=None)
        assert positions.close_expired(connection, **act(today=date(2026, 12, 31))) == 0
        assert positions.close_expired(connection, **act(today=LATER)) == 1
        assert positions.close_expired(connection, **act(today=LATER)) == 0
        assert positions.stored(connection, position_id).status == PositionStatus.CLOSED
        assert movements(connection, "position")[-1] == (-3, False, "2027-01")

    database.write_sync(work)


def test_a_position_is_changed_and_the_second_clerk_is_told(database: Database, sealer: Sealer) -> None:
    position_id = database.write_sync(lambda c: (recognised(c, sealer), published(c, sealer))[1])
    changes = {"stipend_fen": 260_000, "majors": ["审计"], "mentor": "赵敏", "education": None}
    database.write_sync(lambda c: positions.change(c, sealer, position_id, changes, **act(seen=1)))
    with pytest.raises(Conflict):
        database.write_sync(lambda c: positions.close(c, position_id, "单位已招满", **act(seen=1)))
    with pytest.raises(Refused, match="低于当地下限"):
        database.write_sync(lambda c: positions.change(c, sealer, position_id, {"stipend_fen": 1}, **act()))
    row = database.read_sync(lambda c: position_lists.shown(c, sealer, position_id, unmask=True))
    assert (row["stipend_fen"], row["mentor"], row["labels"]["education"]) == (260_000, "赵敏", "不限")
    assert [one.id for one in database.read_sync(lambda c: positions.find(c, today=TODAY, words="审计"))] == [
        position_id
    ]


def test_closing_before_publishing_is_refused(database: Database, sealer: Sealer) -> None:
    position_id = database.write_sync(lambda c: (recognised(c, sealer), published(c, sealer))[1])
    early = TODAY - timedelta(days=1)
    with pytest.raises(Refused, match="才发布"):
        database.write_sync(lambda c: positions.close(c, position_id, "单位已招满", **act(early)))
    with pytest.raises(Refused, match="下架的原因"):
        database.write_sync(lambda c: positions.close(c, position_id, " ", **act()))


def test_a_demonstrative_mark_has_its_reason(database: Database, sealer: Sealer) -> None:
    position_id = database.write_sync(lambda c: (recognised(c, sealer), published(c, sealer))[1])
    with pytest.raises(Refused, match="示范性岗位的原因"):
        database.write_sync(lambda c: positions.mark_demonstrative(c, position_id, "", **act()))
    database.write_sync(lambda c: positions.mark_demonstrative(c, position_id, "带教规范", **act()))
    [found] = database.read_sync(lambda c: positions.find(c, today=TODAY, demonstrative=True))
    assert found.demonstrative_reason == "带教规范"
    database.write_sync(lambda c: positions.mark_demonstrative(c, position_id, None, **act()))
    assert database.read_sync(lambda c: positions.find(c, today=TODAY, demonstrative=True)) == []


def test_a_spreadsheet_read_twice_changes_nothing(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        plain: Any = {"source": "import", "actor": "clerk:li", "now": NOW}
        position_id, outcome = positions.upsert(connection, sealer, POSITION, **plain, today=TODAY)
        assert outcome == "added"
        for day in (TODAY, date(2027, 2, 1)):  # also when its closing day has passed
            again = positions.upsert(connection, sealer, POSITION, **plain, today=day)
            assert again == (position_id, "unchanged")
        silent = POSITION._replace(description=None, mentor=None)
        assert positions.upsert(connection, sealer, silent, **plain, today=TODAY) == (
            position_id,
            "unchanged",
        )
        assert len(connection.session.exec(select(Mentor)).all()) == 1

    database.write_sync(work)


def test_a_changed_line_changes_the_position_and_the_stock(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer)
        assert published(connection, sealer, openings=5, demonstrative=True, mentor="赵敏") == position_id
        row = positions.stored(connection, position_id)
        assert (row.openings, row.demonstrative_reason) == (5, "单位名册标注为示范性岗位")
        assert mentors.name_of(connection, sealer, row.mentor_id) == "赵敏"
        assert published(connection, sealer, title="另一个岗位") != position_id
        assert published(connection, sealer, district="") != position_id
        deltas = [delta for delta, _, _ in movements(connection, "position")]
        assert deltas == [3, 2, 3, 3]

    database.write_sync(work)


def test_a_spreadsheet_lists_a_closed_position_anew_only_with_another_closing_day(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer)
        positions.close(connection, position_id, "单位已招满", **act())
        published(connection, sealer, description="换一句说明。")
        assert positions.stored(connection, position_id).status == PositionStatus.CLOSED
        published(connection, sealer, closes_on=date(2027, 3, 31))
        assert positions.stored(connection, position_id).status == PositionStatus.PUBLISHED
        assert [delta for delta, _, _ in movements(connection, "position")] == [3, -3, 3]

    database.write_sync(work)


def test_an_import_is_taken_back(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        assert positions.image(connection, POSITION) is None
        position_id = published(connection, sealer)
        before = positions.image(connection, POSITION)
        published(connection, sealer, openings=7, stipend_fen=300_000, majors=("审计",))
        positions.restore(connection, position_id, before, actor="clerk:li", now=NOW)
        row = positions.stored(connection, position_id)
        assert (row.openings, row.stipend_fen, row.majors) == (3, 230_000, ["会计", "财务管理"])
        assert [(delta, new) for delta, new, _ in movements(connection, "position")] == [
            (3, True),
            (4, True),
            (-4, True),
        ]
        assert positions.find(connection, today=TODAY, words="财务管理")
        with pytest.raises(Refused, match="又有人改过"):
            positions.restore(connection, position_id, None, actor="clerk:li", now=NOW)

    database.write_sync(work)


def test_mentors_are_known_by_name_within_their_host(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = recognised(connection, sealer)
        other = recognised(connection, sealer, uscc="91440300708461136T", name="深圳示例科技有限公司")
        first = mentors.ensure(connection, sealer, one, "王建国", now=NOW)
        assert mentors.ensure(connection, sealer, one, "王建国", now=NOW, job_title="主管") == first
        assert mentors.ensure(connection, sealer, other, "王建国", now=NOW) != first
        assert mentors.load(connection, first) == 0
        assert mentors.name_of(connection, sealer, None) is None

    database.write_sync(work)


def test_lists_for_staff_mask_the_mentor(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: (recognised(c, sealer), published(c, sealer)))
    [row] = database.read_sync(
        lambda c: position_lists.listed(c, sealer, city="440100", status="published", words="会计 天河")
    )
    assert (row["mentor"], row["left"], row["uscc"], row["labels"]["district"]) == ("王*", 3, USCC, "天河区")
    assert database.read_sync(lambda c: position_lists.listed(c, sealer, after=row["id"])) == []
    with pytest.raises(NotFound):
        database.read_sync(lambda c: position_lists.shown(c, sealer, 999, unmask=False))


STEPS = st.lists(
    st.tuples(st.sampled_from(["size", "close", "approve", "expire"]), st.integers(1, 9)), max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_stock_is_the_openings_of_what_is_published(
    database: Database, sealer: Sealer, steps: list[tuple[str, int]]
) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer, closes_on=None)
        for verb, number in steps:
            row = positions.stored(connection, position_id)
            if verb == "size":
                positions.set_openings(connection, position_id, number, **act())
            elif verb == "expire":
                row.closes_on = TODAY if row.status == PositionStatus.PUBLISHED else None
                connection.session.flush()
                positions.close_expired(connection, **act(today=TODAY + timedelta(days=1)))
                row.closes_on = None
                connection.session.flush()
            elif verb == "close" and row.status == PositionStatus.PUBLISHED:
                positions.close(connection, position_id, "单位已招满", **act())
            elif verb == "approve" and row.status != PositionStatus.PUBLISHED:
                positions.approve(connection, position_id, **act())
            open_now = connection.session.exec(
                select(Position).where(Position.status == PositionStatus.PUBLISHED)
            ).all()
            moved = movements(connection, "position")
            assert sum(delta for delta, _, _ in moved) == sum(each.openings for each in open_now)
            assert all(delta > 0 for delta, opened, _ in moved if opened)
        raise _TakenBack

    with pytest.raises(_TakenBack):
        database.write_sync(work)


class _TakenBack(Exception):  # noqa: N818 - nothing of an example stays
    pass
