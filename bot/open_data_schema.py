"""What the open data API gives, field by field: the one table that both the answers and their description are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from policy.codes import Code, Education, PositionKind
from policy.ledger_codes import HostKind
from policy.regions import CITIES
from policy.regions import city as city_of_code
from storage.bundle_lists import Item
from storage.ledger_tables import Bundle
from storage.position_search import PublicPosition
from storage.public_lists import PublicHost

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
INTEGER: Final[Schema] = {"type": "integer"}
YES_NO: Final[Schema] = {"type": "boolean"}
DAY: Final[Schema] = {"type": ["string", "null"], "format": "date"}
MOMENT: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
CITY: Final[Schema] = {"type": "string", "enum": [city.code for city in CITIES]}


def _codes(codes: type[Code], *, nullable: bool = False) -> Schema:
    values: list[str | None] = [code.value for code in codes]
    return {
        "type": ["string", "null"] if nullable else "string",
        "enum": [*values, None] if nullable else values,
        "description": "；".join(f"{code.value} {code.label}" for code in codes),
    }


class Field(NamedTuple):
    """One member of an answer: its schema, what it means, and where its value comes from."""

    name: str
    schema: Schema
    meaning: str
    value: Callable[[Any], Any]


class Paged(NamedTuple):
    """One bundle with what is in it, and where its page is."""

    bundle: Bundle
    items: Sequence[Item]
    page: str


POSITION: Final = (
    Field("id", INTEGER, "编号", lambda p: p.id),
    Field("title", TEXT, "岗位名称", lambda p: p.title),
    Field("kind", _codes(PositionKind), "岗位类别", lambda p: p.kind),
    Field("kind_name", TEXT, "岗位类别名称", lambda p: p.kind_label),
    Field("city", CITY, "城市代码（GB/T 2260）", lambda p: p.city),
    Field("place", TEXT, "城市和区县名称", lambda p: p.place),
    Field("district", TEXT, "区县代码；没有区县的市是镇街名称；可为空", lambda p: p.district),
    Field("host_id", INTEGER, "见习单位编号", lambda p: p.host_id),
    Field("host_name", TEXT, "见习单位名称", lambda p: p.host_name),
    Field("host_kind", _codes(HostKind), "见习单位类型", lambda p: p.host_kind),
    Field("openings", INTEGER, "招收人数", lambda p: p.openings),
    Field("openings_left", INTEGER, "剩余名额", lambda p: p.left),
    Field("education", _codes(Education, nullable=True), "最低学历，空为不限", lambda p: p.education),
    Field("majors", {"type": "array", "items": TEXT}, "专业要求，空为不限", lambda p: list(p.majors)),
    Field("monthly_stipend_fen", INTEGER, "月补贴（分）", lambda p: p.stipend_fen),
    Field("months", INTEGER, "期限（月）", lambda p: p.months),
    Field("description", TEXT, "岗位描述", lambda p: p.description),
    Field("demonstrative", YES_NO, "是否示范性岗位", lambda p: p.demonstrative),
    Field("closes_on", DAY, "截止日期", lambda p: p.closes_on),
    Field("published_on", DAY, "发布日期", lambda p: p.published_on),
    Field("demo", YES_NO, "示例数据，不是真的", lambda p: p.demo),
)
HOST: Final = (
    Field("id", INTEGER, "编号", lambda h: h.id),
    Field("name", TEXT, "单位名称", lambda h: h.name),
    Field("uscc", TEXT, "统一社会信用代码（GB 32100）", lambda h: h.uscc),
    Field("kind", _codes(HostKind), "单位类型", lambda h: h.kind),
    Field("kind_name", TEXT, "单位类型名称", lambda h: h.kind_label),
    Field("city", CITY, "城市代码（GB/T 2260）", lambda h: h.city),
    Field("place", TEXT, "城市和区县名称", lambda h: h.place),
    Field("approved_on", DAY, "认定日期", lambda h: h.approved_on),
    Field("positions", INTEGER, "在招岗位数", lambda h: h.positions),
    Field("openings_left", INTEGER, "在招岗位的剩余名额", lambda h: h.left),
    Field("demo", YES_NO, "示例数据，不是真的", lambda h: h.demo),
)
ITEM: Final = (
    Field("id", INTEGER, "岗位编号", lambda i: i.position_id),
    Field("title", TEXT, "岗位名称", lambda i: i.title),
    Field("host_name", TEXT, "见习单位名称", lambda i: i.host),
    Field("kind", _codes(PositionKind), "岗位类别", lambda i: i.kind),
    Field("place", TEXT, "城市和区县名称", lambda i: i.place),
    Field("openings", INTEGER, "招收人数", lambda i: i.openings),
    Field("openings_left", INTEGER, "剩余名额", lambda i: i.left),
    Field("monthly_stipend_fen", INTEGER, "月补贴（分）", lambda i: i.stipend_fen),
    Field("recruiting", YES_NO, "现在还能不能报", lambda i: i.open),
    Field("reason", TEXT, "选为示范性岗位的理由", lambda i: i.reason),
    Field("demo", YES_NO, "示例数据，不是真的", lambda i: i.demo),
)
BUNDLE: Final = (
    Field("month", {"type": "string", "pattern": r"^\d{4}-\d{2}$"}, "月份", lambda b: b.bundle.month),
    Field("city", CITY, "城市代码（GB/T 2260）", lambda b: b.bundle.city),
    Field("city_name", TEXT, "城市名称", lambda b: city_of_code(b.bundle.city).name),
    Field("title", TEXT, "标题", lambda b: b.bundle.title),
    Field("introduction", TEXT, "介绍", lambda b: b.bundle.introduction),
    Field("page", TEXT, "页面地址", lambda b: b.page),
    Field("link", {"type": ["string", "null"]}, "报送省厅的链接", lambda b: b.bundle.link),
    Field("published_at", MOMENT, "发布时间", lambda b: b.bundle.published_at),
    Field("reported_on", DAY, "报送省厅的日期", lambda b: b.bundle.reported_on),
    Field(
        "positions",
        {"type": "array", "items": {"$ref": "#/components/schemas/BundlePosition"}},
        "入选岗位，按顺序",
        lambda b: [shown(ITEM, item) for item in b.items],
    ),
)


def shown(fields: Sequence[Field], row: PublicPosition | PublicHost | Item | Paged) -> dict[str, Any]:
    """A row as JSON."""
    return {field.name: field.value(row) for field in fields}


def _object(fields: Sequence[Field]) -> Schema:
    properties = {
        field.name: {
            **field.schema,
            "description": f"{field.meaning}。{field.schema.get('description', '')}".removesuffix("。"),
        }
        for field in fields
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _parameter(name: str, schema: Schema, meaning: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": meaning}


PAGING: Final = (
    _parameter("cursor", TEXT, "上一页答复里的 next，原样带回"),
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}, "每页条数"),
)
CITY_PARAMETER: Final = _parameter("city", CITY, "城市代码")


def _path(summary: str, item: str, *parameters: Schema) -> Schema:
    page = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{item}"}},
            "next": {"type": ["string", "null"], "description": "下一页的 cursor；没有下一页时为 null"},
        },
    }
    error = {"$ref": "#/components/responses/Error"}
    answers = {
        "200": {"description": "一页", "content": {"application/json": {"schema": page}}},
        "304": {"description": "和 If-None-Match 给的一样，没有变"},
        "400": error,
        "503": error,
    }
    return {"get": {"summary": summary, "parameters": [*parameters, *PAGING], "responses": answers}}


def description(base: str) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the open data."""
    kinds = _parameter("kind", _codes(PositionKind), "岗位类别")
    educations = _parameter("education", _codes(Education), "求职者的学历：要求更高的岗位不列")
    words = _parameter("words", {"type": "string", "maxLength": 60}, "关键词，几个词用空格隔开，都要有")
    marked = _parameter("demonstrative", YES_NO, "只要（或不要）示范性岗位")
    host_kinds = _parameter("kind", _codes(HostKind), "单位类型")
    error = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": TEXT, "message": TEXT},
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "见习通开放数据",
            "version": "1.0.0",
            "description": "广东就业见习岗位、单位和示范性岗位。只有已发布的，没有个人信息；可以缓存，带 ETag。",
        },
        "servers": [{"url": base}],
        "paths": {
            "/api/positions": _path(
                "招募中的见习岗位，新的在前", "Position", CITY_PARAMETER, kinds, educations, words, marked
            ),
            "/api/hosts": _path("已认定的见习单位，新的在前", "Host", CITY_PARAMETER, host_kinds, words),
            "/api/bundles": _path("已发布的每月示范性岗位，新的在前", "Bundle", CITY_PARAMETER),
        },
        "components": {
            "schemas": {
                "Position": _object(POSITION),
                "Host": _object(HOST),
                "Bundle": _object(BUNDLE),
                "BundlePosition": _object(ITEM),
                "Error": error,
            },
            "responses": {
                "Error": {
                    "description": "没有接受，message 是给人看的原因",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
            },
        },
    }
