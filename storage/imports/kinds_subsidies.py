"""Subsidies that the treasury has paid (补贴拨付): one row says what was paid for whom, for which month, and when.

A computed amount becomes a paid one; what was never computed here is entered as paid. What stands on a list is paid
by the list. 人社部发〔2023〕27号 三(一); paid only at the end is forbidden: 粤人社函〔2023〕228号 三.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, insert, select, update

from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.life_cycle import last_day
from policy.positions import yuan
from policy.refusal import Refused
from storage import audit
from storage.database import Connection, Statement
from storage.frozen_months import counted_period, is_filed
from storage.imports import date_cells, ledger_people
from storage.imports.cells import code_of, money
from storage.imports.images import image_of, restoring
from storage.imports.kinds import Change, Column, Done, Kind, Scope, Values, one_by_one
from storage.imports.kinds_hosts import USCC
from storage.imports.kinds_registers import ID_NUMBER, NAME
from storage.ledger_tables import Host, Internship, SubsidyLine
from storage.tables import core

line, internship, host = core(SubsidyLine), core(Internship), core(Host)

CLAUSE: Final = "按拨付凭证导入"
"""Stands where a computed amount has the clause it was computed by."""

KIND_WORDS: Final = {
    "生活费": SubsidyKind.LIVING,
    "基本生活费": SubsidyKind.LIVING,
    "见习补贴": SubsidyKind.LIVING,
    "生活补贴": SubsidyKind.LIVING,
    "意外险": SubsidyKind.INSURANCE,
    "保险": SubsidyKind.INSURANCE,
    "保险费": SubsidyKind.INSURANCE,
    "管理费": SubsidyKind.GUIDANCE,
    "带教费": SubsidyKind.GUIDANCE,
    "留用补贴": SubsidyKind.RETENTION,
    "差额补贴": SubsidyKind.RETENTION,
    "剩余期限": SubsidyKind.REMAINING_TERM,
}
COLUMNS: Final = (
    NAME._replace(required=False),
    ID_NUMBER,
    USCC,
    Column("month", "月份", date_cells.month, True, ("补贴月份", "所属月份"), "2023-08"),
    Column(
        "kind",
        "项目",
        code_of(SubsidyKind, KIND_WORDS, "补贴项目"),
        True,
        ("补贴项目",),
        SubsidyKind.LIVING.label,
        "写：" + "、".join(kind.label for kind in SubsidyKind) + "。",
    ),
    Column("amount_fen", "金额（元）", money, True, ("金额", "拨付金额", "补贴金额"), "2300"),
    Column("paid_on", "拨付日期", date_cells.past_day, True, ("拨付时间", "支付日期"), "2023-09-15"),
)
INTERNSHIPS: Final = Statement(
    select(
        internship.c.id,
        internship.c.host_id,
        internship.c.city,
        internship.c.arrived_on,
        internship.c.ended_on,
    )
    .join(host, host.c.id == internship.c.host_id)
    .where(
        internship.c.person_id == bindparam("person"),
        host.c.uscc == bindparam("uscc"),
        internship.c.arrived_on.is_not(None),
    )
    .order_by(internship.c.id.desc()),
    "person",
    "uscc",
)
MONTHLY: Final = frozenset({SubsidyKind.LIVING, SubsidyKind.GUIDANCE})
"""Kinds that are due for a month in which somebody was in post."""


def _take(connection: Connection, scope: Scope, values: Values) -> Done:
    internship_id, host_id, city = _internship(connection, scope, values)
    month, kind = values["month"], values["kind"]
    paid_on, fen = values["paid_on"], values["amount_fen"]
    if fen == 0:
        raise Refused("金额是 0，没有拨付的不用导入。")
    if f"{paid_on:%Y-%m}" < month:
        raise Refused(f"拨付日期（{paid_on}）早于补贴月份（{month}），请核对。")
    known = _known(connection, internship_id, month, kind)
    if known is not None and known["status"] == SubsidyStatus.PAID:
        if (known["amount_fen"], known["paid_on"]) == (fen, paid_on):
            return Done("unchanged", known["id"], None)
        raise Refused(
            f"这一项已登记拨付 {yuan(known['amount_fen'])} 元（{known['paid_on']}），和表里不一样，请核对。"
        )
    paid = {
        "amount_fen": fen,
        "status": SubsidyStatus.PAID.value,
        "paid_on": paid_on,
        "paid_period": counted_period(connection, city, paid_on),
        "decided_by": scope.actor,
        "updated_at": scope.now,
    }
    before = None
    if known is None:
        owner = {
            "internship_id": internship_id,
            "host_id": host_id,
            "city": city,
            "month": month,
            "kind": kind,
        }
        new = {"clause": CLAUSE, "basis": {"import_run": scope.run_id}, "flags": [], "created_at": scope.now}
        query = insert(line).values(**owner, **new, **paid).returning(line.c.id)
        row_id = connection.sqlalchemy.execute(query).scalar_one()
    else:
        row_id = known["id"]
        _refuse_waiting(known)
        before = image_of(connection, line, row_id)
        basis = {**known["basis"], "computed_fen": known["amount_fen"], "import_run": scope.run_id}
        connection.sqlalchemy.execute(update(line).where(line.c.id == row_id).values(**paid, basis=basis))
    detail = {"on": paid_on.isoformat(), "period": paid["paid_period"]}
    audit.add(connection, scope.now, scope.actor, "subsidy.import_paid", f"subsidy_line:{row_id}", detail)
    return Done("added" if known is None else "changed", row_id, before)


def _internship(connection: Connection, scope: Scope, values: Values) -> tuple[int, int, str]:
    """The internship that the payment is for: in the host, and for monthly kinds in post in that month."""
    person_id = ledger_people.find(connection, scope, values)
    if person_id is None:
        raise Refused("信息库里没有这个人，请核对身份证号，或先导入见习台账。")
    first = date.fromisoformat(f"{values['month']}-01")
    last = last_day(first, 1)
    rows = connection.run(INTERNSHIPS, (person_id, values["uscc"])).fetchall()
    if not rows:
        raise Refused("台账里这个人没有在这家单位见习过，请核对信用代码，或先导入见习台账。")
    for internship_id, host_id, city, arrived_on, ended_on in rows:
        if values["kind"] not in MONTHLY or (arrived_on <= last and (ended_on is None or ended_on >= first)):
            return internship_id, host_id, city
    raise Refused(f"{values['month']} 这个人不在这家单位见习，请核对月份。")


def _known(connection: Connection, internship_id: int, month: str, kind: str) -> RowMapping | None:
    query = select(line).where(
        line.c.internship_id == internship_id, line.c.month == month, line.c.kind == kind
    )
    return connection.sqlalchemy.execute(query).mappings().first()


def _refuse_waiting(known: RowMapping) -> None:
    """An amount that a list or a signal holds is not paid behind their back."""
    status = SubsidyStatus(known["status"])
    if known["batch_id"] is not None and status is not SubsidyStatus.REFUSED:
        raise Refused(f"这一项在名册 {known['batch_id']} 里（{status.label}），请在名册里登记拨付。")
    if status in (SubsidyStatus.HELD, SubsidyStatus.REFUSED):
        raise Refused(f"这一项现在是“{status.label}”，不能直接登记拨付，请先核查处理。")


_put_back = restoring(line, "补贴明细")


def _restore(connection: Connection, scope: Scope, change: Change) -> None:
    query = select(line.c.city, line.c.paid_period).where(line.c.id == change.row_id)
    found: Any = connection.sqlalchemy.execute(query).first()
    if found is not None and found[1] is not None and is_filed(connection, found[0], found[1]):
        raise Refused(f"补贴明细 {change.row_id} 已计入 {found[1]} 报送的报表，不能撤销。")
    _put_back(connection, scope, change)


KINDS: Final = (
    Kind(
        "subsidies",
        "补贴拨付明细",
        "subsidy_line",
        COLUMNS,
        ("id_number", "uscc", "month", "kind"),
        one_by_one(
            _take,
            {
                "身份证号": "身份证号",
                "没有在这家单位": "统一社会信用代码",
                "拨付日期": "拨付日期",
                "请核对月份": "月份",
                "金额": "金额（元）",
                "已登记拨付": "金额（元）",
                "这一项": "项目",
            },
        ),
        _restore,
    ),
)
