"""How long it takes to compile and check a dialog of a thousand steps: what `jianxi dialogs check` does with each.

The dialog is made here: a chain of questions with branches that meet again, a review, an end. Timed with the process'
own CPU clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import process_time
from typing import Any, Final

from bench.measuring import Figures, Finding, alternate, of
from bot.texts import load_texts
from dialogs.answers import AnswerBook
from dialogs.catalogue import compile_catalogue
from dialogs.checks import problems
from dialogs.definition import Ask, Choose, Definition, Finish, Review, Step, When, answered
from dialogs.everything import definitions
from dialogs.parse.words import free_text

GOAL_SECONDS: Final = 1.0
LISTED: Final = 12
"""Items of the review: more would not fit a message."""


def run(*, steps: int = 1000, rounds: int = 5) -> list[Finding]:
    """Measure; besides a dialog of `steps`, all those that the product has."""
    texts = load_texts()
    cases: dict[str, Callable[[], Figures]] = {
        f"{steps:,} steps": partial(_check, _with_synthetic(texts, steps), synthetic(steps)),
        "all dialogs of the product": partial(_check, texts, None),
    }
    results = alternate(cases, rounds)
    first, second = cases
    found = of(results, first, "seconds")
    return [
        Finding(f"compile and check {second}", f"{of(results, second, 'seconds')} s"),
        Finding(
            f"compile and check {first}",
            f"{found} s",
            goal=f"≤ {GOAL_SECONDS:g} s",
            met=found.middle <= GOAL_SECONDS,
        ),
    ]


def _check(texts: Mapping[str, Any], extra: Definition | None) -> Figures:
    started = process_time()
    book = AnswerBook.from_data(texts["answers"])
    checked = (*definitions(texts, book), *(() if extra is None else (extra,)))
    found = problems(compile_catalogue(checked, texts, book))
    seconds = process_time() - started
    assert not found, found[:3]
    return {"seconds": seconds}


def synthetic(steps: int) -> Definition:
    """A dialog of that many steps: every tenth question has a branch that skips the next three."""
    made: list[Step] = []
    names = [f"q{number}" for number in range(steps - 2)]
    for number, name in enumerate(names):
        after = names[number + 1] if number + 1 < len(names) else "review"
        if number % 2:
            made.append(Ask(name=name, into=name, parse=free_text(1, 40), goto=(after,)))
            continue
        skipped = names[number + 4] if number % 10 == 0 and number + 4 < len(names) else None
        goto = (When(answered(name, "no"), skipped), after) if skipped else (after,)
        made.append(Choose(name=name, into=name, options=("yes", "no"), goto=goto))
    made.append(Review(name="review", items=tuple(names[:LISTED]), goto=("end",)))
    made.append(Finish(name="end"))
    return Definition(name="synthetic", version=1, steps=tuple(made), long=True)


def _with_synthetic(texts: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """The product's texts, and some for the synthetic dialog."""
    own: dict[str, Any] = {"end": {"ask": "好了。"}}
    for number in range(steps - 2):
        own[f"q{number}"] = {
            "ask": f"第{number}个问题，请回答。",
            "help": "照实填就行。",
            "options": {"yes": "办过", "no": "没办过"},
            "words": {"yes": ["办了", "已办"], "no": ["没办", "还没"]},
        }
    own["review"] = {
        "ask": "请核对：\n{items}\n没问题回复“提交”。",
        "help": "回复编号就能改那一项。",
        "submit": "提交",
        "submit_words": ["确认"],
        "items": {f"q{number}": f"第{number}项" for number in range(steps - 2)},
    }
    return {**texts, "synthetic": own}
