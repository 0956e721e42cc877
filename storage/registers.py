"""Imported registers of people (实名信息数据库、求职登记、失业登记库): kept, looked up, settled with people.

人社部发〔2023〕27号 二(一) asks to find people through these registers; whoever is found in one confirms what it
says on one screen instead of typing it. Who of them has registered is worked out by `storage.cross_match`; where
name and phone fit but the number does not, a clerk settles it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import RowMapping, bindparam, delete, literal_column, select, update

from policy.masking import mask_id_staff, mask_name, mask_phone
from policy.refusal import Refused
from policy.regions import CITIES, city_of
from storage import audit
from storage.database import Connection, Statement
from storage.errors import NotFound
from storage.ledger_tables import ContactAttempt, OutreachTask
from storage.register_rows import Prepared, Put, RegisterForm, as_data, columns_of, put, put_back
from storage.sealing import Sealer
from storage.tables import Person, RegisterEntry, StaffCase, core

DATA: Final = b"register_entry.data_sealed"

entry, person, case = core(RegisterEntry), core(Person), core(StaffCase)
task, attempt = core(OutreachTask), core(ContactAttempt)
FORM: Final = RegisterForm(entry, ("name_index", "phone_index", "city"), has_kind=False)

CONFIRMED, TO_CONFIRM, REFUSED = "confirmed", "to_confirm", "refused"
"""How an entry was matched: by ID number or by a clerk; by name and phone; a clerk said it is somebody else."""

IN_USE: Final = Statement(
    select(attempt.c.id)
    .join(task, task.c.id == attempt.c.task_id)
    .where(task.c.entry_id == bindparam("entry"))
    .limit(1),
    "entry",
)
FORGET: Final = Statement(delete(entry).where(entry.c.id == bindparam("entry")), "entry")

OF_NUMBER: Final = Statement(
    select(entry.c.name_index, entry.c.data_sealed, entry.c.at).where(
        entry.c.id_number_index == bindparam("number")
    ),
    "number",
)


def put_entries(
    connection: Connection,
    sealer: Sealer,
    register: str,
    rows: Sequence[Mapping[str, Any]],
    run_id: int | None,
    now: datetime,
) -> list[Put]:
    """Keep a portion of a register of people; returns what became of each row, in their order.

    Each row has name and id_number, and whatever the register knows of phone, sex, household, residence, school,
    major, education, graduated_on, unemployment_registered_on. One number comes once in a portion.
    """
    if not rows:
        return []
    return put(connection, sealer, FORM, register, prepared(sealer, columns_of(rows)), run_id, now)


def prepared(sealer: Sealer, columns: Mapping[str, Sequence[Any]]) -> Prepared:
    """Hash and seal a portion, given column by column; needs no connection, so it can be done beforehand."""
    unknown = [None] * len(columns["id_number"])
    phones = columns.get("phone", unknown)
    hashed = iter(sealer.indexes_all([phone for phone in phones if phone], "phone")[0])
    places = zip(columns.get("residence", unknown), columns.get("household", unknown), strict=True)
    own: dict[str, Sequence[Any]] = {
        "name_index": sealer.indexes_all(columns["name"], "name")[0],
        "phone_index": [next(hashed) if phone else None for phone in phones],
        "city": [city_in(residence) or city_in(household) for residence, household in places],
    }
    data = as_data(columns)
    numbers = sealer.indexes_all(columns["id_number"], "id_number")
    return Prepared(numbers, (), data, sealer.seal_all(data, DATA), own)


@lru_cache(maxsize=4096)
def city_in(place: str | None) -> str | None:
    """The city of Guangdong that a place lies in: "440106 石牌街道" or 广东省广州市天河区; None elsewhere."""
    if not place:
        return None
    if place[:6].isdigit():
        found = city_of(place[:6])
        return found.code if found else None
    plain = place.strip().removeprefix("广东省").removeprefix("广东")
    return next((city.code for city in CITIES if plain.startswith(city.short)), None)


def restore(connection: Connection, sealer: Sealer, row_id: int, before: bytes | None) -> None:
    """Take back what an import did to one entry: delete a new one (`before` None), else make it what it was.

    Raises `Refused` when somebody has already been contacted because of it.
    """
    if before is not None:
        image = orjson.loads(before)
        put_back(connection, FORM, row_id, prepared(sealer, columns_of([image["data"]])), image)
        return
    if connection.run(IN_USE, (row_id,)).fetchone() is not None:
        raise Refused(f"名册记录 {row_id} 已经有走访记录，不能撤销。请先核对走访任务。")
    connection.run(FORGET, (row_id,))


def add_entry(
    connection: Connection, sealer: Sealer, register: str, data: Mapping[str, Any], now: datetime
) -> None:
    """Keep one person of a register; `data` has name, id_number and whatever else the register knows."""
    put_entries(connection, sealer, register, [data], None, now)


def find_entry(connection: Connection, sealer: Sealer, id_number: str, name: str) -> dict[str, Any]:
    """What the registers know of that number *and* name: the newest entry that has a school; {} if none."""
    for data in _entries(connection, sealer, id_number, name):
        if data.get("school"):
            return {k: data.get(k) for k in ("school", "major", "education", "graduated_on")}
    return {}


def data_of(connection: Connection, sealer: Sealer, id_number: str, name: str) -> dict[str, Any]:
    """All that the registers together know of that number and name; of two that differ the newer holds."""
    known: dict[str, Any] = {}
    for data in _entries(connection, sealer, id_number, name):
        known = {**data, **known}
    return known


def _entries(connection: Connection, sealer: Sealer, id_number: str, name: str) -> Iterator[dict[str, Any]]:
    """The entries of that number and name, the newest first."""
    names = sealer.indexes(name, "name")
    rows = [
        row
        for number in sealer.indexes(id_number, "id_number")
        for row in connection.run(OF_NUMBER, (number,))
        if row[0] in names
    ]
    for _, sealed, _ in sorted(rows, key=lambda row: row[2], reverse=True):
        yield orjson.loads(sealer.open(sealed, DATA))


def settle(connection: Connection, entry_id: int, same: bool, *, actor: str, now: datetime) -> None:
    """A clerk says whether the entry that name and phone point to is that person; closes the case.

    Raises `NotFound`, and `Refused` when nothing is to be confirmed. The next comparison acts on it.
    """
    found = connection.session.get(RegisterEntry, entry_id)
    if found is None:
        raise NotFound("register_entry")
    if found.matched != TO_CONFIRM:
        raise Refused(f"名册记录 {entry_id} 没有待确认的匹配，可能已经有人处理过了。")
    found.matched = CONFIRMED if same else REFUSED
    connection.session.add(found)
    connection.session.flush()
    connection.sqlalchemy.execute(
        update(case)
        .where(case.c.entry_id == entry_id, case.c.status == "open")
        .values(status="closed", closed_at=now)
    )
    action = "register.confirm" if same else "register.refuse"
    audit.add(connection, now, actor, action, f"register_entry:{entry_id}", {"person": found.person_id})


def listed(
    connection: Connection,
    sealer: Sealer,
    *,
    to_confirm: bool = False,
    run_id: int | None = None,
    after: int = 0,
    limit: int = 50,
    unmask: bool = False,
) -> list[dict[str, Any]]:
    """A page of entries by id: all, those to be confirmed, or those of an import. Masked unless `unmask`.

    The caller records who saw what unmasked.
    """
    query = (
        select(entry, person.c.name_sealed, person.c.id_number_sealed)
        .outerjoin(person, person.c.id == entry.c.person_id)
        .where(entry.c.id > after)
        .order_by(entry.c.id)
        .limit(limit)
    )
    if to_confirm:
        # As a literal: only so does the engine know that the partial index fits.
        query = query.where(entry.c.matched == literal_column(f"'{TO_CONFIRM}'"))
    if run_id is not None:
        query = query.where(entry.c.run_id == run_id)
    rows = connection.sqlalchemy.execute(query).mappings()
    return [_shown(sealer, row, unmask=unmask) for row in rows]


def _shown(sealer: Sealer, row: RowMapping, *, unmask: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: row[name] for name in ("id", "register", "city", "matched", "person_id", "run_id")
    }
    shown |= shown_data(orjson.loads(sealer.open(row["data_sealed"], DATA)), unmask=unmask)
    shown["at"] = row["at"].isoformat(timespec="seconds")
    for name, mask in (("name", mask_name), ("id_number", mask_id_staff)):
        sealed = row[f"{name}_sealed"]
        text = sealer.open_text(sealed, f"person.{name}_sealed".encode()) if sealed else None
        shown[f"person_{name}"] = text if text is None or unmask else mask(text)
    return shown


def shown_data(data: Mapping[str, Any], *, unmask: bool) -> dict[str, Any]:
    """What a register says of a person, as lists show it: name, number and phone masked unless `unmask`."""
    masks = {"name": mask_name, "id_number": mask_id_staff, "phone": mask_phone}
    shown: dict[str, Any] = {
        name: mask(data[name]) if data.get(name) and not unmask else data.get(name)
        for name, mask in masks.items()
    }
    return shown | {name: data.get(name) for name in ("school", "major", "education", "graduated_on")}
