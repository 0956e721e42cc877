"""Who is meant by the filters of a broadcast: every filter, on both engines; everybody once; nobody who may not be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from policy.refusal import Refused
from storage import audiences
from storage.audiences import Audience, audience
from storage.database import Connection, Database
from storage.sealing import Sealer
from storage.tables import HardshipMark, core
from tests.storage import care_rows
from tests.storage.broadcast_rows import (
    NOW,
    TODAY,
    add_contact,
    contact,
    crowd,
    person_of,
)


def meant(connection: Connection, **filters: Any) -> list[int]:  # noqa: ANN401 - columns
    """The contacts that these filters mean."""
    chosen = audiences.contacts(audience(filters), NOW, TODAY)
    return [row[0] for row in connection.sqlalchemy.execute(chosen)]


def hardship(connection: Connection, contact_id: int, **fields: Any) -> None:  # noqa: ANN401 - columns
    values = {
        "person_id": person_of(connection, contact_id),
        "kind": "low_income",
        "source": "self",
        "at": NOW,
    }
    connection.sqlalchemy.execute(
        insert(core(HardshipMark)).values(**{"status": "claimed"} | values | fields)
    )


def in_stage(connection: Connection, contact_id: int, stage: str) -> None:
    care_rows.internship(connection, person_of(connection, contact_id), stage=stage)


Made = Callable[[Connection, Sealer], tuple[int, int]]


def made(**fields: Any) -> Made:  # noqa: ANN401 - columns
    """Two people, the first of whom differs by these fields of the person."""
    return lambda connection, sealer: (
        crowd(connection, sealer, 1, **fields)[0],
        crowd(connection, sealer, 1)[0],
    )


def of_contact(**fields: Any) -> Made:  # noqa: ANN401 - columns
    """Two people, the first of whom differs by these fields of the contact."""

    def make(connection: Connection, sealer: Sealer) -> tuple[int, int]:
        first, second = crowd(connection, sealer, 2)
        connection.sqlalchemy.execute(update(contact).where(contact.c.id == first).values(**fields))
        return first, second

    return make


def heard_only(days: int) -> Made:
    """The first has not written for so many days, the second has just done so."""

    def make(connection: Connection, sealer: Sealer) -> tuple[int, int]:
        first, second = crowd(connection, sealer, 2)
        connection.sqlalchemy.execute(
            update(audiences.session)
            .where(audiences.session.c.contact_id == first)
            .values(updated_at=NOW - timedelta(days=days))
        )
        return first, second

    return make


def with_hardship(**fields: Any) -> Made:  # noqa: ANN401 - columns
    """Two people, the first of whom has a mark."""

    def make(connection: Connection, sealer: Sealer) -> tuple[int, int]:
        first, second = crowd(connection, sealer, 2)
        hardship(connection, first, **fields)
        return first, second

    return make


def with_stage(stage: str) -> Made:
    """Two people, the first of whom has an internship in that stage."""

    def make(connection: Connection, sealer: Sealer) -> tuple[int, int]:
        first, second = crowd(connection, sealer, 2)
        in_stage(connection, first, stage)
        return first, second

    return make


FIRST_ALONE = [
    (made(residence_city="440600"), {"cities": ["440600", "440700"]}),
    (made(cities=["440300", "440600"]), {"wished_cities": ["440600"]}),
    (made(cities=["any"]), {"wished_cities": ["440600"]}),
    (made(track="youth"), {"tracks": ["youth"]}),
    (made(education="31"), {"educations": ["31", "47"]}),
    (made(position_kinds=["1", "3"]), {"kinds": ["3"]}),
    (of_contact(source="poster_foshan"), {"source": "poster_"}),
    (of_contact(channel="telegram"), {"channels": ["telegram"]}),
    (heard_only(40), {"silent_for": 30}),
    (with_hardship(), {"hardship": True}),
    (with_hardship(expires_on=TODAY), {"hardship": True}),
    (with_stage("in_post"), {"stages": ["in_post", "signed"]}),
]


@pytest.mark.parametrize(("make", "filters"), FIRST_ALONE, ids=[str(filters) for _, filters in FIRST_ALONE])
def test_a_filter_means_those_it_names_alone(
    database: Database, sealer: Sealer, make: Made, filters: dict[str, Any]
) -> None:
    def work(connection: Connection) -> None:
        first, second = make(connection, sealer)
        assert meant(connection) == [first, second]
        assert meant(connection, **filters) == [first]

    database.write_sync(work)


SECOND_ALONE = [
    (heard_only(40), {"seen_within": 30}),
    (with_hardship(), {"hardship": False}),
    (with_stage("applied"), {"stages": ["none"]}),
    (made(demo=True), {}),
    (made(status="withdrawn"), {}),
    (made(push_consent=False), {}),
    (of_contact(reachable=False), {}),
    (of_contact(push_allowed=False), {}),
    (of_contact(person_id=None), {}),
]


@pytest.mark.parametrize(("make", "filters"), SECOND_ALONE)
def test_who_does_not_fit_or_may_not_be_written_to_is_left_out(
    database: Database, sealer: Sealer, make: Made, filters: dict[str, Any]
) -> None:
    def work(connection: Connection) -> None:
        _, second = make(connection, sealer)
        assert meant(connection, **filters) == [second]

    database.write_sync(work)


@pytest.mark.parametrize(
    "fields", [{"expires_on": TODAY - timedelta(days=1)}, {"status": "refused"}, {"status": "expired"}]
)
def test_a_mark_that_does_not_hold_is_no_hardship(
    database: Database, sealer: Sealer, fields: dict[str, Any]
) -> None:
    def work(connection: Connection) -> None:
        with_hardship(**fields)(connection, sealer)
        assert meant(connection, hardship=True) == []
        assert len(meant(connection, hardship=False)) == 2

    database.write_sync(work)


def test_demonstration_data_is_meant_only_when_asked_for(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1, demo=True)
        assert meant(connection) == []
        assert len(meant(connection, include_demo=True)) == 1

    database.write_sync(work)


def test_several_filters_must_all_fit(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1, residence_city="440600")
        crowd(connection, sealer, 1, track="youth")
        [both] = crowd(connection, sealer, 1, residence_city="440600", track="youth")
        assert meant(connection, cities=["440600"], tracks=["youth"]) == [both]

    database.write_sync(work)


def test_somebody_with_several_contacts_is_meant_once_where_they_were_heard_last(
    database: Database, sealer: Sealer
) -> None:
    def work(connection: Connection) -> None:
        [web] = crowd(connection, sealer, 1)
        owner = person_of(connection, web)
        newer = add_contact(connection, owner, channel="telegram", heard=NOW + timedelta(hours=1))
        add_contact(connection, owner, channel="wechat", heard=NOW - timedelta(days=9))
        assert meant(connection) == [newer]
        assert audiences.size(connection, Audience(), NOW, TODAY) == 1
        assert audiences.by_channel(connection, Audience(), NOW, TODAY) == {"telegram": 1}
        assert meant(connection, channels=["web"]) == [web]
        connection.sqlalchemy.execute(update(contact).where(contact.c.id == newer).values(reachable=False))
        assert meant(connection) == [web]

    database.write_sync(work)


def test_silence_is_that_of_the_person_not_of_one_of_their_chats(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        [web] = crowd(connection, sealer, 1)
        owner = person_of(connection, web)
        old = add_contact(connection, owner, channel="wechat", heard=NOW - timedelta(days=90))
        assert meant(connection, channels=["wechat"], silent_for=30) == []
        assert meant(connection, channels=["wechat"], seen_within=30) == [old]

    database.write_sync(work)


def test_codes_are_not_found_inside_other_words(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        crowd(connection, sealer, 1, position_kinds=["12", "31"])
        assert meant(connection, kinds=["1", "3"]) == []

    database.write_sync(work)


def test_a_source_is_taken_literally(database: Database, sealer: Sealer) -> None:
    def work(connection: Connection) -> None:
        of_contact(source="posterXfoshan")(connection, sealer)
        assert meant(connection, source="poster_") == []
        assert meant(connection, source="%") == []

    database.write_sync(work)


def test_a_sample_comes_from_all_of_a_large_base(database: Database, sealer: Sealer) -> None:
    """Numbers as large as those of a base of many years, which multiplied do not fit into 32 bits."""

    def work(connection: Connection) -> None:
        chosen = crowd(connection, sealer, 30)
        base = 2_000_000_000
        for number in chosen:
            connection.sqlalchemy.execute(
                insert(contact).values(
                    id=base + number,
                    channel="sms",
                    address=f"far-{number}",
                    person_id=person_of(connection, number),
                    reachable=True,
                    push_allowed=True,
                    created_at=NOW + timedelta(days=1),
                )
            )
        found = audiences.sample(connection, Audience(), NOW, TODAY, 5)
        assert len(set(found)) == 5
        assert all(number > base for number in found)
        assert found == audiences.sample(connection, Audience(), NOW, TODAY, 5)

    database.write_sync(work)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"town": ["x"]}, "town"),
        ({"cities": ["110000"]}, "110000"),
        ({"cities": "440100"}, "cities"),
        ({"tracks": [1]}, "tracks"),
        ({"kinds": ["%"]}, "%"),
        ({"hardship": "yes"}, "hardship"),
        ({"seen_within": 0}, "seen_within"),
        ({"seen_within": True}, "seen_within"),
        ({"silent_for": "30"}, "silent_for"),
        ({"source": ["x"]}, "source"),
    ],
)
def test_an_unknown_filter_or_value_is_named(filters: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        audience(filters)
    assert words in str(refused.value)


def test_filters_come_back_from_where_they_are_stored() -> None:
    filters = {"cities": ["440600"], "hardship": False, "seen_within": 30, "source": "poster"}
    assert audience(filters).as_data() == filters
    assert audience({}).as_data() == {}
