"""Willingness (见习意愿) as people last stated it, and until when they are eligible: who is to be asked or told.

An answer is kept as a consent of kind `willing`, given or not, beside the registration.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal, select

from policy.ledger_codes import Stage
from storage.contacts_of import ACTIVE
from storage.database import Connection, Statement
from storage.ledger_tables import Internship
from storage.tables import Consent, Person, Submission, core

WILLING: Final = "willing"
UNDER_WAY: Final = (Stage.ACCEPTED, Stage.SIGNED, Stage.IN_POST, Stage.ENDED)
"""Stages from which on nobody is asked whether they want an internship."""

person, consent, submission = core(Person), core(Consent), core(Submission)
internship = core(Internship)

_answered = (
    select(func.max(consent.c.at))
    .where(consent.c.person_id == person.c.id, consent.c.kind == WILLING)
    .scalar_subquery()
)
_submitted = select(func.max(submission.c.at)).where(submission.c.person_id == person.c.id).scalar_subquery()
_placed = (
    select(internship.c.id)
    .where(
        internship.c.person_id == person.c.id,
        internship.c.stage.in_([literal(stage.value) for stage in UNDER_WAY]),
    )
    .exists()
)
PAGE: Final = Statement(
    select(person.c.id, person.c.eligible_until, person.c.created_at, _answered, _submitted)
    .where(
        person.c.id > bindparam("behind"),
        person.c.status.in_([literal(status) for status in ACTIVE]),
        person.c.push_consent,
        ~_placed,
    )
    .order_by(person.c.id)
    .limit(bindparam("most")),
    "behind",
    "most",
)


class Registered(NamedTuple):
    """Somebody who waits for an internship: when they last said that they want one, and until when they may."""

    person_id: int
    eligible_until: date | None
    said_at: datetime


def page(connection: Connection, behind: int, most: int) -> list[Registered]:
    """The people who can be asked, by number from the one after `behind` on: registered, agreed to pushes, not placed."""
    return [
        Registered(number, until, max(at for at in moments if at is not None))
        for number, until, *moments in connection.run(PAGE, (behind, most))
    ]
