"""Identity documents (身份证件): the number in what a person typed, its checks, and what it tells.

Owns the forms of numbers: GB 11643 (居民身份证 and, with 81/82/83 in front, 港澳台居民居住证) and the travel
permits (来往内地/大陆通行证). A region code alone never refuses a number: codes come and go with the map.
Numbers are personal data: no message, fact or repr made here holds one.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from operator import mul

from policy.codes import DocumentKind, Sex

MAXIMUM_AGE = 120


class DocumentFault(StrEnum):
    """Why a number was not taken; the texts for people stand with the dialog that asks."""

    EMPTY = "empty"
    FIFTEEN_DIGITS = "fifteen_digits"
    WRONG_LENGTH = "wrong_length"
    WRONG_CHARACTERS = "wrong_characters"
    IMPOSSIBLE_BIRTH_DATE = "impossible_birth_date"
    FUTURE_BIRTH_DATE = "future_birth_date"
    TOO_OLD = "too_old"
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    MASKED = "masked"


class DocumentRejected(ValueError):  # noqa: N818  # an answer to a person, not a failure
    """A text holds no usable document number: `reason` says why, `facts` what a text may quote.

    The only fact is `digits` (how many there were) with WRONG_LENGTH.
    """

    def __init__(self, reason: DocumentFault, **facts: int) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.facts = facts


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """A checked document (证件). Birth date, sex and region are None where the number does not tell them.

    `number` is in its one stored form: no spaces, capital X, travel permits without the issue count that
    changes with each renewal, so that equal people have equal numbers. `region` is GB/T 2260, six digits.
    """

    kind: DocumentKind
    number: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: Sex | None = field(repr=False)
    region: str | None = field(repr=False)


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Weights are applied to the ASCII bytes; what "0" (48) adds with each weight is taken off at the start.
_OFFSET = -48 * sum(_WEIGHTS)
_CHECK_DIGITS = "10X98765432"
_RESIDENT_KIND = DocumentKind.RESIDENT
_PERMIT_KINDS = {
    "81": DocumentKind.HONG_KONG_MACAU,
    "82": DocumentKind.HONG_KONG_MACAU,
    "83": DocumentKind.TAIWAN,
}
_SEXES = {digit: Sex.MALE if int(digit) % 2 else Sex.FEMALE for digit in "0123456789"}

# Invisible characters that copying leaves behind: controls, zero-width and direction marks, key-cap parts.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe0f\u20e3]"
)
# Separators inside a number. A comma is none: it divides two numbers.
_SEPARATED = re.compile(r"(?<=[0-9HM])[\s\-‐-―−_.·()/]+(?=[0-9X])")
_CLEAN = re.compile(r"[0-9]{17}[0-9X]").fullmatch
_RESIDENT = re.compile(r"(?<![0-9])[0-9]{17}[0-9X](?![0-9A-Z])")
_PERMIT_HONG_KONG_MACAU = re.compile(r"(?<![0-9A-Z])([HM][0-9]{8})(?:[0-9]{2})?(?![0-9A-Z])")
_PERMIT_TAIWAN = re.compile(r"(?<![0-9A-Z])([0-9]{8})(?:[0-9]{2})?(?![0-9A-Z])")
_MASK = re.compile(r"[*•●※×⁎∗]|X{2,}|#{2,}")
_RUN = re.compile(r"[0-9A-Z]+")


def read_document(text: str, today: date) -> IdentityDocument:
    """Read the document number in `text`, which may hold other words, spaces or full-width digits.

    Raises `DocumentRejected`; nothing else, for any text. `today` bounds the birth date.
    """
    if _CLEAN(text):
        return _resident(text, today)
    clean = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).upper()
    joined = _SEPARATED.sub("", clean)
    for candidate in (clean, joined):  # as typed first: a space may divide the number from a phone number
        numbers = set(_RESIDENT.findall(candidate))
        if len(numbers) == 1:
            return _resident(numbers.pop(), today)
    permit = None if _MASK.search(joined) else _permit(joined)
    if permit is None:
        raise _diagnose(joined)
    return permit


def check_digit(number: str) -> str:
    """Compute the 18th character of a GB 11643 number (ISO 7064 MOD 11-2) from its first 17 digits."""
    return _CHECK_DIGITS[sum(map(mul, _WEIGHTS, number.encode()), _OFFSET) % 11]


def _resident(number: str, today: date) -> IdentityDocument:
    try:
        birth_date = date.fromisoformat(number[6:14])
    except ValueError:
        raise DocumentRejected(DocumentFault.IMPOSSIBLE_BIRTH_DATE) from None
    if birth_date > today:
        raise DocumentRejected(DocumentFault.FUTURE_BIRTH_DATE)
    if today.year - birth_date.year > MAXIMUM_AGE and _is_too_old(birth_date, today):
        raise DocumentRejected(DocumentFault.TOO_OLD)
    if check_digit(number) != number[17]:
        raise DocumentRejected(DocumentFault.WRONG_CHECK_DIGIT)
    kind = _PERMIT_KINDS.get(number[:2], _RESIDENT_KIND)
    return IdentityDocument(kind, number, birth_date, _SEXES[number[16]], number[:6])


def _is_too_old(birth_date: date, today: date) -> bool:
    birthday = (birth_date.year + MAXIMUM_AGE + 1, birth_date.month, birth_date.day)
    return birthday <= (today.year, today.month, today.day)


def _permit(text: str) -> IdentityDocument | None:
    """Find the one travel permit (通行证) in a text, or None."""
    numbers = set(_PERMIT_HONG_KONG_MACAU.findall(text))
    if len(numbers) == 1:
        return IdentityDocument(DocumentKind.HONG_KONG_MACAU, numbers.pop(), None, None, None)
    numbers = set(_PERMIT_TAIWAN.findall(text))
    if len(numbers) == 1 and (_names_taiwan_permit(text) or not _is_calendar_day(min(numbers))):
        return IdentityDocument(DocumentKind.TAIWAN, numbers.pop(), None, None, None)
    return None


def _names_taiwan_permit(text: str) -> bool:
    return any(word in text for word in ("台", "臺", "通行证", "通行證"))


def _is_calendar_day(digits: str) -> bool:
    # Eight digits such as 20010203 are far more often a birth date typed at the wrong question.
    try:
        return 1900 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2099
    except ValueError:
        return False


def _diagnose(text: str) -> DocumentRejected:
    """Name what is wrong with a text in which no number was found."""
    if _MASK.search(text):
        return DocumentRejected(DocumentFault.MASKED)
    if not any(character.isalnum() for character in text):
        return DocumentRejected(DocumentFault.EMPTY)
    numbers = set(_RESIDENT.findall(text))
    if numbers:  # more than one, and different: which of them is meant cannot be guessed
        return DocumentRejected(DocumentFault.WRONG_LENGTH, digits=18 * len(numbers))
    runs = [run for run in _RUN.findall(text) if any("0" <= character <= "9" for character in run)]
    if not runs:
        return DocumentRejected(DocumentFault.WRONG_CHARACTERS)
    longest = max(runs, key=len)
    # Letters in front are a word such as "ID"; a last X is the check digit; any other letter is a slip.
    digits = longest.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if not digits.removesuffix("X").isdigit():
        return DocumentRejected(DocumentFault.WRONG_CHARACTERS)
    if len(digits) == 15 and digits.isdigit():
        return DocumentRejected(DocumentFault.FIFTEEN_DIGITS)
    return DocumentRejected(DocumentFault.WRONG_LENGTH, digits=len(digits))
