"""People of a ledger that is brought over (台账人员): found by ID number and name, or entered into the base.

Who took part years ago has never registered here. What the ledger does not tell is looked for in the registers;
without phone and education nobody is entered.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from sqlmodel import col, delete, select

from dialogs.facts import assessment
from policy.identity import read_document
from policy.refusal import Refused
from policy.regions import household_region
from storage import people
from storage.database import Connection
from storage.imports.kinds import Scope, Values
from storage.ledger_tables import Internship
from storage.registers import data_of
from storage.tables import Contact, Person, PersonField

SOURCE: Final = "import"
TOLD: Final = ("phone", "education", "graduated_on", "school", "major")
"""What a ledger or a register may tell of a person beside name and number."""
PLAIN: Final = ("education", "graduated_on", "school", "major")
NEEDED: Final = {"phone": "手机号", "education": "学历"}


def find(connection: Connection, scope: Scope, values: Values) -> int | None:
    """The person of a row's ID number; None when there is none. Raises `Refused` when the name is another."""
    found = people.find_by_id_number(connection, scope.sealer, values["id_number"])
    if found is None:
        return None
    name = values.get("name")
    if name is not None and found.name_index not in scope.sealer.indexes(name, "name"):
        raise Refused("信息库里这个身份证号的姓名和表里不一样，请核对姓名和身份证号。")
    return found.id


def enter(connection: Connection, scope: Scope, values: Values, city: str) -> int:
    """Enter a person whom the base does not know yet; returns the id. Raises `Refused` naming what is missing."""
    known = data_of(connection, scope.sealer, values["id_number"], values["name"])
    told = {name: values.get(name) or known.get(name) for name in TOLD}
    if missing := [title for name, title in NEEDED.items() if not told[name]]:
        raise Refused(
            f"信息库和名册里都没有这个人的{'、'.join(missing)}，请在表里补上{'、'.join(missing)}这几列。"
        )
    answers: dict[str, Any] = {
        "name": values["name"],
        "id_number": values["id_number"],
        "track": values.get("track", "unsure"),
        "circumstances": [],
        "residence": city,
        "skill_level": "none",
        **{name: value for name, value in told.items() if value},
    }
    person = _person(scope, answers, city)
    connection.session.add(person)
    connection.session.flush()
    assert person.id is not None
    for field, value in answers.items():
        connection.session.add(
            PersonField(
                person_id=person.id,
                field=field,
                value_sealed=scope.sealer.seal(orjson.dumps(value), b"person_field.value_sealed"),
                source=SOURCE,
                actor=scope.actor,
                at=scope.now,
            )
        )
    connection.session.flush()
    return person.id


def _person(scope: Scope, answers: dict[str, Any], city: str) -> Person:
    document = read_document(answers["id_number"], scope.today)
    found = assessment(answers, scope.today, city)
    values: dict[str, Any] = {name: answers.get(name) for name in PLAIN}
    for name in ("name", "id_number", "phone"):
        values[f"{name}_sealed"] = scope.sealer.seal(answers[name], f"person.{name}_sealed".encode())
        values[f"{name}_index"] = scope.sealer.index(answers[name], name)
    if document.birth_date:
        birth = document.birth_date.isoformat()
        values["birth_date_sealed"] = scope.sealer.seal(birth, b"person.birth_date_sealed")
    return Person(
        **values,
        status=people.REGISTERED,
        track=str(found.track or answers["track"]),
        outcome=str(found.outcome),
        document_kind=str(document.kind),
        sex=str(document.sex) if document.sex else None,
        household_region=household_region(document.region) if document.region else None,
        residence=city,
        residence_city=city,
        skill_level="none",
        cities=[city],
        available_from=scope.today,
        push_consent=False,
        channel=SOURCE,
        created_at=scope.now,
        updated_at=scope.now,
    )


def leave(connection: Connection, scope: Scope, person_id: int) -> None:
    """Take a person out again whom an import entered, unless they have come to us or stand in the ledger since."""
    person = connection.session.get(Person, person_id)
    if person is None or person.updated_at != scope.imported_at:
        return
    in_use = (
        select(Contact.id).where(Contact.person_id == person_id).limit(1),
        select(Internship.id).where(Internship.person_id == person_id).limit(1),
    )
    if all(connection.session.exec(query).first() is None for query in in_use):
        connection.session.exec(delete(Person).where(col(Person.id) == person_id))
