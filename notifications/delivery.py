"""The sender (投递): takes what is due from the ledger lane by lane, sends it, and records what became of it.

A transaction decides and claims, then the claimed go out side by side, and every outcome is committed by itself (the
writer lets outcomes that come together share a commit). Nothing is sent before its claim is on the disk; nothing that
may have been taken is sent again. What a lane is slow or stopped for does not hold up the others, and replies to
people do not stand in any lane at all.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

import structlog

from notifications import settling
from notifications.channel import Failure, Receipt, SendFailed
from notifications.claiming import Claims, Ready, Taken, Wording
from notifications.lanes import PROBE_AFTER, Lane
from notifications.queue import Payload, Queue
from policy.outgoing_codes import DeliveryState as State
from storage import broadcasts, delivery_claims, delivery_records, stopped_lanes
from storage.database import Connection, Database
from storage.delivery_claims import LEAVE_OUT
from storage.errors import StorageUnavailable
from storage.sealing import Sealer

log = structlog.get_logger()

T = TypeVar("T")

PORTION: Final = 100
"""Messages stored, or moved, in one transaction: few enough that a person's turn never waits for it."""
STALE: Final = timedelta(minutes=10)
"""A claim older than this belongs to a process that died."""
TICK_SECONDS: Final = 1.0
TEND_EVERY: Final = 10
"""Ticks after which what waits is looked after."""
DRAIN: Final = "drain"
"""The name of the job that empties a lane."""
CLAIMING: Final = "deliveries"
"""The lock under which processes claim, so that two of them do not both write to one person."""


class Watch(Protocol):
    """Whoever counts and listens: metrics, and the pages that show what was said."""

    def delivered(self, channel: str, state: str) -> None:
        """A message over this channel has come to this state."""

    def published(self, contact_id: int) -> None:
        """Something new stands in this contact's conversation."""

    def waiting(self, seconds: Mapping[str, float]) -> None:
        """For how long the oldest message that is due has been waiting, by lane."""

    def stopped(self, channel: str, stopped: bool) -> None:
        """Whether an account is at fault."""


class Sender:
    """Empties the ledger. `once` does a portion of every lane, for tests and the command line; `run` goes on."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        lanes: Mapping[str, Lane],
        wording: Wording,
        clock: Callable[[], datetime],
        zone: ZoneInfo,
        watch: Watch,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.database = database
        self.sealer = sealer
        self.lanes = lanes
        self.clock = clock
        self.zone = zone
        self.watch = watch
        self.claims = Claims(wording, zone, [*lanes, *wording.local])
        self._sleep = sleep
        self._woken: set[int] = set()
        self._stopping = asyncio.Event()

    def wake(self, contact_id: int) -> None:
        """This contact is just writing: what was held for it may go after the answer. From any thread."""
        self._woken.add(contact_id)

    # --- going on ---

    async def run(self, stopping: asyncio.Event, queue: Queue, *, alone: bool) -> None:
        """Send until told to stop; `alone` when no other process sends from this base.

        Every lane is emptied by a job of the queue, one at a time. `EmbeddedQueue` knows of this process alone: a
        second process never sends the same message, but keeps a pace of its own beside this one's.
        """
        self._stopping = stopping
        queue.serve(DRAIN, self._drain)
        await self._safely(lambda: self.recover(None if alone else self.clock() - STALE))
        await asyncio.gather(queue.run(stopping), self._tend(queue, alone=alone))

    async def once(self) -> int:
        """Look after everything once and send a portion of every lane; returns how many rows were looked at."""
        await self.wake_people()
        await self.look_after()
        looked_at = 0
        for channel in self.claims.wording.local:
            looked_at += (await self._take(channel, PORTION)).looked_at
        for lane in self.lanes.values():
            if (room := lane.room(0, self.clock())) > 0:
                taken = await self._take(lane.name, room)
                looked_at += taken.looked_at
                await asyncio.gather(*(self._send(lane, each) for each in taken.ready))
        return looked_at

    async def _tend(self, queue: Queue, *, alone: bool) -> None:
        ticks = 0
        while not self._stopping.is_set():
            if ticks % TEND_EVERY == 0:
                await self._safely(self.look_after)
                if not alone:
                    await self._safely(lambda: self.recover(self.clock() - STALE))
            await self._safely(self.wake_people)
            for name in self.claims.open_channels:
                key = f"lane:{name}"
                await queue.enqueue(DRAIN, {"lane": name}, lock=key, queueing_lock=key)
            ticks += 1
            await self._rest(TICK_SECONDS)

    async def _drain(self, payload: Payload) -> None:
        """Empty a lane; ends when nothing more is due in it, or its account is at fault."""
        name = payload["lane"]
        lane = self.lanes.get(name)
        if lane is not None:
            await self._drain_lane(lane)
            return
        while not self._stopping.is_set():
            taken = await self._safely(lambda: self._take(name, PORTION))
            if taken is None or taken.looked_at < PORTION:
                return

    async def _drain_lane(self, lane: Lane) -> None:
        """What is on its way is not waited for before more is claimed; at the end it is."""
        going: set[asyncio.Task[None]] = set()
        taken: Taken | None = None
        while not self._stopping.is_set():
            room = lane.room(len(going), self.clock())
            if room > 0:
                taken = await self._safely(lambda room=room: self._take(lane.name, room))  # type: ignore[misc]
                if taken is None or not taken.looked_at:
                    break
                for each in taken.ready:
                    task = asyncio.create_task(self._send(lane, each))
                    going.add(task)
                    task.add_done_callback(going.discard)
            elif going:
                await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
            else:
                break
        await asyncio.gather(*going)

    async def _rest(self, seconds: float) -> None:
        """Wait, unless told to stop."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _safely(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Nothing may end the loops: what fails is logged, and tried again with the next round."""
        try:
            return await work()
        except StorageUnavailable as error:
            log.error("delivery_waits_for_storage", reason=str(error))
        except Exception as error:
            log.error("delivery_fault", trace=_trace(error))
        await self._rest(TICK_SECONDS)
        return None

    # --- looking after what waits ---

    async def recover(self, claimed_before: datetime | None) -> tuple[int, int]:
        """Settle what a process that died left in flight: how many are unknown, how many harmlessly go again."""
        now = self.clock()

        def work(connection: Connection) -> tuple[int, int]:
            lost, again = delivery_claims.interrupted(connection, now, claimed_before=claimed_before)
            for purpose_id in set(lost):
                delivery_records.report_unknown(connection, self.sealer, purpose_id, now)
            return len(lost), again

        found = await self.database.write(work)
        if any(found):
            log.warning("deliveries_interrupted", unknown=found[0], again=found[1])
        return found

    async def wake_people(self) -> None:
        """Let go what was held for those who have written since the last time."""
        woken, self._woken = self._woken, set()
        if woken:
            now = self.clock()
            await self.database.write(lambda connection: delivery_claims.wake_held(connection, woken, now))

    async def look_after(self) -> None:
        """Broadcasts go on, what was held too long expires, lanes follow what is known of them elsewhere."""
        now = self.clock()
        today = now.astimezone(self.zone).date()
        heard = await self.database.read(delivery_claims.heard_since_held)
        # Counting a large broadcast takes long: not in the writer, where people wait for their answers.
        standings = await self.database.read(broadcasts.standings)

        def work(
            connection: Connection,
        ) -> tuple[Mapping[str, stopped_lanes.Stopped], Mapping[str, datetime]]:
            broadcasts.advance(connection, now, today, standings)
            delivery_claims.wake_held(connection, heard, now)
            delivery_claims.expire_held(connection, now)
            waiting = delivery_claims.lanes_waiting(connection, now)
            for lane in waiting.keys() - self.claims.open_channels:
                self.claims.rescue(connection, lane, PORTION, now)
            return stopped_lanes.stopped(connection), waiting

        stopped, waiting = await self.database.write(work, lock=CLAIMING)
        for name, lane in self.lanes.items():
            known = stopped.get(name)
            if known is None:
                lane.resume()
            else:
                lane.stop(known.fault, known.probe_at)
            self.watch.stopped(name, known is not None)
        self.watch.waiting({lane: (now - since).total_seconds() for lane, since in waiting.items()})

    # --- claiming ---

    async def _take(self, lane: str, limit: int) -> Taken:
        """Claim a portion of a lane. A row that cannot be worked on is set aside, so that it stops nobody else."""
        now = self.clock()
        try:
            taken = await self.database.write(
                lambda connection: self.claims.take(connection, lane, limit, now), lock=CLAIMING
            )
        except StorageUnavailable:
            raise
        except Exception as error:
            if limit > 1:
                return await self._take(lane, 1)
            log.error("delivery_cannot_be_claimed", lane=lane, trace=_trace(error))
            kind = type(error).__name__
            await self.database.write(
                lambda connection: _set_aside(connection, lane, kind, now), lock=CLAIMING
            )
            return Taken(1, (), ())
        for contact_id in taken.stored:
            self.watch.delivered(lane, State.SENT)
            self.watch.published(contact_id)
        return taken

    # --- sending, and what became of it ---

    async def _send(self, lane: Lane, ready: Ready) -> None:
        if self._stopping.is_set() or lane.rests(self.clock()):  # nothing was sent: it keeps its place
            await self._settle(lambda c, now: settling.deliver_again(c, ready, now, "lane"))
            return
        await lane.turn()
        receipt, problem = await self._attempt(lane, ready)
        if problem is None:
            assert receipt is not None
            done = receipt
            state = await self._settle(lambda c, now: settling.sent(c, self.claims, lane, ready, done, now))
            if lane.fault:
                log.info("lane_resumed", channel=lane.name)
                lane.resume()
        else:
            fault = problem
            if fault.failure is Failure.ACCOUNT:
                log.error("lane_stopped", channel=lane.name, code=fault.code)
                lane.stop(fault.code, self.clock() + PROBE_AFTER)
            state = await self._settle(
                lambda c, now: settling.failed(c, self.sealer, self.claims, lane, ready, fault, now)
            )
            if state is State.UNKNOWN:
                log.warning("delivery_unknown", channel=lane.name, delivery=ready.one.id, code=fault.code)
        if state is not None:
            self.watch.delivered(lane.name, state)

    async def _attempt(self, lane: Lane, ready: Ready) -> tuple[Receipt | None, SendFailed | None]:
        """Send all messages of a delivery; once a part has gone out the whole may not go again."""
        receipt: Receipt | None = None
        try:
            for message in ready.worded.messages:
                receipt = await lane.channel.send(ready.recipient, message)
        except SendFailed as problem:
            if receipt is None:
                return None, problem
            return None, SendFailed(Failure.UNKNOWN, f"part:{problem.code}")
        except Exception as error:  # a fault of the channel's code: nobody knows how far it came
            log.error("channel_fault", channel=lane.name, trace=_trace(error))
            return None, SendFailed(Failure.UNKNOWN, f"fault:{type(error).__name__}")
        return receipt, None

    async def _settle(self, work: Callable[[Connection, datetime], T]) -> T | None:
        """Record an outcome. It must not be lost: tried until the base takes it, or the process ends."""
        while True:
            now = self.clock()
            try:
                return await self.database.write(lambda connection: work(connection, now))  # noqa: B023 - awaited here
            except StorageUnavailable as error:
                log.error("outcome_not_stored", reason=str(error))
                if self._stopping.is_set():
                    return None
                await self._sleep(TICK_SECONDS)


def _set_aside(connection: Connection, lane: str, kind: str, now: datetime) -> None:
    for one in delivery_claims.candidates(connection, lane, now, 1):
        connection.run(LEAVE_OUT, (State.FAILED, f"fault:{kind}", now, one.id))


def _trace(error: BaseException) -> str:
    """Where an error arose, without its text, which may quote what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} " + " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames[-6:]))
