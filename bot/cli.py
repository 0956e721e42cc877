"""The commands of `jianxi`. Each is a thin layer over what the parts can do."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import orjson
import typer
import uvloop
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from bot import settings as environment
from bot.app import Parts, Role, listening_socket, open_parts, serve, utc_now
from bot.cli_agencies import agency_commands
from bot.cli_broadcasts import broadcast_commands
from bot.cli_bundles import bundle_commands
from bot.cli_calendar import calendar_commands
from bot.cli_cases import case_commands
from bot.cli_deliveries import delivery_commands
from bot.cli_erasing import add_erasing
from bot.cli_events import event_commands
from bot.cli_exports import add_export_commands
from bot.cli_hosts import host_commands
from bot.cli_imports import import_commands
from bot.cli_internships import internship_commands, verify_person
from bot.cli_jobs import job_commands
from bot.cli_outreach import outreach_commands
from bot.cli_positions import position_commands
from bot.cli_registers import register_commands
from bot.cli_reports import report_commands
from bot.cli_simulate import simulate_command
from bot.cli_staff import staff_commands
from bot.cli_subsidies import subsidy_commands
from bot.cli_targets import target_commands
from bot.cli_wechat import wechat_commands
from bot.command_line import Json, Unmask, audited, opened, reading, say, settings, writable_sheet
from bot.demo_ledger import load_all
from bot.doctor import examine
from bot.export import HEADERS, person_fields, write_spreadsheet
from bot.logs import configure
from bot.terminal import chat as chat_in_terminal
from bot.texts import STEPS_LOCK, catalogue, read_steps_lock
from dialogs.checks import problems
from dialogs.diagram import mermaid
from dialogs.released import lock_faults, with_missing
from storage import audit, people
from storage.database import Connection
from storage.keys import KeyFile, create_key_file
from storage.rotation import rotate
from storage.schema import migrate, schema_state

app = typer.Typer(
    help="见习通：就业见习报名与跟踪服务。", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)
people_app = typer.Typer(help="见习对象信息库。", no_args_is_help=True)
export_app = typer.Typer(help="导出。", no_args_is_help=True)
dialogs_app = typer.Typer(help="对话的检查与画图。", no_args_is_help=True)
keys_app = typer.Typer(help="密钥。", no_args_is_help=True)
app.add_typer(people_app, name="people")
app.add_typer(export_app, name="export")
app.add_typer(dialogs_app, name="dialogs")
app.add_typer(keys_app, name="keys")

TRACKS: Final = {"graduate": "毕业生", "youth": "失业青年", "unsure": "未定"}
"""Short names of the tracks, for a narrow table."""


app.add_typer(wechat_commands(settings), name="wechat")
app.add_typer(case_commands(), name="cases")
app.add_typer(broadcast_commands(), name="broadcasts")
app.add_typer(delivery_commands(), name="deliveries")
app.add_typer(job_commands(), name="jobs")
app.add_typer(staff_commands(), name="staff")
app.add_typer(bundle_commands(), name="bundles")
app.add_typer(event_commands(), name="events")
app.add_typer(host_commands(), name="hosts")
app.add_typer(position_commands(), name="positions")
app.add_typer(agency_commands(), name="agencies")
app.add_typer(import_commands(), name="import")
add_export_commands(export_app)
app.add_typer(internship_commands(), name="internships")
add_erasing(people_app)
people_app.command("verify", epilog="例：jianxi people verify 3 --decision eligible --reason 已查验毕业证")(
    verify_person
)
app.add_typer(report_commands(), name="report")
app.add_typer(subsidy_commands(), name="subsidies")
app.add_typer(target_commands(), name="targets")
app.add_typer(calendar_commands(), name="calendar")
app.add_typer(register_commands(), name="registers")
app.add_typer(outreach_commands(), name="outreach")


@app.command("serve", epilog="例：jianxi serve --demo")
def serve_command(
    demo: Annotated[bool, typer.Option("--demo", help="库是空的时候装入示例数据。")] = False,
    role: Annotated[
        Role, typer.Option(help="all 全做；web 只接待，不做定时任务；worker 只做定时任务和投递。")
    ] = "all",
) -> None:
    """启动服务。"""
    chosen = settings()
    configure(chosen.log_format)
    if role != "all" and chosen.embedded:
        typer.echo("SQLite 只能一个进程全做（--role all）。要分开跑，请用 PostgreSQL。", err=True)
        raise typer.Exit(2)
    for name in environment.unknown_names():
        typer.echo(f"注意：不认识的配置 {name}，是不是写错了？", err=True)
    try:
        bound = listening_socket(chosen.host, chosen.port)
    except OSError as error:
        typer.echo(
            f"端口 {chosen.port} 用不了（{error.strerror}）。换一个：PORT=8090 make run，或设 JIANXI_PORT。",
            err=True,
        )
        raise typer.Exit(1) from None
    parts = open_parts(chosen)
    host = "127.0.0.1" if chosen.host == "0.0.0.0" else chosen.host  # noqa: S104 - shown, not bound
    address = chosen.public_url or f"http://{host}:{chosen.port}"
    if demo:
        now = utc_now()
        today = now.astimezone(ZoneInfo(chosen.timezone)).date()
        parts.database.write_sync(lambda c: load_all(c, parts.sealer, now, today, address))

    def started() -> None:
        say(
            f"\n  见习通已启动\n  聊天页面   {address}/\n  数据目录   {chosen.data.resolve()}\n  停止按 Ctrl+C\n"
        )
        sys.stdout.flush()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(parts, bound, demo=demo, role=role, started=started))


@app.command(epilog="例：jianxi chat --record tests/dialogs/transcripts/我的对话.txt")
def chat(
    record: Annotated[Path | None, typer.Option(help="把这次对话写成对话记录文件，供测试重放。")] = None,
    name: Annotated[str, typer.Option("--as", help="以哪个代号聊；同一个代号下次接着聊，不要用真名。")] = "",
) -> None:
    """在终端里聊天。"""
    parts = opened()
    try:
        chat_in_terminal(parts.turns, name or getpass.getuser(), record)
    finally:
        parts.database.close_sync()


@app.command("migrate", epilog="例：jianxi migrate")
def migrate_command() -> None:
    """把数据库表结构升到这个版本。"""
    chosen = settings()
    if chosen.embedded:
        chosen.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = schema_state(chosen.database).current
    after = migrate(chosen.database).current
    say(f"表结构：{before or '（空）'} → {after}")


@app.command(epilog="例：jianxi doctor")
def doctor(as_json: Json = False) -> None:
    """检查配置、密钥、数据库和渠道，指出每个毛病和修法。"""
    findings = examine(settings(), utc_now())
    if as_json:
        say(json.dumps([finding._asdict() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            mark = {"ok": "✓", "off": "-", "warning": "!", "fault": "✗"}[finding.state]
            say(f" {mark} {finding.subject}：{finding.message}")
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(1)


@people_app.command("list", epilog="例：jianxi people list --json")
def people_list(as_json: Json = False, unmask: Unmask = False) -> None:
    """列出见习对象。默认打码。"""

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            _audit_view(connection, "people.list")
        return [person_fields(parts.sealer, person, unmask=unmask) for person in people.every(connection)]

    rows = reading(work, write=unmask)
    if as_json:
        say(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    Console().print(_people_table(rows))


def _people_table(rows: list[dict[str, Any]]) -> Table:
    """People as a table that keeps whole what it shows on a terminal of 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    for title in ("编号", "姓名", "手机号", "类别", "学历", "专业", "常住地", "资格", "示例"):
        whole = title in ("编号", "手机号", "资格", "示例")
        table.add_column(title, no_wrap=whole, overflow="ignore" if whole else "fold")
    for row in rows:
        words = row["labels"]
        cells = (
            str(row["id"]),
            row["name"],
            row["phone"],
            TRACKS.get(row["track"], ""),
            words.get("education", ""),
            row["major"] or "",
            words.get("residence", ""),
            words.get("outcome", ""),
            "是" if row["demo"] else "",
        )
        table.add_row(*(escape(cell) for cell in cells))
    return table


@export_app.command("people", epilog="例：jianxi export people 见习对象.xlsx")
def export_people(
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件。")], unmask: Unmask = False
) -> None:
    """把见习对象导出成 Excel。默认打码。"""
    writable_sheet(file)

    def work(parts: Parts, connection: Connection) -> int:
        rows = (person_fields(parts.sealer, person, unmask=unmask) for person in people.every(connection))
        total = people.count(connection)
        return write_spreadsheet(
            file, track(rows, "导出", total=total, console=Console(stderr=True), transient=True)
        )

    def note(connection: Connection) -> None:
        _audit_view(connection, "people.export", unmasked=unmask)

    say(f"已导出 {audited(note, work)} 人，{len(HEADERS)} 列：{file}")


def _audit_view(connection: Connection, action: str, *, unmasked: bool = True) -> None:
    audit.add(connection, utc_now(), f"cli:{getpass.getuser()}", action, "people", {"unmasked": unmasked})


app.command("simulate", epilog="例：jianxi simulate ./模拟 --people 500")(simulate_command)


@dialogs_app.command("check", epilog="例：jianxi dialogs check")
def dialogs_check(
    write_lock: Annotated[
        bool, typer.Option("--write-lock", help="把新步骤记进 dialogs/steps.lock（发布前做）。")
    ] = False,
) -> None:
    """检查所有对话：每条路走得通、文字齐全、先同意后收集，老版本的会话都接得上。"""
    ready = catalogue()
    if write_lock:
        STEPS_LOCK.write_text(with_missing(ready, read_steps_lock()), "utf-8")
    found = (*problems(ready), *lock_faults(ready, read_steps_lock()))
    for fault in found:
        typer.echo(fault, err=True)
    if found:
        raise typer.Exit(1)
    steps = sum(1 for _ in ready.steps())
    say(f"{len(ready.dialogs)} 个对话、{steps} 个步骤，没有发现问题。")


@dialogs_app.command("draw", epilog="例：jianxi dialogs draw registration > registration.mmd")
def dialogs_draw(name: Annotated[str, typer.Argument(help="对话的名字。")]) -> None:
    """把一个对话画成 Mermaid 流程图。"""
    dialogs = catalogue().dialogs
    if name not in dialogs:
        typer.echo(f"没有“{name}”这个对话。有：{'、'.join(dialogs)}", err=True)
        raise typer.Exit(2)
    say(mermaid(dialogs[name].definition).rstrip())


@keys_app.command("create", epilog="例：jianxi keys create /etc/jianxi/secret.key")
def keys_create(file: Annotated[Path, typer.Argument(help="密钥文件的位置。")]) -> None:
    """生成一个新的密钥文件（权限 0600）。"""
    create_key_file(file)
    say(f"已生成 {file}。请马上备份：丢了它，加密的数据谁也打不开。")


@keys_app.command("rotate", epilog="例：jianxi keys rotate")
def keys_rotate() -> None:
    """换一把新密钥，把库里的数据重新加密。服务可以照常运行。"""
    parts = opened()
    done: dict[str, int] = {}
    console = Console(stderr=True)

    def progress(table: str, rows: int) -> None:
        done[table] = done.get(table, 0) + rows
        if console.is_terminal:  # elsewhere nothing can be written over
            console.print(f"{table}：{done[table]} 行", end="\r")

    async def work() -> str:
        try:
            return await rotate(parts.database, KeyFile(parts.settings.key_file), progress=progress)
        finally:
            await parts.database.close()

    key_id = asyncio.run(work())
    for table, rows in done.items():
        console.print(f"{table}：{rows} 行")
    say(f"已换到密钥 {key_id}，重新加密 {sum(done.values())} 行。旧密钥留在文件里，备份还要用它打开。")
