"""Stored sessions outlive the code that made them: bring them up to the dialogs of today.

Adding a step needs nothing here. Renaming or removing one needs a function from the version that had it to the
next, registered in `UPGRADES`; a released upgrade is never edited. `steps.lock` lists every step that was ever
released, and a test proves that each is still there or has an upgrade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dialogs.catalogue import Catalogue
from dialogs.model import Session

UPGRADES: Mapping[tuple[str, int], Callable[[Session], Session]] = {}
"""(dialog, version) → function that makes a session of the next version of it."""


def brought_up(
    catalogue: Catalogue,
    session: Session,
    upgrades: Mapping[tuple[str, int], Callable[[Session], Session]] = UPGRADES,
) -> Session:
    """The session at the current version. A dialog or step that no longer exists is never a crash: the answers
    stay, and the person goes on at the dialog's first open question, or in the menu."""
    dialog = catalogue.dialogs.get(session.dialog)
    if dialog is None:
        home = catalogue.dialogs["home"]
        return session._replace(
            dialog="home", version=home.definition.version, step=home.first, answers={}, trail=()
        )
    while session.version < dialog.definition.version:
        upgrade = upgrades.get((session.dialog, session.version))
        if upgrade is not None:
            session = upgrade(session)
        session = session._replace(version=session.version + 1)
    if session.step not in dialog.nodes:
        session = session._replace(step=dialog.first, trail=())
    return session
