"""Mobile numbers (手机号码): written with signs and blanks, dictated, with or without a country code.

Any ``1[3-9]`` number of eleven digits is taken: new segments are opened every year, and a person must not be
refused because a table is old. Numbers are personal data: a refusal carries only how many digits there were.
"""

from __future__ import annotations

import datetime
import re

import phonenumbers

from dialogs.errors import Rejected
from dialogs.parse.folding import fold
from dialogs.parse.numerals import spoken_digits

EXAMPLE = "13800138000"

_is_mainland = re.compile(r"1[3-9][0-9]{9}").fullmatch
_dictated = re.compile(r"[零〇幺一二三四五六七八九](?:[\s,，、\-]*[零〇幺一二三四五六七八九]){6,}")
_misread = re.compile(r"[0-9ol\s\-]{11,20}")
_unread = str.maketrans("ol", "01")
_masked = re.compile(r"[0-9]\s*(?:[*•●×x·.]{2,}\s*(?:[0-9]|$)|\*)")
_run = re.compile(r"\+?[0-9](?:[0-9\s\-–—_.()/]*[0-9])?")
_not_digit = re.compile(r"[^0-9]+")
_mainland_numbers = re.compile(r"(?:(?:00)?86)?(1[3-9][0-9]{9})")
_standing_alone = re.compile(r"(?<![0-9+])1[3-9][0-9]{9}(?![0-9])")
_only_mainland = re.compile(r"(?:(?:(?:00)?86)?1[3-9][0-9]{9})+").fullmatch
_foreign = re.compile(r"\+(?!86|85[23]|886)").match
_abroad = re.compile(r"(?:00)?(85[23][0-9]{8}|886[0-9]{9,10})").fullmatch
_MOBILE_TYPES = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
_LANDLINE_TYPES = {phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.SHARED_COST}


def mobile(text: str, today: datetime.date) -> str:
    """Return a mobile number: eleven digits for the mainland, ``+852…``, ``+853…``, ``+886…`` with country code.

    Raises ``Rejected``: ``phone.masked``, ``phone.two_numbers``, ``phone.landline``, ``phone.not_mobile`` (eleven
    digits of another kind), ``phone.length`` (``digits``), ``phone.unknown``; each with ``example``.
    """
    if _is_mainland(text):
        return text
    plain = _dictated.sub(_as_digits, _as_scanned(fold(text)))
    if _masked.search(plain):
        raise Rejected("phone.masked", example=EXAMPLE)
    runs = [
        _not_digit.sub("", found.group()) for found in _run.finditer(plain) if not _foreign(found.group())
    ]
    numbers: set[str] = set(_standing_alone.findall(plain)) or {
        number for run in runs for number in _mobiles(run)
    }
    if len(numbers) > 1:
        raise Rejected("phone.two_numbers", example=EXAMPLE)
    if numbers:
        return numbers.pop()
    raise _refusal(runs)


def _as_digits(dictated: re.Match[str]) -> str:
    return _not_digit.sub("", spoken_digits(dictated.group()))


def _as_scanned(plain: str) -> str:
    """Undo what scanners do to digits, o for 0 and l for 1, where nothing but such a number is left."""
    repaired = plain.translate(_unread)
    return repaired if _misread.fullmatch(plain) and _is_mainland(_not_digit.sub("", repaired)) else plain


def _mobiles(run: str) -> list[str]:
    if _only_mainland(run):
        return _mainland_numbers.findall(run)
    if (abroad := _abroad(run)) and (number := _parsed(f"+{abroad[1]}")):
        mobile_number = phonenumbers.number_type(number) in _MOBILE_TYPES
        return (
            [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)] if mobile_number else []
        )
    return []


def _parsed(digits: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _refusal(runs: list[str]) -> Rejected:
    longest = max(runs, key=len, default="")
    if len(longest) < 5:
        return Rejected("phone.unknown", example=EXAMPLE)
    number = _parsed(longest) if len(longest) <= 16 else None
    if number is not None and phonenumbers.number_type(number) in _LANDLINE_TYPES:
        return Rejected("phone.landline", example=EXAMPLE)
    if len(longest) == 11:
        return Rejected("phone.not_mobile", example=EXAMPLE)
    return Rejected("phone.length", digits=len(longest), example=EXAMPLE)
