"""The public pages on the real application: what they show, what they keep back, how they answer what makes no sense."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from sqlmodel import select

from bot.app import Parts, web_application
from bot.chat_api import COOKIE, SCENE_COOKIE
from bot.page_filters import read_id
from bot.page_words import day, dial, spoken_time
from bot.poster import find_font
from bot.replies import json_reply
from policy.calendar import CHINA
from policy.ledger_codes import EventKind, HostStatus, PositionStatus
from policy.positions import yuan
from storage import bundle_publishing, bundles, event_sign_ups, events, positions
from storage.database import Connection
from storage.events import EventFields
from storage.tables import Contact
from tests.storage import rows
from tests.storage.public_rows import GUANGZHOU, NOW, SHENZHEN, TODAY, agency, host, mentor, position
from tests.talking import Client, Person

SECRET = "王小明"
PAGES = ("/positions", "/hosts", "/agencies", "/events", "/policy")


def stored(parts: Parts, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - whatever it returns
    return parts.database.write_sync(work)


async def read(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as response:
        assert response.status == status
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return await response.text()


def one_position(parts: Parts, **fields: Any) -> int:  # noqa: ANN401 - columns of any kind
    def work(connection: Connection) -> int:
        owner = host(
            connection,
            contact_name_sealed=parts.sealer.seal(SECRET, b"host.contact_name_sealed"),
            contact_phone_sealed=parts.sealer.seal("13800138000", b"host.contact_phone_sealed"),
        )
        return position(connection, owner, mentor_id=mentor(connection, owner), **fields)

    number: int = stored(parts, work)
    return number


def one_bundle(parts: Parts, *, published: bool = True) -> None:
    def work(connection: Connection) -> None:
        act: dict[str, Any] = {"actor": "cli:clerk", "now": NOW, "today": TODAY}
        bundles.propose(connection, GUANGZHOU, "2026-11", **act)
        if published:
            bundle_publishing.publish(connection, GUANGZHOU, "2026-11", link="https://x.example", **act)

    stored(parts, work)


FAIR = EventFields(
    GUANGZHOU,
    "见习专场招聘会",
    EventKind.JOB_FAIR,
    datetime(2026, 12, 5, 1, 30, tzinfo=UTC),
    None,
    "体育中心",
)


def one_event(parts: Parts, fields: EventFields = FAIR) -> int:
    def work(connection: Connection) -> int:
        event_id = events.create(connection, fields, actor="cli:clerk", now=NOW)
        events.publish(connection, event_id, actor="cli:clerk", now=NOW)
        return event_id

    number: int = stored(parts, work)
    return number


# --- every page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
async def test_an_empty_base_shows_a_kind_page_with_the_way_to_the_chat(client: Client, path: str) -> None:
    page = await read(client, path)
    assert 'href="/?scene=page_' in page
    assert "见习不收任何费用" in page
    assert f'<a href="{path}" aria-current="page">' in page
    assert "<script" not in page
    assert " style=" not in page


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_sent_again_only_when_it_has_changed(client: Client, parts: Parts, path: str) -> None:
    async with client.get(path) as first:
        tag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "public, max-age=60"
    async with client.get(path, headers={"If-None-Match": tag}) as same:
        assert (same.status, await same.read()) == (304, b"")
        assert same.headers["ETag"] == tag
    async with client.get(path, headers={"If-None-Match": '"other"'}) as other:
        assert other.status == 200


@pytest.mark.parametrize("path", ["/positions/999", "/positions/abc", "/positions/99999999999999999999"])
async def test_a_position_that_is_not_there_is_a_kind_404(client: Client, path: str) -> None:
    page = await read(client, path, 404)
    assert "看看现在的岗位" in page
    assert re.search(r"[\u4e00-\u9fff]", page)


NONSENSE = (
    "?city=999999",
    "?kind=9&education=zz",
    "?after=abc",
    "?after=-1",
    "?words=%22%20OR%201=1--",
    "?words=" + "长" * 300,
    "?city=440100%00&words=%00",
    "?unknown=1",
)


@pytest.mark.parametrize("path", PAGES)
async def test_an_address_that_makes_no_sense_still_shows_a_page(client: Client, path: str) -> None:
    for query in NONSENSE:
        await read(client, path + query)


async def test_a_filter_that_means_nothing_is_told_and_left_aside(client: Client, parts: Parts) -> None:
    one_position(parts)
    page = await read(client, "/positions?city=999999")
    assert "没看懂要找的城市" in page
    assert "会计助理" in page


async def test_what_hosts_write_is_shown_as_text_and_never_run(client: Client, parts: Parts) -> None:
    number = one_position(parts, description="<script>alert(1)</script>", majors=["<b>会计</b>"])
    page = await read(client, f"/positions/{number}")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;会计" in page
    assert "<script" not in await read(client, '/positions?words="><script>alert(1)</script>')


async def test_no_page_shows_anybody_who_can_be_called(client: Client, parts: Parts) -> None:
    number = one_position(parts)
    one_bundle(parts)
    one_event(parts)
    for path in (*PAGES, f"/positions/{number}", "/bundles/2026-11/440100"):
        page = await read(client, path)
        assert SECRET not in page
        assert "13800138000" not in page


# --- positions -------------------------------------------------------------------------------------------


async def test_a_position_is_listed_and_told_in_full(client: Client, parts: Parts) -> None:
    number = one_position(parts, description="整理凭证。\n核对账目。", closes_on=TODAY, taken=1)
    assert f'<a href="/positions/{number}">会计助理</a>' in await read(client, "/positions")
    page = await read(client, f"/positions/{number}")
    for shown in (
        "2500 元",
        "第1机电有限公司",
        "招 2 人，还有 1 个名额",
        "大学专科及以上",
        "6 个月",
        "2026年11月24日",
        "广州市天河区",
        f"/?scene=position_{number}",
        f"岗位{number}",
    ):
        assert shown in page


SEARCHES = {
    "city=440100": True,
    "city=440300": False,
    "kind=3": True,
    "kind=1": False,
    "education=31": True,
    "education=71": False,
    "words=会计": True,
    "words=天河 会计": True,
    "words=焊工": False,
    "city=440100&kind=3&education=21&words=会计": True,
}


async def test_positions_are_found_by_what_is_asked_for(client: Client, parts: Parts) -> None:
    one_position(parts)
    found = {query: "会计助理" in await read(client, f"/positions?{query}") for query in SEARCHES}
    assert found == SEARCHES
    assert "没有找到合适的岗位" in await read(client, "/positions?kind=1")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": PositionStatus.SUBMITTED},
        {"status": PositionStatus.CLOSED},
        {"closes_on": NOW.date() - timedelta(1)},
    ],
    ids=["submitted", "closed", "past its last day"],
)
async def test_what_is_not_published_is_nowhere(
    client: Client, parts: Parts, fields: dict[str, object]
) -> None:
    number = one_position(parts, **fields)
    assert "会计助理" not in await read(client, "/positions")
    await read(client, f"/positions/{number}", 404)


async def test_a_full_position_says_so_and_does_not_invite(client: Client, parts: Parts) -> None:
    number = one_position(parts, taken=2)
    page = await read(client, f"/positions/{number}")
    assert "已经招满" in page
    assert "聊天报名这个岗位" not in page


async def test_pages_follow_each_other_and_keep_what_was_asked_for(client: Client, parts: Parts) -> None:
    def work(connection: Connection) -> None:
        owner = host(connection)
        for n in range(45):
            position(connection, owner, f"第{n:02d}号岗位")

    stored(parts, work)
    seen: list[str] = []
    path = "/positions?city=440100&kind=3"
    for _ in range(5):
        page = await read(client, path)
        seen += re.findall(r">(第\d\d号岗位)</a>", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")
        assert "city=440100" in path
        assert "kind=3" in path
    assert seen == [f"第{n:02d}号岗位" for n in range(44, -1, -1)]


async def test_example_data_is_marked(client: Client, parts: Parts) -> None:
    number = one_position(parts, demo=True)
    for path in ("/positions", f"/positions/{number}"):
        page = await read(client, path)
        assert "示例数据" in page
        assert '<li class="warn">示例</li>' in page


# --- hosts, agencies, events, policy ---------------------------------------------------------------------


async def test_hosts_are_listed_with_what_they_recruit_for(client: Client, parts: Parts) -> None:
    one_position(parts)
    stored(parts, lambda connection: host(connection, 2, name="未认定公司", status=HostStatus.APPLIED))
    stored(parts, lambda connection: host(connection, 3, name="深圳公司", city=SHENZHEN, district=None))
    page = await read(client, "/hosts")
    assert "1 个岗位在招，还有 2 个名额" in page
    assert "未认定公司" not in page
    there = await read(client, "/hosts?city=440300")
    assert "深圳公司" in there
    assert "第1机电" not in there
    assert "第1机电" in await read(client, "/hosts?words=机电&kind=small_medium")
    assert "没有找到这样的单位" in await read(client, "/hosts?words=100%25")


async def test_a_host_leads_to_its_positions(client: Client, parts: Parts) -> None:
    one_position(parts, search_text="会计助理 第1机电有限公司")
    page = await read(client, "/hosts")
    link = re.search(r'href="(/positions\?[^"]+)"', page)
    assert link is not None
    assert "会计助理" in await read(client, link[1].replace("&amp;", "&"))


async def test_agencies_can_be_called(client: Client, parts: Parts) -> None:
    stored(parts, lambda connection: agency(connection, phone="020-12333、12345"))
    page = await read(client, "/agencies?city=440100")
    assert 'href="tel:020-12333"' in page
    assert "工作日" in page
    assert "还没有登记服务机构" in await read(client, "/agencies?city=440300")


async def test_events_tell_when_where_and_how_many_places(client: Client, parts: Parts) -> None:
    number = one_event(parts, FAIR._replace(capacity=1, ends_at=datetime(2026, 12, 5, 3, 30, tzinfo=UTC)))
    page = await read(client, "/events")
    for shown in ("2026年12月5日（周六）09:30—11:30", "还有1个名额", "体育中心", f"/?scene=event_{number}"):
        assert shown in page

    def fill(connection: Connection) -> None:
        event_sign_ups.sign_up(connection, number, rows.contact(connection), None, now=NOW)

    stored(parts, fill)
    full = await read(client, "/events?city=440100")
    assert "名额已满" in full
    assert f"/?scene=event_{number}" not in full
    assert "近期还没有活动" in await read(client, "/events?city=440300")


async def test_an_event_that_has_begun_is_no_longer_shown(client: Client, parts: Parts, clock: Any) -> None:  # noqa: ANN401
    one_event(parts)
    clock.move(days=12)
    assert "近期还没有活动" in await read(client, "/events")


async def test_every_policy_answer_stands_there_with_its_source(client: Client, parts: Parts) -> None:
    page = await read(client, "/policy")
    answers = parts.turns.catalogue.book.answers
    assert page.count("<details") == len(answers)
    assert all(f'id="{answer.id}"' in page for answer in answers)
    assert page.count("来源：") == len(answers)


# --- bundles ---------------------------------------------------------------------------------------------


async def test_a_bundle_is_fit_for_sharing(client: Client, parts: Parts) -> None:
    number = one_position(parts)
    one_bundle(parts)
    page = await read(client, "/bundles/2026-11/440100")
    base = str(client.make_url("")).rstrip("/")
    assert '<meta property="og:title" content="广州市2026年11月示范性见习岗位">' in page
    assert f'<meta property="og:image" content="{base}/bundles/2026-11/440100/cover.png">' in page
    assert '<meta property="og:description" content="精选 1 家单位 1 个岗位，共招 2 人。' in page
    assert re.search(r"<img[^>]+>", page[page.index("<main") :]) is not None
    assert f'href="/positions/{number}"' in page
    assert "/?scene=bundle_2026-11_440100" in page
    assert "推荐理由：" in page


async def test_addresses_go_by_the_public_url_when_there_is_one(parts: Parts) -> None:
    one_position(parts)
    one_bundle(parts)
    parts.settings = parts.settings.model_copy(update={"public_url": "https://jianxi.example"})
    async with TestClient(TestServer(web_application(parts)), cookie_jar=DummyCookieJar()) as client:
        page = await read(client, "/bundles/2026-11/440100")
    assert 'content="https://jianxi.example/bundles/2026-11/440100/cover.png"' in page


@pytest.mark.parametrize("name", ["cover.png", "poster.png"])
async def test_its_pictures_are_png_and_kept_by_their_etag(client: Client, parts: Parts, name: str) -> None:
    find_font()
    one_position(parts)
    one_bundle(parts)
    path = f"/bundles/2026-11/440100/{name}"
    async with client.get(path) as first:
        assert (first.status, first.content_type) == (200, "image/png")
        assert (await first.read()).startswith(b"\x89PNG")
        assert first.headers["Cache-Control"] == "public, max-age=600"
    async with client.get(path, headers={"If-None-Match": first.headers["ETag"]}) as same:
        assert same.status == 304


UNPUBLISHED = ("2026-11/440100", "2026-12/440100", "2026-11/440300", "x/y", "2026-11/%27")


@pytest.mark.parametrize("part", ["", "/cover.png", "/poster.png"])
async def test_what_is_not_published_has_no_page_and_no_picture(
    client: Client, parts: Parts, part: str
) -> None:
    one_position(parts)
    one_bundle(parts, published=False)
    for where in UNPUBLISHED:
        async with client.get(f"/bundles/{where}{part}") as response:
            assert response.status == 404


async def test_a_position_that_closed_stays_on_the_page_and_says_so(client: Client, parts: Parts) -> None:
    number = one_position(parts)
    one_bundle(parts)

    def fill(connection: Connection) -> None:
        positions.take(connection, number)
        positions.take(connection, number)

    stored(parts, fill)
    page = await read(client, "/bundles/2026-11/440100")
    assert "已招满或停招" in page
    assert f'href="/positions/{number}"' not in page


async def test_the_newest_bundle_is_offered_on_the_list(client: Client, parts: Parts) -> None:
    one_position(parts)
    one_bundle(parts)
    assert 'href="/bundles/2026-11/440100"' in await read(client, "/positions")
    assert "/bundles/" not in await read(client, "/positions?city=440300")


# --- where people come from ------------------------------------------------------------------------------


async def come(client: Client, scene: str, cookies: dict[str, str] | None = None) -> str | None:
    """Open the chat from a link; the cookie that remembers it."""
    async with client.get("/", params={"scene": scene}, cookies=cookies or {}) as response:
        assert response.status == 200
        return response.cookies[SCENE_COOKIE].value if SCENE_COOKIE in response.cookies else None


def source(parts: Parts) -> list[str | None]:
    return list(parts.database.read_sync(lambda c: c.session.exec(select(Contact.source)).all()))


async def write(client: Client, cookies: dict[str, str]) -> Any:  # noqa: ANN401 - the answer's cookies
    body = {"text": "你好", "message_id": "1"}
    async with client.post("/api/chat/messages", json=body, cookies=cookies) as response:
        assert response.status == 200
        return response.cookies


async def test_the_scene_of_a_link_becomes_the_source_of_who_comes_by_it(
    client: Client, parts: Parts
) -> None:
    scene = await come(client, "bundle_2026-11_440100")
    assert scene == "bundle_2026-11_440100"
    cookies = await write(client, {SCENE_COOKIE: scene})
    assert source(parts) == ["bundle_2026-11_440100"]
    assert cookies[SCENE_COOKIE]["max-age"] == "0", "it has served"


async def test_who_was_here_before_keeps_the_first_source(client: Client, parts: Parts) -> None:
    cookies = await write(client, {SCENE_COOKIE: "page_positions"})
    known = {COOKIE: cookies[COOKIE].value}
    assert await come(client, "page_hosts", known) is None
    await write(client, {**known, SCENE_COOKIE: "page_hosts"})
    assert source(parts) == ["page_positions"]


@pytest.mark.parametrize("scene", ["", "长", "a b", "x" * 65, "<script>", "a;b=c"])
async def test_a_scene_that_none_of_ours_has_is_not_kept(client: Client, parts: Parts, scene: str) -> None:
    assert await come(client, scene) is None
    await Person(client).say("你好")
    assert source(parts) == [None]


async def test_a_forged_scene_cookie_is_not_kept(client: Client, parts: Parts) -> None:
    await write(client, {SCENE_COOKIE: "x" * 65})
    assert source(parts) == [None]


# --- wording ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fen", "said"), [(250_000, "2500"), (250_050, "2500.50"), (1, "0.01"), (0, "0")])
def test_money_reads_without_needless_zeros(fen: int, said: str) -> None:
    assert yuan(fen) == said


def test_days_and_times_read_as_people_say_them() -> None:
    start = datetime(2026, 12, 5, 9, 30, tzinfo=CHINA)
    same, next_day = start + timedelta(hours=2), start + timedelta(days=1)
    assert day(TODAY) == "2026年11月24日"
    assert spoken_time(start, None, lambda moment: moment) == "2026年12月5日（周六）09:30"
    assert spoken_time(start, same, lambda moment: moment).endswith("09:30—11:30")
    assert spoken_time(start, next_day, lambda moment: moment).endswith("09:30—2026年12月6日09:30")


@pytest.mark.parametrize(
    ("phone", "dialled"), [("020-12333", "020-12333"), ("电话 12345678 转1", "12345678"), ("前台", "前台")]
)
def test_a_telephone_entry_is_dialled_by_its_first_number(phone: str, dialled: str) -> None:
    assert dial(phone) == dialled


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("", None), ("-1", None), ("１２", None), ("9" * 11, None), ("4294967296", None)],
)
def test_only_what_can_be_a_number_of_a_record_is_read_as_one(text: str, number: int | None) -> None:
    assert read_id(text) == number


async def test_machines_still_get_json_for_addresses_that_are_no_page(client: Client) -> None:
    async with client.get("/nothing-here") as response:
        assert response.status == 404
        assert response.content_type == json_reply(b"{}").content_type
