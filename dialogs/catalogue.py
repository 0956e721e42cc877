"""All dialogs made ready to run: definitions joined with their texts, each step compiled to a `Node`.

Built once at start-up from plain data (the shell reads the TOML files), so a turn only looks things up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from dialogs.answers import AnswerBook
from dialogs.definition import Ask, Choose, Definition, Do, Finish, Question, Review, Step, Tell
from dialogs.echoes import checksum
from dialogs.errors import BadDefinition, UnknownStep
from dialogs.model import Choice, Say
from dialogs.parse.choices import ALL_WORDS, Matcher, Option
from dialogs.parse.folding import fold

Texts = Mapping[str, Any]
"""One step's texts as they stand in the file."""

SUBMIT = "submit"


@dataclass(frozen=True, slots=True)
class Node:
    """A step ready to run: whatever a turn would otherwise look up again and again is worked out here once."""

    name: str
    step: Step
    question: Question | None
    """The step, if it is a question."""
    into: str | None
    """The field that a question's answer goes into."""
    plain: bool
    """Whether an answer to it changes nothing but that field."""
    onward: str | None
    """Where the step leads, if always to the same step of its dialog."""
    said: Say | None
    """What the step says, if its text and its buttons are always the same."""
    ask: str
    help: str
    choices: tuple[Choice, ...]
    understand: Callable[[str, date], Any] | None
    exact: Mapping[str, Any]
    """Text → value, for answers that need not be looked at any closer: an option's number, label or words."""
    matcher: Matcher | None
    own_words: frozenset[str]
    """What means one of this step's own options here, even if it is a word that works everywhere else."""
    rejected: Mapping[str, str]
    labels: Mapping[str, str]
    """Option key → label."""
    options: tuple[Option, ...]
    note: str

    @property
    def sensitive(self) -> bool:
        """Whether the answer must be kept out of every log."""
        return isinstance(self.step, Question) and self.step.consent is not None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A dialog ready to run."""

    definition: Definition
    nodes: Mapping[str, Node]
    first: str
    fields: frozenset[str]
    """The fields that its questions fill."""

    def node(self, step: str) -> Node:
        """The node of a step; raises `UnknownStep`."""
        try:
            return self.nodes[step]
        except KeyError:
            raise UnknownStep(f"{self.definition.name}.{step}") from None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every dialog, the texts they share, the words that work everywhere, and the policy answers."""

    dialogs: Mapping[str, Dialog]
    common: Mapping[str, str]
    rejected: Mapping[str, str]
    commands: Mapping[str, str]
    """Folded word → command name."""
    marks: Mapping[str, int]
    """Checksums of the texts that are always the same (`dialogs.echoes`)."""
    book: AnswerBook
    courtesies: frozenset[str] = frozenset()
    """Folded words that ask for nothing (谢谢, 好的), answered in kind in the menu."""

    def dialog(self, name: str) -> Dialog:
        """The dialog of that name; raises `UnknownStep`."""
        try:
            return self.dialogs[name]
        except KeyError:
            raise UnknownStep(name) from None

    def steps(self) -> Iterator[tuple[Definition, Node]]:
        """Every step of every dialog."""
        for dialog in self.dialogs.values():
            for node in dialog.nodes.values():
                yield dialog.definition, node


def compile_catalogue(
    definitions: Sequence[Definition], texts: Mapping[str, Any], book: AnswerBook
) -> Catalogue:
    """Join definitions and texts. Raises `BadDefinition` naming every step whose text is missing.

    `texts` holds a table for each dialog and one called `common` with the tables `say`, `rejected`,
    `commands` and `courtesies`."""
    problems: list[str] = []
    dialogs = {}
    common = texts["common"]
    commands = {fold(word) or word: name for name, words in common["commands"].items() for word in words}
    for definition in definitions:
        nodes = {}
        own = texts.get(definition.name, {})
        for step in definition.steps:
            try:
                nodes[step.name] = _compile(step, own.get(step.name, {}), commands)
            except KeyError as missing:
                problems.append(f"{definition.name}.{step.name}: no text {missing}")
        fields = frozenset(node.into for node in nodes.values() if node.into is not None)
        dialogs[definition.name] = Dialog(definition, nodes, definition.steps[0].name, fields)
    if problems:
        raise BadDefinition(tuple(problems))
    ready = (
        node.said for dialog in dialogs.values() for node in dialog.nodes.values() if node.said is not None
    )
    courtesies = frozenset(fold(word) for word in common.get("courtesies", {}).get("words", ()))
    marks = {said.text: checksum(said.text) for said in ready}
    return Catalogue(dialogs, common["say"], common["rejected"], commands, marks, book, courtesies)


def _compile(step: Step, texts: Texts, commands: Mapping[str, str]) -> Node:
    """One step with its texts. Raises KeyError naming the text that is missing."""
    options = _options(step, texts)
    matcher = Matcher(options, texts.get("unless", ())) if options else None
    own = frozenset(fold(word) for option in options for word in (option.label, *option.words))
    ask = texts["ask"].strip() if step.waits or isinstance(step, Tell | Finish) else ""
    choices = _choices(step, options, texts)
    question = step if isinstance(step, Question) else None
    return Node(
        name=step.name,
        step=step,
        question=question,
        into=question.into if question is not None else None,
        plain=question is not None and _changes_one_field(question),
        onward=step.goto[0] if step.goto and isinstance(step.goto[0], str) else None,
        said=Say(ask, choices) if _always_the_same(step) else None,
        ask=ask,
        help=texts.get("help", "").strip(),
        choices=choices,
        understand=_understanding(step, matcher),
        exact=_exact(step, matcher, commands.keys() - own),
        matcher=matcher,
        own_words=own,
        rejected=texts.get("rejected", {}),
        labels={option.key: option.label for option in options},
        options=options,
        note=texts.get("note", ""),
    )


def _changes_one_field(step: Question) -> bool:
    return not step.clears and step.adopt is None and step.emit is None and step.into[0] != "_"


def _always_the_same(step: Step) -> bool:
    if step.show is not None or isinstance(step, Review | Do):
        return False
    return not isinstance(step, Ask) or step.suggest is None


def _options(step: Step, texts: Texts) -> tuple[Option, ...]:
    if isinstance(step, Choose):
        if step.labels is not None:
            return tuple(Option(key, *step.labels[key]) for key in step.options)
        words, labels = texts.get("words", {}), texts["options"]
        return tuple(Option(key, labels[key], tuple(words.get(key, ()))) for key in step.options)
    if isinstance(step, Review):
        labels = texts["items"]
        items = tuple(
            Option(name, labels[name], tuple(f"{verb}{labels[name]}" for verb in ("改", "修改", "更正")))
            for name in step.items
        )
        return (*items, Option(SUBMIT, texts["submit"], tuple(texts["submit_words"])))
    return ()


def _choices(step: Step, options: tuple[Option, ...], texts: Texts) -> tuple[Choice, ...]:
    if not options:  # words that work here, offered as buttons
        return tuple(Choice(value, label) for value, label in texts.get("buttons", ()))
    return tuple(Choice(str(n), option.label) for n, option in enumerate(options, 1))


def _exact(step: Step, matcher: Matcher | None, commands: Set[str]) -> Mapping[str, Any]:
    if matcher is None or not isinstance(step, Choose):
        return {}
    found = matcher.exact.items()
    return {text: [key] if step.many else key for text, key in found if text not in commands}


def _understanding(step: Step, matcher: Matcher | None) -> Callable[[str, date], Any] | None:
    """How this step turns a text into its value."""
    if isinstance(step, Ask):
        return step.parse
    if matcher is None or isinstance(step, Review):  # a review numbers only what was answered
        return None
    if isinstance(step, Choose) and step.many:
        at_most, exclusive = step.at_most, step.exclusive
        everything = ALL_WORDS if step.all_of else frozenset()
        return lambda text, today: matcher.many(
            text, at_most=at_most, exclusive=exclusive, all_words=everything
        )
    return lambda text, today: matcher.one(text)
