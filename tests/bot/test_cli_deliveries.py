"""`jianxi deliveries …`: what a clerk sees of the ledger and does with it; nothing personal is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.app import Parts
from policy.outgoing_codes import DeliveryState, PurposeKind
from storage import deliveries, stopped_lanes
from storage.database import Connection
from storage.deliveries import Said
from storage.outgoing_tables import Delivery
from storage.tables import Contact, core
from tests.serving import Run
from tests.talking import NOON

table = core(Delivery)


@pytest.fixture
def numbers(parts: Parts) -> list[int]:
    """Three messages for one purpose; the first is sent, the others have an unknown end."""

    def work(connection: Connection) -> list[int]:
        purpose = deliveries.purpose(connection, "broadcast:1", PurposeKind.BROADCAST, NOON)
        made = []
        for name in "abc":
            contact = Contact(channel="telegram", address=f"13800138000{name}", created_at=NOON)
            connection.session.add(contact)
            connection.session.flush()
            assert contact.id is not None
            number = deliveries.enqueue(
                connection, parts.sealer, purpose, contact.id, Said("张伟，您好"), due_at=NOON
            )
            assert number is not None
            made.append(number)
        _set(connection, table.c.id == made[0], DeliveryState.SENT)
        _set(connection, table.c.id != made[0], DeliveryState.UNKNOWN)
        return made

    return parts.database.write_sync(work)


def _set(connection: Connection, which: Any, state: DeliveryState) -> None:  # noqa: ANN401 - a condition
    connection.sqlalchemy.execute(
        table.update().where(which).values(state=state, reason="interrupted", settled_at=NOON, sent_at=NOON)
    )


def states(run: Run) -> list[str]:
    return [row["state"] for row in json.loads(run("deliveries", "list", "--json").out)]


def test_lists_are_narrowed_and_show_nobody(run: Run, numbers: list[int]) -> None:
    done = run("deliveries", "list", "--purpose", "broadcast:1", "--state", "unknown", "--json")
    rows = json.loads(done.out)
    assert [row["id"] for row in rows] == numbers[:0:-1]
    assert {row["reason_label"] for row in rows} == {"程序中断"}
    for text in (done.out, run("deliveries", "list").out):
        assert "张伟" not in text
        assert "13800138000" not in text
    assert (
        json.loads(run("deliveries", "list", "--before", str(numbers[1]), "--json").out)[0]["id"]
        == numbers[0]
    )


def test_counts_are_by_state_and_reason(run: Run, numbers: list[int]) -> None:
    rows = json.loads(run("deliveries", "counts", "broadcast:1", "--json").out)
    assert [(row["state"], row["number"]) for row in rows] == [("sent", 1), ("unknown", 2)]
    assert run("deliveries", "counts", "no such thing").status == 1


def test_unknown_ends_are_listed_and_settled(run: Run, numbers: list[int]) -> None:
    [row] = json.loads(run("deliveries", "unknown", "--json").out)
    assert (row["purpose"], row["number"]) == ("broadcast:1", 2)
    assert run("deliveries", "resolve", str(numbers[1]), "--arrived").status == 0
    assert run("deliveries", "retry", "--purpose", "broadcast:1").status == 0
    assert states(run) == ["queued", "sent", "sent"]
    assert json.loads(run("deliveries", "unknown", "--json").out) == []


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (("resolve", "1", "--arrived"), 1, "不用核实"),
        (("resolve", "999", "--arrived"), 1, "没有这个编号"),
        (("resolve", "1"), 2, "--arrived"),
        (("resolve", "--arrived"), 2, "二选一"),
        (("retry", "1"), 1, "不能重发"),
        (("retry", "1", "--purpose", "broadcast:1"), 2, "二选一"),
        (("list", "--state", "lost"), 2, "没有“lost”这个状态"),
        (("resume", "wechat"), 1, "没有停发"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, numbers: list[int], arguments: tuple[str, ...], status: int, word: str
) -> None:
    done = run("deliveries", *arguments)
    assert done.status == status
    assert word in done.error


def test_a_stopped_lane_is_shown_and_resumed(run: Run, parts: Parts) -> None:
    stop: Callable[[Connection], None] = lambda c: stopped_lanes.stop(c, "wechat", "40001", NOON, NOON)  # noqa: E731
    parts.database.write_sync(stop)
    assert json.loads(run("deliveries", "lanes", "--json").out)[0]["fault"] == "40001"
    assert run("deliveries", "resume", "wechat").status == 0
    assert "没有停发" in run("deliveries", "lanes").out
