"""Demo data of the ledger (示例台账): hosts, positions, a bundle, agencies, events and resources, clearly marked.

Put into a base that holds nothing real, so that the public pages of a newcomer live. All of it goes through the
ordinary verbs; none of it counts in any stock (`storage.host_records`, `storage.position_records`).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from sqlmodel import col, select
from stdnum.cn import uscc

from bot.demo import load_demo
from policy.calendar import CHINA
from policy.codes import PositionKind
from policy.ledger_codes import EventKind, HostKind, ResourceKind
from policy.programme import stipend_floor_fen
from storage import agencies, bundle_publishing, bundles, events, hosts, positions, resources
from storage.agencies import AgencyFields
from storage.bundle_lists import candidates, items
from storage.database import Connection
from storage.events import EventFields
from storage.host_records import HostFields
from storage.ledger_tables import Host
from storage.position_records import PositionFields
from storage.resources import ResourceFields
from storage.sealing import Sealer
from storage.tables import Person

ACTOR: Final = "demo"
BUNDLED_CITY: Final = "440100"
BUNDLED: Final = 3
"""How many positions the demo bundle shows; its share of the positions asks for one."""


class Offered(NamedTuple):
    """A demo position: its stipend is so much above the local floor, in yuan."""

    title: str
    kind: PositionKind
    openings: int
    above: int
    months: int
    education: str | None
    majors: tuple[str, ...]
    description: str


class Unit(NamedTuple):
    """A demo host with what it offers."""

    name: str
    kind: HostKind
    city: str
    district: str
    address: str
    offers: tuple[Offered, ...]


RESEARCH, TECHNICAL, MANAGEMENT, SOCIAL = PositionKind

HOSTS: Final = (
    Unit(
        "示例一号智能制造有限公司",
        HostKind.LITTLE_GIANT,
        "440100",
        "440112",
        "黄埔区示例路1号",
        (
            Offered("财务会计助理", MANAGEMENT, 3, 600, 6, "31", ("会计", "财务管理"),
                "整理凭证，核对往来账，跟着老会计做一次完整的月结。"),
            Offered("设备维护见习生", TECHNICAL, 4, 500, 12, "41", ("机电一体化", "数控"),
                "跟班巡检生产线，记录设备状态，学会常见故障的排查。"),
            Offered("测试工程师助理", RESEARCH, 2, 900, 6, "21", ("软件工程", "计算机"),
                "编写测试用例，复现问题，整理测试报告。"),
        ),
    ),
    Unit(
        "示例二号生物技术研究院",
        HostKind.RESEARCH_INSTITUTE,
        "440100",
        "440106",
        "天河区示例路2号",
        (
            Offered("实验室研究助理", RESEARCH, 2, 800, 12, "14", ("生物学", "化学"),
                "协助样品处理和数据整理，参加组会。"),
            Offered("科研管理助理", MANAGEMENT, 1, 400, 6, "21", (),
                "整理项目材料，联系合作单位，安排学术活动。"),
        ),
    ),
    Unit(
        "示例三号电子科技有限公司",
        HostKind.TECHNOLOGY_ENTERPRISE,
        "440300",
        "440305",
        "南山区示例路3号",
        (
            Offered("前端开发见习生", TECHNICAL, 3, 1000, 6, "21", ("软件工程", "计算机"),
                "在导师带领下完成页面开发，参加代码评审。"),
            Offered("产品运营助理", MANAGEMENT, 2, 700, 6, "31", (),
                "整理用户反馈，写活动文案，做数据周报。"),
        ),
    ),
    Unit(
        "示例四号社区服务中心",
        HostKind.COMMUNITY,
        "440600",
        "440605",
        "南海区示例路4号",
        (
            Offered("社区工作助理", SOCIAL, 2, 200, 6, "31", ("社会工作",),
                "入户走访，帮老人和新就业青年办事，记录台账。"),
            Offered("文员", MANAGEMENT, 1, 150, 3, None, (),
                "接待来访，整理档案，学做会议记录。"),
        ),
    ),
    Unit(
        "示例五号模具有限公司",
        HostKind.SMALL_MEDIUM,
        "441900",
        "",
        "虎门镇示例路5号",
        (Offered("数控操作见习生", TECHNICAL, 5, 300, 6, "47A", ("数控加工",), "从看图纸学起，独立完成简单零件的加工。"),),
    ),
    Unit(
        "示例六号医院",
        HostKind.PUBLIC_INSTITUTION,
        "440800",
        "440802",
        "赤坎区示例路6号",
        (
            Offered("护理助理", SOCIAL, 3, 250, 12, "41", ("护理",),
                "协助护士照护病人，引导就诊。"),
            Offered("信息科助理", TECHNICAL, 1, 350, 6, "31", ("计算机",),
                "维护电脑和网络，解答医护人员的使用问题。"),
        ),
    ),
)  # fmt: skip

AGENCIES: Final = (
    AgencyFields("示例广州就业服务中心", "440100", "440106", "天河区示例路7号", "020-00000000",
        "工作日9:00—17:00", "见习登记、岗位推荐、政策咨询"),
    AgencyFields("示例深圳青年就业驿站", "440300", "440305", "南山区示例路8号", "0755-00000000",
        "每天9:00—18:00", "职业指导、见习登记"),
)  # fmt: skip

RESOURCES: Final = (
    ResourceFields(ResourceKind.TRAINING, "示例：电工技能培训班", "示例技师学院", "440100",
        words=("电工", "机电"), description="45天，免费，结业可考证。"),
    ResourceFields(ResourceKind.JOB, "示例：会计岗位专场", "示例人才市场", "440300",
        education="31", words=("会计",), description="每周五下午。"),
    ResourceFields(ResourceKind.PREMISES, "示例：创业孵化基地工位", "示例创业园", "440600",
        words=("创业",), description="首年免租。"),
)  # fmt: skip


class Base(NamedTuple):
    """The base that is filled, and when."""

    connection: Connection
    sealer: Sealer
    now: datetime
    today: date


def load_all(connection: Connection, sealer: Sealer, now: datetime, today: date, address: str) -> None:
    """Demo people and demo ledger, into a base that is empty; what is there already stays as it is."""
    load_demo(connection, sealer, now, today)
    load_demo_ledger(connection, sealer, now, today, address)


def load_demo_ledger(connection: Connection, sealer: Sealer, now: datetime, today: date, address: str) -> int:
    """Put the demo ledger into a base without hosts and without real people; returns how many positions.

    `address` is where the pages are served, for the bundle's link. 0 when there was anything already.
    """
    real = select(Person.id).where(col(Person.demo).is_(False)).limit(1)
    if any(connection.session.exec(query).first() is not None for query in (select(Host.id).limit(1), real)):
        return 0
    base = Base(connection, sealer, now, today)
    numbers = [number for order, unit in enumerate(HOSTS, 1) for number in _enter(base, order, unit)]
    _bundle(base, f"{address}/bundles/{today:%Y-%m}/{BUNDLED_CITY}")
    for agency in AGENCIES:
        agencies.upsert(connection, agency, actor=ACTOR, now=now, demo=True)
    for resource in RESOURCES:
        resources.upsert(connection, resource, actor=ACTOR, now=now, demo=True)
    _announce(base)
    return len(numbers)


def credit_code(order: int) -> str:
    """A USCC of the right form of region 440000, which issues none."""
    body = f"91440000MADEM{order:04d}"
    return body + str(uscc.calc_check_digit(body))


def _enter(base: Base, order: int, unit: Unit) -> list[int]:
    """A recognised host with its published positions; their ids."""
    fields = HostFields(
        uscc=credit_code(order),
        name=unit.name,
        kind=unit.kind,
        city=unit.city,
        district=unit.district,
        address=unit.address,
        contact_name="示例联系人",
        contact_phone=f"1380001{order:04d}",
    )
    hosts.upsert(
        base.connection,
        base.sealer,
        fields,
        source=ACTOR,
        actor=ACTOR,
        now=base.now,
        today=base.today,
        demo=True,
    )
    return [_offer(base, fields, number, offered) for number, offered in enumerate(unit.offers)]


def _offer(base: Base, owner: HostFields, number: int, offered: Offered) -> int:
    floor = -(-stipend_floor_fen(owner.city, base.today) // 10_000) * 10_000  # a round hundred of yuan
    fields = PositionFields(
        uscc=owner.uscc,
        title=offered.title,
        kind=offered.kind,
        city=owner.city,
        district=owner.district,
        openings=offered.openings,
        stipend_fen=floor + offered.above * 100,
        months=offered.months,
        education=offered.education,
        majors=offered.majors,
        mentor=f"{'王李陈'[number]}示例",
        description=offered.description,
        closes_on=base.today + timedelta(days=90 + 10 * number),
    )
    position_id, _ = positions.upsert(
        base.connection, base.sealer, fields, source=ACTOR, actor=ACTOR, now=base.now, today=base.today
    )
    return position_id


def _bundle(base: Base, link: str) -> None:
    """The bundle of this month; the share asks for one position, so it is padded."""
    connection, now, today = base.connection, base.now, base.today
    month = f"{today:%Y-%m}"
    bundle = bundles.propose(connection, BUNDLED_CITY, month, actor=ACTOR, now=now, today=today)
    held = {item.position_id for item in items(connection, bundle, today)}
    others = [one for one in candidates(connection, BUNDLED_CITY, today) if one.position_id not in held]
    for other in others[: len(held) - BUNDLED - 1 : -1]:  # the newest: of another host
        bundles.add(
            connection,
            BUNDLED_CITY,
            month,
            other.position_id,
            reason="示例：有专人带教",
            actor=ACTOR,
            now=now,
            today=today,
        )
    bundles.describe(
        connection,
        BUNDLED_CITY,
        month,
        title=f"示例：广州市{today.month}月示范性见习岗位",
        introduction="这是示例数据，不是真的岗位。",
        actor=ACTOR,
        now=now,
    )
    bundle_publishing.publish(connection, BUNDLED_CITY, month, link=link, actor=ACTOR, now=now, today=today)


def _announce(base: Base) -> None:
    """Two events that are still to come."""
    planned = (
        ("440100", "示例：见习专场招聘会", EventKind.JOB_FAIR, 10, time(9, 30), "示例体育馆一楼"),
        ("440600", "示例：见习进校园", EventKind.CAMPUS, 24, time(14, 0), "示例学院礼堂"),
    )
    for city, title, kind, days, begins, venue in planned:
        starts = datetime.combine(base.today + timedelta(days=days), begins, CHINA)
        fields = EventFields(
            city, title, kind, starts, starts + timedelta(hours=3), venue, "带上简历，现场和单位谈。", 200
        )
        number = events.create(base.connection, fields, actor=ACTOR, now=base.now)
        events.publish(base.connection, number, actor=ACTOR, now=base.now)
