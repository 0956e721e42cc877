"""The stored answers of a registration put into words, masked, as the person themselves may see them."""

from __future__ import annotations

from datetime import date

from dialogs import review
from dialogs.catalogue import Catalogue
from dialogs.model import Answers, View
from dialogs.registration_rules import At


def summary(catalogue: Catalogue, answers: Answers, today: date) -> str:
    """One line for each answer that is there, in the order of the registration's review."""
    dialog = catalogue.dialog("registration")
    written = review.lines(dialog, dialog.node(At.REVIEW), View(answers, today, True))
    return "\n".join(f"· {line}" for line in written)
