"""What matching works on: people and positions reduced to what decides, and the weights, all in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from policy.codes import Education

EDUCATION_RANK: Final = {
    None: 0,
    Education.OTHER: 0,
    Education.PRIMARY_SCHOOL: 1,
    Education.JUNIOR_HIGH_SCHOOL: 2,
    Education.SENIOR_HIGH_SCHOOL: 3,
    Education.SECONDARY_SPECIALISED: 3,
    Education.VOCATIONAL_HIGH_SCHOOL: 3,
    Education.SPECIAL_VOCATIONAL: 3,
    Education.SKILLED_WORKER_SCHOOL: 3,
    Education.TECHNICIAN_COLLEGE: 4,
    Education.JUNIOR_COLLEGE: 4,
    Education.BACHELOR: 5,
    Education.MASTER: 6,
    Education.DOCTOR: 7,
}
"""Order of education: a position that asks for a rank takes everybody of that rank or a higher one."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Points for what speaks for a position (匹配权重). Changing the balance of the matching happens here."""

    kind: int = 30
    major: int = 40
    word: int = 12
    most_words: int = 2
    district: int = 12
    demonstrative: int = 10
    stipend_each_ten_percent: int = 2
    most_stipend: int = 10
    in_time: int = 6
    full_term: int = 3


WEIGHTS: Final = Weights()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many, how often (open configuration, 通知未规定): set by the bureau, not by a notice.

    `shown_for_each_opening`: to how many people at a time a position is shown for each opening it has left.
    """

    each: int = 5
    shown_for_each_opening: int = 3


LIMITS: Final = Limits()


class Seeker(NamedTuple):
    """A person as matching sees them. Days are ordinals; `last_served` 0 is never.

    `cities` in the order of the wish; `anywhere` takes positions of other cities too where none of those fits.
    `passed` are positions applied for or shown lately.
    """

    id: int
    cities: tuple[str, ...]
    anywhere: bool
    district: str
    kinds: frozenset[str]
    education: int
    major: str
    grams: tuple[str, ...]
    available: int
    hardship: bool = False
    last_served: int = 0
    passed: frozenset[int] = frozenset()


@dataclass(slots=True, eq=False)
class Offer:
    """A position as matching sees it. `left` openings; `room` more people to whom it may be shown.

    `worth` is what it scores for everybody; `closes` 0 means no last day.
    """

    id: int
    city: str
    district: str
    kind: str
    education: int
    majors: tuple[str, ...]
    grams: frozenset[str]
    left: int
    closes: int
    demonstrative: bool
    over_floor_percent: int
    months: int
    shown: int = 0
    worth: int = field(init=False)
    room: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        over = self.over_floor_percent // 10 * WEIGHTS.stipend_each_ten_percent
        self.worth = (
            (WEIGHTS.demonstrative if self.demonstrative else 0)
            + min(max(over, 0), WEIGHTS.most_stipend)
            + (WEIGHTS.full_term if self.months >= 6 else 0)
        )


class Match(NamedTuple):
    """A position for a person, with its score."""

    offer: Offer
    score: int
