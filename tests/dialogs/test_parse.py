"""Answers are understood, or refused with the right reason: a table of real ones, and properties for the rest."""

import datetime
import json
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.texts import catalogue
from dialogs.errors import Rejected
from dialogs.parse.choices import ALL_WORDS, Matcher, Option
from dialogs.parse.dates import birth_day, coming_day, past_day
from dialogs.parse.folding import clean, fold
from dialogs.parse.identity import document
from dialogs.parse.names import person_name
from dialogs.parse.numerals import arabic
from dialogs.parse.phones import mobile
from dialogs.parse.places import city_options, place_label, residence
from dialogs.parse.words import free_text, note, yes_no
from policy.regions import CITIES, OUTSIDE

Parser = Callable[[str, datetime.date], Any]

TABLE = tomllib.loads((Path(__file__).parent / "parse_cases.toml").read_text("utf-8"))
TODAY: datetime.date = TABLE.pop("today")


def product_step(place: str) -> Parser:
    """What a step of the product makes of a text, with its own options and everyday words."""
    own, step = place.split(".")
    understand = catalogue().dialog(own).node(step).understand
    assert understand is not None
    return understand


def chooser(group: dict[str, Any]) -> Parser:
    shown = [Option(key, label, tuple(words)) for key, label, *words in group.get("options", ())]
    matcher = Matcher(shown or city_options())
    if group["ask"] == "one":
        return lambda text, today: matcher.one(text)
    return lambda text, today: matcher.many(
        text, group.get("at_most"), group.get("exclusive", ()), all_words=ALL_WORDS
    )


PARSERS: dict[str, Parser] = {
    "past_day": past_day,
    "birth_day": birth_day,
    "coming_day": coming_day,
    "document": document,
    "mobile": mobile,
    "person_name": person_name,
    "residence": residence,
    "yes_no": yes_no,
    "school": free_text(2, 30),
    "note": note(500),
    "major": free_text(2, 30),
    **{name: chooser(group) for name, group in TABLE.items() if "ask" in group},
    **{name: product_step(group["step"]) for name, group in TABLE.items() if "step" in group},
}


def outcome(parse: Parser, text: str, today: datetime.date = TODAY) -> Any:  # noqa: ANN401 - any JSON value
    """What a parser makes of a text: its value, or the refusal's key after an exclamation mark."""
    try:
        return parse(text, today)
    except Rejected as refusal:
        return f"!{refusal.key}"


CASES = [(name, case) for name, group in TABLE.items() for case in group["cases"]]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}:{case[0]}"[:60] for name, case in CASES])
def test_a_real_answer_is_understood_as_the_table_says(name: str, case: list[Any]) -> None:
    text, expected, *sent_on = case
    today = datetime.date.fromisoformat(sent_on[0]) if sent_on else TODAY
    assert outcome(PARSERS[name], text, today) == expected


def test_the_table_has_hundreds_of_different_answers_and_a_refusal_of_every_parser() -> None:
    assert len({(name, *map(str, case)) for name, case in CASES}) == len(CASES) >= 400
    assert {name for name, case in CASES if str(case[1]).startswith("!")} == set(PARSERS)


# What people send: anything at all, and above all bits of the real answers in wrong company.
bits = st.sampled_from(
    sorted(
        {str(case[0]) for _, case in CASES} | {" ", "，", "不", "第", "1", "\u202e", "\x00", "[微笑]", "😀"}
    )
)
anything = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "Co", "So", "Nd", "Lo"]), max_size=30),
    st.lists(bits, max_size=4).map("".join),
)


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=150, deadline=None)
@given(text=anything, today=st.dates(datetime.date(2023, 1, 1), datetime.date(2040, 12, 31)))
def test_any_text_gives_a_json_value_or_a_refusal(name: str, text: str, today: datetime.date) -> None:
    value = outcome(PARSERS[name], text, today)
    assert json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("name", sorted(PARSERS))
@pytest.mark.parametrize(
    "part",
    [
        "1",
        "的",
        "好的",
        "毕业证书",
        "证书",
        "一",
        "2023年",
        "是就",
        "广州",
        "1 ",
        "不",
        "。",
        "[",
        "可以都",
        "٣",
        "阿·",
        "+86",
    ],
)
def test_four_thousand_characters_are_answered_at_once(name: str, part: str) -> None:
    # Counted in steps, not time: an expression that tries every way to split the text would never come back.
    assert outcome(PARSERS[name], (part * 4000)[:4000] + "x") is not None


@given(anything)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(anything)
def test_cleaning_leaves_no_invisible_character_and_no_case_changed(text: str) -> None:
    cleaned = clean(text)
    assert not [
        sign
        for sign in cleaned
        if unicodedata.category(sign) in ("Cc", "Zl", "Zp") or sign in "\u200b\u202e\ufeff"
    ]
    assert clean(cleaned) == cleaned


def full_width(text: str) -> str:
    return "".join(
        chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else "\u3000" if sign == " " else sign for sign in text
    )


# A note is kept as written, and a sticker's code is never full width.
WIDENED = [(name, case[0]) for name, case in CASES if name != "note" and not {"[", "<"} & set(case[0])]


@pytest.mark.parametrize(("name", "text"), WIDENED, ids=[f"{name}:{text}"[:60] for name, text in WIDENED])
def test_full_width_signs_mean_the_same(name: str, text: str) -> None:
    assert outcome(PARSERS[name], full_width(text)) == outcome(PARSERS[name], text)


@given(
    st.dates(datetime.date(1990, 1, 1), TODAY),
    st.sampled_from(["%Y-%m-%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d", "%Y/%m/%d"]),
)
def test_a_full_date_is_itself_in_every_usual_form(day: datetime.date, form: str) -> None:
    assert past_day(day.strftime(form), TODAY) == birth_day(day.strftime(form), TODAY) == day.isoformat()


@given(st.dates(TODAY, TODAY.replace(year=TODAY.year + 1)))
def test_a_day_without_its_year_is_the_next_such_day(day: datetime.date) -> None:
    if day < TODAY.replace(year=TODAY.year + 1):
        assert coming_day(f"{day.month}月{day.day}号", TODAY) == day.isoformat()


REPARSED = ["past_day", "birth_day", "coming_day", "document", "mobile", "person_name", "residence", "school"]


@pytest.mark.parametrize("name", REPARSED)
def test_what_is_stored_is_understood_as_itself(name: str) -> None:
    for text, expected, *sent_on in TABLE[name]["cases"]:
        if not expected.startswith("!") and not sent_on:
            assert outcome(PARSERS[name], expected) == expected, text


@pytest.mark.parametrize(
    "found", [found for owner in CITIES for found in owner.districts], ids=lambda found: found.code
)
def test_every_district_is_found_by_its_full_name_and_by_city_and_short_name(found: Any) -> None:  # noqa: ANN401
    owner = next(owner for owner in CITIES if found in owner.districts)
    for text in (
        owner.name + found.name,
        owner.short + found.short,
        f"广东省{owner.name}{found.name}",
        found.code,
    ):
        assert residence(text, TODAY) == found.code
    assert residence(place_label(found.code), TODAY) == found.code


@pytest.mark.parametrize(
    "place", ["440106 石牌街道", "441900 虎门镇", "442000 东区街道", "440307 大鹏新区", OUTSIDE]
)
def test_the_label_of_a_place_reads_back_as_the_place(place: str) -> None:
    assert residence(place_label(place), TODAY) == place


def test_every_town_is_found_behind_its_city() -> None:
    for owner in CITIES:
        for town in owner.towns:
            assert residence(owner.short + town, TODAY) == f"{owner.code} {town}"


def test_no_two_cities_answer_to_the_same_word() -> None:
    assert Matcher(city_options()).collisions() == []


def test_options_that_are_alike_after_folding_are_reported() -> None:
    alike = Matcher(
        [Option("a", "是"), Option("b", "是的", ("是。",)), Option("c", "第三"), Option("d", "３")]
    )
    assert alike.collisions() == [("a", "b"), ("c", "d")]


def test_a_refusal_says_nothing_of_a_number_that_was_sent() -> None:
    for parse, text in ((mobile, "1391234567"), (document, "110105194912310021")):
        with pytest.raises(Rejected) as refusal:
            parse(text, TODAY)
        assert text[3:9] not in f"{refusal.value!r} {refusal.value} {refusal.value.params}"


def test_a_refused_choice_names_the_numbers_that_there_are() -> None:
    with pytest.raises(Rejected) as refusal:
        Matcher([Option("a", "甲"), Option("b", "乙")]).one("7")
    assert refusal.value.params == {"first": 1, "last": 2, "number": " 7 "}


def test_a_number_that_may_be_a_phone_is_not_repeated() -> None:
    with pytest.raises(Rejected) as refusal:
        Matcher([Option("a", "甲"), Option("b", "乙")]).many("1 13800009999")
    assert "138" not in str(refusal.value.params)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("past_day", text) for text in ("农历五月初五", "2024年2月30日", "去年", "03/04/2024")),
        *(("birth_day", text) for text in ("农历五月初五", "2002年2月30日", "2002年", "2030年1月1日")),
        *(("coming_day", text) for text in ("农历五月初五", "2月30日", "春节后", "昨天")),
    ],
)
def test_the_example_of_a_refused_date_is_an_answer_to_the_same_question(name: str, text: str) -> None:
    with pytest.raises(Rejected) as refusal:
        PARSERS[name](text, TODAY)
    assert not outcome(PARSERS[name], str(refusal.value.params["example"])).startswith("!")


def test_an_excluded_choice_names_the_option_that_stands_alone() -> None:
    with pytest.raises(Rejected) as refusal:
        Matcher([Option("a", "甲"), Option("none", "都没有")]).many("1 2", exclusive=("none",))
    assert refusal.value.params["label"] == "都没有"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("二十一", "21"),
        ("廿一", "21"),
        ("十", "10"),
        ("三十号", "30号"),
        ("一九九八", "1998"),
        ("十二月十二", "12月12"),
        ("张三", "张3"),
    ],
)
def test_chinese_numerals_become_arabic_ones(text: str, expected: str) -> None:
    assert arabic(text) == expected
