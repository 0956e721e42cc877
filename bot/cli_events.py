"""`jianxi events …`: matchmaking events (专项对接活动) and who comes to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypedDict
from zoneinfo import ZoneInfo

import typer

from bot.app import Parts, utc_now
from bot.command_line import (
    Json,
    Unmask,
    actor,
    city_code,
    complain,
    kindly,
    reading,
    say,
    settings,
    show_json,
    show_table,
    today,
)
from bot.page_words import spoken_time
from policy.ledger_codes import EventKind, EventStatus
from policy.quarters import quarter_of, read_quarter
from policy.regions import city as city_of_code
from storage import audit, event_sign_ups, events
from storage.database import Connection
from storage.events import EventFields
from storage.ledger_tables import ProgrammeEvent

MOMENT = "%Y-%m-%d %H:%M"
Starts = Annotated[datetime, typer.Option(formats=[MOMENT], help="开始时间，例如 '2026-12-05 09:30'。")]
MaybeStarts = Annotated[datetime | None, typer.Option("--starts", formats=[MOMENT], help="开始时间。")]
MaybeEnds = Annotated[datetime | None, typer.Option("--ends", formats=[MOMENT], help="结束时间。")]
Kind = Annotated[str, typer.Option(help=f"形式：{'、'.join(kind.label for kind in EventKind)}。")]
Capacity = Annotated[int | None, typer.Option(help="名额；不写就不限。")]
EventId = Annotated[int, typer.Argument(help="活动编号。")]
Version = Annotated[int | None, typer.Option("--version", help="您看到的版本号；别人改过就不会覆盖。")]


class _Act(TypedDict):
    actor: str
    now: datetime


def event_commands() -> typer.Typer:
    """The command group."""
    app = typer.Typer(help="专项对接活动。", no_args_is_help=True)
    app.command(
        "create",
        epilog="例：jianxi events create 广州 --title 见习招聘会 --kind 专场招聘 --starts '2026-12-05 09:30' --venue 体育中心",
    )(create)
    app.command("edit", epilog="例：jianxi events edit 3 --venue 广州图书馆")(edit)
    app.command("publish", epilog="例：jianxi events publish 3")(publish)
    app.command("cancel", epilog="例：jianxi events cancel 3 --reason 台风")(cancel)
    app.command("held", epilog="例：jianxi events held 3")(held)
    app.command("list", epilog="例：jianxi events list --city 广州")(list_events)
    app.command("sign-ups", epilog="例：jianxi events sign-ups 3")(sign_ups)
    app.command("attend", epilog="例：jianxi events attend 3 105 112")(attend)
    app.command("quarter", epilog="例：jianxi events quarter --quarter 2026Q4")(quarter)
    return app


def _act() -> _Act:
    return {"actor": actor(), "now": utc_now()}


def _zone() -> ZoneInfo:
    return ZoneInfo(settings().timezone)


def _kind(text: str) -> str:
    for kind in EventKind:
        if text in (kind.label, kind.value):
            return kind
    raise complain(f"没有“{text}”这种形式，有：{'、'.join(kind.label for kind in EventKind)}。", 2)


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=_zone())


# --- an event's life -------------------------------------------------------------------------------------


def create(
    city: Annotated[str, typer.Argument(help="地级市的名字或代码。")],
    title: Annotated[str, typer.Option(help="标题。")],
    kind: Kind,
    starts: Starts,
    venue: Annotated[str, typer.Option(help="地点。")],
    ends: MaybeEnds = None,
    description: Annotated[str, typer.Option(help="说明。")] = "",
    capacity: Capacity = None,
) -> None:
    """新建活动，先存为草稿。"""
    fields = EventFields(
        city_code(city),
        title,
        _kind(kind),
        starts.replace(tzinfo=_zone()),
        _local(ends),
        venue,
        description,
        capacity,
    )
    number = reading(lambda _, connection: events.create(connection, fields, **_act()), write=True)
    say(f"已建活动 {number}（草稿）。发布：jianxi events publish {number}")


def edit(
    event: EventId,
    title: Annotated[str | None, typer.Option(help="标题。")] = None,
    kind: Annotated[str | None, typer.Option(help="形式。")] = None,
    starts: MaybeStarts = None,
    ends: MaybeEnds = None,
    venue: Annotated[str | None, typer.Option(help="地点。")] = None,
    description: Annotated[str | None, typer.Option(help="说明。")] = None,
    capacity: Annotated[int | None, typer.Option(help="名额。")] = None,
    version: Version = None,
) -> None:
    """改活动；只改写出来的项。"""
    given: dict[str, Any] = {
        "title": title,
        "kind": _kind(kind) if kind is not None else None,
        "starts_at": _local(starts),
        "ends_at": _local(ends),
        "venue": venue,
        "description": description,
        "capacity": capacity,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise complain("请写要改什么，例如 --venue 广州图书馆。", 2)

    def work(_parts: Parts, connection: Connection) -> None:
        fields = events.fields_of(events.get(connection, event))._replace(**changes)
        events.change(connection, event, fields, seen=version, **_act())

    reading(work, write=True)
    say(f"活动 {event} 已改好。")


def publish(event: EventId, version: Version = None) -> None:
    """发布草稿，开始接受报名。"""
    reading(lambda _, connection: events.publish(connection, event, seen=version, **_act()), write=True)
    say(f"活动 {event} 已发布，在 /events 上看得到，聊天里说“活动{event}”就能报名。")


def cancel(
    event: EventId, reason: Annotated[str, typer.Option(help="为什么取消。")], version: Version = None
) -> None:
    """取消活动。"""

    def work(_parts: Parts, connection: Connection) -> int:
        events.cancel(connection, event, reason=reason, seen=version, **_act())
        return event_sign_ups.counts(connection, [event])[event][0]

    signed = reading(work, write=True)
    say(
        f"活动 {event} 已取消。"
        + (f"有 {signed} 人报了名，请通知他们：jianxi events sign-ups {event}" if signed else "")
    )


def held(event: EventId, version: Version = None) -> None:
    """标为已举办，计入本季度。"""
    reading(lambda _, connection: events.hold(connection, event, seen=version, **_act()), write=True)
    say(f"活动 {event} 已标为已举办。")


# --- lists -----------------------------------------------------------------------------------------------


def list_events(
    city: Annotated[str, typer.Option(help="只列这个市的。")] = "",
    status: Annotated[str, typer.Option(help="只列这个状态的：草稿、已发布、已取消、已举办。")] = "",
    after: Annotated[int | None, typer.Option(help="从这个编号之后接着列。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="最多列几条。")] = 50,
    as_json: Json = False,
) -> None:
    """列出活动和报名人数。"""
    code = city_code(city) if city else None
    wanted = next((known for known in EventStatus if status in (known.label, known.value)), None)
    if status and wanted is None:
        raise complain(f"没有“{status}”这个状态，有：{'、'.join(known.label for known in EventStatus)}。", 2)

    def work(_parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        found = events.every(connection, city=code, status=wanted, after_id=after, limit=limit)
        counts = event_sign_ups.counts(connection, [event.id or 0 for event in found])
        return [_row(event, *counts[event.id or 0]) for event in found]

    rows = reading(work)
    if as_json:
        show_json(rows)
        return
    zone = _zone()
    for row in rows:
        row["when"] = spoken_time(row["starts_at"], row["ends_at"], lambda moment: moment.astimezone(zone))
        row["city"] = city_of_code(row["city"]).short
        row["kind"] = EventKind(row["kind"]).label
        row["status"] = EventStatus(row["status"]).label
        row["signed"] = f"{row['signed_up']}/{row['capacity'] or '不限'}"
    columns = {"id": "编号", "city": "城市", "title": "标题", "kind": "形式", "when": "时间"}
    columns |= {
        "venue": "地点",
        "status": "状态",
        "signed": "报名/名额",
        "attended": "到场",
        "version": "版本",
    }
    show_table(columns, rows)


def _row(event: ProgrammeEvent, signed_up: int, attended: int) -> dict[str, Any]:
    names = ("id", *EventFields._fields, "status", "version")
    return {**{name: getattr(event, name) for name in names}, "signed_up": signed_up, "attended": attended}


def sign_ups(
    event: EventId,
    after: Annotated[int | None, typer.Option(help="从这个报名号之后接着列。")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多列几人。")] = 200,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出谁报了名。默认打码。"""

    def work(parts: Parts, connection: Connection) -> list[event_sign_ups.Guest]:
        if unmask:
            audit.add(connection, utc_now(), actor(), "event.sign_ups", f"event:{event}", {"unmasked": True})
        return event_sign_ups.guests(
            connection, parts.sealer, event, unmask=unmask, after_id=after, limit=limit
        )

    found = reading(work, write=unmask)
    if as_json:
        show_json([guest._asdict() for guest in found])
        return
    rows = [guest._asdict() | {"status": guest.label, "name": guest.name or "（未登记）"} for guest in found]
    show_table({"contact_id": "报名号", "name": "姓名", "phone": "手机号", "status": "状态"}, rows)


def attend(
    event: EventId,
    guests: Annotated[list[int], typer.Argument(help="到场的人的报名号。")],
    absent: Annotated[bool, typer.Option("--absent", help="改回没到场。")] = False,
) -> None:
    """记到场的人。"""

    def work(_parts: Parts, connection: Connection) -> int:
        return event_sign_ups.mark(connection, event, guests, came=not absent, **_act())

    say(f"改了 {reading(work, write=True)} 人。")


def quarter(
    which: Annotated[str, typer.Option("--quarter", help="季度，例如 2026Q4；不写就是本季度。")] = "",
    as_json: Json = False,
) -> None:
    """看哪些市这个季度还没有安排活动。"""
    with kindly():
        wanted = read_quarter(which) if which else quarter_of(today())
    lacking = reading(lambda _, connection: events.cities_without_event(connection, wanted))
    if as_json:
        show_json({"quarter": str(wanted), "lacking": [each._asdict() for each in lacking]})
    elif lacking:
        say(f"{wanted.label}还没有安排活动的市（每季度至少 1 场）：")
        say("、".join(city_of_code(each.city).short for each in lacking))
    else:
        say(f"{wanted.label}各市都安排了活动。")
