"""`jianxi calendar …`: the yearly notice of holidays and make-up days, entered by hand until the library knows it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Final

import typer

from bot.app import utc_now
from bot.command_line import Json, actor, complain, reading, say, show_json, show_table
from policy.calendar import CalendarYearMissing, is_workday
from storage import workdays

LONGEST: Final = 31
"""Days in one entry: no holiday is longer, a slip of the year is."""

First = Annotated[datetime, typer.Argument(metavar="日期", formats=["%Y-%m-%d"], help="例：2027-01-01")]
Last = Annotated[
    datetime | None, typer.Argument(metavar="[到]", formats=["%Y-%m-%d"], help="最后一天；只有一天不用写。")
]
LABELS: Final = {True: "上班", False: "放假"}


def calendar_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="工作日历：放假和调休，月报到期日按它推算。", no_args_is_help=True)
    app.command("rest", epilog="例：jianxi calendar rest 2027-01-01 2027-01-03")(rest)
    app.command("work", epilog="例：jianxi calendar work 2027-01-04")(work)
    app.command("clear", epilog="例：jianxi calendar clear 2027-01-04")(clear)
    app.command("show", epilog="例：jianxi calendar show 2027")(show)
    return app


def rest(first: First, last: Last = None) -> None:
    """录入放假的日子（国务院办公厅通知里的节假日）。"""
    _change(first, last, works=False)


def work(first: First, last: Last = None) -> None:
    """录入调休上班的日子。"""
    _change(first, last, works=True)


def clear(first: First, last: Last = None) -> None:
    """删掉录错的日子。"""
    _change(first, last, works=None)


def show(
    year: Annotated[int, typer.Argument(metavar="年份", min=2004, max=2099, help="哪一年。")],
    as_json: Json = False,
) -> None:
    """看一年录入了哪些日子，日历能不能用。"""
    entered = reading(lambda parts, connection: workdays.load(connection))
    own = {day: works for day, works in sorted(entered.items()) if day.year == year}
    try:
        is_workday(date(year, 6, 15), entered)
    except CalendarYearMissing as error:
        missing = str(error)
    else:
        missing = ""
    if as_json:
        days = {day.isoformat(): works for day, works in own.items()}
        show_json({"year": year, "known": not missing, "days": days})
        return
    if own:
        rows = [{"day": f"{day:%Y-%m-%d}", "kind": LABELS[works]} for day, works in own.items()]
        show_table({"day": "日期", "kind": "安排"}, rows)
    say(missing or f"{year} 年的日历可以用。没有录入的日子按程序自带的日历（没有就按周一至周五）。")


def _change(first: datetime, last: datetime | None, *, works: bool | None) -> None:
    begin, end = first.date(), (last or first).date()
    if end < begin:
        raise complain("后面的日期要晚于前面的日期。")
    count = (end - begin).days + 1
    if count > LONGEST:
        raise complain(f"一次最多录 {LONGEST} 天，请检查年份有没有写错。")
    days = [begin + timedelta(days=ahead) for ahead in range(count)]
    changed = reading(
        lambda parts, connection: workdays.change(connection, days, works, actor=actor(), now=utc_now()),
        write=True,
    )
    say(f"改了 {changed} 天，{count - changed} 天本来就是这样。")
