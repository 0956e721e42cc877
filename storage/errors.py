"""The errors of storage: what callers may meet, whichever database engine is below.

Messages name tables, constraints, files and key ids only: never a value that a person gave us.
"""

# ruff: noqa: N818 - these read as what happened; "NotFoundError" would say it twice


class StorageError(Exception):
    """Base of every error that storage raises on purpose."""


class NotFound(StorageError):
    """The record asked for is not there."""


class Conflict(StorageError):
    """The change contradicts what is stored: a unique value is taken, or the record changed meanwhile.

    `constraint` names the broken rule where the engine tells it (PostgreSQL: the constraint; SQLite: the
    columns), else it is empty.
    """

    def __init__(self, message: str = "conflict", constraint: str = "") -> None:
        super().__init__(message)
        self.constraint = constraint


class StorageUnavailable(StorageError):
    """The database cannot take the work now (full, locked, unreachable); nothing of it was stored.

    The same work may be tried again later.
    """


class WrongKey(StorageError):
    """The key file does not hold the key that sealed this database; no data was touched."""


class SealBroken(StorageError):
    """A sealed value does not open: it was altered, cut, or moved from another column."""


class KeyFileError(StorageError):
    """The key file is missing, readable by others, or malformed; the message says how to mend it."""


class SchemaOutdated(StorageError):
    """The tables are older or newer than this program; `jianxi migrate` brings them up to date."""
