"""The one-time form (`/f/{token}`): sensitive answers of a running dialog, typed on a page of ours.

A person on somebody else's platform gets a link instead of a question; the page takes the answer with the same
parser, and the chat goes on by itself. The answer must come from a browser that opened this very link. Opening alone
spends nothing: platforms fetch links before their people do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape

from bot.chat_api import PAGE_HEADERS
from bot.form_answers import FormState, fill, form
from bot.turns import Reply, Turns
from dialogs.catalogue import Node
from dialogs.definition import Ask, Choose
from storage import form_links
from storage.database import Connection
from storage.errors import StorageUnavailable

COOKIE: Final = "jianxi_form"
LONGEST_FORM: Final = 16 * 1024

GONE: Final = "这个链接用过了或者过期了。请回到聊天里，回复“继续”拿一个新链接。"
NOT_YOURS: Final = "这个链接不是在这里打开的。请回到聊天里，回复“继续”拿一个新链接。"
BUSY: Final = "系统正忙，刚才填的还没有存上，请返回再提交一次。"
THANKS: Final = "收到了。请回到聊天里接着来，下一个问题已经发过去了。"
THANKS_AND_GO_ON: Final = "收到了。请回到聊天里，回复“继续”接着来。"

Deliver = Callable[[form_links.Owner, Reply], Awaitable[bool]]
"""Sends what the dialog says next to where the conversation is; False when it cannot be sent now."""


class Field(NamedTuple):
    """One question of the form as the page shows it."""

    name: str
    question: str
    keyboard: str
    options: tuple[Any, ...]
    values: tuple[str, ...]
    fault: str


class FormFace:
    """Handlers of the one-time form."""

    def __init__(self, turns: Turns, deliver: Deliver, *, secure: bool) -> None:
        self.turns = turns
        self.deliver = deliver
        self.secure = secure
        pages = Environment(
            loader=PackageLoader("bot", "web/templates"), autoescape=select_autoescape(), trim_blocks=True
        )
        self.page = pages.get_template("form.html")

    def routes(self) -> list[web.RouteDef]:
        """The form's URLs."""
        return [web.get("/f/{token}", self.show), web.post("/f/{token}", self.take)]

    async def show(self, request: web.Request) -> web.Response:
        """`GET /f/{token}`: the open questions, nothing of what was answered."""
        token = request.match_info["token"]
        try:
            state = await self.turns.database.read(lambda connection: form(self.turns, connection, token))
        except StorageUnavailable:
            return self._message(BUSY, 503)
        if state is None:
            return self._message(GONE, 410)
        if not self._may_use(request, token, first=True):
            return self._message(NOT_YOURS, 403)
        response = self._form(state, {}, {})
        response.set_cookie(
            COOKIE,
            self._binding(token),
            max_age=int(form_links.LIFETIME.total_seconds()),
            httponly=True,
            samesite="Strict",
            secure=self.secure,
            path=f"/f/{token}",
        )
        return response

    async def take(self, request: web.Request) -> web.Response:
        """`POST /f/{token}`: answers in; what is wrong comes back beside its field, what is right is kept."""
        token = request.match_info["token"]
        if not self._may_use(request, token, first=False):
            return self._message(NOT_YOURS, 403)
        if (request.content_length or 0) > LONGEST_FORM:
            return self._message("填的内容太长了，请返回改短一些。", 413)
        values = await self._values(request)

        def work(connection: Connection) -> FormState | None:
            return fill(self.turns, connection, token, values)

        try:
            state = await self.turns.database.write(work)
        except StorageUnavailable:
            return self._message(BUSY, 503)
        if state is None:
            return self._message(GONE, 410)
        if state.nodes:
            return self._form(state, values, state.faults)
        sent = state.reply is not None and await self.deliver(state.owner, state.reply)
        return self._message(THANKS if sent else THANKS_AND_GO_ON, 200)

    async def _values(self, request: web.Request) -> dict[str, str]:
        """What was typed, by step; several ticked options as one answer."""
        try:
            form = await request.post()
        except (ValueError, UnicodeDecodeError):
            return {}
        names = dict.fromkeys(name for name, value in form.items() if isinstance(value, str))
        return {name: " ".join(str(value) for value in form.getall(name))[:500] for name in names}

    # --- who may use a link ---

    def _binding(self, token: str) -> str:
        return self.turns.sealer.mac(b"form:" + token.encode()).hex()

    def _may_use(self, request: web.Request, token: str, *, first: bool) -> bool:
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return first
        try:
            return self.turns.sealer.verify(b"form:" + token.encode(), bytes.fromhex(cookie))
        except ValueError:
            return False

    # --- pages ---

    def _form(self, state: FormState, values: Mapping[str, str], faults: Mapping[str, str]) -> web.Response:
        fields = [_field(node, values, faults) for node in state.nodes]
        return self._page(200 if not faults else 422, fields=fields)

    def _message(self, message: str, status: int) -> web.Response:
        return self._page(status, message=message)

    def _page(self, status: int, **context: Any) -> web.Response:  # noqa: ANN401 - template values
        headers = {**PAGE_HEADERS, "Cache-Control": "no-store"}
        return web.Response(
            text=self.page.render(**context), status=status, content_type="text/html", headers=headers
        )


def _field(node: Node, values: Mapping[str, str], faults: Mapping[str, str]) -> Field:
    step = node.step
    typed = values.get(step.name, "")
    many = isinstance(step, Choose)
    return Field(
        name=step.name,
        question=node.ask,
        keyboard=step.keyboard if isinstance(step, Ask) else "text",
        options=node.choices if many else (),
        values=tuple(typed.split()) if many else (typed,),
        fault=faults.get(step.name, ""),
    )
