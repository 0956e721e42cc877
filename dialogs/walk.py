"""One turn in the making: a session taken apart, moved by one event, and put together again.

Lives for a single `engine.advance`, which explains the rules it follows. The only mutable thing in the core.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from dialogs import review
from dialogs.aside import laid_aside, still_aside, taken_up
from dialogs.catalogue import SUBMIT, Catalogue, Dialog, Node
from dialogs.commands import named, obey, resume
from dialogs.definition import Ask, Do, Enter, Finish, Question, Review, Step, Target, Tell, When
from dialogs.echoes import HUMAN, without_echoes
from dialogs.errors import DialogError, Rejected
from dialogs.model import (
    Advance,
    Answers,
    Choice,
    Chose,
    Effect,
    Fetch,
    Fetched,
    Link,
    Opened,
    Parked,
    Save,
    Say,
    Session,
    Shared,
    View,
    advance_of,
    session_of,
    view_of,
)
from dialogs.parse.folding import fold
from dialogs.progress import count
from dialogs.upgrades import brought_up

STEP_LIMIT = 50
"""Steps followed in one turn before the definition is called a loop."""
LONG_SILENCE = 6 * 3600
"""Seconds after which a person is told where they were."""
PATIENCE = 3
"""Wrong answers in a row after which help is offered."""
CONTINUE = Choice("继续", "接着刚才的")
"""Leads back to what was left half-way."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LIKE_A_QUESTION = re.compile(
    "[?？]|吗|怎么|多少|什么|为啥|哪|能不能|可不可以|会不会|是不是|要不要|有没有|算不算"
)


class LoopError(DialogError):
    """A definition led in circles, or nowhere; the build checks should have caught it."""


class Walk:
    """The session's parts, and the effects so far."""

    __slots__ = (
        "_view",
        "answers",
        "aside",
        "catalogue",
        "dialog",
        "effects",
        "followed",
        "node",
        "now",
        "parked",
        "passing",
        "session",
        "silence",
        "today",
        "trail",
        "wrong",
    )

    def __init__(self, catalogue: Catalogue, session: Session, now: datetime) -> None:
        dialog = catalogue.dialogs.get(session.dialog)
        node = None if dialog is None else dialog.nodes.get(session.step)
        if dialog is None or node is None or session.parked or session.version != dialog.definition.version:
            session = brought_up(catalogue, session)
            dialog = catalogue.dialogs[session.dialog]
            node = dialog.nodes[session.step]
        self.catalogue = catalogue
        self.session = session
        self.now = seconds(now)
        self.today: date = now.date()
        self.dialog: Dialog = dialog
        self.node: Node = node
        _, _, _, self.answers, self.trail, self.wrong, self.parked, heard_at, _, self.aside, _ = session
        self.silence = self.now - heard_at if heard_at else 0
        self.effects: list[Effect] = []
        self.followed = 0
        self.passing = False  # whether answers that live for one turn only are among the answers
        self._view: View | None = None

    # --- what an event means here ---

    def hear(self, text: str) -> None:
        """A text: one of the step's own options, a word that works everywhere, or an answer."""
        node = self.node
        value = node.exact.get(text)
        if value is None:
            folded = fold(text) or text.strip()  # a lone "?" folds to nothing
            own = folded in node.own_words
            command = None if own else self.catalogue.commands.get(folded)
            if command is not None:
                obey(self, command)
                return
            if not own and named(self, folded):
                return
            if node.understand is None and not node.step.waits:  # an interrupted turn of an older version
                self.follow()
                return
            try:
                value = self._understand(text)
            except Rejected as refusal:
                self.refuse(refusal, text)
                return
        if self.silence > LONG_SILENCE and self.dialog.definition.long:
            self.say_where()
        self.answer(value)

    def tap(self, event: Chose) -> None:
        """A button: as good as its value while its question is still open, otherwise the open question.

        A word that works everywhere (人工, 帮助) means the same on an old button."""
        stood = self.session  # an end's own buttons still count, although the menu has woken up by now
        if (event.dialog, event.step) in (
            (stood.dialog, stood.step),
            (self.dialog.definition.name, self.node.step.name),
        ):
            self.hear(event.value)
        elif (command := self.catalogue.commands.get(fold(event.value))) is not None:
            obey(self, command)
        else:
            self.say("stale")
            self.ask()

    def take_shared(self, event: Shared) -> None:
        """Something that is not text: its recognised text if it has one, otherwise a kind refusal."""
        if event.text.strip():
            self.hear(event.text)
            return
        key = f"shared.{event.kind}"
        self.refuse(Rejected(key if key in self.catalogue.rejected else "shared.other"), "")

    def receive(self, event: Fetched) -> None:
        """The result of a `Do` step: keep it under the step's field and go on."""
        step = self.node.step
        self.passing = True
        if isinstance(step, Do) and step.verb == event.verb:
            self.answers = {**self.answers, step.into: event.value}
            self.follow()

    def wake(self) -> None:
        """A dialog that has ended wakes up in the menu."""
        if isinstance(self.node.step, Finish):
            self.dialog = self.catalogue.dialog("home")
            self.node = self.dialog.nodes[self.dialog.first]
            self.answers, self.aside, self.trail, self.wrong = {}, {}, (), 0

    def opened(self, event: Opened) -> None:
        """We begin a dialog ourselves; a long one that is open is kept half-way, to be taken up afterwards."""
        self.parked = {
            name: left for name, left in self._parked(Enter(event.dialog)).items() if name != event.dialog
        }
        self.dialog = self.catalogue.dialog(event.dialog)
        self.answers, self.aside, self.trail, self.wrong = event.answers, {}, (), 0
        self.go(self.dialog.first)

    # --- answers ---

    def _understand(self, text: str) -> Any:  # noqa: ANN401 - any JSON-safe value
        node = self.node
        if node.understand is None:
            return review.understand(self.dialog, node, self.answers, text)
        value, step = node.understand(text, self.today), node.question
        if isinstance(step, Ask) and step.accept is not None:
            step.accept(value, self.view())
        return value

    def answer(self, value: Any) -> None:  # noqa: ANN401 - any JSON-safe value
        """Take a value for the current step and go on."""
        self.wrong = 0
        node, question = self.node, self.node.question
        if question is not None:
            if node.plain:
                self.answers = {**self.answers, question.into: value}
                self.push()
            else:
                self._put(question, value)
        elif value == SUBMIT:
            self.push()
        else:  # an item to edit: the whole trail stays, so 返回 and the answer lead back here
            self.trail = (*self.trail, node.name)
            self.node = self.dialog.nodes[value]
            self.ask()
            return
        self.go(node.onward or self._target(node))

    def _put(self, step: Question, value: Any) -> None:  # noqa: ANN401 - any JSON-safe value
        """Keep an answer together with whatever it brings, drops and saves."""
        before = self.answers.get(step.into)
        self.passing = self.passing or step.into[0] == "_"
        answers = {**self.answers, step.into: value}
        if step.clears and before is not None and before != value:
            self.aside = (
                {} if step.consent else laid_aside(self.dialog, self.aside, self.answers, step.clears)
            )
            for field in step.clears:
                answers.pop(field, None)
        self.answers = answers
        if step.adopt is not None:
            self.answers = step.adopt(self.view())
            if self.answers is not answers:
                self.passing = True  # it may have brought some that live for this turn only
                if self.aside:
                    self.aside = still_aside(self.dialog, self.aside, answers.keys() - self.answers.keys())
        if step.emit is not None and (data := step.emit(self.view())) is not None:
            self.effects.append(Save(step.saves, data))
        self.push()
        if step.clears or step.adopt is not None:
            self._forget_open()

    def refuse(self, refusal: Rejected, text: str) -> None:
        """An answer that cannot be taken: answer a policy question, or give reason and example."""
        home = self.dialog.definition.name == "home"
        if home and self.node.name == self.dialog.first and fold(text) in self.catalogue.courtesies:
            self.effects.append(Say(self.catalogue.common["courtesy"], self._choices()))
            return
        if text and (home or LIKE_A_QUESTION.search(text)):
            found = self.catalogue.book.find(text).answer
            if found is not None:
                told = f"{found.answer}\n（来源：{found.source}）"
                if home:  # the menu need not greet again
                    self.effects.append(Say(told, self._choices()))
                else:
                    self.effects.append(Say(told))
                    self.ask()
                return
        if self.silence > LONG_SILENCE and self.dialog.definition.long:
            resume(self)
            return
        self.wrong += 1
        reason = self.node.rejected.get(refusal.key) or self.catalogue.rejected.get(refusal.key)
        said = fill(reason or self.catalogue.rejected["other"], refusal.params)
        choices = self._choices()
        if self.wrong >= PATIENCE:
            said += "\n" + self.catalogue.common["offer_help"]
            choices = (*choices, Choice("帮助", "怎么填"), HUMAN)
        self.effects.append(Say(said, choices))

    # --- following edges ---

    def follow(self) -> None:
        """Go along the edges of the current step to the next one that waits."""
        self.go(self.node.onward or self._target(self.node))

    def go(self, target: Target) -> None:
        """Move to a target and on, past what is already answered, until a step waits."""
        while not isinstance(target, Enter):
            self.followed += 1
            if self.followed > STEP_LIMIT:
                raise LoopError(f"{self.dialog.definition.name}.{target}")
            self.node = node = self.dialog.nodes[target]
            step = node.step
            if node.into is not None:
                if node.into[0] == "_" or (node.into not in self.answers and not self._take_up(step)):
                    self.arrive(node)
                    return
                self.push()
            elif isinstance(step, Do):
                if step.into not in self.answers and not self._take_up(step):
                    self.effects.append(Fetch(step.verb, step.data(self.view())))
                    return
            elif isinstance(step, Tell):
                self.ask()
            else:
                self.arrive(node)
                return
            target = node.onward or self._target(node)
        self.enter(target)

    def _take_up(self, step: Step) -> bool:
        """Take an answer that fell away before, if it holds again."""
        if not self.aside or not isinstance(step, Question | Do):
            return False
        found = taken_up(self.aside, step, self.view())
        if found is not None:
            self.answers, self.aside = {**self.answers, step.into: found[0]}, found[1]
        return found is not None

    def _target(self, node: Node) -> Target:
        """The first edge whose condition holds."""
        view = self.view()
        for edge in node.step.goto:
            if not isinstance(edge, When):
                return edge
            if edge.condition.test(view):
                return edge.target
        raise LoopError(f"no edge holds at {self.dialog.definition.name}.{node.name}")

    def arrive(self, node: Node) -> None:
        """Stand at a step and put its question."""
        self.node = node
        if node.name in self.trail:
            self.trail = self.trail[: self.trail.index(node.name)]
        if node.said is not None and node.question is not None:
            self.effects.append(node.said)
            return
        if isinstance(node.step, Review):
            kept = review.pruned(self.dialog, self.answers, self.trail)
            if len(kept) < len(self.answers):
                self.aside = laid_aside(
                    self.dialog, self.aside, self.answers, self.answers.keys() - kept.keys()
                )
                self.answers = kept
        self.ask()
        if isinstance(node.step, Finish):
            self.answers, self.aside = {}, {}
            if node.step.forgets:
                self.parked = {}

    def push(self) -> None:
        """The current step is answered: it joins the trail."""
        name = self.node.name
        if name in self.trail:
            self.trail = self.trail[: self.trail.index(name)]
        self.trail = (*self.trail, name)

    def enter(self, target: Enter) -> None:
        """Go over into a dialog, keeping a long one that is left half-way."""
        if target.note is not None:
            self.effects.append(Say(self.node.note))
        taken = self.answers[target.take] if target.take is not None else None
        self.parked = self._parked(target)
        self.dialog = self.catalogue.dialog(target.dialog)
        kept = None if target.anew or target.step is not None else self.parked.get(target.dialog)
        if kept is not None or target.anew or taken is not None:
            self.parked = {name: left for name, left in self.parked.items() if name != target.dialog}
        self.answers, self.trail, self.wrong = taken or {}, self._answered(taken or {}), 0
        self.aside = {}
        if kept is not None:
            self._unpark(kept)
            if self.dialog.definition.long:
                self.say_where()
            self.ask()
        else:
            self.go(target.step or self.dialog.first)

    def _forget_open(self) -> None:
        """返回 must not lead past a question that is open again."""
        nodes, answers = self.dialog.nodes, self.answers
        self.trail = tuple([n for n in self.trail if (into := nodes[n].into) is None or into in answers])

    def _answered(self, answers: Answers) -> tuple[str, ...]:
        """The trail of somebody whose answers are brought along: 返回 and the review go by it."""
        nodes = self.dialog.nodes.values()
        return tuple(node.name for node in nodes if node.into in answers)

    def _parked(self, target: Enter) -> Parked:
        """The dialogs left half-way once this one is left too."""
        definition = self.dialog.definition
        others = {name: left for name, left in self.parked.items() if name != definition.name}
        if target.discard:
            return others
        answers = {field: value for field, value in self.answers.items() if field[0] != "_"}
        if not (definition.long or target.keep) or not answers or isinstance(self.node.step, Finish):
            return self.parked
        left = [definition.version, self.node.step.name, answers, list(self.trail)]
        return {**others, definition.name: left}

    def _unpark(self, kept: list[Any]) -> None:
        version, step, answers, trail = kept
        left = Session(self.dialog.definition.name, version, step, answers, tuple(trail))
        session = brought_up(self.catalogue, left)
        self.answers, self.trail = session.answers, session.trail
        self.node = self.dialog.nodes[session.step]

    # --- saying ---

    def say(self, key: str) -> None:
        """One of the shared texts."""
        self.effects.append(Say(self.catalogue.common[key]))

    def say_where(self) -> None:
        """ "You were at 5 of 14", unless nothing is left to answer."""
        done, total = count(self.dialog, self.node, self.view(), self.trail)
        if done < total:
            self.effects.append(Say(fill(self.catalogue.common["where"], {"at": done + 1, "total": total})))

    def ask(self) -> None:
        """Put the current step's question, or tell its text."""
        node, step = self.node, self.node.step
        if node.said is not None and not (isinstance(step, Finish) and self._waits_for_this()):
            self.effects.append(node.said)
            return
        if isinstance(step, Do):
            return
        if isinstance(step, Review):
            listed, choices = review.question(self.dialog, node, self.view())
            self.effects.append(Say(fill(node.ask, {"items": listed}), choices, (), True))
            return
        text = node.ask
        links: tuple[Link, ...] = ()
        if step.show is not None:
            shown = step.show(self.view())
            text = fill(text, shown)
            if "url" in shown:
                links = (Link(shown["link"], shown["url"]),)
        self.effects.append(Say(text, self._choices(), links))

    def _choices(self) -> tuple[Choice, ...]:
        step = self.node.step
        if isinstance(step, Review):
            return review.choices(self.dialog, self.node, self.answers)
        if isinstance(step, Ask) and step.suggest is not None:
            return step.suggest(self.view())
        if isinstance(step, Finish) and self._waits_for_this():
            return (CONTINUE, *(choice for choice in self.node.choices if choice.value != CONTINUE.value))
        return self.node.choices

    def _waits_for_this(self) -> bool:
        """Whether a short dialog was left for this one and is to be gone on with."""
        return bool(self.parked) and not self.catalogue.dialog([*self.parked][-1]).definition.long

    def view(self) -> View:
        """What conditions and texts may look at now."""
        view = self._view
        if view is None or view.answers is not self.answers:
            view = self._view = view_of((self.answers, self.today, self.session.registered))
        return view

    def finish(self) -> Advance:
        """Put the session together again."""
        answers = self.answers
        if self.passing and not (self.effects and isinstance(self.effects[-1], Fetch)):
            answers = {field: value for field, value in answers.items() if field[0] != "_"}
        common = self.catalogue.common
        effects, echoes = without_echoes(
            self.effects,
            self.session.echoes,
            self.now,
            common["again"],
            common["looping"],
            self.catalogue.marks,
        )
        definition = self.dialog.definition
        session = session_of(
            (
                definition.name,
                definition.version,
                self.node.name,
                answers,
                self.trail,
                self.wrong,
                self.parked,
                self.now,
                echoes,
                self.aside,
                self.session.registered,
            )
        )
        return advance_of((session, effects))


def seconds(now: datetime) -> int:
    """Whole seconds since 1970; `datetime.timestamp` does not know that they are whole, and takes twice as long."""
    passed = now - EPOCH
    return passed.days * 86_400 + passed.seconds


def fill(template: str, params: Mapping[str, object]) -> str:
    """Fill the blanks of a text; a blank without a value is left out rather than shown."""
    if "{" not in template:
        return template
    try:
        return template.format_map(params)
    except KeyError:
        return template.format_map(_Blank(params))


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""
