"""The way a message would take to somebody now (发送方式), as the channels that are set up here tell it.

Nothing is sent and nobody is listened to: the channels are opened for asking alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Final

from bot import doctor
from bot.app import Parts
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_messages import Composer
from bot.gates import wechat_client, wechat_sender
from bot.pushes import LOCAL
from notifications.allowance import Route
from notifications.broadcasts import Preview
from notifications.channel import Channel, Recipient

WORDS: Final[Mapping[str, str]] = {
    "stored": "打开网页时看到",
    "message": "直接发送",
    Route.CUSTOMER: "客服消息",
    Route.SUBSCRIPTION: "订阅通知",
    Route.TEMPLATE: "模板消息",
}
NOT_NOW: Final = "现在发不到，等对方下次联系"
CLOSED: Final = "这个渠道没有开通，发不出去"


async def routes(parts: Parts, people: Sequence[Preview], now: datetime) -> dict[int, str]:
    """How each of these people would be reached now, in words."""
    found: dict[int, str] = {}
    async with _asked(parts) as channels:
        for each in people:
            if each.channel in LOCAL:
                found[each.contact_id] = WORDS["stored"]
            elif (channel := channels.get(each.channel)) is None:
                found[each.contact_id] = CLOSED
            else:
                reach = await channel.reach(Recipient(each.contact_id, each.address), now)
                found[each.contact_id] = WORDS.get(reach.route, reach.route) if reach.route else NOT_NOW
    return found


def closed(parts: Parts, channels: Mapping[str, int]) -> tuple[str, ...]:
    """Those of the channels of an audience that are not set up here."""
    settings = parts.settings
    there = {*LOCAL}
    if doctor.wechat(settings).state not in ("off", "fault"):
        there.add("wechat")
    if doctor.telegram(settings).state not in ("off", "fault"):
        there.add("telegram")
    return tuple(name for name in channels if name not in there)


@asynccontextmanager
async def _asked(parts: Parts) -> AsyncIterator[Mapping[str, Channel]]:
    settings, turns = parts.settings, parts.turns
    channels: dict[str, Channel] = {}
    shut = closed(parts, {"wechat": 0, "telegram": 0})
    async with AsyncExitStack() as stack:
        if "wechat" not in shut:
            channels["wechat"] = wechat_sender(settings, turns, wechat_client(settings, turns))
        if "telegram" not in shut:
            composer = Composer(turns.catalogue, turns.sealer.mac, public_url=settings.public_url)
            channels["telegram"] = TelegramChannel(
                settings.telegram_token.get_secret_value(),
                settings.telegram_api_url,
                composer,
                turns.database,
            )
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        yield channels
