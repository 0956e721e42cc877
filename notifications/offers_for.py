"""What is offered to whom after an internship (帮扶推荐): jobs by the matching's own rules, trainings by shared words.

Positions for interns are offered only to who ended early: the others have had their internship.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from notifications.matching.index import OfferIndex
from notifications.matching.match import best
from notifications.matching.reasons import reasons, sentence
from notifications.matching.values import EDUCATION_RANK, Offer, Seeker
from notifications.matching.words import demanded, pairs
from policy.codes import Education
from policy.ledger_codes import ResourceKind
from policy.positions import yuan
from policy.programme import stipend_floor_fen
from storage import offers
from storage.database import Connection
from storage.offers import Offered, Vacancy, Wish

EACH: Final = 3
"""Jobs in one message: 国办发〔2022〕13号 asks for three recommendations, and nobody reads ten on a phone."""
PLENTY: Final = 1_000_000
COURSES: Final = 5


class Job(NamedTuple):
    """A job for somebody, as a line to read; `resource_id` None for a position of the programme."""

    line: str
    resource_id: int | None
    position_id: int | None = None


class JobBoard:
    """The jobs of some cities on a day, ready to be matched. Positions are told apart by negative numbers."""

    def __init__(self, connection: Connection, cities: Iterable[str], today: date) -> None:
        wanted = set(cities)
        self._jobs = {job.id: job for job in offers.resources(connection, ResourceKind.JOB, wanted, today)}
        self._positions = {one.id: one for one in offers.vacancies(connection, wanted, today)}
        self._only_jobs = OfferIndex((_job_offer(job) for job in self._jobs.values()), today.toordinal())
        places = (_position_offer(one, today) for one in self._positions.values())
        both = (*(_job_offer(job) for job in self._jobs.values()), *places)
        self._everything = OfferIndex(both, today.toordinal())

    def best(self, wish: Wish, passed: Iterable[int], *, positions: bool = False) -> list[Job]:
        """The best jobs for somebody, of those not offered before (`passed`)."""
        index = self._everything if positions else self._only_jobs
        seeker = seeker_of(wish)._replace(passed=frozenset(passed))
        found = best(index, seeker, EACH)
        return [self._job(match.offer, sentence(reasons(seeker, match.offer))) for match in found]

    def _job(self, offer: Offer, why: str) -> Job:
        because = f"\n   {why}" if why else ""
        if offer.id > 0:
            job = self._jobs[offer.id]
            how = f"，{job.contact or job.url}" if job.contact or job.url else ""
            return Job(f"{job.title}（{job.provider}）{how}{because}", job.id)
        one = self._positions[-offer.id]
        pay = yuan(one.stipend_fen)
        return Job(f"见习岗位：{one.title}（{one.host_name}），月补贴{pay}元{because}", None, one.id)


def told(jobs: Sequence[Job]) -> str:
    """Jobs as a numbered text."""
    return "\n".join(f"{number}. {job.line}" for number, job in enumerate(jobs, 1))


def cities_of(wish: Wish) -> set[str]:
    """Where somebody would work: where they live and where they wished to go."""
    return {wish.city, *wish.cities}


def seeker_of(wish: Wish) -> Seeker:
    """A person as the matching sees them."""
    return Seeker(
        id=wish.person_id,
        cities=tuple(dict.fromkeys((wish.city, *wish.cities, offers.PROVINCE))),
        anywhere=False,
        district=wish.district,
        kinds=frozenset(wish.kinds),
        education=_rank(wish.education),
        major=wish.major,
        grams=pairs(wish.major),
        available=wish.available_from.toordinal(),
    )


def courses(connection: Connection, city: str, wish: Wish, today: date) -> list[Offered]:
    """Trainings that somebody may take, what shares words with their major in front."""
    found = offers.resources(connection, ResourceKind.TRAINING, [city, wish.city], today, limit=200)
    rank, words = _rank(wish.education), set(pairs(wish.major))
    fitting = [each for each in found if _rank(each.education) <= rank]
    fitting.sort(key=lambda each: (-len(words & set(pairs(_text(each)))), -each.id))
    return fitting[:COURSES]


def _rank(education: str | None) -> int:
    return EDUCATION_RANK[Education(education)] if education in set(Education) else 0


def _text(offered: Offered) -> str:
    return " ".join((offered.title, *offered.words))


def _job_offer(job: Offered) -> Offer:
    return Offer(
        id=job.id,
        city=job.city,
        district=job.district or "",
        kind="",
        education=_rank(job.education),
        majors=demanded(job.words),
        grams=frozenset(pairs(_text(job))),
        left=PLENTY,
        closes=job.valid_until.toordinal() if job.valid_until else 0,
        demonstrative=False,
        over_floor_percent=0,
        months=0,
    )


def _position_offer(one: Vacancy, today: date) -> Offer:
    return Offer(
        id=-one.id,
        city=one.city,
        district=one.district,
        kind=one.kind,
        education=_rank(one.education),
        majors=demanded(one.majors),
        grams=frozenset(pairs(" ".join((one.title, *one.majors)))),
        left=one.left,
        closes=one.closes_on.toordinal() if one.closes_on else 0,
        demonstrative=one.demonstrative,
        over_floor_percent=_over_floor(one, today),
        months=one.months,
    )


def _over_floor(one: Vacancy, today: date) -> int:
    try:
        floor = stipend_floor_fen(one.city, today)
    except LookupError:  # no wage is on record for that day
        return 0
    return (one.stipend_fen - floor) * 100 // floor
