"""What a clerk finds about a person's eligibility (核验): the decision that no machine takes.

个人信息保护法 第二十四条: the assessment of `policy.eligibility` is a forecast, this decides. It does not last for
ever: who submits changed answers is to be verified again, and the signing day has its own test (`storage.signing`).
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from policy.refusal import Refused
from storage import audit, people
from storage.database import Connection
from storage.edits import edit
from storage.erasure import LOCKED
from storage.tables import Person


class Decision(StrEnum):
    """What a clerk decided (核验结论)."""

    ELIGIBLE = "eligible"
    REFUSED = "refused"


STATUS = {Decision.ELIGIBLE: "verified", Decision.REFUSED: "refused"}
"""The status of a person after the decision."""


def verify(
    connection: Connection,
    person_id: int,
    decision: Decision,
    reason: str,
    *,
    actor: str,
    now: datetime,
    today: date,
    seen: int | None = None,
) -> Person:
    """Record a clerk's decision on a person, with the reason. Raises `NotFound`, `Conflict` and `Refused`."""
    person = people.get(connection, person_id, locked=True)
    if person.status == people.WITHDRAWN:
        raise Refused("这个人已经撤回报名，不用核验。")
    if person.status == LOCKED:
        raise Refused("这个人已经要求删除信息，只留着台账，不能再核验。")
    if not reason.strip():
        raise Refused("请写明核验依据，例如“已查验毕业证和失业登记”。")
    edit(person, seen, now)
    person.status = STATUS[decision]
    person.decided_by, person.decision_reason, person.decided_on = actor, reason.strip(), today
    connection.session.add(person)
    connection.session.flush()
    audit.add(connection, now, actor, f"person.{person.status}", f"person:{person_id}")
    return person
