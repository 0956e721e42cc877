"""A follower with a phone (粉丝替身): sends messages to the callback as the platform does, and reads its answers.

Signing, encrypting and reading are wechatpy's, an implementation that has nothing in common with ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from itertools import count
from typing import Any, NamedTuple

import xmltodict  # type: ignore[import-untyped]
from aiohttp import ClientResponse, ClientSession
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]
from wechatpy.utils import WeChatSigner  # type: ignore[import-untyped]

from tests.standins.wechat import APP_ID

ACCOUNT = "gh_0123456789ab"
TOKEN = "token-of-the-callback"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

_numbers = count(1)


def sign(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


class Request(NamedTuple):
    """A delivery as the platform makes it; can be posted again, or spoiled first."""

    query: Mapping[str, str]
    body: bytes


class Follower:
    """One person. `aes_key` set: the account is in safe mode."""

    def __init__(
        self,
        http: ClientSession,
        url: str,
        clock: Callable[[], datetime],
        openid: str = "oFOLLOWER",
        aes_key: str | None = None,
    ) -> None:
        self.http = http
        self.url = url
        self.clock = clock
        self.openid = openid
        self.crypto = WeChatCrypto(TOKEN, aes_key, APP_ID) if aes_key else None
        self.last: Request | None = None

    def request(self, kind: str, fields: str = "", *, msg_id: int | None = None) -> Request:
        """A signed delivery; `fields` is XML after the common ones. Events have no MsgId."""
        number = next(_numbers)
        identity = "" if kind == "event" else f"<MsgId>{msg_id or 23 * 10**15 + number}</MsgId>"
        now = int(self.clock().timestamp())
        xml = (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
            f"<FromUserName><![CDATA[{self.openid}]]></FromUserName><CreateTime>{now}</CreateTime>"
            f"<MsgType><![CDATA[{kind}]]></MsgType>{fields}{identity}</xml>"
        )
        return self.sealed(xml, str(now), f"{number:010d}")

    def sealed(self, xml: str, timestamp: str, nonce: str) -> Request:
        """Any XML, signed and in safe mode encrypted."""
        query = {
            "signature": sign(TOKEN, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": self.openid,
        }
        if self.crypto is None:
            return Request(query, xml.encode())
        sealed = self.crypto.encrypt_message(xml, nonce, timestamp)
        envelope = xmltodict.parse(sealed)["xml"]
        query |= {"encrypt_type": "aes", "msg_signature": envelope["MsgSignature"]}
        body = (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
            f"<Encrypt><![CDATA[{envelope['Encrypt']}]]></Encrypt></xml>"
        )
        return Request(query, body.encode())

    async def post(self, request: Request, content_type: str = "text/xml") -> ClientResponse:
        """Deliver; the answer's body is read."""
        self.last = request
        response = await self.http.post(
            self.url, params=request.query, data=BytesIO(request.body), headers={"Content-Type": content_type}
        )
        await response.read()
        return response

    async def answer(self, response: ClientResponse) -> str:
        """What the person reads: the text of the passive reply, "" for `success`."""
        body = await response.text()
        assert response.status == 200, (response.status, body)
        if body in {"", "success"}:
            return ""
        if self.crypto is not None:
            envelope = xmltodict.parse(body)["xml"]
            body = self.crypto.decrypt_message(
                body, envelope["MsgSignature"], envelope["TimeStamp"], envelope["Nonce"]
            )
        reply: dict[str, Any] = xmltodict.parse(body, strip_whitespace=False)["xml"]
        assert (reply["ToUserName"], reply["FromUserName"]) == (self.openid, ACCOUNT)
        assert reply["MsgType"] == "text"
        assert int(reply["CreateTime"]) > 0
        text = str(reply["Content"])
        assert len(text.encode()) <= 2048
        return text

    async def says(self, text: str, *, msg_id: int | None = None) -> str:
        """Type a text and read the answer."""
        return await self.answer(await self.post(self.typed(text, msg_id=msg_id)))

    def typed(self, text: str, *, msg_id: int | None = None, extra: str = "") -> Request:
        """The delivery of a typed text."""
        return self.request("text", f"<Content><![CDATA[{text}]]></Content>{extra}", msg_id=msg_id)

    async def does(self, event: str, key: str = "", extra: str = "") -> str:
        """Cause an event and read the answer."""
        fields = f"<Event><![CDATA[{event}]]></Event><EventKey><![CDATA[{key}]]></EventKey>{extra}"
        return await self.answer(await self.post(self.request("event", fields)))
