"""Answers to check-ins and follow-ups: what goes to the ledger, which cases wait, which services count."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from policy.ledger_codes import Ending, Result
from policy.outgoing_codes import CaseKind, PlanState, ServiceKind, SkipReason, StepState
from policy.refusal import Refused
from storage import (
    case_lists,
    cases,
    check_in_plans,
    check_ins,
    contacts_of,
    follow_up_answers,
    follow_up_lists,
    follow_ups,
    internships,
    services,
    transitions,
)
from storage.check_ins import Answerer
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.ledger_tables import MonthlyRecord
from storage.outgoing_tables import CheckIn, StaffBinding
from storage.sealing import Sealer
from storage.tables import Contact, DialogSession, Person, core
from tests.storage import care_rows
from tests.storage.care_rows import CITY, NOW, TODAY

OWN = core(Contact)


def contact_of(connection: Connection, person_id: int) -> int:
    found = contacts_of.preferred(connection, person_id)
    assert found is not None
    return found


def kinds(connection: Connection, status: str = "open") -> list[str]:
    return [each.kind for each in case_lists.listed(connection, status=status)]


# --- check-ins ------------------------------------------------------------------------------------------


class Interned:
    """Somebody in post, whom we asked about a month."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection, self.sealer = connection, sealer
        self.person_id = care_rows.person(connection, sealer)
        self.internship_id = care_rows.internship(connection, self.person_id)
        self.who = Answerer(contact_of(connection, self.person_id), self.person_id)

    def asked(self, kind: str, month: str) -> int:
        row = CheckIn(
            internship_id=self.internship_id,
            kind=kind,
            month=month,
            due_on=TODAY,
            state=StepState.ASKED,
            asked_at=NOW,
        )
        return care_rows.stored(self.connection, row)

    def answers(self, kind: str, month: str, who: Answerer | None = None, **said: Any) -> int:  # noqa: ANN401 - answers
        number = self.asked(kind, month)
        return check_ins.answer(self.connection, self.sealer, number, said, who or self.who, NOW, TODAY)

    def month(self, month: str) -> MonthlyRecord:
        table = core(MonthlyRecord)
        row = self.connection.sqlalchemy.execute(
            select(table.c.id).where(table.c.internship_id == self.internship_id, table.c.month == month)
        ).scalar_one()
        return self.connection.session.get_one(MonthlyRecord, row)


def test_what_is_received_goes_into_the_record_of_the_month(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)
        assert one.answers("monthly", "2026-10", received=2100, insured="yes", troubles=["none"]) == 0
        row = one.month("2026-10")
        assert (row.reported_fen, row.insured, row.mentor_met, row.problem) == (210_000, True, None, None)
        assert check_ins.known(connection, [one.internship_id]) == {one.internship_id: (False, True)}
        assert kinds(connection) == []

    database.write_sync(work)


def test_a_later_answer_keeps_what_it_does_not_tell(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)
        one.answers("arrival", "2026-09", mentor="yes", insured="no", troubles=["none"])
        one.answers("monthly", "2026-09", received=1900, troubles=["overtime"])
        row = one.month("2026-09")
        assert (row.mentor_met, row.insured, row.reported_fen, row.problem) == (True, False, 190_000, "other")
        assert row.version == 2

    database.write_sync(work)


def test_an_unpaid_month_becomes_a_case_with_owner_day_and_words(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)
        assert one.answers("monthly", "2026-10", received=0, troubles=["unpaid"], trouble_note="等一等") == 1
        [found] = case_lists.listed(connection, city=CITY)
        assert (found.kind, found.owner, found.due_on) == (
            CaseKind.STIPEND_UNPAID,
            f"city:{CITY}",
            date(2026, 11, 27),
        )
        assert found.note(sealer).endswith("实收0元；补贴没发；等一等")
        assert (found.internship_id, found.person_id) == (one.internship_id, one.person_id)

    database.write_sync(work)


def test_a_second_complaint_is_added_to_the_open_case(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)
        one.answers("monthly", "2026-09", received=0, troubles=["none"])
        one.answers("monthly", "2026-10", received=0, troubles=["none"])
        [found] = case_lists.listed(connection)
        assert found.note(sealer).count("实收0元") == 2

    database.write_sync(work)


@pytest.mark.parametrize(("earlier", "expected"), [(0, True), (1500, False)])
def test_nothing_received_at_the_end_and_before_is_end_only_payment(
    database: Database, sealer: Sealer, earlier: int, expected: bool
) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)
        one.answers("monthly", "2026-09", received=earlier, troubles=["none"])
        one.answers("end", "2026-10", received=0, troubles=["none"])
        assert (CaseKind.END_ONLY_PAYMENT in kinds(connection)) is expected

    database.write_sync(work)


def test_the_first_part_of_a_month_may_pay_less(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)  # arrived on the 3rd
        assert one.answers("monthly", "2026-09", received=1900, troubles=["none"]) == 0
        assert one.answers("monthly", "2026-10", received=1900, troubles=["none"]) == 1

    database.write_sync(work)


def test_an_answer_of_somebody_else_is_not_taken(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Interned(connection, sealer)
        other = care_rows.person(connection, sealer, 2)
        for month, who in (
            ("2026-09", Answerer(contact_of(connection, other), other)),
            ("2026-10", Answerer(one.who.contact_id, None)),
        ):
            assert one.answers("monthly", month, who, received=0) == 0
        assert kinds(connection) == []
        assert check_ins.answer(connection, sealer, 999, {}, one.who, NOW, TODAY) == 0

    database.write_sync(work)


def test_a_host_tells_who_is_not_there_and_not_paid(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        contact_id = care_rows.contact(connection, None, "clerk-of-host")
        host_id = care_rows.host(connection, contact_id=contact_id)
        number = check_in_plans.add_host(connection, host_id, "2026-10", TODAY)
        said = {"at_work": "left", "paid": "part", "host_note": "一人离开"}
        stranger = Answerer(care_rows.contact(connection, None, "x"), None)
        assert check_ins.answer(connection, sealer, number, said, stranger, NOW, TODAY) == 0
        who = Answerer(contact_id, None)
        assert check_ins.answer(connection, sealer, number, said, who, NOW, TODAY) == 2
        assert kinds(connection) == [CaseKind.STIPEND_UNPAID, CaseKind.PROBLEM]
        assert case_lists.listed(connection)[0].note(sealer) == (
            f"单位 {host_id}，单位回访（2026-10）；有人离开；有的补贴还没发；一人离开"
        )

    database.write_sync(work)


# --- follow-ups -----------------------------------------------------------------------------------------


class Followed:
    """Somebody whose internship ended today, asked on day 0."""

    def __init__(self, connection: Connection, sealer: Sealer, *, kept_on: bool = False) -> None:
        self.connection, self.sealer = connection, sealer
        care_rows.offered(connection)
        self.person_id = care_rows.person(connection, sealer)
        result = Result.RETAINED if kept_on else None
        self.internship_id = care_rows.ended(connection, self.person_id, result=result)
        ended = follow_ups.Ended(self.internship_id, self.person_id, CITY, result, Ending.COMPLETED)
        plan_id = follow_ups.begin(connection, ended, kept_on=kept_on, today=TODAY, now=NOW)
        assert plan_id is not None
        self.plan_id = plan_id
        self.who = Answerer(contact_of(connection, self.person_id), self.person_id)

    def days(self) -> dict[int, tuple[str, str | None]]:
        return {
            day.day: (day.state, day.reason) for day in follow_up_lists.days(self.connection, self.plan_id)
        }

    def line(self) -> follow_up_lists.Line:
        return follow_up_lists.get(self.connection, self.plan_id)

    def says(self, on_day: int = 0, **said: Any) -> follow_up_answers.Kept:  # noqa: ANN401 - answers
        [number] = [
            day.id for day in follow_up_lists.days(self.connection, self.plan_id) if day.day == on_day
        ]
        return follow_up_answers.answer(self.connection, self.sealer, number, said, self.who, NOW, TODAY)

    def given(self) -> dict[str, int]:
        counted = services.counters(self.connection, self.person_id)
        return {each.kind.value: each.given for each in counted if each.given}


PLANNED = (StepState.PLANNED, None)
SETTLED = (StepState.SKIPPED, SkipReason.SETTLED)


def test_who_works_is_asked_once_more_at_most(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        one.says(situation="working", employment="contract", later_check="yes")
        assert one.days() == {
            0: (StepState.ANSWERED, None),
            7: SETTLED,
            30: SETTLED,
            90: PLANNED,
            180: SETTLED,
        }
        line = one.line()
        assert (line.state, line.employment, line.next_on) == (
            PlanState.SETTLED,
            "contract",
            TODAY + timedelta(days=90),
        )
        assert kinds(connection) == []
        one.says(90, situation="working", employment="contract")
        assert all(state != StepState.PLANNED for state, _ in one.days().values())

    database.write_sync(work)


def test_what_they_do_now_is_claimed_in_the_ledger(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        one.says(situation="working", employment="own", later_check="no")
        assert transitions.get(connection, one.internship_id).result == Result.SELF_EMPLOYED
        [row] = transitions.kept(connection, one.internship_id)
        assert (row.detail["claimed"], row.actor) == (True, f"self:{one.who.contact_id}")

    database.write_sync(work)


def test_what_staff_have_seen_evidence_of_stands(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        by: Any = {"actor": "clerk:li", "now": NOW, "today": TODAY}
        internships.result(connection, sealer, one.internship_id, Result.EMPLOYED, **by)
        one.says(situation="not_now")
        assert transitions.get(connection, one.internship_id).result == Result.EMPLOYED
        assert kinds(connection) == [CaseKind.RESULT]

    database.write_sync(work)


def test_a_later_check_on_a_day_of_its_own_is_added(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        one.says(7, situation="working", employment="own", later_check="yes")
        assert one.days()[97] == PLANNED

    database.write_sync(work)


@pytest.mark.parametrize(
    ("said", "waiting", "given", "state", "ahead"),
    [
        (
            {"situation": "working", "employment": "flexible", "later_check": "no"},
            [],
            {},
            PlanState.SETTLED,
            0,
        ),
        ({"situation": "looking", "guidance": "no"}, [CaseKind.GUIDANCE], {}, PlanState.RUNNING, 4),
        ({"situation": "looking", "guidance": "yes"}, [CaseKind.GUIDANCE], {}, PlanState.RUNNING, 4),
        (
            {"situation": "business", "needs": ["financing", "premises"]},
            [CaseKind.STARTUP],
            {"startup": 2},
            PlanState.RUNNING,
            4,
        ),
        (
            {"situation": "training", "courses": {"list": ["电工班"], "ids": [3]}, "course": 1},
            [CaseKind.TRAINING],
            {"training": 1},
            PlanState.RUNNING,
            4,
        ),
        (
            {"situation": "training", "courses": {"list": [], "ids": []}},
            [CaseKind.TRAINING],
            {},
            PlanState.RUNNING,
            4,
        ),
        ({"situation": "not_now"}, [], {}, PlanState.RUNNING, 2),
        ({"situation": "person"}, [CaseKind.CALL], {}, PlanState.RUNNING, 4),
    ],
)
def test_each_branch_leads_to_its_services_and_cases(
    database: Database,
    sealer: Sealer,
    said: dict[str, Any],
    waiting: list[CaseKind],
    given: dict[str, int],
    state: PlanState,
    ahead: int,
) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        kept = one.says(**said)
        assert kinds(connection) == waiting
        assert one.given() == given
        assert one.line().state == state
        assert [each for each, _ in one.days().values()].count(StepState.PLANNED) == ahead
        assert all(each.owner and each.due_on for each in case_lists.listed(connection))
        told = waiting if said.get("guidance") != "no" else []
        assert kept.cases == len(told)  # a promise that somebody calls

    database.write_sync(work)


def test_who_wants_a_business_is_told_of_help_and_a_named_agency(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        kept = Followed(connection, sealer).says(situation="business", needs=["project", "support"])
        assert kept.help == (
            "· 社区咖啡店项目（市就业中心）020-12333\n"
            "· 创业导师一对一（市就业中心）020-12333\n"
            "可以先找：广州市就业服务中心，电话 020-12333"
        )

    database.write_sync(work)


def test_kept_on_without_contract_or_insurance_is_looked_into(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer, kept_on=True)
        assert list(one.days()) == [30, 90]
        assert one.says(30, contract="yes", insurance="unsure").cases == 0
        assert one.says(90, contract="no", insurance="no").cases == 1
        [found] = case_lists.listed(connection)
        assert found.kind == CaseKind.RETENTION_CHECK
        assert "没签合同、没缴社保" in found.note(sealer)

    database.write_sync(work)


def test_an_answer_settles_the_call_that_was_to_be_made(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        number = cases.raise_case(
            connection,
            sealer,
            CaseKind.CALL,
            city=CITY,
            now=NOW,
            today=TODAY,
            internship_id=one.internship_id,
        )
        follow_ups.refresh(connection, one.plan_id, NOW, silences=2, state=PlanState.ESCALATED)
        one.says(situation="not_now")
        assert (one.line().state, one.line().silences) == (PlanState.RUNNING, 0)
        assert case_lists.get(connection, number).result(sealer) == "本人已在线回复"

    database.write_sync(work)


def test_an_answer_to_what_is_gone_or_not_ones_own_is_not_taken(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        own = one.who
        one.who = Answerer(own.contact_id, 999)
        assert one.says(situation="person") == follow_up_answers.Kept()
        missing = follow_up_answers.answer(connection, sealer, 999, {}, own, NOW, TODAY)
        assert missing == follow_up_answers.Kept()
        assert kinds(connection) == []

    database.write_sync(work)


def test_a_clerk_leaves_out_days_and_nobody_overwrites_another(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        one = Followed(connection, sealer)
        assert follow_up_lists.skip(connection, one.plan_id, actor="li", now=NOW, day=7, seen=1) == 1
        assert one.days()[7] == (StepState.SKIPPED, SkipReason.CANCELLED)
        with pytest.raises(Conflict):
            follow_up_lists.skip(connection, one.plan_id, actor="li", now=NOW, seen=1)
        assert follow_up_lists.skip(connection, one.plan_id, actor="li", now=NOW) == 4
        with pytest.raises(Refused):
            follow_up_lists.skip(connection, one.plan_id, actor="li", now=NOW)
        with pytest.raises(NotFound):
            follow_up_lists.skip(connection, 999, actor="li", now=NOW)

    database.write_sync(work)


# --- cases ----------------------------------------------------------------------------------------------


def bind(connection: Connection, staff: str, city: str = CITY) -> None:
    care_rows.stored(connection, StaffBinding(staff=staff, city=city, bound_at=NOW))


def test_a_new_case_goes_to_the_citys_clerk_with_the_fewest(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        for staff in ("李敏", "王芳"):
            bind(connection, staff)
        bind(connection, "远方", "440300")
        contact_id = care_rows.contact(connection, None, "x")
        owners: list[str] = []
        for kind in (CaseKind.PROBLEM, CaseKind.UNSAFE, CaseKind.CALL):
            number = cases.raise_case(
                connection, sealer, kind, city=CITY, now=NOW, today=TODAY, contact_id=contact_id
            )
            owners.append(str(case_lists.get(connection, number).owner))
        assert sorted(set(owners)) == ["李敏", "王芳"]

    database.write_sync(work)


def test_a_case_is_assigned_written_in_and_closed_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        contact_id = care_rows.contact(connection, None, "x")
        number = cases.open_case(connection, sealer, "hand_over", contact_id, NOW, note="想问报名")
        cases.assign(connection, number, "李敏", actor="wang", now=NOW, due_on=TODAY, seen=1)
        with pytest.raises(Conflict):
            cases.add_note(connection, sealer, number, "打了电话", actor="li", now=NOW, today=TODAY, seen=1)
        cases.add_note(connection, sealer, number, "打了电话", actor="li", now=NOW, today=TODAY)
        with pytest.raises(Refused):
            cases.close(connection, sealer, number, "  ", actor="li", now=NOW)
        cases.close(connection, sealer, number, "已答复", actor="li", now=NOW, seen=3)
        found = case_lists.get(connection, number)
        assert found.note(sealer) == f"想问报名\n{TODAY} li：打了电话"
        assert (found.result(sealer), found.owner, found.version) == ("已答复", "李敏", 4)
        with pytest.raises(Refused):
            cases.close(connection, sealer, number, "又一次", actor="li", now=NOW)
        with pytest.raises(NotFound):
            cases.assign(connection, 999, "李敏", actor="wang", now=NOW)

    database.write_sync(work)


def test_a_case_of_the_early_morning_is_due_by_the_day_in_china(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        contact_id = care_rows.contact(connection, None, "x")
        early = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)  # two o'clock on Wednesday
        number = cases.open_case(connection, sealer, CaseKind.UNSAFE, contact_id, early)
        assert case_lists.get(connection, number).due_on == date(2026, 11, 26)

    database.write_sync(work)


def test_cases_are_listed_by_city_owner_kind_and_lateness(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        contact_id = care_rows.contact(connection, None, "x")
        late, today = TODAY - timedelta(days=1), TODAY
        made = [
            cases.open_case(connection, sealer, kind, contact_id, NOW, city=city, owner=owner, due_on=due_on)
            for kind, city, owner, due_on in (
                ("call", CITY, "li", late),
                ("visit", CITY, "wang", today),
                ("call", "440300", "li", None),
            )
        ]

        def numbers(**by: Any) -> list[int]:  # noqa: ANN401 - filters
            return [each.id for each in case_lists.listed(connection, **by)]

        assert numbers(city=CITY) == made[:2]
        assert numbers(owner="li") == [made[0], made[2]]
        assert numbers(kind="call", after_id=made[0]) == [made[2]]
        assert numbers(overdue_on=TODAY) == [made[0]]
        assert numbers(limit=1) == made[:1]
        assert case_lists.overdue_counts(connection, TODAY) == {"li": 1}

    database.write_sync(work)


def test_the_same_service_of_a_day_counts_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        person_id = care_rows.person(connection, sealer)
        for on in (TODAY, TODAY, TODAY + timedelta(days=1)):
            services.record(
                connection, person_id, ServiceKind.GUIDANCE, on=on, city=CITY, actor="li", now=NOW
            )
        counted = {each.kind: (each.given, each.wanted) for each in services.counters(connection, person_id)}
        assert counted[ServiceKind.GUIDANCE] == (2, 1)
        assert counted[ServiceKind.JOB] == (0, 3)

    database.write_sync(work)


# --- where people can be reached ------------------------------------------------------------------------


def test_the_contact_heard_last_is_preferred(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        person_id = care_rows.person(connection, sealer, contacts=3)
        numbers = contacts_of.reach(connection, person_id).contacts
        for number, hour in ((numbers[1], 3), (numbers[2], 5)):
            heard = datetime(2026, 11, 1, hour, tzinfo=UTC)
            row = DialogSession(
                contact_id=number, dialog="home", step="menu", version=1, state_sealed=b"", updated_at=heard
            )
            connection.session.add(row)
        connection.session.flush()
        assert contacts_of.reach(connection, person_id).contacts == (numbers[2], numbers[1], numbers[0])

    database.write_sync(work)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "withdrawn"}, SkipReason.OPTED_OUT),
        ({"status": "locked"}, SkipReason.ERASED),
        ({"push_consent": False}, SkipReason.OPTED_OUT),
        ({"reachable": False}, SkipReason.BLOCKED),
        ({"push_allowed": False}, SkipReason.OPTED_OUT),
        ({"person_id": None}, SkipReason.UNREACHABLE),
    ],
)
def test_who_cannot_be_reached_has_a_reason(
    database: Database, sealer: Sealer, change: dict[str, Any], reason: SkipReason
) -> None:
    def work(connection: Connection) -> None:
        person_id = care_rows.person(connection, sealer)
        table = core(Person) if change.keys() & {"status", "push_consent"} else OWN
        connection.session.flush()
        connection.sqlalchemy.execute(table.update().values(**change))
        assert contacts_of.reach(connection, person_id) == contacts_of.Reach((), reason)

    database.write_sync(work)


def test_an_unknown_person_counts_as_erased(database: Database) -> None:
    found = database.write_sync(lambda connection: contacts_of.reach(connection, 999))
    assert found.reason is SkipReason.ERASED
