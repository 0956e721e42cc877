"""`jianxi report …`: the monthly reports, from the numbers a clerk enters to the filed form and who stands behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.app import Parts, utc_now
from bot.cli_corrections import add_correction_commands
from bot.cli_report_people import add_people_command
from bot.cli_targets import add_progress_command
from bot.command_line import (
    Json,
    actor,
    city_code,
    complain,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from bot.report_options import City, MaybeCity, Month, Output, forms_of, place
from bot.report_sheets import RESULTS, write_report
from policy.calendar import CalendarYearMissing, report_due
from policy.indicators import PROVINCE, Form, Indicator, RetainedPart
from policy.report_checks import faults
from storage import reports, workdays
from storage.database import Connection
from storage.indicators import PLAN
from storage.reports import KEYS, CityMonth, Examined


def report_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="月报表：核对、报送、导出、名单、更正、进度。", no_args_is_help=True)
    app.command("national", epilog="例：jianxi report national --month 2023-09 -o 国家表.xlsx")(national)
    app.command("guangdong", epilog="例：jianxi report guangdong --month 2023-09 --city 广州 -o 省表.xlsx")(
        guangdong
    )
    app.command("due", epilog="例：jianxi report due --month 2023-09")(due)
    app.command("check", epilog="例：jianxi report check --month 2023-09 --city 广州")(check)
    app.command("file", epilog="例：jianxi report file --month 2023-09 --city 广州")(file)
    app.command("plan", epilog="例：jianxi report plan 150 --month 2023-09 --city 广州")(plan)
    app.command("enter", epilog="例：jianxi report enter opening 320 --month 2023-03 --city 广州")(enter)
    add_people_command(app)
    add_correction_commands(app)
    add_progress_command(app)
    return app


# --- printing ----------------------------------------------------------------------------------------------


def national(month: Month, output: Output, city: MaybeCity = None) -> None:
    """导出国家表（百万就业见习岗位募集计划情况汇总表）。"""
    _print(Form.NATIONAL, month, city, output)


def guangdong(month: Month, output: Output, city: MaybeCity = None) -> None:
    """导出省表（广东省就业见习岗位募集计划工作情况汇总表）。"""
    _print(Form.GUANGDONG, month, city, output)


def _print(form: Form, month: str, city: str | None, output: Path) -> None:
    code = city_code(city) if city else None

    def work(parts: Parts, connection: Connection) -> list[Examined]:
        forms = forms_of(parts)
        found = _examined(connection, month, code, forms.part)
        try:
            write_report(output, form, forms, month, found, ZoneInfo(parts.settings.timezone))
        except OSError as error:
            raise complain(f"写不了 {output}：{error.strerror}") from None
        return found

    found = reading(work)
    failed = sum(1 for one in found if not one.ready)
    say(f"已导出 {len(found)} 行：{output}")
    if failed:
        say(f"其中 {failed} 行有逻辑关系没有通过，请看“逻辑校验”一页。")


def _examined(connection: Connection, month: str, code: str | None, part: RetainedPart) -> list[Examined]:
    """The report of a city, or those of all cities and last the province's sum."""
    if code is not None:
        return [reports.examine(connection, reports.of_city(connection, code, month, part))]
    cities = reports.of_cities(connection, month, part)
    found = [*cities, reports.of_province(connection, month, cities)]
    return [reports.examine(connection, one) for one in found]


def due(month: Month, as_json: Json = False) -> None:
    """看一个月的两张报表各在哪天到期。"""
    try:
        found = report_due(month, reading(lambda parts, connection: workdays.load(connection)))
    except CalendarYearMissing as error:
        example = f"例：jianxi calendar rest {error.year}-01-01 {error.year}-01-03"
        raise complain(f"{error}{example}") from None
    if as_json:
        show_json({"guangdong": found.guangdong.isoformat(), "national": found.national.isoformat()})
        return
    say(f"省表（市报省，次月前3个工作日）：{found.guangdong:%Y-%m-%d}")
    say(f"国家表（省报部，次月前5个工作日）：{found.national:%Y-%m-%d}")


# --- checking and filing -----------------------------------------------------------------------------------


def check(month: Month, city: MaybeCity = None, as_json: Json = False) -> None:
    """核对逻辑关系；有一条不通过，退出状态是 1。"""
    code = city_code(city) if city else None
    found = reading(lambda parts, connection: _examined(connection, month, code, forms_of(parts).part))
    if as_json:
        show_json([_as_json(one) for one in found])
    else:
        for one in found:
            _tell(one, figures=code is not None or one.report.city == PROVINCE)
    if not all(one.ready for one in found):
        raise typer.Exit(1)


def _as_json(one: Examined) -> dict[str, Any]:
    filed_at = one.report.filed_at
    return {
        "city": one.report.city,
        "month": one.report.month,
        "filed_at": filed_at.isoformat(timespec="seconds") if filed_at else None,
        "figures": dict(one.report.figures),
        "ready": one.ready,
        "relations": [found._asdict() for found in one.checks],
        "warnings": [found._asdict() for found in one.warnings],
    }


def _tell(one: Examined, *, figures: bool) -> None:
    state = f"已于 {one.report.filed_at:%Y-%m-%d} 报送" if one.report.filed_at else "未报送"
    say(f"{place(one.report.city)} {one.report.month}（{state}）")
    if figures:
        rows = [
            {"number": number, "name": name.label, "value": _in_words(name, one.report.figures.get(name))}
            for number, name in enumerate(tuple(Indicator)[:15], 1)
        ]
        show_table({"number": "省表编号", "name": "指标", "value": "数"}, rows)
    for holds, sentence in faults(one.checks):
        say(f"  {RESULTS[holds]} {sentence}")
    for _, sentence in faults(one.warnings):
        say(f"  提醒 {sentence}")
    if one.ready:
        say("  逻辑关系全部通过。")


def _in_words(name: Indicator, value: int | None) -> str:
    if value is None:
        return "待填"
    return f"{value / 100:,.2f}元" if name == Indicator.PAID_FEN else str(value)


def file(month: Month, city: MaybeCity = None) -> None:
    """报送一个月的报表：报送后数字不再变化，之后知道的事进更正清单。不写 --city 是全省汇总报送。"""
    code = city_code(city) if city else None

    def work(parts: Parts, connection: Connection) -> CityMonth:
        part, now, day = forms_of(parts).part, utc_now(), today()
        if code is None:
            return reports.file_province(connection, month, actor=actor(), now=now, today=day, part=part)
        return reports.file(connection, code, month, actor=actor(), now=now, today=day, part=part)

    found = reading(work, write=True)
    form = Form.NATIONAL if code is None else Form.GUANGDONG
    say(f"已报送 {place(found.city)} {month}。请导出盖章：jianxi report {form} --month {month} -o 报表.xlsx")


def plan(
    people_planned: Annotated[int, typer.Argument(metavar="人数", help="本期计划组织见习人数（第5项）。")],
    month: Month,
    city: City,
) -> None:
    """录入或调整一个市一个月的计划组织见习人数。"""
    _enter(city, month, PLAN, people_planned)


def enter(
    key: Annotated[
        str,
        typer.Argument(
            help="填哪个数：plan 计划人数、opening 上期期末在岗人数（首月）、unexplained 省表第14项。"
        ),
    ],
    value: Annotated[int, typer.Argument(metavar="数", help="填多少。")],
    month: Month,
    city: City,
) -> None:
    """录入报表里要人工填写的数。"""
    if key not in KEYS:
        raise complain(f"没有“{key}”这个数。可以填：{'、'.join(KEYS)}。", 2)
    _enter(city, month, key, value)


def _enter(city: str, month: str, key: str, value: int) -> None:
    code = city_code(city)
    reading(
        lambda parts, connection: reports.enter(
            connection, code, month, key, value, actor=actor(), now=utc_now()
        ),
        write=True,
    )
    say(f"已录入 {place(code)} {month}：{value}。")
