"""The steps of an internship as commands: `jianxi internships apply`, `sign`, `arrive`, … `result`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.command_line import reading, say, today
from bot.internship_options import (
    Contract,
    Insured,
    Note,
    Number,
    On,
    Version,
    act,
    code,
    day,
    fen,
    told,
    typed,
)
from policy.agreement import DAYS_OF_MONTH
from policy.ledger_codes import EndReason, Result
from policy.ledger_codes import TransitionKind as Kind
from storage import internships, mentors
from storage.database import Connection
from storage.transitions import Row

Mentor = Annotated[str, typer.Option("--mentor", help="带教老师的姓名或编号；写 - 就从标准输入读。")]

PLAIN: Final = {
    "refer": (internships.refer, Kind.REFER, "把报名的人推荐给单位。"),
    "accept": (internships.accept, Kind.ACCEPT, "登记单位录用。占用岗位一个名额。"),
    "decline": (internships.decline, Kind.DECLINE, "登记单位没有录用，原因写在 --note。"),
    "withdraw": (internships.withdraw, Kind.WITHDRAW, "登记本人撤回报名（签协议以前）。"),
    "cancel": (internships.cancel, Kind.CANCEL, "登记签了协议没有到岗。名额退回。"),
}
"""Steps that need a day only."""


def add_steps(app: typer.Typer) -> None:
    """Add the commands of all steps."""
    app.command("apply", epilog="例：jianxi internships apply --person 3 --position 5")(apply)
    for name, (verb, kind, help_text) in PLAIN.items():
        example = f"例：jianxi internships {name} 12 --on 2026-11-25"
        app.command(name, help=help_text, epilog=example)(_plain(verb, kind))
    app.command("sign", epilog="例：jianxi internships sign 12 --starts 2026-12-01 --months 6")(sign)
    app.command("arrive", epilog="例：jianxi internships arrive 12 --on 2026-12-01")(arrive)
    app.command("mentor", epilog="例：jianxi internships mentor 12 李工")(mentor)
    app.command("extend", epilog="例：jianxi internships extend 12 --months 3")(extend)
    app.command("complete", epilog="例：jianxi internships complete 12")(complete)
    app.command("retain", epilog="例：jianxi internships retain 12 --contract 2026-12-01")(retain)
    app.command("end", epilog="例：jianxi internships end 12 --reason 个人原因")(end)
    app.command("change-host", epilog="例：jianxi internships change-host 12 --position 8")(change_host)
    app.command("result", epilog="例：jianxi internships result 12 其他单位就业")(result)


def apply(
    person: Annotated[int, typer.Option(help="人员编号。")],
    position: Annotated[int, typer.Option(help="岗位编号。")],
    on: On = "",
    note: Note = "",
) -> None:
    """替一个人报名一个岗位。"""
    doing = act(on, None, note)
    number = reading(
        lambda parts, connection: internships.apply(connection, parts.sealer, person, position, **doing),
        write=True,
    )
    say(f"已报名，见习编号 {number}。")


def _plain(verb: Callable[..., Row], kind: Kind) -> Callable[..., None]:
    def command(number: Number, on: On = "", version: Version = None, note: Note = "") -> None:
        _take(
            kind,
            on,
            version,
            note,
            lambda parts, connection, doing: verb(connection, parts.sealer, number, **doing),
        )

    return command


def sign(
    number: Number,
    starts: Annotated[str, typer.Option(help="协议开始日期；不写就从到岗那天算起。")] = "",
    ends: Annotated[str, typer.Option(help="协议结束日期；不写就按期限算。")] = "",
    months: Annotated[int | None, typer.Option(min=1, help="期限（月）；不写就按岗位。")] = None,
    stipend: Annotated[str, typer.Option(help="每月补贴（元）；不写就按岗位。")] = "",
    teacher: Mentor = "",
    pay_day: Annotated[
        int | None,
        typer.Option(min=DAYS_OF_MONTH.start, max=DAYS_OF_MONTH.stop - 1, help="每月几号前发补贴。"),
    ] = None,
    hours: Annotated[str, typer.Option(help="见习时间和休息安排。")] = "",
    insurance: Annotated[str, typer.Option(help="人身意外伤害保险：保险公司和险种。")] = "",
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记签订见习协议；按签约日复核资格。"""
    name, fixed = typed(teacher), {"pay_day": pay_day, "hours": hours, "insurance": insurance}
    terms: dict[str, str | int] = {key: value for key, value in fixed.items() if value}

    def work(parts: Parts, connection: Connection, doing: Any) -> Row:  # noqa: ANN401
        return internships.sign(
            connection,
            parts.sealer,
            number,
            starts_on=day(starts),
            ends_on=day(ends),
            months=months,
            stipend_fen=fen(stipend),
            mentor_id=_mentor(parts, connection, number, name),
            terms=terms,
            **doing,
        )

    _take(Kind.SIGN, on, version, note, work)


def arrive(
    number: Number, teacher: Mentor = "", on: On = "", version: Version = None, note: Note = ""
) -> None:
    """登记到岗。要先签协议、有带教老师。"""
    name = typed(teacher)

    def work(parts: Parts, connection: Connection, doing: Any) -> Row:  # noqa: ANN401
        mentor_id = _mentor(parts, connection, number, name)
        return internships.arrive(connection, parts.sealer, number, mentor_id=mentor_id, **doing)

    _take(Kind.ARRIVE, on, version, note, work)


def mentor(
    number: Number,
    teacher: Annotated[str, typer.Argument(help="带教老师的姓名或编号；写 - 就从标准输入读。")],
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """指定或更换带教老师；单位名下没有这位老师就加上。"""
    name = typed(teacher)

    def work(parts: Parts, connection: Connection, doing: Any) -> Row:  # noqa: ANN401
        mentor_id = _mentor(parts, connection, number, name)
        return internships.assign_mentor(connection, parts.sealer, number, mentor_id or 0, **doing)

    _take(Kind.ASSIGN_MENTOR, on, version, note, work)


def extend(
    number: Number,
    months: Annotated[int, typer.Option(min=1, help="延长几个月。")],
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记延期，累计不超过12个月。"""
    _take(
        Kind.EXTEND,
        on,
        version,
        note,
        lambda parts, connection, doing: internships.extend(
            connection, parts.sealer, number, months, **doing
        ),
    )


def complete(number: Number, on: On = "", version: Version = None, note: Note = "") -> None:
    """登记期满完成；不写 --on 就是协议的最后一天（已过的话）。"""

    def work(parts: Parts, connection: Connection, doing: Any) -> Row:  # noqa: ANN401
        ends_on = internships.get(connection, number).ends_on
        if doing["on"] is None and ends_on is not None and ends_on < today():
            doing["on"] = ends_on
        return internships.complete(connection, parts.sealer, number, **doing)

    _take(Kind.COMPLETE, on, version, note, work)


def retain(
    number: Number,
    contract: Contract,
    insured: Insured = "",
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记未满提前留用，要有劳动合同日期。"""

    def work(parts: Parts, connection: Connection, doing: Any) -> Row:  # noqa: ANN401
        return internships.retain_early(
            connection, parts.sealer, number, contract_on=day(contract), insured_on=day(insured), **doing
        )

    _take(Kind.RETAIN_EARLY, on, version, note, work)


def end(
    number: Number,
    reason: Annotated[str, typer.Option(help="原因，例如 个人原因、单位原因、升学或备考。")],
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记提前结束和原因。"""
    why = code(EndReason, reason)
    _take(
        Kind.END_EARLY,
        on,
        version,
        note,
        lambda parts, connection, doing: internships.end_early(
            connection, parts.sealer, number, why, **doing
        ),
    )


def change_host(
    number: Number,
    position: Annotated[int, typer.Option(help="新单位的岗位编号。")],
    reason: Annotated[str, typer.Option(help="原因，例如 单位原因。")] = "",
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记变更见习单位：这一份结束，在新单位另起一份，接着签协议。"""
    why, doing = code(EndReason, reason) if reason else None, act(on, version, note)
    new = reading(
        lambda parts, connection: internships.change_host(
            connection, parts.sealer, number, position, reason=why, **doing
        ),
        write=True,
    )
    say(f"见习 {number} 已结束。新单位的见习编号 {new}，请接着登记签订协议和到岗。")


def result(
    number: Number,
    outcome: Annotated[str, typer.Argument(help="去向，例如 被见习单位留用、其他单位就业、升学。")],
    contract: Contract = "",
    insured: Insured = "",
    on: On = "",
    version: Version = None,
    note: Note = "",
) -> None:
    """登记见习后的去向；以最新登记的为准。"""
    what = code(Result, outcome)

    def work(parts: Parts, connection: Connection, doing: Any) -> Row:  # noqa: ANN401
        return internships.result(
            connection,
            parts.sealer,
            number,
            what,
            contract_on=day(contract),
            insured_on=day(insured),
            **doing,
        )

    _take(Kind.RESULT, on, version, note, work)


def _take(
    kind: Kind, on: str, version: int | None, note: str, work: Callable[[Parts, Connection, Any], Row]
) -> None:
    """Carry out one step in one transaction, and say where the internship stands."""
    doing = act(on, version, note)
    told(kind, reading(lambda parts, connection: work(parts, connection, doing), write=True))


def _mentor(parts: Parts, connection: Connection, number: int, name: str | None) -> int | None:
    """The mentor of that number, or of that name at the internship's host."""
    if name is None or (name.isascii() and name.isdigit()):
        return int(name) if name else None
    host_id = internships.get(connection, number).host_id
    return mentors.ensure(connection, parts.sealer, host_id, name, now=utc_now())
