"""One-time codes that tie a clerk's chat to their work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.refusal import Refused
from storage import staff_bindings
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.outgoing_tables import StaffBinding
from storage.sealing import Sealer
from storage.staff_bindings import CODE_LENGTH, LETTERS, LIFETIME, Bound
from tests.storage.rows import NOON, contact

GUANGZHOU = "440100"


@pytest.fixture
def chat(database: Database) -> int:
    return database.write_sync(contact)


def invite(database: Database, sealer: Sealer, name: str = "李老师", city: str | None = GUANGZHOU) -> str:
    return database.write_sync(lambda c: staff_bindings.invite(c, sealer, name, city, actor="test", now=NOON))


def bind(database: Database, sealer: Sealer, code: str, chat: int, *, minutes: float = 1) -> Bound | None:
    now = NOON + timedelta(minutes=minutes)
    return database.write_sync(lambda c: staff_bindings.bind(c, sealer, code, chat, now=now))


def test_a_code_binds_one_chat_once(database: Database, sealer: Sealer, chat: int) -> None:
    other = database.write_sync(lambda c: contact(c, "other"))
    code = invite(database, sealer)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(LETTERS)
    found = bind(database, sealer, code, chat)
    assert found is not None
    assert (found.staff, found.city) == ("李老师", GUANGZHOU)
    assert bind(database, sealer, code, other) is None
    assert database.read_sync(lambda c: staff_bindings.chats(c, city=GUANGZHOU)) == [chat]


def test_the_base_keeps_no_code_that_could_be_used(database: Database, sealer: Sealer, chat: int) -> None:
    code = invite(database, sealer)

    def kept(connection: Connection) -> str:
        [row] = connection.sqlalchemy.execute(staff_bindings.binding.select())
        return repr(tuple(row))

    assert code not in database.read_sync(kept)
    bind(database, sealer, code, chat)
    assert sealer.index(code, staff_bindings.SCOPE).hex() not in database.read_sync(kept)


@pytest.mark.parametrize("code", ["aaaaaaaa", "", "k7m29qxr"])
def test_an_unknown_code_binds_nothing(database: Database, sealer: Sealer, chat: int, code: str) -> None:
    invite(database, sealer)
    assert bind(database, sealer, code, chat) is None


def test_a_code_is_good_for_a_day(database: Database, sealer: Sealer, chat: int) -> None:
    minutes = LIFETIME.total_seconds() / 60
    assert bind(database, sealer, invite(database, sealer), chat, minutes=minutes) is None
    assert bind(database, sealer, invite(database, sealer), chat, minutes=minutes - 1) is not None


def test_binding_the_same_chat_again_replaces_the_earlier_binding(
    database: Database, sealer: Sealer, chat: int
) -> None:
    for name, city in (("李老师", None), ("李老师", None), ("李老师", GUANGZHOU), ("王老师", None)):
        bind(database, sealer, invite(database, sealer, name, city), chat)
    found = database.read_sync(staff_bindings.listed)
    assert [(one.staff, one.city, one.channel) for one in found] == [
        ("李老师", None, "web"),
        ("李老师", GUANGZHOU, "web"),
        ("王老师", None, "web"),
    ]


def test_reminders_go_to_the_clerk_the_city_or_the_province(database: Database, sealer: Sealer) -> None:
    for number, (name, city) in enumerate((("李老师", GUANGZHOU), ("王老师", None), ("赵老师", "440300"))):
        chat = database.write_sync(lambda c, at=f"chat{number}": contact(c, at))  # type: ignore[misc]
        bind(database, sealer, invite(database, sealer, name, city), chat)

    def look(connection: Connection) -> list[list[int]]:
        chats = staff_bindings.chats
        return [
            chats(connection, city=GUANGZHOU),
            chats(connection),
            chats(connection, staff="赵老师"),
            chats(connection, staff="没有"),
            chats(connection, city="440400"),
        ]

    guangzhou, province, clerk, nobody, zhuhai = database.read_sync(look)
    assert [len(each) for each in (guangzhou, province, clerk, nobody, zhuhai)] == [1, 1, 1, 0, 0]
    assert len({*guangzhou, *province, *clerk}) == 3


def test_unbinding_from_either_side_ends_it(database: Database, sealer: Sealer, chat: int) -> None:
    bind(database, sealer, invite(database, sealer), chat)
    assert database.write_sync(lambda c: staff_bindings.unbind_contact(c, chat, now=NOON)) == 1
    assert database.write_sync(lambda c: staff_bindings.unbind_contact(c, chat, now=NOON)) == 0
    bind(database, sealer, invite(database, sealer), chat)
    [found] = database.read_sync(staff_bindings.listed)
    database.write_sync(lambda c: staff_bindings.unbind(c, found.id, actor="test", now=NOON))
    assert database.read_sync(staff_bindings.listed) == []
    with pytest.raises(NotFound):
        database.write_sync(lambda c: staff_bindings.unbind(c, found.id, actor="test", now=NOON))


@pytest.mark.parametrize("name", ["", "  ", "名" * 31])
def test_a_clerk_needs_a_name(database: Database, sealer: Sealer, name: str) -> None:
    with pytest.raises(Refused, match="名字"):
        invite(database, sealer, name)


def test_unused_codes_and_bindings_without_a_chat_are_purged(
    database: Database, sealer: Sealer, chat: int
) -> None:
    invite(database, sealer, "没来的")
    bind(database, sealer, invite(database, sealer, "在的"), chat)
    database.write_sync(lambda c: c.session.add(StaffBinding(staff="走了的", bound_at=NOON)))
    end = NOON + LIFETIME

    def purge(connection: Connection) -> list[int]:
        early = staff_bindings.purge_expired(connection, end - timedelta(seconds=1), 500)
        return [early, staff_bindings.purge_expired(connection, end, 500)]

    assert database.write_sync(purge) == [1, 1]
    assert [one.staff for one in database.read_sync(staff_bindings.listed)] == ["在的"]
