"""Stored sessions outlive the code that made them: bring them up to the dialogs of today.

Adding a step needs nothing here. Renaming or removing one needs a function from the version that had it to the
next, registered in `UPGRADES`; a released upgrade is never edited. `steps.lock` lists every step that was ever
released, and a test proves that each is still there or has an upgrade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dialogs.catalogue import Catalogue
from dialogs.model import Session

Upgrades = Mapping[tuple[str, int], Callable[[Session], Session]]

UPGRADES: Upgrades = {}
"""(dialog, version) → function that makes a session of the next version of it."""


def upgraded(session: Session, version: int, upgrades: Upgrades = UPGRADES) -> Session:
    """The session after every upgrade of its dialog up to `version`."""
    while session.version < version:
        upgrade = upgrades.get((session.dialog, session.version))
        if upgrade is not None:
            session = upgrade(session)
        session = session._replace(version=session.version + 1)
    return session


def brought_up(catalogue: Catalogue, session: Session, upgrades: Upgrades = UPGRADES) -> Session:
    """The session at the current version. A dialog or step that no longer exists is never a crash: the answers
    stay, and the person goes on at the dialog's first open question, or in the menu."""
    dialog = catalogue.dialogs.get(session.dialog)
    if session.parked and not session.parked.keys() <= catalogue.dialogs.keys():
        parked = {name: left for name, left in session.parked.items() if name in catalogue.dialogs}
        session = session._replace(parked=parked)
    if dialog is None:
        home = catalogue.dialogs["home"]
        return session._replace(
            dialog="home", version=home.definition.version, step=home.first, answers={}, trail=(), aside={}
        )
    if session.version != dialog.definition.version:
        session = upgraded(session, dialog.definition.version, upgrades)
        trail = tuple(name for name in session.trail if name in dialog.nodes)
        session = session._replace(trail=trail, aside={})  # an upgrade knows nothing of what is set aside
    if session.step not in dialog.nodes:
        session = session._replace(step=dialog.first, trail=())
    return session
