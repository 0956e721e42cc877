"""What becomes of a message: sent, waiting, left out with a reason, tried again, or unknown; never said twice."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from notifications.channel import Failure
from notifications.queue import EmbeddedQueue
from policy.outgoing_codes import CaseKind, DeliveryState, PurposeKind, SkipReason
from policy.sending import RULES
from storage import conversations, deliveries, delivery_claims, delivery_records, people, stopped_lanes
from storage.database import Connection
from storage.deliveries import Opens, Said
from storage.errors import StorageUnavailable
from storage.outgoing_tables import Purpose, StaffBinding
from storage.tables import Consent, DialogSession, Person, StaffCase, core
from tests.notifications.platform import NOON, SENT, Desk, Platform, fault
from tests.talking import take, until

MIDNIGHT = {"hours": 12}


async def test_a_message_goes_out_and_is_recorded(desk: Desk, telegram: Platform) -> None:
    number = desk.enqueue(desk.contact("a"), Said("有新岗位", (("1", "看看"),), (("详情", "/positions/1"),)))
    await desk.drain()
    row = desk.row(number)
    assert (row.state, row.route, row.platform_message_id, row.attempts) == (
        "sent",
        "message",
        "telegram-1",
        1,
    )
    assert (row.sent_at, row.settled_at) == (NOON, NOON)
    assert row.content_sealed is None, "what was said is in the log"
    [message] = telegram.messages
    assert (message.text, message.choices[0].label, message.links[0].url) == (
        "有新岗位",
        "看看",
        "/positions/1",
    )


async def test_the_same_message_is_not_taken_into_the_ledger_twice(desk: Desk, telegram: Platform) -> None:
    contact, purpose = desk.contact("a"), desk.purpose()
    for expected in (True, False):
        made = desk.write(
            lambda c: deliveries.enqueue(c, desk.sealer, purpose, contact, Said("x"), due_at=desk.clock())
        )
        assert (made is not None) is expected
        await desk.drain()
    assert telegram.taken == {"a": 1}


async def test_nothing_goes_before_its_time(desk: Desk, telegram: Platform) -> None:
    desk.enqueue(desk.contact("a"), due=NOON + timedelta(minutes=10))
    await desk.go_on(minutes=9)
    assert not telegram.taken
    await desk.go_on(minutes=1)
    assert telegram.taken == {"a": 1}


async def test_urgent_messages_overtake_bulk(desk: Desk, telegram: Platform) -> None:
    for number in range(3):
        contact, kind = desk.contact(f"b{number}"), PurposeKind.BROADCAST
        purpose = desk.purpose("bulk", kind)
        desk.write(
            lambda c, to=contact, p=purpose: deliveries.enqueue(  # type: ignore[misc]
                c, desk.sealer, p, to, Said("慢"), priority=deliveries.BULK, due_at=NOON - timedelta(hours=1)
            )
        )
    purpose, contact = desk.purpose("reply", PurposeKind.STATUS), desk.contact("u")
    desk.write(
        lambda c: deliveries.enqueue(
            c, desk.sealer, purpose, contact, Said("快"), priority=deliveries.REPLY, due_at=NOON
        )
    )
    await desk.drain()
    assert telegram.texts == ["快", "慢", "慢", "慢"]


# --- who may be written to ---

CONTACT_RULES: list[tuple[dict[str, Any], PurposeKind, tuple[str, str | None]]] = [
    ({}, PurposeKind.BROADCAST, SENT),
    ({"push_allowed": False}, PurposeKind.BROADCAST, ("skipped", SkipReason.OPTED_OUT)),
    ({"push_allowed": False}, PurposeKind.CHECK_IN, ("skipped", SkipReason.OPTED_OUT)),
    ({"push_allowed": False}, PurposeKind.STATUS, SENT),
    ({"push_allowed": False}, PurposeKind.STAFF, SENT),
    ({"push_allowed": False}, PurposeKind.NUDGE, SENT),
    ({"push_allowed": False}, PurposeKind.EVENT, SENT),
    ({"reachable": False}, PurposeKind.BROADCAST, ("skipped", SkipReason.UNREACHABLE)),
    ({"reachable": False}, PurposeKind.STATUS, ("skipped", SkipReason.UNREACHABLE)),
]


@pytest.mark.parametrize(("contact", "kind", "end"), CONTACT_RULES)
async def test_a_contact_that_may_not_be_written_to_is_left_out_with_the_reason(
    desk: Desk, contact: dict[str, Any], kind: PurposeKind, end: tuple[str, str | None]
) -> None:
    number = desk.enqueue(desk.contact("a", **contact), kind=kind)
    await desk.drain()
    assert desk.became(number) == end


@pytest.mark.parametrize(
    ("person", "end"),
    [
        ({}, SENT),
        ({"status": "verified"}, SENT),
        ({"push_consent": False}, ("skipped", SkipReason.OPTED_OUT)),
        ({"status": "withdrawn"}, ("skipped", SkipReason.OPTED_OUT)),
    ],
)
async def test_a_person_who_wants_no_pushes_gets_none(
    desk: Desk, person: dict[str, Any], end: tuple[str, str | None]
) -> None:
    number = desk.enqueue(desk.contact("a", person=desk.person(**person)))
    await desk.drain()
    assert desk.became(number) == end


async def test_whoever_opts_out_while_it_is_queued_does_not_get_it(desk: Desk, telegram: Platform) -> None:
    person = desk.person()
    contact = desk.contact("a", person=person)
    number = desk.enqueue(contact, due=NOON + timedelta(minutes=5))
    await take(desk.turns, "退订", channel="telegram", address="a")
    await take(desk.turns, "1", channel="telegram", address="a")
    assert not desk.write(lambda c: c.session.get_one(Person, person).push_consent)
    await desk.go_on(minutes=5)
    assert desk.became(number) == ("skipped", SkipReason.OPTED_OUT)
    assert not telegram.taken


async def test_a_reminder_of_what_they_began_does_not_go_to_whoever_said_no(desk: Desk) -> None:
    contact = desk.contact("a", push_allowed=False)
    desk.write(
        lambda c: c.session.add(
            Consent(
                contact_id=contact, kind="push", given=False, version="1", text_hash="", channel="x", at=NOON
            )
        )
    )
    number = desk.enqueue(contact, kind=PurposeKind.NUDGE)
    await desk.drain()
    assert desk.became(number) == ("skipped", SkipReason.OPTED_OUT)


@pytest.mark.parametrize(
    ("person", "words", "end"),
    [
        ({"push_consent": False}, ("no",), SENT),
        ({"push_consent": False}, ("settings",), ("skipped", SkipReason.OPTED_OUT)),
        ({"status": "withdrawn"}, (), ("skipped", SkipReason.OPTED_OUT)),
    ],
)
async def test_an_event_signed_up_for_is_reminded_of_without_consent_to_pushes_but_not_after_a_stop(
    desk: Desk, person: dict[str, Any], words: tuple[str, ...], end: tuple[str, str | None]
) -> None:
    who = desk.person(**person)
    contact = desk.contact("a", person=who, push_allowed=False)
    other = desk.contact("b", person=who, push_allowed=False)  # the stop is meant for every chat
    for version in words:
        desk.write(
            lambda c, version=version: c.session.add(  # type: ignore[misc]
                Consent(
                    contact_id=other,
                    kind="push",
                    given=False,
                    version=version,
                    text_hash="",
                    channel="x",
                    at=NOON,
                )
            )
        )
    number = desk.enqueue(contact, kind=PurposeKind.EVENT)
    await desk.drain()
    assert desk.became(number) == end


async def test_the_latest_word_on_reminders_counts(desk: Desk) -> None:
    contact = desk.contact("a")
    for given in (False, True):
        desk.write(
            lambda c, said=given: c.session.add(  # type: ignore[misc]
                Consent(
                    contact_id=contact,
                    kind="push",
                    given=said,
                    version="1",
                    text_hash="",
                    channel="x",
                    at=NOON,
                )
            )
        )
    number = desk.enqueue(contact, kind=PurposeKind.NUDGE)
    await desk.drain()
    assert desk.became(number) == SENT


async def test_what_is_for_staff_goes_to_no_other_chat_of_the_same_person(
    desk: Desk, telegram: Platform
) -> None:
    person = desk.person()
    contact = desk.contact("a", person=person, reachable=False)
    desk.contact("b", person=person)
    number = desk.enqueue(contact, kind=PurposeKind.STAFF)
    await desk.drain()
    assert desk.became(number) == ("skipped", SkipReason.UNREACHABLE)
    assert not telegram.taken


async def test_what_was_erased_is_not_said_and_not_kept(desk: Desk, telegram: Platform) -> None:
    person = desk.person()
    contact = desk.contact("a", person=person)
    number = desk.enqueue(contact, kind=PurposeKind.STATUS, due=NOON + timedelta(minutes=5))
    desk.write(lambda c: people.erase(c, contact, NOON))
    await desk.go_on(minutes=5)
    row = desk.row(number)
    assert (row.state, row.reason, row.content_sealed) == ("skipped", SkipReason.ERASED, None)
    assert not telegram.taken


# --- when ---


async def test_nobody_is_woken_at_night_and_the_morning_is_spread(desk: Desk, telegram: Platform) -> None:
    desk.clock.now = NOON.replace(hour=14)  # 22:00 in Guangdong
    for name in "abc":
        desk.enqueue(desk.contact(name), kind=PurposeKind.STATUS, key=name)
    await desk.go_on(hours=9, minutes=59)
    assert not telegram.taken
    await desk.go_on(minutes=1 + RULES.morning_spread_minutes)
    assert telegram.taken == {"a": 1, "b": 1, "c": 1}


async def test_what_expires_in_the_night_is_not_sent_in_the_morning(desk: Desk, telegram: Platform) -> None:
    desk.clock.now = NOON.replace(hour=14)
    number = desk.enqueue(desk.contact("a"), expires_at=desk.clock() + timedelta(hours=3))
    await desk.drain()
    assert desk.became(number) == ("expired", SkipReason.EXPIRED)
    assert not telegram.taken


async def test_a_second_broadcast_in_a_day_is_left_out_over_all_contacts_of_a_person(
    desk: Desk, telegram: Platform, wechat: Platform
) -> None:
    person = desk.person()
    first = desk.enqueue(desk.contact("a", person=person), key="b1")
    second = desk.enqueue(desk.contact("w", channel="wechat", person=person), key="b2")
    await desk.drain()
    assert sorted([desk.became(first), desk.became(second)]) == sorted([SENT, ("skipped", SkipReason.CAP)])
    assert telegram.taken.total() + wechat.taken.total() == 1


async def test_two_strangers_do_not_count_for_each_other(desk: Desk, telegram: Platform) -> None:
    desk.enqueue(desk.contact("a"), key="b1")
    desk.enqueue(desk.contact("b"), key="b2")
    await desk.drain()
    assert telegram.taken == {"a": 1, "b": 1}


async def test_an_urgent_broadcast_ignores_the_cap(desk: Desk, telegram: Platform) -> None:
    contact = desk.contact("a")
    desk.enqueue(contact, key="b1")
    desk.enqueue(contact, key="b2", urgent=True)
    await desk.drain()
    assert telegram.taken == {"a": 2}


async def test_a_check_in_waits_for_a_free_day_and_counts_itself(desk: Desk, telegram: Platform) -> None:
    contact = desk.contact("a")
    desk.enqueue(contact, key="b1")
    await desk.drain()
    late = desk.enqueue(contact, key="c", kind=PurposeKind.CHECK_IN)
    await desk.drain()
    assert desk.became(late)[0] == DeliveryState.QUEUED
    await desk.go_on(days=1)
    assert desk.became(late) == SENT
    dropped = desk.enqueue(contact, key="b2")
    await desk.drain()
    assert desk.became(dropped) == ("skipped", SkipReason.CAP)


async def test_what_was_not_sent_after_all_does_not_count(desk: Desk, telegram: Platform) -> None:
    contact = desk.contact("a")
    telegram.faults = [fault(Failure.MESSAGE)]
    first = desk.enqueue(contact, key="b1")
    await desk.drain()
    second = desk.enqueue(contact, key="b2")
    await desk.drain()
    assert (desk.became(first)[0], desk.became(second)[0]) == ("failed", "sent")


async def test_a_clock_that_was_set_back_neither_repeats_nor_loses(desk: Desk, telegram: Platform) -> None:
    desk.enqueue(desk.contact("a"), key="b1")
    await desk.drain()
    waiting = desk.enqueue(desk.contact("b"), key="b2", due=NOON + timedelta(hours=1))
    await desk.go_on(hours=-3)
    assert telegram.taken == {"a": 1}
    again = desk.enqueue(desk.contact("c"), key="b3")
    await desk.drain()
    assert desk.became(again) == SENT
    await desk.go_on(hours=4)
    assert desk.became(waiting) == SENT
    assert telegram.taken == {"a": 1, "b": 1, "c": 1}


async def test_somebody_in_the_middle_of_a_dialog_is_left_in_peace_for_an_hour(
    desk: Desk, telegram: Platform
) -> None:
    for text in ("我要报名", "1"):
        await take(desk.turns, text, channel="telegram", address="a")
    found = desk.write(lambda c: conversations.find(c, "telegram", "a", None))
    desk.write(lambda c: conversations.set_push(c, found.contact_id, True))
    desk.enqueue(found.contact_id)
    await desk.go_on(minutes=59)
    assert not telegram.taken
    await desk.go_on(minutes=1)
    assert telegram.taken == {"a": 1}


# --- what the platform says ---


async def test_a_busy_platform_is_tried_again_later(desk: Desk, telegram: Platform) -> None:
    telegram.faults = [fault(Failure.RETRY, "429", 300.0)]
    number = desk.enqueue(desk.contact("a"))
    await desk.drain()
    assert desk.became(number) == ("queued", "retry:429")
    assert desk.row(number).sent_at is None
    await desk.go_on(seconds=299)
    assert telegram.tried == 1
    await desk.go_on(seconds=1)
    assert desk.became(number) == SENT


async def test_it_is_not_tried_for_ever(desk: Desk, telegram: Platform) -> None:
    telegram.down = fault(Failure.RETRY, "502")
    number = desk.enqueue(desk.contact("a"), kind=PurposeKind.STATUS)
    for _ in range(100):
        await desk.go_on(hours=3)
    assert desk.became(number) == ("failed", "retry:502")
    assert telegram.tried == RULES.attempts


async def test_a_platform_that_is_down_for_an_hour_loses_nothing(desk: Desk, telegram: Platform) -> None:
    telegram.down = fault(Failure.RETRY, "not connected")
    for number in range(60):
        desk.enqueue(desk.contact(str(number)))
    for _ in range(60):
        await desk.go_on(minutes=1)
    assert not telegram.taken
    telegram.down = None
    for _ in range(8):
        await desk.go_on(minutes=30)
    assert telegram.taken == {str(number): 1 for number in range(60)}


@pytest.mark.parametrize(
    ("failure", "end"),
    [
        (Failure.MESSAGE, ("failed", "message:x")),
        (Failure.PERSON, ("refused", "person:x")),
        (Failure.WINDOW, ("held", "window:x")),
        (Failure.UNKNOWN, ("unknown", "unknown:x")),
    ],
)
async def test_each_failure_has_its_end(
    desk: Desk, telegram: Platform, failure: Failure, end: tuple[str, str]
) -> None:
    telegram.faults = [fault(failure)]
    number = desk.enqueue(desk.contact("a"), repeat_harmless=False)
    await desk.go_on(minutes=1)
    await desk.go_on(hours=5)
    assert desk.became(number) == end
    assert telegram.tried == 1


async def test_whoever_blocked_us_is_not_written_to_again(desk: Desk, telegram: Platform) -> None:
    contact = desk.contact("a")
    telegram.faults = [fault(Failure.PERSON)]
    desk.enqueue(contact, key="b1", kind=PurposeKind.STATUS)
    await desk.drain()
    assert not desk.write(lambda c: conversations.is_reachable(c, contact))
    later = desk.enqueue(contact, key="b2", kind=PurposeKind.STATUS)
    await desk.drain()
    assert desk.became(later) == ("skipped", SkipReason.UNREACHABLE)
    assert telegram.tried == 1


async def test_an_unknown_end_is_repeated_once_where_that_is_harmless(desk: Desk, telegram: Platform) -> None:
    telegram.down = fault(Failure.UNKNOWN)
    number = desk.enqueue(desk.contact("a"), repeat_harmless=True)
    await desk.go_on(hours=1)
    assert desk.became(number)[0] == "unknown"
    assert telegram.tried == 2


async def test_a_fault_of_the_channel_itself_is_an_unknown_end(desk: Desk, telegram: Platform) -> None:
    telegram.faults = [ValueError("a fault of ours")]
    first, second = desk.enqueue(desk.contact("a")), desk.enqueue(desk.contact("b"))
    await desk.drain()
    assert desk.became(first) == ("unknown", "unknown:fault:ValueError")
    assert desk.became(second) == SENT


# --- another way to the person ---


async def test_the_next_contact_is_used_when_the_window_is_shut(
    desk: Desk, telegram: Platform, wechat: Platform
) -> None:
    person = desk.person()
    own = desk.contact("w", channel="wechat", person=person)
    other = desk.contact("t", person=person)
    wechat.faults = [fault(Failure.WINDOW, "no_route")]
    number = desk.enqueue(own)
    await desk.drain()
    row = desk.row(number)
    assert (row.state, row.sent_to, row.lane, row.contact_id) == ("sent", other, "telegram", own)
    assert telegram.taken == {"t": 1}


async def test_two_shut_windows_do_not_pass_it_on_for_ever(
    desk: Desk, telegram: Platform, wechat: Platform
) -> None:
    person = desk.person()
    own = desk.contact("w", channel="wechat", person=person)
    desk.contact("t", person=person)
    telegram.down = wechat.down = fault(Failure.WINDOW)
    number = desk.enqueue(own)
    await desk.drain()
    assert desk.became(number) == ("held", "window:x")
    assert telegram.tried + wechat.tried == 2


async def test_an_unreachable_contact_is_replaced_by_another_of_the_person(
    desk: Desk, telegram: Platform
) -> None:
    person = desk.person()
    own = desk.contact("w", channel="wechat", person=person, reachable=False)
    desk.contact("t", person=person)
    number = desk.enqueue(own)
    await desk.drain()
    assert desk.became(number) == SENT
    assert telegram.taken == {"t": 1}


async def test_another_contact_that_wants_no_pushes_is_not_used(desk: Desk, telegram: Platform) -> None:
    person = desk.person()
    own = desk.contact("w", channel="wechat", person=person, reachable=False)
    desk.contact("t", person=person, push_allowed=False)
    number = desk.enqueue(own)
    await desk.drain()
    assert desk.became(number) == ("skipped", SkipReason.UNREACHABLE)


async def test_what_waits_in_a_closed_channel_goes_another_way_or_waits(
    desk: Desk, telegram: Platform
) -> None:
    person = desk.person()
    rescued = desk.enqueue(desk.contact("q", channel="qq", person=person))
    desk.contact("t", person=person)
    waiting = desk.enqueue(desk.contact("q2", channel="qq"), key="q", expires_at=NOON + timedelta(hours=2))
    await desk.drain()
    assert desk.became(rescued) == SENT
    assert desk.became(waiting)[0] == "queued"
    await desk.go_on(hours=2)
    assert desk.became(waiting) == ("expired", SkipReason.EXPIRED)


async def test_what_is_held_goes_after_the_person_has_written(desk: Desk, wechat: Platform) -> None:
    wechat.faults = [fault(Failure.WINDOW, "no_route")]
    number = desk.enqueue(desk.contact("w", channel="wechat"))
    await desk.go_on(minutes=10)
    assert desk.became(number)[0] == "held"
    await take(desk.turns, "你好", channel="wechat", address="w")
    await desk.drain()
    assert desk.became(number) == SENT
    assert wechat.taken == {"w": 1}


async def test_what_is_held_follows_the_person_to_where_they_write(
    desk: Desk, wechat: Platform, telegram: Platform
) -> None:
    person = desk.person()
    own = desk.contact("w", channel="wechat", person=person)
    desk.contact("t", person=person, push_allowed=False)
    wechat.down = fault(Failure.WINDOW)
    number = desk.enqueue(own, kind=PurposeKind.BROADCAST)
    await desk.drain()
    assert desk.became(number)[0] == "held"
    desk.write(lambda c: conversations.set_push(c, own + 1, True))
    await take(desk.turns, "你好", channel="telegram", address="t")
    await desk.drain()
    assert desk.became(number) == SENT
    assert telegram.taken == {"t": 1}


async def test_another_process_sees_that_the_person_has_written(desk: Desk, wechat: Platform) -> None:
    wechat.faults = [fault(Failure.WINDOW)]
    number = desk.enqueue(desk.contact("w", channel="wechat"))
    await desk.drain()
    desk.made()  # a process that heard nothing
    desk.turns.heard = lambda _contact: None
    desk.clock.move(minutes=1)
    await take(desk.turns, "你好", channel="wechat", address="w")
    await desk.drain()
    assert desk.became(number) == SENT


async def test_what_is_held_too_long_expires(desk: Desk, wechat: Platform) -> None:
    wechat.faults = [fault(Failure.WINDOW)]
    number = desk.enqueue(desk.contact("w", channel="wechat"), expires_at=NOON + timedelta(days=1))
    await desk.drain()
    await desk.go_on(days=1)
    assert desk.became(number) == ("expired", SkipReason.EXPIRED)


# --- an account at fault ---


async def test_a_revoked_token_stops_the_lane_and_tells_staff_by_another_way(
    desk: Desk, telegram: Platform, wechat: Platform
) -> None:
    clerk = desk.contact("clerk", channel="wechat", push_allowed=False)
    desk.write(lambda c: c.session.add(StaffBinding(staff="chen", contact_id=clerk, bound_at=NOON)))
    telegram.down = fault(Failure.ACCOUNT, "token refused")
    numbers = [desk.enqueue(desk.contact(str(n))) for n in range(120)]
    await desk.drain()
    tried = telegram.tried
    assert tried < 120, "it stops at once"
    assert [text for text in wechat.texts if "停发" in text] == wechat.texts
    assert len(wechat.texts) == 1
    await desk.go_on(minutes=4)
    assert telegram.tried == tried
    await desk.go_on(minutes=1)
    assert telegram.tried == tried + 1, "one message tries"
    telegram.down = None
    await desk.go_on(minutes=5)
    assert {desk.became(number) for number in numbers} == {SENT}
    assert telegram.taken == {str(n): 1 for n in range(120)}
    assert len(wechat.texts) == 1
    assert desk.write(stopped_lanes.stopped) == {}


async def test_a_stopped_lane_is_known_after_a_restart_and_goes_on_when_told(
    desk: Desk, telegram: Platform
) -> None:
    telegram.faults = [fault(Failure.ACCOUNT, "token refused")]
    number = desk.enqueue(desk.contact("a"))
    await desk.drain()
    desk.made()
    await desk.drain()
    assert telegram.tried == 1
    assert desk.write(lambda c: stopped_lanes.resume(c, "telegram"))
    await desk.drain()
    assert desk.became(number) == SENT


async def test_a_clock_set_back_does_not_keep_a_lane_stopped(desk: Desk, telegram: Platform) -> None:
    telegram.faults = [fault(Failure.ACCOUNT)]
    number = desk.enqueue(desk.contact("a"), due=NOON - timedelta(days=3))
    await desk.drain()
    await desk.go_on(hours=-3)
    desk.write(lambda c: None)
    await desk.go_on(hours=3, minutes=1)
    await desk.go_on(minutes=5)
    assert desk.became(number) == SENT


# --- dialogs that are opened ---

OPENS = Opens(
    "follow_up", {"step": 1, "kept_on": False, "about": {"host": "晨光科技有限公司", "turn": "first"}}
)


async def test_an_opened_dialog_understands_what_is_answered(desk: Desk, telegram: Platform) -> None:
    await take(desk.turns, "你好", channel="telegram", address="a")
    contact = desk.write(lambda c: conversations.find(c, "telegram", "a", None)).contact_id
    desk.write(lambda c: conversations.set_push(c, contact, True))
    desk.enqueue(contact, OPENS, kind=PurposeKind.FOLLOW_UP)
    await desk.drain()
    assert telegram.taken == {"a": 1}
    [message] = telegram.messages
    assert (message.dialog, message.step) == ("follow_up", "situation")
    assert "晨光科技有限公司" in message.text
    assert message.choices
    answer = await take(desk.turns, "1", channel="telegram", address="a")
    assert answer["dialog"] == "follow_up"


@pytest.mark.parametrize(
    "failure", [Failure.RETRY, Failure.WINDOW, Failure.PERSON, Failure.MESSAGE, Failure.ACCOUNT]
)
async def test_a_dialog_whose_question_was_not_asked_is_not_open(
    desk: Desk, telegram: Platform, failure: Failure
) -> None:
    await take(desk.turns, "你好", channel="telegram", address="a")
    found = desk.write(lambda c: conversations.find(c, "telegram", "a", None))
    desk.write(lambda c: conversations.set_push(c, found.contact_id, True))
    telegram.faults = [fault(failure)]
    desk.enqueue(found.contact_id, OPENS, kind=PurposeKind.FOLLOW_UP)
    await desk.drain()
    after = desk.write(lambda c: conversations.find(c, "telegram", "a", None))
    assert after.state_sealed == found.state_sealed
    assert (await take(desk.turns, "菜单", channel="telegram", address="a"))["dialog"] == "home"


async def test_somebody_new_has_no_dialog_open_that_was_not_asked(desk: Desk, telegram: Platform) -> None:
    contact = desk.contact("a")
    telegram.faults = [fault(Failure.RETRY)]
    number = desk.enqueue(contact, OPENS, kind=PurposeKind.FOLLOW_UP)
    await desk.drain()
    assert desk.write(lambda c: conversations.find(c, "telegram", "a", None)).state_sealed is None
    await desk.go_on(minutes=5)
    assert desk.became(number) == SENT
    assert (await take(desk.turns, "1", channel="telegram", address="a"))["dialog"] == "follow_up"


async def test_being_written_to_does_not_count_as_having_written(desk: Desk) -> None:
    await take(desk.turns, "你好", channel="telegram", address="a")
    contact = desk.write(lambda c: conversations.find(c, "telegram", "a", None)).contact_id
    desk.write(lambda c: conversations.set_push(c, contact, True))
    before = desk.write(_heard)
    desk.clock.move(days=3)
    desk.enqueue(contact, OPENS, kind=PurposeKind.FOLLOW_UP)
    await desk.drain()
    assert desk.write(_heard) == before


def _heard(connection: Connection) -> datetime:
    found: datetime = connection.sqlalchemy.execute(core(DialogSession).select()).one().updated_at
    return found


# --- our own page ---


async def test_a_push_to_the_page_is_stored_and_wakes_its_streams(desk: Desk) -> None:
    contact = desk.contact("w", channel="web")
    with desk.hub.listen(contact) as signal:
        number = desk.enqueue(contact, "有新岗位")
        await desk.drain()
        assert signal.is_set()
    assert (desk.row(number).state, desk.row(number).route) == ("sent", "stored")
    [entry] = desk.write(lambda c: conversations.entries_after(c, desk.sealer, contact, 0, 9))
    assert "有新岗位" in entry.content.decode()


async def test_every_push_stands_in_the_log_once(desk: Desk, telegram: Platform) -> None:
    telegram.faults = [fault(Failure.RETRY)]
    contact = desk.contact("a")
    desk.enqueue(contact, "有新岗位")
    await desk.drain()
    assert desk.write(lambda c: conversations.entries_after(c, desk.sealer, contact, 0, 9)) == []
    await desk.go_on(minutes=5)
    [entry] = desk.write(lambda c: conversations.entries_after(c, desk.sealer, contact, 0, 9))
    assert "有新岗位" in entry.content.decode()


# --- templates ---


async def test_a_template_is_filled_for_each_and_who_cannot_be_filled_fails_alone(
    desk: Desk, telegram: Platform
) -> None:
    purpose, names = desk.purpose(text="{{ greeting }}，您好"), {}
    for name in "abc":
        names[desk.contact(name)] = name
    table = deliveries.contact
    desk.write(lambda c: deliveries.freeze(c, purpose, table.select().with_only_columns(table.c.id)))
    desk.write(lambda c: deliveries.release(c, purpose, 10, desk.clock()))
    desk.made(
        lambda _c, _s, text, contacts, _t: {
            n: text.replace("{{ greeting }}", names[n]) for n in contacts if names[n] != "b"
        }
    )
    await desk.drain()
    assert sorted(telegram.texts) == ["a，您好", "c，您好"]
    counts = desk.write(lambda c: deliveries.counts(c, purpose))
    assert [(count.state.value, count.reason, count.number) for count in counts] == [
        ("failed", "text", 1),
        ("sent", None, 2),
    ]


async def test_a_row_that_cannot_be_worked_on_stops_nobody_else(desk: Desk, telegram: Platform) -> None:
    broken = desk.enqueue(desk.contact("a"), Opens("no_such_dialog", {}), due=NOON - timedelta(hours=1))
    fine = [desk.enqueue(desk.contact(name)) for name in "bcd"]
    await desk.drain()
    assert desk.became(broken)[0] == "failed"
    assert [desk.became(number) for number in fine] == [SENT] * 3


# --- unknown ends ---


async def test_unknown_ends_become_one_case_for_each_purpose(desk: Desk, telegram: Platform) -> None:
    telegram.down = fault(Failure.UNKNOWN)
    numbers = [desk.enqueue(desk.contact(str(n)), key="b1") for n in range(5)]
    desk.enqueue(desk.contact("x"), key="b2")
    await desk.drain()
    kinds = desk.write(_cases)
    assert kinds == [(CaseKind.UNKNOWN_DELIVERY, "open")] * 2
    assert [(one.key, one.number) for one in desk.write(delivery_records.unknown)] == [("b1", 5), ("b2", 1)]
    desk.write(lambda c: delivery_records.resolve(c, numbers, True, actor="cli:x", now=NOON))
    assert desk.write(_cases) == [(CaseKind.UNKNOWN_DELIVERY, "closed"), (CaseKind.UNKNOWN_DELIVERY, "open")]


def _cases(connection: Connection) -> list[tuple[str, str]]:
    return sorted((row.kind, row.status) for row in connection.session.exec(select(StaffCase)))


async def test_what_was_in_flight_when_the_process_died_is_unknown_and_not_sent_again(
    desk: Desk, telegram: Platform
) -> None:
    lost = desk.enqueue(desk.contact("a"), key="b1")
    harmless = desk.enqueue(desk.contact("b"), key="b2", repeat_harmless=True)
    desk.write(lambda c: desk.sender.claims.take(c, "telegram", 10, NOON))
    desk.made()  # the process died here
    assert await desk.sender.recover(None) == (1, 1)
    await desk.drain()
    assert desk.became(lost) == ("unknown", "interrupted")
    assert desk.became(harmless) == SENT
    assert telegram.taken == {"b": 1}
    assert desk.write(lambda c: c.session.get_one(Purpose, 1).case_id) is not None


async def test_what_another_process_is_sending_is_left_to_it_for_a_while(desk: Desk) -> None:
    number = desk.enqueue(desk.contact("a"))
    desk.write(lambda c: desk.sender.claims.take(c, "telegram", 10, NOON))
    assert await desk.sender.recover(NOON - timedelta(minutes=10)) == (0, 0)
    assert desk.became(number)[0] == "sending"
    assert await desk.sender.recover(NOON + timedelta(minutes=1)) == (1, 0)


async def test_the_sender_knows_better_than_whoever_thought_it_dead(desk: Desk, telegram: Platform) -> None:
    number = desk.enqueue(desk.contact("a"))
    telegram.on_send = lambda _: desk.write(
        lambda c: delivery_claims.interrupted(c, NOON, claimed_before=None)
    )
    await desk.drain()
    assert desk.became(number) == SENT


async def test_an_outcome_is_recorded_although_the_base_was_away(
    desk: Desk, telegram: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = desk.enqueue(desk.contact("a"))
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    desk.sender._sleep = sleep
    real, refusals = desk.database.write, [StorageUnavailable("disk full")] * 3

    async def write(work: Any, **more: Any) -> Any:  # noqa: ANN401
        if telegram.taken and refusals:
            raise refusals.pop()
        return await real(work, **more)

    monkeypatch.setattr(desk.database, "write", write)
    await desk.drain()
    assert desk.became(number) == SENT
    assert len(waits) == 3


# --- the loop ---


async def test_the_loop_sends_what_comes_and_ends_when_told(desk: Desk, telegram: Platform) -> None:
    stopping = asyncio.Event()
    numbers = [desk.enqueue(desk.contact(str(n))) for n in range(300)]
    task = asyncio.create_task(desk.sender.run(stopping, EmbeddedQueue(), alone=True))
    await until(lambda: asyncio.sleep(0, telegram.taken.total()), lambda taken: taken == 300)
    stopping.set()
    await asyncio.wait_for(task, 20)
    assert {desk.became(number) for number in numbers} == {SENT}
    assert set(telegram.taken.values()) == {1}


async def test_told_to_stop_it_gives_back_what_it_has_not_sent(desk: Desk, telegram: Platform) -> None:
    stopping = asyncio.Event()
    numbers = [desk.enqueue(desk.contact(str(n))) for n in range(90)]
    telegram.on_send = lambda _: stopping.set()
    await asyncio.wait_for(desk.sender.run(stopping, EmbeddedQueue(), alone=True), 20)
    states = desk.states()
    assert states["sent"] == telegram.taken.total()
    assert states["queued"] == 90 - telegram.taken.total() > 0
    assert set(states) <= {"sent", "queued"}
    desk.made()
    await desk.drain()
    assert {desk.became(number) for number in numbers} == {SENT}
