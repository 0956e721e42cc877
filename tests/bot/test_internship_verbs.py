"""The verbs of the internship dialog: everybody sees and moves only their own, and nothing said is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.app import Parts
from bot.desk import Desk
from bot.internship_verbs import (
    ask_certificate,
    my_internships,
    open_applications,
    report_arrival,
    report_problem,
    tell_result,
    withdraw_application,
    withdraw_applications,
)
from policy.ledger_codes import Result
from storage import internships
from storage.cases import NOTE
from storage.conversations import add_contact
from storage.database import Connection
from storage.internship_steps import Act
from storage.tables import StaffCase
from tests.storage.ledger_people import graduate, to_stage
from tests.talking import NOON

OnDesk = Callable[[Callable[[Desk], None]], None]


@pytest.fixture
def at_desk(parts: Parts) -> OnDesk:
    """Runs a test's work at the desk of a person who has applied for a position (internship 1)."""

    def run(work: Callable[[Desk], None]) -> None:
        def begin(connection: Connection) -> None:
            person_id = graduate(connection, parts.sealer, 1, graduated_on="2026-06-30")
            connection.session.flush()
            to_stage(connection, parts.sealer, "已报名", NOON)
            desk = Desk(
                connection,
                parts.sealer,
                parts.turns.catalogue,
                1,
                "web",
                NOON,
                NOON.date(),
                person_id,
                True,
            )
            work(desk)

        parts.database.write_sync(begin)

    return run


def bring(desk: Desk, *stages: str) -> None:
    for stage in stages:
        to_stage(desk.connection, desk.sealer, stage, NOON)


def end(desk: Desk) -> None:
    bring(desk, "已录用", "已签协议", "在岗")
    desk.now += timedelta(days=200)
    desk.today = desk.now.date()
    by = Act(actor="clerk:li", now=desk.now, today=desk.today)
    internships.complete(desk.connection, desk.sealer, 1, **by)


def cases(desk: Desk) -> list[tuple[str, str]]:
    desk.connection.session.flush()
    rows = desk.connection.session.exec(select(StaffCase).order_by(col(StaffCase.id))).all()
    return [(row.kind, desk.sealer.open_text(row.note_sealed, NOTE)) for row in rows if row.note_sealed]


def test_a_person_sees_their_own_with_the_mentors_family_name(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        bring(desk, "已录用", "已签协议")
        [mine] = my_internships(desk, {})
        assert (mine["stage"], mine["mentor"], mine["pay_day"], mine["stipend"]) == (
            "signed",
            "李老师",
            15,
            "2500",
        )
        desk.person_id = None
        assert my_internships(desk, {}) == []

    at_desk(work)


def test_somebody_elses_application_cannot_be_withdrawn(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        own, desk.person_id = desk.person_id, graduate(desk.connection, desk.sealer, 2)
        assert withdraw_application(desk, {"number": 1}) is False
        desk.person_id = own
        assert open_applications(desk, {}) == [{"id": 1, "title": "会计助理"}]
        assert withdraw_application(desk, {"number": 1}) is True
        assert internships.get(desk.connection, 1).stage == "withdrawn"
        assert open_applications(desk, {}) == []

    at_desk(work)


@pytest.mark.parametrize(
    ("stages", "left"), [((), "withdrawn"), (("已录用",), "withdrawn"), (("已录用", "已签协议"), "signed")]
)
def test_who_withdraws_withdraws_the_applications_without_agreement(
    at_desk: OnDesk, stages: tuple[str, ...], left: str
) -> None:
    def work(desk: Desk) -> None:
        bring(desk, *stages)
        withdraw_applications(desk)
        assert my_internships(desk, {})[0]["stage"] == left

    at_desk(work)


def test_an_arrival_is_reported_once_there_is_an_agreement(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        assert report_arrival(desk, {}) == ""
        bring(desk, "已录用", "已签协议")
        assert report_arrival(desk, {}) == "000001"
        assert cases(desk) == [("arrival_reported", "见习 1：本人说已到岗")]
        assert internships.get(desk.connection, 1).stage == "signed", "a clerk confirms it"

    at_desk(work)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [("stipend_unpaid", "stipend_unpaid"), ("unsafe", "unsafe"), ("other", "internship_problem")],
)
def test_a_problem_is_a_case_with_the_persons_words(at_desk: OnDesk, problem: str, kind: str) -> None:
    def work(desk: Desk) -> None:
        report_problem(desk, {"problem": problem, "note": "说来话长"})
        report_problem(desk, {"problem": problem, "note": "又来了"})
        assert cases(desk) == [(kind, "见习 1：说来话长\n2026-11-24：见习 1：又来了")]

    at_desk(work)


def test_a_problem_of_somebody_without_internship_is_not_lost(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        desk.person_id = None
        desk.contact_id = add_contact(desk.connection, "web", "stranger", None, NOON)
        report_problem(desk, {"problem": "other", "note": "有人冒充见习单位收费"})
        assert cases(desk) == [("internship_problem", "有人冒充见习单位收费")]

    at_desk(work)


def test_a_certificate_is_asked_for_after_the_end(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        assert ask_certificate(desk, {}) == ""
        end(desk)
        assert ask_certificate(desk, {}) == "000001"
        assert cases(desk) == [("certificate_request", "见习 1：要见习证明")]

    at_desk(work)


def test_what_a_person_tells_is_recorded_as_told(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        assert tell_result(desk, {"result": "looking"}) is False
        end(desk)
        assert tell_result(desk, {"result": "retained"}) is True
        assert internships.get(desk.connection, 1).result == Result.RETAINED
        assert tell_result(desk, {"result": "looking"}) is True
        assert internships.get(desk.connection, 1).result == Result.LOOKING
        assert cases(desk) == []

    at_desk(work)


def test_what_a_person_tells_does_not_undo_what_staff_have_proof_of(at_desk: OnDesk) -> None:
    def work(desk: Desk) -> None:
        end(desk)
        by = Act(actor="clerk:li", now=desk.now, today=desk.today)
        internships.result(desk.connection, desk.sealer, 1, Result.RETAINED, contract_on=desk.today, **by)
        assert tell_result(desk, {"result": "looking"}) is True
        assert internships.get(desk.connection, 1).result == Result.RETAINED
        assert cases(desk) == [("result_reported", "见习 1：本人说：未就业，求职中")]

    at_desk(work)
