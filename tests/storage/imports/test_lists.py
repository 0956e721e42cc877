"""Hosts, positions, agencies, resources, targets and events from spreadsheets, on both engines."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import SQLModel

from policy.calendar import CHINA
from policy.ledger_codes import EventStatus
from policy.refusal import Refused
from storage import events
from storage.database import Connection
from storage.ledger_tables import (
    Agency,
    EventSignUp,
    Host,
    Mentor,
    Position,
    ProgrammeEvent,
    Resource,
    StockMovement,
    Target,
)
from storage.sealing import Sealer
from storage.tables import core
from tests.storage.imports.files import Lines
from tests.storage.imports.importing import NOW, TODAY, Importer, counts, faults
from tests.storage.rows import contact

FIRST, SECOND = "91440101MA59DHYD4F", "91440300708461136T"

HOSTS = ["单位名称", "统一社会信用代码", "单位类型", "城市", "区县", "联系人", "联系电话"]
HOST = ["广州示例科技有限公司", FIRST, "民营企业", "广州", "天河区", "李敏", "020-12345678"]
OTHER = ["深圳示例研究院", SECOND, "科研院所", "深圳市", "", "", ""]

POSITIONS = [
    *("统一社会信用代码", "岗位名称", "岗位类别", "城市", "区县", "招收人数", "最低学历", "专业要求"),
    *("月补贴", "期限（月）", "带教老师", "岗位描述", "是否示范", "截止日期"),
]


def position(**other: object) -> list[Any]:
    own: dict[str, Any] = dict.fromkeys(POSITIONS, "") | {
        "统一社会信用代码": FIRST,
        "岗位名称": "软件测试助理",
        "岗位类别": "技术类",
        "城市": "广州",
        "招收人数": 3,
        "最低学历": "大专及以上",
        "专业要求": "计算机、软件工程",
        "月补贴": 2300,
        "期限（月）": "6个月",
        "带教老师": "陈敏",
        "是否示范": "是",
        "截止日期": "2026年12月",
    }
    return list((own | other).values())


def stock(importer: Importer) -> list[int]:
    """The sum of the movements: hosts, openings, new openings."""
    rows = importer.all(select(core(StockMovement)))
    return [
        sum(row.delta for row in rows if row.subject == "host"),
        sum(row.delta for row in rows if row.subject == "position"),
        sum(row.delta for row in rows if row.subject == "position" and row.opened),
    ]


def test_hosts_are_recognised_counted_and_taken_back(importer: Importer, sealer: Sealer) -> None:
    lines: Lines = [HOSTS, HOST, OTHER]
    assert counts(importer("hosts", lines)) == (2, 2, 0, 0, 0)
    host = core(Host)
    first, second = importer.all(select(host).order_by(host.c.id))
    assert (first.name, first.kind, first.city, first.district) == (
        HOST[0],
        "small_medium",
        "440100",
        "440106",
    )
    assert (first.status, first.approved_on, second.kind) == ("approved", TODAY, "research_institute")
    assert sealer.open_text(first.contact_phone_sealed, b"host.contact_phone_sealed") == "02012345678"
    assert counts(importer("hosts", lines)) == (2, 0, 0, 2, 0)
    moved = [*HOST[:4], "越秀", *HOST[5:]]
    assert counts(importer("hosts", [HOSTS, moved])) == (1, 0, 1, 0, 0)
    assert importer.undo().restored == 1
    assert importer.all(select(host.c.district).order_by(host.c.id)) == [("440106",), ("",)]
    assert stock(importer)[0] == 2


def test_new_hosts_go_again_and_out_of_the_stock(importer: Importer) -> None:
    importer("hosts", [HOSTS, HOST, OTHER])
    assert importer.undo().removed == 2
    assert importer.all(select(core(Host))) == []
    assert stock(importer)[0] == 0


def test_faults_of_hosts_name_their_columns(importer: Importer) -> None:
    lines = [
        HOSTS,
        ["公司", FIRST[:-1] + "1", "不知道", "长沙", "", "9", "无此号码"],
        [*HOST[:4], "南山", *HOST[5:]],
        OTHER,
    ]
    done = importer("hosts", lines)
    assert counts(done) == (3, 1, 0, 0, 2)
    assert faults(done) == [*((2, title) for title in (*HOSTS[:4], *HOSTS[5:])), (3, "区县")]


def test_positions_need_their_host_and_an_offer_that_may_be_published(importer: Importer) -> None:
    lines = [
        POSITIONS,
        position(),
        position(统一社会信用代码=SECOND),
        position(岗位名称="低补贴", 月补贴=100),
        position(岗位名称="太短", **{"期限（月）": 1}),
        position(岗位名称="过期", 截止日期="2026-01-01"),
        position(岗位名称="错别字", 岗位类别="杂工", 最低学历="很高", 招收人数="几个"),
    ]
    importer("hosts", [HOSTS, HOST])
    done = importer("positions", lines)
    assert counts(done) == (6, 1, 0, 0, 5)
    assert faults(done) == [
        (3, "统一社会信用代码"),
        (4, "月补贴"),
        (5, "期限（月）"),
        (6, "截止日期"),
        (7, "岗位类别"),
        (7, "招收人数"),
        (7, "最低学历"),
    ]
    table = core(Position)
    [row] = importer.all(select(table))
    assert (row.kind, row.education, row.majors) == ("2", "31", ["计算机", "软件工程"])
    assert (row.stipend_fen, row.months, row.openings, row.closes_on) == (230_000, 6, 3, date(2026, 12, 31))
    assert (row.demonstrative, row.status, row.published_on) == (True, "published", TODAY)
    assert len(importer.all(select(core(Mentor)))) == 1


def test_a_refused_position_leaves_no_mentor_behind(importer: Importer) -> None:
    importer("hosts", [HOSTS, HOST])
    importer("positions", [POSITIONS, position(月补贴=100)])
    assert importer.all(select(core(Mentor))) == []


def test_positions_change_with_the_stock_and_go_back_with_it(importer: Importer) -> None:
    importer("hosts", [HOSTS, HOST])
    importer("positions", [POSITIONS, position(), position(岗位名称="会计助理", 招收人数=2)])
    assert stock(importer) == [1, 5, 5]
    assert counts(importer("positions", [POSITIONS, position()])) == (1, 0, 0, 1, 0)
    done = importer("positions", [POSITIONS, position(招收人数=8, 岗位描述="写报告")])
    assert counts(done) == (1, 0, 1, 0, 0)
    assert stock(importer) == [1, 10, 10]
    importer.undo()
    assert stock(importer) == [1, 5, 5]
    assert counts(importer("positions", [POSITIONS, position()])) == (1, 0, 0, 1, 0)


def test_hosts_go_after_their_positions_only(importer: Importer) -> None:
    first = importer("hosts", [HOSTS, HOST])
    importer("positions", [POSITIONS, position()])
    with pytest.raises(Refused, match="已经有岗位"):
        importer.undo(first.run_id)
    assert importer.undo().removed == 1
    assert importer.undo().kind == "hosts"
    assert stock(importer) == [0, 0, 0]


AGENCIES = ["机构名称", "城市", "区县", "地址", "电话", "服务时间", "服务内容"]
RESOURCES = ["类型", "名称", "提供单位", "城市", "学历要求", "关键词", "网址", "有效期"]
TARGETS = ["城市", "年度", "见习人数目标", "岗位数目标"]

SIMPLE = [
    (
        "agencies",
        Agency,
        [AGENCIES, ["天河人才中心", "广州", "天河", "天河路1号", "12333", "工作日", "推荐"]],
        4,
        "天河路2号",
    ),
    (
        "resources",
        Resource,
        [RESOURCES, ["就业岗位", "文员", "某公司", "广州", "大专", "行政、文秘", "https://a.cn", "2027-01"]],
        6,
        "https://b.cn",
    ),
    ("targets", Target, [TARGETS, ["广州", 2026, "1,800", 6750.0]], 3, 7000),
]


@pytest.mark.parametrize(
    ("kind", "table", "lines", "place", "other"), SIMPLE, ids=[case[0] for case in SIMPLE]
)
def test_a_simple_list_is_added_kept_changed_and_taken_back(
    importer: Importer,
    kind: str,
    table: type[SQLModel],
    lines: Lines,
    place: int,
    other: object,
) -> None:
    rows = select(core(table))
    assert counts(importer(kind, lines)) == (1, 1, 0, 0, 0)
    before = importer.all(rows)
    assert counts(importer(kind, lines)) == (1, 0, 0, 1, 0)
    assert importer.all(rows) == before
    changed = list(lines[1])
    changed[place] = other
    assert counts(importer(kind, [lines[0], changed])) == (1, 0, 1, 0, 0)
    assert importer.all(rows) != before
    assert importer.undo().restored == 1
    moments = {"updated_at", "version"}
    assert [{k: v for k, v in row._mapping.items() if k not in moments} for row in importer.all(rows)] == [
        {k: v for k, v in row._mapping.items() if k not in moments} for row in before
    ]


@pytest.mark.parametrize(
    ("kind", "table", "lines", "place", "other"), SIMPLE, ids=[case[0] for case in SIMPLE]
)
def test_a_new_simple_record_goes_unless_somebody_has_touched_it(
    importer: Importer,
    kind: str,
    table: type[SQLModel],
    lines: Lines,
    place: int,
    other: object,
) -> None:
    importer(kind, lines)
    touch = update(core(table)).values(updated_at=NOW.replace(year=2027))
    importer.database.write_sync(lambda c: c.sqlalchemy.execute(touch).rowcount)
    with pytest.raises(Refused, match="改过"):
        importer.undo()
    settle = update(core(table)).values(updated_at=importer.now.replace(microsecond=1))
    importer.database.write_sync(lambda c: c.sqlalchemy.execute(settle).rowcount)
    importer.undo()
    assert importer.all(select(core(table))) == []


EVENTS = ["城市", "活动名称", "形式", "开始时间", "结束时间", "地点", "名额", "状态"]


def event(title: str, start: str, status: str = "", venue: str = "体育中心") -> list[Any]:
    return ["广州", title, "专场招聘", start, "", venue, "", status]


def test_events_come_as_drafts_or_as_what_they_are(importer: Importer) -> None:
    lines = [
        EVENTS,
        event("甲场招聘", "2026-12-05 09:00"),
        event("乙场招聘", "2026年12月6日9时", "已发布"),
        event("丙场招聘", "2026-03-05 9:00", "已举办"),
        event("丁场招聘", "2026-12-07 09:00", "已举办"),
        event("戊场招聘", "2026-03-07 09:00", "已发布"),
        event("己场招聘", "明天上午"),
    ]
    done = importer("events", lines)
    assert counts(done) == (6, 3, 0, 0, 3)
    assert [one.row for one in done.rejected] == [5, 6, 7]
    table = core(ProgrammeEvent)
    rows = importer.all(select(table.c.status, table.c.starts_at).order_by(table.c.id))
    assert [row.status for row in rows] == ["draft", "published", "held"]
    assert rows[0].starts_at == datetime(2026, 12, 5, 9, tzinfo=CHINA)
    assert counts(importer("events", lines[:4])) == (3, 0, 0, 3, 0)
    again = [EVENTS, event("甲场招聘", "2026-12-05 09:00", "已发布", "图书馆")]
    assert counts(importer("events", again)) == (1, 0, 1, 0, 0)
    importer.undo()
    [row] = importer.all(select(table).where(table.c.title == "甲场招聘"))
    assert (row.status, row.venue) == ("draft", "体育中心")


def test_an_event_with_sign_ups_is_not_taken_back(importer: Importer) -> None:
    importer("events", [EVENTS, event("甲场招聘", "2026-12-05 09:00", "已发布")])

    def sign_up(connection: Connection) -> None:
        [found] = events.every(connection, status=EventStatus.PUBLISHED)
        assert found.id is not None
        connection.session.add(
            EventSignUp(event_id=found.id, contact_id=contact(connection), status="signed_up", at=NOW)
        )

    importer.database.write_sync(sign_up)
    with pytest.raises(Refused, match="已经有人报名"):
        importer.undo()
    assert len(importer.all(select(core(ProgrammeEvent)))) == 1
