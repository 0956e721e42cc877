"""Answers that browsers and other sites may keep for a while: an ETag of the content, and 304 when nothing changed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from aiohttp import ETag, web


def tagged(
    request: web.Request,
    body: bytes,
    content_type: str,
    *,
    max_age: int,
    headers: Mapping[str, str] | None = None,
    charset: str | None = "utf-8",
) -> web.Response:
    """The body with its ETag, to be kept `max_age` seconds; 304 without a body to whoever has it already."""
    tag = ETag(blake2b(body, digest_size=12).hexdigest())
    kept = {**(headers or {}), "Cache-Control": f"public, max-age={max_age}"}
    if any(known.value in (tag.value, "*") for known in request.if_none_match or ()):
        response = web.Response(status=304, headers=kept)
    else:
        response = web.Response(body=body, content_type=content_type, charset=charset, headers=kept)
    response.etag = tag
    return response
