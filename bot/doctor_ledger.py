"""What the ledger needs beside the base (自检：台账): a font for posters, wages, working days, targets, no demo data.

Rules that are dated run out: the doctor says so before a clerk meets it on the day a report is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlmodel import col, select

from bot.demo import CHANNEL, address
from bot.demo_ledger import credit_code
from bot.findings import Finding
from bot.poster import FontMissing, find_font
from bot.report_forms import BadForms, load_forms
from bot.settings import Settings
from policy.calendar import CalendarYearMissing, is_workday
from policy.parameters import minimum_wage
from policy.regions import CITIES
from storage import case_lists, conversations, targets, workdays
from storage.database import Connection
from storage.hosts import find_by_uscc
from storage.ledger_tables import Host
from storage.tables import Person

ANNOUNCED: Final = 12
"""From this month on the holidays of the coming year are known: the State Council announces them before."""


def rules(settings: Settings, today: date) -> Iterator[Finding]:
    """What is looked at without the base."""
    yield _font()
    yield _forms(settings)
    yield _wages(today)


def contents(connection: Connection, today: date) -> Iterator[Finding]:
    """What is looked at in the base."""
    yield _working_days(connection, today)
    yield _targets(connection, today)
    yield _demo(connection)
    yield _clerks(connection)


def _clerks(connection: Connection) -> Finding:
    subject = "待办经办人"
    waiting = case_lists.without_clerk(connection)
    if not waiting:
        return Finding(subject, "ok", "没有无人接的城市队列。")
    names = {city.code: city.short for city in CITIES}
    counted = "、".join(f"{names.get(code, code)}{number}件" for code, number in waiting.items())
    return Finding(
        subject,
        "warning",
        f"这些市没有工作人员绑定聊天，待办没人接也没人收到提醒：{counted}。"
        "请发绑定码（jianxi staff bind），或用 jianxi cases assign 交给人。",
    )


def _font() -> Finding:
    subject = "海报字体"
    try:
        return Finding(subject, "ok", find_font().name)
    except FontMissing as error:
        return Finding(subject, "warning", str(error))


def _forms(settings: Settings) -> Finding:
    subject = "月报栏目"
    try:
        inferred = [label.text for label in load_forms(settings.data).labels.values() if label.inferred]
    except BadForms as error:
        return Finding(subject, "fault", str(error))
    if inferred:
        return Finding(subject, "warning", f"{len(inferred)} 个栏目名称待核对原件，见 docs/reports.md。")
    return Finding(subject, "ok", "名称都已核对。")


def _wages(today: date) -> Finding:
    subject, month = "最低工资标准", f"{today:%Y-%m}"
    try:
        for city in CITIES:
            minimum_wage(city.code, month)
    except LookupError as error:
        return Finding(subject, "fault", f"{error}补在 policy/parameters.py。")
    return Finding(subject, "ok", f"21 个市都有 {month} 的标准。调整以后请补上新的一行。")


def _working_days(connection: Connection, today: date) -> Finding:
    subject = "工作日历"
    years = (today.year, today.year + 1) if today.month >= ANNOUNCED else (today.year,)
    try:
        entered = workdays.load(connection)
        for year in years:
            is_workday(date(year, 6, 15), entered)
    except CalendarYearMissing as error:
        return Finding(
            subject,
            "warning",
            f"还没有 {error.year} 年的放假安排，月报到期日只能按周一至周五推算：请升级程序，"
            f"或者照放假通知录入，例：jianxi calendar rest {error.year}-01-01 {error.year}-01-03",
        )
    return Finding(subject, "ok", f"到 {years[-1]} 年。")


def _targets(connection: Connection, today: date) -> Finding:
    subject, year = "目标任务", today.year
    found = len(targets.of_year(connection, year))
    if found == len(CITIES):
        return Finding(subject, "ok", f"{year} 年 21 个市都有。")
    have = f"只有 {found} 个市的" if found else "还没有"
    return Finding(
        subject, "warning", f"{have} {year} 年目标：请执行 jianxi targets load {year} --file 目标.csv"
    )


def _demo(connection: Connection) -> Finding:
    subject = "示例数据"
    people = conversations.find(connection, CHANNEL, address(1), None) is not None
    if not people and find_by_uscc(connection, credit_code(1)) is None:
        return Finding(subject, "ok", "没有。")
    real = (
        select(Person.id).where(col(Person.demo).is_(False)).limit(1),
        select(Host.id).where(col(Host.demo).is_(False)).limit(1),
    )
    if any(connection.session.exec(query).first() is not None for query in real):
        return Finding(
            subject,
            "warning",
            "和真实数据混在一个库里。正式使用请换一个空库，启动时不加 --demo。",
        )
    return Finding(subject, "ok", "这是演示库，只有示例；正式使用请另建空库。")
