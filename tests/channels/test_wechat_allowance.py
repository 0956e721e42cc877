"""The allowance is right to the message: boundaries, order of use, and a month against a plain model."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.allowance import (
    RULES,
    Kind,
    Route,
    Window,
    choose,
    left,
    opened,
    spent,
    usable,
)
from storage import allowances
from storage.database import Connection, Database
from tests.storage import rows

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "messages", "lasts"),
    [
        (Kind.MESSAGE, 5, timedelta(hours=48)),
        (Kind.MENU, 3, timedelta(minutes=1)),
        (Kind.FOLLOW, 3, timedelta(minutes=1)),
        (Kind.SCAN, 3, timedelta(minutes=1)),
    ],
)
def test_a_window_holds_so_many_and_ends_on_the_second(kind: Kind, messages: int, lasts: timedelta) -> None:
    ledger = opened((), kind, NOON)
    assert left(ledger, NOON) == left(ledger, NOON + lasts - SECOND) == messages
    assert left(ledger, NOON + lasts) == 0
    assert len(spent(ledger, NOON, messages)) == 1
    assert spent(ledger, NOON, messages + 1) == ()


def test_the_newest_of_a_kind_replaces_the_one_before_and_late_news_changes_nothing() -> None:
    used = (Window(Kind.MESSAGE, NOON, 4),)
    assert left(opened(used, Kind.MESSAGE, NOON + SECOND), NOON + SECOND) == 5
    assert opened(used, Kind.MESSAGE, NOON - SECOND) == used


def test_what_ends_first_is_used_first() -> None:
    ledger = opened(opened((), Kind.MESSAGE, NOON), Kind.SCAN, NOON)
    assert [window.kind for window in usable(ledger, NOON)] == [Kind.SCAN, Kind.MESSAGE]
    assert spent(ledger, NOON, 4) == (Window(Kind.SCAN, NOON, 3), Window(Kind.MESSAGE, NOON, 1))
    assert left(ledger, NOON + timedelta(minutes=1)) == 5


@pytest.mark.parametrize(
    ("ledger", "messages", "consents", "template", "expected"),
    [
        ((Window(Kind.MESSAGE, NOON, 4),), 1, 3, True, Route.CUSTOMER),
        ((Window(Kind.MESSAGE, NOON, 4),), 2, 3, True, Route.SUBSCRIPTION),
        ((Window(Kind.MESSAGE, NOON, 5),), 1, 1, True, Route.SUBSCRIPTION),
        ((), 1, 0, True, Route.TEMPLATE),
        ((), 1, 0, False, Route.HOLD),
        ((Window(Kind.SCAN, NOON - timedelta(minutes=1), 0),), 1, 0, False, Route.HOLD),
    ],
)
def test_the_way_out(
    ledger: tuple[Window, ...], messages: int, consents: int, template: bool, expected: Route
) -> None:
    assert choose(ledger, NOON, messages, consents=consents, template=template) is expected


# --- a month against a plain model ---


class Tickets:
    """The model: every message that may be sent is a ticket with the second on which it becomes worthless."""

    def __init__(self) -> None:
        self.held: list[tuple[int, str]] = []

    def act(self, kind: str, second: int) -> None:
        number, seconds = {"message": (5, 172_800), "menu": (3, 60), "follow": (3, 60), "scan": (3, 60)}[kind]
        self.held = [ticket for ticket in self.held if ticket[1] != kind] + [
            (second + seconds, kind)
        ] * number

    def good(self, second: int) -> list[tuple[int, str]]:
        return sorted(ticket for ticket in self.held if ticket[0] > second)

    def send(self, second: int) -> bool:
        good = self.good(second)
        if good:
            self.held.remove(good[0])
        return bool(good)


EVENTS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 90), st.integers(0, 43_200), st.integers(170_000, 175_000)),
        st.sampled_from([*Kind, *["send"] * 5]),
    ),
    max_size=120,
)


@settings(max_examples=300)
@given(EVENTS)
def test_a_month_of_anything_is_counted_to_the_message(events: list[tuple[int, str]]) -> None:
    ledger: tuple[Window, ...] = ()
    model, second = Tickets(), 0
    for wait, what in events:
        second = min(second + wait, 30 * 86_400)
        now = NOON + timedelta(seconds=second)
        if what == "send":
            changed = spent(ledger, now)
            assert bool(changed) == model.send(second)
            kept = {window.kind: window for window in (*ledger, *changed)}
            ledger = tuple(kept.values())
        else:
            ledger = opened(ledger, Kind(what), now)
            model.act(what, second)
        assert left(ledger, now) == len(model.good(second))
        assert all(window.used <= RULES[window.kind].messages for window in ledger)


# --- the rows ---


def test_the_rows_keep_the_ledger(database: Database) -> None:
    contact_id = database.write_sync(rows.contact)

    def work(connection: Connection) -> list[list[allowances.Row]]:
        seen = []
        allowances.open_window(connection, contact_id, Kind.MESSAGE, NOON)
        allowances.use(connection, contact_id, allowances.Row(Kind.MESSAGE, NOON, 3))
        seen.append(allowances.windows(connection, contact_id))
        allowances.open_window(connection, contact_id, Kind.MESSAGE, NOON - SECOND)
        allowances.give_back(connection, contact_id, Kind.MESSAGE, NOON, 2)
        seen.append(allowances.windows(connection, contact_id))
        allowances.give_back(connection, contact_id, Kind.MESSAGE, NOON, 2)
        seen.append(allowances.windows(connection, contact_id))
        allowances.open_window(connection, contact_id, Kind.MESSAGE, NOON + SECOND)
        allowances.give_back(connection, contact_id, Kind.MESSAGE, NOON, 1)
        seen.append(allowances.windows(connection, contact_id))
        return seen

    counted = database.write_sync(work)
    assert [[(row.opened_at - NOON, row.used) for row in state] for state in counted] == [
        [(timedelta(), 3)],
        [(timedelta(), 1)],
        [(timedelta(), 1)],
        [(SECOND, 0)],
    ]


def test_consents_are_counted_by_template(database: Database) -> None:
    contact_id = database.write_sync(rows.contact)

    def work(connection: Connection) -> list[int]:
        allowances.add_consent(connection, contact_id, "T1")
        allowances.add_consent(connection, contact_id, "T1")
        seen = [allowances.consents(connection, contact_id, name) for name in ("T1", "T2")]
        allowances.set_consents(connection, contact_id, "T1", 0)
        return [*seen, allowances.consents(connection, contact_id, "T1")]

    assert database.write_sync(work) == [2, 0, 0]


def test_a_contact_gets_its_share_of_mass_messages_each_month(database: Database) -> None:
    contact_id = database.write_sync(rows.contact)
    november, december = NOON, NOON + timedelta(days=30)

    def work(connection: Connection) -> list[bool]:
        taken = [allowances.take_mass(connection, contact_id, november, 4) for _ in range(5)]
        allowances.give_back_mass(connection, contact_id, november)
        taken.append(allowances.take_mass(connection, contact_id, november, 4))
        taken.append(allowances.take_mass(connection, contact_id, december, 4))
        assert allowances.windows(connection, contact_id) == []
        return taken

    assert database.write_sync(work) == [True, True, True, True, False, True, True]
