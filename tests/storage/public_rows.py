"""Rows for tests of what the public sees: recognised hosts and their published positions."""

from datetime import UTC, date, datetime
from typing import Any

from policy.codes import PositionKind
from policy.ledger_codes import EventKind, HostKind, HostStatus, PositionStatus
from storage import events
from storage.database import Connection
from storage.events import EventFields
from storage.ledger_tables import Agency, Host, Mentor, Position

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
GUANGZHOU, SHENZHEN = "440100", "440300"


def host(connection: Connection, number: int = 1, **fields: object) -> int:
    """A recognised host; return its id."""
    values: dict[str, Any] = {
        "uscc": f"9144010100000{number:04d}X",
        "name": f"第{number}机电有限公司",
        "kind": HostKind.SMALL_MEDIUM,
        "city": GUANGZHOU,
        "district": "440106",
        "status": HostStatus.APPROVED,
        "applied_on": TODAY,
        "source": "clerk",
        "created_at": NOW,
        "updated_at": NOW,
    }
    row = Host(**values | fields)
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    return row.id


def position(connection: Connection, host_id: int, title: str = "会计助理", **fields: object) -> int:
    """A published position; return its id."""
    values: dict[str, Any] = {
        "kind": PositionKind.MANAGEMENT,
        "city": GUANGZHOU,
        "district": "440106",
        "openings": 2,
        "education": "31",
        "majors": ["会计"],
        "stipend_fen": 250_000,
        "months": 6,
        "description": "协助整理凭证、核对账目。",
        "status": PositionStatus.PUBLISHED,
        "search_text": f"{title} 会计 广州市 天河区",
        "source": "clerk",
        "published_on": TODAY,
        "created_at": NOW,
        "updated_at": NOW,
    }
    row = Position(host_id=host_id, title=title, **values | fields)
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    return row.id


def mentor(connection: Connection, host_id: int) -> int:
    """A mentor of a host, whose name nobody reads; return the id."""
    row = Mentor(host_id=host_id, name_sealed=b"sealed", name_index=b"index", created_at=NOW)
    connection.session.add(row)
    connection.session.flush()
    assert row.id is not None
    return row.id


def many(connection: Connection, count: int, *, openings: int = 1, **fields: object) -> list[int]:
    """So many positions of one plain host; their ids."""
    owner = host(connection, 9000)
    return [
        position(connection, owner, f"第{n}号岗位", openings=openings, **fields) for n in range(1, count + 1)
    ]


def agency(connection: Connection, name: str = "天河区公共就业服务中心", **fields: object) -> None:
    """A service agency."""
    values: dict[str, Any] = {
        "city": GUANGZHOU,
        "district": "440106",
        "address": "天河区某路1号",
        "phone": "020-12333",
        "hours": "工作日 9:00—17:00",
        "services": "见习登记、岗位推荐",
        "updated_at": NOW,
    }
    connection.session.add(Agency(name=name, **values | fields))
    connection.session.flush()


def recruiting(connection: Connection) -> None:
    """Two hosts with seven positions between them, and one event to come, for conversations."""
    ours, theirs = host(connection), host(connection, 2, name="深圳市南山创意设计有限公司", city=SHENZHEN)
    for title in ("仓储文员", "机电装配见习生", "行政助理", "社区服务助理", "会计助理"):
        position(connection, ours, title, search_text=f"{title} 广州市天河区")
    position(
        connection,
        theirs,
        "平面设计助理",
        city=SHENZHEN,
        district="440305",
        search_text="平面设计助理 深圳市",
    )
    position(
        connection, ours, "财务会计助理", closes_on=date(2026, 12, 31), search_text="财务会计助理 广州市"
    )
    starts = datetime(2026, 12, 5, 1, 30, tzinfo=UTC)
    fair = EventFields(
        GUANGZHOU, "见习专场招聘会", EventKind.JOB_FAIR, starts, None, "天河体育中心", "请带毕业证。", 200
    )
    number = events.create(connection, fair, actor="cli:clerk", now=NOW)
    events.publish(connection, number, actor="cli:clerk", now=NOW)
