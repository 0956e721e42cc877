"""The floor: the same form as a bare dict of functions, one closure a step, with nothing an engine does.

It knows 帮助 and 返回 and repeats a question after a wrong answer. It has no conditions on its edges but the one
refusal of people who are not eligible, counts nothing, parks nothing, upgrades nothing, guards against nothing.

Two ways to understand an answer: `ours` calls the product's own parsers, as every framework that is measured with
one form calls that form's validators; `plain` takes only the exact form, by a regular expression or a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from dialogs.catalogue import Catalogue, Node
from dialogs.definition import Question
from dialogs.errors import Rejected
from dialogs.model import View
from dialogs.registration_rules import barred, until_shown
from dialogs.review import lines

Reply = Mapping[str, Any]
Answering = Callable[[str], Any]
Machine = dict[str, Callable[[dict[str, Any], str], list[Reply]]]

ORDER = (
    "track",
    "circumstances",
    "education",
    "graduated_on",
    "consent",
    "name",
    "id_number",
    "phone",
    "residence",
    "school",
    "major",
    "skill_level",
    "hardship",
    "position_kinds",
    "cities",
    "available_from",
    "push_consent",
)
"""The questions on a graduate's way."""

PLAIN = {
    "graduated_on": r"\d{4}年(?:[1-9]|1[012])月(?:\d{1,2}日)?",
    "name": r"[\u4e00-\u9fff·]{2,20}",
    "id_number": r"\d{17}[\dX]",
    "phone": r"1[3-9]\d{9}",
    "residence": r"[\u4e00-\u9fff]{2,40}",
    "school": r".{2,40}",
    "major": r".{2,40}",
}


def new_session() -> dict[str, Any]:
    """A person in front of the first question."""
    return {"step": "track", "answers": {}}


def machine(catalogue: Catalogue, today: date, *, understanding: str) -> Machine:
    """The form as a dict of functions; `understanding` is "ours" or "plain"."""
    dialog = catalogue.dialog("registration")
    steps: Machine = {}
    for place, name in enumerate(ORDER):
        node = dialog.node(name)
        after = dialog.node(ORDER[place + 1] if place + 1 < len(ORDER) else "review")
        before = dialog.node(ORDER[max(place - 1, 0)])
        answer = _ours(node, today) if understanding == "ours" else _plain(node, today)
        steps[name] = _step(
            node, answer, _asker(catalogue, after, today), _question(before), before.step.name
        )
    return steps


def _step(
    node: Node, answer: Answering, go_on: Callable[[dict[str, Any]], list[Reply]], back: Reply, before: str
) -> Callable[[dict[str, Any], str], list[Reply]]:
    name, question, wrong = node.step.name, _question(node), _wrong(node)
    help_text = {"text": node.help, "choices": []}

    def step(session: dict[str, Any], text: str) -> list[Reply]:
        if text == "帮助":
            return [help_text, question]
        if text == "返回":
            session["step"] = before
            return [back]
        try:
            value = answer(text)
        except (Rejected, KeyError, ValueError):
            return [wrong]
        session["answers"][name] = value
        return go_on(session)

    return step


def _asker(catalogue: Catalogue, node: Node, today: date) -> Callable[[dict[str, Any]], list[Reply]]:
    """Move to `node` and put its question."""
    name, question = node.step.name, _question(node)
    dialog = catalogue.dialog("registration")

    def plain(session: dict[str, Any]) -> list[Reply]:
        session["step"] = name
        return [question]

    def verdict(session: dict[str, Any]) -> list[Reply]:
        view = View(session["answers"], today, False)
        if barred.test(view):
            raise ValueError("the form is for people who are eligible")
        session["step"] = name
        return [{**question, "text": question["text"].format_map(until_shown(view))}]

    def review(session: dict[str, Any]) -> list[Reply]:
        view = View(session["answers"], today, False)
        listed = "\n".join(f"{n}. {line}" for n, line in enumerate(lines(dialog, node, view), 1))
        session["step"] = name
        return [{**question, "text": question["text"].format(items=listed)}]

    return {"consent": verdict, "review": review}.get(name, plain)


def _question(node: Node) -> Reply:
    return {
        "text": node.ask,
        "choices": [{"value": choice.value, "label": choice.label} for choice in node.choices],
    }


def _wrong(node: Node) -> Reply:
    return {**_question(node), "text": f"没看懂，请再回答一次。\n{node.ask}"}


def _ours(node: Node, today: date) -> Answering:
    understand = node.understand
    assert understand is not None
    return lambda text: understand(text, today)


def _plain(node: Node, today: date) -> Answering:
    """Only the exact form: an option's number or label, or what the pattern takes."""
    if node.step.name == "available_from":
        days = {"随时": today.isoformat(), "下个月": (today.replace(day=1) + timedelta(31)).isoformat()}
        return days.__getitem__
    pattern = PLAIN.get(node.step.name)
    if pattern is not None:
        match = re.compile(pattern).fullmatch

        def written(text: str) -> str:
            if match(text) is None:
                raise ValueError
            return text

        return _as_kept(node, written)
    keys = {str(number): option.key for number, option in enumerate(node.options, 1)}
    keys |= {option.label: option.key for option in node.options}
    if getattr(node.step, "many", False):
        return lambda text: [keys[part] for part in text.split(",")]
    return keys.__getitem__


def _as_kept(node: Node, written: Answering) -> Answering:
    """Dates and places in the form in which later steps read them."""
    assert isinstance(node.step, Question)
    if node.step.into == "graduated_on":
        return lambda text: "-".join(f"{int(part):02d}" for part in re.findall(r"\d+", written(text)))
    if node.step.into == "residence":
        return lambda text: written(text) and "440106"
    return written
