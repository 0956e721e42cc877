"""The tables of the ledger (见习台账): hosts, positions, internships, subsidies, targets, reports, imports.

Same conventions as `storage.tables`. Money stands in fen (分) in columns named `*_fen`. `period` columns hold the
month ("YYYY-MM") in which a fact is counted by the monthly reports; None means that its month had been filed
when it became known, so that it stands in the list of corrections (更正) instead. Truth is what is only added
to (`Transition`, `StockMovement`); the dates and stages beside them are their sum, kept for quick lists.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from storage.columns import NEVER_REUSED, Base, Json, UtcTime


class Host(Base, table=True):
    """An internship host (见习单位). `review_due` is when its yearly review is to be done."""

    __table_args__ = (Index(None, "city", "status", "id"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    uscc: str = Field(unique=True)
    name: str = Field(index=True)
    kind: str
    city: str
    district: str | None = None
    address: str | None = None
    contact_name_sealed: bytes | None = None
    contact_phone_sealed: bytes | None = None
    contact_id: int | None = Field(default=None, foreign_key="contact.id", ondelete="SET NULL", index=True)
    status: str
    applied_on: date
    approved_on: date | None = None
    review_due: date | None = None
    decision_reason: str | None = None
    decided_by: str | None = None
    source: str
    demo: bool = False
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class Mentor(Base, table=True):
    """A mentor (带教老师) whom a host appoints, 人社部发〔2023〕27号 二(五)."""

    __table_args__ = (UniqueConstraint("host_id", "name_index"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    host_id: int = Field(foreign_key="host.id", ondelete="CASCADE")
    name_sealed: bytes
    name_index: bytes
    job_title: str | None = None
    created_at: datetime = Field(sa_type=UtcTime)


class Position(Base, table=True):
    """An internship position (见习岗位). `taken` counts its accepted and running internships.

    `education` is the lowest accepted (policy.codes.Education) or None for any; `majors` are the words of the
    demand; `search_text` is what word search looks through.
    """

    __table_args__ = (
        UniqueConstraint("host_id", "title", "city", "district"),
        Index(None, "city", "status", "kind", "id"),
        Index(None, "city", "status", "id"),
        Index(None, "status", "id"),
        Index(None, "status", "closes_on"),
        NEVER_REUSED,
    )

    id: int | None = Field(default=None, primary_key=True)
    host_id: int = Field(foreign_key="host.id", ondelete="RESTRICT", index=True)
    title: str
    kind: str
    city: str
    district: str = ""
    openings: int
    taken: int = 0
    education: str | None = None
    majors: list[str] = Field(default_factory=list, sa_type=Json)
    stipend_fen: int
    months: int
    mentor_id: int | None = Field(default=None, foreign_key="mentor.id", ondelete="SET NULL", index=True)
    description: str = ""
    demonstrative: bool = False
    demonstrative_reason: str | None = None
    closes_on: date | None = None
    status: str
    decision_reason: str | None = None
    decided_by: str | None = None
    search_text: str
    source: str
    demo: bool = False
    published_on: date | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class StockMovement(Base, table=True):
    """A change of the number of hosts (指标1、2) or openings (指标3、4) of a city; only added to.

    `subject` is host or position. `opened` tells what counts as new (新增); a withdrawn opening is negative
    and counts in the stock alone.
    """

    __tablename__ = "stock_movement"
    __table_args__ = (Index(None, "subject", "city", "period", "delta"), Index(None, "subject", "subject_id"))

    id: int | None = Field(default=None, primary_key=True)
    subject: str
    subject_id: int
    city: str
    on: date
    period: str | None = None
    delta: int
    opened: bool
    reason: str
    actor: str
    recorded_at: datetime = Field(sa_type=UtcTime)


class Internship(Base, table=True):
    """An internship (见习) of a person in a position, from the application on: the sum of its transitions.

    `track` is the one counted on the signing day. `counted_result` is the result that the report of
    `ended_period` counts (指标9、11); `result` is the newest known. `continues_id` is the internship that a
    change of host ended.
    """

    __table_args__ = (
        Index(None, "person_id", "id"),
        Index(None, "host_id", "stage", "id"),
        Index(None, "position_id", "stage"),
        Index(None, "city", "stage", "id"),
        Index(None, "city", "arrived_period", "track"),
        Index(None, "city", "ended_period", "ending", "counted_result", "track"),
        Index(None, "city", "ended_on", "arrived_on"),
        Index(None, "stage", "ends_on"),
        NEVER_REUSED,
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", ondelete="RESTRICT")
    host_id: int = Field(foreign_key="host.id", ondelete="RESTRICT")
    position_id: int = Field(foreign_key="position.id", ondelete="RESTRICT")
    city: str
    stage: str
    track: str | None = None
    hardship: bool = False
    applied_on: date
    accepted_on: date | None = None
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    months: int
    stipend_fen: int
    mentor_id: int | None = Field(default=None, foreign_key="mentor.id", ondelete="SET NULL", index=True)
    arrived_on: date | None = None
    arrived_period: str | None = None
    ended_on: date | None = None
    ended_period: str | None = None
    ending: str | None = None
    end_reason: str | None = None
    result: str | None = None
    result_on: date | None = None
    counted_result: str | None = None
    contract_on: date | None = None
    insured_on: date | None = None
    continues_id: int | None = Field(
        default=None, foreign_key="internship.id", ondelete="SET NULL", index=True
    )
    source: str
    demo: bool = False
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class Transition(Base, table=True):
    """One step of an internship's life (台账事项): what, when, by whom, on what evidence. Only added to.

    `on` is the day it happened, `recorded_at` when it became known. A VOID row takes the transition
    `voids_id` back, whose `voided_at` is then set; nothing else of a row ever changes, but `period` once, when
    a clerk takes a correction into an open month. `detail` holds no personal data.
    """

    __table_args__ = (
        Index(None, "internship_id", "id"),
        Index(None, "city", "kind", "period"),
    )

    id: int | None = Field(default=None, primary_key=True)
    internship_id: int = Field(foreign_key="internship.id", ondelete="CASCADE")
    city: str
    track: str | None = None
    kind: str
    on: date
    period: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    note_sealed: bytes | None = None
    actor: str
    recorded_at: datetime = Field(sa_type=UtcTime)
    voids_id: int | None = Field(default=None, foreign_key="transition.id", ondelete="CASCADE")
    voided_at: datetime | None = Field(default=None, sa_type=UtcTime)


class MonthlyRecord(Base, table=True):
    """One month of an internship (月度检查): attendance, stipend paid by the host, and what the person says.

    `reported_fen` is what the person says to have received; None when not asked or not answered.
    """

    __tablename__ = "monthly_record"
    __table_args__ = (UniqueConstraint("internship_id", "month"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    internship_id: int = Field(foreign_key="internship.id", ondelete="CASCADE")
    month: str
    attended_days: int | None = None
    paid_fen: int | None = None
    paid_on: date | None = None
    reported_fen: int | None = None
    insured: bool | None = None
    mentor_met: bool | None = None
    problem: str | None = None
    note_sealed: bytes | None = None
    updated_by: str
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class PayoutAccount(Base, table=True):
    """The bank account (银行账户) to which a person's stipend is paid; its hash finds shared accounts."""

    __tablename__ = "payout_account"

    person_id: int = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE")
    account_sealed: bytes
    account_index: bytes = Field(index=True)
    updated_at: datetime = Field(sa_type=UtcTime)


class SubsidyBatch(Base, table=True):
    """A list of subsidy amounts that is approved and paid together (补贴名册)."""

    __tablename__ = "subsidy_batch"
    __table_args__ = (Index(None, "city", "month"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    city: str
    month: str
    status: str
    created_by: str
    approved_by: str | None = None
    paid_on: date | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class SubsidyLine(Base, table=True):
    """One subsidy amount (补贴明细) of an internship: for a month, of a kind, by a dated clause.

    `basis` tells how it was computed; `flags` are the fraud signals that hold it. `paid_period` is the month in
    which the treasury paid it (指标14／15).
    """

    __tablename__ = "subsidy_line"
    __table_args__ = (
        UniqueConstraint("internship_id", "month", "kind"),
        Index(None, "city", "month", "status"),
        Index(None, "city", "paid_period", "status", "amount_fen"),
        NEVER_REUSED,
    )

    id: int | None = Field(default=None, primary_key=True)
    internship_id: int = Field(foreign_key="internship.id", ondelete="RESTRICT")
    host_id: int = Field(foreign_key="host.id", ondelete="RESTRICT", index=True)
    city: str
    month: str
    kind: str
    amount_fen: int
    clause: str
    basis: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    flags: list[str] = Field(default_factory=list, sa_type=Json)
    status: str
    batch_id: int | None = Field(
        default=None, foreign_key="subsidy_batch.id", ondelete="SET NULL", index=True
    )
    paid_on: date | None = None
    paid_period: str | None = None
    decided_by: str | None = None
    decision_reason: str | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)


class EvidenceMark(Base, table=True):
    """Whether a host has handed in a piece of evidence for a month (补贴申领材料); kinds in `policy.evidence`.

    `amount_fen` is the premium of each person where the evidence is of the accident insurance.
    """

    __tablename__ = "evidence_mark"

    host_id: int = Field(primary_key=True, foreign_key="host.id", ondelete="CASCADE")
    month: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    given: bool
    on: date
    amount_fen: int | None = None
    actor: str
    at: datetime = Field(sa_type=UtcTime)


class Target(Base, table=True):
    """What a city is to reach in a year (分市目标任务), 粤人社函〔2023〕50号 附件1."""

    year: int = Field(primary_key=True)
    city: str = Field(primary_key=True)
    interns: int
    posts: int
    source: str
    updated_at: datetime = Field(sa_type=UtcTime)


class ReportEntry(Base, table=True):
    """A number that a clerk enters for a city's month: `plan` (指标5), `opening` (上期13), `unexplained` (粤14)."""

    __tablename__ = "report_entry"

    city: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: int
    actor: str
    at: datetime = Field(sa_type=UtcTime)


class MonthlyReport(Base, table=True):
    """The filed report (情况汇总表) of a city's month: from then on the month is frozen.

    `figures` maps the names of policy.indicators to numbers.
    """

    __tablename__ = "monthly_report"

    city: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    figures: dict[str, int | None] = Field(sa_type=Json)
    filed_by: str
    filed_at: datetime = Field(sa_type=UtcTime)


class Bundle(Base, table=True):
    """The demonstrative positions of a city for a month (示范性岗位), 粤人社函〔2023〕228号 二."""

    __table_args__ = (UniqueConstraint("city", "month"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    city: str
    month: str
    title: str
    introduction: str = ""
    status: str
    published_at: datetime | None = Field(default=None, sa_type=UtcTime)
    published_by: str | None = None
    link: str | None = None
    reported_on: date | None = None
    reported_by: str | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class BundleItem(Base, table=True):
    """A position in a bundle, with its place and why it was chosen."""

    __tablename__ = "bundle_item"

    bundle_id: int = Field(primary_key=True, foreign_key="bundle.id", ondelete="CASCADE")
    position_id: int = Field(primary_key=True, foreign_key="position.id", ondelete="RESTRICT", index=True)
    rank: int
    reason: str = ""


class HardshipEntry(Base, table=True):
    """One line of an imported hardship register (低保、脱贫、残疾等), compared with the base by ID number."""

    __tablename__ = "hardship_entry"
    __table_args__ = (UniqueConstraint("register", "id_number_index", "kind"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    register_name: str = Field(sa_column_kwargs={"name": "register"})
    kind: str
    id_number_index: bytes = Field(index=True)
    name_index: bytes
    data_sealed: bytes
    proof_date: date | None = None
    expires_on: date | None = None
    run_id: int | None = Field(default=None, foreign_key="import_run.id", ondelete="SET NULL", index=True)
    at: datetime = Field(sa_type=UtcTime)


class OutreachTask(Base, table=True):
    """A person of a register who has not registered and is to be contacted (走访摸排)."""

    __tablename__ = "outreach_task"
    __table_args__ = (Index(None, "city", "status", "id"), Index(None, "assignee", "status"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="register_entry.id", ondelete="CASCADE", unique=True)
    city: str
    status: str
    assignee: str | None = None
    due_on: date | None = None
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True)
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class ContactAttempt(Base, table=True):
    """One attempt to reach a person on an outreach task, and what came of it. Only added to."""

    __tablename__ = "contact_attempt"

    id: int | None = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="outreach_task.id", ondelete="CASCADE", index=True)
    way: str
    result: str
    note_sealed: bytes | None = None
    actor: str
    at: datetime = Field(sa_type=UtcTime)


class ProgrammeEvent(Base, table=True):
    """A matchmaking event (专项对接活动), at least one a quarter: 人社部发〔2023〕27号 二(三)."""

    __tablename__ = "programme_event"
    __table_args__ = (Index(None, "city", "starts_at"), NEVER_REUSED)

    id: int | None = Field(default=None, primary_key=True)
    city: str
    title: str
    kind: str
    starts_at: datetime = Field(sa_type=UtcTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcTime)
    venue: str
    description: str = ""
    capacity: int | None = None
    status: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)
    version: int = 1


class EventSignUp(Base, table=True):
    """A contact who signed up for an event; `status` is signed_up, cancelled or attended."""

    __tablename__ = "event_sign_up"

    event_id: int = Field(primary_key=True, foreign_key="programme_event.id", ondelete="CASCADE")
    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True)
    status: str
    at: datetime = Field(sa_type=UtcTime)


class Agency(Base, table=True):
    """A service agency on the public list (服务机构联络清单), 人社部发〔2023〕27号 二(三)."""

    __table_args__ = (UniqueConstraint("city", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    city: str
    district: str | None = None
    address: str = ""
    phone: str = ""
    hours: str = ""
    services: str = ""
    demo: bool = False
    updated_at: datetime = Field(sa_type=UtcTime)


class Resource(Base, table=True):
    """Something to offer after an internship (帮扶资源): a job, a training, help with a business of one's own."""

    __table_args__ = (UniqueConstraint("city", "kind", "title", "provider"), Index(None, "kind", "city"))

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    title: str
    provider: str
    city: str
    district: str | None = None
    education: str | None = None
    words: list[str] = Field(default_factory=list, sa_type=Json)
    description: str = ""
    contact: str = ""
    url: str = ""
    valid_until: date | None = None
    demo: bool = False
    updated_at: datetime = Field(sa_type=UtcTime)


class ImportRun(Base, table=True):
    """One import of a spreadsheet (导入批次); `undone_at` is set when it was taken back."""

    __tablename__ = "import_run"
    __table_args__ = (NEVER_REUSED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    file_name: str
    file_digest: bytes
    actor: str
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    finished: bool = False
    started_at: datetime = Field(sa_type=UtcTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcTime)


class ImportChange(Base, table=True):
    """What an import did to one record, so that it can be taken back; `before_sealed` is None for new ones.

    New records with ids that follow each other stand in one row: `records` of them, from `row_id` on.
    """

    __tablename__ = "import_change"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="import_run.id", ondelete="CASCADE", index=True)
    table: str
    row_id: int = Field(sa_type=BigInteger)
    records: int = 1
    before_sealed: bytes | None = None


__all__ = [
    "Agency",
    "Bundle",
    "BundleItem",
    "ContactAttempt",
    "EventSignUp",
    "EvidenceMark",
    "HardshipEntry",
    "Host",
    "ImportChange",
    "ImportRun",
    "Internship",
    "Mentor",
    "MonthlyRecord",
    "MonthlyReport",
    "OutreachTask",
    "PayoutAccount",
    "Position",
    "ProgrammeEvent",
    "ReportEntry",
    "Resource",
    "StockMovement",
    "SubsidyBatch",
    "SubsidyLine",
    "Target",
    "Transition",
]
