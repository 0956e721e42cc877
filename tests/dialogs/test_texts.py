"""The texts that people read: short, kind, complete, and each of them used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from bot.texts import catalogue, load_texts
from dialogs.catalogue import SUBMIT
from dialogs.checks import rendered
from dialogs.definition import Choose, Question
from dialogs.parse.folding import fold
from policy.codes import Education, HardshipKind, PositionKind, SkillLevel
from policy.identity import DocumentFault

TEXTS: Final = {name: table for name, table in load_texts().items() if name != "answers"}
READY: Final = catalogue()


def sentences() -> Iterator[tuple[str, str]]:
    """Every text that is said, with its place in the files."""
    for name, table in TEXTS.items():
        yield from _sentences(name, table)


def _sentences(place: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a TOML value
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("words", "commands", "submit_words"):
                yield from _sentences(f"{place}.{key}", inner)


SENTENCES: Final = sorted(sentences())


def test_there_is_a_file_for_every_dialog_and_no_other() -> None:
    assert TEXTS.keys() - {"common"} == READY.dialogs.keys()


def test_every_table_is_a_step() -> None:
    tables = {(name, step) for name, table in TEXTS.items() if name != "common" for step in table}
    steps = {(own.name, node.step.name) for own, node in READY.steps()}
    assert tables <= steps


@pytest.mark.parametrize(("place", "text"), SENTENCES, ids=[place for place, _ in SENTENCES])
def test_a_text_is_written_cleanly(place: str, text: str) -> None:
    assert text.strip(), "empty"
    assert not re.search(r"[,;:!?]", re.sub(r"\{\w*\}", "", text)), "half-width punctuation"
    assert not re.search(r"  |\t|。。|，，|。，|，。", text), "doubled"
    assert "你" not in text.replace("你们", ""), "people are addressed as 您"
    assert not re.search(r"(?:输入|格式)(?:无效|错误|有误)|非法", text), "never only that it is wrong"


@pytest.mark.parametrize(
    "own_and_step", [(own.name, node.step.name) for own, node in READY.steps()], ids=".".join
)
def test_a_question_fits_a_phone_screen_or_two(own_and_step: tuple[str, str]) -> None:
    node = READY.dialog(own_and_step[0]).node(own_and_step[1])
    longest = 330 if node.step.name in ("consent", "review") else 130
    assert len(node.ask) <= longest
    assert len(node.help) <= 80
    assert all(len(choice.label) <= 20 for choice in node.choices)


def test_every_refusal_that_the_parsers_can_raise_has_its_text() -> None:
    import ast
    from pathlib import Path

    import dialogs

    raised = set()
    for file in Path(dialogs.__file__).parent.rglob("*.py"):
        for found in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(found, ast.Constant) and isinstance(found.value, str):
                raised |= set(
                    re.findall(
                        r"^(?:id|choice|date|phone|name|place|text|yes_no|shared)\.[a-z_]+$", found.value
                    )
                )
    assert len(raised) > 25
    assert raised <= READY.rejected.keys()
    assert {f"id.{fault.value}" for fault in DocumentFault} <= READY.rejected.keys()


def test_every_refusal_says_what_to_do() -> None:
    asks = re.compile("请|例如|核对|回复|打字|写")
    assert [key for key, text in READY.rejected.items() if not asks.search(text)] == []


OWN_REFUSALS: Final = [
    (f"{own.name}.{node.step.name}", key, text)
    for own, node in READY.steps()
    for key, text in node.rejected.items()
]


@pytest.mark.parametrize(("place", "key", "text"), OWN_REFUSALS, ids=[f"{p}:{k}" for p, k, _ in OWN_REFUSALS])
def test_a_refusal_of_one_step_is_a_known_one_and_says_what_to_do(place: str, key: str, text: str) -> None:
    assert key in READY.rejected, place
    assert re.search("请|例如|回复|再来|就行", text), place


def test_nobody_who_hesitates_is_shown_agreeing_as_the_example() -> None:
    for step in ("consent", "push_consent"):
        text = READY.dialog("registration").node(step).rejected["choice.unknown"]
        assert "例如" not in text
        assert "1" in text
        assert "2" in text


def test_a_refusal_that_was_never_written_falls_back_to_a_kind_one() -> None:
    assert "换个说法" in READY.rejected["other"]


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        ("education", Education),
        ("skill_level", SkillLevel),
        ("hardship", HardshipKind),
        ("position_kinds", PositionKind),
    ],
)
def test_every_code_of_a_list_can_be_chosen(step: str, codes: Any) -> None:  # noqa: ANN401 - a code list
    node = READY.dialog("registration").node(step)
    assert isinstance(node.step, Choose)
    assert {code.value for code in codes} <= set(node.step.options)


@pytest.mark.parametrize(
    ("own", "step", "label", "key"),
    [
        (own.name, node.step.name, option.label, option.key)
        for own, node in READY.steps()
        if isinstance(node.step, Choose)
        for option in node.options
    ],
)
def test_every_label_means_its_own_option(own: str, step: str, label: str, key: str) -> None:
    node = READY.dialog(own).node(step)
    assert node.matcher is not None
    assert node.matcher.one(label) == key


@pytest.mark.parametrize(
    ("own", "step", "word", "key"),
    [
        (own.name, node.step.name, word, option.key)
        for own, node in READY.steps()
        if node.options
        for option in node.options
        for word in option.words
    ],
)
def test_every_everyday_word_means_its_own_option(own: str, step: str, word: str, key: str) -> None:
    node = READY.dialog(own).node(step)
    assert node.matcher is not None
    assert node.matcher.one(word) == key


def test_a_word_that_works_everywhere_means_one_thing_only() -> None:
    words: dict[str, str] = {}
    for command, every in TEXTS["common"]["commands"].items():
        for word in every:
            assert words.setdefault(fold(word) or word, command) == command, word


@pytest.mark.parametrize("command", sorted(set(READY.commands.values())))
def test_the_help_names_every_word_that_people_need(command: str) -> None:
    general = READY.common["help"]
    words = [word for word, name in READY.commands.items() if name == command]
    told = any(word in general for word in words)
    assert told or command in ("help", "resume", "register", "bind_staff", "unbind_staff")


def test_sensitive_questions_say_why_they_are_asked() -> None:
    for step in ("id_number", "phone", "hardship"):
        node = READY.dialog("registration").node(step)
        assert isinstance(node.step, Question)
        assert re.search("核验|联系|认定|加密", node.ask + node.help)


def test_the_consent_says_purpose_scope_readers_retention_and_rights() -> None:
    said = READY.dialog("registration").node("consent").ask
    for part in ("用来做什么", "收集什么", "谁能看", "存多久", "查看、更正、导出、删除", "不同意"):
        assert part in said


def test_blanks_are_filled_by_names_only() -> None:
    for place, text in SENTENCES:
        assert re.fullmatch(r"(?:[^{}]|\{[a-z_]+\})*", text), place


def test_the_longest_review_is_measured_with_every_item() -> None:
    node = READY.dialog("registration").node("review")
    assert node.options[-1].key == SUBMIT
    written = rendered(node)
    assert all(f"{number}. {option.label}：" in written for number, option in enumerate(node.options[:-1], 1))
