"""Registrations whose identity is being looked at (身份信息冲突): the number belongs to a record that does not match.

Whoever sent one must not learn that the number is known. Until staff have decided, everything that is shown to them
goes by what they submitted, as it would if the number had been free: their data here, applications in
`storage.waiting_applications`.
"""

from __future__ import annotations

from typing import Final

from sqlmodel import col, or_, select

from policy.outgoing_codes import CaseKind
from storage.database import Connection
from storage.tables import Contact, StaffCase, Submission

KIND: Final = CaseKind.IDENTITY_CONFLICT


def waiting(connection: Connection, contact: Contact) -> Submission | None:
    """The newest submission of a contact or its person, when it is one that waits for a decision; else None."""
    own = col(Contact.id) == contact.id
    if contact.person_id is not None:
        own = or_(own, col(Contact.person_id) == contact.person_id)
    newest = connection.session.exec(
        select(Submission)
        .join(Contact, col(Contact.id) == col(Submission.contact_id))
        .where(own)
        .order_by(col(Submission.id).desc())
        .limit(1)
    ).first()
    if newest is None or newest.outcome != "conflict":
        return None
    asked = select(StaffCase.id).where(
        StaffCase.kind == KIND, StaffCase.submission_id == newest.id, StaffCase.status == "open"
    )
    return newest if connection.session.exec(asked).first() is not None else None
