"""Applications by chat on both engines: what becomes of them, and that nobody learns who applied for whom."""

from __future__ import annotations

import pytest
from sqlalchemy import select as columns
from sqlmodel import select

from policy.case_dates import due_on
from policy.ledger_codes import HostStatus
from policy.outgoing_codes import CaseKind
from policy.refusal import Refused
from storage import cases, host_applications, hosts
from storage.conversations import add_contact
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.host_applications import Standing
from storage.host_records import contact_of
from storage.sealing import Sealer
from storage.tables import StaffCase, core
from tests.storage.host_rows import HOST, NOW, OTHER_USCC, TODAY, USCC, act, recognised


def contact(connection: Connection, name: str = "hr") -> int:
    return add_contact(connection, "web", name, None, NOW)


def applies(
    connection: Connection, sealer: Sealer, contact_id: int, uscc: str = USCC, name: str = HOST.name
) -> int:
    fields = HOST._replace(uscc=uscc, name=name)
    return host_applications.apply(connection, sealer, fields, "会计助理2人", contact_id=contact_id, **act())


def told(connection: Connection, contact_id: int) -> list[Standing]:
    return host_applications.standings(connection, contact_id)


def test_an_application_waits_and_its_applicant_is_told_the_decision(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        who = contact(connection)
        number = applies(connection, sealer, who)
        assert told(connection, who) == [Standing(number, USCC, "applied", True, None, None)]
        case = core(StaffCase).c
        query = columns(case.city, case.owner, case.due_on).where(case.id == number)
        due = due_on(CaseKind.HOST_APPLICATION, TODAY)
        assert connection.sqlalchemy.execute(query).one() == (HOST.city, f"city:{HOST.city}", due)
        host = hosts.find_by_uscc(connection, USCC)
        assert host is not None
        assert host.id is not None
        assert hosts.refuse(connection, host.id, "营业执照已注销", **act()) == who
        [standing] = told(connection, who)
        assert (standing.status, standing.open, standing.reason) == ("refused", False, "营业执照已注销")
        again = applies(connection, sealer, who, name="广州晨光财务咨询有限公司")
        assert again != number
        row = hosts.stored(connection, host.id)
        assert (row.status, row.name, row.decision_reason) == (
            HostStatus.APPLIED,
            "广州晨光财务咨询有限公司",
            None,
        )
        assert hosts.approve(connection, host.id, **act()) == who
        [standing] = told(connection, who)
        assert (standing.number, standing.status, standing.on) == (again, "approved", TODAY)

    database.write_sync(work)


@pytest.mark.parametrize("by_chat", [True, False])
def test_a_decision_settles_the_application_and_no_other_case(
    database: Database, sealer: Sealer, by_chat: bool
) -> None:
    def work(connection: Connection) -> None:
        who = contact(connection) if by_chat else None
        if who is not None:
            applies(connection, sealer, who)
            row = hosts.find_by_uscc(connection, USCC)
            assert row is not None
            assert row.id is not None
            host_id = row.id
        else:
            host_id = hosts.apply(connection, sealer, HOST, source="clerk", **act())
        for kind in (CaseKind.STIPEND_UNPAID, CaseKind.PROBLEM):
            cases.open_case(connection, sealer, kind, who, NOW, host_id=host_id)
        hosts.approve(connection, host_id, **act())
        found = {(row.kind, row.status, row.version) for row in connection.session.exec(select(StaffCase))}
        assert found == {
            (CaseKind.STIPEND_UNPAID, "open", 1),
            (CaseKind.PROBLEM, "open", 1),
            *({(CaseKind.HOST_APPLICATION, "closed", 2)} if by_chat else ()),
        }

    database.write_sync(work)


def test_telling_it_again_replaces_what_was_told(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        who = contact(connection)
        number = applies(connection, sealer, who)
        assert applies(connection, sealer, who, name="广州晨光财务咨询有限公司") == number
        [case] = host_applications.waiting(connection, sealer)
        assert (case["name"], case["own"], case["wanted"]) == (
            "广州晨光财务咨询有限公司",
            True,
            "会计助理2人",
        )
        assert (case["contact_name"], case["contact_phone"]) == ("李*", "138****1234")
        [whole] = host_applications.waiting(connection, sealer, unmask=True)
        assert whole["contact_phone"] == "13826001234"

    database.write_sync(work)


def test_the_code_of_somebody_else_reads_the_same_and_changes_nothing(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        first, second = contact(connection), contact(connection, "stranger")
        imported = recognised(connection, sealer)
        number = applies(connection, sealer, first, uscc=OTHER_USCC)
        for uscc in (USCC, OTHER_USCC):  # recognised without anybody's application; applied for by `first`
            strange = applies(connection, sealer, second, uscc=uscc, name="冒名顶替有限公司")
            assert strange > number
        assert hosts.stored(connection, imported).name == HOST.name
        assert hosts.stored(connection, imported).contact_id is None
        shown = [(each.uscc, each.open, each.reason, each.on) for each in told(connection, second)]
        assert shown == [(OTHER_USCC, True, None, None), (USCC, True, None, None)]
        assert {each.status for each in told(connection, second)} == {None}
        assert [case["own"] for case in host_applications.waiting(connection, sealer)] == [True, False, False]

    database.write_sync(work)


def test_staff_link_who_does_speak_for_a_host(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        who = contact(connection)
        host_id = recognised(connection, sealer, contact_name="旧联系人", contact_phone="13500001111")
        number = applies(connection, sealer, who)
        assert host_applications.link(connection, sealer, number, actor="clerk:li", now=NOW) == host_id
        row = hosts.stored(connection, host_id)
        assert (row.contact_id, contact_of(sealer, row)) == (who, ("李晓明", "13826001234"))
        [standing] = told(connection, who)
        assert (standing.status, standing.open) == ("approved", False)
        with pytest.raises(Refused, match="已经办完"):
            host_applications.link(connection, sealer, number, actor="clerk:li", now=NOW)

    database.write_sync(work)


def test_staff_dismiss_a_stranger_but_decide_about_an_own_host(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        first, second = contact(connection), contact(connection, "stranger")
        own = applies(connection, sealer, first)
        strange = applies(connection, sealer, second)
        with pytest.raises(Refused, match="请认定或不通过"):
            host_applications.dismiss(connection, own, actor="clerk:li", now=NOW)
        host_applications.dismiss(connection, strange, actor="clerk:li", now=NOW)
        assert [(each.status, each.open) for each in told(connection, second)] == [(None, False)]
        with pytest.raises(NotFound):
            host_applications.dismiss(connection, 999, actor="clerk:li", now=NOW)

    database.write_sync(work)


def test_one_contact_has_only_so_many_open_applications(database: Database, sealer: Sealer) -> None:
    codes = [
        "91440101MA5AB12305",
        "91440101MA5AB1231X",
        "91440101MA5AB1232T",
        "91440101MA5AB1233N",
        "91440101MA5AB1234M",
        "91440101MA5AB1235K",
    ]  # as stored: who enters them has checked them

    def work(connection: Connection) -> None:
        who = contact(connection)
        for uscc in codes[:5]:
            applies(connection, sealer, who, uscc=uscc)
        with pytest.raises(Refused, match="已经有5个申请"):
            applies(connection, sealer, who, uscc=codes[5])
        assert hosts.find_by_uscc(connection, codes[5]) is None
        applies(connection, sealer, who, uscc=codes[0])

    database.write_sync(work)


def test_what_was_told_is_sealed(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: applies(c, sealer, contact(c)))
    [case] = database.read_sync(lambda c: c.session.exec(select(StaffCase)).all())
    assert case.note_sealed is not None
    assert "李晓明".encode() not in case.note_sealed
    assert b"13826001234" not in case.note_sealed
