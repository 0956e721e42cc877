"""Lists that are published or planned with (清单): service agencies, resources, yearly targets, matchmaking events."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Table, delete, select, update
from sqlmodel import col
from sqlmodel import select as rows

from policy.districts import read_district
from policy.ledger_codes import EventKind, EventStatus, ResourceKind
from policy.positions import read_education_demand
from policy.refusal import Refused
from policy.regions import city as city_of_code
from storage import agencies, audit, events, resources, targets
from storage.agencies import AgencyFields
from storage.database import Connection
from storage.events import EventFields
from storage.imports import date_cells
from storage.imports.cells import by_rule, code_of, text, whole, words
from storage.imports.images import image_of, restoring
from storage.imports.kinds import Change, Column, Done, Kind, Scope, Values, one_by_one
from storage.imports.kinds_hosts import CITY, DISTRICT
from storage.ledger_tables import Agency, EventSignUp, ProgrammeEvent, Resource, Target
from storage.resources import ResourceFields
from storage.tables import core
from storage.targets import CityTarget

agency, resource, event, target = core(Agency), core(Resource), core(ProgrammeEvent), core(Target)

AGENCIES: Final = (
    Column("name", "机构名称", text(60, 2), True, ("名称", "机构"), "广州市天河区人才服务中心"),
    CITY,
    DISTRICT,
    Column("address", "地址", text(100), False, ("机构地址",), "天河路 1 号"),
    Column("phone", "电话", text(60), False, ("联系电话", "咨询电话"), "020-12345678"),
    Column("hours", "服务时间", text(60), False, ("办公时间",), "工作日 9:00-17:00"),
    Column("services", "服务内容", text(300), False, ("服务项目", "职责"), "见习政策咨询、岗位推荐"),
)
RESOURCES: Final = (
    Column(
        "kind", "类型", code_of(ResourceKind, what="类型"), True, ("类别", "资源类型"), ResourceKind.JOB.label
    ),
    Column("title", "名称", text(60, 2), True, ("资源名称", "项目名称"), "行政专员"),
    Column("provider", "提供单位", text(60, 2), True, ("单位", "机构"), "广州示例科技有限公司"),
    CITY,
    DISTRICT,
    Column("education", "学历要求", by_rule(read_education_demand), False, ("最低学历",), "大专"),
    Column("words", "关键词", words(20), False, ("专业", "适合专业"), "行政、文秘", "用顿号隔开。"),
    Column("description", "说明", text(1500), False, ("描述", "内容"), ""),
    Column("contact", "联系方式", text(100), False, ("联系电话",), "020-12345678"),
    Column("url", "网址", text(300), False, ("链接",), "https://example.com"),
    Column("valid_until", "有效期", date_cells.last_day, False, ("有效期至", "截止日期"), "2026-12-31"),
)
TARGETS: Final = (
    CITY,
    Column("year", "年度", whole(2020, 2100), True, ("年份",), "2026"),
    Column("interns", "见习人数目标", whole(0), True, ("见习人数", "目标人数"), "1800"),
    Column("posts", "岗位数目标", whole(0), True, ("岗位数", "目标岗位数"), "6750"),
)
EVENTS: Final = (
    CITY,
    Column("title", "活动名称", text(60, 2), True, ("名称", "标题"), "青年就业见习专场"),
    Column(
        "kind",
        "形式",
        code_of(EventKind, what="形式"),
        True,
        ("活动形式",),
        EventKind.JOB_FAIR.label,
        "写：" + "、".join(kind.label for kind in EventKind) + "。",
    ),
    Column("starts_at", "开始时间", date_cells.moment, True, ("活动时间",), "2026-12-05 09:00"),
    Column("ends_at", "结束时间", date_cells.moment, False, (), "2026-12-05 12:00"),
    Column("venue", "地点", text(120, 2), True, ("活动地点",), "天河体育中心"),
    Column("capacity", "名额", whole(1), False, ("人数上限",), "200", "不限可以空着。"),
    Column("description", "说明", text(1500), False, ("活动说明", "内容"), ""),
    Column(
        "status",
        "状态",
        code_of(EventStatus, what="状态"),
        False,
        (),
        EventStatus.DRAFT.label,
        "空着就是草稿；办过的写“已举办”。",
    ),
)


def _id_of(connection: Connection, table: Table, **key: Any) -> int | None:  # noqa: ANN401 - any column
    query = select(table.c.id).where(*(table.c[name] == value for name, value in key.items()))
    found: int | None = connection.sqlalchemy.execute(query).scalar()
    return found


def _before(connection: Connection, table: Table, row_id: int | None) -> bytes | None:
    return None if row_id is None else image_of(connection, table, row_id)


def _take_agency(connection: Connection, scope: Scope, values: Values) -> Done:
    district = read_district(values["city"], values.get("district", ""))
    fields = AgencyFields(**values | {"district": district})
    known = _id_of(connection, agency, city=fields.city, name=fields.name)
    before = _before(connection, agency, known)
    row_id, outcome = agencies.upsert(connection, fields, actor=scope.actor, now=scope.now)
    return Done(outcome, row_id, before)  # type: ignore[arg-type]


def _take_resource(connection: Connection, scope: Scope, values: Values) -> Done:
    district = read_district(values["city"], values.get("district", ""))
    fields = ResourceFields(**values | {"district": district})
    key = {name: getattr(fields, name) for name in ("city", "kind", "title", "provider")}
    before = _before(connection, resource, _id_of(connection, resource, **key))
    row_id, outcome = resources.upsert(connection, fields, actor=scope.actor, now=scope.now)
    return Done(outcome, row_id, before)  # type: ignore[arg-type]


# --- targets: their key is year and city, which one number holds ------------------------------------------


def _take_target(connection: Connection, scope: Scope, values: Values) -> Done:
    year, code = values["year"], values["city"]
    row_id = year * 1_000_000 + int(code)
    known = targets.of_year(connection, year).get(code)
    if known is not None and (known.interns, known.posts) == (values["interns"], values["posts"]):
        return Done("unchanged", row_id, None)
    before = None if known is None else f"{known.interns} {known.posts} {known.source}".encode()
    fresh = CityTarget(code, values["interns"], values["posts"], scope.source)
    targets.load(connection, year, [fresh], actor=scope.actor, now=scope.now)
    return Done("added" if known is None else "changed", row_id, before)


def _restore_target(connection: Connection, scope: Scope, change: Change) -> None:
    year, code = divmod(change.row_id, 1_000_000)
    here = (target.c.year == year, target.c.city == str(code))
    found = connection.sqlalchemy.execute(select(target.c.updated_at).where(*here)).scalar()
    if found != scope.imported_at:
        raise Refused(f"{city_of_code(str(code)).name} {year} 年的目标在导入之后又改过，不能撤销。")
    if change.before is None:
        connection.sqlalchemy.execute(delete(target).where(*here))
        return
    interns, posts, source = change.before.decode().split(" ", 2)
    connection.sqlalchemy.execute(
        update(target)
        .where(*here)
        .values(interns=int(interns), posts=int(posts), source=source, updated_at=scope.now)
    )


# --- events ------------------------------------------------------------------------------------------------


def _take_event(connection: Connection, scope: Scope, values: Values) -> Done:
    wanted = EventStatus(values.pop("status", EventStatus.DRAFT))
    told: Values = {"ends_at": None} | values
    fields = EventFields(**told)
    same = rows(ProgrammeEvent).where(
        col(ProgrammeEvent.city) == fields.city,
        col(ProgrammeEvent.title) == fields.title,
        col(ProgrammeEvent.starts_at) == fields.starts_at,
    )
    found = connection.session.exec(same).first()
    before = None
    if found is None:
        row_id, outcome = events.create(connection, fields, actor=scope.actor, now=scope.now), "added"
        found = events.get(connection, row_id)
    else:
        assert found.id is not None
        row_id, outcome = found.id, "unchanged"
        before = image_of(connection, event, row_id)
        if events.fields_of(found) != fields:
            events.change(connection, row_id, fields, actor=scope.actor, now=scope.now)
            outcome = "changed"
    if _advance(connection, scope, found, wanted) and outcome == "unchanged":
        outcome = "changed"
    return Done(outcome, row_id, before)  # type: ignore[arg-type]


def _advance(connection: Connection, scope: Scope, found: ProgrammeEvent, wanted: EventStatus) -> bool:
    """Bring an event to the state that the file tells; returns whether that changed it."""
    assert found.id is not None
    if wanted is EventStatus.PUBLISHED and found.status == EventStatus.DRAFT:
        events.publish(connection, found.id, actor=scope.actor, now=scope.now)
    elif wanted is EventStatus.HELD and found.status == EventStatus.PUBLISHED:
        events.hold(connection, found.id, actor=scope.actor, now=scope.now)
    elif wanted is EventStatus.HELD and found.status == EventStatus.DRAFT:
        if found.starts_at > scope.now:
            raise Refused("状态写的是已举办，可是开始时间还没到，请核对。")
        found.status, found.updated_at = EventStatus.HELD, scope.now
        connection.session.add(found)
        connection.session.flush()
        audit.add(connection, scope.now, scope.actor, "event.held", f"event:{found.id}")
    else:
        return False
    return True


KINDS: Final = (
    Kind(
        "targets",
        "分市目标任务",
        "target",
        TARGETS,
        ("city", "year"),
        one_by_one(_take_target),
        _restore_target,
    ),
    Kind(
        "agencies",
        "服务机构联络清单",
        "agency",
        AGENCIES,
        ("city", "name"),
        one_by_one(_take_agency, {"区县": "区县"}),
        restoring(agency, "服务机构"),
    ),
    Kind(
        "events",
        "专项对接活动",
        "programme_event",
        EVENTS,
        ("city", "title", "starts_at"),
        one_by_one(
            _take_event,
            {
                "开始时间": "开始时间",
                "结束时间": "结束时间",
                "名额": "名额",
                "活动": "状态",
                "标题": "活动名称",
            },
        ),
        restoring(event, "活动", [(core(EventSignUp), "event_id", "人报名")]),
        follows="草稿状态的活动，看过后请用 jianxi events publish 发布。",
    ),
    Kind(
        "resources",
        "帮扶资源",
        "resource",
        RESOURCES,
        ("city", "kind", "title", "provider"),
        one_by_one(_take_resource, {"区县": "区县", "网址": "网址"}),
        restoring(resource, "帮扶资源"),
    ),
)
