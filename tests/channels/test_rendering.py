"""Messages cut to a platform's limits and choices written out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.texts import catalogue
from dialogs.model import Choice, Link
from notifications.rendering import numbered, split, utf8, utf16

SIZES: dict[str, Callable[[str], int]] = {"characters": len, "bytes": utf8, "utf16": utf16}

TEXTS = st.text(
    st.one_of(
        st.sampled_from("好的。！？；，、\n !?;”」）a"),
        st.characters(codec="utf-8"),
    ),
    max_size=300,
)


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 10, []),
        ("\n\n", 10, []),
        ("   ", 10, []),
        ("短句。", 10, ["短句。"]),
        ("第一句。第二句。第三句。", 8, ["第一句。第二句。", "第三句。"]),
        ("第一行\n第二行\n第三行", 8, ["第一行\n第二行", "第三行"]),
        ("他说：“好。”然后走了。", 7, ["他说：“好。”", "然后走了。"]),
        ("真的吗？！是的。", 6, ["真的吗？！", "是的。"]),
        ("Really? Yes!", 8, ["Really?", " Yes!"]),
        ("没有标点的一长串文字", 4, ["没有标点", "的一长串", "文字"]),
        ("甲乙丙，丁戊己庚辛", 6, ["甲乙丙，", "丁戊己庚辛"]),
        ("好的，好的。https://a.cn/f?x=1", 22, ["好的，好的。", "https://a.cn/f?x=1"]),
    ],
)
def test_texts_are_cut_where_a_reader_would_pause(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit) == parts


@pytest.mark.parametrize(
    "whole",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family, joined
        "e\u0301",  # a letter with its accent
        "1\ufe0f\u20e3",  # a keycap
        "\U0001f44d\U0001f3fd",  # a thumb with its colour
    ],
)
def test_a_composed_character_stays_whole(whole: str) -> None:
    assert split("字" * 5 + whole + "字", 6) == ["字" * 5, whole + "字"]


@given(TEXTS, st.integers(8, 60), st.sampled_from(sorted(SIZES)))
def test_no_part_is_larger_than_the_limit(text: str, limit: int, unit: str) -> None:
    assert all(SIZES[unit](part) <= limit for part in split(text, limit, SIZES[unit]))


@given(TEXTS, st.integers(8, 60), st.sampled_from(sorted(SIZES)))
def test_nothing_but_blanks_is_lost(text: str, limit: int, unit: str) -> None:
    assert _solid("".join(split(text, limit, SIZES[unit]))) == _solid(text)


@given(TEXTS, st.integers(8, 60))
def test_every_part_shows_something(text: str, limit: int) -> None:
    assert all(part.strip() for part in split(text, limit))


@given(TEXTS)
def test_a_text_that_fits_is_not_cut(text: str) -> None:
    assert len(split(text, 400)) <= 1


@given(st.text(max_size=50))
def test_sizes_are_those_of_the_encodings(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert (utf8(text), utf16(text)) == (len(text.encode("utf-8")), len(text.encode("utf-16-be")) // 2)


def test_choices_are_written_as_numbered_lines_and_links_with_their_address() -> None:
    choices = [Choice("1", "同意"), Choice("2", "不同意"), Choice("继续", "继续")]
    written = numbered("请选择", choices, [Link("看说明", "https://a.cn/x")])
    assert written == "请选择\n1. 同意\n2. 不同意\n继续\n看说明：https://a.cn/x"


def test_a_text_without_choices_stays_as_it_is() -> None:
    assert numbered("您好", []) == "您好"


def test_every_question_of_ours_is_one_message_on_telegram() -> None:
    long = [
        f"{definition.name}.{node.step.name}"
        for definition, node in catalogue().steps()
        if len(split(numbered(node.ask, node.choices), 4096, utf16)) > 1
    ]
    assert long == []


def _solid(text: str) -> str:
    return re.sub(r"\s", "", text)
