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


Item = tuple[Option, Node, Question]


def items(dialog: Dialog, node: Node, answers: Answers) -> tuple[Item, ...]:
    """What the summary of the review `node` lists: the questions that have an answer, in its order."""
    nodes = dialog.nodes
    return tuple(
        [
            (option, asked, asked.question)
            for option in node.options[:-1]
            if (asked := nodes[option.key]).into in answers and asked.question is not None
        ]
    )


def lines(dialog: Dialog, node: Node, view: View) -> list[str]:
    """One line for each item: its name and the answer, masked where it must be."""
    return [_line(item, view) for item in items(dialog, node, view.answers)]


def question(dialog: Dialog, node: Node, view: View) -> tuple[str, tuple[Choice, ...]]:
    """The numbered summary, and its buttons."""
    listed = items(dialog, node, view.answers)
    written = [f"{number}. {_line(item, view)}" for number, item in enumerate(listed, 1)]
    return "\n".join(written), _choices(node, listed)


def choices(dialog: Dialog, node: Node, answers: Answers) -> tuple[Choice, ...]:
    """Submit first, then one button for each item."""
    return _choices(node, items(dialog, node, answers))


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
    kept = {dialog.nodes[name].into for name in trail}
    strayed = (dialog.fields & answers.keys()) - kept
    return {field: value for field, value in answers.items() if field not in strayed} if strayed else answers


def read(node: Node, value: Any, view: View) -> str:  # noqa: ANN401 - any JSON-safe value
    """How an answer reads in a summary."""
    step = node.step
    if isinstance(step, Question) and step.format is not None:
        return step.format(value, view)
    if node.labels:
        return "、".join(node.labels[key] for key in ([value] if isinstance(value, str) else value))
    return str(value)


def _line(item: Item, view: View) -> str:
    option, asked, step = item
    return f"{option.label}：{read(asked, view.answers[step.into], view)}"


def _choices(node: Node, listed: tuple[Item, ...]) -> tuple[Choice, ...]:
    return _buttons(node.options[-1].label, *[option.label for option, _, _ in listed])


@lru_cache(maxsize=256)
def _buttons(submit: str, *labels: str) -> tuple[Choice, ...]:
    edits = (Choice(str(number), f"改{label}") for number, label in enumerate(labels, 1))
    return (Choice(submit, submit), *edits)


@lru_cache(maxsize=256)
def _numbered(options: tuple[Option, ...]) -> Matcher:
    return Matcher(options)
