"""Amounts of money (金额) as people write them: 1800, 2,000元, 一千八, 两千五百块, 1.8k, "没发".

The value is whole yuan. What could be something else (a date, a phone number) is asked again.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.folding import clean, fold, without_pictures
from dialogs.parse.numerals import spoken_digits

_NOTHING: Final = frozenset(
    (
        *(
            "没发",
            "没有",
            "没",
            "还没",
            "还没发",
            "未发",
            "没收到",
            "还没收到",
            "没有收到",
            "没拿到",
            "没到账",
        ),
        *("一分没有", "一分钱没有", "零", "无", "没给", "没有发", "还没有"),
    )
)
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)([千k万w]?)(\d*)(?:元|块|块钱|rmb)?")
_UNITS: Final = {"": 1, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000}
_PLACES: Final = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_FILLERS: Final = re.compile(
    r"大概|大约|约|一共|总共|到手|实发|发了|每月|一个月|是|人民币|￥|¥|左右|多|吧|了|的|钱$"
)


def yuan(most: int) -> Callable[[str, datetime.date], int]:
    """A parser of whole yuan up to `most`; a refusal ("没发") is 0."""

    def parse(text: str, today: datetime.date) -> int:
        folded = fold(without_pictures(clean(text)))
        if folded in _NOTHING:
            return 0
        amount = _read(_FILLERS.sub("", folded.replace(",", "").replace("，", "").replace(" ", "")))
        if amount is None:
            raise Rejected("amount.unknown")
        if amount > most:
            raise Rejected("amount.too_much", most=most)
        return amount

    return parse


def _read(plain: str) -> int | None:
    match = _AMOUNT.fullmatch(plain)
    if match is not None:
        number, unit, rest = match.groups()
        whole = round(float(number) * _UNITS[unit])
        if rest and not unit:
            return None
        # "1千8" is 1,800: one lone digit counts the next lower place.
        return whole + (int(rest) * _UNITS[unit] // 10 if len(rest) == 1 else int(rest or 0))
    return _chinese(re.sub(r"(元|块钱|块)$", "", plain))


def _chinese(text: str) -> int | None:
    """一千八, 两千五百, 一万二, 三百五十; None for anything else."""
    total, digit, place = 0, None, 10
    for sign in text:
        if sign in _PLACES:
            if digit is None and not (sign == "十" and total == 0):
                return None
            place = _PLACES[sign]
            total += (digit if digit is not None else 1) * place
            digit = None
        elif (read := spoken_digits(sign)).isdigit():
            if digit is not None and digit != 0:
                return None
            digit = int(read)
            if digit == 0:
                place = 10
        else:
            return None
    if digit is None:
        return total if total else None
    return total + digit * (place // 10 if total else 1)
