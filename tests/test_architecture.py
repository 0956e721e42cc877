"""The rules of the house that no type checker sees: who may import whom, what is documented, what is never done."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from bot.cli import app
from bot.settings import PREFIX, Settings
from bot.texts import catalogue
from bot.verbs import VERBS
from dialogs.definition import Do, Finish, Question

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("bot", "notifications", "storage", "dialogs", "policy")
PURE: Final = ("dialogs", "policy")
CLOCKS: Final = frozenset(
    {"now", "today", "utcnow", "time", "monotonic", "perf_counter", "localtime", "gmtime"}
)
EMPTY_NAMES: Final = frozenset(
    {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
)


def modules(*packages: str) -> Iterator[Path]:
    """Every module of ours in these packages."""
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


MODULES: Final = sorted(modules(*PACKAGES))
NAMES: Final = [str(path.relative_to(ROOT)) for path in MODULES]


def test_imports_run_one_way_and_the_core_does_no_input_or_output() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    found = subprocess.run(
        [*command, "--config", "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]
    assert "0 broken" in found.stdout


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_says_what_it_owns_and_is_named_for_it(path: Path) -> None:
    documented = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert documented, "no opening docstring"
    assert path.stem not in EMPTY_NAMES
    assert path.name.isascii()


@pytest.mark.parametrize("path", sorted(modules(*PURE)), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_reads_no_clock_and_no_file(path: Path) -> None:
    for found in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(found, ast.Call):
            called = found.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            # `walk.now` and `view.today` are values; only calling one would be a clock.
            assert name not in CLOCKS, f"line {found.lineno} calls {name}()"
            assert name not in {"open", "print", "input"}, f"line {found.lineno} calls {name}()"


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if re.search(r"os\.environ|os\.getenv|\bgetenv\(", path.read_text("utf-8"))
    }
    assert readers <= {"bot/settings.py"}


# --- the dialogs beside the shell ------------------------------------------------------------------------


def test_every_verb_that_the_dialogs_name_is_carried_out_and_no_other() -> None:
    named = {"set_push"}  # 退订 works everywhere
    for _, node in catalogue().steps():
        if isinstance(node.step, Do):
            named.add(node.step.verb)
        if isinstance(node.step, Question) and node.step.emit is not None:
            named.add(node.step.saves)
    assert named == set(VERBS)


@pytest.mark.parametrize("name", ["registration", "home", "preferences", "questions", "handover"])
def test_every_question_of_a_long_dialog_has_its_help(name: str) -> None:
    dialog = catalogue().dialog(name)
    waiting = [
        node for node in dialog.nodes.values() if node.step.waits and not isinstance(node.step, Finish)
    ]
    helpless = [node.step.name for node in waiting if not node.help]
    assert helpless == [] or not dialog.definition.long
    assert dialog.nodes[dialog.first].help or not dialog.nodes[dialog.first].step.waits


# --- what is written about it ----------------------------------------------------------------------------


def documentation() -> str:
    """README and docs as one text."""
    return "\n".join(
        path.read_text("utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    )


def test_every_setting_stands_in_the_readmes_table_and_no_other() -> None:
    rows = re.findall(rf"^\| `({PREFIX}\w+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)


def commands(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - typer's own click
    """Every command that does something, with the words that lead to it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    else:
        for name, found in inner.items():
            yield from commands(found, *path, name)


COMMANDS: Final = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_a_command_has_its_documentation_and_an_example(path: tuple[str, ...], command: Any) -> None:  # noqa: ANN401
    called = f"jianxi {' '.join(path)}"
    assert called in documentation()
    assert command.help
    assert command.epilog is not None
    assert command.epilog.startswith("例：")
    assert called in command.epilog


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda path: path.name
)
def test_a_link_inside_the_documentation_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target
