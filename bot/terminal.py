"""Chat in a terminal: the same turns as every other face, drawn with rich; `--record` writes a transcript."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.markup import escape

from bot.private_files import open_private
from bot.transcripts import Transcript
from bot.turns import Incoming, Turns
from dialogs.model import Event, Said, Started
from storage.errors import StorageUnavailable

CHANNEL: Final = "terminal"
LEAVE: Final = frozenset({"/quit", "/exit", ":q"})


def chat(turns: Turns, name: str, record: Path | None) -> None:
    """Talk until the input ends."""
    console = Console(highlight=False)
    transcript = Transcript(turns.clock().astimezone(turns.zone)) if record else None
    console.print("[dim]和见习通聊天。输入 /quit 离开。[/dim]")
    try:
        _show(console, transcript, _take(turns, name, Started(), ""))
        for line in _lines(console):
            if transcript:
                transcript.said(line)
            try:
                _show(console, transcript, _take(turns, name, Said(line), line))
            except StorageUnavailable:
                console.print("[red]系统正忙，刚才这条没有存上，请再发一次。[/red]")
    finally:
        if transcript and record:
            with open_private(record) as file:
                file.write(transcript.text().encode())
            console.print(
                f"[dim]对话记录写到了 {escape(str(record))}，里面有刚才输入的内容，请妥善保管。[/dim]"
            )


def _lines(console: Console) -> Iterator[str]:
    interactive = sys.stdin.isatty()
    while True:
        try:
            line = console.input("[bold cyan]> [/bold cyan]") if interactive else input()
        except (EOFError, KeyboardInterrupt):
            return
        line = line.encode("utf-8", "replace").decode()  # bytes that are no text arrive as lone surrogates
        if line.strip() in LEAVE:
            return
        yield line


def _take(turns: Turns, name: str, event: Event, text: str) -> dict[str, Any]:
    incoming = Incoming(CHANNEL, name, uuid.uuid4().hex, event, text)
    reply = turns.database.write_sync(lambda connection: turns.handle(connection, incoming))
    body: dict[str, Any] = orjson.loads(reply.body)
    return body


def _show(console: Console, transcript: Transcript | None, body: dict[str, Any]) -> None:
    if transcript:
        transcript.heard(body)
    # soft_wrap: the terminal breaks lines itself; broken at spaces, a Chinese sentence would leave its bullet.
    for reply in body["replies"]:
        console.print(escape(reply["text"]), style="green", soft_wrap=True)
        for choice in reply["choices"]:
            number, label = escape(choice["value"]), escape(choice["label"])
            console.print(
                f"   [bold]{number}[/bold]" + ("" if number == label else f"  {label}"), soft_wrap=True
            )
        for link in reply["links"]:
            console.print(f"   {escape(link['label'])}：{escape(link['url'])}", soft_wrap=True)
    if body["progress"] and body["progress"]["total"]:
        console.print(f"[dim]{body['progress']['done']}/{body['progress']['total']}[/dim]")
