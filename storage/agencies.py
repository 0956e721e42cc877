"""Service agencies (服务机构联络清单), 人社部发〔2023〕27号 二(三): kept here, published by `storage.public_lists`."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import select

from policy.refusal import Refused
from storage import audit
from storage.database import Connection
from storage.ledger_tables import Agency

LONGEST: Final = {"name": 60, "address": 100, "phone": 60, "hours": 60, "services": 300}


class AgencyFields(NamedTuple):
    """An agency as a spreadsheet tells it; city and name make it the same one. All of it is public."""

    name: str
    city: str
    district: str = ""
    address: str = ""
    phone: str = ""
    hours: str = ""
    services: str = ""


def upsert(
    connection: Connection, fields: AgencyFields, *, actor: str, now: datetime, demo: bool = False
) -> tuple[int, str]:
    """Take in a line: returns the agency's id and added, changed or unchanged. Raises `Refused`."""
    _check(fields)
    query = select(Agency).where(Agency.city == fields.city, Agency.name == fields.name)
    row = connection.session.exec(query).first()
    if row is not None and all(getattr(row, name) == value for name, value in fields._asdict().items()):
        assert row.id is not None
        return row.id, "unchanged"
    outcome = "added" if row is None else "changed"
    if row is None:
        row = Agency(**fields._asdict(), demo=demo, updated_at=now)
    else:
        for name, value in fields._asdict().items():
            setattr(row, name, value)
        row.updated_at = now
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    audit.add(connection, now, actor, f"agency.import_{outcome}", f"agency:{row.id}")
    return row.id, outcome


def _check(fields: AgencyFields) -> None:
    values = fields._asdict()
    labels = {
        "name": "机构名称",
        "address": "地址",
        "phone": "电话",
        "hours": "服务时间",
        "services": "服务内容",
    }
    faults = [
        f"{labels[name]}请控制在{most}个字以内。"
        for name, most in LONGEST.items()
        if len(values[name]) > most
    ]
    if not fields.name.strip():
        faults.append("请写机构名称。")
    if faults:
        raise Refused(*faults)
