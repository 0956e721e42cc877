"""The checks on definitions: each one finds its fault and says it in a sentence; the real dialogs have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.texts import catalogue, load_texts
from dialogs.catalogue import compile_catalogue
from dialogs.checks import CHECKS, LIMITS, problems, rendered
from dialogs.definition import (
    Choose,
    Definition,
    Do,
    Enter,
    Finish,
    Review,
    Step,
    Tell,
    When,
    answered,
    condition,
)
from dialogs.diagram import mermaid
from dialogs.errors import BadDefinition
from dialogs.everything import build
from dialogs.model import View
from tests.dialogs.small import HOME, YES_NO, ask, chain, choose, small_catalogue

END = Finish(name="end")
YES = answered("a", "yes")


@condition()
def always(view: View) -> bool:
    """Holds, but the checks cannot know."""
    return True


def faults(*steps: Step, texts: Mapping[str, Any] | None = None, **more: Any) -> tuple[str, ...]:  # noqa: ANN401
    """What the checks say of a dialog "d" of these steps beside a sound home."""
    own = Definition("d", 1, steps, **more)
    ready = small_catalogue(own)
    if texts:
        every = {**{step.name: YES_NO for step in steps}, **texts}
        ready = small_catalogue(own, texts={"d": every})
    return problems(ready)


def test_the_real_dialogs_have_no_fault() -> None:
    assert problems(catalogue()) == ()


def test_small_sound_dialogs_have_no_fault() -> None:
    assert problems(small_catalogue(chain("a", "b", "c"))) == ()


BROKEN: Mapping[str, tuple[tuple[Step, ...], str]] = {
    "_edges_land": ((ask("a", "nowhere"), END), "d.a: leads to the unknown step nowhere"),
    "_edges_land: dialog": ((ask("a", Enter("moon")),), "d.a: leads to the unknown dialog moon"),
    "_edges_land: step of a dialog": (
        (ask("a", Enter("home", "attic")),),
        "d.a: leads to the unknown step home.attic",
    ),
    "_edges_are_complete": (
        (choose("a", When(YES, "end")), END),
        "d.a: no else, an answer may lead nowhere",
    ),
    "_edges_are_complete: none": ((ask("a"), END), "d.a: no else, an answer may lead nowhere"),
    "_edges_are_complete: behind": (
        (choose("a", "end", "b"), ask("b", "end"), END),
        "d.a: an edge stands behind the else and is never taken",
    ),
    "_edges_are_complete: end": (
        (ask("a", "end"), Finish(name="end", goto=("a",))),
        "d.end: an end has edges",
    ),
    "_every_step_is_reached": ((ask("a", "end"), ask("b", "end"), END), "d.b: nothing leads here"),
    "_every_step_reaches_an_end": (
        (choose("a", When(YES, "end"), "b"), ask("b", "c"), ask("c", "b"), END),
        "d.b: no way from here to an end",
    ),
    "_no_loop_without_input": (
        (
            ask("a", "b"),
            Tell(name="b", goto=("c",)),
            Tell(name="c", goto=(When(always, "end"), "b")),
            END,
        ),
        "d.c: goes in circles with b without waiting for anybody",
    ),
    "_no_answer_is_read_before_it_is_given": (
        (choose("b", When(YES, "a"), "a"), choose("a", "end"), END),
        "d.b: the condition a=yes reads a before it is given",
    ),
    "_no_answer_is_read_before_it_is_given: on one way only": (
        (
            choose("q", When(answered("q", "yes"), "a"), "b"),
            choose("a", "b"),
            choose("b", When(YES, "end"), "end"),
            END,
        ),
        "d.b: the condition a=yes reads a before it is given",
    ),
    "_no_answer_is_read_before_it_is_given: shown": (
        (ask("a", "b"), Tell(name="b", shows=("name",), goto=("end",)), END),
        "d.b: reads name before it is given",
    ),
    "_no_answer_is_read_before_it_is_given: needed": (
        (ask("a", "b"), Do(name="b", verb="v", into="_x", needs=("name",), goto=("end",)), END),
        "d.b: reads name before it is given",
    ),
    "_no_answer_is_read_before_it_is_given: of a turn that is over": (
        (
            Choose(name="t", into="_t", options=("yes", "no"), goto=("a",)),
            choose("a", When(answered("_t", "yes"), "end"), "end"),
            END,
        ),
        "d.a: the condition _t=yes reads _t before it is given",
    ),
    "_consent_comes_first": (
        (ask("name", "consent", consent="consent"), choose("consent", "end"), END),
        "d.name: asks for sensitive information before consent",
    ),
    "_nothing_is_asked_twice": (
        (ask("a", "b"), replace(ask("b", "end"), into="a"), END),
        "d.b: asks for a, which a asks already",
    ),
    "_a_person_can_be_reached": (
        (choose("a", "end"), END),
        "d.a: takes the words for a person for something else",
    ),
    "_options_are_answers": (
        (choose("a", "end", many=True, exclusive=("none",)), END),
        "d.a: an exclusive option is not among the options",
    ),
    "_options_are_answers: review": (
        (ask("a", "r"), Review(name="r", items=("end",), goto=("end",)), END),
        "d.r: lists end, which is no question",
    ),
    "_choices_can_be_told_apart": ((choose("a", "end"), END), "d.a: the choices yes and no read alike"),
    "_texts_are_there_and_fit": ((ask("a", "end"), END), "d.a: has no text"),
    "_texts_are_there_and_fit: blank": ((ask("a", "end"), END), "d.a: the text cannot be filled in"),
    "_texts_are_there_and_fit: wechat": (
        (ask("a", "end"), END),
        "d.a: 2100 bytes are too many for wechat (2000)",
    ),
    "_texts_are_there_and_fit: telegram": (
        (ask("a", "end"), END),
        "d.a: 4100 characters are too many for telegram (4096)",
    ),
}
"""One deliberately broken dialog for each fault, and the sentence it must bring."""

TEXTS: Mapping[str, Mapping[str, Any]] = {
    "_a_person_can_be_reached": {"a": {**YES_NO, "words": {"yes": ["人工"]}}},
    "_choices_can_be_told_apart": {"a": {**YES_NO, "options": {"yes": "行", "no": "行！"}}},
    "_texts_are_there_and_fit": {"a": {"ask": " "}},
    "_texts_are_there_and_fit: blank": {"a": {"ask": "{}"}},
    "_texts_are_there_and_fit: wechat": {"a": {"ask": "长" * 700}},
    "_texts_are_there_and_fit: telegram": {"a": {"ask": "x" * 4100}},
}
"""Texts that are wrong, where the definition is right."""


@pytest.mark.parametrize("broken", BROKEN)
def test_a_fault_is_found_and_said_in_its_sentence(broken: str) -> None:
    steps, sentence = BROKEN[broken]
    found = faults(*steps, texts=TEXTS.get(broken))
    assert any(fault.startswith(sentence) for fault in found), found


def test_every_check_has_a_broken_dialog_that_it_alone_can_find() -> None:
    assert {name.split(":")[0] for name in BROKEN} == {check.__name__ for check in CHECKS}


def test_a_long_dialog_must_help_at_every_question() -> None:
    found = faults(ask("a", "end"), END, texts={"a": {"ask": "请说。"}}, long=True)
    assert "d.a: has no help" in found


def test_an_end_is_not_wanted_of_a_dialog_that_is_endless() -> None:
    circle = (ask("a", "b"), ask("b", "a"))
    assert faults(*circle, endless=True) == ()
    assert "d.a: no way from here to an end" in faults(*circle)


@pytest.mark.parametrize("command", sorted(set(catalogue().commands.values()) - {"register", "resume"}))
def test_a_word_that_works_everywhere_must_have_its_words(command: str) -> None:
    ready = catalogue()
    fewer = {word: name for word, name in ready.commands.items() if name != command}
    assert f"common.commands: no word for {command}" in problems(replace(ready, commands=fewer))


@pytest.mark.parametrize("text", ["where", "help", "offer_help", "stale", "at_first", "left", "looping"])
def test_a_shared_text_that_is_missing_is_named(text: str) -> None:
    ready = catalogue()
    fewer = {name: said for name, said in ready.common.items() if name != text}
    assert any(fault.startswith("common") for fault in problems(replace(ready, common=fewer)))


def test_a_text_that_is_missing_is_named_with_its_step() -> None:
    with pytest.raises(BadDefinition) as caught:
        compile_catalogue(
            (HOME, Definition("d", 1, (ask("a", "end"), END))),
            {
                "home": {"menu": YES_NO},
                "d": {"a": {}, "end": {"ask": "完"}},
                "common": load_texts()["common"],
            },
            catalogue().book,
        )
    assert caught.value.problems == ("d.a: no text 'ask'",)


def test_building_with_a_fault_names_it_and_gives_nothing_to_run() -> None:
    texts = load_texts()
    texts["registration"]["school"]["help"] = ""
    with pytest.raises(BadDefinition) as caught:
        build(texts, texts["answers"])
    assert caught.value.problems == ("registration.school: has no help",)


def test_the_length_is_measured_with_the_choices_written_out() -> None:
    written = rendered(catalogue().dialog("registration").node("cities"))
    assert written.endswith("22. 都可以，服从调剂")
    assert len(written.encode()) <= LIMITS["wechat"][0]


@pytest.mark.parametrize("name", catalogue().dialogs)
def test_a_drawing_has_every_step_and_every_edge(name: str) -> None:
    definition = catalogue().dialog(name).definition
    drawn = mermaid(definition)
    assert drawn.startswith("flowchart TD\n")
    for step in definition.steps:
        assert f"    {step.name}" in drawn
    assert drawn.count(" -->") == sum(len(step.goto) for step in definition.steps)
