"""The list of all dialogs: where a new one is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogs.answers import AnswerBook
from dialogs.catalogue import Catalogue, compile_catalogue
from dialogs.checks import problems
from dialogs.errors import BadDefinition
from dialogs.handover import HANDOVER
from dialogs.home import HOME
from dialogs.host_application import host_application
from dialogs.internship import internship
from dialogs.positions import POSITIONS
from dialogs.preferences import PREFERENCES
from dialogs.questions import questions
from dialogs.registration import registration


def build(texts: Mapping[str, Any], answers: Mapping[str, Any]) -> Catalogue:
    """Every dialog, compiled and checked. Raises `BadDefinition` with all that is wrong.

    `texts` has one table a dialog and one called `common`; `answers` is the loaded answer book."""
    book = AnswerBook.from_data(answers)
    definitions = (
        HOME,
        registration(texts["registration"]["not_eligible"]["reasons"]),
        POSITIONS,
        PREFERENCES,
        internship(texts["internship"]["overview"]["lines"]),
        questions(book),
        HANDOVER,
        host_application(texts["host_application"]["standing"]["lines"]),
    )
    catalogue = compile_catalogue(definitions, texts, book)
    found = problems(catalogue)
    if found:
        raise BadDefinition(found)
    return catalogue
