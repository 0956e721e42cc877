"""Lists of the ledger as rows of text (台账导出): the columns that the import of the same kind reads, then some more.

Names, numbers and phones are masked unless they are asked for; a file exported unmasked can be imported again and
changes nothing. Rows come page by page, so that memory stays small however long the list is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from policy.calendar import CHINA
from policy.codes import Education, Track
from policy.districts import district_name
from policy.ledger_codes import (
    Ending,
    EndReason,
    EventKind,
    EventStatus,
    RegisterKind,
    ResourceKind,
    Result,
    Stage,
)
from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.positions import yuan
from policy.regions import city as city_of_code
from storage import (
    events,
    host_lists,
    internship_lists,
    position_lists,
    public_lists,
    registers,
    resources,
    subsidy_lists,
    targets,
)
from storage.database import Connection
from storage.imports.everything import KINDS
from storage.internship_lists import Line
from storage.ledger_tables import ProgrammeEvent, Resource
from storage.public_lists import PublicAgency
from storage.sealing import Sealer
from storage.targets import CityTarget

PAGE: Final = 500

MATCHED: Final = {"confirmed": "已匹配", "to_confirm": "待确认", "refused": "不是同一人", None: "未登记"}


class Wanted(NamedTuple):
    """What is to be exported: of one city or of all, masked or not, as of a day."""

    city: str | None
    unmask: bool
    today: date


Pages = Callable[[Connection, Sealer, Wanted, int], Sequence[Any]]
"""The page of records that come after a number."""


@dataclass(frozen=True, slots=True)
class Export:
    """A list that can be exported. `told` turns a record into values by field, `more` are the titles of the
    fields that no import reads."""

    name: str
    label: str
    pages: Pages
    told: Callable[[Any, Sealer, Wanted], Mapping[str, object]]
    more: Mapping[str, str]
    columns: str
    """The kind of import whose columns come first."""
    by_city: bool = True
    personal: bool = False

    @property
    def titles(self) -> list[str]:
        """The header."""
        return [*(column.title for column in KINDS[self.columns].columns), *self.more.values()]

    def rows(self, connection: Connection, sealer: Sealer, wanted: Wanted) -> Iterator[list[object]]:
        """All rows, page by page."""
        fields = [*(column.field for column in KINDS[self.columns].columns), *self.more]
        after = 0
        while page := self.pages(connection, sealer, wanted, after):
            for record in page:
                told = self.told(record, sealer, wanted)
                yield [told.get(field) for field in fields]
            last = page[-1]
            after = last["id"] if isinstance(last, dict) else getattr(last, "id", 0)
            if not after:
                return


def _label(code: type[Any], value: str | None) -> str:
    return code(value).label if value else ""


def _hosts(connection: Connection, sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return host_lists.listed(
        connection, sealer, city=wanted.city, after=after, limit=PAGE, unmask=wanted.unmask
    )


def _host(row: dict[str, Any], _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    labels: dict[str, str] = row["labels"]
    return row | labels


def _positions(connection: Connection, sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return position_lists.listed(
        connection, sealer, city=wanted.city, after=after, limit=PAGE, unmask=wanted.unmask
    )


def _position(row: dict[str, Any], _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    labels: dict[str, str] = row["labels"]
    return {
        **row,
        **labels,
        "majors": "、".join(row["majors"]),
        "stipend_fen": yuan(row["stipend_fen"]),
        "demonstrative": "是" if row["demonstrative"] else "否",
    }


def _internships(connection: Connection, _sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return internship_lists.page(connection, city=wanted.city, after_id=after, limit=PAGE)


def _internship(line: Line, sealer: Sealer, wanted: Wanted) -> Mapping[str, object]:
    name, number, phone = line.name(sealer), line.id_number(sealer), line.phone(sealer)
    mentor = line.mentor_name(sealer)
    hidden: dict[str, object] = {
        "name": mask_name(name),
        "id_number": mask_id_staff(number),
        "phone": mask_phone(phone),
        "mentor": mask_name(mentor) if mentor else None,
    }
    shown: dict[str, object] = {"name": name, "id_number": number, "phone": phone, "mentor": mentor}
    return (
        line._asdict()
        | (shown if wanted.unmask else hidden)
        | {
            "city": city_of_code(line.city).name,
            "stipend_fen": yuan(line.stipend_fen),
            "ending": _label(Ending, line.ending),
            "end_reason": _label(EndReason, line.end_reason),
            "result": _label(Result, line.result),
            "track": _label(Track, line.track),
            "stage": _label(Stage, line.stage),
        }
    )


def _subsidies(connection: Connection, sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return subsidy_lists.page(
        connection, sealer, city=wanted.city, after_id=after, limit=PAGE, unmask=wanted.unmask
    )


def _subsidy(row: dict[str, Any], _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    labels: dict[str, str] = row["labels"]
    return row | labels | {"amount_fen": yuan(row["amount_fen"]), "city": city_of_code(row["city"]).name}


def _targets(connection: Connection, _sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return list(targets.of_year(connection, wanted.today.year).values()) if not after else ()


def _target(row: CityTarget, _sealer: Sealer, wanted: Wanted) -> Mapping[str, object]:
    return row._asdict() | {"city": city_of_code(row.city).name, "year": wanted.today.year}


def _agencies(connection: Connection, _sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return public_lists.agencies(connection, city=wanted.city, after_id=after, limit=PAGE)


def _agency(row: PublicAgency, _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    return row._asdict() | {"city": city_of_code(row.city).name, "district": district_name(row.district)}


def _events(connection: Connection, _sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return events.every(connection, city=wanted.city, after_id=after, limit=PAGE)


def _event(row: ProgrammeEvent, _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    return events.fields_of(row)._asdict() | {
        "city": city_of_code(row.city).name,
        "kind": _label(EventKind, row.kind),
        "starts_at": _moment(row.starts_at),
        "ends_at": _moment(row.ends_at),
        "status": _label(EventStatus, row.status),
    }


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}" if at else ""


def _resources(connection: Connection, _sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return resources.listed(connection, today=wanted.today, city=wanted.city, after_id=after, limit=PAGE)


def _resource(row: Resource, _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    return row.model_dump() | {
        "kind": _label(ResourceKind, row.kind),
        "city": city_of_code(row.city).name,
        "district": district_name(row.district),
        "education": _label(Education, row.education),
        "words": "、".join(row.words),
    }


def _entries(connection: Connection, sealer: Sealer, wanted: Wanted, after: int) -> Sequence[Any]:
    return registers.listed(connection, sealer, after=after, limit=PAGE, unmask=wanted.unmask)


def _entry(row: dict[str, Any], _sealer: Sealer, _wanted: Wanted) -> Mapping[str, object]:
    return row | {
        "education": _label(Education, row["education"]),
        "register": RegisterKind(row["register"]).label,
        "matched": MATCHED[row["matched"]],
        "city": city_of_code(row["city"]).name if row["city"] else "",
    }


EXPORTS: Final = (
    Export(
        "hosts",
        "见习单位",
        _hosts,
        _host,
        {"id": "编号", "status": "状态", "approved_on": "认定日期", "review_due": "复核到期"},
        "hosts",
        personal=True,
    ),
    Export(
        "positions",
        "见习岗位",
        _positions,
        _position,
        {
            "id": "编号",
            "host_name": "单位名称",
            "status": "状态",
            "taken": "已录用",
            "published_on": "发布日期",
        },
        "positions",
        personal=True,
    ),
    Export(
        "internships",
        "见习台账",
        _internships,
        _internship,
        {"id": "编号", "host_name": "单位名称", "stage": "阶段", "result_on": "去向登记日期"},
        "internships",
        personal=True,
    ),
    Export(
        "subsidies",
        "补贴明细",
        _subsidies,
        _subsidy,
        {
            "id": "编号",
            "host": "单位名称",
            "city": "城市",
            "status": "状态",
            "flags": "疑点",
            "batch_id": "名册",
        },
        "subsidies",
        personal=True,
    ),
    Export("targets", "分市目标任务", _targets, _target, {"source": "依据"}, "targets", by_city=False),
    Export("agencies", "服务机构", _agencies, _agency, {}, "agencies"),
    Export("events", "专项对接活动", _events, _event, {}, "events"),
    Export("resources", "帮扶资源", _resources, _resource, {}, "resources"),
    Export(
        "registers",
        "名册比对结果",
        _entries,
        _entry,
        {
            "register": "名册",
            "city": "城市",
            "matched": "比对结果",
            "person_id": "登记编号",
            "run_id": "导入批次",
        },
        RegisterKind.REAL_NAME.value,
        by_city=False,
        personal=True,
    ),
)
"""What can be exported besides people, by name."""
