"""Words of majors and positions, compared by pairs of characters: Chinese needs no dictionary for that.

"会计学" and "财务会计助理" share 会计. Pairs that say nothing about a trade (技术, 管理, 专业 …) do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

ANY_MAJOR: Final = frozenset({"不限", "专业不限", "不限专业", "无", "无要求", "均可", "任意"})
EMPTY_PAIRS: Final = frozenset(
    (
        *("专业", "相关", "技术", "科学", "工程", "管理", "应用", "学与", "与技", "及其", "设计", "方向"),
        *("大类", "学类", "类专", "业类", "助理", "岗位", "人员", "专员", "见习", "实习", "工作", "服务"),
        *("学院", "一般", "以上", "优先"),
    )
)
PIECES: Final = re.compile(r"[㐀-鿿]+|[a-z0-9+#]+")


@lru_cache(maxsize=65536)
def pairs(text: str) -> tuple[str, ...]:
    """The telling pairs of characters of a text, and its Latin words, without repeats and in order."""
    found: dict[str, None] = {}
    for piece in PIECES.findall(text.lower()):
        if piece[0] < "㐀":
            found[piece] = None
            continue
        for start in range(len(piece) - 1):
            pair = piece[start : start + 2]
            if pair not in EMPTY_PAIRS:
                found[pair] = None
    return tuple(found)


def demanded(majors: Iterable[str]) -> tuple[str, ...]:
    """The majors that a position asks for; none when any will do."""
    return tuple(major for major in majors if major and major not in ANY_MAJOR)


@lru_cache(maxsize=262144)
def names_major(demand: str, major: str) -> bool:
    """Whether a demanded major and a person's are the same or one names the other (会计, 会计学)."""
    short, long = sorted((_stem(demand), _stem(major)), key=len)
    return len(short) >= 2 and short in long


@lru_cache(maxsize=65536)
def _stem(major: str) -> str:
    return re.sub(r"(专业|类|学|方向)+$", "", re.sub(r"[（(].*?[)）]", "", major.strip().lower()))
