"""Keyboards and the data behind their buttons."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove

from bot.channels.telegram_messages import (
    DONE,
    LONGEST_TEXT,
    TAG_CHARACTERS,
    TICK,
    Composer,
    Kind,
    Part,
    Tap,
    flip,
    step_mark,
)
from bot.channels.telegram_updates import COMMANDS
from bot.texts import catalogue
from dialogs.definition import Choose
from dialogs.model import Choice, Link
from dialogs.parse.folding import fold
from notifications.channel import Outgoing

CATALOGUE = catalogue()
STEPS = [(definition.name, node) for definition, node in CATALOGUE.steps()]
VALUES = st.one_of(st.integers(1, 99).map(str), st.text(max_size=30))


def mac(data: bytes) -> bytes:
    """A stand-in for the sealer's signature: different for different data."""
    return bytes(hash(data).to_bytes(8, "big", signed=True))


COMPOSER = Composer(CATALOGUE, mac)


def keyboard(part: Part) -> InlineKeyboardMarkup:
    assert isinstance(part.markup, InlineKeyboardMarkup)
    return part.markup


def compose(choices: list[Choice], step: str = "track", address: str = "501") -> Part:
    [part] = COMPOSER.compose(address, Outgoing("问题", tuple(choices), (), "registration", step))
    return part


def data_of(part: Part) -> list[str]:
    return [str(b.callback_data) for row in keyboard(part).inline_keyboard for b in row]


@given(VALUES, st.integers(1, 2**40).map(str))
def test_a_button_means_what_it_was_made_for(value: str, address: str) -> None:
    part = compose([Choice("1", "先"), Choice(value, "后")], address=address)
    taps = [COMPOSER.read(data, address) for data in data_of(part)]
    assert taps[0] == Tap("registration", "track", Kind.CHOOSE, "1")
    assert len(taps) == 1 or taps[1] == Tap("registration", "track", Kind.CHOOSE, value)


@given(VALUES)
def test_data_never_exceeds_64_bytes_and_no_choice_is_lost(value: str) -> None:
    part = compose([Choice("1", "先"), Choice(value, "后来的")])
    data = data_of(part)
    assert all(1 <= len(one.encode()) <= 64 for one in data)
    assert len(data) == 2 or "后来的" in part.text


@given(st.integers(1, 2**40), st.integers(1, 2**40))
def test_a_button_means_nothing_in_another_chat(one: int, other: int) -> None:
    data = data_of(compose([Choice("1", "同意")], address=str(one)))[0]
    assert (COMPOSER.read(data, str(other)) is None) == (one != other)


@given(st.text(max_size=64))
def test_made_up_data_means_nothing(data: str) -> None:
    assert COMPOSER.read(data, "501") is None
    assert COMPOSER.read(step_mark("registration", "track") + data, "501") is None


@pytest.mark.parametrize("place", range(step_mark("a", "b").__len__() + TAG_CHARACTERS + 2))
def test_data_changed_in_one_place_means_nothing(place: int) -> None:
    data = data_of(compose([Choice("1", "同意")]))[0]
    other = next(c for c in string.ascii_letters + string.digits if c != data[place])
    assert COMPOSER.read(data[:place] + other + data[place + 1 :], "501") is None


def test_every_step_has_a_mark_of_its_own() -> None:
    assert len({step_mark(dialog, node.step.name) for dialog, node in STEPS}) == len(STEPS)


@pytest.mark.parametrize(("dialog", "step"), [(d, n.step.name) for d, n in STEPS if n.choices], ids=str)
def test_every_question_of_ours_fits_on_buttons(dialog: str, step: str) -> None:
    node = CATALOGUE.dialogs[dialog].nodes[step]
    [part] = COMPOSER.compose("501", Outgoing(node.ask, node.choices, (), dialog, step))
    rows = keyboard(part).inline_keyboard
    labels = [button.text for row in rows for button in row if button.text != DONE]
    assert [label.removeprefix(f"{c.value} ") for label, c in zip(labels, node.choices, strict=True)] == [
        choice.label for choice in node.choices
    ]
    assert all(len(row) <= 3 and sum(len(button.text) for button in row) <= 24 for row in rows)
    assert part.text == node.ask.strip("\n")


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (["是", "否"], [2]),
        (["甲", "乙", "丙", "丁"], [3, 1]),
        (["一个长一点的选项", "另一个长的", "短"], [2, 1]),
        (["一个很长很长很长很长的选项", "短", "短"], [1, 2]),
    ],
)
def test_short_labels_share_rows(labels: list[str], rows: list[int]) -> None:
    part = compose([Choice(str(n), label) for n, label in enumerate(labels, 1)])
    assert [len(row) for row in keyboard(part).inline_keyboard] == rows


def test_more_choices_than_buttons_are_written_out() -> None:
    part = compose([Choice(str(n), f"第{n}项") for n in range(1, 120)])
    assert part.text.count("\n") == 119
    assert isinstance(part.markup, ReplyKeyboardRemove)


def test_choices_that_belong_to_no_step_are_written_out() -> None:
    [part] = COMPOSER.compose("501", Outgoing("有新岗位", (Choice("1", "看看"),)))
    assert part.text == "有新岗位\n1. 看看"


def test_only_questions_for_several_answers_have_the_button_that_ends() -> None:
    for dialog, node in STEPS:
        if node.choices:
            message = Outgoing("问", node.choices, (), dialog, node.step.name)
            [part] = COMPOSER.compose("501", message)
            last = keyboard(part).inline_keyboard[-1][-1].text
            assert (last == DONE) == (isinstance(node.step, Choose) and node.step.many)


def test_ticks_come_and_go_and_are_read_back() -> None:
    node = CATALOGUE.dialogs["registration"].nodes["cities"]
    part = compose(list(node.choices), "cities")
    markup, data = keyboard(part), data_of(part)
    ticked = flip(flip(flip(markup, data[0]), data[3]), data[20])
    assert COMPOSER.ticked(ticked, "501") == ("1", "4", "21")
    assert COMPOSER.ticked(flip(ticked, data[3]), "501") == ("1", "21")
    assert next(b.text for row in ticked.inline_keyboard for b in row).startswith(TICK)


def test_words_offered_after_three_wrong_answers_are_no_ticks() -> None:
    node = CATALOGUE.dialogs["registration"].nodes["cities"]
    part = compose([*node.choices, Choice("帮助", "怎么填"), Choice("人工", "找人工")], "cities")
    taps = [COMPOSER.read(data, "501") for data in data_of(part)]
    assert [(tap.kind, tap.value) for tap in taps if tap and tap.kind is Kind.CHOOSE] == [
        (Kind.CHOOSE, "帮助"),
        (Kind.CHOOSE, "人工"),
    ]


def test_the_answer_is_not_echoed_where_the_message_has_no_room() -> None:
    part = compose([Choice("1", "同意")])
    tap = Tap("registration", "track", Kind.CHOOSE, "1")
    data = data_of(part)[0]
    assert COMPOSER.echo("问", keyboard(part), data, tap) == "问\n\n✔ 1 同意"
    assert COMPOSER.echo("问" * LONGEST_TEXT, keyboard(part), data, tap) is None


@pytest.mark.parametrize("step", ["name", "phone"])
def test_the_phone_button_stands_under_the_phone_question_alone(step: str) -> None:
    [part] = COMPOSER.compose("501", Outgoing("问", (), (), "registration", step))
    assert isinstance(part.markup, ReplyKeyboardMarkup) == (step == "phone")


def test_where_a_form_asks_there_is_no_phone_button() -> None:
    composer = Composer(CATALOGUE, mac, public_url="https://a.cn", contact_button=False)
    message = Outgoing("请到网页上填", (), (Link("填写", "/f/abc"),), "registration", "phone")
    [part] = composer.compose("501", message)
    assert keyboard(part).inline_keyboard[0][0].url == "https://a.cn/f/abc"


@pytest.mark.parametrize(("command", "word"), [(c, w) for c, (_, w) in COMMANDS.items() if w])
def test_every_command_stands_for_a_word_that_works_everywhere(command: str, word: str) -> None:
    assert fold(word) in CATALOGUE.commands, command
