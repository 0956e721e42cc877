"""A rule of the programme that says no (不予办理): every reason as a sentence that says what to do."""


class Refused(ValueError):  # noqa: N818 - it says what happened
    """The rules do not allow it. `reasons` are kind Chinese sentences, without personal data."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("；".join(reasons))
