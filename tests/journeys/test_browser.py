"""The chat page in a real browser, at the width of a phone: a person registers, reloads, loses the net, uses keys.

Pictures of what was seen are left in `tests/screenshots/`.
"""

import itertools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    Page,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from bot.app import utc_now
from tests.journeys.applicants import graduate, in_chinese, months_before
from tests.serving import Service, service

PICTURES = Path(__file__).parents[1] / "screenshots"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
TODAY = utc_now().date()
SECONDS = 20_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("browser") / "data", "--demo") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A phone; whatever goes wrong inside its pages fails the test."""
    opened = browser.new_context(
        viewport=PHONE, locale="zh-CN", has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    faults: list[str] = []
    opened.on("weberror", lambda error: faults.append(str(error.error)))
    opened.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    yield opened
    opened.close()
    assert faults == []


@pytest.fixture
def page(context: BrowserContext, running: Service) -> Page:
    return arrive(context, running)


def arrive(context: BrowserContext, running: Service) -> Page:
    """A page that shows the conversation."""
    opened = context.new_page()
    opened.goto(running.address)
    expect(opened.locator(".row").first).to_be_visible()
    return opened


def tap(page: Page, *values: str) -> None:
    """Answer the open question by its choices, as a finger does."""
    said = page.locator(".row.person").count()
    open_question = page.locator(".choices:enabled")
    expect(open_question).to_have_count(1)
    several = open_question.locator(".chip.ready").count() == 1
    for value in values:
        open_question.locator(f'.chip[data-value="{value}"]').tap()
    if several:
        open_question.locator(".chip.ready").tap()
    answered(page, said)


def write(page: Page, text: str) -> None:
    """Answer by typing."""
    said = page.locator(".row.person").count()
    page.locator("#text").fill(text)
    page.locator("#send").tap()
    answered(page, said)


def answered(page: Page, said: int) -> None:
    """Wait until the service has answered what was said last."""
    expect(page.locator(".row.person")).to_have_count(said + 1)
    expect(page.locator("#typing")).to_be_hidden()


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def assert_fits(page: Page) -> None:
    """Nothing is cut off at the side."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(
        "document.querySelector('#scroller').scrollWidth <= document.querySelector('#scroller').clientWidth"
    )


numbers = itertools.count(501)


def as_far_as_consent(page: Page) -> None:
    page.locator(".choices.starters .chip").first.tap()
    expect(page.locator(".row.service").nth(1)).to_be_visible()
    tap(page, "1")
    tap(page, "5")
    tap(page, "2")
    write(page, in_chinese(months_before(TODAY, 5)))
    tap(page, "1")


def register(page: Page) -> None:
    """From the greeting to `done`, by tapping and typing."""
    who = graduate(TODAY, order=next(numbers))
    as_far_as_consent(page)
    write(page, who.name)
    expect(page.locator("#text")).to_have_attribute("placeholder", re.compile("."))
    write(page, who.id_number)
    write(page, who.phone)
    write(page, "广州市天河区")
    write(page, "广东工业大学")
    write(page, "软件工程")
    tap(page, "1")
    tap(page, "1")
    tap(page, "2", "3")
    tap(page, "1", "6")
    write(page, "随时")
    tap(page, "1")
    expect(page.locator(".bubble.service").last).to_contain_text(who.id_number[-4:])
    assert who.id_number not in page.content()
    picture(page, "review-phone-light")
    tap(page, "提交")
    expect(page.locator(".bubble.service").last).to_contain_text("回执号")


def test_a_person_registers_at_phone_width_and_finds_it_again_after_a_reload(page: Page) -> None:
    picture(page, "start-phone-light")
    assert_accessible(page)
    register(page)
    assert_accessible(page)
    assert_fits(page)
    picture(page, "done-phone-light")
    said, heard = page.locator(".row.person").count(), page.locator(".row.service").count()
    masked = page.locator(".bubble.person.masked")
    assert masked.count() == 4, "name, number, phone and hardship"
    page.reload()
    expect(page.locator(".bubble.service").last).to_contain_text("回执号")
    assert page.locator(".row.person").count() == said
    assert page.locator(".row.service").count() == heard - 1, (
        "all but the greeting, which is only for newcomers"
    )
    assert masked.count() == 4
    assert page.locator(".choices:enabled .chip").count() == 0 or page.locator("#text").is_enabled()


def test_the_middle_of_a_dialog_is_accessible_and_shows_progress(page: Page) -> None:
    as_far_as_consent(page)
    expect(page.locator("#progress-text")).to_have_text(re.compile(r"5/\d+"))
    write(page, "x")  # no name
    assert_accessible(page)
    assert_fits(page)
    picture(page, "wrong-answer-phone-light")


def test_a_second_page_shows_what_happens_in_the_first(
    context: BrowserContext, running: Service, page: Page
) -> None:
    page.locator(".choices.starters .chip").first.tap()
    expect(page.locator(".row.service")).to_have_count(2)
    second = arrive(context, running)
    expect(second.locator(".row.service")).to_have_count(1)
    tap(page, "1")
    expect(second.locator(".row.person").last).to_contain_text("高校毕业生")
    expect(second.locator(".choices:enabled .chip.ready")).to_be_visible()
    tap(second, "1", "2")
    expect(page.locator("#log")).to_contain_text("已经工作")
    expect(page.locator(".choices:enabled .chip.ready")).to_have_count(0)


@pytest.mark.parametrize("reloaded", [False, True])
def test_an_old_choice_on_a_page_that_missed_the_answer_answers_no_other_question(
    context: BrowserContext, running: Service, reloaded: bool
) -> None:
    """The page shows the first question; elsewhere it was answered meanwhile, and the page did not hear of it."""
    page = context.new_page()
    page.route("**/api/chat/events", lambda route: route.abort())
    page.goto(running.address)
    page.locator(".choices.starters .chip").first.tap()
    expect(page.locator(".choices:enabled .chip")).to_have_count(3)
    if reloaded:
        page.reload()
        expect(page.locator(".choices:enabled .chip")).to_have_count(3)
    page.route("**/api/chat/messages?*", lambda route: route.abort())
    elsewhere = {"text": "2", "message_id": f"elsewhere-{next(numbers)}"}
    assert context.request.post(f"{running.address}/api/chat/messages", data=elsewhere).ok
    tap(page, "1")
    expect(page.locator("#log")).to_contain_text("前面那一题")
    expect(page.locator(".bubble.person").last).to_contain_text("高校毕业生")
    expect(page.locator(".choices:enabled .chip.ready")).to_be_visible()
    expect(page.locator("#progress-text")).to_have_text(re.compile("1/"))
    page.unroute("**/api/chat/messages?*")
    page.reload()
    expect(page.locator(".bubble.person")).to_have_text(
        ["我要报名", "16—24岁失业青年", "高校毕业生（离校两年内没就业）"]
    )
    tap(page, "5")
    expect(page.locator(".bubble.person").last).to_have_text("都没有")


def test_a_choice_that_stands_alone_lets_go_of_the_others_and_the_reverse(page: Page) -> None:
    page.locator(".choices.starters .chip").first.tap()
    expect(page.locator(".choices:enabled .chip")).to_have_count(3)
    tap(page, "1")
    question = page.locator(".choices:enabled")

    def pick(value: str, picked: list[str]) -> None:
        question.locator(f'.chip[data-value="{value}"]').tap()
        expect(question.locator('[aria-pressed="true"]')).to_have_count(len(picked))
        for one in picked:
            chip = question.locator(f'.chip[data-value="{one}"]')
            expect(chip).to_have_attribute("aria-pressed", "true")
        count = f"（{len(picked)}）" if picked else ""
        expect(question.locator(".ready")).to_have_text(f"选好了{count}")

    pick("2", ["2"])
    pick("4", ["2", "4"])
    pick("5", ["5"])
    pick("1", ["1"])
    pick("5", ["5"])
    pick("5", [])
    expect(question.locator(".ready")).to_be_disabled()


SEEN_WHOLE = """chip => {
  const box = chip.getBoundingClientRect();
  const inside = [[0.5, 0.1], [0.1, 0.5], [0.9, 0.5], [0.5, 0.9]];
  return inside.every(([x, y]) =>
    chip.contains(document.elementFromPoint(box.x + box.width * x, box.y + box.height * y)));
}"""


@pytest.mark.parametrize("size", [{"width": 320, "height": 568}, PHONE], ids=["small phone", "phone"])
def test_on_a_small_phone_no_choice_lies_under_the_button_that_sends_them(
    browser: Browser, running: Service, size: ViewportSize
) -> None:
    context = browser.new_context(
        viewport=size, locale="zh-CN", has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    page = arrive(context, running)
    as_far_as_consent(page)
    who = graduate(TODAY, order=next(numbers))
    for text in (who.name, who.id_number, who.phone, "广州市天河区", "广东工业大学", "软件工程"):
        write(page, text)
    tap(page, "1")
    question = page.locator(".choices:enabled")
    first = question.locator('.chip[data-value="1"]')
    expect(question.locator(".ready")).to_be_disabled()
    assert first.evaluate(SEEN_WHOLE), "the first choice can be seen before anything is picked"
    picture(page, f"several-{size['width']}")
    for value in ("3", "9", "15", "4"):
        chip = question.locator(f'.chip[data-value="{value}"]')
        chip.tap()
        expect(chip).to_have_attribute("aria-pressed", "true")
        assert chip.evaluate(SEEN_WHOLE), f"{value} can be seen after it was picked"
        assert question.locator(".ready").evaluate(SEEN_WHOLE), "and so can the button that sends"
    picture(page, f"several-picked-{size['width']}")
    assert_accessible(page)
    assert_fits(page)
    context.close()


def test_a_message_sent_offline_arrives_once_when_the_net_is_back(
    context: BrowserContext, page: Page
) -> None:
    write(page, "人工")
    context.set_offline(True)
    page.locator("#text").fill("想问问报名")
    page.locator("#send").tap()
    expect(page.locator("#connection")).to_contain_text("重新连接")
    expect(page.locator(".row.person")).to_have_count(2)
    picture(page, "offline-phone-light")
    context.set_offline(False)
    expect(page.locator(".bubble.service").last).to_contain_text("编号")
    page.reload()
    expect(page.locator(".bubble.service").last).to_contain_text("编号")
    assert page.locator(".row.person").count() == 2
    assert page.locator(".bubble.service", has_text="编号").count() == 1


def test_an_answer_lost_on_the_way_has_one_effect(context: BrowserContext, page: Page) -> None:
    """The server took the message, its answer was lost, the page sends the same message again."""
    write(page, "人工")
    lost: list[APIResponse] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())
            route.abort()

    context.route("**/api/chat/messages", lose_first)
    write(page, "想问问报名")
    assert len(lost) == 1
    context.unroute("**/api/chat/messages")
    expect(page.locator(".bubble.service", has_text="编号")).to_have_count(1)
    page.reload()
    expect(page.locator(".bubble.service", has_text="编号")).to_have_count(1)


def test_everything_can_be_done_with_the_keyboard(browser: Browser, running: Service) -> None:
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN")
    page = arrive(context, running)

    def focused() -> str:
        text = page.evaluate("document.activeElement.dataset?.value ?? document.activeElement.id")
        assert isinstance(text, str)
        return text

    def go_to(wanted: str) -> None:
        for _ in range(40):
            if focused() == wanted:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{wanted} cannot be reached, focus is at {focused()}")

    page.locator("#log").focus()
    go_to("我要报名")
    page.keyboard.press("Enter")
    expect(page.locator(".choices:enabled .chip[data-value='1']")).to_be_visible()
    go_to("1")
    page.keyboard.press("Enter")
    expect(page.locator(".choices:enabled .chip.ready")).to_be_visible()
    go_to("5")
    page.keyboard.press("Space")
    expect(page.locator(".chip[data-value='5']").last).to_have_attribute("aria-pressed", "true")
    for _ in range(10):
        if page.evaluate("document.activeElement.classList.contains('ready')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answered(page, 2)
    go_to("text")
    page.keyboard.type("本科")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.service").last).to_contain_text("毕业证")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_it_reads_well_in_light_and_dark_and_wide_and_narrow(
    browser: Browser, running: Service, scheme: Literal["light", "dark"], device: str
) -> None:
    phone = device == "phone"
    context = browser.new_context(
        viewport=PHONE if phone else DESKTOP,
        locale="zh-CN",
        color_scheme=scheme,
        has_touch=True,
        is_mobile=phone,
        reduced_motion="reduce",
    )
    page = arrive(context, running)
    picture(page, f"start-{device}-{scheme}")
    assert_accessible(page)
    as_far_as_consent(page)
    picture(page, f"consent-{device}-{scheme}")
    assert_accessible(page)
    write(page, "陈晓琳")
    write(page, "123")
    picture(page, f"wrong-{device}-{scheme}")
    assert_accessible(page)
    assert_fits(page)
    write(page, "菜单")
    write(page, "见习有工资吗")
    picture(page, f"question-{device}-{scheme}")
    write(page, "我的信息")
    picture(page, f"mine-{device}-{scheme}")
    assert_accessible(page)
    context.close()


@pytest.mark.parametrize(
    ("name", "size", "text"),
    [("large-text", PHONE, "200%"), ("zoomed", {"width": 320, "height": 256}, "100%")],
)
def test_at_large_text_and_large_zoom_nothing_is_cut_off(
    browser: Browser, running: Service, name: str, size: ViewportSize, text: str
) -> None:
    context = browser.new_context(viewport=size, locale="zh-CN", has_touch=True, reduced_motion="reduce")
    page = arrive(context, running)
    page.evaluate("size => { document.documentElement.style.fontSize = size }", text)
    as_far_as_consent(page)
    assert_fits(page)
    picture(page, name)
    context.close()


def test_too_fast_is_told_kindly_and_the_words_are_kept(context: BrowserContext, page: Page) -> None:
    body = {"error": {"code": "slow_down", "message": "您发得太快了，请等几秒再发。前面填的都在。"}}

    def refuse(route: Route) -> None:
        route.fulfill(status=429, headers={"Retry-After": "2"}, json=body)

    context.route("**/api/chat/messages", refuse)
    page.locator("#text").fill("我要报名")
    page.locator("#send").tap()
    expect(page.locator("#notice-text")).to_contain_text("2 秒后可以再发")
    picture(page, "slow-down-phone-light")
    expect(page.locator("#text")).to_have_value("我要报名")
    assert page.locator(".row.person").count() == 0
    context.unroute("**/api/chat/messages")
    expect(page.locator("#send")).to_be_enabled()
    page.locator("#send").tap()
    expect(page.locator(".choices:enabled .chip")).to_have_count(3)


def test_a_base_that_takes_nothing_is_told_and_the_same_words_then_count(
    context: BrowserContext, page: Page
) -> None:
    body = {"error": {"code": "unavailable", "message": "系统正忙，刚才这条没有存上，请稍等再发一次。"}}
    ids: list[str] = []

    def refuse(route: Route) -> None:
        ids.append(json.loads(route.request.post_data or "{}")["message_id"])
        if len(ids) == 1:
            route.fulfill(status=503, headers={"Retry-After": "3"}, json=body)
        else:
            route.continue_()

    context.route("**/api/chat/messages", refuse)
    page.locator("#text").fill("我要报名")
    page.locator("#send").tap()
    expect(page.locator("#notice-text")).to_contain_text("再发一次")
    page.locator("#send").tap()
    expect(page.locator(".choices:enabled .chip")).to_have_count(3)
    assert ids[0] == ids[1], "it is the same message"


def test_a_conversation_that_is_no_more_can_be_started_anew(context: BrowserContext, page: Page) -> None:
    write(page, "我要报名")
    [cookie] = context.cookies()
    context.add_cookies([{"name": cookie["name"], "value": "forged", "url": page.url}])
    page.reload()
    expect(page.locator("#notice-text")).to_contain_text("重新开始")
    picture(page, "lost-phone-light")
    page.locator("#notice-action").tap()
    expect(page.locator(".choices.starters .chip").first).to_be_enabled()
    page.locator(".choices.starters .chip").first.tap()
    expect(page.locator(".choices:enabled .chip")).to_have_count(3)
