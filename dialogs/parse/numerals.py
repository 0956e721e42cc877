"""Chinese numerals (中文数字) as people write and dictate them, turned into Arabic ones.

Owns three readings of the same characters: a count (二十一), a string of digits (二〇二三, 一三八零零…) and,
for a text with both, the right one of the two for each run.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {
    **{sign: value for value, sign in enumerate("零一二三四五六七八九")},
    "〇": 0, "两": 2, "幺": 1, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_TENS: Final = "十拾"
_SHORT_TENS: Final = {"廿": 2, "卅": 3}

SIGNS: Final = "".join(_DIGITS) + _TENS + "".join(_SHORT_TENS)
"""Every character that can be part of a Chinese numeral below one hundred."""

_digit_for = str.maketrans({sign: str(value) for sign, value in _DIGITS.items()})
_run = re.compile(f"[{SIGNS}]+")


def count(run: str) -> int | None:
    """Read a count from 0 to 99 (``十二``, ``廿一``, ``五``); None when ``run`` is not one."""
    for sign, value in _SHORT_TENS.items():
        run = run.replace(sign, "零一二三"[value] + "十")
    head, ten, tail = run.replace("拾", "十").partition("十")
    if not ten:
        return _DIGITS.get(run)
    if len(head) > 1 or len(tail) > 1 or head == "零":
        return None
    if (head and head not in _DIGITS) or (tail and tail not in _DIGITS):
        return None
    return _DIGITS.get(head, 1) * 10 + _DIGITS.get(tail, 0)


def spoken_digits(text: str) -> str:
    """Replace each digit sign by its digit, one for one: ``一三八`` becomes ``138``."""
    return text.translate(_digit_for)


def arabic(text: str) -> str:
    """Replace every run of numerals: ``二〇二三年十二月`` becomes ``2023年12月``; other text stays."""
    return _run.sub(_replace, text)


def _replace(match: re.Match[str]) -> str:
    run = match.group()
    number = count(run) if any(sign in run for sign in "十拾廿卅") else None
    if number is None:
        return spoken_digits(run)
    return str(number)
