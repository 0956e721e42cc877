"""`jianxi export …`: the lists of the ledger as spreadsheets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from bot.app import Parts, utc_now
from bot.command_line import Unmask, actor, audited, city_code, say, today, writable_sheet
from bot.list_exports import EXPORTS, Export, Wanted
from bot.spreadsheets import write_rows
from storage import audit
from storage.database import Connection

File = Annotated[Path, typer.Argument(metavar="文件", help="写到哪个 .xlsx 文件。")]
City = Annotated[str | None, typer.Option(metavar="城市", help="只要这个地级市，名称或代码。")]


def add_export_commands(app: typer.Typer) -> None:
    """Add a command for each list to the group `export`."""
    for export in EXPORTS:
        app.command(
            export.name,
            help=f"把{export.label}导出成 Excel。{'默认打码。' if export.personal else ''}",
            epilog=f"例：jianxi export {export.name} {export.label}.xlsx",
        )(_exporting(export))


def _exporting(export: Export) -> Callable[..., None]:
    def plain(file: File) -> None:
        _write(export, file, None, unmask=False)

    def masked(file: File, unmask: Unmask = False) -> None:
        _write(export, file, None, unmask=unmask)

    def of_city(file: File, city: City = None) -> None:
        _write(export, file, city, unmask=False)

    def masked_of_city(file: File, city: City = None, unmask: Unmask = False) -> None:
        _write(export, file, city, unmask=unmask)

    commands = {
        (False, False): plain,
        (False, True): masked,
        (True, False): of_city,
        (True, True): masked_of_city,
    }
    return commands[export.by_city, export.personal]


def _write(export: Export, file: Path, city: str | None, *, unmask: bool) -> None:
    writable_sheet(file)
    wanted = Wanted(city_code(city) if city else None, unmask, today())

    def write(parts: Parts, connection: Connection) -> int:
        rows = export.rows(connection, parts.sealer, wanted)
        shown = track(rows, "导出", total=None, console=Console(stderr=True), transient=True)
        return write_rows(file, export.label, export.titles, shown)

    def note(connection: Connection) -> None:
        detail = {"unmasked": unmask, "city": wanted.city}
        audit.add(connection, utc_now(), actor(), f"{export.name}.export", export.name, detail)

    count = audited(note, write)
    say(f"已导出 {count} 行，{len(export.titles)} 列：{file}")
