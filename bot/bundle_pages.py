"""The page of a bundle (示范岗位页), fit for sharing in WeChat, with its cover and its poster."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from bot.bundle_pictures import Pictures, scene_of, summary
from bot.etags import tagged
from bot.open_data import CITY_CODES
from bot.page_frame import NO_FEES, Frame
from bot.page_words import day
from policy.months import is_month
from policy.regions import city as city_of_code
from storage import bundle_lists
from storage.ledger_tables import Bundle

MAX_AGE: Final = 600
"""Seconds that a picture may be kept."""


class BundlePages:
    """Handlers of the bundles; `pictures` is None on a machine that cannot draw Chinese."""

    def __init__(self, frame: Frame, pictures: Pictures | None) -> None:
        self.frame = frame
        self.pictures = pictures

    def routes(self) -> list[web.RouteDef]:
        """The URLs of the bundles."""
        return [
            web.get("/bundles/{month}/{city}", self.bundle),
            web.get("/bundles/{month}/{city}/cover.png", self.cover),
            web.get("/bundles/{month}/{city}/poster.png", self.poster),
        ]

    async def bundle(self, request: web.Request) -> web.Response:
        """`GET /bundles/{month}/{city}`: the published demonstrative positions, fit for sharing."""
        found = await self._published(request)
        if found is None:
            return self.frame.missing("这期示范岗位还没有发布", "/positions")
        bundle, items = found
        assert bundle.published_at is not None
        return self.frame.page(
            request,
            "bundle.html",
            bundle.title,
            bundle.introduction or f"{summary(items)}。{NO_FEES}",
            section="",
            scene=scene_of(bundle),
            demo=any(item.demo for item in items),
            base=self.frame.base(request),
            path=f"/bundles/{bundle.month}/{bundle.city}",
            pictured=self.pictures is not None,
            items=items,
            city=city_of_code(bundle.city).name,
            published=day(self.frame.local(bundle.published_at).date()),
        )

    async def cover(self, request: web.Request) -> web.Response:
        """`GET /bundles/{month}/{city}/cover.png`: the picture of a shared link."""
        found = await self._published(request)
        if found is None or self.pictures is None:
            raise web.HTTPNotFound
        return _picture(request, await self.pictures.cover(*found))

    async def poster(self, request: web.Request) -> web.Response:
        """`GET /bundles/{month}/{city}/poster.png`: the poster with its QR code."""
        found = await self._published(request)
        if found is None or self.pictures is None:
            raise web.HTTPNotFound
        return _picture(
            request, await self.pictures.poster(*found, self.frame.base(request), self.frame.today())
        )

    async def _published(self, request: web.Request) -> tuple[Bundle, list[bundle_lists.Item]] | None:
        city, month, today = request.match_info["city"], request.match_info["month"], self.frame.today()
        if city not in CITY_CODES or not is_month(month):  # whatever else somebody types
            return None
        return await self.frame.turns.database.read(
            lambda connection: bundle_lists.published_with_items(connection, city, month, today)
        )


def _picture(request: web.Request, body: bytes) -> web.Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    return tagged(request, body, "image/png", max_age=MAX_AGE, headers=headers, charset=None)
