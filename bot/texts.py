"""Reads the texts of the dialogs from their data files, so that the dialogs themselves read nothing."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from dialogs.catalogue import Catalogue
from dialogs.everything import build

STEPS_LOCK: Final = Path(__file__).resolve().parent.parent / "dialogs" / "steps.lock"
"""The list of released steps (see `dialogs.released`), in the source tree or as installed."""


def load_texts() -> dict[str, Any]:
    """All text files by name: one for each dialog, `common`, and `answers`. Raises tomllib.TOMLDecodeError."""
    folder = resources.files("dialogs") / "texts"
    files = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {entry.name[:-5]: tomllib.loads(entry.read_text("utf-8")) for entry in files}


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Every dialog ready to run. Raises `BadDefinition` with all that is wrong."""
    texts = load_texts()
    return build(texts, texts["answers"])


def read_steps_lock() -> str:
    """The list of released steps; empty when there is none yet."""
    return STEPS_LOCK.read_text("utf-8") if STEPS_LOCK.is_file() else ""
