"""The push of a published bundle (示范岗位推送): who wishes for the city hears once which of its positions fit them.

The rules are those of the weekly matches: the same people, hard conditions, score, room and consent. It keeps off
Mondays, when those go out, so that one does not use up the other's day. 粤人社函〔2023〕228号 二.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final

from notifications.jobs import Context, Done
from notifications.matching.index import OfferIndex
from notifications.matching.match import Served, serve
from notifications.matching.values import Seeker
from notifications.weekly_matches import CLOSING, PORTION, buttons, lines, offer, seeker, shown_rows
from policy.months import month_label
from policy.outgoing_codes import PurposeKind
from policy.regions import city as city_of_code
from storage import contacts_of, deliveries, match_candidates
from storage.bundle_lists import Published, published_since
from storage.database import Connection
from storage.deliveries import Said
from storage.delivery_outcomes import people_written_to, written_to
from storage.match_candidates import Opening

NEW_FOR: Final = timedelta(days=7)
"""How long after its publication a bundle is news, also to who registers meanwhile. Open configuration (由本单位设定)."""
OPENING: Final = "{city}{month}的示范岗位发布了，这几个适合您："


async def push_bundles(context: Context, now: datetime) -> Done:
    """Put a message into the ledger for everybody whom a new bundle suits; never a second one of that bundle."""
    today, total = context.day(now), Done()
    bundles = await context.read(lambda connection: published_since(connection, now - NEW_FOR))
    if not bundles:
        return total
    everybody, offered = await context.read(partial(_everything, today))
    for bundle in bundles:
        told = await context.read(partial(people_written_to, key=_key(bundle)))
        people = [one for one in everybody if bundle.city in one.cities and one.id not in told]
        openings = {number: one for number, one in offered.items() if number in bundle.positions}
        index = OfferIndex((offer(one, today) for one in openings.values()), today.toordinal())
        waiting = (one for one in serve(index, people) if one.matches)
        while portion := list(islice(waiting, PORTION)):
            created = await context.write(partial(_tell, context, bundle, portion, openings, now))
            total = total.plus(Done(created))
            context.progress(len(portion))
    return total


def _key(bundle: Published) -> str:
    """By city and month: taken back and published anew it is no news."""
    return f"bundle:{bundle.city}:{bundle.month}"


def _everything(today: date, connection: Connection) -> tuple[list[Seeker], dict[int, Opening]]:
    """Who may be told, and all positions that are open; read once, for a position belongs to one city's bundle."""
    people = [seeker(one) for one in match_candidates.candidates(connection, today)]
    return people, {one.position_id: one for one in match_candidates.openings(connection, today)}


def _tell(
    context: Context,
    bundle: Published,
    portion: Sequence[Served],
    openings: dict[int, Opening],
    now: datetime,
    connection: Connection,
) -> int:
    purpose_id = deliveries.purpose(
        connection, _key(bundle), PurposeKind.BUNDLE, now, expires_at=now + NEW_FOR
    )
    people = [one.seeker.id for one in portion]
    done = written_to(connection, purpose_id, people)
    reaches = contacts_of.reaches(connection, people)
    head = OPENING.format(city=city_of_code(bundle.city).name, month=month_label(bundle.month))
    created = 0
    for one in portion:
        contact_id = reaches[one.seeker.id].preferred
        if one.seeker.id in done or contact_id is None:
            continue
        said = Said("\n".join((head, *lines(one, openings), CLOSING)), buttons(one))
        if deliveries.enqueue(connection, context.sealer, purpose_id, contact_id, said, due_at=now) is None:
            continue
        match_candidates.keep(connection, context.day(now), [*shown_rows(one)])
        created += 1
    return created
