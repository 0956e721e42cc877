"""Imported registers of people (实名信息数据库、求职登记、失业登记库): looked up by ID number and name together.

人社部发〔2023〕27号 二(一) asks to find people through these registers; whoever is found in one confirms what it
says on one screen instead of typing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import col, select

from storage.database import Connection
from storage.sealing import Sealer
from storage.tables import RegisterEntry

DATA: Final = b"register_entry.data_sealed"


def add_entry(
    connection: Connection, sealer: Sealer, register: str, data: Mapping[str, Any], now: datetime
) -> None:
    """Keep one person of a register; `data` has name, id_number and whatever else the register knows."""
    connection.session.add(
        RegisterEntry(
            register_name=register,
            id_number_index=sealer.index(data["id_number"], "id_number"),
            name_index=sealer.index(data["name"], "name"),
            data_sealed=sealer.seal(orjson.dumps(dict(data)), DATA),
            at=now,
        )
    )


def find_entry(connection: Connection, sealer: Sealer, id_number: str, name: str) -> dict[str, Any]:
    """What the registers know of that number *and* name: the newest entry that has a school; {} if none."""
    rows = connection.session.exec(
        select(RegisterEntry)
        .where(
            col(RegisterEntry.id_number_index).in_(sealer.indexes(id_number, "id_number")),
            col(RegisterEntry.name_index).in_(sealer.indexes(name, "name")),
        )
        .order_by(col(RegisterEntry.at).desc())
    )
    for row in rows:
        data: dict[str, Any] = orjson.loads(sealer.open(row.data_sealed, DATA))
        if data.get("school"):
            return {k: data.get(k) for k in ("school", "major", "education", "graduated_on")}
    return {}
