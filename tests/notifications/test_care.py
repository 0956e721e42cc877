"""Check-ins and follow-ups with a given clock: every planned day is reached or says why not, and silence escalates."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from notifications import care
from notifications.asking import Done, NotReached, Open, Silent, fate
from notifications.check_ins import close_unanswered
from policy.ledger_codes import Ending, Result, Stage
from policy.outgoing_codes import CaseKind, DeliveryState, PlanState, ServiceKind, SkipReason, StepState
from storage import (
    case_lists,
    cases,
    check_in_plans,
    check_ins,
    contacts_of,
    conversations,
    follow_up_answers,
    follow_up_lists,
    services,
)
from storage.check_ins import Answerer
from storage.database import Connection, Database
from storage.delivery_outcomes import Outcome
from storage.ledger_tables import Internship, Resource
from storage.outgoing_tables import CheckIn, Delivery, FollowUpPlan, Purpose
from storage.sealing import Sealer
from storage.tables import Contact, Person, core
from tests.storage import care_rows
from tests.storage.care_rows import CITY, TODAY

delivery, purpose, contact = core(Delivery), core(Purpose), core(Contact)
plans, check_in, internship = core(FollowUpPlan), core(CheckIn), core(Internship)

Job = Callable[..., Done]


def plan(connection: Connection, today: date) -> Done:
    """Plan what is found to be planned; as the job does, but in one transaction."""
    look = check_in_plans.to_plan(connection, 0, 500)
    return Done(*care.plan_check_ins(connection, look.numbers, today))


def check_ins_of_day(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = 500
) -> Done:
    return plan(connection, today).and_also(care.check_ins(connection, sealer, now, today, limit))


class Days:
    """The programme day after day: the jobs run in the morning, what they enqueue is delivered at once."""

    def __init__(self, connection: Connection, sealer: Sealer, begins: date = TODAY) -> None:
        self.connection, self.sealer = connection, sealer
        self.today = begins
        self.delivers = DeliveryState.SENT

    @property
    def now(self) -> datetime:
        return datetime.combine(self.today, time(2), UTC)

    def run(self, job: Job = care.follow_ups, limit: int = 500) -> Done:
        """The job of this day, portion by portion."""
        whole = Done(more=True)
        for _ in range(50):
            done = job(self.connection, self.sealer, self.now, self.today, limit)
            whole = whole.and_also(done)._replace(more=done.more)
            if not done.more:
                break
        assert not whole.more, "the job never came to an end"
        self.deliver()
        return whole

    def deliver(self) -> None:
        if self.delivers is DeliveryState.QUEUED:
            return
        self.connection.session.flush()
        sent_at = self.now if self.delivers is DeliveryState.SENT else None
        self.connection.sqlalchemy.execute(
            update(delivery)
            .where(delivery.c.state == DeliveryState.QUEUED)
            .values(state=self.delivers, sent_at=sent_at)
        )

    def until(self, day: date, job: Job = care.follow_ups) -> None:
        """Every day up to this one."""
        while self.today < day:
            self.today += timedelta(days=1)
            self.run(job)

    def after(self, days: int, job: Job = care.follow_ups) -> None:
        self.until(self.today + timedelta(days=days), job)

    # --- looking ---

    def messages(self, kind: str = "follow_up") -> list[tuple[date, int]]:
        """On which day which person was written to."""
        rows = self.connection.sqlalchemy.execute(
            select(purpose.c.key, contact.c.person_id)
            .join(delivery, delivery.c.purpose_id == purpose.c.id)
            .join(contact, contact.c.id == delivery.c.contact_id)
            .where(purpose.c.kind == kind, delivery.c.state != DeliveryState.SKIPPED)
            .order_by(delivery.c.id)
        )
        return [(date.fromisoformat(key.partition(":")[2]), person_id) for key, person_id in rows]

    def days(self, plan_id: int) -> dict[int, tuple[str, str | None]]:
        return {day.day: (day.state, day.reason) for day in follow_up_lists.days(self.connection, plan_id)}

    def plan(self, internship_id: int) -> follow_up_lists.Line:
        number = self.connection.sqlalchemy.execute(
            select(plans.c.id).where(plans.c.internship_id == internship_id)
        ).scalar_one()
        return follow_up_lists.get(self.connection, number)

    def waiting(self) -> list[str]:
        return [each.kind for each in case_lists.listed(self.connection)]

    def answer(self, line: follow_up_lists.Line, **said: Any) -> None:  # noqa: ANN401 - answers
        [asked] = [
            day for day in follow_up_lists.days(self.connection, line.id) if day.state == StepState.ASKED
        ]
        number = contacts_of.preferred(self.connection, line.person_id)
        assert number is not None
        who = Answerer(number, line.person_id)
        follow_up_answers.answer(self.connection, self.sealer, asked.id, said, who, self.now, self.today)

    def change(self, table: Any, row_id: int, **values: Any) -> None:  # noqa: ANN401 - a table, columns
        self.connection.session.flush()
        self.connection.sqlalchemy.execute(update(table).where(table.c.id == row_id).values(**values))


@pytest.fixture
def days(database: Database, sealer: Sealer) -> Callable[[Callable[[Days], None]], None]:
    """Runs a story inside one transaction, once on each engine."""

    def tell(story: Callable[[Days], None]) -> None:
        database.write_sync(lambda connection: story(Days(connection, sealer)))

    return tell


Tell = Callable[[Callable[[Days], None]], None]


# --- beginning --------------------------------------------------------------------------------------------


def test_a_plan_begins_when_the_outcome_is_known_or_three_days_after_the_end(days: Tell) -> None:
    def story(them: Days) -> None:
        one, other = (care_rows.person(them.connection, them.sealer, n) for n in (1, 2))
        known = care_rows.ended(them.connection, one, result=Result.LOOKING)
        unknown = care_rows.ended(them.connection, other)
        them.run()
        assert them.messages() == [(TODAY, one)]
        them.after(3)
        assert them.messages() == [(TODAY, one), (TODAY + timedelta(days=3), other)]
        assert them.plan(known).started_on == TODAY
        assert them.plan(unknown).started_on == TODAY + timedelta(days=3)

    days(story)


@pytest.mark.parametrize(
    ("ended", "planned"),
    [
        ({"ending": Ending.CHANGED_HOST, "result": Result.LOOKING}, None),
        ({"stage": Stage.IN_POST, "ended_on": None}, None),
        ({"ended_on": TODAY - timedelta(days=181), "result": Result.LOOKING}, None),
        ({"result": Result.RETAINED}, [30, 90]),
        ({"ending": Ending.RETAINED_EARLY}, [30, 90]),
        ({"ending": Ending.ENDED_EARLY, "result": Result.LOOKING}, [0, 7, 30, 90, 180]),
    ],
)
def test_who_is_followed_up_and_how(days: Tell, ended: dict[str, Any], planned: list[int] | None) -> None:
    def story(them: Days) -> None:
        number = care_rows.ended(them.connection, care_rows.person(them.connection, them.sealer), **ended)
        them.run()
        found = follow_up_lists.listed(them.connection)
        assert [line.internship_id for line in found] == ([] if planned is None else [number])
        assert planned is None or list(them.days(found[0].id)) == planned

    days(story)


def test_who_studies_on_is_not_asked_and_the_plan_says_why(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.FURTHER_STUDY)
        them.run()
        line = them.plan(number)
        assert (line.state, line.next_on) == (PlanState.SETTLED, None)
        assert set(them.days(line.id).values()) == {(StepState.SKIPPED, SkipReason.SETTLED)}

    days(story)


def test_who_turns_out_to_be_kept_on_is_asked_about_the_contract_from_then_on(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.after(10)
        them.change(internship, number, result=Result.RETAINED)
        them.run()
        line = them.plan(number)
        assert line.kind == "kept_on"
        due = {day.day: day.due_on for day in follow_up_lists.days(them.connection, line.id)}
        assert due[30] == them.today + timedelta(days=30)
        assert them.days(line.id)[180] == (StepState.SKIPPED, SkipReason.SETTLED)

    days(story)


# --- asking -----------------------------------------------------------------------------------------------


def test_a_job_that_runs_again_on_its_day_does_nothing(days: Tell) -> None:
    def story(them: Days) -> None:
        for number in range(1, 6):
            person_id = care_rows.person(them.connection, them.sealer, number)
            care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        assert them.run(limit=2).created == 10  # five plans, five questions
        assert them.run() == Done(0, 0)
        assert len(them.messages()) == 5

    days(story)


def test_after_days_without_the_job_only_the_newest_day_is_asked(days: Tell) -> None:
    def story(them: Days) -> None:
        them.delivers = DeliveryState.QUEUED
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        care.begin_follow_ups(them.connection, them.now, them.today)
        them.today += timedelta(days=40)
        them.run(care.ask_follow_ups)
        assert them.days(them.plan(number).id) == {
            0: (StepState.SKIPPED, SkipReason.EXPIRED),
            7: (StepState.SKIPPED, SkipReason.EXPIRED),
            30: (StepState.ASKED, None),
            90: (StepState.PLANNED, None),
            180: (StepState.PLANNED, None),
        }

    days(story)


def test_nobody_with_two_internships_is_asked_twice_on_a_day(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        for host_id in (care_rows.host(them.connection, n) for n in (7, 8)):
            care_rows.ended(them.connection, person_id, result=Result.LOOKING, host_id=host_id)
        them.run()
        them.after(1)
        assert them.messages() == [(TODAY, person_id), (TODAY + timedelta(days=1), person_id)]

    days(story)


# --- silence ----------------------------------------------------------------------------------------------


def test_with_one_contact_silence_leads_to_a_call_and_then_to_a_visit(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.after(2)
        assert them.waiting() == []
        them.after(1)
        assert them.waiting() == [CaseKind.CALL]
        [call] = case_lists.listed(them.connection)
        assert (call.owner, call.due_on) == (f"city:{CITY}", date(2026, 12, 4))
        assert them.plan(number).state == PlanState.ESCALATED
        them.after(7)
        assert them.waiting() == [CaseKind.CALL, CaseKind.VISIT]
        assert them.messages() == [(TODAY, person_id), (TODAY + timedelta(days=7), person_id)]

    days(story)


def test_with_two_contacts_the_other_one_is_tried_first(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer, contacts=2)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.after(3)
        contacts = them.connection.sqlalchemy.execute(
            select(delivery.c.contact_id).order_by(delivery.c.id)
        ).scalars()
        assert list(contacts) == list(contacts_of.reach(them.connection, person_id).contacts)
        assert (them.waiting(), them.plan(number).silences) == ([], 1)
        them.after(7)
        assert (them.waiting(), them.plan(number).silences) == ([CaseKind.CALL], 2)
        them.after(23)
        assert them.waiting() == [CaseKind.CALL, CaseKind.VISIT]
        states = {day: state for day, (state, _) in them.days(them.plan(number).id).items()}
        assert states == {0: "silent", 7: "silent", 30: "silent", 90: "planned", 180: "planned"}

    days(story)


def test_an_answer_sets_the_count_of_silences_back(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.after(7)
        them.answer(them.plan(number), situation="not_now")
        assert them.waiting() == []
        assert them.plan(number).silences == 0
        them.after(173)  # the 180th day
        assert them.waiting() == []
        them.after(3)
        assert them.waiting() == [CaseKind.CALL]

    days(story)


def test_a_call_that_waits_is_not_ordered_twice(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.change(contact, contacts_of.reach(them.connection, person_id).contacts[0], reachable=False)
        them.run()
        them.after(10)
        assert them.waiting() == [CaseKind.CALL]
        [call] = case_lists.listed(them.connection)
        cases.close(them.connection, them.sealer, call.id, "已通话", actor="li", now=them.now)
        them.after(20)
        assert them.waiting() == [CaseKind.CALL]  # the 30th day is a new one

    days(story)


@pytest.mark.parametrize(
    ("state", "reason", "kinds"),
    [
        (DeliveryState.HELD, SkipReason.UNREACHABLE, [CaseKind.CALL]),
        (DeliveryState.REFUSED, SkipReason.BLOCKED, [CaseKind.CALL]),
        (DeliveryState.EXPIRED, SkipReason.EXPIRED, []),
    ],
)
def test_a_question_that_was_not_delivered_says_why(
    days: Tell, state: DeliveryState, reason: SkipReason, kinds: list[CaseKind]
) -> None:
    def story(them: Days) -> None:
        them.delivers = state
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.after(3)
        assert them.days(them.plan(number).id)[0] == (StepState.SKIPPED, reason)
        assert them.waiting() == kinds

    days(story)


def test_what_was_held_goes_to_another_contact_before_a_clerk_calls(days: Tell) -> None:
    def story(them: Days) -> None:
        them.delivers = DeliveryState.HELD
        person_id = care_rows.person(them.connection, them.sealer, contacts=2)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.delivers = DeliveryState.SENT
        them.after(3)
        assert (them.waiting(), them.plan(number).silences) == ([], 0)
        states = them.connection.sqlalchemy.execute(select(delivery.c.state).order_by(delivery.c.id))
        assert [row[0] for row in states] == ["skipped", "sent"]

    days(story)


NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "reason", "sent", "expected"),
    [
        ("sent", None, 3, Silent()),
        ("sent", None, 2, Open()),
        ("unknown", "interrupted", 4, Silent()),
        ("queued", None, None, Open()),
        ("sending", None, 0, Open()),
        ("held", None, None, NotReached(SkipReason.UNREACHABLE)),
        ("refused", "person:43004", None, NotReached(SkipReason.BLOCKED)),
        ("failed", "message:400", None, NotReached(SkipReason.UNREACHABLE)),
        ("expired", "expired", None, NotReached(SkipReason.EXPIRED)),
        ("skipped", "opted_out", None, NotReached(SkipReason.OPTED_OUT)),
        ("skipped", "something else", None, NotReached(SkipReason.UNREACHABLE)),
    ],
)
def test_what_became_of_a_question(
    state: str, reason: str | None, sent: int | None, expected: object
) -> None:
    sent_at = None if sent is None else NOW - timedelta(days=sent)
    assert fate([Outcome(1, 1, state, reason, sent_at)], NOW) == expected


def test_a_question_without_a_message_was_not_put() -> None:
    assert fate([], NOW) == NotReached(SkipReason.UNREACHABLE)


# --- a whole half-year ------------------------------------------------------------------------------------


def test_in_half_a_year_every_planned_day_is_reached_or_says_why_not(sqlite_url: str, sealer: Sealer) -> None:
    def story(them: Days) -> None:
        care_rows.offered(them.connection)
        people = {
            name: care_rows.person(them.connection, sealer, n, contacts=1 + (name == "two channels"))
            for n, name in enumerate(
                ("looks", "works", "silent", "two channels", "opts out", "blocks", "is erased"), 1
            )
        }
        for person_id in people.values():
            care_rows.ended(them.connection, person_id, them.today)
        for _ in range(190):
            them.today += timedelta(days=1)
            _behave(them, people)
            them.run()
        todo = [
            (line.id, day)
            for line in follow_up_lists.listed(them.connection)
            for day in follow_up_lists.days(them.connection, line.id)
        ]
        assert len(todo) == 5 * len(people)
        assert [day for _, day in todo if day.state == StepState.PLANNED] == []
        assert [day for _, day in todo if (day.state == StepState.SKIPPED) != (day.reason is not None)] == []
        reached = {"answered", "silent", "asked"}
        assert all(day.asked_at for _, day in todo if day.state in reached)
        assert max(Counter(them.messages()).values()) == 1
        given = {each.kind.value: each.given for each in services.counters(them.connection, people["looks"])}
        assert given["job"] == 2  # both jobs there are, each once

    database = Database(sqlite_url)
    database.write_sync(lambda connection: story(Days(connection, sealer, date(2027, 8, 31))))
    database.close_sync()


def _behave(them: Days, people: dict[str, int]) -> None:
    """What each of them does on this day."""
    day = (them.today - date(2027, 8, 31)).days
    for line in follow_up_lists.listed(them.connection):
        asked = [
            each for each in follow_up_lists.days(them.connection, line.id) if each.state == StepState.ASKED
        ]
        if not asked:
            continue
        if line.person_id == people["looks"]:
            them.answer(line, situation="looking", guidance="no")
        elif line.person_id == people["works"]:
            them.answer(line, situation="working", employment="contract", later_check="yes")
    if day == 20:
        them.change(core(Person), people["opts out"], push_consent=False)
        them.change(core(Person), people["is erased"], status="locked")
        number = contacts_of.reach(them.connection, people["blocks"]).contacts[0]
        conversations.set_reachable(them.connection, number, False)


# --- weekly jobs ------------------------------------------------------------------------------------------


def test_who_looks_for_work_gets_jobs_once_a_week_and_none_twice(days: Tell) -> None:
    def story(them: Days) -> None:
        care_rows.offered(them.connection)
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.answer(them.plan(number), situation="looking", guidance="no")
        them.after(6)
        assert them.messages("match") == []
        them.after(1)
        assert them.messages("match") == [(TODAY + timedelta(days=7), person_id)]
        assert len(services.offered(them.connection, [person_id], ServiceKind.JOB)[person_id]) == 2
        them.after(7)
        assert len(them.messages("match")) == 1
        skipped = them.connection.sqlalchemy.execute(
            select(delivery.c.reason).where(delivery.c.state == DeliveryState.SKIPPED)
        ).scalars()
        assert list(skipped) == [SkipReason.NOTHING_FITS]

    days(story)


def test_jobs_that_were_not_delivered_do_not_count(days: Tell) -> None:
    def story(them: Days) -> None:
        care_rows.offered(them.connection)
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.answer(them.plan(number), situation="looking", guidance="no")
        them.after(6)
        them.delivers = DeliveryState.HELD
        them.after(1)
        assert len(services.of_person(them.connection, person_id)) == 2
        them.after(3)
        assert services.of_person(them.connection, person_id) == []

    days(story)


def test_who_ended_early_is_shown_positions_too(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, ending=Ending.ENDED_EARLY, result=Result.LOOKING)
        them.run()
        them.answer(them.plan(number), situation="looking", guidance="no")
        them.after(7)
        given = services.of_person(them.connection, person_id)
        assert ["position:" in each.detail for each in given] == [True]

    days(story)


# --- check-ins --------------------------------------------------------------------------------------------


def asked(them: Days) -> list[tuple[str, str, str, str | None]]:
    rows = them.connection.sqlalchemy.execute(
        select(check_in.c.kind, check_in.c.month, check_in.c.state, check_in.c.reason).order_by(
            check_in.c.due_on, check_in.c.id
        )
    )
    return [tuple(row) for row in rows]


def test_check_ins_come_on_the_31st_and_in_february_of_a_leap_year(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        first = date(2027, 8, 31)
        care_rows.internship(
            them.connection, person_id, arrived_on=first, starts_on=first, ends_on=date(2028, 8, 30)
        )
        them.today = first
        them.until(date(2028, 3, 1), check_ins_of_day)
        assert [day for day, _ in them.messages("check_in")] == [
            date(2027, 9, 3),
            date(2027, 9, 30),
            date(2027, 10, 31),
            date(2027, 11, 30),
            date(2027, 12, 31),
            date(2028, 1, 31),
            date(2028, 2, 29),
        ]

    days(story)


def test_questions_are_planned_once_and_those_long_past_are_put_down_as_missed(days: Tell) -> None:
    def story(them: Days) -> None:
        care_rows.internship(them.connection, care_rows.person(them.connection, them.sealer))
        assert plan(them.connection, them.today) == Done(4, 0)
        assert plan(them.connection, them.today) == Done(0, 0)
        assert asked(them) == [
            ("arrival", "2026-09", "skipped", "expired"),
            ("monthly", "2026-09", "skipped", "expired"),
            ("monthly", "2026-10", "skipped", "expired"),
            ("end", "2026-10", "planned", None),
        ]

    days(story)


def test_a_longer_term_moves_the_last_question_and_adds_months(days: Tell) -> None:
    def story(them: Days) -> None:
        number = care_rows.internship(them.connection, care_rows.person(them.connection, them.sealer))
        them.run(check_ins_of_day)
        them.change(internship, number, ends_on=date(2027, 1, 31))
        them.run(check_ins_of_day)
        assert asked(them)[3:] == [
            ("end", "2026-10", "skipped", "settled"),
            ("monthly", "2026-11", "planned", None),
            ("monthly", "2026-12", "planned", None),
            ("end", "2026-12", "planned", None),
        ]
        assert them.run(check_ins_of_day) == Done(0, 0)
        them.change(internship, number, ends_on=date(2026, 12, 2))  # the clerk takes it back
        them.run(check_ins_of_day)
        assert ("end", "2026-10", "planned", None) in asked(them)
        assert them.run(check_ins_of_day) == Done(0, 0)

    days(story)


def test_who_has_left_is_not_asked_any_more(days: Tell) -> None:
    def story(them: Days) -> None:
        number = care_rows.internship(them.connection, care_rows.person(them.connection, them.sealer))
        them.run(check_ins_of_day)
        them.change(internship, number, stage=Stage.ENDED, ended_on=them.today - timedelta(days=9))
        them.after(2, check_ins_of_day)
        assert asked(them)[3] == ("end", "2026-10", "skipped", "settled")
        assert them.messages("check_in") == []

    days(story)


def test_an_unanswered_check_in_is_put_down_as_silent(days: Tell) -> None:
    def story(them: Days) -> None:
        care_rows.internship(
            them.connection, care_rows.person(them.connection, them.sealer), ends_on=date(2026, 12, 1)
        )
        them.run(check_ins_of_day)
        assert asked(them)[3][2] == "asked"
        assert check_ins_of_day(them.connection, them.sealer, them.now, them.today) == Done(0, 0)
        them.after(3, check_ins_of_day)
        assert asked(them)[3] == ("end", "2026-10", "silent", None)
        done, last = close_unanswered(them.connection, them.now)
        assert (done, last) == (Done(0, 0), 0)

    days(story)


def test_hosts_are_asked_once_a_month_about_the_month_that_has_passed(days: Tell) -> None:
    def story(them: Days) -> None:
        bound = care_rows.contact(them.connection, None, "host-clerk")
        host_id = care_rows.host(them.connection, contact_id=bound)
        care_rows.internship(them.connection, care_rows.person(them.connection, them.sealer, 1), host_id)
        care_rows.internship(them.connection, care_rows.person(them.connection, them.sealer, 2))
        them.today = date(2026, 10, 4)
        them.run(care.ask_hosts)
        assert asked(them) == []
        for _ in range(2):
            them.today += timedelta(days=1)
            them.run(care.ask_hosts)
        assert asked(them) == [
            ("host", "2026-09", "asked", None),
            ("host", "2026-09", "skipped", "unreachable"),
        ]
        assert [person_id for _, person_id in them.messages("staff")] == [None]

    days(story)


def test_who_speaks_for_two_hosts_is_asked_about_one_a_day(days: Tell) -> None:
    def story(them: Days) -> None:
        bound = care_rows.contact(them.connection, None, "host-clerk")
        for number in (1, 2):
            host_id = care_rows.host(them.connection, number, contact_id=bound)
            care_rows.internship(
                them.connection, care_rows.person(them.connection, them.sealer, number), host_id
            )
        seen = []
        for day in (5, 5, 6, 7):
            them.today = date(2026, 10, day)
            them.run(care.ask_hosts)
            seen.append(len(them.messages("staff")))
        assert seen == [1, 1, 2, 2]

    days(story)


def test_what_is_known_already_is_not_asked_again(days: Tell) -> None:
    def story(them: Days) -> None:
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.internship(
            them.connection, person_id, arrived_on=TODAY - timedelta(days=3), ends_on=date(2027, 3, 1)
        )
        them.run(check_ins_of_day)
        row = them.connection.sqlalchemy.execute(select(check_in.c.id).where(check_in.c.state == "asked"))
        said = {"mentor": "yes", "insured": "unsure", "troubles": ["none"]}
        who = Answerer(contacts_of.preferred(them.connection, person_id) or 0, person_id)
        check_ins.answer(them.connection, them.sealer, row.scalar_one(), said, who, them.now, them.today)
        assert check_ins.known(them.connection, [number]) == {number: (True, False)}

    days(story)


def test_a_resource_past_its_day_is_not_offered(days: Tell) -> None:
    def story(them: Days) -> None:
        care_rows.offered(them.connection)
        them.connection.session.flush()
        them.connection.sqlalchemy.execute(
            update(core(Resource)).values(valid_until=TODAY + timedelta(days=6))
        )
        person_id = care_rows.person(them.connection, them.sealer)
        number = care_rows.ended(them.connection, person_id, result=Result.LOOKING)
        them.run()
        them.answer(them.plan(number), situation="looking", guidance="no")
        them.after(7)
        assert them.messages("match") == []

    days(story)
