"""A conversation in memory: the real engine and dialogs over a base that only remembers what it was asked.

Sessions go through JSON between any two events, as they do in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.texts import catalogue
from dialogs.catalogue import Catalogue
from dialogs.engine import advance, begin
from dialogs.model import Chose, Event, Fetch, Fetched, Said, Save, Say, Session, decode, encode
from tests.dialogs import care_base, host_base, internship_base, positions_base, staff_base

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

GRADUATE = {
    "track": "1",
    "circumstances": "没有",
    "education": "大专",
    "graduated_on": "2026年6月30日",
    "consent": "同意",
    "name": "梁小凤",
    "id_number": "440106200305084367",
    "phone": "13826001234",
    "residence": "广州市天河区",
    "school": "广东轻工职业技术学院",
    "major": "会计学",
    "skill_level": "没有",
    "hardship": "没有",
    "position_kinds": "2 3",
    "cities": "广州 佛山",
    "available_from": "随时",
    "push_consent": "要",
}
"""A graduate's answers by step."""

YOUTH = {
    **{step: GRADUATE[step] for step in GRADUATE if step not in ("graduated_on",)},
    "track": "2",
    "education": "中专",
    "birth_date": "2005年11月12日",
    "unemployment_registered": "办过",
    "name": "陈大文",
    "id_number": "440303200511120017",
    "phone": "13543210987",
    "residence": "深圳市罗湖区",
}
"""An unemployed youth's answers by step."""


@dataclass
class Base:
    """The fake base: what was saved, and what it answers when asked."""

    register_entry: Mapping[str, Any] = field(default_factory=dict)
    registered: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    saved: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    applied_as_host: bool = False

    def save(self, verb: str, data: Mapping[str, Any]) -> None:
        """Remember what the dialogs wanted to have stored."""
        self.saved.append((verb, dict(data)))

    def fetch(self, verb: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON-safe value
        """Answer as the real verbs do."""
        self.save(verb, data)
        if verb == "find_register_entry":
            return dict(self.register_entry)
        if verb == "register":
            self.registered, self.answers = True, dict(data)
            return {"receipt": "000001"}
        if verb == "my_information":
            return "已登记" if self.answers else "没有信息"
        if verb == "my_answers":
            return {**self.answers, "consent": "agree", "known": {}} if self.answers else {}
        if verb == "make_export":
            return {"url": "/api/chat/export/once"}
        if verb == "hand_over":
            return "000007"
        if verb in care_base.VERBS:
            return care_base.answered(verb, data)
        if verb in staff_base.VERBS:
            return staff_base.answered(verb, data, registered=self.registered)
        if verb in host_base.VERBS:
            return host_base.answered(verb, data, applied=self.applied_as_host)
        if verb in positions_base.VERBS:
            return positions_base.answered(verb, data)
        if verb in internship_base.ANSWERS:
            return internship_base.ANSWERS[verb] if self.registered else []
        if verb == "erase":
            self.registered, self.answers = False, {}
        assert verb in ("erase", "withdraw", "set_push"), verb
        return True

    def verbs(self) -> list[str]:
        """The verbs that were carried out, in order."""
        return [verb for verb, _ in self.saved]


class Talk:
    """One person's conversation: send something, look at what came back and where it stands."""

    def __init__(
        self,
        register_entry: Mapping[str, Any] | None = None,
        own: Catalogue | None = None,
        now: datetime = NOW,
    ) -> None:
        self.catalogue = own or catalogue()
        self.base = Base(register_entry or {})
        self.session: Session = begin(self.catalogue)
        self.now = now
        self.says: list[Say] = []

    # --- what a person does ---

    def say(self, *texts: str) -> str:
        """Write some texts, one after the other; returns what came back on the last, as one text."""
        for text in texts:
            self.send(Said(text))
        return self.text

    def tap(self, value: str, at: str | None = None) -> str:
        """Tap a button of the current question, or of `at` ("dialog.step")."""
        dialog, step = (at or self.at).split(".")
        return self.send(Chose(dialog, step, value))

    def send(self, event: Event) -> str:
        """Let any event happen and carry out what the engine asks for."""
        self.says = []
        session = decode(encode(self.session), registered=self.base.registered)
        for _ in range(8):
            session, effects = advance(self.catalogue, session, event, self.now)
            pending: Fetch | None = None
            for effect in effects:
                assert pending is None, "a fetch is the last effect"
                if isinstance(effect, Say):
                    self.says.append(effect)
                elif isinstance(effect, Save):
                    self.base.save(effect.verb, effect.data)
                else:
                    pending = effect
            if pending is None:
                self.session = session
                return self.text
            event = Fetched(pending.verb, self.base.fetch(pending.verb, pending.data))
            session = session._replace(registered=self.base.registered)
        raise AssertionError("the dialogs ask the base without end")

    def later(self, **duration: float) -> Talk:
        """Let time pass (as for `timedelta`)."""
        self.now += timedelta(**duration)
        return self

    def answer(self, answers: Mapping[str, str], until: str) -> str:
        """Answer each registration question from `answers` until a step is reached; returns the last answer."""
        for _ in range(40):
            if self.step == until:
                return self.text
            self.say(answers[self.step])
        raise AssertionError(f"{until} was not reached, stands at {self.at}")

    def register(self, answers: Mapping[str, str] = GRADUATE, until: str = "review") -> Talk:
        """Begin the registration and answer it up to a step."""
        if self.session.dialog != "registration":
            self.say("报名")
        self.answer(answers, until)
        return self

    # --- where it stands ---

    @property
    def at(self) -> str:
        """Where the conversation stands, "dialog.step"."""
        return f"{self.session.dialog}.{self.session.step}"

    @property
    def step(self) -> str:
        """The current step."""
        return self.session.step

    @property
    def text(self) -> str:
        """All that was said on the last event."""
        return "\n".join(say.text for say in self.says)

    @property
    def answers(self) -> dict[str, Any]:
        """The answers of the current dialog."""
        return dict(self.session.answers)
