"""Monthly records on both engines: what is kept, what cannot be, and what becomes a case for staff."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import col, select

from policy.ledger_codes import EndReason
from policy.refusal import Refused
from storage import internships, monthly_records
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.internship_steps import Act
from storage.monthly_records import Month, Problem
from storage.sealing import Sealer
from storage.tables import StaffCase
from tests.storage.ledger_people import NOW, graduate, post

BEGINS, TODAY = date(2023, 7, 3), date(2024, 3, 1)


class Post:
    """Somebody in post since 3 July 2023."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection, self.sealer = connection, sealer
        position_id, _ = post(connection)
        person_id = graduate(connection, sealer)
        connection.session.flush()
        by = self.by(date(2023, 7, 1))
        self.number = internships.apply(connection, sealer, person_id, position_id, **by)
        internships.accept(connection, sealer, self.number, **by)
        internships.sign(connection, sealer, self.number, starts_on=BEGINS, **by)
        internships.arrive(connection, sealer, self.number, **self.by(BEGINS))

    def by(self, on: date) -> Act:
        return Act(actor="clerk:li", now=NOW, today=TODAY, on=on)

    def put(self, month: str, told: Month, *, seen: int | None = None, note: str | None = None) -> int:
        return monthly_records.put(
            self.connection,
            self.sealer,
            self.number,
            month,
            told,
            actor="clerk:li",
            now=NOW,
            today=TODAY,
            seen=seen,
            note=note,
        ).version

    def end(self, on: date) -> None:
        reason = EndReason.PERSONAL
        internships.end_early(self.connection, self.sealer, self.number, reason, **self.by(on))

    def cases(self) -> list[str]:
        self.connection.session.flush()
        return list(self.connection.session.exec(select(StaffCase.kind).order_by(col(StaffCase.id))))


def test_a_month_is_kept_and_what_is_not_told_stays(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        at = Post(connection, sealer)
        assert at.put("2023-07", Month(attended_days=20, insured=True), note="已看考勤表") == 1
        assert at.put("2023-07", Month(paid_fen=230_000, paid_on=date(2023, 8, 10)), seen=1) == 2
        [kept] = monthly_records.of_internship(connection, at.number)
        assert (kept.attended_days, kept.insured, kept.paid_fen, kept.reported_fen) == (
            20,
            True,
            230_000,
            None,
        )
        assert kept.note_sealed
        assert "考勤".encode() not in kept.note_sealed
        with pytest.raises(Conflict):
            at.put("2023-07", Month(attended_days=1), seen=1)
        with pytest.raises(NotFound):
            monthly_records.put(connection, sealer, 99, "2023-07", Month(), actor="c", now=NOW, today=TODAY)

    database.write_sync(work)


def test_what_cannot_be_is_refused_and_why(database: Database, sealer: Sealer) -> None:
    cases = (
        ("2023-06", Month(1), "不在见习期间"),
        ("2024-04", Month(1), "不在见习期间"),
        ("2023-7", Month(1), "月份请这样写"),
        ("2023-13", Month(1), "月份请这样写"),
        ("2023-09", Month(31), "0 到 30"),
        ("2023-09", Month(-1), "0 到 30"),
        ("2023-09", Month(paid_fen=-1), "负数"),
        ("2023-09", Month(paid_on=date(2023, 8, 31)), "2023-09-01 之后"),
        ("2023-09", Month(paid_on=date(2024, 3, 2)), "今天之前"),
    )

    def work(connection: Connection) -> None:
        at = Post(connection, sealer)
        for month, told, words in cases:
            with pytest.raises(Refused) as refused:
                at.put(month, told)
            assert words in str(refused.value), (month, told)

    database.write_sync(work)


def test_a_problem_becomes_a_case_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        at = Post(connection, sealer)
        at.put("2023-07", Month(problem=Problem.STIPEND_UNPAID))
        at.put("2023-07", Month(problem=Problem.STIPEND_UNPAID))
        at.put("2023-08", Month(problem=Problem.STIPEND_UNPAID))
        at.put("2023-08", Month(problem=Problem.UNSAFE))
        assert at.cases() == ["stipend_unpaid", "unsafe"]

    database.write_sync(work)


def test_everything_paid_after_the_end_is_flagged_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        at = Post(connection, sealer)
        at.end(date(2023, 9, 20))
        late = date(2023, 10, 8)
        for month in ("2023-07", "2023-08", "2023-09"):
            at.put(month, Month(paid_fen=230_000, paid_on=late))
        assert at.cases() == ["end_only_payment"]

    database.write_sync(work)


def test_the_last_month_may_be_paid_after_the_end(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        at = Post(connection, sealer)
        at.put("2023-07", Month(paid_fen=230_000, paid_on=date(2023, 8, 15)))
        at.end(date(2023, 9, 20))
        at.put("2023-09", Month(paid_fen=230_000, paid_on=date(2023, 10, 8)))
        assert at.cases() == []

    database.write_sync(work)


def test_a_stay_of_one_month_is_paid_after_its_end_by_everybody(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        at = Post(connection, sealer)
        at.end(date(2023, 7, 20))
        at.put("2023-07", Month(paid_fen=100_000, paid_on=date(2023, 8, 15)))
        assert at.cases() == []

    database.write_sync(work)
