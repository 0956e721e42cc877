"""What a person says they do after the internship (本人所述去向): in the ledger as a claim, until evidence is seen.

What staff have recorded on evidence stands; that somebody says otherwise is then a case for them.
"""

from __future__ import annotations

from datetime import date, datetime

from policy.ledger_codes import Result, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.outgoing_codes import CaseKind
from policy.refusal import Refused
from storage import cases, internships, transitions
from storage.database import Connection
from storage.sealing import Sealer


def claim(
    connection: Connection,
    sealer: Sealer,
    internship_id: int,
    outcome: Result,
    *,
    contact_id: int,
    now: datetime,
    today: date,
) -> int | None:
    """The person says so: a claimed result (去向) of the internship, or else a case (去向核实), whose number is returned."""
    row = transitions.get(connection, internship_id)
    if row.stage != Stage.ENDED or row.result == outcome:
        return None
    actor = f"self:{contact_id}"
    try:
        if is_proven(connection, internship_id):
            raise Refused("已有凭证")
        internships.result(
            connection, sealer, internship_id, outcome, claimed=True, actor=actor, now=now, today=today
        )
    except Refused:
        return cases.raise_case(
            connection,
            sealer,
            CaseKind.RESULT,
            city=row.city,
            now=now,
            today=today,
            contact_id=contact_id,
            person_id=row.person_id,
            internship_id=internship_id,
            note=f"见习 {internship_id}：本人说：{outcome.label}",
        )
    return None


def is_proven(connection: Connection, internship_id: int) -> bool:
    """Whether the newest result of an internship was recorded by staff, not only claimed."""
    rows = transitions.standing(transitions.kept(connection, internship_id))
    told = [row for row in rows if row.kind in (Kind.RESULT, Kind.RETAIN_EARLY)]
    return bool(told) and not told[-1].detail.get("claimed")
