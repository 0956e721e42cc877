"""Subsidies on both engines: computing and computing again, once-only amounts, lists, two clerks, evidence."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url
from sqlmodel import select

from policy.evidence import Evidence
from policy.ledger_codes import Ending, Result, SubsidyKind, SubsidyStatus
from policy.programme import RULES, ProgrammeRule
from policy.refusal import Refused
from policy.subsidies import Hold
from storage import (
    corrections,
    evidence_marks,
    indicators,
    payout_accounts,
    subsidies,
    subsidy_batches,
    subsidy_lists,
)
from storage.database import Connection, Database, Statement
from storage.errors import Conflict, NotFound
from storage.sealing import Sealer
from storage.tables import Audit, StaffCase
from tests.storage.subsidy_ledger import (
    DECEMBER,
    GUANGZHOU,
    JULY,
    NOW,
    ONE,
    SHENZHEN,
    TODAY,
    TWO,
    Ledger,
)

LIVING, INSURANCE = SubsidyKind.LIVING, SubsidyKind.INSURANCE
RETENTION, REMAINING = SubsidyKind.RETENTION, SubsidyKind.REMAINING_TERM
AUTUMN = ("2023-07", "2023-08", "2023-09", "2023-10", "2023-11", "2023-12")


class Done(Exception):  # noqa: N818 - nothing of a test is to stay in the shared base
    """Raised at the end of a test's work."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One migrated base for all tests of this module, on each engine; every test takes its work back."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("subsidies") / "jianxi.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.close_sync()
        return
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("postgresql_template")
    name = f"jianxi_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        database = Database(make_url(server).set(database=name).render_as_string(hide_password=False))
        yield database
        database.close_sync()
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


Within = Callable[[Callable[[Ledger], None]], None]


@pytest.fixture
def within(shared: Database, sealer: Sealer) -> Within:
    """Runs a test's work in one transaction, which is then taken back."""

    def run(work: Callable[[Ledger], None]) -> None:
        def and_back(connection: Connection) -> None:
            work(Ledger(connection, sealer))
            raise Done

        with pytest.raises(Done):
            shared.write_sync(and_back)

    return run


# --- computing ---------------------------------------------------------------------------------------------


def test_a_month_is_computed_for_all_who_are_in_post(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        good, idle, other = ledger.internship(1), ledger.internship(2), ledger.internship(3, city=GUANGZHOU)
        for number in (good, other):
            ledger.record(number)
        ledger.record(idle, attended_days=3)
        found = ledger.compute()
        assert (found.lines, found.fen, found.held) == (1, 230_000, 0)
        assert ledger.amounts() == {(good, LIVING): 230_000}
        [skipped] = found.skipped
        assert (skipped.internship_id, skipped.kind) == (idle, LIVING)
        assert "出勤 3 天" in skipped.reasons[0]
        row = ledger.line(good)
        assert (row.status, row.month, row.basis["minimum_wage_fen"]) == ("computed", "2023-09", 236_000)
        assert "深府办规" in row.clause

    within(work)


def test_computing_again_changes_nothing(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ledger.record(ledger.internship())
        first = ledger.compute()
        [before] = ledger.lines()
        again = ledger.compute()
        assert ledger.lines() == [before]
        assert [len(found.differences) for found in (first, again)] == [1, 0]
        assert again._replace(differences=[]) == first._replace(differences=[])

    within(work)


def test_a_corrected_record_changes_the_amount_or_takes_it_away(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number)
        ledger.compute()
        ledger.record(number, paid_fen=200_000)
        [changed] = ledger.compute().differences
        assert (changed.before, changed.after, changed.settled) == (230_000, 200_000, False)
        ledger.record(number, attended_days=0)
        [gone] = ledger.compute().differences
        assert (gone.before, gone.after) == (200_000, None)
        assert ledger.lines() == []

    within(work)


def test_what_is_on_a_list_is_only_reported(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number)
        ledger.compute()
        ledger.batch()
        ledger.record(number, paid_fen=200_000)
        [found] = ledger.compute().differences
        assert (found.before, found.after, found.settled) == (230_000, 200_000, True)
        assert ledger.line(number).amount_fen == 230_000

    within(work)


@pytest.mark.parametrize(
    ("month", "reason"), [("2021-11", "没有该月最低工资"), ("2022-12", "没有该月最低工资或规定，请补录")]
)
def test_a_month_without_a_wage_or_rules_says_what_is_missing(
    within: Within, month: str, reason: str
) -> None:
    def work(ledger: Ledger) -> None:
        ledger.record(ledger.internship(arrived_on=date(2021, 10, 1)), month)
        [skipped] = ledger.compute(month).skipped
        assert reason in skipped.reasons[0]
        assert ledger.lines() == []

    within(work)


@pytest.mark.parametrize(("month", "reason"), [("2024-07", "还没有到"), ("2024-13", "月份请这样写")])
def test_a_month_that_has_not_come_is_refused(within: Within, month: str, reason: str) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match=reason):
            ledger.compute(month)

    within(work)


def test_no_more_than_twelve_months_of_a_person_are_paid_over_all_hosts(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        begins = date(2023, 1, 1)
        first = ledger.internship(1, 1, arrived_on=begins, ended_on=date(2023, 6, 30), stage="ended")
        second = ledger.internship(1, 2, arrived_on=JULY)
        months = [f"2023-{month:02d}" for month in range(1, 13)]
        for month in months:
            ledger.record(first if month < "2023-07" else second, month)
            ledger.compute(month)
        ledger.record(second, "2024-01")
        found = ledger.compute("2024-01")
        assert len(ledger.lines(kind=str(LIVING))) == 12
        assert "已计发 12 个月" in found.skipped[0].reasons[0]

    within(work)


def test_the_months_wait_until_three_have_been_served_where_the_city_says_so(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship(city=GUANGZHOU)
        ledger.record(number, "2023-07")
        found = ledger.compute("2023-07", GUANGZHOU, date(2023, 8, 1))
        assert (found.lines, found.held, found.held_fen) == (0, 1, 230_000)
        assert ledger.line(number, month="2023-07").flags == [Hold.LEAST_MONTHS]
        assert subsidies.held_months(ledger.connection, GUANGZHOU) == {"2023-07": 1}
        found = ledger.compute("2023-07", GUANGZHOU, date(2023, 10, 1))
        assert (found.lines, found.held) == (1, 0)

    within(work)


def test_two_subsidies_of_a_person_for_a_month_make_the_later_wait(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        first = ledger.internship(1, 1, ended_on=date(2023, 9, 15), stage="ended")
        second = ledger.internship(1, 2, arrived_on=date(2023, 9, 15), city=GUANGZHOU)
        for number in (first, second):
            ledger.record(number, attended_days=15, paid_fen=190_000)
        ledger.compute()
        ledger.compute(city=GUANGZHOU)
        assert ledger.line(first).flags == []
        assert Hold.SAME_MONTH in ledger.line(second).flags
        assert f"见习 {first}" in ledger.line(second).basis["holds"]["same_month"]

    within(work)


def test_everything_paid_after_the_end_waits_and_becomes_one_case(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship(ended_on=DECEMBER, ending=Ending.COMPLETED, stage="ended")
        for month in AUTUMN:
            ledger.record(number, month, attended_days=21, paid_fen=230_000, paid_on=date(2024, 1, 20))
        for month in (*AUTUMN, *AUTUMN):
            ledger.compute(month)
        assert {(row.status, *row.flags) for row in ledger.lines()} == {("held", "end_only_payment")}
        cases = ledger.connection.session.exec(select(StaffCase)).all()
        assert [(case.kind, case.person_id) for case in cases] == [(Hold.END_ONLY_PAYMENT, ledger.person(1))]
        assert str(Hold.END_ONLY_PAYMENT) == Hold.END_ONLY_PAYMENT
        with pytest.raises(Refused, match="不能人工放行"):
            clear(ledger, ledger.line(number).id, Hold.END_ONLY_PAYMENT)

    within(work)


# --- once-only amounts -------------------------------------------------------------------------------------


def test_the_insurance_is_paid_once_a_person(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        first = ledger.internship(1, 1, ended_on=date(2023, 8, 31), stage="ended")
        second = ledger.internship(1, 2, arrived_on=date(2023, 9, 1))
        for number, month in ((first, "2023-07"), (first, "2023-08"), (second, "2023-09")):
            ledger.record(number, month, attended_days=21, insured=True)
        [skipped] = ledger.compute("2023-07").skipped
        assert (skipped.kind, "每人保费" in skipped.reasons[0]) == (INSURANCE, True)
        for host_id, _ in ledger.hosts.values():
            ledger.evidence(host_id, "2023-07", 8_000)
        for month in ("2023-07", "2023-08", "2023-09", "2023-07"):
            ledger.compute(month)
        assert ledger.amounts(kind=str(INSURANCE)) == {(first, INSURANCE): 8_000}
        refuse(ledger, ledger.line(first, INSURANCE, "2023-07").id)
        ledger.compute("2023-08")
        assert len(ledger.lines(kind=str(INSURANCE))) == 1, "what was refused does not come again"

    within(work)


def cohort(ledger: Ledger, *results: Result) -> list[int]:
    """Internships of one host that were completed in September, with these results."""
    return [
        ledger.internship(
            person,
            ended_on=date(2023, 9, 30),
            ending=Ending.COMPLETED,
            stage="ended",
            result=result,
            insured_on=date(2023, 10, 15),
        )
        for person, result in enumerate(results, 1)
    ]


def test_the_difference_is_for_the_retained_of_a_host_that_keeps_half(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        numbers = cohort(ledger, Result.RETAINED, Result.EMPLOYED)
        for month in ("2023-09", "2023-10", "2023-12", "2023-09"):
            ledger.compute(month)
        assert ledger.amounts(kind=str(RETENTION)) == {(numbers[0], RETENTION): 3 * 20_000}
        assert ledger.line(numbers[0], RETENTION).basis["completed"] == 2

    within(work)


@pytest.mark.parametrize("results", [(Result.RETAINED, Result.LOOKING, Result.LOOKING), (Result.EMPLOYED,)])
def test_a_host_that_keeps_fewer_gets_no_difference(within: Within, results: tuple[Result, ...]) -> None:
    def work(ledger: Ledger) -> None:
        cohort(ledger, *results)
        ledger.compute()
        assert ledger.lines(kind=str(RETENTION)) == []

    within(work)


def test_the_difference_waits_for_the_end_of_the_cohort_or_of_the_year(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        [number] = cohort(ledger, Result.RETAINED)
        ledger.internship(9, ended_on=None)
        ledger.compute("2023-09")
        assert ledger.lines(kind=str(RETENTION)) == []
        ledger.compute("2023-12", today=date(2023, 12, 31))
        assert ledger.lines(kind=str(RETENTION)) == [], "the month is not over"
        ledger.compute("2023-12")
        assert ledger.amounts(kind=str(RETENTION)) == {(number, RETENTION): 60_000}

    within(work)


def retained_early(ledger: Ledger, ended_on: date = date(2023, 9, 10)) -> int:
    return ledger.internship(
        ended_on=ended_on,
        ending=Ending.RETAINED_EARLY,
        stage="ended",
        result=Result.RETAINED,
        contract_on=ended_on,
        insured_on=ended_on,
    )


def test_the_remaining_term_of_one_retained_early_is_paid_in_2023(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = retained_early(ledger)
        for month in AUTUMN:
            ledger.compute(month)
        assert ledger.amounts(kind=str(REMAINING)) == {(number, REMAINING): 3 * 230_000}

    within(work)


def test_the_remaining_term_is_not_paid_any_more_in_2024(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship(
            arrived_on=date(2023, 11, 1),
            ended_on=date(2024, 1, 31),
            ends_on=date(2024, 4, 30),
            ending=Ending.RETAINED_EARLY,
            contract_on=date(2024, 1, 31),
            stage="ended",
        )
        found = ledger.compute("2024-01")
        told = {one.kind: one.reasons for one in found.skipped if one.internship_id == number}
        assert "已没有剩余期限补贴" in told[REMAINING][0]

    within(work)


def test_the_guidance_fee_comes_with_every_month_that_is_due(
    within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    from policy import programme

    rule = ProgrammeRule("guidance_fen", 5_000, "当地规定", open=True, city=SHENZHEN)
    monkeypatch.setattr(programme, "RULES", (*RULES, rule))
    programme.programme_rules_on.cache_clear()
    programme.programme_on.cache_clear()

    def work(ledger: Ledger) -> None:
        good, bad = ledger.internship(1), ledger.internship(2)
        ledger.record(good)
        ledger.record(bad, attended_days=1)
        found = ledger.compute()
        assert ledger.amounts() == {(good, LIVING): 230_000, (good, SubsidyKind.GUIDANCE): 5_000}
        assert found.fen == 235_000

    within(work)
    programme.programme_rules_on.cache_clear()
    programme.programme_on.cache_clear()


# --- signals on lines --------------------------------------------------------------------------------------


def clear(ledger: Ledger, line_id: int, hold: Hold, reason: str = "已核对原件") -> SubsidyStatus:
    return subsidies.clear(ledger.connection, line_id, hold, reason, actor=TWO, now=NOW)


def test_a_signal_holds_a_line_until_a_clerk_clears_it(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number, attended_days=21, reported_fen=100_000)
        assert ledger.compute().held == 1
        row = ledger.line(number)
        with pytest.raises(Refused, match="写明核查的结论"):
            clear(ledger, row.id, Hold.NOT_RECEIVED, " ")
        with pytest.raises(Refused, match="没有“两份见习时间重叠”"):
            clear(ledger, row.id, Hold.OVERLAP)
        with pytest.raises(NotFound):
            clear(ledger, 999_999, Hold.OVERLAP)
        assert clear(ledger, row.id, Hold.NOT_RECEIVED) is SubsidyStatus.COMPUTED
        assert ledger.compute().held == 0, "it stays cleared"
        assert ledger.line(number).basis["cleared"]["not_received"]["by"] == TWO
        ledger.record(number, reported_fen=0)
        assert ledger.compute().held == 1, "something else was found"

    within(work)


def test_clearing_one_of_two_signals_leaves_the_other(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number, paid_fen=230_000, attended_days=21, paid_on=date(2023, 12, 1), reported_fen=0)
        ledger.compute()
        row = ledger.line(number)
        assert row.flags == [Hold.LATE_PAYMENT, Hold.NOT_RECEIVED]
        assert clear(ledger, row.id, Hold.LATE_PAYMENT) is SubsidyStatus.HELD
        assert ledger.line(number).flags == [Hold.NOT_RECEIVED]

    within(work)


def test_clearing_is_audited_without_its_words(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.record(number, reported_fen=0, attended_days=21, paid_fen=230_000, paid_on=date(2023, 9, 30))
        ledger.compute()
        clear(ledger, ledger.line(number).id, Hold.NOT_RECEIVED, "和陈晓琳核对过")
        entry = ledger.connection.session.exec(select(Audit).where(Audit.action == "subsidy.clear")).one()
        assert (entry.actor, entry.detail) == (TWO, {"flag": "not_received"})

    within(work)


# --- lists -------------------------------------------------------------------------------------------------


def refuse(ledger: Ledger, line_id: int) -> None:
    subsidy_batches.refuse(ledger.connection, line_id, "考勤不实", actor=TWO, now=NOW)


def pay(ledger: Ledger, number: int, on: date = date(2023, 10, 20), seen: int | None = None) -> None:
    subsidy_batches.pay(ledger.connection, number, on, actor=ONE, now=NOW, today=TODAY, seen=seen)


def approve(ledger: Ledger, number: int, actor: str = TWO, override: str | None = None) -> None:
    subsidy_batches.approve(ledger.connection, number, actor=actor, now=NOW, today=TODAY, override=override)


def ready(ledger: Ledger) -> int:
    """An internship with a line that is ready."""
    number = ledger.internship()
    ledger.record(number)
    ledger.compute()
    return number


def test_a_list_is_made_approved_by_another_and_paid_into_the_report(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ready(ledger)
        listed = ledger.approved()
        pay(ledger, listed)
        row = ledger.line(number)
        assert (row.status, row.paid_on, row.paid_period) == ("paid", date(2023, 10, 20), "2023-10")
        found = subsidy_batches.get(ledger.connection, listed)
        assert (found.status, found.created_by, found.approved_by) == ("paid", ONE, TWO)
        assert (found.lines, found.hosts, found.fen, found.version) == (1, 1, 230_000, 3)
        assert [
            indicators.live(ledger.connection, SHENZHEN, month)["paid_fen"]
            for month in ("2023-09", "2023-10", "2023-12", "2024-01")
        ] == [0, 230_000, 230_000, 0]
        assert subsidy_batches.page(ledger.connection, SHENZHEN) == [found]
        assert subsidy_batches.page(ledger.connection, GUANGZHOU) == []

    within(work)


def test_paid_in_a_filed_month_it_becomes_a_correction(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ready(ledger)
        listed = ledger.approved()
        ledger.file("2023-10")
        pay(ledger, listed)
        assert ledger.line(number).paid_period is None
        [waiting] = corrections.corrections(ledger.connection, SHENZHEN)
        assert (waiting.what, waiting.changes) == ("补报拨付补贴", {"paid_fen": 230_000})

    within(work)


def test_nobody_approves_a_list_of_their_own(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ready(ledger)
        listed = ledger.batch()
        with pytest.raises(Refused, match="另一位工作人员"):
            approve(ledger, listed, ONE)

    within(work)


def test_missing_evidence_stops_the_approval_unless_a_reason_is_given(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ready(ledger)
        listed = ledger.batch()
        with pytest.raises(Refused, match="还缺：见习协议、身份证和毕业证书（首次）、考勤记录"):
            approve(ledger, listed)
        approve(ledger, listed, override="材料在邮寄途中")
        row = ledger.line(number)
        assert (row.status, row.decided_by, row.decision_reason) == ("approved", TWO, "材料在邮寄途中")

    within(work)


def test_what_was_shown_for_a_person_once_is_not_asked_for_again(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.months(number, "2023-09", "2023-10")
        for month in ("2023-09", "2023-10"):
            ledger.compute(month)
        first, second = ledger.batch("2023-09"), ledger.batch("2023-10")
        asked = [
            [mark.kind for mark in evidence_marks.checklists(ledger.connection, batch)[0].marks]
            for batch in (first, second)
        ]
        monthly = [Evidence.ATTENDANCE, Evidence.PAYROLL, Evidence.ROSTER]
        assert asked[1] == monthly
        assert set(asked[0]) == {*monthly, Evidence.AGREEMENT, Evidence.IDENTITY, Evidence.INSURANCE}

    within(work)


def test_a_mark_of_evidence_can_be_taken_back(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ready(ledger)
        listed, (host_id, _) = ledger.batch(), ledger.host(1)
        ledger.evidence(host_id)
        assert evidence_marks.checklists(ledger.connection, listed)[0].missing == ()
        mark(ledger, host_id, Evidence.ROSTER, given=False)
        assert evidence_marks.checklists(ledger.connection, listed)[0].missing == (Evidence.ROSTER,)

    within(work)


def mark(
    ledger: Ledger,
    host_id: int,
    kind: Evidence = Evidence.ROSTER,
    *,
    month: str = "2023-09",
    given: bool = True,
    on: date | None = None,
    amount: int | None = None,
) -> None:
    evidence_marks.put(
        ledger.connection,
        host_id,
        month,
        kind,
        given=given,
        on=on,
        amount_fen=amount,
        actor=ONE,
        now=NOW,
        today=TODAY,
    )


def test_evidence_that_cannot_be_is_refused(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        host_id, _ = ledger.host(1)
        with pytest.raises(NotFound):
            mark(ledger, 999_999)
        with pytest.raises(Refused, match="月份"):
            mark(ledger, host_id, month="9月")
        with pytest.raises(Refused, match="不能晚于今天"):
            mark(ledger, host_id, on=date(2024, 6, 2))
        with pytest.raises(Refused, match="每人保费"):
            mark(ledger, host_id, amount=100)

    within(work)


def test_a_signal_that_came_after_the_list_stops_the_approval(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ready(ledger)
        listed, (host_id, _) = ledger.batch(), ledger.host(1)
        ledger.evidence(host_id)
        ledger.record(number, reported_fen=0)
        row = ledger.line(number)
        with pytest.raises(Refused, match=f"明细 {row.id}"):
            approve(ledger, listed)
        subsidy_batches.take_out(ledger.connection, row.id, "重新核查", actor=ONE, now=NOW)
        assert ledger.compute().held == 1
        with pytest.raises(Refused, match="没有可审批"):
            approve(ledger, listed)
        clear(ledger, row.id, Hold.NOT_RECEIVED)
        again = ledger.batch()
        approve(ledger, again)
        assert ledger.line(number).batch_id == again

    within(work)


def test_a_refused_line_is_out_of_the_sum_and_can_be_reinstated(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number, other = ready(ledger), ledger.internship(2)
        ledger.record(other)
        ledger.compute()
        listed = ledger.approved()
        line_id = ledger.line(number).id
        refuse(ledger, line_id)
        found = subsidy_batches.get(ledger.connection, listed)
        assert (found.lines, found.fen, found.version) == (1, 230_000, 3)
        pay(ledger, listed)
        assert [ledger.line(one).status for one in (number, other)] == ["refused", "paid"]
        assert ledger.compute().differences == []
        with pytest.raises(Refused, match="已拨付"):
            refuse(ledger, ledger.line(other).id)
        subsidy_batches.reinstate(ledger.connection, line_id, "查明是误报", actor=TWO, now=NOW)
        ledger.compute()
        row = ledger.line(number)
        assert (row.status, row.batch_id, row.amount_fen) == ("computed", None, 230_000)

    within(work)


def test_steps_out_of_order_are_refused(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="没有可列入名册"):
            ledger.batch()
        with pytest.raises(NotFound):
            subsidy_batches.get(ledger.connection, 999_999)
        with pytest.raises(NotFound):
            pay(ledger, 999_999)
        with pytest.raises(NotFound):
            refuse(ledger, 999_999)
        number = ready(ledger)
        listed = ledger.batch()
        with pytest.raises(Refused, match="审批通过后"):
            pay(ledger, listed)
        with pytest.raises(Refused, match="没有可列入名册"):
            ledger.batch()
        with pytest.raises(Refused, match="写明理由"):
            subsidy_batches.refuse(ledger.connection, ledger.line(number).id, "", actor=ONE, now=NOW)
        with pytest.raises(Refused, match="不能这样办"):
            subsidy_batches.reinstate(ledger.connection, ledger.line(number).id, "误", actor=ONE, now=NOW)
        ledger.evidence(ledger.host(1)[0])
        approve(ledger, listed)
        with pytest.raises(Refused, match="不能审批"):
            approve(ledger, listed)

    within(work)


@pytest.mark.parametrize(
    ("on", "reason"), [(date(2024, 6, 2), "不能晚于今天"), (date(2023, 8, 31), "早于补贴月份")]
)
def test_a_day_of_payment_that_cannot_be_is_refused(within: Within, on: date, reason: str) -> None:
    def work(ledger: Ledger) -> None:
        ready(ledger)
        listed = ledger.approved()
        with pytest.raises(Refused, match=reason):
            pay(ledger, listed, on)

    within(work)


def test_two_clerks_do_not_overwrite_each_other(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ready(ledger)
        listed = ledger.approved()
        with pytest.raises(Conflict, match="刚被别人改过"):
            pay(ledger, listed, seen=1)
        pay(ledger, listed, seen=2)

    within(work)


# --- lists to read, accounts -------------------------------------------------------------------------------


def test_a_page_of_lines_is_masked_and_goes_on_where_it_stopped(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        for person in (1, 2, 3):
            ledger.record(ledger.internship(person, person))
        ledger.compute()
        [one, two] = subsidy_lists.page(ledger.connection, ledger.sealer, city=SHENZHEN, limit=2)
        [three] = subsidy_lists.page(ledger.connection, ledger.sealer, city=SHENZHEN, after_id=two["id"])
        assert one["id"] < two["id"] < three["id"]
        assert (one["name"], one["phone"], one["host"]) == ("陈*", "138****0001", "第1机电有限公司")
        assert one["basis"]["paid_fen"] == 230_000
        [full] = subsidy_lists.page(ledger.connection, ledger.sealer, host_id=ledger.host(2)[0], unmask=True)
        assert (full["name"], full["phone"]) == ("陈晓琳", "13800000002")
        assert subsidy_lists.page(ledger.connection, ledger.sealer, status=SubsidyStatus.HELD) == []

    within(work)


def test_an_account_is_kept_sealed_and_shown_by_its_last_digits(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        connection, sealer, person = ledger.connection, ledger.sealer, ledger.person(1)
        assert payout_accounts.get(connection, sealer, person) is None
        for number in ("6222 0212-0000 0000 018", "6217000000000000025"):
            shown = payout_accounts.put(connection, sealer, person, number, actor=ONE, now=NOW)
        assert shown == "***************0025"
        assert payout_accounts.get(connection, sealer, person) == "6217000000000000025"
        with pytest.raises(Refused, match="8 到 30 位数字"):
            payout_accounts.put(connection, sealer, person, "６２１７", actor=ONE, now=NOW)
        with pytest.raises(NotFound):
            payout_accounts.put(connection, sealer, 999_999, "6217000000000000025", actor=ONE, now=NOW)

    within(work)


def test_no_list_or_sum_of_a_month_reads_a_whole_table(sqlite_url: str) -> None:
    """The compiled statements; the searches for signals have their own test."""
    from storage import subsidy_facts

    database = Database(sqlite_url)

    def plans(connection: Connection) -> None:
        for module in (subsidies, subsidy_batches, subsidy_facts, evidence_marks, payout_accounts):
            for name, statement in vars(module).items():
                if isinstance(statement, Statement):
                    text = statement.plan("sqlite").text
                    values = (None,) * text.count("?")
                    found = connection.sqlalchemy.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
                    assert not [step for *_, step in found if step.startswith("SCAN ")], name

    database.read_sync(plans)
    database.close_sync()
