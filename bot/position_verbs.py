"""What the positions dialog asks of the base: find positions by wishes or words, open one, apply for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from bot.desk import Desk, Verb
from bot.page_words import day
from policy.positions import yuan
from policy.refusal import Refused
from policy.regions import CITIES
from storage import internships, people, position_search, waiting_applications
from storage.errors import NotFound
from storage.position_search import PublicPosition

MOST: Final = 5
"""Positions in one message."""
LONGEST_DESCRIPTION: Final = 120
"""Characters of a description in a message; the page has the rest."""
LONGEST_MAJORS: Final = 40
BARRED: Final = {
    "withdrawn": "您之前撤回了登记。回复“更正信息”核对后重新提交，就能报岗位了。",
    "refused": "工作人员核验后认为您暂不符合条件。情况有变，或觉得不对，回复“人工”。",
}
"""What somebody reads who cannot apply as things stand, by the status of the record."""
CITY_CODES: Final = frozenset(city.code for city in CITIES)


class Wanted(NamedTuple):
    """One way to look: empty means anything. `heading` is what is said above the list."""

    level: str
    heading: str
    cities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    education: str | None = None
    words: str | None = None


NEWEST: Final = Wanted("newest", "这些是最新的岗位。")


def find_positions(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """A page of positions: `items` with `id` and `label`, `after` to go on with, the `query`, and the `heading`."""
    query = data["query"]
    ways = [_asked_for(query)] if query.keys() & {"words", "cities"} else _by_wishes(desk)
    for wanted in ways:
        if query.get("level") not in (None, wanted.level):
            continue
        found = _search(desk, wanted, query.get("after"))
        if found:
            after = found[MOST - 1].id if len(found) > MOST else None
            kept = {**query, "level": wanted.level}
            return {
                "items": [{"id": each.id, "label": _label(each)} for each in found[:MOST]],
                "after": after,
                "query": kept,
                "heading": wanted.heading,
            }
    return {"items": [], "after": None, "query": dict(query), "heading": _nothing(query)}


def _asked_for(query: Mapping[str, Any]) -> Wanted:
    return Wanted("asked", "找到这些岗位。", cities=tuple(query.get("cities", ())), words=query.get("words"))


def _nothing(query: Mapping[str, Any]) -> str:
    return (
        "没有找到这样的岗位。"
        if query.keys() & {"words", "cities"}
        else "现在还没有招募中的岗位，过几天再来看看。"
    )


def _by_wishes(desk: Desk) -> list[Wanted]:
    """By what a registered person wished for, then more and more widely."""
    told = _wishes(desk)
    if told is None:
        return [NEWEST]
    wanted_cities, wanted_kinds, education = told
    cities = tuple(city for city in wanted_cities if city in CITY_CODES)
    kinds = tuple(wanted_kinds)
    ways = [Wanted("wishes", "按您的意向，这些岗位合适。", cities, kinds, education)]
    if kinds and cities:
        ways.append(Wanted("cities", "您想去的城市现在有这些岗位，类别和您选的不同。", cities, (), education))
    ways.append(Wanted("fitting", "您的意向暂时没有岗位，这些您的学历可以报。", (), (), education))
    return ways


def _wishes(desk: Desk) -> tuple[Sequence[str], Sequence[str], str | None] | None:
    """Cities, kinds and education of whoever has registered, as they are shown to them; None for anybody else."""
    found = people.stored_answers(desk.connection, desk.sealer, desk.contact_id)
    if found is None:
        return None
    answers = found[1]
    return answers.get("cities", ()), answers.get("position_kinds", ()), answers.get("education")


def _search(desk: Desk, wanted: Wanted, after: int | None) -> list[PublicPosition]:
    """One more than a page of what is wanted, newest first, over all its cities and kinds."""
    found: dict[int, PublicPosition] = {}
    cities: Sequence[str | None] = wanted.cities or (None,)
    kinds: Sequence[str | None] = wanted.kinds or (None,)
    for city in cities:
        for kind in kinds:
            page = position_search.find(
                desk.connection,
                today=desk.today,
                city=city,
                kind=kind,
                education=wanted.education,
                words=wanted.words,
                after_id=after,
                limit=MOST + 1,
            )
            found.update((each.id, each) for each in page)
    return [found[key] for key in sorted(found, reverse=True)[: MOST + 1]]


def _label(position: PublicPosition) -> str:
    mark = "（示例）" if position.demo else ""
    return f"{position.title}{mark} · {yuan(position.stipend_fen)}元 · {position.place}"


def open_position(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """One position in words; `gone` when it does not recruit any more."""
    try:
        found = position_search.get(desk.connection, data["id"], today=desk.today)
    except NotFound:
        return {"gone": True}
    majors = "、".join(found.majors) or "不限"
    return {
        "id": str(found.id),
        "title": found.title + ("（示例）" if found.demo else ""),
        "host": found.host_name,
        "place": found.place,
        "pay": yuan(found.stipend_fen),
        "months": str(found.months),
        "demands": f"学历{found.education_label}，专业{shortened(majors, LONGEST_MAJORS)}",
        "left": str(max(0, found.left)),
        "closes": f"，{day(found.closes_on)}截止" if found.closes_on else "",
        "description": shortened(found.description, LONGEST_DESCRIPTION),
    }


def shortened(text: str, most: int) -> str:
    """A text cut to `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def apply_position(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """Apply for a position in the person's name: {} when it was taken, or the sentence with which it was `refused`.

    For a contact whose identity is still being looked at a case is opened instead, and the answer is the same: it
    must not tell who is in the base.
    """
    position_id = data["id"]
    if desk.person_id is None:
        return _wait(desk, position_id)
    standing = people.get(desk.connection, desk.person_id).status
    if standing in BARRED:
        return {"refused": BARRED[standing]}
    try:
        internships.apply(
            desk.connection,
            desk.sealer,
            desk.person_id,
            position_id,
            source="self",
            actor=f"contact:{desk.contact_id}",
            now=desk.now,
            today=desk.today,
        )
    except Refused as refused:
        return {"refused": "\n".join(refused.reasons)}
    except NotFound:
        return {"refused": "这个岗位已经停招了，看看别的吧。"}
    return {}


def _wait(desk: Desk, position_id: int) -> dict[str, Any]:
    """Take the application of somebody whose identity is being looked at; refused as anybody's would be."""
    found = people.stored_answers(desk.connection, desk.sealer, desk.contact_id)
    if found is not None and found[0] in BARRED:
        return {"refused": BARRED[found[0]]}
    try:
        city = internships.open_offer(desk.connection, position_id, desk.today).city
        waiting_applications.begin(desk.connection, desk.sealer, desk.contact_id, position_id, city, desk.now)
    except Refused as refused:
        return {"refused": "\n".join(refused.reasons)}
    except NotFound:
        return {"refused": "这个岗位已经停招了，看看别的吧。"}
    return {}


POSITION_VERBS: Final[Mapping[str, Verb]] = {
    verb.__name__: verb for verb in (find_positions, open_position, apply_position)
}
