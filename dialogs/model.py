"""What a conversation is made of: the session that is stored, the events that come in, the effects that go out.

Everything here is a plain immutable tuple: cheap to make on every turn, equal by value in tests, and safe to
turn into JSON. Nothing here knows a database, a channel or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import orjson

Answers = Mapping[str, Any]
"""What a person has told us, by field name. Values are JSON-safe. Never changed in place."""

Parked = Mapping[str, list[Any]]
"""Dialogs that were left half-way: dialog name → [version, step, answers, trail]."""

Aside = Mapping[str, list[list[Any]]]
"""Answers that fell away: field → [value, the answers it was given under], the newest last."""


class Session(NamedTuple):
    """Where one person stands in the conversation (会话). Stored after every turn.

    `trail` holds the steps that were answered, oldest first, and is what 返回 walks back. Answers whose name
    begins with an underscore live for one turn only. `echoes` remembers what was said lately, so that a loop
    of two machines talking to each other stops: for each text its checksum and when it was said, epoch seconds.
    `aside` holds answers that may come back (`dialogs.aside`).
    """

    dialog: str
    version: int
    step: str
    answers: Answers
    trail: tuple[str, ...] = ()
    wrong: int = 0
    parked: Parked = {}
    heard_at: int = 0
    echoes: tuple[list[int], ...] = ()
    aside: Aside = {}
    registered: bool = False


SessionParts = tuple[
    str, int, str, Answers, tuple[str, ...], int, Parked, int, tuple[list[int], ...], Aside, bool
]
session_of: Callable[[SessionParts], Session] = partial(tuple.__new__, Session)
"""`Session(*parts)` without the detour through Python: every turn makes two."""


def encode(session: Session) -> bytes:
    """The session as JSON, without `registered`, which the base of people knows better."""
    return orjson.dumps(session[:10] if session.aside else session[:9])


def decode(data: bytes, *, registered: bool = False) -> Session:
    """The session that `encode` wrote. Raises ValueError on anything else."""
    dialog, version, step, answers, trail, wrong, parked, heard_at, echoes, *more = orjson.loads(data)
    (aside,) = more or ({},)
    met = tuple(echoes)
    return session_of(
        (dialog, version, step, answers, tuple(trail), wrong, parked, heard_at, met, aside, registered)
    )


class View(NamedTuple):
    """What conditions and texts may look at: the answers, the day, and whether the person is in the base."""

    answers: Answers
    today: date
    registered: bool


view_of: Callable[[tuple[Answers, date, bool]], View] = partial(tuple.__new__, View)
"""`View(*parts)` without the detour."""


# --- events: what happened -------------------------------------------------------------------------------


class Said(NamedTuple):
    """The person wrote (or spoke, and the platform recognised) a text."""

    text: str


class Chose(NamedTuple):
    """The person tapped a button that was shown at `step` of `dialog`; may be stale by now."""

    dialog: str
    step: str
    value: str


class Shared(NamedTuple):
    """The person sent something other than text: image, location, voice, video, file, sticker."""

    kind: str
    text: str = ""


class TimedOut(NamedTuple):
    """A timer of ours fired for this conversation."""

    name: str


class Started(NamedTuple):
    """The person opened the conversation (followed, pressed start, scanned a code that carries a payload)."""

    payload: str = ""


class Opened(NamedTuple):
    """We open a dialog with this person ourselves: a check-in, a follow-up. `answers` is what it begins with."""

    dialog: str
    answers: Answers = {}


class Fetched(NamedTuple):
    """The shell's answer to a `Fetch`, given back within the same turn."""

    verb: str
    value: Any


Event = Said | Chose | Shared | TimedOut | Started | Opened | Fetched


# --- effects: what the shell is asked to do --------------------------------------------------------------


class Choice(NamedTuple):
    """One button or numbered line: `value` is what to send back, `label` what to show."""

    value: str
    label: str


class Link(NamedTuple):
    """A link under a message; `url` may be a path of ours."""

    label: str
    url: str


class Say(NamedTuple):
    """Show this to the person. `listed`: the text itself lists the choices, so nobody need write them out again."""

    text: str
    choices: tuple[Choice, ...] = ()
    links: tuple[Link, ...] = ()
    listed: bool = False


class Save(NamedTuple):
    """Carry out a verb on the stored base in this turn's transaction; no answer is awaited."""

    verb: str
    data: Mapping[str, Any]


class Fetch(NamedTuple):
    """Carry out a verb in this turn's transaction and come back with `Fetched`. Always the last effect."""

    verb: str
    data: Mapping[str, Any]


Effect = Say | Save | Fetch


class Advance(NamedTuple):
    """The outcome of one event: the session as it now stands and what the shell must do."""

    session: Session
    effects: tuple[Effect, ...]


advance_of: Callable[[tuple[Session, tuple[Effect, ...]]], Advance] = partial(tuple.__new__, Advance)
"""`Advance(*parts)` without the detour."""


class Progress(NamedTuple):
    """How far the person is: questions answered, and questions in all as far as can be told now."""

    done: int
    total: int
