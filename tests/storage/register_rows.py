"""Rows of registers, and people to compare them with, for tests."""

from datetime import UTC, date, datetime
from typing import Any

from policy.identity import check_digit
from storage.database import Connection
from storage.sealing import Sealer
from storage.tables import Person

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)


def number(n: int) -> str:
    """The ID number of the n-th person there could be."""
    body = f"440106200301{1 + n // 900:02}{100 + n % 900}"
    return body + check_digit(body)


def phone(n: int) -> str:
    """The phone of the n-th person."""
    return f"138{n:08}"


def row(n: int, **other: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a row can hold
    """A row of a people register about the n-th person, valid by default."""
    return {
        "name": f"学生{n}",
        "id_number": number(n),
        "phone": phone(n),
        "residence": "440106",
        "school": "中山大学",
        "major": "软件工程",
        "education": "21",
        "graduated_on": "2026-06-30",
    } | other


def hardship(n: int, kind: str = "01", **other: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """A row of a hardship register about the n-th person."""
    return {"name": f"学生{n}", "id_number": number(n), "kind": kind} | other


def person(connection: Connection, sealer: Sealer, n: int, **other: Any) -> int:  # noqa: ANN401 - columns
    """Store the n-th person as registered; returns the id."""
    told = {"name": f"学生{n}", "id_number": number(n), "phone": phone(n)}
    values: dict[str, Any] = {}
    for field, own in told.items():
        text = other.pop(field, own)
        values[f"{field}_sealed"] = sealer.seal(text, f"person.{field}_sealed".encode())
        values[f"{field}_index"] = sealer.index(text, field)
    values |= {
        "status": "registered",
        "track": "graduate",
        "outcome": "eligible",
        "document_kind": "01",
        "birth_date_sealed": sealer.seal("2003-01-01", b"person.birth_date_sealed"),
        "residence": "440106",
        "residence_city": "440100",
        "education": "21",
        "graduated_on": "2026-06-30",
        "circumstances": ["none"],
        "skill_level": "none",
        "available_from": TODAY,
        "push_consent": True,
        "channel": "web",
        "created_at": NOW,
        "updated_at": NOW,
    }
    stored = Person(**(values | other))
    connection.session.add(stored)
    connection.session.flush()
    assert stored.id is not None
    return stored.id
