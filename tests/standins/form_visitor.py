"""A browser at the one-time form (表单浏览器替身): keeps the page's cookie, reads its fields, sends what is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import ClientSession, FormData

COOKIE = "jianxi_form"


class Page(NamedTuple):
    """A page as it came."""

    status: int
    headers: Mapping[str, str]
    html: str

    @property
    def fields(self) -> list[str]:
        """The names of the fields, in their order."""
        return list(dict.fromkeys(field["name"] for field in self.inputs))

    @property
    def inputs(self) -> list[dict[str, str]]:
        """The attributes of every input."""
        return _Reader(self.html).inputs

    @property
    def texts(self) -> dict[str, str]:
        """What can be read, by the class or tag of where it stands; several joined by line breaks."""
        return _Reader(self.html).texts

    def value(self, name: str) -> str:
        """What a field of text is filled with."""
        [field] = [field for field in self.inputs if field["name"] == name]
        return field.get("value", "")


class Visitor:
    """One browser. `base` is where the service really listens, whatever address the link shows."""

    def __init__(self, http: ClientSession, base: str) -> None:
        self.http = http
        self.base = base
        self.cookies: dict[str, str] = {}
        """By path, as the cookie's own path has it."""

    async def opens(self, link: str) -> Page:
        """Follow a link."""
        path = urlsplit(link).path
        async with self.http.get(self.base + path, headers=self._headers(path)) as response:
            if COOKIE in response.cookies:
                assert response.cookies[COOKIE]["path"] == path
                self.cookies[path] = response.cookies[COOKIE].value
            return Page(response.status, response.headers.copy(), await response.text())

    async def sends(self, link: str, values: Mapping[str, str | Sequence[str]]) -> Page:
        """Press the button with these values in the fields; several for what is ticked."""
        path = urlsplit(link).path
        form = FormData()
        for name, value in values.items():
            for one in [value] if isinstance(value, str) else value:
                form.add_field(name, one)
        async with self.http.post(self.base + path, data=form, headers=self._headers(path)) as response:
            return Page(response.status, response.headers.copy(), await response.text())

    async def sends_after_opening(self, link: str, values: Mapping[str, str | Sequence[str]]) -> Page:
        """Both, as a person does."""
        await self.opens(link)
        return await self.sends(link, values)

    def _headers(self, path: str) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookies[path]}"} if path in self.cookies else {}


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.inputs: list[dict[str, str]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "input":
            self.inputs.append(found)
        elif tag in {"p", "label", "legend", "h1"}:
            self._open.append(found.get("class", tag))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "label", "legend", "h1"}:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            place = self._open[-1]
            self.texts[place] = "\n".join(filter(None, (self.texts.get(place), data.strip())))
