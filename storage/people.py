"""People in the trainee information base (见习对象信息库): registering, reading, correcting, erasing.

One person, one record: an ID number is stored once. The same number arriving from another contact joins the
record only if name, number and phone all match; otherwise it becomes a case for staff, and the answer given to
the person is the same, so that nobody learns who is in the base.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlmodel import col, delete, func, select, update

from dialogs.facts import assessment, born
from policy.identity import read_document
from policy.outgoing_codes import CaseKind
from policy.regions import household_region
from storage import audit, cases, deliveries, hosts, identity_conflicts
from storage.conversations import forget, link, set_push
from storage.database import Connection
from storage.erasure import lock, release
from storage.errors import NotFound
from storage.ledger_tables import EventSignUp
from storage.sealing import Sealer
from storage.tables import (
    Consent,
    Contact,
    Download,
    EligibilityResult,
    HardshipMark,
    Person,
    PersonField,
    StaffCase,
    Submission,
)

ANSWERS: Final = (
    "track",
    "circumstances",
    "education",
    "graduated_on",
    "birth_date",
    "unemployment_registered",
    "name",
    "id_number",
    "phone",
    "residence",
    "school",
    "major",
    "skill_level",
    "hardship",
    "position_kinds",
    "cities",
    "available_from",
    "push_consent",
)
"""What a person tells in the registration and the base keeps, by field."""

PLAIN: Final = (
    "track",
    "circumstances",
    "education",
    "graduated_on",
    "unemployment_registered",
    "residence",
    "school",
    "major",
    "skill_level",
    "position_kinds",
    "cities",
)
"""Answers that stand in a column of the same name as they are."""

REGISTERED, WITHDRAWN = "registered", "withdrawn"
STATUS: Final = "_status"
"""Beside the answers of a submission that joined no record: registered or withdrawn."""
SUBMITTED: Final = b"submission.answers_sealed"
NO_HARDSHIP: Final = frozenset({"none", "undisclosed"})


class Registered(NamedTuple):
    """What became of a submission: created, updated, linked or conflict; `receipt` is the submission's number."""

    outcome: str
    person_id: int | None
    receipt: int


def _context(column: str) -> bytes:
    return f"person.{column}".encode()


def find_by_id_number(connection: Connection, sealer: Sealer, number: str) -> Person | None:
    """The person with that ID number, under any key of the ring; None if there is none."""
    hashes = sealer.indexes(number, "id_number")
    return connection.session.exec(select(Person).where(col(Person.id_number_index).in_(hashes))).first()


def get(connection: Connection, person_id: int, *, locked: bool = False) -> Person:
    """The person of that id; `locked` keeps others from changing it until the commit. Raises `NotFound`."""
    found = connection.session.get(Person, person_id, with_for_update=locked, populate_existing=locked)
    if found is None:
        raise NotFound("person")
    return found


def register(
    connection: Connection,
    sealer: Sealer,
    contact_id: int,
    channel: str,
    answers: Mapping[str, Any],
    now: datetime,
    today: date,
    demo: bool = False,
) -> Registered:
    """Take a finished registration: make, update or join the record, or open a case. `now` in UTC, `today` local."""
    kept = {field: answers[field] for field in ANSWERS if field in answers}
    contact = connection.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact")
    known = find_by_id_number(connection, sealer, kept["id_number"])
    own = connection.session.get(Person, contact.person_id) if contact.person_id else None
    person: Person | None
    if own is not None and known is not None and known.id != own.id:
        outcome, person = "conflict", None
    elif own is not None:
        outcome, person = "updated", own
    elif known is None:
        outcome, person = "created", None
    elif _same(sealer, known, kept):
        outcome, person = "linked", known
    else:
        outcome, person = "conflict", None
    if outcome != "conflict":
        person = write(connection, sealer, person, kept, channel, now, today, demo=demo)
    submission = Submission(
        contact_id=contact_id,
        person_id=person.id if person else None,
        answers_sealed=sealer.seal(orjson.dumps(kept), SUBMITTED),
        outcome=outcome,
        at=now,
    )
    connection.session.add(submission)
    connection.session.flush()
    assert submission.id is not None
    if outcome == "conflict":
        cases.open_case(
            connection,
            sealer,
            CaseKind.IDENTITY_CONFLICT,
            contact_id,
            now,
            submission_id=submission.id,
            city=_city(kept),
            today=today,
        )
    person_id = person.id if person else contact.person_id
    link(connection, contact_id, person_id, submission.id)
    set_push(connection, contact_id, kept.get("push_consent") == "yes")
    audit.add(connection, now, f"contact:{contact_id}", f"person.{outcome}", f"submission:{submission.id}")
    return Registered(outcome, person_id, submission.id)


def _same(sealer: Sealer, person: Person, answers: Mapping[str, Any]) -> bool:
    """Whether name and phone match too."""
    return person.name_index in sealer.indexes(answers["name"], "name") and (
        person.phone_index in sealer.indexes(answers["phone"], "phone")
    )


def write(
    connection: Connection,
    sealer: Sealer,
    person: Person | None,
    answers: Mapping[str, Any],
    channel: str,
    now: datetime,
    today: date,
    *,
    demo: bool = False,
) -> Person:
    """Make or update the record, with the history of every field that changed."""
    before = answers_of(sealer, person) if person is not None else {}
    values = _columns(sealer, answers, today)
    if person is None:
        person = Person(**values, channel=channel, demo=demo, created_at=now, updated_at=now)
    else:
        for name, value in values.items():
            setattr(person, name, value)
        person.updated_at, person.version = now, person.version + 1
    connection.session.add(person)
    connection.session.flush()
    assert person.id is not None
    _keep_history(connection, sealer, person.id, before, answers, now)
    _keep_hardship(connection, person.id, answers.get("hardship", ()), now)
    found = assessment(answers, today)
    connection.session.add(
        EligibilityResult(
            person_id=person.id,
            test_date=today,
            track=person.track,
            outcome=found.outcome,
            reasons=[str(reason) for reason in found.reasons],
            eligible_until=found.eligible_until,
            parameters=today.isoformat(),
            at=now,
        )
    )
    return person


def _city(answers: Mapping[str, Any]) -> str:
    """The city of the residence that was told."""
    return f"{answers['residence'][:4]}00"


def _columns(sealer: Sealer, answers: Mapping[str, Any], today: date) -> dict[str, Any]:
    document = read_document(answers["id_number"], today)
    found, birth = assessment(answers, today), born(answers)
    hardship = answers.get("hardship", [])
    values: dict[str, Any] = {field: answers.get(field) for field in PLAIN}
    for field in ("name", "id_number", "phone"):
        values[f"{field}_sealed"] = sealer.seal(answers[field], _context(f"{field}_sealed"))
        values[f"{field}_index"] = sealer.index(answers[field], field)
    return values | {
        "status": REGISTERED,
        "track": str(found.track or answers["track"]),
        "outcome": str(found.outcome),
        "eligible_until": found.eligible_until,
        "document_kind": str(document.kind),
        "birth_date_sealed": sealer.seal(birth.isoformat(), _context("birth_date_sealed")) if birth else None,
        "sex": str(document.sex) if document.sex else None,
        "household_region": household_region(document.region) if document.region else None,
        "residence_city": _city(answers),
        "hardship_sealed": sealer.seal(orjson.dumps(hardship), _context("hardship_sealed"))
        if hardship
        else None,
        "available_from": date.fromisoformat(answers["available_from"]),
        "push_consent": answers.get("push_consent") == "yes",
    }


def _keep_history(
    connection: Connection,
    sealer: Sealer,
    person_id: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
) -> None:
    for field in ANSWERS:
        value = after.get(field)
        if value != before.get(field):
            connection.session.add(
                PersonField(
                    person_id=person_id,
                    field=field,
                    value_sealed=sealer.seal(orjson.dumps(value), b"person_field.value_sealed"),
                    source="self",
                    actor="self",
                    at=now,
                )
            )


def _keep_hardship(connection: Connection, person_id: int, kinds: Any, now: datetime) -> None:  # noqa: ANN401
    """What the person says of hardship replaces what they said before; marks found by comparison stay."""
    connection.session.exec(
        delete(HardshipMark).where(
            col(HardshipMark.person_id) == person_id, col(HardshipMark.source) == "self"
        )
    )
    for kind in kinds:
        if kind not in NO_HARDSHIP:
            connection.session.add(
                HardshipMark(person_id=person_id, kind=kind, source="self", status="claimed", at=now)
            )


def answers_of(sealer: Sealer, person: Person) -> dict[str, Any]:
    """The record as answers of the registration dialog, in clear: handle with care."""
    answers: dict[str, Any] = {field: getattr(person, field) for field in PLAIN}
    for field in ("name", "id_number", "phone", "birth_date"):
        sealed = getattr(person, f"{field}_sealed")
        answers[field] = sealer.open_text(sealed, _context(f"{field}_sealed")) if sealed else None
    sealed = person.hardship_sealed
    answers["hardship"] = orjson.loads(sealer.open(sealed, _context("hardship_sealed"))) if sealed else None
    answers["available_from"] = person.available_from.isoformat()
    answers["push_consent"] = "yes" if person.push_consent else "no"
    return {field: value for field, value in answers.items() if value is not None}


def stored_answers(
    connection: Connection, sealer: Sealer, contact_id: int
) -> tuple[str, dict[str, Any]] | None:
    """Status and answers that belong to a contact: its person's, or what it submitted itself. None if nothing.

    Both read alike, so that nobody can tell from them whether the base knew the identity before: a correction that is
    being looked at is shown as if it had been taken over."""
    contact = connection.session.get(Contact, contact_id)
    if contact is None or (contact.person_id is None and contact.submission_id is None):
        return None
    submission = identity_conflicts.waiting(connection, contact)
    if contact.person_id is not None and submission is None:
        person = get(connection, contact.person_id)
        return person.status, answers_of(sealer, person)
    submission = submission or connection.session.get(Submission, contact.submission_id)
    if submission is None:
        return None
    answers = submitted(sealer, submission)
    birth = born(answers)
    if birth is not None:
        answers["birth_date"] = birth.isoformat()
    return answers.pop(STATUS, REGISTERED), answers


def submitted(sealer: Sealer, submission: Submission) -> dict[str, Any]:
    """The answers of a submission, in clear: handle with care."""
    answers: dict[str, Any] = orjson.loads(sealer.open(submission.answers_sealed, SUBMITTED))
    return answers


def _amend_submission(
    connection: Connection, sealer: Sealer, contact: Contact, changes: Mapping[str, Any]
) -> None:
    """Change what was submitted and joined no record: it is what this contact is shown."""
    submission = identity_conflicts.waiting(connection, contact)
    if submission is None and contact.submission_id is not None:
        submission = connection.session.get(Submission, contact.submission_id)
    if submission is not None and submission.person_id is None:
        answers = {**submitted(sealer, submission), **changes}
        submission.answers_sealed = sealer.seal(orjson.dumps(answers), SUBMITTED)
        connection.session.add(submission)


def set_push_consent(
    connection: Connection, sealer: Sealer, contact_id: int, allowed: bool, now: datetime
) -> None:
    """Whether a contact may be sent messages of our own accord, kept beside its registration if there is one."""
    set_push(connection, contact_id, allowed)
    contact = connection.session.get(Contact, contact_id)
    if contact is None:
        return
    if contact.person_id is not None:
        person = get(connection, contact.person_id)
        person.push_consent, person.updated_at, person.version = allowed, now, person.version + 1
        connection.session.add(person)
    _amend_submission(connection, sealer, contact, {"push_consent": "yes" if allowed else "no"})


def withdraw(connection: Connection, sealer: Sealer, contact_id: int, now: datetime) -> None:
    """The person takes the registration back (撤回): kept, but out of matching and pushes."""
    contact = connection.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact")
    if contact.person_id is not None:
        person = get(connection, contact.person_id)
        person.status, person.updated_at, person.version = WITHDRAWN, now, person.version + 1
        person.push_consent = False
        connection.session.add(person)
        connection.session.exec(
            update(Contact).where(col(Contact.person_id) == person.id).values(push_allowed=False)
        )
    _amend_submission(connection, sealer, contact, {STATUS: WITHDRAWN, "push_consent": "no"})
    set_push(connection, contact_id, False)
    audit.add(connection, now, f"contact:{contact_id}", "person.withdrawn", _subject(contact))


def erase(connection: Connection, contact_id: int, now: datetime, *, at_own_wish: bool = True) -> bool:
    """Delete everything a contact's person left here (个人信息保护法 第四十七条), but for the audit of having done so.

    Unless it is `at_own_wish`, a host's contact stays one: only the registration has become too old.
    Returns whether the ledger of an internship stays, locked (`storage.erasure`).
    """
    contact = connection.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact")
    locked = contact.person_id is not None and release(connection, contact.person_id)
    done = "person.locked" if locked else "person.erased"
    audit.add(connection, now, f"contact:{contact_id}", done, _subject(contact))
    contacts = [contact_id]
    if contact.person_id is not None:  # the same person may have written over other channels too
        linked = select(Contact.id).where(Contact.person_id == contact.person_id)
        contacts += [other for other in connection.session.exec(linked) if other not in (None, contact_id)]
        if locked:
            lock(connection, contact.person_id, now)
        else:
            connection.session.exec(delete(Person).where(col(Person.id) == contact.person_id))
    for owner in (StaffCase, Consent, Download, Submission, EventSignUp):
        connection.session.exec(delete(owner).where(col(owner.contact_id).in_(contacts)))
    for each in contacts:
        if at_own_wish:
            hosts.forget_contact(connection, each)
        set_push(connection, each, False)
        forget(connection, each)
    deliveries.forget(connection, contacts, now)
    connection.session.expire_all()
    return locked


def _subject(contact: Contact) -> str:
    return f"person:{contact.person_id}" if contact.person_id else f"submission:{contact.submission_id}"


def every(connection: Connection, status: str | None = None) -> Iterator[Person]:
    """All people in the order of registration, read in portions."""
    query = select(Person).order_by(col(Person.id)).execution_options(yield_per=500)
    if status is not None:
        query = query.where(Person.status == status)
    yield from connection.session.exec(query)


def history(connection: Connection, sealer: Sealer, contact_id: int) -> list[dict[str, Any]]:
    """Every value that each field of a contact's person has had, with who said so and when; oldest first."""
    contact = connection.session.get(Contact, contact_id)
    if contact is None or contact.person_id is None:
        return []
    rows = connection.session.exec(
        select(PersonField).where(PersonField.person_id == contact.person_id).order_by(col(PersonField.id))
    )
    told: list[dict[str, Any]] = [
        {
            "field": row.field,
            "value": orjson.loads(sealer.open(row.value_sealed, b"person_field.value_sealed")),
            "source": row.source,
            "at": row.at.isoformat(timespec="seconds"),
        }
        for row in rows
    ]
    waiting = identity_conflicts.waiting(connection, contact)
    if waiting is not None:
        now = {entry["field"]: entry["value"] for entry in told}
        told += [
            {"field": field, "value": value, "source": "self", "at": waiting.at.isoformat(timespec="seconds")}
            for field, value in submitted(sealer, waiting).items()
            if field in ANSWERS and now.get(field) != value
        ]
    return told


def consents_of(connection: Connection, contact_id: int) -> list[dict[str, Any]]:
    """The consents a contact gave or refused, oldest first."""
    rows = connection.session.exec(
        select(Consent).where(Consent.contact_id == contact_id).order_by(col(Consent.id))
    )
    return [
        {
            "kind": row.kind,
            "given": row.given,
            "version": row.version,
            "at": row.at.isoformat(timespec="seconds"),
        }
        for row in rows
    ]


def count(connection: Connection) -> int:
    """How many people are in the base."""
    return connection.session.exec(select(func.count()).select_from(Person)).one()
