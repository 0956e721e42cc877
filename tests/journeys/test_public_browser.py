"""The public pages in a real browser, without script: at the width of a phone and of a desk, light and dark; and from a
page into the chat, to an application.

Pictures of what was seen are left in `tests/screenshots/`.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from sqlmodel import select

from bot.app import open_parts, utc_now
from bot.settings import load
from policy.calendar import CHINA
from storage import bundle_publishing, bundles
from storage.database import Connection
from storage.keys import create_key_file
from storage.tables import Contact
from tests.journeys.test_browser import ARGUMENTS, DESKTOP, PHONE, PICTURES, SECONDS, assert_accessible
from tests.serving import Service, service
from tests.storage.public_rows import GUANGZHOU, agency, host, many, mentor, position, recruiting

TODAY = utc_now().astimezone(CHINA).date()
MONTH = f"{TODAY:%Y-%m}"
BUNDLE = f"/bundles/{MONTH}/{GUANGZHOU}"
PAGES = {
    "positions": "/positions",
    "position": "/positions/1",
    "nothing-found": "/positions?words=火箭&city=440100",
    "missing": "/positions/9999",
    "hosts": "/hosts",
    "agencies": "/agencies",
    "events": "/events",
    "policy": "/policy",
    "bundle": BUNDLE,
}


def seed(connection: Connection) -> None:
    institute = host(connection, 8, name="广东省智能制造应用技术研究院", kind="research_institute")
    position(
        connection,
        institute,
        "人工智能算法助理研究员",
        kind="1",
        stipend_fen=400_000,
        mentor_id=mentor(connection, institute),
        openings=8,
        description="在老师带领下整理数据、训练模型。\n会一点 Python 就行。",
    )
    recruiting(connection)
    many(connection, 25, demo=True)
    agency(connection)
    act: dict[str, Any] = {"actor": "cli:clerk", "now": utc_now(), "today": TODAY}
    bundles.propose(connection, GUANGZHOU, MONTH, **act)
    bundle_publishing.publish(connection, GUANGZHOU, MONTH, link="https://x.example", **act)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    folder = tmp_path_factory.mktemp("public") / "data"
    folder.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, folder / "jianxi.db")
    create_key_file(folder / "secret.key")
    parts = open_parts(load(data=folder))
    parts.database.write_sync(seed)
    parts.database.close_sync()
    return folder


@pytest.fixture(scope="module")
def running(data: Path) -> Iterator[Service]:
    with service(data) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "cut off at the side"


def assert_touchable(page: Page) -> None:
    """What is tapped is large enough for a finger, inline links of running text aside (WCAG 2.5.8)."""
    small = page.evaluate(
        """[...document.querySelectorAll('.button, nav a, summary, select, input')]
        .map(node => node.getBoundingClientRect()).filter(box => box.height < 40 || box.width < 40).length"""
    )
    assert small == 0


@pytest.mark.parametrize(
    ("device", "size", "scheme"),
    [("phone", PHONE, "light"), ("phone", PHONE, "dark"), ("desktop", DESKTOP, "light")],
)
def test_every_page_reads_well_and_is_accessible(
    browser: Browser, running: Service, device: str, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport=size, locale="zh-CN", color_scheme=scheme)
    context.set_default_timeout(SECONDS)
    refused: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    for name, path in PAGES.items():
        page.goto(running.address + path)
        assert_fits(page)
        assert_touchable(page)
        assert_accessible(page)
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"public-{name}-{device}-{scheme}.png")
    context.close()
    assert [text for text in refused if "404" not in text] == [], "the security policy stops nothing of ours"


def test_all_can_be_done_without_script(browser: Browser, running: Service) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.address}/positions")
    page.get_by_label("城市").select_option(label="深圳市")
    page.get_by_label("关键词").fill("设计")
    page.get_by_role("button", name="找岗位").click()
    expect(page.locator(".card")).to_have_count(1)
    expect(page.get_by_label("城市")).to_have_value("440300")
    page.get_by_role("link", name="平面设计助理").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("平面设计助理")
    page.get_by_role("link", name="政策").click()
    page.get_by_text("就业见习是什么").click()
    expect(page.locator("details[open]")).to_contain_text("来源")
    page.get_by_role("link", name="岗位", exact=True).click()
    page.get_by_role("link", name="下一页").click()
    expect(page.locator(".card").first).to_be_visible()
    context.close()


def test_at_large_text_on_a_small_phone_nothing_is_cut_off(browser: Browser, running: Service) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 568}, locale="zh-CN")
    page = context.new_page()
    for path in PAGES.values():
        page.goto(running.address + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert_fits(page)
    context.close()


def test_the_keyboard_reaches_the_text_first(browser: Browser, running: Service) -> None:
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{running.address}/positions")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("跳到正文")
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    context.close()


def test_from_a_position_into_the_chat_and_to_it_again(
    browser: Browser, running: Service, data: Path
) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True, is_mobile=True)
    context.set_default_timeout(SECONDS)
    page = context.new_page()
    page.goto(f"{running.address}/positions/1")
    page.get_by_role("link", name="聊天报名这个岗位").tap()
    page.get_by_role("button", name="看岗位1").tap()
    expect(page.locator(".bubble.service").last).to_contain_text("人工智能算法助理研究员")
    page.screenshot(path=PICTURES / "public-position-in-chat.png")
    page.goto(f"{running.address}/positions/2")
    page.get_by_role("link", name="聊天报名这个岗位").tap()
    expect(page.locator("#text")).to_have_value("岗位2")
    page.locator("#send").tap()
    expect(page.locator(".bubble.service").last).to_contain_text("仓储文员")
    context.close()
    parts = open_parts(load(data=data))
    try:
        sources = parts.database.read_sync(
            lambda connection: connection.session.exec(select(Contact.source)).all()
        )
    finally:
        parts.database.close_sync()
    assert "position_1" in sources, "where the person came from first is kept"
    assert "position_2" not in sources
