"""Thirty days on the official account, hour by hour: several people, two processes, pushes of one part and of many.

The platform's own count (the stand-in's model of it) and our ledger must agree after every event: whatever can go out
does, nothing is tried that the platform would refuse, and nobody who left is written to.
"""

from __future__ import annotations

import random
from collections import Counter

from bot.channels.wechat_sender import WeChatSender
from bot.channels.wechat_text import customer_parts
from notifications.channel import Failure, Outgoing, SendFailed
from storage.database import Database
from storage.sealing import Sealer
from tests.channels.wechat_rig import PUBLIC, Rig, client_for, rig

DAYS = 30
PEOPLE = ("oANNA", "oBO", "oCHEN")
EVENTS = {"menu": "CLICK", "scan": "SCAN"}
SENTENCE = "本周有新的见习岗位，就在广州市天河区，欢迎报名。"
PUSHES = tuple(Outgoing(SENTENCE * times) for times in (1, 1, 1, 40, 70))


class Month:
    """What happens to whom, by a plan that is the same every time."""

    def __init__(self, made: Rig, other: WeChatSender, seed: int) -> None:
        self.made = made
        self.senders = (made.sender, other)
        self.chance = random.Random(seed)  # noqa: S311 - the same month every time
        self.gone: set[str] = set()
        self.counted: Counter[str] = Counter()

    async def hour(self) -> None:
        """Something happens to somebody, at some minute."""
        openid = self.chance.choice(PEOPLE)
        what = self.chance.choices(
            ["push", "message", "menu", "scan", "leave", "nothing"], [12, 2, 2, 1, 0.3, 4]
        )[0]
        if openid in self.gone and what != "push":
            await self._returns(openid)
        elif what == "push":
            await self._push(openid)
        elif what == "message":
            self.made.platform.acts(openid, "message")
            await self.made.follower(openid).says("菜单")
        elif what == "leave":
            await self.made.follower(openid).does("unsubscribe")
            self.made.platform.unfollows(openid)
            self.gone.add(openid)
        elif what in EVENTS:
            self.made.platform.acts(openid, what)
            await self.made.follower(openid).does(EVENTS[what], "help")
        self.counted[what] += 1
        self.made.clock.passes(seconds=self.chance.choice([5, 30, 59, 60, 61, 3600, 14_400, 43_200]))

    async def _returns(self, openid: str) -> None:
        self.made.platform.acts(openid, "follow")
        await self.made.follower(openid).does("subscribe")
        self.gone.discard(openid)

    async def _push(self, openid: str) -> None:
        message = self.chance.choice(PUSHES)
        parts = len(customer_parts(message, PUBLIC))
        left = self.made.platform.left(openid)
        arrived = len(self.made.platform.arrived[openid])
        failure = None
        try:
            await self.chance.choice(self.senders).send(self.made.recipient(openid), message)
        except SendFailed as failed:
            failure, parts_sent = failed.failure, 0
        else:
            parts_sent = parts
        if openid in self.gone:
            assert failure is Failure.PERSON
        else:
            assert failure is (Failure.WINDOW if left < parts else None)
        assert len(self.made.platform.arrived[openid]) == arrived + parts_sent
        self.counted[f"parts {parts_sent}"] += 1

    async def assert_agreed(self) -> None:
        for openid in PEOPLE:
            reach = await self.made.sender.reach(self.made.recipient(openid), self.made.clock())
            left = 0 if openid in self.gone else self.made.platform.left(openid)
            assert (reach.left or 0) == left
            assert (reach.route is None) == (left == 0)


async def test_after_every_event_of_a_month_the_platform_and_the_ledger_agree(
    sqlite_url: str, sealer: Sealer
) -> None:
    database = Database(sqlite_url)
    async with rig(database, sealer) as made:
        client = client_for(made.platform, database, sealer, made.clock, made.http, made.alarms.append)
        month = Month(made, WeChatSender(client, database, made.clock, public_url=PUBLIC), seed=3)
        for openid in PEOPLE:
            made.platform.acts(openid, "follow")
            await made.follower(openid).does("subscribe")
        begun = made.clock()
        while (made.clock() - begun).days < DAYS:
            await month.hour()
            await month.assert_agreed()
        accepted = sum(len(messages) for messages in made.platform.arrived.values())
        assert made.platform.calls["custom"] == accepted, "nothing was tried in vain"
        assert min(month.counted[f"parts {parts}"] for parts in (0, 1, 2, 3)) > 5
        assert month.counted["leave"] > 3
    await database.close()
