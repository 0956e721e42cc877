"""Months as they are written (月份): "2026-11", and as people say them."""

from __future__ import annotations

import re
from typing import Final

from policy.refusal import Refused

_FORM: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


def is_month(text: str) -> bool:
    """Whether a text is a month of this century, in the digits of programs."""
    return _FORM.fullmatch(text) is not None


def read_month(text: str) -> str:
    """Check a month ("2026-11"). Raises `Refused`."""
    if not is_month(text):
        raise Refused(f"没看懂“{text}”是哪个月，请这样写：2026-11。")
    return text


def month_label(month: str) -> str:
    """As people write it: 2026年11月."""
    return f"{month[:4]}年{int(month[5:])}月"
