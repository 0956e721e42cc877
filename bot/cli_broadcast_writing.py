"""`jianxi broadcasts …`: writing a broadcast: text, audience, how many that are now, and what they would read."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.app import Parts, utc_now
from bot.audience_options import CHANNELS, filtered, in_words
from bot.broadcast_options import Number, Version, act, moment
from bot.command_line import (
    Json,
    actor,
    complain,
    kindly,
    opened,
    reading,
    say,
    show_json,
    show_table,
    today,
)
from bot.routes import CLOSED, closed, routes
from notifications import broadcasts as words
from notifications.broadcast_texts import VARIABLES
from storage import audiences, broadcast_drafts
from storage.audiences import Audience
from storage.database import Connection
from storage.tables import Contact, Person, core

STDIN: Final = Path("-")
VARIABLE_HELP: Final = "、".join(f"{{{{ {name} }}}} {label}" for name, label in VARIABLES.items())
TextOption = Annotated[str, typer.Option("--text", help=f"内容，可用变量：{VARIABLE_HELP}。")]
FileOption = Annotated[Path | None, typer.Option("--file", help="从文件读内容（UTF-8）；- 是标准输入。")]
ExpiresOption = Annotated[str, typer.Option("--expires", help="过了这个时间还没发出的就不发了。")]

person, contact = core(Person), core(Contact)


def add_writing(app: typer.Typer) -> None:
    """Add these commands to the group."""
    app.command(
        "draft",
        epilog='例：jianxi broadcasts draft --title 招聘会 --text "{{ greeting }}，周六招聘会" --city 佛山',
    )(filtered(draft))
    app.command("change", epilog="例：jianxi broadcasts change 3 --file 新内容.txt")(filtered(change))
    app.command("size", epilog="例：jianxi broadcasts size --city 佛山 --track graduate")(filtered(size))
    app.command("preview", epilog="例：jianxi broadcasts preview 3 --number 5")(preview)
    app.command("test", epilog="例：jianxi broadcasts test 3 --to 李敏")(send_test)


def draft(
    title: Annotated[str, typer.Option(help="标题，只给工作人员看。")],
    audience: dict[str, Any] | None,
    text: TextOption = "",
    file: FileOption = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="加急：不受推送频次限制（夜里仍不发）。")] = False,
    expires: ExpiresOption = "",
) -> None:
    """写一次群发。要写明发给谁；发给所有人写 --everybody。"""
    if audience is None:
        raise complain("请写明发给谁，例如 --city 佛山；发给所有同意推送的人写 --everybody。", 2)
    content = _content(text, file)
    if content is None:
        raise complain("请用 --text 或 --file 写上内容。", 2)
    until = moment(expires) if expires else None
    day = today()

    def work(parts: Parts, connection: Connection) -> tuple[int, int]:
        now = utc_now()
        number = words.draft(
            connection, title, content, audience, urgent=urgent, expires_at=until, actor=actor(), now=now
        )
        return number, audiences.size(connection, audiences.audience(audience), now, day)

    number, people = reading(work, write=True)
    say(f"已存为群发 {number}（草稿）。对象：{in_words(audience)}，现在有 {people} 人。")
    say(f"下一步：jianxi broadcasts preview {number} 看效果。")


def change(
    number: Number,
    audience: dict[str, Any] | None,
    title: Annotated[str | None, typer.Option(help="新标题。")] = None,
    text: TextOption = "",
    file: FileOption = None,
    urgent: Annotated[bool | None, typer.Option(help="改成加急，或不加急。")] = None,
    expires: ExpiresOption = "",
    version: Version = None,
) -> None:
    """改一份草稿。写了任何一个筛选条件，对象就按这次写的全部重定。"""
    content = _content(text, file)
    until = moment(expires) if expires else None
    if (title, content, urgent, until, audience) == (None,) * 5:
        raise complain("请写明要改什么，例如 --title、--text、--city。", 2)

    def work(parts: Parts, connection: Connection) -> int:
        words.change(
            connection,
            number,
            title=title,
            text=content,
            audience=audience,
            urgent=urgent,
            expires_at=until,
            **act(version),
        )
        return broadcast_drafts.get(connection, number).version

    say(f"群发 {number} 已改好，现在是版本 {reading(work, write=True)}。")


def _content(text: str, file: Path | None) -> str | None:
    """What was written, in whichever way; None when nothing was."""
    if text and file:
        raise complain("--text 和 --file 只写一个。", 2)
    if file is None:
        return text or None
    try:
        return sys.stdin.read() if file == STDIN else file.read_text("utf-8-sig")
    except OSError as error:
        raise complain(f"打不开 {file}：{error.strerror}") from None
    except UnicodeDecodeError:
        raise complain(f"{file} 不是 UTF-8 文本，请另存为 UTF-8 再试。") from None


def size(
    audience: dict[str, Any] | None,
    number: Annotated[int | None, typer.Argument(help="群发编号；不写就按筛选条件数。")] = None,
    sample: Annotated[int, typer.Option(min=0, max=50, help="抽几个人看看。姓名打码。")] = 5,
    as_json: Json = False,
) -> None:
    """数一数现在有多少人符合条件，各走什么渠道，并抽几个人看看。"""
    if (number is None) == (audience is None):
        raise complain("请写群发编号，或写筛选条件（发给所有人写 --everybody）。", 2)
    day = today()

    def work(parts: Parts, connection: Connection) -> dict[str, Any]:
        stored = broadcast_drafts.get(connection, number).audience if number is not None else audience
        assert stored is not None
        wanted, now = audiences.audience(stored), utc_now()
        channels = audiences.by_channel(connection, wanted, now, day)
        return {
            "audience": stored,
            "audience_label": in_words(stored),
            "size": sum(channels.values()),
            "channels": channels,
            "closed": closed(parts, channels),
            "sample": _sampled(parts, connection, wanted, sample),
        }

    found = reading(work)
    if as_json:
        show_json(found)
        return
    say(f"对象：{found['audience_label']}。现在有 {found['size']} 人。")
    for channel, people in found["channels"].items():
        note = f"（{CLOSED}）" if channel in found["closed"] else ""
        say(f"  {CHANNELS.get(channel, channel)} {people} 人{note}")
    if found["sample"]:
        show_table({"person_id": "编号", "name": "姓名", "city": "城市", "channel": "渠道"}, found["sample"])


def _sampled(parts: Parts, connection: Connection, wanted: Audience, number: int) -> list[dict[str, Any]]:
    chosen = audiences.sample(connection, wanted, utc_now(), today(), number)
    values = words.values_of(connection, parts.sealer, chosen, today(), counted=False, masked=True)
    rows = connection.sqlalchemy.execute(
        contact.select().where(contact.c.id.in_(chosen)).order_by(contact.c.id)
    ).all()
    return [
        {
            "person_id": row.person_id,
            "name": values[row.id]["name"],
            "city": values[row.id]["city"],
            "channel": CHANNELS.get(row.channel, row.channel),
        }
        for row in rows
    ]


def preview(
    number: Number,
    people: Annotated[int, typer.Option("--number", min=1, max=50, help="看几个人的。")] = 3,
    as_json: Json = False,
) -> None:
    """看几个真实的人会收到什么、现在走什么渠道。姓名打码。"""
    day = today()
    parts = opened()

    async def work() -> dict[str, Any]:
        now = utc_now()
        try:
            found = await parts.database.read(
                lambda connection: words.preview(
                    connection, parts.sealer, broadcast_drafts.get(connection, number), people, now, day
                )
            )
            ways = await routes(parts, found.people, now)
        finally:
            await parts.database.close()
        return {
            "size": found.size,
            "warnings": list(found.warnings),
            "people": [
                {
                    "contact_id": each.contact_id,
                    "channel": each.channel,
                    "route": ways[each.contact_id],
                    "text": each.text,
                }
                for each in found.people
            ],
        }

    with kindly():
        shown = asyncio.run(work())
    if as_json:
        show_json(shown)
        return
    say(f"现在有 {shown['size']} 人符合条件。")
    _warn(shown["warnings"])
    for each in shown["people"]:
        say(f"\n—— {CHANNELS.get(each['channel'], each['channel'])}，{each['route']} ——\n{each['text']}")


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        say(f"注意：{warning}")


def send_test(
    number: Number,
    to: Annotated[str, typer.Option(help="发给哪位绑定了聊天的工作人员；不写就是当前登录名。")] = "",
) -> None:
    """发一条到自己的聊天里看看。用的是虚构的人，不含任何人的信息。"""
    staff = to.strip() or getpass.getuser()
    chats = reading(
        lambda parts, connection: words.send_test(
            connection, parts.sealer, number, staff, actor=actor(), now=utc_now()
        ),
        write=True,
    )
    say(f"已放进发送队列，会发到“{staff}”绑定的 {chats} 个聊天（夜里 21:00 到 8:00 不发，早上再发）。")
