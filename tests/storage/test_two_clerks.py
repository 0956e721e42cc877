"""What two clerks do at the same moment in two processes, on PostgreSQL: nothing is done twice or lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest

from policy.ledger_codes import ContactResult, ContactWay, Result
from policy.ledger_codes import TransitionKind as Kind
from policy.refusal import Refused
from storage import (
    bundle_lists,
    bundle_publishing,
    bundles,
    cross_match,
    events,
    internships,
    outreach,
    people,
    registers,
    reports,
    transitions,
    verification,
)
from storage.database import Connection, Database
from storage.errors import Conflict
from storage.internship_steps import Act
from storage.sealing import Sealer
from storage.verification import Decision
from tests.storage import public_rows, register_rows
from tests.storage.ledger_people import NOW, graduate, post
from tests.storage.public_rows import GUANGZHOU
from tests.storage.test_events import FAIR
from tests.storage.two_clerks import Work, at_once

LATE = date(2024, 12, 31)


def act(on: date) -> Act:
    return Act(actor="clerk:li", now=NOW, today=LATE, on=on)


@pytest.fixture
def base(postgresql_url: str) -> Iterator[Database]:
    opened = Database(postgresql_url)
    yield opened
    opened.close_sync()


def accepted_twice(connection: Connection, sealer: Sealer) -> list[int]:
    """Two internships of one person, both accepted."""
    person = graduate(connection, sealer)
    numbers = []
    for n in (1, 2):
        position, _ = post(connection, n)
        connection.session.flush()
        number = internships.apply(connection, sealer, person, position, **act(date(2023, 6, 5)))
        internships.accept(connection, sealer, number, **act(date(2023, 6, 10)))
        numbers.append(number)
    return numbers


def sign(connection: Connection, sealer: Sealer, number: int) -> None:
    begins, signed = date(2023, 7, 1), date(2023, 6, 28)
    internships.sign(connection, sealer, number, starts_on=begins, **act(signed))


def test_of_two_agreements_signed_at_once_one_is_refused(base: Database, sealer: Sealer) -> None:
    one, other = base.write_sync(lambda connection: accepted_twice(connection, sealer))
    done, refused = at_once(
        base.url,
        lambda connection: sign(connection, sealer, one),
        lambda connection: sign(connection, sealer, other),
    )
    assert done is None
    assert isinstance(refused, Refused)
    assert f"编号 {one}" in str(refused)


def test_an_ending_is_not_taken_back_while_the_next_one_is_signed(base: Database, sealer: Sealer) -> None:
    def prepare(connection: Connection) -> tuple[int, int, int]:
        one, other = accepted_twice(connection, sealer)
        sign(connection, sealer, one)
        internships.cancel(connection, sealer, one, **act(date(2023, 6, 28)))
        return one, other, transitions.kept(connection, one)[-1].id

    one, other, cancelled = base.write_sync(prepare)
    done, refused = at_once(
        base.url,
        lambda connection: internships.correct(connection, sealer, one, cancelled, **act(LATE)),
        lambda connection: sign(connection, sealer, other),
    )
    assert not isinstance(done, Exception)
    assert isinstance(refused, Refused)


def test_tasks_of_a_city_are_given_to_one_clerk_only(base: Database, sealer: Sealer) -> None:
    def prepare(connection: Connection) -> None:
        rows = [register_rows.row(n, residence="440106") for n in range(1, 5)]
        registers.put_entries(connection, sealer, "real-name", rows, None, register_rows.NOW)
        cross_match.run(connection, sealer, now=register_rows.NOW, today=register_rows.TODAY)

    def give(connection: Connection, clerk: str) -> int:
        return outreach.assign_city(
            connection, GUANGZHOU, clerk, 2, actor=clerk, now=register_rows.NOW, today=register_rows.TODAY
        )

    base.write_sync(prepare)
    assert at_once(base.url, partial(give, clerk="li"), partial(give, clerk="wang")) == (2, 2)

    def look(connection: Connection) -> list[list[int]]:
        return [
            [each["id"] for each in outreach.listed(connection, sealer, assignee=clerk)]
            for clerk in ("li", "wang")
        ]

    first, second = base.read_sync(look)
    assert (len(first), len(second), len({*first, *second})) == (2, 2, 4)


def test_nothing_is_booked_into_a_month_that_is_being_filed(base: Database, sealer: Sealer) -> None:
    """The result of an ending counts in the month of the ending, unless that is filed meanwhile."""

    def prepare(connection: Connection) -> int:
        reports.enter(connection, GUANGZHOU, "2023-12", "plan", 9, actor="clerk:li", now=NOW)
        person = graduate(connection, sealer)
        position, _ = post(connection, 1)
        connection.session.flush()
        number = internships.apply(connection, sealer, person, position, **act(date(2023, 6, 5)))
        internships.accept(connection, sealer, number, **act(date(2023, 6, 10)))
        sign(connection, sealer, number)
        internships.arrive(connection, sealer, number, **act(date(2023, 7, 1)))
        internships.complete(connection, sealer, number, **act(date(2023, 12, 31)))
        for month in range(7, 12):
            name = f"2023-{month:02d}"
            reports.enter(connection, GUANGZHOU, name, "plan", 9, actor="clerk:li", now=NOW)
            reports.file(connection, GUANGZHOU, name, actor="clerk:li", now=NOW, today=LATE)
        return number

    number = base.write_sync(prepare)

    filed, recorded = at_once(
        base.url,
        lambda connection: reports.file(
            connection, GUANGZHOU, "2023-12", actor="clerk:li", now=NOW, today=LATE
        ),
        lambda connection: internships.result(
            connection, sealer, number, Result.EMPLOYED, **act(date(2024, 1, 5))
        ),
    )
    assert filed.month == "2023-12"
    assert recorded.result == Result.EMPLOYED
    steps = base.read_sync(lambda connection: transitions.kept(connection, number))
    assert [step.period for step in steps if step.kind == Kind.RESULT] == [None]


# --- the record that was seen ------------------------------------------------------------------------------


def refuses_the_second(base: Database, work: Work) -> None:
    done, refused = at_once(base.url, work, work)
    assert not isinstance(done, Exception)
    assert isinstance(refused, Conflict)


@pytest.mark.parametrize("verb", ["change", "publish", "cancel", "hold"])
def test_the_second_to_move_an_event_is_told(base: Database, verb: str) -> None:
    clerk: dict[str, Any] = {"actor": "clerk:li", "now": public_rows.NOW}

    def prepare(connection: Connection) -> int:
        number = events.create(connection, FAIR, **clerk)
        if verb == "hold":
            events.publish(connection, number, **clerk)
        return number

    number = base.write_sync(prepare)
    seen = base.read_sync(lambda connection: events.get(connection, number).version)

    def work(connection: Connection) -> None:
        if verb == "change":
            events.change(connection, number, FAIR._replace(venue="海珠广场"), seen=seen, **clerk)
        elif verb == "publish":
            events.publish(connection, number, seen=seen, **clerk)
        elif verb == "cancel":
            events.cancel(connection, number, reason="台风", seen=seen, **clerk)
        else:
            events.hold(connection, number, seen=seen, actor="clerk:li", now=FAIR.starts_at)

    done, refused = at_once(base.url, work, work)
    assert done is None
    # Whoever changes an event reads it anew: it has another version, or is past what was to be done.
    assert isinstance(refused, Conflict if verb == "change" else Refused)
    assert base.read_sync(lambda connection: events.get(connection, number).version) == seen + 1


@pytest.mark.parametrize("verb", ["propose", "describe", "take_back", "report"])
def test_the_second_to_change_a_bundle_is_told(base: Database, verb: str) -> None:
    clerk: dict[str, Any] = {"actor": "clerk:li", "now": public_rows.NOW}
    day: dict[str, Any] = {**clerk, "today": public_rows.TODAY}

    def prepare(connection: Connection) -> int:
        public_rows.many(connection, 3, openings=2)
        bundle = bundles.propose(connection, GUANGZHOU, "2026-11", **day)
        if verb in ("take_back", "report"):
            bundle_publishing.publish(connection, GUANGZHOU, "2026-11", link="https://x.example/b", **day)
        return bundle.version

    seen = base.write_sync(prepare)

    def work(connection: Connection) -> None:
        if verb == "propose":
            bundles.propose(connection, GUANGZHOU, "2026-11", **day)
        elif verb == "describe":
            bundles.describe(connection, GUANGZHOU, "2026-11", title="示范岗位", seen=seen, **clerk)
        elif verb == "take_back":
            bundle_publishing.take_back(
                connection, GUANGZHOU, "2026-11", reason="岗位有误", seen=seen, **clerk
            )
        else:
            on = public_rows.TODAY
            bundle_publishing.report(connection, GUANGZHOU, "2026-11", on=on, seen=seen, **day)

    done, other = at_once(base.url, work, work)
    after = base.read_sync(lambda connection: bundle_lists.get(connection, GUANGZHOU, "2026-11").version)
    assert done is None
    if verb == "propose":  # nobody has seen anything: the second one goes on from what the first has made
        assert (other, after) == (None, seen + 2)
    else:
        assert isinstance(other, Conflict | Refused)
        assert after == seen + 1


def test_the_second_to_assign_a_task_or_record_a_visit_is_told(base: Database, sealer: Sealer) -> None:
    now, today = register_rows.NOW, register_rows.TODAY

    def prepare(connection: Connection) -> None:
        rows = [register_rows.row(1, residence="440106")]
        registers.put_entries(connection, sealer, "real-name", rows, None, now)
        cross_match.run(connection, sealer, now=now, today=today)

    base.write_sync(prepare)
    by: dict[str, Any] = {"actor": "clerk:li", "now": now, "today": today}
    refuses_the_second(base, lambda connection: outreach.assign(connection, [1], "li", seen=1, **by))
    visit = (ContactWay.PHONE, ContactResult.NO_ANSWER)
    refuses_the_second(base, lambda connection: outreach.record(connection, sealer, 1, *visit, seen=2, **by))
    assert base.read_sync(lambda connection: outreach.get(connection, 1).attempts) == 1


def test_the_second_to_verify_a_person_is_told(base: Database, sealer: Sealer) -> None:
    person = base.write_sync(lambda connection: graduate(connection, sealer))
    seen = base.read_sync(lambda connection: people.get(connection, person).version)
    refuses_the_second(
        base,
        lambda connection: verification.verify(
            connection,
            person,
            Decision.ELIGIBLE,
            "已查验毕业证",
            actor="clerk:li",
            now=NOW,
            today=LATE,
            seen=seen,
        ),
    )
