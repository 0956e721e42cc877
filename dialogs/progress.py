"""How far a person is: the questions answered, and those still to come as far as can be told now."""

from __future__ import annotations

from datetime import date

from dialogs.catalogue import Catalogue, Dialog, Node
from dialogs.definition import Enter, Finish, Review, Target, When
from dialogs.model import Progress, Session, View


def progress(catalogue: Catalogue, session: Session, today: date) -> Progress | None:
    """How far the person is, or None where counting means nothing."""
    dialog = catalogue.dialogs.get(session.dialog)
    node = dialog.nodes.get(session.step) if dialog else None
    if dialog is None or node is None or not dialog.definition.long:
        return None
    counted = count(dialog, node, View(session.answers, today, session.registered), session.trail)
    return counted if counted.total else None


def count(dialog: Dialog, node: Node, view: View, trail: tuple[str, ...]) -> Progress:
    """Walk on from `node` along the edges that hold as far as can be told, counting open questions."""
    nodes, answers = dialog.nodes, view.answers
    here = node.name
    done = len(trail)
    for name in trail:
        if name == here or isinstance(nodes[name].step, Review):
            done -= 1
    if isinstance(node.step, Finish) or (node.into is not None and node.into[0] == "_"):
        return Progress(done, done)
    left, seen = 1, {here}
    target = _onward(node, view, seen)
    while target is not None and not isinstance(target, Enter):
        seen.add(target)
        node = nodes[target]
        if node.into is not None:
            if node.into not in answers:
                left += 1
            elif target not in trail:  # answered before an earlier answer was changed
                done += 1
        elif isinstance(node.step, Review):
            left += 1
        elif isinstance(node.step, Finish):
            break
        target = _onward(node, view, seen)
    return Progress(done, done + left)


def _onward(node: Node, view: View, seen: set[str]) -> Target | None:
    """The first edge onward that holds, or is taken to hold while the answers it reads are missing."""
    if node.onward is not None:
        return None if node.onward in seen else node.onward
    for edge in node.step.goto:
        if not isinstance(edge, When):
            return None if edge in seen else edge
        if edge.target in seen:
            continue
        test = edge.condition
        known = all(map(view.answers.__contains__, test.reads))
        if test.test(view) if known else test.usual:
            return edge.target
    return None
