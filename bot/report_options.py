"""Options that the commands about months share: a month, a city, a file to write; and how a report is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.app import Parts
from bot.command_line import complain
from bot.report_forms import BadForms, Forms, load_forms
from policy.indicators import PROVINCE
from policy.months import is_month
from policy.regions import city


def _month(text: str | None) -> str | None:
    if text is not None and not is_month(text):
        raise typer.BadParameter(f"“{text}”不是月份，请写成 2023-09 这样。")
    return text


def _xlsx(path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".xlsx":
        raise typer.BadParameter("文件名要以 .xlsx 结尾。")
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"没有 {path.parent} 这个目录，请先建好。")
    return path


Month = Annotated[str, typer.Option("--month", callback=_month, help="月份，例如 2023-09。")]
MaybeMonth = Annotated[str | None, typer.Option("--month", callback=_month, help="月份，例如 2023-09。")]
City = Annotated[str, typer.Option("--city", help="地级市的名字或代码，例如 广州 或 440100。")]
MaybeCity = Annotated[str | None, typer.Option("--city", help="地级市的名字或代码；不写就是全省。")]
Output = Annotated[Path, typer.Option("-o", "--output", callback=_xlsx, help="写到哪个 .xlsx 文件。")]
MaybeOutput = Annotated[
    Path | None, typer.Option("-o", "--output", callback=_xlsx, help="写到 .xlsx 文件，不显示在屏幕上。")
]


def forms_of(parts: Parts) -> Forms:
    """The wording of the forms, or exit status 2 naming what is wrong in the operator's file."""
    try:
        return load_forms(parts.settings.data)
    except BadForms as error:
        raise complain(str(error), 2) from None


def place(code: str) -> str:
    """The name of a city, or of the province."""
    return "广东省" if code == PROVINCE else city(code).short
