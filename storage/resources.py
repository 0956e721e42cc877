"""Resources to offer after an internship (帮扶资源): jobs, trainings, help with a business of one's own.

人社部发〔2023〕27号 二(六): whoever was not retained gets jobs and guidance, or project, financing and premises, or a
training. What suits whom is chosen elsewhere; here they are kept and listed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from sqlmodel import col, or_, select

from policy.refusal import Refused
from storage import audit
from storage.database import Connection
from storage.ledger_tables import Resource

LONGEST: Final = {"title": 60, "provider": 60, "description": 1500, "contact": 100, "url": 300}
LABELS: Final = {
    "title": "名称",
    "provider": "提供单位",
    "description": "说明",
    "contact": "联系方式",
    "url": "网址",
}


class ResourceFields(NamedTuple):
    """A resource as a spreadsheet tells it; city, kind, title and provider make it the same one."""

    kind: str
    title: str
    provider: str
    city: str
    district: str = ""
    education: str | None = None
    words: tuple[str, ...] = ()
    description: str = ""
    contact: str = ""
    url: str = ""
    valid_until: date | None = None


def upsert(
    connection: Connection, fields: ResourceFields, *, actor: str, now: datetime, demo: bool = False
) -> tuple[int, str]:
    """Take in a line: returns the resource's id and added, changed or unchanged. Raises `Refused`."""
    _check(fields)
    values = fields._asdict() | {"words": list(fields.words)}
    query = select(Resource).where(
        Resource.city == fields.city,
        Resource.kind == fields.kind,
        Resource.title == fields.title,
        Resource.provider == fields.provider,
    )
    row = connection.session.exec(query).first()
    if row is not None and all(getattr(row, name) == value for name, value in values.items()):
        assert row.id is not None
        return row.id, "unchanged"
    outcome = "added" if row is None else "changed"
    if row is None:
        row = Resource(**values, demo=demo, updated_at=now)
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = now
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    audit.add(connection, now, actor, f"resource.import_{outcome}", f"resource:{row.id}")
    return row.id, outcome


def _check(fields: ResourceFields) -> None:
    values = fields._asdict()
    faults = [
        f"{LABELS[name]}请控制在{most}个字以内。"
        for name, most in LONGEST.items()
        if len(values[name]) > most
    ]
    if not fields.title.strip():
        faults.append("请写资源名称。")
    if fields.url and not fields.url.startswith(("https://", "http://")):
        faults.append("网址要以 https:// 开头。")
    if faults:
        raise Refused(*faults)


def listed(
    connection: Connection,
    *,
    today: date,
    city: str | None = None,
    kind: str | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[Resource]:
    """A page of the resources that are still on offer, by id, of one city or kind or of all."""
    query = (
        select(Resource)
        .where(
            col(Resource.id) > after_id,
            or_(col(Resource.valid_until).is_(None), col(Resource.valid_until) >= today),
        )
        .order_by(col(Resource.id))
        .limit(limit)
    )
    if city is not None:
        query = query.where(Resource.city == city)
    if kind is not None:
        query = query.where(Resource.kind == kind)
    return list(connection.session.exec(query))
