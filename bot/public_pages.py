"""The public lists as pages (公开页面): positions, hosts, agencies, events, policy answers.

Rendered on the server, without script; only what is published, and nothing personal.
"""

from __future__ import annotations

from aiohttp import web

from bot.page_filters import CITY_CHOICES, PAGE, choices, onward, read_filters, read_id
from bot.page_frame import NO_FEES, Frame
from bot.page_words import spoken_time
from policy.codes import Education, PositionKind
from policy.ledger_codes import EventKind, HostKind
from policy.positions import yuan
from policy.regions import city as city_of_code
from storage import bundle_lists, event_sign_ups, events, position_search, public_lists
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Bundle, ProgrammeEvent


class PublicPages:
    """Handlers of the public lists."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.turns = frame.turns

    def routes(self) -> list[web.RouteDef]:
        """The public URLs."""
        return [
            web.get("/positions", self.positions),
            web.get("/positions/{id}", self.position),
            web.get("/hosts", self.hosts),
            web.get("/agencies", self.agencies),
            web.get("/events", self.events),
            web.get("/policy", self.policy),
        ]

    async def positions(self, request: web.Request) -> web.Response:
        """`GET /positions`: what recruits now, by city, kind, education and words."""
        chosen, faults = read_filters(request.query, PositionKind)
        today = self.frame.today()

        def work(connection: Connection) -> tuple[list[position_search.PublicPosition], list[Bundle]]:
            found = position_search.find(
                connection,
                today=today,
                city=chosen.city or None,
                kind=chosen.kind or None,
                education=chosen.education or None,
                words=chosen.words or None,
                after_id=chosen.after,
                limit=PAGE + 1,
            )
            return found, bundle_lists.published(connection, city=chosen.city or None, limit=1)

        found, bundles = await self.turns.database.read(work)
        return self.frame.page(
            request,
            "positions.html",
            "见习岗位",
            f"广东就业见习岗位，按城市、类别、学历和关键词查找。{NO_FEES}",
            section="/positions",
            scene="page_positions",
            demo=any(position.demo for position in found[:PAGE]),
            positions=found[:PAGE],
            bundle=bundles[0] if bundles and chosen.after is None else None,
            next=onward(request, [each.id for each in found]),
            chosen=chosen,
            filtered=chosen.filtered,
            faults=faults,
            cities=CITY_CHOICES,
            kinds=choices(PositionKind),
            educations=choices(Education),
        )

    async def position(self, request: web.Request) -> web.Response:
        """`GET /positions/{id}`: one position that recruits now."""
        position_id = read_id(request.match_info["id"])
        today = self.frame.today()
        if position_id is None:
            return self.frame.missing("没有这个岗位", "/positions")
        try:
            found = await self.turns.database.read(
                lambda connection: position_search.get(connection, position_id, today=today)
            )
        except NotFound:
            return self.frame.missing("这个岗位已经停招，或没有这个编号", "/positions")
        return self.frame.page(
            request,
            "position.html",
            found.title,
            f"{found.host_name}，{found.place}，每月补贴{yuan(found.stipend_fen)}元，还招{found.left}人。{NO_FEES}",
            section="/positions",
            scene=f"position_{found.id}",
            demo=found.demo,
            position=found,
        )

    async def hosts(self, request: web.Request) -> web.Response:
        """`GET /hosts`: the list of recognised hosts."""
        chosen, faults = read_filters(request.query, HostKind)
        today = self.frame.today()

        def work(connection: Connection) -> list[public_lists.PublicHost]:
            return public_lists.hosts(
                connection,
                today=today,
                city=chosen.city or None,
                kind=chosen.kind or None,
                name=chosen.words or None,
                after_id=chosen.after,
                limit=PAGE + 1,
            )

        found = await self.turns.database.read(work)
        return self.frame.page(
            request,
            "hosts.html",
            "见习单位清单",
            "广东各市认定的就业见习单位和在招岗位。",
            section="/hosts",
            scene="page_hosts",
            demo=any(host.demo for host in found[:PAGE]),
            hosts=found[:PAGE],
            next=onward(request, [each.id for each in found]),
            chosen=chosen,
            filtered=chosen.filtered,
            faults=faults,
            cities=CITY_CHOICES,
            kinds=choices(HostKind),
        )

    async def agencies(self, request: web.Request) -> web.Response:
        """`GET /agencies`: the list of service agencies."""
        chosen, faults = read_filters(request.query, HostKind)

        def work(connection: Connection) -> list[public_lists.PublicAgency]:
            return public_lists.agencies(
                connection, city=chosen.city or None, after_id=chosen.after, limit=PAGE + 1
            )

        found = await self.turns.database.read(work)
        return self.frame.page(
            request,
            "agencies.html",
            "服务机构",
            "办理就业见习的服务机构：地址、电话、办公时间。",
            section="/agencies",
            scene="page_agencies",
            demo=any(agency.demo for agency in found[:PAGE]),
            agencies=found[:PAGE],
            next=onward(request, [each.id for each in found]),
            chosen=chosen,
            faults=faults,
            cities=CITY_CHOICES,
        )

    async def events(self, request: web.Request) -> web.Response:
        """`GET /events`: the matchmaking events to come."""
        chosen, faults = read_filters(request.query, EventKind)
        now = self.turns.clock()

        def work(connection: Connection) -> list[tuple[ProgrammeEvent, int | None]]:
            cities = [chosen.city] if chosen.city else []
            return [
                (event, event_sign_ups.places_left(connection, event))
                for event in events.upcoming(connection, now, cities=cities)
            ]

        shown = [
            (
                event,
                spoken_time(event.starts_at, event.ends_at, self.frame.local),
                city_of_code(event.city).name,
                EventKind(event.kind).label,
                left,
            )
            for event, left in await self.turns.database.read(work)
        ]
        return self.frame.page(
            request,
            "events.html",
            "对接活动",
            "就业见习专项对接活动：时间、地点、名额，在线报名。",
            section="/events",
            scene="page_events",
            events=shown,
            chosen=chosen,
            faults=faults,
            cities=CITY_CHOICES,
        )

    async def policy(self, request: web.Request) -> web.Response:
        """`GET /policy`: the curated answers with their sources."""
        return self.frame.page(
            request,
            "policy.html",
            "政策问答",
            "就业见习政策问答：谁能参加、补贴多少、签什么协议，答案写明出处。",
            section="/policy",
            scene="page_policy",
            answers=self.turns.catalogue.book.answers,
        )
