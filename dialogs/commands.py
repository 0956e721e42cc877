"""The words that work at every step (帮助、返回、取消 …), as moves of a walk.

Which words mean which command stands in `texts/common.toml`; here is what each command does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dialogs.definition import Enter, Finish, Question, Review
from dialogs.model import Answers, Save, Say
from policy.regions import city_of

if TYPE_CHECKING:
    from dialogs.walk import Walk

CITY_CODE = re.compile(r"(?<!\d)44\d{4}(?!\d)")
BINDING = re.compile(r"(?:工作人员)?绑定\s*([2-9a-hjkmnp-z]{4}[\s-]*[2-9a-hjkmnp-z]{4})")
"""A clerk's one-time code, folded (see `dialogs.staff`)."""
NUMBERED = re.compile(r"(岗位|活动|position_|event_)\s*(?:编?号)?\s*(\d{1,9})\s*号?")
"""A position or an event by its number, as pages and posters name it."""
NAMING = frozenset("岗活pe工绑")
"""How such texts begin: most answers need not be held against the patterns."""
HOME = Enter("home")
REGISTRATION = Enter("registration")

ENTRIES: Mapping[str, Enter] = {
    "menu": HOME,
    "human": Enter("handover"),
    "mine": Enter("preferences", "fetch_mine"),
    "erase": Enter("preferences", "confirm_erase"),
    "bind_staff": Enter("staff"),
    "unbind_staff": Enter("staff", "unbind"),
    "positions": Enter("positions"),
    "events": Enter("positions", "look_events"),
    "internship": Enter("internship"),
    "host": Enter("host_application"),
}
"""Words that simply open a dialog."""

PUSHES = "push_consent"
"""The field of the registration that asks for messages of our own accord."""

CONFIRM_RESTART: Mapping[str, Enter] = {
    REGISTRATION.dialog: Enter("home", "confirm_restart"),
    "host_application": Enter("home", "confirm_host_restart"),
}
"""Where a long dialog asks before it is begun anew."""


def obey(walk: Walk, command: str) -> None:
    """Carry out a command by name."""
    if command in ENTRIES:
        walk.enter(ENTRIES[command])
    else:
        COMMANDS[command](walk)


def explain(walk: Walk) -> None:
    """帮助: what this question wants, and the words that always work."""
    general = walk.catalogue.common["help"]
    walk.effects.append(Say(f"{walk.node.help}\n{general}" if walk.node.help else general))
    walk.ask()


def welcome(walk: Walk, scene: str) -> None:
    """The conversation was opened; `scene` is what a poster's code or a link carried, its city code if it has one."""
    if open_numbered(walk, scene):
        return
    found = CITY_CODE.search(scene)
    place = city_of(found[0]) if found else None
    if place is not None:
        walk.effects.append(Say(walk.catalogue.common["welcome_city"].format(city=place.name)))
    walk.enter(HOME)


def named(walk: Walk, text: str) -> bool:
    """Open what a folded text names by number or code; False when it names nothing."""
    return text[:1] in NAMING and (open_numbered(walk, text) or bind_staff(walk, text))


def bind_staff(walk: Walk, text: str) -> bool:
    """绑定 and a code in one message: tie this chat to a clerk; False when the text is something else."""
    found = BINDING.fullmatch(text)
    if found is None:
        return False
    code = found[1][:4] + found[1][-4:]
    walk.answers = {**walk.answers, "_named": {"code": code}}
    walk.enter(Enter("staff", take="_named"))
    return True


def open_numbered(walk: Walk, text: str) -> bool:
    """Open the position or event that a text names by its number (岗位12); False when it names none."""
    found = NUMBERED.fullmatch(text)
    if found is None:
        return False
    if found[1] in ("岗位", "position_"):
        field, step = "position", "open"
    else:
        field, step = "event", "open_event"
    walk.answers = {**walk.answers, "_named": {field: int(found[2])}}
    walk.enter(Enter("positions", step, take="_named"))
    return True


def go_back(walk: Walk) -> None:
    """返回: the question before this one; its answer stays until another is given."""
    if walk.trail:
        *rest, last = walk.trail
        walk.trail, walk.wrong = tuple(rest), 0
        walk.arrive(walk.dialog.node(last))
    elif walk.dialog.definition.long:
        walk.say("at_first")
        walk.ask()
    elif walk.dialog.definition.name == HOME.dialog:
        walk.ask()
    else:
        resume(walk)


def leave(walk: Walk) -> None:
    """取消: out of the dialog; a long one is kept."""
    if walk.dialog.definition.long:
        walk.say("left")
    walk.enter(HOME)


def restart(walk: Walk) -> None:
    """重新开始: asks first when there is something to lose."""
    own = walk.dialog.definition
    at_stake = [*filter(CONFIRM_RESTART.__contains__, walk.parked), *([own.name] if own.long else [])]
    walk.enter(CONFIRM_RESTART[at_stake[-1]] if at_stake else HOME)


def tell_progress(walk: Walk) -> None:
    """进度: how far the registration is, or what is stored."""
    if walk.dialog.definition.long:
        walk.say_where()
        walk.ask()
    elif any(name in CONFIRM_RESTART for name in walk.parked):
        resume(walk)
    elif walk.session.registered:
        walk.enter(ENTRIES["mine"])
    else:
        walk.say("not_registered")
        walk.enter(HOME)


def resume(walk: Walk) -> None:
    """继续: on with the question that is open, or the dialog that was left half-way, or the menu."""
    step = walk.node.step
    if not walk.dialog.definition.long:
        walk.enter(Enter(list(walk.parked)[-1]) if walk.parked else HOME)
    elif isinstance(step, Question) and step.into in walk.answers:  # after 返回: the old answer stands
        walk.push()
        walk.follow()
    else:
        walk.say_where()
        walk.ask()


def start_registration(walk: Walk) -> None:
    """报名: on with a registration that is under way, else what the menu's first entry does."""
    if walk.dialog.definition.name == REGISTRATION.dialog and not isinstance(walk.node.step, Finish):
        resume(walk)
    elif walk.session.registered and REGISTRATION.dialog not in walk.parked:
        walk.enter(Enter("home", "registered_before"))
    else:
        walk.enter(REGISTRATION)


def stop_pushes(walk: Walk) -> None:
    """退订: no more messages of our own accord, at once; a registration under way will not ask for them either."""
    walk.effects.append(Save("set_push", {"allowed": False}))
    walk.say("pushes_stopped")
    walk.parked = {
        name: [version, step, _without_pushes(answers), trail]
        for name, (version, step, answers, trail) in walk.parked.items()
    }
    step = walk.node.step
    if isinstance(step, Question) and step.into == PUSHES:
        walk.answer("no")
    else:
        walk.answers = _without_pushes(walk.answers)
        walk.ask()


def _without_pushes(answers: Answers) -> Answers:
    return {**answers, PUSHES: "no"} if PUSHES in answers else answers


def correct(walk: Walk) -> None:
    """更正信息: the stored answers, to be mended; somebody in the middle of answering goes on there."""
    if walk.dialog.definition.long:
        if not isinstance(walk.node.step, Review):
            walk.say("mend_later")
        walk.ask()
    elif walk.session.registered:
        walk.enter(Enter("preferences", "fetch_answers"))
    else:
        walk.enter(Enter("preferences"))


COMMANDS: Mapping[str, Callable[[Walk], None]] = {
    "help": explain,
    "back": go_back,
    "cancel": leave,
    "restart": restart,
    "progress": tell_progress,
    "resume": resume,
    "register": start_registration,
    "stop_pushes": stop_pushes,
    "correct": correct,
}
