"""Small dialogs made for one test: definitions beside the texts they need, over the real shared texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.texts import catalogue, load_texts
from dialogs.catalogue import Catalogue, compile_catalogue
from dialogs.definition import Ask, Choose, Definition, Finish, Review, Step
from dialogs.parse.words import free_text

YES_NO = {"ask": "行吗？", "options": {"yes": "行", "no": "不成"}, "help": "选一个。"}
TEXT = {"ask": "请说。", "help": "随便说。"}

HOME = Definition(
    "home",
    1,
    (Choose(name="menu", into="_choice", options=("yes", "no"), goto=("menu",)),),
    endless=True,
)


def ask(name: str, *goto: Any, **more: Any) -> Ask:  # noqa: ANN401 - edges and fields of a step
    """A question answered in words, put into the field of its name."""
    return Ask(name=name, into=name, parse=free_text(1, 20), goto=goto, **more)


def choose(name: str, *goto: Any, **more: Any) -> Choose:  # noqa: ANN401
    """A question with the options yes and no."""
    return Choose(name=name, into=name, options=("yes", "no"), goto=goto, **more)


def texts_for(steps: Sequence[Step]) -> dict[str, Any]:
    """A text for every step that needs one."""
    return {step.name: _text(step) for step in steps}


def _text(step: Step) -> Mapping[str, Any]:
    if isinstance(step, Choose):
        return YES_NO
    if isinstance(step, Review):
        labels = {name: f"项目{name}" for name in step.items}
        return {**TEXT, "items": labels, "submit": "提交", "submit_words": ["确认"]}
    return TEXT


def small_catalogue(
    *definitions: Definition, texts: Mapping[str, Any] | None = None, home: Definition = HOME
) -> Catalogue:
    """These dialogs and a home, ready to run; `texts` overrides a dialog's texts by its name."""
    every = (home, *definitions)
    written = {own.name: texts_for(own.steps) for own in every}
    return compile_catalogue(
        every, {**written, **(texts or {}), "common": load_texts()["common"]}, catalogue().book
    )


def chain(*names: str, clears: Mapping[str, tuple[str, ...]] | None = None) -> Definition:
    """A long dialog of questions one after the other, then a review of all of them, then the end."""
    onward = [*names[1:], "review"]
    steps: list[Step] = [
        ask(name, after, clears=(clears or {}).get(name, ()))
        for name, after in zip(names, onward, strict=True)
    ]
    steps += [Review(name="review", items=names, goto=("end",)), Finish(name="end")]
    return Definition("long", 1, tuple(steps), long=True)
