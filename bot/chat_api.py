"""The web chat: its page, and the JSON turn, history and event stream behind it (one turn over the web API)."""

from __future__ import annotations

import asyncio
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from importlib import resources
from time import monotonic
from typing import Any, Final

import orjson
import structlog
from aiohttp import web

from bot.export import my_data
from bot.hub import Hub
from bot.metrics import Metrics
from bot.replies import Refusal, json_reply, refused
from bot.throttle import Throttle
from bot.turns import HIDDEN, Incoming, Reply, Turns
from dialogs.model import Chose, Said
from storage import conversations
from storage.conversations import Entry
from storage.database import Connection
from storage.errors import StorageUnavailable

log = structlog.get_logger()

CHANNEL: Final = "web"
COOKIE: Final = "jianxi_conversation"
COOKIE_DAYS: Final = 180
SCENE_COOKIE: Final = "jianxi_scene"
SCENE_SECONDS: Final = 86_400
SCENE: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
"""What a poster's code or a link says of where a person comes from."""
LONGEST_TEXT: Final = 4000
LONGEST_BODY: Final = 64 * 1024
LONGEST_MESSAGE_ID: Final = 128
LONGEST_NAME: Final = 64
"""Of a dialog or a step."""
ADDRESS_BYTES: Final = 16
BUBBLES: Final = 64
"""Room for bubbles in one turn: a bubble's public number is the turn's number times this, plus its place."""
NEWCOMERS_BURST: Final = 300
NEWCOMERS_PER_SECOND: Final = 30.0
"""New conversations from one address: a school's whole class may sit behind one."""
PAGE: Final = 50
STREAM_PAGE: Final = 100
PING_SECONDS: Final = 15.0
STREAMS_EACH: Final = 8
"""Most event streams of one conversation: more tabs than anybody has."""

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
ASSETS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class ChatApi:
    """Handlers of the web chat, to be mounted by the application."""

    def __init__(
        self,
        turns: Turns,
        hub: Hub,
        metrics: Metrics,
        *,
        demo: bool,
        secure: bool,
        throttle: Throttle | None = None,
    ) -> None:
        self.turns = turns
        self.hub = hub
        self.metrics = metrics
        self.secure = secure
        self.throttle = throttle or Throttle()
        self.newcomers = throttle or Throttle(NEWCOMERS_BURST, NEWCOMERS_PER_SECOND)
        folder = resources.files("bot") / "web"
        self.page = (folder / "chat.html").read_text("utf-8").replace("{{demo}}", "data-demo" if demo else "")
        self.assets = {
            entry.name: (entry.read_bytes(), ASSETS[entry.name[entry.name.rindex(".") :]])
            for entry in folder.iterdir()
            if entry.name.endswith(tuple(ASSETS))
        }

    def routes(self) -> list[web.RouteDef]:
        """The chat's URLs."""
        return [
            web.get("/", self.show_page),
            web.get("/static/{name}", self.show_asset),
            web.post("/api/chat/messages", self.take_message),
            web.get("/api/chat/messages", self.show_history),
            web.get("/api/chat/events", self.stream_events),
            web.get("/api/chat/export/{token}", self.send_export, allow_head=False),  # a HEAD would spend it
        ]

    async def show_page(self, request: web.Request) -> web.Response:
        """The chat page. Where a newcomer comes from (`?scene=…`) is remembered until the first message."""
        response = web.Response(text=self.page, content_type="text/html", headers=PAGE_HEADERS)
        scene = request.query.get("scene", "")
        if SCENE.fullmatch(scene) and COOKIE not in request.cookies:
            response.set_cookie(
                SCENE_COOKIE,
                scene,
                max_age=SCENE_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=self.secure,
                path="/api/chat",
            )
        return response

    async def show_asset(self, request: web.Request) -> web.Response:
        """A script, style sheet or picture of the page."""
        found = self.assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, kind = found
        return web.Response(
            body=body,
            content_type=kind,
            charset="utf-8",
            headers={**PAGE_HEADERS, "Cache-Control": "max-age=300"},
        )

    # --- one turn ---

    async def take_message(self, request: web.Request) -> web.Response:
        """`POST /api/chat/messages`: one message in, its answer out."""
        started = monotonic()
        try:
            address, token = self._conversation(request)
            event, message_id = _read_message(await _body(request))
            bucket = (self.throttle, address) if address else (self.newcomers, _remote(request))
            wait = bucket[0].wait(bucket[1], started)
            if wait > 0:
                raise Refusal(
                    429,
                    "slow_down",
                    "您发得太快了，请等几秒再发。前面填的都在。",
                    {"Retry-After": str(int(wait) + 1)},
                )
            scene = request.cookies.get(SCENE_COOKIE, "") if token is None else ""
            if token is None:
                address, token = self._new_conversation()
            text = event.value if isinstance(event, Chose) else event.text
            source = scene if SCENE.fullmatch(scene) else None
            reply = await self.turns.take(Incoming(CHANNEL, address, message_id, event, text, source))
        except Refusal as refusal:
            self.metrics.refused(CHANNEL, refusal.code)
            return refused(refusal)
        except StorageUnavailable as error:
            log.error("turn_not_stored", reason=str(error))
            self.metrics.refused(CHANNEL, "unavailable")
            return refused(
                Refusal(
                    503,
                    "unavailable",
                    "系统正忙，刚才这条没有存上，请稍等再发一次。您前面填的都在。",
                    {"Retry-After": "3"},
                )
            )
        self.metrics.turn(CHANNEL, reply.repeated, monotonic() - started)
        if not reply.repeated:
            self.hub.publish(reply.contact_id)
        return self._answer(request, token, reply)

    def _answer(self, request: web.Request, token: str, reply: Reply) -> web.Response:
        head = orjson.dumps({"conversation": token, "event_id": reply.event_id * BUBBLES + BUBBLES - 1})
        response = json_reply(head[:-1] + b"," + reply.body[1:])
        if reply.other_text:
            response.headers["X-Jianxi-Repeated"] = "other-text"
        if "Authorization" not in request.headers and request.cookies.get(COOKIE) != token:
            response.set_cookie(
                COOKIE,
                token,
                max_age=COOKIE_DAYS * 86400,
                httponly=True,
                samesite="Lax",
                secure=self.secure,
                path="/",
            )
        if SCENE_COOKIE in request.cookies:
            response.del_cookie(SCENE_COOKIE, path="/api/chat")
        return response

    # --- history and events ---

    async def show_history(self, request: web.Request) -> web.Response:
        """`GET /api/chat/messages`: what was said before, oldest first, and where the conversation stands."""
        try:
            contact_id = await self._contact(request)
            limit = _number(request.query.get("limit"), PAGE, 1, 200)
            before = _number(request.query.get("before"), 0, 0, 2**53)
        except Refusal as refusal:
            return refused(refusal)
        if contact_id is None:
            return json_reply(orjson.dumps({"messages": [], "dialog": None, "step": None, "progress": None}))
        row_before = before // BUBBLES + 1 if before else None

        def work(connection: Connection) -> list[Entry]:
            return conversations.entries_before(connection, self.turns.sealer, contact_id, row_before, limit)

        entries = await self.turns.database.read(work)
        shown = [bubble for entry in entries for bubble in bubbles(entry)]
        if before:
            shown = [bubble for bubble in shown if bubble["id"] < before]
        newest = orjson.loads(entries[-1].content)["reply"] if entries else {}
        state = {key: newest.get(key) for key in ("dialog", "step", "progress", "many", "sensitive", "input")}
        return json_reply(orjson.dumps({"messages": shown[-limit:], **state}))

    async def stream_events(self, request: web.Request) -> web.StreamResponse:
        """`GET /api/chat/events`: everything new in this conversation, as server-sent events."""
        try:
            contact_id = await self._contact(request)
            last = _number(request.headers.get("Last-Event-ID") or request.query.get("after"), -1, 0, 2**62)
            if contact_id is None:
                raise Refusal(401, "no_conversation", "还没有开始对话，请先发一条消息。")
            if self.hub.listeners(contact_id) >= STREAMS_EACH:
                raise Refusal(
                    429, "too_many_streams", "打开的页面太多了，请关掉几个。", {"Retry-After": "30"}
                )
        except Refusal as refusal:
            return refused(refusal)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
            }
        )
        await response.prepare(request)
        with self.hub.listen(contact_id) as signal:
            await self._send_events(response, contact_id, last, signal)
        return response

    async def _send_events(
        self, response: web.StreamResponse, contact_id: int, last: int, signal: asyncio.Event
    ) -> None:
        if last < 0:  # a new stream begins now
            entries = await self._entries(contact_id, None)
            last = max((entry.id for entry in entries), default=0) * BUBBLES + BUBBLES - 1
        await response.write(b"retry: 3000\n: hello\n\n")
        while not self.hub.closed:
            signal.clear()
            entries = await self._entries(contact_id, last // BUBBLES - 1)
            for bubble in (bubble for entry in entries for bubble in bubbles(entry)):
                if bubble["id"] > last:
                    last = bubble["id"]
                    data = orjson.dumps(bubble)
                    await response.write(b"id: %d\nevent: message\ndata: %s\n\n" % (last, data))
            if len(entries) == STREAM_PAGE:  # there is more from a long absence
                continue
            try:
                await asyncio.wait_for(signal.wait(), PING_SECONDS)
            except TimeoutError:
                await response.write(b": ping\n\n")

    async def _entries(self, contact_id: int, after: int | None) -> list[Entry]:
        """Entries newer than `after`, or only the newest."""
        sealer = self.turns.sealer
        if after is None:
            return await self.turns.database.read(
                lambda connection: conversations.entries_before(connection, sealer, contact_id, None, 1)
            )
        return await self.turns.database.read(
            lambda connection: conversations.entries_after(connection, sealer, contact_id, after, STREAM_PAGE)
        )

    async def send_export(self, request: web.Request) -> web.Response:
        """`GET /api/chat/export/{token}`: everything stored of one person, once."""
        token, now = request.match_info["token"], self.turns.clock()
        data = await self.turns.database.write(
            lambda connection: my_data(connection, self.turns.sealer, token, now)
        )
        if data is None:
            return refused(Refusal(410, "link_spent", "这个链接已经用过或过期了，请回到聊天里重新导出。"))
        body = orjson.dumps(data, option=orjson.OPT_INDENT_2)
        return web.Response(
            body=body,
            content_type="application/json",
            charset="utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="my-data.json"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            },
        )

    # --- who is speaking ---

    def _conversation(self, request: web.Request) -> tuple[str, str | None]:
        """Address and token of the conversation; ("", None) for a newcomer. Raises `Refusal` for a forged one."""
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer":
                raise Refusal(401, "bad_conversation", "对话凭证不对，请重新开始对话。")
        else:
            token = request.cookies.get(COOKIE, "")
            if not token:
                return "", None
            if request.method == "POST" and request.content_type != "application/json":
                raise Refusal(415, "not_json", "请用 JSON 格式发送。")
        address = self._address(token.strip())
        if address is None:
            expired = header is None
            raise Refusal(
                401,
                "bad_conversation",
                "这个对话的凭证失效了，请重新开始对话。",
                forget_cookie=COOKIE if expired else None,
            )
        return address, token.strip()

    def _new_conversation(self) -> tuple[str, str]:
        raw = secrets.token_bytes(ADDRESS_BYTES)
        return raw.hex(), urlsafe_b64encode(raw + self.turns.sealer.mac(b"web:" + raw)).decode().rstrip("=")

    def _address(self, token: str) -> str | None:
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        if urlsafe_b64encode(raw).decode().rstrip("=") != token:  # decoding skips what does not belong
            return None
        address, mac = raw[:ADDRESS_BYTES], raw[ADDRESS_BYTES:]
        if len(address) != ADDRESS_BYTES or not self.turns.sealer.verify(b"web:" + address, mac):
            return None
        return address.hex()

    async def _contact(self, request: web.Request) -> int | None:
        address, token = self._conversation(request)
        if token is None:
            return None
        found = await self.turns.database.read(
            lambda connection: conversations.find(connection, CHANNEL, address, None)
        )
        return found.contact_id if found else None


def bubbles(entry: Entry) -> list[dict[str, Any]]:
    """One logged turn as the messages a page shows, numbered so that streams can resume between them."""
    content: Mapping[str, Any] = orjson.loads(entry.content)
    reply = content["reply"]
    place = {"dialog": reply["dialog"], "step": reply["step"]}
    shown: list[dict[str, Any]] = []
    if content["said"]:
        chose = content.get("chose", {})
        shown.append({"from": "person", "text": content["said"], "choices": [], "links": [], **chose})
    shown.extend({"from": "service", **place, **said} for said in reply["replies"])
    start = entry.id * BUBBLES + (0 if content["said"] else 1)
    return [
        {"id": start + place, "at": content["at"], "hidden": bubble["text"] == HIDDEN, **bubble}
        for place, bubble in enumerate(shown[: BUBBLES - 1])
    ]


def _remote(request: web.Request) -> str:
    """The address a newcomer comes from; a proxy on this machine is believed about whom it speaks for."""
    remote = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For")
    if forwarded and remote in ("127.0.0.1", "::1", ""):
        return forwarded.rsplit(",", 1)[-1].strip()[:64]
    return remote


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - JSON of any shape
    if (request.content_length or 0) > LONGEST_BODY:
        raise Refusal(413, "too_large", "这条消息太大了，请分几次发。")
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(413, "too_large", "这条消息太大了，请分几次发。") from None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refusal(400, "not_json", "消息格式不对：请求体要是 UTF-8 的 JSON。") from None


def _read_message(data: Any) -> tuple[Said | Chose, str]:  # noqa: ANN401 - JSON of any shape
    """What happened, and the message id, of a body. Raises `Refusal` for any other shape."""
    if not isinstance(data, dict):
        raise Refusal(400, "bad_shape", "消息格式不对：要有 text 和 message_id 两项。")
    text, message_id = data.get("text"), data.get("message_id")
    if not isinstance(text, str):
        raise Refusal(400, "bad_shape", "消息格式不对：text 要是文字。")
    if (
        not isinstance(message_id, str)
        or not message_id.strip("\x00")
        or len(message_id) > LONGEST_MESSAGE_ID
    ):
        raise Refusal(400, "bad_message_id", "消息格式不对：message_id 要是 1 到 128 个字符，每条消息一个。")
    if not text.strip("\x00 \t\r\n\u200b"):
        raise Refusal(400, "empty", "没有收到文字，请打字再发。")
    if len(text) > LONGEST_TEXT:
        raise Refusal(413, "too_long", f"这条消息太长了，请控制在 {LONGEST_TEXT} 个字以内。")
    place = _read_place(data)
    return Chose(*place, text) if place else Said(text), message_id.replace("\x00", "")


def _read_place(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Dialog and step of the question a choice was shown for; None for words. Raises `Refusal` for half of it."""
    dialog, step = data.get("dialog"), data.get("step")
    if dialog is None and step is None:
        return None
    if isinstance(dialog, str) and isinstance(step, str) and max(len(dialog), len(step)) <= LONGEST_NAME:
        return dialog, step
    raise Refusal(
        400, "bad_shape", "消息格式不对：点选时 dialog 和 step 要一起给，都是文字；打字时都不要给。"
    )


def _number(text: str | None, default: int, least: int, most: int) -> int:
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not least <= int(text) <= most:
        raise Refusal(400, "bad_number", f"参数要是 {least} 到 {most} 之间的整数。")
    return int(text)
