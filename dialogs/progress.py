"""How far a person is: the questions answered, and those still to come as far as can be told now."""

from __future__ import annotations

from datetime import date

from dialogs.catalogue import Catalogue, Dialog, Node
from dialogs.definition import Enter, Finish, Question, Review, Step, Target, When
from dialogs.model import Progress, Session, View


def progress(catalogue: Catalogue, session: Session, today: date) -> Progress | None:
    """How far the person is, or None where counting means nothing."""
    dialog = catalogue.dialogs.get(session.dialog)
    node = dialog.nodes.get(session.step) if dialog else None
    if dialog is None or node is None or not dialog.definition.long:
        return None
    return count(dialog, node, View(session.answers, today, session.registered), session.trail)


def count(dialog: Dialog, node: Node, view: View, trail: tuple[str, ...]) -> Progress:
    """Walk on from `node` along the edges that hold as far as can be told, counting open questions."""
    nodes, answers = dialog.nodes, view.answers
    here = node.step.name
    done = len(trail)
    for name in trail:
        if name == here or isinstance(nodes[name].step, Review):
            done -= 1
    if isinstance(node.step, Finish) or (isinstance(node.step, Question) and node.step.into[0] == "_"):
        return Progress(done, done)
    left, seen = 1, {here}
    target = _onward(node.step, view, seen)
    while target is not None and not isinstance(target, Enter):
        seen.add(target)
        step = nodes[target].step
        if isinstance(step, Question):
            if step.into not in answers:
                left += 1
            elif target not in trail:  # answered before an earlier answer was changed
                done += 1
        elif isinstance(step, Review):
            left += 1
        elif isinstance(step, Finish):
            break
        target = _onward(step, view, seen)
    return Progress(done, done + left)


def _onward(step: Step, view: View, seen: set[str]) -> Target | None:
    """The first edge onward that holds, or is taken to hold while the answers it reads are missing."""
    for edge in step.goto:
        if not isinstance(edge, When):
            return None if edge in seen else edge
        if edge.target in seen:
            continue
        test = edge.condition
        known = all(map(view.answers.__contains__, test.reads))
        if test.test(view) if known else test.usual:
            return edge.target
    return None
