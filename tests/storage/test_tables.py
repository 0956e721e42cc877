"""The tables keep their promises on both engines: erasing erases, the audit log stays, reprs tell nothing."""

import pytest
from sqlalchemy import delete, func, select, text

from storage.columns import Base
from storage.database import Connection, Database
from storage.errors import Conflict
from storage.sealing import Sealer
from storage.tables import INDEX_COLUMNS, SEALED_COLUMNS, Audit, Contact, Person, core
from tests.storage import rows

OF_THE_PERSON = {
    "person",
    "submission",
    "person_field",
    "consent",
    "hardship_mark",
    "eligibility_result",
    "staff_case",
}
OF_THE_CONTACT = {"contact", "session", "message", "submission", "consent", "staff_case", "download"}


def filled(connection: Connection) -> set[str]:
    """Return the tables that hold rows."""
    return {
        table.name
        for table in Base.metadata.sorted_tables
        if connection.sqlalchemy.execute(select(func.count()).select_from(table)).scalar_one()
    }


def test_deleting_a_person_erases_what_hangs_on_it_and_keeps_the_contact(
    database: Database, sealer: Sealer
) -> None:
    contact_id, person_id = database.write_sync(lambda c: rows.registered(c, sealer))
    assert database.read_sync(filled) == OF_THE_PERSON | OF_THE_CONTACT
    database.write_sync(
        lambda c: c.sqlalchemy.execute(delete(core(Person)).where(core(Person).c.id == person_id))
    )
    assert database.read_sync(filled) == {"contact", "session", "message", "download"}
    left = database.read_sync(lambda c: c.session.get_one(Contact, contact_id))
    assert (left.person_id, left.submission_id) == (None, None)


def test_deleting_a_contact_erases_its_conversation_and_keeps_the_person(
    database: Database, sealer: Sealer
) -> None:
    contact_id, _ = database.write_sync(lambda c: rows.registered(c, sealer))
    contact = core(Contact)
    database.write_sync(lambda c: c.sqlalchemy.execute(delete(contact).where(contact.c.id == contact_id)))
    assert database.read_sync(filled) == OF_THE_PERSON - {"submission", "consent", "staff_case"}


@pytest.mark.parametrize("table", [Person, Contact])
def test_an_identity_is_never_given_twice(
    database: Database, sealer: Sealer, table: type[Person] | type[Contact]
) -> None:
    first = database.write_sync(lambda c: rows.registered(c, sealer))
    database.write_sync(lambda c: c.sqlalchemy.execute(delete(core(Person))))
    database.write_sync(lambda c: c.sqlalchemy.execute(delete(core(Contact))))
    second = database.write_sync(lambda c: rows.registered(c, sealer))
    position = 0 if table is Contact else 1
    assert second[position] > first[position]


def test_an_id_number_is_stored_once(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: rows.person(c, sealer))
    with pytest.raises(Conflict) as caught:
        database.write_sync(lambda c: rows.person(c, sealer))
    assert "id_number_index" in caught.value.constraint


def test_a_contact_is_stored_once_per_channel_and_address(database: Database) -> None:
    database.write_sync(rows.contact)
    with pytest.raises(Conflict):
        database.write_sync(rows.contact)


def test_a_row_needs_its_owner(database: Database) -> None:
    orphan = text("INSERT INTO download VALUES (:token, 999, 'export', '2023-07-01T00:00:00+00:00', NULL)")
    with pytest.raises(Conflict):
        database.write_sync(lambda c: c.sqlalchemy.execute(orphan, {"token": b"t"}))


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"],
)
def test_the_audit_log_only_grows(database: Database, change: str) -> None:
    detail = {"reason": "核实"}
    entry = Audit(actor="clerk", action="unmask", subject="person:1", at=rows.NOON, detail=detail)
    database.write_sync(lambda c: c.session.add(entry))
    with pytest.raises(Conflict):
        database.write_sync(lambda c: c.sqlalchemy.execute(text(change)))
    [kept] = database.read_sync(lambda c: c.session.scalars(select(Audit)).all())
    assert (kept.actor, kept.at, kept.detail) == ("clerk", rows.NOON, detail)


def test_the_audit_log_cannot_be_truncated(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(Conflict):
        database.write_sync(lambda c: c.sqlalchemy.execute(text("TRUNCATE audit")))
    database.close_sync()


def test_a_row_shows_its_identity_and_nothing_else(database: Database, sealer: Sealer) -> None:
    database.write_sync(lambda c: rows.registered(c, sealer))
    person = database.read_sync(lambda c: c.session.scalars(select(Person)).one())
    assert (repr(person), str(person)) == (f"Person(id={person.id})", f"id={person.id}")


def test_no_table_keeps_an_identity_field_in_the_open() -> None:
    names = {
        f"{table.name}.{column.name}" for table in Base.metadata.sorted_tables for column in table.columns
    }
    open_names = {name for name in names if not name.endswith(("_sealed", "_index"))}
    for field in ("name", "id_number", "phone", "birth_date", "hardship"):
        assert f"person.{field}_sealed" in names
        assert f"person.{field}" not in open_names


def test_rotation_knows_every_hash_that_it_can_make_anew() -> None:
    hashes = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_index")
    }
    # A token or code is nowhere but with its holder; it expires soon and is looked for under every key.
    assert {(c.table, c.column) for c in INDEX_COLUMNS} == hashes - {
        ("download", "token_index"),
        ("form_link", "token_index"),
        ("staff_binding", "code_index"),
    }
    assert {(c.table, c.source) for c in INDEX_COLUMNS} <= set(SEALED_COLUMNS)
