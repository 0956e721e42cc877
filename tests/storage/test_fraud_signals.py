"""Fraud signals on both engines: what each search finds, whom it names, what it leaves alone, and how it looks."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, update

from policy.ledger_codes import Ending, Result, SubsidyKind
from policy.subsidies import Hold
from storage import payout_accounts, subsidies, subsidy_batches, subsidy_lists
from storage.database import Connection, Database
from storage.fraud_signals import SEARCHES, Scope, Signal, search, signals
from storage.tables import Person
from tests.storage.subsidy_ledger import GUANGZHOU, JULY, NOW, ONE, SHENZHEN, TODAY, Ledger
from tests.storage.test_subsidies import Within, shared, within

__all__ = ["shared", "within"]

LIVING, RETENTION = SubsidyKind.LIVING, SubsidyKind.RETENTION


def found(
    ledger: Ledger, kind: Hold, month: str | None = "2023-09", city: str | None = SHENZHEN
) -> list[Signal]:
    ledger.connection.session.flush()
    return [one for one in signals(ledger.connection, city, month, today=TODAY) if one.kind is kind]


def account(ledger: Ledger, person: int, number: str) -> None:
    payout_accounts.put(ledger.connection, ledger.sealer, ledger.person(person), number, actor=ONE, now=NOW)


def ended(ledger: Ledger, person: int = 1, host: int = 1, **fields: object) -> int:
    values: dict[str, Any] = {"ended_on": date(2023, 9, 30), "ending": Ending.COMPLETED, "stage": "ended"}
    return ledger.internship(person, host, **values | fields)


def test_a_month_without_anything_strange_has_no_signals(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        for person in (1, 2):
            number = ledger.internship(person, person)
            ledger.record(number, attended_days=21, paid_fen=230_000, reported_fen=230_000)
            account(ledger, person, f"621700000000000002{person}")
        ended(ledger, 3, 1, result=Result.RETAINED, insured_on=date(2023, 10, 8))
        assert signals(ledger.connection, today=TODAY) == []

    within(work)


def test_who_was_insured_before_the_arrival_is_found(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        before = ended(ledger, 1, insured_on=date(2023, 6, 30), result=Result.RETAINED)
        ended(ledger, 2, 1, insured_on=JULY, result=Result.RETAINED)
        [one] = found(ledger, Hold.INSURED_ELSEWHERE)
        assert (one.internship_ids, one.person_ids) == ((before,), (ledger.person(1),))
        assert "2023-06-30 已参保，早于到岗（2023-07-01）" in one.explain

    within(work)


def test_who_says_to_be_employed_while_in_post_is_found(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ended(ledger, 2)
        told = update(Person).where(col(Person.id).in_([ledger.person(1), ledger.person(2)]))
        ledger.connection.session.exec(told.values(circumstances=["employed", "at_school"]))
        [one] = found(ledger, Hold.INSURED_ELSEWHERE)
        assert one.internship_ids == (number,), "after the end everybody may be employed"

    within(work)


@pytest.mark.parametrize(("second_on", "found_it"), [(date(2023, 9, 14), True), (date(2023, 9, 15), False)])
def test_two_internships_at_a_time_are_found_also_over_two_cities(
    within: Within, second_on: date, found_it: bool
) -> None:
    def work(ledger: Ledger) -> None:
        first = ended(ledger, 1, 1, ended_on=date(2023, 9, 15), ending=Ending.CHANGED_HOST)
        second = ledger.internship(1, 2, arrived_on=second_on, city=GUANGZHOU)
        ledger.internship(2)
        everywhere = found(ledger, Hold.OVERLAP, city=None)
        assert [one.internship_ids for one in everywhere] == ([(first, second)] if found_it else [])
        assert found(ledger, Hold.OVERLAP, city=GUANGZHOU) == everywhere

    within(work)


def test_one_bank_account_of_several_interns_is_found(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        numbers = [ledger.internship(person, person) for person in (1, 2, 3)]
        for person, card in ((1, "6217000000000000025"), (2, "6217 0000 0000 0000 025"), (3, "62170000999")):
            account(ledger, person, card)
        [one] = found(ledger, Hold.SHARED_ACCOUNT)
        assert one.internship_ids == tuple(numbers[:2])
        assert one.person_ids == (ledger.person(1), ledger.person(2))
        assert "2 个人" in one.explain
        assert "6217" not in repr(one)

    within(work)


def test_one_phone_of_several_interns_is_found_but_not_of_who_only_registered(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        one, two = ledger.internship(1), ledger.internship(2, 2)
        ledger.person(3, phone="13800000001")
        assert found(ledger, Hold.SHARED_PHONE) == []
        other = ledger.internship(4, 3)
        same = ledger.connection.session.get_one(Person, ledger.person(1)).phone_index
        ledger.connection.session.exec(
            update(Person).where(col(Person.id) == ledger.person(4)).values(phone_index=same)
        )
        [signal] = found(ledger, Hold.SHARED_PHONE)
        assert signal.internship_ids == (one, other)
        assert two not in signal.internship_ids

    within(work)


@pytest.mark.parametrize(
    ("record", "explain"),
    [
        ({"reported_fen": 0}, "本人说收到 0 元"),
        ({"reported_fen": 229_999}, "本人说收到 2299.99 元"),
        ({"problem": "stipend_unpaid"}, "本人说没有按时足额发"),
        ({"problem": "stipend_unpaid", "reported_fen": 230_000}, None),
        ({"problem": "other"}, None),
        ({"reported_fen": 230_000}, None),
        ({"reported_fen": 0, "paid_fen": None}, None),
    ],
)
def test_a_stipend_that_was_not_received_is_found(
    within: Within, record: dict[str, Any], explain: str | None
) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number, **{"attended_days": 21, "paid_fen": 230_000, **record})
        one = found(ledger, Hold.NOT_RECEIVED)
        assert [(each.internship_ids, each.month) for each in one] == (
            [((number,), "2023-09")] if explain else []
        )
        assert all(explain and explain in each.explain for each in one)
        assert found(ledger, Hold.NOT_RECEIVED, "2023-10") == []
        assert found(ledger, Hold.NOT_RECEIVED, None) == one

    within(work)


@pytest.mark.parametrize(("days", "found_it"), [(None, True), (0, True), (1, False)])
def test_a_payment_without_attendance_is_found(within: Within, days: int | None, found_it: bool) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number, attended_days=days, paid_fen=230_000)
        assert [one.internship_ids for one in found(ledger, Hold.NO_ATTENDANCE)] == (
            [(number,)] if found_it else []
        )

    within(work)


def test_a_subsidy_paid_without_attendance_is_found_later(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number)
        ledger.compute()
        listed = ledger.approved()
        subsidy_batches.pay(ledger.connection, listed, date(2023, 10, 20), actor=ONE, now=NOW, today=TODAY)
        assert found(ledger, Hold.NO_ATTENDANCE) == []
        ledger.record(number, attended_days=0)
        for month in ("2023-09", None):
            [one] = found(ledger, Hold.NO_ATTENDANCE, month)
            assert (one.internship_ids, "财政补贴已经拨付" in one.explain) == ((number,), True)

    within(work)


@pytest.mark.parametrize(
    ("today", "insured_on", "found_it"),
    [
        (date(2023, 12, 1), None, False),
        (date(2023, 12, 2), None, True),
        (date(2024, 6, 1), date(2023, 10, 20), False),
    ],
)
def test_a_retention_without_insurance_is_found_after_sixty_days(
    within: Within, today: date, insured_on: date | None, found_it: bool
) -> None:
    def work(ledger: Ledger) -> None:
        contract_on = date(2023, 10, 2)
        number = ended(ledger, result=Result.RETAINED, contract_on=contract_on, insured_on=insured_on)
        ended(ledger, 2, result=Result.EMPLOYED)
        one = [
            each
            for each in signals(ledger.connection, SHENZHEN, "2023-11", today=today)
            if each.kind is Hold.RETAINED_UNINSURED
        ]
        assert [each.internship_ids for each in one] == ([(number,)] if found_it else [])

    within(work)


# --- what they do to the amounts ---------------------------------------------------------------------------


def test_signals_hold_the_amounts_that_they_are_about(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        silent = ended(ledger, 1, result=Result.RETAINED, contract_on=date(2023, 10, 2))
        ledger.record(silent)
        for person in (2, 3):
            number = ledger.internship(person, 2)
            ledger.record(number)
            account(ledger, person, "6217000000000000025")
        ledger.compute()
        assert (ledger.line(silent).status, ledger.line(silent, RETENTION).flags) == (
            "computed",
            [Hold.RETAINED_UNINSURED],
        )
        held = {row.internship_id: row.flags for row in ledger.lines(status="held", kind=str(LIVING))}
        assert list(held.values()) == [[Hold.SHARED_ACCOUNT]] * 2

    within(work)


def test_a_third_person_on_a_cleared_account_brings_the_signal_back(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        for person in (1, 2, 3):
            number = ledger.internship(person, person)
            ledger.record(number)
            if person < 3:
                account(ledger, person, "6217000000000000025")
        ledger.compute()
        for row in ledger.lines(status="held"):
            subsidies.clear(ledger.connection, row.id, Hold.SHARED_ACCOUNT, "兄弟", actor=ONE, now=NOW)
        assert ledger.compute().held == 0
        account(ledger, 3, "6217000000000000025")
        assert ledger.compute().held == 3

    within(work)


def test_the_people_behind_are_masked_unless_asked(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        [masked] = subsidy_lists.people_behind(ledger.connection, ledger.sealer, [number]).values()
        [full] = subsidy_lists.people_behind(ledger.connection, ledger.sealer, [number], unmask=True).values()
        assert (masked["name"], masked["id_number"][6:14]) == ("陈*", "********")
        assert (full["name"], full["phone"]) == ("陈晓琳", "13800000001")
        assert (masked["internship"], masked["host"]) == (number, "第1机电有限公司")

    within(work)


def test_no_search_of_a_month_reads_a_whole_table(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    scope = Scope(SHENZHEN, date(2023, 9, 1), date(2023, 9, 30), "2023-09", TODAY)
    said: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, text: str, values: Any, *_more: object) -> None:  # noqa: ANN401
        said.append((text, values))

    def work(connection: Connection) -> None:
        core = connection.sqlalchemy
        event.listen(core, "before_cursor_execute", note)
        assert list(search(connection, scope)) == []
        event.remove(core, "before_cursor_execute", note)
        assert len(said) >= len(SEARCHES)
        for text, values in said:
            plan = core.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            whole = [step for *_, step in plan if re.match(r"SCAN (?!\(|subquery|anon_|.* VIRTUAL)", step)]
            assert not whole, (text, whole)

    database.read_sync(work)
    database.close_sync()
