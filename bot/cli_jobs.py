"""`jianxi jobs …`: which scheduled jobs there are, what became of them, and running one by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import structlog
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.app import Parts, open_parts, utc_now
from bot.command_line import Json, complain, say, settings, show_json, show_table
from bot.gates import open_gates
from bot.job_list import all_jobs
from bot.logs import configure, trace
from bot.pushes import sender
from notifications.broadcasts import render
from notifications.channel import Channel
from notifications.jobs import Context, Done, Job, occurrence, run_once
from storage import job_runs
from storage.job_runs import Run

log = structlog.get_logger()

COLUMNS: Final = {
    "name": "名称",
    "title": "做什么",
    "trigger": "时间",
    "last": "上次",
    "result": "结果",
    "next": "下次",
}


class ByHand(NamedTuple):
    """What running a job by hand came to: `done` None when its moment had been dealt with."""

    job: Job
    at: datetime
    done: Done | None
    error: str | None = None


def job_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="定时任务。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi jobs list --json")(list_jobs)
    app.command("run", epilog="例：jianxi jobs run check_ins --as-of 2026-12-01T09:30")(run_job)
    return app


def list_jobs(as_json: Json = False) -> None:
    """列出定时任务：什么时候做、上次怎样、下次什么时候。"""
    rows = asyncio.run(_listed())
    if as_json:
        show_json(
            [
                {name: row[name] for name in ("name", "trigger", "last_run", "last_result", "next_run")}
                for row in rows
            ]
        )
        return
    show_table(COLUMNS, rows)


async def _listed() -> list[dict[str, Any]]:
    parts = open_parts(settings())
    try:
        jobs = _jobs(parts, {})
        runs = await parts.database.read(lambda c: job_runs.newest(c, [job.name for job in jobs]))
    finally:
        await parts.database.close()
    zone = parts.turns.zone
    return [_row(job, runs.get(job.name), zone, utc_now()) for job in jobs]


def _row(job: Job, run: Run | None, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """One job as both the table and the JSON show it."""
    next_run = job.next_run(zone, now)
    result: dict[str, Any] | None = None
    if run is not None:
        result = (
            {"error": run.error} if run.error else dict(run.result) if run.finished_at else {"running": True}
        )
    return {
        "name": job.name,
        "title": job.title,
        "trigger": job.cron,
        "last_run": occurrence(run.started_at, zone) if run else None,
        "last_result": result,
        "next_run": occurrence(next_run, zone),
        "last": f"{run.started_at.astimezone(zone):%m-%d %H:%M}" if run else "还没有",
        "result": _words(result),
        "next": f"{next_run.astimezone(zone):%m-%d %H:%M}",
    }


def _words(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return ""
    if "error" in result:
        return f"失败（{result['error']}）"
    if "running" in result:
        return "正在做"
    return f"新增{result['created']}，变更{result['changed']}"


def run_job(
    name: Annotated[str, typer.Argument(help="任务的名称，见 jianxi jobs list。")],
    as_of: Annotated[
        str | None,
        typer.Option(help="当作这个时刻来做，例如 2026-12-01T09:30；没有时区的按业务所在时区。"),
    ] = None,
    as_json: Json = False,
) -> None:
    """马上做一个定时任务；同一个任务、同一个时刻，再做一次不会重复。"""
    configure(settings().log_format)
    zone = ZoneInfo(settings().timezone)
    at = _moment(as_of, zone) if as_of is not None else utc_now().replace(microsecond=0)
    ended = asyncio.run(_run(name, at))
    if ended.error is not None:
        raise complain(f"“{ended.job.title}”没有做成（{ended.error}）。请看日志；再执行一次会接着做。")
    done = ended.done or Done()
    if as_json:
        show_json({"name": name, "as_of": occurrence(at, zone), **done._asdict()})
    elif ended.done is None:
        say(f"“{ended.job.title}”在这个时刻已经做过，或正在做，没有再做。")
    else:
        say(f"“{ended.job.title}”做好了：新增 {done.created}，变更 {done.changed}。")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise complain(f"没看懂“{text}”是什么时间，请这样写：2026-12-01T09:30。", 2) from None
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return local.astimezone(UTC).replace(microsecond=0)


async def _run(name: str, at: datetime) -> ByHand:
    """Run one job with a progress line; its sender goes by the moment too."""
    parts = open_parts(settings(), lambda: at)
    try:
        async with AsyncExitStack() as stack:
            channels: Mapping[str, Channel] = {}
            if name == "deliver":  # the others only put messages into the ledger
                opening = open_gates(parts.settings, parts.turns, parts.metrics, listening=False)
                channels = (await stack.enter_async_context(opening)).channels
            known = {job.name: job for job in _jobs(parts, channels)}
            if name not in known:
                raise complain(f"没有“{name}”这个任务。现有的：{'、'.join(known)}。", 2)
            with _progress() as bar:
                task = bar.add_task(known[name].title, total=None)
                context = Context(
                    parts.database,
                    parts.sealer,
                    parts.turns.zone,
                    lambda rows: bar.advance(task, rows),
                )
                return await _attempt(context, known[name], at)
    finally:
        await parts.database.close()


async def _attempt(context: Context, job: Job, at: datetime) -> ByHand:
    try:
        return ByHand(job, at, await run_once(context, job, at, utc_now, by_hand=True))
    except Exception as error:
        log.error("job_failed", job=job.name, trace=trace(error))
        return ByHand(job, at, None, type(error).__name__)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _jobs(parts: Parts, channels: Mapping[str, Channel]) -> tuple[Job, ...]:
    made = sender(parts.turns, parts.hub, parts.metrics, channels, fill=render)
    return all_jobs(parts.turns.catalogue, made, drain=True)
