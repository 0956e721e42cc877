"""The delivery ledger on both engines: made once, frozen and let go in portions, taken back, found by its indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from policy.outgoing_codes import DeliveryState, PurposeKind, SkipReason
from policy.refusal import Refused
from storage import deliveries, delivery_claims, delivery_records, staff_alerts, stopped_lanes
from storage.database import Connection, Database
from storage.deliveries import Opens, Said
from storage.errors import NotFound
from storage.outgoing_tables import Delivery, Purpose, StaffBinding
from storage.sealing import Sealer
from storage.tables import Audit, Contact, StaffCase, core
from tests.storage import rows
from tests.storage.rows import NOON

table = core(Delivery)


@pytest.fixture
def purpose(database: Database) -> int:
    return database.write_sync(lambda c: deliveries.purpose(c, "p", PurposeKind.BROADCAST, NOON, text="您好"))


def contacts(database: Database, number: int, **more: Any) -> list[int]:  # noqa: ANN401
    def work(connection: Connection) -> list[int]:
        made = [
            Contact(**{"channel": "telegram", "address": f"t{n}", "created_at": NOON, **more})
            for n in range(number)
        ]
        connection.session.add_all(made)
        connection.session.flush()
        return [row.id for row in made if row.id is not None]

    return database.write_sync(work)


def frozen(database: Database, purpose: int) -> int:
    return database.write_sync(lambda c: deliveries.freeze(c, purpose, select(core(Contact).c.id)))


def ledger(database: Database) -> list[Any]:
    return database.write_sync(lambda c: list(c.sqlalchemy.execute(select(table).order_by(table.c.id))))


def settled(database: Database, state: DeliveryState, **values: Any) -> None:  # noqa: ANN401
    database.write_sync(lambda c: c.sqlalchemy.execute(table.update().values(state=state, **values)))


def test_a_purpose_is_made_once_and_keeps_what_it_was_made_with(database: Database, purpose: int) -> None:
    again = database.write_sync(lambda c: deliveries.purpose(c, "p", PurposeKind.MATCH, NOON, text="别的"))
    assert again == purpose
    kept = database.write_sync(lambda c: c.session.get_one(Purpose, purpose).model_copy())
    assert (kept.kind, kept.text) == (PurposeKind.BROADCAST, "您好")


@pytest.mark.parametrize(
    "content",
    [
        Said("您好", (("1", "看看"),), (("详情", "/positions/1"),), "positions", "browse"),
        Opens("follow_up", {"step": 1, "about": {"host": "晨光"}}),
    ],
)
def test_content_is_sealed_and_comes_back_as_it_was(
    database: Database, sealer: Sealer, purpose: int, content: deliveries.Content
) -> None:
    [contact] = contacts(database, 1)
    database.write_sync(lambda c: deliveries.enqueue(c, sealer, purpose, contact, content, due_at=NOON))
    [row] = ledger(database)
    assert "您好".encode() not in row.content_sealed
    assert "晨光".encode() not in row.content_sealed
    assert deliveries.opened(sealer, row.content_sealed) == content
    assert (row.state, row.lane, row.due_at) == ("queued", "telegram", NOON)


def test_an_audience_is_frozen_once_whatever_comes_later(database: Database, purpose: int) -> None:
    contacts(database, 5)
    assert frozen(database, purpose) == 5
    contacts(database, 3, channel="wechat")
    assert frozen(database, purpose) == 3, "only who was not there yet"
    assert {(row.state, row.lane, row.due_at) for row in ledger(database)} == {("paused", None, None)}


def test_what_is_frozen_is_let_go_in_portions_and_held_back_again(database: Database, purpose: int) -> None:
    contacts(database, 10)
    frozen(database, purpose)
    first = database.write_sync(lambda c: deliveries.first_id(c, purpose))
    assert first is not None
    canary = database.write_sync(lambda c: deliveries.release(c, purpose, 10, NOON, every=4, offset=first))
    assert canary == 3
    assert database.write_sync(lambda c: deliveries.release(c, purpose, 4, NOON)) == 4
    assert {row.lane for row in ledger(database) if row.state == "queued"} == {"telegram"}
    assert database.write_sync(lambda c: deliveries.hold_back(c, purpose)) == 7
    assert database.write_sync(lambda c: deliveries.release(c, purpose, 99, NOON)) == 10


def test_a_message_that_was_taken_back_is_not_claimed(
    database: Database, sealer: Sealer, purpose: int
) -> None:
    numbers = contacts(database, 4)
    for number in numbers:
        database.write_sync(
            lambda c, n=number: deliveries.enqueue(  # type: ignore[misc]
                c, sealer, purpose, n, Said("x"), subject_id=n, due_at=NOON
            )
        )
    database.write_sync(lambda c: deliveries.cancel_subject(c, purpose, numbers[0], SkipReason.SETTLED, NOON))
    database.write_sync(lambda c: deliveries.cancel_for_contacts(c, [numbers[1]], SkipReason.CANCELLED, NOON))
    due = database.write_sync(lambda c: delivery_claims.candidates(c, "telegram", NOON, 9))
    assert [one.contact_id for one in due] == numbers[2:]
    assert database.write_sync(lambda c: deliveries.cancel(c, purpose, SkipReason.CANCELLED, NOON)) == 2
    counted = database.write_sync(lambda c: deliveries.counts(c, purpose))
    assert [tuple(count) for count in counted] == [
        (DeliveryState.SKIPPED, "cancelled", 3),
        (DeliveryState.SKIPPED, "settled", 1),
    ]
    assert all(row.content_sealed is None for row in ledger(database))


def test_what_was_sent_is_not_taken_back(database: Database, purpose: int) -> None:
    contacts(database, 2)
    frozen(database, purpose)
    settled(database, DeliveryState.SENT)
    assert database.write_sync(lambda c: deliveries.cancel(c, purpose, SkipReason.CANCELLED, NOON)) == 0


def test_a_lane_is_emptied_by_priority_then_time(database: Database, sealer: Sealer) -> None:
    [contact] = contacts(database, 1)
    order = []
    for number, (priority, minutes) in enumerate([(3, 0), (1, 5), (3, -5), (0, 9), (1, 1)]):

        def work(c: Connection, n: int = number, p: int = priority, m: int = minutes) -> int | None:
            key = deliveries.purpose(c, f"k{n}", PurposeKind.STATUS, NOON)
            due = NOON + timedelta(minutes=m)
            return deliveries.enqueue(c, sealer, key, contact, Said("x"), priority=p, due_at=due)

        order.append((priority, minutes, database.write_sync(work)))
    later = NOON + timedelta(hours=1)
    due = database.write_sync(lambda c: delivery_claims.candidates(c, "telegram", later, 9))
    assert [one.id for one in due] == [number for _, _, number in sorted(order)]
    assert [
        one.id for one in database.write_sync(lambda c: delivery_claims.candidates(c, "telegram", NOON, 1))
    ] == [order[2][2]]


def test_the_age_of_each_lane_is_that_of_its_oldest_message(database: Database, sealer: Sealer) -> None:
    [own] = contacts(database, 1)
    [other] = contacts(database, 1, channel="wechat")
    purpose = database.write_sync(lambda c: deliveries.purpose(c, "k", PurposeKind.STATUS, NOON))
    for contact, minutes in ((own, -5), (other, -9), (other, 30)):
        database.write_sync(
            lambda c, n=contact, m=minutes: deliveries.enqueue(  # type: ignore[misc]
                c, sealer, purpose, n, Said("x"), subject_id=m, due_at=NOON + timedelta(minutes=m)
            )
        )
    assert database.write_sync(lambda c: delivery_claims.lanes_waiting(c, NOON)) == {
        "telegram": NOON - timedelta(minutes=5),
        "wechat": NOON - timedelta(minutes=9),
    }


def test_later_outcomes_move_what_was_sent(database: Database, purpose: int) -> None:
    contacts(database, 3)
    frozen(database, purpose)
    numbers = [row.id for row in ledger(database)]
    for number in numbers:
        database.write_sync(
            lambda c, n=number: c.sqlalchemy.execute(  # type: ignore[misc]
                table.update()
                .where(table.c.id == n)
                .values(state="sent", lane="wechat", platform_message_id=str(n), sent_at=NOON)
            )
        )

    def told(channel: str, number: object, state: DeliveryState, status: str) -> bool:
        return database.write_sync(
            lambda c: delivery_records.outcome(c, channel, str(number), state, status, NOON)
        )

    assert told("wechat", numbers[0], DeliveryState.SENT, "success")
    assert told("wechat", numbers[1], DeliveryState.REFUSED, "failed:user block")
    assert told("wechat", numbers[2], DeliveryState.FAILED, "failed: system failed")
    assert not told("telegram", numbers[0], DeliveryState.FAILED, "x"), "numbers are those of one channel"
    assert not told("wechat", "unknown", DeliveryState.FAILED, "x")
    assert [(row.state, row.reason) for row in ledger(database)] == [
        ("sent", None),
        ("refused", "failed:user block"),
        ("failed", "failed: system failed"),
    ]


def test_an_unknown_end_is_settled_by_a_clerk_once(database: Database, sealer: Sealer, purpose: int) -> None:
    contacts(database, 3)
    frozen(database, purpose)
    settled(database, DeliveryState.UNKNOWN, settled_at=NOON, sent_at=NOON)
    numbers = [row.id for row in ledger(database)]
    database.write_sync(lambda c: delivery_records.report_unknown(c, sealer, purpose, NOON))
    database.write_sync(lambda c: delivery_records.report_unknown(c, sealer, purpose, NOON))
    assert database.write_sync(lambda c: delivery_records.unknown_numbers(c, purpose)) == numbers

    def resolve(chosen: list[int], arrived: bool) -> int:
        return database.write_sync(
            lambda c: delivery_records.resolve(c, chosen, arrived, actor="cli:chen", now=NOON)
        )

    assert resolve(numbers[:1], True) == 1
    assert resolve(numbers[1:2], False) == 1
    assert cases(database) == ["open"]
    assert (
        database.write_sync(lambda c: delivery_records.retry(c, numbers[2:], actor="cli:chen", now=NOON)) == 1
    )
    assert cases(database) == ["closed"]
    assert [(row.state, row.sent_at) for row in ledger(database)] == [
        ("sent", NOON),
        ("failed", None),
        ("queued", None),
    ]
    with pytest.raises(Refused, match="不用核实"):
        resolve(numbers, True)
    with pytest.raises(NotFound):
        resolve([999], True)
    acts = database.write_sync(lambda c: [row.action for row in c.session.exec(select_audit())])
    assert acts == ["delivery.resolve", "delivery.resolve", "delivery.retry"]


def select_audit() -> Any:  # noqa: ANN401
    from sqlmodel import select as choose

    return choose(Audit).order_by(core(Audit).c.id)


def cases(database: Database) -> list[str]:
    return database.write_sync(
        lambda c: [row[0] for row in c.sqlalchemy.execute(select(core(StaffCase).c.status))]
    )


def test_what_has_no_text_any_more_is_not_tried_again(database: Database, sealer: Sealer) -> None:
    [contact] = contacts(database, 1)
    purpose = database.write_sync(lambda c: deliveries.purpose(c, "k", PurposeKind.STATUS, NOON))
    number = database.write_sync(
        lambda c: deliveries.enqueue(c, sealer, purpose, contact, Said("x"), due_at=NOON)
    )
    settled(database, DeliveryState.FAILED, content_sealed=None)
    with pytest.raises(Refused, match="已经清除"):
        database.write_sync(lambda c: delivery_records.retry(c, [number or 0], actor="x", now=NOON))


def test_lists_are_paged_and_narrowed(database: Database, purpose: int) -> None:
    contacts(database, 5)
    frozen(database, purpose)

    def numbers(**wanted: Any) -> list[int]:  # noqa: ANN401
        return [row.id for row in database.write_sync(lambda c: delivery_records.listed(c, **wanted))]

    everything = numbers()
    assert everything == sorted(everything, reverse=True)
    assert numbers(limit=2) == everything[:2]
    assert numbers(limit=2, before=everything[1]) == everything[2:4]
    assert numbers(purpose_id=purpose, state=DeliveryState.PAUSED) == everything
    assert numbers(state=DeliveryState.UNKNOWN) == numbers(purpose_id=purpose + 1) == []


def test_all_that_went_to_a_person_is_found_over_their_contacts(
    database: Database, sealer: Sealer, purpose: int
) -> None:
    person = database.write_sync(lambda c: rows.person(c, sealer))
    contacts(database, 1, person_id=person)
    contacts(database, 1, channel="wechat", person_id=person)
    contacts(database, 3, channel="web")
    frozen(database, purpose)
    assert len(database.write_sync(lambda c: delivery_records.listed(c, person_id=person))) == 2


def test_alerts_go_once_to_every_bound_clerk(database: Database, sealer: Sealer) -> None:
    bound = contacts(database, 2)
    database.write_sync(
        lambda c: c.session.add_all([StaffBinding(staff="chen", contact_id=n) for n in (*bound, None)])
    )
    for expected in (2, 0):
        assert database.write_sync(lambda c: staff_alerts.alert(c, sealer, "k", "停发", NOON)) == expected


def test_a_lane_keeps_since_when_it_stands_still(database: Database) -> None:
    later = NOON + timedelta(hours=1)
    for now in (NOON, later):
        database.write_sync(
            lambda c, at=now: stopped_lanes.stop(c, "wechat", "40001", at, at + timedelta(minutes=5))  # type: ignore[misc]
        )
    [(channel, lane)] = database.write_sync(stopped_lanes.stopped).items()
    assert (channel, lane.since, lane.probe_at) == ("wechat", NOON, later + timedelta(minutes=5))
    resume = lambda c: delivery_records.resume_lane(c, "wechat", actor="cli:chen", now=NOON)  # noqa: E731
    assert [database.write_sync(resume) for _ in range(2)] == [True, False]


# --- indexes ---

QUERIES = {
    "candidates": (
        "SELECT id FROM delivery WHERE state = 'queued' AND lane = 'telegram' AND priority = 3 AND due_at <= 'x' "
        "ORDER BY due_at, id LIMIT 9",
        "ix_delivery_claim",
    ),
    "in flight": ("SELECT id FROM delivery WHERE state = 'sending'", "ix_delivery_waiting"),
    "unknown": ("SELECT count(*) FROM delivery WHERE state = 'unknown'", "ix_delivery_waiting"),
    "held": ("SELECT id FROM delivery WHERE state = 'held' AND contact_id = 7", "ix_delivery_waiting"),
    "pushes": (
        "SELECT sent_at FROM delivery WHERE contact_id IN (1, 2) AND sent_at > 'x'",
        "ix_delivery_sent",
    ),
    "of contacts": (
        "SELECT id FROM delivery WHERE purpose_id IN (SELECT id FROM purpose) AND contact_id IN (1, 2)",
        "sqlite_autoindex_delivery_1",
    ),
    "outcome": (
        "SELECT id FROM delivery WHERE platform_message_id = 'x' AND state = 'sent'",
        "ix_delivery_platform_message",
    ),
}


@pytest.mark.parametrize("query", QUERIES)
def test_nothing_on_the_way_reads_the_whole_ledger(sqlite_url: str, query: str) -> None:
    database = Database(sqlite_url)
    statement, index = QUERIES[query]
    plan = database.write_sync(
        lambda c: [row.detail for row in c.sqlalchemy.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    )
    database.close_sync()
    assert any(index in line for line in plan), plan
    assert not any(line == "SCAN delivery" for line in plan), plan
    assert not any("TEMP B-TREE" in line for line in plan), plan


def test_a_portion_is_looked_at_in_few_statements_however_many_rows_wait(
    database: Database, purpose: int
) -> None:
    contacts(database, 300)
    frozen(database, purpose)
    now: datetime = NOON
    database.write_sync(lambda c: deliveries.release(c, purpose, 300, now))
    due = database.write_sync(lambda c: delivery_claims.candidates(c, "telegram", now, 100))
    assert len(due) == 100
    about = database.write_sync(lambda c: delivery_claims.around(c, due, now))
    assert set(about.contacts) == {one.contact_id for one in due}
    assert all(pushes == [] for pushes in about.pushes.values())
