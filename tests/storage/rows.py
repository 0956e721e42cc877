"""Rows for tests: a contact, and a person with everything that can hang on one."""

from datetime import UTC, date, datetime, timedelta

from storage.database import Connection
from storage.sealing import Sealer
from storage.tables import (
    Consent,
    Contact,
    DialogSession,
    Download,
    EligibilityResult,
    HardshipMark,
    Message,
    Person,
    PersonField,
    StaffCase,
    Submission,
)

NOON = datetime(2023, 7, 1, 4, 0, tzinfo=UTC)


def contact(connection: Connection, address: str = "visitor") -> int:
    """Store a contact of the web channel; return its id."""
    row = Contact(channel="web", address=address, created_at=NOON)
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    return row.id


def person(connection: Connection, sealer: Sealer, number: str = "440106199901010014") -> int:
    """Store a person; return its id."""
    row = Person(
        status="registered",
        track="graduate",
        outcome="eligible",
        document_kind="resident_id",
        name_sealed=sealer.seal("张伟", b"person.name_sealed"),
        name_index=sealer.index("张伟", "name"),
        id_number_sealed=sealer.seal(number, b"person.id_number_sealed"),
        id_number_index=sealer.index(number, "id_number"),
        phone_sealed=sealer.seal("13800138000", b"person.phone_sealed"),
        phone_index=sealer.index("13800138000", "phone"),
        residence="440106",
        residence_city="4401",
        education="31",
        skill_level="none",
        position_kinds=["管理"],
        available_from=date(2023, 8, 1),
        push_consent=True,
        channel="web",
        created_at=NOON,
        updated_at=NOON,
    )
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    return row.id


def registered(connection: Connection, sealer: Sealer) -> tuple[int, int]:
    """Store a person and contact with a row in every table that refers to them; return both ids."""
    contact_id, person_id = contact(connection), person(connection, sealer)
    session = connection.session
    submission = Submission(
        contact_id=contact_id,
        person_id=person_id,
        answers_sealed=sealer.seal("{}", b"submission.answers_sealed"),
        outcome="created",
        at=NOON,
    )
    session.add(submission)
    session.flush()
    own = session.get_one(Contact, contact_id)
    own.person_id, own.submission_id = person_id, submission.id
    state = sealer.seal("{}", b"session.state_sealed")
    said = sealer.seal("你好", b"message.content_sealed")
    name = sealer.seal("张伟", b"person_field.value_sealed")
    session.add_all(
        [
            DialogSession(
                contact_id=contact_id,
                dialog="home",
                step="menu",
                version=1,
                state_sealed=state,
                updated_at=NOON,
            ),
            Message(
                contact_id=contact_id,
                message_id="1",
                dialog="home",
                step="menu",
                content_sealed=said,
                at=NOON,
            ),
            PersonField(
                person_id=person_id, field="name", value_sealed=name, source="self", actor="web", at=NOON
            ),
            Consent(
                contact_id=contact_id,
                person_id=person_id,
                kind="registration",
                given=True,
                version="1",
                text_hash="0",
                channel="web",
                at=NOON,
            ),
            HardshipMark(person_id=person_id, kind="low_income", source="self", status="claimed", at=NOON),
            EligibilityResult(
                person_id=person_id,
                test_date=date(2023, 7, 1),
                track="graduate",
                outcome="eligible",
                reasons=[],
                parameters="2023",
                at=NOON,
            ),
            StaffCase(
                contact_id=contact_id,
                person_id=person_id,
                kind="hand_over",
                submission_id=submission.id,
                status="open",
                created_at=NOON,
            ),
            Download(
                token_index=b"t", contact_id=contact_id, kind="export", expires_at=NOON + timedelta(hours=1)
            ),
        ]
    )
    return contact_id, person_id
