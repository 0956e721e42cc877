"""Claiming (领取): what of a lane goes now, to which contact and in which words; everything else waits or is left out.

Runs inside one transaction: when it is committed, what is to be sent says so on the disk, and nothing is sent before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from notifications.channel import Outgoing, Recipient
from policy.outgoing_codes import DeliveryState as State
from policy.outgoing_codes import PurposeKind, SkipReason
from policy.sending import BY_SIGNING_UP, UNASKED, Send, Situation, Skip, decide
from storage import delivery_claims
from storage.database import Connection
from storage.delivery_claims import LEAVE_OUT, MOVE, POSTPONE, SENT, START, Around, Candidate, Known

BUSY: Final = timedelta(hours=1)
"""How long somebody who is in the middle of a dialog is left in peace."""
OCCUPIED: Final = timedelta(seconds=5)
"""How long a message waits for whose contact another process handles a turn at this moment."""
CLOSED: Final = timedelta(minutes=5)
"""How long a message waits whose channel is closed here."""


class Worded(NamedTuple):
    """What is said, the entry for the conversation's log and its place, and how to take back a dialog it opened."""

    messages: Sequence[Outgoing]
    entry: bytes
    dialog: str
    step: str
    take_back: Callable[[Connection], None] | None = None


class Ready(NamedTuple):
    """A claimed message, worded, on its way to a contact."""

    one: Candidate
    to: Known
    worded: Worded

    @property
    def recipient(self) -> Recipient:
        """Whom a channel sends it to."""
        return Recipient(self.to.contact_id, self.to.address)


class Occupied(Exception):  # noqa: N818 - reads as what happened
    """The person is just having a turn in another process."""


class Wording(Protocol):
    """Finds the words of messages, inside the transaction of the claim, and logs what was said."""

    local: Collection[str]
    """Channels whose messages are delivered by storing them: our own page."""

    def texts(self, connection: Connection, chosen: Sequence[Candidate], now: datetime) -> Mapping[int, str]:
        """The filled templates of those messages that have one, by delivery; without those that cannot be filled."""

    def word(
        self, connection: Connection, one: Candidate, to: Known, text: str, now: datetime
    ) -> Worded | None:
        """What is said to a contact; None when there is nothing (any more) to say. Raises `Occupied`."""

    def note(self, connection: Connection, contact_id: int, worded: Worded, now: datetime) -> None:
        """Put what was said into the conversation's log."""

    def busy(self, dialog: str, step: str) -> bool:
        """Whether somebody who stands there is in the middle of something."""


class Taken(NamedTuple):
    """The outcome of a claim: how many rows were looked at, what is to be sent, who got something stored."""

    looked_at: int
    ready: Sequence[Ready]
    stored: Sequence[int]


class Claims:
    """Decides over what is due. `open_channels` are those that have a lane in this process, or are local."""

    def __init__(self, wording: Wording, zone: ZoneInfo, open_channels: Collection[str]) -> None:
        self.wording = wording
        self.zone = zone
        self.open_channels = frozenset(open_channels)

    def take(self, connection: Connection, lane: str, limit: int, now: datetime) -> Taken:
        """Claim up to `limit` messages of a lane; what is local is delivered with it."""
        chosen = delivery_claims.candidates(connection, lane, now, limit)
        about = delivery_claims.around(connection, chosen, now)
        texts = self.wording.texts(connection, chosen, now)
        nudged = [one.contact_id for one in chosen if one.kind is PurposeKind.NUDGE]
        declined = delivery_claims.said_no(connection, nudged) if nudged else set[int]()
        declined |= _against_reminders(connection, chosen, about)
        ready: list[Ready] = []
        stored: list[int] = []
        for one in chosen:
            to = self._goes_to(connection, one, lane, about, now, declined)
            found = None if to is None else self._claim(connection, one, to, texts.get(one.id, ""), now)
            if found is None:
                continue
            if one.kind not in UNASKED:
                about.pushes[one.contact_id].append(now)
            if lane in self.wording.local:
                connection.run(SENT, (now, "stored", None, one.id))
                self.wording.note(connection, found.to.contact_id, found.worded, now)
                stored.append(found.to.contact_id)
            else:
                ready.append(found)
        return Taken(len(chosen), ready, stored)

    def rescue(self, connection: Connection, lane: str, limit: int, now: datetime) -> int:
        """Look at what waits in a lane that is closed here: move it to another way to the person, or let it wait.

        Returns how many rows were looked at.
        """
        chosen = delivery_claims.candidates(connection, lane, now, limit)
        about = delivery_claims.around(connection, chosen, now)
        for one in chosen:
            ways = [
                known
                for known in about.contacts[one.contact_id]
                if known.contact_id != one.contact_id and self.may_stand_in(one, known)
            ]
            if one.expires_at is not None and now >= one.expires_at:
                connection.run(LEAVE_OUT, (State.EXPIRED, SkipReason.EXPIRED, now, one.id))
            elif ways:
                connection.run(MOVE, (ways[0].channel, ways[0].contact_id, one.id))
            else:
                connection.run(POSTPONE, (now + CLOSED, one.id))
        return len(chosen)

    def _goes_to(
        self,
        connection: Connection,
        one: Candidate,
        lane: str,
        about: Around,
        now: datetime,
        declined: Collection[int],
    ) -> Known | None:
        """The contact that gets it now; None when it waits, moved to another lane or was left out, as recorded."""
        contacts = about.contacts[one.contact_id]
        own = next(known for known in contacts if known.contact_id == one.contact_id)
        to = self._target(one, contacts)
        situation = Situation(
            one.kind,
            one.urgent,
            to is not None,
            allowed(one, own),
            one.expires_at.astimezone(self.zone) if one.expires_at is not None else None,
            [at.astimezone(self.zone) for at in about.pushes[one.contact_id]],
            one.id,
            one.contact_id in declined,
        )
        decision = decide(situation, now.astimezone(self.zone))
        if isinstance(decision, Skip):
            state = State.EXPIRED if decision.reason is SkipReason.EXPIRED else State.SKIPPED
            connection.run(LEAVE_OUT, (state, decision.reason, now, one.id))
            return None
        if not isinstance(decision, Send):
            connection.run(POSTPONE, (decision.until, one.id))
            return None
        assert to is not None
        if to.channel != lane:
            moved = None if to.contact_id == one.contact_id else to.contact_id
            connection.run(MOVE, (to.channel, moved, one.id))
            return None
        if (until := self._left_in_peace(one, to, now)) is not None:
            connection.run(POSTPONE, (until, one.id))
            return None
        return to

    def _target(self, one: Candidate, contacts: Sequence[Known]) -> Known | None:
        """Its own contact if that can be reached, else the one of the same person that was heard last.

        A second try stays where the first one was.
        """
        usable = [
            known
            for known in contacts
            if (known.contact_id == one.contact_id and known.reachable) or self.may_stand_in(one, known)
        ]
        for wanted in (one.sent_to, one.contact_id):
            for known in usable:
                if known.contact_id == wanted:
                    return known
        return usable[0] if usable else None

    def may_stand_in(self, one: Candidate, known: Known) -> bool:
        """Whether a message for another contact of the person may go to this one.

        What is for staff may not: a clerk's or a host's own chat is not that of the person who registered.
        """
        if one.kind is PurposeKind.STAFF:
            return False
        welcome = known.push_allowed or one.kind in UNASKED
        return known.reachable and welcome and known.channel in self.open_channels

    def _left_in_peace(self, one: Candidate, to: Known, now: datetime) -> datetime | None:
        """Until when somebody in the middle of a dialog is not disturbed; what has begun is not held up."""
        if one.kind in UNASKED or one.attempts or to.dialog is None or to.step is None or to.heard is None:
            return None
        if not now - BUSY < to.heard <= now or not self.wording.busy(to.dialog, to.step):
            return None
        return to.heard + BUSY

    def _claim(
        self, connection: Connection, one: Candidate, to: Known, text: str, now: datetime
    ) -> Ready | None:
        if one.content_sealed is None and not text:
            connection.run(LEAVE_OUT, (State.FAILED, "text", now, one.id))
            return None
        try:
            worded = self.wording.word(connection, one, to, text, now)
        except Occupied:
            connection.run(POSTPONE, (now + OCCUPIED, one.id))
            return None
        if worded is None:
            connection.run(LEAVE_OUT, (State.SKIPPED, SkipReason.SETTLED, now, one.id))
            return None
        other = None if to.contact_id == one.contact_id else to.contact_id
        connection.run(START, (other, now, now, one.id))
        return Ready(one, to, worded)


def _against_reminders(connection: Connection, chosen: Sequence[Candidate], about: Around) -> set[int]:
    """Who gets no reminder of an event they signed up for: they said stop in any of their chats, or withdrew."""
    chats = {
        one.contact_id: [known.contact_id for known in about.contacts[one.contact_id]]
        for one in chosen
        if one.kind in BY_SIGNING_UP
    }
    if not chats:
        return set()
    stopped = delivery_claims.said_no(connection, {chat for own in chats.values() for chat in own}, stop=True)
    gone = {
        one.contact_id
        for one in chosen
        if one.status is not None and one.status not in delivery_claims.ACTIVE
    }
    return {number for number, own in chats.items() if number in gone or not stopped.isdisjoint(own)}


def allowed(one: Candidate, own: Known) -> bool:
    """Whether pushes may go to this person: agreed to at that contact, and as a person, who is still with us."""
    active = one.status is None or one.status in delivery_claims.ACTIVE
    return own.push_allowed and active and one.push_consent is not False
