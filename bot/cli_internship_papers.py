"""`jianxi internships correct`, `record`, `agreement`, `certificate`: corrections, monthly records, documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot.app import Parts, utc_now
from bot.command_line import actor, complain, kindly, reading, say, settings, today
from bot.documents import agreement_of, certificate_of, write_agreement, write_certificate
from bot.internship_options import Note, Number, Version, act, code, day, details, fen, told, typed
from policy.agreement import DAYS_OF_MONTH, Agreement, Certificate
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import Step
from storage import audit, internships, monthly_records, transitions
from storage.database import Connection
from storage.errors import NotFound
from storage.monthly_records import Month, Problem

T = TypeVar("T")

OWN = (transitions.REPLACES, "track")
"""Members of a detail that the ledger puts there itself."""


def add_papers(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("correct", epilog="例：jianxi internships correct 12 57 --on 2026-12-02 --note 日期填错")(
        correct
    )
    app.command("record", epilog="例：jianxi internships record 12 2026-12 --days 21 --paid 2300")(record)
    app.command(
        "agreement", epilog="例：jianxi internships agreement 12 协议.docx --starts 2026-12-01 --pay-day 15"
    )(agreement)
    app.command("certificate", epilog="例：jianxi internships certificate 12 证明.docx")(certificate)


def correct(
    number: Number,
    transition: Annotated[int, typer.Argument(help="要更正的事项序号，用 internships history 看。")],
    on: Annotated[str, typer.Option("--on", help="正确的日期。")] = "",
    kind: Annotated[str, typer.Option(help="正确的事项，例如 未满提前留用；不写就不变。")] = "",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="正确的内容，写成 名称=值，例如 months=6；可以写几次。")
    ] = None,
    version: Version = None,
    note: Note = "",
) -> None:
    """更正一个事项：写了 --on、--kind 或 --set 就改，都不写就作废。原来的记录留着。"""
    given, doing = details(changes or []), act("", version, note)
    new_kind, new_day = code(Kind, kind) if kind else None, day(on)

    def work(parts: Parts, connection: Connection) -> tuple[Kind, Any]:
        rows = transitions.standing(transitions.kept(connection, number))
        target = next((row for row in rows if row.id == transition), None)
        if target is None:
            raise NotFound("transition")
        replacement = None
        if new_kind or new_day or given:
            becomes = new_kind or Kind(target.kind)
            kept = target.detail if becomes == target.kind else {}
            detail = {name: value for name, value in kept.items() if name not in OWN} | given
            replacement = Step(becomes, new_day or target.on, detail)
        row = internships.correct(connection, parts.sealer, number, transition, replacement, **doing)
        return Kind(target.kind), row

    _, row = reading(work, write=True)
    told(Kind.VOID, row)


def record(
    number: Number,
    month: Annotated[str, typer.Argument(help="月份，例如 2026-12。")],
    days: Annotated[int | None, typer.Option(help="出勤天数。")] = None,
    paid: Annotated[str, typer.Option(help="单位实发补贴（元）。")] = "",
    paid_on: Annotated[str, typer.Option(help="发放日期。")] = "",
    reported: Annotated[str, typer.Option(help="本人说收到多少（元）。")] = "",
    insured: Annotated[bool | None, typer.Option("--insured/--not-insured", help="是否买了意外险。")] = None,
    mentor_met: Annotated[
        bool | None, typer.Option("--mentor-met/--mentor-not-met", help="带教老师是否到位。")
    ] = None,
    problem: Annotated[str, typer.Option(help="问题：补贴没有按时足额发、不安全或被欺负、其他问题。")] = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记一个月的出勤、补贴和检查情况；没写的项目不变。"""
    told_of = Month(
        days,
        fen(paid),
        day(paid_on),
        fen(reported),
        insured,
        mentor_met,
        code(Problem, problem) if problem else None,
    )
    if told_of == Month():
        raise complain("请至少写一项，例如 --days 21 --paid 2300。", 2)
    remark = typed(note)

    def work(parts: Parts, connection: Connection) -> int:
        return monthly_records.put(
            connection,
            parts.sealer,
            number,
            month,
            told_of,
            actor=actor(),
            now=utc_now(),
            today=today(),
            seen=version,
            note=remark,
        ).version

    say(f"已登记见习 {number} 的 {month}，版本 {reading(work, write=True)}。")


def agreement(
    number: Number,
    file: Annotated[Path, typer.Argument(help="写到哪个 .docx 文件。")],
    starts: Annotated[str, typer.Option(help="协议开始日期；签约已登记的不用写。")] = "",
    months: Annotated[int | None, typer.Option(min=1, help="期限（月）；不写就按岗位。")] = None,
    pay_day: Annotated[
        int | None,
        typer.Option(min=DAYS_OF_MONTH.start, max=DAYS_OF_MONTH.stop - 1, help="每月几号前发补贴。"),
    ] = None,
    hours: Annotated[str, typer.Option(help="见习时间和休息安排，例如 每周五天、每天八小时。")] = "",
    insurance: Annotated[str, typer.Option(help="人身意外伤害保险：保险公司和险种。")] = "",
) -> None:
    """生成见习协议（完整身份信息，记入审计日志，文件只有您能读）。"""
    entered = {
        "starts_on": day(starts),
        "months": months,
        "pay_day": pay_day,
        "hours": hours or None,
        "insurance": insurance or None,
    }

    def read(parts: Parts, connection: Connection) -> Agreement:
        return agreement_of(connection, parts.sealer, number, entered)

    _check(file)
    paper = _audited("agreement", number, read)
    with kindly():
        write_agreement(file, paper, settings().data)
    say(f"已生成 {file}。")


def certificate(
    number: Number,
    file: Annotated[Path, typer.Argument(help="写到哪个 .docx 文件。")],
    tasks: Annotated[str, typer.Option(help="见习内容；不写就用岗位描述。")] = "",
    appraisal: Annotated[str, typer.Option(help="单位的考核鉴定；不写就留空给单位填。")] = "",
) -> None:
    """生成见习证明（完整身份信息，记入审计日志，文件只有您能读）。"""

    def read(parts: Parts, connection: Connection) -> Certificate:
        return certificate_of(connection, parts.sealer, number, tasks=tasks, appraisal=appraisal)

    _check(file)
    paper = _audited("certificate", number, read)
    with kindly():
        write_certificate(file, paper, settings().data)
    say(f"已生成 {file}。")


def _check(file: Path) -> None:
    if file.suffix.lower() != ".docx":
        raise complain("文件名要以 .docx 结尾。", 2)
    if not file.parent.is_dir():
        raise complain(f"没有 {file.parent} 这个目录，请先建好。")


def _audited(name: str, number: int, read: Callable[[Parts, Connection], T]) -> T:
    """Read what a document says in clear; that somebody did is on the disk before the document is."""

    def work(parts: Parts, connection: Connection) -> T:
        detail = {"unmasked": True}
        audit.add(connection, utc_now(), actor(), f"internship.{name}", f"internship:{number}", detail)
        return read(parts, connection)

    return reading(work, write=True)
