"""`jianxi wechat mass`: one text to many followers, after a look at whom it reaches and what it uses up."""

from __future__ import annotations

import getpass
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple, NoReturn, Protocol, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import track

from bot.app import Parts
from bot.channels.wechat_client import WeChatClient
from bot.channels.wechat_mass import MassResult, WeChatMass, month_of
from bot.channels.wechat_mass_plan import ACTION, Part, Plan, Reason, Skipped, fitting, planned, subject
from notifications.allowance import MASS_A_MONTH
from notifications.channel import SendFailed
from storage import audit

T = TypeVar("T")
NAMED: Final = 20
"""People whose openid is written out for each reason; a program gets all of them."""

REASONS: Final = {
    Reason.UNKNOWN: "没有和公众号说过话",
    Reason.UNREACHABLE: "已经取消关注",
    Reason.NOT_ALLOWED: "没有同意推送，或者退订了",
    Reason.SHARE_USED: f"这个月的 {MASS_A_MONTH} 条已经用完",
    Reason.ALONE: "这一批只剩这一个人，平台要求至少两个人",
}


class Calling(Protocol):
    """Runs work with a client of the platform; ends the program where the platform refuses."""

    def __call__(self, work: Callable[[WeChatClient, Parts], Awaitable[T]]) -> T:
        """What the work returns."""


class Done(NamedTuple):
    """What became of a part: planned, sent, sent_before, nobody or failed; `late` were left out only when sending."""

    client_id: str
    state: str
    people: int
    message_id: str | None = None
    late: tuple[Skipped, ...] = ()


def add_mass(app: typer.Typer, calling: Calling) -> None:
    """Add the command to the group `wechat`."""

    @app.command("mass", epilog="例：jianxi wechat mass 通知.txt --to 名单.txt --dry-run")
    def mass(
        text_file: Annotated[Path, typer.Argument(help="要发的文字，UTF-8 文本文件。")],
        to: Annotated[Path, typer.Option("--to", help="收的人：每行一个 openid。")],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="只试算，不发。")] = False,
        yes: Annotated[bool, typer.Option("--yes", help="不再问，直接发。")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，给程序读。")] = False,
    ) -> None:
        """群发一条文字给名单里能收的人。同样的文字和名单再执行一次，不会重复发。"""
        if as_json and not (yes or dry_run):
            _end("--json 要和 --yes 或 --dry-run 一起用：给程序读的时候没有人来确认。", 2)
        try:
            text = fitting(_read(text_file))
        except ValueError as error:
            _end(str(error))
        openids = [line.strip() for line in _read(to).splitlines() if line.strip()]
        calling(lambda client, parts: _Run(client, parts, text, openids, as_json).go(dry_run, yes))


def _end(why: str, status: int = 1) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(status)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        _end(f"{file} 不是 UTF-8 文本，请另存为 UTF-8 再试。")
    except OSError as error:
        _end(f"读不了 {file}：{error.strerror}。")


class _Run:
    """One run of the command."""

    def __init__(
        self, client: WeChatClient, parts: Parts, text: str, openids: Sequence[str], as_json: bool
    ) -> None:
        self.client = client
        self.parts = parts
        self.text = text
        self.openids = openids
        self.as_json = as_json
        self.clock = parts.turns.clock

    async def go(self, dry_run: bool, yes: bool) -> None:
        """Plan, tell, ask, send, tell."""
        plan, left = await self.plan(), await self.client.meter.left("mass")
        if not self.as_json:
            self.tell(plan, left)
        if dry_run or plan.people == 0:
            self.report(plan, left, [_unsent(part) for part in plan.parts])
            if dry_run:
                self.say("这是试算，没有发。")
            elif not any(part.before for part in plan.parts):
                _end("没有可以发的人，什么都没发。")
            return
        if plan.calls > left:
            _end(f"群发接口今天只剩 {left} 次，不够用，什么都没发。请明天再发。")
        if not yes:
            _confirm(plan)
            plan = await self.plan()  # somebody may have opted out while the question stood
        await self.send(plan, left)

    async def plan(self) -> Plan:
        """To whom it may go as things stand."""
        month, account = month_of(self.clock()), self.parts.settings.wechat_app_id
        return await self.parts.database.read(lambda c: planned(c, account, self.text, self.openids, month))

    async def send(self, plan: Plan, left: int) -> None:
        """Make the calls that were not made before. A fault stops the rest; the same command goes on there."""
        mass = WeChatMass(self.client, self.parts.database, self.clock)
        done: list[Done] = []
        console = Console(stderr=True)
        silent = not console.is_terminal
        for part in track(plan.parts, "群发", console=console, transient=True, disable=silent):
            try:
                done.append(await self._send_part(mass, part) if part.recipients else _unsent(part))
            except SendFailed:
                done.append(Done(part.client_id, "failed", len(part.recipients)))
                self.report(plan, left, done)
                self.say("没有发完。再执行一次同样的命令就接着发，发过的不会重复。")
                raise
        self.report(plan, left, done)

    async def _send_part(self, mass: WeChatMass, part: Part) -> Done:
        result = await mass.send(part.recipients, self.text, part.client_id)
        late = _late(part, result)
        if not result.sent:
            return Done(part.client_id, "nobody", 0, None, late)
        people, number, now = len(result.sent), result.message_id, self.clock()
        actor, detail = f"cli:{getpass.getuser()}", {"message_id": number, "people": people}
        await self.parts.database.write(
            lambda c: audit.add(c, now, actor, ACTION, subject(part.client_id), detail)
        )
        return Done(part.client_id, "sent_before" if number is None else "sent", people, number, late)

    # --- telling ---

    def say(self, text: str) -> None:
        """A sentence for eyes; a program reads the report."""
        if not self.as_json:
            typer.echo(text)

    def tell(self, plan: Plan, left: int) -> None:
        """What would be sent, to whom, and what it uses up."""
        people = len(set(self.openids))
        twice = len(self.openids) - people
        self.say(
            f"文字 {len(self.text)} 字，{len(self.text.encode())} 字节。"
            f"名单 {people} 人{f'，重复的 {twice} 行不算' if twice else ''}。"
        )
        for part in plan.parts:
            if part.before is not None:
                at = part.before.at.astimezone(ZoneInfo(self.parts.settings.timezone))
                number = part.before.detail.get("message_id") or "不详"
                who = part.before.detail.get("people")
                self.say(f"{at:%Y-%m-%d %H:%M} 已经发过（{who} 人，平台消息号 {number}），不再发。")
        self.say(f"这次发给 {plan.people} 人，发不了 {len(plan.skipped)} 人。")
        self._tell_skipped(plan.skipped)
        if plan.people:
            had = "，".join(f"收过 {number} 条的 {who} 人" for number, who in plan.had_then.items())
            self.say(f"每人每月最多 {MASS_A_MONTH} 条，发完后这个月{had}（网页上手工发的不知道）。")
            self.say(f"群发接口要用 {plan.calls} 次，今天还剩 {left} 次。")

    def _tell_skipped(self, skipped: Sequence[Skipped]) -> None:
        by_reason = defaultdict(list)
        for openid, reason in skipped:
            by_reason[reason].append(openid)
        for reason, openids in by_reason.items():
            self.say(f"  {REASONS[reason]}，{len(openids)} 人：")
            for openid in openids[:NAMED]:
                self.say(f"    {openid}")
            if len(openids) > NAMED:
                self.say("    …（全部名单加 --dry-run --json 看）")

    def report(self, plan: Plan, left: int, done: Sequence[Done]) -> None:
        """What was done."""
        late = [skipped for each in done for skipped in each.late]
        if self.as_json:
            report = {
                "people": plan.people,
                "skipped": [someone._asdict() for someone in (*plan.skipped, *late)],
                "had_this_month": {str(number): people for number, people in plan.had_then.items()},
                "calls_left_today": left,
                "parts": [dict(zip(each._fields[:4], each[:4], strict=True)) for each in done],
            }
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
            return
        for part, each in zip(plan.parts, done, strict=False):
            if each.state == "sent":
                self.say(f"已交给平台：{each.people} 人，消息号 {each.message_id}。")
            elif each.state == "sent_before" and part.before is None:
                self.say(f"平台说已经发过：{each.people} 人，没有再发。")
        self._tell_skipped(late)
        if any(each.state == "sent" for each in done):
            self.say("送达多少，过一会儿用 jianxi wechat outcomes 看。")


def _confirm(plan: Plan) -> None:
    """Ask; anything but yes ends the program."""
    try:
        agreed = typer.confirm(f"发给这 {plan.people} 人？发出去收不回来")
    except typer.Abort:
        agreed = False
    if not agreed:
        _end("没有确认，什么都没发。")


def _late(part: Part, result: MassResult) -> tuple[Skipped, ...]:
    """Who was on the plan and was left out all the same: things change while one looks."""
    whys = {person.address: Reason.UNREACHABLE for person in result.unreachable}
    whys |= {person.address: Reason.SHARE_USED for person in result.had_their_share}
    sent = {person.address for person in result.sent}
    left_out = (person.address for person in part.recipients if person.address not in sent)
    return tuple(Skipped(openid, whys.get(openid, Reason.ALONE)) for openid in left_out)


def _unsent(part: Part) -> Done:
    """A part that is not sent now: planned, sent before, or without anybody."""
    if part.before is not None:
        detail = part.before.detail
        return Done(part.client_id, "sent_before", detail.get("people", 0), detail.get("message_id"))
    return Done(part.client_id, "planned" if part.recipients else "nobody", len(part.recipients))
