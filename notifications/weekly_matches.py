"""The weekly push of matches (每周岗位推荐): the whole programme is matched at once, then told in portions.

Everybody for whom something fits gets at most five positions, each with its reasons and a button to apply; who
gets nothing stands in the ledger with the reason, so that staff see them. 人社部发〔2023〕27号 二(一)：定向推送见习信息.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

from notifications.jobs import Context, Done
from notifications.matching.index import OfferIndex
from notifications.matching.match import Served, serve
from notifications.matching.reasons import reasons, sentence
from notifications.matching.values import EDUCATION_RANK, Offer, Seeker
from notifications.matching.words import demanded, pairs
from policy.codes import Education
from policy.outgoing_codes import PurposeKind, SkipReason
from policy.positions import yuan
from policy.programme import stipend_floor_fen
from storage import contacts_of, deliveries, match_candidates
from storage.database import Connection
from storage.deliveries import Said
from storage.delivery_outcomes import written_to
from storage.match_candidates import Candidate, Opening

ANY_CITY: Final = "any"
PORTION: Final = 200
EXPIRES: Final = timedelta(days=6)
"""After this the next week's matches come."""
OPENING: Final = "见习通按您的专业和意愿，找了几个见习岗位："
CLOSING: Final = "点下面的按钮，或回复“岗位”加编号看详情、报名。不想再收，回复“退订”。"


async def match_positions(context: Context, now: datetime) -> Done:
    """Match everybody, and put a message for each into the ledger, once a week."""
    today = context.day(now)
    year, week, _ = today.isocalendar()
    key = f"match:{year}-W{week:02d}"
    served, titles = await context.database.read(lambda connection: match(connection, today))
    total = Done()
    waiting = iter(served)
    while portion := list(islice(waiting, PORTION)):
        created = await context.write(
            lambda connection, portion=portion: _tell(  # type: ignore[misc]  # bound at once
                connection, context, key, portion, titles, now, today
            )
        )
        total = total.plus(Done(created))
        context.progress(len(portion))
    return total


def match(connection: Connection, today: date) -> tuple[list[Served], dict[int, Opening]]:
    """Who is shown what today, without telling anybody; and the positions by number."""
    openings = {one.position_id: one for one in match_candidates.openings(connection, today)}
    index = OfferIndex((offer(one, today) for one in openings.values()), today.toordinal())
    people = [seeker(one) for one in match_candidates.candidates(connection, today)]
    return list(serve(index, people)), openings


def seeker(one: Candidate) -> Seeker:
    """A candidate in the shape of the matching."""
    cities = tuple(city for city in one.cities if city != ANY_CITY)
    home = one.residence.split(" ")[0]
    anywhere = ANY_CITY in one.cities
    if anywhere and not cities:  # wherever they go, home comes first
        cities = (home[:4] + "00",)
    return Seeker(
        one.person_id,
        cities,
        anywhere,
        home,
        frozenset(one.kinds),
        EDUCATION_RANK[Education(one.education)],
        one.major,
        pairs(one.major),
        one.available_from.toordinal(),
        one.hardship,
        one.last_shown.toordinal() if one.last_shown is not None else 0,
        one.passed,
    )


def offer(one: Opening, today: date) -> Offer:
    """A position in the shape of the matching."""
    majors = demanded(one.majors)
    try:
        floor = stipend_floor_fen(one.city, today)
    except LookupError:  # no minimum wage is on record: nothing is said of the stipend
        floor = one.stipend_fen
    return Offer(
        one.position_id,
        one.city,
        one.district,
        one.kind,
        EDUCATION_RANK[Education(one.education) if one.education else None],
        majors,
        frozenset(pair for text in (*majors, one.title) for pair in pairs(text)),
        one.left,
        one.closes_on.toordinal() if one.closes_on is not None else 0,
        one.demonstrative,
        max(0, (one.stipend_fen - floor) * 100 // floor) if floor else 0,
        one.months,
        one.shown,
    )


def _tell(
    connection: Connection,
    context: Context,
    key: str,
    portion: Sequence[Served],
    openings: dict[int, Opening],
    now: datetime,
    today: date,
) -> int:
    purpose_id = deliveries.purpose(connection, key, PurposeKind.MATCH, now, expires_at=now + EXPIRES)
    people = [one.seeker.id for one in portion]
    done = written_to(connection, purpose_id, people)
    reaches = contacts_of.reaches(connection, people)
    created = 0
    for one in portion:
        contact_id = reaches[one.seeker.id].preferred
        if one.seeker.id in done or contact_id is None:
            continue
        if not one.matches:
            deliveries.record_skipped(connection, purpose_id, contact_id, SkipReason.NOTHING_FITS, now)
            continue
        said = Said("\n".join((OPENING, *lines(one, openings), CLOSING)), buttons(one))
        made = deliveries.enqueue(connection, context.sealer, purpose_id, contact_id, said, due_at=now)
        if made is not None:
            match_candidates.keep(connection, today, [*shown_rows(one)])
            created += 1
    return created


def lines(one: Served, openings: dict[int, Opening]) -> Iterator[str]:
    """The positions of a message, each with why it is there."""
    for match in one.matches:
        opening = openings[match.offer.id]
        why = sentence(reasons(one.seeker, match.offer))
        yield f"岗位{opening.position_id} {opening.title}（{opening.host_name}），月补贴{yuan(opening.stipend_fen)}元"
        if why:
            yield f"   {why}"


def buttons(one: Served) -> list[tuple[str, str]]:
    """A button for each position."""
    return [(f"岗位{match.offer.id}", f"看岗位{match.offer.id}、报名") for match in one.matches]


def shown_rows(one: Served) -> Iterator[tuple[int, int, int, Sequence[str]]]:
    """What is kept of it: person, position, score and reasons."""
    for match in one.matches:
        yield one.seeker.id, match.offer.id, match.score, reasons(one.seeker, match.offer)
