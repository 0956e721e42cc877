"""Internships of a ledger kept elsewhere (见习台账): one row becomes the steps it tells of, on their days.

The steps are checked and stored by `storage.brought_over`. People, positions and mentors are found by what the row
says; a person whom the base does not know is entered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, func, select

from policy.codes import Track
from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.life_cycle import HOLDING
from policy.refusal import Refused
from storage import mentors, payout_accounts, positions, transitions
from storage.brought_over import LedgerLine, bring_over
from storage.database import Connection, Statement
from storage.frozen_months import is_filed
from storage.imports import date_cells, ledger_people, person_cells
from storage.imports.cells import city, code_of, education, money, text
from storage.imports.kinds import Change, Column, Done, Kind, Scope, Values, one_by_one
from storage.imports.kinds_hosts import USCC
from storage.imports.kinds_registers import ID_NUMBER, NAME
from storage.ledger_tables import Host, Internship, MonthlyRecord, Position, SubsidyLine, Transition
from storage.tables import core

host, position = core(Host), core(Position)
internship, transition = core(Internship), core(Transition)

TRACK_WORDS: Final = {
    "毕业生": Track.GRADUATE,
    "高校毕业生": Track.GRADUATE,
    "离校2年内未就业高校毕业生": Track.GRADUATE,
    "失业青年": Track.YOUTH,
    "16-24岁失业青年": Track.YOUTH,
}
ENDINGS: Final = {
    "期满": Ending.COMPLETED,
    "完成": Ending.COMPLETED,
    "见习期满": Ending.COMPLETED,
    "提前留用": Ending.RETAINED_EARLY,
    "非正常结束": Ending.ENDED_EARLY,
    "变更单位": Ending.CHANGED_HOST,
}
RESULTS: Final = {"留用": Result.RETAINED, "其他就业": Result.EMPLOYED, "创业": Result.SELF_EMPLOYED}
REASONS: Final = {"个人": EndReason.PERSONAL, "单位": EndReason.HOST, "考研": EndReason.STUDY}


def _day(field: str, title: str, example: str = "", *aliases: str) -> Column:
    return Column(field, title, date_cells.past_day, False, aliases, example)


COLUMNS: Final = (
    NAME,
    ID_NUMBER,
    USCC,
    Column("title", "岗位名称", text(40, 2), True, ("岗位", "见习岗位"), "软件测试助理"),
    Column("city", "城市", city, False, ("地市",), "广州市", "单位有同名岗位在几个城市时要写。"),
    _day("applied_on", "报名日期", "2023-06-05"),
    _day("accepted_on", "录用日期", "2023-06-12"),
    _day("signed_on", "协议日期", "2023-06-28", "签订日期", "签约日期"),
    Column("starts_on", "开始日期", date_cells.day, False, ("见习开始日期", "协议开始日期"), "2023-07-01"),
    Column("ends_on", "结束日期", date_cells.day, False, ("见习结束日期", "协议结束日期"), "2023-12-31"),
    _day("arrived_on", "到岗日期", "2023-07-01", "实际到岗日期"),
    Column("stipend_fen", "月补贴", money, False, ("月补贴（元）", "见习补贴"), "2300", "单位是元。"),
    Column("mentor", "带教老师", person_cells.name, False, ("带教", "导师"), "陈敏"),
    Column("ending", "结束方式", code_of(Ending, ENDINGS, "结束方式"), False, (), Ending.COMPLETED.label),
    _day("ended_on", "实际结束日期", "2023-12-31"),
    Column("end_reason", "提前结束原因", code_of(EndReason, REASONS, "原因"), False, ("结束原因",), ""),
    Column("result", "去向", code_of(Result, RESULTS, "去向"), False, ("见习后去向",), Result.RETAINED.label),
    _day("contract_on", "合同日期", "2024-01-02", "劳动合同日期"),
    _day("insured_on", "参保日期", "2024-01-10", "社保参保日期"),
    Column("account", "银行账号", person_cells.bank_account, False, ("银行卡号", "发放账号"), ""),
    Column("track", "人员类别", code_of(Track, TRACK_WORDS, "人员类别"), False, (), "高校毕业生"),
    Column("phone", "手机号", person_cells.phone, False, ("手机", "联系电话"), "13800138000"),
    Column("education", "学历", education, False, (), "大学本科"),
    Column("graduated_on", "毕业日期", date_cells.day_or_month, False, ("毕业时间",), "2023-06-30"),
)
DAYS: Final = (
    *("applied_on", "accepted_on", "signed_on", "starts_on", "ends_on", "arrived_on"),
    *("ended_on", "contract_on", "insured_on"),
)
POSITIONS: Final = Statement(
    select(position.c.id, position.c.host_id, position.c.city)
    .join(host, host.c.id == position.c.host_id)
    .where(host.c.uscc == bindparam("uscc"), position.c.title == bindparam("title")),
    "uscc",
    "title",
)
LAST: Final = Statement(
    select(internship.c.id, func.max(transition.c.id))
    .join(transition, transition.c.internship_id == internship.c.id)
    .where(internship.c.person_id == bindparam("person"), internship.c.position_id == bindparam("position"))
    .group_by(internship.c.id),
    "person",
    "position",
)
FORGET_STEPS: Final = Statement(
    delete(transition).where(
        transition.c.internship_id == bindparam("internship"), transition.c.id > bindparam("after")
    ),
    "internship",
    "after",
)
FORGET: Final = Statement(delete(internship).where(internship.c.id == bindparam("internship")), "internship")


def _take(connection: Connection, scope: Scope, values: Values) -> Done:
    position_id, host_id, where = _position(connection, values)
    person_id = ledger_people.find(connection, scope, values)
    entered = None if person_id else ledger_people.enter(connection, scope, values, where)
    person_id = person_id or entered
    assert person_id is not None
    mentor_id = None
    if mentor := values.get("mentor"):
        mentor_id = mentors.ensure(connection, scope.sealer, host_id, mentor, now=scope.now)
    line = LedgerLine(
        person_id,
        position_id,
        **{day: values.get(day) for day in DAYS},
        stipend_fen=values.get("stipend_fen"),
        mentor_id=mentor_id,
        ending=Ending(values["ending"]) if "ending" in values else None,
        end_reason=EndReason(values["end_reason"]) if "end_reason" in values else None,
        result=Result(values["result"]) if "result" in values else None,
    )
    steps = dict(connection.run(LAST, (person_id, position_id)).fetchall())
    row_id, outcome = bring_over(
        connection, scope.sealer, line, actor=scope.actor, now=scope.now, today=scope.today
    )
    image: dict[str, Any] = {"after": steps.get(row_id, 0), "person": entered}
    if account := values.get("account"):
        known = payout_accounts.find(connection, scope.sealer, person_id)
        if known is None or known.number != account:
            payout_accounts.put(
                connection, scope.sealer, person_id, account, actor=scope.actor, now=scope.now
            )
            image["account"] = list(known) if known else None
            outcome = "changed" if outcome == "unchanged" else outcome
    return Done(outcome, row_id, orjson.dumps(image))  # type: ignore[arg-type]


def _position(connection: Connection, values: Values) -> tuple[int, int, str]:
    rows = connection.run(POSITIONS, (values["uscc"], values["title"])).fetchall()
    if wanted := values.get("city"):
        rows = [row for row in rows if row[2] == wanted]
    if not rows:
        raise Refused("见习单位没有这个岗位，请核对信用代码和岗位名称，或先导入单位和岗位。")
    if len(rows) > 1:
        raise Refused("单位有几个同名的岗位，请加“城市”一列写明是哪个，或先把岗位名称改成不一样的。")
    position_id, host_id, where = rows[0]
    return position_id, host_id, where


# --- taking back -------------------------------------------------------------------------------------------


def _restore(connection: Connection, scope: Scope, change: Change) -> None:
    assert change.before is not None
    image: dict[str, Any] = orjson.loads(change.before)
    row = transitions.get(connection, change.row_id, to_edit=True)
    brought = [one for one in transitions.kept(connection, row.id) if one.id > image["after"]]
    person_id = row.person_id
    if "account" in image:
        _refuse_later_account(connection, scope, person_id)
    if brought:
        _take_back(connection, scope, row, brought, image["after"])
    if "account" in image:
        kept = image["account"]
        before = payout_accounts.Kept(kept[0], datetime.fromisoformat(kept[1])) if kept else None
        payout_accounts.put_back(
            connection, scope.sealer, person_id, before, actor=scope.actor, now=scope.now
        )
    connection.session.expire_all()
    if image["person"] is not None:
        ledger_people.leave(connection, scope, image["person"])


def _refuse_later_account(connection: Connection, scope: Scope, person_id: int) -> None:
    found = payout_accounts.find(connection, scope.sealer, person_id)
    if found is None or found.entered_at != scope.imported_at:
        raise Refused(f"人员 {person_id} 的银行账号在导入之后又改过，不能撤销；请直接登记正确的账号。")


def _take_back(
    connection: Connection, scope: Scope, row: transitions.Row, brought: list[transitions.Kept], after: int
) -> None:
    """Without the steps that the import brought; `after` is the last one before them, 0 when there was none."""
    _refuse_settled(connection, scope, row, brought)
    held = row.stage in HOLDING
    if after == 0:
        connection.run(FORGET, (row.id,))
        stays = False
    else:
        connection.run(FORGET_STEPS, (row.id, after))
        stays = Stage(transitions.rebuild(connection, row.id).stage) in HOLDING
    if held and not stays:
        positions.give_back(connection, row.position_id)


def _refuse_settled(
    connection: Connection, scope: Scope, row: transitions.Row, brought: list[transitions.Kept]
) -> None:
    if any(one.recorded_at != scope.imported_at for one in brought):
        raise Refused(f"见习 {row.id} 在导入之后又登记过新的事项，不能撤销；请用更正处理。")
    for table, what in ((core(MonthlyRecord), "月度检查记录"), (core(SubsidyLine), "补贴明细")):
        query = select(table.c.id).where(table.c.internship_id == row.id).limit(1)
        if connection.sqlalchemy.execute(query).first() is not None:
            raise Refused(f"见习 {row.id} 已经有{what}，不能撤销；请用更正处理。")
    for month in sorted({one.period for one in brought if one.period}):
        if is_filed(connection, row.city, month):
            raise Refused(f"见习 {row.id} 已计入 {month} 报送的报表，不能撤销；请用更正处理。")


KINDS: Final = (
    Kind(
        "internships",
        "见习台账",
        "internship",
        COLUMNS,
        ("id_number", "uscc", "title", "city"),
        one_by_one(
            _take,
            {
                "姓名": "姓名",
                "手机号": "手机号",
                "学历": "学历",
                "岗位": "岗位名称",
                "名额": "岗位名称",
                "结束方式": "结束方式",
                "去向": "去向",
                "时间重叠": "到岗日期",
                "见习期限": "结束日期",
            },
        ),
        _restore,
        follows="已报送月份里的事项会进入更正清单：jianxi report corrections。",
    ),
)
