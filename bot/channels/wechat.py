"""The official account's door (公众号回调): checks who is calling, answers in time, and sends after what did not fit.

The platform waits five seconds, repeats what it got no answer to, and shows people a fault for any malformed
answer. So every refusal is quick and no XML, nothing is answered with a 5xx, a repeated message gets the stored
answer, and a turn that takes longer is answered `success` and followed by a customer-service message.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from hashlib import blake2b
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from aiohttp import web

from bot.channels.wechat_events import meaning
from bot.channels.wechat_inbox import CHANNEL, Answer, Inbox
from bot.channels.wechat_menu import Menu
from bot.channels.wechat_wire import (
    LONGEST_BODY,
    RANDOM_BYTES,
    Cipher,
    Inbound,
    Refused,
    encrypted_part,
    envelope,
    parse,
    signed,
    text_reply,
)
from bot.metrics import Metrics
from notifications.channel import Channel, Failure, Outgoing, Recipient, SendFailed

log = structlog.get_logger()

T = TypeVar("T")

PATIENCE: Final = 4.5
"""Seconds from the beginning of a request to its answer, at most; the platform hangs up after 5."""
REST_PAUSE: Final = 0.3
"""Seconds between an answer and the rest of its text, so that the rest does not overtake it."""
TOLERANCE: Final = timedelta(minutes=15)
XML_TYPES: Final = frozenset({"text/xml", "application/xml"})
LONGEST_PARAMETER: Final = 128
SUCCESS: Final = b"success"
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
XML_HEADERS: Final = {**HEADERS, "Content-Type": "application/xml; charset=utf-8"}


class _Query(NamedTuple):
    timestamp: str
    nonce: str


class WeChatFace:
    """Handlers of `/wechat`. With `ciphers` (the newest key first) only encrypted messages are taken.

    `sender` carries what cannot be in the answer.
    """

    def __init__(
        self,
        inbox: Inbox,
        sender: Channel,
        metrics: Metrics,
        *,
        token: str,
        ciphers: Sequence[Cipher] = (),
        menu: Menu,
        patience: float = PATIENCE,
        rest_pause: float = REST_PAUSE,
    ) -> None:
        self.inbox = inbox
        self.sender = sender
        self.metrics = metrics
        self.menu = menu
        self._token = token
        self._ciphers = tuple(ciphers)
        self.patience = patience
        self._rest_pause = rest_pause
        self._running: set[asyncio.Task[Any]] = set()
        self._promised: set[str] = set()

    async def close(self) -> None:
        """Wait until what follows answers already given is on its way."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    # --- the two handlers ---

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """`GET /wechat`: the platform asks whether this address is ours; the echo proves it."""
        try:
            query = self._query(request)
            if not signed(request.query.get("signature", ""), self._token, *query):
                raise Refused(403, "signature")
            self._check_time(query)
            echo = request.query.get("echostr", "")
            if not echo or len(echo) > LONGEST_PARAMETER:
                raise Refused(400, "malformed")
        except Refused as refusal:
            return self._refused(refusal)
        return web.Response(text=echo, content_type="text/plain", headers=HEADERS)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """`POST /wechat`: one message or event in, its answer out within the platform's patience."""
        started = monotonic()
        try:
            query = self._query(request)
            body = await self._read(request)
            inbound, cipher = self._open(request, query, body)
            self._check_time(query)
            found = meaning(inbound, self.menu)
            if found is None:
                return self._success()
            # Encrypted anew the same message has another body: what counts is what was inside.
            digest = blake2b(repr(tuple(inbound)).encode("utf-8", "replace"), digest_size=16).digest()
            if inbound.key in self._promised:  # its answer follows by message: no second one
                return self._success()
            task = self._keep(self.inbox.take(inbound, found, int(query.timestamp), query.nonce, digest))
            if not await _done_within(task, self.patience - (monotonic() - started)):
                self._promised.add(inbound.key)
                self._keep(self._send_late(task, inbound))
                return self._success()
            answer = task.result()
        except Refused as refusal:
            return self._refused(refusal)
        if answer is None or not answer.text:
            return self._success()
        self.metrics.turn(CHANNEL, answer.repeated, monotonic() - started)
        response = web.Response(body=self._written(inbound, answer.text, query, cipher), headers=XML_HEADERS)
        if answer.rest and not answer.repeated:
            try:
                await response.prepare(request)
                await response.write_eof()
            finally:  # also when the platform has hung up: its repeat gets the beginning
                self._keep(self._send_rest(answer, inbound.sender))
        return response

    # --- who is calling ---

    def _query(self, request: web.Request) -> _Query:
        timestamp, nonce = request.query.get("timestamp", ""), request.query.get("nonce", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Refused(400, "malformed")
        if not nonce or len(nonce) > LONGEST_PARAMETER:
            raise Refused(400, "malformed")
        return _Query(timestamp, nonce)

    def _check_time(self, query: _Query) -> None:
        """A signature is good for a while only; the platform's repeats come within a quarter of a minute."""
        if abs(self.inbox.clock().timestamp() - int(query.timestamp)) > TOLERANCE.total_seconds():
            raise Refused(403, "stale")

    async def _read(self, request: web.Request) -> bytes:
        if "Content-Type" in request.headers and request.content_type not in XML_TYPES:
            raise Refused(415, "not_xml")
        if (request.content_length or 0) > LONGEST_BODY:
            raise Refused(413, "too_large")
        if request.content.is_eof() and (request.content_length or 0) > 0:
            return request.content.read_nowait()  # it came in one piece with the head, as nearly always
        body = bytearray()
        try:
            async with asyncio.timeout(self.patience):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > LONGEST_BODY:
                        raise Refused(413, "too_large")
        except TimeoutError:
            raise Refused(408, "too_slow") from None
        except (web.HTTPException, ValueError):
            raise Refused(400, "malformed") from None
        return bytes(body)

    def _open(self, request: web.Request, query: _Query, body: bytes) -> tuple[Inbound, Cipher | None]:
        """The message, once its sender has proved to be the platform; and the key it was under."""
        if not self._ciphers:
            if not signed(request.query.get("signature", ""), self._token, *query):
                raise Refused(403, "signature")
            return parse(body), None
        encrypted = encrypted_part(body)
        if not encrypted or not signed(
            request.query.get("msg_signature", ""), self._token, *query, encrypted
        ):
            raise Refused(403, "signature")
        for cipher in self._ciphers:
            plain = cipher.decrypt(encrypted)
            if plain is not None:
                return parse(plain), cipher
        raise Refused(403, "signature")  # one answer for every fault of the seal

    # --- what follows an answer ---

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start work that goes on when the caller hangs up, and that `close` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _send_late(self, task: asyncio.Task[Answer | None], inbound: Inbound) -> None:
        """The turn took too long for an answer: its text goes out as a customer-service message."""
        try:
            answer = await task
            if answer is not None and answer.contact_id and not answer.repeated:
                self.metrics.turn(CHANNEL, False, self.patience)
                await self._send_or_hold(answer.contact_id, inbound.sender, (answer.text, *answer.rest))
        except Refused as refusal:
            self.metrics.refused(CHANNEL, refusal.code)
        finally:
            self._promised.discard(inbound.key)

    async def _send_rest(self, answer: Answer, address: str) -> None:
        await asyncio.sleep(self._rest_pause)
        await self._send_or_hold(answer.contact_id, address, answer.rest)

    async def _send_or_hold(self, contact_id: int, address: str, parts: Sequence[str]) -> None:
        """Send the parts; from the first that certainly did not go out on, they wait for the next message."""
        for place, part in enumerate(parts):
            try:
                await self.sender.send(Recipient(contact_id, address), Outgoing(part))
            except SendFailed as failure:
                log.warning("wechat.rest_not_sent", failure=failure.failure.value, code=failure.code)
                kept = parts[place + 1 :] if failure.failure is Failure.UNKNOWN else parts[place:]
                if kept and failure.failure is not Failure.PERSON:
                    await self.inbox.hold(contact_id, "\n".join(kept))
                return

    # --- answers ---

    def _written(self, inbound: Inbound, text: str, query: _Query, cipher: Cipher | None) -> bytes:
        plain = text_reply(inbound, text)
        if cipher is None:
            return plain
        encrypted = cipher.encrypt(plain, secrets.token_bytes(RANDOM_BYTES))
        timestamp = str(int(self.inbox.clock().timestamp()))
        return envelope(self._token, encrypted, timestamp, query.nonce)

    def _success(self) -> web.Response:
        return web.Response(body=SUCCESS, content_type="text/plain", headers=HEADERS)

    def _refused(self, refusal: Refused) -> web.Response:
        self.metrics.refused(CHANNEL, refusal.code)
        return web.Response(text="refused", status=refusal.status, headers=HEADERS)


async def _done_within(task: asyncio.Future[Any], seconds: float) -> bool:
    """Whether the task is done within that time; it goes on in any case. `asyncio.wait` costs several times as much."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake(_: object) -> None:
        if not woken.done():
            woken.set_result(None)

    task.add_done_callback(wake)
    timer = loop.call_later(max(0.0, seconds), wake, None)
    try:
        await woken
    finally:
        timer.cancel()
        task.remove_done_callback(wake)
    return task.done()


def wechat_routes(face: WeChatFace) -> list[web.RouteDef]:
    """The official account's URLs."""
    return [
        web.get("/wechat", face.verify, allow_head=False),
        web.post("/wechat", face.receive),
    ]
