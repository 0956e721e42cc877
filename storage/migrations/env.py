"""Run by Alembic: applies the versions on the connection that `storage.schema` opened.

The transaction is the caller's: a migration takes place whole or not at all, on SQLite too.
"""

from alembic import context

from storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
