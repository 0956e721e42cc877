"""`jianxi internships …`: the ledger of internships (见习台账) from the command line, and `jianxi people verify`.

Reading is here; the steps are in `bot.cli_internship_steps`, documents, corrections and monthly records in
`bot.cli_internship_papers`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from bot.app import Parts, utc_now
from bot.cli_internship_papers import add_papers
from bot.cli_internship_steps import add_steps
from bot.command_line import (
    Json,
    Unmask,
    actor,
    city_code,
    complain,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from bot.internship_options import Number, Version, code
from policy.ledger_codes import Ending, EndReason, Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.positions import yuan
from policy.regions import city
from storage import audit, internship_lists
from storage.database import Connection
from storage.internship_lists import Event, Line
from storage.sealing import Sealer
from storage.verification import Decision, verify

WORDS = {"stage": Stage, "ending": Ending, "end_reason": EndReason, "result": Result}
COLUMNS = {
    "id": "编号",
    "name": "姓名",
    "host": "见习单位",
    "title": "岗位",
    "city": "城市",
    "stage": "阶段",
    "starts_on": "开始",
    "ends_on": "期满",
    "ending": "结束方式",
    "result": "去向",
    "version": "版本",
}


def internship_commands() -> typer.Typer:
    """`jianxi internships …`."""
    app = typer.Typer(help="见习台账：从报名到去向。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi internships list --city 广州 --stage 在岗")(list_internships)
    app.command("show", epilog="例：jianxi internships show 12")(show)
    app.command("history", epilog="例：jianxi internships history 12")(history)
    add_steps(app)
    add_papers(app)
    return app


def fields(sealer: Sealer, line: Line, *, unmask: bool) -> dict[str, Any]:
    """An internship as JSON-safe fields; personal data masked unless `unmask`."""
    row: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in line._asdict().items()
        if not name.endswith("_sealed") and name not in ("host_name", "description", "updated_at")
    }
    name, number, phone = line.name(sealer), line.id_number(sealer), line.phone(sealer)
    mentor = line.mentor_name(sealer)
    row |= {"host": line.host_name, "name": name, "id_number": number, "phone": phone, "mentor": mentor}
    if not unmask:
        row |= {"name": mask_name(name), "id_number": mask_id_staff(number), "phone": mask_phone(phone)}
        row["mentor"] = mask_name(mentor) if mentor else None
    row["labels"] = {name: kind(row[name]).label for name, kind in WORDS.items() if row[name] is not None} | {
        "city": city(line.city).short
    }
    return row


def list_internships(
    place: Annotated[str, typer.Option("--city", help="地级市的名字或代码。")] = "",
    stage: Annotated[str, typer.Option(help="阶段，例如 已报名、在岗、已结束。")] = "",
    host: Annotated[int | None, typer.Option(help="见习单位编号。")] = None,
    position: Annotated[int | None, typer.Option(help="岗位编号。")] = None,
    person: Annotated[int | None, typer.Option(help="人员编号。")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列已经期满、还没登记结束的。")] = False,
    after: Annotated[int, typer.Option(help="从这个编号之后接着列。")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多列多少条。")] = 50,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出见习。默认打码。"""
    wanted = {
        "city": city_code(place) if place else None,
        "stage": code(Stage, stage) if stage else None,
        "host_id": host,
        "position_id": position,
        "person_id": person,
    }
    if overdue and any(value is not None for value in wanted.values()):
        raise complain("--overdue 请单独使用。", 2)

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            _audit_view(connection, "internships.list", "internships")
        found = (
            internship_lists.overdue(connection, today(), after_id=after, limit=limit)
            if overdue
            else internship_lists.page(connection, **wanted, after_id=after, limit=limit)  # type: ignore[arg-type]
        )
        return [fields(parts.sealer, line, unmask=unmask) for line in found]

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
        return
    show_table(COLUMNS, [row | row["labels"] for row in rows])
    if len(rows) == limit:
        say(f"还有更多，接着看：加 --after {rows[-1]['id']}")


def show(number: Number, as_json: Json = False, unmask: Unmask = False) -> None:
    """看一份见习的全部情况。默认打码。"""

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        if unmask:
            _audit_view(connection, "internships.show", f"internship:{number}")
        return fields(parts.sealer, internship_lists.one(connection, number), unmask=unmask)

    row = reading(work, write=unmask)
    if as_json:
        show_json(row)
        return
    words = row | row["labels"]
    say(f"见习 {number}（版本 {row['version']}）  {words['stage']}  {words['city']}")
    say(f"{row['name']}  {row['phone']}  {row['id_number']}")
    say(f"{row['host']}  {row['title']}  带教老师 {row['mentor'] or '未指定'}")
    say(f"每月补贴 {yuan(row['stipend_fen'])} 元  期限 {row['months']} 个月")
    days = {
        "applied_on": "报名",
        "accepted_on": "录用",
        "signed_on": "签协议",
        "starts_on": "开始",
        "ends_on": "期满",
        "arrived_on": "到岗",
        "ended_on": "结束",
        "contract_on": "劳动合同",
        "insured_on": "参保",
    }
    say("  ".join(f"{label} {row[name]}" for name, label in days.items() if row[name]))
    ended = [words[name] for name in ("ending", "end_reason", "result") if row[name]]
    if ended:
        say("  ".join(ended))


def history(number: Number, as_json: Json = False, unmask: Unmask = False) -> None:
    """看一份见习的每一步和每次更正。备注只在 --unmask 时显示。"""

    def work(parts: Parts, connection: Connection) -> list[Event]:
        if unmask:
            _audit_view(connection, "internships.history", f"internship:{number}")
        return internship_lists.history(connection, parts.sealer, number)

    events = reading(work, write=unmask)
    rows = [_event(event, unmask=unmask) for event in events]
    if as_json:
        show_json(rows)
        return
    columns = {"id": "序号", "label": "事项", "on": "日期", "period": "计入月份", "state": "状态"}
    show_table(columns | {"actor": "经办", "recorded_at": "登记时间", "note": "备注"}, rows)


def _event(event: Event, *, unmask: bool) -> dict[str, Any]:
    state = f"更正 {event.voids_id}" if event.voids_id else "已作废" if event.voided else ""
    return {
        **event._asdict(),
        "label": Kind(event.kind).label,
        "on": event.on.isoformat(),
        "recorded_at": event.recorded_at.isoformat(timespec="seconds"),
        "state": state,
        "note": event.note if unmask or event.note is None else "（有备注）",
    }


def verify_person(
    number: Annotated[int, typer.Argument(help="人员编号。")],
    decision: Annotated[Decision, typer.Option(help="eligible 符合，refused 不符合。")],
    reason: Annotated[str, typer.Option(help="核验依据，例如“已查验毕业证”；不要写身份证号。")],
    version: Version = None,
) -> None:
    """登记一个人的核验结论。"""

    def work(parts: Parts, connection: Connection) -> int:
        person = verify(
            connection,
            number,
            decision,
            reason,
            actor=actor(),
            now=utc_now(),
            today=today(),
            seen=version,
        )
        return person.version

    seen = reading(work, write=True)
    words = "符合条件" if decision is Decision.ELIGIBLE else "不符合条件"
    say(f"已登记：人员 {number} {words}，版本 {seen}。")


def _audit_view(connection: Connection, action: str, subject: str) -> None:
    audit.add(connection, utc_now(), actor(), action, subject, {"unmasked": True})
