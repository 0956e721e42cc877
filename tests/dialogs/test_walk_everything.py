"""An exhaustive walk: every state that representative inputs lead to, from the first greeting on.

States are told apart by where the person stands, what the eligibility rules make of the answers, whether questions
behind the open one are answered already, what is left half-way elsewhere, and whether the person is in the base. At
each, every option and a valid answer for every branch is tried, and at each place also wrong answers, every word that
works everywhere, stale buttons, pictures and a timer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from bot.texts import catalogue
from dialogs.definition import Choose, Finish, Question, Review
from dialogs.engine import advance, begin
from dialogs.facts import assessment
from dialogs.model import (
    Chose,
    Event,
    Fetch,
    Fetched,
    Said,
    Save,
    Say,
    Session,
    Shared,
    Started,
    TimedOut,
    decode,
    encode,
)
from dialogs.progress import progress
from tests.dialogs import care_base, host_base, internship_base, positions_base, staff_base
from tests.dialogs.talk import NOW

READY: Final = catalogue()
TODAY: Final = NOW.date()

IN_REGISTER: Final = "陈大文"
"""Whoever has this name is found in a register."""

ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "education": ("1", "6", "10"),  # 大专, 中专, 高中: one of each kind
    "graduated_on": ("2026年6月30日", "2024年11月", "2023年6月"),
    "birth_date": ("2005年11月12日", "1999年1月1日", "2011年3月1日"),
    "name": ("梁小凤", IN_REGISTER),
    "id_number": ("440303200511120017", "440106199901011230", "440106201103010022", "H12345678"),
    "phone": ("13826001234",),
    "residence": ("广州市天河区",),
    "school": ("暨南大学",),
    "major": ("会计学",),
    "skill_level": ("1",),
    "hardship": ("1", "3 4"),
    "position_kinds": ("2 3",),
    "cities": ("广州",),
    "available_from": ("随时",),
    "ask": ("见习有工资吗", "今天天气怎么样"),
    "note": ("想问问",),
    **care_base.TOLD,
    **staff_base.TOLD,
    **host_base.TOLD,
    "which": ("12",),
    **positions_base.TOLD,
}
"""One valid answer for each way that a question can lead; all options where none are given here."""

WRONG: Final = ("", "嘟嘟嘟", "99", "见习有工资吗？")
ODD: Final[tuple[Event, ...]] = (
    Chose("registration", "track", "1"),
    Chose("lottery", "draw", "7"),
    Shared("image"),
    Shared("voice", "帮助"),
    Shared("location"),
    TimedOut("nudge"),
    Started(),
)
REGISTER_ENTRY: Final = {"school": "暨南大学", "major": "", "education": "31", "graduated_on": "2023-06-28"}
CONTRACT: Final = frozenset(
    (
        *(
            "track",
            "circumstances",
            "education",
            "graduated_on",
            "birth_date",
            "unemployment_registered",
            "consent",
        ),
        *(
            "name",
            "id_number",
            "phone",
            "residence",
            "school",
            "major",
            "skill_level",
            "hardship",
            "position_kinds",
        ),
        *("cities", "available_from", "push_consent", "review", "done", "not_eligible", "confirm_known"),
    )
)


STORED: Final = {
    "track": "graduate",
    "circumstances": ["none"],
    "education": "31",
    "graduated_on": "2026-06-30",
    "consent": "agree",
    "name": "梁小凤",
    "id_number": "440303200511120017",
    "phone": "13826001234",
    "residence": "440106",
    "known": {},
    "school": "暨南大学",
    "major": "会计学",
    "skill_level": "none",
    "hardship": ["none"],
    "position_kinds": ["1"],
    "cities": ["440100"],
    "available_from": "2026-11-24",
    "push_consent": "yes",
}
"""What the base gives back to somebody who corrects it."""


OTHERWISE: Final[Mapping[str, Any]] = {**internship_base.OTHERWISE, "erase": "locked"}
"""What the base answers where things stand otherwise than in `carried_out`; every turn that asks is walked both ways."""


def carried_out(session: Session, fetch: Fetch, *, otherwise: bool) -> tuple[Any, bool]:
    """What the base answers to a verb, and whether the person is registered then."""
    data = fetch.data
    if otherwise and fetch.verb in OTHERWISE:
        return OTHERWISE[fetch.verb], session.registered and fetch.verb != "erase"
    if fetch.verb == "register":
        assert {"name", "id_number", "phone", "consent", "residence", "available_from"} <= data.keys()
    if fetch.verb in care_base.VERBS:
        return care_base.answered(fetch.verb, data), session.registered
    if fetch.verb in staff_base.VERBS:
        told = staff_base.answered(fetch.verb, data, registered=session.registered)
        return told, session.registered
    if fetch.verb in host_base.VERBS:
        return host_base.answered(fetch.verb, data, applied=session.registered), session.registered
    if fetch.verb in positions_base.VERBS:
        return positions_base.answered(fetch.verb, data, events=session.registered), session.registered
    answers: Mapping[str, Any] = {
        "find_register_entry": REGISTER_ENTRY if data.get("name") == IN_REGISTER else {},
        "register": {"receipt": "000001"},
        "my_information": "已登记",
        "my_answers": STORED if session.registered else {},
        "make_export": {"url": "/api/chat/export/once"},
        "hand_over": "000007",
        **(internship_base.ANSWERS if session.registered else {"my_internships": []}),
    }
    registered = fetch.verb == "register" or (session.registered and fetch.verb != "erase")
    return answers.get(fetch.verb, True), registered


class Moved(NamedTuple):
    """Where an event led, and what was said."""

    session: Session
    says: tuple[Say, ...]
    verbs: frozenset[str] = frozenset()


def turn(session: Session, event: Event, *, otherwise: bool = False) -> Moved:
    """A whole turn, through JSON, without remembering echoes: this walk says everything very often."""
    session = decode(encode(session._replace(echoes=(), heard_at=0)), registered=session.registered)
    says: list[Say] = []
    verbs: set[str] = set()
    for _ in range(8):
        session, effects = advance(READY, session, event, NOW)
        assert all(not isinstance(effect, Fetch) for effect in effects[:-1])
        says += [effect for effect in effects if isinstance(effect, Say)]
        assert all(
            effect.verb in ("record_consent", "set_push") for effect in effects if isinstance(effect, Save)
        )
        if not effects or not isinstance(effects[-1], Fetch):
            return Moved(session, tuple(says), frozenset(verbs))
        verbs.add(effects[-1].verb)
        value, registered = carried_out(session, effects[-1], otherwise=otherwise)
        session, event = session._replace(registered=registered), Fetched(effects[-1].verb, value)
    raise AssertionError(f"{session.dialog}.{session.step} asks the base without end")


def ways(session: Session, event: Event) -> Iterator[Moved]:
    """The turn, and the same turn where the base answers otherwise."""
    moved = turn(session, event)
    yield moved
    if moved.verbs & OTHERWISE.keys():
        yield turn(session, event, otherwise=True)


def place(session: Session) -> tuple[object, ...]:
    """Where somebody stands, whatever they have answered."""
    return (
        session.dialog,
        session.step,
        session.registered,
        _answered_ahead(session),
        "review" in session.trail,
        # A registration goes on alike whatever else was left; and where exactly that was matters nowhere.
        tuple(
            (name, left[1] if name == "registration" else "")
            for name, left in sorted(session.parked.items())
            if name == "registration" or session.dialog != "registration"
        ),
    )


def state(session: Session) -> tuple[object, ...]:
    """What tells two states apart."""
    return (*place(session), _kind(session.answers))


def _kind(answers: Mapping[str, Any]) -> tuple[object, ...]:
    found = assessment(answers, TODAY)
    return (
        found.outcome,
        found.fits_graduate,
        found.fits_youth,
        answers.get("track") == "youth",
        bool(answers.get("known")),
        len(answers.get("id_number", "")),
        care_base.told_apart(answers),
        answers.get("wanted") == host_base.TOO_MANY,
    )


def _answered_ahead(session: Session) -> bool:
    """Whether a question behind the current one has its answer already (after 返回, or when an item is edited)."""
    steps = list(READY.dialog(session.dialog).nodes)
    fields = (READY.dialog(session.dialog).node(name).step for name in steps[steps.index(session.step) + 1 :])
    return any(isinstance(step, Question) and step.into in session.answers for step in fields)


def answers_to(session: Session) -> Iterator[str]:
    """Representative valid answers to the open question."""
    node = READY.dialog(session.dialog).node(session.step)
    if session.step in ANSWERS:
        yield from ANSWERS[session.step]
    elif isinstance(node.step, Choose):
        yield from (choice.value for choice in node.choices)
    elif isinstance(node.step, Review):
        yield "提交"
        yield from (f"改{option.label}" for option in node.options[:-1])


def everything_else() -> Iterator[Event]:
    """What is no answer: wrong ones, the words that work everywhere, and what is not text."""
    yield from (Said(text) for text in WRONG)
    words = {command: word for word, command in READY.commands.items()}
    yield from (Said(word) for word in words.values())
    yield from ODD


class Walked(NamedTuple):
    """The graph of states that was found: for each, where answers and where anything lead."""

    by_answers: dict[tuple[object, ...], set[tuple[object, ...]]]
    by_anything: dict[tuple[object, ...], set[tuple[object, ...]]]
    sample: dict[tuple[object, ...], Session]


@lru_cache(maxsize=1)
def walked() -> Walked:
    """Walk on from the first greeting, and from what we open ourselves, until nothing new is found.

    Every turn on the way is checked.

    Answers are tried at every state, everything else once at every place."""
    start = begin(READY)
    openings = (*care_base.OPENINGS, *staff_base.OPENINGS)
    opened = [turn(start._replace(registered=True), event).session for event in openings]
    found = Walked({}, {}, {state(session): session for session in (start, *opened)})
    todo, places = deque([start, *opened]), set()
    others = tuple(everything_else())
    while todo:
        session = todo.popleft()
        here = state(session)
        by_answers = found.by_answers[here] = set()
        by_anything = found.by_anything[here] = set()
        answers: tuple[Event, ...] = tuple(Said(text) for text in answers_to(session))
        for event in (*answers, *(others if place(session) not in places else ())):
            for moved in ways(session, event):
                check(session, event, moved)
                there = state(moved.session)
                by_anything.add(there)
                if event in answers:
                    by_answers.add(there)
                if there not in found.sample:
                    found.sample[there] = moved.session
                    todo.append(moved.session)
        places.add(place(session))
    return found


def check(before: Session, event: Event, moved: Moved) -> None:
    """What must hold after any turn."""
    session, says = moved.session, moved.says
    where = f"{before.dialog}.{before.step} ← {event!r:.60} → {session.dialog}.{session.step}"
    node = READY.dialog(session.dialog).node(session.step)
    assert node.step.waits, where
    assert says, where
    assert all(say.text.strip() and "{" not in say.text for say in says), where
    if isinstance(node.step, Choose | Review):
        assert says[-1].choices, where  # the question is always put again
    assert decode(encode(session), registered=session.registered)[:4] == session[:4], where
    assert not {"name", "id_number", "phone", "hardship", "consent"} & session.aside.keys(), where
    assert not [field for field in session.answers if field[0] == "_"], where
    steps = [READY.dialog(session.dialog).node(name).step for name in session.trail]
    assert len(set(session.trail)) == len(session.trail), where
    if isinstance(node.step, Finish):
        assert session.answers == {}, where
        return
    fields = [step.into for step in steps if isinstance(step, Question) and step.into[0] != "_"]
    assert set(fields) <= session.answers.keys(), where
    counted = progress(READY, session, TODAY)
    assert counted is None or 0 <= counted.done <= counted.total <= 25, where
    if session.dialog == "registration":
        assert session.step in CONTRACT, where
        if {"name", "id_number", "phone"} & session.answers.keys():
            assert session.answers.get("consent") == "agree", where


def reaching(
    found: dict[tuple[object, ...], set[tuple[object, ...]]], goals: set[tuple[object, ...]]
) -> set[object]:
    """The states from which some goal is reached."""
    before: dict[object, list[object]] = {}
    for here, onward in found.items():
        for there in onward:
            before.setdefault(there, []).append(here)
    seen: set[object] = set(goals)
    todo: list[object] = list(goals)
    while todo:
        new = set(before.get(todo.pop(), ())) - seen
        seen |= new
        todo.extend(new)
    return seen


def test_everything_can_be_tried_everywhere_and_the_question_is_always_put_again() -> None:
    assert len(walked().sample) > 1000  # `check` looked at every turn between them


def test_every_step_that_waits_is_reached() -> None:
    reached = {(session.dialog, session.step) for session in walked().sample.values()}
    assert reached == {(own.name, node.step.name) for own, node in READY.steps() if node.step.waits}


def test_from_every_state_of_the_registration_answers_alone_lead_to_done_or_to_why_not() -> None:
    found = walked()
    ends = {
        here
        for here, session in found.sample.items()
        if session.dialog == "home"
        or (session.dialog == "registration" and session.step in ("done", "not_eligible"))
    }
    leading = reaching(found.by_answers, ends)
    stuck = {here for here, session in found.sample.items() if session.dialog == "registration"} - leading
    assert stuck == set()


def test_from_every_state_the_registration_can_still_be_finished() -> None:
    found = walked()
    done = {here for here, session in found.sample.items() if session.step == "done"}
    assert found.sample.keys() <= reaching(found.by_anything, done)


def test_from_every_state_the_menu_and_a_person_are_one_word_away() -> None:
    for session in walked().sample.values():
        menu = turn(session, Said("菜单")).session
        assert (menu.dialog, menu.step) == ("home", "menu")
        assert turn(session, Said("人工")).session.dialog == "handover"


def test_every_end_is_an_end() -> None:
    ends = {node.step.name for _, node in READY.steps() if isinstance(node.step, Finish)}
    own = internship_base.ENDS | host_base.ENDS | positions_base.ENDS | care_base.ENDS
    own |= staff_base.ENDS
    assert ends == {"done", "withdrawn", "erased", "locked", "received"} | own
