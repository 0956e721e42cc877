"""What staff decide on an identity conflict (身份冲突处理): it is the same person, whose record then follows.

Rejecting one is closing its case (`storage.cases.close`): the record stays as it was, and the chat is told nothing.
"""

from __future__ import annotations

from datetime import date, datetime

from policy.refusal import Refused
from storage import audit, cases, identity_conflicts, people
from storage.conversations import link
from storage.database import Connection
from storage.errors import NotFound
from storage.sealing import Sealer
from storage.tables import Contact, StaffCase, Submission


def accept(
    connection: Connection,
    sealer: Sealer,
    number: int,
    reason: str,
    *,
    actor: str,
    now: datetime,
    today: date,
) -> int:
    """The record with the submitted ID number takes over what was submitted, and the chat; returns its number.

    Raises `Refused` when the case is no open conflict, or the chat has a record of its own; `NotFound`.
    """
    case = connection.session.get(StaffCase, number, with_for_update=True)
    if case is None:
        raise NotFound("staff_case")
    if case.kind != identity_conflicts.KIND or case.status != cases.OPEN_STATE:
        raise Refused("这不是还没办的身份信息冲突，请核对待办编号。")
    contact_id = case.contact_id or 0
    contact = connection.session.get(Contact, contact_id)
    submission = connection.session.get(Submission, case.submission_id) if case.submission_id else None
    if contact is None or submission is None:
        raise Refused("本人已经删除了这次填的内容，没有可以采用的，请直接办结。")
    answers = people.submitted(sealer, submission)
    known = people.find_by_id_number(connection, sealer, answers["id_number"])
    if contact.person_id is not None and (known is None or known.id != contact.person_id):
        raise Refused(
            "这个聊天已经有自己的档案，不能再并入另一份。请和本人核对证件号，让本人用“更正信息”改。"
        )
    person = people.write(connection, sealer, known, answers, contact.channel, now, today)
    assert person.id is not None
    assert submission.id is not None
    link(connection, contact_id, person.id, submission.id)
    submission.person_id, submission.outcome = person.id, "linked"
    connection.session.add(submission)
    connection.session.flush()
    audit.add(connection, now, actor, "person.conflict_accepted", f"person:{person.id}", {"case": number})
    cases.close(connection, sealer, number, f"核实是本人：{reason}", actor=actor, now=now)
    return person.id
