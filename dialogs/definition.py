"""A dialog as a value: steps, the edges between them, and the named conditions on the edges.

Nothing here runs a conversation (see `engine`) or judges a definition (see `checks`). Texts are not here
either: they stand in `texts/<dialog>.toml` under the step's name, so a clerk can read and mend them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from dialogs.model import Answers, Choice, View

Parser = Callable[[str, date], Any]
"""Text and day → a JSON-safe value; raises `Rejected` when the text is not such a value."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A named pure predicate. `reads` names answers that must have been given, `maybe` those that may be.

    `usual` is what it is taken for when the questions still to come are counted and it cannot be told yet.
    """

    name: str
    test: Callable[[View], bool]
    reads: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    usual: bool = True


def condition(
    *, reads: tuple[str, ...] = (), maybe: tuple[str, ...] = (), usual: bool = True
) -> Callable[[Callable[[View], bool]], Condition]:
    """Make a `Condition` of a function, named after it, stating which answers it looks at."""

    def wrap(test: Callable[[View], bool]) -> Condition:
        return Condition(test.__name__, test, reads, maybe, usual)

    return wrap


def answered(key: str, *values: str) -> Condition:
    """True when the answer `key` is one of `values`."""
    accepted = frozenset(values)
    return Condition(f"{key}={'|'.join(values)}", lambda view: view.answers[key] in accepted, reads=(key,))


class Enter(NamedTuple):
    """An edge into another dialog: resumed where it was left, or begun.

    `step` opens it at that step. `take` names an answer (a mapping) that becomes the answers there. `anew`
    forgets what was left half-way there, `discard` what was answered in the dialog that is being left.
    `note` names a text of the leaving step that is said on the way. `keep` leaves a short dialog half-way as if it
    were a long one, so that 继续 leads back to it.
    """

    dialog: str
    step: str | None = None
    take: str | None = None
    anew: bool = False
    discard: bool = False
    note: str | None = None
    keep: bool = False


Target = str | Enter


class When(NamedTuple):
    """Go to `target` if the condition holds; a plain target in last place is the else."""

    condition: Condition
    target: Target


Edges = tuple[When | Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all steps share. `name` is stored in sessions: add names, never rename without an upgrade."""

    name: str
    goto: Edges = ()
    show: Callable[[View], Mapping[str, str]] | None = None
    """Parameters for the step's texts."""
    shows: tuple[str, ...] = ()
    """Answers that `show` reads."""

    @property
    def waits(self) -> bool:
        """Whether the step waits for the person."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Step):
    """A step that puts one answer into the field `into`."""

    into: str
    consent: str | None = None
    """For sensitive fields: the field whose answer must have been given before; also keeps the text out of
    every log."""
    clears: tuple[str, ...] = ()
    """Fields that are asked again when this answer changes."""
    adopt: Callable[[View], Answers] | None = None
    """What the answers become once this one is among them: an answer may bring or drop others."""
    emit: Callable[[View], Mapping[str, Any] | None] | None = None
    """Data to save (verb `saves`) as soon as this is answered; None saves nothing."""
    saves: str = ""
    format: Callable[[Any, View], str] | None = None
    """How the answer reads in a summary; masks what must be masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Question):
    """A question answered in words."""

    parse: Parser
    keyboard: str = "text"
    """What a phone should show: text, numeric, tel."""
    accept: Callable[[Any, View], None] | None = None
    """A last look at the value beside the other answers; raises `Rejected`."""
    accepts: tuple[str, ...] = ()
    """Answers that `accept` reads."""
    suggest: Callable[[View], tuple[Choice, ...]] | None = None
    """Buttons that send a likely answer as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Question):
    """A question with options; labels and everyday words for them stand in the text file.

    With `many`, several may be picked, at most `at_most`; an `exclusive` option stands alone; "all of them"
    is understood when `all_of` is set.
    """

    options: tuple[str, ...]
    many: bool = False
    at_most: int | None = None
    exclusive: tuple[str, ...] = ()
    all_of: bool = False
    labels: Mapping[str, tuple[str, tuple[str, ...]]] | None = None
    """Labels and words when they come from a code list instead of the text file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Step):
    """A numbered summary of `items` (step names). A number edits that item, `submit` goes on."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell(Step):
    """A step that says its text and goes on without waiting."""

    @property
    def waits(self) -> bool:
        """A step that only tells waits for nobody."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Do(Step):
    """A step without a question: the shell carries out `verb` and its result goes into the field `into`."""

    verb: str
    into: str
    data: Callable[[View], Mapping[str, Any]] = field(default=lambda view: {})
    needs: tuple[str, ...] = ()
    """Answers that `data` reads."""
    maybe: tuple[str, ...] = ()
    """Answers that `data` reads when they are there."""

    @property
    def waits(self) -> bool:
        """A step that does something waits for nobody."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish(Step):
    """The end of a dialog: its answers are dropped, and whatever is said next is heard by the home dialog.

    `forgets` drops what was left half-way in other dialogs too.
    """

    forgets: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A dialog (对话): its name, version and steps; the first step is where it begins."""

    name: str
    version: int
    steps: tuple[Step, ...]
    long: bool = False
    """Long enough to be counted ("5 of 14"), kept half-way when left, and taken up again later."""
    endless: bool = False
    """Goes on until the person says a word that leads elsewhere."""
    opened_with: tuple[str, ...] = ()
    """Answers that are there from the start: only we open such a dialog (`model.Opened`)."""


def targets(step: Step) -> tuple[Target, ...]:
    """Every target an edge of this step can lead to, in order."""
    found = [edge.target if isinstance(edge, When) else edge for edge in step.goto]
    if isinstance(step, Review):
        found.extend(step.items)
    return tuple(found)


def conditions(step: Step) -> tuple[Condition, ...]:
    """The conditions on this step's edges."""
    return tuple(edge.condition for edge in step.goto if isinstance(edge, When))
