"""Pushes (推送): the words of what goes out, the conversation it becomes part of, and the sender put together.

A push is part of the conversation. A dialog that is opened for somebody is stored as their session in the transaction
that claims the message, so that what they answer is understood, and put back if nothing was sent; what was said stands
in the log, where the web page and its event stream find it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import orjson
import structlog

from bot.hub import Hub
from bot.logs import trace
from bot.metrics import Metrics
from bot.outbox import outgoing
from bot.turns import Turns
from dialogs.definition import Finish
from dialogs.model import Choice, Link, Opened, Session
from notifications.channel import Channel, Outgoing
from notifications.claiming import Occupied, Worded
from notifications.delivery import Sender
from notifications.lanes import PACES, Pace, lane
from notifications.queue import EmbeddedQueue
from storage import conversations, deliveries
from storage.conversations import CONTENT
from storage.database import Connection
from storage.deliveries import Opens, Said
from storage.delivery_claims import FORGET_OPENED, PUT_BACK, Candidate, Known
from storage.sealing import Sealer

log = structlog.get_logger()

LOCAL: Final = ("web", "terminal")
"""Channels that are ours: what is stored there has arrived."""

Fill = Callable[[Connection, Sealer, str, Sequence[int], date], Mapping[int, str]]
"""Fills a template for contacts; those for whom it cannot be filled are left out."""


def as_it_is(
    _connection: Connection, _sealer: Sealer, text: str, contacts: Sequence[int], _today: date
) -> Mapping[int, str]:
    """A text without variables is the same for everybody."""
    return dict.fromkeys(contacts, text)


class Pushes:
    """The words of messages. `fill` fills the templates of broadcasts."""

    local: Collection[str] = LOCAL

    def __init__(self, turns: Turns, fill: Fill = as_it_is) -> None:
        self.turns = turns
        self.fill = fill

    def texts(self, connection: Connection, chosen: Sequence[Candidate], now: datetime) -> Mapping[int, str]:
        """The filled templates, by delivery: one call for all the contacts of a template."""
        today = now.astimezone(self.turns.zone).date()
        by_text: dict[str, list[Candidate]] = {}
        for one in chosen:
            if one.content_sealed is None and one.text:
                by_text.setdefault(one.text, []).append(one)
        found: dict[int, str] = {}
        for text, theirs in by_text.items():
            numbers = [one.contact_id for one in theirs]
            filled = self.fill(connection, self.turns.sealer, text, numbers, today)
            found |= {one.id: filled[one.contact_id] for one in theirs if filled.get(one.contact_id)}
        return found

    def word(
        self, connection: Connection, one: Candidate, to: Known, text: str, now: datetime
    ) -> Worded | None:
        """The message of a delivery; a dialog is opened for the person with it. Raises `Occupied`."""
        content = Said(text)
        if one.content_sealed is not None:
            kept = deliveries.opened(self.turns.sealer, one.content_sealed)
            if isinstance(kept, Opens):
                return self._open(connection, kept, to, now)
            content = kept
        return self._say(connection, content, to, now)

    def _say(self, connection: Connection, content: Said, to: Known, now: datetime) -> Worded:
        choices = tuple(Choice(value, label) for value, label in content.choices)
        links = tuple(Link(label, url) for label, url in content.links)
        said: dict[str, Any] = {
            "text": content.text,
            "choices": [choice._asdict() for choice in choices],
            "links": [link._asdict() for link in links],
        }
        if content.dialog:
            said |= {"dialog": content.dialog, "step": content.step}
        body: dict[str, Any] = {"dialog": content.dialog, "step": content.step}
        if (
            to.channel in LOCAL
        ):  # the page shows with it where the conversation stands, which a push does not move
            found = conversations.find(connection, to.channel, to.address, None)
            _, session, local = self.turns.open(connection, to.channel, to.address, found)
            body = orjson.loads(self.turns.body(session, [], local))
        entry = self._entry({**body, "replies": [said]}, now)
        message = Outgoing(content.text, choices, links, content.dialog, content.step)
        return Worded((message,), entry, content.dialog, content.step)

    def _open(self, connection: Connection, kept: Opens, to: Known, now: datetime) -> Worded | None:
        """Open a dialog for a contact as if they had come to it; its first words are the message."""
        turns = self.turns
        if not connection.try_lock((to.channel, to.address)):
            raise Occupied
        found = conversations.find(connection, to.channel, to.address, None)
        assert found is not None
        desk, session, local = turns.open(connection, to.channel, to.address, found)
        before = session if found.state_sealed is not None else None
        session, says = turns.advance(desk, session, Opened(kept.dialog, kept.answers), local)
        if not says:
            return None
        # One message: it arrives as a whole or not at all, and costs one of the few that a platform allows.
        says = [says[-1]._replace(text="\n".join(say.text for say in says))]
        if turns.forms is not None:
            says = turns.forms.linked(desk, session, says)
        stored = turns.keep(desk, session, at=to.heard)
        body = turns.body(session, says, local)
        take_back = partial(
            _take_back, contact_id=to.contact_id, before=before, sealed=found.state_sealed, stored=stored
        )
        entry = self._entry(orjson.Fragment(body), now)
        return Worded(outgoing(body), entry, session.dialog, session.step, take_back)

    def _entry(self, reply: Mapping[str, Any] | orjson.Fragment, now: datetime) -> bytes:
        """What the log keeps: an answer to nothing that was said."""
        at = now.astimezone(self.turns.zone).isoformat(timespec="seconds")
        return orjson.dumps({"said": "", "mark": "", "at": at, "reply": reply})

    def note(self, connection: Connection, contact_id: int, worded: Worded, now: datetime) -> None:
        """Put what was said into the conversation's log."""
        sealed = self.turns.sealer.seal(worded.entry, CONTENT)
        conversations.log(connection, contact_id, None, worded.dialog, worded.step, sealed, now)

    def busy(self, dialog: str, step: str) -> bool:
        """Whether somebody who stands there is in the middle of a dialog: not at its end, nor in the menu."""
        known = self.turns.catalogue.dialogs.get(dialog)
        node = known.nodes.get(step) if known is not None else None
        return node is not None and dialog not in ("home", "questions") and not isinstance(node.step, Finish)


def _take_back(
    connection: Connection, *, contact_id: int, before: Session | None, sealed: bytes | None, stored: bytes
) -> None:
    """Nothing was sent: the conversation stands where it stood, unless the person has spoken since."""
    if before is None:
        connection.run(FORGET_OPENED, (contact_id, stored))
    else:
        connection.run(PUT_BACK, (before.dialog, before.step, before.version, sealed, contact_id, stored))


class Watcher:
    """Counts what goes out, and wakes the pages of whom it is for."""

    def __init__(self, hub: Hub, metrics: Metrics) -> None:
        self.hub = hub
        self.metrics = metrics

    def delivered(self, channel: str, state: str) -> None:
        """Count a message that has come to a state."""
        self.metrics.delivery(channel, state)

    def published(self, contact_id: int) -> None:
        """Wake the contact's open pages."""
        self.hub.publish(contact_id)

    def waiting(self, seconds: Mapping[str, float]) -> None:
        """Show how old the queue of each lane is."""
        self.metrics.waiting(seconds)

    def stopped(self, channel: str, stopped: bool) -> None:
        """Show whether an account is at fault."""
        self.metrics.stopped(channel, stopped)


def sender(
    turns: Turns,
    hub: Hub,
    metrics: Metrics,
    channels: Mapping[str, Channel],
    *,
    paces: Mapping[str, Pace] = PACES,
    fill: Fill = as_it_is,
) -> Sender:
    """A sender over these channels; inside the running loop."""
    return Sender(
        turns.database,
        turns.sealer,
        {name: lane(channel, paces) for name, channel in channels.items()},
        Pushes(turns, fill),
        turns.clock,
        turns.zone,
        Watcher(hub, metrics),
    )


@asynccontextmanager
async def sending(made: Sender, turns: Turns, *, alone: bool) -> AsyncIterator[asyncio.Task[None]]:
    """A sender at work, whose task is done once it has failed; at the end what is on its way is waited for.

    `alone`: no other process sends.
    """
    stopping = asyncio.Event()
    turns.heard = made.wake
    task = asyncio.create_task(made.run(stopping, EmbeddedQueue(), alone=alone))
    task.add_done_callback(_tell_failure)
    try:
        yield task
    finally:
        stopping.set()
        await asyncio.gather(task, return_exceptions=True)


def _tell_failure(task: asyncio.Task[None]) -> None:
    """At once, not when the process ends: from then on nothing is sent."""
    failure = None if task.cancelled() else task.exception()
    if failure is not None:
        log.error("sender_failed", trace=trace(failure))
