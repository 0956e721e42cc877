"""Who is shown what: the best of a person, and the run over everybody that is fair to all.

Hard conditions: a wished city (or any, for who goes anywhere and finds nothing there), the education asked for,
openings left, not passed before, not closed; whether somebody is eligible is decided before. The run serves who
has waited longest first, then who has a hardship mark (人社部发〔2023〕27号 二(一): 重点锁定困难毕业生), and shows a
position only to some people for each opening, so that nobody is sent to a queue of hundreds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain
from typing import Final, NamedTuple

from notifications.matching.index import OfferIndex, front
from notifications.matching.values import WEIGHTS, Match, Offer, Seeker, Weights
from notifications.matching.words import names_major

SPREAD: Final = 2654435761
"""A prime that scatters ids, so that people with equal claims take turns from week to week."""


class Served(NamedTuple):
    """What a person is shown in a run; nothing when `matches` is empty."""

    seeker: Seeker
    matches: tuple[Match, ...]


def score(seeker: Seeker, offer: Offer, weights: Weights = WEIGHTS) -> int:
    """Points of a position that meets the hard conditions, for this person."""
    return _plain(seeker, offer, weights) + _words(seeker, offer, weights)


def _plain(seeker: Seeker, offer: Offer, weights: Weights) -> int:
    """Points for everything but words."""
    points = offer.worth
    if offer.kind in seeker.kinds:
        points += weights.kind
    if offer.district and offer.district == seeker.district:
        points += weights.district
    if not offer.closes or seeker.available <= offer.closes:
        points += weights.in_time
    return points


def _words(seeker: Seeker, offer: Offer, weights: Weights) -> int:
    """Points for the major that is asked for, and for words that it shares with the position."""
    points = 0
    for demand in offer.majors:
        if names_major(demand, seeker.major):
            points = weights.major
            break
    shared = 0
    for pair in seeker.grams:
        if pair in offer.grams:
            shared += 1
            if shared == weights.most_words:
                break
    return points + weights.word * shared


def best(index: OfferIndex, seeker: Seeker, wanted: int | None = None) -> list[Match]:
    """The best positions for one person, the best first, of the wished cities; then of any if they go anywhere."""
    wanted = wanted or index.limits.each
    found = _best_in(index, seeker, seeker.cities, wanted)
    if not found and seeker.anywhere:
        found = _best_in(index, seeker, index.cities, wanted)
    return found


def _best_in(index: OfferIndex, seeker: Seeker, cities: Iterable[str], wanted: int) -> list[Match]:
    chosen: list[tuple[int, int, Offer]] = []
    seen: set[int] = set()
    education, passed, most_words = seeker.education, seeker.passed, WEIGHTS.major + WEIGHTS.word * 2
    least = -1  # what the worst of the chosen scores, once there are enough
    for city in cities:
        for offer in chain(_fronts(index, seeker, city, wanted), index.sharing(city, seeker.grams)):
            number = offer.id
            if number in seen or offer.education > education or offer.room <= 0 or number in passed:
                continue
            seen.add(number)
            points = _plain(seeker, offer, WEIGHTS)
            if points + most_words < least:  # whatever its words are, it is not among the best
                continue
            points += _words(seeker, offer, WEIGHTS)
            if points < least:
                continue
            heappush(chosen, (points, -number, offer))
            if len(chosen) > wanted:
                heappop(chosen)
            if len(chosen) == wanted:
                least = chosen[0][0]
    return [Match(offer, points) for points, _, offer in sorted(chosen, reverse=True)]


def _fronts(index: OfferIndex, seeker: Seeker, city: str, wanted: int) -> Iterator[Offer]:
    # Of the shelves only as many are opened as can hold the best: each by what its first would score at most.
    shelves = [
        (
            (WEIGHTS.kind if shelf.kind in seeker.kinds else 0)
            + (WEIGHTS.district if shelf.district and shelf.district == seeker.district else 0)
            + shelf.offers[0].worth,
            shelf,
        )
        for shelf in index.shelves.get(city, ())
        if shelf.education <= seeker.education and shelf.offers
    ]
    shelves.sort(key=lambda pair: -pair[0])
    worst: list[int] = []
    for most, shelf in shelves:
        if len(worst) >= wanted and most + WEIGHTS.in_time <= worst[wanted - 1]:
            return
        bonus = most - shelf.offers[0].worth
        for offer in front(shelf, wanted, seeker.passed, seeker.available):
            yield offer
            in_time = not offer.closes or seeker.available <= offer.closes
            worst.append(bonus + offer.worth + (WEIGHTS.in_time if in_time else 0))
        worst.sort(reverse=True)


def serve(index: OfferIndex, seekers: Sequence[Seeker]) -> Iterator[Served]:
    """Serve everybody in fair order; each position is shown to no more people than it has room for."""
    for seeker in sorted(seekers, key=lambda one: _turn(one, index.today)):
        matches = tuple(best(index, seeker))
        for match in matches:
            index.show(match.offer)
        yield Served(seeker, matches)


def _turn(seeker: Seeker, today: int) -> tuple[int, bool, int]:
    return seeker.last_served, not seeker.hardship, (seeker.id + today) * SPREAD % 2**32


def similar(index: OfferIndex, offer: Offer, seeker: Seeker, wanted: int = 5) -> list[Match]:
    """More like a position: the same city, sharing its words or kind, that this person could take."""
    like = seeker._replace(
        cities=(offer.city,),
        anywhere=False,
        kinds=frozenset({offer.kind}),
        major=offer.majors[0] if offer.majors else "",
        grams=tuple(sorted(offer.grams)),
        district=offer.district,
        passed=seeker.passed | {offer.id},
    )
    return best(index, like, wanted)
