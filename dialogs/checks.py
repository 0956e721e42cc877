"""What must be true of a dialog before anybody talks to it. `problems` names every fault in one sentence each.

Judged on the definition alone, without running it: where edges lead, what is known when a condition looks,
whether consent comes before what it covers, whether a text exists, fits and can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dialogs.catalogue import Catalogue, Dialog, Node
from dialogs.commands import CONFIRM_RESTART, ENTRIES
from dialogs.definition import (
    Ask,
    Choose,
    Do,
    Enter,
    Finish,
    Question,
    Review,
    Step,
    When,
    conditions,
    targets,
)

LIMITS: Mapping[str, tuple[int, str]] = {"wechat": (2000, "bytes"), "telegram": (4096, "characters")}
"""What one message may hold on each channel, with the numbered choices written out."""

SAMPLE = "样" * 24
"""Stands for a blank when a text is measured."""


def problems(catalogue: Catalogue) -> tuple[str, ...]:
    """Every fault of every dialog, empty when all is well."""
    entries = _entries(catalogue)
    found: list[str] = []
    for name, dialog in catalogue.dialogs.items():
        graph = _Graph(catalogue, dialog, entries.get(name, frozenset()))
        for check in CHECKS:
            found.extend(f"{name}.{fault}" for fault in check(graph))
    found.extend(_command_faults(catalogue))
    return tuple(found)


class _Graph:
    """One dialog with its edges resolved."""

    def __init__(self, catalogue: Catalogue, dialog: Dialog, entries: frozenset[str]) -> None:
        self.catalogue = catalogue
        self.dialog = dialog
        self.nodes = dialog.nodes
        self.entries = {dialog.first} | {entry for entry in entries if entry in dialog.nodes}
        self.after: dict[str, tuple[str, ...]] = {}
        self.before: dict[str, list[str]] = {name: [] for name in dialog.nodes}
        for name, node in dialog.nodes.items():
            onward = tuple(t for t in targets(node.step) if isinstance(t, str) and t in dialog.nodes)
            self.after[name] = onward
            for target in onward:
                self.before[target].append(name)
        self.passing = frozenset(
            field for node in self.nodes.values() if (field := _fields(node.step)).startswith("_")
        )
        self.given = _given(self)


def _entries(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """Steps that other dialogs, or words that work everywhere, enter directly."""
    doors = list(ENTRIES.values())
    for _, node in catalogue.steps():
        doors.extend(target for target in targets(node.step) if isinstance(target, Enter))
    doors += [*CONFIRM_RESTART.values(), Enter("home", "registered_before")]
    found: dict[str, frozenset[str]] = {}
    for door in doors:
        if door.step is not None and door.take is None:
            found[door.dialog] = found.get(door.dialog, frozenset()) | {door.step}
    return found


def _edges_land(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        for target in targets(node.step):
            if isinstance(target, Enter):
                other = graph.catalogue.dialogs.get(target.dialog)
                if other is None:
                    yield f"{name}: leads to the unknown dialog {target.dialog}"
                elif target.step is not None and target.step not in other.nodes:
                    yield f"{name}: leads to the unknown step {target.dialog}.{target.step}"
            elif target not in graph.nodes:
                yield f"{name}: leads to the unknown step {target}"


def _edges_are_complete(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        edges = node.step.goto
        if isinstance(node.step, Finish):
            if edges:
                yield f"{name}: an end has edges"
        elif not edges or isinstance(edges[-1], When):
            yield f"{name}: no else, an answer may lead nowhere"
        elif any(not isinstance(edge, When) for edge in edges[:-1]):
            yield f"{name}: an edge stands behind the else and is never taken"


def _reachable(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(edges[name])
    return seen


def _every_step_is_reached(graph: _Graph) -> Iterator[str]:
    for name in graph.nodes.keys() - _reachable(graph.entries, graph.after):
        yield f"{name}: nothing leads here"


def _every_step_reaches_an_end(graph: _Graph) -> Iterator[str]:
    if graph.dialog.definition.endless:
        return
    ends = [
        name
        for name, node in graph.nodes.items()
        if isinstance(node.step, Finish) or any(isinstance(t, Enter) for t in targets(node.step))
    ]
    for name in graph.nodes.keys() - _reachable(ends, graph.before):
        yield f"{name}: no way from here to an end"


def _no_loop_without_input(graph: _Graph) -> Iterator[str]:
    silent = {name for name, node in graph.nodes.items() if not node.step.waits}
    onward = {name: [t for t in graph.after[name] if t in silent] for name in silent}
    state: dict[str, int] = {}  # 1 on the path, 2 done

    for root in sorted(silent):
        stack: list[tuple[str, Iterator[str]]] = [(root, iter(onward[root]))]
        if state.get(root):
            continue
        state[root] = 1
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                stack.pop()
            elif state.get(target) == 1:
                yield f"{name}: goes in circles with {target} without waiting for anybody"
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(onward[target])))


def _given(graph: _Graph) -> dict[str, frozenset[str]]:
    """For each step, the answers that have been given on every way to it."""
    everything = frozenset(_fields(node.step) for node in graph.nodes.values()) - {""}
    brought = frozenset(graph.dialog.definition.opened_with)
    everything |= brought
    given = {name: brought if name in graph.entries else everything for name in graph.nodes}
    todo = list(graph.nodes)
    while todo:
        name = todo.pop()
        step = graph.nodes[name].step
        leaving = _leaving(graph, step, given[name])
        for target in graph.after[name]:
            if isinstance(step, Review) and target in step.items:
                continue  # only items that were answered can be picked
            narrowed = given[target] & leaving
            if narrowed != given[target]:
                given[target] = narrowed
                todo.append(target)
    return given


def _fields(step: Step) -> str:
    return step.into if isinstance(step, Question | Do) else ""


def _leaving(graph: _Graph, step: Step, given: frozenset[str]) -> frozenset[str]:
    """What is known when this step's edges are judged: answers of one turn do not outlive a wait."""
    if step.waits:
        given -= graph.passing
    return given | {_fields(step)} - {""}


def _no_answer_is_read_before_it_is_given(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        step, here = node.step, graph.given[name]
        leaving = _leaving(graph, step, here)
        for test in conditions(step):
            for field in set(test.reads) - leaving:
                yield f"{name}: the condition {test.name} reads {field} before it is given"
        reads = (*step.shows, *(step.accepts if isinstance(step, Ask) else ()))
        reads += step.needs if isinstance(step, Do) else ()
        for field in set(reads) - here:
            yield f"{name}: reads {field} before it is given"


def _consent_comes_first(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        if (
            isinstance(node.step, Question)
            and node.step.consent is not None
            and node.step.consent not in graph.given[name]
        ):
            yield f"{name}: asks for sensitive information before {node.step.consent}"


def _nothing_is_asked_twice(graph: _Graph) -> Iterator[str]:
    owners: dict[str, str] = {}
    for name, node in graph.nodes.items():
        field = _fields(node.step)
        if field and field[0] != "_":
            if field in owners:
                yield f"{name}: asks for {field}, which {owners[field]} asks already"
            owners[field] = name


def _choices_can_be_told_apart(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        if node.matcher is not None:
            for one, other in node.matcher.collisions():
                yield f"{name}: the choices {one} and {other} read alike"


def _texts_are_there_and_fit(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        if isinstance(node.step, Do):
            continue
        if not node.ask:
            yield f"{name}: has no text"
        if (
            graph.dialog.definition.long
            and node.step.waits
            and not isinstance(node.step, Finish)
            and not node.help
        ):
            yield f"{name}: has no help"
        try:
            written = rendered(node)
        except (ValueError, IndexError, KeyError) as fault:
            yield f"{name}: the text cannot be filled in ({fault})"
            continue
        for channel, (limit, unit) in LIMITS.items():
            size = len(written.encode()) if unit == "bytes" else len(written)
            if size > limit:
                yield f"{name}: {size} {unit} are too many for {channel} ({limit})"


def rendered(node: Node) -> str:
    """The longest this question gets: blanks filled with samples, choices as numbered lines."""
    items = "\n".join(f"{n}. {option.label}：{SAMPLE}" for n, option in enumerate(node.options[:-1], 1))
    blanks = _Samples(items=items) if isinstance(node.step, Review) else _Samples()
    text = node.ask.format_map(blanks) if "{" in node.ask else node.ask
    listed = isinstance(node.step, Review)
    lines = [] if listed else [f"{choice.value}. {choice.label}" for choice in node.choices]
    return "\n".join([text, *lines])


class _Samples(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return SAMPLE


def _a_person_can_be_reached(graph: _Graph) -> Iterator[str]:
    words = {word for word, command in graph.catalogue.commands.items() if command == "human"}
    for name, node in graph.nodes.items():
        leads = any(isinstance(t, Enter) and t.dialog == "handover" for t in targets(node.step))
        if words & node.own_words and not leads:
            yield f"{name}: takes the words for a person for something else"


def _options_are_answers(graph: _Graph) -> Iterator[str]:
    for name, node in graph.nodes.items():
        step = node.step
        if isinstance(step, Choose) and not set(step.exclusive) <= set(step.options):
            yield f"{name}: an exclusive option is not among the options"
        if isinstance(step, Review):
            for item in step.items:
                if item not in graph.nodes or not isinstance(graph.nodes[item].step, Question):
                    yield f"{name}: lists {item}, which is no question"


COMMANDS = (
    *("help", "back", "cancel", "restart", "progress", "menu", "human", "stop_pushes", "mine", "erase"),
    *("resume", "register", "correct", "bind_staff", "unbind_staff", "positions", "events", "internship"),
    "host",
)
SHARED_TEXTS = (
    *("where", "help", "offer_help", "stale", "at_first", "left", "pushes_stopped", "not_registered"),
    *("again", "looping"),
)


def _command_faults(catalogue: Catalogue) -> Iterator[str]:
    for needed in COMMANDS:
        if needed not in catalogue.commands.values():
            yield f"common.commands: no word for {needed}"
    for text in SHARED_TEXTS:
        if text not in catalogue.common:
            yield f"common.say: no text {text}"
    if "other" not in catalogue.rejected:
        yield "common.rejected: the text of last resort, other, is missing"


CHECKS = (
    _edges_land,
    _edges_are_complete,
    _every_step_is_reached,
    _every_step_reaches_an_end,
    _no_loop_without_input,
    _no_answer_is_read_before_it_is_given,
    _consent_comes_first,
    _nothing_is_asked_twice,
    _choices_can_be_told_apart,
    _texts_are_there_and_fit,
    _a_person_can_be_reached,
    _options_are_answers,
)
