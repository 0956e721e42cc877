"""What check-ins and follow-ups ask of the base: answers kept, jobs and trainings found for this person.

The numbers that a dialog was opened with come back with the answers; an answer counts only when it comes from the
person (or the host's contact) who was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.desk import Desk, Verb
from notifications.offers_for import JobBoard, cities_of, courses, told
from policy.outgoing_codes import ServiceKind
from storage import check_ins, follow_up_answers, follow_ups, offers, services
from storage.check_ins import Answerer
from storage.follow_ups import Step


def keep_check_in(desk: Desk, data: Mapping[str, Any]) -> dict[str, int]:
    """Keep what was said about an internship; how many cases wait for staff because of it."""
    said = {name: value for name, value in data.items() if name != "check_in"}
    number = check_ins.answer(
        desk.connection, desk.sealer, data["check_in"], said, _who(desk), desk.now, desk.today
    )
    return {"cases": number}


def find_jobs(desk: Desk, data: Mapping[str, Any]) -> dict[str, str]:
    """Jobs that suit this person, as a text ("" for none); each is recorded as a service."""
    one = _own_step(desk, data)
    if one is None:
        return {"text": ""}
    wish = offers.wishes(desk.connection, [one.person_id])[one.person_id]
    passed = services.offered(desk.connection, [one.person_id], ServiceKind.JOB)
    board = JobBoard(desk.connection, cities_of(wish), desk.today)
    early = follow_ups.ended_early(desk.connection, one.internship_id)
    jobs = board.best(wish, passed.get(one.person_id, ()), positions=early)
    for job in jobs:
        services.record(
            desk.connection,
            one.person_id,
            ServiceKind.JOB,
            on=desk.today,
            city=one.city,
            actor="system",
            now=desk.now,
            resource_id=job.resource_id,
            detail="" if job.position_id is None else f"position:{job.position_id}",
        )
    return {"text": told(jobs)}


def find_courses(desk: Desk, data: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Trainings that this person may take: their titles and numbers."""
    one = _own_step(desk, data)
    if one is None:
        return {"list": [], "ids": []}
    wish = offers.wishes(desk.connection, [one.person_id])[one.person_id]
    found = courses(desk.connection, one.city, wish, desk.today)
    return {
        "list": [f"{each.title}（{each.provider}）" for each in found],
        "ids": [each.id for each in found],
    }


def keep_follow_up(desk: Desk, data: Mapping[str, Any]) -> dict[str, Any]:
    """Keep how somebody is; the plan goes on or ends by it, services are recorded and cases opened."""
    kept = follow_up_answers.answer(
        desk.connection, desk.sealer, data["step"], data, _who(desk), desk.now, desk.today
    )
    return kept._asdict()


def _who(desk: Desk) -> Answerer:
    return Answerer(desk.contact_id, desk.person_id)


def _own_step(desk: Desk, data: Mapping[str, Any]) -> Step | None:
    one = follow_ups.step(desk.connection, data["step"])
    return one if one is not None and one.person_id == desk.person_id else None


CARE_VERBS: Final[Mapping[str, Verb]] = {
    verb.__name__: verb for verb in (keep_check_in, find_jobs, find_courses, keep_follow_up)
}
