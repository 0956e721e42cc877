"""The official account's menu (自定义菜单): read from a data file, checked against the platform's limits.

A tap on an entry that `says` something is, for the dialogs, the person saying it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final, NamedTuple

BUTTONS: Final = 3
ITEMS: Final = 5
NAME_BYTES: Final = 16
ITEM_NAME_BYTES: Final = 40
KEY_BYTES: Final = 128
URL_BYTES: Final = 1024
UNKNOWN_KEY_SAYS: Final = "菜单"
"""What a tap on an entry means that is no longer in the file: phones keep an old menu for a while."""


class BadMenu(ValueError):  # noqa: N818 - reads as what it is
    """The menu file does not fit the platform; the message names every fault."""


class Menu(NamedTuple):
    """The menu as the platform takes it, and what each key says."""

    buttons: tuple[Mapping[str, Any], ...]
    words: Mapping[str, str]

    def says(self, key: str) -> str:
        """What a tap on this key says."""
        return self.words.get(key, UNKNOWN_KEY_SAYS)


def load_menu(public_url: str = "") -> Menu:
    """The menu of the data file. Raises `BadMenu`, or tomllib.TOMLDecodeError for a file that is not TOML."""
    text = (resources.files("bot.channels") / "wechat_menu.toml").read_text("utf-8")
    return read_menu(text, public_url)


def read_menu(text: str, public_url: str = "") -> Menu:
    """The menu of a text in the file's form. Entries leading to pages of ours are left out without a public address."""
    faults: list[str] = []
    words: dict[str, str] = {}
    top = tomllib.loads(text).get("button", [])
    if not 1 <= len(top) <= BUTTONS:
        faults.append(f"菜单要有 1 到 {BUTTONS} 个按钮，现在是 {len(top)} 个。")
    buttons = [button for entry in top for button in _button(entry, public_url, words, faults)]
    if faults:
        raise BadMenu("\n".join(faults))
    return Menu(tuple(buttons), words)


def _button(
    entry: Mapping[str, Any], public_url: str, words: dict[str, str], faults: list[str]
) -> Sequence[Mapping[str, Any]]:
    items = entry.get("item")
    if items is None:
        return _entry(entry, NAME_BYTES, public_url, words, faults)
    name = _name(entry, NAME_BYTES, faults)
    if not 1 <= len(items) <= ITEMS:
        faults.append(f"“{name}”下面要有 1 到 {ITEMS} 项，现在是 {len(items)} 项。")
    below = [shown for item in items for shown in _entry(item, ITEM_NAME_BYTES, public_url, words, faults)]
    return [{"name": name, "sub_button": below}] if below else []


def _entry(
    entry: Mapping[str, Any], name_bytes: int, public_url: str, words: dict[str, str], faults: list[str]
) -> Sequence[Mapping[str, Any]]:
    name = _name(entry, name_bytes, faults)
    key, says, url = (str(entry.get(field, "")) for field in ("key", "says", "url"))
    if bool(says) == bool(url):
        faults.append(f"“{name}”要写 says 或 url，二者选一。")
    elif says:
        if not key or len(key.encode()) > KEY_BYTES or key in words:
            faults.append(f"“{name}”的 key 要有、不重复、不超过 {KEY_BYTES} 个字节。")
        words[key] = says
        return [{"type": "click", "name": name, "key": key}]
    elif len((public_url + url).encode()) > URL_BYTES:
        faults.append(f"“{name}”的网址超过 {URL_BYTES} 个字节。")
    elif not url.startswith("/") or public_url:
        return [{"type": "view", "name": name, "url": public_url + url if url.startswith("/") else url}]
    return []


def _name(entry: Mapping[str, Any], name_bytes: int, faults: list[str]) -> str:
    name = str(entry.get("name", ""))
    if not name or len(name.encode()) > name_bytes:
        faults.append(f"按钮名“{name}”要有，且不超过 {name_bytes} 个字节（每个汉字 3 个）。")
    return name
