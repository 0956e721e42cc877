"""Every step that was ever released (发布过的步骤), and the proof that no running session is orphaned by today's dialogs.

The lock is a text with one line a step, `dialog version step`, kept beside the dialogs as `steps.lock`. Lines are
added and never taken away: a session that was stored at such a step may come back at any time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dialogs.catalogue import Catalogue
from dialogs.model import Session
from dialogs.upgrades import UPGRADES, Upgrades, upgraded

HEAD: Final = (
    "# 发布过的每一个步骤：对话 版本 步骤。只增不减，由 jianxi dialogs check --write-lock 添加。\n"
    "# 步骤改名或删除时，在 dialogs/upgrades.py 里写升级函数，老用户才接得上。\n"
)


class Released(NamedTuple):
    """A step as it was released: sessions of that version may stand there."""

    dialog: str
    version: int
    step: str


def read_lock(text: str) -> tuple[Released, ...]:
    """The lock's steps. Raises ValueError naming the line that is not one."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            match line.split():
                case [dialog, version, step] if version.isdecimal():
                    found.append(Released(dialog, int(version), step))
                case _:
                    raise ValueError(f"line {number} of the lock is not “dialog version step”")
    return tuple(found)


def missing(catalogue: Catalogue, locked: tuple[Released, ...]) -> tuple[Released, ...]:
    """Steps of today that the lock does not know yet."""
    known = frozenset(locked)
    today = (Released(own.name, own.version, node.step.name) for own, node in catalogue.steps())
    return tuple(step for step in today if step not in known)


def with_missing(catalogue: Catalogue, text: str) -> str:
    """The lock's text with the steps of today added at the end; unchanged when it knows them all."""
    lines = [f"{step.dialog} {step.version} {step.step}\n" for step in missing(catalogue, read_lock(text))]
    return (text or HEAD) + "".join(lines)


def lock_faults(catalogue: Catalogue, text: str, upgrades: Upgrades = UPGRADES) -> tuple[str, ...]:
    """One sentence for each released step that sessions could no longer go on from, and each step not locked yet."""
    try:
        locked = read_lock(text)
    except ValueError as error:
        return (str(error),)
    orphans = (_orphaned(catalogue, step, upgrades) for step in locked)
    unlocked = (
        f"{step.dialog}.{step.step}: not in the lock of released steps; add it with dialogs check --write-lock"
        for step in missing(catalogue, locked)
    )
    return (*(fault for fault in orphans if fault), *unlocked)


def _orphaned(catalogue: Catalogue, released: Released, upgrades: Upgrades) -> str:
    dialog = catalogue.dialogs.get(released.dialog)
    place = f"{released.dialog}.{released.step}"
    if dialog is None:
        return f"{place}: was released, but its dialog is gone"
    session = Session(released.dialog, released.version, released.step, {})
    if session.version > dialog.definition.version:
        return f"{place}: was released in version {released.version}, later than today's"
    if upgraded(session, dialog.definition.version, upgrades).step not in dialog.nodes:
        return f"{place}: was released, and no upgrade leads from it to a step of today"
    return ""
