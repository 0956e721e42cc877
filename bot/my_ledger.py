"""What the ledger holds of one person (本人的台账), for their own export: 个人信息保护法 第四十五条.

Others' data stays out: of a mentor the surname, of a host what is public, and no notes that staff made.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlmodel import col, select

from policy.codes import HardshipKind
from policy.ledger_codes import Result, Stage, SubsidyKind, SubsidyStatus, TransitionKind
from storage import hardship_marks, host_applications, internship_lists, monthly_records, payout_accounts
from storage.database import Connection
from storage.event_sign_ups import LABELS
from storage.internship_lists import Line
from storage.ledger_tables import EventSignUp, ProgrammeEvent, SubsidyLine
from storage.sealing import Sealer
from storage.tables import Contact

MOST: Final = 1000
"""Internships of one person: no page, everything."""
SOURCES: Final = {"self": "本人申报", "comparison": "名册比对", "clerk": "工作人员核定"}
"""Who says that a hardship mark holds."""
STANDINGS: Final = {
    "claimed": "已申报",
    "confirmed": "已确认",
    "unconfirmed": "待核定",
    "expired": "已过期",
    "refused": "不符",
}


def my_ledger(connection: Connection, sealer: Sealer, contact_id: int) -> dict[str, Any]:
    """Internships with every step, month and subsidy, hardship marks, account (masked), events, host applications."""
    contact = connection.session.get(Contact, contact_id)
    person_id = contact.person_id if contact else None
    of_person: dict[str, Any] = {}
    if person_id is not None:
        account = payout_accounts.get(connection, sealer, person_id)
        of_person = {
            "见习": [
                _internship(connection, sealer, line)
                for line in internship_lists.of_person(connection, person_id, MOST)
            ],
            "困难标识": [
                {
                    "类别": HardshipKind(mark.kind).label,
                    "来源": SOURCES[mark.source],
                    "状态": STANDINGS[mark.status],
                    "有效期至": _day(mark.expires_on),
                }
                for mark in hardship_marks.of_person(connection, person_id)
            ],
            "收款账号": payout_accounts.mask(account) if account else None,
        }
    return {
        **of_person,
        "活动报名": _events(connection, contact_id),
        "单位申报": [
            {"编号": f"{standing.number:06d}", "统一社会信用代码": standing.uscc}
            for standing in host_applications.standings(connection, contact_id, 100)
        ],
    }


def _internship(connection: Connection, sealer: Sealer, line: Line) -> dict[str, Any]:
    mentor = line.mentor_name(sealer)
    return {
        "编号": line.id,
        "单位": line.host_name,
        "岗位": line.title,
        "阶段": Stage(line.stage).label,
        "协议": [_day(line.starts_on), _day(line.ends_on)],
        "月补贴（元）": line.stipend_fen / 100,
        "带教老师": f"{mentor[0]}老师" if mentor else None,
        "去向": Result(line.result).label if line.result else None,
        "经过": [
            {
                "事项": TransitionKind(step.kind).label,
                "日期": _day(step.on),
                "已更正": step.voided,
            }
            for step in internship_lists.history(connection, sealer, line.id)
        ],
        "月度记录": [
            {
                "月份": record.month,
                "出勤天数": record.attended_days,
                "单位实发（元）": _yuan(record.paid_fen),
                "本人说收到（元）": _yuan(record.reported_fen),
            }
            for record in monthly_records.of_internship(connection, line.id)
        ],
        "财政补贴": _subsidies(connection, line.id),
    }


def _subsidies(connection: Connection, internship_id: int) -> list[dict[str, Any]]:
    query = select(SubsidyLine).where(SubsidyLine.internship_id == internship_id)
    return [
        {
            "月份": line.month,
            "项目": SubsidyKind(line.kind).label,
            "金额（元）": _yuan(line.amount_fen),
            "状态": SubsidyStatus(line.status).label,
        }
        for line in connection.session.exec(query.order_by(col(SubsidyLine.month), col(SubsidyLine.id)))
    ]


def _events(connection: Connection, contact_id: int) -> list[dict[str, Any]]:
    query = (
        select(ProgrammeEvent.title, EventSignUp.status, EventSignUp.at)
        .join(EventSignUp, col(EventSignUp.event_id) == col(ProgrammeEvent.id))
        .where(col(EventSignUp.contact_id) == contact_id)
        .order_by(col(ProgrammeEvent.id))
    )
    return [
        {"活动": title, "状态": LABELS[status], "时间": at.isoformat(timespec="seconds")}
        for title, status, at in connection.session.exec(query)
    ]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _yuan(fen: int | None) -> float | None:
    return None if fen is None else fen / 100
