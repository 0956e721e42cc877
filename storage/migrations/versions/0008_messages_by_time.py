"""The unique index of handled messages begins with the message's own id, which platforms give in ascending order.

So what many people say in one minute lies on few pages, instead of on one page for each of them.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BY_CONTACT = ("uq_message_contact_id_message_id", ["contact_id", "message_id"])
BY_MESSAGE = ("uq_message_message_id_contact_id", ["message_id", "contact_id"])


def upgrade() -> None:
    _instead(BY_CONTACT, BY_MESSAGE)


def downgrade() -> None:
    _instead(BY_MESSAGE, BY_CONTACT)


def _instead(old: tuple[str, list[str]], new: tuple[str, list[str]]) -> None:
    with op.batch_alter_table("message", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(old[0], type_="unique")
        table.create_unique_constraint(*new)
