"""The pictures of a published bundle as they are made and kept: cover and poster, drawn off the loop, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

import structlog

from bot.poster import Line, Sheet, cover, poster
from notifications.channel import SendFailed
from policy.months import month_label
from policy.positions import yuan
from policy.regions import city as city_of_code
from storage.bundle_lists import Item
from storage.ledger_tables import Bundle

log = structlog.get_logger()

KEPT: Final = 64
"""Pictures kept in memory, of about 100 KB each."""

SceneLink = Callable[[str], Awaitable[str]]
"""Asks a platform for what its QR code of a scene must hold. Raises `SendFailed`."""

WECHAT: Final = "微信扫码关注，看岗位、聊天报名"
PAGE: Final = "扫码看全部岗位，聊天报名"


def scene_of(bundle: Bundle) -> str:
    """What a contact that comes from this bundle has as its source."""
    return f"bundle_{bundle.month}_{bundle.city}"


def summary(items: Sequence[Item]) -> str:
    """How much is in a bundle, in one line."""
    hosts = len({item.host_id for item in items})
    return f"精选 {hosts} 家单位 {len(items)} 个岗位，共招 {sum(item.openings for item in items)} 人"


def sheet(bundle: Bundle, items: Sequence[Item], code: str, invitation: str = PAGE) -> Sheet:
    """What the pictures of a bundle say; `code` is what the QR code holds."""
    lines = tuple(Line(item.title, item.host, f"{yuan(item.stipend_fen)}元/月") for item in items)
    return Sheet(
        city_of_code(bundle.city).name,
        month_label(bundle.month),
        bundle.title,
        summary(items),
        lines,
        0,
        code,
        invitation,
        any(item.demo for item in items),
    )


@lru_cache(maxsize=KEPT)
def _draw(draw: Callable[[Sheet, Path], bytes], what: Sheet, font: Path) -> bytes:
    return draw(what, font)


class Pictures:
    """Draws with one font; `link` asks the official account for its QR codes, when there is one."""

    def __init__(self, font: Path, link: SceneLink | None = None) -> None:
        self._font = font
        self._link = link
        self._codes: dict[str, tuple[date, str]] = {}

    async def cover(self, bundle: Bundle, items: Sequence[Item]) -> bytes:
        """The cover as PNG."""
        return await asyncio.to_thread(_draw, cover, sheet(bundle, items, ""), self._font)

    async def poster(self, bundle: Bundle, items: Sequence[Item], base: str, today: date) -> bytes:
        """The poster as PNG. Its code leads to the official account if that answers, else to the chat page."""
        code = await self._code(scene_of(bundle), today)
        what = (
            sheet(bundle, items, code, WECHAT)
            if code
            else sheet(bundle, items, f"{base}/?scene={scene_of(bundle)}")
        )
        return await asyncio.to_thread(_draw, poster, what, self._font)

    async def _code(self, scene: str, today: date) -> str:
        if self._link is None:
            return ""
        made, code = self._codes.get(scene, (None, ""))
        if made != today:
            try:
                code = await self._link(scene)
            except SendFailed as failed:
                log.warning("scene_code_not_made", code=failed.code)
                return ""
            self._codes[scene] = (today, code)
        return code
