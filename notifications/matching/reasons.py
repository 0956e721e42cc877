"""Why a position is shown (推荐理由): in words that a person can check against what they told us."""

from __future__ import annotations

from notifications.matching.values import Offer, Seeker
from notifications.matching.words import names_major
from policy.codes import PositionKind
from policy.regions import city_of

MOST: int = 3


def reasons(seeker: Seeker, offer: Offer) -> tuple[str, ...]:
    """At most three reasons, the most telling first: "你学会计", "想留在佛山"."""
    found: list[str] = []
    if seeker.major and any(names_major(demand, seeker.major) for demand in offer.majors):
        found.append(f"你学{seeker.major}")
    elif any(pair in offer.grams for pair in seeker.grams):
        found.append(f"和你学的{seeker.major}相近")
    place = city_of(offer.city)
    if offer.city in seeker.cities and place is not None:
        found.append(f"想留在{place.short}")
    elif place is not None:
        found.append(f"愿意去外地，{place.short}有名额")
    if offer.district and offer.district == seeker.district:
        found.append("就在你住的区")
    if offer.kind in seeker.kinds:
        found.append(f"想做{PositionKind(offer.kind).label}岗位")
    if offer.demonstrative:
        found.append("是示范岗位")
    if offer.over_floor_percent >= 20:
        found.append(f"补贴比当地下限高{offer.over_floor_percent}%")
    return tuple(found[:MOST])


def sentence(given: tuple[str, ...]) -> str:
    """The reasons as one clause: 因为你学会计、想留在佛山."""
    return f"因为{'、'.join(given)}" if given else ""
