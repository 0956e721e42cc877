"""`jianxi registers …`: the registers compared with the people of the base (比对), and what a clerk settles of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import track

from bot.app import Parts, utc_now
from bot.command_line import (
    Json,
    Unmask,
    actor,
    city_code,
    complain,
    kindly,
    opened,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from policy.codes import Code, HardshipKind
from policy.ledger_codes import RegisterKind
from policy.regions import CITIES, OUTSIDE
from storage import audit, cross_match, hardship_marks, registers
from storage.cross_match import Matched, Occasion
from storage.database import Connection

After = Annotated[int, typer.Option(help="从这个编号之后列起，用来翻页。")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="最多列多少条。")]
City = Annotated[str, typer.Option(help="地级市名或代码；“未分城市”指名册没有省内地址的人。")]
Day = Annotated[str, typer.Option(help="日期，例如 2026-12-31。")]

NO_CITY: Final = "未分城市"
PLACES: Final = {**{city.code: city.short for city in CITIES}, OUTSIDE: NO_CITY}
MATCHED: Final = {"confirmed": "已匹配", "to_confirm": "待确认", "refused": "不是同一人", None: "未登记"}
DONE: Final = {
    "confirmed": "按身份证号匹配到登记人",
    "to_confirm": "姓名和手机号一致、待人工确认",
    "unemployment_confirmed": "按失业登记库更新失业登记",
    "marks_added": "新增困难标识",
    "marks_renewed": "更新困难标识有效期",
    "marks_expired": "到期的困难标识",
    "marks_settled": "本人申报的困难情况有了新结果",
    "tasks_added": "新增走访任务",
    "tasks_registered": "走访对象已登记",
}
"""What each number of a comparison counts, in the order in which they are said."""


def register_commands() -> typer.Typer:
    """`jianxi registers …`."""
    app = typer.Typer(help="名册：比对、待确认、困难标识。", no_args_is_help=True)
    app.command("match", epilog="例：jianxi registers match")(match)
    app.command("list", epilog="例：jianxi registers list --to-confirm")(list_entries)
    app.command("confirm", epilog="例：jianxi registers confirm 123 --yes")(confirm)
    app.command("marks", epilog="例：jianxi registers marks --city 广州")(marks)
    app.command("decide", epilog="例：jianxi registers decide 45 --accept --until 2026-12-31")(decide)
    return app


def match(
    since_run: Annotated[int | None, typer.Option(help="只比对这个导入批次及以后的名册。")] = None,
    as_json: Json = False,
) -> None:
    """把名册和登记人员比对一遍：匹配、困难标识、走访任务。重复执行不会重复产生。"""
    parts = opened()
    occasion = Occasion(utc_now(), today(), since_run)
    try:
        with kindly():
            done = _compare(parts, occasion)
    finally:
        parts.database.close_sync()
    if as_json:
        show_json(done._asdict())
        return
    told = [f"{DONE[name]} {number}" for name, number in done._asdict().items() if number]
    say("比对完成：" + ("；".join(told) if told else "没有变化") + "。")


def _compare(parts: Parts, occasion: Occasion) -> Matched:
    """Each step in a transaction of its own, so that a running server's turns come between."""
    numbers: dict[str, int] = {}
    for step in track(cross_match.STEPS, "比对", console=Console(stderr=True), transient=True):
        numbers |= parts.database.write_sync(
            lambda connection, step=step: step(connection, parts.sealer, occasion),  # type: ignore[misc]
            lock="cross_match",
        )
    found = Matched(**numbers)
    return parts.database.write_sync(
        lambda connection: cross_match.record(connection, found, occasion, actor())
    )


def list_entries(
    to_confirm: Annotated[bool, typer.Option("--to-confirm", help="只列待确认的。")] = False,
    run: Annotated[int | None, typer.Option(help="只列这个导入批次的。")] = None,
    after: After = 0,
    limit: Limit = 50,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出名册上的人和匹配情况。默认打码。"""

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            audit_view(connection, "registers.list", "registers")
        return registers.listed(
            connection,
            parts.sealer,
            to_confirm=to_confirm,
            run_id=run,
            after=after,
            limit=limit,
            unmask=unmask,
        )

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
        return
    labelled = [
        row
        | {
            "register": label(RegisterKind, row["register"]),
            "city": PLACES.get(row["city"] or OUTSIDE, ""),
            "matched": MATCHED[row["matched"]],
        }
        for row in rows
    ]
    columns = {"id": "编号", "register": "名册", "name": "姓名", "id_number": "身份证号", "phone": "手机号"}
    columns |= {"city": "城市", "matched": "匹配", "person_id": "登记编号", "person_name": "登记姓名"}
    show_table(columns | {"person_id_number": "登记证件号"}, labelled)


def confirm(
    entry: Annotated[int, typer.Argument(help="名册记录的编号，见 jianxi registers list --to-confirm。")],
    same: Annotated[bool, typer.Option("--yes/--no", help="是不是同一个人。")],
) -> None:
    """确认名册上的人和登记的人是不是同一个人。"""
    reading(
        lambda parts, connection: registers.settle(connection, entry, same, actor=actor(), now=utc_now()),
        write=True,
    )
    say(f"名册记录 {entry}：{'是同一个人' if same else '不是同一个人'}。走访任务和标识在下次比对时更新。")


def marks(
    city: City = "", after: After = 0, limit: Limit = 50, as_json: Json = False, unmask: Unmask = False
) -> None:
    """列出本人申报、名册里没有查到的困难情况，等工作人员核定。"""
    place = city_code(city) if city else None

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            audit_view(connection, "hardship.list", "hardship_marks")
        return hardship_marks.to_decide(
            connection, parts.sealer, city=place, after=after, limit=limit, unmask=unmask
        )

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
        return
    labelled = [
        row | {"kind": label(HardshipKind, row["kind"]), "city": PLACES.get(row["city"], "")} for row in rows
    ]
    columns = {"id": "编号", "person_id": "登记编号", "name": "姓名", "city": "城市", "kind": "困难类别"}
    show_table(columns, labelled)


def decide(
    mark: Annotated[int, typer.Argument(help="标识的编号，见 jianxi registers marks。")],
    accepted: Annotated[bool, typer.Option("--accept/--refuse", help="认定，或不认定。")],
    proof_date: Day = "",
    until: Day = "",
) -> None:
    """凭证明材料核定本人申报的困难情况。"""
    proved, ends = day(proof_date), day(until)

    def work(parts: Parts, connection: Connection) -> None:
        hardship_marks.decide(
            connection,
            mark,
            accepted,
            proof_date=proved,
            expires_on=ends,
            actor=actor(),
            now=utc_now(),
            today=today(),
        )

    reading(work, write=True)
    say(f"标识 {mark} 已核定：{'认定' if accepted else '不认定'}。")


def audit_view(connection: Connection, action: str, subject: str) -> None:
    """Record that somebody sees whole what is masked otherwise."""
    audit.add(connection, utc_now(), actor(), action, subject, {"unmasked": True})


def label(codes: type[Code], value: str) -> str:
    """The Chinese name of a stored code; one that is not in the list stands as it is."""
    return next((code.label for code in codes if code.value == value), value)


def day(text: str) -> date | None:
    """A day as written, None for nothing; exits with status 2 when it is no date."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise complain(f"“{text}”不是日期。请这样写：2026-12-31。", 2) from None
