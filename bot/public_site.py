"""The public site (公开专区): pages, bundles and open data put together. Called by `bot.app`."""

from __future__ import annotations

import structlog
from aiohttp import web

from bot.bundle_pages import BundlePages
from bot.bundle_pictures import Pictures, SceneLink
from bot.open_data import OpenData
from bot.page_frame import Frame
from bot.poster import FontMissing, find_font
from bot.public_pages import PublicPages
from bot.turns import Turns

log = structlog.get_logger()


def public_routes(turns: Turns, public_url: str, link: SceneLink | None) -> list[web.RouteDef]:
    """All that anybody may see. `link` asks the official account for QR codes, when there is one."""
    frame = Frame(turns, public_url)
    pages, bundles, data = PublicPages(frame), BundlePages(frame, _pictures(link)), OpenData(frame)
    return [*pages.routes(), *bundles.routes(), *data.routes()]


def _pictures(link: SceneLink | None) -> Pictures | None:
    try:
        return Pictures(find_font(), link)
    except FontMissing as missing:
        log.warning("no_pictures", why=str(missing))
        return None
