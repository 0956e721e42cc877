"""People for tests of the ledger: registered, eligible in 2023, with a contact each."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select

from policy.identity import check_digit
from storage import internship_lists, internships, mentors, people
from storage.conversations import add_contact
from storage.database import Connection
from storage.internship_steps import Act
from storage.sealing import Sealer
from storage.tables import Person, core
from tests.storage import public_rows

NOW = datetime(2023, 7, 1, 4, 0, tzinfo=UTC)
TODAY = date(2023, 7, 1)


def graduate(connection: Connection, sealer: Sealer, number: int = 1, **answers: object) -> int:
    """A graduate of June 2023 who registered on 1 June; return the person's id."""
    body = f"44000020010510{number:03d}"
    contact_id = add_contact(connection, "web", f"graduate-{number}", None, NOW)
    told: dict[str, Any] = {
        "track": "graduate",
        "circumstances": ["none"],
        "education": "21",
        "graduated_on": "2023-05-20",
        "name": "陈晓琳",
        "id_number": body + check_digit(body),
        "phone": f"1380000{number:04d}",
        "residence": "440106",
        "school": "广东工业大学",
        "major": "软件工程",
        "skill_level": "none",
        "hardship": ["01"],
        "position_kinds": ["2"],
        "cities": ["440100"],
        "available_from": "2023-06-01",
        "push_consent": "yes",
    }
    day = date(2023, 6, 1)
    done = people.register(connection, sealer, contact_id, "web", told | answers, NOW, day)
    assert done.person_id is not None
    return done.person_id


def post(connection: Connection, number: int = 1, **fields: object) -> tuple[int, int]:
    """A published position of a host of its own, with a mentor; return the ids of position and mentor."""
    host_id = public_rows.host(connection, number)
    mentor_id = public_rows.mentor(connection, host_id)
    values: dict[str, Any] = {"mentor_id": mentor_id, "stipend_fen": 250_000, "openings": 2, **fields}
    return public_rows.position(connection, host_id, **values), mentor_id


def to_stage(connection: Connection, sealer: Sealer, stage: str, now: datetime) -> None:
    """Bring the newest person's internship to the stage of that Chinese name, all on the day of `now`.

    The first call makes host and position, and the application.
    """
    by = Act(actor="clerk:li", now=now, today=now.date())
    [person_id] = connection.sqlalchemy.execute(select(func.max(core(Person).c.id))).one()
    known = internship_lists.of_person(connection, person_id)
    if not known:
        position_id, _ = post(connection, 1, mentor_id=None)
        internships.apply(connection, sealer, person_id, position_id, **by)
        known = internship_lists.of_person(connection, person_id)
    number = known[0].id
    if stage == "已录用":
        internships.accept(connection, sealer, number, **by)
    elif stage == "已签协议":
        mentor_id = mentors.ensure(connection, sealer, known[0].host_id, "李建国", now=now)
        internships.sign(
            connection,
            sealer,
            number,
            starts_on=now.date(),
            mentor_id=mentor_id,
            terms={"pay_day": 15},
            **by,
        )
    elif stage == "在岗":
        internships.arrive(connection, sealer, number, **by)
    elif stage == "已结束":
        internships.complete(connection, sealer, number, **by)
