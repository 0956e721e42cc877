"""The official account's API (公众号服务端接口): one method for each call we make, each failure named by what to do.

The platform reports failure as HTTP 200 with an errcode: nothing counts as done on the status alone. The access
token travels in the query, so no error of the HTTP library, which quotes addresses, ever leaves here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import aiohttp
import orjson

from bot.channels.wechat_errors import (
    NO_MENU_MESSAGES,
    QUOTA_USED_UP,
    SENT_BEFORE,
    TOKEN_CODES,
    failed,
)
from bot.channels.wechat_quota import Meter
from bot.channels.wechat_tokens import Fetched, Tokens
from dialogs.model import Choice
from notifications.channel import Failure, SendFailed
from notifications.rendering import numbered
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.sealing import Sealer

TIMEOUT: Final = aiohttp.ClientTimeout(total=8.0, connect=3.0)
LONGEST_ANSWER: Final = 1024 * 1024
MASS_LEAST: Final = 2
MASS_MOST: Final = 10_000
LONGEST_CLIENT_ID: Final = 64
LONGEST_SCENE: Final = 64
SCENE_SECONDS: Final = 30 * 86_400
LATE_GATEWAYS: Final = frozenset({502, 504})
"""Answers of a gateway that does not know what became of the request."""

IDLE_SECONDS: Final = 5.0
"""A connection is kept so long for the next call: shorter than servers do, for a call into a connection that is
just being closed would have an unknown end."""


def http_session() -> aiohttp.ClientSession:
    """Connections for a client; to be made inside the running loop."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS))


class WeChatClient:
    """Calls the API of one account. Raises `SendFailed` for whatever goes wrong."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        api_url: str,
        app_id: str,
        secret: str,
        *,
        database: Database,
        sealer: Sealer,
        clock: Callable[[], datetime],
        meter: Meter,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._http = http
        self._url = api_url
        self._app_id = app_id
        self._secret = secret
        self.timeout = timeout
        self.meter = meter
        self.tokens = Tokens(database, sealer, clock, app_id, self._fetch_token)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    # --- messages ---

    async def custom_text(self, openid: str, text: str) -> None:
        """A customer-service message of text, at most 2000 bytes."""
        await self._custom(openid, "text", {"content": text})

    async def custom_news(
        self, openid: str, title: str, description: str, url: str, picture_url: str = ""
    ) -> None:
        """A customer-service message with the one article that is allowed."""
        article = {"title": title, "description": description, "url": url, "picurl": picture_url}
        await self._custom(openid, "news", {"articles": [article]})

    async def custom_menu(self, openid: str, head: str, choices: Sequence[Choice], tail: str = "") -> None:
        """A text with lines to tap (msgmenu), each sent back as if typed; plain text where the account may not.

        Ids are digits because some accounts return no others."""
        items = [{"id": str(n), "content": line} for n, line in enumerate(map(_line, choices), 1)]
        try:
            await self._custom(openid, "msgmenu", {"head_content": head, "list": items, "tail_content": tail})
        except SendFailed as failure:
            if failure.code != str(NO_MENU_MESSAGES):
                raise
            written = numbered(head, choices)
            await self.custom_text(openid, f"{written}\n{tail}" if tail else written)

    async def _custom(self, openid: str, kind: str, content: Mapping[str, Any]) -> None:
        body = {"touser": openid, "msgtype": kind, kind: content}
        await self._post("/cgi-bin/message/custom/send", "custom", body)

    async def template(
        self, openid: str, template_id: str, data: Mapping[str, str], url: str, client_id: str
    ) -> str:
        """A template message; returns its MsgID. The same `client_id` within ten minutes is sent once."""
        body = {
            "touser": openid,
            "template_id": template_id,
            "url": url,
            "client_msg_id": client_id,
            "data": _values(data),
        }
        answer = await self._post("/cgi-bin/message/template/send", "template", body, repeatable=True)
        return str(answer.get("msgid", ""))

    async def subscribe_message(
        self, openid: str, template_id: str, data: Mapping[str, str], page: str
    ) -> None:
        """A subscription notice that the person has agreed to."""
        body = {"touser": openid, "template_id": template_id, "page": page, "data": _values(data)}
        await self._post("/cgi-bin/message/subscribe/bizsend", "subscription", body)

    async def mass_send(self, openids: Sequence[str], text: str, client_id: str) -> str | None:
        """The same text to 2 to 10,000 followers; returns the platform's msg_id, None if it was sent before.

        Raises ValueError for a list or id of another size."""
        if not MASS_LEAST <= len(openids) <= MASS_MOST or len(set(openids)) != len(openids):
            raise ValueError(f"mass_send takes {MASS_LEAST} to {MASS_MOST} different openids")
        if not 0 < len(client_id.encode()) <= LONGEST_CLIENT_ID:
            raise ValueError(f"client_id must have 1 to {LONGEST_CLIENT_ID} bytes")
        body = {
            "touser": list(openids),
            "msgtype": "text",
            "text": {"content": text},
            "clientmsgid": client_id,
        }
        try:
            answer = await self._post("/cgi-bin/message/mass/send", "mass", body, repeatable=True)
        except SendFailed as failure:
            if failure.code != str(SENT_BEFORE):
                raise
            return None
        return str(answer.get("msg_id", ""))

    # --- the account ---

    async def create_menu(self, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Replace the account's menu (自定义菜单)."""
        await self._post("/cgi-bin/menu/create", "menu", {"button": list(buttons)}, repeatable=True)

    async def create_qrcode(self, scene: str) -> str:
        """The address behind a QR code that carries a scene for 30 days (带参数二维码): for drawing the code.

        Raises ValueError unless the scene has 1 to 64 characters."""
        if not 0 < len(scene) <= LONGEST_SCENE:
            raise ValueError(f"a scene has 1 to {LONGEST_SCENE} characters")
        body = {
            "expire_seconds": SCENE_SECONDS,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        answer = await self._post("/cgi-bin/qrcode/create", "qrcode", body, repeatable=True)
        return str(answer.get("url", ""))

    # --- one call ---

    async def _post(
        self, path: str, api: str, body: Mapping[str, Any], *, repeatable: bool = False
    ) -> dict[str, Any]:
        """Call with a token; with another one, once, when the platform does not like the first."""
        try:
            token = await self.tokens.get()
            answer = await self._count_and_call(path, api, body, token, repeatable=repeatable)
            if _code(answer) in TOKEN_CODES:
                token = await self.tokens.get(bad=token)
                answer = await self._count_and_call(path, api, body, token, repeatable=repeatable)
            code = _code(answer)
            if code == QUOTA_USED_UP:
                await self.meter.exhausted(api)
                raise failed(code, self.meter.until_midnight())
        except StorageUnavailable:  # before the call, or after one that was refused: nothing was sent
            raise SendFailed(Failure.RETRY, "storage") from None
        if code != 0:
            raise failed(code)
        return answer

    async def _count_and_call(
        self, path: str, api: str, body: Mapping[str, Any], token: str, *, repeatable: bool
    ) -> dict[str, Any]:
        await self.meter.take(api)
        return await self._call(path, {"access_token": token}, body, repeatable=repeatable)

    async def _fetch_token(self) -> Fetched:
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": False,
        }
        await self.meter.take("token")
        answer = await self._call("/cgi-bin/stable_token", {}, body, repeatable=True)
        if code := _code(answer):
            raise failed(code)
        value, lasts = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(lasts, int | float):
            raise SendFailed(Failure.RETRY, "token_answer")
        return Fetched(value, lasts)

    async def _call(
        self, path: str, query: Mapping[str, str], body: Mapping[str, Any], *, repeatable: bool
    ) -> dict[str, Any]:
        """One request. What may have been carried out is `UNKNOWN`, unless repeating it does no harm."""
        lost = Failure.RETRY if repeatable else Failure.UNKNOWN
        try:
            # orjson writes Chinese as it is; the platform shows \\uXXXX to people as such.
            async with self._http.post(
                self._url + path,
                params=query,
                data=orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                timeout=self.timeout,
                allow_redirects=False,
            ) as response:
                raw = await response.content.read(LONGEST_ANSWER)
                status, wait = response.status, _seconds(response.headers.get("Retry-After"))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise SendFailed(Failure.RETRY, "connect") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise SendFailed(lost, type(error).__name__) from None
        if status in LATE_GATEWAYS:
            raise SendFailed(lost, f"http_{status}", wait)
        if status == 429 or status >= 500:
            raise SendFailed(Failure.RETRY, f"http_{status}", wait)
        if status != 200:
            raise SendFailed(Failure.ACCOUNT, f"http_{status}")
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise SendFailed(lost, "not_json") from None
        if not isinstance(answer, dict) or not isinstance(answer.get("errcode", 0), int):
            raise SendFailed(lost, "not_json")
        return answer


def _line(choice: Choice) -> str:
    return choice.label if choice.value == choice.label else f"{choice.value}. {choice.label}"


def _values(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {field: {"value": value} for field, value in data.items()}


def _code(answer: Mapping[str, Any]) -> int:
    return int(answer.get("errcode", 0))


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isascii() and header.isdigit() else None
