"""Kinds of column: what the tables are made of, alike on SQLite and PostgreSQL.

Instants, JSON, and the declarations that tell key rotation which columns are sealed and which are hashes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel


class UtcTime(TypeDecorator[datetime]):
    """An instant with its time zone; on SQLite a text in UTC that sorts as time. Refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use text on SQLite, whose own date type drops the time zone."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ANN401
        """The conversion itself: on SQLite without SQLAlchemy's wrapping, and once for the several columns of a turn."""
        return _instant if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Turn an instant into what the engine stores."""
        if dialect.name == "sqlite":
            return _instant(value)
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401
        """Turn what the engine stores into an instant in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if dialect.name == "sqlite" else value
        return moment.astimezone(UTC)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without time zone cannot be stored")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


@lru_cache(maxsize=64)
def _instant(value: datetime | None) -> str | None:
    return None if value is None else _in_utc(value).isoformat(timespec="microseconds")


Json: Final = JSON().with_variant(JSONB(), "postgresql")


class Base(SQLModel):
    """Base of the tables; names every constraint alike on both engines, so that migrations can name them."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    def __repr_args__(self) -> Sequence[tuple[str | None, Any]]:
        """Show the identity only: what a row holds must not reach logs through its repr."""
        known = [name for name in ("id", "contact_id") if name in type(self).model_fields]
        return [(name, self.__dict__.get(name)) for name in known[:1]]


def core(table: type[SQLModel]) -> Table:
    """Return the SQLAlchemy Core table of a model, for statements."""
    return Base.metadata.tables[str(table.__tablename__)]


# Identities are never given twice, even after a deletion: the audit log and resumed event streams rely on it.
NEVER_REUSED: Final = {"sqlite_autoincrement": True}

# The rows lie in the order of their key, so that SQLite writes one tree instead of a table and its index.
FOUND_BY_KEY: Final = {"sqlite_with_rowid": False}


class SealedColumn(NamedTuple):
    """A sealed column; `context` binds its values to it, so that none can be moved elsewhere."""

    table: str
    column: str

    @property
    def context(self) -> bytes:
        """The context under which the column's values are sealed."""
        return f"{self.table}.{self.column}".encode()


class IndexColumn(NamedTuple):
    """A keyed-hash column, the sealed column it is made from, and the scope of the hash.

    `source` is a sealed column of the same row whose opened text is hashed; for a JSON source `member` names
    the member. Columns that share a scope can be compared with each other.
    """

    table: str
    column: str
    source: str
    scope: str
    member: str | None = None
