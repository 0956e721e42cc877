"""What all commands share: settings, the opened base, who is at the keyboard, and how things are said."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import settings as environment
from bot.app import Parts, open_parts, utc_now
from bot.settings import Settings
from policy.refusal import Refused
from policy.regions import CITIES
from storage.database import Connection
from storage.errors import Conflict, NotFound

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="输出 JSON，给程序读。")]
Unmask = Annotated[bool, typer.Option("--unmask", help="显示完整身份信息；每次都记入审计日志。")]


def say(text: str) -> None:
    """One line to the person at the keyboard."""
    typer.echo(text)


def complain(text: str, status: int = 1) -> typer.Exit:
    """Say on the error stream what is wrong; returns the exit to raise."""
    typer.echo(text, err=True)
    return typer.Exit(status)


def settings() -> Settings:
    """The settings, or exit status 2 naming the field that is wrong."""
    try:
        return environment.load()
    except ValidationError as error:
        for fault in error.errors():
            name = environment.PREFIX + str(fault["loc"][0]).upper()
            typer.echo(f"配置 {name} 不对：{_fault_in_words(fault)}", err=True)
        raise typer.Exit(2) from None


def _fault_in_words(fault: ErrorDetails) -> str:
    """What a setting must be; our own checks say it in their own words."""
    limits = fault.get("ctx", {})
    match fault["type"]:
        case "int_parsing":
            return "要写成数字，例如 8080。"
        case "greater_than_equal":
            return f"不能小于 {limits['ge']}。"
        case "less_than_equal":
            return f"不能大于 {limits['le']}。"
        case "literal_error":
            return f"只能是 {str(limits['expected']).replace(' or ', '、').replace(', ', '、')} 中的一个。"
        case _:
            return fault["msg"].removeprefix("Value error, ")


def opened() -> Parts:
    """Everything ready to work on the base."""
    return open_parts(settings())


def actor() -> str:
    """Who is at the keyboard, for the audit log and the ledger."""
    return f"cli:{getpass.getuser()}"


@contextmanager
def kindly() -> Iterator[None]:
    """Turn what the rules or the base refuse into a sentence and exit status 1."""
    try:
        yield
    except Refused as error:
        raise complain("\n".join(error.reasons)) from None
    except NotFound:
        raise complain("没有这个编号的记录，请核对后再试。") from None
    except Conflict as error:
        raise complain(str(error)) from None


def reading(work: Callable[[Parts, Connection], T], *, write: bool = False) -> T:
    """Run `work` in one transaction of the base; what is refused is said kindly."""
    parts = opened()
    try:
        run = parts.database.write_sync if write else parts.database.read_sync
        with kindly():
            return run(lambda connection: work(parts, connection))
    finally:
        parts.database.close_sync()


def audited(note: Callable[[Connection], None], work: Callable[[Parts, Connection], T]) -> T:
    """Write `note` into the audit log, then run `work` as a reader.

    In this order and apart: what is shown is on record even when the showing breaks off, and a long export keeps
    nobody from writing.
    """
    parts = opened()
    try:
        with kindly():
            parts.database.write_sync(note)
            return parts.database.read_sync(lambda connection: work(parts, connection))
    finally:
        parts.database.close_sync()


def today() -> date:
    """The day it is in the programme's time zone."""
    return utc_now().astimezone(ZoneInfo(settings().timezone)).date()


def city_code(text: str) -> str:
    """The code of a city given as code or name ("440100", 广州, 广州市); exits with status 2 when unknown."""
    for known in CITIES:
        if text in (known.code, known.name, known.short):
            return known.code
    raise complain(f"没有“{text}”这个城市。请用广东的地级市名或代码，例如 广州 或 440100。", 2)


def writable_sheet(file: Path) -> None:
    """Exit unless `file` can become a spreadsheet: status 2 for another ending, 1 where the folder is missing."""
    if file.suffix.lower() != ".xlsx":
        raise complain("文件名要以 .xlsx 结尾。", 2)
    if not file.parent.is_dir():
        raise complain(f"没有 {file.parent} 这个目录，请先建好。")


def show_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print JSON for a program to read."""
    say(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())


def show_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; `columns` maps the key of a row to its Chinese heading."""
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    for title in columns.values():
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(escape("" if row[key] is None else str(row[key])) for key in columns))
    Console().print(table)
