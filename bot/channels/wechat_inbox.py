"""What a message of the official account changes (公众号收件): the turn and all that goes with it, in one transaction.

With the turn are stored: that its signature was used, the window it opens in the allowance, that the person can be
reached, where they came from. A repeated message changes nothing and gives the same answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple

import structlog

from bot.channels.wechat_events import Consents, Left, Opens, Outcome, Turn
from bot.channels.wechat_text import cut, spoken
from bot.channels.wechat_wire import Inbound, Refused
from bot.logs import trace
from bot.metrics import Metrics
from bot.outbox import outgoing
from bot.turns import Incoming, Turns
from storage import allowances, conversations, received_nonces
from storage.database import Connection
from storage.errors import Conflict, StorageUnavailable

log = structlog.get_logger()

CHANNEL: Final = "wechat"
SWEEP_EACH: Final = timedelta(minutes=15)
BUSY: Final = "系统正忙，刚才这条没有存上，请稍等再发一次。您前面填的都在。"
BROKEN: Final = "系统出了点问题，我们已经记下。请稍后再试，前面填的都在。"

OnOutcome = Callable[[Connection, Outcome], None]


class Answer(NamedTuple):
    """What a message is answered with: the text that goes out at once, and what must follow it.

    `contact_id` is 0 for an apology, which is not worth sending later.
    """

    contact_id: int
    text: str
    rest: tuple[str, ...] = ()
    repeated: bool = False


class Inbox:
    """Takes messages of proven origin. `on_outcome` hears, in the transaction, what became of messages sent."""

    def __init__(
        self, turns: Turns, metrics: Metrics, *, public_url: str = "", on_outcome: OnOutcome | None = None
    ) -> None:
        self.turns = turns
        self.clock = turns.clock
        self._metrics = metrics
        self._public_url = public_url
        self._on_outcome = on_outcome
        self._swept = datetime.min.replace(tzinfo=UTC)

    async def take(
        self,
        inbound: Inbound,
        found: Turn | Opens | Left | Outcome | Consents,
        signed_at: int,
        nonce: str,
        digest: bytes,
    ) -> Answer | None:
        """Handle a message; None when it wants no answer. An apology when it could not be handled.

        Raises `Refused` when another body came before under the same `nonce` of the same second `signed_at`."""

        def work(connection: Connection) -> Answer | None:
            return self._work(connection, inbound, found, signed_at, nonce, digest)

        lock, database = (CHANNEL, inbound.sender), self.turns.database
        try:
            try:
                return await database.write(work, lock=lock)
            except Conflict:  # another process was first with the same contact or message: look again
                return await database.write(work, lock=lock)
        except Refused:
            raise
        except StorageUnavailable:
            self._metrics.refused(CHANNEL, "unavailable")
            return Answer(0, BUSY) if isinstance(found, Turn) else None
        except Exception as error:
            log.error("wechat.turn_failed", trace=trace(error))
            self._metrics.refused(CHANNEL, "internal")
            return Answer(0, BROKEN) if isinstance(found, Turn) else None

    async def hold(self, contact_id: int, text: str) -> None:
        """Keep a text that could not be sent: the answer to the person's next message begins with it."""
        now, sealer = self.clock(), self.turns.sealer
        try:
            await self.turns.database.write(
                lambda connection: conversations.hold_reply(connection, sealer, contact_id, text, now)
            )
        except StorageUnavailable:
            log.error("wechat.rest_lost", contact=contact_id)

    def _work(
        self,
        connection: Connection,
        inbound: Inbound,
        found: Turn | Opens | Left | Outcome | Consents,
        signed_at: int,
        nonce: str,
        digest: bytes,
    ) -> Answer | None:
        now = self.clock()
        if received_nonces.take(connection, CHANNEL, signed_at, f":{nonce}", digest, now) == "other":
            raise Refused(403, "replayed")
        if now - self._swept > SWEEP_EACH:
            received_nonces.forget_before(connection, CHANNEL, now - received_nonces.LIFETIME)
            self._swept = now
        if isinstance(found, Turn):
            return self._turn(connection, inbound, found, now)
        self._note(connection, inbound, found, now)
        return None

    def _turn(self, connection: Connection, inbound: Inbound, turn: Turn, now: datetime) -> Answer:
        message_id = inbound.key
        reply = self.turns.handle(
            connection,
            Incoming(CHANNEL, inbound.sender, message_id, turn.event, turn.text, turn.source),
        )
        if not reply.repeated:
            if not reply.reachable:
                conversations.set_reachable(connection, reply.contact_id, True)
            if turn.source is not None:
                conversations.note_source(connection, reply.contact_id, turn.source)
            allowances.open_window(connection, reply.contact_id, turn.opens, _since(inbound, now))
        says = outgoing(reply.body) if reply.says is None else reply.says
        text, held = spoken(says, self._public_url), ""
        if reply.held:
            held = conversations.take_held_reply(
                connection, self.turns.sealer, reply.contact_id, message_id, repeated=reply.repeated
            )
        first, *rest = cut("\n\n".join(filter(None, (held, text)))) or [""]
        return Answer(reply.contact_id, first, tuple(rest), reply.repeated)

    def _note(
        self,
        connection: Connection,
        inbound: Inbound,
        found: Opens | Left | Outcome | Consents,
        now: datetime,
    ) -> None:
        """Events without an answer. A repeated one, which may be wrong by now, is known by its key."""
        digest = blake2b(inbound.key.encode("utf-8", "replace"), digest_size=16).digest()
        at = inbound.created_at
        if received_nonces.take(connection, CHANNEL, at, f"/{inbound.key}", digest, now) != "new":
            return
        if isinstance(found, Outcome):
            if self._on_outcome is not None:
                self._on_outcome(connection, found)
            return
        known = conversations.find(connection, CHANNEL, inbound.sender, None)
        if known is None:
            return
        if isinstance(found, Left):
            conversations.set_reachable(connection, known.contact_id, False)
        elif isinstance(found, Opens):
            allowances.open_window(connection, known.contact_id, found.kind, _since(inbound, now))
        else:
            for template_id, accepted in found.given:
                if accepted:
                    allowances.add_consent(connection, known.contact_id, template_id)
                else:
                    allowances.set_consents(connection, known.contact_id, template_id, 0)


def _since(inbound: Inbound, now: datetime) -> datetime:
    """When a window opened: as the platform says, but never in our future."""
    return min(now, datetime.fromtimestamp(inbound.created_at, UTC))
