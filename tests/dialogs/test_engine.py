"""The engine: what an event means, how answers are kept, what is said again, when it stops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.texts import catalogue
from dialogs.definition import Definition, Do, Enter, Tell
from dialogs.echoes import ECHO_LIMIT, ECHO_SECONDS, HUMAN, REMEMBERED, Echoes, without_echoes
from dialogs.engine import advance, begin
from dialogs.model import (
    Choice,
    Effect,
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
from dialogs.walk import LONG_SILENCE, PATIENCE, STEP_LIMIT, LoopError
from tests.dialogs.small import ask, chain, small_catalogue
from tests.dialogs.talk import GRADUATE, NOW, Talk

OFFER = catalogue().common["offer_help"]
WHERE = "我们接着填，现在是第 "


# --- the session -----------------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=20)
answers = st.dictionaries(texts, st.none() | st.booleans() | texts | st.lists(texts, max_size=3), max_size=5)
sessions = st.builds(
    Session,
    dialog=texts,
    version=st.integers(1, 99),
    step=texts,
    answers=answers,
    trail=st.lists(texts, max_size=5).map(tuple),
    wrong=st.integers(0, 9),
    parked=st.dictionaries(texts, st.tuples(st.integers(1, 9), texts, answers, st.lists(texts)).map(list)),
    heard_at=st.integers(0, 2**33),
    echoes=st.lists(st.lists(st.integers(0, 2**33), min_size=2), max_size=3).map(tuple),
    aside=st.dictionaries(texts, st.lists(st.tuples(texts, answers).map(list), max_size=3), max_size=3),
    registered=st.booleans(),
)


@given(sessions)
def test_a_session_comes_back_from_json_as_it_went(session: Session) -> None:
    assert decode(encode(session), registered=session.registered) == session


def test_a_session_of_before_answers_were_set_aside_is_read_and_written_as_ever() -> None:
    stored = b'["home",1,"menu",{},[],0,{},0,[]]'
    assert decode(stored) == begin(catalogue())
    assert encode(decode(stored)) == stored


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[1,2]", b"null", b"[" * 3, b"\xff", b'["home",1,"menu",{},[],0,{},0,[],{},{}]'],
)
def test_what_is_no_session_is_refused_as_a_value_error(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode(data)


def test_somebody_who_never_wrote_stands_in_the_menu() -> None:
    session = begin(catalogue())
    assert (session.dialog, session.step, session.answers, session.trail) == ("home", "menu", {}, ())


# --- wrong answers ---------------------------------------------------------------------------------------


def test_a_wrong_answer_brings_reason_and_example_and_leaves_the_question_open() -> None:
    talk = Talk().register(until="graduated_on")
    said = talk.say("去年")
    assert "月" in said
    assert "2025年6月30日" in said
    assert talk.step == "graduated_on"
    assert "graduated_on" not in talk.answers


def test_the_third_wrong_answer_in_a_row_offers_help_and_a_person() -> None:
    talk = Talk().register(until="education")
    for _ in range(PATIENCE - 1):
        assert OFFER not in talk.say("嘟嘟嘟")
    assert OFFER in talk.say("嘟嘟嘟")
    assert {choice.value for choice in talk.says[-1].choices} >= {"1", "帮助", "人工"}


def test_a_right_answer_ends_the_row_of_wrong_ones() -> None:
    talk = Talk().register(until="education")
    talk.say("嘟嘟嘟", "嘟嘟嘟", "本科", "嘟嘟嘟")
    assert OFFER not in talk.text
    assert talk.session.wrong == 1


@pytest.mark.parametrize("kind", ["image", "voice", "video", "location", "sticker", "file", "", "shared"])
def test_what_is_no_text_is_refused_kindly_whatever_its_kind(kind: str) -> None:
    talk = Talk().register(until="education")
    assert talk.send(Shared(kind))
    assert (talk.step, talk.session.wrong) == ("education", 1)


def test_a_voice_message_counts_as_its_recognised_text() -> None:
    talk = Talk().register(until="education")
    talk.send(Shared("voice", "大专。"))
    assert (talk.step, talk.answers["education"]) == ("graduated_on", "31")


# --- words that work at every step -----------------------------------------------------------------------


def test_help_says_how_to_fill_this_question_and_puts_it_again() -> None:
    talk = Talk().register(until="id_number")
    said = talk.say("帮助")
    assert "加密保存" in said
    assert "人工" in said
    assert talk.says[-1].text == catalogue().dialog("registration").node("id_number").ask


def test_back_leads_to_the_question_before_and_keeps_its_answer_until_another_is_given() -> None:
    talk = Talk().register(until="graduated_on")
    talk.say("返回")
    assert (talk.step, talk.answers["education"]) == ("education", "31")
    talk.say("不改了")
    assert (talk.step, talk.answers["education"]) == ("graduated_on", "31")


def test_back_at_the_first_question_says_so() -> None:
    talk = Talk()
    talk.say("报名", "返回")
    assert (talk.at, talk.says[0].text) == ("registration.track", catalogue().common["at_first"])


def test_back_as_often_as_there_were_questions_leads_to_the_first() -> None:
    talk = Talk().register(until="review")
    for _ in range(len(GRADUATE)):
        talk.later(minutes=5).say("返回")
    assert talk.step == "track"
    assert talk.answers.keys() >= GRADUATE.keys()


def test_cancelled_and_taken_up_again_days_later_goes_on_at_the_same_question() -> None:
    talk = Talk().register(until="school")
    before = talk.answers
    talk.say("取消")
    assert talk.at == "home.menu"
    said = talk.later(days=2).say("继续")
    assert (talk.at, talk.answers) == ("registration.school", before)
    assert said.startswith(WHERE)


@pytest.mark.parametrize("word", ["菜单", "人工", "我的信息", "删除我的信息"])
def test_whatever_leads_out_of_the_registration_keeps_it(word: str) -> None:
    talk = Talk().register(until="school")
    before = talk.answers
    talk.say(word)
    assert talk.session.dialog != "registration"
    talk.say("菜单", "报名")
    assert (talk.at, talk.answers) == ("registration.school", before)


def test_starting_over_asks_first_and_then_forgets() -> None:
    talk = Talk().register(until="school")
    talk.say("重新开始")
    assert (talk.at, "确定" in talk.text) == ("home.confirm_restart", True)
    talk.say("啊？")
    assert talk.at == "home.confirm_restart"  # not clear enough to throw answers away
    talk.say("是的")
    assert (talk.at, talk.answers, talk.session.parked) == ("registration.track", {}, {})


def test_starting_over_can_be_thought_better_of() -> None:
    talk = Talk().register(until="school")
    before = talk.answers
    talk.say("重新开始", "不")
    assert (talk.at, talk.answers) == ("registration.school", before)


def test_unsubscribing_works_in_the_middle_of_a_question_and_keeps_it() -> None:
    talk = Talk().register(until="school")
    talk.say("退订")
    assert talk.base.saved[-1] == ("set_push", {"allowed": False})
    assert talk.at == "registration.school"


def test_progress_says_where_and_puts_the_question_again() -> None:
    talk = Talk().register(until="name")
    assert talk.say("进度").startswith(f"{WHERE}6 题，共 18 题")
    assert talk.says[-1].text == catalogue().dialog("registration").node("name").ask


def test_a_steps_own_option_comes_before_the_word_that_works_everywhere() -> None:
    talk = Talk()
    talk.say("我的信息", "返回")  # "返回" is an option of that menu
    assert talk.at == "home.menu"


# --- buttons ---------------------------------------------------------------------------------------------


def test_a_button_of_the_open_question_is_as_good_as_its_text() -> None:
    talk = Talk().register(until="education")
    talk.tap("2")
    assert (talk.step, talk.answers["education"]) == ("graduated_on", "21")


def test_a_button_of_an_older_question_changes_nothing_and_brings_the_current_one_again() -> None:
    talk = Talk().register(until="education")
    before = talk.session
    talk.tap("2", at="registration.track")
    assert (talk.session.step, talk.session.answers, talk.session.trail) == (
        before.step,
        before.answers,
        before.trail,
    )
    assert [say.text for say in talk.says] == [
        catalogue().common["stale"],
        catalogue().dialog("registration").node("education").ask,
    ]


def test_a_button_of_another_dialogs_step_of_the_same_name_is_stale_too() -> None:
    talk = Talk()
    talk.say("我的信息")
    assert talk.at == "preferences.menu"
    talk.tap("1", at="home.menu")
    assert talk.at == "preferences.menu"
    assert talk.says[0].text == catalogue().common["stale"]


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("人工", "handover.note"),
        ("帮助", "registration.school"),
        ("菜单", "home.menu"),
        ("取消", "home.menu"),
    ],
)
def test_a_word_that_works_everywhere_works_on_an_old_button_too(word: str, place: str) -> None:
    talk = Talk().register(until="school")
    typed = Talk().register(until="school")
    typed.say(word)
    talk.tap(word, at="registration.residence")
    assert talk.at == place
    assert talk.says == typed.says


def test_an_old_button_never_answers_the_question_that_is_open_now() -> None:
    talk = Talk()
    talk.say("删除我的信息")
    talk.tap("返回", at="home.menu")  # here it would mean "no" if it were typed
    assert talk.at == "home.menu"
    assert "erase" not in talk.base.verbs()


def test_the_buttons_of_an_end_count_although_the_menu_hears_them() -> None:
    talk = Talk().register(until="school")
    talk.say("人工", "想问问")
    talk.tap("继续", at="handover.received")
    assert talk.at == "registration.school"


@pytest.mark.parametrize(
    ("text", "helps"), [("?", True), ("？", True), ("。。", False), ("😀", False), ("[微笑]", False)]
)
def test_a_question_mark_asks_for_help_and_other_signs_are_no_answer(text: str, helps: bool) -> None:
    talk = Talk().register(until="education")
    talk.say(text)
    assert (len(talk.says) == 2, talk.session.wrong) == (helps, 0 if helps else 1)


# --- silence ---------------------------------------------------------------------------------------------


def test_an_answer_after_a_long_silence_is_taken_and_told_where_it_belongs() -> None:
    talk = Talk().register(until="school")
    talk.later(seconds=LONG_SILENCE + 1)
    assert talk.say("暨南大学").startswith(WHERE)
    assert (talk.step, talk.answers["school"]) == ("major", "暨南大学")


def test_an_answer_after_a_short_silence_is_taken_without_ado() -> None:
    talk = Talk().register(until="school")
    talk.later(seconds=LONG_SILENCE)
    assert not talk.say("暨南大学").startswith(WHERE)


def test_a_greeting_after_a_long_silence_is_no_wrong_answer() -> None:
    talk = Talk().register(until="education").later(days=30)
    assert talk.say("在吗").startswith(WHERE)
    assert (talk.step, talk.session.wrong) == ("education", 0)
    assert talk.later(days=30).say("好久不见呀").startswith(WHERE)
    assert (talk.step, talk.session.wrong) == ("education", 0)


@pytest.mark.parametrize("event", [Started(), Started("poster-7"), TimedOut("nudge")])
def test_opening_again_or_a_timer_goes_on_with_what_is_open(event: Started | TimedOut) -> None:
    talk = Talk().register(until="school")
    talk.say("菜单")
    talk.send(event)
    assert talk.at == "registration.school"
    assert talk.text.startswith(WHERE)


# --- loops -----------------------------------------------------------------------------------------------


def test_a_definition_that_goes_in_circles_stops_after_the_step_limit() -> None:
    circle = Definition("circle", 1, (Tell(name="a", goto=("b",)), Tell(name="b", goto=("a",))))
    home = Definition("home", 1, (ask("menu", Enter("circle")),))
    loop = small_catalogue(circle, home=home)
    with pytest.raises(LoopError):
        advance(loop, begin(loop), Said("走"), NOW)


def test_a_turn_may_pass_as_many_answered_questions_as_the_step_limit() -> None:
    names = [f"q{n}" for n in range(STEP_LIMIT - 1)]
    long = small_catalogue(chain(*names))
    session = Session("long", 1, "q0", dict.fromkeys(names[1:], "某某"))
    assert advance(long, session, Said("某某"), NOW).session.step == "review"


def test_a_result_that_nobody_asked_for_changes_nothing() -> None:
    talk = Talk().register(until="school")
    before = talk.session
    moved = advance(catalogue(), before, Fetched("register", {"receipt": "9"}), talk.now)
    assert moved.session.answers == before.answers
    assert (moved.session.step, moved.effects) == ("school", ())


def test_an_interrupted_do_step_is_taken_up_by_the_next_message() -> None:
    fetching = Definition(
        "long",
        1,
        (ask("a", "look"), Do(name="look", verb="find", into="found", goto=("b",)), ask("b", "a")),
        long=True,
    )
    small = small_catalogue(fetching)
    stuck = Session("long", 1, "look", {"a": "好", "found": 1}, ("a",))
    assert advance(small, stuck, Said("喂"), NOW).session.step == "b"


# --- echoes ----------------------------------------------------------------------------------------------


AGAIN = "再说：{text}"


def say_often(effects: list[Say], times: int, apart: int = 1) -> list[tuple[Say, ...]]:
    """What comes out when the same effects are said again and again, `apart` seconds between."""
    heard = []
    echoes: Echoes = ()
    for n in range(times):
        kept, echoes = without_echoes(effects, echoes, 1_000_000 + n * apart, AGAIN, "打转")
        heard.append(tuple(effect for effect in kept if isinstance(effect, Say)))
    return heard


def test_the_same_text_is_said_five_times_and_five_times_again_then_a_way_out_then_nothing() -> None:
    heard = say_often([Say("甲", (Choice("1", "好"), HUMAN))], 4 * ECHO_LIMIT)
    assert [[say.text for say in says] for says in heard] == (
        [["甲"]] * ECHO_LIMIT + [["再说：甲"]] * ECHO_LIMIT + [["打转"]] * ECHO_LIMIT + [[]] * ECHO_LIMIT
    )
    assert {says[0].choices for says in heard[: 3 * ECHO_LIMIT]} == {(Choice("1", "好"), HUMAN)}


def test_beside_something_new_a_stale_text_is_left_out_and_its_buttons_stay() -> None:
    echoes: Echoes = ()
    for n in range(2 * ECHO_LIMIT + 1):
        kept, echoes = without_echoes(
            [Say(f"新{n}"), Say("菜单", (Choice("1", "好"),))], echoes, 1_000 + n, AGAIN, "打转"
        )
    assert kept == (Say(f"新{2 * ECHO_LIMIT}", (Choice("1", "好"),)),)


@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from("甲乙丙")), max_size=80))
def test_no_text_is_said_more_than_five_times_in_any_five_minutes(story: list[tuple[int, str]]) -> None:
    now = 1_000
    echoes: Echoes = ()
    times: dict[str, list[int]] = {}
    for pause, text in story:
        now += pause
        kept, echoes = without_echoes([Say(text)], echoes, now, AGAIN, "打转")
        for effect in kept:
            assert isinstance(effect, Say)
            times.setdefault(effect.text, []).append(now)
    for said in times.values():
        assert all(sum(now - at < ECHO_SECONDS for at in said if at <= now) <= ECHO_LIMIT for now in said)


def test_only_so_many_texts_are_remembered() -> None:
    echoes: Echoes = ()
    for n in range(10 * REMEMBERED):
        _, echoes = without_echoes([Say(str(n))], echoes, 1_000 + n, AGAIN, "打转")
    assert len(echoes) == REMEMBERED


def test_saving_and_fetching_are_never_left_out() -> None:
    effects: list[Effect] = [Say("甲"), Save("x", {}), Fetch("y", {})]
    echoes: Echoes = ()
    for n in range(20):
        kept, echoes = without_echoes(effects, echoes, 1_000 + n, AGAIN, "打转")
        assert kept[-2:] == (Save("x", {}), Fetch("y", {}))


def test_a_stale_text_before_the_question_does_not_take_its_buttons_away() -> None:
    echoes: Echoes = ()
    for n in range(2 * ECHO_LIMIT + 1):
        kept, echoes = without_echoes(
            [Say("旧按钮"), Say(f"问{n}", (Choice("1", "好"),))], echoes, 1_000 + n, AGAIN, "打转"
        )
    assert kept == (Say(f"问{2 * ECHO_LIMIT}", (Choice("1", "好"),)),)
