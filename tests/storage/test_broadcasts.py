"""A broadcast from its draft to its end, on both engines: who decides, who gets it, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update

from policy.broadcasts import RULES
from policy.outgoing_codes import BroadcastState as State
from policy.outgoing_codes import DeliveryState
from policy.refusal import Refused
from storage import broadcast_drafts, broadcast_tallies, broadcasts, deliveries
from storage.audiences import Audience, contacts
from storage.broadcasts import advance
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.sealing import Sealer
from tests.storage.broadcast_rows import (
    NOW,
    OTHER,
    TODAY,
    WRITER,
    contact,
    crowd,
    declined,
    delivery,
    person,
    ready,
    settle,
    started,
    states,
)

LATER = NOW + timedelta(minutes=RULES.canary_wait_minutes)
ACT: dict[str, Any] = {"actor": WRITER, "now": NOW}
SENT, FAILED, HELD = DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.HELD


def state(connection: Connection, number: int) -> State:
    return State(broadcast_drafts.get(connection, number).state)


def tick(connection: Connection, now: datetime = NOW) -> int:
    connection.session.flush()
    return advance(connection, now, TODAY)


def run(database: Database, work: Callable[[Connection], None]) -> None:
    database.write_sync(work)


# --- before it starts ---


def test_a_draft_is_changed_handed_in_and_ready(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 3)
        number = broadcast_drafts.draft(connection, " 招聘会 ", "您好", {"cities": ["440600"]}, **ACT)
        broadcast_drafts.change(
            connection, number, title="周六招聘会", audience={"cities": ["440100"]}, urgent=True, **ACT
        )
        row = broadcast_drafts.get(connection, number)
        assert (row.title, row.text, row.audience, row.urgent) == (
            "周六招聘会",
            "您好",
            {"cities": ["440100"]},
            True,
        )
        assert broadcast_drafts.submit(connection, number, today=TODAY, **ACT) is State.APPROVED
        assert row.size == 3

    run(database, work)


def test_an_edit_of_an_older_version_is_refused(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        number = broadcast_drafts.draft(connection, "一", "您好", {}, **ACT)
        seen = broadcast_drafts.get(connection, number).version
        broadcast_drafts.change(connection, number, title="二", seen=seen, **ACT)
        with pytest.raises(Conflict):
            broadcast_drafts.change(connection, number, title="三", seen=seen, **ACT)
        with pytest.raises(Conflict):
            broadcast_drafts.submit(connection, number, seen=seen, today=TODAY, **ACT)
        assert broadcast_drafts.get(connection, number).title == "二"

    run(database, work)


def test_what_was_handed_in_changes_only_as_a_draft_again(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1)
        number = ready(connection)
        with pytest.raises(Refused, match="退回草稿"):
            broadcast_drafts.change(connection, number, text="换了", **ACT)
        broadcast_drafts.back_to_draft(connection, number, **ACT)
        broadcast_drafts.change(connection, number, text="换了", **ACT)
        with pytest.raises(Refused):
            broadcasts.start(connection, number, today=TODAY, **ACT)

    run(database, work)


@pytest.mark.parametrize(
    ("filters", "word"), [({"cities": ["440600"]}, "一个人也没有"), ({"cities": ["999999"]}, "999999")]
)
def test_nobody_and_unknown_filters_are_refused(
    database: Database, sealer: Sealer, filters: dict[str, Any], word: str
) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1)
        with pytest.raises(Refused, match=word):
            ready(connection, **filters)

    run(database, work)


def test_a_title_is_needed_and_an_end_in_the_past_is_refused(database: Database) -> None:
    def work(connection: Connection) -> None:
        with pytest.raises(Refused, match="标题"):
            broadcast_drafts.draft(connection, " ", "您好", {}, **ACT)
        with pytest.raises(Refused, match="有效期"):
            broadcast_drafts.draft(connection, "一", "您好", {}, expires_at=NOW, **ACT)
        with pytest.raises(NotFound):
            broadcast_drafts.change(connection, 99, title="一", **ACT)

    run(database, work)


def test_above_the_size_somebody_else_must_approve(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, RULES.approval_above + 1)
        number = broadcast_drafts.draft(connection, "一", "您好", {}, **ACT)
        assert broadcast_drafts.submit(connection, number, today=TODAY, **ACT) is State.WAITING
        with pytest.raises(Refused, match="不能改为"):
            broadcasts.start(connection, number, today=TODAY, **ACT)
        for writer in (WRITER, "cli:root/li"):
            with pytest.raises(Refused, match="另一位"):
                broadcast_drafts.approve(connection, number, actor=writer, now=NOW)
        broadcast_drafts.approve(connection, number, actor=OTHER, now=NOW)
        assert broadcast_drafts.get(connection, number).approved_by == OTHER
        with pytest.raises(Refused, match="没有等着复核"):
            broadcast_drafts.approve(connection, number, actor=OTHER, now=NOW)
        assert broadcasts.start(connection, number, today=TODAY, **ACT) == RULES.approval_above + 1

    run(database, work)


def test_who_changed_the_text_of_another_does_not_approve_it(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, RULES.approval_above + 1)
        number = broadcast_drafts.draft(connection, "一", "您好", {}, **ACT)
        broadcast_drafts.change(connection, number, text="换了", actor=OTHER, now=NOW)
        broadcast_drafts.submit(connection, number, today=TODAY, **ACT)
        for writer in (WRITER, OTHER):
            with pytest.raises(Refused, match="另一位"):
                broadcast_drafts.approve(connection, number, actor=writer, now=NOW)
        broadcast_drafts.approve(connection, number, actor="cli:zhou", now=NOW)

    run(database, work)


def test_an_audience_that_outgrew_one_person_is_not_started(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1)
        number, timed = ready(connection), ready(connection)
        broadcast_drafts.schedule(connection, timed, LATER, **ACT)
        crowd(connection, sealer, RULES.approval_above)
        with pytest.raises(Refused, match="重新提交"):
            broadcasts.start(connection, number, today=TODAY, **ACT)

    def by_itself(connection: Connection) -> None:
        [timed] = [row.id for row in broadcast_drafts.listed(connection) if row.state == State.SCHEDULED]
        assert timed is not None
        assert tick(connection, LATER) == 1
        row = broadcast_drafts.get(connection, timed)
        assert row.state == State.APPROVED
        assert row.stop_reason is not None
        assert "复核" in row.stop_reason
        assert row.purpose_id is None

    run(database, work)
    run(database, by_itself)


def test_a_second_approval_is_needed_after_it_was_a_draft_again(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, RULES.approval_above + 1)
        number = ready(connection)
        broadcast_drafts.schedule(connection, number, LATER, **ACT)
        broadcast_drafts.back_to_draft(connection, number, **ACT)
        row = broadcast_drafts.get(connection, number)
        assert (row.approved_by, row.starts_at) == (None, None)
        assert broadcast_drafts.submit(connection, number, today=TODAY, **ACT) is State.WAITING

    run(database, work)


# --- starting ---


def test_it_starts_by_itself_at_its_time_and_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 2)
        number = ready(connection)
        with pytest.raises(Refused, match="现在以后"):
            broadcast_drafts.schedule(connection, number, NOW, **ACT)
        broadcast_drafts.schedule(connection, number, LATER, **ACT)
        assert tick(connection, LATER - timedelta(seconds=1)) == 0
        assert tick(connection, LATER) == 1
        assert state(connection, number) is State.CANARY
        assert states(connection, number) == {"queued": 1, "paused": 1}
        assert tick(connection, LATER) == 0
        assert states(connection, number) == {"queued": 1, "paused": 1}

    run(database, work)


def test_the_audience_is_frozen_when_it_starts(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        chosen = crowd(connection, sealer, 3)
        number = started(connection, cities=["440100"])
        late = crowd(connection, sealer, 2)
        connection.sqlalchemy.execute(update(person).values(residence_city="440600"))
        settle(connection, SENT, NOW)
        tick(connection, LATER)
        purpose = broadcast_drafts.get(connection, number).purpose_id
        assert purpose is not None
        found = [each.contact_id for each in broadcast_tallies.addressees(connection, purpose)]
        assert found == chosen
        assert not set(found) & set(late)
        assert deliveries.freeze(connection, purpose, contacts(Audience(), NOW, TODAY)) == 2, "only by asking"

    run(database, work)


def test_one_in_a_hundred_goes_first_then_the_rest_after_a_while(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 300)
        number = started(connection)
        row = broadcast_drafts.get(connection, number)
        assert (row.size, row.canary) == (300, 3)
        assert states(connection, number) == {"queued": 3, "paused": 297}
        settle(connection, SENT, NOW, 2)
        assert tick(connection, LATER) == 0, "one of the first is still to come"
        settle(connection, SENT, LATER)
        assert tick(connection, LATER + timedelta(minutes=9)) == 0, "people need a moment to unsubscribe"
        assert tick(connection, LATER + timedelta(minutes=10)) == 1
        assert state(connection, number) is State.RUNNING
        assert states(connection, number) == {"sent": 3, "queued": 297}
        settle(connection, SENT, LATER)
        assert tick(connection, LATER + timedelta(minutes=11)) == 1
        assert state(connection, number) is State.DONE

    run(database, work)


def test_an_audience_that_is_gone_ends_it_at_once(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        [only] = crowd(connection, sealer, 1)
        number = ready(connection)
        connection.sqlalchemy.execute(update(contact).where(contact.c.id == only).values(reachable=False))
        assert broadcasts.start(connection, number, today=TODAY, **ACT) == 0
        assert state(connection, number) is State.DONE

    run(database, work)


def test_of_two_starts_at_once_one_is_refused(database: Database, sealer: Sealer) -> None:
    def prepare(connection: Connection) -> int:
        crowd(connection, sealer, 5)
        return ready(connection)

    number = database.write_sync(prepare)
    both = Barrier(2)

    def start(actor: str) -> int | str:
        own = Database(database.url)
        try:
            both.wait()
            return own.write_sync(
                lambda connection: broadcasts.start(connection, number, actor=actor, now=NOW, today=TODAY)
            )
        except Refused as refusal:
            return str(refusal)
        finally:
            own.close_sync()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(start, (WRITER, OTHER)))
    assert sorted(isinstance(each, int) for each in found) == [False, True], found
    assert 5 in found

    def look(connection: Connection) -> None:
        assert states(connection, number) == {"queued": 1, "paused": 4}
        row = broadcast_drafts.get(connection, number)
        assert (row.size, row.canary) == (5, 1)

    database.read_sync(look)


# --- stopping by itself ---


def test_too_many_failures_of_the_first_stop_it(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 300)
        number = started(connection)
        settle(connection, SENT, NOW, 2)
        settle(connection, FAILED, NOW)
        assert tick(connection) == 1
        row = broadcast_drafts.get(connection, number)
        assert (row.state, row.purpose_id is not None) == (State.STOPPED, True)
        assert row.stop_reason is not None
        assert "发送失败 33.3%" in row.stop_reason
        assert states(connection, number) == {"sent": 2, "failed": 1, "paused": 297}

    run(database, work)


@pytest.mark.parametrize("how", ["declined", "gone"])
def test_too_many_who_turn_away_stop_it(database: Database, sealer: Sealer, how: str) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 300)
        number = started(connection)
        first, *_ = settle(connection, SENT, NOW)
        if how == "declined":
            declined(connection, first, NOW - timedelta(days=1))
            assert tick(connection) == 0, "an old refusal is no complaint about this"
            declined(connection, first, NOW + timedelta(minutes=1))
        else:
            connection.sqlalchemy.execute(
                update(contact).where(contact.c.id == first).values(reachable=False)
            )
        assert tick(connection, NOW + timedelta(minutes=2)) == 1
        row = broadcast_drafts.get(connection, number)
        assert row.state == State.STOPPED
        assert "退订或取关" in (row.stop_reason or "")

    run(database, work)


def test_a_clerk_lets_it_go_on_and_it_is_judged_anew(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 300)
        number = started(connection)
        settle(connection, FAILED, NOW)
        tick(connection)
        broadcasts.resume(connection, number, actor=WRITER, now=LATER)
        assert state(connection, number) is State.RUNNING
        assert tick(connection, LATER) == 0, "what failed before was looked at"
        assert states(connection, number) == {"failed": 3, "queued": 297}
        settle(connection, SENT, LATER, 100)
        settle(connection, FAILED, LATER, 6)
        assert tick(connection, LATER) == 1
        assert state(connection, number) is State.STOPPED
        assert states(connection, number) == {"failed": 9, "sent": 100, "paused": 191}

    run(database, work)


# --- pausing, going on, giving up ---


def test_a_pause_in_the_first_part_goes_on_with_the_first_part(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 300)
        number = started(connection)
        settle(connection, SENT, NOW, 1)
        assert broadcasts.pause(connection, number, **ACT) == 2
        assert states(connection, number) == {"sent": 1, "paused": 299}
        assert tick(connection, LATER) == 0
        broadcasts.resume(connection, number, **ACT)
        assert state(connection, number) is State.CANARY
        assert states(connection, number) == {"sent": 1, "queued": 2, "paused": 297}

    run(database, work)


def test_a_pause_freezes_what_waits_for_people_too_and_what_comes_back(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 10)
        number = started(connection)
        settle(connection, SENT, NOW)
        tick(connection, LATER)
        [held, *_] = settle(connection, HELD, LATER, 2)
        [flying] = settle(connection, DeliveryState.SENDING, LATER, 1)
        assert broadcasts.pause(connection, number, **ACT) == 8
        assert states(connection, number) == {"sent": 1, "sending": 1, "paused": 8}
        one = delivery.c.contact_id == flying
        connection.sqlalchemy.execute(
            update(delivery).where(one).values(state=DeliveryState.QUEUED, due_at=LATER, settled_at=None)
        )
        tick(connection, LATER)
        assert states(connection, number) == {"sent": 1, "paused": 9}, "it was to be tried again"
        broadcasts.resume(connection, number, **ACT)
        assert states(connection, number) == {"sent": 1, "queued": 9}
        due = select(delivery.c.due_at).where(delivery.c.contact_id == held)
        assert connection.sqlalchemy.execute(due).scalar_one() == NOW

    run(database, work)


def test_what_was_on_its_way_does_not_go_out_after_it_was_given_up(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 10)
        number = started(connection)
        settle(connection, DeliveryState.SENDING, NOW)
        assert broadcasts.cancel(connection, number, **ACT) == 9
        connection.sqlalchemy.execute(
            update(delivery)
            .where(delivery.c.state == DeliveryState.SENDING)
            .values(state=DeliveryState.QUEUED, due_at=LATER, settled_at=None)
        )
        tick(connection)
        assert states(connection, number) == {"skipped": 10}
        purpose = broadcast_drafts.get(connection, number).purpose_id
        assert purpose is not None
        assert [(count.reason, count.number) for count in deliveries.counts(connection, purpose)] == [
            ("cancelled", 10)
        ]

    run(database, work)


Verb = Callable[[Connection, int], object]
VERBS: dict[str, Verb] = {
    "submit": lambda c, n: broadcast_drafts.submit(c, n, today=TODAY, **ACT),
    "approve": lambda c, n: broadcast_drafts.approve(c, n, actor=OTHER, now=NOW),
    "draft again": lambda c, n: broadcast_drafts.back_to_draft(c, n, **ACT),
    "schedule": lambda c, n: broadcast_drafts.schedule(c, n, LATER, **ACT),
    "start": lambda c, n: broadcasts.start(c, n, today=TODAY, **ACT),
    "pause": lambda c, n: broadcasts.pause(c, n, **ACT),
    "resume": lambda c, n: broadcasts.resume(c, n, **ACT),
    "cancel": lambda c, n: broadcasts.cancel(c, n, **ACT),
}
ALLOWED = {
    State.DRAFT: {"submit", "cancel"},
    State.WAITING: {"approve", "draft again", "cancel"},
    State.APPROVED: {"draft again", "schedule", "start", "cancel"},
    State.SCHEDULED: {"draft again", "schedule", "start", "cancel"},
    State.CANARY: {"pause", "cancel"},
    State.RUNNING: {"pause", "cancel"},
    State.PAUSED: {"resume", "cancel"},
    State.STOPPED: {"resume", "cancel"},
    State.CANCELLED: set(),
    State.DONE: {"cancel"},
}


@pytest.mark.parametrize("at", State, ids=lambda at: at.value)
def test_only_what_fits_is_done_at_each_state(database: Database, sealer: Sealer, at: State) -> None:
    """Tried one after the other, each on a broadcast of its own that stands there."""

    def prepare(connection: Connection) -> None:
        crowd(connection, sealer, 2)

    database.write_sync(prepare)

    def brought(connection: Connection) -> int:
        number = started(connection)
        connection.session.flush()
        connection.sqlalchemy.execute(
            update(broadcasts.broadcast).where(broadcasts.broadcast.c.id == number).values(state=at.value)
        )
        connection.session.expire_all()
        return number

    allowed = set()
    for name, verb in VERBS.items():
        number = database.write_sync(brought)
        try:
            database.write_sync(lambda connection, verb=verb, number=number: verb(connection, number))  # type: ignore[misc]
        except Refused:
            continue
        allowed.add(name)
    assert allowed == ALLOWED[at]


# --- its end ---


@pytest.mark.parametrize("halted", [False, True], ids=["running", "paused"])
def test_when_its_time_is_over_the_rest_expires(database: Database, sealer: Sealer, halted: bool) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 10)
        number = started(connection)
        settle(connection, SENT, NOW)
        tick(connection, LATER)
        settle(connection, HELD, LATER, 2)
        if halted:
            broadcasts.pause(connection, number, actor=WRITER, now=LATER)
        row = broadcast_drafts.get(connection, number)
        end = NOW + timedelta(days=broadcasts.LASTS_DAYS)
        assert row.expires_at == end
        assert tick(connection, end - timedelta(seconds=1)) == 0
        assert tick(connection, end) == 1
        assert state(connection, number) is State.DONE
        assert states(connection, number) == {"sent": 1, "expired": 9}
        assert tick(connection, end + timedelta(days=1)) == 0

    run(database, work)


def test_what_is_past_its_time_is_neither_started_nor_resumed(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 2)
        number = broadcast_drafts.draft(connection, "一", "您好", {}, expires_at=LATER, **ACT)
        broadcast_drafts.submit(connection, number, today=TODAY, **ACT)
        with pytest.raises(Refused, match="有效期之后"):
            broadcast_drafts.schedule(connection, number, LATER, **ACT)
        broadcasts.start(connection, number, today=TODAY, **ACT)
        broadcasts.pause(connection, number, **ACT)

    def late(connection: Connection) -> None:
        [row] = broadcast_drafts.listed(connection)
        assert row.id is not None
        with pytest.raises(Refused, match="有效期"):
            broadcasts.resume(connection, row.id, actor=WRITER, now=LATER)

    run(database, work)
    run(database, late)


def test_it_goes_on_from_what_was_read_a_moment_ago(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> int:
        crowd(connection, sealer, 5)
        number = started(connection)
        settle(connection, SENT, NOW)
        return number

    number = database.write_sync(work)
    known = database.read_sync(broadcasts.standings)
    assert known[number].tally == (0, 1, 0, 0)
    assert database.write_sync(lambda connection: advance(connection, LATER, TODAY, {})) == 0
    assert database.write_sync(lambda connection: advance(connection, LATER, TODAY, known)) == 1


def test_a_page_of_those_it_was_for_follows_the_one_before(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        chosen = crowd(connection, sealer, 5)
        purpose = broadcast_drafts.get(connection, started(connection)).purpose_id
        assert purpose is not None
        first = broadcast_tallies.addressees(connection, purpose, limit=3)
        rest = broadcast_tallies.addressees(connection, purpose, after=first[-1].contact_id, limit=3)
        assert [each.contact_id for each in (*first, *rest)] == chosen
        assert {each.name(sealer) for each in first} == {"陈小明"}
        one = broadcast_tallies.addressees(connection, purpose, states=(DeliveryState.QUEUED,))
        assert len(one) == 1

    run(database, work)


def test_every_step_stands_in_the_audit_log_with_nothing_personal(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 2)
        number = started(connection)
        broadcasts.cancel(connection, number, **ACT)
        log = broadcast_drafts.log
        rows = connection.sqlalchemy.execute(
            select(log.c.action, log.c.actor, log.c.detail)
            .where(log.c.subject == f"broadcast:{number}")
            .order_by(log.c.id)
        ).all()
        assert [row.action for row in rows] == [
            f"broadcast.{name}" for name in ("draft", "approved", "canary", "cancelled")
        ]
        assert {row.actor for row in rows} == {WRITER}
        assert all(set(row.detail) == {"size"} for row in rows)
        assert connection.sqlalchemy.execute(select(func.count()).select_from(log)).scalar_one() == 4

    run(database, work)
