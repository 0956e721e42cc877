"""Statements give the same on both engines, through the driver as through SQLAlchemy."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, func, literal, select, update

from storage.database import Connection, Database, Statement, insert
from storage.tables import Contact, EligibilityResult, Person, core

contact = core(Contact)
NOON = datetime(2023, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
NAMES = ("channel", "address", "created_at")
ADD = Statement(insert(contact).returning(contact.c.id), *NAMES)
ADD_IF_NEW = Statement(insert(contact).on_conflict_do_nothing(), *NAMES)
UPSERT = Statement(
    insert(contact)
    .on_conflict_do_update(index_elements=["channel", "address"], set_={"created_at": bindparam("seen")})
    .returning(contact.c.id, contact.c.created_at),
    *NAMES,
    "seen",
)
FIND = Statement(select(contact).where(contact.c.address == bindparam("who")), "who")


def add(address: str) -> Callable[[Connection], Any]:
    return lambda connection: connection.run(ADD, ("web", address, NOON)).fetchone()[0]


def test_a_row_comes_back_as_python_values_with_column_defaults(database: Database) -> None:
    identity = database.write_sync(add("伟"))
    row = database.read_sync(lambda c: c.run(FIND, ("伟",)).fetchone())
    assert row == (identity, "web", "伟", None, None, None, True, False, NOON)


def test_the_driver_and_sqlalchemy_read_the_same(database: Database) -> None:
    database.write_sync(add("a"))

    def both(connection: Connection) -> tuple[Any, Any]:
        plain = connection.run(FIND, ("a",)).fetchall()
        return plain, connection.sqlalchemy.execute(select(contact)).all()

    plain, through_sqlalchemy = database.read_sync(both)
    assert plain == [tuple(row) for row in through_sqlalchemy]


def test_what_a_session_wrote_a_statement_reads(database: Database) -> None:
    def work(connection: Connection) -> object:
        connection.session.add(Contact(channel="web", address="s", created_at=NOON))
        connection.session.flush()
        return connection.run(FIND, ("s",)).fetchone()

    found = database.write_sync(work)
    assert found == database.read_sync(lambda c: c.run(FIND, ("s",)).fetchone())


def test_json_dates_and_missing_values_survive(database: Database) -> None:
    result = core(EligibilityResult)
    person_id = database.write_sync(a_person)
    names = ("person_id", "test_date", "track", "outcome", "reasons", "eligible_until", "parameters", "at")
    values = (person_id, date(2023, 7, 1), "graduate", "eligible", ["毕业两年内"], None, "2023", NOON)
    database.write_sync(lambda c: c.run(Statement(insert(result), *names), values))
    chosen = Statement(select(*(result.c[name] for name in names)))
    assert list(database.read_sync(lambda c: list(c.run(chosen)))) == [values]


def test_an_instant_of_another_zone_is_the_same_instant(database: Database) -> None:
    china = timezone(timedelta(hours=8))
    there = NOON.astimezone(china)
    database.write_sync(lambda c: c.run(ADD, ("web", "z", there)).fetchone())
    [found] = database.read_sync(lambda c: c.run(FIND, ("z",)).fetchall())
    assert found[-1] == there
    assert found[-1].utcoffset() == timedelta(0)


def test_instants_compare_in_order_of_time(database: Database) -> None:
    later = [NOON + timedelta(microseconds=n * 999_999) for n in range(4)]
    rows = [("web", str(number), moment) for number, moment in enumerate(later)]
    database.write_sync(lambda c: [c.run(ADD, row).fetchone() for row in rows])
    since = Statement(
        select(contact.c.address)
        .where(contact.c.created_at > bindparam("since"))
        .order_by(contact.c.created_at),
        "since",
    )
    assert database.read_sync(lambda c: c.run(since, (later[1],)).fetchall()) == [("2",), ("3",)]


def test_a_time_without_zone_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        database.write_sync(lambda c: c.run(ADD, ("web", "n", naive)))


def test_on_conflict_clauses_serve_both_engines(database: Database) -> None:
    first = database.write_sync(add("twice"))
    ignored = database.write_sync(lambda c: c.run(ADD_IF_NEW, ("web", "twice", NOON)).rowcount)
    later = NOON + timedelta(hours=1)
    kept = database.write_sync(lambda c: c.run(UPSERT, ("web", "twice", NOON, later)).fetchone())
    assert (ignored, kept) == (0, (first, later))


def test_parameters_are_given_in_the_order_of_their_names(database: Database) -> None:
    identity = database.write_sync(add("old"))
    rename = Statement(
        update(contact).where(contact.c.id == bindparam("which")), "which", "address", "reachable"
    )
    assert database.write_sync(lambda c: c.run(rename, (identity, "new", False)).rowcount) == 1
    row = database.read_sync(lambda c: c.run(FIND, ("new",)).fetchone())
    assert (row[0], row[6]) == (identity, False)


def test_fixed_values_need_no_name(database: Database) -> None:
    for address in ("a", "b", "c"):
        database.write_sync(add(address))
    among = Statement(
        select(func.count())
        .where(contact.c.address.in_([literal("a"), literal("c")]), contact.c.channel == bindparam("channel"))
        .select_from(contact),
        "channel",
    )
    assert database.read_sync(lambda c: c.run(among, ("web",)).fetchone()) == (2,)


def test_percent_signs_stay_percent_signs(database: Database) -> None:
    database.write_sync(add("100%"))
    ending = Statement(select(contact.c.address, literal(7, Integer) % 4).where(contact.c.address.like("1%")))
    assert database.read_sync(lambda c: c.run(ending).fetchall()) == [("100%", 3)]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (lambda: Statement(select(contact).where(contact.c.id == bindparam("id"))), "no value and no name"),
        (lambda: Statement(select(contact), "who"), "without a place"),
        (lambda: Statement(select(contact).where(contact.c.id.in_([1, 2]))), "as literals"),
        (lambda: Statement(insert(core(Person)), "status"), "made in Python"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_statement_that_cannot_run_is_refused_when_compiled(
    statement: Callable[[], Statement], reason: str, engine: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        statement().plan(engine)


def test_a_wrong_number_of_values_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="takes 3 parameters, 1 given"):
        database.write_sync(lambda c: c.run(ADD, ("web",)))


def a_person(connection: Connection) -> int:
    """Store a person with the least that the table asks for."""
    person = Person(
        status="registered",
        track="graduate",
        outcome="eligible",
        document_kind="resident_id",
        name_sealed=b"n",
        name_index=b"n",
        id_number_sealed=b"i",
        phone_sealed=b"p",
        phone_index=b"p",
        residence="440106",
        residence_city="4401",
        education="31",
        skill_level="none",
        available_from=date(2023, 8, 1),
        push_consent=True,
        channel="web",
        created_at=NOON,
        updated_at=NOON,
    )
    connection.session.add(person)
    connection.session.flush()
    assert person.id is not None
    return person.id
