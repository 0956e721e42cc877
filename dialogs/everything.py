"""The list of all dialogs: where a new one is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogs.answers import AnswerBook
from dialogs.catalogue import Catalogue, compile_catalogue
from dialogs.check_in import check_in
from dialogs.checks import problems
from dialogs.definition import Definition
from dialogs.errors import BadDefinition
from dialogs.follow_up import follow_up
from dialogs.handover import HANDOVER
from dialogs.home import HOME
from dialogs.host_application import host_application
from dialogs.internship import internship
from dialogs.positions import POSITIONS
from dialogs.preferences import PREFERENCES
from dialogs.questions import questions
from dialogs.registration import registration
from dialogs.renewal import RENEWAL
from dialogs.staff import STAFF


def definitions(texts: Mapping[str, Any], book: AnswerBook) -> tuple[Definition, ...]:
    """Every dialog of the product; some take lines of their texts."""
    return (
        HOME,
        registration(texts["registration"]["not_eligible"]["reasons"]),
        POSITIONS,
        PREFERENCES,
        internship(texts["internship"]["overview"]["lines"]),
        questions(book),
        HANDOVER,
        check_in(texts["check_in"]["greeting"]["lines"]),
        follow_up(texts["follow_up"]["greeting"]["lines"]),
        RENEWAL,
        STAFF,
        host_application(texts["host_application"]["standing"]["lines"]),
    )


def build(texts: Mapping[str, Any], answers: Mapping[str, Any]) -> Catalogue:
    """Every dialog, compiled and checked. Raises `BadDefinition` with all that is wrong.

    `texts` has one table a dialog and one called `common`; `answers` is the loaded answer book."""
    book = AnswerBook.from_data(answers)
    catalogue = compile_catalogue(definitions(texts, book), texts, book)
    found = problems(catalogue)
    if found:
        raise BadDefinition(found)
    return catalogue
