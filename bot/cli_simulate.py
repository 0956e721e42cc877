"""`jianxi simulate`: a whole year in virtual time, on a base of its own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot.command_line import Json, kindly, say, show_json
from bot.simulation.run import FIRST_YEAR, PEOPLE, simulate


def simulate_command(
    data: Annotated[Path, typer.Argument(help="放模拟数据的空目录。")],
    year: Annotated[int, typer.Option(help="模拟哪一年。")] = FIRST_YEAR,
    people: Annotated[int, typer.Option(help="全省计划见习人数；各市按目标任务分。")] = PEOPLE,
    seed: Annotated[int, typer.Option(help="随机种子：同一个种子，同一年。")] = 1,
    as_json: Json = False,
) -> None:
    """模拟一整年：单位、岗位、报名、见习、补贴和每月报表，全部走真实的办理流程。"""
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bar, kindly():
        days = bar.add_task(f"{year} 年", total=380)

        def progress(day: date) -> None:
            bar.update(days, advance=1, description=f"{day:%Y-%m-%d}")

        found = simulate(data, year=year, people_wanted=people, seed=seed, progress=progress)
    if as_json:
        show_json(found)
        return
    for name, number in found["counts"].items():
        say(f"  {name}  {number}")
    say(f"数据在 {data}。用 JIANXI_DATA={data} jianxi report check --month {year}-12 查看报表。")
