"""Identity documents (证件号码) as answers: the rules are in ``policy.identity``, here is only the refusal."""

from __future__ import annotations

import datetime
import re

from dialogs.errors import Rejected
from dialogs.parse.folding import fold
from dialogs.parse.numerals import spoken_digits
from policy.identity import DocumentRejected, read_document

_has_digit = re.compile("[0-9]").search
_passport = re.compile(r"护照|passport|(?<![0-9a-z])(?!id|no|sn)[a-z]{1,2}[0-9]{6,9}(?![0-9a-z])").search
_long_number = re.compile(r"[0-9]{10}").search
_signs = re.compile(r"[\s()\-]+")


def document(text: str, today: datetime.date) -> str:
    """Return the document number in its one stored form.

    Raises ``Rejected("id." + reason)``, one key for each ``DocumentFault`` (``id.fifteen_digits``,
    ``id.wrong_check_digit`` …); ``id.wrong_length`` has ``digits``; ``id.passport`` for a passport or an identity
    card of Hong Kong, which register nobody. Nothing of the number is in the refusal,
    nor in its cause.
    """
    if not _has_digit(text):
        text = spoken_digits(text)  # dictated
    try:
        return read_document(text, today).number
    except DocumentRejected as problem:
        plain = _signs.sub("", fold(text))
        if _passport(plain) and not _long_number(plain):
            raise Rejected("id.passport") from None
        raise Rejected(f"id.{problem.reason.value}", **problem.facts) from None
