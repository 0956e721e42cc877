"""Written dates (日期写法): the year, month and day that a text names, before anyone asks whether they fit.

Owns the forms: signs, units, run-together digits, Chinese numerals, and words counted from today such as 去年,
上个月 and 明天. Whether a missing year may be filled in, and what is too early or late, is for ``dates``.
"""

from __future__ import annotations

import datetime
import re
from typing import Final, NamedTuple

from dialogs.errors import Rejected
from dialogs.parse.folding import fold
from dialogs.parse.numerals import arabic


class Written(NamedTuple):
    """What was written: each part or None; ``year`` may still have two digits; ``vague`` after 初, 底, 左右."""

    year: int | None
    month: int | None
    day: int | None
    vague: bool = False


_YEAR_WORDS: Final = {
    "大前年": -3,
    "前年": -2,
    "去年": -1,
    "上年": -1,
    "今年": 0,
    "本年": 0,
    "明年": 1,
    "来年": 1,
    "后年": 2,
}
_DAY_WORDS: Final = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "今天": 0, "今日": 0, "今儿": 0, "大后天": 3, "明天": 1, "明日": 1,
    "明儿": 1, "听日": 1, "后天": 2, "后日": 2,
}  # fmt: skip
_LONGEST: Final = 60  # characters of an answer that is still taken for a date
_year_word = re.compile("|".join(sorted(_YEAR_WORDS, key=len, reverse=True)))
_day_word = re.compile("|".join(sorted(_DAY_WORDS, key=len, reverse=True)))
_month_word = re.compile(r"(上{1,2}|下{1,2}|这|本|当)1?个?月")
_LUNAR = re.compile(r"农历|阴历|旧历|古历|正月|腊月|冬月|大年|年初\d|月初\d|初\d")
_AROUND = (
    r"我|在|于|是|就|都|大概|大约|约|应该|可能|差不多|左右|前后|那时候?|那年|那天|那会儿?|吧|啊|呀|啦|了|呢|哦|(?:毕业|学历|学位)?证书?(?:上面?)?|毕业"
    r"|写着?|拿到?|拿证|领证?|领到|发证|颁发|日期|时间|年月|出生|生日|出世|生人|生|可以|可|能|最快|最早|预计|到岗"
    r"|入职|上班|报到|上岗|开始|起|以后|之后|公历|阳历|新历|号码|答|填|=|[\s:：,，。、]"
)
# Possessive, so that a long run of such words costs one pass and no more.
_leading = re.compile(f"^(?:{_AROUND})++")
_trailing = re.compile(f"(?:{_AROUND}|后)++$")
_VAGUE = re.compile(r"(?:初|底|末|中旬|上旬|下旬|中|尾)$|左右|前后|大概|大约|差不多|约")
_vague_end = re.compile(r"(?:的)?(?:初|底|末|中旬|上旬|下旬|中|尾)$")
_clock = re.compile(r"[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?$")
_units = re.compile(r"\s*(年|月份|月|日|号)\s*")
_written = re.compile(r"(?:\d+(?:年|月份|月|日|号|\s*[-/.,_~、—–]+\s*|\s+)?)+")
_number = re.compile(r"(\d+)(年|月|日|号)?")


def spoken(text: str, today: datetime.date, example: str) -> str:
    """Fold a text, make its numerals Arabic and write its "去年", "上个月", "明天" out as dates.

    Raises ``Rejected("date.lunar")`` with the ``example``.
    """
    plain = arabic(fold(text))
    if _LUNAR.search(plain):
        raise Rejected("date.lunar", example=example)
    plain = _clock.sub("", plain.replace("的", ""))
    plain = _day_word.sub(lambda found: _full(today + datetime.timedelta(_DAY_WORDS[found.group()])), plain)
    plain = _month_word.sub(lambda found: _month(found[1], today), plain)
    plain = _year_word.sub(lambda found: f"{today.year + _YEAR_WORDS[found.group()]}年", plain)
    if " " in plain:
        plain = _units.sub(r"\1", plain)
    return plain.replace("年年", "年").replace("月份", "月")


def _full(day: datetime.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _month(word: str, today: datetime.date) -> str:
    # Only the nearest two months on either side are said this way.
    steps = {"上": -1, "上上": -2, "下": 1, "下下": 2}.get(word, 0)
    years, month = divmod(today.month - 1 + steps, 12)
    return f"{today.year + years}年{month + 1}月"


def read(plain: str, example: str) -> Written | None:
    """Read a ``spoken`` text as one date; None when it is not one.

    Raises ``Rejected("date.ambiguous")``, with the ``example``, where day and month could be exchanged (03/04/2024).
    """
    if len(plain) > _LONGEST:
        return None
    core = _trailing.sub("", _leading.sub("", plain, count=1), count=1)
    vague = bool(_VAGUE.search(plain) and not _VAGUE.search(core)) or bool(_vague_end.search(core))
    core = _vague_end.sub("", core)
    if len(core) > 20 or not _written.fullmatch(core):
        return None
    numbers = [(found[1], found[2]) for found in _number.finditer(core)]
    written = _run_together(numbers[0]) if len(numbers) == 1 else _in_parts(numbers, example)
    return written._replace(vague=vague) if written else None


def _run_together(number: tuple[str, str | None]) -> Written | None:
    digits, unit = number
    value = int(digits)
    if unit == "年" and len(digits) in (2, 4):
        return Written(value, None, None)
    if unit == "月" and len(digits) <= 2:
        return Written(None, value, None)
    if unit in ("日", "号") and len(digits) <= 2:
        return Written(None, None, value)
    if len(digits) == 8:
        return Written(value // 10000, value // 100 % 100, value % 100)
    if len(digits) == 6 and digits[:2] in ("19", "20") and 1 <= value % 100 <= 12:
        return Written(value // 100, value % 100, None)
    if len(digits) == 6:
        return Written(value // 10000, value // 100 % 100, value % 100)
    return Written(value, None, None) if len(digits) == 4 and digits[:2] in ("19", "20") else None


def _in_parts(numbers: list[tuple[str, str | None]], example: str) -> Written | None:
    if len(numbers) > 3 or any(len(digits) not in (1, 2, 4) for digits, _ in numbers):
        return None
    places = _places(numbers, example)
    if places is None:
        return None
    parts: dict[str, int] = {}
    for (digits, unit), place in zip(numbers, places, strict=True):
        said = {"年": "y", "月": "m", "日": "d", "号": "d"}.get(unit or "", place)
        if said != place or (place != "y" and len(digits) > 2) or (place == "y" and len(digits) == 1):
            return None
        parts[place] = int(digits)
    return Written(parts.get("y"), parts.get("m"), parts.get("d"))


def _places(numbers: list[tuple[str, str | None]], example: str) -> str | None:
    """Say which number is year, month and day: by the units where there are any, else by what is possible."""
    units = [unit for _, unit in numbers]
    sizes = [len(digits) for digits, _ in numbers]
    if "月" in units:
        before, after = units.index("月"), len(units) - units.index("月") - 1
        return "ym"[1 - before :] + "d" * after if before <= 1 and after <= 1 else None
    if units[0] == "年" or sizes[0] == 4:
        return "ymd"[: len(numbers)]
    values = [int(digits) for digits, _ in numbers]
    if len(numbers) == 2:
        return _two_places(values, sizes, units)
    if sizes[2] == 4:
        return _year_last(values, example)
    return "ymd" if max(sizes) == 2 else None


def _two_places(values: list[int], sizes: list[int], units: list[str | None]) -> str | None:
    first, second = values
    if sizes[1] == 4:
        return "my" if first <= 12 else None
    if units[1] in ("日", "号"):
        return "md"
    if first > 12:
        return "ym" if second <= 12 else None
    return "md"


def _year_last(values: list[int], example: str) -> str:
    first, second, _ = values
    if first <= 12 and second <= 12 and first != second:
        raise Rejected("date.ambiguous", example=example)
    return "dmy" if first > 12 else "mdy"
