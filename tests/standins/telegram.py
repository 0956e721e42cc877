"""A local Telegram: a Bot API server that checks each request, people who write and tap, and faults on order.

Checks follow the Bot API's reference (core.telegram.org/bots/api): required and known fields, lengths, callback data
of 64 bytes, the token in the path, known and blocked chats. What breaks them is refused as Telegram refuses it and
listed in `problems`, which a test can ask to be empty.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import ClientSession, web

TOKEN = "7000000001:AAStandInTokenStandInTokenStandInTo"
BOT_ID = 7000000001
BOT_NAME = "jianxi_test_bot"
NOW = 1_795_485_600

Json = dict[str, Any]


class Fault(NamedTuple):
    """What happens to one request instead of, or after, its work. Make them with the functions below."""

    status: int = 0
    description: str = ""
    retry_after: int = 0
    applied: bool = False
    """Whether the request has had its effect although the caller does not learn it."""
    silent: bool = False
    """No answer at all: the caller waits until its own time-out."""
    cut: bool = False
    """The connection ends in the middle of the answer."""


def too_many(retry_after: int) -> Fault:
    return Fault(429, "Too Many Requests: retry after", retry_after)


def server_error(status: int = 502, *, applied: bool = False) -> Fault:
    return Fault(status, "Bad Gateway", applied=applied)


def silence(*, applied: bool) -> Fault:
    return Fault(silent=True, applied=applied)


def half_closed(*, applied: bool) -> Fault:
    return Fault(cut=True, applied=applied)


def refused(description: str, status: int = 400) -> Fault:
    return Fault(status, description)


class Refused(Exception):  # noqa: N818 - reads as what happened
    """Telegram's own refusal of a request."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


@dataclass
class Sent:
    """A message of the bot as it stands in a chat now."""

    chat_id: int
    message_id: int
    text: str
    markup: Json = field(default_factory=dict)

    @property
    def buttons(self) -> dict[str, str]:
        """Label → callback data of the inline keyboard."""
        rows = self.markup.get("inline_keyboard", [])
        return {b["text"]: b["callback_data"] for row in rows for b in row if "callback_data" in b}

    @property
    def links(self) -> dict[str, str]:
        """Label → address of the inline keyboard's link buttons."""
        rows = self.markup.get("inline_keyboard", [])
        return {b["text"]: b["url"] for row in rows for b in row if "url" in b}


class Method(NamedTuple):
    """What a method takes: required fields, and the others that exist."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


METHODS = {
    "getMe": Method(),
    "getUpdates": Method((), ("offset", "limit", "timeout", "allowed_updates")),
    "setWebhook": Method(
        ("url",), ("secret_token", "allowed_updates", "max_connections", "drop_pending_updates")
    ),
    "deleteWebhook": Method((), ("drop_pending_updates",)),
    "setMyCommands": Method(("commands",), ("scope", "language_code")),
    "sendMessage": Method(
        ("chat_id", "text"),
        (
            "reply_markup",
            "disable_notification",
            "protect_content",
            "link_preview_options",
            "reply_parameters",
        ),
    ),
    "editMessageText": Method(("chat_id", "message_id", "text"), ("reply_markup", "link_preview_options")),
    "editMessageReplyMarkup": Method(("chat_id", "message_id"), ("reply_markup",)),
    "answerCallbackQuery": Method(("callback_query_id",), ("text", "show_alert", "url", "cache_time")),
}


class TelegramPlatform:
    """The server, for use as an async context manager. Updates go to `post_to` if set, else wait for getUpdates."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.problems: list[str] = []
        self.sent: list[Sent] = []
        self.calls: list[tuple[str, Json]] = []
        self.answers: dict[str, str] = {}
        """Callback query id → what the person was told."""
        self.commands: list[Json] = []
        self.webhook: Json = {}
        self.chats: set[int] = set()
        self.blocked: set[int] = set()
        self.statuses: list[int] = []
        """What the webhook answered, in order."""
        self.post_to = ""
        self.url = ""
        self.arrived = asyncio.Condition()
        self._faults: dict[str, list[Fault]] = {}
        self._updates: list[Json] = []
        self._fresh = asyncio.Event()
        self._polling = 0
        self._queries: set[str] = set()
        self._update_id = 100
        self._message_id = 0
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # --- life ---

    async def __aenter__(self) -> TelegramPlatform:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method meet these faults, one each."""
        self._faults.setdefault(method, []).extend(faults)

    # --- people ---

    def person(self, number: int, name: str = "小凤") -> Person:
        """Somebody who has opened a chat with the bot."""
        self.chats.add(number)
        return Person(self, number, name)

    def group(self, number: int = -1001234567890) -> int:
        """A group that has the bot in it."""
        self.chats.add(number)
        return number

    def update(self, kind: str, content: Json) -> Json:
        """An update with the next number."""
        self._update_id += 1
        return {"update_id": self._update_id, kind: content}

    def next_message_id(self) -> int:
        self._message_id += 1
        return self._message_id

    def new_query(self, query_id: str) -> str:
        self._queries.add(query_id)
        return query_id

    def queue(self, *updates: Json) -> None:
        """Let updates wait for getUpdates."""
        self._updates.extend(updates)
        self._fresh.set()

    async def bring(self, *updates: Json) -> None:
        """Bring updates the way that is set up; by webhook as Telegram does, repeating what is not taken."""
        if not self.post_to:
            self.queue(*updates)
            return
        for update in updates:
            for _ in range(5):
                if await self.post(update) == 200:
                    break

    async def post(self, update: Json, secret: str | None = None) -> int:
        """Post one update to the webhook once; returns the status."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret or str(self.webhook.get("secret_token", ""))}
        async with (
            ClientSession() as session,
            session.post(self.post_to, json=update, headers=headers) as answer,
        ):
            self.statuses.append(answer.status)
            return answer.status

    def texts(self, chat_id: int) -> list[str]:
        """What the bot has said in a chat."""
        return [sent.text for sent in self.sent if sent.chat_id == chat_id]

    async def until(self, true: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait for something the bot does to become true."""
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(true), seconds)

    @property
    def waiting(self) -> int:
        """Updates that were not confirmed yet."""
        return len(self._updates)

    # --- the server ---

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return _error(401, "Unauthorized")
        if method not in METHODS:
            return _error(404, "Not Found")
        data = await self._fields(request)
        self.calls.append((method, data))
        fault = self._faults[method].pop(0) if self._faults.get(method) else None
        try:
            result = None if fault is not None and not fault.applied else await self._work(method, data)
        except Refused as refusal:
            return _error(refusal.status, refusal.description)
        finally:
            async with self.arrived:
                self.arrived.notify_all()
        if fault is not None:
            return await self._faulty(request, fault)
        return web.json_response({"ok": True, "result": result})

    async def _fields(self, request: web.Request) -> Json:
        if request.content_type == "application/json":
            data: Json = await request.json()
            return data
        fields = request.query if request.method == "GET" else await request.post()
        return {name: _value(name, str(value)) for name, value in fields.items()}

    async def _faulty(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.silent:
            await self._closing.wait()
            return web.Response(status=500)
        if fault.cut:
            cut = web.StreamResponse(headers={"Content-Length": "500", "Content-Type": "application/json"})
            await cut.prepare(request)
            await cut.write(b'{"ok":tr')
            assert request.transport is not None
            request.transport.close()
            return cut
        return _error(fault.status, fault.description, fault.retry_after)

    async def _work(self, method: str, data: Json) -> Any:  # noqa: ANN401 - a result of any shape
        wanted = METHODS[method]
        missing = [name for name in wanted.required if data.get(name) in (None, "")]
        unknown = data.keys() - {*wanted.required, *wanted.optional}
        if unknown:
            self.problems.append(f"{method}: unknown fields {sorted(unknown)}")
        if missing:
            self._broken(f"{method}: {missing[0]} is empty")
        work: Callable[[Json], Awaitable[Any]] = getattr(self, f"_{_snake(method)}")
        return await work(data)

    def _broken(self, problem: str, status: int = 400) -> None:
        self.problems.append(problem)
        raise Refused(status, f"Bad Request: {problem}")

    # --- methods ---

    async def _get_me(self, data: Json) -> Json:
        return {"id": BOT_ID, "is_bot": True, "first_name": "见习通", "username": BOT_NAME}

    async def _set_my_commands(self, data: Json) -> bool:
        for command in data["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                self._broken("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                self._broken("BOT_COMMAND_DESCRIPTION_INVALID")
        if len(data["commands"]) > 100:
            self._broken("BOT_COMMANDS_TOO_MUCH")
        self.commands = data["commands"]
        return True

    async def _set_webhook(self, data: Json) -> bool:
        if not re.fullmatch(r"https://[\w.-]+(:(443|80|88|8443))?(/.*)?", data["url"]):
            self._broken("bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", data.get("secret_token", "x")):
            self._broken("secret token contains unallowed characters")
        self.webhook = data
        return True

    async def _delete_webhook(self, data: Json) -> bool:
        self.webhook = {}
        return True

    async def _get_updates(self, data: Json) -> list[Json]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        if self._polling:
            raise Refused(409, "Conflict: terminated by other getUpdates request")
        self._polling += 1
        try:
            offset = int(data.get("offset", 0))
            self._updates = [update for update in self._updates if update["update_id"] >= offset]
            async with self.arrived:
                self.arrived.notify_all()
            if not self._updates:
                self._fresh.clear()
                timeout = float(data.get("timeout", 0))
                waits = [asyncio.ensure_future(e.wait()) for e in (self._fresh, self._closing)]
                await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
            return self._updates[: int(data.get("limit", 100))]
        finally:
            self._polling -= 1

    async def _send_message(self, data: Json) -> Json:
        chat_id = self._chat(data)
        text = self._text(data)
        markup = data.get("reply_markup", {})
        self._check_markup(markup)
        sent = Sent(chat_id, self.next_message_id(), text, markup)
        self.sent.append(sent)
        return self.message_of(sent)

    async def _edit_message_text(self, data: Json) -> Json:
        sent = self._message(data)
        return self._edited(sent, self._text(data), data.get("reply_markup", {}))

    async def _edit_message_reply_markup(self, data: Json) -> Json:
        sent = self._message(data)
        return self._edited(sent, sent.text, data.get("reply_markup", {}))

    async def _answer_callback_query(self, data: Json) -> bool:
        query_id = data["callback_query_id"]
        if query_id not in self._queries:
            raise Refused(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        if len(data.get("text", "")) > 200:
            self._broken("MESSAGE_TOO_LONG")
        self._queries.discard(query_id)
        self.answers[query_id] = data.get("text", "")
        return True

    def _edited(self, sent: Sent, text: str, markup: Json) -> Json:
        self._check_markup(markup)
        if (text, markup) == (sent.text, sent.markup):
            raise Refused(
                400, "Bad Request: message is not modified: specified new message content is the same"
            )
        sent.text, sent.markup = text, markup
        return self.message_of(sent)

    # --- checks ---

    def _chat(self, data: Json) -> int:
        chat_id = int(data["chat_id"])
        if chat_id not in self.chats:
            raise Refused(400, "Bad Request: chat not found")
        if chat_id in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return chat_id

    def _text(self, data: Json) -> str:
        text = str(data["text"])
        if not text.strip():
            self._broken("message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            self._broken("message is too long")
        return text

    def _message(self, data: Json) -> Sent:
        chat_id = self._chat(data)
        for sent in self.sent:
            if (sent.chat_id, sent.message_id) == (chat_id, int(data["message_id"])):
                return sent
        raise Refused(400, "Bad Request: message to edit not found")

    def _check_markup(self, markup: Json) -> None:
        buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
        if len(buttons) > 100:
            self._broken("REPLY_MARKUP_TOO_LONG")
        for button in buttons:
            if not button["text"]:
                self._broken("BUTTON_TEXT_EMPTY")
            if ("callback_data" in button) == ("url" in button):
                self._broken("BUTTON_TYPE_INVALID")
            if not 1 <= len(button.get("callback_data", "x").encode()) <= 64:
                self._broken("BUTTON_DATA_INVALID")
            if not re.match(r"https?://[^/]+\.[^/]+", button.get("url", "https://a.b")):
                self._broken("BUTTON_URL_INVALID")

    def message_of(self, sent: Sent) -> Json:
        """A message of the bot as JSON."""
        kind = "private" if sent.chat_id > 0 else "supergroup"
        message: Json = {
            "message_id": sent.message_id,
            "date": NOW,
            "chat": {"id": sent.chat_id, "type": kind},
            "from": {"id": BOT_ID, "is_bot": True, "first_name": "见习通"},
            "text": sent.text,
        }
        if "inline_keyboard" in sent.markup:
            message["reply_markup"] = sent.markup
        return message


class Person:
    """Somebody in a private chat with the bot. Each method makes the update of what they do."""

    def __init__(self, platform: TelegramPlatform, number: int, name: str) -> None:
        self.platform = platform
        self.number = number
        self.user: Json = {"id": number, "is_bot": False, "first_name": name}

    @property
    def last(self) -> Sent:
        """The newest message of the bot in their chat."""
        return [sent for sent in self.platform.sent if sent.chat_id == self.number][-1]

    def message(self, chat: Json | None = None, **content: Any) -> Json:  # noqa: ANN401 - fields of a message
        return {
            "message_id": self.platform.next_message_id(),
            "date": NOW,
            "chat": chat or {"id": self.number, "type": "private", "first_name": self.user["first_name"]},
            "from": self.user,
            **content,
        }

    def says(self, text: str) -> Json:
        return self.platform.update("message", self.message(text=text))

    def shares(self, **content: Any) -> Json:  # noqa: ANN401 - fields of a message
        return self.platform.update("message", self.message(**content))

    def edits(self, text: str) -> Json:
        return self.platform.update("edited_message", self.message(text=text, edit_date=NOW))

    def says_in(self, group: int, text: str) -> Json:
        chat = {"id": group, "type": "supergroup", "title": "同学群"}
        return self.platform.update("message", self.message(chat, text=text))

    def shares_contact(self, phone: str, owner: int | None = None) -> Json:
        contact = {"phone_number": phone, "first_name": "x", "user_id": owner or self.number}
        return self.shares(contact=contact)

    def taps(self, label: str, on: Sent | None = None) -> Json:
        """Tap the button with that label, or whose label ends so ("同意" for "1 同意")."""
        shown = on or self.last
        data = next(
            data for text, data in shown.buttons.items() if text == label or text.endswith(f" {label}")
        )
        return self.taps_data(data, shown)

    def taps_data(self, data: str, shown: Sent) -> Json:
        """A tap with any data, on any message, as a changed client could send it."""
        query_id = self.platform.new_query(f"q{self.platform.next_message_id()}")
        content = {
            "id": query_id,
            "from": self.user,
            "chat_instance": "1",
            "data": data,
            "message": self.platform.message_of(shown),
        }
        return self.platform.update("callback_query", content)

    def changes_membership(self, status: str) -> Json:
        """Block the bot ("kicked") or unblock it ("member")."""
        chat = {"id": self.number, "type": "private", "first_name": "x"}
        bot = {"id": BOT_ID, "is_bot": True, "first_name": "见习通"}
        new: Json = {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
        content = {
            "chat": chat,
            "from": self.user,
            "date": NOW,
            "old_chat_member": {"user": bot, "status": "member"},
            "new_chat_member": new,
        }
        return self.platform.update("my_chat_member", content)


def _error(status: int, description: str, retry_after: int = 0) -> web.Response:
    body: Json = {"ok": False, "error_code": status, "description": description}
    if retry_after:
        body["parameters"] = {"retry_after": retry_after}
    return web.json_response(body, status=status)


def _value(name: str, text: str) -> Any:  # noqa: ANN401 - a field of any shape
    """A form field: objects and lists come as JSON inside it."""
    return json.loads(text) if name in ("reply_markup", "commands", "allowed_updates") else text


def _snake(method: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower()
