"""Posters and covers: a readable PNG with a code that leads where it should; and no picture without a Chinese font."""

from io import BytesIO
from pathlib import Path

import pytest
import segno
from PIL import Image

from bot.bundle_pictures import PAGE, WECHAT, Pictures, sheet, summary
from bot.poster import (
    COVER,
    MOST_LINES,
    QR_SIZE,
    WIDTH,
    FontMissing,
    Line,
    Sheet,
    cover,
    find_font,
    poster,
    qr_picture,
)
from notifications.channel import Failure, SendFailed
from storage.bundle_lists import Item
from storage.ledger_tables import Bundle
from tests.storage.public_rows import NOW, TODAY

SHEET = Sheet(
    "广州市",
    "2026年11月",
    "广州市2026年11月示范性见习岗位",
    "精选 1 家单位 3 个岗位，共招 6 人",
    tuple(Line(f"第{n}号岗位", "第一机电有限公司", "2500元/月") for n in range(3)),
    0,
    "https://jianxi.example/?scene=bundle_2026-11_440100",
    PAGE,
)


@pytest.fixture(scope="module")
def font() -> Path:
    return find_font()


def opened(png: bytes) -> Image.Image:
    assert png.startswith(b"\x89PNG")
    return Image.open(BytesIO(png))


def modules(picture: Image.Image, size: int) -> list[list[int]]:
    """The dark and light squares of a code of `size` squares with its quiet zone, read off the picture."""
    scale = picture.width // (size + 8)
    offset = (picture.width - (size + 8) * scale) // 2 + 4 * scale + scale // 2
    grey = picture.convert("L")
    return [
        [int(int(grey.getpixel((offset + x * scale, offset + y * scale)) or 0) < 128) for x in range(size)]  # type: ignore[arg-type]
        for y in range(size)
    ]


def test_the_code_holds_exactly_what_it_was_given() -> None:
    wanted = [list(row) for row in segno.make(SHEET.code, error="m", micro=False).matrix]
    assert modules(qr_picture(SHEET.code, QR_SIZE), len(wanted)) == wanted


def test_a_code_is_not_drawn_too_small_to_be_read() -> None:
    with pytest.raises(ValueError, match="more pixels"):
        qr_picture(SHEET.code, 20)


def test_the_poster_is_wide_enough_to_print_and_shows_the_code(font: Path) -> None:
    picture = opened(poster(SHEET, font))
    assert picture.width == WIDTH
    top = picture.height - 470 + 70
    code = picture.convert("RGB").crop((64, top, 64 + QR_SIZE, top + QR_SIZE))
    wanted = [list(row) for row in segno.make(SHEET.code, error="m", micro=False).matrix]
    assert modules(code, len(wanted)) == wanted


def test_a_long_list_is_cut_and_counted(font: Path) -> None:
    lines = SHEET.lines * 10
    full = opened(poster(SHEET._replace(lines=lines[:MOST_LINES]), font))
    longer = opened(poster(SHEET._replace(lines=lines), font))
    assert longer.height == full.height + 64, "one more line of text, however many are left out"


def test_long_words_stay_inside(font: Path) -> None:
    line = Line("岗位名称" * 20, "单位名称" * 20, "12345.5元/月")
    picture = opened(poster(SHEET._replace(lines=(line,), title="标题" * 40, summary="话" * 90), font))
    right = picture.convert("RGB").crop((WIDTH - 30, 0, WIDTH, picture.height))
    assert len(right.getcolors(100_000) or []) <= 5, "the right margin holds nothing but grounds"


def test_the_cover_has_the_size_that_the_page_says(font: Path) -> None:
    assert opened(cover(SHEET, font)).size == COVER == (900, 500)


def test_example_data_looks_different(font: Path) -> None:
    marked = SHEET._replace(demo=True)
    assert cover(SHEET, font) != cover(marked, font)
    assert poster(SHEET, font) != poster(marked, font)


def test_without_a_chinese_font_it_names_the_package(tmp_path: Path) -> None:
    (tmp_path / "DejaVuSans.ttf").write_bytes(b"")
    with pytest.raises(FontMissing, match="fonts-wqy-microhei"):
        find_font([tmp_path, tmp_path / "nowhere"])


def test_the_better_of_two_fonts_is_taken(tmp_path: Path) -> None:
    for name in ("wqy-microhei.ttc", "NotoSansCJK-Regular.ttc"):
        (tmp_path / name).write_bytes(b"")
    assert find_font([tmp_path]).name == "NotoSansCJK-Regular.ttc"


# --- of a bundle -----------------------------------------------------------------------------------------


BUNDLE = Bundle(
    id=1,
    city="440100",
    month="2026-11",
    title="示范性见习岗位",
    status="published",
    created_at=NOW,
    updated_at=NOW,
)
ITEM = Item(
    7, 1, "", "会计助理", 3, "第一机电", "other", "3", "440100", "440106", "31", 250_050, 6, 2, 1, True, False
)


def test_a_sheet_says_what_is_in_the_bundle() -> None:
    other = ITEM._replace(position_id=8, host_id=4, openings=5, demo=True)
    made = sheet(BUNDLE, [ITEM, other], "code")
    assert made.lines[0] == Line("会计助理", "第一机电", "2500.50元/月")
    assert (made.city, made.month, made.demo) == ("广州市", "2026年11月", True)
    assert summary([ITEM, other]) == "精选 2 家单位 2 个岗位，共招 7 人"


class Account:
    """An official account that makes codes, or cannot."""

    def __init__(self, failure: SendFailed | None = None) -> None:
        self.asked: list[str] = []
        self.failure = failure

    async def link(self, scene: str) -> str:
        self.asked.append(scene)
        if self.failure:
            raise self.failure
        return "http://weixin.example/q/1"


async def test_the_code_of_the_official_account_is_asked_for_once_a_day(font: Path) -> None:
    account = Account()
    pictures = Pictures(font, account.link)
    with_account = await pictures.poster(BUNDLE, [ITEM], "https://jianxi.example", TODAY)
    assert with_account == await pictures.poster(BUNDLE, [ITEM], "https://jianxi.example", TODAY)
    assert account.asked == ["bundle_2026-11_440100"]
    assert with_account == poster(sheet(BUNDLE, [ITEM], "http://weixin.example/q/1", WECHAT), font)
    await pictures.poster(BUNDLE, [ITEM], "https://jianxi.example", TODAY.replace(day=25))
    assert len(account.asked) == 2


async def test_when_the_account_fails_the_code_leads_to_the_chat_page(font: Path) -> None:
    account = Account(SendFailed(Failure.RETRY, "connect"))
    made = await Pictures(font, account.link).poster(BUNDLE, [ITEM], "https://jianxi.example", TODAY)
    page = "https://jianxi.example/?scene=bundle_2026-11_440100"
    assert made == poster(sheet(BUNDLE, [ITEM], page), font)
