"""The composition root: the only place that puts the parts together."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson
import structlog
from aiohttp import web

from bot.chat_api import LONGEST_BODY, ChatApi
from bot.forms import FormFace
from bot.gates import Gates, open_gates
from bot.hub import Hub
from bot.job_list import all_jobs
from bot.logs import trace
from bot.metrics import Metrics
from bot.public_site import public_routes
from bot.pushes import sender, sending
from bot.replies import Refusal, json_reply, refused
from bot.scheduler import Scheduler, scheduled
from bot.sensitive import SensitiveForms
from bot.settings import Settings
from bot.texts import catalogue
from bot.throttle import Throttle
from bot.turns import Turns
from notifications.broadcasts import render
from notifications.delivery import Sender
from notifications.jobs import Context
from storage import conversations
from storage.database import Connection, Database
from storage.errors import StorageUnavailable
from storage.keys import KeyFile, create_key_file
from storage.rotation import check_keys
from storage.schema import migrate, require_schema
from storage.sealing import Sealer

log = structlog.get_logger()

SHUTDOWN_SECONDS: Final = 10.0
"""How long running turns may take to finish when the process is told to stop."""

BUSY_MILLISECONDS: Final = 2000
"""How long to wait for another process that holds the SQLite file: below what WeChat waits for an answer."""

AS_SENT: Final[dict[str, Any]] = {"auto_decompress": False}
"""Bodies are never unpacked: what is broken would be answered by the server library in its own words."""

Role = Literal["all", "web", "worker"]

AtWork = Mapping[str, Callable[[], bool]]
"""What works in the background of a process, by name, and how to see that it still does."""
NOTHING_ELSE: Final[AtWork] = MappingProxyType({})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Parts:
    """What a running process is made of."""

    settings: Settings
    database: Database
    sealer: Sealer
    turns: Turns
    hub: Hub
    metrics: Metrics


def utc_now() -> datetime:
    """The clock of the process."""
    return datetime.now(UTC)


def open_parts(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Parts:
    """Keys, database and dialogs, checked and ready.

    An embedded first run makes the data folder, the key and the tables. Raises `StorageError` with what to do when
    something is missing or wrong; nothing is touched then."""
    if settings.embedded:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (
        settings.may_make_key
        and not settings.key_file.exists()
        and not (settings.data / "jianxi.db").exists()
    ):
        create_key_file(settings.key_file)
    sealer = Sealer(KeyFile(settings.key_file))
    if settings.embedded:
        migrate(settings.database)
    else:
        require_schema(settings.database)
    database = Database(settings.database, busy_timeout=BUSY_MILLISECONDS)
    database.write_sync(lambda connection: check_keys(connection, sealer))
    forms = SensitiveForms(settings.form_url) if settings.form_url else None
    turns = Turns(database, sealer, catalogue(), clock, ZoneInfo(settings.timezone), forms)
    return Parts(settings, database, sealer, turns, Hub(), Metrics(database))


def web_application(
    parts: Parts,
    gates: Gates | None = None,
    *,
    demo: bool = False,
    throttle: Throttle | None = None,
    at_work: AtWork = NOTHING_ELSE,
) -> web.Application:
    """All HTTP faces, those of the opened `gates` among them. Ready means that all that is `at_work` works too."""
    gates = gates or Gates()
    secure = parts.settings.public_url.startswith("https")
    form = FormFace(parts.turns, gates.outbox.deliver, secure=secure)
    chat = ChatApi(
        parts.turns,
        parts.hub,
        parts.metrics,
        demo=demo,
        secure=secure,
        throttle=throttle,
    )
    app = web.Application(middlewares=[_kind_errors], client_max_size=LONGEST_BODY)
    app.add_routes([*chat.routes(), *form.routes(), *gates.routes])
    app.add_routes(public_routes(parts.turns, parts.settings.public_url, gates.scene_link))
    app.add_routes(_health(parts, at_work))
    return app


def worker_application(parts: Parts, at_work: AtWork) -> web.Application:
    """What a process without faces shows: whether it is well, and its figures."""
    app = web.Application(middlewares=[_kind_errors])
    app.add_routes(_health(parts, at_work))
    return app


def _health(parts: Parts, at_work: AtWork) -> list[web.RouteDef]:
    def look(connection: Connection) -> None:
        conversations.find(connection, "", "", None)

    async def alive(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(request: web.Request) -> web.Response:
        try:
            await asyncio.wait_for(parts.database.read(look), 2.0)
            await asyncio.wait_for(parts.database.write(lambda connection: None), 2.0)
        except Exception as error:
            log.error("not_ready", trace=trace(error))
            return json_reply(orjson.dumps({"ready": False, "database": "unavailable"}), 503)
        works = {name: still() for name, still in at_work.items()}
        told = {name: "ok" if well else "stopped" for name, well in works.items()}
        well = all(works.values())
        return json_reply(orjson.dumps({"ready": well, "database": "ok", **told}), 200 if well else 503)

    async def figures(request: web.Request) -> web.Response:
        return web.Response(body=parts.metrics.text(), content_type="text/plain")

    return [web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", figures)]


@web.middleware
async def _kind_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong, machines get a status and a code, people a sentence, and nobody a traceback."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return refused(Refusal(415, "compressed", "请不要压缩请求的内容（去掉 Content-Encoding）。"))
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code, sentence = SENTENCES.get(error.status, ("refused", "这个请求没有被接受。"))
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return refused(Refusal(error.status, code, sentence, allow))
    except (ConnectionError, asyncio.CancelledError):
        raise
    except StorageUnavailable as error:
        log.error("storage_unavailable", reason=str(error))
        return refused(Refusal(503, "unavailable", "系统正忙，请稍等再试一次。", {"Retry-After": "3"}))
    except Exception as error:
        # The route, not the path: paths may carry one-time tokens.
        route = request.match_info.route.resource
        log.error("request_failed", route=route.canonical if route else "", trace=trace(error))
        return refused(Refusal(500, "internal", "系统出了点问题，我们已经记下。请稍后再试，前面填的都在。"))


SENTENCES: Final = {
    404: ("not_found", "没有这个页面，请回到首页。"),
    405: ("method_not_allowed", "这个地址不支持这样访问。"),
    413: ("too_large", "这条消息太大了，请分几次发。"),
}


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to the address; raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def scheduler_of(parts: Parts, sender: Sender) -> Scheduler:
    """The scheduler of a running process; inside the running loop."""
    context = Context(parts.database, parts.sealer, parts.turns.zone)
    return Scheduler(
        context,
        all_jobs(parts.turns.catalogue, sender),
        parts.turns.clock,
        alone=parts.settings.embedded,
        finished=parts.metrics.job,
    )


def spare_the_collector() -> None:
    """What has been made until now stays for good: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


async def serve(
    parts: Parts,
    bound: socket.socket,
    *,
    demo: bool,
    role: Role = "all",
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until told to stop (SIGTERM, SIGINT); running turns are finished first.

    `role` web talks to people and runs no jobs; worker runs jobs and sends, and shows only whether it is well.
    """
    async with AsyncExitStack() as stack:
        stack.push_async_callback(parts.database.close)
        opening = open_gates(parts.settings, parts.turns, parts.metrics, listening=role != "worker")
        gates = await stack.enter_async_context(opening)
        scheduler, at_work = None, NOTHING_ELSE
        if role != "web":
            made = sender(parts.turns, parts.hub, parts.metrics, gates.channels, fill=render)
            delivering = await stack.enter_async_context(
                sending(made, parts.turns, alone=parts.settings.embedded)
            )
            planned = scheduler = scheduler_of(parts, made)
            at_work = {"scheduler": lambda: planned.working, "sender": lambda: not delivering.done()}
        if role == "worker":
            app = worker_application(parts, at_work)
        else:
            app = web_application(parts, gates, demo=demo, at_work=at_work)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, **AS_SENT)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, bound, backlog=1024).start()
        if scheduler is not None:
            await stack.enter_async_context(scheduled(scheduler))
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
        log.info(
            "serving",
            role=role,
            host=bound.getsockname()[0],
            port=bound.getsockname()[1],
            channels=["web", *gates.channels],
        )
        spare_the_collector()
        started()
        await stopping.wait()
        log.info("stopping")
        parts.hub.close()
    log.info("stopped", turns=parts.database.writes)
