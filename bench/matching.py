"""What does matching the whole programme cost: 14,500 people, 60,000 positions, scores, fairness and reasons?

Compared with the plain top-5 from buckets by city, category and major (`reference`): hard conditions and a packed
score, no fairness, no capacity, no reasons. Both take the same made-up people and positions, put into their shapes
beforehand; building their indexes counts.
"""

from __future__ import annotations

import random
import resource
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from heapq import nlargest
from typing import Final, NamedTuple

from bench.measuring import Figures, Finding, Spread, alternate, at_most, of, percentile, ratio
from notifications.matching.index import OfferIndex
from notifications.matching.match import best, serve
from notifications.matching.reasons import reasons, sentence
from notifications.matching.values import Offer, Seeker
from notifications.matching.words import pairs
from policy.regions import CITIES

PEOPLE: Final = 14_500
POSITIONS: Final = 60_000
CITY_WEIGHTS: Final = [20, 18, 5, 4, 9, 2, 3, 2, 4, 3, 5, 2, 1, 1, 2, 2, 10, 4, 1, 2, 1]
TODAY: Final = 739_000
ROUNDS: Final = 5
BIG: Final = 1 << 20
SYLLABLES: Final = (
    "会计机械电子商务汉语英护理建筑给排水数控模具汽车动画园林食品药物流旅游法律金融审统环境化材"
)


class Drawn(NamedTuple):
    """A person or a position as drawn: what both sides are made of."""

    city: int
    category: int
    education: int
    major: int
    industry: int
    words: int


def drawn(count: int, education: Sequence[int], any_major: float, seed: int) -> list[Drawn]:
    """Made-up people or positions: cities skewed as the programme's, 300 majors, a few of 60 words each."""
    source = random.Random(seed)

    def words() -> int:
        mask = 0
        for _ in range(source.randint(1, 5)):
            mask |= 1 << source.randrange(60)
        return mask

    return [
        Drawn(
            source.choices(range(21), CITY_WEIGHTS)[0],
            source.choices(range(4), [4, 5, 3, 4])[0],
            source.choices(range(5), education)[0],
            -1 if source.random() < any_major else source.randrange(300),
            source.randrange(20),
            words(),
        )
        for _ in range(count)
    ]


def major_name(number: int) -> str:
    """One of 300 majors as four characters, some of which share a pair."""
    size = len(SYLLABLES)
    return "".join(SYLLABLES[(number * step + step) % size] for step in (1, 7, 11, 13))


def seekers(people: Sequence[Drawn]) -> list[Seeker]:
    """The people in the shape of the product."""
    return [
        Seeker(
            id=number,
            cities=(CITIES[one.city].code,),
            anywhere=False,
            district=_district(one.city, one.industry),
            kinds=frozenset({str(one.category + 1)}),
            education=one.education + 3,
            major=major_name(one.major),
            grams=pairs(major_name(one.major)),
            available=TODAY + one.industry,
            hardship=number % 10 == 0,
        )
        for number, one in enumerate(people, 1)
    ]


def offers(positions: Sequence[Drawn]) -> list[Offer]:
    """The positions in the shape of the product."""
    return [
        Offer(
            id=number,
            city=CITIES[one.city].code,
            district=_district(one.city, one.industry),
            kind=str(one.category + 1),
            education=one.education + 3,
            majors=() if one.major < 0 else (major_name(one.major),),
            grams=frozenset(() if one.major < 0 else pairs(major_name(one.major))),
            left=1 + one.industry % 4,
            closes=TODAY + 30 + one.industry,
            demonstrative=number % 100 == 0,
            over_floor_percent=one.words % 60,
            months=3 + one.industry % 10,
        )
        for number, one in enumerate(positions, 1)
    ]


def _district(city: int, number: int) -> str:
    districts = CITIES[city].districts
    return districts[number % len(districts)].code if districts else ""


def reference(people: Sequence[Drawn], positions: Sequence[Drawn]) -> list[list[int]]:
    """The plain top 5 of everybody."""
    buckets: dict[tuple[int, int, int], list[tuple[int, int, int, int]]] = {}
    for number, one in enumerate(positions):
        held = buckets.setdefault((one.city, one.category, one.major), [])
        held.append((one.education, one.industry, one.words, -number))
    for held in buckets.values():
        held.sort()
    found = []
    for one in people:
        scored: list[int] = []
        for major, base in ((one.major, 3 * BIG), (-1, 0)):
            held = buckets.get((one.city, one.category, major), [])
            end = bisect_right(held, (one.education, 99))
            same = base + 2 * BIG
            scored += [
                (same if industry == one.industry else base) + (one.words & words).bit_count() * BIG + number
                for _, industry, words, number in held[:end]
            ]
        found.append([-value % BIG for value in nlargest(5, scored)])
    return found


def whole_run(people: Sequence[Seeker], positions: Sequence[Offer]) -> tuple[int, int]:
    """Everybody served, with reasons; returns how many got something, and how many matches there were."""
    for offer in positions:
        offer.room = 0
    index = OfferIndex(positions, TODAY)
    served = matches = 0
    for result in serve(index, people):
        served += bool(result.matches)
        matches += len(result.matches)
        for match in result.matches:
            sentence(reasons(result.seeker, match.offer))
    return served, matches


def timed(work: Callable[[], object]) -> Figures:
    """Seconds of CPU."""
    start = time.process_time()
    work()
    return {"seconds": time.process_time() - start}


def run(*, people: int = PEOPLE, positions: int = POSITIONS, rounds: int = ROUNDS) -> list[Finding]:
    """Run both, in alternation; then one person at a time, and a third of the people for the growth."""
    drawn_people = drawn(people, [1, 4, 8, 3, 1], 0, 7)
    drawn_positions = drawn(positions, [2, 5, 8, 2, 1], 0.4, 8)
    who, what = seekers(drawn_people), offers(drawn_positions)
    before = _peak_mib()
    results = alternate(
        {
            "reference": lambda: timed(lambda: reference(drawn_people, drawn_positions)),
            "ours": lambda: timed(lambda: whole_run(who, what)),
            "third": lambda: timed(lambda: whole_run(who[: people // 3], what)),
        },
        rounds,
    )
    got, matches = whole_run(who, what)
    index = OfferIndex(what, TODAY)
    each = []
    for seeker in who[:2000]:
        start = time.perf_counter()
        best(index, seeker)
        each.append((time.perf_counter() - start) * 1000)
    each.sort()
    seconds = of(results, "ours", "seconds")
    p99 = percentile(each, 0.99)
    growth = ratio(results, "ours", "third", "seconds")
    return [
        at_most(
            "whole programme ÷ plain bucketed top-5",
            f"{seconds} s for {people:,} × {positions:,}; {got:,} served, {matches:,} matches",
            ratio(results, "ours", "reference", "seconds"),
            4,
        ),
        at_most("memory", f"{before:.0f} → {_peak_mib():.0f} MiB", Spread(*[_peak_mib()] * 3), 200),
        at_most("one person, p99 in ms", f"p50 {percentile(each, 0.5):.3g}", Spread(p99, p99, p99), 2),
        at_most("three times the people ÷ a third of them", "time", growth, 3.3),
    ]


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
