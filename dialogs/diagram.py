"""A dialog drawn as Mermaid text, from the same value that runs."""

from __future__ import annotations

from dialogs.definition import Definition, Do, Enter, Finish, Review, Step, Tell, When


def mermaid(definition: Definition) -> str:
    """The flow chart of a dialog: questions as boxes, silent steps as rounded boxes, ends as circles."""
    lines = ["flowchart TD"]
    lines.extend(f"    {_shape(step)}" for step in definition.steps)
    for step in definition.steps:
        for edge in step.goto:
            target = edge.target if isinstance(edge, When) else edge
            label = f"|{edge.condition.name}|" if isinstance(edge, When) else ""
            lines.append(f"    {step.name} -->{label} {_place(target)}")
        if isinstance(step, Review):
            lines.extend(f"    {step.name} -.->|edit| {item}" for item in step.items)
    return "\n".join(lines) + "\n"


def _shape(step: Step) -> str:
    if isinstance(step, Finish):
        return f"{step.name}(({step.name}))"
    if isinstance(step, Do | Tell):
        return f"{step.name}([{step.name}])"
    return f"{step.name}[{step.name}]"


def _place(target: str | Enter) -> str:
    if isinstance(target, Enter):
        step = f".{target.step}" if target.step else ""
        return f"{target.dialog}_{target.step or 'start'}{{{{{target.dialog}{step}}}}}"
    return target
