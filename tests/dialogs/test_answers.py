"""Policy answers: the right answer to real questions, and none to questions about other matters."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs import answers as module
from dialogs.answers import MOST_ALTERNATIVES, AnswerBook, Found

DATA: dict[str, Any] = tomllib.loads(
    (Path(module.__file__).parent / "texts" / "answers.toml").read_text(encoding="utf-8")
)
CASES: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "question_cases.toml").read_text(encoding="utf-8")
)
BOOK = AnswerBook.from_data(DATA)
ROWS: list[dict[str, Any]] = DATA["answer"]


def asked(section: str) -> list[tuple[str, str, Found]]:
    """Expected id, question and what the book finds, for the questions of our matters."""
    found = CASES[section].items()
    return [(id, question, BOOK.find(question)) for id, row in found if id != "unknown" for question in row]


def answered_wrongly(section: str) -> list[tuple[str, str, str]]:
    return [
        (question, id, found.answer.id)
        for id, question, found in asked(section)
        if found.answer is not None and found.answer.id != id
    ]


def answered_although_unknown(section: str) -> list[tuple[str, str]]:
    results = ((question, BOOK.find(question).answer) for question in CASES[section]["unknown"])
    return [(question, answer.id) for question, answer in results if answer is not None]


def missed(section: str) -> list[tuple[str, str]]:
    return [(q, id) for id, q, found in asked(section) if found.answer is None or found.answer.id != id]


# The curated answers


def test_there_are_thirty_to_forty_answers_with_different_ids() -> None:
    assert 30 <= len({row["id"] for row in ROWS}) == len(ROWS) <= 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_an_answer_is_short_sourced_and_asked_in_eight_ways_or_more(row: dict[str, Any]) -> None:
    assert len(row["answer"]) <= 220
    assert row["source"].strip()
    assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", row["as_of"])
    assert len(set(row["variants"])) >= 8
    assert row.keys() <= {"id", "question", "words", "hints", "variants", "answer", "source", "as_of"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_12333_is_the_only_telephone_number_people_are_given(row: dict[str, Any]) -> None:
    assert set(re.findall(r"\d{5,}|\d{3,4}-\d{4,}", row["answer"])) <= {"12333"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_listed_way_to_ask_finds_its_own_answer(row: dict[str, Any]) -> None:
    found = {way: BOOK.find(way).answer for way in (row["question"], *row["variants"])}
    assert [way for way, answer in found.items() if answer is None or answer.id != row["id"]] == []


def test_no_way_to_ask_is_listed_under_two_answers() -> None:
    ways = [way for row in ROWS for way in (row["question"], *row["variants"])]
    assert sorted({way for way in ways if ways.count(way) > 1}) == []


# Real questions


def test_case_questions_name_answers_that_exist_and_are_not_listed_phrasings() -> None:
    listed = {way for row in ROWS for way in (row["question"], *row["variants"])}
    ids = {row["id"] for row in ROWS} | {"unknown"}
    questions = [question for section in CASES.values() for row in section.values() for question in row]
    assert all(section.keys() == ids for section in CASES.values())
    assert [question for question in questions if question in listed] == []
    assert len(questions) == len(set(questions))
    assert len(questions) >= 120
    assert len(CASES["known"]["unknown"]) >= 30


def test_known_questions_get_their_answer_in_95_of_100_cases() -> None:
    faults = missed("known")
    assert len(faults) <= 0.05 * len(asked("known")), faults


def test_known_questions_hardly_ever_get_another_answer() -> None:
    faults = answered_wrongly("known")
    assert len(faults) <= 0.015 * len(asked("known")), faults


def test_known_questions_about_other_matters_are_never_answered() -> None:
    assert answered_although_unknown("known") == []


def test_new_questions_are_answered_or_offered_in_85_of_100_cases() -> None:
    """Questions that nothing was tuned with; the floor lies below what was measured (89 of 100)."""
    results = asked("held_out")
    served = [
        id == (found.answer.id if found.answer else None) or id in {near.id for near in found.alternatives}
        for id, _, found in results
    ]
    assert sum(served) >= 0.85 * len(results)


def test_new_questions_hardly_ever_get_another_answer() -> None:
    faults = answered_wrongly("held_out")
    assert len(faults) <= 0.05 * len(asked("held_out")), faults


def test_new_questions_about_other_matters_are_hardly_ever_answered() -> None:
    faults = answered_although_unknown("held_out")
    assert len(faults) <= 0.05 * len(CASES["held_out"]["unknown"]), faults


# How it reads


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("见习算就业吗", "　見習算就業嗎？？？"),
        ("见习有保险吗", "老师您好，请问一下见习有保险吗，谢谢！"),
        ("见习有保险吗", "见习有保险吗😂[微笑]"),
        ("见习有保险吗", "见习\u200b有\u202e保险吗\x00"),
        ("我25岁了还能报吗", "我２５岁了还能报吗"),
        ("见习一个月多少钱", "见习一个月几多钱"),
        ("见习怎么申请", "建习怎么申请"),
        ("见习怎么申请", "见习\n怎么\n申请"),
    ],
)
def test_the_way_of_writing_does_not_change_the_answer(plain: str, written: str) -> None:
    answer = BOOK.find(plain).answer
    assert answer is not None
    assert BOOK.find(written).answer == answer


def test_a_question_inside_a_story_is_found() -> None:
    story = "我去年大学毕业，一直在家准备考试，爸妈催我出去。" * 8
    found = BOOK.find(story + "我想问一下，见习期间单位会买意外险吗？" + "麻烦您了，我不太懂这些。" * 8)
    assert found.answer is not None
    assert found.answer.id == "insurance"


def test_a_question_about_another_matter_is_not_answered_by_its_familiar_half() -> None:
    assert BOOK.find("公务员考试，怎么报名").answer is None


def test_another_matter_may_be_named_when_the_answer_speaks_of_it() -> None:
    found = BOOK.find("见习完去考公务员，应届身份还有吗")
    assert found.answer is not None
    assert found.answer.id == "fresh_graduate_status"


def test_a_bare_keyword_with_several_meanings_is_offered_not_answered() -> None:
    found = BOOK.find("补贴")
    assert found.answer is None
    assert len(found.alternatives) == MOST_ALTERNATIVES


@pytest.mark.parametrize("text", ["", " ", "。", "？？？", "😂", "[微笑]", "\x00", "你好", "在吗", "\ud800"])
def test_nothing_asked_is_nothing_found(text: str) -> None:
    assert BOOK.find(text) == Found(None, 0.0, ())


@given(
    st.text(alphabet=st.characters(), max_size=300) | st.sampled_from([*BOOK.answers]).map(lambda a: a.answer)
)
def test_any_text_gives_a_sound_result_and_twice_the_same(text: str) -> None:
    found = BOOK.find(text)
    assert found == BOOK.find(text)
    assert 0 <= found.confidence <= 1
    assert len(found.alternatives) == len(set(found.alternatives)) <= MOST_ALTERNATIVES
    assert found.answer not in found.alternatives


@given(
    st.lists(st.sampled_from([q for row in CASES["known"].values() for q in row]), max_size=400),
    st.text(max_size=2),
)
def test_any_heap_of_questions_gives_a_sound_result(questions: list[str], between: str) -> None:
    found = BOOK.find(between.join(questions))
    assert 0 <= found.confidence <= 1


# How it is built


def test_the_answers_keep_the_order_of_the_file() -> None:
    assert [answer.id for answer in BOOK.answers] == [row["id"] for row in ROWS]


def test_two_answers_with_one_id_are_refused() -> None:
    data = copy.deepcopy(DATA)
    data["answer"][1]["id"] = data["answer"][0]["id"]
    with pytest.raises(ValueError, match="same id"):
        AnswerBook.from_data(data)


@pytest.mark.parametrize("part", ["source", "as_of", "words", "variants"])
def test_an_answer_without_one_of_its_parts_is_refused(part: str) -> None:
    data = copy.deepcopy(DATA)
    del data["answer"][0][part]
    with pytest.raises(KeyError, match=part):
        AnswerBook.from_data(data)
