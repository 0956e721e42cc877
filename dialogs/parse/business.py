"""What a host tells of itself (单位信息): its unified social credit code, its full name, its place in the province."""

from __future__ import annotations

import datetime
import re
import unicodedata

from dialogs.errors import Rejected
from dialogs.parse.folding import clean, without_pictures
from dialogs.parse.places import residence
from policy.business_codes import read_uscc
from policy.hosts import LONGEST_NAME, SHORTEST_NAME
from policy.refusal import Refused
from policy.regions import OUTSIDE

_like_a_code = re.compile(r"[0-9A-Za-z](?:[\s\-–—_.]*[0-9A-Za-z]){11,24}")

_UNIT = "(?:单位|公司|机构|学校)"
_lead_in = re.compile(
    rf"^(?:(?:我们|我|咱们|本|贵)的?{_UNIT}?|{_UNIT})?的?(?:全称|名称|名字|全名)(?:就?是|叫做?|为|[:：])\s*"
    rf"|^(?:(?:我们|我|咱们|本|贵)的?{_UNIT}?|{_UNIT})(?:就?是|叫做?|[:：])\s*|^叫做?"
)
_tail = re.compile(r"[\s。，、；：！!,;:~～…]+$")
_no_name = re.compile(r"不知道|不清楚|没有|保密|待定|随便|什么|怎么|[?？]|[吗呢么]$")
_words = re.compile(r"[^\W\d_]")


def uscc(text: str, today: datetime.date) -> str:
    """Return the eighteen characters of the code, also out of a sentence around it.

    Raises ``Rejected("uscc.wrong")`` with ``reason``, the sentence of `policy.business_codes`.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = _like_a_code.findall(plain)
    try:
        return read_uscc(found[0] if len(found) == 1 else plain)
    except Refused as refused:
        if not any(sign.isdecimal() for sign in plain):
            raise Rejected("uscc.unknown") from None
        raise Rejected("uscc.wrong", reason=refused.reasons[0]) from None


def host_name(text: str, today: datetime.date) -> str:
    """Return the full name of a unit as written, without a lead-in (我们单位叫…).

    Raises ``Rejected``: ``text.no_words``, ``text.not_an_answer``, ``text.too_short``, ``text.too_long``
    (``limit``).
    """
    plain = clean(without_pictures(clean(text)))
    name = _tail.sub("", _lead_in.sub("", plain, count=1))
    if not _words.search(name):
        raise Rejected("text.no_words")
    if _no_name.search(name):
        raise Rejected("text.not_an_answer")
    if len(name) < SHORTEST_NAME:
        raise Rejected("text.too_short", limit=SHORTEST_NAME)
    if len(name) > LONGEST_NAME:
        raise Rejected("text.too_long", limit=LONGEST_NAME)
    return name


def inside_province(text: str, today: datetime.date) -> str:
    """Return where a host is, as ``residence`` does; ``Rejected("place.outside")`` for a place beyond Guangdong."""
    place = residence(text, today)
    if place == OUTSIDE:
        raise Rejected("place.outside")
    return place


def city_and_district(place: str) -> tuple[str, str]:
    """The city's code and the district as it is stored, out of what ``residence`` returns: 440106 石牌街道."""
    code, _, rest = place.partition(" ")
    city = code[:4] + "00"
    return city, rest if code == city else code
