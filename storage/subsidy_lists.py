"""Lists of subsidy amounts (补贴明细查询), and the people behind signals: names sealed, opened and masked here.

Pages go by number. Whoever asks for the whole identity records it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Select, select

from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.subsidies import Hold
from storage.database import Connection
from storage.ledger_tables import Host, Internship, SubsidyLine
from storage.sealing import Sealer
from storage.subsidies import CLEARED, HOLDS
from storage.tables import Person, core

line, internship = core(SubsidyLine), core(Internship)
host, person = core(Host), core(Person)

PAGE: Final = 50
PORTION: Final = 500
_MASKS: Final = {"name": mask_name, "id_number": mask_id_staff, "phone": mask_phone}
_SEALED: Final = tuple(f"{name}_sealed" for name in _MASKS)
_LINE: Final = (
    *("id", "internship_id", "host_id", "city", "month", "kind", "amount_fen", "clause", "basis", "flags"),
    *("status", "batch_id", "paid_on", "decided_by", "decision_reason"),
)


def page(
    connection: Connection,
    sealer: Sealer,
    *,
    city: str | None = None,
    month: str | None = None,
    status: SubsidyStatus | None = None,
    host_id: int | None = None,
    batch_id: int | None = None,
    after_id: int = 0,
    limit: int = PAGE,
    unmask: bool = False,
) -> list[dict[str, Any]]:
    """A page of amounts in the order of their numbers, those that come after number `after_id`; JSON-safe."""
    wanted = {
        "city": city,
        "month": month,
        "status": str(status) if status else None,
        "host_id": host_id,
        "batch_id": batch_id,
    }
    query = _lines().where(line.c.id > after_id).order_by(line.c.id).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(line.c[name] == value)
    return [_fields(sealer, row, unmask) for row in connection.sqlalchemy.execute(query)]


def of_batch(
    connection: Connection, sealer: Sealer, batch_id: int, *, unmask: bool = False
) -> Iterator[dict[str, Any]]:
    """The amounts on a list that were not refused, host by host."""
    query = (
        _lines()
        .where(line.c.batch_id == batch_id, line.c.status != str(SubsidyStatus.REFUSED))
        .order_by(line.c.host_id, line.c.internship_id, line.c.kind)
    )
    for row in connection.sqlalchemy.execute(query):
        yield _fields(sealer, row, unmask)


def people_behind(
    connection: Connection, sealer: Sealer, numbers: Sequence[int], *, unmask: bool = False
) -> dict[int, dict[str, Any]]:
    """Who stands behind internships, by their numbers; JSON-safe."""
    found = {}
    for start in range(0, len(numbers), PORTION):
        query = (
            select(
                internship.c.id,
                internship.c.person_id,
                internship.c.city,
                host.c.name.label("host"),
                *(person.c[name] for name in _SEALED),
            )
            .join(person, person.c.id == internship.c.person_id)
            .join(host, host.c.id == internship.c.host_id)
            .where(internship.c.id.in_(numbers[start : start + PORTION]))
        )
        for row in connection.sqlalchemy.execute(query).mappings():
            known = {"internship": row["id"], "person": row["person_id"], "city": row["city"]}
            found[row["id"]] = known | {"host": row["host"]} | _identity(sealer, row, unmask)
    return found


def _lines() -> Select[Any]:
    return (
        select(
            *(line.c[name] for name in _LINE),
            internship.c.person_id,
            host.c.name.label("host"),
            host.c.uscc,
            *(person.c[name] for name in _SEALED),
        )
        .join(internship, internship.c.id == line.c.internship_id)
        .join(person, person.c.id == internship.c.person_id)
        .join(host, host.c.id == line.c.host_id)
    )


def _fields(sealer: Sealer, row: Any, unmask: bool) -> dict[str, Any]:  # noqa: ANN401 - a row of _lines
    known = row._mapping
    values = {name: known[name] for name in (*_LINE, "person_id", "host", "uscc")}
    values["paid_on"] = values["paid_on"].isoformat() if values["paid_on"] else None
    basis = dict(values["basis"])
    values["holds"], values["cleared"] = basis.pop(HOLDS, {}), basis.pop(CLEARED, {})
    labels = {
        "kind": SubsidyKind(known["kind"]).label,
        "status": SubsidyStatus(known["status"]).label,
        "flags": "、".join(Hold(flag).label for flag in known["flags"]),
    }
    return values | {"basis": basis} | _identity(sealer, known, unmask) | {"labels": labels}


def _identity(sealer: Sealer, row: Any, unmask: bool) -> dict[str, str]:  # noqa: ANN401 - a mapping of columns
    found = {}
    for name, mask in _MASKS.items():
        text = sealer.open_text(row[f"{name}_sealed"], f"person.{name}_sealed".encode())
        found[name] = text if unmask else mask(text)
    return found
