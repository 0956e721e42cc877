"""Numbers of cases are never given twice on SQLite either; texts that have been kept long enough are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HAS_TEXT = sa.text("content_sealed IS NOT NULL AND settled_at IS NOT NULL")


def upgrade() -> None:
    _cases(again=False)
    op.create_index(
        "ix_delivery_text_kept",
        "delivery",
        ["settled_at"],
        sqlite_where=HAS_TEXT,
        postgresql_where=HAS_TEXT,
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_text_kept", "delivery")
    _cases(again=True)


def _cases(*, again: bool) -> None:
    # 0005 and 0006 made the table anew to add columns, which on SQLite lost what keeps numbers from being reused.
    if op.get_bind().dialect.name != "sqlite":
        return
    with op.batch_alter_table(
        "staff_case", recreate="always", table_kwargs={"sqlite_autoincrement": not again}
    ):
        pass
