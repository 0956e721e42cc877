"""The questions dialog (政策问答): answers from the curated book, each with its source; says when it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from dialogs.answers import AnswerBook
from dialogs.definition import Ask, Definition, Tell, When, condition
from dialogs.model import Choice, View

SUGGESTED = ("who_can_join", "stipend_amount", "counts_as_employment", "cost")
"""Offered as buttons to somebody who has not asked yet."""


@condition(reads=("_found",))
def found(view: View) -> bool:
    """The book knows."""
    return view.answers["_found"]["id"] is not None


def questions(book: AnswerBook) -> Definition:
    """The dialog over one book of answers."""
    by_id = {answer.id: answer for answer in book.answers}

    def look_up(text: str, today: date) -> Any:  # noqa: ANN401 - the parser's signature
        result = book.find(text)
        return {
            "id": result.answer.id if result.answer else None,
            "near": [answer.question for answer in result.alternatives],
        }

    def answer_shown(view: View) -> Mapping[str, str]:
        answer = by_id[view.answers["_found"]["id"]]
        return {"answer": answer.answer, "source": answer.source}

    def suggestions(view: View) -> tuple[Choice, ...]:
        near = view.answers.get("_found", {}).get("near")
        if not near:
            near = [by_id[key].question for key in SUGGESTED if key in by_id]
        return tuple(Choice(question, question) for question in near)

    return Definition(
        name="questions",
        version=1,
        endless=True,
        steps=(
            Tell(name="hello", goto=("ask",)),
            Ask(
                name="ask",
                into="_found",
                parse=look_up,
                suggest=suggestions,
                goto=(When(found, "answer"), "unknown"),
            ),
            Tell(name="answer", show=answer_shown, shows=("_found",), goto=("ask",)),
            Tell(name="unknown", goto=("ask",)),
        ),
    )
