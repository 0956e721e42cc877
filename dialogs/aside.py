"""Answers set aside (搁置的答案): what fell away because another answer was changed, kept in case that is changed back.

At the review somebody lowers the education and then puts it right again: the certificate's date and the school they
gave before hold once more, so they are taken up without being asked. An answer holds again when the answers that
clear it are what they were when it fell away, and it still fits its question.

Never set aside: sensitive answers, and answers that are an act of their own when they are given (a consent). When a
sensitive answer that others depend on changes or goes, all is forgotten: it may be another person's. Leaving the
dialog, by whatever way, forgets all too.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, Final

from dialogs.catalogue import Dialog
from dialogs.definition import Ask, Choose, Do, Question, Step
from dialogs.errors import Rejected
from dialogs.model import Answers, Aside, View

MOST: Final = 3
"""Former answers kept for one field: enough to go from one choice over two others back to the first."""


def laid_aside(dialog: Dialog, aside: Aside, answers: Answers, fields: Iterable[str]) -> Aside:
    """What is set aside once `fields` fall away from `answers`."""
    steps = [node.step for node in dialog.nodes.values()]
    kept = dict(aside)
    for field in fields:
        if field in answers and any(_may_return(step, field) for step in steps):
            under = {
                step.into: answers[step.into]
                for step in steps
                if isinstance(step, Question)
                and field in step.clears
                and step.consent is None
                and step.into in answers
            }
            others = [former for former in kept.get(field, ()) if former[1] != under]
            kept[field] = [*others, [answers[field], under]][-MOST:]
    return kept


def still_aside(dialog: Dialog, aside: Aside, gone: Set[str]) -> Aside:
    """What stays set aside when an answer took those in `gone` back: they are to be asked."""
    for node in dialog.nodes.values():
        if node.sensitive and isinstance(node.step, Question) and node.step.into in gone:
            return {}
    return {field: former for field, former in aside.items() if field not in gone}


def taken_up(aside: Aside, step: Question | Do, view: View) -> tuple[Any, Aside] | None:
    """The answer to a step that holds again, and what is left aside; None when there is none."""
    for former in reversed(aside.get(step.into, ())):
        value, under = former
        if all(view.answers.get(field) == was for field, was in under.items()) and _fits(step, value, view):
            others = [other for other in aside[step.into] if other is not former]
            left = {field: rest for field, rest in aside.items() if field != step.into}
            return value, {**left, step.into: others} if others else left
    return None


def _may_return(step: Step, field: str) -> bool:
    if isinstance(step, Question):
        return step.into == field and field[0] != "_" and step.consent is None and step.emit is None
    return isinstance(step, Do) and step.into == field


def _fits(step: Question | Do, value: Any, view: View) -> bool:  # noqa: ANN401 - any JSON-safe value
    """Whether the value is still an answer to its question, beside the other answers as they are now."""
    if isinstance(step, Choose):
        return {value} <= set(step.options) if isinstance(value, str) else set(value) <= set(step.options)
    if isinstance(step, Ask) and step.accept is not None:
        try:
            step.accept(value, view)
        except Rejected:
            return False
    return True
