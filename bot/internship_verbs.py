"""What the internship dialog may ask of the base: a person's own internships, and what they say about them.

Everything goes by the desk's person: a number typed by somebody else's owner finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.desk import Desk, Verb
from policy.ledger_codes import Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import EARLY
from policy.outgoing_codes import CaseKind
from policy.positions import yuan
from storage import (
    cases,
    claimed_results,
    internship_lists,
    internships,
    monthly_records,
    transitions,
    waiting_applications,
)
from storage.internship_lists import Line
from storage.internship_steps import Act
from storage.monthly_records import Problem
from storage.waiting_applications import Waiting

SHOWN: Final = 4
"""How many internships one message tells of."""
MOST: Final = 1000
"""Applications of one person: all of them."""


def my_internships(desk: Desk, _data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The newest internships of this person, as the dialog shows them."""
    return [*map(_shown_waiting, _waiting(desk)), *(_shown(desk, line) for line in _own(desk))][:SHOWN]


def open_applications(desk: Desk, _data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What can be withdrawn: number and title."""
    own: list[Line | Waiting] = [*_waiting(desk), *_own(desk)]
    early = [one for one in own if one.stage in EARLY]
    return [{"id": one.id, "title": one.title} for one in early]


def withdraw_application(desk: Desk, data: Mapping[str, Any]) -> bool:
    """Take an application back; False when this person has none of that number."""
    if desk.person_id is None:
        return waiting_applications.withdraw(
            desk.connection, desk.sealer, desk.contact_id, data["number"], desk.now
        )
    own = [line.id for line in _own(desk) if line.stage in EARLY]
    if data["number"] not in own:
        return False
    internships.withdraw(desk.connection, desk.sealer, data["number"], **_act(desk))
    return True


def withdraw_applications(desk: Desk) -> None:
    """Take every application back that can be: nobody is to wait for who has withdrawn."""
    if desk.person_id is None:
        for one in _waiting(desk):  # those that wait no more are left as they are
            waiting_applications.withdraw(desk.connection, desk.sealer, desk.contact_id, one.id, desk.now)
        return
    for line in internship_lists.of_person(desk.connection, desk.person_id, MOST):
        if line.stage in EARLY:
            internships.withdraw(desk.connection, desk.sealer, line.id, **_act(desk))


def report_arrival(desk: Desk, _data: Mapping[str, Any]) -> str:
    """The person says to be in post: a case for whoever confirms it. Empty when no agreement waits for it."""
    line = _newest(desk, Stage.SIGNED)
    return _case(desk, "arrival_reported", line, "本人说已到岗") if line else ""


def report_problem(desk: Desk, data: Mapping[str, Any]) -> str:
    """A case about the internship that runs, or the newest there is; what was written is never lost."""
    own = _own(desk)
    line = _newest(desk, Stage.IN_POST, Stage.SIGNED, Stage.ENDED) or (own[0] if own else None)
    kind = monthly_records.case_kind(Problem(data["problem"]))
    return _case(desk, kind, line, data["note"])


def ask_certificate(desk: Desk, _data: Mapping[str, Any]) -> str:
    """A case for the certificate of the internship that ended last; empty when none has."""
    line = _newest(desk, Stage.ENDED)
    return _case(desk, "certificate_request", line, "要见习证明") if line else ""


def tell_result(desk: Desk, data: Mapping[str, Any]) -> bool:
    """What the person does now. What staff have recorded on evidence stands: then it is a case for them."""
    line = _newest(desk, Stage.ENDED)
    if line is None:
        return False
    claimed_results.claim(
        desk.connection,
        desk.sealer,
        line.id,
        Result(data["result"]),
        contact_id=desk.contact_id,
        now=desk.now,
        today=desk.today,
    )
    return True


def _waiting(desk: Desk) -> list[Waiting]:
    """The applications of somebody whose identity is being looked at."""
    if desk.person_id is not None:
        return []
    return waiting_applications.of_contact(desk.connection, desk.sealer, desk.contact_id)


def _shown_waiting(one: Waiting) -> dict[str, Any]:
    return {
        "id": one.id,
        "host": one.host_name,
        "title": one.title,
        "stage": one.stage,
        "stage_label": one.stage.label,
        "starts_on": None,
        "ends_on": None,
        "stipend": yuan(one.stipend_fen),
        "pay_day": None,
        "mentor": None,
    }


def _own(desk: Desk) -> list[Line]:
    if desk.person_id is None:
        return []
    return internship_lists.of_person(desk.connection, desk.person_id)


def _newest(desk: Desk, *stages: Stage) -> Line | None:
    """The newest internship in the first of these stages that any is in."""
    own = _own(desk)
    return next((line for stage in stages for line in own if line.stage == stage), None)


def _shown(desk: Desk, line: Line) -> dict[str, Any]:
    mentor = line.mentor_name(desk.sealer)
    rows = transitions.standing(transitions.kept(desk.connection, line.id)) if line.signed_on else []
    agreed = next((row.detail for row in rows if row.kind == Kind.SIGN), {})
    return {
        "id": line.id,
        "host": line.host_name,
        "title": line.title,
        "stage": line.stage,
        "stage_label": Stage(line.stage).label,
        "starts_on": line.starts_on.isoformat() if line.starts_on else None,
        "ends_on": line.ends_on.isoformat() if line.ends_on else None,
        "stipend": yuan(line.stipend_fen),
        "pay_day": agreed.get("pay_day"),
        "mentor": f"{mentor[0]}老师" if mentor else None,
    }


def _case(desk: Desk, kind: str, line: Line | None, note: str) -> str:
    """A case about the internship, for the city where it is; what is said again is added to it."""
    if line is None:
        number = cases.open_case(
            desk.connection,
            desk.sealer,
            kind,
            desk.contact_id,
            desk.now,
            person_id=desk.person_id,
            today=desk.today,
            note=note,
        )
    else:
        number = cases.raise_case(
            desk.connection,
            desk.sealer,
            CaseKind(kind),
            city=line.city,
            now=desk.now,
            today=desk.today,
            contact_id=desk.contact_id,
            person_id=desk.person_id,
            internship_id=line.id,
            note=f"见习 {line.id}：{note}",
        )
    return f"{number:06d}"


def _act(desk: Desk) -> Act:
    return Act(actor=f"self:{desk.contact_id}", now=desk.now, today=desk.today)


INTERNSHIP_VERBS: Final[Mapping[str, Verb]] = {
    verb.__name__: verb
    for verb in (
        my_internships,
        open_applications,
        withdraw_application,
        report_arrival,
        report_problem,
        ask_certificate,
        tell_result,
    )
}
