"""The errors of the dialog core: what can go wrong without any fault of the machine below it."""

from __future__ import annotations


class DialogError(Exception):
    """Base of every error that the dialog core raises on purpose."""


class Rejected(DialogError):  # noqa: N818 - reads as the fact it states
    """A person's answer was not understood or may not be taken; ask again, kindly.

    ``key`` selects the text that is shown (``"date.need_month"``), ``params`` fill its blanks. It is
    an expected outcome, never logged as an error, and ``params`` never hold what the person wrote
    where that could be sensitive: only limits, counts, examples and public names such as a city's.
    """

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params = params

    def __repr__(self) -> str:
        return f"Rejected({self.key!r})"


class BadDefinition(DialogError):  # noqa: N818 - reads as the fact it states
    """A dialog's definition is wrong; ``problems`` names every fault that was found, one sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class UnknownStep(DialogError):  # noqa: N818 - reads as the fact it states
    """A session stands at a step, or names a dialog, that the definition does not have (any more)."""
