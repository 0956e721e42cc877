"""What a step of the engine costs beside a bare dict of functions doing the same form.

A turn: message from JSON → session from JSON → step → session to JSON → reply to JSON, in one process, one core,
nothing stored. Both sides use the same JSON library, keep the same answers and send the same texts and choices.
Timed with the process' own CPU clock, which other processes on the machine disturb less than the wall clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import process_time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from bench.bare_machine import Machine, machine, new_session
from bench.conversation import conversation
from bench.measuring import Figures, Finding, Results, alternate, at_least, of, ratio
from bot.texts import catalogue
from dialogs.catalogue import Catalogue
from dialogs.engine import advance, begin
from dialogs.model import Fetch, Fetched, Said, Say, Session, decode, encode

GOAL: Final = 0.45
ZONE: Final = ZoneInfo("Asia/Shanghai")
SECONDS_BETWEEN: Final = 20
IN_MEMORY: Final = "bare plain json, session in memory"
KNOWN: Final[Mapping[str, Any]] = {"find_register_entry": {}}
"""What the shell would bring: nobody is in an imported register."""


class Json(NamedTuple):
    """A JSON library, with the session's way through it."""

    name: str
    loads: Callable[[str | bytes], Any]
    dumps: Callable[[Any], str | bytes]
    decode: Callable[[Any], Session]
    encode: Callable[[Session], str | bytes]


def _standard_decode(data: str) -> Session:
    dialog, version, step, answers, trail, wrong, parked, heard_at, echoes = json.loads(data)
    return Session(dialog, version, step, answers, tuple(trail), wrong, parked, heard_at, tuple(echoes))


ORJSON: Final = Json("orjson", orjson.loads, orjson.dumps, decode, encode)
STANDARD: Final = Json(
    "json", json.loads, json.dumps, _standard_decode, lambda session: json.dumps(session[:9])
)


def run(*, people: int = 400, rounds: int = 9) -> list[Finding]:
    """Measure; `people` conversations a run."""
    now = datetime.now(UTC).astimezone(ZONE)
    ready, today = catalogue(), now.date()
    scripts = [[turn.text for turn in conversation(person, today)[1:]] for person in range(people)]
    cases: dict[str, Callable[[], Figures]] = {}
    for library in (ORJSON, STANDARD):
        heard = [[library.dumps({"text": text, "message_id": "0" * 32}) for text in said] for said in scripts]
        stored = [_states(ready, library, said, now) for said in scripts]
        cases[f"engine {library.name}"] = partial(_engine, ready, library, heard, now)
        for understanding in ("ours", "plain"):
            bare = machine(ready, today, understanding=understanding)
            cases[f"bare {understanding} {library.name}"] = partial(_bare, bare, library, heard, stored)
    kept = partial(_bare_kept, machine(ready, today, understanding="plain"), STANDARD, heard)
    cases[IN_MEMORY] = kept
    _agree(ready, scripts[0], now, today)
    return _findings(alternate(cases, rounds))


def _findings(results: Results) -> list[Finding]:
    def measured(case: str) -> str:
        return f"{of(results, case, 'us')} µs"

    found = [Finding(LABELS[case], measured(case)) for case in results]
    for library in ("orjson", "json"):
        ours = f"engine {library}"
        found.append(
            at_least(
                f"engine ÷ bare, same parsers, {library}",
                measured(ours),
                ratio(results, ours, f"bare ours {library}", "rate"),
                GOAL,
            )
        )
        plain = ratio(results, ours, f"bare plain {library}", "rate")
        found.append(Finding(f"engine ÷ bare, exact answers only, {library}", measured(ours), str(plain)))
    hardest = ratio(results, "engine orjson", IN_MEMORY, "rate")
    what = "engine, orjson ÷ bare, exact answers only, json without the session"
    return [*found, Finding(what, measured("engine orjson"), str(hardest))]


LABELS: Final = {
    "engine orjson": "engine, orjson",
    "engine json": "engine, standard json",
    "bare ours orjson": "bare machine with our parsers, orjson",
    "bare ours json": "bare machine with our parsers, standard json",
    "bare plain orjson": "bare machine, exact answers only, orjson",
    "bare plain json": "bare machine, exact answers only, standard json",
    IN_MEMORY: "bare machine, exact answers only, standard json, no session in JSON",
}


def _agree(ready: Catalogue, said: Sequence[str], now: datetime, today: date) -> None:
    """The engine and both machines must end at the review with the same questions answered."""
    session = _at_first_question(ready)
    states = [new_session(), new_session()]
    machines = [machine(ready, today, understanding=way) for way in ("ours", "plain")]
    for text in said:
        session, _ = _advance(ready, session, text, now)
        for state, bare in zip(states, machines, strict=True):
            bare[state["step"]](state, text)
    ours = {field: value for field, value in session.answers.items() if field != "known"}
    assert session.step == "review", session.step
    assert all(state["step"] == "review" and state["answers"].keys() == ours.keys() for state in states)
    assert states[0]["answers"] == ours


def _states(ready: Catalogue, library: Json, said: Sequence[str], now: datetime) -> list[str | bytes]:
    """The engine's session before each turn, as it is stored."""
    session = _at_first_question(ready)
    found = []
    for text in said:
        now += timedelta(seconds=SECONDS_BETWEEN)
        found.append(library.encode(session))
        session, _ = _advance(ready, session, text, now)
    return found


def _at_first_question(ready: Catalogue) -> Session:
    return begin(ready)._replace(dialog="registration", step="track")


def _advance(ready: Catalogue, session: Session, text: str, now: datetime) -> tuple[Session, list[Say]]:
    says: list[Say] = []
    session, effects = advance(ready, session, Said(text), now)
    while True:
        says += [effect for effect in effects if isinstance(effect, Say)]
        last = effects[-1]
        if not isinstance(last, Fetch):
            return session, says
        session, effects = advance(ready, session, Fetched(last.verb, KNOWN[last.verb]), now)


def _engine(ready: Catalogue, library: Json, heard: list[list[Any]], now: datetime) -> Figures:
    loads, dumps, decoded, encoded = library.loads, library.dumps, library.decode, library.encode
    stored: list[Any] = [encoded(_at_first_question(ready))] * len(heard)
    started = process_time()
    for place in range(len(heard[0])):
        now += timedelta(seconds=SECONDS_BETWEEN)
        for person, said in enumerate(heard):
            text = loads(said[place])["text"]
            session, says = _advance(ready, decoded(stored[person]), text, now)
            stored[person] = encoded(session)
            dumps(
                {
                    "replies": [
                        {"text": say.text, "choices": [{"value": v, "label": s} for v, s in say.choices]}
                        for say in says
                    ]
                }
            )
    return _rate(started, heard)


def _bare(bare: Machine, library: Json, heard: list[list[Any]], stored: list[list[Any]]) -> Figures:
    """Each turn decodes and encodes the very session that the engine has at that place."""
    loads, dumps = library.loads, library.dumps
    sessions = [new_session() for _ in heard]
    started = process_time()
    for place in range(len(heard[0])):
        for person, said in enumerate(heard):
            text = loads(said[place])["text"]
            carried = loads(stored[person][place])
            session = sessions[person]
            replies = bare[session["step"]](session, text)
            dumps(carried)
            dumps({"replies": replies})
    return _rate(started, heard)


def _bare_kept(bare: Machine, library: Json, heard: list[list[Any]]) -> Figures:
    loads, dumps = library.loads, library.dumps
    sessions = [new_session() for _ in heard]
    started = process_time()
    for place in range(len(heard[0])):
        for person, said in enumerate(heard):
            text = loads(said[place])["text"]
            session = sessions[person]
            dumps({"replies": bare[session["step"]](session, text)})
    return _rate(started, heard)


def _rate(started: float, heard: list[list[Any]]) -> Figures:
    turns, seconds = len(heard) * len(heard[0]), process_time() - started
    return {"rate": turns / seconds, "us": seconds / turns * 1e6}
