"""The engine: the only door through which a session moves.

A conversation is a session standing at one step of one dialog. An event arrives, the engine decides what it
means there, follows the edges, and stops at the next step that waits for the person. Three rules carry it:

1. *Answers are facts, steps are questions.* Following edges, a question whose answer is already there is
   passed in silence. So after an answer is changed only what was cleared with it is asked again, and a
   dialog that is taken up days later goes on at its first open question.
2. *Nothing is said twice for nothing.* A wrong answer brings the reason and an example; the third in a row
   offers help or a person; the same text is said only so often (`dialogs.echoes`).
3. *The engine asks, the shell does.* `Save` and `Fetch` name a verb; a `Fetch` is always the last effect and
   the shell comes back with `Fetched` in the same turn and the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from dialogs.catalogue import Catalogue
from dialogs.commands import resume, welcome
from dialogs.model import Advance, Chose, Event, Fetched, Opened, Said, Session, Shared, Started
from dialogs.walk import Walk


def begin(catalogue: Catalogue) -> Session:
    """A session for somebody who has never written."""
    home = catalogue.dialog("home")
    return Session("home", home.definition.version, home.first, {})


def advance(catalogue: Catalogue, session: Session, event: Event, now: datetime) -> Advance:
    """Let one event happen. `now` must carry the programme's own time zone: its date decides "today".

    Raises nothing for whatever a person can send."""
    walk = Walk(catalogue, session, now)
    if isinstance(event, Fetched):
        walk.receive(event)
        return walk.finish()
    if walk.node.question is None:  # perhaps an end
        walk.wake()
    if isinstance(event, Said):
        walk.hear(event.text)
    elif isinstance(event, Opened):
        walk.opened(event)
    elif isinstance(event, Chose):
        walk.tap(event)
    elif isinstance(event, Shared):
        walk.take_shared(event)
    elif isinstance(event, Started) and not walk.dialog.definition.long and not walk.parked:
        welcome(walk, event.payload)
    else:  # opened again, or one of our timers: on with what is open
        resume(walk)
    return walk.finish()
