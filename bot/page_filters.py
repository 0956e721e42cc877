"""What visitors of public pages ask for in the address (筛选), read with patience: what means nothing is left aside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web
from yarl import URL

from policy.codes import Code, Education
from policy.regions import CITIES

PAGE: Final = 20
"""Entries on one page."""
LONGEST_WORDS: Final = 60
LARGEST_ID: Final = 2**31 - 1
NUMBER: Final = re.compile(r"\d{1,10}", re.ASCII)
CITY_CHOICES: Final = tuple((city.code, city.name) for city in CITIES)


class Chosen(NamedTuple):
    """What a visitor asks for in the address: codes, or "" for anything."""

    city: str
    kind: str
    education: str
    words: str
    after: int | None

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.city or self.kind or self.education or self.words)


def choices(codes: type[Code]) -> tuple[tuple[str, str], ...]:
    """A code list as options."""
    return tuple((code.value, code.label) for code in codes)


def read_filters(query: Mapping[str, str], kinds: type[Code]) -> tuple[Chosen, list[str]]:
    """What is asked for, and a sentence for each part that means nothing and is left aside."""
    faults = []

    def known(name: str, label: str, values: Mapping[str, object]) -> str:
        value = query.get(name, "")
        if value and value not in values:
            faults.append(f"没看懂要找的{label}，先不按{label}筛选。")
            return ""
        return value

    chosen = Chosen(
        known("city", "城市", dict(CITY_CHOICES)),
        known("kind", "类别", dict(choices(kinds))),
        known("education", "学历", dict(choices(Education))),
        query.get("words", "").replace("\0", "").strip()[:LONGEST_WORDS],
        read_id(query.get("after", "")),
    )
    return chosen, faults


def read_id(text: str) -> int | None:
    """A number of a record; None for anything that cannot be one."""
    if NUMBER.fullmatch(text) is None or int(text) > LARGEST_ID:
        return None
    return int(text)


def onward(request: web.Request, ids: list[int]) -> str:
    """The address of the next page, when `ids` holds one more than a page; else ""."""
    if len(ids) <= PAGE:
        return ""
    return str(URL(request.path).with_query({**request.query, "after": str(ids[PAGE - 1])}))
