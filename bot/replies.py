"""HTTP answers that all faces share: JSON, and refusals with a code for machines and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from aiohttp import web

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Refusal(Exception):  # noqa: N818 - reads as what it is
    """A request that is not taken: HTTP status, a code, and what to do about it in a kind sentence."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        forget_cookie: str | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.forget_cookie = forget_cookie


def json_reply(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer that nobody caches."""
    return web.Response(
        body=body,
        status=status,
        headers={**HEADERS, "Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )


def refused(refusal: Refusal) -> web.Response:
    """The refusal as `{"error": {"code", "message"}}`."""
    body = orjson.dumps({"error": {"code": refusal.code, "message": refusal.message}})
    response = json_reply(body, refusal.status, refusal.headers)
    if refusal.forget_cookie:
        response.del_cookie(refusal.forget_cookie, path="/")
    return response
