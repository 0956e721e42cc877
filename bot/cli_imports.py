"""`jianxi import …`: spreadsheets into the base, templates to fill in, and the last import taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.app import utc_now
from bot.command_line import (
    Json,
    actor,
    complain,
    kindly,
    opened,
    reading,
    say,
    show_json,
    show_table,
    today,
    writable_sheet,
)
from bot.spreadsheets import write_rows, write_template
from storage.imports import runs, undo
from storage.imports.everything import KINDS
from storage.imports.kinds import Kind
from storage.imports.reading import MOST_BYTES, TOO_LARGE
from storage.imports.runs import Imported

MOST_SHOWN: Final = 50
"""Rejections that the terminal shows; the rest goes to a file."""

REJECTED: Final = {"row": "行", "column": "列", "reason": "原因"}

Existing = Annotated[
    Path, typer.Argument(metavar="文件", exists=True, dir_okay=False, help=".xlsx、.xls、.ods 或 .csv 文件。")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只检查，什么都不存，看看会怎样。")]
RejectedFile = Annotated[
    Path | None, typer.Option("--rejected", metavar="文件", help="把没导入的行号和原因写进这个 .xlsx。")
]


def import_commands() -> typer.Typer:
    """The command group: one command for each kind of spreadsheet, and what belongs to all of them."""
    app = typer.Typer(help="导入表格：坏行报出行号、列和原因，好行照常导入。", no_args_is_help=True)
    for kind in KINDS.values():
        app.command(
            kind.name,
            help=f"导入{kind.label}。",
            epilog=f"例：jianxi import {kind.name} {kind.label}.xlsx --dry-run",
        )(_importing(kind))
    app.command("template", epilog="例：jianxi import template hosts 见习单位模板.xlsx")(template)
    app.command("runs", epilog="例：jianxi import runs")(list_runs)
    app.command("undo", epilog="例：jianxi import undo")(undo_run)
    return app


def _importing(kind: Kind) -> Callable[..., None]:
    def command(
        file: Existing,
        dry_run: DryRun = False,
        as_json: Json = False,
        rejected: RejectedFile = None,
    ) -> None:
        if rejected is not None:
            writable_sheet(rejected)
        done = _run(kind, file, dry_run)
        if rejected is not None and done.rejected:
            rows = ([one.row, one.column or "", one.reason] for one in done.rejected)
            write_rows(rejected, "没有导入的行", list(REJECTED.values()), rows)
        if as_json:
            show_json(
                {
                    "read": done.read,
                    "added": done.added,
                    "changed": done.changed,
                    "unchanged": done.unchanged,
                    "rejected": [rejection._asdict() for rejection in done.rejected],
                }
            )
        else:
            _tell(kind, done, dry_run)
        _tell_aside(done)
        if done.rejected:
            raise typer.Exit(1)

    return command


def _run(kind: Kind, file: Path, dry_run: bool) -> Imported:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise complain(TOO_LARGE.format(size=file.stat().st_size // 2**20))
        data = file.read_bytes()
    except OSError as error:
        raise complain(f"打不开 {file}：{error.strerror}") from None
    parts = opened()
    try:
        with kindly(), _bar() as progress:
            return runs.import_file(
                parts.database,
                parts.sealer,
                kind,
                data,
                file.name,
                actor=actor(),
                now=utc_now(),
                today=today(),
                dry_run=dry_run,
                progress=progress,
            )
    finally:
        parts.database.close_sync()


@contextmanager
def _bar() -> Iterator[runs.Progress]:
    columns = (TextColumn("导入"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("导入", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(kind: Kind, done: Imported, dry_run: bool) -> None:
    say(
        f"{'试导入，什么都没有存。' if dry_run else ''}{kind.label}：读 {done.read} 行，新增 {done.added}，"
        f"改变 {done.changed}，不变 {done.unchanged}，没导入 {done.rejected_rows} 行。"
    )
    if done.rejected:
        show_table(REJECTED, [rejection._asdict() for rejection in done.rejected[:MOST_SHOWN]])
    if len(done.rejected) > MOST_SHOWN:
        say(f"还有 {len(done.rejected) - MOST_SHOWN} 条没有显示，加 --rejected 文件.xlsx 可以看全。")
    if kind.follows and not dry_run and done.added + done.changed:
        say(kind.follows)


def _tell_aside(done: Imported) -> None:
    """What is no part of the result: on the error stream, so that JSON stays JSON."""
    if done.unknown_columns:
        typer.echo(f"这些列没有用到：{'、'.join(done.unknown_columns)}。", err=True)
    for note in done.notes:
        typer.echo(note, err=True)


def template(
    kind: Annotated[str, typer.Argument(metavar="种类", help="、".join(KINDS))],
    file: Annotated[Path, typer.Argument(metavar="文件", help="写到哪个 .xlsx 文件。")],
) -> None:
    """下载一种表格的模板：表头、文本格式的列，第二张表是填写说明。"""
    if kind not in KINDS:
        raise complain(f"没有“{kind}”这种表格。有：{'、'.join(KINDS)}。", 2)
    writable_sheet(file)
    write_template(file, KINDS[kind])
    say(f"模板写好了：{file}。填第一张表，说明在第二张表。")


def list_runs(
    as_json: Json = False,
    before: Annotated[int | None, typer.Option(help="从这个编号之前列起，用来翻页。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="最多列多少条。")] = 20,
) -> None:
    """列出导入记录，新的在前。"""
    found = reading(lambda parts, connection: undo.listed(connection, before_id=before, limit=limit))
    if as_json:
        show_json([one._asdict() for one in found])
        return
    titles = {
        "id": "编号",
        "kind": "种类",
        "file_name": "文件",
        "actor": "经办",
        "at": "时间",
        "read": "读",
        "added": "新增",
        "changed": "改变",
        "unchanged": "不变",
        "rejected": "没导入",
        "state": "状态",
    }
    show_table(
        titles,
        [one._asdict() | {"at": f"{one.started_at:%Y-%m-%d %H:%M}", "state": _state(one)} for one in found],
    )


def _state(one: undo.Run) -> str:
    if one.undone_at is not None:
        return "已撤销"
    return "" if one.finished else "中断"


def undo_run(
    run: Annotated[
        int | None, typer.Argument(metavar="编号", help="撤销哪次导入；不写就是最近一次。")
    ] = None,
    as_json: Json = False,
) -> None:
    """整批撤销一次导入：新增的去掉，改变的改回来。之后被人改过、用过的不能撤销，会说明原因。"""
    done = reading(
        lambda parts, connection: undo.undo(
            connection, parts.sealer, run, actor=actor(), now=utc_now(), today=today()
        ),
        write=True,
    )
    if as_json:
        show_json(done._asdict())
        return
    kind = KINDS[done.kind].label
    say(f"已撤销导入 {done.run_id}（{kind}）：去掉 {done.removed} 条，改回 {done.restored} 条。")
