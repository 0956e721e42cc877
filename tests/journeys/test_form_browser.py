"""The one-time form in a real browser: readable and usable at the width of a phone and of a desk, in light and dark.

Pictures of what was seen are left in `tests/screenshots/`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from bot.app import Parts, open_parts, utc_now
from bot.settings import load
from tests.journeys.applicants import graduate
from tests.journeys.test_browser import ARGUMENTS, DESKTOP, PHONE, PICTURES, SECONDS
from tests.serving import Service, service
from tests.talking import incoming

PUBLIC = "https://jianxi.example.cn"
WHO = graduate(utc_now().date(), name="欧阳若兰", order=331, phone="13926487532")
_addresses = itertools.count(1)


class Chat:
    """Somebody on the official account, below its protocol: from another process, as the real one may be."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.address = f"o{next(_addresses)}"

    def says(self, *words: str) -> str:
        """The address that the last answer links to; "" without."""
        url = ""
        for text in words:
            message = incoming(text, channel="wechat", address=self.address)
            reply = self.parts.database.write_sync(lambda c, m=message: self.parts.turns.handle(c, m))  # type: ignore[misc]
            links = [link for said in orjson.loads(reply.body)["replies"] for link in said["links"]]
            url = links[0]["url"].removeprefix(PUBLIC) if links else ""
        return url

    def first_form(self) -> str:
        return self.says(*WHO.words[: WHO.words.index(WHO.name)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("form") / "data"


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Service]:
    with service(folder, public_url=PUBLIC) as started:
        yield started


@pytest.fixture
def chat(folder: Path, running: Service, plain_environment: None) -> Iterator[Chat]:
    parts = open_parts(load(data=folder, public_url=PUBLIC))
    yield Chat(parts)
    parts.database.close_sync()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


def page_at(browser: Browser, size: ViewportSize, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport=size,
        locale="zh-CN",
        color_scheme="dark" if scheme == "dark" else "light",
        is_mobile=size == PHONE,
        has_touch=size == PHONE,
    )
    context.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    return context.new_page()


def assert_good(page: Page, picture: str) -> None:
    """Accessible, nothing cut off at the side, everything to be touched large enough; and a picture of it."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{picture}.png", full_page=True, animations="disabled")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    targets = page.locator("button, input:not([type=checkbox]), .option")
    for target in targets.all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["360", "1280"])
def test_the_form_reads_well(
    browser: Browser, running: Service, chat: Chat, size: ViewportSize, scheme: str
) -> None:
    page = page_at(browser, size, scheme)
    name = f"form-{size['width']}-{scheme}"
    page.goto(running.address + chat.first_form())
    assert_good(page, name)
    page.get_by_label("姓名").fill(WHO.name)
    page.get_by_label("身份证号").fill(WHO.id_number[:-2])
    page.get_by_label("手机号").fill(WHO.phone)
    page.get_by_role("button").click()
    expect(page.locator(".fault")).to_be_visible()
    expect(page.get_by_label("姓名")).to_have_count(0)
    expect(page.get_by_label("身份证号")).to_be_focused()
    assert_good(page, f"{name}-fault")
    page.get_by_label("身份证号").fill(WHO.id_number)
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("收到了")
    assert_good(page, f"{name}-done")
    answer = chat.says(*WHO.words[WHO.words.index(WHO.phone) + 1 : WHO.words.index("1", 9)])
    page.goto(running.address + answer)
    assert_good(page, f"{name}-hardship")
    page.get_by_label("低保家庭").check()
    page.get_by_label("都没有").check()
    page.get_by_role("button").click()
    expect(page.locator(".fault")).to_be_in_viewport()
    assert_good(page, f"{name}-hardship-fault")
    page.context.close()


def test_it_can_be_filled_by_keyboard_alone_and_never_goes_back(
    browser: Browser, running: Service, chat: Chat
) -> None:
    page = page_at(browser, DESKTOP)
    page.goto(running.address + chat.first_form())
    for text in (WHO.name, WHO.id_number, WHO.phone):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("收到了")
    page.go_back()
    expect(page.get_by_role("status")).to_contain_text("用过了或者过期了")
    page.context.close()


def test_another_browser_cannot_send_what_it_did_not_open(
    browser: Browser, running: Service, chat: Chat
) -> None:
    page = page_at(browser, PHONE)
    page.goto(running.address + chat.first_form())
    page.context.clear_cookies()
    page.get_by_label("姓名").fill(WHO.name)
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("不是在这里打开的")
    assert_good(page, "form-360-not-yours")
    page.context.close()
