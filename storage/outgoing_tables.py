"""The tables of what goes out: the delivery ledger, broadcasts, check-ins, follow-up, services, jobs.

Same conventions as `storage.tables`. One message to one contact for one purpose is one row of `Delivery`, whatever
brings it about; a unique key keeps it from being made twice, and its state tells what became of it.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from storage.columns import NEVER_REUSED, Base, Json, UtcTime


class Purpose(Base, table=True):
    """What a message is for (推送事由): one row for each occasion, such as a broadcast or a week's matches.

    `key` is what makes the occasion one ("broadcast:12", "match:2026-W48", "follow_up"). `text` is the template
    that is rendered for each person when it is sent; deliveries that carry their own content leave it empty.
    `case_id` is the case under which a clerk looks at what became of messages whose end is unknown.
    """

    __table_args__ = (NEVER_REUSED,)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    priority: int
    urgent: bool = False
    repeat_harmless: bool = False
    text: str = ""
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)
    case_id: int | None = Field(default=None, foreign_key="staff_case.id", ondelete="SET NULL", index=True)


class Delivery(Base, table=True):
    """One message to one contact for one purpose (投递台账). `subject_id` tells apart what one purpose repeats.

    While it is queued it stands in a `lane`, the queue of a channel, and is due at `due_at`. `content_sealed` is
    what is said, or which dialog is opened; empty where the purpose has a template, and once it was sent. While
    `state` is sending, the platform may or may not have taken it. `sent_to` is the contact it goes to when that is
    another one of the same person. `purpose_id` and `contact_id` are no foreign keys, because checking a million of them
    costs half as much as writing them; neither is ever deleted, only emptied (`storage.people.erase`).
    """

    __table_args__ = (
        UniqueConstraint("purpose_id", "contact_id", "subject_id"),
        Index(
            "ix_delivery_claim",
            "lane",
            "priority",
            "due_at",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        # OR, not IN: SQLite builds a table anew for every row of the latter.
        Index(
            "ix_delivery_waiting",
            "state",
            "contact_id",
            sqlite_where=text("state = 'held' OR state = 'sending' OR state = 'unknown'"),
            postgresql_where=text("state = 'held' OR state = 'sending' OR state = 'unknown'"),
        ),
        Index(
            "ix_delivery_text_kept",
            "settled_at",
            sqlite_where=text("content_sealed IS NOT NULL AND settled_at IS NOT NULL"),
            postgresql_where=text("content_sealed IS NOT NULL AND settled_at IS NOT NULL"),
        ),
        Index(
            "ix_delivery_sent",
            "contact_id",
            "sent_at",
            sqlite_where=text("sent_at IS NOT NULL"),
            postgresql_where=text("sent_at IS NOT NULL"),
        ),
        Index(
            "ix_delivery_platform_message",
            "platform_message_id",
            sqlite_where=text("platform_message_id IS NOT NULL"),
            postgresql_where=text("platform_message_id IS NOT NULL"),
        ),
        NEVER_REUSED,
    )

    id: int | None = Field(default=None, primary_key=True)
    purpose_id: int
    contact_id: int
    subject_id: int = 0
    state: str
    priority: int
    attempts: int = 0
    lane: str | None = None
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    content_sealed: bytes | None = None
    reason: str | None = None
    sent_to: int | None = None
    claimed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    route: str | None = None
    platform_message_id: str | None = None


class StoppedLane(Base, table=True):
    """A channel account that is at fault (通道停发): nothing goes out over it before `probe_at`, then one message."""

    __tablename__ = "stopped_lane"

    channel: str = Field(primary_key=True)
    fault: str
    since: datetime = Field(sa_type=UtcTime)
    probe_at: datetime = Field(sa_type=UtcTime)


class Broadcast(Base, table=True):
    """A message of staff to many (群发): text, audience, and how far it is.

    `canary_over_at` is when the first part was found good, or a clerk let all go; what failed before `judged_since`
    was looked at by a clerk and does not stop it again.
    """

    __table_args__ = (NEVER_REUSED,)

    id: int | None = Field(default=None, primary_key=True)
    title: str
    text: str
    audience: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    urgent: bool = False
    state: str
    purpose_id: int | None = Field(default=None, foreign_key="purpose.id", ondelete="SET NULL")
    size: int = 0
    canary: int = 0
    starts_at: datetime | None = Field(default=None, sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    created_by: str
    approved_by: str | None = None
    stop_reason: str | None = None
    canary_over_at: datetime | None = Field(default=None, sa_type=UtcTime)
    judged_since: datetime | None = Field(default=None, sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class Recommendation(Base, table=True):
    """A position shown to a person (岗位推荐), with the score and the reasons of the last time."""

    __table_args__ = (
        UniqueConstraint("person_id", "position_id"),
        Index(None, "position_id"),
        Index(None, "person_id", "shown_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE")
    position_id: int = Field(foreign_key="position.id", ondelete="CASCADE")
    shown_on: date
    score: int
    reasons: list[str] = Field(default_factory=list, sa_type=Json)


class CheckIn(Base, table=True):
    """A planned question during an internship (见习回访) and its answer; with `host_id` one to a host's contact."""

    __tablename__ = "check_in"
    __table_args__ = (
        UniqueConstraint("internship_id", "kind", "month"),
        UniqueConstraint("host_id", "month"),
        Index(None, "state", "due_on"),
        NEVER_REUSED,
    )

    id: int | None = Field(default=None, primary_key=True)
    internship_id: int | None = Field(default=None, foreign_key="internship.id", ondelete="CASCADE")
    host_id: int | None = Field(default=None, foreign_key="host.id", ondelete="CASCADE")
    kind: str
    month: str
    due_on: date
    state: str
    reason: str | None = None
    asked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    answers_sealed: bytes | None = None


class FollowUpPlan(Base, table=True):
    """The follow-up of somebody who was not kept on (后续跟踪), 人社部发〔2023〕27号 二(六)."""

    __tablename__ = "follow_up_plan"
    __table_args__ = (Index(None, "state", "next_on"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    internship_id: int = Field(foreign_key="internship.id", ondelete="CASCADE", unique=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE", index=True)
    city: str
    kind: str
    state: str
    situation: str | None = None
    employment: str | None = None
    started_on: date
    next_on: date | None = None
    silences: int = 0
    later_check: bool = False
    owner: str | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class FollowUpStep(Base, table=True):
    """One planned contact of a plan: `day` days after it began; with `reason` when it was not made."""

    __tablename__ = "follow_up_step"
    __table_args__ = (UniqueConstraint("plan_id", "day"), Index(None, "state", "due_on"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="follow_up_plan.id", ondelete="CASCADE")
    day: int
    due_on: date
    state: str
    reason: str | None = None
    way: str = "chat"
    asked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    answer: str | None = None


class Service(Base, table=True):
    """A service given to a person ("131"服务): what, when, by whom."""

    __table_args__ = (Index(None, "person_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="CASCADE")
    kind: str
    on: date
    city: str
    actor: str
    resource_id: int | None = Field(default=None, foreign_key="resource.id", ondelete="SET NULL")
    detail: str = ""
    recorded_at: datetime = Field(sa_type=UtcTime)


class StaffBinding(Base, table=True):
    """A clerk's own chat (工作人员绑定): bound by a one-time code, for reminders."""

    __tablename__ = "staff_binding"
    __table_args__ = (NEVER_REUSED,)

    id: int | None = Field(default=None, primary_key=True)
    staff: str = Field(index=True)
    city: str | None = None
    contact_id: int | None = Field(default=None, foreign_key="contact.id", ondelete="SET NULL", index=True)
    code_index: bytes | None = Field(default=None, unique=True)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    bound_at: datetime | None = Field(default=None, sa_type=UtcTime)


class JobRun(Base, table=True):
    """One run of a scheduled job for one occurrence (定时任务): the same occurrence runs once.

    `by_hand`: somebody ran it from the command line, for whatever moment they named.
    """

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("name", "occurrence"), Index(None, "name", "id"))

    id: int | None = Field(default=None, primary_key=True)
    name: str
    occurrence: str
    by_hand: bool = False
    started_at: datetime = Field(sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    result: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    error: str | None = None


__all__ = [
    "Broadcast",
    "CheckIn",
    "Delivery",
    "FollowUpPlan",
    "FollowUpStep",
    "JobRun",
    "Purpose",
    "Recommendation",
    "Service",
    "StaffBinding",
    "StoppedLane",
]
