"""The positions, arranged so that a person's best are found without looking at all of them.

A shelf holds the positions of one city, district, kind and lowest education, the worthiest in front. Within a
shelf everything but the words of a person's major scores the same for all, so its first few are its best; those
that share words with the major are found through the words. Positions whose room is used up are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from notifications.matching.values import LIMITS, Limits, Offer

RAREST_PAIRS: Final = 3
"""A major's pairs of characters by which positions are looked up: the rarest tell most."""


class Shelf(NamedTuple):
    """Positions of one city, district, kind and lowest education, the worthiest in front."""

    city: str
    district: str
    kind: str
    education: int
    offers: list[Offer]


class OfferIndex:
    """The open positions of a day, and to how many people each may still be shown."""

    def __init__(self, offers: Iterable[Offer], today: int, limits: Limits = LIMITS) -> None:
        shelves: dict[tuple[str, str, str, int], list[Offer]] = defaultdict(list)
        by_pair: dict[tuple[str, str], list[Offer]] = defaultdict(list)
        self.limits = limits
        self.today = today
        self.by_id: dict[int, Offer] = {}
        for offer in offers:
            if offer.left <= 0 or (offer.closes and offer.closes < today):
                continue
            offer.room = max(0, offer.left * limits.shown_for_each_opening - offer.shown)
            self.by_id[offer.id] = offer
            shelves[offer.city, offer.district, offer.kind, offer.education].append(offer)
            for pair in offer.grams:
                by_pair[offer.city, pair].append(offer)
        self.shelves: dict[str, list[Shelf]] = defaultdict(list)
        for (city, district, kind, education), held in sorted(shelves.items()):
            held.sort(key=lambda offer: (-offer.worth, offer.id))
            self.shelves[city].append(Shelf(city, district, kind, education, held))
        self._by_pair = dict(by_pair)

    @property
    def cities(self) -> list[str]:
        """Cities with open positions."""
        return list(self.shelves)

    def sharing(self, city: str, grams: Iterable[str]) -> Iterator[Offer]:
        """Positions of a city that share the rarest of these words; one may come more than once."""
        held = [found for pair in grams if (found := self._by_pair.get((city, pair)))]
        held.sort(key=len)
        for offers in held[:RAREST_PAIRS]:
            yield from offers

    def show(self, offer: Offer) -> None:
        """One more person sees this position; without room left it leaves its shelf when next met."""
        offer.room -= 1


def front(shelf: Shelf, wanted: int, passed: frozenset[int], available: int) -> Iterator[Offer]:
    """The first positions of a shelf that have room and were not passed: `wanted` of them still open when the
    person is free (`available`), and those in front of them. Drops full ones from the front of the shelf.
    """
    offers = shelf.offers
    full = 0
    while full < len(offers) and offers[full].room <= 0:
        full += 1
    if full > 32:  # in portions: taking from the front of a list moves all the rest
        del offers[:full]
        full = 0
    for offer in offers[full:] if full else offers:
        if offer.room > 0 and offer.id not in passed:
            yield offer
            wanted -= not offer.closes or available <= offer.closes
            if wanted == 0:
                return
