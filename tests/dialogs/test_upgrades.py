"""Stored sessions outlive the code: upgrades, steps that are gone, and the lock of released steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.texts import STEPS_LOCK, catalogue, read_steps_lock
from dialogs.catalogue import Catalogue
from dialogs.engine import advance
from dialogs.errors import BadDefinition
from dialogs.model import Said, Session
from dialogs.released import HEAD, Released, lock_faults, missing, read_lock, with_missing
from dialogs.upgrades import Upgrades, brought_up, upgraded
from tests.dialogs.small import ask, chain, small_catalogue
from tests.dialogs.talk import NOW, Talk


def versioned(version: int, *names: str) -> Catalogue:
    """A catalogue whose dialog "long" has these questions in that version."""
    return small_catalogue(replace(chain(*names), version=version))


def renamed(old: str, new: str) -> Upgrades:
    """The upgrade from version 1 after a question was renamed."""

    def upgrade(session: Session) -> Session:
        answers = {new if field == old else field: value for field, value in session.answers.items()}
        trail = tuple(new if name == old else name for name in session.trail)
        return session._replace(
            step=new if session.step == old else session.step, answers=answers, trail=trail
        )

    return {("long", 1): upgrade}


# --- upgrading -------------------------------------------------------------------------------------------


def test_a_renamed_step_is_taken_over_with_its_answer() -> None:
    stored = Session("long", 1, "mail", {"a": "某某"}, ("a",))
    now = brought_up(versioned(2, "a", "post"), stored, renamed("mail", "post"))
    assert (now.version, now.step, now.answers) == (2, "post", {"a": "某某"})


def test_every_version_between_is_passed_in_order() -> None:
    seen = []

    def note(session: Session) -> Session:
        seen.append(session.version)
        return session

    upgrades = {("long", version): note for version in (1, 3, 4)}
    assert upgraded(Session("long", 1, "a", {}), 5, upgrades).version == 5
    assert seen == [1, 3, 4]


def test_a_step_that_is_gone_keeps_the_answers_and_goes_on_at_the_first_open_question() -> None:
    stored = Session("long", 1, "gone", {"a": "某某", "b": "某某"}, ("a", "b", "older"))
    small = versioned(1, "a", "b", "c")
    moved = advance(small, stored, Said("某某"), NOW)
    assert moved.session.step == "c"
    assert moved.session.answers == {"a": "某某", "b": "某某"}
    assert moved.session.trail == ("a", "b")


def test_a_dialog_that_is_gone_leads_to_the_menu() -> None:
    stored = Session("lottery", 3, "draw", {"luck": "7"}, ("a",))
    moved = advance(catalogue(), stored, Said("你好"), NOW)
    assert (moved.session.dialog, moved.session.step, moved.session.answers) == ("home", "menu", {})


def test_a_parked_dialog_is_upgraded_when_it_is_taken_up() -> None:
    talk = Talk().register(until="school")
    talk.say("菜单")
    version, _, answers, trail = talk.session.parked["registration"]
    talk.session = talk.session._replace(
        parked={"registration": [version, "gone", answers, [*trail, "older"]]}
    )
    talk.say("继续")
    assert talk.at == "registration.track"
    assert talk.answers == answers
    talk.say("继续")
    assert talk.at == "registration.school"


def test_a_trail_or_a_parked_dialog_of_steps_that_are_gone_breaks_nothing() -> None:
    talk = Talk().register(until="school")
    talk.session = talk.session._replace(
        version=0, trail=("older", *talk.session.trail), parked={"lottery": [1, "draw", {"luck": "7"}, []]}
    )
    for word in ("进度", "返回", "菜单", "继续"):
        talk.say(word)
        assert talk.session.dialog in ("registration", "home")


# --- the lock --------------------------------------------------------------------------------------------

LOCK = f"{HEAD}home 1 menu\nlong 1 a\nlong 1 mail\nlong 1 review\nlong 1 end\n"


def test_the_lock_beside_the_dialogs_knows_every_step_and_orphans_none() -> None:
    assert STEPS_LOCK.is_file()
    assert lock_faults(catalogue(), read_steps_lock()) == ()


def test_the_lock_reads_one_step_a_line() -> None:
    assert read_lock("# 说明\n\nhome 1 menu\nlong 12 a\n") == (
        Released("home", 1, "menu"),
        Released("long", 12, "a"),
    )


@pytest.mark.parametrize("line", ["home menu", "home one menu", "home 1 menu extra", "menu"])
def test_a_line_that_is_no_step_is_named_by_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 3"):
        read_lock(f"# 说明\nhome 1 menu\n{line}\n")
    assert lock_faults(catalogue(), line)[0].startswith("line 1 ")


def test_nothing_is_wrong_while_every_released_step_is_there() -> None:
    assert lock_faults(versioned(1, "a", "mail"), LOCK) == ()


def test_a_step_renamed_without_an_upgrade_is_an_orphan() -> None:
    assert lock_faults(versioned(2, "a", "post"), LOCK, {})[0] == (
        "long.mail: was released, and no upgrade leads from it to a step of today"
    )


def test_with_its_upgrade_it_is_none() -> None:
    small = versioned(2, "a", "post")
    assert lock_faults(small, with_missing(small, LOCK), renamed("mail", "post")) == ()


def test_a_dialog_that_is_gone_and_a_version_that_went_back_are_named() -> None:
    found = lock_faults(versioned(1, "a", "mail"), f"{LOCK}lottery 1 draw\nlong 3 a\n")
    assert found == (
        "lottery.draw: was released, but its dialog is gone",
        "long.a: was released in version 3, later than today's",
    )


def test_a_new_step_is_named_until_it_is_added_and_nothing_is_ever_taken_away() -> None:
    small = versioned(1, "a", "mail", "more")
    assert missing(small, read_lock(LOCK)) == (Released("long", 1, "more"),)
    assert lock_faults(small, LOCK)[0].startswith("long.more: not in the lock")
    added = with_missing(small, LOCK)
    assert added == f"{LOCK}long 1 more\n"
    assert with_missing(small, added) == added


def test_a_first_lock_says_what_it_is_for() -> None:
    assert with_missing(versioned(1, "a"), "").startswith(HEAD)


def test_a_question_can_be_added_without_an_upgrade() -> None:
    stored = Session("long", 1, "b", {"a": "某某"}, ("a",))
    moved = advance(versioned(1, "a", "new", "b"), stored, Said("某某"), NOW)
    assert moved.session.step == "review"  # what was passed before is not asked of a session behind it


def test_bad_definitions_say_all_their_problems_at_once() -> None:
    assert str(BadDefinition(("one", "two"))) == "one; two"
    assert ask("a", "b").into == "a"
