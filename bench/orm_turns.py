"""The turn as most projects would write it: one SQLModel session over aiosqlite a turn, one commit each.

The same HTTP face, engine, texts, tables, sealing and durability (WAL, synchronous=FULL) as the product; only the
way to the disk differs. Serves the questions of the registration, not its submission.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.turns import Incoming, Reply, Turns, _mark
from bot.verbs import CONSENT_STEPS
from dialogs.engine import advance, begin
from dialogs.model import Event, Fetch, Fetched, Save, Say, Session, decode, encode
from storage.conversations import CONTENT, STATE
from storage.tables import Consent, Contact, DialogSession, Message, RegisterEntry


class OrmTurns(Turns):
    """`Turns` with its own way to the same tables."""

    def connect(self, file: Path) -> None:
        """Open the database file; one connection, because SQLite has one writer."""
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{file}", pool_size=1, max_overflow=0, pool_timeout=120
        )

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(driver: Any, _record: object) -> None:  # noqa: ANN401 - an adapter of the driver
            driver.isolation_level = None
            driver.execute("PRAGMA synchronous = FULL")
            driver.execute("PRAGMA foreign_keys = ON")

        @event.listens_for(engine.sync_engine, "begin")
        def immediately(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's connection
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        self._engine = engine

    async def take(self, incoming: Incoming) -> Reply:
        """Handle one message in a transaction of its own."""
        async with AsyncSession(self._engine, expire_on_commit=False) as base:
            contact, answered = await self._find(base, incoming)
            if answered is not None:
                logged = orjson.loads(self.sealer.open(answered.content_sealed, CONTENT))
                return Reply(_id(contact), answered.id or 0, orjson.dumps(logged["reply"]), True)
            now = self.clock()
            row = await base.get(DialogSession, contact.id)
            session = decode(self.sealer.open(row.state_sealed, STATE)) if row else begin(self.catalogue)
            said = self._kept(session, incoming.text)
            local = now.astimezone(self.zone)
            session, says = await self._advance_here(base, contact, session, incoming.event, local)
            body = self.body(session, says, local)
            logged_at = local.isoformat(timespec="seconds")
            content = orjson.dumps(
                {
                    "said": said,
                    "mark": _mark(incoming.text),
                    "at": logged_at,
                    "reply": orjson.Fragment(body),
                }
            )
            row = row or DialogSession(
                contact_id=_id(contact), dialog="", step="", version=0, state_sealed=b"", updated_at=now
            )
            row.dialog, row.step, row.version = session.dialog, session.step, session.version
            row.state_sealed, row.updated_at = self.sealer.seal(encode(session), STATE), now
            entry = Message(
                contact_id=_id(contact),
                message_id=incoming.message_id,
                dialog=session.dialog,
                step=session.step,
                content_sealed=self.sealer.seal(content, CONTENT),
                at=now,
            )
            base.add(row)
            base.add(entry)
            await base.commit()
            return Reply(_id(contact), entry.id or 0, body)

    async def _find(self, base: AsyncSession, incoming: Incoming) -> tuple[Contact, Message | None]:
        known = await base.exec(
            select(Contact).where(Contact.channel == incoming.channel, Contact.address == incoming.address)
        )
        contact = known.first()
        if contact is None:
            contact = Contact(channel=incoming.channel, address=incoming.address, created_at=self.clock())
            base.add(contact)
            await base.flush()
            return contact, None
        answered = await base.exec(
            select(Message).where(Message.contact_id == contact.id, Message.message_id == incoming.message_id)
        )
        return contact, answered.first()

    async def _advance_here(
        self, base: AsyncSession, contact: Contact, session: Session, happened: Event, local: datetime
    ) -> tuple[Session, list[Say]]:
        says: list[Say] = []
        while True:
            session, effects = advance(self.catalogue, session, happened, local)
            pending = None
            for effect in effects:
                if isinstance(effect, Say):
                    says.append(effect)
                elif isinstance(effect, Save):
                    base.add(self._consent(contact, effect.data, local))
                else:
                    pending = effect
            if pending is None:
                return session, says
            happened = await self._look_up(base, pending)

    def _consent(self, contact: Contact, data: Mapping[str, Any], now: datetime) -> Consent:
        dialog, step = CONSENT_STEPS[data["kind"]]
        text = self.catalogue.dialog(dialog).node(step).ask
        return Consent(
            contact_id=contact.id,
            kind=data["kind"],
            given=data["given"],
            version=data["version"],
            text_hash=sha256(text.encode()).hexdigest(),
            channel=contact.channel,
            at=now,
        )

    async def _look_up(self, base: AsyncSession, effect: Fetch) -> Fetched:
        if effect.verb != "find_register_entry":
            raise NotImplementedError(effect.verb)
        numbers = self.sealer.indexes(effect.data["id_number"], "id_number")
        rows = await base.exec(select(RegisterEntry).where(col(RegisterEntry.id_number_index).in_(numbers)))
        assert rows.first() is None
        return Fetched(effect.verb, {})


def _id(contact: Contact) -> int:
    return cast("int", contact.id)
