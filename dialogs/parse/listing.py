"""Lists of numbers (序号): "1、3和4", "第二个", "一到三", "最后一个", "b" as the numbers of options.

The reader walks over the text piece by piece and gives up at the first piece that it cannot explain, so that
a year, an age or a house number in a sentence is never taken for the number of an option.
"""

from __future__ import annotations

import re
from typing import Final

from dialogs.parse.numerals import SIGNS, count, spoken_digits

_LETTERS_UP_TO: Final = 8  # a to h; beyond that single letters are more likely words than marks
_FAR: Final = 10**6  # stands for any number that is surely out of range

_piece = re.compile(
    r"(?P<last>(?:最后|末尾|最末)(?:面|那|一)*(?:个|项|种|条|样)?)"
    rf"|倒数第?(?P<back>\d|[{SIGNS}])(?:个|项|种|条|样)?"
    rf"|前(?:面)?(?P<front>\d|[{SIGNS}])(?:个|项|种|条|样)"
    rf"|第(?:(?P<nth>\d+)|(?P<han_nth>[{SIGNS}]+))(?:个|号|项|条|种|款|样|类)?(?:选项|选择)?"
    # Without 第 a measure word would count things: 两个 is "two of them", not "number two".
    rf"|(?:选项|no\.)?(?:(?P<digits>\d+)|(?P<han>[{SIGNS}]+))号?"
    r"|(?P<letter>(?<![a-z])[a-z](?![a-z]))(?:选项|项)?"
    r"|(?P<range>\s*(?:到|至|[-~—–])+\s*)"
    r"|(?P<gap>[\s,，、;；./|&+#:：()*\"']+|和|与|跟|以及|及|还有|还|有|以|同|并|加上|加|外加|再加|或者?|然后|再)"
    r"|(?P<filler>我们?|想要?|要|选择?|选项|是|就|那|的|吧|啊|呀|哦|噢|喔|呢|啦|了|嗯|额|呃|哈|谢谢|您好|你好|请|帮我|给我|填|点|属于|应该|都"
    r"|这|答案|报|号|也|可以|行|好|打|按|发|回复|编号|序号)"
)


def numbers_in(text: str, last: int, *, several: bool) -> list[int] | None:
    """Read ``text`` as option numbers; None when it is not made of numbers alone.

    ``last`` is the number of the last option. With ``several`` a range is opened out (``1-3``) and run-together
    digits are taken one by one where that is the only reading (``13`` with five options, but not ``16`` with
    fifteen: that is a slip). Numbers outside 1 … ``last`` are returned as they are: the caller refuses them.
    """
    numbers: list[int] = []
    position, pending = 0, False
    while position < len(text):
        match = _piece.match(text, position)
        if match is None:
            return None
        position = match.end()
        if match["range"]:
            pending = bool(numbers)
            continue
        found = _read(match, last, several=several)
        if found is None:
            return None
        if found and pending:
            found = _opened(numbers[-1], found, last)
        pending = pending and not found
        numbers += found
    return numbers or None


def _opened(start: int, found: list[int], last: int) -> list[int]:
    end = found[0]
    if not 1 <= start <= end <= last:
        return found
    return [*range(start + 1, end + 1), *found[1:]]


def _read(match: re.Match[str], last: int, *, several: bool) -> list[int] | None:
    if match["last"]:
        return [last]
    if match["back"]:
        number = _value(match["back"])
        return [last + 1 - number] if number is not None else None
    if match["front"]:
        number = _value(match["front"])
        return list(range(1, number + 1)) if number is not None else None
    if match["letter"]:
        place = ord(match["letter"]) - ord("a") + 1
        return [place] if last <= _LETTERS_UP_TO and place <= last else None
    if digits := match["nth"] or match["digits"]:
        return _digits(digits, last, several=several)
    if han := match["han_nth"] or match["han"]:
        number = count(han)
        return [number] if number is not None else _digits(spoken_digits(han), last, several=several)
    return []


def _value(sign: str) -> int | None:
    return int(sign) if sign.isdecimal() else count(sign)


def _digits(run: str, last: int, *, several: bool) -> list[int] | None:
    if not run.isdecimal():
        return None
    if len(run) <= 2 and int(run) <= last:
        return [int(run)]
    each = [int(sign) for sign in run]
    longer = len(run) > len(str(last))  # than the number of any option
    if (
        several
        and longer
        and len(run) <= last
        and len(set(each)) == len(each)
        and all(1 <= n <= last for n in each)
    ):
        return each
    return [_FAR] if len(run) > 2 else [int(run)]
