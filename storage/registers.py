"""Imported registers of people (实名信息数据库、求职登记、失业登记库): looked up by ID number and name together.

人社部发〔2023〕27号 二(一) asks to find people through these registers; whoever is found in one confirms what it
says on one screen instead of typing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select

from storage.database import Connection, Statement
from storage.sealing import Sealer
from storage.tables import RegisterEntry, core

DATA: Final = b"register_entry.data_sealed"

entry = core(RegisterEntry)
OF_NUMBER: Final = Statement(
    select(entry.c.name_index, entry.c.data_sealed, entry.c.at).where(
        entry.c.id_number_index == bindparam("number")
    ),
    "number",
)


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
    names = sealer.indexes(name, "name")
    rows = [
        row
        for number in sealer.indexes(id_number, "id_number")
        for row in connection.run(OF_NUMBER, (number,))
        if row[0] in names
    ]
    for _, sealed, _ in sorted(rows, key=lambda row: row[2], reverse=True):
        data: dict[str, Any] = orjson.loads(sealer.open(sealed, DATA))
        if data.get("school"):
            return {k: data.get(k) for k in ("school", "major", "education", "graduated_on")}
    return {}
