"""The documents say what is so: links land, the drawing is today's, and the lists are complete."""

import re
from pathlib import Path

import pytest

from bot.texts import catalogue
from dialogs.diagram import mermaid

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def _anchors(text: str) -> set[str]:
    """Anchors as GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_land(document: Path) -> None:
    for path, anchor in LINK.findall(document.read_text("utf-8")):
        if "://" in path:
            continue
        target = document if not path else (document.parent / path).resolve()
        assert target.exists(), f"{path} is not there"
        if anchor:
            assert anchor in _anchors(target.read_text("utf-8")), f"{path}#{anchor} is not there"


def test_the_drawing_of_the_registration_is_of_today() -> None:
    text = (ROOT / "docs" / "dialogs.md").read_text("utf-8")
    found = re.search(r"<!-- registration:begin -->\n```mermaid\n(.*?)```", text, re.DOTALL)
    assert found is not None
    drawn = mermaid(catalogue().dialog("registration").definition)
    assert found[1] == drawn, "put the output of `jianxi dialogs draw registration` into docs/dialogs.md"


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text("utf-8")
    assert [path.name for path in folder.glob("[0-9]*.md") if f"({path.name})" not in listed] == []


def test_every_refusal_of_the_chat_api_is_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    source = "".join((ROOT / "bot" / name).read_text("utf-8") for name in ("chat_api.py", "app.py"))
    codes = set(re.findall(r'\b\d{3},\s*"([a-z_]+)"|\d{3}: \("([a-z_]+)"', source))
    assert len(codes) > 10
    assert [code for pair in codes for code in pair if code and f"`{code}`" not in text] == []


def test_every_dialog_is_in_the_table_of_dialogs() -> None:
    text = (ROOT / "docs" / "dialogs.md").read_text("utf-8")
    assert [name for name in catalogue().dialogs if f"| `{name}` |" not in text] == []
