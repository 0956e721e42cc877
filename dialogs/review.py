"""The review: the answers as a numbered summary, and which of its items a person means."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from dialogs.catalogue import Dialog, Node
from dialogs.definition import Question
from dialogs.errors import Rejected
from dialogs.model import Answers, Choice, View
from dialogs.parse.choices import Matcher, Option
from dialogs.parse.folding import fold

_is_numbered = re.compile("[0-9一二三四五六七八九十]").search


def items(dialog: Dialog, node: Node, answers: Answers) -> tuple[tuple[Option, Node, Question], ...]:
    """What the summary of the review `node` lists: the questions that have an answer, in its order."""
    found = []
    for option in node.options[:-1]:
        asked = dialog.nodes[option.key]
        if isinstance(asked.step, Question) and asked.step.into in answers:
            found.append((option, asked, asked.step))
    return tuple(found)


def lines(dialog: Dialog, node: Node, view: View) -> list[str]:
    """One line for each item: its name and the answer, masked where it must be."""
    return [
        f"{option.label}：{read(asked, view.answers[step.into], view)}"
        for option, asked, step in items(dialog, node, view.answers)
    ]


def choices(dialog: Dialog, node: Node, answers: Answers) -> tuple[Choice, ...]:
    """Submit first, then one button for each item."""
    submit = node.options[-1].label
    listed = items(dialog, node, answers)
    edits = (Choice(str(number), f"改{option.label}") for number, (option, _, _) in enumerate(listed, 1))
    return (Choice(submit, submit), *edits)


def understand(dialog: Dialog, node: Node, answers: Answers, text: str) -> str:
    """The item's step name, or `submit`. Raises `Rejected`, whose range is that of the items."""
    listed = items(dialog, node, answers)
    try:
        meant = _numbered((*(option for option, _, _ in listed), node.options[-1])).one(text)
    except Rejected as refusal:
        raise Rejected(refusal.key, **{**refusal.params, "last": len(listed)}) from None
    if meant == node.options[-1].key and _is_numbered(fold(text)):  # submitting has no number of its own
        raise Rejected("choice.out_of_range", first=1, last=len(listed))
    return meant


def pruned(dialog: Dialog, answers: Answers, trail: tuple[str, ...]) -> Answers:
    """Without answers to questions that are no longer on this person's way."""
    asked = {node.step.into for node in dialog.nodes.values() if isinstance(node.step, Question)}
    steps = [dialog.nodes[name].step for name in trail]
    kept = {step.into for step in steps if isinstance(step, Question)}
    return {field: value for field, value in answers.items() if field not in asked or field in kept}


def read(node: Node, value: Any, view: View) -> str:  # noqa: ANN401 - any JSON-safe value
    """How an answer reads in a summary."""
    step = node.step
    if isinstance(step, Question) and step.format is not None:
        return step.format(value, view)
    if node.labels:
        return "、".join(node.labels[key] for key in ([value] if isinstance(value, str) else value))
    return str(value)


@lru_cache(maxsize=256)
def _numbered(options: tuple[Option, ...]) -> Matcher:
    return Matcher(options)
