"""`jianxi subsidies compute`, `batch`, `approve`, `pay`, …: what changes amounts, lists, evidence and accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Final

import typer
from rich.console import Console

from bot.app import Parts, utc_now
from bot.command_line import Json, actor, city_code, complain, reading, say, show_json, today
from bot.internship_options import STDIN, On, Version, code, day, fen, typed
from bot.report_options import City, Month, place
from policy.evidence import Evidence
from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.positions import yuan
from policy.subsidies import Hold
from storage import evidence_marks, payout_accounts, subsidies, subsidy_batches
from storage.database import Connection
from storage.subsidies import Computed
from storage.subsidy_batches import Listed

Batch = Annotated[int, typer.Argument(help="名册编号，用 subsidies batches 看。")]
LineNumber = Annotated[int, typer.Argument(help="明细编号，用 subsidies list 看。")]
Reason = Annotated[str, typer.Option("--reason", help="理由和依据；不要写身份证号、手机号。")]

NAMED: Final = 20
"""Most amounts that the screen names one by one."""


def add_steps(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("compute", epilog="例：jianxi subsidies compute --city 广州 --month 2023-09")(compute)
    app.command("batch", epilog="例：jianxi subsidies batch --city 广州 --month 2023-09")(make_batch)
    app.command("approve", epilog="例：jianxi subsidies approve 3")(approve)
    app.command("pay", epilog="例：jianxi subsidies pay 3 --on 2023-10-20")(pay)
    for name, verb, help_text, done in (
        ("refuse", subsidy_batches.refuse, "一条明细不予拨付，写明理由。", "不予拨付"),
        ("reinstate", subsidy_batches.reinstate, "撤销不予拨付，之后重新测算。", "已恢复，请重新测算"),
        ("take-out", subsidy_batches.take_out, "审批前把一条明细移出名册，之后重新测算。", "已移出名册"),
    ):
        example = f"例：jianxi subsidies {name} 57 --reason 考勤与门禁记录不符"
        app.command(name, help=help_text, epilog=example)(_deciding(verb, done))
    app.command(
        "clear", epilog="例：jianxi subsidies clear 57 多人同一手机号 --reason 兄弟二人共用，已核对身份证"
    )(clear)
    app.command("evidence", epilog="例：jianxi subsidies evidence 5 2023-09 考勤记录")(evidence)
    app.command("account", epilog="例：jianxi subsidies account 12 -")(account)


def compute(city: City, month: Month, as_json: Json = False) -> None:
    """测算一个市一个月的补贴；可以反复测算，已列入名册、已拨付、不予拨付的不会改。"""
    in_city = city_code(city)

    def work(parts: Parts, connection: Connection) -> tuple[Computed, dict[str, int]]:
        with Console(stderr=True).status("测算"):
            found = subsidies.compute(
                connection, parts.sealer, in_city, month, actor=actor(), now=utc_now(), today=today()
            )
        return found, subsidies.held_months(connection, in_city)

    found, held = reading(work, write=True)
    if as_json:
        skipped = [one._asdict() for one in found.skipped]
        changed = [one._asdict() for one in found.differences]
        show_json(found._asdict() | {"skipped": skipped, "differences": changed})
        return
    say(f"{place(in_city)} {month}：可列入名册 {found.lines} 笔，共 {found.fen / 100:.2f} 元。")
    if found.held:
        say(
            f"待核查 {found.held} 笔，共 {found.held_fen / 100:.2f} 元：jianxi subsidies list --status 待核查"
        )
    for one in found.differences:
        if one.settled:
            kind = SubsidyKind(one.kind).label
            now = f"现在应为 {yuan(one.after or 0)} 元" if one.after else "现在不应计发"
            before = (one.before or 0) / 100
            say(f"见习 {one.internship_id} {kind} 已列入名册或已拨付 {before:g} 元，{now}。")
    _say_skipped(found)
    others = [f"{name}（{number} 笔）" for name, number in held.items() if name != month]
    if others:
        say(f"还有待核查的月份：{'、'.join(others)}。条件满足后请重新测算。")


def _say_skipped(found: Computed) -> None:
    for skipped in found.skipped[:NAMED]:
        whose = f"见习 {skipped.internship_id} " if skipped.internship_id else ""
        say(f"{whose}{skipped.kind.label} 不计发：{'；'.join(skipped.reasons)}")
    if len(found.skipped) > NAMED:
        kinds = Counter(one.kind.label for one in found.skipped)
        told = "、".join(f"{kind} {number} 笔" for kind, number in kinds.items())
        say(f"不计发的共 {len(found.skipped)} 笔（{told}），全部用 --json 看。")


def make_batch(city: City, month: Month) -> None:
    """把已测算、没有疑点的补贴列成名册，交另一位工作人员审批。"""
    in_city = city_code(city)

    def work(_parts: Parts, connection: Connection) -> Listed:
        number = subsidy_batches.create(connection, in_city, month, actor=actor(), now=utc_now())
        return subsidy_batches.get(connection, number)

    found = reading(work, write=True)
    say(f"已列名册 {found.id}：{found.hosts} 家单位，{found.lines} 笔，共 {found.fen / 100:.2f} 元。")
    say(f"请核对材料：jianxi subsidies checklist {found.id}，再由另一位工作人员审批。")


def approve(
    batch: Batch,
    override: Annotated[bool, typer.Option("--override", help="材料不齐也审批，必须写 --reason。")] = False,
    reason: Reason = "",
    version: Version = None,
) -> None:
    """审批名册。不能审批自己做的名册；材料不齐或有新疑点的不能审批。"""
    if override != bool(reason.strip()):
        raise complain("--override 和 --reason 要一起写。", 2)

    def work(_parts: Parts, connection: Connection) -> Listed:
        subsidy_batches.approve(
            connection,
            batch,
            actor=actor(),
            now=utc_now(),
            today=today(),
            seen=version,
            override=reason.strip() or None,
        )
        return subsidy_batches.get(connection, batch)

    _told(reading(work, write=True))


def pay(batch: Batch, on: On = "", version: Version = None) -> None:
    """登记财政实际拨付的日期，计入那个月的报表；那个月已报送的，进更正清单。"""
    paid_on = day(on) or today()

    def work(_parts: Parts, connection: Connection) -> Listed:
        subsidy_batches.pay(
            connection, batch, paid_on, actor=actor(), now=utc_now(), today=today(), seen=version
        )
        return subsidy_batches.get(connection, batch)

    _told(reading(work, write=True))


def _told(found: Listed) -> None:
    state = SubsidyStatus(found.status).label
    say(f"名册 {found.id} {state}：{found.lines} 笔，共 {found.fen / 100:.2f} 元，版本 {found.version}。")


def _deciding(verb: Callable[..., None], done: str) -> Callable[..., None]:
    def command(line: LineNumber, reason: Reason) -> None:
        def work(_parts: Parts, connection: Connection) -> None:
            verb(connection, line, reason, actor=actor(), now=utc_now())

        reading(work, write=True)
        say(f"明细 {line}：{done}。")

    return command


def clear(
    line: LineNumber,
    signal: Annotated[str, typer.Argument(help="疑点，例如 多人同一手机号、没有按月发放。")],
    reason: Reason,
) -> None:
    """核查后放行一个疑点，写明结论；情况变了会重新出现。"""
    hold = code(Hold, signal)

    def work(_parts: Parts, connection: Connection) -> SubsidyStatus:
        return subsidies.clear(connection, line, hold, reason, actor=actor(), now=utc_now())

    status = reading(work, write=True)
    say(f"明细 {line}：“{hold.label}”已放行，现在是“{status.label}”。")


def evidence(
    host: Annotated[int, typer.Argument(help="见习单位编号。")],
    month: Annotated[str, typer.Argument(help="月份，例如 2023-09。")],
    kinds: Annotated[
        list[str], typer.Argument(help="材料，可以写几样，例如 考勤记录 花名册；全部 就是每一样。")
    ],
    missing: Annotated[bool, typer.Option("--missing", help="登记为缺。")] = False,
    premium: Annotated[str, typer.Option(help="意外险每人保费（元）。")] = "",
    on: On = "",
) -> None:
    """登记一家单位一个月的申领材料：收到了，或缺。"""
    known: list[Evidence] = list(Evidence) if kinds == ["全部"] else [code(Evidence, text) for text in kinds]
    amount, received = fen(premium), day(on)
    if amount is not None and Evidence.INSURANCE not in known:
        raise complain("--premium 请和“人身意外伤害保险保单或发票”一起登记。", 2)

    def work(_parts: Parts, connection: Connection) -> None:
        for kind in known:
            evidence_marks.put(
                connection,
                host,
                month,
                kind,
                given=not missing,
                amount_fen=amount if kind is Evidence.INSURANCE else None,
                on=received,
                actor=actor(),
                now=utc_now(),
                today=today(),
            )

    reading(work, write=True)
    say(f"单位 {host} {month}：{'、'.join(kind.label for kind in known)} {'缺' if missing else '已收到'}。")


def account(
    person: Annotated[int, typer.Argument(help="人员编号。")],
    number: Annotated[str, typer.Argument(help="只能写 -：账号从标准输入读，不留在命令记录里。")] = STDIN,
) -> None:
    """登记一个人收见习补贴的银行账号，加密保存；用来核对多人同一账户。"""
    if number != STDIN:
        raise complain("账号请从标准输入读，命令里写 - 。", 2)
    digits = typed(STDIN) or ""

    def work(parts: Parts, connection: Connection) -> str:
        return payout_accounts.put(connection, parts.sealer, person, digits, actor=actor(), now=utc_now())

    say(f"人员 {person} 的账号已登记：{reading(work, write=True)}")
