"""`jianxi cases …`: what waits for staff (待办), the services a person got, and the follow-up after internships."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.cli_follow_ups import follow_up_commands
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
from bot.turns import HIDDEN, LOOKS_LIKE_NUMBER
from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.outgoing_codes import CaseKind, ServiceKind
from policy.regions import city_of
from storage import audit, case_lists, cases, identity_conflicts, identity_decisions, people, services
from storage.case_lists import Case
from storage.database import Connection
from storage.sealing import Sealer

Number = Annotated[int, typer.Argument(help="待办编号。")]
Version = Annotated[int | None, typer.Option("--version", help="您看到的版本；别人改过就不会覆盖。")]

COLUMNS: Final = {
    "id": "编号",
    "kind_label": "事项",
    "name": "姓名",
    "host": "单位",
    "city_label": "城市",
    "owner_label": "经办人",
    "due_on": "期限",
    "late": "逾期",
    "version": "版本",
}


def case_commands() -> typer.Typer:
    """`jianxi cases …`."""
    app = typer.Typer(help="待办事项：谁来办、哪天前办、办得怎样。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi cases list --city 广州 --overdue")(list_cases)
    app.command("show", epilog="例：jianxi cases show 12")(show)
    app.command("accept", epilog="例：jianxi cases accept 12 --reason 已看身份证原件")(accept)
    app.command("assign", epilog="例：jianxi cases assign 12 李敏 --due 2026-12-04")(assign)
    app.command("note", epilog="例：jianxi cases note 12 已打电话，约周五面谈")(note)
    app.command("close", epilog="例：jianxi cases close 12 --result 补贴已补发 --service guidance")(close)
    app.command("services", epilog="例：jianxi cases services 3")(services_of)
    app.add_typer(follow_up_commands(), name="follow-ups")
    return app


def list_cases(
    city: Annotated[str | None, typer.Option(help="只看这个城市。")] = None,
    owner: Annotated[str | None, typer.Option(help="只看这个经办人的。")] = None,
    kind: Annotated[str | None, typer.Option(help="只看这类事项，中文名或代码。")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只看过了期限的。")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="看已经办结的。")] = False,
    after: Annotated[int, typer.Option(help="从这个编号之后开始。")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="一页几件。")] = case_lists.PAGE,
    as_json: Json = False,
) -> None:
    """列出待办事项。姓名打码，内容用 show 看。"""
    day = today()
    wanted = _kind(kind) if kind else None
    place = city_code(city) if city else None

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        found = case_lists.listed(
            connection,
            city=place,
            owner=owner,
            kind=wanted,
            overdue_on=day if overdue else None,
            status=cases.CLOSED if closed else cases.OPEN_STATE,
            after_id=after,
            limit=limit,
        )
        return [fields(parts.sealer, each, day) for each in found]

    rows = reading(work)
    if as_json:
        show_json(rows)
        return
    show_table(COLUMNS, [row | {"late": "是" if row["overdue"] else ""} for row in rows])
    if len(rows) == limit:
        say(f"还有更多：加 --after {rows[-1]['id']}")


def owner_label(owner: str | None) -> str:
    """Who has a case; a city's queue by the city's name, to be told from a clerk."""
    if owner is None or not owner.startswith(cases.QUEUE):
        return owner or ""
    place = city_of(owner.removeprefix(cases.QUEUE))
    return f"{place.short if place else '省里'}公共队列（没人接）"


def fields(sealer: Sealer, each: Case, day: date, *, unmask: bool = False) -> dict[str, Any]:
    """A case as JSON-safe fields, without what is written in it; names masked unless `unmask`."""
    name, phone = each.name(sealer), each.phone(sealer)
    place = city_of(each.city) if each.city else None
    return {
        "id": each.id,
        "kind": each.kind,
        "kind_label": each.kind_label,
        "status": each.status,
        "city": each.city,
        "city_label": place.short if place else "",
        "owner": each.owner,
        "owner_label": owner_label(each.owner),
        "due_on": each.due_on.isoformat() if each.due_on else None,
        "overdue": each.overdue(day),
        "person_id": each.person_id,
        "internship_id": each.internship_id,
        "host": each.host_name,
        "name": name if unmask else mask_name(name),
        "phone": phone if unmask else mask_phone(phone),
        "created_at": each.created_at.isoformat(timespec="seconds"),
        "closed_at": each.closed_at.isoformat(timespec="seconds") if each.closed_at else None,
        "version": each.version,
    }


def show(number: Number, unmask: Unmask = False, as_json: Json = False) -> None:
    """看一件待办的内容。当事人写的话也在里面，所以每次都记入审计日志；电话和证件号码加 --unmask 才显示。"""
    day = today()

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        each = case_lists.get(connection, number)
        audit.add(connection, utc_now(), actor(), "case.view", f"case:{number}", {"unmasked": unmask})
        row = fields(parts.sealer, each, day, unmask=unmask)
        if each.kind == identity_conflicts.KIND:
            row |= _clash(parts.sealer, connection, each, unmask=unmask)
        told = {"note": each.note(parts.sealer), "result": each.result(parts.sealer)}
        return row | (told if unmask else {name: _without_numbers(text) for name, text in told.items()})

    row = reading(work, write=True)
    if as_json:
        show_json(row)
        return
    state = "已办结" if row["status"] == cases.CLOSED else "待办"
    say(f"待办 {row['id']}：{row['kind_label']}（{state}，版本 {row['version']}）")
    for title, value in (
        ("姓名", f"{row['name']} {row['phone']}".strip()),
        ("证件号", row.get("id_number")),
        ("回执号", row.get("receipt")),
        ("与它冲突的档案", row.get("clashes_with")),
        ("单位", row["host"]),
        ("城市", row["city_label"]),
        ("经办人", row["owner_label"]),
        ("期限", f"{row['due_on']}{'，已逾期' if row['overdue'] else ''}" if row["due_on"] else None),
        ("内容", row["note"]),
        ("结果", row["result"]),
    ):
        if value:
            say(f"  {title}：{value}")


def _clash(sealer: Sealer, connection: Connection, each: Case, *, unmask: bool) -> dict[str, Any]:
    """What was submitted, and the record that has the same ID number."""
    number = str(each.submitted(sealer).get("id_number", ""))
    other = people.find_by_id_number(connection, sealer, number) if number else None
    return {
        "id_number": number if unmask else mask_id_staff(number),
        "receipt": f"{each.submission_id:06d}" if each.submission_id else None,
        "clashes_with": other.id if other is not None else None,
    }


def accept(
    number: Number, reason: Annotated[str, typer.Option(help="怎样核实的，例如：已看身份证原件。")]
) -> None:
    """身份信息冲突核实是本人：按他新填的更新档案，这个聊天从此归到这份档案。"""

    def work(parts: Parts, connection: Connection) -> int:
        return identity_decisions.accept(
            connection, parts.sealer, number, reason, actor=actor(), now=utc_now(), today=today()
        )

    person_id = reading(work, write=True)
    say(f"待办 {number} 已办结，档案 {person_id} 已按新填的更新。请打电话告诉本人。")


def assign(
    number: Number,
    owner: Annotated[str, typer.Argument(help="交给谁。")],
    due: Annotated[str | None, typer.Option(help="改期限，例如 2026-12-04。")] = None,
    version: Version = None,
) -> None:
    """把待办交给某个工作人员。"""
    due_on = _day(due) if due else None

    def work(_parts: Parts, connection: Connection) -> None:
        cases.assign(connection, number, owner, actor=actor(), now=utc_now(), due_on=due_on, seen=version)

    reading(work, write=True)
    say(f"待办 {number} 已交给{owner}。")


def note(
    number: Number,
    text: Annotated[list[str], typer.Argument(help="跟进情况。")],
    version: Version = None,
) -> None:
    """给待办记一笔跟进情况。"""
    day = today()

    def work(parts: Parts, connection: Connection) -> None:
        cases.add_note(
            connection,
            parts.sealer,
            number,
            " ".join(text),
            actor=actor(),
            now=utc_now(),
            today=day,
            seen=version,
        )

    reading(work, write=True)
    say(f"待办 {number} 已记下。")


def close(
    number: Number,
    result: Annotated[str, typer.Option(help="办理结果，一句话。")],
    service: Annotated[
        list[str] | None,
        typer.Option(help="这次提供了什么服务：guidance、job、training、policy、startup，可以写几个。"),
    ] = None,
    version: Version = None,
) -> None:
    """办结一件待办；写明提供了什么服务，就记到这个人的“131”服务里。"""
    given = [_service(each) for each in service or ()]
    day = today()

    def work(parts: Parts, connection: Connection) -> None:
        each = case_lists.get(connection, number)
        if given and each.person_id is None:
            raise complain("这件待办没有对应的见习对象，不能记服务。请去掉 --service。")
        cases.close(connection, parts.sealer, number, result, actor=actor(), now=utc_now(), seen=version)
        for kind in given:
            assert each.person_id is not None
            services.record(
                connection,
                each.person_id,
                kind,
                on=day,
                city=each.city or "",
                actor=actor(),
                now=utc_now(),
                detail=f"case:{number}",
            )

    reading(work, write=True)
    say(f"待办 {number} 已办结。")


def services_of(person: Annotated[int, typer.Argument(help="见习对象编号。")], as_json: Json = False) -> None:
    """看一个人得到了哪些服务（“131”：1次职业指导、3次岗位推荐、1次培训或见习，另加1次政策宣介）。"""

    def work(_parts: Parts, connection: Connection) -> dict[str, Any]:
        people.get(connection, person)
        found = services.of_person(connection, person)
        counted = services.counters(connection, person)
        return {
            "person_id": person,
            "counters": [
                {"kind": each.kind, "label": each.kind.label, "given": each.given, "wanted": each.wanted}
                for each in counted
            ],
            "services": [
                {"on": each.on.isoformat(), "kind": each.kind, "title": each.title, "by": each.actor}
                for each in found
            ],
        }

    row = reading(work)
    if as_json:
        show_json(row)
        return
    show_table({"label": "服务", "given": "已提供", "wanted": "至少"}, row["counters"])
    for each in row["services"]:
        say(f"  {each['on']} {ServiceKind(each['kind']).label} {each['title'] or ''}".rstrip())


def _without_numbers(text: str) -> str:
    """What somebody wrote, without telephone, ID and card numbers."""
    return LOOKS_LIKE_NUMBER.sub(HIDDEN, text)


def _kind(text: str) -> str:
    for kind in CaseKind:
        if text in (kind.value, kind.label):
            return kind.value
    known = "、".join(kind.label for kind in CaseKind)
    raise complain(f"没有“{text}”这类事项。有：{known}", 2)


def _service(text: str) -> ServiceKind:
    for kind in ServiceKind:
        if text in (kind.value, kind.label):
            return kind
    known = "、".join(f"{kind.value}（{kind.label}）" for kind in ServiceKind)
    raise complain(f"没有“{text}”这种服务。有：{known}", 2)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise complain(f"没看懂日期“{text}”，请这样写：2026-12-04。", 2) from None
