"""The positions dialog (看岗位): few and fitting positions, the details of one, an application; and the events to come.

Whoever is not registered yet is led through the registration and comes back to the position. Before an application
the host's use of the person's data is agreed to by itself (个人信息保护法 第二十三条).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from dialogs.definition import Ask, Choose, Definition, Do, Enter, Finish, Tell, When, answered, condition
from dialogs.errors import Rejected
from dialogs.model import Answers, Choice, View
from dialogs.parse.folding import clean, fold
from dialogs.parse.listing import numbers_in
from policy.regions import CITIES

SHARING_VERSION: Final = "2026-11"
"""Changes whenever the text of `agree` changes; stored with every consent."""

MOST: Final = 5
"""Positions or events shown at once."""
LONGEST_WORDS: Final = 30
MORE: Final = frozenset(
    {
        "更多",
        "下一页",
        "换一批",
        "还有吗",
        "还有别的吗",
        "还有其他的吗",
        "还有呢",
        "再来",
        "看更多",
        "下一批",
        "其他的",
        "其它的",
    }
)
WISHES: Final = frozenset(
    {"按我的意向", "我的意向", "意向", "最新", "最新岗位", "看最新的", "全部", "全部岗位", "所有岗位"}
)

_lead_in = re.compile(
    r"^(?:我|想要?|要|请问?|帮我|给我|还?有没有|有无|还?有|什么|哪些|别的|其[他它]|找|看看?|搜索?|查|换|应聘|做|去|在|的|一下|一个|个|份|关于|\s)+"
)
_tail = re.compile(
    r"(?:方面|相关|之类|类)?的?(?:见习)?(?:岗位|职位|工作|活)?(?:吗|呢|吧|啊|的|[?？。！!\s])*$"
)
_of_positions = re.compile(r"(?:岗位|职位|工作)(?:吗|呢|吧|啊|[?？。！!\s])*$")
_policy = re.compile("补贴|工资|社保|保险|协议|合同|证明|收费|交钱|条件|政策|转正|留用|登记|年龄|学历")
_asking = re.compile("[?？]|吗|怎么|怎样|多少|为啥|能不能|可不可以|会不会|是不是|要不要|算不算|多久")
_is_there = re.compile("(?:请问)?还?有")
_city = re.compile("|".join(f"{city.short}市?" for city in CITIES))
_CODES: Final = {name: city.code for city in CITIES for name in (city.name, city.short)}


# --- understanding ---------------------------------------------------------------------------------------


def pick(text: str, today: date) -> dict[str, Any]:
    """A number of the list, "more", the wishes again, or words to search by. Raises `Rejected`."""
    folded = fold(text)
    numbers = numbers_in(folded, MOST, several=False)
    if numbers:
        return {"number": numbers[0]}
    if folded in MORE:
        return {"more": True}
    if folded in WISHES:
        return {"search": {}}
    return {"search": search(clean(text))}


def search(text: str) -> dict[str, Any]:
    """What to look for: `cities` named, and the other `words`. Raises `Rejected` for a question or too many words."""
    if _asks_something_else(text):
        raise Rejected("positions.question")
    cities = [_CODES[found[0]] for found in _city.finditer(text)]
    words = _tail.sub("", _lead_in.sub("", _city.sub(" ", text))).strip()
    if len(words) > LONGEST_WORDS:
        raise Rejected("text.too_long", limit=LONGEST_WORDS)
    if not any(sign.isalnum() for sign in words):
        words = ""
    if not words and not cities and not _of_positions.search(text):
        raise Rejected("text.no_words")
    found: dict[str, Any] = {"cities": list(dict.fromkeys(cities))} if cities else {}
    return {**found, "words": words} if words else found


def _asks_something_else(text: str) -> bool:
    """Whether it is a question about the programme and not for positions (有会计岗位吗)."""
    if _of_positions.search(text):
        return False
    return bool(_policy.search(text) or (_asking.search(text) and not _is_there.match(text)))


def on_the_list(field: str) -> Any:  # noqa: ANN401 - a look at a value, as `Ask.accept` has it
    """A look whether what was picked is on the list in `field`."""

    def accept(value: dict[str, Any], view: View) -> None:
        shown = view.answers[field]
        last = len(shown["items"])
        if "number" in value and not 1 <= value["number"] <= last:
            raise Rejected("choice.out_of_range", number=value["number"], first=1, last=last)
        if "more" in value and shown.get("after") is None:
            raise Rejected("positions.no_more")

    return accept


def picked(view: View) -> Answers:
    """The answers once something was picked: a position to open, or another search."""
    value, answers = view.answers["_pick"], dict(view.answers)
    if "number" in value:
        answers["position"] = answers["found"]["items"][value["number"] - 1]["id"]
        answers.pop("shown", None)
        return answers
    found = answers.pop("found")
    answers["query"] = {**found["query"], "after": found["after"]} if "more" in value else value["search"]
    return answers


def picked_event(view: View) -> Answers:
    """The answers once an event was picked."""
    answers = dict(view.answers)
    answers["event"] = answers["events"]["items"][view.answers["_event"]["number"] - 1]["id"]
    answers.pop("event_shown", None)
    return answers


def number(text: str, today: date) -> dict[str, Any]:
    """A number of the list of events. Raises `Rejected`."""
    numbers = numbers_in(fold(text), MOST, several=False)
    if not numbers:
        raise Rejected("positions.number")
    return {"number": numbers[0]}


# --- conditions ------------------------------------------------------------------------------------------


@condition(reads=("found",))
def nothing_found(view: View) -> bool:
    """The search gave nothing."""
    return not view.answers["found"]["items"]


@condition(reads=("_pick",))
def one_picked(view: View) -> bool:
    """A position of the list was picked."""
    return "number" in view.answers["_pick"]


@condition(reads=("shown",))
def gone(view: View) -> bool:
    """The position does not recruit any more."""
    return bool(view.answers["shown"].get("gone"))


@condition()
def not_registered(view: View) -> bool:
    """The person has to register before applying."""
    return not view.registered


@condition(reads=("_applied",))
def applied(view: View) -> bool:
    """The application was taken."""
    return "refused" not in view.answers["_applied"]


@condition(reads=("events",))
def no_events(view: View) -> bool:
    """No event is announced."""
    return not view.answers["events"]["items"]


@condition(reads=("event_shown",))
def event_gone(view: View) -> bool:
    """The event is over or called off."""
    return bool(view.answers["event_shown"].get("gone"))


@condition(reads=("event_shown",))
def coming(view: View) -> bool:
    """The person has signed up for this event."""
    return bool(view.answers["event_shown"]["mine"])


@condition(reads=("_signed",))
def signed(view: View) -> bool:
    """The wish for the event could be met."""
    return "refused" not in view.answers["_signed"]


# --- what is shown ---------------------------------------------------------------------------------------


def buttons(view: View) -> tuple[Choice, ...]:
    """The positions found as buttons, then more of them."""
    found = view.answers["found"]
    choices = [Choice(str(n), item["label"]) for n, item in enumerate(found["items"], 1)]
    if found["after"] is not None:
        choices.append(Choice("更多", "更多"))
    return tuple(choices)


def other_ways(view: View) -> tuple[Choice, ...]:
    """What to do when a search gave nothing."""
    newest = (Choice("最新岗位", "看最新的岗位"),) if view.answers["found"]["query"] else ()
    return (*newest, Choice("活动", "看对接活动"), Choice("菜单", "回菜单"))


def event_buttons(view: View) -> tuple[Choice, ...]:
    """The events as buttons."""
    items = view.answers["events"]["items"]
    return tuple(Choice(str(n), item["label"]) for n, item in enumerate(items, 1))


def heading(view: View) -> Mapping[str, str]:
    """How the list came about."""
    return {"heading": view.answers["found"]["heading"]}


def position_shown(view: View) -> Mapping[str, str]:
    """One position and the link to its page."""
    shown = view.answers["shown"]
    return {**shown, "url": f"/positions/{shown['id']}", "link": "看完整介绍"}


def applied_shown(view: View) -> Mapping[str, str]:
    """The position that was applied for."""
    return view.answers["shown"]  # type: ignore[no-any-return]  # texts only, as the shell worded them


def event_shown(view: View) -> Mapping[str, str]:
    """One event."""
    return {name: str(value) for name, value in view.answers["event_shown"].items()}


def refusal(field: str) -> Any:  # noqa: ANN401 - a `show`
    """A `show` of why something was refused."""
    return lambda view: {"reason": view.answers[field]["refused"]}


def sharing(view: View) -> Mapping[str, Any]:
    """The agreement to let the host have the profile."""
    return {"kind": "share_with_host", "given": view.answers["_agree"] == "agree", "version": SHARING_VERSION}


FINDING = (
    Do(
        name="look",
        verb="find_positions",
        into="found",
        data=lambda view: {"query": view.answers.get("query", {})},
        maybe=("query",),
        goto=(When(nothing_found, "nothing"), "list"),
    ),
    Ask(
        name="list",
        into="_pick",
        parse=pick,
        accept=on_the_list("found"),
        accepts=("found",),
        adopt=picked,
        suggest=buttons,
        show=heading,
        shows=("found",),
        goto=(When(one_picked, "open"), "look"),
    ),
    Ask(
        name="nothing",
        into="_pick",
        parse=pick,
        accept=on_the_list("found"),
        accepts=("found",),
        adopt=picked,
        suggest=other_ways,
        show=heading,
        shows=("found",),
        goto=("look",),
    ),
)
APPLYING = (
    Do(
        name="open",
        verb="open_position",
        into="shown",
        data=lambda view: {"id": view.answers["position"]},
        maybe=("position",),
        goto=(When(gone, "gone"), "position"),
    ),
    Tell(name="gone", goto=("look",)),
    Choose(
        name="position",
        into="_act",
        options=("apply", "list"),
        show=position_shown,
        shows=("shown",),
        goto=(
            When(answered("_act", "list"), "look"),
            When(not_registered, Enter("registration", keep=True, note="register_first")),
            "agree",
        ),
    ),
    Choose(
        name="agree",
        into="_agree",
        options=("agree", "decline"),
        emit=sharing,
        saves="record_consent",
        goto=(When(answered("_agree", "decline"), "not_applied"), "apply"),
    ),
    Tell(name="not_applied", goto=("look",)),
    Do(
        name="apply",
        verb="apply_position",
        into="_applied",
        data=lambda view: {"id": view.answers["position"]},
        maybe=("position",),
        goto=(When(applied, "applied"), "refused"),
    ),
    Finish(name="applied", show=applied_shown, shows=("shown",)),
    Tell(name="refused", show=refusal("_applied"), shows=("_applied",), goto=("look",)),
)
EVENTS = (
    Do(name="look_events", verb="find_events", into="events", goto=(When(no_events, "no_events"), "events")),
    Finish(name="no_events"),
    Ask(
        name="events",
        into="_event",
        parse=number,
        accept=on_the_list("events"),
        accepts=("events",),
        adopt=picked_event,
        suggest=event_buttons,
        goto=("open_event",),
    ),
    Do(
        name="open_event",
        verb="open_event",
        into="event_shown",
        data=lambda view: {"id": view.answers["event"]},
        maybe=("event",),
        goto=(When(event_gone, "event_gone"), When(coming, "event_coming"), "event"),
    ),
    Tell(name="event_gone", goto=("look_events",)),
    Choose(
        name="event",
        into="_act",
        options=("sign_up", "list"),
        show=event_shown,
        shows=("event_shown",),
        goto=(When(answered("_act", "list"), "look_events"), "sign_up"),
    ),
    Choose(
        name="event_coming",
        into="_act",
        options=("list", "take_back"),
        show=event_shown,
        shows=("event_shown",),
        goto=(When(answered("_act", "list"), "look_events"), "take_back"),
    ),
    Do(
        name="sign_up",
        verb="sign_up_event",
        into="_signed",
        data=lambda view: {"id": view.answers["event"]},
        maybe=("event",),
        goto=(When(signed, "signed_up"), "event_refused"),
    ),
    Do(
        name="take_back",
        verb="leave_event",
        into="_signed",
        data=lambda view: {"id": view.answers["event"]},
        maybe=("event",),
        goto=(When(signed, "taken_back"), "event_refused"),
    ),
    Finish(name="signed_up", show=event_shown, shows=("event_shown",)),
    Finish(name="taken_back", show=event_shown, shows=("event_shown",)),
    Tell(name="event_refused", show=refusal("_signed"), shows=("_signed",), goto=("look_events",)),
)

POSITIONS = Definition(name="positions", version=1, steps=(*FINDING, *APPLYING, *EVENTS))
