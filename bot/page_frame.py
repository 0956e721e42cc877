"""The frame of all public pages: templates, headers, how long they may be kept, the kind 404, and what day it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape

from bot.chat_api import PAGE_HEADERS
from bot.etags import tagged
from bot.page_words import day, dial
from bot.turns import Turns
from policy.positions import yuan

MAX_AGE: Final = 60
"""Seconds that a page may be kept."""

NO_FEES: Final = "见习不收任何费用。"


class Frame:
    """Renders pages. `public_url` is where people reach us, "" to go by the request."""

    def __init__(self, turns: Turns, public_url: str) -> None:
        self.turns = turns
        self.public_url = public_url
        self._pages = Environment(
            loader=PackageLoader("bot", "web/templates"),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(yuan=yuan, day=day, dial=dial)

    def today(self) -> date:
        """The day it is in the programme's time zone."""
        return self.local(self.turns.clock()).date()

    def local(self, moment: datetime) -> datetime:
        """A moment in the programme's time zone."""
        return moment.astimezone(self.turns.zone)

    def base(self, request: web.Request) -> str:
        """The beginning of absolute addresses."""
        return self.public_url or str(request.url.origin())

    def page(
        self,
        request: web.Request,
        template: str,
        title: str,
        description: str,
        **context: Any,  # noqa: ANN401 - template values
    ) -> web.Response:
        """A page that may be kept for a minute."""
        body = self._render(template, title, description, context)
        return tagged(request, body.encode(), "text/html", max_age=MAX_AGE, headers=PAGE_HEADERS)

    def missing(self, title: str, way: str) -> web.Response:
        """A kind 404 that leads back to `way`."""
        context = {"section": way, "scene": "page_missing", "way": way}
        return web.Response(
            text=self._render("missing.html", title, title, context),
            status=404,
            content_type="text/html",
            headers={**PAGE_HEADERS, "Cache-Control": "no-store"},
        )

    def _render(self, template: str, title: str, description: str, context: dict[str, Any]) -> str:
        shown = {"demo": False, **context}
        return self._pages.get_template(template).render(title=title, description=description, **shown)
