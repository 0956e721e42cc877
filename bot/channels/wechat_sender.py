"""Sending on the official account: finds the permitted way for each message and keeps the allowance exact.

A message is reserved in the person's windows before it is sent and given back when it certainly did not go out;
what has an unknown end stays counted. When the platform says that a window is shut or used up, the ledger
follows it and the next way is tried: customer-service message, subscription notice, template message, or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from bot.channels.wechat_client import WeChatClient
from bot.channels.wechat_errors import NO_CONSENT
from bot.channels.wechat_text import Notice, customer_parts, notice_data, tappable, written
from notifications import allowance
from notifications.allowance import Route, Window
from notifications.channel import Failure, Outgoing, Reach, Receipt, Recipient, SendFailed
from storage import allowances, conversations
from storage.database import Connection, Database
from storage.errors import StorageUnavailable

NAME: Final = "wechat"
NOT_DELIVERED: Final = frozenset({Failure.RETRY, Failure.PERSON, Failure.MESSAGE, Failure.ACCOUNT})
PATIENCE: Final = (0.5, 2.0)
"""Seconds before the second and third attempt for a later part of a text whose beginning has arrived."""


class Reserved(NamedTuple):
    """What is set aside for one message: the way, and each window's state before it."""

    route: Route
    before: tuple[Window, ...] = ()
    after: tuple[Window, ...] = ()


class WeChatSender:
    """The channel "wechat". `subscription` and `template` are the notices the account has, if any."""

    name = NAME

    def __init__(
        self,
        client: WeChatClient,
        database: Database,
        clock: Callable[[], datetime],
        *,
        public_url: str = "",
        subscription: Notice | None = None,
        template: Notice | None = None,
        patience: tuple[float, ...] = PATIENCE,
    ) -> None:
        self.client = client
        self._database = database
        self._clock = clock
        self._public_url = public_url
        self._subscription = subscription
        self._template = template
        self._patience = patience

    async def send(self, recipient: Recipient, message: Outgoing) -> Receipt:
        """Send by the best way there is now. Raises `SendFailed`; `WINDOW` when there is no way at present."""
        parts = customer_parts(message, self._public_url)
        if not any(parts):
            raise SendFailed(Failure.MESSAGE, "empty")
        shut: set[Route] = set()
        while True:
            reserved = await self._reserve(recipient, len(parts), shut)
            if reserved.route is Route.HOLD:
                raise SendFailed(Failure.WINDOW, "no_route")
            try:
                return await self._send_by(reserved, recipient, message, parts)
            except SendFailed as failure:
                await self._settle(reserved, recipient, failure)
                if failure.failure is not Failure.WINDOW:
                    raise
                shut.add(reserved.route)

    async def reach(self, recipient: Recipient, now: datetime) -> Reach:
        """The way that `send` would take for a short message at `now`."""

        def work(connection: Connection) -> Reach:
            if not conversations.is_reachable(connection, recipient.contact_id):
                return Reach(None)
            ledger = _ledger(connection, recipient.contact_id)
            consents = self._consents(connection, recipient.contact_id)
            route = allowance.choose(ledger, now, 1, consents=consents, template=self._template is not None)
            if route is Route.CUSTOMER:
                usable = allowance.usable(ledger, now)
                return Reach(route, allowance.left(ledger, now), max(window.ends_at for window in usable))
            if route is Route.SUBSCRIPTION:
                return Reach(route, consents)
            return Reach(None if route is Route.HOLD else route)

        return await self._database.read(work)

    async def close(self) -> None:
        """Close the connections to the platform."""
        await self.client.close()

    # --- reserving and settling ---

    async def _reserve(self, recipient: Recipient, messages: int, shut: set[Route]) -> Reserved:
        contact_id, now = recipient.contact_id, self._clock()

        def work(connection: Connection) -> Reserved:
            if not conversations.is_reachable(connection, contact_id):
                raise SendFailed(Failure.PERSON, "unreachable")
            ledger = () if Route.CUSTOMER in shut else _ledger(connection, contact_id)
            consents = 0 if Route.SUBSCRIPTION in shut else self._consents(connection, contact_id)
            template = self._template is not None and Route.TEMPLATE not in shut
            route = allowance.choose(ledger, now, messages, consents=consents, template=template)
            if route is Route.CUSTOMER:
                after = allowance.spent(ledger, now, messages)
                kinds = {window.kind: window for window in ledger}
                for window in after:
                    allowances.use(connection, contact_id, allowances.Row(*window))
                return Reserved(route, tuple(kinds[window.kind] for window in after), after)
            if route is Route.SUBSCRIPTION and self._subscription is not None:
                allowances.set_consents(connection, contact_id, self._subscription.template_id, consents - 1)
            return Reserved(route)

        try:
            return await self._database.write(work, lock=(NAME, recipient.address))
        except StorageUnavailable:
            raise SendFailed(Failure.RETRY, "storage") from None

    async def _settle(self, reserved: Reserved, recipient: Recipient, failure: SendFailed) -> None:
        """Bring the ledger to what the failure tells. An unknown end stays counted."""
        contact_id = recipient.contact_id

        def work(connection: Connection) -> None:
            if failure.failure is Failure.PERSON:
                conversations.set_reachable(connection, contact_id, False)
            if reserved.route is Route.CUSTOMER:
                if failure.failure is Failure.WINDOW:
                    _shut_windows(connection, contact_id)
                elif failure.failure in NOT_DELIVERED:
                    for before, after in zip(reserved.before, reserved.after, strict=True):
                        allowances.give_back(
                            connection, contact_id, after.kind, after.opened_at, after.used - before.used
                        )
            elif reserved.route is Route.SUBSCRIPTION and self._subscription is not None:
                template_id = self._subscription.template_id
                if failure.code == str(NO_CONSENT):
                    allowances.set_consents(connection, contact_id, template_id, 0)
                elif failure.failure in NOT_DELIVERED:
                    allowances.add_consent(connection, contact_id, template_id)

        with suppress(StorageUnavailable):  # it stays counted: the safe side
            await self._database.write(work, lock=(NAME, recipient.address))

    def _consents(self, connection: Connection, contact_id: int) -> int:
        if self._subscription is None:
            return 0
        return allowances.consents(connection, contact_id, self._subscription.template_id)

    # --- the ways ---

    async def _send_by(
        self, reserved: Reserved, recipient: Recipient, message: Outgoing, parts: list[str]
    ) -> Receipt:
        if reserved.route is Route.CUSTOMER:
            return await self._send_parts(recipient, message, parts)
        if reserved.route is Route.SUBSCRIPTION:
            assert self._subscription is not None
            notice = self._subscription
            await self.client.subscribe_message(
                recipient.address, notice.template_id, notice_data(notice, message), notice.url
            )
            return Receipt(None, reserved.route)
        assert self._template is not None
        notice = self._template
        text = written(message, self._public_url)
        client_id = blake2b(f"{recipient.contact_id}\0{text}".encode(), digest_size=16).hexdigest()
        message_id = await self.client.template(
            recipient.address, notice.template_id, notice_data(notice, message), notice.url, client_id
        )
        return Receipt(message_id, reserved.route)

    async def _send_parts(self, recipient: Recipient, message: Outgoing, parts: list[str]) -> Receipt:
        """All parts; once the first has arrived, a failure of a later one is an unknown end of the whole."""
        for place, part in enumerate(parts):
            for wait in (*self._patience, None):
                try:
                    if message.choices and len(parts) == 1:
                        await self.client.custom_menu(recipient.address, part, tappable(message))
                    else:
                        await self.client.custom_text(recipient.address, part)
                    break
                except SendFailed as failure:
                    if place == 0:
                        raise
                    if failure.failure is not Failure.RETRY or wait is None:
                        raise SendFailed(Failure.UNKNOWN, f"partial:{failure.code}") from None
                    await asyncio.sleep(wait)
        return Receipt(None, Route.CUSTOMER)


def _ledger(connection: Connection, contact_id: int) -> tuple[Window, ...]:
    return tuple(Window(*row) for row in allowances.windows(connection, contact_id))


def _shut_windows(connection: Connection, contact_id: int) -> None:
    """The platform knows better than our ledger: nothing is left in any window."""
    for window in _ledger(connection, contact_id):
        full = allowance.RULES[window.kind].messages
        allowances.use(connection, contact_id, allowances.Row(window.kind, window.opened_at, full))
