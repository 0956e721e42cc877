"""Matching finds the best, shows nobody what they cannot take, spreads, and leaves nobody out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.matching.index import OfferIndex
from notifications.matching.match import best, score, serve, similar
from notifications.matching.reasons import reasons, sentence
from notifications.matching.values import LIMITS, Offer, Seeker
from notifications.matching.words import demanded, names_major, pairs

TODAY = 739_000
CITIES = ("440100", "440600")
DISTRICTS = {"440100": ("440106", ""), "440600": ("440604", "")}
MAJORS = ("会计学", "财务会计", "机械制造", "护理", "计算机应用")


def seeker(number: int = 1, **given: Any) -> Seeker:  # noqa: ANN401 - fields of the value
    """A person who studied accounting and wants an office job in Foshan."""
    major = given.pop("major", "会计学")
    return Seeker(
        id=number,
        cities=given.pop("cities", ("440600",)),
        anywhere=given.pop("anywhere", False),
        district=given.pop("district", "440604"),
        kinds=given.pop("kinds", frozenset({"3"})),
        education=given.pop("education", 4),
        major=major,
        grams=pairs(major),
        available=given.pop("available", TODAY),
        **given,
    )


def offer(number: int = 1, **given: Any) -> Offer:  # noqa: ANN401 - fields of the value
    """An accounting position in Foshan."""
    majors = given.pop("majors", ("会计",))
    words = given.pop("words", "会计助理")
    return Offer(
        id=number,
        city=given.pop("city", "440600"),
        district=given.pop("district", "440604"),
        kind=given.pop("kind", "3"),
        education=given.pop("education", 4),
        majors=demanded(majors),
        grams=frozenset(pairs(" ".join((*majors, words)))),
        left=given.pop("left", 1),
        closes=given.pop("closes", 0),
        demonstrative=given.pop("demonstrative", False),
        over_floor_percent=given.pop("over_floor_percent", 0),
        months=given.pop("months", 3),
        **given,
    )


@pytest.mark.parametrize(
    "barred",
    [
        {"city": "440100"},
        {"education": 5},
        {"left": 0},
        {"closes": TODAY - 1},
        {"shown": LIMITS.shown_for_each_opening},
    ],
)
def test_a_position_that_cannot_be_taken_is_not_shown(barred: dict[str, Any]) -> None:
    assert best(OfferIndex([offer(**barred)], TODAY), seeker()) == []


def test_what_was_passed_before_is_not_shown_again() -> None:
    assert best(OfferIndex([offer()], TODAY), seeker(passed=frozenset({1}))) == []


def test_a_position_that_closes_today_is_still_shown() -> None:
    assert best(OfferIndex([offer(closes=TODAY)], TODAY), seeker())


def test_who_goes_anywhere_is_shown_other_cities_only_when_the_wished_ones_have_nothing() -> None:
    far, near = offer(1, city="440100", district=""), offer(2)
    wandering = seeker(anywhere=True)
    assert [match.offer.id for match in best(OfferIndex([far, near], TODAY), wandering)] == [2]
    assert [match.offer.id for match in best(OfferIndex([far], TODAY), wandering)] == [1]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"kind": "1"}),
        ({}, {"majors": ("护理",), "words": "护士"}),
        ({}, {"district": "440605"}),
        ({"demonstrative": True}, {}),
        ({"over_floor_percent": 30}, {"over_floor_percent": 10}),
        ({"months": 6}, {}),
        ({"closes": TODAY + 9}, {"closes": TODAY + 1}),
    ],
)
def test_what_suits_better_comes_first(better: dict[str, Any], worse: dict[str, Any]) -> None:
    who = seeker(available=TODAY + 5)
    index = OfferIndex([offer(1, **worse), offer(2, **better)], TODAY)
    assert [match.offer.id for match in best(index, who)] == [2, 1]


positions = st.lists(
    st.builds(
        lambda city, far, kind, education, major, left, closes, worth: {
            "city": city,
            "district": DISTRICTS[city][far],
            "kind": kind,
            "education": education,
            "majors": () if major is None else (major,),
            "words": "",
            "left": left,
            "closes": closes and TODAY + closes,
            "over_floor_percent": worth,
        },
        st.sampled_from(CITIES),
        st.integers(0, 1),
        st.sampled_from("123"),
        st.integers(3, 6),
        st.sampled_from((*MAJORS, None)),
        st.integers(0, 2),
        st.integers(0, 9),
        st.sampled_from((0, 10, 20)),
    ),
    max_size=60,
)
people = st.builds(
    lambda cities, kinds, education, major, available: {
        "cities": tuple(cities),
        "kinds": frozenset(kinds),
        "education": education,
        "major": major,
        "available": TODAY + available,
    },
    st.lists(st.sampled_from(CITIES), min_size=1, max_size=2, unique=True),
    st.sets(st.sampled_from("123")),
    st.integers(3, 6),
    st.sampled_from((*MAJORS, "")),
    st.integers(0, 9),
)


@given(positions, people)
@settings(max_examples=300)
def test_the_best_are_those_that_looking_at_all_of_them_finds(
    made: list[dict[str, Any]], person: dict[str, Any]
) -> None:
    who = seeker(**person)
    what = [offer(number, **given) for number, given in enumerate(made, 1)]
    possible = (
        score(who, one)
        for one in what
        if one.city in who.cities and one.education <= who.education and one.left
        if not one.closes or one.closes >= TODAY
    )
    expected = sorted(possible, reverse=True)[: LIMITS.each]
    found = best(OfferIndex(what, TODAY), who)
    assert [match.score for match in found] == expected
    assert all(match.score == score(who, match.offer) for match in found)


def test_nobody_is_sent_to_a_queue() -> None:
    index = OfferIndex([offer(left=2)], TODAY)
    served = list(serve(index, [seeker(number) for number in range(1, 21)]))
    assert sum(bool(one.matches) for one in served) == 2 * LIMITS.shown_for_each_opening


def test_who_waited_longest_is_served_first_and_then_who_has_a_hardship() -> None:
    index = OfferIndex([offer()], TODAY, replace(LIMITS, shown_for_each_opening=1))
    waiting = [
        seeker(1, last_served=TODAY - 7),
        seeker(2, last_served=TODAY - 14),
        seeker(3, last_served=TODAY - 14, hardship=True),
    ]
    assert [one.seeker.id for one in serve(index, waiting) if one.matches] == [3]


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**16))
@settings(max_examples=50, deadline=None)
def test_everybody_for_whom_something_fits_gets_something_within_the_weeks(
    persons: int, openings: int, start: int
) -> None:
    """One position a week comes in for everybody; nobody waits longer than it takes to go round once."""
    limits = replace(LIMITS, shown_for_each_opening=1)
    last = dict.fromkeys(range(1, persons + 1), 0)
    weeks = -(-persons // openings)
    for week in range(weeks):
        today = TODAY + start + week * 7
        index = OfferIndex([offer(week + 1, left=openings)], today, limits)
        for one in serve(index, [seeker(n, last_served=day, hardship=n % 3 == 0) for n, day in last.items()]):
            if one.matches:
                last[one.seeker.id] = today
    assert all(last.values())


@pytest.mark.parametrize(
    ("demand", "major", "same"),
    [
        ("会计", "会计学", True),
        ("会计学", "会计", True),
        ("会计专业", "财务会计", True),
        ("计算机类", "计算机应用技术", True),
        ("护理", "会计", False),
        ("学", "会计学", False),
        ("机械设计制造及其自动化", "机械设计制造及其自动化（数控方向）", True),
    ],
)
def test_a_major_is_known_by_its_usual_names(demand: str, major: str, same: bool) -> None:
    assert names_major(demand, major) is same


def test_words_without_meaning_for_a_trade_match_nothing() -> None:
    assert pairs("相关专业") == ("关专",)
    assert pairs("C++ 与 Python 工程师") == ("c++", "python", "程师")
    assert demanded(["不限", "会计", ""]) == ("会计",)


def test_the_reasons_can_be_read_aloud() -> None:
    assert sentence(reasons(seeker(), offer())) == "因为你学会计学、想留在佛山、就在你住的区"
    assert sentence(reasons(seeker(major="财务管理"), offer(majors=("财务会计",), district=""))) == (
        "因为和你学的财务管理相近、想留在佛山、想做管理类岗位"
    )
    assert sentence(()) == ""


def test_more_like_a_position_leaves_out_the_position_itself() -> None:
    like, other, far = offer(1), offer(2, majors=("财务会计",)), offer(3, city="440100", district="")
    index = OfferIndex([like, other, far], TODAY)
    assert [match.offer.id for match in similar(index, like, seeker(major="护理"))] == [2]
