"""What each error code of the official account's API (全局返回码) means for a message and for those after it.

The platform answers HTTP 200 even for failures; only errcode 0 counts as done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from notifications.channel import Failure, SendFailed

MINUTE: Final = 60.0

TOKEN_CODES: Final = frozenset({40001, 40014, 42001})
"""The access token is wrong, invalid or expired: fetch another and try once more."""
QUOTA_USED_UP: Final = 45009
OUTSIDE_WINDOW: Final = 45015
NO_CONSENT: Final = 43101
NO_MENU_MESSAGES: Final = 40200
"""This account may not send msgmenu: send text."""
SENT_BEFORE: Final = 45065
"""The client's message id was seen before: it is sent already."""


class Meaning(NamedTuple):
    """What failed, and the seconds to wait where the platform's rule gives them."""

    failure: Failure
    wait: float | None = None


MEANINGS: Final[Mapping[int, Meaning]] = {
    -1: Meaning(Failure.RETRY, 2.0),  # busy
    **dict.fromkeys((40001, 40014, 42001), Meaning(Failure.ACCOUNT)),  # again, with a fresh token
    40003: Meaning(Failure.PERSON),  # no such openid
    40013: Meaning(Failure.ACCOUNT),  # app id
    40018: Meaning(Failure.MESSAGE),  # name of a button
    40033: Meaning(Failure.MESSAGE),  # characters written as \uXXXX
    40037: Meaning(Failure.ACCOUNT),  # template id
    40125: Meaning(Failure.ACCOUNT),  # secret is wrong
    40164: Meaning(Failure.ACCOUNT),  # address not on the allow-list
    40200: Meaning(Failure.MESSAGE),  # kind of account may not
    40243: Meaning(Failure.ACCOUNT),  # secret is frozen
    41001: Meaning(Failure.MESSAGE),  # token missing: a fault of ours
    43004: Meaning(Failure.PERSON),  # does not follow
    43019: Meaning(Failure.PERSON),  # on the account's blacklist
    43101: Meaning(Failure.WINDOW),  # no subscription left for this template
    44004: Meaning(Failure.MESSAGE),  # empty text
    45002: Meaning(Failure.MESSAGE),  # text too long
    45008: Meaning(Failure.MESSAGE),  # more than one article
    45009: Meaning(Failure.ACCOUNT),  # quota of the day: until midnight in Beijing
    45011: Meaning(Failure.RETRY, MINUTE),  # per-minute frequency
    45015: Meaning(Failure.WINDOW),  # outside the window
    45028: Meaning(Failure.ACCOUNT),  # no mass messages left this month
    45047: Meaning(Failure.WINDOW),  # messages of the window used up
    45065: Meaning(Failure.MESSAGE),  # the client's id was seen before; never raised where we give one
    45066: Meaning(Failure.RETRY, MINUTE),  # the client's id sent too often
    45067: Meaning(Failure.MESSAGE),  # the client's id is too long
    47001: Meaning(Failure.MESSAGE),  # JSON
    47003: Meaning(Failure.MESSAGE),  # a template's field breaks its rule
    **dict.fromkeys((48001, 48002, 48004, 48008), Meaning(Failure.ACCOUNT)),  # no right to this interface
    **dict.fromkeys((50001, 50002, 61007), Meaning(Failure.ACCOUNT)),  # account restricted
}


def failed(errcode: int, wait: float | None = None) -> SendFailed:
    """The failure for a code; a code nobody knows refuses the message and lets the next one try."""
    meaning = MEANINGS.get(errcode, Meaning(Failure.MESSAGE))
    return SendFailed(meaning.failure, str(errcode), meaning.wait if wait is None else wait)
