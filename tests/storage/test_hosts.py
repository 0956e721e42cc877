"""Hosts on both engines: decisions, reviews, removal, spreadsheets, what counts, and what stays sealed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from policy.ledger_codes import HostStatus, PositionStatus
from policy.refusal import Refused
from storage import agencies, host_lists, hosts, people, positions, public_lists, resources
from storage.agencies import AgencyFields
from storage.conversations import add_contact
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.host_records import contact_of
from storage.ledger_tables import Host, MonthlyReport, Position
from storage.resources import ResourceFields
from storage.sealing import Sealer
from storage.tables import Audit
from tests.storage.host_rows import (
    HOST,
    NOW,
    OTHER_USCC,
    POSITION,
    TODAY,
    act,
    movements,
    published,
    recognised,
)


def applied(connection: Connection, sealer: Sealer, **changed: Any) -> int:  # noqa: ANN401
    return hosts.apply(connection, sealer, HOST._replace(**changed), source="clerk", **act())


def test_an_application_is_approved_counted_and_due_a_year_later(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> Host:
        host_id = applied(connection, sealer)
        assert movements(connection, "host") == []
        hosts.approve(connection, host_id, reason="证照齐全", **act(date(2026, 11, 3)))
        assert movements(connection, "host") == [(1, True, "2026-11")]
        return hosts.stored(connection, host_id)

    row = database.write_sync(work)
    assert (row.status, row.approved_on, row.review_due) == (
        HostStatus.APPROVED,
        date(2026, 11, 3),
        date(2027, 11, 3),
    )
    assert (row.decision_reason, row.decided_by, row.version) == ("证照齐全", "clerk:li", 2)


def test_the_same_code_is_entered_once(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: applied(c, sealer))
    with pytest.raises(Refused, match="已经在库里"):
        database.write_sync(lambda c: applied(c, sealer))


def test_what_the_stage_does_not_allow_is_refused(database: Database, sealer: Sealer) -> None:
    host_id = database.write_sync(lambda c: applied(c, sealer))
    for verb in (
        lambda c: hosts.review(c, host_id, **act()),
        lambda c: hosts.remove(c, host_id, "一年没有招人", **act()),
        lambda c: hosts.refuse(c, host_id, "", **act()),
        lambda c: hosts.approve(c, host_id, **act(date(2026, 11, 25))),
    ):
        with pytest.raises(Refused):
            database.write_sync(verb)
    database.write_sync(lambda c: hosts.approve(c, host_id, **act()))
    with pytest.raises(Refused, match="已经认定"):
        database.write_sync(lambda c: hosts.approve(c, host_id, **act()))
    with pytest.raises(Refused, match="只有待审核"):
        database.write_sync(lambda c: hosts.refuse(c, host_id, "证照过期", **act()))
    with pytest.raises(NotFound):
        database.write_sync(lambda c: hosts.approve(c, 999, **act()))


def test_the_second_of_two_clerks_is_told(database: Database, sealer: Sealer) -> None:
    host_id = database.write_sync(lambda c: applied(c, sealer))
    database.write_sync(lambda c: hosts.change(c, sealer, host_id, {"address": "天河路2号"}, **act(seen=1)))
    with pytest.raises(Conflict, match="刚被别人改过"):
        database.write_sync(lambda c: hosts.approve(c, host_id, **act(seen=1)))
    database.write_sync(lambda c: hosts.approve(c, host_id, **act(seen=2)))


def test_a_removed_host_loses_its_positions_and_can_come_back(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        host_id = recognised(connection, sealer)
        open_id = published(connection, sealer)
        fields = POSITION._replace(title="审计助理")
        waiting_id = positions.submit(connection, sealer, host_id, fields, source="self", **act())
        hosts.remove(connection, host_id, "一年没有招人", **act())
        assert hosts.stored(connection, host_id).review_due is None
        assert positions.stored(connection, open_id).status == PositionStatus.CLOSED
        assert positions.stored(connection, waiting_id).status == PositionStatus.REFUSED
        assert movements(connection, "position") == [(3, True, "2026-11"), (-3, False, "2026-11")]
        hosts.approve(connection, host_id, **act())
        assert movements(connection, "host") == [
            (1, True, "2026-11"),
            (-1, False, "2026-11"),
            (1, True, "2026-11"),
        ]

    database.write_sync(work)


def test_a_removal_before_the_recognition_is_refused(database: Database, sealer: Sealer) -> None:
    host_id = database.write_sync(lambda c: recognised(c, sealer))
    with pytest.raises(Refused, match="2026-11-24 才认定"):
        database.write_sync(lambda c: hosts.remove(c, host_id, "证照过期", **act(date(2026, 11, 1))))


def test_a_fact_of_a_filed_month_has_no_month(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        filed = MonthlyReport(city="440100", month="2026-10", figures={}, filed_by="clerk:li", filed_at=NOW)
        connection.session.add(filed)
        connection.session.flush()
        host_id = applied(connection, sealer)
        hosts.approve(connection, host_id, **act(date(2026, 10, 30)))
        assert movements(connection, "host") == [(1, True, None)]

    database.write_sync(work)


def test_the_yearly_review(database: Database, sealer: Sealer) -> None:
    host_id = database.write_sync(lambda c: recognised(c, sealer))
    due = date(2027, 11, 24)
    assert database.read_sync(lambda c: host_lists.due(c, sealer, until=date(2027, 11, 23))) == []
    [row] = database.read_sync(lambda c: host_lists.due(c, sealer, until=due, city="440100"))
    assert row["id"] == host_id
    database.write_sync(lambda c: hosts.review(c, host_id, **act(today=date(2027, 12, 1))))
    assert database.read_sync(lambda c: host_lists.due(c, sealer, until=due)) == []


def test_contact_people_are_sealed_masked_and_kept_out_of_the_audit(
    database: Database, sealer: Sealer
) -> None:
    host_id = database.write_sync(lambda c: recognised(c, sealer))
    masked = database.read_sync(lambda c: host_lists.shown(c, sealer, host_id, unmask=False))
    assert (masked["contact_name"], masked["contact_phone"]) == ("李*", "138****1234")
    [whole] = database.read_sync(lambda c: host_lists.listed(c, sealer, words="晨光", unmask=True))
    assert (whole["contact_name"], whole["contact_phone"]) == ("李晓明", "13826001234")
    row = database.read_sync(lambda c: c.session.get_one(Host, host_id))
    assert row.contact_name_sealed is not None
    assert "李晓明".encode() not in row.contact_name_sealed
    log = database.read_sync(lambda c: [str(entry.detail) for entry in c.session.exec(select(Audit))])
    assert not any("李晓明" in text or "13826001234" in text for text in log)


def test_lists_are_paged_and_filtered(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        applied(
            connection, sealer, uscc=OTHER_USCC, name="深圳示例科技有限公司", city="440300", district="440305"
        )

    database.write_sync(work)
    one = database.read_sync(lambda c: host_lists.listed(c, sealer, limit=1))
    two = database.read_sync(lambda c: host_lists.listed(c, sealer, after=one[0]["id"]))
    assert [row["labels"]["district"] for row in one + two] == ["天河区", "南山区"]
    by_status = database.read_sync(lambda c: host_lists.listed(c, sealer, status="applied"))
    by_city = database.read_sync(lambda c: host_lists.listed(c, sealer, city="440300"))
    by_code = database.read_sync(lambda c: host_lists.listed(c, sealer, words=OTHER_USCC.lower()))
    assert [row["uscc"] for row in by_status + by_city + by_code] == [OTHER_USCC] * 3
    with pytest.raises(NotFound):
        database.read_sync(lambda c: host_lists.shown(c, sealer, 999, unmask=False))


def test_a_spreadsheet_read_twice_changes_nothing(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        plain: Any = {"source": "import", "actor": "clerk:li", "now": NOW, "today": TODAY}
        host_id, outcome = hosts.upsert(connection, sealer, HOST, **plain)
        assert outcome == "added"
        assert hosts.upsert(connection, sealer, HOST, **plain) == (host_id, "unchanged")
        less = HOST._replace(district="", address=None, contact_name=None, contact_phone=None)
        assert hosts.upsert(connection, sealer, less, **plain) == (host_id, "unchanged")
        more = HOST._replace(contact_phone="13500001111")
        assert hosts.upsert(connection, sealer, more, **plain) == (host_id, "changed")
        assert contact_of(sealer, hosts.stored(connection, host_id)) == ("李晓明", "13500001111")
        with pytest.raises(Refused, match="别的城市"):
            hosts.upsert(connection, sealer, HOST._replace(city="440300"), **plain)
        assert movements(connection, "host") == [(1, True, "2026-11")]

    database.write_sync(work)


def test_a_spreadsheet_recognises_who_applied_but_nobody_who_was_refused(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        host_id = applied(connection, sealer)
        assert recognised(connection, sealer) == host_id
        assert hosts.stored(connection, host_id).status == HostStatus.APPROVED
        other = applied(connection, sealer, uscc=OTHER_USCC)
        hosts.refuse(connection, other, "证照过期", **act())
        recognised(connection, sealer, uscc=OTHER_USCC)
        assert hosts.stored(connection, other).status == HostStatus.REFUSED

    database.write_sync(work)


def test_a_new_name_is_found_in_the_words_of_its_positions(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        recognised(connection, sealer)
        position_id = published(connection, sealer)
        recognised(connection, sealer, name="广州暮色会计师事务所有限公司")
        found = positions.find(connection, today=TODAY, words="暮色会计师")
        assert [each.id for each in found] == [position_id]
        assert positions.find(connection, today=TODAY, words="晨光会计师") == []

    database.write_sync(work)


def test_an_import_is_taken_back(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        assert hosts.image(connection, HOST) is None
        host_id = recognised(connection, sealer)
        before = hosts.image(connection, HOST)
        recognised(connection, sealer, name="广州暮色会计师事务所有限公司", contact_phone="13500001111")
        hosts.restore(connection, host_id, before, actor="clerk:li", now=NOW)
        row = hosts.stored(connection, host_id)
        assert row.name == HOST.name
        assert contact_of(sealer, row) == ("李晓明", "13826001234")
        assert movements(connection, "host") == [(1, True, "2026-11")]
        with pytest.raises(Refused, match="又有人改过"):
            hosts.restore(connection, host_id, before, actor="clerk:li", now=NOW)

    database.write_sync(work)


def test_a_new_host_is_taken_back_unless_it_is_used(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        host_id = recognised(connection, sealer)
        position_id = published(connection, sealer)
        with pytest.raises(Refused, match="先撤销岗位"):
            hosts.restore(connection, host_id, None, actor="clerk:li", now=NOW)
        positions.restore(connection, position_id, None, actor="clerk:li", now=NOW)
        hosts.restore(connection, host_id, None, actor="clerk:li", now=NOW)
        assert connection.session.get(Host, host_id) is None
        assert connection.session.get(Position, position_id) is None
        assert movements(connection, "host") == [(1, True, "2026-11"), (-1, True, "2026-11")]
        assert movements(connection, "position") == [(3, True, "2026-11"), (-3, True, "2026-11")]

    database.write_sync(work)


def test_the_contact_person_is_forgotten_and_the_host_stays(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        contact_id = add_contact(connection, "web", "hr", None, NOW)
        host_id = hosts.apply(connection, sealer, HOST, source="self", contact_id=contact_id, **act())
        connection.session.expire_all()
        people.erase(connection, contact_id, NOW)
        row = hosts.stored(connection, host_id)
        assert (row.contact_id, row.contact_name_sealed, row.contact_phone_sealed) == (None, None, None)
        assert row.name == HOST.name

    database.write_sync(work)


def test_agencies_and_resources_are_taken_in_once(database: Database) -> None:
    agency = AgencyFields("天河区就业服务中心", "440100", "440106", phone="020-12333")
    resource = ResourceFields(
        "training", "会计实操培训", "某培训学校", "440100", valid_until=date(2026, 12, 31)
    )

    def work(connection: Connection) -> None:
        plain: Any = {"actor": "clerk:li", "now": NOW}
        assert [agencies.upsert(connection, agency, **plain)[1] for _ in range(2)] == ["added", "unchanged"]
        assert agencies.upsert(connection, agency._replace(hours="工作日"), **plain)[1] == "changed"
        assert [resources.upsert(connection, resource, **plain)[1] for _ in range(2)] == [
            "added",
            "unchanged",
        ]
        assert resources.upsert(connection, resource._replace(words=("会计",)), **plain)[1] == "changed"
        with pytest.raises(Refused, match="机构名称"):
            agencies.upsert(connection, agency._replace(name=" "), **plain)
        with pytest.raises(Refused, match="https"):
            resources.upsert(connection, resource._replace(url="javascript:alert(1)"), **plain)

    database.write_sync(work)
    assert [one.hours for one in database.read_sync(lambda c: public_lists.agencies(c, city="440100"))] == [
        "工作日"
    ]

    def found(day: date, **wanted: Any) -> list[list[str]]:  # noqa: ANN401
        return database.read_sync(lambda c: [one.words for one in resources.listed(c, today=day, **wanted)])

    assert found(TODAY, city="440100", kind="training") == [["会计"]]
    assert found(TODAY, city="440300") == found(date(2027, 1, 1)) == []
