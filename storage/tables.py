"""The tables of the trainee information base (见习对象信息库), the same on SQLite and PostgreSQL.

Columns named `*_sealed` hold values sealed by `storage.sealing` (AES-256-GCM), columns named `*_index` keyed
hashes for finding a value without opening it; the lists at the end tell key rotation about both. Times are
UTC. Deleting a person or a contact deletes what hangs on it; the audit log refers to nobody by foreign key,
so it stays. Rows carry no behaviour: the verbs are in the modules of their nouns.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlmodel import Field

# The ledger's tables hang on these and share the lists at the end.
from storage import ledger_tables as _ledger_tables  # noqa: F401
from storage import outgoing_tables as _outgoing_tables  # noqa: F401
from storage.columns import FOUND_BY_KEY, NEVER_REUSED, Base, IndexColumn, Json, SealedColumn, UtcTime, core

__all__ = [
    "INDEX_COLUMNS",
    "SEALED_COLUMNS",
    "Allowance",
    "Audit",
    "Base",
    "Consent",
    "Contact",
    "DialogSession",
    "Download",
    "EligibilityResult",
    "FormLink",
    "HardshipMark",
    "HeldReply",
    "Installation",
    "Message",
    "Person",
    "PersonField",
    "PlatformOutcome",
    "PlatformToken",
    "Quota",
    "ReceivedNonce",
    "RegisterEntry",
    "StaffCase",
    "Submission",
    "TemplateConsent",
    "core",
]


class Installation(Base, table=True):
    """Facts about this database itself, such as the check value of each key."""

    key: str = Field(primary_key=True)
    value: bytes


class Contact(Base, table=True):
    """A channel identity (渠道身份): one conversation partner on one channel, registered or not."""

    __table_args__ = (UniqueConstraint("channel", "address"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    address: str
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True)
    # Contact and submission point at each other, so this key is added after both tables.
    submission_id: int | None = Field(
        default=None,
        sa_column_args=[ForeignKey("submission.id", ondelete="SET NULL", use_alter=True)],
        index=True,
    )
    source: str | None = None
    reachable: bool = True
    push_allowed: bool = False
    created_at: datetime = Field(sa_type=UtcTime)


class DialogSession(Base, table=True):
    """The running dialog of a contact: where it stands, and the sealed state."""

    __tablename__ = "session"

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    dialog: str
    step: str
    version: int
    state_sealed: bytes
    updated_at: datetime = Field(sa_type=UtcTime)


class Message(Base, table=True):
    """A handled message with its answer: the conversation's log, and what a repeated message gets again."""

    __table_args__ = (
        UniqueConstraint("message_id", "contact_id"),  # platforms give ids in ascending order
        Index(None, "contact_id", "id"),
        NEVER_REUSED,
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE")
    message_id: str | None = None
    dialog: str
    step: str
    content_sealed: bytes
    at: datetime = Field(sa_type=UtcTime)


class Person(Base, table=True):
    """A registered young person (见习对象). `version` grows with each edit: no clerk overwrites another."""

    __table_args__ = (NEVER_REUSED,)

    id: int | None = Field(default=None, primary_key=True)
    status: str
    track: str
    outcome: str
    eligible_until: date | None = None
    document_kind: str
    name_sealed: bytes
    name_index: bytes = Field(index=True)
    id_number_sealed: bytes
    id_number_index: bytes | None = Field(default=None, unique=True)
    phone_sealed: bytes
    phone_index: bytes = Field(index=True)
    birth_date_sealed: bytes | None = None
    sex: str | None = None
    household_region: str | None = None
    residence: str
    residence_city: str = Field(index=True)
    education: str
    school: str | None = None
    major: str | None = None
    graduated_on: str | None = None
    unemployment_registered: str | None = None
    circumstances: list[str] = Field(default_factory=list, sa_type=Json)
    skill_level: str
    hardship_sealed: bytes | None = None
    position_kinds: list[str] = Field(default_factory=list, sa_type=Json)
    cities: list[str] = Field(default_factory=list, sa_type=Json)
    available_from: date
    push_consent: bool
    decided_by: str | None = None
    decision_reason: str | None = None
    decided_on: date | None = None
    demo: bool = False
    channel: str
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class PersonField(Base, table=True):
    """One value that a field of a person has had, with who said so: provenance and history, only added to.

    `source` is self, import, comparison or clerk; the newest row of a field is what holds.
    """

    __tablename__ = "person_field"
    __table_args__ = (Index(None, "person_id", "field", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE")
    field: str
    value_sealed: bytes
    source: str
    actor: str
    at: datetime = Field(sa_type=UtcTime)


class Submission(Base, table=True):
    """A registration as it was submitted; `outcome` is created, linked, updated or conflict."""

    __table_args__ = (NEVER_REUSED,)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="CASCADE", index=True)
    answers_sealed: bytes
    outcome: str
    at: datetime = Field(sa_type=UtcTime)


class Consent(Base, table=True):
    """A consent given or refused (知情同意): to which text, in which version, when and where."""

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", ondelete="CASCADE", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="CASCADE", index=True)
    kind: str
    given: bool
    version: str
    text_hash: str
    channel: str
    at: datetime = Field(sa_type=UtcTime)


class HardshipMark(Base, table=True):
    """A hardship of a person (困难毕业生标识): as said (`source` self), found by comparison, or decided by a clerk.

    What each `status` means is in `storage.hardship_marks`.
    """

    __tablename__ = "hardship_mark"
    __table_args__ = (Index(None, "person_id", "kind"), Index(None, "status", "expires_on"))

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE")
    kind: str
    source: str
    status: str
    proof_date: date | None = None
    expires_on: date | None = None
    entry_id: int | None = Field(
        default=None, foreign_key="hardship_entry.id", ondelete="SET NULL", index=True
    )
    at: datetime = Field(sa_type=UtcTime)


class EligibilityResult(Base, table=True):
    """One eligibility test of a person: outcome, reasons, and the parameters it was made with."""

    __tablename__ = "eligibility_result"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    test_date: date
    track: str
    outcome: str
    reasons: list[Any] = Field(default_factory=list, sa_type=Json)
    eligible_until: date | None = None
    parameters: str
    at: datetime = Field(sa_type=UtcTime)


class StaffCase(Base, table=True):
    """Something that waits for a clerk (待办): `kind` is of policy.outgoing_codes.CaseKind.

    `version` grows with each edit: no clerk overwrites another.

    A register_match asks whether `person_id` is the person of the register's entry `entry_id`.
    A host_application is about `host_id`; its note is JSON (`storage.host_applications`).
    """

    __tablename__ = "staff_case"
    __table_args__ = (Index(None, "status", "id"), Index(None, "owner", "status", "due_on"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    contact_id: int | None = Field(default=None, foreign_key="contact.id", ondelete="CASCADE", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="CASCADE", index=True)
    submission_id: int | None = Field(
        default=None, foreign_key="submission.id", ondelete="SET NULL", index=True
    )
    internship_id: int | None = Field(
        default=None, foreign_key="internship.id", ondelete="SET NULL", index=True
    )
    city: str | None = None
    owner: str | None = None
    due_on: date | None = None
    entry_id: int | None = Field(
        default=None, foreign_key="register_entry.id", ondelete="CASCADE", index=True
    )
    host_id: int | None = Field(default=None, foreign_key="host.id", ondelete="CASCADE", index=True)
    note_sealed: bytes | None = None
    result_sealed: bytes | None = None
    status: str
    created_at: datetime = Field(sa_type=UtcTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class RegisterEntry(Base, table=True):
    """One person of an imported register (实名信息数据库、求职登记、失业登记库), found by ID number.

    `matched` tells how `person_id` was found: confirmed (by ID number, or by a clerk), to_confirm (by name and
    phone) or refused (a clerk said: somebody else).
    """

    __tablename__ = "register_entry"
    __table_args__ = (
        UniqueConstraint("register", "id_number_index"),
        Index(
            "ix_register_entry_to_confirm",
            "id",
            sqlite_where=text("matched = 'to_confirm'"),
            postgresql_where=text("matched = 'to_confirm'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    # Pydantic owns the attribute name `register`; the column has it nevertheless.
    register_name: str = Field(sa_column=Column("register", String, nullable=False))
    id_number_index: bytes = Field(index=True)
    name_index: bytes
    phone_index: bytes | None = Field(default=None, index=True)
    data_sealed: bytes
    city: str | None = None
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True)
    matched: str | None = None
    run_id: int | None = Field(default=None, foreign_key="import_run.id", ondelete="SET NULL", index=True)
    at: datetime = Field(sa_type=UtcTime)


class Audit(Base, table=True):
    """Who did what to whom. Only added to: triggers refuse every UPDATE and DELETE."""

    __table_args__ = (Index(None, "subject", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Download(Base, table=True):
    """A one-time link to a file made for a contact, known by the keyed hash of its token."""

    token_index: bytes = Field(primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE", index=True)
    kind: str
    expires_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)


class FormLink(Base, table=True):
    """A one-time link to a form for the sensitive field at one step of a running dialog."""

    __tablename__ = "form_link"

    token_index: bytes = Field(primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE", index=True)
    dialog: str
    step: str
    expires_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)


class PlatformToken(Base, table=True):
    """An access token of a platform account, shared by all processes.

    While `claimed_until` lies ahead one process is fetching a new one and the others wait for it.
    """

    __tablename__ = "platform_token"
    __table_args__ = (UniqueConstraint("account", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    account: str
    kind: str
    value_sealed: bytes | None = None
    expires_at: datetime = Field(sa_type=UtcTime)
    claimed_until: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)


class PlatformOutcome(Base, table=True):
    """What a platform says became of something sent (发送结果), once for each message; of nobody in particular.

    `kind` is template, mass or subscription, `result` delivered, blocked or failed; `detail` has the platform's own
    word for it and, of a mass message, how many people it reached.
    """

    __tablename__ = "platform_outcome"
    __table_args__ = (UniqueConstraint("channel", "platform_message_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    platform_message_id: str
    kind: str
    result: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    at: datetime = Field(sa_type=UtcTime)


class Allowance(Base, table=True):
    """What a platform lets us send to a contact (客服消息下发额度): the newest window of each kind, and its use."""

    __table_args__ = (FOUND_BY_KEY,)

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    kind: str = Field(primary_key=True)
    opened_at: datetime = Field(sa_type=UtcTime)
    used: int


class TemplateConsent(Base, table=True):
    """Subscription notices (订阅通知) that a contact has agreed to and that were not sent yet."""

    __tablename__ = "template_consent"

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    template_id: str = Field(primary_key=True)
    left: int


class Quota(Base, table=True):
    """Calls to one interface of a platform account in one period (a day or month of Beijing time)."""

    account: str = Field(primary_key=True)
    api: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    used: int
    limit: int


class ReceivedNonce(Base, table=True):
    """A signed request that was taken, with the digest of its body: nobody sends another body under it.

    `nonce` begins with its time, so that the key also finds what is old.
    """

    __tablename__ = "received_nonce"
    __table_args__ = (FOUND_BY_KEY,)

    channel: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    digest: bytes
    at: datetime = Field(sa_type=UtcTime)


class HeldReply(Base, table=True):
    """The part of an answer that could not be sent; the answer to the contact's next message begins with it.

    `message_id` is that message, once it has come: sent again, it gets the same answer.
    """

    __tablename__ = "held_reply"

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    text_sealed: bytes
    message_id: str | None = None
    at: datetime = Field(sa_type=UtcTime)


SEALED_COLUMNS: Final = tuple(
    SealedColumn(table.name, column.name)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if column.name.endswith("_sealed")
)

INDEX_COLUMNS: Final = (
    IndexColumn("person", "name_index", "name_sealed", "name"),
    IndexColumn("person", "id_number_index", "id_number_sealed", "id_number"),
    IndexColumn("person", "phone_index", "phone_sealed", "phone"),
    IndexColumn("register_entry", "name_index", "data_sealed", "name", "name"),
    IndexColumn("register_entry", "id_number_index", "data_sealed", "id_number", "id_number"),
    IndexColumn("register_entry", "phone_index", "data_sealed", "phone", "phone"),
    IndexColumn("hardship_entry", "name_index", "data_sealed", "name", "name"),
    IndexColumn("hardship_entry", "id_number_index", "data_sealed", "id_number", "id_number"),
    IndexColumn("mentor", "name_index", "name_sealed", "name"),
    IndexColumn("payout_account", "account_index", "account_sealed", "account"),
)
