"""A turn: one incoming message becomes one transaction.

Authenticate (the channel has done that) → find the contact, its session and any earlier answer to this very
message → decode and upgrade → advance, carrying out verbs → store session, log and answer → commit → answer.
Whatever was answered is on the disk; a repeated message gets the stored answer and changes nothing. Messages of
one person are handled in the order in which they were given to `take`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from bot.desk import Desk
from bot.sensitive import SensitiveForms, warned
from bot.verbs import VERBS
from dialogs.catalogue import Catalogue, Node
from dialogs.definition import Ask, Choose
from dialogs.engine import advance, begin
from dialogs.model import Choice, Chose, Event, Fetch, Fetched, Save, Say, Session, decode, encode
from dialogs.progress import progress
from storage import conversations
from storage.conversations import CONTENT, STATE
from storage.database import Connection, Database
from storage.errors import Conflict
from storage.sealing import Sealer

HIDDEN: Final = "●●●●●●"
"""Stands in the log for what must not be kept."""

LOOKS_LIKE_NUMBER: Final = re.compile(r"\d(?:[\s-]?\d){6,}")
"""A phone, ID or card number typed where none was asked for is not kept either."""

FETCHES: Final = 8
"""Most verbs with a result in one turn."""


class Incoming(NamedTuple):
    """One message as a channel hands it over. `text` is what the person typed, for the log and the digest."""

    channel: str
    address: str
    message_id: str
    event: Event
    text: str
    source: str | None = None


class Reply(NamedTuple):
    """The answer to a message: `body` is its JSON object, `event_id` its place in the log.

    `repeated`: the message had been handled before; `other_text`: with another text, which was not read. `says`: what
    the body says, unless it was read from the log. `reachable` and `held` tell of the contact before the turn: whether
    messages reached it, and whether an unsent answer waits for it.
    """

    contact_id: int
    event_id: int
    body: bytes
    repeated: bool = False
    other_text: bool = False
    says: Sequence[Say] | None = None
    reachable: bool = True
    held: bool = False


def _choices(choices: Sequence[Choice], node: Node) -> list[dict[str, Any]]:
    """Buttons as JSON. `exclusive`: of a question that takes several, but this one stands alone."""
    step = node.step
    if not isinstance(step, Choose) or not step.many:
        return [{"value": value, "label": label} for value, label in choices]
    joined = {label for key, label in node.labels.items() if key not in step.exclusive}
    return [
        {"value": value, "label": label}
        if label in joined  # else it stands alone, or is a word that leads elsewhere
        else {"value": value, "label": label, "exclusive": True}
        for value, label in choices
    ]


def _mark(text: str) -> str:
    """Tells whether a repeated message carries the same text. Kept sealed: a hash of a number is the number."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _nobody_asks(_contact_id: int) -> None:
    """No sender runs in this process."""


class Turns:
    """Takes messages and answers them. `clock` gives the current time with a zone; `zone` decides "today"."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        catalogue: Catalogue,
        clock: Callable[[], datetime],
        zone: ZoneInfo,
        forms: SensitiveForms | None = None,
    ) -> None:
        self.database = database
        self.sealer = sealer
        self.catalogue = catalogue
        self.clock = clock
        self.zone = zone
        self.forms = forms
        self.heard: Callable[[int], None] = _nobody_asks
        """Told of every contact that writes, inside the turn: what waited for them may go afterwards."""

    async def take(self, incoming: Incoming) -> Reply:
        """Handle one message; the reply is durable when this returns.

        Raises `StorageUnavailable` when nothing could be stored: the same message may be sent again."""

        def work(connection: Connection) -> Reply:
            return self.handle(connection, incoming)

        lock = (incoming.channel, incoming.address)
        try:
            return await self.database.write(work, lock=lock)
        except Conflict:  # another process was first with the same contact, message or identity: look again
            return await self.database.write(work, lock=lock)

    def handle(self, connection: Connection, incoming: Incoming) -> Reply:
        """The turn itself, inside a transaction."""
        found = conversations.find(connection, incoming.channel, incoming.address, incoming.message_id)
        if found is not None and found.answer_id is not None and found.answer_sealed is not None:
            logged = orjson.loads(self.sealer.open(found.answer_sealed, CONTENT))
            other = logged["mark"] != _mark(incoming.text)
            body, held = orjson.dumps(logged["reply"]), found.held is not None
            return Reply(found.contact_id, found.answer_id, body, True, other, held=held)
        desk, session, local = self.open(
            connection, incoming.channel, incoming.address, found, incoming.source
        )
        self.heard(desk.contact_id)
        said, event = self._kept(session, incoming.text), incoming.event
        if isinstance(event, Chose):  # an old button's value tells what it was shown for
            said = self._kept(session._replace(dialog=event.dialog, step=event.step), said)
        if self.forms is not None and self.forms.keeps_out(self.catalogue, incoming.channel, session, event):
            says = self.forms.refusal(self.catalogue, session)
        else:
            before = session
            session, says = self.advance(desk, session, event, local)
            if self.forms is None:
                says = warned(self.catalogue, incoming.channel, before, session, says)
        if self.forms is not None:
            says = self.forms.linked(desk, session, says)
        return self.store(desk, session, says, local, incoming, said, found)

    def open(
        self,
        connection: Connection,
        channel: str,
        address: str,
        found: conversations.Found | None,
        source: str | None = None,
    ) -> tuple[Desk, Session, datetime]:
        """The desk and the session of a contact, who is made if new; and the local time of this turn."""
        now = self.clock()
        if found is None:
            contact_id = conversations.add_contact(connection, channel, address, source, now)
            session, person_id, registered = begin(self.catalogue), None, False
        else:
            contact_id, person_id = found.contact_id, found.person_id
            registered = person_id is not None or found.submission_id is not None
            session = (
                decode(self.sealer.open(found.state_sealed, STATE), registered=registered)
                if found.state_sealed is not None
                else begin(self.catalogue)
            )
        local = now.astimezone(self.zone)
        desk = Desk(
            connection,
            self.sealer,
            self.catalogue,
            contact_id,
            channel,
            now,
            local.date(),
            person_id,
            registered,
        )
        return desk, session, local

    def keep(self, desk: Desk, session: Session, at: datetime | None = None) -> bytes:
        """Keep where the conversation now stands; `at`: when the person was heard last, if that is not now.

        Returns the state as it is stored."""
        sealed = self.sealer.seal(encode(session), STATE)
        conversations.keep_session(
            desk.connection,
            desk.contact_id,
            session.dialog,
            session.step,
            session.version,
            sealed,
            at or desk.now,
        )
        return sealed

    def store(
        self,
        desk: Desk,
        session: Session,
        says: list[Say],
        local: datetime,
        incoming: Incoming,
        said: str,
        found: conversations.Found | None = None,
    ) -> Reply:
        """Keep where the conversation now stands, and log the message with its answer."""
        self.keep(desk, session)
        body = self.body(session, says, local)
        event = incoming.event
        chose = {"chose": {"dialog": event.dialog, "step": event.step}} if isinstance(event, Chose) else {}
        content = orjson.dumps(
            {
                "said": said,
                **chose,
                "mark": _mark(incoming.text),
                "at": local.isoformat(timespec="seconds"),
                "reply": orjson.Fragment(body),
            }
        )
        event_id = conversations.log(
            desk.connection,
            desk.contact_id,
            incoming.message_id,
            session.dialog,
            session.step,
            self.sealer.seal(content, CONTENT),
            desk.now,
        )
        if found is None:
            return Reply(desk.contact_id, event_id, body, says=says)
        reachable, held = bool(found.reachable), found.held is not None
        return Reply(desk.contact_id, event_id, body, says=says, reachable=reachable, held=held)

    def advance(
        self, desk: Desk, session: Session, event: Event, local: datetime
    ) -> tuple[Session, list[Say]]:
        """Let the engine run until it asks for nothing more; carry out its verbs on the way."""
        says: list[Say] = []
        for _ in range(FETCHES):
            session, effects = advance(self.catalogue, session, event, local)
            pending = None
            for effect in effects:
                if isinstance(effect, Say):
                    says.append(effect)
                elif isinstance(effect, Save):
                    VERBS[effect.verb](desk, effect.data)
                else:
                    pending = effect
            if pending is None:
                return session, says
            event = self._fetch(desk, pending)
            session = session._replace(registered=desk.registered)
        raise RuntimeError(f"{session.dialog}.{session.step} asks the base without end")

    @staticmethod
    def _fetch(desk: Desk, effect: Fetch) -> Fetched:
        return Fetched(effect.verb, VERBS[effect.verb](desk, effect.data))

    def _kept(self, session: Session, text: str) -> str:
        """What of the person's words may stand in the log."""
        dialog = self.catalogue.dialogs.get(session.dialog)
        node = dialog.nodes.get(session.step) if dialog else None
        if (node is not None and node.sensitive) or LOOKS_LIKE_NUMBER.search(text):
            return HIDDEN
        return text

    def body(self, session: Session, says: list[Say], local: datetime) -> bytes:
        """The answer as JSON, as the public contract has it."""
        node = self.catalogue.dialogs[session.dialog].nodes[session.step]
        counted = progress(self.catalogue, session, local.date())
        step = node.step
        body: dict[str, Any] = {
            "dialog": session.dialog,
            "step": session.step,
            "progress": {"done": counted.done, "total": counted.total} if counted else None,
            "replies": [
                {
                    "text": say.text,
                    "choices": _choices(say.choices, node),
                    "links": [{"label": label, "url": url} for label, url in say.links],
                    **({"listed": True} if say.listed else {}),
                }
                for say in says
            ],
            "many": isinstance(step, Choose) and step.many,
            "sensitive": node.sensitive,
            "input": step.keyboard if isinstance(step, Ask) else "text",
        }
        return orjson.dumps(body)
