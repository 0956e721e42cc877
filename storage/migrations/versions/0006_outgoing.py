"""What goes out: deliveries, broadcasts, recommendations, check-ins, follow-up, services, job runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A copy of what storage.columns had when this was written: a migration must not change with the code.
TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

TABLES = (
    "job_run",
    "purpose",
    "broadcast",
    "service",
    "delivery",
    "stopped_lane",
    "staff_binding",
    "recommendation",
    "check_in",
    "follow_up_plan",
    "follow_up_step",
)


def upgrade() -> None:
    _job_run()
    _purpose()
    _broadcast()
    _service()
    _delivery()
    _stopped_lane()
    _staff_binding()
    _recommendation()
    _check_in()
    _follow_up_plan()
    _follow_up_step()
    _columns_of_older_tables()


def downgrade() -> None:
    _columns_of_older_tables_away()
    for table in reversed(TABLES):
        op.drop_table(table)


def _job_run() -> None:
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("occurrence", sa.String(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("result", JSON, nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job_run"),
        sa.UniqueConstraint("name", "occurrence", name="uq_job_run_name_occurrence"),
    )
    op.create_index("ix_job_run_name_id", "job_run", ["name", "id"])


def _purpose() -> None:
    op.create_table(
        "purpose",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("repeat_harmless", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["staff_case.id"], name="fk_purpose_case_id_staff_case", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_purpose"),
        sa.UniqueConstraint("key", name="uq_purpose_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_purpose_case_id", "purpose", ["case_id"])


def _broadcast() -> None:
    op.create_table(
        "broadcast",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("audience", JSON, nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("purpose_id", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("canary", sa.Integer(), nullable=False),
        sa.Column("starts_at", TIME, nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.Column("canary_over_at", TIME, nullable=True),
        sa.Column("judged_since", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purpose_id"], ["purpose.id"], name="fk_broadcast_purpose_id_purpose", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_broadcast"),
        sqlite_autoincrement=True,
    )


def _service() -> None:
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_service_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name="fk_service_resource_id_resource", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service"),
    )
    op.create_index("ix_service_person_id_kind", "service", ["person_id", "kind"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purpose_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lane", sa.String(), nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sent_to", sa.Integer(), nullable=True),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("sent_at", TIME, nullable=True),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("route", sa.String(), nullable=True),
        sa.Column("platform_message_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint(
            "purpose_id", "contact_id", "subject_id", name="uq_delivery_purpose_id_contact_id_subject_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_claim",
        "delivery",
        ["lane", "priority", "due_at", "id"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_delivery_platform_message",
        "delivery",
        ["platform_message_id"],
        sqlite_where=sa.text("platform_message_id IS NOT NULL"),
        postgresql_where=sa.text("platform_message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_sent",
        "delivery",
        ["contact_id", "sent_at"],
        sqlite_where=sa.text("sent_at IS NOT NULL"),
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["state", "contact_id"],
        sqlite_where=sa.text("state = 'held' OR state = 'sending' OR state = 'unknown'"),
        postgresql_where=sa.text("state = 'held' OR state = 'sending' OR state = 'unknown'"),
    )


def _stopped_lane() -> None:
    op.create_table(
        "stopped_lane",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("probe_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_stopped_lane"),
    )


def _staff_binding() -> None:
    op.create_table(
        "staff_binding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("code_index", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("bound_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_staff_binding_contact_id_contact", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staff_binding"),
        sa.UniqueConstraint("code_index", name="uq_staff_binding_code_index"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_staff_binding_contact_id", "staff_binding", ["contact_id"])
    op.create_index("ix_staff_binding_staff", "staff_binding", ["staff"])


def _recommendation() -> None:
    op.create_table(
        "recommendation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("position_id", sa.Integer(), nullable=False),
        sa.Column("shown_on", sa.Date(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_recommendation_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["position_id"],
            ["position.id"],
            name="fk_recommendation_position_id_position",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recommendation"),
        sa.UniqueConstraint("person_id", "position_id", name="uq_recommendation_person_id_position_id"),
    )
    op.create_index("ix_recommendation_person_id_shown_on", "recommendation", ["person_id", "shown_on"])
    op.create_index("ix_recommendation_position_id", "recommendation", ["position_id"])


def _check_in() -> None:
    op.create_table(
        "check_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("internship_id", sa.Integer(), nullable=True),
        sa.Column("host_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["internship_id"],
            ["internship.id"],
            name="fk_check_in_internship_id_internship",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["host.id"], name="fk_check_in_host_id_host", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_check_in"),
        sa.UniqueConstraint("host_id", "month", name="uq_check_in_host_id_month"),
        sa.UniqueConstraint("internship_id", "kind", "month", name="uq_check_in_internship_id_kind_month"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_check_in_state_due_on", "check_in", ["state", "due_on"])


def _follow_up_plan() -> None:
    op.create_table(
        "follow_up_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("internship_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("situation", sa.String(), nullable=True),
        sa.Column("employment", sa.String(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("silences", sa.Integer(), nullable=False),
        sa.Column("later_check", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["internship_id"],
            ["internship.id"],
            name="fk_follow_up_plan_internship_id_internship",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_follow_up_plan_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_plan"),
        sa.UniqueConstraint("internship_id", name="uq_follow_up_plan_internship_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_up_plan_person_id", "follow_up_plan", ["person_id"])
    op.create_index("ix_follow_up_plan_state_next_on", "follow_up_plan", ["state", "next_on"])


def _follow_up_step() -> None:
    op.create_table(
        "follow_up_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["follow_up_plan.id"],
            name="fk_follow_up_step_plan_id_follow_up_plan",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up_step"),
        sa.UniqueConstraint("plan_id", "day", name="uq_follow_up_step_plan_id_day"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_up_step_state_due_on", "follow_up_step", ["state", "due_on"])


def _columns_of_older_tables() -> None:
    with op.batch_alter_table("staff_case") as table:
        table.add_column(sa.Column("internship_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("city", sa.String(), nullable=True))
        table.add_column(sa.Column("owner", sa.String(), nullable=True))
        table.add_column(sa.Column("due_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("result_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        table.create_index("ix_staff_case_internship_id", ["internship_id"])
        table.create_index("ix_staff_case_owner_status_due_on", ["owner", "status", "due_on"])
        table.create_foreign_key(
            "fk_staff_case_internship_id_internship",
            "internship",
            ["internship_id"],
            ["id"],
            ondelete="SET NULL",
        )


def _columns_of_older_tables_away() -> None:
    with op.batch_alter_table("staff_case") as table:
        table.drop_constraint("fk_staff_case_internship_id_internship", type_="foreignkey")
        table.drop_index("ix_staff_case_owner_status_due_on")
        table.drop_index("ix_staff_case_internship_id")
        table.drop_column("version")
        table.drop_column("result_sealed")
        table.drop_column("due_on")
        table.drop_column("owner")
        table.drop_column("city")
        table.drop_column("internship_id")
