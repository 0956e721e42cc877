"""Pictures of a bundle (海报、封面): a poster to print or post with a QR code, and a cover for a shared link.

Chinese needs a font that has it; none is shipped, so one is looked for where systems keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import segno
from PIL import Image, ImageDraw, ImageFont

FONTS: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "PingFang.ttc",
    "STHeiti Light.ttc",
    "Hiragino Sans GB.ttc",
)
"""Fonts with Chinese, the best first."""

FOLDERS: Final = (
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)

WIDTH: Final = 1080
MARGIN: Final = 64
COVER: Final = (900, 500)
MOST_LINES: Final = 8
QR_SIZE: Final = 300

GREEN, DEEP, ORANGE = "#0b6b5d", "#085348", "#b4530a"
PAPER, CARD, INK, SOFT, LINE = "#fbf7f0", "#ffffff", "#2a2520", "#665c50", "#e2d8c8"
TINT, PALE = "#e3f1ec", "#d6ece5"


class FontMissing(RuntimeError):  # noqa: N818 - says what is missing
    """The machine has no font with Chinese."""

    def __init__(self) -> None:
        super().__init__(
            "这台机器没有中文字体，画不了海报。请先安装：sudo apt-get install fonts-wqy-microhei"
        )


class Line(NamedTuple):
    """One position on the poster."""

    title: str
    host: str
    pay: str


class Sheet(NamedTuple):
    """What a poster says; `code` is what its QR code holds, `more` how many positions are not listed."""

    city: str
    month: str
    title: str
    summary: str
    lines: tuple[Line, ...]
    more: int
    code: str
    invitation: str
    demo: bool = False


# --- fonts -----------------------------------------------------------------------------------------------


def find_font(folders: Sequence[Path] = FOLDERS) -> Path:
    """The best font with Chinese on this machine. Raises `FontMissing`."""
    present: dict[str, Path] = {}
    for folder in folders:
        for path in _files(folder):
            present.setdefault(path.name, path)
    for name in FONTS:
        if name in present:
            return present[name]
    raise FontMissing


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.rglob("*") if path.suffix.lower() in (".ttc", ".otf", ".ttf"))


@lru_cache(maxsize=32)
def _font(path: Path, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    strong = path.with_name(path.name.replace("Regular", "Bold"))
    chosen = strong if bold and strong.is_file() else path
    return ImageFont.truetype(str(chosen), size, index=_simplified(chosen))


@lru_cache(maxsize=8)
def _simplified(path: Path) -> int:
    """The face with the forms of the mainland, in a collection that has several."""
    if path.suffix.lower() != ".ttc":
        return 0
    for index in range(16):
        try:
            name = ImageFont.truetype(str(path), 10, index=index).getname()[0] or ""
        except OSError:
            break
        if name.endswith(" SC"):
            return index
    return 0


# --- drawing ---------------------------------------------------------------------------------------------


class _Brush:
    """Writes on a picture from the top down."""

    def __init__(self, picture: Image.Image, font: Path) -> None:
        self.draw = ImageDraw.Draw(picture)
        self.font = font

    def write(
        self,
        at: tuple[int, int],
        text: str,
        size: int,
        colour: str,
        *,
        bold: bool = False,
        anchor: str = "la",
    ) -> None:
        """One line of text."""
        self.draw.text(at, text, colour, _font(self.font, size, bold=bold), anchor=anchor)

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """How wide a text gets."""
        return int(_font(self.font, size, bold=bold).getlength(text))

    def fitting(self, text: str, size: int, width: int, *, bold: bool = False) -> str:
        """The text, cut with … where it would be wider."""
        if self.width(text, size, bold=bold) <= width:
            return text
        while text and self.width(text + "…", size, bold=bold) > width:
            text = text[:-1]
        return text + "…"

    def lines(self, text: str, size: int, width: int, *, bold: bool = False) -> list[str]:
        """The text on one line, or on two of about the same length."""
        if self.width(text, size, bold=bold) <= width:
            return [text]
        cut = (len(text) + 1) // 2
        while cut < len(text) and text[cut - 1].isascii() and text[cut].isascii():
            cut += 1  # a number stays whole
        return [self.fitting(part, size, width, bold=bold) for part in (text[:cut], text[cut:]) if part]

    def heading(self, at: tuple[int, int], text: str, size: int, width: int) -> None:
        """A title: somewhat smaller if it then fits on one line, else on two."""
        for smaller in (size, size * 9 // 10, size * 8 // 10):
            if self.width(text, smaller, bold=True) <= width:
                self.write((at[0], at[1] + size // 2), text, smaller, "#ffffff", bold=True)
                return
        for number, line in enumerate(self.lines(text, size, width, bold=True)):
            self.write((at[0], at[1] + number * size * 4 // 3), line, size, "#ffffff", bold=True)


def poster(sheet: Sheet, font: Path) -> bytes:
    """The poster as PNG, 1080 pixels wide."""
    shown = sheet.lines[:MOST_LINES]
    hidden = sheet.more + len(sheet.lines) - len(shown)
    head, card, gap, foot = 400, 132, 20, 470
    tail = 64 if hidden else 0
    height = head + 40 + len(shown) * (card + gap) + tail + foot
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    brush = _Brush(picture, font)
    _head(brush, sheet, head)
    top = head + 40
    for line in shown:
        _card(brush, line, top, card)
        top += card + gap
    if hidden:
        brush.write((WIDTH // 2, top + 28), f"还有 {hidden} 个岗位，扫码查看", 32, SOFT, anchor="mm")
    _foot(picture, brush, sheet, height - foot)
    return _png(picture)


def _head(brush: _Brush, sheet: Sheet, height: int) -> None:
    inner = WIDTH - 2 * MARGIN
    brush.draw.rectangle((0, 0, WIDTH, height), GREEN)
    brush.draw.rectangle((0, height - 10, WIDTH, height), ORANGE)
    brush.write((MARGIN, 56), f"{sheet.city} · {sheet.month}", 38, PALE)
    if sheet.demo:
        brush.write((WIDTH - MARGIN, 56), "示例数据", 38, PALE, anchor="ra")
    brush.heading((MARGIN, 122), sheet.title, 66, inner)
    brush.write((MARGIN, height - 92), brush.fitting(sheet.summary, 36, inner), 36, "#ffffff")


def _card(brush: _Brush, line: Line, top: int, height: int) -> None:
    box = (MARGIN, top, WIDTH - MARGIN, top + height)
    brush.draw.rounded_rectangle(box, 20, CARD, LINE, 2)
    pay = brush.width(line.pay, 40, bold=True)
    inner = WIDTH - 2 * MARGIN - 64
    brush.write((WIDTH - MARGIN - 32, top + 66), line.pay, 40, ORANGE, bold=True, anchor="rm")
    title = brush.fitting(line.title, 40, inner - pay - 32, bold=True)
    brush.write((MARGIN + 32, top + 18), title, 40, INK, bold=True)
    brush.write((MARGIN + 32, top + 76), brush.fitting(line.host, 30, inner - pay - 32), 30, SOFT)


def _foot(picture: Image.Image, brush: _Brush, sheet: Sheet, top: int) -> None:
    brush.draw.rectangle((0, top + 20, WIDTH, picture.height), TINT)
    picture.paste(qr_picture(sheet.code, QR_SIZE), (MARGIN, top + 70))
    left = MARGIN + QR_SIZE + 48
    inner = WIDTH - left - MARGIN
    y = top + 96
    for text in brush.lines(sheet.invitation, 44, inner, bold=True):
        brush.write((left, y), text, 44, DEEP, bold=True)
        y += 62
    for text in ("几分钟聊完就能报名，进度随时可查", "见习不收任何费用，谁让您交钱都别信"):
        brush.write((left, y + 16), brush.fitting(text, 32, inner), 32, INK)
        y += 52
    brush.write((MARGIN, picture.height - 58), "见习通 · 广东就业见习", 30, SOFT)


def cover(sheet: Sheet, font: Path) -> bytes:
    """The cover of a shared link as PNG: readable as a thumbnail."""
    width, height = COVER
    picture = Image.new("RGB", COVER, GREEN)
    brush = _Brush(picture, font)
    brush.draw.rectangle((0, height - 96, width, height), DEEP)
    brush.draw.rectangle((0, height - 104, width, height - 96), ORANGE)
    brush.write((56, 64), f"{sheet.city} · {sheet.month}", 40, PALE)
    brush.heading((56, 140), sheet.title, 62, width - 112)
    brush.write((56, 330), brush.fitting(sheet.summary, 34, width - 112), 34, "#ffffff")
    brush.write(
        (56, height - 48), "见习通 · 示例数据" if sheet.demo else "见习通", 36, "#ffffff", anchor="lm"
    )
    brush.write((width - 56, height - 48), "见习不收费", 36, "#ffffff", anchor="rm")
    return _png(picture)


def qr_picture(content: str, size: int) -> Image.Image:
    """A QR code of `size` pixels with its quiet zone."""
    matrix = segno.make(content, error="m", micro=False).matrix
    border = 4
    modules = len(matrix) + 2 * border
    small = Image.new("1", (modules, modules), 1)
    for y, row in enumerate(matrix, border):
        for x, dark in enumerate(row, border):
            if dark:
                small.putpixel((x, y), 0)
    scale = size // modules
    if scale < 1:
        raise ValueError("a QR code needs more pixels than that")
    whole = small.resize((modules * scale, modules * scale), Image.Resampling.NEAREST).convert("RGB")
    framed = Image.new("RGB", (size, size), "#ffffff")
    offset = (size - modules * scale) // 2
    framed.paste(whole, (offset, offset))
    return framed


def _png(picture: Image.Image) -> bytes:
    stream = BytesIO()
    picture.quantize(128).save(stream, "PNG", optimize=True)
    return stream.getvalue()
