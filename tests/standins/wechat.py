"""A local official-account API server (公众号接口替身) that holds every request against the documented wire format.

It knows followers, their windows, tokens and quotas by a plain model of its own, answers as the platform does
(HTTP 200 with an errcode), records what arrived at whom, and breaks on demand. `violations` lists whatever no
correct client would have sent; a test that ends with it empty has sent nothing wrong.

    async with WeChatPlatform(clock) as platform:
        platform.follows("oUSER")
        platform.acts("oUSER", "message")
        ...  # a client with api_url=platform.url, app_id=APP_ID, secret=SECRET
        assert platform.arrived["oUSER"] == [{"msgtype": "text", "text": {"content": "…"}}]
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal

import orjson
from aiohttp import web

APP_ID = "wx0123456789abcdef"
SECRET = "the-secret-of-the-account"
TOKEN_SECONDS = 7200
TEXT_BYTES = 2048
WINDOWS = {"message": (5, 48 * 3600), "menu": (3, 60), "follow": (3, 60), "scan": (3, 60)}

Fault = Literal["429", "500", "502", "503", "504", "hang", "cut", "half", "not_json"] | int
"""An HTTP status, a way of breaking off, or an errcode to answer with."""
MAXIMA = {"thing": 20, "character_string": 32, "phone_number": 17, "car_number": 8, "name": 20, "number": 32}


class Error(Exception):
    """The errcode to answer with."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class WeChatPlatform:
    """The API server of one account. `certified`: whether the account may send msgmenu."""

    def __init__(self, clock: Callable[[], datetime], *, certified: bool = True) -> None:
        self.clock = clock
        self.certified = certified
        self.url = ""
        self.violations: list[str] = []
        self.arrived: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.calls: Counter[str] = Counter()
        self.menu: list[dict[str, Any]] | None = None
        self.masses: list[dict[str, Any]] = []
        self.templates: set[str] = set()
        self.consents: Counter[tuple[str, str]] = Counter()
        self.quotas: dict[str, int] = {}
        self._followers: set[str] = set()
        self._gone: set[str] = set()
        self._blocked: set[str] = set()
        self._tickets: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
        self._ends: defaultdict[str, list[datetime]] = defaultdict(list)
        self._tokens: dict[str, datetime] = {}
        self._faults: deque[tuple[str, Fault]] = deque()
        self._seen_ids: set[str] = set()
        self._numbers = 0
        self._released = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # --- life ---

    async def __aenter__(self) -> WeChatPlatform:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen on a free port; `url` is the address afterwards."""
        app = web.Application()
        app.add_routes([web.post(path, self._handler(name)) for path, name in PATHS.items()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Let go of hanging requests and close."""
        self._released.set()
        assert self._runner is not None
        await self._runner.cleanup()

    # --- what people and the account do ---

    def follows(self, *openids: str) -> None:
        """These people follow the account."""
        self._followers.update(openids)
        self._gone.difference_update(openids)

    def unfollows(self, openid: str) -> None:
        """This person stopped following: error 43004."""
        self._gone.add(openid)

    def blocks(self, openid: str) -> None:
        """This person is on the account's blacklist: error 43019."""
        self._blocked.add(openid)

    def acts(self, openid: str, kind: str) -> None:
        """A person wrote, tapped the menu, followed or scanned: a window of that kind opens anew."""
        self.follows(openid)
        number, seconds = WINDOWS[kind]
        kept = [ticket for ticket in self._tickets[openid] if ticket[1] != kind]
        ends = self.clock() + timedelta(seconds=seconds)
        self._tickets[openid] = sorted([*kept, *[(ends, kind)] * number])
        self._ends[openid].append(ends)

    def left(self, openid: str) -> int:
        """How many customer-service messages may still be sent to this person."""
        now = self.clock()
        return sum(1 for ends, _ in self._tickets[openid] if ends > now)

    def expire_tokens(self) -> None:
        """Every token handed out so far is worth nothing any more."""
        self._tokens.clear()

    def break_next(self, api: str, *faults: Fault) -> None:
        """The next calls of this api (token, custom, template, …; "*" for any) go wrong in these ways."""
        self._faults.extend((api, fault) for fault in faults)

    def release(self) -> None:
        """Let hanging requests end."""
        self._released.set()

    # --- serving ---

    def _handler(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.calls[name] += 1
            raw = await request.read()
            fault = self._fault(name)
            if isinstance(fault, int):
                return _json({"errcode": fault, "errmsg": "injected"})
            if fault is not None and fault != "half":
                return await self._break(request, fault)
            try:
                answer = self._answer(name, request, raw)
            except Error as error:
                answer = {"errcode": error.code, "errmsg": "refused", "rid": "0-0-0"}
            if fault == "half":  # it was done, but the answer never arrives whole
                return await self._break(request, "cut")
            return _json(answer)

        return handle

    def _fault(self, name: str) -> Fault | None:
        for index, (api, fault) in enumerate(self._faults):
            if api in {name, "*"}:
                del self._faults[index]
                return fault
        return None

    async def _break(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault == "hang":
            await self._released.wait()
            return web.Response(status=500)
        if fault == "cut":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"errcode"')
            assert request.transport is not None
            request.transport.close()
            return response
        if fault == "not_json":
            return web.Response(text="<html>502</html>")
        headers = {"Retry-After": "7"} if fault in {"429", "503"} else {}
        return web.Response(status=int(fault), headers=headers)

    def _answer(self, name: str, request: web.Request, raw: bytes) -> dict[str, Any]:
        if request.content_type != "application/json":
            self.violations.append(f"{name}: content type {request.content_type}")
        if b"\\u" in raw:
            self.violations.append(f"{name}: characters written as \\uXXXX")
            raise Error(40033)
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            self.violations.append(f"{name}: not JSON")
            raise Error(47001) from None
        if name != "token":
            self._check_token(name, request)
            if self.calls[name] > self.quotas.get(name, 10**9):
                raise Error(45009)
        answer: dict[str, Any] = getattr(self, f"_{name}")(body)
        return {"errcode": 0, "errmsg": "ok", **answer} if name != "token" else answer

    def _check_token(self, name: str, request: web.Request) -> None:
        token = request.query.get("access_token")
        if not token:
            self.violations.append(f"{name}: no token")
            raise Error(41001)
        if token not in self._tokens:
            raise Error(40001)
        if self._tokens[token] <= self.clock():
            raise Error(42001)

    def _expect(self, name: str, body: dict[str, Any], /, **fields: type) -> None:
        """The body has exactly these fields of these types; a name ending in _ may be missing."""
        needed = {field.rstrip("_"): kind for field, kind in fields.items()}
        optional = {field.rstrip("_") for field in fields if field.endswith("_")}
        for field, kind in needed.items():
            if field in body and type(body[field]) is kind:
                continue
            if field not in body and field in optional:
                continue
            self.violations.append(f"{name}: {field} is missing or no {kind.__name__}")
            raise Error(47001)
        if extra := set(body) - set(needed):
            self.violations.append(f"{name}: unknown fields {sorted(extra)}")

    # --- the interfaces ---

    def _token(self, body: dict[str, Any]) -> dict[str, Any]:
        self._expect("token", body, grant_type=str, appid=str, secret=str, force_refresh_=bool)
        if body["appid"] != APP_ID:
            raise Error(40013)
        if body["secret"] != SECRET:
            raise Error(40125)
        if body.get("force_refresh"):
            self.violations.append("token: force_refresh spoils the token for everybody else")
        now = self.clock()
        for token, ends in self._tokens.items():
            if ends - now > timedelta(minutes=5):
                return {"access_token": token, "expires_in": int((ends - now).total_seconds())}
        self._numbers += 1
        token = f"TOKEN_{self._numbers}_" + "x" * 100
        self._tokens[token] = now + timedelta(seconds=TOKEN_SECONDS)
        return {"access_token": token, "expires_in": TOKEN_SECONDS}

    def _receiver(self, name: str, openid: object) -> str:
        if openid in self._blocked:
            raise Error(43019)
        if openid in self._gone:
            raise Error(43004)
        if not isinstance(openid, str) or openid not in self._followers:
            raise Error(40003)
        return openid

    def _custom(self, body: dict[str, Any]) -> dict[str, Any]:
        kind = body.get("msgtype")
        if kind not in {"text", "news", "msgmenu"}:
            self.violations.append(f"custom: msgtype {kind}")
            raise Error(47001)
        self._expect("custom", body, touser=str, msgtype=str, **{kind: dict})
        openid, content = self._receiver("custom", body["touser"]), body[kind]
        getattr(self, f"_check_{kind}")(content)
        now = self.clock()
        alive = sorted(ticket for ticket in self._tickets[openid] if ticket[0] > now)
        if not alive:
            raise Error(45047 if any(ends > now for ends in self._ends[openid]) else 45015)
        self._tickets[openid] = alive[1:]
        self.arrived[openid].append({"msgtype": kind, kind: content})
        return {}

    def _check_text(self, content: dict[str, Any]) -> None:
        self._expect("custom", content, content=str)
        if not content["content"]:
            raise Error(44004)
        if len(content["content"].encode()) > TEXT_BYTES:
            self.violations.append("custom: text too long")
            raise Error(45002)
        if re.search(r"<a\b", content["content"]):
            self.violations.append("custom: a text that comes alive as a link")

    def _check_news(self, content: dict[str, Any]) -> None:
        self._expect("custom", content, articles=list)
        if len(content["articles"]) != 1:
            raise Error(45008)
        self._expect("custom", content["articles"][0], title=str, description=str, url=str, picurl_=str)

    def _check_msgmenu(self, content: dict[str, Any]) -> None:
        if not self.certified:
            raise Error(40200)
        self._expect("custom", content, head_content=str, list=list, tail_content=str)
        for item in content["list"]:
            self._expect("custom", item, id=str, content=str)
            if not item["id"].isdigit():
                self.violations.append("custom: a menu id that is no number may not come back")

    def _check_data(self, name: str, data: dict[str, Any]) -> None:
        for field, value in data.items():
            self._expect(name, value, value=str)
            longest = MAXIMA.get(field.rstrip("0123456789"), 20)
            if not value["value"] or len(value["value"]) > longest or "\n" in value["value"]:
                self.violations.append(f"{name}: {field} breaks its rule")
                raise Error(47003)

    def _template(self, body: dict[str, Any]) -> dict[str, Any]:
        self._expect("template", body, touser=str, template_id=str, url_=str, client_msg_id_=str, data=dict)
        openid = self._receiver("template", body["touser"])
        if body["template_id"] not in self.templates:
            raise Error(40037)
        self._check_data("template", body["data"])
        key = f"{openid}:{body.get('client_msg_id')}"
        if key not in self._seen_ids:
            self._seen_ids.add(key)
            self.arrived[openid].append({"template": body["template_id"], "data": body["data"]})
        self._numbers += 1
        return {"msgid": self._numbers}

    def _subscription(self, body: dict[str, Any]) -> dict[str, Any]:
        self._expect("subscription", body, touser=str, template_id=str, page_=str, data=dict)
        openid = self._receiver("subscription", body["touser"])
        self._check_data("subscription", body["data"])
        if self.consents[openid, body["template_id"]] < 1:
            raise Error(43101)
        self.consents[openid, body["template_id"]] -= 1
        self.arrived[openid].append({"subscription": body["template_id"], "data": body["data"]})
        return {}

    def _mass(self, body: dict[str, Any]) -> dict[str, Any]:
        self._expect("mass", body, touser=list, msgtype=str, text=dict, clientmsgid=str)
        self._check_text(body["text"])
        if not 2 <= len(body["touser"]) <= 10_000:
            self.violations.append("mass: 2 to 10,000 people")
            raise Error(40003)
        if len(body["clientmsgid"].encode()) > 64:
            raise Error(45067)
        if body["clientmsgid"] in self._seen_ids:
            raise Error(45065)
        self._seen_ids.add(body["clientmsgid"])
        self.masses.append(body)
        for openid in body["touser"]:
            self.arrived[openid].append({"mass": body["text"]["content"]})
        self._numbers += 1
        return {"msg_id": self._numbers}

    def _menu(self, body: dict[str, Any]) -> dict[str, Any]:
        self._expect("menu", body, button=list)
        if not 1 <= len(body["button"]) <= 3:
            self.violations.append("menu: 1 to 3 buttons")
            raise Error(40018)
        for button in body["button"]:
            below = button.get("sub_button", [])
            if "sub_button" in button and not 1 <= len(below) <= 5:
                self.violations.append("menu: 1 to 5 entries under a button")
            for entry in below or [button]:
                fields = {"click": {"key": str}, "view": {"url": str}}[entry["type"]]
                self._expect("menu", entry, type=str, name=str, **fields)
            for entry, most in [(button, 16), *((entry, 60) for entry in below)]:
                if not entry["name"] or len(entry["name"].encode()) > most:
                    raise Error(40018)
        self.menu = body["button"]
        return {}

    def _qrcode(self, body: dict[str, Any]) -> dict[str, Any]:
        self._expect("qrcode", body, expire_seconds=int, action_name=str, action_info=dict)
        scene = body["action_info"]["scene"]["scene_str"]
        if body["action_name"] != "QR_STR_SCENE" or not 1 <= len(scene) <= 64:
            self.violations.append("qrcode: scene")
        return {
            "ticket": "T",
            "expire_seconds": body["expire_seconds"],
            "url": f"http://weixin.qq.com/q/{scene}",
        }


PATHS = {
    "/cgi-bin/stable_token": "token",
    "/cgi-bin/message/custom/send": "custom",
    "/cgi-bin/message/template/send": "template",
    "/cgi-bin/message/subscribe/bizsend": "subscription",
    "/cgi-bin/message/mass/send": "mass",
    "/cgi-bin/menu/create": "menu",
    "/cgi-bin/qrcode/create": "qrcode",
}


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")
