"""Simulated hosts: they apply, are recognised, offer positions, and some give up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from stdnum.cn import uscc

from bot.simulation.agenda import Happening, World
from policy.ledger_codes import HostKind
from policy.programme import stipend_floor_fen
from policy.refusal import Refused
from policy.regions import City
from storage import hosts, positions
from storage.database import Connection
from storage.host_records import HostFields
from storage.position_records import PositionFields

TRADES: Final = (
    "电子",
    "智能制造",
    "食品",
    "物流",
    "信息技术",
    "社区服务",
    "环保",
    "医疗",
    "文化传播",
    "家电",
)
TITLES: Final = (
    "会计助理",
    "软件测试",
    "设备维护",
    "社区服务",
    "行政助理",
    "数据标注",
    "护理助理",
    "质检员",
    "实验助理",
)
KIND_OF_TITLE: Final = ("3", "2", "2", "4", "3", "2", "4", "2", "1")
SURNAMES: Final = "赵钱孙周冯蒋沈韩朱秦许吕"


@dataclass(slots=True)
class Market:
    """The open positions of each city, as far as anybody has heard, and the mentors of each host."""

    open: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    led: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def offer(self, city: str, position_id: int, host_id: int, openings: int) -> None:
        """A position is published: one ticket for each opening."""
        self.open[city].extend([(position_id, host_id)] * openings)

    def pick(self, world: World, city: str, but: int | None = None) -> int | None:
        """Somebody goes for one of the openings; the ticket is used up, whatever becomes of it."""
        tickets = self.open[city]
        for _ in range(min(5, len(tickets))):
            place = world.random.randrange(len(tickets))
            position_id, host_id = tickets[place]
            if host_id != but:
                tickets[place] = tickets[-1]
                tickets.pop()
                return position_id
        return None

    def mentor(self, world: World, host_id: int) -> str:
        """The name of a mentor with room: a new one for every two people that ever came."""
        number = self.led[host_id] // 2
        self.led[host_id] += 1
        return f"{SURNAMES[number % len(SURNAMES)]}老师{'一二三四五六七八九'[number // len(SURNAMES) % 9]}"


def credit_code(number: int) -> str:
    """A made-up USCC with a right check digit."""
    body = f"91440000MA{number:07d}"
    return body + str(uscc.calc_check_digit(body))


def apply(market: Market, city: City, number: int, openings: int) -> Happening:
    """A host applies; a clerk decides some days later."""

    def happen(world: World, connection: Connection) -> None:
        source = world.random
        fields = HostFields(
            uscc=credit_code(number),
            name=f"{city.short}{source.choice(TRADES)}第{number}有限公司",
            kind=source.choice([kind.value for kind in HostKind]),
            city=city.code,
            district=source.choice(city.districts).code if city.districts else "",
            address=f"{city.name}人民路{number}号",
            contact_name="联系人",
            contact_phone=f"139{number:08d}",
        )
        host_id = hosts.apply(connection, world.sealer, fields, source="clerk", **world.act("host"))
        world.after(
            world.behaviour.host_decided, lambda w, c: decide(w, c, market, fields, host_id, openings)
        )

    return happen


def decide(
    world: World, connection: Connection, market: Market, fields: HostFields, host_id: int, openings: int
) -> None:
    """Recognised, or not; a few give up later in the year."""
    if world.chance(world.behaviour.host_refused):
        hosts.refuse(connection, host_id, "材料不齐，补齐后可再申请", **world.act("clerk"))
        return
    hosts.approve(connection, host_id, **world.act("clerk"))
    world.counts["hosts"] += 1
    left, number = openings, 0
    while left > 0:
        size = min(left, world.random.randint(*world.behaviour.openings))
        number += 1
        left -= size
        world.after((0, 25), _offers(market, fields, host_id, size, number))
    if world.chance(world.behaviour.host_removed):
        world.after((120, 240), lambda w, c: remove(w, c, host_id))


def _offers(market: Market, host: HostFields, host_id: int, size: int, number: int) -> Happening:
    def happen(world: World, connection: Connection) -> None:
        source = world.random
        which = source.randrange(len(TITLES))
        floor = stipend_floor_fen(host.city, world.today)
        ends = world.chance(world.behaviour.position_ends)
        fields = PositionFields(
            uscc=host.uscc,
            title=f"{TITLES[which]}{number}",
            kind=KIND_OF_TITLE[which],
            city=host.city,
            district=host.district,
            openings=size,
            stipend_fen=-(-floor // 100) * 100 + source.randrange(0, 12) * 5000,
            months=source.choice([3, 6, 12]),
            education=source.choice(["31", "21", None]),
            majors=("不限",),
            closes_on=world.today + timedelta(days=source.randint(60, 150)) if ends else None,
        )
        try:
            position_id = positions.submit(
                connection, world.sealer, host_id, fields, source="clerk", **world.act("host")
            )
            positions.approve(connection, position_id, **world.act("clerk"))
        except Refused as refusal:
            world.refusals[refusal.reasons[0]] += 1
            return
        world.counts["openings"] += size
        market.offer(host.city, position_id, host_id, size)
        if world.chance(world.behaviour.position_resized):
            world.after((10, 60), lambda w, c: resize(w, c, position_id, size))

    return happen


def resize(world: World, connection: Connection, position_id: int, size: int) -> None:
    """The host wants more people, or fewer."""
    try:
        wanted = max(1, size + world.random.choice([-1, 1, 2]))
        positions.set_openings(connection, position_id, wanted, **world.act("clerk"))
    except Refused as refusal:
        world.refusals[refusal.reasons[0]] += 1


def remove(world: World, connection: Connection, host_id: int) -> None:
    """The host is struck off the list; its positions close with it."""
    hosts.remove(connection, host_id, "一年未接收见习人员", **world.act("clerk"))
    world.counts["hosts removed"] += 1


def close_expired(world: World, connection: Connection) -> None:
    """The nightly look at positions whose last day is over."""
    positions.close_expired(connection, **world.act("system"))
    if world.today < date(world.year + 1, 1, 31):
        world.plan(world.today + timedelta(days=1), close_expired)
