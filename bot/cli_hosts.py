"""`jianxi hosts …`: internship hosts (见习单位), entered, decided, reviewed; and who applied for them by chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.cli_registers import After, Limit, audit_view, day
from bot.command_line import (
    Json,
    Unmask,
    actor,
    city_code,
    complain,
    kindly,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from policy.business_codes import read_uscc
from policy.codes import Code
from policy.districts import read_district
from policy.hosts import read_host_kind
from policy.ledger_codes import HostStatus
from storage import host_applications, host_lists, hosts
from storage.acts import Act
from storage.database import Connection

City = Annotated[str, typer.Option(help="地级市名或代码。")]
On = Annotated[str, typer.Option("--on", help="哪一天办的，例如 2026-11-24；不写就是今天。")]
Version = Annotated[int | None, typer.Option("--version", help="您看到的版本号；别人改过就不会覆盖。")]
HostId = Annotated[int, typer.Argument(help="单位编号，见 jianxi hosts list。")]
Number = Annotated[int, typer.Argument(help="申请编号，见 jianxi hosts applications。")]
Reason = Annotated[str, typer.Option(help="原因，申请人会看到。")]

COLUMNS: Final = {
    "id": "编号",
    "name": "单位名称",
    "uscc": "统一社会信用代码",
    "kind_label": "类型",
    "place": "所在地",
    "status_label": "状态",
    "review_due": "复核期限",
    "version": "版本",
}


EXAMPLE: Final = "91440101MA5AB1234M 广州晨光会计师事务所有限公司 --kind 民营企业 --city 广州 --district 天河"


def host_commands() -> typer.Typer:
    """`jianxi hosts …`."""
    app = typer.Typer(help="见习单位：审核、复核、取消。", no_args_is_help=True)
    app.command("list", epilog="例：jianxi hosts list --city 广州 --status approved")(list_hosts)
    app.command("show", epilog="例：jianxi hosts show 12")(show)
    app.command("add", epilog=f"例：jianxi hosts add {EXAMPLE}")(add)
    app.command("applications", epilog="例：jianxi hosts applications")(applications)
    app.command("approve", epilog="例：jianxi hosts approve 12 --reason 证照齐全")(approve)
    app.command("refuse", epilog="例：jianxi hosts refuse 12 --reason 营业执照已注销")(refuse)
    app.command("link", epilog="例：jianxi hosts link 35")(link)
    app.command("dismiss", epilog="例：jianxi hosts dismiss 35")(dismiss)
    app.command("due", epilog="例：jianxi hosts due --until 2026-12-31")(due)
    app.command("review", epilog="例：jianxi hosts review 12")(review)
    app.command("remove", epilog="例：jianxi hosts remove 12 --reason 一年没有招收见习生")(remove)
    app.command("edit", epilog="例：jianxi hosts edit 12 --contact-phone 13800138000 --version 3")(edit)
    return app


def act_of(on: str, version: int | None) -> Act:
    """How the person at the keyboard does something; exits with status 2 when the day is none."""
    return Act(actor=actor(), now=utc_now(), today=today(), on=day(on), seen=version)


def status_of(codes: type[Code], text: str) -> str | None:
    """A status given by code or name; None for none. Exits with status 2 when unknown."""
    for known in codes:
        if text in (known.value, known.label):
            return known.value
    if text:
        raise complain(f"没有“{text}”这个状态，可以写：{'、'.join(codes)}。", 2)
    return None


def list_hosts(
    city: City = "",
    status: Annotated[str, typer.Option(help="applied、approved、refused 或 removed。")] = "",
    words: Annotated[str, typer.Option(help="单位名称里的字，或完整的统一社会信用代码。")] = "",
    after: After = 0,
    limit: Limit = 50,
    as_json: Json = False,
    unmask: Unmask = False,
) -> None:
    """列出见习单位。联系人默认打码。"""
    place, wanted = city_code(city) if city else None, status_of(HostStatus, status)

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            audit_view(connection, "hosts.list", "hosts")
        return host_lists.listed(
            connection,
            parts.sealer,
            city=place,
            status=wanted,
            words=words or None,
            after=after,
            limit=limit,
            unmask=unmask,
        )

    _show(reading(work, write=unmask), as_json)


def due(
    until: Annotated[str, typer.Option(help="到这一天为止该复核的；不写就是今天。")] = "",
    city: City = "",
    as_json: Json = False,
) -> None:
    """列出该做年度复核的单位，拖得最久的在前。"""
    last, place = day(until) or today(), city_code(city) if city else None
    rows = reading(lambda parts, connection: host_lists.due(connection, parts.sealer, until=last, city=place))
    _show(rows, as_json)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(rows)
    elif not rows:
        say("没有符合条件的单位。")
    else:
        show_table(COLUMNS, [row | _words(row) for row in rows])


def _words(row: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = row["labels"]
    place = labels["city"] + labels["district"]
    return {"kind_label": labels["kind"], "status_label": labels["status"], "place": place}


def show(host: HostId, as_json: Json = False, unmask: Unmask = False) -> None:
    """看一家单位和它的岗位。联系人默认打码。"""

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        if unmask:
            audit_view(connection, "hosts.show", f"host:{host}")
        return host_lists.shown(connection, parts.sealer, host, unmask=unmask)

    row = reading(work, write=unmask)
    if as_json:
        show_json(row)
        return
    words = _words(row)
    say(f"单位 {host}（版本 {row['version']}）  {row['name']}  {words['status_label']}")
    say(f"{row['uscc']}  {words['kind_label']}  {words['place']}{row['address'] or ''}")
    say(f"联系人 {row['contact_name'] or '没有'}  {row['contact_phone'] or ''}".rstrip())
    say(f"申请 {row['applied_on']}  认定 {row['approved_on'] or '—'}  复核期限 {row['review_due'] or '—'}")
    if row["labels"]["typical_position_kind"]:
        say(f"这类单位重点开发{row['labels']['typical_position_kind']}岗位（人社部发〔2023〕27号 二(二)）")
    if row["decision_reason"]:
        say(f"原因：{row['decision_reason']}（{row['decided_by']}）")
    for position in row["positions"]:
        taken = f"{position['taken']}/{position['openings']}"
        say(f"  岗位 {position['id']}  {position['title']}  {position['status_label']}  已录用 {taken}")


def add(
    uscc: Annotated[str, typer.Argument(help="统一社会信用代码。")],
    name: Annotated[str, typer.Argument(help="单位全称。")],
    kind: Annotated[str, typer.Option(help="单位类型，例如 国有企业。")],
    city: City,
    district: Annotated[str, typer.Option(help="区县，例如 天河区。")] = "",
    address: Annotated[str, typer.Option(help="详细地址。")] = "",
    contact_name: Annotated[str, typer.Option(help="联系人。")] = "",
    contact_phone: Annotated[str, typer.Option(help="联系电话。")] = "",
) -> None:
    """录入一家单位的申请，等待审核。"""
    place, act = city_code(city), act_of("", None)
    with kindly():
        fields = hosts.HostFields(
            uscc=read_uscc(uscc),
            name=name,
            kind=read_host_kind(kind),
            city=place,
            district=read_district(place, district),
            address=address or None,
            contact_name=contact_name or None,
            contact_phone=contact_phone or None,
        )
    host = reading(lambda parts, c: hosts.apply(c, parts.sealer, fields, source="clerk", **act), write=True)
    say(f"已录入，单位编号 {host}，等待审核。")


def applications(after: After = 0, limit: Limit = 50, as_json: Json = False, unmask: Unmask = False) -> None:
    """列出聊天里报来、还没办的单位申请。

    “本人”是“否”的，那家单位在库里另有来历：核实后用 link 认作联系人，或用 dismiss 办结。
    """

    def work(parts: Parts, connection: Connection) -> list[dict[str, Any]]:
        if unmask:
            audit_view(connection, "hosts.applications", "host_applications")
        return host_applications.waiting(connection, parts.sealer, after=after, limit=limit, unmask=unmask)

    rows = reading(work, write=unmask)
    if as_json:
        show_json(rows)
    elif not rows:
        say("没有待办的单位申请。")
    else:
        columns = {
            "number": "申请编号",
            "host_id": "单位编号",
            "name": "单位名称",
            "uscc": "统一社会信用代码",
        }
        columns |= {"own_label": "本人", "host_status": "单位状态", "contact_name": "联系人"}
        columns |= {"contact_phone": "手机号", "wanted": "打算提供的岗位"}
        show_table(columns, [row | {"own_label": "是" if row["own"] else "否"} for row in rows])


def _do(work: Callable[[Parts, Connection], object], done: str) -> None:
    reading(work, write=True)
    say(done)


def approve(
    host: HostId,
    reason: Annotated[str, typer.Option(help="说明，可以不写。")] = "",
    on: On = "",
    version: Version = None,
) -> None:
    """认定一家单位为见习单位；没通过或取消过的也能重新认定。"""
    act = act_of(on, version)
    _do(lambda parts, c: hosts.approve(c, host, reason=reason or None, **act), f"单位 {host} 已认定。")


def refuse(host: HostId, reason: Reason, on: On = "", version: Version = None) -> None:
    """不通过一家单位的申请，写明原因。"""
    act = act_of(on, version)
    _do(lambda parts, c: hosts.refuse(c, host, reason, **act), f"单位 {host} 没有通过，原因已记下。")


def review(host: HostId, on: On = "", version: Version = None) -> None:
    """年度复核合格，把复核期限往后推一个周期。不合格的用 remove。"""
    act = act_of(on, version)
    _do(lambda parts, c: hosts.review(c, host, **act), f"单位 {host} 复核合格。")


def remove(host: HostId, reason: Reason, on: On = "", version: Version = None) -> None:
    """取消一家单位的见习资格；它的岗位随之下架，在岗的见习不受影响。"""
    act = act_of(on, version)
    _do(lambda parts, c: hosts.remove(c, host, reason, **act), f"单位 {host} 已取消，岗位已下架。")


def link(number: Number) -> None:
    """核实后，把申请人认作那家单位的联系人。"""
    who, now = actor(), utc_now()
    host = reading(
        lambda parts, c: host_applications.link(c, parts.sealer, number, actor=who, now=now), write=True
    )
    say(f"申请 {number} 的申请人现在是单位 {host} 的联系人。")


def dismiss(number: Number) -> None:
    """办结一个申请：申请人不代表那家单位，或者事情已经另行处理。"""
    who, now = actor(), utc_now()
    _do(lambda parts, c: host_applications.dismiss(c, number, actor=who, now=now), f"申请 {number} 已办结。")


def edit(
    host: HostId,
    name: Annotated[str, typer.Option(help="单位全称。")] = "",
    kind: Annotated[str, typer.Option(help="单位类型，例如 国有企业。")] = "",
    district: Annotated[str, typer.Option(help="区县，例如 天河区。")] = "",
    address: Annotated[str, typer.Option(help="详细地址。")] = "",
    contact_name: Annotated[str, typer.Option(help="联系人。")] = "",
    contact_phone: Annotated[str, typer.Option(help="联系电话。")] = "",
    version: Version = None,
) -> None:
    """改一家单位的资料，只写要改的项。"""
    told = {"name": name, "address": address, "contact_name": contact_name, "contact_phone": contact_phone}
    changes = {field: value for field, value in told.items() if value}
    if not (changes or kind or district):
        raise complain("没有写要改什么，例如 --address 天河路1号。", 2)
    act = act_of("", version)

    def work(parts: Parts, connection: Connection) -> None:
        if kind:
            changes["kind"] = read_host_kind(kind)
        if district:
            changes["district"] = read_district(hosts.stored(connection, host).city, district)
        hosts.change(connection, parts.sealer, host, changes, **act)

    _do(work, f"单位 {host} 的资料已改。")
