"""Whatever happens in whatever order: nobody is written to twice for one occasion, nobody is forgotten.

A machine plays the sender, a platform with its moods, people and deaths of the process; a plain count of what arrived
is held against what the ledger says.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bot.texts import catalogue
from bot.turns import Turns
from notifications.channel import Failure
from policy.outgoing_codes import DeliveryState, PurposeKind
from storage import conversations
from storage.database import Database
from storage.keys import KeyFile, create_key_file
from storage.sealing import Sealer
from tests.notifications.platform import Desk, Platform, fault
from tests.talking import Clock, take

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = 4
FINAL = {
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.REFUSED,
    DeliveryState.EXPIRED,
    DeliveryState.SKIPPED,
    DeliveryState.UNKNOWN,
    DeliveryState.HELD,
}
failures = st.sampled_from(list(Failure))


class Killed(BaseException):
    """The process ends here."""


class Ledger(RuleBasedStateMachine):
    """People have a Telegram and a WeChat contact each."""

    template: Path

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="jianxi-machine-"))
        shutil.copyfile(self.template, self.folder / "jianxi.db")
        create_key_file(self.folder / "secret.key")
        database = Database(f"sqlite:///{self.folder}/jianxi.db")
        sealer, clock = Sealer(KeyFile(self.folder / "secret.key")), Clock()
        turns = Turns(database, sealer, catalogue(), clock, ZONE)
        self.channels = [Platform("telegram", taken_though=True), Platform("wechat", taken_though=True)]
        self.desk = Desk(database, sealer, turns, clock, *self.channels)
        self.contacts: list[int] = []
        for number in range(PEOPLE):
            person = self.desk.person(f"44010619990101{number:04d}")
            self.contacts += [
                self.desk.contact(f"{number}", channel=channel, person=person)
                for channel in ("telegram", "wechat")
            ]
        self.made: dict[int, tuple[str, bool]] = {}
        """Text of each delivery, and whether it may be repeated."""

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        try:
            self.calm()
        finally:
            self.desk.database.close_sync()
            self.loop.close()
            shutil.rmtree(self.folder)

    def calm(self) -> None:
        """In the end all is well again, for long enough: then everything must have found its end."""
        for channel in self.channels:
            channel.down, channel.faults = None, []
        self.restart()
        for _ in range(30):  # long enough for the last of many check-ins of one person, three a week
            self.desk.clock.now += timedelta(hours=50)
            self.run(self.desk.drain())
        states = self.desk.states()
        assert set(states) <= FINAL, f"something was left lying: {states}"
        assert states.total() == len(self.made)
        self.nothing_twice()

    def run(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        self.loop.run_until_complete(work)

    @rule(
        who=st.integers(0, 2 * PEOPLE - 1),
        kind=st.sampled_from([PurposeKind.BROADCAST, PurposeKind.CHECK_IN, PurposeKind.STATUS]),
        harmless=st.booleans(),
    )
    def enqueue(self, who: int, kind: PurposeKind, harmless: bool) -> None:
        key = f"k{len(self.made)}"
        number = self.desk.enqueue(
            self.contacts[who], f"#{key}#", key=key, kind=kind, repeat_harmless=harmless
        )
        self.made[number] = (f"#{key}#", harmless)

    @rule(which=st.integers(0, 1), met=st.lists(failures, max_size=3))
    def moods(self, which: int, met: list[Failure]) -> None:
        self.channels[which].faults = [fault(failure) for failure in met]

    @rule(which=st.integers(0, 1), failure=st.one_of(st.none(), failures))
    def weather(self, which: int, failure: Failure | None) -> None:
        self.channels[which].down = fault(failure) if failure else None

    @rule(minutes=st.sampled_from([-180, 1, 10, 90, 700, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.desk.clock.move(minutes=minutes)
        self.run(self.desk.sender.once())

    @rule(who=st.integers(0, 2 * PEOPLE - 1))
    def somebody_writes(self, who: int) -> None:
        channel = self.channels[who % 2].name
        self.run(take(self.desk.turns, "你好", channel=channel, address=str(who // 2)))

    @rule(who=st.integers(0, 2 * PEOPLE - 1), wanted=st.booleans())
    def changes_their_mind(self, who: int, wanted: bool) -> None:
        self.desk.write(lambda c: conversations.set_push(c, self.contacts[who], wanted))
        self.desk.write(lambda c: conversations.set_reachable(c, self.contacts[who], wanted))

    @rule(after=st.integers(0, 3), before_it_arrives=st.booleans())
    def dies(self, after: int, before_it_arrives: bool) -> None:
        """The process ends in the middle of a message; the next one finds what it left."""
        seen = 0

        def kill(_address: str) -> None:
            nonlocal seen
            seen += 1
            if seen > after:
                raise Killed

        for channel in self.channels:
            if before_it_arrives:
                channel.on_send = kill
            else:
                channel.on_taken = kill
        with suppress(Killed):
            self.run(self.desk.sender.once())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.restart()

    def restart(self) -> None:
        for channel in self.channels:
            channel.on_send = channel.on_taken = lambda _address: None
        self.desk.made()
        self.run(self.desk.sender.recover(None))

    @invariant()
    def nothing_twice(self) -> None:
        if not hasattr(self, "made"):
            return
        texts = Counter(text for channel in self.channels for text in channel.texts)
        for number, (text, harmless) in self.made.items():
            state, arrived = self.desk.row(number).state, texts[text]
            assert arrived <= 1 or harmless, f"{text} was said {arrived} times"
            if state == DeliveryState.SENT:
                assert arrived, f"{text} is said to be sent, and was not"
            elif state != DeliveryState.UNKNOWN and not harmless:
                assert not arrived, f"{text} arrived, and the ledger says {state}"


def test_nothing_is_said_twice_or_forgotten_whatever_happens(sqlite_template: Path) -> None:
    Ledger.template = sqlite_template
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(
                Phase.explicit,
                Phase.reuse,
                Phase.generate,
            ),  # to shrink a run of many steps takes minutes
        ),
    )
