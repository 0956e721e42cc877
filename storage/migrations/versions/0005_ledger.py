"""The ledger: hosts, positions, internships, subsidies, targets, reports, bundles, registers, events, imports."""

from contextlib import suppress

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A copy of what storage.columns had when this was written: a migration must not change with the code.
TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

TABLES = (
    "agency",
    "bundle",
    "import_run",
    "monthly_report",
    "programme_event",
    "report_entry",
    "resource",
    "stock_movement",
    "subsidy_batch",
    "target",
    "hardship_entry",
    "import_change",
    "payout_account",
    "event_sign_up",
    "host",
    "evidence_mark",
    "outreach_task",
    "contact_attempt",
    "mentor",
    "position",
    "bundle_item",
    "internship",
    "monthly_record",
    "subsidy_line",
    "transition",
)


def upgrade() -> None:
    _agency()
    _bundle()
    _import_run()
    _monthly_report()
    _programme_event()
    _report_entry()
    _resource()
    _stock_movement()
    _subsidy_batch()
    _target()
    _hardship_entry()
    _import_change()
    _payout_account()
    _event_sign_up()
    _host()
    _evidence_mark()
    _outreach_task()
    _contact_attempt()
    _mentor()
    _position()
    _bundle_item()
    _internship()
    _monthly_record()
    _subsidy_line()
    _transition()
    _columns_of_older_tables()
    _words_of_positions()


def downgrade() -> None:
    _words_of_positions_away()
    _columns_of_older_tables_away()
    for table in reversed(TABLES):
        op.drop_table(table)


def _agency() -> None:
    op.create_table(
        "agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("services", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agency"),
        sa.UniqueConstraint("city", "name", name="uq_agency_city_name"),
    )


def _bundle() -> None:
    op.create_table(
        "bundle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("introduction", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("published_at", TIME, nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("reported_by", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bundle"),
        sa.UniqueConstraint("city", "month", name="uq_bundle_city_month"),
        sqlite_autoincrement=True,
    )


def _import_run() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_digest", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_import_run"),
        sqlite_autoincrement=True,
    )


def _monthly_report() -> None:
    op.create_table(
        "monthly_report",
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.Column("filed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("city", "month", name="pk_monthly_report"),
    )


def _programme_event() -> None:
    op.create_table(
        "programme_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programme_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_programme_event_city_starts_at", "programme_event", ["city", "starts_at"])


def _report_entry() -> None:
    op.create_table(
        "report_entry",
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("city", "month", "key", name="pk_report_entry"),
    )


def _resource() -> None:
    op.create_table(
        "resource",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("education", sa.String(), nullable=True),
        sa.Column("words", JSON, nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resource"),
        sa.UniqueConstraint("city", "kind", "title", "provider", name="uq_resource_city_kind_title_provider"),
    )
    op.create_index("ix_resource_kind_city", "resource", ["kind", "city"])


def _stock_movement() -> None:
    op.create_table(
        "stock_movement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("period", sa.String(), nullable=True),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_movement"),
    )
    op.create_index(
        "ix_stock_movement_subject_city_period_delta",
        "stock_movement",
        ["subject", "city", "period", "delta"],
    )
    op.create_index("ix_stock_movement_subject_subject_id", "stock_movement", ["subject", "subject_id"])


def _subsidy_batch() -> None:
    op.create_table(
        "subsidy_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subsidy_batch"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subsidy_batch_city_month", "subsidy_batch", ["city", "month"])


def _target() -> None:
    op.create_table(
        "target",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("interns", sa.Integer(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("year", "city", name="pk_target"),
    )


def _hardship_entry() -> None:
    op.create_table(
        "hardship_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("register", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.LargeBinary(), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("proof_date", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name="fk_hardship_entry_run_id_import_run", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hardship_entry"),
        sa.UniqueConstraint(
            "register", "id_number_index", "kind", name="uq_hardship_entry_register_id_number_index_kind"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hardship_entry_id_number_index", "hardship_entry", ["id_number_index"])
    op.create_index("ix_hardship_entry_run_id", "hardship_entry", ["run_id"])


def _import_change() -> None:
    op.create_table(
        "import_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("table", sa.String(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("before_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name="fk_import_change_run_id_import_run", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_import_change"),
    )
    op.create_index("ix_import_change_run_id", "import_change", ["run_id"])


def _payout_account() -> None:
    op.create_table(
        "payout_account",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("account_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_index", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_payout_account_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_payout_account"),
    )
    op.create_index("ix_payout_account_account_index", "payout_account", ["account_index"])


def _event_sign_up() -> None:
    op.create_table(
        "event_sign_up",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_event_sign_up_contact_id_contact", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["programme_event.id"],
            name="fk_event_sign_up_event_id_programme_event",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_event_sign_up_person_id_person", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("event_id", "contact_id", name="pk_event_sign_up"),
    )
    op.create_index("ix_event_sign_up_contact_id", "event_sign_up", ["contact_id"])
    op.create_index("ix_event_sign_up_person_id", "event_sign_up", ["person_id"])


def _host() -> None:
    op.create_table(
        "host",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uscc", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("contact_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("review_due", sa.Date(), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_host_contact_id_contact", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_host"),
        sa.UniqueConstraint("uscc", name="uq_host_uscc"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_host_city_status_id", "host", ["city", "status", "id"])
    op.create_index("ix_host_contact_id", "host", ["contact_id"])
    op.create_index("ix_host_name", "host", ["name"])


def _evidence_mark() -> None:
    op.create_table(
        "evidence_mark",
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["host.id"], name="fk_evidence_mark_host_id_host", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("host_id", "month", "kind", name="pk_evidence_mark"),
    )


def _outreach_task() -> None:
    op.create_table(
        "outreach_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["register_entry.id"],
            name="fk_outreach_task_entry_id_register_entry",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_outreach_task_person_id_person", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outreach_task"),
        sa.UniqueConstraint("entry_id", name="uq_outreach_task_entry_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outreach_task_assignee_status", "outreach_task", ["assignee", "status"])
    op.create_index("ix_outreach_task_city_status_id", "outreach_task", ["city", "status", "id"])
    op.create_index("ix_outreach_task_person_id", "outreach_task", ["person_id"])


def _contact_attempt() -> None:
    op.create_table(
        "contact_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["outreach_task.id"],
            name="fk_contact_attempt_task_id_outreach_task",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contact_attempt"),
    )
    op.create_index("ix_contact_attempt_task_id", "contact_attempt", ["task_id"])


def _mentor() -> None:
    op.create_table(
        "mentor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_index", sa.LargeBinary(), nullable=False),
        sa.Column("job_title", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name="fk_mentor_host_id_host", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_mentor"),
        sa.UniqueConstraint("host_id", "name_index", name="uq_mentor_host_id_name_index"),
        sqlite_autoincrement=True,
    )


def _position() -> None:
    op.create_table(
        "position",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("education", sa.String(), nullable=True),
        sa.Column("majors", JSON, nullable=False),
        sa.Column("stipend_fen", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("mentor_id", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("demonstrative", sa.Boolean(), nullable=False),
        sa.Column("demonstrative_reason", sa.String(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["host_id"], ["host.id"], name="fk_position_host_id_host", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name="fk_position_mentor_id_mentor", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_position"),
        sa.UniqueConstraint(
            "host_id", "title", "city", "district", name="uq_position_host_id_title_city_district"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_position_city_status_kind_id", "position", ["city", "status", "kind", "id"])
    op.create_index("ix_position_host_id", "position", ["host_id"])
    op.create_index("ix_position_mentor_id", "position", ["mentor_id"])
    op.create_index("ix_position_city_status_id", "position", ["city", "status", "id"])
    op.create_index("ix_position_status_id", "position", ["status", "id"])
    op.create_index("ix_position_status_closes_on", "position", ["status", "closes_on"])


def _bundle_item() -> None:
    op.create_table(
        "bundle_item",
        sa.Column("bundle_id", sa.Integer(), nullable=False),
        sa.Column("position_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name="fk_bundle_item_bundle_id_bundle", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["position_id"], ["position.id"], name="fk_bundle_item_position_id_position", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("bundle_id", "position_id", name="pk_bundle_item"),
    )
    op.create_index("ix_bundle_item_position_id", "bundle_item", ["position_id"])


def _internship() -> None:
    op.create_table(
        "internship",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("position_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("track", sa.String(), nullable=True),
        sa.Column("hardship", sa.Boolean(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("stipend_fen", sa.Integer(), nullable=False),
        sa.Column("mentor_id", sa.Integer(), nullable=True),
        sa.Column("arrived_on", sa.Date(), nullable=True),
        sa.Column("arrived_period", sa.String(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_period", sa.String(), nullable=True),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("result_on", sa.Date(), nullable=True),
        sa.Column("counted_result", sa.String(), nullable=True),
        sa.Column("contract_on", sa.Date(), nullable=True),
        sa.Column("insured_on", sa.Date(), nullable=True),
        sa.Column("continues_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["continues_id"],
            ["internship.id"],
            name="fk_internship_continues_id_internship",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["host.id"], name="fk_internship_host_id_host", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name="fk_internship_mentor_id_mentor", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_internship_person_id_person", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["position_id"], ["position.id"], name="fk_internship_position_id_position", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_internship"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_internship_city_arrived_period_track", "internship", ["city", "arrived_period", "track"]
    )
    op.create_index(
        "ix_internship_city_ended_period_ending_counted_result_track",
        "internship",
        ["city", "ended_period", "ending", "counted_result", "track"],
    )
    op.create_index(
        "ix_internship_city_ended_on_arrived_on", "internship", ["city", "ended_on", "arrived_on"]
    )
    op.create_index("ix_internship_city_stage_id", "internship", ["city", "stage", "id"])
    op.create_index("ix_internship_continues_id", "internship", ["continues_id"])
    op.create_index("ix_internship_host_id_stage_id", "internship", ["host_id", "stage", "id"])
    op.create_index("ix_internship_mentor_id", "internship", ["mentor_id"])
    op.create_index("ix_internship_person_id_id", "internship", ["person_id", "id"])
    op.create_index("ix_internship_position_id_stage", "internship", ["position_id", "stage"])
    op.create_index("ix_internship_stage_ends_on", "internship", ["stage", "ends_on"])


def _monthly_record() -> None:
    op.create_table(
        "monthly_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("internship_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("attended_days", sa.Integer(), nullable=True),
        sa.Column("paid_fen", sa.Integer(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("reported_fen", sa.Integer(), nullable=True),
        sa.Column("insured", sa.Boolean(), nullable=True),
        sa.Column("mentor_met", sa.Boolean(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["internship_id"],
            ["internship.id"],
            name="fk_monthly_record_internship_id_internship",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_monthly_record"),
        sa.UniqueConstraint("internship_id", "month", name="uq_monthly_record_internship_id_month"),
        sqlite_autoincrement=True,
    )


def _subsidy_line() -> None:
    op.create_table(
        "subsidy_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("internship_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("basis", JSON, nullable=False),
        sa.Column("flags", JSON, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("paid_period", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["subsidy_batch.id"],
            name="fk_subsidy_line_batch_id_subsidy_batch",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["host.id"], name="fk_subsidy_line_host_id_host", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["internship_id"],
            ["internship.id"],
            name="fk_subsidy_line_internship_id_internship",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subsidy_line"),
        sa.UniqueConstraint(
            "internship_id", "month", "kind", name="uq_subsidy_line_internship_id_month_kind"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subsidy_line_batch_id", "subsidy_line", ["batch_id"])
    op.create_index("ix_subsidy_line_city_month_status", "subsidy_line", ["city", "month", "status"])
    op.create_index(
        "ix_subsidy_line_city_paid_period_status_amount_fen",
        "subsidy_line",
        ["city", "paid_period", "status", "amount_fen"],
    )
    op.create_index("ix_subsidy_line_host_id", "subsidy_line", ["host_id"])


def _transition() -> None:
    op.create_table(
        "transition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("internship_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("track", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("period", sa.String(), nullable=True),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("voids_id", sa.Integer(), nullable=True),
        sa.Column("voided_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["internship_id"],
            ["internship.id"],
            name="fk_transition_internship_id_internship",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["voids_id"], ["transition.id"], name="fk_transition_voids_id_transition", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_transition"),
    )
    op.create_index("ix_transition_city_kind_period", "transition", ["city", "kind", "period"])
    op.create_index("ix_transition_internship_id_id", "transition", ["internship_id", "id"])


def _columns_of_older_tables() -> None:
    with op.batch_alter_table("hardship_mark") as table:
        table.add_column(sa.Column("entry_id", sa.Integer(), nullable=True))
        table.create_index("ix_hardship_mark_entry_id", ["entry_id"])
        table.create_foreign_key(
            "fk_hardship_mark_entry_id_hardship_entry",
            "hardship_entry",
            ["entry_id"],
            ["id"],
            ondelete="SET NULL",
        )
        table.create_index("ix_hardship_mark_status_expires_on", ["status", "expires_on"])
        table.drop_index("ix_hardship_mark_person_id")
        table.create_index("ix_hardship_mark_person_id_kind", ["person_id", "kind"])
    with op.batch_alter_table("person") as table:
        table.add_column(sa.Column("decided_by", sa.String(), nullable=True))
        table.add_column(sa.Column("decision_reason", sa.String(), nullable=True))
        table.add_column(sa.Column("decided_on", sa.Date(), nullable=True))
    with op.batch_alter_table("register_entry") as table:
        table.add_column(sa.Column("phone_index", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("city", sa.String(), nullable=True))
        table.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("matched", sa.String(), nullable=True))
        table.add_column(sa.Column("run_id", sa.Integer(), nullable=True))
        table.create_index("ix_register_entry_person_id", ["person_id"])
        table.create_index("ix_register_entry_phone_index", ["phone_index"])
        table.create_index("ix_register_entry_run_id", ["run_id"])
        table.create_foreign_key(
            "fk_register_entry_run_id_import_run", "import_run", ["run_id"], ["id"], ondelete="SET NULL"
        )
        table.create_foreign_key(
            "fk_register_entry_person_id_person", "person", ["person_id"], ["id"], ondelete="SET NULL"
        )
    to_confirm = sa.text("matched = 'to_confirm'")
    op.create_index(
        "ix_register_entry_to_confirm",
        "register_entry",
        ["id"],
        sqlite_where=to_confirm,
        postgresql_where=to_confirm,
    )
    with op.batch_alter_table("staff_case") as table:
        table.add_column(sa.Column("entry_id", sa.Integer(), nullable=True))
        table.create_index("ix_staff_case_entry_id", ["entry_id"])
        table.create_foreign_key(
            "fk_staff_case_entry_id_register_entry",
            "register_entry",
            ["entry_id"],
            ["id"],
            ondelete="CASCADE",
        )
        table.add_column(sa.Column("host_id", sa.Integer(), nullable=True))
        table.create_index("ix_staff_case_host_id", ["host_id"])
        table.create_foreign_key(
            "fk_staff_case_host_id_host", "host", ["host_id"], ["id"], ondelete="CASCADE"
        )


def _columns_of_older_tables_away() -> None:
    with op.batch_alter_table("staff_case") as table:
        table.drop_constraint("fk_staff_case_host_id_host", type_="foreignkey")
        table.drop_index("ix_staff_case_host_id")
        table.drop_column("host_id")
        table.drop_constraint("fk_staff_case_entry_id_register_entry", type_="foreignkey")
        table.drop_index("ix_staff_case_entry_id")
        table.drop_column("entry_id")
    op.drop_index("ix_register_entry_to_confirm", table_name="register_entry")
    with op.batch_alter_table("register_entry") as table:
        table.drop_constraint("fk_register_entry_person_id_person", type_="foreignkey")
        table.drop_constraint("fk_register_entry_run_id_import_run", type_="foreignkey")
        table.drop_index("ix_register_entry_run_id")
        table.drop_index("ix_register_entry_phone_index")
        table.drop_index("ix_register_entry_person_id")
        table.drop_column("run_id")
        table.drop_column("matched")
        table.drop_column("person_id")
        table.drop_column("city")
        table.drop_column("phone_index")
    with op.batch_alter_table("person") as table:
        table.drop_column("decided_on")
        table.drop_column("decision_reason")
        table.drop_column("decided_by")
    with op.batch_alter_table("hardship_mark") as table:
        table.drop_index("ix_hardship_mark_person_id_kind")
        table.create_index("ix_hardship_mark_person_id", ["person_id"])
        table.drop_index("ix_hardship_mark_status_expires_on")
        table.drop_constraint("fk_hardship_mark_entry_id_hardship_entry", type_="foreignkey")
        table.drop_index("ix_hardship_mark_entry_id")
        table.drop_column("entry_id")


POSITION_WORDS = (
    "CREATE VIRTUAL TABLE position_words USING fts5"
    "(search_text, content='position', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER position_words_added AFTER INSERT ON position BEGIN"
    " INSERT INTO position_words(rowid, search_text) VALUES (new.id, new.search_text); END",
    "CREATE TRIGGER position_words_deleted AFTER DELETE ON position BEGIN"
    " INSERT INTO position_words(position_words, rowid, search_text)"
    " VALUES ('delete', old.id, old.search_text); END",
    "CREATE TRIGGER position_words_changed AFTER UPDATE OF search_text ON position"
    " WHEN old.search_text IS NOT new.search_text BEGIN"
    " INSERT INTO position_words(position_words, rowid, search_text)"
    " VALUES ('delete', old.id, old.search_text);"
    " INSERT INTO position_words(rowid, search_text) VALUES (new.id, new.search_text); END",
)
"""The trigram index of SQLite. A later migration that makes `position` anew must make the triggers anew too."""


def _words_of_positions() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in POSITION_WORDS:
            op.execute(statement)
        return
    # Searching works without the index too, only slower; not every server has the extension, or lets us make it.
    with suppress(sa.exc.DBAPIError), connection.begin_nested():
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX ix_position_words ON position USING gin (search_text gin_trgm_ops)")


def _words_of_positions_away() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("added", "deleted", "changed"):
            op.execute(f"DROP TRIGGER position_words_{name}")
        op.execute("DROP TABLE position_words")
    else:
        op.execute("DROP INDEX IF EXISTS ix_position_words")
