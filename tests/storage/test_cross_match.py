"""The comparison finds who is who, marks hardship, makes tasks, and changes nothing the second time."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from policy.case_dates import due_on
from policy.refusal import Refused
from storage import cross_match, hardship_marks, hardship_registers, people, registers
from storage.cross_match import Matched
from storage.database import Connection, Database
from storage.keys import KeyFile, add_key, make_current
from storage.ledger_tables import ImportRun, OutreachTask
from storage.rotation import reseal
from storage.sealing import Sealer
from storage.tables import (
    Audit,
    EligibilityResult,
    HardshipMark,
    Person,
    PersonField,
    RegisterEntry,
    StaffCase,
    core,
)
from tests.storage import rows
from tests.storage.register_rows import NOW, TODAY, hardship, number, person, phone, row

DAY = timedelta(days=1)


class Base:
    """A base with its registers, and the comparison of both."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database, self.sealer = database, sealer

    def person(self, n: int, **columns: Any) -> int:  # noqa: ANN401 - whatever a person has
        return self.database.write_sync(lambda c: person(c, self.sealer, n, **columns))

    def people(self, register: str, *found: dict[str, Any], run: int | None = None) -> list[int]:
        put = registers.put_entries
        done = self.database.write_sync(lambda c: put(c, self.sealer, register, found, run, NOW))
        return [each.row_id for each in done]

    def hardship(self, *found: dict[str, Any], register: str = "low-income") -> list[int]:
        put = hardship_registers.put_entries
        done = self.database.write_sync(lambda c: put(c, self.sealer, register, found, None, NOW))
        return [each.row_id for each in done]

    def compare(self, today: date = TODAY, since_run: int | None = None) -> Matched:
        now = NOW + (today - TODAY)
        return self.database.write_sync(
            lambda c: cross_match.run(c, self.sealer, since_run=since_run, now=now, today=today)
        )

    def all(self, model: Any) -> list[Any]:  # noqa: ANN401 - any table
        table = core(model)
        query = select(table).order_by(*table.primary_key)
        return self.database.read_sync(lambda c: list(c.sqlalchemy.execute(query)))

    def marks(self) -> list[tuple[str, str, str]]:
        return sorted((mark.kind, mark.source, mark.status) for mark in self.all(HardshipMark))

    def claim(self, person_id: int, *kinds: str) -> None:
        def write(connection: Connection) -> None:
            for kind in kinds:
                connection.session.add(
                    HardshipMark(person_id=person_id, kind=kind, source="self", status="claimed", at=NOW)
                )

        self.database.write_sync(write)


@pytest.fixture
def base(database: Database, sealer: Sealer) -> Base:
    """An empty base, on each engine."""
    return Base(database, sealer)


def everything(base: Base) -> list[Any]:
    return [base.all(model) for model in (RegisterEntry, HardshipMark, OutreachTask, StaffCase, Person)]


def changes(matched: Matched) -> dict[str, int]:
    return {name: value for name, value in matched._asdict().items() if value}


def test_the_same_id_number_is_the_same_person(base: Base) -> None:
    known = base.person(1)
    base.people("real-name", row(1, name="改过名", phone="13900000000"), row(2))
    assert changes(base.compare()) == {"confirmed": 1, "tasks_added": 1}
    assert [(entry.person_id, entry.matched) for entry in base.all(RegisterEntry)] == [
        (known, "confirmed"),
        (None, None),
    ]


def test_a_second_comparison_changes_nothing_at_all(base: Base) -> None:
    base.claim(base.person(1, unemployment_registered="no"), "01", "06", "10")
    base.person(2, id_number=number(92))
    base.people("unemployment", row(1), row(2), row(3), row(4, phone=None, residence=None))
    base.people("real-name", row(3))
    base.hardship(hardship(1), hardship(3), hardship(1, "06", expires_on="2026-01-31"))
    first = base.compare()
    assert min(first.confirmed, first.to_confirm, first.marks_added, first.tasks_added) > 0
    before = everything(base)
    assert changes(base.compare()) == {}
    assert everything(base) == before


def test_whoever_registers_later_is_found_by_the_next_comparison(base: Base) -> None:
    base.people("real-name", row(1))
    base.people("unemployment", row(1))
    base.hardship(hardship(1))
    assert changes(base.compare()) == {"tasks_added": 1}
    known = base.person(1)
    assert changes(base.compare()) == {
        "confirmed": 2,
        "unemployment_confirmed": 1,
        "marks_added": 1,
        "tasks_registered": 1,
    }
    [task] = base.all(OutreachTask)
    assert (task.status, task.person_id, task.version) == ("registered", known, 2)


def test_one_number_in_two_registers_is_one_task_in_the_city_that_is_known(base: Base) -> None:
    base.people("real-name", row(1, residence="440303"))
    base.people("unemployment", row(1, residence=None))
    base.people("job-seekers", row(2, residence="430102"))
    base.compare()
    assert [task.city for task in base.all(OutreachTask)] == ["440300", "000000"]
    base.people("job-seekers", row(1))
    assert changes(base.compare()) == {}


def test_same_name_and_phone_is_asked_of_a_clerk_once(base: Base) -> None:
    known = base.person(1, id_number=number(91))
    [entry_id] = base.people("real-name", row(1))
    base.people("job-seekers", row(2, phone=phone(1)), row(3, name="学生1"))
    assert changes(base.compare()) == {"to_confirm": 1, "tasks_added": 2}
    assert changes(base.compare()) == {}
    [case] = base.all(StaffCase)
    assert (case.kind, case.person_id, case.entry_id, case.status) == (
        "register_match",
        known,
        entry_id,
        "open",
    )
    assert (case.city, case.owner) == ("440100", "city:440100")
    assert case.due_on == due_on("register_match", TODAY)


@pytest.mark.parametrize(
    ("same", "state", "task"), [(True, "confirmed", []), (False, "refused", ["open"])], ids=["yes", "no"]
)
def test_what_the_clerk_says_of_a_pair_holds(base: Base, same: bool, state: str, task: list[str]) -> None:
    base.person(1, id_number=number(91))
    [entry_id] = base.people("unemployment", row(1))
    base.people("real-name", row(1, phone=None))  # the same number, which waits for the answer too
    base.compare()
    assert base.all(OutreachTask) == []

    def settle() -> None:
        base.database.write_sync(lambda c: registers.settle(c, entry_id, same, actor="t", now=NOW))

    settle()
    assert [case.status for case in base.all(StaffCase)] == ["closed"]
    with pytest.raises(Refused, match="没有待确认"):
        settle()
    base.compare()
    assert changes(base.compare()) == {}
    assert base.all(RegisterEntry)[0].matched == state
    assert [each.status for each in base.all(OutreachTask)] == task
    assert base.all(Person)[0].unemployment_registered == ("yes" if same else None)


def test_an_id_number_found_later_settles_what_a_clerk_was_asked(base: Base) -> None:
    base.person(1, id_number=number(91))
    base.people("real-name", row(1))
    base.compare()
    right = base.person(2, id_number=number(1))
    assert changes(base.compare()) == {"confirmed": 1}
    [entry] = base.all(RegisterEntry)
    assert (entry.person_id, entry.matched) == (right, "confirmed")
    assert [case.status for case in base.all(StaffCase)] == ["closed"]


def test_a_withdrawn_person_is_neither_marked_nor_visited(base: Base) -> None:
    base.claim(base.person(1, status="withdrawn"), "01")
    base.people("unemployment", row(1))
    base.hardship(hardship(1))
    assert changes(base.compare()) == {"confirmed": 1}
    assert base.marks() == [("01", "self", "claimed")]


def test_an_erased_person_leaves_nothing_and_is_a_name_of_the_register_again(base: Base) -> None:
    known = base.person(1)

    def linked(connection: Connection) -> int:
        contact = rows.contact(connection)
        connection.sqlalchemy.execute(text("UPDATE contact SET person_id = :p"), {"p": known})
        return contact

    contact = base.database.write_sync(linked)
    base.people("real-name", row(1))
    base.hardship(hardship(1))
    base.compare()
    base.database.write_sync(lambda c: people.erase(c, contact, NOW))
    assert base.marks() == []
    assert changes(base.compare()) == {"tasks_added": 1}


# --- unemployment ----------------------------------------------------------------------------------------


def youth(base: Base, said: str | None, n: int = 1) -> int:
    """A youth of 22 who left secondary school, and what they said of the unemployment registration."""
    return base.person(
        n,
        track="youth",
        outcome="not_yet",
        education="41",
        graduated_on="2022-06-30",
        unemployment_registered=said,
        birth_date_sealed=base.sealer.seal("2004-01-01", b"person.birth_date_sealed"),
    )


def test_the_unemployment_register_confirms_the_registration_and_judges_anew(base: Base) -> None:
    for n, said in enumerate((None, "no", "unsure")):
        youth(base, said, n)
    base.people("unemployment", row(0), row(1), row(2))
    assert base.compare().unemployment_confirmed == 3
    for found in base.all(Person):
        assert (found.unemployment_registered, found.outcome, found.version) == ("yes", "eligible", 2)
    for told in base.all(PersonField):
        assert (told.field, told.source) == ("unemployment_registered", "comparison")
        assert base.sealer.open(told.value_sealed, b"person_field.value_sealed") == b'"yes"'
    assert len(base.all(PersonField)) == len(base.all(EligibilityResult)) == 3


def test_what_a_clerk_decided_of_a_person_is_not_judged_anew(base: Base) -> None:
    known = youth(base, "no")
    base.database.write_sync(
        lambda c: c.sqlalchemy.execute(
            text("UPDATE person SET decided_by = 'clerk' WHERE id = :id"), {"id": known}
        )
    )
    base.people("unemployment", row(1))
    base.compare()
    [found] = base.all(Person)
    assert (found.unemployment_registered, found.outcome) == ("yes", "not_yet")


def test_other_registers_tell_nothing_of_unemployment_and_yes_stays_the_persons_word(base: Base) -> None:
    base.person(1, unemployment_registered="no")
    base.person(2, unemployment_registered="yes")
    base.people("real-name", row(1))
    base.people("unemployment", row(2))
    assert base.compare().unemployment_confirmed == 0
    assert base.all(PersonField) == []


def test_a_later_correction_stands_until_the_register_says_something_new(base: Base) -> None:
    youth(base, "no")
    base.people("unemployment", row(1))
    base.compare()
    correct = text("UPDATE person SET unemployment_registered = 'no'")
    base.database.write_sync(lambda c: c.sqlalchemy.execute(correct))
    assert base.compare(TODAY + DAY).unemployment_confirmed == 0
    later = NOW + 2 * DAY
    changed = [row(1, unemployment_registered_on="2026-11-20")]
    base.database.write_sync(
        lambda c: registers.put_entries(c, base.sealer, "unemployment", changed, None, later)
    )
    assert base.compare(TODAY + 3 * DAY).unemployment_confirmed == 1


# --- hardship --------------------------------------------------------------------------------------------


def test_what_is_said_is_confirmed_or_not_by_registers_of_its_kind(base: Base) -> None:
    base.claim(base.person(1), "01", "06", "10")
    base.hardship(hardship(1), hardship(9, "06"))
    assert changes(base.compare()) == {"marks_added": 1, "marks_settled": 2}
    assert base.marks() == [
        ("01", "comparison", "confirmed"),
        ("01", "self", "confirmed"),
        ("06", "self", "unconfirmed"),
        ("10", "self", "claimed"),
    ]


def test_a_mark_lasts_to_its_last_day_and_is_renewed_with_its_entry(base: Base) -> None:
    known = base.person(1)
    base.claim(known, "01")
    base.hardship(hardship(1, proof_date=date(2026, 1, 1), expires_on=TODAY))
    base.compare()

    def in_force(day: date) -> list[str]:
        return base.database.read_sync(lambda c: hardship_marks.in_force(c, known, day))

    assert (in_force(TODAY), in_force(TODAY + DAY)) == (["01"], [])
    assert changes(base.compare(TODAY)) == {}
    assert changes(base.compare(TODAY + DAY)) == {"marks_expired": 1, "marks_settled": 1}
    assert {status for _, _, status in base.marks()} == {"expired"}
    base.hardship(hardship(1, proof_date=date(2026, 11, 24), expires_on=date(2027, 11, 23)))
    assert changes(base.compare(TODAY + DAY)) == {"marks_renewed": 1, "marks_settled": 1}
    assert in_force(TODAY + DAY) == ["01"]


def test_an_entry_that_has_run_out_marks_nobody(base: Base) -> None:
    base.person(1)
    base.hardship(hardship(1, expires_on=TODAY - DAY))
    assert changes(base.compare()) == {}


def decide(base: Base, mark_id: int, accepted: bool, **dates: date) -> None:
    base.database.write_sync(
        lambda c: hardship_marks.decide(
            c,
            mark_id,
            accepted,
            proof_date=dates.get("proof_date"),
            expires_on=dates.get("expires_on"),
            actor="t",
            now=NOW,
            today=TODAY,
        )
    )


def test_a_clerk_decides_what_the_registers_do_not_know(base: Base) -> None:
    known = base.person(1)
    base.claim(known, "06")
    base.hardship(hardship(9, "06"))
    base.compare()
    [waiting] = base.database.read_sync(lambda c: hardship_marks.to_decide(c, base.sealer, city="440100"))
    assert waiting == {"id": 1, "person_id": known, "name": "学*", "kind": "06", "city": "440100"}
    decide(base, 1, False)
    assert base.marks() == [("06", "clerk", "refused"), ("06", "self", "refused")]
    decide(base, 1, True, proof_date=TODAY, expires_on=TODAY)
    assert base.marks() == [("06", "clerk", "confirmed"), ("06", "self", "confirmed")]
    assert changes(base.compare()) == {}
    assert changes(base.compare(TODAY + DAY)) == {"marks_expired": 1, "marks_settled": 1}
    details = [entry.detail for entry in base.all(Audit) if entry.action.startswith("hardship.")]
    assert details == [{"mark": 1}, {"mark": 1}]


def test_a_decision_with_dates_that_cannot_be_is_refused(base: Base) -> None:
    base.claim(base.person(1), "06")
    for dates in ({"proof_date": TODAY + DAY}, {"expires_on": TODAY - DAY}):
        with pytest.raises(Refused):
            decide(base, 1, True, **dates)
    assert base.marks() == [("06", "self", "claimed")]


# --- keys, imports, many --------------------------------------------------------------------------------


async def test_what_a_key_rotation_hides_is_found_after_it(base: Base, key_file: KeyFile) -> None:
    base.people("real-name", row(1))
    make_current(key_file.path, add_key(key_file.path))
    base.sealer.refresh()
    base.person(1)
    assert base.compare().confirmed == 0
    await reseal(base.database, base.sealer)
    assert changes(base.compare()) == {"confirmed": 1, "tasks_registered": 1}


def test_a_comparison_since_an_import_looks_at_its_rows_only(base: Base) -> None:
    def runs(connection: Connection) -> None:
        for n in (1, 2):
            connection.session.add(
                ImportRun(kind="real-name", file_name=f"{n}", file_digest=b"", actor="t", started_at=NOW)
            )

    base.database.write_sync(runs)
    base.person(1)
    base.person(2)
    base.people("real-name", row(1), row(3), run=1)
    base.people("real-name", row(2), row(4), run=2)
    assert changes(base.compare(since_run=2)) == {"confirmed": 1, "tasks_added": 1}
    assert changes(base.compare()) == {"confirmed": 1, "tasks_added": 1}


def test_the_audit_tells_numbers_and_nobody(base: Base) -> None:
    base.person(1)
    base.people("real-name", row(1))
    done = base.compare()
    [written] = [entry for entry in base.all(Audit) if entry.action == "registers.match"]
    assert written.detail == {**done._asdict(), "since_run": None}


def test_many_are_found_as_one_by_one(base: Base) -> None:
    """Three registers and 120 people, drawn by lot, against the rules applied one after the other."""
    lot = random.Random(4)  # noqa: S311 - a lot that falls alike every time
    known: dict[int, tuple[str, str, str]] = {}
    names = [f"学生{n}" for n in range(6)]
    phones = [phone(n) for n in range(12)]

    def write(connection: Connection) -> list[tuple[str, dict[str, Any]]]:
        for n in range(120):
            told = (number(n), lot.choice(names), lot.choice(phones))
            status = lot.choice(["registered", "registered", "verified", "withdrawn"])
            identity = person(
                connection, base.sealer, n, id_number=told[0], name=told[1], phone=told[2], status=status
            )
            known[identity] = (*told[:1], f"{told[1]}{told[2]}", status)
        made: list[tuple[str, dict[str, Any]]] = []
        for register in ("real-name", "job-seekers", "unemployment"):
            numbers = lot.sample(range(240), 90)
            found = [
                row(n, name=lot.choice(names), phone=lot.choice([None, *phones, *phones])) for n in numbers
            ]
            registers.put_entries(connection, base.sealer, register, found, None, NOW)
            made += [(register, each) for each in found]
        return made

    written = base.database.write_sync(write)
    done = base.compare()

    by_number = {told[0]: identity for identity, told in known.items()}
    by_pair: dict[str, int] = {}
    for identity, told in known.items():
        by_pair.setdefault(told[1], identity)
    expected = [
        (by_number[each["id_number"]], "confirmed")
        if each["id_number"] in by_number
        else (by_pair[pair], "to_confirm")
        if (pair := f"{each['name']}{each['phone']}") in by_pair
        else (None, None)
        for _, each in written
    ]
    assert [(entry.person_id, entry.matched) for entry in base.all(RegisterEntry)] == expected
    pending = {
        each["id_number"] for (_, each), (known_as, _) in zip(written, expected, strict=True) if known_as
    }
    to_visit = {each["id_number"] for _, each in written} - pending
    assert done.confirmed == sum(state == "confirmed" for _, state in expected)
    assert done.to_confirm == len(base.all(StaffCase)) == sum(state == "to_confirm" for _, state in expected)
    assert done.tasks_added == len(base.all(OutreachTask)) == len(to_visit)
    registered = {
        identity
        for (register, _), (identity, state) in zip(written, expected, strict=True)
        if register == "unemployment"
        and state == "confirmed"
        and identity is not None
        and known[identity][2] != "withdrawn"
    }
    assert done.unemployment_confirmed == len(registered) > 0
    assert changes(base.compare()) == {}
