"""Hosts and positions (单位名册、岗位名册): what staff have agreed with the hosts, taken in by the verbs of the ledger."""

from __future__ import annotations

from typing import Final

from policy.codes import PositionKind
from policy.districts import read_district
from policy.hosts import LONGEST_ADDRESS, LONGEST_NAME, read_host_kind
from policy.ledger_codes import HostKind
from policy.positions import (
    LONGEST_DESCRIPTION,
    LONGEST_REASON,
    LONGEST_TITLE,
    MOST_MAJORS,
    MOST_OPENINGS,
    read_education_demand,
    read_position_kind,
)
from storage import host_imports, position_imports
from storage.database import Connection
from storage.host_records import HostFields
from storage.imports import date_cells, person_cells
from storage.imports.cells import by_rule, city, money, text, whole, words, yes_no
from storage.imports.kinds import Change, Column, Done, Kind, Scope, Values, one_by_one
from storage.position_records import PositionFields

USCC: Final = Column(
    "uscc",
    "统一社会信用代码",
    person_cells.uscc,
    True,
    ("信用代码", "社会信用代码", "统一信用代码"),
    "91440101MA5AB1234M",
    "18 位，这一列请设为“文本”格式。",
)
CITY: Final = Column("city", "城市", city, True, ("地市", "所在城市", "地级市"), "广州市")
DISTRICT: Final = Column(
    "district", "区县", text(30), False, ("县区", "区", "所在区县"), "天河区", "东莞、中山写镇街。"
)
STAFF: Final = "import"
"""Where these records come from."""

HOSTS: Final = (
    Column("name", "单位名称", text(LONGEST_NAME, 4), True, ("名称", "单位全称"), "广州示例科技有限公司"),
    USCC,
    Column(
        "kind",
        "单位类型",
        by_rule(read_host_kind),
        True,
        ("单位性质", "类型"),
        HostKind.SMALL_MEDIUM.label,
        "写：" + "、".join(kind.label for kind in HostKind) + "。",
    ),
    CITY,
    DISTRICT,
    Column("address", "地址", text(LONGEST_ADDRESS), False, ("单位地址", "详细地址"), "天河路 1 号"),
    Column("contact_name", "联系人", person_cells.name, False, ("联系人姓名",), "李敏"),
    Column(
        "contact_phone", "联系电话", person_cells.contact_phone, False, ("电话", "联系人电话"), "020-12345678"
    ),
)
POSITIONS: Final = (
    USCC,
    Column("title", "岗位名称", text(LONGEST_TITLE, 2), True, ("岗位", "见习岗位"), "软件测试助理"),
    Column(
        "kind",
        "岗位类别",
        by_rule(read_position_kind),
        True,
        ("岗位类型", "类别"),
        PositionKind.TECHNICAL.label,
        "写：" + "、".join(kind.label for kind in PositionKind) + "。",
    ),
    CITY,
    DISTRICT,
    Column("openings", "招收人数", whole(1, MOST_OPENINGS), True, ("人数", "岗位数", "招募人数"), "5"),
    Column(
        "education",
        "最低学历",
        by_rule(read_education_demand),
        False,
        ("学历要求", "学历"),
        "大专",
        "不限可以空着。",
    ),
    Column("majors", "专业要求", words(MOST_MAJORS), False, ("专业",), "计算机、软件工程", "用顿号隔开。"),
    Column(
        "stipend_fen", "月补贴", money, True, ("见习补贴", "月补贴（元）", "补贴标准"), "2300", "单位是元。"
    ),
    Column("months", "期限（月）", whole(1, 99), True, ("期限", "见习期限", "见习期限（月）"), "6"),
    Column("mentor", "带教老师", person_cells.name, False, ("导师", "带教"), "陈老师的姓名"),
    Column(
        "description", "岗位描述", text(LONGEST_DESCRIPTION), False, ("岗位职责", "描述"), "功能测试，写报告"
    ),
    Column("demonstrative", "是否示范", yes_no, False, ("示范", "示范性岗位", "是否示范性岗位"), "否"),
    Column("demonstrative_reason", "示范理由", text(LONGEST_REASON), False, ("示范原因",), ""),
    Column("closes_on", "截止日期", date_cells.last_day, False, ("报名截止", "截止时间"), "2026-12-31"),
)


def _district(values: Values) -> str:
    return read_district(values["city"], values.get("district", ""))


def _take_host(connection: Connection, scope: Scope, values: Values) -> Done:
    fields = HostFields(**values | {"district": _district(values)})
    before = host_imports.image(connection, fields)
    row_id, outcome = host_imports.upsert(
        connection, scope.sealer, fields, source=STAFF, actor=scope.actor, now=scope.now, today=scope.today
    )
    return Done(outcome, row_id, before)  # type: ignore[arg-type]


def _take_position(connection: Connection, scope: Scope, values: Values) -> Done:
    fields = PositionFields(**values | {"district": _district(values)})
    before = position_imports.image(connection, fields)
    row_id, outcome = position_imports.upsert(
        connection, scope.sealer, fields, source=STAFF, actor=scope.actor, now=scope.now, today=scope.today
    )
    return Done(outcome, row_id, before)  # type: ignore[arg-type]


def _restore_host(connection: Connection, scope: Scope, change: Change) -> None:
    host_imports.restore(connection, change.row_id, change.before, actor=scope.actor, now=scope.now)


def _restore_position(connection: Connection, scope: Scope, change: Change) -> None:
    position_imports.restore(connection, change.row_id, change.before, actor=scope.actor, now=scope.now)


KINDS: Final = (
    Kind(
        "hosts",
        "见习单位",
        "host",
        HOSTS,
        ("uscc",),
        one_by_one(_take_host, {"区县": "区县", "别的城市": "城市", "单位名称": "单位名称", "地址": "地址"}),
        _restore_host,
        follows="导入的单位当天起算已认定；岗位请接着用 positions 导入。",
    ),
    Kind(
        "positions",
        "见习岗位",
        "position",
        POSITIONS,
        ("uscc", "title", "city", "district"),
        one_by_one(
            _take_position,
            {
                "统一社会信用代码": "统一社会信用代码",
                "单位还没有认定": "统一社会信用代码",
                "区县": "区县",
                "月补贴": "月补贴",
                "见习期限": "期限（月）",
                "截止日期": "截止日期",
                "岗位名称": "岗位名称",
                "岗位描述": "岗位描述",
                "专业要求": "专业要求",
                "招收人数": "招收人数",
                "示范": "是否示范",
            },
        ),
        _restore_position,
        follows="导入的岗位当天起算已发布。",
    ),
)
