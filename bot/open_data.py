"""Open data (开放数据): published positions, hosts and bundles as JSON for other sites, paged and cacheable.

人社部发〔2023〕27号 二(三): 与各类招聘平台互联互通. Nothing personal; anybody may read it, from any site.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from bot.etags import tagged
from bot.open_data_schema import BUNDLE, HOST, POSITION, Field, Paged, description, shown
from bot.page_filters import LONGEST_WORDS, read_id
from bot.page_frame import Frame
from bot.replies import Refusal, refused
from policy.codes import Education, PositionKind
from policy.ledger_codes import HostKind
from policy.regions import CITIES
from storage import bundle_lists, position_search, public_lists
from storage.database import Connection

MAX_AGE: Final = 60
LIMIT: Final = 20
MOST: Final = 50
CITY_CODES: Final = frozenset(city.code for city in CITIES)
OPEN: Final = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
ANSWERS: Final = {"true": True, "false": False}


class Query:
    """The parameters of a request, each read once. Raises `Refusal` for what is wrong or unknown."""

    def __init__(self, query: Mapping[str, str], known: Collection[str]) -> None:
        self._query = query
        unknown = sorted(set(query) - {*known, "cursor", "limit"})
        if unknown:
            raise Refusal(400, "unknown_parameter", f"没有这个参数：{'、'.join(unknown)[:100]}。")

    def code(self, name: str, values: Collection[str]) -> str | None:
        """One of some codes, or None."""
        value = self._query.get(name)
        if value is not None and value not in values:
            raise Refusal(400, "bad_parameter", f"参数 {name} 的值不在代码表里，见 /api/openapi.json。")
        return value

    def words(self) -> str | None:
        """The words to look for, or None."""
        value = self._query.get("words", "").replace("\0", "").strip()
        if len(value) > LONGEST_WORDS:
            raise Refusal(400, "bad_parameter", f"参数 words 请控制在 {LONGEST_WORDS} 个字以内。")
        return value or None

    def yes_no(self, name: str) -> bool | None:
        """True, False, or None when not given."""
        value = self.code(name, ANSWERS)
        return None if value is None else ANSWERS[value]

    def cursor(self) -> int | None:
        """Where to go on, or None for the beginning."""
        value = self._query.get("cursor")
        if value is None:
            return None
        found = read_id(value)
        if found is None:
            raise Refusal(400, "bad_cursor", "参数 cursor 要原样用上一页答复里的 next。")
        return found

    def limit(self) -> int:
        """How many to give."""
        value = read_id(self._query.get("limit", str(LIMIT)))
        if value is None or not 1 <= value <= MOST:
            raise Refusal(400, "bad_parameter", f"参数 limit 要是 1 到 {MOST} 之间的整数。")
        return value


class OpenData:
    """Handlers of the open data API."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.database = frame.turns.database

    def routes(self) -> list[web.RouteDef]:
        """The URLs of the API."""
        return [
            web.get("/api/positions", self.positions),
            web.get("/api/hosts", self.hosts),
            web.get("/api/bundles", self.bundles),
            web.get("/api/openapi.json", self.openapi),
        ]

    async def positions(self, request: web.Request) -> web.Response:
        """`GET /api/positions`: what recruits now."""
        try:
            query = Query(request.query, ("city", "kind", "education", "words", "demonstrative"))
            wanted: dict[str, Any] = {
                "city": query.code("city", CITY_CODES),
                "kind": query.code("kind", list(PositionKind)),
                "education": query.code("education", list(Education)),
                "words": query.words(),
                "demonstrative": query.yes_no("demonstrative"),
                "after_id": query.cursor(),
            }
            limit = query.limit()
        except Refusal as refusal:
            return _refused(refusal)
        today = self.frame.today()
        found = await self.database.read(
            lambda connection: position_search.find(connection, today=today, limit=limit + 1, **wanted)
        )
        return _page(request, POSITION, found, [each.id for each in found], limit)

    async def hosts(self, request: web.Request) -> web.Response:
        """`GET /api/hosts`: the recognised hosts."""
        try:
            query = Query(request.query, ("city", "kind", "words"))
            city, kind = query.code("city", CITY_CODES), query.code("kind", list(HostKind))
            words, after, limit = query.words(), query.cursor(), query.limit()
        except Refusal as refusal:
            return _refused(refusal)
        today = self.frame.today()
        found = await self.database.read(
            lambda connection: public_lists.hosts(
                connection, today=today, city=city, kind=kind, name=words, after_id=after, limit=limit + 1
            )
        )
        return _page(request, HOST, found, [each.id for each in found], limit)

    async def bundles(self, request: web.Request) -> web.Response:
        """`GET /api/bundles`: the published bundles with their positions."""
        try:
            query = Query(request.query, ("city",))
            city, after, limit = query.code("city", CITY_CODES), query.cursor(), query.limit()
        except Refusal as refusal:
            return _refused(refusal)
        today, base = self.frame.today(), self.frame.base(request)

        def work(connection: Connection) -> list[Paged]:
            return [
                Paged(
                    bundle,
                    bundle_lists.items(connection, bundle, today),
                    f"{base}/bundles/{bundle.month}/{bundle.city}",
                )
                for bundle in bundle_lists.published(connection, city=city, before_id=after, limit=limit + 1)
            ]

        found = await self.database.read(work)
        return _page(request, BUNDLE, found, [each.bundle.id or 0 for each in found], limit)

    async def openapi(self, request: web.Request) -> web.Response:
        """`GET /api/openapi.json`: the description of all this."""
        body = orjson.dumps(description(self.frame.base(request)), option=orjson.OPT_INDENT_2)
        return tagged(request, body, "application/json", max_age=MAX_AGE, headers=OPEN)


def _page(
    request: web.Request, fields: Sequence[Field], found: Sequence[Any], ids: Sequence[int], limit: int
) -> web.Response:
    """A page of `found`, which holds one more than `limit` when there is a next page."""
    following = str(ids[limit - 1]) if len(ids) > limit else None
    body = orjson.dumps({"items": [shown(fields, row) for row in found[:limit]], "next": following})
    return tagged(request, body, "application/json", max_age=MAX_AGE, headers=OPEN)


def _refused(refusal: Refusal) -> web.Response:
    response = refused(refusal)
    response.headers.update(OPEN)
    return response
