"""What an answer to a follow-up brings about (跟踪回复): the plan goes on or ends, services are recorded, cases opened.

Rules: `policy.follow_up`; 人社部发〔2023〕27号 二(六) names what each branch is to lead to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from policy.follow_up import answered, result_of
from policy.outgoing_codes import CaseKind, EmploymentKind, PlanState, ServiceKind, Situation
from storage import audit, cases, claimed_results, follow_ups, offers, services
from storage.check_ins import Answerer
from storage.database import Connection
from storage.follow_ups import KEPT_ON, Step
from storage.sealing import Sealer

BY_CHAT: Final = "本人已在线回复"
NEEDS: Final = {"project": "项目开发", "financing": "贷款融资", "premises": "场地", "support": "跟踪扶持"}


class Kept(NamedTuple):
    """What came of an answer: how many cases wait for staff, and what to tell who wants a business."""

    cases: int = 0
    help: str = ""


class _Turn(NamedTuple):
    """What the parts of an answer work with."""

    connection: Connection
    sealer: Sealer
    one: Step
    who: Answerer
    now: datetime
    today: date

    def case(self, kind: CaseKind, note: str) -> int:
        """Open a case about this internship."""
        return cases.raise_case(
            self.connection,
            self.sealer,
            kind,
            city=self.one.city,
            now=self.now,
            today=self.today,
            contact_id=self.who.contact_id,
            person_id=self.one.person_id,
            internship_id=self.one.internship_id,
            note=note,
        )

    def service(self, kind: ServiceKind, resource_id: int | None = None, detail: str = "") -> None:
        """Record a service given to this person."""
        services.record(
            self.connection,
            self.one.person_id,
            kind,
            on=self.today,
            city=self.one.city,
            actor=f"self:{self.who.contact_id}",
            now=self.now,
            resource_id=resource_id,
            detail=detail,
        )


def answer(
    connection: Connection,
    sealer: Sealer,
    step_id: int,
    said: Mapping[str, Any],
    who: Answerer,
    now: datetime,
    today: date,
) -> Kept:
    """Keep an answer. One of anybody but the person who was asked, or to what is gone, is not taken."""
    one = follow_ups.step(connection, step_id)
    if one is None or one.person_id != who.person_id:
        return Kept()
    turn = _Turn(connection, sealer, one, who, now, today)
    reached = (CaseKind.CALL, CaseKind.VISIT)
    cases.close_of_internship(connection, sealer, one.internship_id, reached, BY_CHAT, now)
    audit.add(connection, now, f"contact:{who.contact_id}", "follow_up.answer", f"follow_up:{one.plan_id}")
    if one.kind == KEPT_ON:
        return _kept_on(turn, said)
    situation = Situation(said["situation"])
    follow_ups.mark_answered(connection, one.id, situation, now)
    _go_on(turn, situation, said)
    return BRANCHES[situation](turn, said)


def _go_on(turn: _Turn, situation: Situation, said: Mapping[str, Any]) -> None:
    """Change the plan as the answer asks, and tell the ledger."""
    connection, one = turn.connection, turn.one
    employment = EmploymentKind(said["employment"]) if "employment" in said else None
    promised = one.plan_state == PlanState.SETTLED and one.later_check  # this was to be the last time
    change = answered(situation, one.day, later_check=said.get("later_check") == "yes" and not promised)
    follow_ups.drop(connection, one.plan_id, tuple(day for day in change.drops if day != change.extra))
    if change.extra is not None:
        due_on = one.started_on + timedelta(days=change.extra)
        follow_ups.add_day(connection, one.plan_id, change.extra, due_on)
    follow_ups.refresh(
        connection,
        one.plan_id,
        turn.now,
        state=change.state,
        situation=situation,
        employment=employment,
        later_check=change.extra is not None,
        silences=0,
    )
    outcome = result_of(situation, employment)
    if outcome is not None:
        claimed_results.claim(
            connection,
            turn.sealer,
            one.internship_id,
            outcome,
            contact_id=turn.who.contact_id,
            now=turn.now,
            today=turn.today,
        )


def _kept_on(turn: _Turn, said: Mapping[str, Any]) -> Kept:
    contract, insurance = said["contract"], said["insurance"]
    told = "contract" if contract == "yes" else "no_contract"
    follow_ups.mark_answered(turn.connection, turn.one.id, told, turn.now)
    follow_ups.refresh(turn.connection, turn.one.plan_id, turn.now, silences=0, state=PlanState.RUNNING)
    if contract == "yes" and insurance != "no":
        return Kept()
    missing = [
        words for words, lacks in (("没签合同", contract == "no"), ("没缴社保", insurance == "no")) if lacks
    ]
    turn.case(CaseKind.RETENTION_CHECK, f"见习 {turn.one.internship_id} 留用：{'、'.join(missing)}")
    return Kept(1)


def _nothing_more(_turn: _Turn, _said: Mapping[str, Any]) -> Kept:
    return Kept()


def _looking(turn: _Turn, said: Mapping[str, Any]) -> Kept:
    if said.get("guidance") == "yes":
        turn.case(CaseKind.GUIDANCE, f"见习 {turn.one.internship_id}：约职业指导")
        return Kept(1)
    # Staff keep an eye on it all the same, but nobody has been promised a call.
    turn.case(
        CaseKind.GUIDANCE, f"见习 {turn.one.internship_id}：在找工作，已每周推荐岗位；没约职业指导，请跟进"
    )
    return Kept()


def _training(turn: _Turn, said: Mapping[str, Any]) -> Kept:
    courses, number = said.get("courses") or {"list": [], "ids": []}, said.get("course", 0)
    if number:
        turn.service(ServiceKind.TRAINING, courses["ids"][number - 1])
        turn.case(
            CaseKind.TRAINING, f"见习 {turn.one.internship_id}：报名培训“{courses['list'][number - 1]}”"
        )
    else:
        turn.case(CaseKind.TRAINING, f"见习 {turn.one.internship_id}：想学技能，没有选到合适的培训")
    return Kept(1)


def _business(turn: _Turn, said: Mapping[str, Any]) -> Kept:
    needs = list(said["needs"])
    found = offers.startup_help(turn.connection, turn.one.city, needs, turn.today)
    agency = offers.agency(turn.connection, turn.one.city)
    for each in found:
        turn.service(ServiceKind.STARTUP, each.id)
    if not found:
        turn.service(ServiceKind.STARTUP, detail="agency")
    named = "、".join(NEEDS[need] for need in needs)
    turn.case(CaseKind.STARTUP, f"见习 {turn.one.internship_id}：想创业，需要{named}；可对接{agency}")
    lines = [f"· {each.title}（{each.provider}）{each.contact}".rstrip() for each in found]
    return Kept(1, "\n".join([*lines, f"可以先找：{agency}"]))


def _person(turn: _Turn, _said: Mapping[str, Any]) -> Kept:
    turn.case(CaseKind.CALL, f"见习 {turn.one.internship_id}：想和工作人员聊聊")
    return Kept(1)


BRANCHES: Final = {
    Situation.WORKING: _nothing_more,
    Situation.LOOKING: _looking,
    Situation.BUSINESS: _business,
    Situation.TRAINING: _training,
    Situation.NOT_NOW: _nothing_more,
    Situation.PERSON: _person,
}
