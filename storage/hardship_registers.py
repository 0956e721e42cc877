"""Imported hardship registers (低保、脱贫、残疾等数据库): kept, to be compared with the people of the base.

人社部发〔2023〕27号 二(一): 定期与低保、脱贫、残疾等数据库开展比对. What follows for a person is in
`storage.hardship_marks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete

from storage.database import Connection, Statement
from storage.ledger_tables import HardshipEntry
from storage.register_rows import Prepared, Put, RegisterForm, as_data, columns_of, put, put_back
from storage.sealing import Sealer
from storage.tables import HardshipMark, core

entry = core(HardshipEntry)
mark = core(HardshipMark)
FORM: Final = RegisterForm(entry, ("name_index", "kind", "proof_date", "expires_on"), has_kind=True)

FORGET_MARKS: Final = Statement(
    delete(mark).where(mark.c.entry_id == bindparam("entry"), mark.c.source == "comparison"), "entry"
)
FORGET: Final = Statement(delete(entry).where(entry.c.id == bindparam("entry")), "entry")


def put_entries(
    connection: Connection,
    sealer: Sealer,
    register: str,
    rows: Sequence[Mapping[str, Any]],
    run_id: int | None,
    now: datetime,
) -> list[Put]:
    """Keep a portion of a hardship register; returns what became of each row, in their order.

    Each row has name, id_number and kind (a code of `HardshipKind`), and may have proof_date and expires_on
    (dates, or ISO texts). One number comes once with each kind in a portion.
    """
    if not rows:
        return []
    return put(connection, sealer, FORM, register, prepared(sealer, columns_of(rows)), run_id, now)


def restore(connection: Connection, sealer: Sealer, row_id: int, before: bytes | None) -> None:
    """Take back what an import did to one entry: delete a new one (`before` None), else make it what it was.

    The marks that came from a deleted entry go with it; whatever else hangs on it follows at the next
    comparison.
    """
    if before is None:
        connection.run(FORGET_MARKS, (row_id,))
        connection.run(FORGET, (row_id,))
        return
    image = orjson.loads(before)
    put_back(connection, FORM, row_id, prepared(sealer, columns_of([image["data"]])), image)


def prepared(sealer: Sealer, columns: Mapping[str, Sequence[Any]]) -> Prepared:
    """Hash and seal a portion, given column by column; needs no connection, so it can be done beforehand."""
    unknown = [None] * len(columns["id_number"])
    kinds = [str(kind) for kind in columns["kind"]]
    own: dict[str, Sequence[Any]] = {
        "name_index": sealer.indexes_all(columns["name"], "name")[0],
        "kind": kinds,
        "proof_date": [_day(day) for day in columns.get("proof_date", unknown)],
        "expires_on": [_day(day) for day in columns.get("expires_on", unknown)],
    }
    data = as_data(columns)
    numbers = sealer.indexes_all(columns["id_number"], "id_number")
    return Prepared(numbers, kinds, data, sealer.seal_all(data, FORM.context), own)


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
