"""`jianxi targets …` and `jianxi report progress`: the yearly targets of the cities, and how far each has come."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.command_line import Json, actor, complain, reading, say, show_json, show_table, today
from bot.report_options import MaybeMonth, place
from policy.indicators import PROVINCE
from storage import targets
from storage.database import Connection
from storage.targets import CityTarget, Loaded, Progress

Year = Annotated[int, typer.Argument(metavar="年份", min=2022, max=2099, help="哪一年。")]

PROGRESS: Final = {
    "place": "地市",
    "interns": "目标人数",
    "arrived": "到岗",
    "arrived_percent": "人数%",
    "posts": "目标岗位",
    "new_posts": "新增岗位",
    "posts_percent": "岗位%",
    "retained_percent": "留用率%",
    "mark": "进度",
}


def target_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="分市目标任务。", no_args_is_help=True)
    app.command("load", epilog="例：jianxi targets load 2023")(load)
    app.command("list", epilog="例：jianxi targets list 2023")(list_targets)
    return app


def add_progress_command(app: typer.Typer) -> None:
    """Add it to the group of reports."""
    app.command("progress", epilog="例：jianxi report progress --month 2023-09")(progress)


def load(
    year: Year,
    file: Annotated[
        Path | None, typer.Option(help="CSV 文件，列为 gb2260、plan_interns、plan_posts；不写用通知的表。")
    ] = None,
) -> None:
    """装入一年的分市目标。同一个文件再装一次，什么都不变。"""
    lines = None
    if file is not None:
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except OSError as error:
            raise complain(f"打不开 {file}：{error.strerror}") from None
        except UnicodeDecodeError:
            raise complain(f"{file} 不是 UTF-8 文件，请在 Excel 里另存为“CSV UTF-8”。") from None

    def work(parts: Parts, connection: Connection) -> Loaded:
        if lines is None:
            rows, _ = targets.of_notice(year)
        else:
            rows = targets.read_targets(lines, file.name if file else "")
        return targets.load(connection, year, rows, actor=actor(), now=utc_now())

    done = reading(work, write=True)
    say(f"{year}年分市目标：读 {done.read}，新增 {done.added}，改变 {done.changed}，不变 {done.unchanged}。")


def list_targets(year: Year, as_json: Json = False) -> None:
    """列出一年的分市目标。"""
    found = list(reading(lambda parts, connection: targets.of_year(connection, year)).values())
    if as_json:
        show_json([row._asdict() for row in found])
        return
    if not found:
        raise complain(f"还没有{year}年的目标，请先装入：jianxi targets load {year}")
    everything = CityTarget(
        PROVINCE, sum(row.interns for row in found), sum(row.posts for row in found), found[0].source
    )
    show_table(
        {"place": "地市", "interns": "见习人数", "posts": "见习岗位", "source": "依据"},
        [row._asdict() | {"place": place(row.city)} for row in (*found, everything)],
    )


def progress(
    month: MaybeMonth = None,
    year: Annotated[
        int | None, typer.Option(min=2022, max=2099, help="看全年，等于 --month 该年12月。")
    ] = None,
    as_json: Json = False,
) -> None:
    """各市全年目标的完成进度：从1月到这个月（默认本月）。"""
    if month and year:
        raise complain("--month 和 --year 只写一个。", 2)
    now = f"{today():%Y-%m}"
    through = month or (f"{year}-12" if year and year < int(now[:4]) else now)
    if year and through[:4] != str(year):
        raise complain(f"{year}年还没有到。", 2)
    if through > now:
        raise complain(f"{through}还没有到，请选本月或之前的月份。", 2)
    rows = reading(lambda parts, connection: targets.progress(connection, through))
    everything = targets.in_all(rows, int(through[5:]))._replace(city=PROVINCE)
    if as_json:
        show_json([row._asdict() for row in (*rows, everything)])
        return
    show_table(PROGRESS, [_shown(row) for row in (*rows, everything)])
    say(f"截至 {through}。到岗低于或新增岗位低于时间进度的，标“落后”。")


def _shown(row: Progress) -> dict[str, Any]:
    return row._asdict() | {"place": place(row.city), "mark": "落后" if row.behind else ""}
