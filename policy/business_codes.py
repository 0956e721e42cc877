"""The unified social credit code (统一社会信用代码): reading it as people write it, and saying what is wrong.

GB 32100-2015: eighteen characters, digits and capital letters but I, O, S, V and Z; the last one checks the rest.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from stdnum.cn import uscc

from policy.refusal import Refused

LENGTH: Final = 18
LOOK_ALIKE: Final = {"I": "数字 1", "O": "数字 0", "S": "数字 5", "V": "字母 U 或 Y", "Z": "数字 2"}
"""The letters that never occur, and what was probably meant."""

_gaps = re.compile(r"[\s\-–—_.·:：]+")
_other_signs = re.compile(r"[^0-9A-Z]")
_place = re.compile(r"[0-9]{6}")


def read_uscc(text: str) -> str:
    """Return the code in its one form: eighteen plain capitals and digits.

    Full-width characters, spaces, dashes and small letters are brought to it. Raises `Refused` with what is wrong;
    a code is public, so the sentence may name its characters.
    """
    code = _gaps.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not code:
        raise Refused("没有收到统一社会信用代码。它在营业执照或法人证书的右上角，共18位。")
    if sign := _other_signs.search(code):
        raise Refused(f"统一社会信用代码只有数字和大写字母，不会有“{sign.group()}”，请对照证照再填一次。")
    if len(code) != LENGTH:
        raise Refused(f"统一社会信用代码是18位，现在是{len(code)}位，请对照证照再核对一次。")
    for letter, meant in LOOK_ALIKE.items():
        if letter in code:
            raise Refused(
                f"统一社会信用代码里没有字母 {letter}，第{code.index(letter) + 1}位请看看是不是{meant}。"
            )
    if not _place.fullmatch(code[2:8]):
        raise Refused("统一社会信用代码第3到8位是登记地的代码，都是数字，请对照证照再核对一次。")
    if uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise Refused(
            "统一社会信用代码的最后一位（校验位）对不上，多半是有一位写错了，请对照证照再核对一次。"
        )
    return code
