"""The verbs of internships on both engines: rules, rows and periods, openings, two clerks, corrections, erasing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlmodel import col, select

from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import Step
from policy.refusal import Refused
from storage import brought_over, internship_lists, internships, people, transitions
from storage.brought_over import LedgerLine
from storage.database import Connection, Database
from storage.erasure import lock
from storage.errors import Conflict, NotFound
from storage.internship_steps import Act
from storage.ledger_tables import Internship, MonthlyReport, Position, Transition
from storage.sealing import Sealer
from storage.tables import Audit, Contact, EligibilityResult, HardshipMark, Person, PersonField
from storage.transitions import Row
from storage.verification import Decision, verify
from tests.storage.ledger_people import NOW, graduate, post

GUANGZHOU = "440100"
LATE = date(2024, 12, 31)
"""The day on which most of these clerks work: everything has happened by then."""


def act(
    on: date | None = None, today: date = LATE, *, seen: int | None = None, note: str | None = None
) -> Act:
    return Act(actor="clerk:li", now=NOW, today=today, on=on, seen=seen, note=note)


class Ledger:
    """One connection with a person, a position and its mentor."""

    def __init__(self, connection: Connection, sealer: Sealer, number: int = 1, **answers: object) -> None:
        self.connection, self.sealer = connection, sealer
        self.person = graduate(connection, sealer, number, **answers)
        self.position, self.mentor = post(connection, number)
        connection.session.flush()

    def apply(self, on: date = date(2023, 6, 5)) -> int:
        return internships.apply(self.connection, self.sealer, self.person, self.position, **act(on))

    def accepted(self) -> int:
        number = self.apply()
        internships.accept(self.connection, self.sealer, number, **act(date(2023, 6, 10)))
        return number

    def signed(self) -> int:
        number = self.accepted()
        begins = date(2023, 7, 1)
        internships.sign(self.connection, self.sealer, number, starts_on=begins, **act(date(2023, 6, 28)))
        return number

    def in_post(self) -> int:
        number = self.signed()
        internships.arrive(self.connection, self.sealer, number, **act(date(2023, 7, 1)))
        return number

    def completed(self) -> int:
        number = self.in_post()
        internships.complete(self.connection, self.sealer, number, **act(date(2023, 12, 31)))
        return number

    def row(self, number: int) -> Row:
        return internships.get(self.connection, number)

    def taken(self) -> int:
        self.connection.session.expire_all()
        return self.connection.session.get_one(Position, self.position).taken

    def last(self, number: int) -> transitions.Kept:
        return transitions.standing(transitions.kept(self.connection, number))[-1]

    def file(self, month: str) -> None:
        report = MonthlyReport(city=GUANGZHOU, month=month, figures={}, filed_by="clerk:wu", filed_at=NOW)
        self.connection.session.add(report)
        self.connection.session.flush()


class Done(Exception):  # noqa: N818 - nothing of a test is to stay in the shared base
    """Raised at the end of a test's work."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One migrated base for all tests of this module, on each engine; every test takes its work back."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("internships") / "jianxi.db"
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


def test_a_whole_internship_and_its_history(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.completed()
        internships.result(
            ledger.connection,
            ledger.sealer,
            number,
            Result.RETAINED,
            contract_on=date(2024, 1, 2),
            insured_on=date(2024, 1, 10),
            **act(date(2024, 1, 15), note="已看劳动合同"),
        )
        row = ledger.row(number)
        assert (row.stage, row.ending, row.result, row.track) == (
            "ended",
            "completed",
            "retained",
            "graduate",
        )
        assert (row.arrived_period, row.ended_period, row.counted_result) == (
            "2023-07",
            "2023-12",
            "retained",
        )
        assert row.hardship, "the mark of the signing day"
        assert row.version == 6
        events = internship_lists.history(ledger.connection, ledger.sealer, number)
        assert [(event.kind, event.period) for event in events] == [
            ("apply", None),
            ("accept", None),
            ("sign", None),
            ("arrive", "2023-07"),
            ("complete", "2023-12"),
            ("result", "2023-12"),
        ]
        assert events[-1].note == "已看劳动合同"
        assert ledger.taken() == 1
        acts = ledger.connection.session.exec(
            select(Audit.action).where(Audit.subject == f"internship:{number}").order_by(col(Audit.id))
        ).all()
        assert acts[-1] == "internship.result"
        assert len(acts) == 6

    within(work)


def test_notes_are_sealed(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.apply()
        internships.decline(ledger.connection, ledger.sealer, number, **act(note="陈晓琳专业不对口"))
        kept = ledger.last(number)
        assert kept.note_sealed is not None
        assert "陈晓琳".encode() not in kept.note_sealed

    within(work)


def test_an_opening_is_used_up_once_and_given_back_by_who_never_began(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.signed()
        assert ledger.taken() == 1
        internships.cancel(ledger.connection, ledger.sealer, number, **act())
        assert ledger.taken() == 0
        again = ledger.accepted()
        internships.withdraw(ledger.connection, ledger.sealer, again, **act())
        assert ledger.taken() == 0
        internships.decline(ledger.connection, ledger.sealer, ledger.apply(), **act())
        assert ledger.taken() == 0

    within(work)


def test_a_full_position_takes_nobody_more(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        others = [graduate(ledger.connection, ledger.sealer, number) for number in (11, 12, 13)]
        numbers = [
            internships.apply(ledger.connection, ledger.sealer, person, ledger.position, **act())
            for person in others
        ]
        for number in numbers[:2]:
            internships.accept(ledger.connection, ledger.sealer, number, **act())
        with pytest.raises(Refused, match="名额已满"):
            internships.accept(ledger.connection, ledger.sealer, numbers[2], **act())
        with pytest.raises(Refused, match="名额已满"):
            ledger.apply()

    within(work)


def test_one_running_application_for_a_position(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        first = ledger.apply()
        with pytest.raises(Refused, match=f"已经报过了（编号 {first}）"):
            ledger.apply()
        internships.withdraw(ledger.connection, ledger.sealer, first, **act())
        assert ledger.apply() > first

    within(work)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "closed"}, "没有招募"),
        ({"closes_on": date(2023, 6, 1)}, "已经截止"),
        ({"openings": 0}, "名额已满"),
    ],
)
def test_only_an_open_position_can_be_applied_for(
    within: Within, change: dict[str, object], words: str
) -> None:
    def work(ledger: Ledger) -> None:
        position = ledger.connection.session.get_one(Position, ledger.position)
        for name, value in change.items():
            setattr(position, name, value)
        ledger.connection.session.add(position)
        ledger.connection.session.flush()
        with pytest.raises(Refused, match=words):
            ledger.apply()

    within(work)


@pytest.mark.parametrize("stage", ["signed", "in_post"])
def test_one_internship_at_a_time_and_the_other_host_is_not_named(within: Within, stage: str) -> None:
    def work(ledger: Ledger) -> None:
        first = ledger.signed() if stage == "signed" else ledger.in_post()
        elsewhere, _ = post(ledger.connection, 2)
        day = act(date(2024, 1, 5))
        other = internships.apply(ledger.connection, ledger.sealer, ledger.person, elsewhere, **day)
        internships.accept(ledger.connection, ledger.sealer, other, **day)
        with pytest.raises(Refused) as refused:
            internships.sign(ledger.connection, ledger.sealer, other, **day)
        assert f"编号 {first}" in str(refused.value)
        assert "机电" not in str(refused.value)

    within(work)


def test_on_a_day_in_another_internship_nobody_signs_afterwards(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ledger.completed()
        elsewhere, _ = post(ledger.connection, 2)
        verify(
            ledger.connection, ledger.person, Decision.ELIGIBLE, "已核", actor="clerk:wu", now=NOW, today=LATE
        )
        other = internships.apply(
            ledger.connection, ledger.sealer, ledger.person, elsewhere, **act(date(2023, 8, 1))
        )
        internships.accept(ledger.connection, ledger.sealer, other, **act(date(2023, 8, 1)))
        with pytest.raises(Refused, match="同一时间"):
            internships.sign(ledger.connection, ledger.sealer, other, **act(date(2023, 8, 2)))

    within(work)


def test_a_mentor_belongs_to_the_host_and_leads_no_more_than_allowed(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.signed()
        _, strange = post(ledger.connection, 2)
        with pytest.raises(Refused, match="不是这家单位的"):
            internships.assign_mentor(ledger.connection, ledger.sealer, number, strange, **act())
        with pytest.raises(NotFound):
            internships.assign_mentor(ledger.connection, ledger.sealer, number, 99_999, **act())
        position = ledger.connection.session.get_one(Position, ledger.position)
        position.openings = 3
        ledger.connection.session.add(position)
        ledger.connection.session.flush()
        internships.arrive(ledger.connection, ledger.sealer, number, **act(date(2023, 7, 1)))
        for order in (21, 22):
            ledger.person = graduate(ledger.connection, ledger.sealer, order)
            number = ledger.signed()
            if order == 22:
                with pytest.raises(Refused, match="已经带了 2 人"):
                    internships.arrive(ledger.connection, ledger.sealer, number, **act(date(2023, 7, 1)))
            else:
                internships.arrive(ledger.connection, ledger.sealer, number, **act(date(2023, 7, 1)))

    within(work)


def test_nothing_is_entered_for_a_day_to_come(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="不能晚于今天"):
            internships.apply(
                ledger.connection,
                ledger.sealer,
                ledger.person,
                ledger.position,
                **act(date(2023, 7, 2), today=date(2023, 7, 1)),
            )

    within(work)


def test_days_before_the_programme_are_refused_kindly(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="请先补录"):
            ledger.apply(date(2022, 12, 31))

    within(work)


def test_the_second_of_two_clerks_is_told(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.apply()
        seen = ledger.row(number).version
        internships.refer(ledger.connection, ledger.sealer, number, **act(seen=seen))
        with pytest.raises(Conflict, match="刚被别人改过"):
            internships.accept(ledger.connection, ledger.sealer, number, **act(seen=seen))
        assert ledger.row(number).stage == Stage.REFERRED

    within(work)


# --- eligibility on the signing day ------------------------------------------------------------------------


def test_the_test_of_the_signing_day_is_kept(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ledger.signed()
        tests = ledger.connection.session.exec(
            select(EligibilityResult).where(EligibilityResult.person_id == ledger.person)
        ).all()
        assert [(test.test_date, test.outcome) for test in tests][-1] == (date(2023, 6, 28), "eligible")

    within(work)


def test_who_is_not_eligible_any_more_on_the_signing_day_does_not_sign(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.accepted()
        with pytest.raises(Refused) as refused:  # 24 months after the certificate, and 24 years old
            internships.sign(
                ledger.connection, ledger.sealer, number, **act(date(2026, 6, 1), today=date(2026, 6, 1))
            )
        text = str(refused.value)
        assert "按签约日 2026-06-01 复核" in text
        assert "毕业证日期到签约日已超过两年（人社部发〔2023〕27号" in text

    within(work)


def test_what_is_open_is_settled_by_a_clerk(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        connection, sealer = ledger.connection, ledger.sealer
        ledger.person = graduate(connection, sealer, 2, graduated_on="2021-06")  # the limit lies within June
        number = ledger.accepted()
        signing = act(date(2023, 6, 15))
        with pytest.raises(Refused) as refused:
            internships.sign(connection, sealer, number, starts_on=date(2023, 7, 1), **signing)
        assert "毕业证上的具体日期" in str(refused.value)
        assert "people verify" in str(refused.value)
        verify(
            connection, ledger.person, Decision.ELIGIBLE, "已看毕业证", actor="clerk:wu", now=NOW, today=LATE
        )
        internships.sign(connection, sealer, number, starts_on=date(2023, 7, 1), **signing)
        assert ledger.row(number).track == "graduate"

    within(work)


def test_who_was_refused_by_a_clerk_does_not_apply(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        verify(
            ledger.connection,
            ledger.person,
            Decision.REFUSED,
            "在职参保",
            actor="clerk:wu",
            now=NOW,
            today=LATE,
        )
        with pytest.raises(Refused, match="核验结论是不符合条件"):
            ledger.apply()

    within(work)


def test_an_earlier_internship_bars_until_a_clerk_has_looked(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        ledger.completed()
        ledger.position, _ = post(ledger.connection, 2)
        number = internships.apply(ledger.connection, ledger.sealer, ledger.person, ledger.position, **act())
        internships.accept(ledger.connection, ledger.sealer, number, **act())
        with pytest.raises(Refused, match="以前参加过就业见习"):
            internships.sign(ledger.connection, ledger.sealer, number, **act())
        verify(
            ledger.connection, ledger.person, Decision.ELIGIBLE, "同意", actor="clerk:wu", now=NOW, today=LATE
        )
        internships.sign(ledger.connection, ledger.sealer, number, **act())
        assert ledger.row(number).stage == Stage.SIGNED

    within(work)


def test_a_stipend_below_the_floor_is_not_signed(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        connection, sealer = ledger.connection, ledger.sealer
        ledger.person = graduate(connection, sealer, 2, graduated_on="2025-05-20")
        day = date(2025, 7, 1)
        number = internships.apply(connection, sealer, ledger.person, ledger.position, **act(day, day))
        internships.accept(connection, sealer, number, **act(day, day))
        with pytest.raises(Refused, match="低于当地下限 2000 元"):
            internships.sign(connection, sealer, number, stipend_fen=199_900, **act(day, day))
        internships.sign(connection, sealer, number, stipend_fen=200_000, **act(day, day))

    within(work)


# --- change of host ----------------------------------------------------------------------------------------


def test_a_change_of_host_ends_one_and_begins_another_that_continues_it(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        old = ledger.in_post()
        elsewhere, _ = post(ledger.connection, 2)
        new = internships.change_host(
            ledger.connection, ledger.sealer, old, elsewhere, reason=EndReason.HOST, **act(date(2023, 9, 15))
        )
        row = ledger.row(new)
        assert (row.stage, row.continues_id, row.applied_on) == ("accepted", old, date(2023, 9, 15))
        assert ledger.row(old).ending == Ending.CHANGED_HOST
        late = act(date(2023, 9, 16))
        begins = date(2023, 9, 18)
        with pytest.raises(Refused, match="加上之前见习的 3 个月"):
            internships.sign(ledger.connection, ledger.sealer, new, months=10, starts_on=begins, **late)
        internships.sign(ledger.connection, ledger.sealer, new, months=9, starts_on=begins, **late)
        change = next(one for one in transitions.kept(ledger.connection, old) if one.kind == Kind.CHANGE_HOST)
        with pytest.raises(Refused, match=f"编号 {new}"):
            internships.correct(ledger.connection, ledger.sealer, old, change.id, **act())

    within(work)


def test_another_position_of_the_same_host_is_no_change_of_host(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        connection, sealer = ledger.connection, ledger.sealer
        number = ledger.in_post()
        with pytest.raises(Refused, match="还是这家单位"):
            internships.change_host(connection, sealer, number, ledger.position, **act(date(2023, 9, 15)))

    within(work)


# --- months and corrections --------------------------------------------------------------------------------


def test_a_late_arrival_of_a_filed_month_has_no_month(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.signed()
        ledger.file("2023-07")
        internships.arrive(ledger.connection, ledger.sealer, number, **act(date(2023, 7, 1)))
        assert ledger.row(number).arrived_period is None

    within(work)


def test_a_result_learned_after_the_month_was_filed_is_kept_but_not_counted(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.completed()
        internships.result(ledger.connection, ledger.sealer, number, Result.LOOKING, **act(date(2024, 1, 2)))
        ledger.file("2023-12")
        internships.result(ledger.connection, ledger.sealer, number, Result.EMPLOYED, **act(date(2024, 2, 1)))
        row = ledger.row(number)
        assert (row.result, row.counted_result) == ("employed", "looking")
        assert ledger.last(number).period is None

    within(work)


def test_retained_early_counts_as_retained(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.in_post()
        internships.retain_early(
            ledger.connection,
            ledger.sealer,
            number,
            contract_on=date(2023, 10, 1),
            **act(date(2023, 10, 1)),
        )
        row = ledger.row(number)
        assert (row.ended_period, row.counted_result) == ("2023-10", "retained")

    within(work)


def test_a_correction_keeps_the_old_row_and_makes_the_sum_anew(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.in_post()
        wrong = ledger.last(number)
        right = Step(Kind.ARRIVE, date(2023, 8, 2))
        internships.correct(ledger.connection, ledger.sealer, number, wrong.id, right, **act(note="日期填错"))
        row = ledger.row(number)
        assert (row.arrived_on, row.arrived_period) == (date(2023, 8, 2), "2023-08")
        rows = transitions.kept(ledger.connection, number)
        old = next(one for one in rows if one.id == wrong.id)
        void = next(one for one in rows if one.kind == Kind.VOID)
        assert (old.on, old.period, old.voided_at) == (date(2023, 7, 1), "2023-07", NOW)
        assert void.voids_id == wrong.id

    within(work)


def test_a_correction_within_a_filed_month_is_counted_where_it_was(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.in_post()
        ledger.file("2023-07")
        right = Step(Kind.ARRIVE, date(2023, 8, 2))
        internships.correct(ledger.connection, ledger.sealer, number, ledger.last(number).id, right, **act())
        row = ledger.row(number)
        assert (row.arrived_on, row.arrived_period) == (date(2023, 8, 2), "2023-07")

    within(work)


def test_an_ending_of_a_filed_month_that_was_of_another_kind_waits_for_a_clerk(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.in_post()
        early = act(date(2023, 9, 1))
        internships.end_early(ledger.connection, ledger.sealer, number, EndReason.PERSONAL, **early)
        ledger.file("2023-09")
        right = Step(Kind.RETAIN_EARLY, date(2023, 9, 1), {"contract_on": "2023-09-01"})
        internships.correct(ledger.connection, ledger.sealer, number, ledger.last(number).id, right, **act())
        row = ledger.row(number)
        assert (row.ending, row.ended_period, row.result) == ("retained_early", None, "retained")

    within(work)


def test_results_move_with_their_ending(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.completed()
        internships.result(
            ledger.connection, ledger.sealer, number, Result.EMPLOYED, **act(date(2024, 2, 10))
        )
        ending = next(one for one in transitions.kept(ledger.connection, number) if one.kind == Kind.COMPLETE)
        right = Step(Kind.COMPLETE, date(2024, 1, 3))
        internships.correct(ledger.connection, ledger.sealer, number, ending.id, right, **act())
        row = ledger.row(number)
        assert (row.ended_period, row.counted_result, row.result) == ("2024-01", "employed", "employed")
        assert transitions.rebuild(ledger.connection, number) == row

    within(work)


def test_what_stands_in_the_way_of_a_correction_is_named(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.completed()
        arrival = next(one for one in transitions.kept(ledger.connection, number) if one.kind == Kind.ARRIVE)
        with pytest.raises(Refused, match="“期满完成”（2023-12-31）"):
            internships.correct(ledger.connection, ledger.sealer, number, arrival.id, **act())
        with pytest.raises(NotFound):
            internships.correct(ledger.connection, ledger.sealer, number, 99_999, **act())
        assert ledger.row(number).stage == Stage.ENDED

    within(work)


def test_taking_back_the_acceptance_frees_the_opening(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.accepted()
        internships.correct(ledger.connection, ledger.sealer, number, ledger.last(number).id, **act())
        assert ledger.row(number).stage == Stage.APPLIED
        assert ledger.taken() == 0

    within(work)


MOVES = st.lists(
    st.tuples(st.sampled_from(["refer", "accept", "sign", "arrive", "extend", "end", "complete", "result", "correct"]),
              st.integers(0, 90), st.integers(0, 5)),
    min_size=4,
    max_size=16,
)  # fmt: skip


def _move(ledger: Ledger, number: int, name: str, on: date, choice: int) -> None:
    connection, sealer, doing = ledger.connection, ledger.sealer, act(on, today=date(2026, 12, 31))
    if name == "sign":
        internships.sign(connection, sealer, number, months=3 + choice, **doing)
    elif name == "extend":
        internships.extend(connection, sealer, number, choice, **doing)
    elif name == "end":
        internships.end_early(connection, sealer, number, list(EndReason)[choice], **doing)
    elif name == "result":
        outcome = list(Result)[choice]
        internships.result(connection, sealer, number, outcome, contract_on=on, **doing)
    elif name == "correct":
        rows = transitions.standing(transitions.kept(connection, number))
        target = rows[choice % len(rows)]
        moved = target.step._replace(on=target.on + timedelta(days=choice - 2)) if choice else None
        internships.correct(connection, sealer, number, target.id, moved, **doing)
    else:
        verbs = {
            "refer": internships.refer,
            "accept": internships.accept,
            "arrive": internships.arrive,
            "complete": internships.complete,
        }
        verbs[name](connection, sealer, number, **doing)


@pytest.mark.parametrize("filed", [(), ("2023-06", "2023-07", "2023-09")], ids=["open", "filed"])
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(moves=MOVES)
def test_the_row_is_the_sum_of_its_steps_after_any_history(
    within: Within, filed: tuple[str, ...], moves: list[tuple[str, int, int]]
) -> None:
    def work(ledger: Ledger) -> None:
        for month in filed:
            ledger.file(month)
        number, day = ledger.apply(), date(2023, 6, 5)
        straight = [("accept", 3, 0), ("sign", 3, 0), ("arrive", 3, 0)] if len(moves) % 2 else []
        for name, days, choice in (*straight, *moves):
            before = ledger.row(number)
            try:
                with ledger.connection.sqlalchemy.begin_nested():
                    _move(ledger, number, name, day + timedelta(days=days), choice)
            except Refused:
                assert ledger.row(number) == before
                continue
            day += timedelta(days=days)
            kept = ledger.row(number)
            assert transitions.rebuild(ledger.connection, number) == kept

    within(work)


# --- ledgers brought over ----------------------------------------------------------------------------------


def line(ledger: Ledger, **told: object) -> LedgerLine:
    days: dict[str, Any] = {
        "applied_on": date(2023, 6, 5),
        "accepted_on": date(2023, 6, 10),
        "signed_on": date(2023, 6, 28),
        "starts_on": date(2023, 7, 1),
        "ends_on": date(2023, 12, 31),
        "arrived_on": date(2023, 7, 1),
        "stipend_fen": 200_000,
    }
    return LedgerLine(ledger.person, ledger.position, **{**days, **told})


def bring(ledger: Ledger, told: LedgerLine) -> tuple[int, str]:
    return brought_over.bring_over(
        ledger.connection, ledger.sealer, told, actor="import:1", now=NOW, today=LATE
    )


def test_a_line_of_another_ledger_becomes_an_internship_once(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number, outcome = bring(ledger, line(ledger))
        row = ledger.row(number)
        assert (outcome, row.stage, row.months, row.arrived_period, row.stipend_fen) == (
            "added",
            "in_post",
            6,
            "2023-07",
            200_000,
        )
        assert (row.source, row.track, row.mentor_id) == ("import", "graduate", ledger.mentor)
        assert bring(ledger, line(ledger)) == (number, "unchanged")
        ended = line(
            ledger,
            ending=Ending.COMPLETED,
            ended_on=date(2023, 12, 31),
            result=Result.RETAINED,
            contract_on=date(2024, 1, 2),
        )
        assert bring(ledger, ended) == (number, "changed")
        assert bring(ledger, ended) == (number, "unchanged")
        row = ledger.row(number)
        assert (row.ending, row.counted_result) == ("completed", "retained")
        assert transitions.rebuild(ledger.connection, number) == row
        assert ledger.taken() == 1

    within(work)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"signed_on": None}, "还没有签见习协议"),
        ({"ended_on": date(2023, 9, 1)}, "要一起填"),
        ({"ending": Ending.ENDED_EARLY, "ended_on": date(2023, 9, 1)}, "原因"),
        ({"ending": Ending.COMPLETED, "ended_on": date(2023, 9, 1)}, "才到期"),
        ({"result": Result.EMPLOYED}, "实际结束日期"),
        ({"arrived_on": date(2025, 7, 1), "starts_on": date(2025, 7, 1), "ends_on": None}, "不能晚于今天"),
        (
            {"applied_on": None, "accepted_on": None, "signed_on": None, "arrived_on": None},
            "请至少填一个",
        ),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused(within: Within, told: dict[str, Any], words: str) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match=words):
            bring(ledger, line(ledger, **told))

    within(work)


def test_a_line_that_contradicts_the_ledger_is_refused(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        bring(ledger, line(ledger))
        with pytest.raises(Refused, match="请用更正处理"):
            bring(ledger, line(ledger, arrived_on=date(2023, 7, 3)))

    within(work)


def test_lines_of_one_person_may_not_overlap_in_any_order(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        later = {"ending": Ending.ENDED_EARLY, "ended_on": date(2023, 9, 1), "end_reason": EndReason.STUDY}
        bring(ledger, line(ledger, **later))
        ledger.position, _ = post(ledger.connection, 2)
        with pytest.raises(Refused, match="时间重叠"):
            bring(ledger, line(ledger))

    within(work)


# --- verification and erasing ------------------------------------------------------------------------------


def test_a_decision_has_a_reason_and_a_name(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="核验依据"):
            verify(ledger.connection, ledger.person, Decision.ELIGIBLE, " ", actor="c", now=NOW, today=LATE)
        person = verify(
            ledger.connection, ledger.person, Decision.ELIGIBLE, "已查验", actor="c", now=NOW, today=LATE
        )
        assert (person.status, person.decided_by, person.decided_on) == ("verified", "c", LATE)
        with pytest.raises(Conflict):
            verify(
                ledger.connection,
                ledger.person,
                Decision.REFUSED,
                "再看",
                actor="d",
                now=NOW,
                today=LATE,
                seen=person.version - 1,
            )

    within(work)


def contact_of(connection: Connection, person_id: int) -> int:
    found = connection.session.exec(select(Contact.id).where(Contact.person_id == person_id)).one()
    assert found is not None
    return found


def test_who_has_only_applied_is_erased_with_the_application(database: Database, sealer: Sealer) -> None:
    def apply(connection: Connection) -> tuple[int, int]:
        ledger = Ledger(connection, sealer)
        ledger.accepted()
        return ledger.person, ledger.position

    person_id, position_id = database.write_sync(apply)
    assert database.write_sync(lambda one: people.erase(one, contact_of(one, person_id), NOW)) is False

    def left(connection: Connection) -> tuple[object, ...]:
        session = connection.session
        return (
            session.exec(select(Internship)).all(),
            session.exec(select(Transition)).all(),
            session.exec(select(Person)).all(),
            session.get_one(Position, position_id).taken,
        )

    assert database.read_sync(left) == ([], [], [], 0)


def test_who_has_signed_is_locked_and_everything_optional_goes(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> tuple[int, int, int]:
        ledger = Ledger(connection, sealer)
        number = ledger.signed()
        elsewhere, _ = post(connection, 2)
        internships.apply(connection, sealer, ledger.person, elsewhere, **act())
        return ledger.person, number, contact_of(connection, ledger.person)

    person_id, number, contact_id = database.write_sync(work)
    assert database.write_sync(lambda connection: people.erase(connection, contact_id, NOW)) is True

    def look(connection: Connection) -> None:
        person = connection.session.get_one(Person, person_id)
        assert (person.status, person.push_consent, person.cities, person.position_kinds) == (
            "locked",
            False,
            [],
            [],
        )
        assert person.hardship_sealed is None
        assert person.name_sealed
        assert connection.session.exec(select(HardshipMark)).all() == []
        fields = set(connection.session.exec(select(PersonField.field)).all())
        assert fields.isdisjoint({"hardship", "cities", "position_kinds", "push_consent"})
        assert [row.id for row in connection.session.exec(select(Internship)).all()] == [number]
        contact = connection.session.get_one(Contact, contact_id)
        assert (contact.person_id, contact.push_allowed, contact.submission_id) == (None, False, None)
        action = connection.session.exec(select(Audit.action).order_by(col(Audit.id).desc())).first()
        assert action == "person.locked"

    database.read_sync(look)


def test_the_ledger_of_a_locked_person_goes_on(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.in_post()
        ledger.connection.session.expire_all()
        lock(ledger.connection, ledger.person, NOW)
        ledger.connection.session.flush()
        internships.complete(ledger.connection, ledger.sealer, number, **act(date(2023, 12, 31)))
        assert ledger.row(number).stage == Stage.ENDED
        with pytest.raises(Refused, match="已经要求删除"):
            ledger.apply()

    within(work)


def test_pages_of_the_list_go_by_number(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        connection, sealer = ledger.connection, ledger.sealer
        first = ledger.in_post()
        second = internships.apply(
            connection, sealer, graduate(connection, sealer, 2), ledger.position, **act()
        )
        one = internship_lists.page(connection, limit=1)
        rest = internship_lists.page(connection, after_id=one[-1].id)
        assert [row.id for row in (*one, *rest)] == [first, second]
        assert [row.id for row in internship_lists.page(connection, stage=Stage.IN_POST, city=GUANGZHOU)] == [
            first
        ]
        assert [row.id for row in internship_lists.overdue(connection, date(2024, 1, 1))] == [first]
        assert internship_lists.overdue(connection, date(2023, 12, 31)) == []
        assert [row.id for row in internship_lists.of_person(connection, ledger.person)] == [first]
        shown = internship_lists.one(connection, first)
        assert (shown.title, shown.name(sealer)) == ("会计助理", "陈晓琳")
        with pytest.raises(NotFound):
            internship_lists.one(connection, 99_999)

    within(work)
