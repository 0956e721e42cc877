"""Tables of the channels: access tokens, what may still be sent, signed requests taken, forms, unsent answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A copy of what storage.columns had when this was written: a migration must not change with the code.
TIME = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

TABLES = (
    "form_link",
    "platform_token",
    "allowance",
    "template_consent",
    "quota",
    "received_nonce",
    "held_reply",
)


def upgrade() -> None:
    _links_and_tokens()
    _what_may_be_sent()
    _what_came_in()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _of_contact(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_contact_id_contact"
    return sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=name, ondelete="CASCADE")


def _links_and_tokens() -> None:
    op.create_table(
        "form_link",
        sa.Column("token_index", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("dialog", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        _of_contact("form_link"),
        sa.PrimaryKeyConstraint("token_index", name="pk_form_link"),
    )
    op.create_index("ix_form_link_contact_id", "form_link", ["contact_id"])
    op.create_table(
        "platform_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("claimed_until", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_platform_token"),
        sa.UniqueConstraint("account", "kind", name="uq_platform_token_account_kind"),
    )


def _what_may_be_sent() -> None:
    op.create_table(
        "allowance",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        _of_contact("allowance"),
        sa.PrimaryKeyConstraint("contact_id", "kind", name="pk_allowance"),
    )
    op.create_table(
        "template_consent",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.String(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        _of_contact("template_consent"),
        sa.PrimaryKeyConstraint("contact_id", "template_id", name="pk_template_consent"),
    )
    op.create_table(
        "quota",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "api", "period", name="pk_quota"),
    )


def _what_came_in() -> None:
    op.create_table(
        "received_nonce",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel", "nonce", name="pk_received_nonce"),
    )
    op.create_index("ix_received_nonce_at", "received_nonce", ["at"])
    op.create_table(
        "held_reply",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        _of_contact("held_reply"),
        sa.PrimaryKeyConstraint("contact_id", name="pk_held_reply"),
    )
