"""How a young person is addressed (称呼): by the family name, as staff would on the telephone.

Names of one piece without a Chinese family name (of other peoples, or in Latin letters) are said as far as the first
break.
"""

from __future__ import annotations

import re
from typing import Final

TITLE: Final = "同学"
_HAN: Final = re.compile(r"[\u3400-\u9fff]+")
_BREAK: Final = re.compile(r"[·•.\s]")

_TWO_CHARACTERS: Final = """
欧阳 司徒 司马 上官 诸葛 夏侯 东方 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 端木 南宫 淳于 单于 太史 申屠 钟离 闻人
澹台 公冶 濮阳 赫连 独孤 轩辕 百里 呼延 西门 东郭
"""
TWO_CHARACTERS: Final = frozenset(_TWO_CHARACTERS.split())
"""Family names of two characters (复姓)."""


def greeting(name: str) -> str:
    """陈小明 → 陈同学, 欧阳娜 → 欧阳同学, 阿依古丽·买买提 → 阿依古丽同学; without a name 同学."""
    name = name.strip()
    first = _BREAK.split(name, maxsplit=1)[0]
    if first != name or not _HAN.fullmatch(name):
        return first + TITLE
    return name[: 2 if name[:2] in TWO_CHARACTERS and len(name) > 2 else 1] + TITLE
