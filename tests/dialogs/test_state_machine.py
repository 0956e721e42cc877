"""Any sequence of events, in any order, at any pace: the session stays valid and nobody's data is said back in clear."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.texts import catalogue
from dialogs.definition import Choose, Finish, Question, Review
from dialogs.echoes import ECHO_LIMIT, ECHO_SECONDS, REMEMBERED
from dialogs.engine import advance
from dialogs.model import Chose, Said, Session, Shared, Started, TimedOut, decode, encode
from dialogs.progress import progress
from tests.dialogs.talk import GRADUATE, YOUTH, Talk

READY: Final = catalogue()
SENSITIVE: Final = ("name", "id_number", "phone")
PEOPLE: Final = (
    GRADUATE,
    YOUTH,
    {**GRADUATE, "name": "迪丽达尔·艾合买提", "id_number": "H12345678", "birth_date": "2003年9月1日"},
    {**YOUTH, "name": "𠮷田一", "id_number": "440106201103010022", "phone": "+852 6123 4567"},
    {**YOUTH, "track": "3", "education": "大专", "graduated_on": "2024年11月"},
)
SECRETS: Final = sorted(
    {person[field] for person in PEOPLE for field in SENSITIVE} | {"+85261234567", "+852 6123 4567"}
)
ENTRY: Final = {"school": "暨南大学", "major": "", "education": "31", "graduated_on": "2026-06-28"}
COMMANDS: Final = sorted(READY.commands)
OPTIONS: Final = sorted({word for _, node in READY.steps() for word in node.own_words if word})
STEPS: Final = sorted((own.name, node.step.name) for own, node in READY.steps())

noise = st.text(max_size=40) | st.text("0123456789XＸ年月日-/.、，。 \n\x00\u202e", max_size=30)
pauses = st.sampled_from((1, 1, 5, 20, 60, 299, 300, 301, 3600, 6 * 3600 + 1, 2 * 86400))


class Conversation(RuleBasedStateMachine):
    """One person who may do anything, and whose base may or may not know them from a register."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Talk()
        self.person = PEOPLE[0]
        self.said: dict[str, list[float]] = defaultdict(list)

    @initialize(person=st.sampled_from(PEOPLE), known=st.booleans())
    def somebody_comes(self, person: dict[str, str], known: bool) -> None:
        self.person = person
        self.talk = Talk(ENTRY if known else None)

    # --- what may happen ---

    @rule()
    def answers_the_question(self) -> None:
        step = READY.dialog(self.talk.session.dialog).node(self.talk.step).step
        answer = "提交" if isinstance(step, Review) else self.person.get(self.talk.step, "1")
        self.happens(Said(answer))

    @rule(steps=st.integers(2, 9))
    def answers_several_questions(self, steps: int) -> None:
        for _ in range(steps):
            self.answers_the_question()

    @rule()
    def begins_to_register(self) -> None:
        self.happens(Said("报名"))

    @rule(choice=st.integers(0, 25))
    def picks_a_number(self, choice: int) -> None:
        self.happens(Said(str(choice)))

    @rule(word=st.sampled_from(COMMANDS))
    def says_a_word_that_works_everywhere(self, word: str) -> None:
        self.happens(Said(word))

    @rule(word=st.sampled_from(OPTIONS))
    def says_a_word_of_some_question(self, word: str) -> None:
        self.happens(Said(word))

    @rule(person=st.sampled_from(PEOPLE), field=st.sampled_from(SENSITIVE))
    def says_something_sensitive_anywhere(self, person: dict[str, str], field: str) -> None:
        if field != "name" or self.talk.step not in ("school", "major"):  # nobody can tell it from a school's
            self.happens(Said(person[field]))

    @rule(text=noise)
    def says_anything(self, text: str) -> None:
        self.happens(Said(text))

    @rule(place=st.sampled_from(STEPS), value=st.sampled_from(("1", "2", "提交", "继续", "菜单", "x")))
    def taps_a_button_of_any_question(self, place: tuple[str, str], value: str) -> None:
        self.happens(Chose(*place, value))

    @rule()
    def taps_a_button_that_is_shown(self) -> None:
        choices = [choice for say in self.talk.says for choice in say.choices]
        if choices:
            self.happens(Chose(self.talk.session.dialog, self.talk.step, choices[-1].value))

    @rule(kind=st.sampled_from(("image", "voice", "location", "sticker", "?")), text=st.just("") | noise)
    def sends_what_is_no_text(self, kind: str, text: str) -> None:
        self.happens(Shared(kind, text))

    @rule(event=st.sampled_from((Started(), Started("poster-7"), TimedOut("nudge"))))
    def opens_again_or_a_timer_fires(self, event: Started | TimedOut) -> None:
        self.happens(event)

    @rule(seconds=pauses)
    def lets_time_pass(self, seconds: int) -> None:
        self.talk.now += timedelta(seconds=seconds)

    # --- what must hold ---

    def happens(self, event: Said | Chose | Shared | Started | TimedOut) -> None:
        """One turn, and what must hold of what it says."""
        before = self.talk.session
        self.talk.send(event)
        for say in self.talk.says:
            assert say.text.strip()
            assert not [secret for secret in SECRETS if secret in say.text], (
                f"at {before.dialog}.{before.step}"
            )
            self.remember(say.text)
        if before.step == "consent" and self.talk.answers.get("consent") != "agree":
            assert not set(SENSITIVE) & self.talk.answers.keys()

    def remember(self, text: str) -> None:
        """No text more than five times in five minutes, as long as the session remembers all that it has said."""
        if len(self.talk.session.echoes) == REMEMBERED:
            self.said.clear()
        now = self.talk.now.timestamp()
        self.said[text] = [at for at in self.said[text] if now - at < ECHO_SECONDS] + [now]
        assert len(self.said[text]) <= ECHO_LIMIT, text

    @invariant()
    def the_session_is_valid(self) -> None:
        session = self.talk.session
        node = READY.dialog(session.dialog).node(session.step)
        assert node.step.waits
        assert session.version == READY.dialog(session.dialog).definition.version
        assert decode(encode(session), registered=session.registered) == session
        assert not [field for field in session.answers if field[0] == "_"]
        assert len(encode(session)) < 8000

    @invariant()
    def the_trail_leads_back_through_answered_questions(self) -> None:
        session = self.talk.session
        steps = [READY.dialog(session.dialog).node(name).step for name in session.trail]
        assert len(set(session.trail)) == len(session.trail)
        if not isinstance(READY.dialog(session.dialog).node(session.step).step, Finish):
            fields = {step.into for step in steps if isinstance(step, Question) and step.into[0] != "_"}
            assert fields <= session.answers.keys()

    @invariant()
    def progress_is_within_bounds(self) -> None:
        counted = progress(READY, self.talk.session, self.talk.now.date())
        assert counted is None or 0 <= counted.done <= counted.total <= 25

    @invariant()
    def nothing_sensitive_is_kept_without_consent(self) -> None:
        session = self.talk.session
        kept = [session.answers, *(left[2] for left in session.parked.values())]
        for answers in kept:
            if set(SENSITIVE) & answers.keys():
                assert answers["consent"] == "agree"

    @invariant()
    def what_is_set_aside_is_neither_sensitive_nor_a_consent_and_only_of_this_dialog(self) -> None:
        session = self.talk.session
        assert not {*SENSITIVE, "hardship", "consent", "push_consent"} & session.aside.keys()
        assert not session.aside or session.dialog == "registration"

    @invariant()
    def what_was_registered_was_complete(self) -> None:
        for verb, data in self.talk.base.saved:
            if verb == "register":
                assert {*SENSITIVE, "consent", "residence", "available_from", "cities"} <= data.keys()

    @invariant()
    def after_declining_nothing_is_left(self) -> None:
        if catalogue().dialog("registration").node("consent").note in self.talk.text:
            assert (self.talk.session.answers, self.talk.session.trail) == ({}, ())
            assert self.talk.session.aside == {}
            assert "registration" not in self.talk.session.parked

    @invariant()
    def the_menu_is_always_one_word_away(self) -> None:
        moved: Session = advance(READY, self.talk.session, Said("/menu"), self.talk.now).session
        assert (moved.dialog, moved.step) == ("home", "menu")

    @invariant()
    def an_open_choice_was_offered_or_has_been_said_often_enough(self) -> None:
        step = READY.dialog(self.talk.session.dialog).node(self.talk.step).step
        if isinstance(step, Choose | Review) and self.talk.says:
            assert self.talk.says[-1].choices


TestConversation = Conversation.TestCase
TestConversation.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
